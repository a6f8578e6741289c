//! Everyone: for administrators. Others see why they cannot.

use domain::Millis;
use domain::policy::{Actor, Permission, Role, decide};
use domain::resource::Tone;
use domain::services::Person;
use leptos::form::ActionForm;
use leptos::prelude::*;

use super::SettingsFrame;
use super::api::{CreatePerson, RemovePerson, SetPassword, SetRole, people};
use super::form::{
    Field, confirmed, confirmed_of, elsewhere, emptied, failure, role_names, role_options, settled, succeeded,
    when_done,
};
use super::password::{NewPassword, Somebody};
use crate::api::Boot;
use crate::error::AppError;
use crate::paths;
use crate::sign_in::password_rule;
use crate::ui::{Age, Note, ProblemNote, Skeleton};
use crate::wire::ask;

/// `/settings/people`
#[component]
pub fn PeoplePage() -> impl IntoView {
    let boot = expect_context::<Boot>();
    let refused = boot.actor.as_ref().and_then(|a| decide(a, Permission::ReadPeople).err());
    if let Some(problem) = refused {
        return view! { <SettingsFrame tab="people"><ProblemNote problem=problem/></SettingsFrame> }.into_any();
    }
    let create = ServerAction::<CreatePerson>::new();
    let acts = Acts {
        role: ServerAction::new(),
        remove: ServerAction::new(),
        password: ServerAction::new(),
        whom: RwSignal::new(None),
        hydrated: RwSignal::new(false),
    };
    let Acts { role, remove, password, whom, hydrated } = acts;
    Effect::new(move || hydrated.set(true));
    let (made, given, removed) = (settled(create), settled(role), settled(remove));
    let answer = ask(move || (made.get(), given.get(), removed.get()), |_| people());
    let rule = password_rule(&boot);
    let least = boot.instance.password_min.to_string();
    let (now, me) = (boot.now, StoredValue::new(boot.actor));
    let problem = Signal::derive(move || failure(create.value().get()));
    let (form, added) = (NodeRef::<leptos::html::Form>::new(), RwSignal::new(String::new()));
    when_done(create, move |asked| {
        emptied(form);
        added.set(format!("{} can sign in now, with the role {}.", asked.name.trim(), asked.role.as_str()));
    });
    let names = StoredValue::new(Vec::<Somebody>::new());
    let said = told(acts, names);
    view! {
        <SettingsFrame tab="people">
            {move || elsewhere(failure(role.value().get()), &[])}
            {move || elsewhere(failure(remove.value().get()), &[])}
            {confirmed_of(role, "confirm-role", move |asked| {
                format!("the role of {} becomes {}", name_of(names, asked.person), asked.role.as_str())
            })}
            {confirmed_of(remove, "confirm-remove", move |asked| format!("{} is removed", name_of(names, asked.person)))}
            <div class="said" role="status">{said}</div>
            <Transition fallback=|| view! { <Skeleton/> }>
                {move || Suspend::new(async move {
                    match answer.await {
                        Ok(found) => {
                            names.set_value(found.iter().map(|p| (p.id, p.name.clone())).collect());
                            me.with_value(|me| table(found, now, me.as_ref(), acts))
                        }
                        Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                    }
                })}
            </Transition>
            <NewPassword whom=whom set=password/>
            <section class="card">
                <header><h2>"Add a person"</h2></header>
                <ActionForm action=create node_ref=form attr:class="in form">
                    {move || elsewhere(problem.get(), &["name", "password", "role"])}
                    <Field label="Name" name="name" hint="1 to 64 characters, unique." problem=problem>
                        <input id="name" name="name" required=true maxlength="64" autocomplete="off"/>
                    </Field>
                    <Field label="Password" name="password" hint=rule problem=problem>
                        <input id="password" name="password" r#type="password" required=true minlength=least maxlength="128" autocomplete="new-password"/>
                    </Field>
                    <Field label="Role" name="role" problem=problem>
                        <select id="role" name="role">{role_options(Role::Administrator, Role::Viewer)}</select>
                    </Field>
                    <div class="inline">
                        <button class="btn primary" r#type="submit" disabled=move || create.pending().get()>"Add person"</button>
                        <span class="done" role="status">{move || succeeded(create).then(|| added.get())}</span>
                    </div>
                </ActionForm>
                {confirmed(create, "confirm-person")}
            </section>
        </SettingsFrame>
    }
    .into_any()
}

/// What is done to the people of the table.
#[derive(Clone, Copy)]
struct Acts {
    role: ServerAction<SetRole>,
    remove: ServerAction<RemovePerson>,
    password: ServerAction<SetPassword>,
    /// Who is to have a new password.
    whom: RwSignal<Option<Somebody>>,
    /// Scripts run: what needs them may be asked for.
    hydrated: RwSignal<bool>,
}

/// The name of somebody of the table.
fn name_of(names: StoredValue<Vec<Somebody>>, id: i64) -> String {
    let found = names.with_value(|all| all.iter().find(|(i, _)| *i == id).map(|(_, name)| name.clone()));
    found.unwrap_or_else(|| "this person".to_owned())
}

/// What was done last, in words.
fn told(acts: Acts, names: StoredValue<Vec<Somebody>>) -> impl Fn() -> Option<AnyView> + Send + 'static {
    let said = RwSignal::new(String::new());
    let name = move |id: i64| name_of(names, id);
    when_done(acts.role, move |asked| {
        let (name, role) = (name(asked.person), asked.role.as_str());
        said.set(format!("The role of {name} is {role} now. Their sessions have ended."));
    });
    when_done(acts.password, move |asked| {
        said.set(format!("The new password of {} is set. Their sessions have ended.", name(asked.person)));
    });
    when_done(acts.remove, move |asked| {
        said.set(format!("Removed {}, with their sessions and tokens.", name(asked.person)));
    });
    move || {
        let fails = failure(acts.role.value().get()).is_some() || failure(acts.remove.value().get()).is_some();
        let words = said.get();
        (!fails && !words.is_empty()).then(|| view! { <Note tone=Tone::Good>{words}</Note> }.into_any())
    }
}

/// The role of a person, to be changed.
fn role_form(person: &Person, why: Option<&'static str>, acts: Acts) -> impl IntoView + use<> {
    let (was, last) = (person.role, why.is_some());
    let chosen = RwSignal::new(was);
    let (id, label) = (person.id.to_string(), format!("Role of {}", person.name));
    let choose = move |event: leptos::ev::Event| {
        if let Ok(role) = Role::parse(&event_target_value(&event)) {
            chosen.set(role);
        }
    };
    // Nothing to save before another role is chosen; without scripts nothing tells.
    let idle = move || last || (acts.hydrated.get() && chosen.get() == was);
    view! {
        <ActionForm action=acts.role attr:class="inline">
            <input r#type="hidden" name="person" value=id/>
            <select class="select" name="role" aria-label=label disabled=last title=why on:change=choose>{role_names(was)}</select>
            <button class="btn small" r#type="submit" disabled=idle title=why>"Save"</button>
        </ActionForm>
    }
}

/// What sets a new password for a person; one's own is changed elsewhere.
fn password_button(person: &Person, mine: bool, acts: Acts) -> AnyView {
    if mine {
        return view! { <a href=paths::SETTINGS_YOU>"under You"</a> }.into_any();
    }
    let (somebody, label) = ((person.id, person.name.clone()), format!("Set a new password for {}", person.name));
    view! {
        <button class="btn small" r#type="button" aria-label=label on:click=move |_| acts.whom.set(Some(somebody.clone()))>"Set a new password…"</button>
    }
    .into_any()
}

fn table(found: Vec<Person>, now: Millis, me: Option<&Actor>, acts: Acts) -> AnyView {
    let administrators = found.iter().filter(|p| p.role == Role::Administrator).count();
    let rows = found.into_iter().map(|person| {
        let mine = me.is_some_and(|me| me.person == person.id);
        let last = person.role == Role::Administrator && administrators == 1;
        // Says why before it is tried; the server refuses it all the same.
        let why = last.then_some("The last administrator keeps their role: make another one first.");
        let gone = format!("Remove {}", person.name);
        let (role, password) = (role_form(&person, why, acts), password_button(&person, mine, acts));
        let seen = person.seen.map_or_else(|| "never".into_any(), |at| view! { <Age at=at now=now after=" ago"/> }.into_any());
        view! {
            <tr>
                <td class="name" title=person.name.clone()>{person.name.clone()}{mine.then(|| view! { " "<span class="badge quiet">"you"</span> })}</td>
                <td>{role}</td>
                <td><Age at=person.since now=now after=" ago"/></td>
                <td>{seen}</td>
                <td>{password}</td>
                <td>
                    {if last {
                        view! { <button class="btn small danger" disabled=true title=why>"Remove…"</button> }.into_any()
                    } else {
                        view! {
                            <details class="menu" name="menu">
                                <summary class="btn small danger" aria-label=gone>"Remove…"</summary>
                                <div class="panel right">
                                    <p>"Their sessions and tokens end at once."</p>
                                    <ActionForm action=acts.remove>
                                        <input r#type="hidden" name="person" value=person.id.to_string()/>
                                        <button class="btn small danger" r#type="submit">{format!("Remove {}", person.name)}</button>
                                    </ActionForm>
                                </div>
                            </details>
                        }
                        .into_any()
                    }}
                </td>
            </tr>
        }
    });
    view! {
        <section class="card">
            <header><h2>"People"</h2></header>
            <p class="in dim">"Another role or a new password ends all sessions of that person at once: they sign in again."</p>
            <div class="scroll plain" tabindex="0">
                <table class="table">
                    <thead><tr><th scope="col">"Name"</th><th scope="col">"Role"</th><th scope="col">"Added"</th><th scope="col">"Last here"</th><th scope="col">"Password"</th><th scope="col">"Remove"</th></tr></thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

//! Everyone: for administrators. Others see why they cannot.

use domain::Millis;
use domain::policy::{Actor, Permission, Role, decide};
use domain::services::Person;
use leptos::form::ActionForm;
use leptos::prelude::*;

use super::SettingsFrame;
use super::api::{CreatePerson, RemovePerson, SetRole, people};
use super::form::{Field, elsewhere, failure, role_names, role_options};
use crate::api::Boot;
use crate::error::AppError;
use crate::sign_in::password_rule;
use crate::ui::{Age, ProblemNote, Skeleton};
use crate::wire::ask;

/// `/settings/people`
#[component]
pub fn PeoplePage() -> impl IntoView {
    let boot = expect_context::<Boot>();
    let refused = boot.actor.as_ref().and_then(|a| decide(a, Permission::ManagePeople).err());
    if let Some(problem) = refused {
        return view! { <SettingsFrame tab="people"><ProblemNote problem=problem/></SettingsFrame> }.into_any();
    }
    let create = ServerAction::<CreatePerson>::new();
    let role = ServerAction::<SetRole>::new();
    let remove = ServerAction::<RemovePerson>::new();
    let answer = ask(move || (create.version().get(), role.version().get(), remove.version().get()), |_| people());
    let rule = password_rule(&boot);
    let least = boot.instance.password_min.to_string();
    let (now, me) = (boot.now, StoredValue::new(boot.actor));
    let problem = Signal::derive(move || failure(create.value().get()));
    let done = move || create.value().get().is_some_and(|r| r.is_ok());
    view! {
        <SettingsFrame tab="people">
            {move || elsewhere(failure(role.value().get()), &[])}
            {move || elsewhere(failure(remove.value().get()), &[])}
            <Transition fallback=|| view! { <Skeleton/> }>
                {move || Suspend::new(async move {
                    match answer.await {
                        Ok(found) => me.with_value(|me| table(found, now, me.as_ref(), role, remove)),
                        Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                    }
                })}
            </Transition>
            <section class="card">
                <header><h2>"Add a person"</h2><span class="right" role="status">{move || done().then_some("added")}</span></header>
                <ActionForm action=create attr:class="in form">
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
                    <div><button class="btn primary" r#type="submit" disabled=move || create.pending().get()>"Add person"</button></div>
                </ActionForm>
            </section>
        </SettingsFrame>
    }
    .into_any()
}

fn table(
    found: Vec<Person>,
    now: Millis,
    me: Option<&Actor>,
    role: ServerAction<SetRole>,
    remove: ServerAction<RemovePerson>,
) -> AnyView {
    let administrators = found.iter().filter(|p| p.role == Role::Administrator).count();
    let rows = found.into_iter().map(|person| {
        let mine = me.is_some_and(|me| me.person == person.id);
        let last = person.role == Role::Administrator && administrators == 1;
        // Says why before it is tried; the server refuses it all the same.
        let why = last.then_some("The last administrator keeps their role: make another one first.");
        let (label, gone) = (format!("Role of {}", person.name), format!("Remove {}", person.name));
        let seen = person.seen.map_or_else(|| "never".into_any(), |at| view! { <Age at=at now=now after=" ago"/> }.into_any());
        view! {
            <tr>
                <td class="name">{person.name.clone()}{mine.then(|| view! { " "<span class="badge quiet">"you"</span> })}</td>
                <td>
                    <ActionForm action=role attr:class="inline">
                        <input r#type="hidden" name="person" value=person.id.to_string()/>
                        <select class="select" name="role" aria-label=label disabled=last title=why>{role_names(person.role)}</select>
                        <button class="btn small" r#type="submit" disabled=last title=why>"Save"</button>
                    </ActionForm>
                </td>
                <td><Age at=person.since now=now after=" ago"/></td>
                <td>{seen}</td>
                <td>
                    {if last {
                        view! { <button class="btn small danger" disabled=true title=why>"Remove…"</button> }.into_any()
                    } else {
                        view! {
                            <details class="menu" name="menu">
                                <summary class="btn small danger" aria-label=gone>"Remove…"</summary>
                                <div class="panel right">
                                    <p>"Their sessions and tokens end at once."</p>
                                    <ActionForm action=remove>
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
            <div class="scroll plain" tabindex="0">
                <table class="table">
                    <thead><tr><th scope="col">"Name"</th><th scope="col">"Role"</th><th scope="col">"Added"</th><th scope="col">"Last here"</th><th scope="col">"Remove"</th></tr></thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

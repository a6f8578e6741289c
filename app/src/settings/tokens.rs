//! API tokens: making one, whose text is shown once, and revoking.

use domain::Millis;
use domain::policy::Role;
use domain::resource::Tone;
use domain::services::Token;
use leptos::form::ActionForm;
use leptos::prelude::*;

use super::SettingsFrame;
use super::api::{CreateToken, RevokeToken, tokens};
use super::form::{Field, confirmed, elsewhere, emptied, failure, role_options, when_done};
use crate::api::Boot;
use crate::error::AppError;
use crate::sections::card;
use crate::ui::{Age, Code, Empty, Note, ProblemNote, Skeleton};
use crate::wire::ask;

/// `/settings/tokens`
#[component]
pub fn TokensPage() -> impl IntoView {
    let boot = expect_context::<Boot>();
    let role = boot.actor.as_ref().map_or(Role::Viewer, |a| a.role);
    let create = ServerAction::<CreateToken>::new();
    let revoke = ServerAction::<RevokeToken>::new();
    let answer = ask(move || (create.version().get(), revoke.version().get()), |_| tokens());
    let now = boot.now;
    let problem = Signal::derive(move || failure(create.value().get()));
    let form = NodeRef::<leptos::html::Form>::new();
    when_done(create, move |_| emptied(form));
    let made = move || {
        create.value().get().and_then(Result::ok).map(|text| {
            view! {
                <Note tone=Tone::Good>
                    <b>"Copy the token now: it is not shown again."</b>
                    <Code text=text/>
                    <p>"Send it as "<code>"Authorization: Bearer …"</code>" to "<code>"/api/v1"</code>"."</p>
                </Note>
            }
        })
    };
    view! {
        <SettingsFrame tab="tokens">
            {made}
            <section class="card">
                <header><h2>"New token"</h2></header>
                <ActionForm action=create node_ref=form attr:class="in form">
                    {move || elsewhere(problem.get(), &["name", "role", "days"])}
                    <Field label="Name" name="name" hint="What it is for: the pipeline that uses it, say." problem=problem>
                        <input id="name" name="name" required=true maxlength="64" autocomplete="off"/>
                    </Field>
                    <Field label="Role" name="role" hint="At most your own. It ends with your own right to it." problem=problem>
                        <select id="role" name="role">{role_options(role, Role::Viewer)}</select>
                    </Field>
                    <Field label="Days until it ends" name="days" hint="1 to 365." problem=problem>
                        <input id="days" name="days" r#type="number" min="1" max="365" value="90" required=true/>
                    </Field>
                    <div><button class="btn primary" r#type="submit" disabled=move || create.pending().get()>"Create token"</button></div>
                </ActionForm>
                {confirmed(create, "confirm-token")}
            </section>
            {move || elsewhere(failure(revoke.value().get()), &[])}
            <Transition fallback=|| view! { <Skeleton/> }>
                {move || Suspend::new(async move {
                    match answer.await {
                        Ok(found) => table(found, now, revoke),
                        Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                    }
                })}
            </Transition>
        </SettingsFrame>
    }
}

fn table(found: Vec<Token>, now: Millis, revoke: ServerAction<RevokeToken>) -> AnyView {
    if found.is_empty() {
        let none = view! { <Empty title="No token"><p>"A token lets a program use the HTTP API as you, with a role you choose: a viewer's token only reads, an operator's also changes AWS."</p></Empty> };
        return card("Your tokens", none);
    }
    let rows = found.into_iter().map(|token| {
        let ended = token.until <= now;
        let day = token.until.rfc3339();
        let day = day.get(..10).unwrap_or_default().to_owned();
        let used =
            token.used.map_or_else(|| "never".into_any(), |at| view! { <Age at=at now=now after=" ago"/> }.into_any());
        let label = format!("Revoke the token {}", token.name);
        view! {
            <tr>
                <td class="name">{token.name.clone()}</td>
                <td>{token.role.as_str()}</td>
                <td><Age at=token.since now=now after=" ago"/></td>
                <td>{day}{ended.then(|| view! { " "<span class="badge quiet">"ended"</span> })}</td>
                <td>{used}</td>
                <td>
                    <details class="menu" name="menu">
                        <summary class="btn small danger" aria-label=label>"Revoke…"</summary>
                        <div class="panel right">
                            <p>"What sends it is refused at once, for good."</p>
                            <ActionForm action=revoke>
                                <input r#type="hidden" name="id" value=token.id.to_string()/>
                                <button class="btn small danger" r#type="submit">{format!("Revoke {}", token.name)}</button>
                            </ActionForm>
                        </div>
                    </details>
                </td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let table = view! {
        <div class="scroll plain" tabindex="0">
            <table class="table">
                <thead><tr><th scope="col">"Name"</th><th scope="col">"Role"</th><th scope="col">"Made"</th><th scope="col">"Ends on"</th><th scope="col">"Last used"</th><th scope="col">"Revoke"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    };
    card("Your tokens", table)
}

//! Oneself: role, sessions, sign out.

use domain::Millis;
use domain::services::Session;
use leptos::form::ActionForm;
use leptos::prelude::*;

use super::SettingsFrame;
use super::api::{EndSession, sessions};
use super::form::{elsewhere, failure, may};
use crate::api::Boot;
use crate::error::AppError;
use crate::ui::{Age, ProblemNote, Skeleton};

/// `/settings/you`
#[component]
pub fn YouPage() -> impl IntoView {
    let boot = expect_context::<Boot>();
    let end = ServerAction::<EndSession>::new();
    let answer = Resource::new_blocking(move || end.version().get(), |_| sessions());
    let now = boot.now;
    let who = boot.actor.map(|actor| {
        view! {
            <section class="card">
                <header><h2>"You"</h2></header>
                <dl class="pairs">
                    <div><dt>"Name"</dt><dd>{actor.name.clone()}</dd></div>
                    <div><dt>"Role"</dt><dd>{actor.role.as_str()}" "<span class="dim">{may(actor.role)}</span></dd></div>
                </dl>
                <form class="in" method="post" action="/sign-out"><button class="btn" r#type="submit">"Sign out"</button></form>
            </section>
        }
    });
    view! {
        <SettingsFrame tab="you">
            {who}
            {move || elsewhere(failure(end.value().get()), &[])}
            <Transition fallback=|| view! { <Skeleton/> }>
                {move || Suspend::new(async move {
                    match answer.await {
                        Ok(found) => table(found, now, end),
                        Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                    }
                })}
            </Transition>
        </SettingsFrame>
    }
}

fn table(found: Vec<Session>, now: Millis, end: ServerAction<EndSession>) -> AnyView {
    let rows = found.into_iter().map(|session| {
        let last = if session.current {
            view! { <span class="badge good">"this one"</span> }.into_any()
        } else {
            let label = format!("End the session {}", session.agent);
            view! {
                <ActionForm action=end>
                    <input r#type="hidden" name="id" value=session.id.to_string()/>
                    <button class="btn small" r#type="submit" aria-label=label>"End"</button>
                </ActionForm>
            }
            .into_any()
        };
        view! {
            <tr>
                <td class="name"><span class="cut" title=session.agent.clone()>{session.agent.clone()}</span></td>
                <td><Age at=session.since now=now after=" ago"/></td>
                <td><Age at=session.used now=now after=" ago"/></td>
                <td>{last}</td>
            </tr>
        }
    });
    view! {
        <section class="card">
            <header><h2>"Sessions"</h2></header>
            <div class="scroll plain" tabindex="0">
                <table class="table">
                    <thead><tr><th scope="col">"Browser"</th><th scope="col">"Signed in"</th><th scope="col">"Last used"</th><th scope="col">"Ends"</th></tr></thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

//! Passwords: changing one's own, and a new one for somebody else.

use domain::Problem;
use leptos::form::ActionForm;
use leptos::prelude::*;

use super::api::{ChangePassword, SetPassword};
use super::form::{Field, confirmed, elsewhere, emptied, failure, succeeded, when_done};
use crate::api::Boot;
use crate::sign_in::password_rule;

/// The field for a password to come, sent as `password`; `id` is its name on the page and in problems.
fn new_password(id: &'static str, boot: &Boot, problem: Signal<Option<Problem>>) -> impl IntoView + use<> {
    let (rule, least) = (password_rule(boot), boot.instance.password_min.to_string());
    view! {
        <Field label="New password" name=id hint=rule problem=problem>
            <input id=id name="password" r#type="password" required=true minlength=least maxlength="128" autocomplete="new-password"/>
        </Field>
    }
}

/// The card that changes one's own.
#[component]
pub fn OwnPassword(
    /// What changes it.
    change: ServerAction<ChangePassword>,
) -> impl IntoView {
    let boot = expect_context::<Boot>();
    let problem = Signal::derive(move || failure(change.value().get()));
    let form = NodeRef::<leptos::html::Form>::new();
    when_done(change, move |_| emptied(form));
    let done = move || succeeded(change).then_some("Your password is changed. Your other sessions have ended.");
    view! {
        <section class="card">
            <header><h2>"Password"</h2></header>
            <ActionForm action=change node_ref=form attr:class="in form">
                {move || elsewhere(problem.get(), &["current", "password"])}
                <Field label="Current password" name="current" problem=problem>
                    <input id="current" name="current" r#type="password" required=true maxlength="128" autocomplete="current-password"/>
                </Field>
                {new_password("password", &boot, problem)}
                <p class="dim">"Your other sessions end; this one stays. API tokens stay good until you revoke them."</p>
                <div class="inline">
                    <button class="btn primary" r#type="submit" disabled=move || change.pending().get()>"Change password"</button>
                    <span class="done" role="status">{done}</span>
                </div>
            </ActionForm>
        </section>
    }
}

/// Somebody, by id and name.
pub type Somebody = (i64, String);

/// The dialog that sets a new one for somebody else; it opens when it is said for whom.
#[component]
pub fn NewPassword(
    /// For whom.
    whom: RwSignal<Option<Somebody>>,
    /// What sets it.
    set: ServerAction<SetPassword>,
) -> impl IntoView {
    let boot = expect_context::<Boot>();
    let (dialog, form) = (NodeRef::<leptos::html::Dialog>::new(), NodeRef::<leptos::html::Form>::new());
    Effect::new(move || {
        if whom.with(Option::is_none) {
            return;
        }
        set.clear();
        emptied(form);
        if let Some(dialog) = dialog.get_untracked()
            && !dialog.open()
        {
            // It can only fail where the dialog is not part of the page any more.
            let _ = dialog.show_modal();
        }
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    when_done(set, move |_| close());
    // The form that adds a person is on the same page and has a field of this name.
    let problem = Signal::derive(move || {
        let mut problem = failure(set.value().get())?;
        if problem.field.as_deref() == Some("password") {
            problem.field = Some("new-password".to_owned());
        }
        Some(problem)
    });
    let name = move || whom.with(|w| w.as_ref().map(|(_, name)| name.clone()).unwrap_or_default());
    let id = move || whom.with(|w| w.as_ref().map(|(id, _)| id.to_string()).unwrap_or_default());
    view! {
        <dialog node_ref=dialog aria-label="Set a new password" closedby="any" on:close=move |_| whom.set(None)>
            <ActionForm action=set node_ref=form attr:class="stack">
                <h2>"Set a new password for "{name}</h2>
                {move || elsewhere(problem.get(), &["new-password"])}
                <input r#type="hidden" name="person" value=id/>
                {new_password("new-password", &boot, problem)}
                <p class="dim">"Their sessions end at once: they sign in again with the new password. Their API tokens stay good."</p>
                <div class="inline">
                    <button class="btn primary" r#type="submit" disabled=move || set.pending().get()>"Set password"</button>
                    <button class="btn" r#type="button" on:click=move |_| close()>"Cancel"</button>
                </div>
            </ActionForm>
            {confirmed(set, "confirm-password")}
        </dialog>
    }
}

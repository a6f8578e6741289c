//! The password once more, in place of a refusal that wants it ([`domain::Code::ConfirmPassword`]); then what was refused goes on.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_location;

use super::api::prove;
use crate::api::Boot;

/// Asks for it where it stands. Without scripts it signs in anew, which is a proof as well, and comes back to the page.
#[component]
pub fn Confirm(
    /// The field's id on the page.
    id: &'static str,
    /// What goes on once the password was right.
    after: Callback<()>,
    /// What that is, as the end of a sentence; for where it does not stand beside it.
    #[prop(optional)]
    goes_on: Signal<String>,
) -> impl IntoView {
    let name = expect_context::<Boot>().actor.map(|actor| actor.name).unwrap_or_default();
    let next = use_location().pathname;
    let field = NodeRef::<leptos::html::Input>::new();
    let (busy, wrong) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let goes_on =
        move || Some(goes_on.get()).filter(|words| !words.is_empty()).unwrap_or_else(|| "this goes on".to_owned());
    Effect::new(move || {
        if let Some(field) = field.get() {
            // It can only fail where the field is not part of the page any more.
            let _ = field.focus();
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(given) = field.get_untracked().map(|field| field.value()) else { return };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let answer = prove(given).await;
            // Nothing goes on for somebody who left meanwhile.
            if busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(()) => {
                    wrong.set(None);
                    if let Some(field) = field.get_untracked() {
                        field.set_value("");
                    }
                    after.run(());
                }
                Err(error) => {
                    wrong.set(Some(error.0.message));
                    if let Some(field) = field.get_untracked() {
                        field.select();
                    }
                }
            }
        });
    };
    view! {
        <form class="confirm" method="post" action="/sign-in" on:submit=submit>
            <div>
                <b>"Confirm it is you"</b>
                <p class="dim">"You gave your password more than 15 minutes ago. Nothing was done yet; with it, "{goes_on}"."</p>
            </div>
            <input r#type="hidden" name="name" value=name/>
            <input r#type="hidden" name="next" value=move || next.get()/>
            <div class="field" class:wrong=move || wrong.with(Option::is_some)>
                <label for=id>"Your password"</label>
                <div class="input">
                    <input id=id node_ref=field name="password" r#type="password" required=true maxlength="128" autocomplete="current-password"/>
                </div>
                {move || wrong.get().map(|words| view! { <span class="err" role="alert">{words}</span> })}
            </div>
            <div><button class="btn primary" r#type="submit" disabled=move || busy.get()>"Confirm"</button></div>
        </form>
    }
}

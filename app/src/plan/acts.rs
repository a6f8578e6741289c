//! Asks for a single act from anywhere on a page, in a dialog. What stands in it ([`super::act`]) is fetched when somebody asks for the first:
//! plans and their calls are much of the program, and most visits only look.

use domain::plan::{Answers, FieldErrors};
use leptos::prelude::*;

use crate::later;
use crate::ui::{Skeleton, brief};

/// The heading while the server plans.
pub const PLANNING: &str = "One moment";
/// What closes the dialog, or a form, before anything is applied.
pub const CANCEL: &str = "Cancel";

/// Asks for an act. In the context of every page.
#[derive(Clone, Copy)]
pub struct Acts {
    asked: RwSignal<Option<Answers>>,
    beside: StoredValue<Option<Callback<FieldErrors>>>,
    applied: RwSignal<Option<Answers>>,
}

impl Acts {
    /// Puts it into the context; the frame does so once.
    pub fn provide() -> Self {
        let acts = Self { asked: RwSignal::new(None), beside: StoredValue::new(None), applied: RwSignal::new(None) };
        provide_context(acts);
        acts
    }
    /// Opens the dialog with the plan of these answers.
    pub fn ask(self, answers: Answers) {
        self.beside.set_value(None);
        self.asked.set(Some(answers));
    }
    /// The same for answers from a form: what is wrong with them goes back to its fields, and the dialog closes. What may be meant nevertheless
    /// is asked in the dialog.
    pub fn ask_beside(self, answers: Answers, wrong: Callback<FieldErrors>) {
        self.beside.set_value(Some(wrong));
        self.asked.set(Some(answers));
    }
    /// The answers whose plan was the last to be applied from the dialog, each of its steps.
    pub fn applied(self) -> RwSignal<Option<Answers>> {
        self.applied
    }
}

/// What the dialog and its content share.
#[derive(Clone, Copy)]
pub struct Act {
    /// The answers whose plan is asked for; none while the dialog is closed.
    pub asked: RwSignal<Option<Answers>>,
    /// What takes their errors, where they come from a form.
    pub beside: StoredValue<Option<Callback<FieldErrors>>>,
    /// Takes the answers whose plan was applied.
    pub applied: RwSignal<Option<Answers>>,
    /// The heading, which keeps the focus while the rest changes.
    pub heading: RwSignal<String>,
    /// Closes the dialog.
    pub close: Callback<()>,
}

/// The button that closes the dialog.
pub fn shut(close: Callback<()>, words: &'static str) -> AnyView {
    view! { <button class="btn" r#type="button" on:click=move |_| close.run(())>{words}</button> }.into_any()
}

/// The dialog while the server plans.
pub fn planning(close: Callback<()>) -> AnyView {
    view! {
        <p class="dim" role="status">"AWS is asked what there is…"</p>
        <Skeleton/>
        <div class="acts">{shut(close, CANCEL)}</div>
    }
    .into_any()
}

/// The dialog, once on every page.
#[component]
pub fn ActDialog() -> impl IntoView {
    let Acts { asked, beside, applied } = expect_context::<Acts>();
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    let heading = RwSignal::new(PLANNING.to_owned());
    let close = Callback::new(move |()| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    });
    let wanted = RwSignal::new(false);
    Effect::new(move || {
        if asked.with(Option::is_none) {
            return;
        }
        if !wanted.get_untracked() {
            wanted.set(true);
        }
        if let Some(dialog) = dialog.get_untracked()
            && !dialog.open()
        {
            // It can only fail where the dialog is not part of the page any more.
            let _ = dialog.show_modal();
        }
    });
    let act = Act { asked, beside, applied, heading, close };
    let content = move || {
        wanted.get().then(|| {
            view! {
                <Suspense fallback=move || planning(close)>
                    {move || Suspend::new(async move { later::act(act).await })}
                </Suspense>
            }
        })
    };
    view! {
        <dialog class="act-dialog" node_ref=dialog aria-label="Confirm" closedby="any" on:close=move |_| asked.set(None)>
            <div class="stack">
                <h2 tabindex="-1" autofocus=true>{move || heading.with(|words| brief(words))}</h2>
                {content}
            </div>
        </dialog>
    }
}

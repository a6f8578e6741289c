//! How images of the registry are scanned.

use domain::ResourceKey;
use domain::ecr::registry::ScanningConfiguration;
use domain::ecr::subject::Subject;
use domain::ecr::wizards::registry::Scanning;
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts, FieldErrors};
use leptos::prelude::*;

use super::pieces;
use crate::ecr::act::{button, review_or_start_over};
use crate::live_state::{self, Reread};
use crate::resource::Shown;
use crate::sections::key_of;
use crate::ui::Icon;
use crate::unfinished;
use crate::wizard::{Choice, Messages, TextField, choices};

const SORTS: &[Choice] = &[
    ("basic", "Basic", "ECR looks through the operating system's packages. Costs nothing."),
    (
        "enhanced",
        "Enhanced",
        "Amazon Inspector also looks through packages of languages, again and again. Billed for each image.",
    ),
];

/// Whether Amazon Inspector scans, and the repositories that are scanned on push and continuously, as they are typed.
type Typed = (bool, String, String);

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    live_state::read(key.scope.clone(), vec![Subject::RegistryScanning], move |facts, again| editor(&key, facts, again))
}

fn scanning((enhanced, on_push, continuous): &Typed) -> Scanning {
    let continuous = if *enhanced { pieces(continuous) } else { vec![] };
    Scanning { enhanced: *enhanced, on_push: pieces(on_push), continuous }
}

fn editor(key: &ResourceKey, facts: &Facts, again: Reread) -> AnyView {
    let there: ScanningConfiguration = live_state::state(facts, Subject::RegistryScanning).unwrap_or_default();
    let on_push = there.filters("SCAN_ON_PUSH").join(", ");
    let at_first: Typed = (there.scan_type == "ENHANCED", on_push, there.filters("CONTINUOUS_SCAN").join(", "));
    let first = scanning(&at_first);
    let base = serde_json::to_string(&at_first).unwrap_or_default();
    let ((enhanced, on_push, continuous), unfinished) = unfinished::fields("scanning", base, at_first, |_| true);
    let wanted = Memo::new(move |_| scanning(&(enhanced.get(), on_push.get(), continuous.get())));
    let errors = Memo::new(move |_| wanted.with(Scanning::check));
    let messages = Messages::new(errors.into());
    messages.show_all();
    provide_context(messages);
    let changed = Memo::new(move |_| wanted.with(|w| *w != first));
    let idle = move || !changed.get() || !errors.with(FieldErrors::is_empty);
    let scope = key.scope.clone();
    let save = move || Answers { scope: scope.clone(), form: Form::RegistryScanning(wanted.get_untracked()) };
    let chosen = Signal::derive(move || if enhanced.get() { "enhanced" } else { "basic" });
    view! {
        <section class="card">
            <header><h2>"Scanning"</h2><span class="right">"read just now"</span></header>
            <div class="in stack">
                {choices("scan-type", "Scan type", SORTS, chosen, move |v| enhanced.set(v == "enhanced"))}
                <TextField
                    label="Scan on push" name="on_push" placeholder="prod/*" value=on_push.into() set=move |v| on_push.set(v)
                    hint="Repositories whose images are scanned as they arrive, divided by commas; * for all, empty for none."
                />
                <div hidden=move || !enhanced.get()>
                    <TextField
                        label="Scan continuously" name="continuous" placeholder="*" value=continuous.into() set=move |v| continuous.set(v)
                        hint="Repositories whose images are scanned again as new vulnerabilities become known."
                    />
                </div>
                {review_or_start_over(button("Review the change", Icon::Right, "btn primary", save), idle, move || changed.get(), move || { unfinished.forget(); again.now() })}
            </div>
        </section>
    }
    .into_any()
}

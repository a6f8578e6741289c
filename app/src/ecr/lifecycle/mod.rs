//! The lifecycle rules of a repository: as a form or as JSON, with what they do to its images as one types.

mod by_aws;
mod preview;
mod rule;

use domain::ResourceKey;
use domain::ecr::inventory::Inventory;
use domain::ecr::lifecycle::form::{self, Line};
use domain::ecr::lifecycle::parse;
use domain::ecr::lifecycle::rules::first;
use domain::ecr::subject::Subject;
use domain::ecr::wizards::policies;
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts, FieldErrors};
use domain::resource::Tone;
use leptos::prelude::*;
use serde_json::Value;

use super::act::{button, review_or_start_over};
use crate::live_state::{self, Reread};
use crate::resource::Shown;
use crate::sections::key_of;
use crate::ui::{Icon, Note};
use crate::unfinished::Unfinished;
use crate::wizard::{Choice, FieldGroup, Messages, TextArea, choices};

const WAYS: &[Choice] = &[("form", "Form", "Rule by rule."), ("json", "JSON", "As AWS writes it.")];

/// What is being edited.
#[derive(Clone, Copy)]
struct Editor {
    lines: RwSignal<Vec<Line>>,
    json: RwSignal<String>,
    as_json: RwSignal<bool>,
    /// Why the form cannot show what is written: it stays as it is.
    kept: RwSignal<Option<String>>,
    next: RwSignal<usize>,
}

/// How somebody left it.
#[derive(Clone)]
struct Left {
    lines: Vec<Line>,
    json: String,
    as_json: bool,
    kept: Option<String>,
    next: usize,
}

impl Editor {
    fn new(policy: Option<&Value>) -> Self {
        let text = policy.map(|p| serde_json::to_string_pretty(p).unwrap_or_default()).unwrap_or_default();
        let read = form::read(&text, 0);
        // What the form cannot show whole is edited as it is written.
        let as_json = RwSignal::new(read.is_err());
        let lines = read.unwrap_or_default();
        let next = RwSignal::new(lines.len());
        Self { lines: RwSignal::new(lines), json: RwSignal::new(text), as_json, kept: RwSignal::new(None), next }
    }
    /// Whether the policy is what is written, and not what the form has.
    fn is_written(self) -> bool {
        self.as_json.get() || self.kept.with(Option::is_some)
    }
    /// The policy's text, empty for none; what is wrong before it is one.
    fn text(self) -> (String, FieldErrors) {
        if self.is_written() {
            (self.json.get(), FieldErrors::new())
        } else {
            self.lines.with(|lines| form::write(lines))
        }
    }
    fn switch(self, json: bool) {
        if json {
            if self.kept.with_untracked(Option::is_none) {
                self.json.set(self.lines.with_untracked(|lines| form::write(lines)).0);
            }
            self.kept.set(None);
        } else {
            let written = self.json.get_untracked();
            // What was only looked at is in the form as it was left.
            if written != self.lines.with_untracked(|lines| form::write(lines)).0 {
                let from = self.next.get_untracked();
                let read = form::read(&written, from);
                self.kept.set(read.as_ref().err().cloned());
                if let Ok(lines) = read {
                    self.next.set(from + lines.len());
                    self.lines.set(lines);
                }
            }
        }
        self.as_json.set(json);
    }
    fn left(self) -> Left {
        Left {
            lines: self.lines.get(),
            json: self.json.get(),
            as_json: self.as_json.get(),
            kept: self.kept.get(),
            next: self.next.get(),
        }
    }
    fn restore(self, left: Left) {
        self.lines.set(left.lines);
        self.json.set(left.json);
        self.as_json.set(left.as_json);
        self.kept.set(left.kept);
        self.next.set(left.next);
    }
    fn add(self) {
        let id = self.next.get_untracked();
        self.next.set(id + 1);
        self.lines.update(|lines| form::add(lines, id));
    }
}

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let policy = Subject::LifecyclePolicy { repository: key.id.clone() };
    let inventory = Subject::Inventory { repository: key.id.clone() };
    live_state::read(key.scope.clone(), vec![policy, inventory], move |facts, again| editor(&key, facts, again))
}

fn editor(key: &ResourceKey, facts: &Facts, again: Reread) -> AnyView {
    let policy = live_state::document(facts, Subject::LifecyclePolicy { repository: key.id.clone() });
    let inventory: Inventory =
        live_state::state(facts, Subject::Inventory { repository: key.id.clone() }).unwrap_or_default();
    let editor = Editor::new(policy.as_ref());
    let text = Memo::new(move |_| editor.text());
    let at_first = text.get_untracked();
    let unfinished = Unfinished::of("lifecycle");
    if let Some(left) = unfinished.recall::<Left>(&at_first.0) {
        editor.restore(left);
    }
    let (base, untouched) = (at_first.0.clone(), at_first.clone());
    unfinished.keep(base, move || text.with(|t| *t != untouched).then(|| editor.left()));
    let errors = Memo::new(move |_| {
        let (text, mut errors) = text.get();
        if !text.trim().is_empty()
            && let Err(wrong) = parse(&text)
        {
            if editor.is_written() {
                errors.extend(first(wrong).map(|message| ("policy".to_owned(), message)));
            } else {
                for (path, message) in wrong {
                    errors.entry(rule::field(&path)).or_insert(message);
                }
            }
        }
        errors
    });
    let messages = Messages::new(errors.into());
    messages.show_all();
    provide_context(messages);
    let was = policy.clone();
    let changed = Memo::new(move |_| {
        let now = text.with(|(text, _)| serde_json::from_str::<Value>(text).ok());
        now != was
    });
    let save = {
        let key = key.clone();
        move || Answers {
            scope: key.scope.clone(),
            form: Form::LifecyclePolicy(policies::Lifecycle {
                repository: key.id.clone(),
                policy: text.with_untracked(|(text, _)| text.clone()),
                insist: String::new(),
            }),
        }
    };
    let save = button("Review the change", Icon::Right, "btn primary", save);
    let idle = move || !changed.get() || !errors.with(FieldErrors::is_empty);
    let way = Signal::derive(move || if editor.as_json.get() { "json" } else { "form" });
    let form = move || {
        match (editor.as_json.get(), editor.kept.get()) {
        (true, _) => view! { <TextArea label="Lifecycle policy" name="policy" value=editor.json.into() set=move |v| editor.json.set(v)/> }.into_any(),
        (false, None) => rule::list(editor.lines, move || editor.add()),
        (false, Some(why)) => view! {
            <Note tone=Tone::Warn alert=true><b>"The form cannot show this policy"</b><p>{why}" It stays as it is written: go on with it as JSON."</p></Note>
        }
        .into_any(),
    }
    };
    let none = policy.is_none();
    view! {
        <div class="stack lifecycle">
            <section class="card">
                <header><h2>"Lifecycle rules"</h2><span class="right">{if none { "none yet: every image stays" } else { "read just now" }}</span></header>
                <div class="in stack">
                    {choices("lifecycle-way", "Edit as", WAYS, way, move |value| editor.switch(value == "json"))}
                    {form}
                    <FieldGroup label="The policy" name="whole"/>
                    {review_or_start_over(save, idle, move || text.with(|t| *t != at_first), move || { unfinished.forget(); again.now() })}
                </div>
            </section>
            {preview::card(text, inventory, key)}
        </div>
    }
    .into_any()
}

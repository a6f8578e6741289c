//! The lifecycle rules of a repository: as a form or as JSON, with what they do to its images as one types.

mod by_aws;
mod preview;
mod rule;

use domain::ResourceKey;
use domain::ecr::inventory::Inventory;
use domain::ecr::lifecycle::{Policy, parse};
use domain::ecr::subject::Subject;
use domain::ecr::wizards::policies;
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts, FieldErrors};
use leptos::prelude::*;
use serde_json::Value;

use super::act::button;
use crate::live_state::{self, Reread};
use crate::resource::Shown;
use crate::sections::key_of;
use crate::ui::Icon;
use crate::wizard::{Choice, FieldGroup, Messages, TextArea, choices};
use rule::Line;

const WAYS: &[Choice] = &[("form", "Form", "Rule by rule."), ("json", "JSON", "As AWS writes it.")];

/// What is being edited.
#[derive(Clone, Copy)]
struct Editor {
    lines: RwSignal<Vec<Line>>,
    json: RwSignal<String>,
    as_json: RwSignal<bool>,
    next: RwSignal<usize>,
}

impl Editor {
    fn new(policy: Option<&Value>) -> Self {
        let text = policy.map(|p| serde_json::to_string_pretty(p).unwrap_or_default()).unwrap_or_default();
        let read = policy.and_then(|p| serde_json::from_value::<Policy>(p.clone()).ok());
        // What the form cannot show whole is edited as it is written.
        let odd =
            policy.is_some() && read.as_ref().is_none_or(|p| !p.more.is_empty() || !p.rules.iter().all(rule::is_plain));
        let mut rules = read.map(|p| p.rules).unwrap_or_default();
        rules.sort_by_key(|rule| rule.rule_priority);
        let lines: Vec<Line> = rules.into_iter().enumerate().map(|(id, rule)| Line::of(id, rule)).collect();
        let next = RwSignal::new(lines.len());
        Self { lines: RwSignal::new(lines), json: RwSignal::new(text), as_json: RwSignal::new(odd), next }
    }
    /// The policy's text, empty for none; what is wrong before it is one.
    fn text(self) -> (String, FieldErrors) {
        if self.as_json.get() {
            return (self.json.get(), FieldErrors::new());
        }
        let mut errors = FieldErrors::new();
        let rules = self.lines.with(|lines| {
            let rules = lines.iter().enumerate().map(|(n, line)| line.rule(n, &mut errors));
            rules.collect::<Vec<_>>()
        });
        if rules.is_empty() {
            return (String::new(), errors);
        }
        let policy = Policy { rules, ..Policy::default() };
        (serde_json::to_string_pretty(&policy).unwrap_or_default(), errors)
    }
    fn switch(self, json: bool) {
        if json {
            self.json.set(untrack(|| self.text()).0);
        } else if let Ok(policy) = serde_json::from_str::<Policy>(&self.json.get_untracked()) {
            let from = self.next.get_untracked();
            let lines: Vec<Line> =
                policy.rules.into_iter().enumerate().map(|(n, rule)| Line::of(from + n, rule)).collect();
            self.next.set(from + lines.len());
            self.lines.set(lines);
        } else if self.json.with_untracked(|text| text.trim().is_empty()) {
            self.lines.set(vec![]);
        } else {
            // What is no policy stays where it can be mended.
            return;
        }
        self.as_json.set(json);
    }
    fn add(self) {
        let id = self.next.get_untracked();
        self.next.set(id + 1);
        self.lines.update(|lines| rule::add(lines, id));
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
    let errors = Memo::new(move |_| {
        let (text, mut errors) = text.get();
        if !text.trim().is_empty()
            && let Err(wrong) = parse(&text)
        {
            for (path, message) in wrong {
                errors.entry(rule::field(&path)).or_insert(message);
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
        match editor.as_json.get() {
        true => view! { <TextArea label="Lifecycle policy" name="policy" value=editor.json.into() set=move |v| editor.json.set(v)/> }.into_any(),
        false => rule::list(editor.lines, move || editor.add()),
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
                    <div class="acts" inert=idle class:idle=idle>{save}
                        <button class="btn quiet" r#type="button" on:click=move |_| again.now()>"Start over"</button>
                    </div>
                </div>
            </section>
            {preview::card(text, inventory, key)}
        </div>
    }
    .into_any()
}

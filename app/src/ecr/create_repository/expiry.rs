//! Which images expire by themselves.

use domain::ecr::lifecycle::parse;
use leptos::prelude::*;

use super::draft::{Lifecycle, Source};
use super::{Shared, part};
use crate::wizard::{Choice, FieldGroup, Fold, TextArea, TextField, check, choices};

const SOURCES: &[Choice] = &[
    ("none", "Keep everything", "Every image stays, and is billed, until somebody deletes it."),
    ("templates", "Common rules", "Untagged images, or all but the newest."),
    ("json", "JSON", "A lifecycle policy as AWS writes it."),
];

/// The rules in English; nothing while they cannot be read.
fn sentences(lifecycle: &Lifecycle) -> Vec<String> {
    let text = lifecycle.text(&mut Default::default());
    let mut rules = parse(&text).map(|policy| policy.rules).unwrap_or_default();
    rules.sort_by_key(|rule| rule.rule_priority);
    rules.iter().map(|rule| format!("{}.", rule.sentence())).collect()
}

/// A rule to tick with its fields.
fn rule(box_: impl IntoView, on: Signal<bool>, fields: AnyView) -> impl IntoView {
    view! { <div class="rule">{box_}<div class="rule-fields" hidden=move || !on.get()>{fields}</div></div> }
}

/// A change of the rules.
fn change(draft: Shared, with: impl FnOnce(&mut Lifecycle)) {
    draft.update(|d| with(&mut d.form.lifecycle));
}

/// The section.
pub fn section(draft: Shared) -> impl IntoView {
    let source = part(draft, |d| d.lifecycle.source);
    let is = move |wanted: Source| source.get() == wanted;
    let chosen = Signal::derive(move || source.get().as_str());
    let choose = move |value: &'static str| {
        change(draft, |l| {
            // Who goes on in JSON goes on from what was ticked.
            if Source::of(value) == Source::Json && l.source == Source::Templates && l.json.trim().is_empty() {
                l.json = l.text(&mut Default::default());
            }
            l.source = Source::of(value);
        });
    };
    let lifecycle = part(draft, |d| d.lifecycle.clone());
    let said = Memo::new(move |_| lifecycle.with(sentences));
    let now = Signal::derive(move || match (is(Source::None), said.with(Vec::len)) {
        (true, _) => "Images stay until somebody deletes them".to_owned(),
        (false, 0) => "Not yet a rule".to_owned(),
        (false, _) => said.with(|s| s.join(" ")),
    });
    view! {
        <Fold title="Lifecycle rules" now=now>
            {choices("lifecycle-source", "Which images expire", SOURCES, chosen, choose)}
            <div hidden=move || !is(Source::Templates)>{ready_made(draft)}</div>
            {move || is(Source::Json).then(|| view! {
                <TextArea
                    label="Lifecycle policy" name="lifecycle" value=part(draft, |d| d.lifecycle.json.clone())
                    set=move |v| change(draft, |l| l.json = v)
                />
            })}
            {move || {
                let rules = said.get();
                (!rules.is_empty() && !is(Source::None)).then(|| {
                    let rules = rules.into_iter().map(|rule| view! { <li>{rule}</li> }).collect_view();
                    view! { <div class="means"><h3>"What this does"</h3><ul>{rules}</ul></div> }
                })
            }}
        </Fold>
    }
}

fn ready_made(draft: Shared) -> impl IntoView {
    let (untagged, prefixed, keep) = (
        part(draft, |d| d.lifecycle.untagged),
        part(draft, |d| d.lifecycle.prefixed),
        part(draft, |d| d.lifecycle.keep),
    );
    let days = view! {
        <TextField
            label="Days after the push" name="lifecycle.days" number=true value=part(draft, |d| d.lifecycle.days.clone())
            set=move |v| change(draft, |l| l.days = v)
        />
    };
    let prefix = view! {
        <TextField
            label="Tags begin with" name="lifecycle.prefix" value=part(draft, |d| d.lifecycle.prefix.clone())
            set=move |v| change(draft, |l| l.prefix = v)
        />
        <TextField
            label="Newest that stay" name="lifecycle.of_prefix" number=true value=part(draft, |d| d.lifecycle.of_prefix.clone())
            set=move |v| change(draft, |l| l.of_prefix = v)
        />
    };
    let newest = view! {
        <TextField
            label="Newest images that stay" name="lifecycle.newest" number=true value=part(draft, |d| d.lifecycle.newest.clone())
            set=move |v| change(draft, |l| l.newest = v)
        />
    };
    let set_untagged = move |v| change(draft, |l| l.untagged = v);
    let set_prefixed = move |v| change(draft, |l| l.prefixed = v);
    let set_keep = move |v| change(draft, |l| l.keep = v);
    // The message of the whole stands here only while nothing else shows it.
    let source = part(draft, |d| d.lifecycle.source);
    let rules = move || {
        (source.get() == Source::Templates).then(|| view! { <FieldGroup label="Lifecycle rules" name="lifecycle"/> })
    };
    view! {
        <div class="rules">
            {rule(check("untagged", "Expire untagged images", "What a newer push took the tag from.", untagged, set_untagged), untagged, days.into_any())}
            {rule(check("prefixed", "Keep only the newest of some tags", "Builds of branches, for example.", prefixed, set_prefixed), prefixed, prefix.into_any())}
            {rule(check("keep", "Keep only the newest images", "Whatever their tags: mind what is still running.", keep, set_keep), keep, newest.into_any())}
            {rules}
        </div>
    }
}

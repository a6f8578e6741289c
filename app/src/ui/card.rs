//! Boxes: cards, the facts of a detail page, page headings, placeholders.

use leptos::prelude::*;

use super::cell::nothing;

/// A bordered box with a heading.
#[component]
pub fn Card(
    /// The heading.
    #[prop(into)]
    title: String,
    /// What stands right in the heading: a count, a link.
    #[prop(optional, into)]
    right: Option<AnyView>,
    /// Without inner space, for lists and tables.
    #[prop(optional)]
    flush: bool,
    /// The content.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="card">
            <header>
                <h2>{title}</h2>
                {right.map(|r| view! { <span class="right">{r}</span> })}
            </header>
            <div class=if flush { "flush" } else { "in" }>{children()}</div>
        </section>
    }
}

/// One fact: what it is and its value.
pub struct Fact {
    /// What it is: "Memory".
    pub label: String,
    /// Its value.
    pub value: AnyView,
}

impl Fact {
    /// A fact.
    pub fn new(label: impl Into<String>, value: impl IntoView + 'static) -> Self {
        Self { label: label.into(), value: value.into_any() }
    }
    /// A fact in words; an en dash for none.
    pub fn text(label: impl Into<String>, value: Option<String>) -> Self {
        match value.filter(|v| !v.is_empty()) {
            Some(value) => Self::new(label, view! { <span title=value.clone()>{value.clone()}</span> }),
            None => Self::new(label, nothing()),
        }
    }
}

/// The key facts in a grid.
#[component]
pub fn Facts(
    /// Best four to eight.
    facts: Vec<Fact>,
) -> impl IntoView {
    let facts = facts.into_iter().map(|f| view! { <div><dt>{f.label}</dt><dd>{f.value}</dd></div> }).collect_view();
    view! { <dl class="facts">{facts}</dl> }
}

/// The heading of a page.
#[component]
pub fn Head(
    /// The heading.
    #[prop(into)]
    title: String,
    /// One line that explains it.
    #[prop(optional, into)]
    explanation: Option<AnyView>,
    /// Buttons at the right.
    #[prop(optional, into)]
    actions: Option<AnyView>,
) -> impl IntoView {
    view! {
        <div class="head">
            <div class="grow">
                <h1>{title}</h1>
                {explanation.map(|e| view! { <div class="lead">{e}</div> })}
            </div>
            {actions.map(|a| view! { <div class="acts">{a}</div> })}
        </div>
    }
}

/// Grey lines where content is on its way.
#[component]
pub fn Skeleton(
    /// How many lines.
    #[prop(default = 4)]
    lines: usize,
) -> impl IntoView {
    let lines = (0..lines).map(|_| view! { <i></i> }).collect_view();
    view! { <div class="skeleton" role="status" aria-busy="true" aria-label="Loading">{lines}</div> }
}

//! What can be said of any resource: its columns as facts, its tags.

use domain::describe::columns;
use domain::listing::Detail;
use leptos::prelude::*;

use super::detail_page::{Shown, Tab};
use crate::paths;
use crate::ui::{Age, Card, Empty, Fact, cell_view};

/// At most so many facts stand above the tabs.
const FACTS: usize = 8;

/// The tabs of a kind without a page of its own.
pub const TABS: &[Tab] = &[Tab::new("overview", "Overview", overview)];

/// The first columns as facts.
pub fn facts(detail: &Detail) -> Vec<Fact> {
    all_facts(detail).into_iter().take(FACTS).collect()
}

/// Every column as a fact, then creation.
pub fn all_facts(detail: &Detail) -> Vec<Fact> {
    let link = |reference: &str| paths::resolve(reference);
    let own = columns(detail.row.key.kind).iter().zip(&detail.row.cells);
    let mut facts: Vec<Fact> =
        own.map(|(column, cell)| Fact::new(column.title, cell_view(cell, detail.now, &link))).collect();
    if let Some(at) = detail.created {
        facts.push(Fact::new("Created", view! { <Age at=at now=detail.now after=" ago"/> }));
    }
    facts
}

/// Facts and tags as cards.
pub fn overview(shown: Shown) -> AnyView {
    view! {
        <Card title="Details" flush=true>
            {move || {
                let facts = all_facts(&shown.get());
                let rows = facts.into_iter().map(|f| view! { <div><dt>{f.label}</dt><dd>{f.value}</dd></div> }).collect_view();
                view! { <dl class="pairs">{rows}</dl> }
            }}
        </Card>
        <TagsCard shown=shown/>
    }
    .into_any()
}

/// The tags of a resource.
#[component]
pub fn TagsCard(
    /// The resource.
    shown: Shown,
) -> impl IntoView {
    view! {
        <Card title="Tags" flush=true>
            {move || {
                let detail = shown.get();
                let kind = detail.row.key.kind;
                if detail.row.tags.is_empty() {
                    return view! { <Empty title="No tags"><p>"Tags set in AWS appear here and can be searched and filtered by."</p></Empty> }.into_any();
                }
                let rows = detail.row.tags.iter().map(|(name, value)| {
                    let href = paths::filtered(kind, "tag", &format!("{name}={value}"));
                    view! { <div><dt>{name.clone()}</dt><dd><a class="ref" href=href title="All with this tag">{value.clone()}</a></dd></div> }
                });
                view! { <dl class="pairs">{rows.collect_view()}</dl> }.into_any()
            }}
        </Card>
    }
}

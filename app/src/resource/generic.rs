//! What can be said of any resource: its columns as facts, its tags.

use domain::describe::columns;
use domain::listing::Detail;
use domain::resource::{Cell, Column};
use leptos::prelude::*;

use super::detail_page::{Shown, Tab};
use crate::paths;
use crate::ui::{Age, Card, Empty, Fact, fact_view};

/// At most so many facts stand above the tabs.
const FACTS: usize = 8;
/// Longer values, in characters, have no room there.
const LONG: usize = 28;

/// The tabs of a kind without a page of its own.
pub const TABS: &[Tab] = &[Tab::new("overview", "Overview", overview)];

/// The first short columns as facts.
pub fn facts(detail: &Detail) -> Vec<Fact> {
    split(detail).0
}

/// What there is to say: short facts for above the tabs, and the rest. Nothing is said twice, nor what the page says anyway.
fn split(detail: &Detail) -> (Vec<Fact>, Vec<Fact>) {
    let link = |reference: &str| paths::resolve(reference);
    let own = columns(detail.row.key.kind).iter().zip(&detail.row.cells).filter(|(_, cell)| says(cell, detail));
    let (long, short): (Vec<_>, Vec<_>) = own.partition(|(_, cell)| is_long(cell));
    let fact = |(column, cell): (&Column, &Cell)| Fact::new(column.title, fact_view(column, cell, detail.now, &link));
    let mut facts: Vec<Fact> = short.into_iter().map(fact).collect();
    // Most kinds have a column for it: "Published", "Pushed".
    if let Some(at) = detail.created.filter(|at| !detail.row.cells.contains(&Cell::Time(*at))) {
        facts.push(Fact::new("Created", view! { <Age at=at now=detail.now after=" ago"/> }));
    }
    let mut rest = facts.split_off(facts.len().min(FACTS));
    rest.extend(long.into_iter().map(fact));
    (facts, rest)
}

/// Whether a value tells more than its absence, and more than the line under the name, which names what it lives in.
fn says(cell: &Cell, detail: &Detail) -> bool {
    match cell {
        Cell::None => false,
        Cell::List(words) => !words.is_empty(),
        Cell::Text(text) | Cell::Ref(_, text) => {
            text != "UNKNOWN" && detail.parent.as_ref().is_none_or(|parent| parent.id != *text)
        }
        _ => true,
    }
}

/// Whether a value would be cut above the tabs.
fn is_long(cell: &Cell) -> bool {
    match cell {
        Cell::Text(text) | Cell::Mono(text) | Cell::Ref(_, text) => text.chars().count() > LONG,
        Cell::List(words) => words.iter().map(|w| w.chars().count() + 2).sum::<usize>() > LONG,
        _ => false,
    }
}

/// What the facts leave, and the tags, as cards.
pub fn overview(shown: Shown) -> AnyView {
    let details = move || {
        let (_, rest) = split(&shown.get());
        (!rest.is_empty()).then(|| {
            let rows =
                rest.into_iter().map(|f| view! { <div><dt>{f.label}</dt><dd>{f.value}</dd></div> }).collect_view();
            view! { <Card title="Details" flush=true><dl class="pairs">{rows}</dl></Card> }
        })
    };
    view! { {details}<TagsCard shown=shown/> }.into_any()
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

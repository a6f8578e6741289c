//! What can be said of any resource: its columns as facts, its tags.

use domain::describe::columns;
use domain::listing::Detail;
use domain::resource::{Cell, Column};
use leptos::prelude::*;

use super::detail_page::{Shown, Tab};
use crate::layout::use_scopes;
use crate::paths;
use crate::sections::here;
use crate::ui::{Card, Fact, fact_view, is_blank};

/// At most so many facts stand above the tabs.
const FACTS: usize = 8;
/// Longer values, in characters, have no room there.
const LONG: usize = 28;

/// The tabs of a kind without a page of its own.
pub const TABS: &[Tab] = &[Tab::new("overview", "Overview", overview)];

/// Values under their headings.
type Values = Vec<(Column, Cell)>;

/// The first short columns as facts.
pub fn facts(detail: &Detail) -> Vec<Fact> {
    as_facts(split(detail).0, detail)
}

/// The same without these columns, which tell nothing of what is shown.
pub fn facts_without(detail: &Detail, columns: &[&str]) -> Vec<Fact> {
    let (mut values, _) = split(detail);
    values.retain(|(column, _)| !columns.contains(&column.id));
    as_facts(values, detail)
}

fn as_facts(values: Values, detail: &Detail) -> Vec<Fact> {
    let link = |reference: &str| here(&paths::resolve(reference));
    let fact = |(column, cell): &(Column, Cell)| Fact::new(column.title, fact_view(column, cell, detail.now, &link));
    values.iter().map(fact).collect()
}

/// What there is to say: what stands above the tabs, and the rest. Nothing is said twice, nor what the page says anyway.
fn split(detail: &Detail) -> (Values, Values) {
    let cells = &detail.row.cells;
    let own = columns(detail.row.key.kind).iter().copied().zip(cells.iter().cloned());
    let (long, mut short): (Vec<_>, Vec<_>) =
        own.filter(|(_, cell)| says(cell, detail)).partition(|(_, cell)| is_long(cell));
    // Most kinds have a column for it: "Published", "Pushed".
    let created = detail.created.map(Cell::Time).filter(|at| !cells.contains(at));
    short.extend(created.map(|at| (Column::text("created", "Created"), at)));
    let mut rest = short.split_off(short.len().min(FACTS));
    rest.extend(long);
    (short, rest)
}

/// Whether a value tells more than its absence, and more than the line under the name, which names what it lives in.
fn says(cell: &Cell, detail: &Detail) -> bool {
    match cell {
        cell if is_blank(cell) => false,
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

/// What the facts leave, or the words that they leave nothing.
fn overview(shown: Shown) -> AnyView {
    let nothing = move || {
        let detail = shown.get();
        split(&detail).1.is_empty().then(|| {
            view! { <p class="dim">"Gantry reads no more of it than stands above; its document is in JSON."</p> }
        })
    };
    view! { {rest(shown)}{nothing} }.into_any()
}

/// What the facts leave, as a card; nothing if they leave nothing.
pub fn rest(shown: Shown) -> AnyView {
    let details = move || {
        let detail = shown.get();
        let rest = as_facts(split(&detail).1, &detail);
        (!rest.is_empty()).then(|| {
            let rows =
                rest.into_iter().map(|f| view! { <div><dt>{f.label}</dt><dd>{f.value}</dd></div> }).collect_view();
            view! { <Card title="Details" flush=true><dl class="pairs">{rows}</dl></Card> }
        })
    };
    details.into_any()
}

/// The tags of a resource; nothing where none are known, which is not to say that it has none: of some kinds they are not read.
#[component]
pub fn TagsCard(
    /// The resource.
    shown: Shown,
) -> impl IntoView {
    let scopes = use_scopes();
    let tags = Memo::new(move |_| shown.with(|detail| detail.row.tags.clone()));
    move || {
        let kind = shown.with_untracked(|detail| detail.row.key.kind);
        let (tags, scopes) = (tags.get(), scopes.get());
        let rows = tags.iter().map(|(name, value)| {
            let href = scopes.on(&paths::filtered(kind, "tag", &format!("{name}={value}")));
            let title = format!("All {} with this tag", kind.plural());
            let value = if value.is_empty() { "(empty)".to_owned() } else { value.clone() };
            view! { <div><dt>{name.clone()}</dt><dd><a class="ref" href=href title=title>{value}</a></dd></div> }
        });
        let rows = rows.collect_view();
        (!tags.is_empty()).then(|| view! { <Card title="Tags" flush=true><dl class="pairs narrow">{rows}</dl></Card> })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::tests::detail;
    use domain::{Millis, ResourceKey};

    #[test]
    fn nothing_is_said_twice_and_long_values_have_room() {
        let at = Millis(1_700_000_000_000);
        let cell = |id: &str| match id {
            "service" => Cell::Text("web".into()),
            "cluster" => Cell::Ref("arn:aws:ecs:eu-west-1:111122223333:cluster/shop".into(), "shop".into()),
            "health" => Cell::Text("UNKNOWN".into()),
            "started" => Cell::Time(at),
            "address" => Cell::Mono(String::new()),
            "reason" => Cell::Text("CannotPullContainerError: pull image manifest has been retried".into()),
            _ => Cell::None,
        };
        let mut detail = detail("ecs.task/111122223333/eu-west-1/shop/13bc79bd");
        detail.row.cells = columns(detail.row.key.kind).iter().map(|column| cell(column.id)).collect();
        detail.parent = Some(ResourceKey::parse("ecs.cluster/111122223333/eu-west-1/shop").unwrap());
        detail.created = Some(at);
        let ids = |values: Values| values.iter().map(|(column, _)| column.id).collect::<Vec<_>>();
        let (facts, rest) = split(&detail);
        assert_eq!((ids(facts), ids(rest)), (vec!["service", "started"], vec!["reason"]));
        let (facts, _) = split(&Detail { created: Some(Millis(1)), ..detail });
        assert_eq!(ids(facts), ["service", "started", "created"]);
    }
}

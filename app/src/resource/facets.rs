//! The chips above a table: each facet with its values and how many rows each leaves, and the chosen columns.

use domain::describe::columns;
use domain::listing::Facet;
use domain::wording::of_facet;
use leptos::prelude::*;

use super::chosen_columns::ChosenColumns;
use super::query::ListUrl;
use crate::ui::{Choice, Icon, Menu, chip, icon};

/// One chip a facet, "Needs attention", and "Clear".
#[component]
pub fn Facets(
    /// The facets with counts.
    #[prop(into)]
    facets: Signal<Vec<Facet>>,
    /// The list's query string.
    url: Memo<ListUrl>,
    /// The address its links are relative to.
    base: StoredValue<String>,
) -> impl IntoView {
    let href = move |url: ListUrl| base.with_value(|b| url.href_on(b));
    let attention = move || {
        let on = url.get().get("attention") == Some("1");
        let next = url.get().with("attention", (!on).then(|| "1".to_owned()));
        view! { <a class="chip" class:on=on href=href(next) aria-current=on.then_some("true")>"Needs attention"</a> }
    };
    let chips =
        move || facets.get().into_iter().map(|facet| view! { <Chip facet=facet url=url base=base/> }).collect_view();
    let clear = move || {
        url.get()
            .is_filtered()
            .then(|| view! { <a class="btn quiet small" href=href(url.get().unfiltered())>"Clear filters"</a> })
    };
    view! { {attention}{chips}{clear} }
}

#[component]
fn Chip(facet: Facet, url: Memo<ListUrl>, base: StoredValue<String>) -> impl IntoView {
    let id = facet.id.clone();
    let chosen = url.get_untracked().values(&id);
    let kind = url.get_untracked().kind;
    let mut values = facet.values.clone();
    for value in &chosen {
        if !values.iter().any(|(v, _)| v == value) {
            values.push((value.clone(), 0));
        }
    }
    // One value for all rows is no choice.
    if values.len() < 2 && chosen.is_empty() {
        return ().into_any();
    }
    let choice = |(value, count): (String, u32)| Choice {
        words: of_facet(kind, &id, &value),
        on: chosen.contains(&value),
        href: base.with_value(|b| url.get_untracked().toggled(&id, &value).href_on(b)),
        value: Some(value),
        count: Some(i64::from(count)),
    };
    chip(&facet.title, &id, values.into_iter().map(choice).collect())
}

/// The button that opens the choice of columns.
#[component]
pub fn ColumnChooser(
    /// The list's query string, with the columns that are remembered.
    url: Memo<ListUrl>,
    /// Where a choice is remembered.
    chosen: ChosenColumns,
    /// The address its links are relative to.
    base: StoredValue<String>,
) -> impl IntoView {
    let options = move || {
        let url = url.get();
        let shown: Vec<&str> = url.shown().iter().map(|(_, c)| c.id).collect();
        columns(url.kind)
            .iter()
            .map(|column| {
                let on = shown.contains(&column.id);
                let toggled = url.column_toggled(column.id);
                let href = base.with_value(|b| toggled.href_on(b));
                let choose = move |_| chosen.remember(toggled.get("cols").map(str::to_owned));
                view! {
                    <a class="option" href=href on:click=choose aria-current=on.then_some("true")>
                        <span class="tick">{on.then(|| icon(Icon::Check))}</span>
                        <span class="grow">{column.title}</span>
                    </a>
                }
            })
            .collect_view()
    };
    let own = move || {
        let url = url.get();
        let href = base.with_value(|b| url.with("cols", None).href_on(b));
        url.get("cols").map(
            |_| view! { <a class="option" href=href on:click=move |_| chosen.remember(None)>"Default columns"</a> },
        )
    };
    let widths = view! { <button class="option reset-widths" r#type="button" data-reset-widths=url.get_untracked().kind.stem()>"Reset widths"</button> };
    let label = view! { {icon(Icon::Columns)}<span class="hide-s">"Columns"</span> }.into_any();
    view! { <Menu label=label name="Columns" right=true><div class="options">{options}</div><div class="resets">{own}{widths}</div></Menu> }
}

//! Collected resources to choose from, below the field in which a part of the name is typed.

use domain::Scope;
use domain::listing::{ListQuery, Row};
use domain::{Kind, resource::Cell};
use leptos::prelude::*;

use crate::api;
use crate::error::AppError;
use crate::ui::{ProblemNote, Skeleton};

/// Shown at once.
const OFFERED: usize = 6;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// What is chosen.
    pub value: String,
    /// What people call it.
    pub name: String,
    /// What else tells it apart.
    pub about: String,
    /// It is offered before others.
    pub first: bool,
}

/// What is asked for it: of one account and region, by a part of the name.
pub(super) fn query(kind: Kind, scope: &Scope, text: &str) -> ListQuery {
    ListQuery {
        accounts: vec![scope.account.clone()],
        regions: vec![scope.region.clone()],
        text: text.chars().take(domain::listing::MAX_TEXT).collect(),
        limit: domain::listing::MAX_LIMIT,
        ..ListQuery::all(kind)
    }
}

/// The words in a column of a row.
pub(super) fn words(row: &Row, column: &str) -> String {
    let place = domain::describe::columns(row.key.kind).iter().position(|c| c.id == column);
    match place.and_then(|n| row.cells.get(n)) {
        Some(Cell::Text(text) | Cell::Mono(text) | Cell::Ref(_, text)) => text.clone(),
        Some(Cell::List(all)) => all.join(", "),
        _ => String::new(),
    }
}

/// The list. Asked again with what is typed, unless that was picked from it; never while rendering on the server.
pub(super) fn offers(
    label: &'static str,
    none: &'static str,
    chosen: Signal<String>,
    typed: RwSignal<String>,
    ask: impl Fn(&str) -> ListQuery + Send + Sync + 'static,
    of: impl Fn(&[Row]) -> Vec<Offer> + Send + Sync + 'static,
    choose: impl Fn(String) + Copy + Send + Sync + 'static,
) -> AnyView {
    let picked = RwSignal::new(String::new());
    let text = Memo::new(move |_| {
        let typed = typed.get();
        if picked.with(|picked| *picked == typed) { String::new() } else { typed.trim().to_owned() }
    });
    let rows = LocalResource::new(move || {
        let query = ask(&text.get());
        async move { api::list(query).await }
    });
    let list = move || match rows.get() {
        None => view! { <Skeleton lines=2/> }.into_any(),
        Some(Err(AppError(problem))) => view! { <ProblemNote problem=problem/> }.into_any(),
        Some(Ok(page)) => {
            let mut all = of(&page.rows);
            all.sort_by_key(|offer| !offer.first);
            if all.is_empty() {
                let words = if text.with(String::is_empty) { none } else { "Nothing here is called so." };
                return view! { <span class="hint">{words}</span> }.into_any();
            }
            let more = all.len().saturating_sub(OFFERED);
            let options = all.into_iter().take(OFFERED).map(|Offer { value, name, about, .. }| {
                let own = value.clone();
                let on = move || (chosen.get() == own).to_string();
                let pick = move |_| {
                    picked.set(value.clone());
                    typed.set(value.clone());
                    choose(value.clone());
                };
                view! {
                    <button class="option" r#type="button" aria-pressed=on on:click=pick>
                        <span class="grow">{name}<small class="faint">{about}</small></span>
                    </button>
                }
            });
            let rest = (more > 0)
                .then(|| view! { <span class="hint">{format!("{more} more: type a part of the name.")}</span> });
            view! { {options.collect_view()}{rest} }.into_any()
        }
    };
    view! { <div class="field suggested" role="group" aria-label=label>{list}</div> }.into_any()
}

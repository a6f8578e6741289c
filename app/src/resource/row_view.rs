//! The heads and cells of a list's table. `data-col` is what the widths of `app/js/kit/widths.js` are set by.

use domain::listing::{Direction, Order, Row};
use domain::resource::{Cell, Column, Form};
use domain::{Kind, Millis};
use leptos::prelude::*;
use std::sync::Arc;

use super::query::ListUrl;
use super::select_all::SelectAll;
use super::selection::{Picks, Selection};
use super::windows::Windows;
use crate::api::Boot;
use crate::paths::{self, Scopes};
use crate::ui::{Age, Icon, StateBadge, column_view, cut_ends, icon};

/// Which columns a table shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    /// Whether any resource in sight has a state.
    pub state: bool,
    /// The kind's own, with their place among the cells.
    pub own: Vec<(usize, &'static Column)>,
    /// Shown when more than one is in scope.
    pub account: bool,
    /// Shown when more than one is in scope.
    pub region: bool,
    /// All rows live in the resource whose page this is: its name need not be said in each.
    pub inside: bool,
}

impl Columns {
    /// From the URL and what there is.
    pub fn new(url: &ListUrl, boot: &Boot, scopes: &Scopes, state: bool) -> Self {
        let some = |chosen: usize, all: usize| if chosen == 0 { all > 1 } else { chosen > 1 };
        Self {
            state,
            own: url.shown(),
            account: some(scopes.accounts.len(), boot.instance.accounts.len()),
            region: some(scopes.regions.len(), boot.instance.regions.len()) && !url.kind.is_global(),
            inside: false,
        }
    }
    /// Whether there is room for longer names.
    pub fn are_few(&self) -> bool {
        self.count() < 8
    }
    /// How many there are in all.
    pub fn count(&self) -> usize {
        2 + self.own.len() + usize::from(self.state) + usize::from(self.account) + usize::from(self.region)
    }
}

/// The heads; each sorts by a click, and the first has the box that picks all.
#[component]
pub fn HeadCells(
    /// The columns.
    columns: Memo<Columns>,
    /// The list's query string.
    url: Memo<ListUrl>,
    /// The address its links are relative to.
    base: StoredValue<String>,
    /// The rows.
    windows: Windows,
    /// What is picked of them.
    selection: Selection,
) -> impl IntoView {
    let head = move |id: &'static str, title: &'static str, class: &'static str| {
        let url = url.get();
        let (order, mark) = match url.order() {
            Order { by, direction: Direction::Ascending } if by == id => (Some("ascending"), Some(Icon::Up)),
            Order { by, direction: Direction::Descending } if by == id => (Some("descending"), Some(Icon::Down)),
            _ => (None, None),
        };
        let href = base.with_value(|b| url.sorted(id).href_on(b));
        // The last one takes what the others leave.
        let grip = (id != "changed").then(|| view! {
            <span
                class="grip" role="separator" aria-orientation="vertical" tabindex="0" aria-valuenow="0" aria-valuetext="automatic"
                aria-label=format!("Width of {title}") title="Drag to set the width; so do ← and →, and Home resets it"
            ></span>
        });
        let all = (id == "name").then(|| view! { <SelectAll kind=url.kind windows=windows selection=selection/> });
        view! { <th scope="col" class=class aria-sort=order data-col=id>{all}<a href=href>{title}{mark.map(icon)}</a>{grip}</th> }
    };
    move || {
        let columns = columns.get();
        let own =
            columns.own.iter().map(|(_, c)| head(c.id, c.title, if c.numeric { "num" } else { "" })).collect_view();
        view! {
            {head("name", "Name", "")}
            {columns.state.then(|| head("state", "State", ""))}
            {own}
            {columns.account.then(|| head("account", "Account", "hide-s"))}
            {columns.region.then(|| head("region", "Region", "hide-s"))}
            {head("changed", "Changed", "num")}
        }
    }
}

/// Where a name ends with what tells it from its like (a tag, a revision, a task's id, an address without its scheme): what they share, and that.
fn ends(row: &Row) -> Option<(&str, &str)> {
    let at = match row.key.kind {
        Kind::Image => row.name.rfind('@').or_else(|| row.name.rfind(':')),
        Kind::TaskDefinition | Kind::FunctionVersion | Kind::FunctionAlias => row.name.rfind(':'),
        Kind::Task => row.name.rfind(' '),
        Kind::FunctionUrl => row.name.find("//").map(|at| at + 2),
        _ => None,
    };
    at.map(|at| row.name.split_at(at))
}

/// The cell of a column.
pub fn cell<'a>(row: &'a Row, id: &str) -> Option<&'a Cell> {
    row.cells.get(domain::describe::columns(row.key.kind).iter().position(|c| c.id == id)?)
}

/// What an image is called where its repository need not be said: its tags, or the beginning of its digest; of a part of an index its platform, of
/// what is said of an image what it is.
fn within(row: &Row, part: bool) -> Option<String> {
    if row.key.kind != Kind::Image {
        return None;
    }
    match (part, cell(row, "platforms")) {
        (true, Some(Cell::List(platforms))) => return Some(platforms.join(", ")),
        // No platform but what it is: a signature.
        (true, Some(Cell::Text(what))) => return Some(what.clone()),
        _ => {}
    }
    let own = ends(row)?.1;
    match (own.strip_prefix(':'), cell(row, "tags")) {
        (Some(tag), Some(Cell::List(others))) => Some(format!("{tag}, {}", others.join(", "))),
        (Some(tag), _) => Some(tag.to_owned()),
        (None, _) => Some(own.trim_start_matches('@').to_owned()),
    }
}

/// The name as a link; `short` is all that need be said of it.
pub fn name_link(row: &Row, href: String, short: Option<String>) -> AnyView {
    let whole = row.name.clone();
    if let Some(short) = short {
        let label = format!("{short} ({whole})");
        return match short.find("sha256:").map(|at| short.split_at(at + "sha256:".len())) {
            Some((algorithm, number)) => {
                let parts = cut_ends(algorithm, number);
                view! { <a class="cut ends" href=href title=whole aria-label=label>{parts}</a> }.into_any()
            }
            None => view! { <a class="cut" href=href title=whole aria-label=label>{short}</a> }.into_any(),
        };
    }
    match ends(row) {
        Some((shared, own)) => {
            // All digests are of one algorithm; its name would take the room of the repository's.
            let digest = own.strip_prefix("@sha256:").map(|digits| format!("@{}", digits.get(..8).unwrap_or(digits)));
            let parts = cut_ends(shared, digest.as_deref().unwrap_or(own));
            view! { <a class="cut ends" href=href title=whole.clone() aria-label=whole>{parts}</a> }.into_any()
        }
        None => view! { <a class="cut" href=href title=whole.clone()>{whole.clone()}</a> }.into_any(),
    }
}

/// The cells of a row.
pub fn row_cells(
    row: &Arc<Row>,
    columns: &Columns,
    boot: &Boot,
    scopes: &Scopes,
    now: Millis,
    picks: Picks,
    part: bool,
) -> impl IntoView + use<> {
    let href = scopes.on(&paths::detail(&row.key));
    let short = match row.key.kind {
        Kind::Registry => Some(boot.called(&row.key, &row.name)),
        _ if columns.inside || part => within(row, part),
        _ => None,
    };
    let link = |reference: &str| scopes.on(&paths::resolve(reference));
    let own = columns
        .own
        .iter()
        .map(|(i, column)| {
            let cell = column_view(column, row.cells.get(*i).unwrap_or(&Cell::None), now, &link);
            let class = match column.form {
                Form::Sentence => "wide",
                _ if column.numeric => "num",
                _ => "",
            };
            view! { <td class=class data-col=column.id>{cell}</td> }
        })
        .collect_view();
    let account = columns.account.then(|| {
        let id = row.key.scope.account.to_string();
        view! { <td class="hide-s" data-col="account"><span title=id>{boot.account_name(&row.key.scope.account)}</span></td> }
    });
    let region = columns
        .region
        .then(|| view! { <td class="dim hide-s" data-col="region">{row.key.scope.region.to_string()}</td> });
    // Narrow windows have it under the name instead of far to the right.
    let account_name = columns.account.then(|| boot.account_name(&row.key.scope.account));
    let place: Vec<String> =
        account_name.into_iter().chain(columns.region.then(|| row.key.scope.region.to_string())).collect();
    let place = (!place.is_empty()).then(|| view! { <small class="place">{place.join(" · ")}</small> });
    let found =
        row.matched.clone().map(|words| view! { <small class="found-by" title=words.clone()>{words.clone()}</small> });
    let state = columns.state.then(|| match row.gone {
        Some(at) => {
            view! { <td data-col="state"><span class="badge quiet">"gone "<Age at=at now=now/></span></td> }.into_any()
        }
        None => view! { <td data-col="state"><StateBadge state=row.state.clone()/></td> }.into_any(),
    });
    let class = if found.is_some() { "name found" } else { "name" };
    view! {
        <td class=class data-col="name">
            {picks.tick(row)}{picks.opened.button(row)}{name_link(row, href, short)}{found}{place}{picks.more(row)}
        </td>
        {state}
        {own}
        {account}
        {region}
        <td class="num dim"><Age at=row.changed now=now/></td>
    }
}

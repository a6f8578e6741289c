//! A table of what lives in a resource: the images of a repository, the services of a cluster. Read on the server, so the rows
//! are in the first answer.

use domain::describe::columns;
use domain::listing::{ListQuery, MAX_LIMIT, Order, Page};
use domain::resource::{Cell, Form};
use domain::stream::ToPage;
use domain::{Kind, ResourceKey, Scope};
use leptos::prelude::*;
use std::time::Duration;

use super::{card_with, nothing, why};
use crate::layout::use_scopes;
use crate::live;
use crate::overview::SELDOM;
use crate::paths::{self, Scopes};
use crate::resource::{freshness::FailingScopes, name_link, query::ListUrl};
use crate::ui::{ProblemNote, Skeleton, StateBadge, column_view, format};
use crate::wire::ask;

/// The columns of the parent itself say the same in each row.
const OF_THE_PARENT: &[&str] = &["function", "cluster", "repository"];

/// What to list, and how.
#[derive(Clone)]
pub struct Children {
    /// Its heading.
    pub title: &'static str,
    /// What is listed.
    pub kind: Kind,
    /// Where.
    pub scope: Scope,
    /// Only what lives in it.
    pub parent: Option<ResourceKey>,
    /// Sorted by this column, `-` first for descending.
    pub sort: &'static str,
    /// Filters: facet and values, any of which matches.
    pub only: Vec<(&'static str, Vec<String>)>,
    /// Exactly these columns, in this order; empty: those that the list of the kind shows.
    pub columns: &'static [&'static str],
    /// Whether a row is a block of lines in a narrow window.
    pub stacks: bool,
    /// Whether texts take further lines where there is no room for one, so that no column is out of sight.
    pub wraps: bool,
    /// Said when there is none.
    pub empty: &'static str,
}

impl Children {
    /// All of a kind in a parent.
    pub fn of(title: &'static str, kind: Kind, parent: &ResourceKey, sort: &'static str, empty: &'static str) -> Self {
        let key = parent.clone();
        let scope = key.scope.clone();
        let parent = Some(key);
        Self { title, kind, scope, parent, sort, only: vec![], columns: &[], stacks: false, wraps: false, empty }
    }

    /// In another parent than the resource itself.
    pub fn within(mut self, parent: Option<ResourceKey>) -> Self {
        self.parent = parent;
        self
    }

    /// Only those with one of these values of a facet.
    pub fn only(mut self, facet: &'static str, values: &[&str]) -> Self {
        self.only.push((facet, values.iter().map(|v| (*v).to_owned()).collect()));
        self
    }

    /// With these columns.
    pub fn showing(mut self, columns: &'static [&'static str]) -> Self {
        self.columns = columns;
        self
    }

    /// A row is a block of lines in a narrow window: for few rows that say much.
    pub fn stacking(mut self) -> Self {
        self.stacks = true;
        self
    }

    /// Texts take further lines where there is no room for one: for columns of which each is needed to understand the others.
    pub fn wrapping(mut self) -> Self {
        self.wraps = true;
        self
    }

    /// The question for the server.
    pub fn query(&self) -> ListQuery {
        let mut query = ListQuery::all(self.kind);
        query.parent.clone_from(&self.parent);
        query.accounts = vec![self.scope.account.clone()];
        query.regions = vec![self.scope.region.clone()];
        query.sort_by(Order::read(self.sort));
        query.limit = MAX_LIMIT;
        query.filters.extend(self.only.iter().map(|(facet, values)| ((*facet).to_owned(), values.clone())));
        query
    }

    /// The list of the kind with all of these. `None` where none of its filters says in what they live.
    pub fn list(&self, page: &Page) -> Option<String> {
        let mut pairs: Vec<(String, String)> = [
            ("account", self.scope.account.to_string()),
            ("region", self.scope.region.to_string()),
            ("sort", self.sort.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        let value = |value: &String| value.replace(',', "%2C");
        for (facet, values) in &self.only {
            pairs.push(((*facet).to_owned(), values.iter().map(value).collect::<Vec<_>>().join(",")));
        }
        if self.parent.is_some() {
            // All rows have one value of it: that of the parent.
            let of_it = page.facets.iter().find(|f| OF_THE_PARENT.contains(&f.id.as_str()))?;
            let [(parent, _)] = of_it.values.as_slice() else { return None };
            pairs.push((of_it.id.clone(), value(parent)));
        }
        Some(ListUrl::new(self.kind, pairs).href())
    }

    /// The card.
    pub fn view(self) -> AnyView {
        let query = self.query();
        let (again, kind) = (changes_of(self.kind), self.kind);
        // Its list may fail, or be read again, without any change.
        let collects =
            live::count(SELDOM, move |message| matches!(message, ToPage::Freshness { kinds } if kinds.contains(&kind)));
        let page = ask(move || (again.get(), collects.get(), query.clone()), |(_, _, query)| crate::api::list(query));
        let (title, scopes) = (self.title, use_scopes());
        view! {
            <Transition fallback=move || card_with(title, (), view! { <div class="in"><Skeleton/></div> })>
                {move || {
                    let children = self.clone();
                    let scopes = scopes.get();
                    Suspend::new(async move {
                        match page.await {
                            Ok(page) => children.table(&page, &scopes),
                            Err(e) => card_with(children.title, (), view! { <div class="in"><ProblemNote problem=e.0/></div> }),
                        }
                    })
                }}
            </Transition>
        }
        .into_any()
    }

    fn table(&self, page: &Page, scopes: &Scopes) -> AnyView {
        // What could not be read is not said to be none.
        let (fresh, now) = (Signal::stored(page.freshness.clone()), Signal::stored(page.now));
        let trouble = page.freshness.iter().any(|f| !f.is_well());
        let trouble = trouble.then(|| view! { <div class="in"><FailingScopes freshness=fresh now=now/></div> });
        if page.rows.is_empty() {
            return match page.freshness.iter().all(|f| f.complete.is_some()) {
                true => card_with(self.title, format::number(0), view! { {trouble}{nothing(self.empty)} }),
                false if trouble.is_some() => card_with(self.title, (), trouble),
                false => card_with(self.title, (), nothing("Not read from AWS yet.")),
            };
        }
        let all = || columns(self.kind).iter().enumerate();
        let shown: Vec<_> = match self.columns {
            [] => all().filter(|(_, c)| c.shown && !OF_THE_PARENT.contains(&c.id)).collect(),
            chosen => chosen.iter().filter_map(|id| all().find(|(_, c)| c.id == *id)).collect(),
        };
        // A reason with a column of its own is not said twice.
        let reasons = !shown.iter().any(|(_, c)| c.id == "reason");
        let state = page.rows.iter().any(|r| r.state.is_some());
        // What is no table to the eye still is one to whoever hears it.
        let role = |role: &'static str| self.stacks.then_some(role);
        let (row_role, cell_role) = (role("row"), role("cell"));
        let head = shown.iter().map(|(_, c)| view! { <th scope="col" class=c.numeric.then_some("num")>{c.title}</th> });
        let head = head.collect_view();
        let rows = page.rows.iter().map(|row| {
            let cells = shown.iter().map(|(i, c)| {
                let cell = row.cells.get(*i).cloned().unwrap_or(Cell::None);
                let value = match cell {
                    Cell::Text(text) if c.form == Form::Sentence => why(Some(text)),
                    cell => column_view(c, &cell, page.now, &|r| scopes.on(&paths::resolve(r))),
                };
                view! { <td class=c.numeric.then_some("num") role=cell_role data-title=c.title>{value}</td> }
            });
            let reason = row.state.as_ref().and_then(|s| s.reason.clone()).filter(|_| reasons);
            view! {
                <tr class:gone=row.gone.is_some() role=row_role>
                    <td class="name" role=cell_role>{name_link(row, scopes.on(&paths::detail(&row.key)), None)}</td>
                    {state.then(|| view! { <td role=cell_role><StateBadge state=row.state.clone()/>{why(reason)}</td> })}
                    {cells.collect_view()}
                </tr>
            }
        });
        let rows = rows.collect_view();
        card_with(
            self.title,
            how_many(page, self.list(page)),
            view! {
                {trouble}
                <div class="scroll plain" tabindex="0">
                    <table class="table" class:stacks=self.stacks class:wraps=self.wraps role=role("table")>
                        <thead><tr><th scope="col">"Name"</th>{state.then(|| view! { <th scope="col">"State"</th> })}{head}</tr></thead>
                        <tbody role=role("rowgroup")>{rows}</tbody>
                    </table>
                </div>
            },
        )
    }
}

/// How many there are; where not all are shown, that, and the way to the list of all.
pub fn how_many(page: &Page, list: Option<String>) -> AnyView {
    let matched = format::number(i64::from(page.matched));
    if page.matched as usize <= page.rows.len() {
        return matched.into_any();
    }
    let words = format!("first {} of {matched}", page.rows.len());
    let all = list.map(|href| view! { " · "<a class="ref" href=href>"See all"</a> });
    view! { {words}{all} }.into_any()
}

/// Counts up when resources of this kind changed, at most about three times a second.
pub fn changes_of(kind: Kind) -> RwSignal<u32> {
    let concerns = move |message: &ToPage| matches!(message, ToPage::Changed { kinds, .. } if kinds.contains(&kind));
    live::count(Duration::from_millis(300), concerns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Millis;
    use domain::listing::Facet;

    #[test]
    fn the_rest_is_in_the_list_by_the_same_filters() {
        let facet = |id: &str, values: &[&str]| Facet {
            id: id.to_owned(),
            title: String::new(),
            values: values.iter().map(|value| ((*value).to_owned(), 700)).collect(),
        };
        let page = |facets: Vec<Facet>| Page {
            rows: vec![],
            total: 700,
            matched: 700,
            facets,
            freshness: vec![],
            version: 0,
            now: Millis(0),
        };
        let cluster = ResourceKey::parse("ecs.cluster/111122223333/eu-west-1/prod").unwrap();
        let tasks = Children::of("Tasks", Kind::Task, &cluster, "name", "").only("state", &["RUNNING", "PENDING"]);
        let there = page(vec![facet("state", &["RUNNING"]), facet("cluster", &["prod"])]);
        assert_eq!(
            tasks.list(&there).as_deref(),
            Some("/tasks?account=111122223333&cluster=prod&region=eu-west-1&sort=name&state=RUNNING,PENDING")
        );
        assert_eq!(tasks.list(&page(vec![])), None, "nothing says which cluster");
        let all = tasks.within(None).list(&page(vec![]));
        assert_eq!(
            all.as_deref(),
            Some("/tasks?account=111122223333&region=eu-west-1&sort=name&state=RUNNING,PENDING")
        );
    }
}

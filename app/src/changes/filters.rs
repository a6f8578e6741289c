//! What the changes are chosen by: the query string besides the scope, a plain form and links, which work before the page has been taken over.

use domain::history::HistoryQuery;
use domain::listing::capital;
use domain::{AccountId, Kind, Problem, Region};
use leptos::prelude::*;

use crate::activity::filter::{self, Filter};
use crate::api::Boot;
use crate::paths::{self, Scopes};
use crate::ui::{Choice, chip};

/// What of the query string belongs to this page, in the order in which links write it.
const NAMES: [&str; 5] = ["kind", "q", "from", "to", "before"];
/// The choice that the address says.
pub fn read(get: impl Fn(&str) -> Option<String>) -> Filter {
    Filter::read(paths::CHANGES, &NAMES, get)
}

/// The question for the server.
///
/// # Errors
/// What cannot be meant, with its field.
pub fn query(filter: &Filter, scopes: &Scopes, limit: u32) -> Result<HistoryQuery, Problem> {
    let query = HistoryQuery::read(limit, |name| filter.get(name))?;
    Ok(HistoryQuery { accounts: scopes.accounts.clone(), regions: scopes.regions.clone(), ..query })
}

/// The list without the item, or with it if it was not there.
fn toggled<T: PartialEq + Clone>(items: &[T], item: &T) -> Vec<T> {
    let others: Vec<T> = items.iter().filter(|i| *i != item).cloned().collect();
    if others.len() == items.len() { [items, std::slice::from_ref(item)].concat() } else { others }
}

fn choice(words: String, on: bool, href: String) -> Choice {
    Choice { words, value: None, on, href, count: None }
}

/// Accounts, those that no connection leads to only if they are looked at.
fn accounts(filter: &Filter, boot: &Boot, scopes: &Scopes) -> Vec<Choice> {
    let known = || boot.instance.accounts.iter().map(|(id, _)| id);
    let strangers = scopes.accounts.iter().filter(|id| known().all(|k| k != *id));
    let each = |id: &AccountId| {
        let next = Scopes { accounts: toggled(&scopes.accounts, id), regions: scopes.regions.clone() };
        choice(boot.account_name(id), scopes.accounts.contains(id), filter.with(&[]).href(&next))
    };
    known().chain(strangers).map(each).collect()
}

fn regions(filter: &Filter, boot: &Boot, scopes: &Scopes) -> Vec<Choice> {
    let each = |region: &Region| {
        let next = Scopes { accounts: scopes.accounts.clone(), regions: toggled(&scopes.regions, region) };
        choice(region.to_string(), scopes.regions.contains(region), filter.with(&[]).href(&next))
    };
    boot.instance.regions.iter().map(each).collect()
}

/// The form, and below it what applies at once.
pub fn form(filter: &Filter, problem: Option<&Problem>, boot: &Boot, scopes: &Scopes) -> AnyView {
    let chosen = filter.get("kind").and_then(|text| Kind::named(text).ok());
    let kinds = Kind::ALL.iter().map(|k| {
        let on = chosen == Some(*k);
        let href = filter.with(&[("kind", (!on).then_some(k.segment()))]).href(scopes);
        choice(capital(k.plural()), on, href)
    });
    let kind = chip("Kind", "kind", kinds.collect());
    // What its fields do not say is carried along when the form is sent.
    let hidden = chosen.map(|k| view! { <input r#type="hidden" name="kind" value=k.segment()/> });
    let all = (filter.is_set() || !scopes.is_all()).then(|| paths::CHANGES.to_owned());
    view! {
        <form class="filters changes" method="get" action=paths::CHANGES role="search" aria-label="Changes">
            {hidden}
            {filter::hidden_scope(scopes)}
            {filter::text(filter, problem, "Name or id")}
            {filter::when(filter, problem, scopes, all)}
        </form>
        <div class="filters">
            <div class="facets">
                {filter::field("kind", problem, kind)}
                {chip("Account", "account", accounts(filter, boot, scopes))}
                {chip("Region", "region", regions(filter, boot, scopes))}
            </div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant_is_said_beside_its_field() {
        let scopes = Scopes::read(None, Some("eu-west-1"));
        let of = |from: &'static str| read(move |name| (name == "from").then(|| from.to_owned()));
        assert_eq!(query(&of("24h"), &scopes, 50).unwrap().regions, scopes.regions);
        let filter = of("never");
        assert!(filter.is_beside_a_field(&query(&filter, &scopes, 50).unwrap_err()));
    }

    #[test]
    fn a_choice_is_added_and_taken_back() {
        assert_eq!(toggled(&["a", "b"], &"c"), ["a", "b", "c"]);
        assert_eq!(toggled(&["a", "b"], &"a"), ["b"]);
    }
}

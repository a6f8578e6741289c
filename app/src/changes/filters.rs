//! What the changes are chosen by: the query string besides the scope, and a plain form, which works before the page has been taken over.

use domain::history::HistoryQuery;
use domain::listing::capital;
use domain::{Kind, Problem};
use leptos::prelude::*;

use crate::activity::filter::{self, Filter};
use crate::api::Boot;
use crate::paths::{self, Scopes};

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

/// The form.
pub fn form(filter: &Filter, problem: Option<&Problem>, boot: &Boot, scopes: &Scopes) -> AnyView {
    let chosen = filter.get("kind").and_then(|text| Kind::named(text).ok());
    let kinds = Kind::ALL.iter().map(|k| {
        view! { <option value=k.segment() selected=chosen == Some(*k)>{capital(k.plural())}</option> }
    });
    let one = |n: usize| n == 1;
    let accounts = boot.instance.accounts.iter().map(|(id, _)| {
        let selected = one(scopes.accounts.len()) && scopes.accounts.contains(id);
        view! { <option value=id.to_string() selected=selected>{boot.account_name(id)}</option> }
    });
    let regions = boot.instance.regions.iter().map(|region| {
        let selected = one(scopes.regions.len()) && scopes.regions.contains(region);
        view! { <option value=region.to_string() selected=selected>{region.to_string()}</option> }
    });
    let kind = view! {
        <label class="inline"><span class="dim">"Kind"</span><select class="select" name="kind"><option value="">"All"</option>{kinds.collect_view()}</select></label>
    };
    let all = (filter.is_set() || !scopes.is_all()).then(|| paths::CHANGES.to_owned());
    view! {
        <form class="filters changes" method="get" action=paths::CHANGES role="search" aria-label="Changes">
            {filter::text(filter, problem, "Name or id")}
            {filter::field("kind", problem, kind.into_any())}
            <label class="inline"><span class="dim">"Account"</span><select class="select" name="account"><option value="">"All"</option>{accounts.collect_view()}</select></label>
            <label class="inline"><span class="dim">"Region"</span><select class="select" name="region"><option value="">"All"</option>{regions.collect_view()}</select></label>
            {filter::when(filter, problem, scopes, all)}
        </form>
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
}

//! What the changes are chosen by: the query string besides the scope, and a plain form, which works before the page has been taken over.

use domain::history::HistoryQuery;
use domain::listing::{MAX_TEXT, capital};
use domain::{Kind, Problem};
use leptos::prelude::*;

use crate::api::Boot;
use crate::paths::{self, Scopes, encode};
use crate::ui::{Icon, icon};

/// What of the query string belongs to this page, in the order in which links write it.
const NAMES: [&str; 5] = ["kind", "q", "from", "to", "before"];
/// Ages that are a click away: as the address says them, in words.
const AGES: [(&str, &str); 4] =
    [("1h", "Last hour"), ("24h", "Last 24 hours"), ("7d", "Last 7 days"), ("30d", "Last 30 days")];

/// The query string, scope left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(Vec<(&'static str, String)>);

impl Filter {
    /// Keeps what belongs to this page and is not empty.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let pair = |name| get(name).filter(|value| !value.trim().is_empty()).map(|value| (name, value));
        Self(NAMES.into_iter().filter_map(pair).collect())
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
    }

    /// Whether anything is left out, besides what is on other pages of the same choice.
    pub fn is_set(&self) -> bool {
        self.0.iter().any(|(name, _)| *name != "before")
    }

    /// The same with some parameters replaced, `None` removes one; another choice begins with its newest entry.
    pub fn with(&self, changes: &[(&'static str, Option<&str>)]) -> Self {
        Self::read(|name| match changes.iter().find(|(n, _)| *n == name) {
            Some((_, value)) => value.map(str::to_owned),
            None if name == "before" => None,
            None => self.get(name).map(str::to_owned),
        })
    }

    /// Where it leads.
    pub fn href(&self, scopes: &Scopes) -> String {
        let query: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let path = if query.is_empty() {
            paths::CHANGES.to_owned()
        } else {
            format!("{}?{}", paths::CHANGES, query.join("&"))
        };
        scopes.on(&path)
    }

    /// The question for the server.
    ///
    /// # Errors
    /// What cannot be meant, with its field.
    pub fn query(&self, scopes: &Scopes, limit: u32) -> Result<HistoryQuery, Problem> {
        let query = HistoryQuery::read(limit, |name| self.get(name))?;
        Ok(HistoryQuery { accounts: scopes.accounts.clone(), regions: scopes.regions.clone(), ..query })
    }
}

/// Whether the form says this problem beside a field.
pub fn is_beside_a_field(problem: &Problem) -> bool {
    problem.field.as_deref().is_some_and(|field| field != "before" && NAMES.contains(&field))
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
    let wrong = |name: &'static str| problem.filter(|p| p.field.as_deref() == Some(name)).map(|p| p.message.clone());
    let field = |name: &'static str, label: AnyView| {
        let words = wrong(name);
        let class = if words.is_some() { "field wrong" } else { "field" };
        view! { <div class=class>{label}{words.map(|words| view! { <span class="err" role="alert">{words}</span> })}</div> }
    };
    let moment = |name: &'static str, label: &'static str, placeholder: &'static str, list: Option<&'static str>| {
        let value = filter.get(name).unwrap_or_default().to_owned();
        let invalid = wrong(name).map(|_| "true");
        let input = view! {
            <label class="inline">
                <span class="dim">{label}</span>
                <span class="input moment"><input name=name value=value placeholder=placeholder list=list maxlength="40" autocomplete="off" spellcheck="false" aria-invalid=invalid/></span>
            </label>
        };
        field(name, input.into_any())
    };
    let text = view! {
        <label class="input">
            {icon(Icon::Search)}
            <input
                r#type="search" name="q" maxlength=MAX_TEXT.to_string() autocomplete="off" spellcheck="false" data-filter=""
                placeholder="Name or id" aria-label="Name or id" value=filter.get("q").unwrap_or_default().to_owned()
            />
            <kbd>"/"</kbd>
        </label>
    };
    let kind = view! {
        <label class="inline"><span class="dim">"Kind"</span><select class="select" name="kind"><option value="">"All"</option>{kinds.collect_view()}</select></label>
    };
    let ages = AGES.iter().map(|(age, words)| {
        let on = filter.get("from") == Some(age) && filter.get("to").is_none();
        let href = filter.with(&[("from", (!on).then_some(age)), ("to", None)]).href(scopes);
        view! { <a class="chip" class:on=on href=href aria-current=on.then_some("true")>{*words}</a> }
    });
    let known = AGES.iter().map(|(age, words)| view! { <option value=*age>{*words}</option> });
    let some = filter.is_set() || !scopes.is_all();
    view! {
        <form class="filters changes" method="get" action=paths::CHANGES role="search" aria-label="Changes">
            {field("q", text.into_any())}
            {field("kind", kind.into_any())}
            <label class="inline"><span class="dim">"Account"</span><select class="select" name="account"><option value="">"All"</option>{accounts.collect_view()}</select></label>
            <label class="inline"><span class="dim">"Region"</span><select class="select" name="region"><option value="">"All"</option>{regions.collect_view()}</select></label>
            <div class="when">
                <div class="facets">{ages.collect_view()}</div>
                {moment("from", "From (UTC)", "2026-11-23 or 24h", Some("ages"))}
                {moment("to", "To (UTC)", "2026-11-23T18:00", None)}
                <datalist id="ages">{known.collect_view()}</datalist>
                <button class="btn" r#type="submit">"Show"</button>
                {some.then(|| view! { <a class="btn quiet" href=paths::CHANGES>"Show all"</a> })}
            </div>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_change_one_thing_and_keep_the_rest() {
        let of = |query: &str| {
            Filter::read(|name| query.split('&').find_map(|p| p.strip_prefix(&format!("{name}="))).map(str::to_owned))
        };
        let scopes = Scopes::read(None, Some("eu-west-1"));
        let filter = of("q=a b&from=24h&to=&before=7&utm=x");
        assert_eq!(filter.href(&scopes), "/changes?q=a%20b&from=24h&before=7&region=eu-west-1");
        assert_eq!(filter.with(&[("from", None)]).href(&scopes), "/changes?q=a%20b&region=eu-west-1");
        assert_eq!(
            filter.with(&[("before", Some("5"))]).href(&scopes),
            "/changes?q=a%20b&from=24h&before=5&region=eu-west-1"
        );
        assert!(filter.is_set() && !of("before=7").is_set());
        assert_eq!(filter.query(&scopes, 50).unwrap().regions, scopes.regions);
        assert!(is_beside_a_field(&of("from=never").query(&scopes, 50).unwrap_err()));
    }

    #[test]
    fn the_ages_offered_are_understood() {
        for (age, _) in AGES {
            assert!(domain::history::Since::parse(age).is_some(), "{age}");
        }
    }
}

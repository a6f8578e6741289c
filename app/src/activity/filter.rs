//! A choice among many entries as the query string says it, scope left out; and the fields that change it.

use domain::Problem;
use domain::listing::{MAX_EXPORT, MAX_TEXT};
use leptos::prelude::*;

use crate::paths::{Scopes, encode};
use crate::ui::{Icon, icon};

/// Ages that are a click away: as the address says them, in words.
pub const AGES: [(&str, &str); 4] =
    [("1h", "Last hour"), ("24h", "Last 24 hours"), ("7d", "Last 7 days"), ("30d", "Last 30 days")];

/// What of the query string belongs to a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    path: &'static str,
    names: &'static [&'static str],
    pairs: Vec<(&'static str, String)>,
}

impl Filter {
    /// Keeps what belongs to the page at `path` and is not empty; `names` in the order in which links write them.
    pub fn read(path: &'static str, names: &'static [&'static str], get: impl Fn(&str) -> Option<String>) -> Self {
        let pair = |name: &&'static str| get(name).filter(|value| !value.trim().is_empty()).map(|value| (*name, value));
        Self { path, names, pairs: names.iter().filter_map(pair).collect() }
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
    }

    /// Whether anything is left out, besides what is on other pages of the same choice.
    pub fn is_set(&self) -> bool {
        self.pairs.iter().any(|(name, _)| *name != "before")
    }

    /// The same with some parameters replaced, `None` removes one; another choice begins with its newest entry.
    pub fn with(&self, changes: &[(&'static str, Option<&str>)]) -> Self {
        Self::read(self.path, self.names, |name| match changes.iter().find(|(n, _)| *n == name) {
            Some((_, value)) => value.map(str::to_owned),
            None if name == "before" => None,
            None => self.get(name).map(str::to_owned),
        })
    }

    /// The parameters as a query string, empty for none.
    pub fn query_string(&self) -> String {
        let query: Vec<String> = self.pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        query.join("&")
    }

    /// Where it leads.
    pub fn href(&self, scopes: &Scopes) -> String {
        let query = self.query_string();
        let sign = if self.path.contains('?') { '&' } else { '?' };
        scopes.on(&if query.is_empty() { self.path.to_owned() } else { format!("{}{sign}{query}", self.path) })
    }

    /// The same choice as a file, whole, of the list that the API has at `api`: that of the scope, too, which the API takes by the same names.
    pub fn export(&self, api: &str, scopes: &Scopes, format: &str) -> String {
        let query = self.with(&[]).query_string();
        let sign = if query.is_empty() { "" } else { "&" };
        scopes.on(&format!("{api}?{query}{sign}format={format}&limit={MAX_EXPORT}"))
    }

    /// Whether the form says this problem beside a field.
    pub fn is_beside_a_field(&self, problem: &Problem) -> bool {
        problem.field.as_deref().is_some_and(|field| field != "before" && self.names.contains(&field))
    }
}

/// A field of a form, with what is wrong with it.
pub fn field(name: &'static str, problem: Option<&Problem>, label: AnyView) -> AnyView {
    let words = wrong(name, problem);
    let class = if words.is_some() { "field wrong" } else { "field" };
    view! { <div class=class>{label}{words.map(|words| view! { <span class="err" role="alert">{words}</span> })}</div> }
        .into_any()
}

fn wrong(name: &str, problem: Option<&Problem>) -> Option<String> {
    problem.filter(|p| p.field.as_deref() == Some(name)).map(|p| p.message.clone())
}

/// The field for a text.
pub fn text(filter: &Filter, problem: Option<&Problem>, placeholder: &'static str) -> AnyView {
    let input = view! {
        <label class="input">
            {icon(Icon::Search)}
            <input
                r#type="search" name="q" maxlength=MAX_TEXT.to_string() autocomplete="off" spellcheck="false" data-filter=""
                placeholder=placeholder aria-label=placeholder value=filter.get("q").unwrap_or_default().to_owned()
            />
            <kbd>"/"</kbd>
        </label>
    };
    field("q", problem, input.into_any())
}

/// A short field with its label before it.
pub fn short(
    filter: &Filter,
    problem: Option<&Problem>,
    name: &'static str,
    label: &'static str,
    placeholder: &'static str,
    list: Option<&'static str>,
) -> AnyView {
    let value = filter.get(name).unwrap_or_default().to_owned();
    let invalid = wrong(name, problem).map(|_| "true");
    let input = view! {
        <label class="inline">
            <span class="dim">{label}</span>
            <span class="input moment"><input name=name value=value placeholder=placeholder list=list maxlength="40" autocomplete="off" spellcheck="false" aria-invalid=invalid/></span>
        </label>
    };
    field(name, problem, input.into_any())
}

/// A choice among words, each with the value that the address has for it; of all of them unless one is chosen.
pub fn select(
    filter: &Filter,
    problem: Option<&Problem>,
    name: &'static str,
    label: &'static str,
    among: impl IntoIterator<Item = (&'static str, &'static str)>,
) -> AnyView {
    let chosen = filter.get(name);
    let options = among.into_iter().map(|(value, words)| {
        let selected = chosen == Some(value);
        view! { <option value=value selected=selected>{words}</option> }
    });
    let input = view! {
        <label class="inline"><span class="dim">{label}</span><select class="select" name=name><option value="">"All"</option>{options.collect_view()}</select></label>
    };
    field(name, problem, input.into_any())
}

/// A range of time: ages that are a click away, or two moments; with the button that shows what was chosen and `all`, which shows everything.
pub fn when(filter: &Filter, problem: Option<&Problem>, scopes: &Scopes, all: Option<String>) -> AnyView {
    let ages = AGES.iter().map(|(age, words)| {
        let on = filter.get("from") == Some(age) && filter.get("to").is_none();
        let href = filter.with(&[("from", (!on).then_some(age)), ("to", None)]).href(scopes);
        view! { <a class="chip" class:on=on href=href aria-current=on.then_some("true")>{*words}</a> }
    });
    let known = AGES.iter().map(|(age, words)| view! { <option value=*age>{*words}</option> });
    view! {
        <div class="when">
            <div class="facets">{ages.collect_view()}</div>
            {short(filter, problem, "from", "From (UTC)", "2026-11-23 or 24h", Some("ages"))}
            {short(filter, problem, "to", "To (UTC)", "2026-11-23T18:00", None)}
            <datalist id="ages">{known.collect_view()}</datalist>
            <button class="btn" r#type="submit">"Show"</button>
            {all.map(|href| view! { <a class="btn quiet" href=href>"Show all"</a> })}
        </div>
    }
    .into_any()
}

/// The links that have the choice as a file, called `name`; `href` of a format.
pub fn downloads(name: &str, href: impl Fn(&str) -> String) -> AnyView {
    let link = |format: &str, label: &'static str| {
        view! { <a class="btn" href=href(format) download=format!("{name}.{format}") rel="external">{label}</a> }
    };
    view! { {link("csv", "Export CSV")}{link("json", "Export JSON")} }.into_any()
}

/// The scope, carried along by a form that is sent.
pub fn hidden_scope(scopes: &Scopes) -> AnyView {
    let fields =
        scopes.pairs().into_iter().map(|(name, value)| view! { <input r#type="hidden" name=name value=value/> });
    fields.collect_view().into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &'static str, query: &str) -> Filter {
        Filter::read(path, &["kind", "q", "from", "to", "before"], |name| {
            query.split('&').find_map(|p| p.strip_prefix(&format!("{name}="))).map(str::to_owned)
        })
    }

    #[test]
    fn links_change_one_thing_and_keep_the_rest() {
        let scopes = Scopes::read(None, Some("eu-west-1"));
        let filter = of("/changes", "q=a b&from=24h&to=&before=7&utm=x");
        assert_eq!(filter.href(&scopes), "/changes?q=a%20b&from=24h&before=7&region=eu-west-1");
        assert_eq!(filter.with(&[("from", None)]).href(&scopes), "/changes?q=a%20b&region=eu-west-1");
        let next = filter.with(&[("before", Some("5"))]);
        assert_eq!(next.href(&scopes), "/changes?q=a%20b&from=24h&before=5&region=eu-west-1");
        assert!(filter.is_set() && !of("/changes", "before=7").is_set());
        assert_eq!(of("/runs?tab=audit", "q=x").href(&Scopes::default()), "/runs?tab=audit&q=x");
    }

    #[test]
    fn the_export_is_of_the_same_choice_and_scope_from_its_latest_entry() {
        let filter = of("/runs?tab=audit", "q=a b&from=24h&before=7");
        assert_eq!(
            filter.export("/api/v1/audit", &Scopes::read(None, Some("eu-west-1")), "csv"),
            "/api/v1/audit?q=a%20b&from=24h&format=csv&limit=100000&region=eu-west-1"
        );
        let all = of("/runs", "").export("/api/v1/runs", &Scopes::default(), "json");
        assert_eq!(all, "/api/v1/runs?format=json&limit=100000");
    }

    #[test]
    fn the_ages_offered_are_understood() {
        for (age, _) in AGES {
            assert!(domain::history::Since::parse(age).is_some(), "{age}");
        }
    }
}

//! Pages and actions that the search finds besides resources. Pure.

use domain::Kind;
use domain::listing::capital;

use crate::paths;

/// A page or an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is called.
    pub name: String,
    /// Where it leads.
    pub href: String,
    /// What it is.
    pub what: &'static str,
}

fn place(name: &str, href: &str, what: &'static str) -> Place {
    Place { name: name.to_owned(), href: href.to_owned(), what }
}

/// All of them.
fn all() -> Vec<Place> {
    let mut places = vec![
        place("Overview", paths::OVERVIEW, "page"),
        place("Changes in the fleet", paths::CHANGES, "page"),
        place("Runs of plans", paths::RUNS, "page"),
        place("Audit trail", paths::AUDIT, "page"),
        place("Compare two resources", "/compare", "action"),
        place("Create private repository", &paths::create(Kind::Repository), "action"),
        place("Create public repository", &paths::create(Kind::PublicRepository), "action"),
        place("Failing services", "/services?attention=1", "action"),
        place("Functions that need attention", "/functions?attention=1", "action"),
        place("Stopped tasks", "/tasks?state=STOPPED", "action"),
        place("Connections", paths::SETTINGS_CONNECTIONS, "page"),
        place("Your sessions", paths::SETTINGS_YOU, "page"),
        place("API tokens", paths::SETTINGS_TOKENS, "page"),
        place("People", paths::SETTINGS_PEOPLE, "page"),
    ];
    places.extend(Kind::ALL.iter().map(|kind| place(&capital(kind.plural()), &paths::list(*kind), "page")));
    places
}

/// Those whose name has every word of the text; without a text the first few.
pub fn find(text: &str, limit: usize) -> Vec<Place> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let fits = |p: &Place| {
        let name = p.name.to_lowercase();
        words.iter().all(|w| name.contains(w.as_str()))
    };
    all().into_iter().filter(fits).take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn pages_are_found_by_any_part_of_their_name() {
        assert_eq!(find("task def", 9)[0].href, "/task-definitions");
        assert_eq!(find("TOKEN", 9)[0].href, "/settings/tokens");
        assert!(find("zzz", 9).is_empty());
        assert_eq!(find("", 4).len(), 4);
    }
}

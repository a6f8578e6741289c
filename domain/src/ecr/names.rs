//! What stands beside the name of a new repository: where else a repository is called so, and which namespaces are in use.

use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::identity::Scope;

/// The most namespaces of one answer.
pub const MOST_NAMESPACES: usize = 100;
/// The most places of one answer.
pub const MOST_PLACES: usize = 20;

/// What was collected beside a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// Other accounts and regions that have a repository of this name, in their order; at most [`MOST_PLACES`].
    pub elsewhere: Vec<Namesake>,
    /// Namespaces that the account's repositories are in, in whichever region, the most used first; at most [`MOST_NAMESPACES`].
    pub namespaces: Vec<Namespace>,
}

/// A repository of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namesake {
    /// Where it is.
    pub scope: Scope,
    /// How many images it has, those of an index counted once; `None` while the images there were never read.
    pub images: Option<u32>,
}

/// What names begin with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// With its `/`: `shop/`, `shop/api/`.
    pub prefix: String,
    /// How many repositories are in it.
    pub repositories: u32,
}

/// The namespaces of these names, nested ones too, the most used first.
pub fn namespaces<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Namespace> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for name in names {
        for (slash, _) in name.match_indices('/') {
            *counts.entry(&name[..=slash]).or_default() += 1;
        }
    }
    let namespace = |(prefix, repositories): (&str, u32)| Namespace { prefix: prefix.to_owned(), repositories };
    let mut all: Vec<Namespace> = counts.into_iter().map(namespace).collect();
    all.sort_by_key(|namespace| Reverse(namespace.repositories));
    all.truncate(MOST_NAMESPACES);
    all
}

/// Those that fit what is typed, in their order: all that go on from it; where none does and it is in no namespace yet, all.
pub fn suggested<'a>(namespaces: &'a [Namespace], typed: &str) -> Vec<&'a Namespace> {
    let longer = |namespace: &&Namespace| namespace.prefix.len() > typed.len() && namespace.prefix.starts_with(typed);
    let fit: Vec<&Namespace> = namespaces.iter().filter(longer).collect();
    if fit.is_empty() && !typed.contains('/') { namespaces.iter().collect() } else { fit }
}

/// What is typed, in this namespace: the beginning of it is completed, a name is put into it.
pub fn within(prefix: &str, typed: &str) -> String {
    match prefix.starts_with(typed) {
        true => prefix.to_owned(),
        false => format!("{prefix}{}", typed.rsplit('/').next().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<Namespace> {
        namespaces(["shop/web", "team/a/x", "shop/api", "alone", "team/a/y", "shop/jobs/nightly"])
    }

    fn prefixes(found: &[&Namespace]) -> Vec<String> {
        found.iter().map(|namespace| namespace.prefix.clone()).collect()
    }

    #[test]
    fn the_most_used_come_first_and_nested_ones_count() {
        let told: Vec<(String, u32)> = known().into_iter().map(|n| (n.prefix, n.repositories)).collect();
        let expected = [("shop/", 3), ("team/", 2), ("team/a/", 2), ("shop/jobs/", 1)];
        assert_eq!(told, expected.map(|(prefix, count)| (prefix.to_owned(), count)));
        assert!(namespaces(["alone"]).is_empty());
    }

    #[test]
    fn what_is_typed_narrows_them_until_it_is_in_one() {
        let known = known();
        assert_eq!(prefixes(&suggested(&known, "")).len(), 4);
        assert_eq!(prefixes(&suggested(&known, "sh")), ["shop/", "shop/jobs/"]);
        assert_eq!(prefixes(&suggested(&known, "shop/")), ["shop/jobs/"]);
        assert_eq!(prefixes(&suggested(&known, "web")).len(), 4, "a name that could be in each");
        assert!(suggested(&known, "shop/web").is_empty());
    }

    #[test]
    fn choosing_one_completes_it_or_puts_the_name_into_it() {
        assert_eq!(within("shop/", "sh"), "shop/");
        assert_eq!(within("shop/", ""), "shop/");
        assert_eq!(within("shop/", "web"), "shop/web");
        assert_eq!(within("team/a/", "shop/web"), "team/a/web");
    }
}

//! Words of a search that say where: regions and accounts.

use crate::identity::{AccountId, Scope};

/// From so many characters on the beginning of a region, or of an account's name or id, is enough.
const BEGINNING: usize = 3;

/// A word of a search that names scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeWord<'w> {
    /// The word, in lower case.
    pub word: &'w str,
    /// For each scope, by its number, whether it is one of those; at least one is.
    pub scopes: Vec<bool>,
    /// It is all of a region or of an account's name or id, not only the beginning.
    pub whole: bool,
}

/// Those of these words, in lower case, that name one of the scopes or more. `accounts` have the names that people gave them. A word that
/// is all of a name does not mean those that it only begins: "prod" leaves out "prod-eu".
pub fn scope_words<'w>(words: &[&'w str], scopes: &[Scope], accounts: &[(AccountId, String)]) -> Vec<ScopeWord<'w>> {
    let names: Vec<(&AccountId, String)> = accounts.iter().map(|(id, name)| (id, name.to_lowercase())).collect();
    let called: Vec<Vec<&str>> = scopes
        .iter()
        .map(|scope| {
            let own = names.iter().filter(|(id, _)| **id == scope.account).map(|(_, name)| name.as_str());
            own.chain([scope.account.as_str(), scope.region.as_str()]).collect()
        })
        .collect();
    let meant = |word: &'w str| {
        let those = |is_meant: &dyn Fn(&str) -> bool| -> Vec<bool> {
            called.iter().map(|names| names.iter().any(|name| is_meant(name))).collect()
        };
        let whole = those(&|name| name == word);
        if whole.contains(&true) {
            return Some(ScopeWord { word, scopes: whole, whole: true });
        }
        if word.chars().count() < BEGINNING {
            return None;
        }
        let begun = those(&|name| name.starts_with(word));
        begun.contains(&true).then_some(ScopeWord { word, scopes: begun, whole: false })
    };
    words.iter().copied().filter_map(meant).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What this word means among prod in two regions, prod-eu, an account called staging, and what of it is global.
    fn meant(word: &str) -> Option<(Vec<bool>, bool)> {
        let [prod, eu, staging] =
            ["111122223333", "222233334444", "444455556666"].map(|id| id.parse::<AccountId>().unwrap());
        let scope = |account: &AccountId, region: &str| Scope::new(account.clone(), region.parse().unwrap());
        let scopes = [
            scope(&prod, "eu-west-1"),
            scope(&prod, "us-east-1"),
            scope(&eu, "eu-west-1"),
            scope(&staging, "us-east-1"),
            scope(&staging, "global"),
        ];
        let accounts = [(prod, "Prod".to_owned()), (eu, "prod-eu".to_owned()), (staging, "staging".to_owned())];
        let mut found = scope_words(&["orders", word], &scopes, &accounts);
        assert!(found.len() < 2, "orders names no scope");
        found.pop().map(|w| (w.scopes, w.whole))
    }

    #[test]
    fn regions_and_accounts_are_named_as_a_whole_or_by_their_beginning() {
        assert_eq!(meant("us-east-1"), Some((vec![false, true, false, true, false], true)));
        assert_eq!(meant("us-"), Some((vec![false, true, false, true, false], false)));
        assert_eq!(meant("us"), None, "too short");
        assert_eq!(meant("east"), None, "no beginning");
        assert_eq!(meant("global"), Some((vec![false, false, false, false, true], true)));
        assert_eq!(meant("staging"), Some((vec![false, false, false, true, true], true)));
        assert_eq!(meant("444455556666"), Some((vec![false, false, false, true, true], true)));
        assert_eq!(meant("2222"), Some((vec![false, false, true, false, false], false)));
    }

    #[test]
    fn a_whole_name_does_not_mean_longer_ones() {
        assert_eq!(meant("prod"), Some((vec![true, true, false, false, false], true)));
        assert_eq!(meant("pro"), Some((vec![true, true, true, false, false], false)));
        assert_eq!(meant("prod-eu"), Some((vec![false, false, true, false, false], true)));
        assert_eq!(meant("prod-euro"), None);
    }
}

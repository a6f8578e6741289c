//! What has to be done so that something carries the tags that a person wants.

use serde_json::Value;
use std::collections::BTreeMap;

/// A key and its value.
pub type Pair<'t> = (&'t str, &'t str);

/// The difference between the tags there are and those wanted. Tags of AWS, and those that lead to Gantry's runs, stay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes<'t> {
    /// Keys that are not there.
    pub added: Vec<Pair<'t>>,
    /// Keys with another value.
    pub changed: Vec<Pair<'t>>,
    /// Keys that are to go.
    pub removed: Vec<&'t str>,
    old: BTreeMap<&'t str, &'t str>,
}

/// The difference; `before` is a map of what there is.
pub fn changes<'t>(before: Option<&'t Value>, wanted: &'t [(String, String)]) -> Changes<'t> {
    let old: BTreeMap<&str, &str> = before
        .and_then(Value::as_object)
        .map(|tags| tags.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect())
        .unwrap_or_default();
    let new: BTreeMap<&str, &str> =
        wanted.iter().map(|(k, v)| (k.trim(), v.trim())).filter(|(k, _)| !k.is_empty()).collect();
    let pairs = |wanted: &dyn Fn(&&str, &&str) -> bool| -> Vec<Pair<'t>> {
        new.iter().filter(|(key, value)| wanted(key, value)).map(|(key, value)| (*key, *value)).collect()
    };
    let stays = |key: &str| key.starts_with("aws:") || key.starts_with("gantry:");
    Changes {
        added: pairs(&|key, _| !old.contains_key(*key)),
        changed: pairs(&|key, value| old.get(*key).is_some_and(|was| was != value)),
        removed: old.keys().filter(|key| !new.contains_key(*key) && !stays(key)).copied().collect(),
        old,
    }
}

impl<'t> Changes<'t> {
    /// How these were.
    pub fn was(&self, keys: &[&str]) -> Vec<Pair<'t>> {
        self.old.iter().filter(|(key, _)| keys.contains(key)).map(|(key, value)| (*key, *value)).collect()
    }
}

/// Keys in a sentence, which all are tags: `tag team`, `tags stage and team`, `tags old, stage and team`.
pub fn named(keys: &[&str]) -> String {
    match keys {
        [] => "tags".to_owned(),
        [one] => format!("tag {one}"),
        [most @ .., last] => format!("tags {} and {last}", most.join(", ")),
    }
}

/// The keys of pairs.
pub fn keys<'t>(pairs: &[Pair<'t>]) -> Vec<&'t str> {
    pairs.iter().map(|(key, _)| *key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_a_change_and_foreign_tags_stay() {
        let before =
            serde_json::json!({ "team": "shop", "stage": "test", "old": "1", "gantry:run": "r1", "aws:x": "1" });
        let wanted = [("team", "shop"), (" stage ", "prod"), ("new", "2"), ("", "")];
        let wanted = wanted.map(|(k, v)| (k.to_owned(), v.to_owned()));
        let found = changes(Some(&before), &wanted);
        assert_eq!((found.added.clone(), found.changed.clone()), (vec![("new", "2")], vec![("stage", "prod")]));
        assert_eq!(found.removed, ["old"]);
        assert_eq!((found.was(&["stage", "new"]), keys(&found.added)), (vec![("stage", "test")], vec!["new"]));
    }

    #[test]
    fn one_tag_is_no_plural() {
        let said = [&["team"][..], &["stage", "team"], &["old", "stage", "team"]].map(named);
        assert_eq!(said, ["tag team", "tags stage and team", "tags old, stage and team"]);
    }
}

//! The KMS keys that a repository can be encrypted with, as they are offered to choose from.
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html>

use serde::{Deserialize, Serialize};

/// A key of the account and region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// With `alias/` before each.
    pub aliases: Vec<String>,
    /// What its owner says about it.
    pub description: String,
    /// AWS manages it.
    pub managed: bool,
    /// Nobody may look at it, so whether it fits is not known.
    pub unknown: bool,
}

impl Key {
    /// What people call it.
    pub fn name(&self) -> &str {
        self.aliases.first().unwrap_or(&self.id)
    }
    /// Whether it has the text anywhere.
    pub fn has(&self, text: &str) -> bool {
        let text = text.trim().to_lowercase();
        let mut all = self.aliases.iter().chain([&self.arn, &self.description]);
        text.is_empty() || all.any(|one| one.to_lowercase().contains(&text))
    }
}

/// Those that have the text; those with an alias first, by name.
pub fn found<'k>(keys: &'k [Key], text: &str) -> Vec<&'k Key> {
    let mut found: Vec<&Key> = keys.iter().filter(|key| key.has(text)).collect();
    found.sort_by_key(|key| (key.aliases.is_empty(), key.name().to_lowercase()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_by_alias_id_and_description_and_named_ones_come_first() {
        let key = |id: &str, alias: &[&str], description: &str| Key {
            id: id.into(),
            arn: format!("arn:aws:kms:eu-west-1:111122223333:key/{id}"),
            aliases: alias.iter().map(|a| (*a).to_owned()).collect(),
            description: description.into(),
            ..Key::default()
        };
        let keys =
            [key("0aaa", &[], "of nobody"), key("1bbb", &["alias/shop"], ""), key("2ccc", &["alias/Images"], "")];
        let names = |text: &str| found(&keys, text).into_iter().map(Key::name).collect::<Vec<_>>();
        assert_eq!(names(""), ["alias/Images", "alias/shop", "0aaa"]);
        assert_eq!(names("images"), ["alias/Images"]);
        assert_eq!((names(" 1BBB "), names("nobody"), names("zzz")), (vec!["alias/shop"], vec!["0aaa"], vec![]));
    }
}

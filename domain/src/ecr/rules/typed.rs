//! The rules for what is typed about repositories and images, asked while it is typed.

use super::{image_tag, mutability_filter, public_repository_name, repository_name, tag_key};
use crate::ecr::registry::rules::{cache_prefix, template_prefix};
use crate::ecr::repository_policy::templates::organization;
use crate::identity::AccountId;
use crate::kms::rules::{alias_for, own_alias};
use crate::typing::Typing;

/// A [`repository_name`].
pub const REPOSITORY_NAME: Typing = Typing::of(repository_name, &["a", "aa"]);
/// A [`public_repository_name`].
pub const PUBLIC_REPOSITORY_NAME: Typing = Typing::of(public_repository_name, &["a", "aa"]);
/// Each [`mutability_filter`] of a list.
pub const MUTABILITY_FILTERS: Typing = Typing::list_of(mutability_filter, &["a"]);
/// A [`tag_key`].
pub const TAG_KEY: Typing = Typing::of(tag_key, &["a"]);
/// An [`image_tag`].
pub const IMAGE_TAG: Typing = Typing::of(image_tag, &["a"]);
/// Each [`image_tag`] of a list.
pub const IMAGE_TAGS: Typing = Typing::list_of(image_tag, &["a"]);
/// A [`cache_prefix`].
pub const CACHE_PREFIX: Typing = Typing::of(cache_prefix, &["a", "aa", "ROOT"]);
/// A [`template_prefix`].
pub const TEMPLATE_PREFIX: Typing = Typing::of(template_prefix, &["a", "ROOT"]);
/// Each account id of a list.
pub const ACCOUNT_IDS: Typing = Typing::list_of(account_id, &["111122223333"]);
/// The id of an [`organization`].
pub const ORGANIZATION: Typing = Typing::of(organization, &["o-exampleorgid"]);
/// What a new KMS key is to be called, with or without `alias/` before it.
pub const NEW_ALIAS: Typing = Typing::of(new_alias, &["a"]);

fn account_id(id: &str) -> Result<(), String> {
    AccountId::parse(id).map(|_| ()).map_err(|problem| problem.message)
}

fn new_alias(entered: &str) -> Result<(), String> {
    own_alias(&alias_for(entered, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No beginning of what is right is told off; each of these is, however it goes on.
    fn all(typing: Typing, right: &[&str], dead: &[&str]) {
        for text in right {
            for (end, _) in text.char_indices().chain([(text.len(), ' ')]) {
                assert!(!typing.is_dead_end(&text[..end]), "{}", &text[..end]);
            }
        }
        for text in dead {
            assert!(typing.is_dead_end(text), "{text}");
        }
    }

    #[test]
    fn names_are_told_off_as_soon_as_nothing_can_mend_them() {
        let long = "a".repeat(256);
        let held = format!("{}.a", "a".repeat(254));
        all(
            REPOSITORY_NAME,
            &["team/web-app", "0x", "a/b/c", "a.b_c", "a__b", "a---b", "team/web ", &long, &held],
            &["T", "team/W", "web a", "web:", "é", "/", "a//", "-", "a/_", "a..", "a___", "a-_", &format!("{long}a")],
        );
        // What stands at the last place there is cannot hold anything together.
        assert!(REPOSITORY_NAME.is_dead_end(&format!("{}.", "a".repeat(255))));
        all(PUBLIC_REPOSITORY_NAME, &["team/web-app", "a.b_c"], &["a__", "a--", "Tools", &"a".repeat(206)]);
    }

    #[test]
    fn so_is_everything_else_that_is_named() {
        all(MUTABILITY_FILTERS, &["latest, dev-*", "*-rc*"], &["dev/", "a*b*c*", "v?, latest", "la é"]);
        all(TAG_KEY, &["team", "cost center", "aws"], &["aws:", "AWS:", "a&", &"é".repeat(129)]);
        all(IMAGE_TAG, &["v1.2.0", "_x"], &[".", "-v", "v1+", "a/"]);
        all(IMAGE_TAGS, &["1.4.2 latest"], &["1.4.2 .x", "1/ latest"]);
        all(CACHE_PREFIX, &["docker-hub", "team/a", "team/", "ROOT"], &["Ro", "ROOTS", "Docker", "a..", "-"]);
        all(TEMPLATE_PREFIX, &["prod", "a/b", "ROOT"], &["Prod", "a--"]);
        all(
            ACCOUNT_IDS,
            &["444455556666, 777788889999", "444455556666"],
            &["4a", "4444555566667", "4444,", "4444, 777788889999"],
        );
        all(
            ORGANIZATION,
            &["o-exampleorgid", "o-0123456789abcdef"],
            &["x", "o_", "o-A", &format!("o-{}", "a".repeat(33))],
        );
        all(NEW_ALIAS, &["images", "alias/images", "alias/team/a_b"], &["a b", "aws/", "alias/aws/x", "a.b"]);
    }
}

//! Lifecycle policies: which images of a repository AWS deletes or archives by itself. The types here are AWS's JSON;
//! [`rules`] reads and checks it, [`evaluate`](mod@evaluate) says what it does to images, [`wording`] says it in English and
//! writes the common ones; [`form`] takes it apart for a form; [`aws_preview`] is what AWS itself says they do.
//!
//! From the ECR user guide:
//! [how they work](https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html),
//! [properties](https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html),
//! [examples](https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html),
//! [archiving](https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub mod aws_preview;
pub mod evaluate;
pub mod form;
pub mod rules;
pub mod wording;
pub use evaluate::{Danger, Fate, ImageFacts, Verdict, evaluate, in_danger};
pub use rules::{Errors, parse};
pub use wording::Template;

#[cfg(test)]
mod evaluate_tests;
#[cfg(test)]
mod rules_tests;

/// Declares one of AWS's enumerations. A value that AWS adds later is kept as it is written.
macro_rules! words {
    ($($(#[$meta:meta])* pub enum $name:ident { $($(#[$word_meta:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($(#[$word_meta])* $variant,)*
            /// A value that Gantry does not know.
            Other(String),
        }
        impl $name {
            /// The values Gantry knows, as AWS writes them.
            pub const KNOWN: &'static [&'static str] = &[$($word),*];

            /// As AWS writes it.
            pub fn as_str(&self) -> &str {
                match self { $(Self::$variant => $word,)* Self::Other(word) => word }
            }

            /// Whether Gantry knows what it means.
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::Other(_))
            }
        }
        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() { $($word => Self::$variant,)* _ => Self::Other(word) }
            }
        }
        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.as_str().to_owned()
            }
        }
    )*};
}

words! {
    /// Which images a rule looks at by their tags.
    pub enum TagStatus {
        /// Those whose tags match every entry of the rule's list.
        Tagged = "tagged",
        /// Those without a tag.
        Untagged = "untagged",
        /// All.
        Any = "any",
    }
    /// What a rule's number counts.
    pub enum CountType {
        /// Images: the newest so many are kept.
        ImageCountMoreThan = "imageCountMoreThan",
        /// Days since the push.
        SinceImagePushed = "sinceImagePushed",
        /// Days since the last pull; since the push when there was none.
        SinceImagePulled = "sinceImagePulled",
        /// Days since it was archived.
        SinceImageTransitioned = "sinceImageTransitioned",
    }
    /// The unit of a rule's number.
    pub enum CountUnit {
        /// 24 hours each.
        Days = "days",
    }
    /// How an image is kept.
    pub enum StorageClass {
        /// Ready to be pulled.
        Standard = "standard",
        /// Cheaper; has to be restored before it can be pulled.
        Archive = "archive",
    }
    /// What is done to an image.
    pub enum ActionType {
        /// Deleted.
        Expire = "expire",
        /// Moved to another storage class.
        Transition = "transition",
    }
}

/// A lifecycle policy. Its serde form is AWS's JSON, with whatever fields and values AWS adds later: reading and writing it loses
/// nothing. That it deserializes does not mean that AWS takes it: see [`Policy::check`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// In any order: what counts is their priority.
    pub rules: Vec<Rule>,
    /// Fields that Gantry does not know.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

/// A rule of a [`Policy`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// The rule's name in a policy, for no two share one. The lowest number comes first.
    pub rule_priority: i64,
    /// For people; AWS does not read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Which images it acts on.
    pub selection: Selection,
    /// What it does to them.
    pub action: Action,
    /// Fields that Gantry does not know.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

/// The images a [`Rule`] acts on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    /// Decides whether one of the lists is needed.
    pub tag_status: TagStatus,
    /// With `*` for any text. Each of them must match some tag of the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_pattern_list: Option<Vec<String>>,
    /// Each of them must begin some tag of the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_prefix_list: Option<Vec<String>>,
    /// Absent means standard: see [`Selection::storage`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<StorageClass>,
    /// What `count_number` counts.
    pub count_type: CountType,
    /// Days where time is counted, absent where images are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count_unit: Option<CountUnit>,
    /// Images that are kept, or days that must have passed.
    pub count_number: i64,
    /// Fields that Gantry does not know.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

/// What a [`Rule`] does to its images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Delete or move.
    #[serde(rename = "type")]
    pub kind: ActionType,
    /// Where to, of a transition.
    #[serde(default, rename = "targetStorageClass", skip_serializing_if = "Option::is_none")]
    pub target_storage_class: Option<StorageClass>,
    /// Fields that Gantry does not know.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

impl Policy {
    /// The text that goes to AWS: JSON without spaces, because its length is limited.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Selection {
    /// The storage class of the images it looks at. Rules of different classes have nothing to do with each other.
    pub fn storage(&self) -> &StorageClass {
        self.storage_class.as_ref().unwrap_or(&StorageClass::Standard)
    }
}

impl Action {
    /// Delete.
    pub fn expire() -> Self {
        Self { kind: ActionType::Expire, target_storage_class: None, more: BTreeMap::new() }
    }

    /// Move to the archive.
    pub fn archive() -> Self {
        let target_storage_class = Some(StorageClass::Archive);
        Self { kind: ActionType::Transition, target_storage_class, more: BTreeMap::new() }
    }
}

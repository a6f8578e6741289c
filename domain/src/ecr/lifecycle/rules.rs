//! Reading and checking a policy: what AWS documents, said beside the field that breaks it.
//!
//! Rules from the [user guide](https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html), limits from
//! the [quotas](https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html) and from
//! [PutLifecyclePolicy](https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutLifecyclePolicy.html). AWS documents no
//! limit for a description or for the number of entries in a list, so none is checked: the limit of the whole text bounds them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;

use super::{Action, ActionType, CountType, CountUnit, Policy, Rule, Selection, StorageClass, TagStatus};

/// What is wrong and what would be right, by the path of the field: `rules[2].selection.countNumber`, or [`WHOLE`].
pub type Errors = BTreeMap<String, String>;

/// The path of an error that belongs to no field.
pub const WHOLE: &str = "policy";
/// A policy has at least one rule and at most so many.
pub const MOST_RULES: usize = 50;
/// Characters of a policy's text, at most.
pub const LONGEST: usize = 30_720;
/// `*` in a pattern, at most.
pub const MOST_WILDCARDS: usize = 4;
/// Characters of a tag, at most. <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageIdentifier.html>
pub const LONGEST_TAG: usize = 300;
/// Days that AWS keeps an archived image before a rule may delete it, at least.
pub const LEAST_ARCHIVED: i64 = 90;

/// Reads a policy that somebody wrote. Stricter than deserializing it: what Gantry does not know is an error too, for it is more
/// often a slip than news from AWS. A policy that AWS has already taken is better deserialized.
pub fn parse(text: &str) -> Result<Policy, Errors> {
    let whole = |message: String| Errors::from([(WHOLE.to_owned(), message)]);
    let value: Value = serde_json::from_str(text).map_err(|e| whole(format!("This is not JSON: {e}.")))?;
    let mut wrong = Wrong::default();
    wrong.shape("", &value, &Shape::Object(POLICY));
    if !wrong.0.is_empty() {
        return Err(wrong.0);
    }
    // From the text once more: in a value, a field that is written twice has already lost its first meaning.
    let policy: Policy = serde_json::from_str(text).map_err(|e| whole(format!("This is no lifecycle policy: {e}.")))?;
    policy.check().map(|()| policy)
}

/// The first of several in one sentence, with its path before it: the others show once it is mended.
pub fn first(errors: Errors) -> Option<String> {
    let (path, message) = errors.into_iter().next()?;
    Some(if path == WHOLE { message } else { format!("{path}: {message}") })
}

/// What a field holds.
enum Shape {
    Integer,
    Text,
    Texts,
    Object(&'static [Field]),
    Objects(&'static [Field]),
}

/// Name, content, and whether it must be there.
type Field = (&'static str, Shape, bool);

const POLICY: &[Field] = &[("rules", Shape::Objects(RULE), true)];
const RULE: &[Field] = &[
    ("rulePriority", Shape::Integer, true),
    ("description", Shape::Text, false),
    ("selection", Shape::Object(SELECTION), true),
    ("action", Shape::Object(ACTION), true),
];
const SELECTION: &[Field] = &[
    ("tagStatus", Shape::Text, true),
    ("tagPatternList", Shape::Texts, false),
    ("tagPrefixList", Shape::Texts, false),
    ("storageClass", Shape::Text, false),
    ("countType", Shape::Text, true),
    ("countUnit", Shape::Text, false),
    ("countNumber", Shape::Integer, true),
];
const ACTION: &[Field] = &[("type", Shape::Text, true), ("targetStorageClass", Shape::Text, false)];

#[derive(Default)]
struct Wrong(Errors);

impl Wrong {
    /// The first message of a field stays.
    fn at(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.entry(path.into()).or_insert(message.into());
    }

    fn shape(&mut self, path: &str, value: &Value, shape: &Shape) {
        let named = if path.is_empty() { WHOLE } else { path };
        match (shape, value) {
            (Shape::Integer, Value::Number(n)) if n.is_i64() => {}
            (Shape::Text, Value::String(_)) => {}
            (Shape::Texts, Value::Array(items)) => {
                for (i, item) in items.iter().enumerate() {
                    self.shape(&format!("{path}[{i}]"), item, &Shape::Text);
                }
            }
            (Shape::Objects(fields), Value::Array(items)) => {
                for (i, item) in items.iter().enumerate() {
                    self.shape(&format!("{path}[{i}]"), item, &Shape::Object(fields));
                }
            }
            (Shape::Object(fields), Value::Object(object)) => {
                for (name, shape, required) in *fields {
                    let path = join(path, name);
                    match object.get(*name) {
                        Some(value) => self.shape(&path, value, shape),
                        None if *required => self.at(path, "This field is missing."),
                        None => {}
                    }
                }
            }
            (_, Value::Null) => self.at(named, "This is null: give it a value, or leave the field out."),
            (Shape::Integer, _) => self.at(named, "This must be a whole number, without quotes."),
            (Shape::Text, _) => self.at(named, "This must be text in quotes."),
            (Shape::Texts, _) => self.at(named, "This must be a list of texts, such as [\"prod\"]."),
            (Shape::Object(_), _) => self.at(named, "This must be an object in braces { }."),
            (Shape::Objects(_), _) => self.at(named, "This must be a list in brackets [ ]."),
        }
    }

    fn fields(&mut self, path: &str, more: &BTreeMap<String, Value>) {
        for name in more.keys() {
            self.at(join(path, name), "Gantry does not know this field, so it cannot say what the rule would do.");
        }
    }

    fn word(&mut self, path: &str, word: &str, known: &[&str]) {
        if !known.contains(&word) {
            self.at(path, format!("“{word}” is not a value that Gantry knows. AWS takes {}.", known.join(", ")));
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl Policy {
    /// Whether AWS would take it, as far as AWS documents that.
    pub fn check(&self) -> Result<(), Errors> {
        let mut wrong = Wrong::default();
        match self.rules.len() {
            0 => wrong.at("rules", "A policy has at least one rule. To act on nothing, delete the policy."),
            n if n > MOST_RULES => {
                wrong.at("rules", format!("A policy has at most {MOST_RULES} rules; this one has {n}."))
            }
            _ => {}
        }
        let length = self.text().chars().count();
        if length > LONGEST {
            wrong
                .at(WHOLE, format!("A policy has at most {LONGEST} characters; this one has {length} without spaces."));
        }
        wrong.fields("", &self.more);
        for (i, rule) in self.rules.iter().enumerate() {
            rule.check(&format!("rules[{i}]"), &mut wrong);
        }
        self.check_together(&mut wrong);
        if wrong.0.is_empty() { Ok(()) } else { Err(wrong.0) }
    }

    /// What rules must not have in common, and who comes last.
    fn check_together(&self, wrong: &mut Wrong) {
        for (i, rule) in self.rules.iter().enumerate() {
            let (path, selection) = (format!("rules[{i}]"), &rule.selection);
            let class = selection.storage();
            let earlier = self.rules.iter().take(i).enumerate();
            let same_class = |other: &Rule| other.selection.storage() == class;
            if let Some((j, _)) = earlier.clone().find(|(_, r)| r.rule_priority == rule.rule_priority) {
                let message = format!("rules[{j}] has priority {} too: each rule needs its own.", rule.rule_priority);
                wrong.at(format!("{path}.rulePriority"), message);
            }
            if matches!(selection.tag_status, TagStatus::Untagged | TagStatus::Any)
                && let Some((_, other)) =
                    earlier.clone().find(|(_, r)| same_class(r) && r.selection.tag_status == selection.tag_status)
            {
                let message = format!(
                    "The rule with priority {} selects {} images of {} storage too: only one rule may.",
                    other.rule_priority,
                    selection.tag_status.as_str(),
                    class.as_str()
                );
                wrong.at(format!("{path}.selection.tagStatus"), message);
            }
            let last = self.rules.iter().filter(|r| same_class(r) && r.selection.tag_status != TagStatus::Any);
            if selection.tag_status == TagStatus::Any
                && let Some(last) = last.map(|r| r.rule_priority).max()
                && last > rule.rule_priority
            {
                let class = class.as_str();
                let message = format!(
                    "A rule for any image comes after all others for {class} storage: give it a priority above {last}."
                );
                wrong.at(format!("{path}.rulePriority"), message);
            }
            if let Some(prefixes) = prefixes(selection)
                && let Some((_, other)) = earlier
                    .clone()
                    .find(|(_, r)| same_class(r) && self::prefixes(&r.selection).as_ref() == Some(&prefixes))
            {
                let message = format!(
                    "The rule with priority {} selects the same prefixes, so one of the two would never act.",
                    other.rule_priority
                );
                wrong.at(format!("{path}.selection.tagPrefixList"), message);
            }
        }
    }
}

fn prefixes(selection: &Selection) -> Option<BTreeSet<&str>> {
    selection.tag_prefix_list.as_ref().map(|list| list.iter().map(String::as_str).collect())
}

impl Rule {
    /// Whether Gantry knows every field and value of it, and so what it does.
    pub fn is_known(&self) -> bool {
        let Selection { tag_status, storage_class, count_type, count_unit, more, .. } = &self.selection;
        tag_status.is_known()
            && storage_class.as_ref().is_none_or(StorageClass::is_known)
            && count_type.is_known()
            && count_unit.as_ref().is_none_or(CountUnit::is_known)
            && self.action.kind.is_known()
            && self.action.target_storage_class.as_ref().is_none_or(StorageClass::is_known)
            && more.is_empty()
            && self.action.more.is_empty()
            && self.more.is_empty()
    }

    fn check(&self, path: &str, wrong: &mut Wrong) {
        if self.rule_priority < 1 {
            wrong.at(format!("{path}.rulePriority"), "Priorities begin at 1.");
        }
        wrong.fields(path, &self.more);
        self.selection.check(&format!("{path}.selection"), wrong);
        self.action.check(&format!("{path}.action"), wrong);
        let kind = format!("{path}.action.type");
        match (&self.selection.count_type, &self.action.kind) {
            (CountType::SinceImagePulled, ActionType::Expire) => wrong.at(
                kind,
                "A rule by last pull can only archive (transition). To delete, add a rule with sinceImageTransitioned.",
            ),
            (CountType::SinceImageTransitioned, ActionType::Transition) => {
                wrong.at(kind, "A rule for archived images can only delete them (expire).");
            }
            _ => {}
        }
    }
}

impl Selection {
    fn check(&self, path: &str, wrong: &mut Wrong) {
        let at = |field: &str| format!("{path}.{field}");
        wrong.fields(path, &self.more);
        wrong.word(&at("tagStatus"), self.tag_status.as_str(), TagStatus::KNOWN);
        wrong.word(&at("countType"), self.count_type.as_str(), CountType::KNOWN);
        if let Some(class) = &self.storage_class {
            wrong.word(&at("storageClass"), class.as_str(), StorageClass::KNOWN);
        }
        if let Some(unit) = &self.count_unit {
            wrong.word(&at("countUnit"), unit.as_str(), CountUnit::KNOWN);
        }
        self.check_tags(path, wrong);

        let counts_images = self.count_type == CountType::ImageCountMoreThan;
        match &self.count_unit {
            None if !counts_images && self.count_type.is_known() => {
                wrong.at(at("countUnit"), format!("{} needs the unit days.", self.count_type.as_str()));
            }
            Some(_) if counts_images => wrong.at(at("countUnit"), "Images have no unit: leave this field out."),
            _ => {}
        }
        match (&self.count_type, self.storage()) {
            (CountType::SinceImageTransitioned, StorageClass::Standard) => {
                wrong.at(at("storageClass"), "sinceImageTransitioned needs the storage class archive.");
            }
            (
                CountType::ImageCountMoreThan | CountType::SinceImagePushed | CountType::SinceImagePulled,
                StorageClass::Archive,
            ) => wrong.at(at("storageClass"), "Archived images can only be selected with sinceImageTransitioned."),
            _ => {}
        }
        let least = if self.count_type == CountType::SinceImageTransitioned { LEAST_ARCHIVED } else { 1 };
        if self.count_number < 1 {
            wrong.at(at("countNumber"), format!("{} is too small: at least {least}.", self.count_number));
        } else if self.count_number < least {
            let message = format!("AWS keeps an archived image for at least {least} days before a rule can delete it.");
            wrong.at(at("countNumber"), message);
        }
    }

    fn check_tags(&self, path: &str, wrong: &mut Wrong) {
        let (patterns, prefixes) = (format!("{path}.tagPatternList"), format!("{path}.tagPrefixList"));
        match (&self.tag_status, &self.tag_pattern_list, &self.tag_prefix_list) {
            (TagStatus::Tagged, None, None) => {
                wrong.at(
                    &patterns,
                    "A rule for tagged images needs tagPatternList or tagPrefixList; [\"*\"] is all of them.",
                );
            }
            (TagStatus::Tagged, Some(_), Some(_)) => {
                wrong.at(&prefixes, "A rule has tagPatternList or tagPrefixList, not both: leave one out.");
            }
            (TagStatus::Untagged | TagStatus::Any, some_patterns, some_prefixes) => {
                for (path, list) in [(&patterns, some_patterns), (&prefixes, some_prefixes)] {
                    if list.is_some() {
                        let status = self.tag_status.as_str();
                        wrong.at(
                            path,
                            format!("Only a rule with tagStatus tagged has this; with {status}, leave it out."),
                        );
                    }
                }
            }
            _ => {}
        }
        for (path, list) in [(&patterns, &self.tag_pattern_list), (&prefixes, &self.tag_prefix_list)] {
            let Some(list) = list else { continue };
            if list.is_empty() {
                wrong.at(path, "The list is empty: it needs at least one entry.");
            }
            for (i, entry) in list.iter().enumerate() {
                let at = format!("{path}[{i}]");
                let stars = entry.chars().filter(|c| *c == '*').count();
                if entry.is_empty() {
                    wrong.at(at, "This is empty: it needs at least one character.");
                } else if entry.chars().count() - stars > LONGEST_TAG {
                    wrong.at(at, format!("A tag has at most {LONGEST_TAG} characters, so nothing would match."));
                } else if path == &prefixes && stars > 0 {
                    wrong.at(at, "A prefix has no wildcards and needs none: leave the * out, or use tagPatternList.");
                } else if stars > MOST_WILDCARDS {
                    wrong
                        .at(at, format!("A pattern has at most {MOST_WILDCARDS} wildcards (*); this one has {stars}."));
                }
            }
        }
    }
}

impl Action {
    fn check(&self, path: &str, wrong: &mut Wrong) {
        let target = format!("{path}.targetStorageClass");
        wrong.fields(path, &self.more);
        wrong.word(&format!("{path}.type"), self.kind.as_str(), ActionType::KNOWN);
        match (&self.kind, &self.target_storage_class) {
            (ActionType::Expire, Some(_)) => wrong.at(target, "Only a transition has a target: leave this field out."),
            (ActionType::Transition, None) => wrong.at(target, "A transition needs the target archive."),
            (_, Some(class)) => wrong.word(&target, class.as_str(), &[StorageClass::Archive.as_str()]),
            _ => {}
        }
    }
}

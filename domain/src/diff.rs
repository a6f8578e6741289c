//! How two documents of a kind differ, as a person would say it: parts of lists are matched by their names, not by their positions,
//! order counts only where it has a meaning, and what changes all the time is left out.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

use crate::history::FieldChange;
use crate::identity::{Arn, Scope};

/// Fields by which the parts of a list are told apart, the first that fits all parts.
const NATURAL_KEYS: &[&str] = &[
    "name",
    "Name",
    "key",
    "Key",
    "id",
    "Id",
    "ID",
    "UUID",
    "Sid",
    "containerName",
    "containerPort",
    "capacityProvider",
    "targetGroupArn",
    "loadBalancerName",
    "sourceVolume",
    "containerPath",
    "Arn",
    "arn",
    "GroupId",
    "digest",
    "ecrRepositoryPrefix",
    "prefix",
    "type",
    "Type",
];
/// Lists whose order means something. A function's later layer overwrites files of an earlier one:
/// <https://docs.aws.amazon.com/lambda/latest/dg/adding-layers.html>
const ORDERED: &[&str] =
    &["command", "Command", "entryPoint", "EntryPoint", "dnsServers", "dnsSearchDomains", "Layers"];
/// Maps whose keys are names people chose.
const NAMED: &[&str] =
    &["Variables", "Tags", "tags", "options", "dockerLabels", "AdditionalVersionWeights", "Endpoints", "labels"];

/// One step of a path: a field, or a part of a list or map that people named.
#[derive(Clone)]
enum Step {
    Field(String),
    Part(String),
}

/// The fields that differ between two documents, `noise` (paths as in [`crate::resource::Model::NOISE`]) left out.
///
/// Absent, null and empty count as the same. Paths read `MemorySize`, `containerDefinitions[web].image`, `environment[STAGE]`.
pub fn diff(before: &Value, after: &Value, noise: &[&str]) -> Vec<FieldChange> {
    let noise = noise.iter().map(|pattern| pattern.split('.').collect()).collect();
    let mut walk = Walk { noise, path: vec![], found: vec![] };
    walk.compare(before, after);
    walk.found
}

/// The fields that differ by more than where the two are: ARNs that name the account and region of their own side, and are the same
/// apart from that, are left out.
pub fn beyond_place(fields: Vec<FieldChange>, before: &Scope, after: &Scope) -> Vec<FieldChange> {
    let same = |field: &FieldChange| match (&field.before, &field.after) {
        (Some(b), Some(a)) => placeless(b, before) == placeless(a, after),
        _ => false,
    };
    fields.into_iter().filter(|field| !same(field)).collect()
}

/// The value with ARNs that do not say that they are in this account and region.
fn placeless(value: &Value, scope: &Scope) -> Value {
    match value {
        Value::String(text) if Arn::parse(text).is_ok() => {
            let parts = text.splitn(6, ':').enumerate().map(|(n, part)| match n {
                3 if part == scope.region.as_str() => "",
                4 if part == scope.account.as_str() => "",
                _ => part,
            });
            Value::String(parts.collect::<Vec<_>>().join(":"))
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| placeless(item, scope)).collect()),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), placeless(value, scope))).collect())
        }
        _ => value.clone(),
    }
}

struct Walk<'a> {
    noise: Vec<Vec<&'a str>>,
    path: Vec<Step>,
    found: Vec<FieldChange>,
}

/// Null, nothing in it (or only such things under names), or not there at all.
fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn sealed(fields: &Map<String, Value>) -> bool {
    fields.contains_key("gantry:digest")
}

impl Walk<'_> {
    fn within(&mut self, step: Step, before: &Value, after: &Value) {
        self.path.push(step);
        self.compare(before, after);
        self.path.pop();
    }

    fn compare(&mut self, before: &Value, after: &Value) {
        if before == after || (empty(before) && empty(after)) || self.is_noise() {
            return;
        }
        match (before, after) {
            (Value::Object(b), Value::Object(a)) if !sealed(b) && !sealed(a) => self.objects(b, a),
            // A map of names that appears as a whole is still told name by name.
            (Value::Object(b), Value::Null) if self.named() => self.objects(b, &Map::new()),
            (Value::Null, Value::Object(a)) if self.named() => self.objects(&Map::new(), a),
            (Value::Array(b), Value::Array(a)) => self.lists(b, a),
            (Value::Array(b), Value::Null) => self.lists(b, &[]),
            (Value::Null, Value::Array(a)) => self.lists(&[], a),
            _ => self.changed(before, after),
        }
    }

    fn objects(&mut self, before: &Map<String, Value>, after: &Map<String, Value>) {
        let fields: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let named = self.named();
        for field in fields {
            let step = if named { Step::Part(field.clone()) } else { Step::Field(field.clone()) };
            let (b, a) = (before.get(field).unwrap_or(&Value::Null), after.get(field).unwrap_or(&Value::Null));
            self.within(step, b, a);
        }
    }

    fn lists(&mut self, before: &[Value], after: &[Value]) {
        let all = || before.iter().chain(after);
        if all().all(Value::is_object) {
            if let Some(key) = natural_key(before, after) {
                let names = |parts: &[Value]| parts.iter().filter_map(|p| part_name(p, key)).collect::<Vec<String>>();
                let (b, a) = (names(before), names(after));
                // The same parts in another order: that order is what changed.
                if self.ordered() && b != a && BTreeSet::from_iter(&b) == BTreeSet::from_iter(&a) {
                    return self.changed(&Value::from(b), &Value::from(a));
                }
                return self.parts(key, before, after);
            }
            // Without names: what is on both sides is not a change, the rest is compared in order.
            let only = |these: &[Value], those: &[Value]| -> Vec<Value> {
                these.iter().filter(|v| !those.contains(v)).cloned().collect()
            };
            let (b, a) = (only(before, after), only(after, before));
            if b.len() == a.len() {
                for (n, (b, a)) in b.iter().zip(&a).enumerate() {
                    self.within(Step::Part((n + 1).to_string()), b, a);
                }
                return;
            }
            return self.changed(&Value::Array(b), &Value::Array(a));
        }
        if !self.ordered() {
            let sorted = |values: &[Value]| {
                let mut texts: Vec<String> = values.iter().map(Value::to_string).collect();
                texts.sort();
                texts
            };
            if sorted(before) == sorted(after) {
                return;
            }
        }
        self.changed(&Value::Array(before.to_vec()), &Value::Array(after.to_vec()));
    }

    fn parts(&mut self, key: &str, before: &[Value], after: &[Value]) {
        let name = |part: &Value| part_name(part, key).unwrap_or_default();
        let find = |parts: &[Value], wanted: &str| parts.iter().find(|p| name(p) == wanted).cloned();
        let mut names: Vec<String> = before.iter().map(name).collect();
        names.extend(after.iter().map(name).filter(|n| !before.iter().any(|b| name(b) == *n)));
        for wanted in names {
            let (b, a) = (find(before, &wanted), find(after, &wanted));
            // {name, value} reads as one thing with a value.
            let value = |part: Option<Value>| part.map_or(Value::Null, |p| plain_value(&p, key).unwrap_or(p));
            self.within(Step::Part(wanted), &value(b), &value(a));
        }
    }

    fn changed(&mut self, before: &Value, after: &Value) {
        let side = |value: &Value| (!value.is_null()).then(|| value.clone());
        self.found.push(FieldChange { path: self.text(), before: side(before), after: side(after) });
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for step in &self.path {
            match step {
                Step::Part(part) => text.push_str(&format!("[{part}]")),
                Step::Field(field) if text.is_empty() => text.push_str(field),
                Step::Field(field) => text.push_str(&format!(".{field}")),
            }
        }
        text
    }

    fn last_field(&self) -> &str {
        match self.path.last() {
            Some(Step::Field(field)) => field,
            _ => "",
        }
    }
    fn named(&self) -> bool {
        NAMED.contains(&self.last_field())
    }
    fn ordered(&self) -> bool {
        ORDERED.contains(&self.last_field())
    }
    fn is_noise(&self) -> bool {
        self.noise.iter().any(|pattern| {
            pattern.len() == self.path.len()
                && pattern.iter().zip(&self.path).all(|(wanted, step)| match step {
                    Step::Field(text) | Step::Part(text) => *wanted == "*" || wanted == text,
                })
        })
    }
}

fn part_name(part: &Value, key: &str) -> Option<String> {
    match part.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The field that names every part on both sides, each name once a side.
fn natural_key(before: &[Value], after: &[Value]) -> Option<&'static str> {
    let unique = |parts: &[Value], key: &str| {
        let mut seen = BTreeSet::new();
        parts.iter().all(|p| part_name(p, key).is_some_and(|name| seen.insert(name)))
    };
    NATURAL_KEYS.iter().copied().find(|key| unique(before, key) && unique(after, key))
}

/// The value of `{name, value}` and the like.
fn plain_value(part: &Value, key: &str) -> Option<Value> {
    let fields = part.as_object().filter(|fields| fields.len() == 2)?;
    let (_, value) = fields.iter().find(|(name, _)| *name != key)?;
    let known = ["value", "Value", "valueFrom"].iter().any(|name| fields.contains_key(*name));
    known.then(|| value.clone())
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;

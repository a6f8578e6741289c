//! A run whose server is to be killed: by which calls the gate knows that it is there, and what there is of its own.

use std::collections::BTreeMap;

use serde_json::Value;

use super::forms::SETTING;
use super::gate::{Point, Watch};

/// All there is, by what it is and its name.
pub type Listing = BTreeMap<String, Value>;

/// A run of a form.
#[derive(Debug)]
pub struct Run {
    /// Which form.
    pub form: usize,
    /// What its documents name; nothing for one about the registry.
    pub name: String,
    /// Where what it writes stands in the list of everything, if it is about the registry.
    pub registry: Option<&'static str>,
    /// The form, filled in.
    pub answers: Value,
    /// The plan's.
    pub hash: String,
    /// The plan's.
    pub steps: Vec<Value>,
    /// The step of this round.
    pub step: usize,
    /// Nothing until it has begun.
    pub id: String,
}

/// The call of a step, or of its undo, as the gate tells it.
fn operation(call: &Value) -> String {
    let text = |field: &str| call[field].as_str().unwrap_or_default();
    format!("{}.{}", text("service"), text("operation"))
}

/// The reading that goes right before a whole document or an image is written, or that of a part of the registry.
fn reading(operation: &str) -> Option<&'static str> {
    match operation {
        "ecr.PutLifecyclePolicy" | "ecr.DeleteLifecyclePolicy" => Some("ecr.GetLifecyclePolicy"),
        "ecr.SetRepositoryPolicy" | "ecr.DeleteRepositoryPolicy" => Some("ecr.GetRepositoryPolicy"),
        "ecr.CopyImage" | "ecr.PutImage" => Some("ecr.DescribeImages"),
        "ecr.PutReplicationConfiguration" => Some("ecr.DescribeRegistry"),
        "ecr.PutRegistryPolicy" | "ecr.DeleteRegistryPolicy" => Some("ecr.GetRegistryPolicy"),
        "ecr.PutRegistryScanningConfiguration" => Some("ecr.GetRegistryScanningConfiguration"),
        "ecr.PutAccountSetting" => Some("ecr.GetAccountSetting"),
        _ => None,
    }
}

impl Run {
    /// The calls of its steps.
    pub fn calls(&self) -> Vec<String> {
        self.steps.iter().map(|step| operation(&step["call"])).collect()
    }

    /// The undos that are made, by step: none of an image that later steps tag, which ECR deletes with its last tag.
    pub fn undos(&self) -> Vec<(usize, String)> {
        let input = |step: &Value| step["call"]["input"].clone();
        let goes_with_its_tag = |n: usize| {
            let own = input(&self.steps[n]);
            let tags = |later: &Value| {
                let later = input(later);
                later["imageTag"].is_string() && later["imageDigest"] == own["imageDigest"]
            };
            own["imageDigest"].is_string() && own["imageTag"].is_null() && self.steps[n + 1..].iter().any(tags)
        };
        let made = (0..self.steps.len()).filter(|n| !goes_with_its_tag(*n));
        made.map(|n| (n, operation(&self.steps[n]["undo"]["call"]))).collect()
    }

    /// What is made beside its calls where its own arrives late: it, and what takes back the one too many.
    pub fn twins(&self, there: Option<Point>) -> Vec<String> {
        let step = &self.steps[self.step];
        let both = || vec![operation(&step["call"]), operation(&step["undo"]["call"])];
        if there == Some(Point::Late) { both() } else { vec![] }
    }

    /// For people: which step of which run.
    pub fn told(&self) -> String {
        let what = if self.name.is_empty() { "the registry" } else { self.name.as_str() };
        format!("step {} of {} about {what}, run {}", self.step, self.answers["wizard"], self.id)
    }

    /// Whether each of its steps can be taken back.
    pub fn can_go_back(&self) -> bool {
        self.steps.iter().all(|step| step["undo"]["call"].is_object())
    }

    /// What the gate waits for on the way there.
    pub fn there(&self, point: Point) -> Watch {
        let (calls, n) = (self.calls(), self.step);
        let skip = calls[..n].iter().filter(|call| **call == calls[n]).count();
        let after = n.checked_sub(1).map(|before| calls[before].clone());
        self.watch(calls[n].clone(), skip, after, point)
    }

    /// What the gate waits for on the way back.
    pub fn back(&self, point: Point) -> Watch {
        let undos = self.undos();
        // That of its own step, or of the one that takes it along.
        let at = undos.iter().position(|(n, _)| *n >= self.step).unwrap_or_default();
        let own = &undos[at].1;
        let skip = undos[at + 1..].iter().filter(|(_, undo)| undo == own).count();
        self.watch(own.clone(), skip, None, point)
    }

    fn watch(&self, operation: String, skip: usize, after: Option<String>, point: Point) -> Watch {
        Watch { name: self.named().to_owned(), reading: reading(&operation), operation, skip, after, point }
    }

    /// What the documents of its calls name. Settings of an account are read by others, too: by the name of the setting its own are told apart.
    pub fn named(&self) -> &str {
        match self.registry {
            Some("setting") => SETTING,
            _ => &self.name,
        }
    }

    /// What there is of its own, without its name and id.
    pub fn own(&self, all: &Listing) -> Listing {
        let plain = |text: &str| text.replace(&self.name, "NAME").replace(&self.id, "RUN");
        let kept = all.iter().filter(|(key, _)| self.owns(key));
        match self.registry {
            Some(_) => kept.map(|(key, value)| (key.clone(), value.clone())).collect(),
            None => kept
                .map(|(key, value)| (plain(key), serde_json::from_str(&plain(&value.to_string())).unwrap_or_default()))
                .collect(),
        }
    }

    /// Whether something in the list of everything is what it writes.
    pub fn owns(&self, key: &str) -> bool {
        match self.registry {
            Some(part) => key == format!("registry {part}"),
            None => key.split_once(' ').is_some_and(|(_, name)| name == self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_call_of_another_step_is_let_through() {
        let call = |operation: &str| json!({ "service": "ecr", "operation": operation });
        let step = |there: &str, back: &str| json!({ "call": call(there), "undo": { "call": call(back) } });
        let run = Run {
            form: 0,
            name: "torture/a".into(),
            registry: None,
            answers: Value::Null,
            hash: String::new(),
            steps: vec![step("TagResource", "TagResource"), step("UntagResource", "TagResource")],
            step: 0,
            id: "1".into(),
        };
        assert!(run.twins(Some(Point::Sent)).is_empty());
        assert_eq!(run.twins(Some(Point::Late)), ["ecr.TagResource", "ecr.TagResource"]);
        let (there, back) = (run.there(Point::Sent), run.back(Point::Made));
        assert_eq!((there.operation.as_str(), there.skip, there.after), ("ecr.TagResource", 0, None));
        assert_eq!((back.operation.as_str(), back.skip), ("ecr.TagResource", 1));
        let all = [("repository torture/a", json!("1 in torture/a")), ("repository torture/ab", json!(2))];
        let all = Listing::from(all.map(|(key, value)| (key.to_owned(), value)));
        assert_eq!(run.own(&all), Listing::from([("repository NAME".to_owned(), json!("RUN in NAME"))]));
    }

    #[test]
    fn an_image_goes_with_its_last_tag() {
        let step = |digest: &str, tag: Value| {
            let input = json!({ "imageDigest": digest, "imageTag": tag });
            let undo = json!({ "call": { "service": "ecr", "operation": "BatchDeleteImage" } });
            json!({ "call": { "service": "ecr", "operation": "CopyImage", "input": input }, "undo": undo })
        };
        let copy = |step: usize, steps: &[Value]| Run {
            form: 0,
            name: "torture/a".into(),
            registry: None,
            answers: Value::Null,
            hash: String::new(),
            steps: steps.to_vec(),
            step,
            id: "1".into(),
        };
        let steps = [step("a", Value::Null), step("index", Value::Null), step("index", json!("v1"))];
        let undone: Vec<usize> = copy(0, &steps).undos().into_iter().map(|(n, _)| n).collect();
        assert_eq!(undone, [0, 2]);
        let skips = [0, 1, 2].map(|n| copy(n, &steps).back(Point::Sent).skip);
        assert_eq!(skips, [1, 0, 0]);
        assert_eq!(copy(2, &steps).there(Point::Sent).skip, 2);
    }
}

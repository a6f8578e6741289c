//! A plan: AWS calls in order, each with its reason, its permissions, its cost and its undo. Making one changes nothing.
//!
//! [`Answers`] is what a person entered; [`Answers::subjects`] is what has to be looked up for it; [`Answers::plan`] makes the plan from
//! both, without clock or network, in the browser at every keystroke and on the server again before anything runs.
//! [`run`] says what a run of a plan does next; [`crate::plan::reference`] how a step uses what earlier steps gave.

pub mod again;
pub mod answers;
mod call;
pub mod cost;
mod danger;
pub mod difference;
pub mod export;
pub mod lint;
pub mod listing;
pub mod permissions;
pub mod reference;
pub mod run;
pub mod service;
pub mod sweep;
pub mod tagging;
pub mod transfer;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

pub use answers::Answers;
pub use call::{Call, Made, Subject};

use crate::ecr::calls::Source;
use crate::ecr::subject::Subject as Ecr;
use crate::ecr_public::subject::Subject as EcrPublic;
use crate::identity::Scope;

/// The version of this format. A run keeps the one it was planned in, and no server drives a run whose format it does not know. It grows with
/// whatever an older version could not read: a new call, another field of a document or of the journal. What it may leave unread, as the tries
/// of a step that failed, does not count.
///
/// 1: repositories and images. 2: everything of ECR; a step of the journal may say what was found instead. 3: images in functions and task
/// definitions. 4: keys of KMS. 5: images of other registries, manifest by manifest.
pub const FORMAT: u32 = 5;
/// The oldest format that is still carried out: all that its plans hold can be read.
pub const OLDEST_FORMAT: u32 = 1;

/// Whether this version carries out plans of a format.
pub const fn is_known(format: u32) -> bool {
    OLDEST_FORMAT <= format && format <= FORMAT
}

/// What is wrong with answers: a message beside the field it belongs to. Fields are named as in the answers: `name`, `tags.team`.
pub type FieldErrors = BTreeMap<String, String>;

/// What was looked up: the state of each subject, `None` for what does not exist.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Facts(Vec<(Subject, Option<Value>)>);

impl Facts {
    /// From pairs.
    pub fn new(pairs: Vec<(Subject, Option<Value>)>) -> Self {
        Self(pairs)
    }
    /// `None` when it was not looked up, `Some(None)` when it does not exist.
    pub fn of(&self, subject: &Subject) -> Option<Option<&Value>> {
        self.0.iter().find(|(known, _)| known == subject).map(|(_, state)| state.as_ref())
    }
    /// With one more.
    #[must_use]
    pub fn with(mut self, subject: Subject, state: Option<Value>) -> Self {
        self.0.push((subject, state));
        self
    }
    /// Whether others say the same. What differs each time does not count: when something collected was put together and last listed.
    pub fn say_the_same_as(&self, others: &Facts) -> bool {
        let same = |(subject, state): &(Subject, Option<Value>)| {
            let there = others.of(subject);
            there.is_some_and(|there| lasting(subject, state.as_ref()) == lasting(subject, there))
        };
        self.0.len() == others.0.len() && self.0.iter().all(same)
    }
}

/// A state without what differs each time it is put together.
fn lasting(subject: &Subject, state: Option<&Value>) -> Option<Value> {
    let mut state = state.cloned()?;
    let collected = matches!(subject, Subject::Ecr(Ecr::Inventory { .. }) | Subject::EcrPublic(EcrPublic::Uses { .. }));
    if collected && let Some(document) = state.as_object_mut() {
        document.remove("now");
        let lists = document.get_mut("lists").and_then(Value::as_array_mut).into_iter().flatten();
        for list in lists.filter_map(Value::as_object_mut) {
            list.remove("running");
            // That it never was complete does count.
            if let Some(complete) = list.get_mut("complete") {
                *complete = Value::Bool(!complete.is_null());
            }
        }
    }
    Some(state)
}

/// AWS calls in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`FORMAT`] of whoever made it.
    pub format: u32,
    /// What it is for, as a person says it: "Create the repository shop/api".
    pub title: String,
    /// Where it mainly happens.
    pub scope: Scope,
    /// The steps; each comes after those it depends on.
    pub steps: Vec<Step>,
}

impl Plan {
    /// What a person types before it is applied: the name of the thing that it deletes.
    pub fn typed(&self) -> Option<&str> {
        self.steps.iter().find_map(|step| step.call.deletes())
    }
    /// Whether taking it back deletes a thing, as [`Self::typed`] says it of the plan itself. An image that was copied with its tag in one step
    /// goes with that tag.
    pub fn undo_deletes(&self) -> bool {
        let deletes = |step: &Step| match &step.undo {
            Undo::Call(undo) => {
                undo.deletes().is_some() || (step.call.is_long() && undo.operation() == "BatchDeleteImage")
            }
            Undo::Never(_) => false,
        };
        self.steps.iter().any(deletes)
    }
    /// Whether a thing that it deletes cannot be brought back.
    pub fn loses(&self) -> bool {
        self.steps.iter().any(|step| step.call.deletes().is_some() && matches!(step.undo, Undo::Never(_)))
    }
}

/// One AWS call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Stable within the plan: letters, digits and hyphens. References and tags name it.
    pub id: String,
    /// What it does, in a sentence.
    pub says: String,
    /// Account and region it is sent to.
    pub scope: Scope,
    /// The call, with AWS's own input document.
    pub call: Call,
    /// What it does to what it writes.
    pub effect: Effect,
    /// The state that was read when the plan was made and that has to be the same when it runs.
    pub before: Option<Value>,
    /// Ids of the steps that have to be done first.
    pub depends_on: Vec<String>,
    /// How it is taken back.
    pub undo: Undo,
    /// What it costs a month, in millionths of a US dollar, where that is known beforehand; below zero what it saves. AWS's list price in
    /// US East (N. Virginia), before any free tier. See [`cost`].
    pub monthly: Option<i64>,
}

impl Step {
    /// The IAM actions it needs, on what it writes and on what it reads from.
    pub fn actions(&self) -> Vec<&'static str> {
        let mut actions = self.call.actions();
        actions.extend(self.call.actions_from(self.before.as_ref()));
        if self.call.source().is_some() {
            actions.extend(Source::ACTIONS.iter().filter(|action| !self.call.actions().contains(action)));
        }
        actions
    }
}

/// What a step does to what it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It did not exist.
    Create,
    /// It goes on existing, changed.
    Update,
    /// It will not exist any more.
    Delete,
}

/// How a step is taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "a plan has few steps, and nearly all have a call")]
pub enum Undo {
    /// By this call, unless somebody else changed in the meantime what the step left.
    Call(Call),
    /// It cannot be taken back, for this reason. Only steps of the same sort come after such a step.
    Never(String),
}

/// The tags that lead from a resource to the step of the run that made it; they are part of the reviewed input.
pub fn marks(step: &str) -> Vec<(String, String)> {
    [("gantry:run", "${run.id}"), ("gantry:step", step), ("gantry:by", "${run.by}")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::ecr;
    use serde_json::json;

    /// A repository, its lifecycle policy, and a tag on the ARN that the first step gives.
    pub fn three_steps() -> Plan {
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let step = |id: &str, says: &str, depends_on: &[&str], call: Value, undo: Value| {
            let call_of = |mut document: Value| {
                document["service"] = "ecr".into();
                serde_json::from_value::<Call>(document).unwrap()
            };
            Step {
                id: id.into(),
                says: says.into(),
                scope: scope.clone(),
                call: call_of(call),
                effect: Effect::Create,
                before: None,
                depends_on: depends_on.iter().map(|d| (*d).to_owned()).collect(),
                undo: Undo::Call(call_of(undo)),
                monthly: Some(0),
            }
        };
        let tags: Vec<Value> = marks("repository").into_iter().map(|(k, v)| json!({ "Key": k, "Value": v })).collect();
        Plan {
            format: FORMAT,
            title: "Create the repository it's".into(),
            scope: scope.clone(),
            steps: vec![
                step(
                    "repository",
                    "Create the repository it's",
                    &[],
                    json!({ "operation": "CreateRepository", "input": { "repositoryName": "its", "tags": tags } }),
                    json!({ "operation": "DeleteRepository", "input": { "repositoryName": "its" } }),
                ),
                step(
                    "lifecycle",
                    "Let old images expire",
                    &["repository"],
                    json!({ "operation": "PutLifecyclePolicy", "input": { "repositoryName": "its", "lifecyclePolicyText": "{\"rules\":[]}" } }),
                    json!({ "operation": "DeleteLifecyclePolicy", "input": { "repositoryName": "its" } }),
                ),
                step(
                    "tags",
                    "Tag it",
                    &["repository"],
                    json!({ "operation": "TagResource", "input": { "resourceArn": "${repository.repositoryArn}",
                        "tags": [{ "Key": "of", "Value": "it's ${run.id}" }] } }),
                    json!({ "operation": "UntagResource", "input": { "resourceArn": "${repository.repositoryArn}", "tagKeys": ["of"] } }),
                ),
            ],
        }
    }

    #[test]
    fn facts_are_the_same_whenever_they_were_put_together() {
        let inventory = || Subject::Ecr(Ecr::Inventory { repository: "shop/api".into() });
        let policy = || Subject::Ecr(Ecr::LifecyclePolicy { repository: "shop/api".into() });
        let facts = |now: i64, complete: Value, failing: Value, used_by: &str| {
            let list = json!({ "scope": "111122223333/eu-west-1", "kind": "task", "complete": complete, "failing": failing,
                "details": null, "running": now % 2 == 0 });
            let images = json!([{ "digest": "sha256:1", "used_by": [used_by] }]);
            Facts::new(vec![(policy(), None)])
                .with(inventory(), Some(json!({ "now": now, "images": images, "lists": [list] })))
        };
        let first = facts(1, json!(1), json!(null), "service web");
        assert!(first.say_the_same_as(&facts(2, json!(2), json!(null), "service web")));
        assert!(!first.say_the_same_as(&facts(2, json!(2), json!(null), "service api")));
        assert!(!first.say_the_same_as(&facts(2, json!(null), json!(null), "service web")), "never listed");
        assert!(!first.say_the_same_as(&facts(2, json!(1), json!([2, {}]), "service web")), "cannot be listed");
        let policies = |text: Value| Facts::new(vec![(policy(), Some(text))]);
        assert!(!policies(json!({ "now": 1 })).say_the_same_as(&policies(json!({ "now": 2 }))), "AWS's own words");
        assert!(!policies(json!({})).say_the_same_as(&Facts::new(vec![(policy(), None)])), "gone");
        assert!(!first.say_the_same_as(&Facts::new(vec![(policy(), None)])), "less was asked for");
    }

    #[test]
    fn a_call_is_written_as_its_document_and_read_back() {
        let call = Call::Ecr(ecr::calls::Call::DeleteRepository(ecr::calls::DeleteRepository {
            repository_name: "shop/api".into(),
            ..Default::default()
        }));
        let written =
            json!({ "service": "ecr", "operation": "DeleteRepository", "input": { "repositoryName": "shop/api" } });
        assert_eq!(serde_json::to_value(&call).unwrap(), written);
        assert_eq!(serde_json::from_value::<Call>(written).unwrap(), call);
        assert_eq!(call.name(), "ecr:DeleteRepository");
        let subject = json!({ "service": "ecr", "kind": "repository", "repository": "shop/api" });
        assert_eq!(serde_json::to_value(call.subject()).unwrap(), subject);
        let public =
            json!({ "service": "ecr-public", "operation": "DeleteRepository", "input": { "repositoryName": "p1" } });
        let call = serde_json::from_value::<Call>(public.clone()).unwrap();
        assert_eq!((call.name(), serde_json::to_value(&call).unwrap()), ("ecr-public:DeleteRepository".into(), public));
    }
}

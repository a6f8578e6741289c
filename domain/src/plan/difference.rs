//! How a plan differs from the one that was reviewed, because what there is has changed in between.

use serde_json::{Value, json};

use super::{Plan, Step};
use crate::diff::diff;
use crate::history::FieldChange;

/// What became of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What the step does, in a sentence.
    pub says: String,
    /// What became of it.
    pub what: What,
}

/// See [`Difference`].
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// It was not among the reviewed steps.
    Added,
    /// It is no longer needed.
    Dropped,
    /// These differ: `before` is what there is, `input` what would be sent, `undo` what would take it back.
    Changed(Vec<FieldChange>),
}

/// What changed between two plans of the same answers, in the order of the steps.
pub fn between(reviewed: &Plan, now: &Plan) -> Vec<Difference> {
    let find = |plan: &Plan, id: &str| plan.steps.iter().find(|step| step.id == id).cloned();
    let named = |step: &Step, what| Difference { says: step.says.clone(), what };
    let mut found = vec![];
    for step in &now.steps {
        match find(reviewed, &step.id).map(|was| fields(&was, step)) {
            None => found.push(named(step, What::Added)),
            Some(fields) if fields.is_empty() => {}
            Some(fields) => found.push(named(step, What::Changed(fields))),
        }
    }
    let dropped = reviewed.steps.iter().filter(|step| find(now, &step.id).is_none());
    found.extend(dropped.map(|step| named(step, What::Dropped)));
    found
}

/// So many fields are told of a state that differs.
const TOLD: usize = 3;
/// A value is told that has at most so many characters.
const SHORT: usize = 100;

/// How a state differs from the one that was reviewed, in words: the first fields whose values are short, as they were then and as they are now.
pub fn told(before: Option<&Value>, now: Option<&Value>) -> String {
    let (before, now) = match (before, now) {
        (None, Some(_)) => return "it did not exist then, and exists now".to_owned(),
        (Some(_), None) => return "it existed then, and does not exist now".to_owned(),
        (before, now) => (before.unwrap_or(&Value::Null), now.unwrap_or(&Value::Null)),
    };
    let short = |value: &Option<Value>| {
        let text = match value {
            None => return Some("not there".to_owned()),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        Some(text).filter(|text| text.chars().count() <= SHORT)
    };
    let told = diff(before, now, &[]).into_iter().filter_map(|field| {
        let (was, is) = (short(&field.before)?, short(&field.after)?);
        let path = if field.path.is_empty() { "it" } else { field.path.as_str() };
        Some(format!("{path} was {was} then, and is {is} now"))
    });
    let told: Vec<String> = told.take(TOLD).collect();
    if told.is_empty() { "it is no longer as it was".to_owned() } else { told.join("; ") }
}

fn fields(was: &Step, is: &Step) -> Vec<FieldChange> {
    let whole = |step: &Step| json!({ "before": step.before, "input": step.call.input(), "undo": step.undo });
    diff(&whole(was), &whole(is), &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::three_steps;

    #[test]
    fn steps_that_came_went_or_changed_are_told_and_the_others_are_not() {
        let reviewed = three_steps();
        assert_eq!(between(&reviewed, &reviewed), []);
        let mut now = reviewed.clone();
        now.steps[1].before = Some(json!({ "rules": [{ "rulePriority": 1 }] }));
        let added = Step { id: "new".into(), says: "Do more".into(), ..now.steps[0].clone() };
        now.steps[2] = added;
        let found = between(&reviewed, &now);
        let says: Vec<&str> = found.iter().map(|d| d.says.as_str()).collect();
        assert_eq!(says, ["Let old images expire", "Do more", "Tag it"]);
        let What::Changed(fields) = &found[0].what else { panic!("{found:?}") };
        assert_eq!((fields.len(), fields[0].path.as_str()), (1, "before"));
        assert!(fields[0].before.is_none() && fields[0].after.is_some());
        assert_eq!((&found[1].what, &found[2].what), (&What::Added, &What::Dropped));
    }

    #[test]
    fn a_state_that_differs_is_told_by_what_is_short_in_it() {
        let tag = |digest: &str| json!({ "imageDigest": digest, "imageManifest": digest.repeat(200) });
        let (reviewed, moved) = (tag("sha256:a"), tag("sha256:b"));
        let words = told(Some(&reviewed), Some(&moved));
        assert_eq!(words, "imageDigest was sha256:a then, and is sha256:b now");
        assert_eq!(told(None, Some(&moved)), "it did not exist then, and exists now");
        assert_eq!(told(Some(&moved), None), "it existed then, and does not exist now");
        assert_eq!(told(Some(&json!("V1")), Some(&json!("V2"))), "it was V1 then, and is V2 now");
        let long = |of: &str| json!({ "text": of.repeat(200) });
        assert_eq!(told(Some(&long("a")), Some(&long("b"))), "it is no longer as it was");
    }
}

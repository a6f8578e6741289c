//! How a plan differs from the one that was reviewed, because what there is has changed in between.

use serde_json::json;

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
}

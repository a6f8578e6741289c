//! What a plan costs a month, as far as that is known beforehand.

use super::{Call, Plan, Step};
use crate::{ecr, ecr_public};

/// What amounts are, for people.
pub const BASIS: &str = "AWS's list prices in US East (N. Virginia), before any free tier.";

/// What a plan costs a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The steps of which it is known, in millionths of a US dollar; below zero where less is paid than before.
    pub known: i64,
    /// Why it is not known of the others, each reason once.
    pub unknown: Vec<&'static str>,
    /// Whether each of the others only makes it less.
    pub saves: bool,
}

impl Cost {
    /// Of all steps together.
    pub fn of(plan: &Plan) -> Self {
        let known = plan.steps.iter().filter_map(|step| step.monthly).fold(0, i64::saturating_add);
        let others: Vec<&Step> = plan.steps.iter().filter(|step| step.monthly.is_none()).collect();
        let mut unknown: Vec<&'static str> = vec![];
        for reason in others.iter().copied().map(why) {
            if !unknown.contains(&reason) {
                unknown.push(reason);
            }
        }
        Self { known, unknown, saves: !others.is_empty() && others.into_iter().all(saves) }
    }
}

/// Whether a step can only make the bill less.
fn saves(step: &Step) -> bool {
    use ecr::calls::Call as Ecr;
    use ecr_public::calls::Call as Public;
    matches!(
        &step.call,
        Call::Ecr(Ecr::BatchDeleteImage(_) | Ecr::DeleteRepository(_) | Ecr::PutLifecyclePolicy(_))
            | Call::EcrPublic(Public::BatchDeleteImage(_) | Public::DeleteRepository(_))
    )
}

/// Why it is not known beforehand what a step costs.
pub fn why(step: &Step) -> &'static str {
    use ecr::calls::Call as Ecr;
    match &step.call {
        Call::Ecr(Ecr::CopyImage(_) | Ecr::PutImage(_)) => {
            "How much of the image is new to the repository is not known."
        }
        Call::Ecr(Ecr::BatchDeleteImage(_) | Ecr::DeleteRepository(_)) => {
            "Which of the layers other images share is not known, so neither is what is saved."
        }
        Call::Ecr(Ecr::PutLifecyclePolicy(_)) => "What will expire is not known, so neither is what is saved.",
        Call::Ecr(Ecr::PutReplicationConfiguration(_)) => {
            "What is pushed from now on is stored in every destination, too: as much again in each."
        }
        Call::Ecr(Ecr::PutRegistryScanningConfiguration(_)) => "Amazon Inspector bills each image that it scans.",
        Call::Ecr(Ecr::CreatePullThroughCacheRule(_)) => {
            "What is pulled through the cache is stored, and billed as any image."
        }
        Call::EcrPublic(_) => {
            "Which of the layers other images share is not known, so neither is what is saved; 50 GB of public images are free."
        }
        Call::Ecr(_) | Call::Lambda(_) | Call::Ecs(_) | Call::Kms(_) => "It is not known beforehand.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::three_steps;
    use serde_json::json;

    fn call(operation: &str, input: serde_json::Value) -> Call {
        serde_json::from_value(json!({ "service": "ecr", "operation": operation, "input": input })).unwrap()
    }

    #[test]
    fn what_is_known_is_said_beside_what_is_not() {
        let mut plan = three_steps();
        assert_eq!(Cost::of(&plan), Cost::default());
        plan.steps[0].monthly = Some(1_000_000);
        plan.steps[1].monthly = Some(-200_000);
        assert_eq!(Cost::of(&plan), Cost { known: 800_000, ..Cost::default() });
        for step in &mut plan.steps[1..] {
            step.monthly = None;
            step.call = call("BatchDeleteImage", json!({ "repositoryName": "its", "imageIds": [] }));
        }
        let cost = Cost::of(&plan);
        assert_eq!((cost.known, cost.unknown.len(), cost.saves), (1_000_000, 1, true));
        plan.steps[2].call = call("PutRegistryScanningConfiguration", json!({ "scanType": "ENHANCED", "rules": [] }));
        let cost = Cost::of(&plan);
        assert_eq!((cost.unknown.len(), cost.saves), (2, false));
        assert!(cost.unknown[1].contains("Inspector"), "{cost:?}");
    }
}

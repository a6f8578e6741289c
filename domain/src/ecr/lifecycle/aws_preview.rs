//! AWS's own preview of a lifecycle policy.
//! <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetLifecyclePolicyPreview.html>

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use super::{Fate, ImageFacts, Verdict};
use crate::ecr::subject::Subject;

/// What AWS is asked about these rules: as they are set, without the spaces that somebody typed, which would count towards the length of a
/// policy. What is no JSON stays as it is.
pub fn subject(repository: &str, policy: &str) -> Subject {
    let compact = serde_json::from_str::<serde_json::Value>(policy).map(|policy| policy.to_string());
    Subject::LifecyclePreview {
        repository: repository.to_owned(),
        policy: compact.unwrap_or_else(|_| policy.to_owned()),
    }
}

/// What came of asking AWS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum AwsPreview {
    /// What it would do.
    Told {
        /// The images it acts on; all others stay.
        acts: Vec<Act>,
    },
    /// AWS was still reckoning when Gantry stopped asking.
    Late {
        /// So many seconds it was asked.
        seconds: u64,
    },
    /// AWS could not do it: its word for how it ended.
    Failed {
        /// `FAILED` or `EXPIRED`
        status: String,
    },
    /// The endpoint does not implement the call.
    Unsupported,
}

/// What the policy does to an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Of the image.
    pub digest: String,
    /// The priority of the rule; 0 where AWS does not say.
    pub rule: i64,
    /// It is moved to the archive; else it is deleted.
    #[serde(default)]
    pub archived: bool,
}

/// AWS's answer in the form of Gantry's own evaluation, for these images. What AWS acts on and Gantry has not collected is counted.
pub fn verdicts(acts: &[Act], images: &[ImageFacts]) -> (Vec<Verdict>, usize) {
    let by_digest: BTreeMap<&str, &Act> = acts.iter().map(|act| (act.digest.as_str(), act)).collect();
    let fate = |digest: &str| match by_digest.get(digest) {
        None => Fate::Kept,
        Some(Act { rule, archived: true, .. }) => Fate::Archived { rule: *rule },
        Some(Act { rule, .. }) => Fate::Expired { rule: *rule },
    };
    let verdict = |image: &ImageFacts| Verdict {
        digest: image.digest.clone(),
        fate: fate(&image.digest),
        children: image.children.clone(),
    };
    let known: BTreeSet<&str> = images.iter().map(|image| image.digest.as_str()).collect();
    let unknown = by_digest.keys().filter(|digest| !known.contains(*digest)).count();
    (images.iter().map(verdict).collect(), unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecr::inventory::tests::inventory;

    #[test]
    fn what_aws_does_not_name_stays_and_what_gantry_has_not_is_counted() {
        let act = |digest: &str, archived| Act { digest: digest.into(), rule: 2, archived };
        let acts = [act("sha256:old", false), act("sha256:new", true), act("sha256:unseen", false)];
        let (verdicts, unknown) = verdicts(&acts, &inventory().facts());
        assert_eq!(unknown, 1);
        let fate = |digest: &str| verdicts.iter().find(|v| v.digest == digest).unwrap().fate.clone();
        assert_eq!(fate("sha256:old"), Fate::Expired { rule: 2 });
        assert_eq!(fate("sha256:new"), Fate::Archived { rule: 2 });
        assert_eq!(fate("sha256:run"), Fate::Kept);
    }
}

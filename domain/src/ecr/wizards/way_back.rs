//! What taking back a run that was applied would do to images that something uses: between the run and its undo weeks may pass.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::discriminant;

use super::super::calls::{BatchDeleteImage, Call, PutImage, PutLifecyclePolicy};
use super::super::inventory::Inventory;
use super::super::lifecycle::{Danger, Policy, evaluate, in_danger};
use super::tags::started_by;
use super::{doubts, some};
use crate::identity::Scope;
use crate::plan::run::Run;
use crate::plan::{self, Undo};
use crate::time::Millis;

/// For so long after its end a run is taken back even if it is not known what uses its images, in milliseconds: whoever sees at once that it was
/// wrong should not have to find another way.
const YOUNG: i64 = 3_600_000;

/// What the way back of a run takes from one repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// The digests of images that the run put and its way back deletes, as far as no tag of somebody else keeps them.
    digests: BTreeSet<String>,
    /// The digests of images that it takes tags from. With its last tag one goes only if the run put it: another's keeps that tag.
    tagged: BTreeSet<String>,
    /// The tags that it takes away.
    untagged: BTreeSet<String>,
    /// The tags that it leads back to other images.
    moved: BTreeSet<String>,
    /// The lifecycle policy that it puts back.
    rules: Option<String>,
    /// The one that the run left; `None` where it left none.
    now: Option<String>,
}

/// The digest of an image that a call puts or tags.
fn put(call: &plan::Call) -> Option<String> {
    match call {
        plan::Call::Ecr(Call::PutImage(input)) => input.image_digest.clone(),
        plan::Call::Ecr(Call::CopyImage(input)) => Some(input.image_digest.clone()),
        _ => None,
    }
}

/// What taking a run back, or what is left to take back of it, takes away, by account and region and by the repository's name; only those where
/// images can be lost.
pub fn losses(run: &Run) -> BTreeMap<(Scope, String), Loss> {
    let mut losses: BTreeMap<(Scope, String), Loss> = BTreeMap::new();
    for (step, progress) in run.plan.steps.iter().zip(&run.steps) {
        let Undo::Call(plan::Call::Ecr(undo)) = &step.undo else { continue };
        // What somebody else had put is left to them.
        if progress.state.is_behind() || (progress.attempts == 0 && step.call.is_content()) {
            continue;
        }
        let repository = match undo {
            Call::BatchDeleteImage(BatchDeleteImage { repository_name, .. })
            | Call::PutImage(PutImage { repository_name, .. })
            | Call::PutLifecyclePolicy(PutLifecyclePolicy { repository_name, .. }) => repository_name,
            _ => continue,
        };
        let loss = losses.entry((step.scope.clone(), repository.clone())).or_default();
        match undo {
            Call::BatchDeleteImage(input) => {
                for id in &input.image_ids {
                    match &id.image_tag {
                        Some(tag) => loss.untagged.extend([tag.clone()]),
                        None => loss.digests.extend(id.image_digest.clone()),
                    }
                }
                loss.tagged.extend(put(&step.call));
                // Plans of an earlier format put an image and its tag in one step.
                if step.call.is_long() && step.call.input()["alone"] != true {
                    loss.digests.extend(put(&step.call));
                }
            }
            Call::PutImage(input) => loss.moved.extend(input.image_tag.clone()),
            Call::PutLifecyclePolicy(input) => {
                loss.rules = Some(input.lifecycle_policy_text.clone());
                loss.now = match &step.call {
                    plan::Call::Ecr(Call::PutLifecyclePolicy(set)) => Some(set.lifecycle_policy_text.clone()),
                    _ => None,
                };
            }
            _ => {}
        }
    }
    losses.retain(|_, loss| !loss.digests.is_empty() || !loss.untagged.is_empty() || loss.rules.is_some());
    losses
}

/// The images in use that go by these rules. A policy that AWS has taken is read with whatever Gantry does not know of it.
fn by_rules(policy: &str, inventory: &Inventory) -> Vec<Danger> {
    let Ok(policy) = serde_json::from_str::<Policy>(policy) else { return vec![] };
    in_danger(&evaluate(&policy, &inventory.facts(), inventory.now), &inventory.in_use())
}

impl Loss {
    /// What speaks against it, in sentences: who uses what would go, and where it can be insisted on. Of a run that ended long ago also what is not
    /// known of the use of images. None where nothing is known to use it.
    pub fn against(&self, repository: &str, ended: Option<Millis>, inventory: &Inventory) -> Vec<String> {
        let explained = |dangers: &[Danger]| {
            let names: Vec<String> = dangers.iter().map(|danger| inventory.explain(repository, danger)).collect();
            (!names.is_empty()).then(|| some(&names))
        };
        let images = explained(&inventory.needed(&self.going(inventory))).map(|names| {
            format!(
                "Undo would delete images in use: {names}. Who means it nevertheless deletes them on the page of the repository {repository}, where it can be insisted on."
            )
        });
        let tags = self.untagged.iter().filter(|tag| self.leads_here(tag, inventory)).filter_map(|tag| {
            let who = started_by(inventory, tag)?;
            Some(format!(
                "What starts by {tag} would find no image at its next start: {who}. Who means it nevertheless takes the tag off on the page of its image, where it can be insisted on."
            ))
        });
        let rules = explained(&self.by_old_rules(inventory)).map(|names| {
            format!(
                "By the rules that Undo would put back images in use would go: {names}. Who means it nevertheless sets them in the lifecycle rules of {repository}, where it can be insisted on."
            )
        });
        let settled = ended.is_none_or(|ended| inventory.now.0 - ended.0 > YOUNG);
        let untags = self.untagged.iter().any(|tag| self.leads_here(tag, inventory));
        let risky = untags || !self.going(inventory).is_empty() || self.rules.is_some();
        let unknown = doubts(inventory).filter(|_| settled && risky).map(|doubts| {
            format!("{doubts} Who means it nevertheless does the same on the page of the repository {repository}, where it can be insisted on.")
        });
        images.into_iter().chain(tags).chain(rules).chain(unknown).collect()
    }

    /// The images that are deleted. One that has another tag by now is kept by it.
    fn going(&self, inventory: &Inventory) -> BTreeSet<&str> {
        let held = inventory.by_digest();
        let leaves = |tag: &String| self.untagged.contains(tag) || self.moved.contains(tag);
        let goes = |digest: &&str| held.get(*digest).is_none_or(|held| held.facts.tags.iter().all(leaves));
        self.digests.iter().map(String::as_str).filter(goes).collect()
    }

    /// Whether a tag still leads to an image of the run: one that was moved since is left where it is.
    fn leads_here(&self, tag: &str, inventory: &Inventory) -> bool {
        let has = |digest: &String| {
            inventory.get(digest).is_some_and(|held| held.facts.tags.iter().any(|known| known.as_str() == tag))
        };
        self.digests.union(&self.tagged).any(has)
    }

    /// The images in use that go by the rules of before, and not in any case by those of now.
    fn by_old_rules(&self, inventory: &Inventory) -> Vec<Danger> {
        let of = |policy: &Option<String>| policy.as_deref().map(|text| by_rules(text, inventory)).unwrap_or_default();
        let (mut lost, already) = (of(&self.rules), of(&self.now));
        let same = |a: &Danger, b: &Danger| a.digest == b.digest && discriminant(&a.fate) == discriminant(&b.fate);
        lost.retain(|danger| !already.iter().any(|known| same(known, danger)));
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecr::inventory::tests::held;
    use crate::plan::Plan;
    use crate::plan::run::{State, StepState};
    use serde_json::{Value, json};

    fn scope() -> Scope {
        Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
    }

    /// A run of these calls and their undos on `shop/api` that was applied.
    fn applied(steps: &[(&str, Value, &str, Value)]) -> Run {
        let call = |operation: &str, input: &Value| {
            let mut input = input.clone();
            input["repositoryName"] = "shop/api".into();
            json!({ "service": "ecr", "operation": operation, "input": input })
        };
        let steps: Vec<Value> = steps
            .iter()
            .enumerate()
            .map(|(n, (operation, input, back, undo))| {
                json!({ "id": format!("s{n}"), "says": "", "scope": scope(), "call": call(operation, input), "effect": "create",
                    "before": null, "depends_on": [], "undo": { "call": call(back, undo) }, "monthly": null })
            })
            .collect();
        let plan = json!({ "format": 5, "title": "", "scope": scope(), "steps": steps });
        let mut run = Run::new("r".into(), serde_json::from_value::<Plan>(plan).unwrap());
        run.state = State::Applied;
        for step in &mut run.steps {
            (step.state, step.attempts) = (StepState::Made, 1);
        }
        run
    }

    /// An image with a tag, as a copy or an upload puts it.
    fn copied() -> Run {
        let by_digest = json!({ "imageIds": [{ "imageDigest": "sha256:a" }] });
        let by_tag = json!({ "imageIds": [{ "imageTag": "1.4" }] });
        applied(&[
            ("PutImage", json!({ "imageManifest": "{}", "imageDigest": "sha256:a" }), "BatchDeleteImage", by_digest),
            (
                "PutImage",
                json!({ "imageManifest": "{}", "imageDigest": "sha256:a", "imageTag": "1.4" }),
                "BatchDeleteImage",
                by_tag,
            ),
        ])
    }

    fn against(run: &Run, inventory: &Inventory) -> Vec<String> {
        let found = losses(run);
        assert!(found.keys().all(|(at, name)| *at == scope() && name == "shop/api"), "{found:?}");
        found.values().flat_map(|loss| loss.against("shop/api", Some(inventory.now), inventory)).collect()
    }

    fn one(tags: &[&str], used_by: &[&str]) -> Inventory {
        let images = vec![held("sha256:a", 1, tags, &[], used_by), held("sha256:b", 2, &["old"], &[], &[])];
        Inventory { now: Millis(100 * 86_400_000), images, ..Inventory::default() }
    }

    #[test]
    fn an_image_that_something_runs_by_now_is_not_taken_back() {
        let run = copied();
        let said = against(&run, &one(&["1.4"], &["service web in prod"]));
        assert!(said.len() == 1 && said[0].contains("shop/api:1.4 (used by service web in prod)"), "{said:?}");
        assert!(said[0].contains("the page of the repository shop/api"), "{said:?}");
        assert_eq!(against(&run, &one(&["1.4"], &[])), Vec::<String>::new());
        // Another tag keeps it.
        assert_eq!(against(&run, &one(&["1.4", "kept"], &["service web in prod"])), Vec::<String>::new());
        // Where only a tag is taken away, an image that somebody else put keeps its last one.
        let mut old = copied();
        old.plan.steps.remove(0);
        old.steps.remove(0);
        assert_eq!(against(&old, &one(&["1.4"], &["service web in prod"])), Vec::<String>::new());
        // What somebody else had put stays in any case.
        let mut theirs = copied();
        theirs.plan.steps.truncate(1);
        theirs.steps.truncate(1);
        theirs.steps[0].attempts = 0;
        assert!(losses(&theirs).is_empty());
    }

    #[test]
    fn what_is_not_known_of_the_use_of_images_speaks_against_it_once_the_run_is_old() {
        let mut inventory = one(&["1.4"], &[]);
        inventory.unread = vec![crate::ResourceKey::parse("lambda.function/111122223333/eu-west-1/resize").unwrap()];
        assert_eq!(against(&copied(), &inventory), Vec::<String>::new());
        let old = Some(Millis(inventory.now.0 - YOUNG - 1));
        let said: Vec<String> =
            losses(&copied()).values().flat_map(|l| l.against("shop/api", old, &inventory)).collect();
        assert!(said.len() == 1 && said[0].contains("resize"), "{said:?}");
    }

    #[test]
    fn a_tag_that_something_starts_by_is_not_taken_away() {
        let mut inventory = one(&["1.4", "kept"], &[]);
        inventory.started_by = [("1.4".to_owned(), ["schedule default/hourly".to_owned()].into())].into();
        let said = against(&copied(), &inventory);
        assert!(said.len() == 1 && said[0].starts_with("What starts by 1.4 would find no image"), "{said:?}");
        assert!(said[0].contains("schedule default/hourly"), "{said:?}");
        // Moved on since, it stays where it is.
        inventory.images[0].facts.tags.remove(0);
        inventory.images[1].facts.tags.push("1.4".into());
        assert_eq!(against(&copied(), &inventory), Vec::<String>::new());
    }

    #[test]
    fn a_tag_that_was_moved_to_the_image_does_not_keep_it() {
        let by_digest = json!({ "imageIds": [{ "imageDigest": "sha256:a" }] });
        let old = json!({ "imageManifest": "{}", "imageDigest": "sha256:b", "imageTag": "prod" });
        let run = applied(&[
            ("PutImage", json!({ "imageManifest": "{}", "imageDigest": "sha256:a" }), "BatchDeleteImage", by_digest),
            (
                "PutImage",
                json!({ "imageManifest": "{}", "imageDigest": "sha256:a", "imageTag": "prod" }),
                "PutImage",
                old.clone(),
            ),
        ]);
        assert_eq!(against(&run, &one(&["prod"], &["service web in prod"])).len(), 1);
        // Leading a tag back alone deletes nothing.
        let moved = applied(&[(
            "PutImage",
            json!({ "imageManifest": "{}", "imageDigest": "sha256:a", "imageTag": "prod" }),
            "PutImage",
            old,
        )]);
        assert!(losses(&moved).is_empty());
    }

    #[test]
    fn rules_by_which_an_image_in_use_would_go_are_not_put_back() {
        let keep = |count: u32| {
            json!({ "rules": [{ "rulePriority": 1, "selection": { "tagStatus": "any", "countType": "imageCountMoreThan",
                "countNumber": count }, "action": { "type": "expire" } }] })
            .to_string()
        };
        let put = |text: String| json!({ "lifecyclePolicyText": text });
        let inventory = one(&["1.4"], &["service web in prod"]);
        let removed = applied(&[("DeleteLifecyclePolicy", json!({}), "PutLifecyclePolicy", put(keep(1)))]);
        let said = against(&removed, &inventory);
        assert!(said.len() == 1 && said[0].contains("shop/api:1.4 (used by service web in prod)"), "{said:?}");
        assert!(said[0].contains("the lifecycle rules of shop/api"), "{said:?}");
        let loosened = applied(&[("PutLifecyclePolicy", put(keep(9)), "PutLifecyclePolicy", put(keep(1)))]);
        assert_eq!(against(&loosened, &inventory), said);
        // Rules that are milder than those of now harm nothing more.
        let tightened = applied(&[("PutLifecyclePolicy", put(keep(1)), "PutLifecyclePolicy", put(keep(9)))]);
        assert_eq!(against(&tightened, &inventory), Vec::<String>::new());
        let alike = applied(&[("PutLifecyclePolicy", put(keep(1)), "PutLifecyclePolicy", put(keep(1)))]);
        assert_eq!(against(&alike, &inventory), Vec::<String>::new());
    }
}

//! What befalls a repository after it was made: another plan of another wizard, sometimes taken back. What there has to be then follows from the
//! journals, one after the other.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::ACCOUNTS;
use super::dice::{Dice, luck};
use super::images;
use super::oracle::{document, permissions};
use super::runs::{Api, Story, of, steps};
use super::source;

/// How long it is tried to begin one.
const LIMIT: Duration = Duration::from_secs(300);

/// How often it is rolled for the only wizard that is wanted.
const ROLLS: usize = 300;

/// Answers of another wizard, for a repository that exists.
pub fn answers(story: &Story, repository: &str) -> Result<Value> {
    let (seed, name) = luck(story.seed, repository);
    let mut dice = Dice::of(seed, &format!("{name} change"));
    let wanted = |wizard: &str| story.only.as_ref().is_none_or(|only| only == wizard);
    let rolled = (0..ROLLS).map(|_| roll(&mut dice, repository, story.source)).find(|(wizard, _)| wanted(wizard));
    let (wizard, answers) =
        rolled.with_context(|| format!("no repository is changed by {}", story.only.as_deref().unwrap_or_default()))?;
    let scope = json!({ "account": ACCOUNTS.gantry, "region": "eu-west-1" });
    Ok(json!({ "scope": scope, "wizard": wizard, "answers": answers }))
}

/// A wizard and its answers. Images are copied from the registry at the port `source`.
fn roll(dice: &mut Dice, repository: &str, source: u16) -> (&'static str, Value) {
    let keep = json!({ "rules": [{ "rulePriority": 1, "action": { "type": "expire" },
        "selection": { "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 40 + dice.below(50) } }] });
    let look = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "look", "Effect": "Allow",
        "Principal": { "AWS": "444455556666" }, "Action": ["ecr:DescribeImages"] }] });
    match dice.below(9) {
        // Insisted on: a server that was just killed has not read yet what uses the images.
        0 => {
            ("lifecycle-policy", json!({ "repository": repository, "policy": keep.to_string(), "insist": repository }))
        }
        1 => ("lifecycle-policy", json!({ "repository": repository, "policy": "" })),
        2 => ("repository-policy", json!({ "repository": repository, "policy": look.to_string() })),
        3 => ("repository-policy", json!({ "repository": repository, "policy": "" })),
        4 => ("delete-repository", json!({ "repository": repository })),
        5 => ("put-images", images::put(repository, dice.below(1000))),
        6 | 7 => {
            let source = source::reference(source, if dice.one_in(3) { source::ONE } else { source::ALL });
            ("copy-image", json!({ "source": source, "platform": "", "repository": repository, "tag": "copied" }))
        }
        _ => {
            let tags = json!([["team:0", "another"], ["new", "tag"]]);
            let settings = json!({ "repository": repository, "immutable": dice.one_in(2), "exclusions": [],
                "scan_on_push": dice.one_in(2), "tags": tags });
            ("change-repository", settings)
        }
    }
}

/// Plans and begins it, unless there is nothing to change. A run whose id was lost with the server's answer is not begun again.
pub fn begin(api: &Api, answers: &Value, repository: &str) -> Result<()> {
    let (begin, known) = (Instant::now(), of(api, repository)?.len());
    loop {
        let reviewed = api.insist("POST", "/plans", Some(answers))?;
        let Some(hash) = reviewed["plan"]["hash"].as_str() else {
            // The source always answers: without it there would be no copies, and nobody would see that.
            if reviewed["wrong"]["source"].is_string() {
                bail!("a copy is refused: {reviewed}");
            }
            return Ok(());
        };
        if let Ok((201, _)) = api.ask("POST", "/runs", Some(&json!({ "answers": answers, "hash": hash }))) {
            return Ok(());
        }
        if of(api, repository)?.len() > known {
            return Ok(());
        }
        if begin.elapsed() > LIMIT {
            bail!("a change cannot be begun");
        }
        std::thread::sleep(Duration::from_millis(150));
    }
}

/// The repository that a run is about. Its key, where it gets one of its own, comes first.
pub fn repository(view: &Value) -> &str {
    let named = steps(view).find_map(|(step, _)| {
        let input = &step["call"]["input"];
        let of_arn = input["resourceArn"].as_str().and_then(|arn| arn.split_once(":repository/")).map(|(_, name)| name);
        input["repositoryName"].as_str().or(of_arn)
    });
    named.unwrap_or_default()
}

/// Whether it is a public one.
pub fn is_public(view: &Value) -> bool {
    steps(view).any(|(step, _)| step["call"]["service"] == "ecr-public")
}

/// Whether a run changes what exists.
pub fn is_change(view: &Value) -> bool {
    steps(view).all(|(step, _)| step["call"]["operation"] != "CreateRepository")
}

/// What there is after a change that was applied; nothing once it is deleted.
pub fn after(mut there: Value, view: &Value) -> Option<Value> {
    for (step, _) in steps(view) {
        let input = &step["call"]["input"];
        match step["call"]["operation"].as_str().unwrap_or_default() {
            "PutLifecyclePolicy" => there["lifecycle"] = document(&input["lifecyclePolicyText"]),
            "DeleteLifecyclePolicy" => there["lifecycle"] = Value::Null,
            "SetRepositoryPolicy" => there["permissions"] = permissions(&input["policyText"]),
            "DeleteRepositoryPolicy" => there["permissions"] = Value::Null,
            "PutImageTagMutability" => {
                there["mutability"] = input["imageTagMutability"].clone();
                let filters = input["imageTagMutabilityExclusionFilters"].as_array().cloned();
                there["exclusions"] = filters.unwrap_or_default().into();
            }
            "PutImageScanningConfiguration" => {
                there["scan"] = input["imageScanningConfiguration"]["scanOnPush"].as_bool().unwrap_or(false).into();
            }
            "TagResource" => {
                for tag in input["tags"].as_array().into_iter().flatten() {
                    there["tags"][tag["Key"].as_str().unwrap_or_default()] = tag["Value"].clone();
                }
            }
            "UntagResource" => {
                let keys: Vec<&str> =
                    input["tagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                if let Some(tags) = there["tags"].as_object_mut() {
                    tags.retain(|key, _| !keys.contains(&key.as_str()));
                }
            }
            "PutImage" => there["images"] = images::after_put(&there["images"], input),
            "DeleteRepository" => return None,
            _ => {}
        }
    }
    if let Some(copied) = images::after_copy(&there["images"], &view["answers"]) {
        there["images"] = copied;
    }
    Some(there)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_follow_each_other() {
        let run = |operation: &str, input: Value| json!({ "run": { "plan": { "steps": [{ "call": { "operation": operation, "input": input } }] }, "steps": [{}] } });
        let arn = "arn:aws:ecr:eu-west-1:111122223333:repository/torture/a";
        let untag = run("UntagResource", json!({ "resourceArn": arn, "tagKeys": ["old"] }));
        assert_eq!((repository(&untag), is_change(&untag)), ("torture/a", true));
        let there = json!({ "tags": { "old": "1", "team": "x" }, "lifecycle": { "rules": [] } });
        let there = after(there, &untag).unwrap();
        let there = after(there, &run("DeleteLifecyclePolicy", json!({ "repositoryName": "torture/a" }))).unwrap();
        assert_eq!(there, json!({ "tags": { "team": "x" }, "lifecycle": null }));
        assert_eq!(after(there, &run("DeleteRepository", json!({ "repositoryName": "torture/a" }))), None);
        assert!(!is_change(&run("CreateRepository", json!({ "repositoryName": "torture/a" }))));
        let calls = json!([{ "call": { "service": "kms", "operation": "CreateKey", "input": {} } },
            { "call": { "service": "ecr", "operation": "CreateRepository", "input": { "repositoryName": "torture/b" } } }]);
        let encrypted = json!({ "run": { "plan": { "steps": calls }, "steps": [{}, {}] } });
        assert_eq!((repository(&encrypted), is_public(&encrypted)), ("torture/b", false));
    }

    #[test]
    fn what_is_wanted_alone_comes_alone() {
        let of = |seed: u64, only: Option<&str>| {
            let only = only.map(str::to_owned);
            answers(&Story { seed, source: 5000, only }, "torture/a").map(|answers| answers["wizard"].clone())
        };
        assert!((0..40).all(|seed| of(seed, Some("copy-image")).is_ok_and(|wizard| wizard == "copy-image")));
        assert!((0..40).any(|seed| of(seed, None).is_ok_and(|wizard| wizard == "put-images")));
        assert!(of(1, Some("none")).is_err());
    }
}

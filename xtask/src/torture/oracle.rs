//! What the sandbox has, asked of itself, and whether that is what Gantry's journals say.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};

use super::ACCOUNTS;
use super::changes;
use super::http::{self, Message};
use super::images;
use super::runs::steps;
use super::weather::Weather;

/// The sandbox, in one account.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// Its port.
    pub port: u16,
    /// The account.
    pub account: String,
}

impl Sandbox {
    /// A call as nobody else makes it: neither Gantry's, nor a script's. `None` for what does not exist.
    pub fn ecr(&self, operation: &str, input: &Value) -> Result<Option<Value>> {
        self.ask("AmazonEC2ContainerRegistry_V20150921", "eu-west-1/ecr", operation, input)
    }

    /// The same of ECR Public.
    pub fn ecr_public(&self, operation: &str, input: &Value) -> Result<Option<Value>> {
        self.ask("SpencerFrontendService", "us-east-1/ecr-public", operation, input)
    }

    /// The same of KMS.
    pub fn kms(&self, operation: &str, input: &Value) -> Result<Option<Value>> {
        self.ask("TrentService", "eu-west-1/kms", operation, input)
    }

    /// The same of ECS.
    pub fn ecs(&self, operation: &str, input: &Value) -> Result<Option<Value>> {
        self.ask("AmazonEC2ContainerServiceV20141113", "eu-west-1/ecs", operation, input)
    }

    /// The same of Lambda, whose functions are paths.
    pub fn lambda(&self, method: &str, path: &str, input: Option<&Value>) -> Result<Option<Value>> {
        let body = input.map(Value::to_string).unwrap_or_default();
        self.send(&format!("{method} /2015-03-31/functions/{path}"), "eu-west-1/lambda", None, body)
    }

    fn ask(&self, target: &str, scope: &str, operation: &str, input: &Value) -> Result<Option<Value>> {
        self.send("POST /", scope, Some(format!("{target}.{operation}")), input.to_string())
    }

    fn send(&self, first: &str, scope: &str, target: Option<String>, body: String) -> Result<Option<Value>> {
        let kind = if target.is_some() { "application/x-amz-json-1.1" } else { "application/json" };
        let credential = format!("{}/20261123/{scope}/aws4_request", self.account);
        let mut headers = vec![
            ("host", "127.0.0.1".to_owned()),
            ("content-type", kind.to_owned()),
            ("authorization", format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0")),
        ];
        let what = target.clone().unwrap_or_else(|| first.to_owned());
        headers.extend(target.map(|target| ("x-amz-target", target)));
        let request = Message {
            first: format!("{first} HTTP/1.1"),
            headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            body: body.into_bytes(),
        };
        let answer = http::exchange(self.port, &request, Duration::from_secs(60))?;
        let text = String::from_utf8_lossy(&answer.body);
        match answer.status() {
            200..300 if text.is_empty() => Ok(Some(Value::Null)),
            200..300 => Ok(Some(serde_json::from_str(&text).context("the sandbox answers no JSON")?)),
            _ if text.contains("NotFoundException") => Ok(None),
            status => bail!("the sandbox answers {what} with {status}: {text}"),
        }
    }

    /// Every repository with all that belongs to it, by name. A name that comes twice is an error.
    pub fn listing(&self) -> Result<BTreeMap<String, Value>> {
        let (mut found, mut page) = (BTreeMap::new(), json!({}));
        loop {
            let answer = self.ecr("DescribeRepositories", &page)?.unwrap_or_default();
            for repository in answer["repositories"].as_array().into_iter().flatten() {
                let name = repository["repositoryName"].as_str().context("a repository without a name")?.to_owned();
                if found.insert(name.clone(), self.whole(repository, &name)?).is_some() {
                    bail!("{name} is listed twice");
                }
            }
            match answer["nextToken"].as_str() {
                Some(token) => page = json!({ "nextToken": token }),
                None => return Ok(found),
            }
        }
    }

    fn whole(&self, repository: &Value, name: &str) -> Result<Value> {
        let of = json!({ "repositoryName": name });
        let tags = self.ecr("ListTagsForResource", &json!({ "resourceArn": repository["repositoryArn"] }))?;
        let tags = tags.unwrap_or_default()["tags"].as_array().cloned().unwrap_or_default();
        let tags: Map<String, Value> =
            tags.iter().map(|tag| (tag["Key"].as_str().unwrap_or_default().to_owned(), tag["Value"].clone())).collect();
        let text = |answer: Option<Value>, field: &str| document(&answer.unwrap_or_default()[field]);
        Ok(json!({
            "mutability": repository["imageTagMutability"],
            "exclusions": repository["imageTagMutabilityExclusionFilters"].as_array().cloned().unwrap_or_default(),
            // Off is what is not said.
            "scan": repository["imageScanningConfiguration"]["scanOnPush"].as_bool().unwrap_or(false),
            "encryption": repository["encryptionConfiguration"]["encryptionType"],
            "tags": tags,
            "lifecycle": text(self.ecr("GetLifecyclePolicy", &of)?, "lifecyclePolicyText"),
            "permissions": permissions(&self.ecr("GetRepositoryPolicy", &of)?.unwrap_or_default()["policyText"]),
            "images": images::of(self, name)?,
        }))
    }
}

/// A policy's text as the document it is; nothing for none.
pub fn document(text: &Value) -> Value {
    text.as_str().map_or(Value::Null, |text| serde_json::from_str(text).unwrap_or_else(|_| text.into()))
}

/// The same of a policy that says who may what, for comparisons: AWS gives an account back as the ARN of its root user, and a list of one as its
/// only entry.
pub fn permissions(text: &Value) -> Value {
    fn kept(value: Value) -> Value {
        match value {
            Value::Array(mut list) if list.len() == 1 => kept(list.remove(0)),
            Value::Array(list) => list.into_iter().map(kept).collect(),
            Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, kept(value))).collect(),
            Value::String(id) if id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) => {
                format!("arn:aws:iam::{id}:root").into()
            }
            other => other,
        }
    }
    kept(document(text))
}

/// What a run's plan makes, in the listing's words.
fn planned(view: &Value) -> Value {
    let mut made = json!({ "lifecycle": null, "permissions": null, "images": [] });
    for (step, _) in steps(view) {
        let input = &step["call"]["input"];
        match step["call"]["operation"].as_str().unwrap_or_default() {
            "CreateRepository" => {
                let fill = |text: &Value| {
                    let text = text.as_str().unwrap_or_default();
                    text.replace("${run.id}", view["run"]["id"].as_str().unwrap_or_default())
                        .replace("${run.by}", view["by"].as_str().unwrap_or_default())
                };
                let tags = input["tags"].as_array().cloned().unwrap_or_default();
                let tags: Map<String, Value> =
                    tags.iter().map(|tag| (fill(&tag["Key"]), fill(&tag["Value"]).into())).collect();
                made["mutability"] = input["imageTagMutability"].clone();
                made["exclusions"] =
                    input["imageTagMutabilityExclusionFilters"].as_array().cloned().unwrap_or_default().into();
                made["scan"] = input["imageScanningConfiguration"]["scanOnPush"].clone();
                made["encryption"] = input["encryptionConfiguration"]["encryptionType"].clone();
                made["tags"] = tags.into();
            }
            "PutLifecyclePolicy" => made["lifecycle"] = document(&input["lifecyclePolicyText"]),
            "SetRepositoryPolicy" => made["permissions"] = permissions(&input["policyText"]),
            _ => {}
        }
    }
    made
}

/// How it ended.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Runs that ended applied, undone, stuck.
    pub applied: u64,
    /// See [`Self::applied`].
    pub undone: u64,
    /// See [`Self::applied`].
    pub stuck: u64,
    /// What exists and no journal says so.
    pub orphans: u64,
    /// The images among them.
    pub orphaned_images: u64,
    /// What was made twice.
    pub duplicates: u64,
    /// Calls that replace a whole document, or put a manifest, and were made again with the same one: nothing is there twice, and they are counted.
    pub again: u64,
    /// What a journal says and is not so.
    pub wrong: u64,
    /// Runs that did not end.
    pub endless: u64,
    /// Each broken promise, with the journal.
    pub offences: Vec<String>,
}

/// Judges all runs by what there is.
pub fn judge(runs: &[Value], listing: &BTreeMap<String, Value>, weather: &Weather) -> Verdict {
    let mut verdict = Verdict::default();
    let mut by_name: BTreeMap<String, Vec<&Value>> = listing.keys().map(|name| (name.clone(), vec![])).collect();
    // Public repositories are not in the listing; `exports` and `points` look at them.
    for view in runs.iter().filter(|view| !changes::is_public(view)) {
        by_name.entry(changes::repository(view).to_owned()).or_default().push(view);
    }
    for (name, runs) in &by_name {
        let (later, first): (Vec<&Value>, Vec<&Value>) = runs.iter().partition(|view| changes::is_change(view));
        one(name, &first, &later, listing.get(name), &mut verdict);
        let often = |operation: &str| weather.how_often_made(ACCOUNTS.gantry, name, operation);
        if often("CreateRepository") > 1 + often("DeleteRepository") {
            verdict.duplicates += 1;
            verdict.offend(name, &format!("AWS made CreateRepository {} times", often("CreateRepository")), runs);
        }
        for (puts, takes) in
            [("PutLifecyclePolicy", "DeleteLifecyclePolicy"), ("SetRepositoryPolicy", "DeleteRepositoryPolicy")]
        {
            // Another plan may write a policy anew, and its undo once more.
            if later.is_empty() {
                verdict.again += often(puts).saturating_sub(1 + often(takes));
            }
        }
        for (puts, tags) in [("PutManifest", false), ("PutTag", true)] {
            let copies = |step: &Value| {
                step["call"]["operation"] == "CopyImage" && tags == step["call"]["input"]["imageTag"].is_string()
            };
            let wanted = later.iter().flat_map(|view| steps(view)).filter(|(step, _)| copies(step)).count();
            verdict.again += often(puts).saturating_sub(wanted as u64);
        }
    }
    verdict
}

impl Verdict {
    /// How many runs were judged.
    pub fn runs(&self) -> u64 {
        self.applied + self.undone + self.stuck + self.endless
    }

    fn offend(&mut self, name: &str, what: &str, runs: &[&Value]) {
        let mut text = format!("{name}: {what}");
        for view in runs {
            let run = &view["run"];
            text += &format!("\n  run {} ended {}: {}", run["id"], run["state"], run["problem"]["message"]);
            for (step, progress) in steps(view) {
                let (note, problem) = (&progress["note"], &progress["problem"]["message"]);
                text += &format!(
                    "\n    {} {} after {} tries; {note}; {problem}",
                    step["id"], progress["state"], progress["attempts"]
                );
            }
        }
        self.offences.push(text);
    }
}

/// Judges the images of a repository: none is there that no journal speaks of, and none twice. `left` are runs that are stuck.
fn images_of(name: &str, there: &Value, planned: &Value, left: &[&Value], runs: &[&Value], verdict: &mut Verdict) {
    let orphans = images::orphans(&there["images"], planned, left);
    if !orphans.is_empty() {
        verdict.orphans += orphans.len() as u64;
        verdict.orphaned_images += orphans.len() as u64;
        verdict.offend(name, &format!("has images, and no journal says so: {orphans:?}"), runs);
    }
    let digests = images::digests(&there["images"]);
    let twice = digests.len() - digests.iter().collect::<BTreeSet<_>>().len();
    if twice > 0 {
        verdict.duplicates += twice as u64;
        verdict.offend(name, &format!("has images twice: {digests:?}"), runs);
    }
}

/// Judges the runs that made a repository, and those that changed it later.
fn one(name: &str, runs: &[&Value], later: &[&Value], there: Option<&Value>, verdict: &mut Verdict) {
    let in_state = |state: &str| runs.iter().filter(|view| view["run"]["state"] == state).copied().collect::<Vec<_>>();
    let (applied, stuck) = (in_state("applied"), in_state("stuck"));
    let mut endless = 0;
    for view in runs.iter().chain(later) {
        match view["run"]["state"].as_str() {
            Some("applied") => verdict.applied += 1,
            Some("undone") => verdict.undone += 1,
            Some("stuck") => verdict.stuck += 1,
            _ => endless += 1,
        }
    }
    if endless > 0 {
        verdict.endless += endless;
        return verdict.offend(name, "a run does not end", runs);
    }
    if applied.len() > 1 {
        verdict.duplicates += 1;
        verdict.offend(name, "two runs say they made it", runs);
    }
    if let Some(view) = applied.first() {
        let left: Vec<&Value> = later.iter().filter(|view| view["run"]["state"] == "stuck").copied().collect();
        let mut later: Vec<&Value> = later.iter().filter(|view| view["run"]["state"] == "applied").copied().collect();
        later.sort_by_key(|view| view["made"].as_u64());
        let Some(mut planned) = later.iter().try_fold(planned(view), |there, view| changes::after(there, view)) else {
            if there.is_some() && left.is_empty() {
                verdict.wrong += 1;
                let all: Vec<&Value> = runs.iter().chain(&later).copied().collect();
                verdict.offend(name, "was deleted, and exists", &all);
            }
            return;
        };
        // The emulator does not keep these; AWS lists them.
        if there.is_some_and(|there| there["exclusions"].as_array().is_some_and(Vec::is_empty)) {
            planned["exclusions"] = json!([]);
        }
        if let Some(there) = there {
            images_of(name, there, &planned["images"], &left, &[runs, &later, &left].concat(), verdict);
        }
        // What else a change that is stuck left is for a person to say.
        if left.is_empty() && there != Some(&planned) {
            verdict.wrong += 1;
            let all: Vec<&Value> = runs.iter().chain(&later).copied().collect();
            verdict.offend(name, &format!("planned {planned}, there is {}", json!(there)), &all);
        }
        return;
    }
    // What exists of it, as the journal calls it.
    let exists = BTreeSet::from_iter(there.into_iter().flat_map(|there| {
        let policies = ["lifecycle", "permissions"].into_iter().filter(|part| !there[*part].is_null());
        std::iter::once("repository").chain(policies)
    }));
    let mut said = BTreeSet::new();
    let mut unsure = BTreeSet::new();
    for (step, progress) in stuck.iter().flat_map(|view| steps(view)) {
        if let Some(id) = step["id"].as_str().filter(|_| progress["state"] == "stuck") {
            let note = progress["note"].as_str().unwrap_or_default();
            if note.contains("could find out") {
                unsure.insert(id)
            } else {
                said.insert(id)
            };
        }
    }
    let orphans: Vec<_> = exists.iter().filter(|id| !said.contains(*id) && !unsure.contains(*id)).collect();
    if !orphans.is_empty() {
        verdict.orphans += orphans.len() as u64;
        verdict.offend(name, &format!("exists, and no journal says so: {orphans:?}; {}", json!(there)), runs);
    }
    let gone: Vec<_> = said.difference(&exists).collect();
    if !gone.is_empty() {
        verdict.wrong += 1;
        verdict.offend(name, &format!("said to be stuck, and does not exist: {gone:?}"), runs);
    }
}

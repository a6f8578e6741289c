//! A cloud in memory with faults: what the engine is tested against. It knows ECR's repositories, images and tags as AWS treats them.

use async_trait::async_trait;
use domain::ecr::calls::Call as Ecr;
use domain::ecr::subject::Subject as EcrSubject;
use domain::plan::sweep::Marked;
use domain::plan::{Call, Subject};
use domain::{Code, Kind, Problem, ResourceKey, Scope};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Cloud, Course};

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// AWS says that too many calls came; it was not made.
    Throttled,
    /// The connection broke before AWS had it.
    LostBefore,
    /// AWS made it, and the answer was lost.
    LostAfter,
    /// No answer for longer than the engine waits, and it was made.
    HangsAfter,
    /// The connection broke, and AWS makes it only after it was looked for twice.
    Late,
    /// The connection broke, and AWS makes it only when [`Fake::arrive`] says so.
    AfterTheEnd,
    /// A permission is missing.
    Denied,
    /// The server is stopped for longer than its lease, after it asked whether it holds and before the call leaves it.
    Away,
    /// It says how far it is, and goes on until it is cancelled.
    Endless,
    /// Nothing; but somebody else gives the repository a policy right after it was made.
    Meddled,
}

/// Decides what goes wrong: the number of the call, the call.
type Faults = Box<dyn FnMut(usize, &Call) -> Option<Fault> + Send>;

/// The cloud.
pub struct Fake(Mutex<Inside>);

struct Inside {
    /// Repositories by name, then what belongs to them.
    repositories: BTreeMap<String, Repository>,
    /// Digests by repository and tag.
    tags: BTreeMap<(String, String), String>,
    /// Manifests by repository and digest.
    images: BTreeMap<(String, String), String>,
    /// Repositories and digests of scans.
    scans: BTreeSet<(String, String)>,
    calls: Vec<String>,
    /// On their way: how often something is read before they are made.
    late: Vec<(u32, Ecr)>,
    faults: Faults,
}

#[derive(Clone, Debug, PartialEq)]
struct Repository {
    state: Value,
    lifecycle: Option<Value>,
    policy: Option<Value>,
}

fn arn(name: &str) -> String {
    format!("arn:aws:ecr:eu-west-1:111122223333:repository/{name}")
}

/// The manifest that an image with this digest has here.
pub fn manifest(digest: &str) -> String {
    json!({ "of": digest }).to_string()
}

fn rejected(message: &str) -> Problem {
    Problem::new(Code::AwsRejected, "AWS refused", message)
}

impl Fake {
    /// Without anything in it.
    pub fn new(faults: impl FnMut(usize, &Call) -> Option<Fault> + Send + 'static) -> Self {
        Self(Mutex::new(Inside {
            repositories: BTreeMap::new(),
            tags: BTreeMap::new(),
            images: BTreeMap::new(),
            scans: BTreeSet::new(),
            calls: vec![],
            late: vec![],
            faults: Box::new(faults),
        }))
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything there is, as text. Images without a tag are left out: what a tag is taken from may stay without one until it expires.
    pub fn listing(&self) -> String {
        let inside = self.inside();
        let tagged: Vec<_> = inside.images.keys().filter(|image| !inside.tags_of(image).is_empty()).collect();
        format!("{:#?} {:#?} {tagged:#?} {:#?}", inside.repositories, inside.tags, inside.scans)
    }

    /// The names of the calls that were made, in order.
    pub fn calls(&self) -> Vec<String> {
        self.inside().calls.clone()
    }

    /// What was lost after the end is made now.
    pub fn arrive(&self) {
        let mut inside = self.inside();
        for (_, call) in std::mem::take(&mut inside.late) {
            inside.make(&call).unwrap();
        }
    }

    /// Somebody else makes a call.
    pub fn meanwhile(&self, call: &Ecr) {
        self.inside().make(call).unwrap();
    }
}

impl Inside {
    fn repository(&mut self, name: &str) -> Result<&mut Repository, Problem> {
        self.repositories
            .get_mut(name)
            .ok_or_else(|| Problem::not_found(format!("The repository {name} does not exist.")))
    }

    fn tagged(&mut self, arn: &str) -> Result<&mut Value, Problem> {
        let name = arn.rsplit_once("repository/").map_or("", |(_, name)| name).to_owned();
        Ok(&mut self.repository(&name)?.state["tags"])
    }

    fn make(&mut self, call: &Ecr) -> Result<(), Problem> {
        match call {
            Ecr::CreateRepository(input) => {
                if self.repositories.contains_key(&input.repository_name) {
                    return Err(rejected("It exists already."));
                }
                let tags: BTreeMap<_, _> = input.tags.iter().map(|t| (t.key.clone(), t.value.clone())).collect();
                let state = json!({
                    "repositoryName": input.repository_name,
                    "repositoryArn": arn(&input.repository_name),
                    "imageTagMutability": input.image_tag_mutability.as_deref().unwrap_or("MUTABLE"),
                    "imageTagMutabilityExclusionFilters": input.image_tag_mutability_exclusion_filters,
                    "tags": tags,
                });
                let repository = Repository { state, lifecycle: None, policy: None };
                self.repositories.insert(input.repository_name.clone(), repository);
            }
            Ecr::DeleteRepository(input) => {
                let name = &input.repository_name;
                self.repository(name)?;
                if self.images.keys().any(|(of, _)| of == name) && input.force != Some(true) {
                    return Err(rejected("It is not empty."));
                }
                self.repositories.remove(name);
                self.tags.retain(|(of, _), _| of != name);
                self.images.retain(|(of, _), _| of != name);
            }
            Ecr::PutLifecyclePolicy(input) => {
                let document = serde_json::from_str(&input.lifecycle_policy_text).unwrap();
                self.repository(&input.repository_name)?.lifecycle = Some(document);
            }
            Ecr::DeleteLifecyclePolicy(input) => {
                let policy = self.repository(&input.repository_name)?.lifecycle.take();
                policy.ok_or_else(|| Problem::not_found("There is no lifecycle policy."))?;
            }
            Ecr::SetRepositoryPolicy(input) => {
                let document = serde_json::from_str(&input.policy_text).unwrap();
                self.repository(&input.repository_name)?.policy = Some(document);
            }
            Ecr::DeleteRepositoryPolicy(input) => {
                let policy = self.repository(&input.repository_name)?.policy.take();
                policy.ok_or_else(|| Problem::not_found("There is no repository policy."))?;
            }
            Ecr::PutImageTagMutability(input) => {
                let state = &mut self.repository(&input.repository_name)?.state;
                state["imageTagMutability"] = json!(input.image_tag_mutability);
                state["imageTagMutabilityExclusionFilters"] = json!(input.image_tag_mutability_exclusion_filters);
            }
            Ecr::PutImageScanningConfiguration(input) => {
                self.repository(&input.repository_name)?.state["imageScanningConfiguration"] =
                    json!(input.image_scanning_configuration);
            }
            Ecr::TagResource(input) => {
                for tag in &input.tags {
                    self.tagged(&input.resource_arn)?[tag.key.as_str()] = json!(tag.value);
                }
            }
            Ecr::UntagResource(input) => {
                let tags = self.tagged(&input.resource_arn)?.as_object_mut().unwrap();
                tags.retain(|key, _| !input.tag_keys.contains(key));
            }
            Ecr::CopyImage(input) => {
                let place = |of: &String| (input.repository_name.clone(), of.clone());
                self.tags.insert(place(&input.image_tag), input.image_digest.clone());
                self.images.entry(place(&input.image_digest)).or_insert_with(|| manifest(&input.image_digest));
            }
            Ecr::PutImage(input) => {
                let place = |of: &String| (input.repository_name.clone(), of.clone());
                let (tag, digest) = (input.image_tag.as_ref().unwrap(), input.image_digest.as_ref().unwrap());
                if self.tags.get(&place(tag)) == Some(digest) {
                    return Err(rejected("ImageAlreadyExistsException"));
                }
                self.images.insert(place(digest), input.image_manifest.clone());
                self.tags.insert(place(tag), digest.clone());
            }
            Ecr::BatchDeleteImage(input) => {
                for id in &input.image_ids {
                    let tag = id.image_tag.as_ref().map(|tag| (input.repository_name.clone(), tag.clone()));
                    let digest = match &tag {
                        Some(place) => self.tags.remove(place),
                        None => id.image_digest.clone(),
                    };
                    let Some(image) = digest.map(|digest| (input.repository_name.clone(), digest)) else { continue };
                    // An image goes with its last tag, and its tags go with it.
                    if tag.is_none() || self.tags_of(&image).is_empty() {
                        self.images.remove(&image);
                        self.tags.retain(|(of, _), digest| (of, &*digest) != (&image.0, &image.1));
                    }
                }
            }
            Ecr::StartImageScan(input) => {
                let image = (input.repository_name.clone(), input.image_id.image_digest.clone().unwrap());
                if !self.images.contains_key(&image) {
                    return Err(Problem::not_found("There is no such image."));
                }
                if !self.scans.insert(image) {
                    return Err(rejected("It was scanned today."));
                }
            }
            Ecr::PutReplicationConfiguration(_)
            | Ecr::CreatePullThroughCacheRule(_)
            | Ecr::UpdatePullThroughCacheRule(_)
            | Ecr::DeletePullThroughCacheRule(_)
            | Ecr::CreateRepositoryCreationTemplate(_)
            | Ecr::UpdateRepositoryCreationTemplate(_)
            | Ecr::DeleteRepositoryCreationTemplate(_)
            | Ecr::PutRegistryPolicy(_)
            | Ecr::DeleteRegistryPolicy(_)
            | Ecr::PutRegistryScanningConfiguration(_)
            | Ecr::PutAccountSetting(_) => return Err(rejected("No test makes it.")),
        }
        Ok(())
    }

    fn tags_of(&self, (repository, digest): &(String, String)) -> Vec<String> {
        let own = self.tags.iter().filter(|((of, _), to)| of == repository && *to == digest);
        own.map(|((_, tag), _)| tag.clone()).collect()
    }

    fn manifest_of(&self, repository: &str, digest: &str) -> Option<Value> {
        let text = self.images.get(&(repository.to_owned(), digest.to_owned()))?;
        Some(json!({ "imageDigest": digest, "imageManifest": text, "imageManifestMediaType": "m" }))
    }
}

#[async_trait]
impl Cloud for Fake {
    async fn make(&self, _: &Scope, call: &Call, course: &Course) -> Result<Option<String>, Problem> {
        // The way there takes time: the engine may be killed meanwhile.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let unreachable = || Problem::new(Code::AwsUnreachable, "AWS cannot be reached", "The connection broke.");
        let (fault, made) = {
            let mut inside = self.inside();
            let number = inside.calls.len();
            inside.calls.push(call.name());
            let fault = (inside.faults)(number, call);
            let Call::Ecr(call) = call else { return Err(rejected("No test makes it.")) };
            match fault {
                Some(Fault::Throttled) => return Err(Problem::new(Code::AwsThrottled, "Too many calls", "Slow down.")),
                Some(Fault::Denied) => {
                    return Err(Problem::new(Code::AwsDenied, "Access denied", "A permission is missing."));
                }
                Some(Fault::LostBefore) => return Err(unreachable()),
                Some(Fault::Late) => {
                    inside.late.push((2, call.clone()));
                    return Err(unreachable());
                }
                Some(Fault::AfterTheEnd) => {
                    inside.late.push((u32::MAX, call.clone()));
                    return Err(unreachable());
                }
                Some(Fault::Away) => {
                    if let Some((held, run)) = &course.of {
                        held.until(run, std::time::Instant::now());
                    }
                    if !course.may_be_sent() {
                        return Err(unreachable());
                    }
                    (fault, inside.make(call))
                }
                Some(Fault::Endless) => (fault, Ok(())),
                Some(Fault::Meddled) => {
                    let made = inside.make(call);
                    inside
                        .repositories
                        .values_mut()
                        .for_each(|repository| repository.policy = Some(json!({ "theirs": 1 })));
                    (fault, made)
                }
                Some(Fault::LostAfter | Fault::HangsAfter) | None => (fault, inside.make(call)),
            }
        };
        tokio::time::sleep(Duration::from_millis(1)).await;
        match fault {
            Some(Fault::LostAfter) => Err(unreachable()),
            Some(Fault::Endless) => {
                course.say("1 B of 2 B".into());
                course.cancel.cancelled().await;
                Err(Problem::new(Code::Conflict, "Cancelled", "The transfer was cancelled. Nothing was tagged."))
            }
            Some(Fault::HangsAfter) => std::future::pending().await,
            _ => made.map(|()| Some("request".to_owned())),
        }
    }

    async fn read(&self, _: &Scope, subject: &Subject) -> Result<Option<Value>, Problem> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let mut inside = self.inside();
        let mut arrived = vec![];
        inside.late.retain_mut(|(reads, call)| {
            let here = *reads == 0;
            if here {
                arrived.push(call.clone());
            }
            *reads = if *reads == u32::MAX { u32::MAX } else { reads.saturating_sub(1) };
            !here
        });
        for call in arrived {
            let _ = inside.make(&call);
        }
        let Subject::Ecr(subject) = subject else { return Err(rejected("No test reads it.")) };
        Ok(match subject {
            EcrSubject::Repository { repository } => inside.repositories.get(repository).map(|r| r.state.clone()),
            EcrSubject::Settings { repository } => inside.repositories.get(repository).map(|r| {
                let mut state = r.state.clone();
                state.as_object_mut().unwrap().remove("tags");
                state
            }),
            EcrSubject::LifecyclePolicy { repository } => {
                inside.repositories.get(repository).and_then(|r| r.lifecycle.clone())
            }
            EcrSubject::RepositoryPolicy { repository } => {
                inside.repositories.get(repository).and_then(|r| r.policy.clone())
            }
            EcrSubject::Tags { arn } => inside.tagged(arn).ok().cloned(),
            EcrSubject::ImageTag { repository, tag } => {
                let digest = inside.tags.get(&(repository.clone(), tag.clone()));
                digest.and_then(|digest| inside.manifest_of(repository, digest))
            }
            EcrSubject::Manifest { repository, digest } => inside.manifest_of(repository, digest),
            EcrSubject::Images { repository, digests } => {
                let images = digests.iter().map(|digest| (repository.clone(), digest.clone()));
                let there = images.filter(|image| inside.images.contains_key(image));
                let found: serde_json::Map<_, _> =
                    there.map(|image| (image.1.clone(), json!(inside.tags_of(&image)))).collect();
                (!found.is_empty()).then_some(Value::Object(found))
            }
            EcrSubject::Scan { repository, digest } => {
                let scanned = inside.scans.contains(&(repository.clone(), digest.clone()));
                scanned.then(|| json!({ "status": "COMPLETE" }))
            }
            EcrSubject::Source { reference, .. } => {
                Some(json!({ "source": reference, "digest": reference.split_once('@').unwrap().1 }))
            }
            EcrSubject::Inventory { .. } => Some(json!({ "now": 0, "images": [] })),
            other => return Err(rejected(&format!("No test reads {other:?}."))),
        })
    }

    async fn marked(&self, scope: &Scope) -> Result<Vec<Marked>, Problem> {
        let inside = self.inside();
        let marked = inside.repositories.iter().filter_map(|(name, repository)| {
            let key = ResourceKey::new(Kind::Repository, scope.clone(), name).unwrap();
            Marked::of(key, arn(name), |tag| repository.state["tags"][tag].as_str().map(str::to_owned))
        });
        Ok(marked.collect())
    }
}

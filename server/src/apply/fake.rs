//! A cloud in memory with faults: what the engine is tested against. It knows ECR's repositories as AWS treats them.

use async_trait::async_trait;
use domain::ecr::calls::Call as Ecr;
use domain::ecr::subject::Subject as EcrSubject;
use domain::plan::{Call, Subject};
use domain::{Code, Problem, Scope};
use serde_json::{Value, json};
use std::collections::BTreeMap;
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
    /// A permission is missing.
    Denied,
    /// It says how far it is, and goes on until it is cancelled.
    Endless,
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

fn rejected(message: &str) -> Problem {
    Problem::new(Code::AwsRejected, "AWS refused", message)
}

impl Fake {
    /// Without anything in it.
    pub fn new(faults: impl FnMut(usize, &Call) -> Option<Fault> + Send + 'static) -> Self {
        Self(Mutex::new(Inside {
            repositories: BTreeMap::new(),
            tags: BTreeMap::new(),
            calls: vec![],
            late: vec![],
            faults: Box::new(faults),
        }))
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything there is, as text.
    pub fn listing(&self) -> String {
        let inside = self.inside();
        format!("{:#?} {:#?}", inside.repositories, inside.tags)
    }

    /// The names of the calls that were made, in order.
    pub fn calls(&self) -> Vec<String> {
        self.inside().calls.clone()
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
                    "tags": tags,
                });
                let repository = Repository { state, lifecycle: None, policy: None };
                self.repositories.insert(input.repository_name.clone(), repository);
            }
            Ecr::DeleteRepository(input) => {
                self.repository(&input.repository_name)?;
                self.repositories.remove(&input.repository_name);
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
                self.repository(&input.repository_name)?.state["imageTagMutability"] =
                    json!(input.image_tag_mutability);
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
                let place = (input.repository_name.clone(), input.image_tag.clone());
                self.tags.insert(place, input.image_digest.clone());
            }
            Ecr::BatchDeleteImage(input) => {
                for tag in input.image_ids.iter().filter_map(|id| id.image_tag.clone()) {
                    self.tags.remove(&(input.repository_name.clone(), tag));
                }
            }
            Ecr::PutImage(_) | Ecr::StartImageScan(_) => return Err(rejected("No test makes it.")),
        }
        Ok(())
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
                Some(Fault::Endless) => (fault, Ok(())),
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
            *reads = reads.saturating_sub(1);
            !here
        });
        for call in arrived {
            let _ = inside.make(&call);
        }
        let Subject::Ecr(subject) = subject else { return Err(rejected("No test reads it.")) };
        Ok(match subject {
            EcrSubject::Repository { repository } | EcrSubject::Settings { repository } => {
                inside.repositories.get(repository).map(|r| r.state.clone())
            }
            EcrSubject::LifecyclePolicy { repository } => {
                inside.repositories.get(repository).and_then(|r| r.lifecycle.clone())
            }
            EcrSubject::RepositoryPolicy { repository } => {
                inside.repositories.get(repository).and_then(|r| r.policy.clone())
            }
            EcrSubject::Tags { arn } => inside.tagged(arn).ok().cloned(),
            EcrSubject::ImageTag { repository, tag } => {
                let digest = inside.tags.get(&(repository.clone(), tag.clone()));
                digest.map(|digest| json!({ "imageDigest": digest }))
            }
            other => return Err(rejected(&format!("No test reads {other:?}."))),
        })
    }
}

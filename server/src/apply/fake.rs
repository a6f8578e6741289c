//! A cloud in memory with faults: what the engine is tested against. It treats as AWS does what any plan can write: [`repositories`] and
//! their images, the [`registry`] as a whole, [`public`] repositories, what is [`deployed`] and [`keys`].

mod deployed;
mod keys;
mod public;
mod registry;
mod repositories;

use async_trait::async_trait;
use domain::ecr::calls::Call as Ecr;
use domain::ecr::subject::Subject as EcrSubject;
use domain::ecs::calls::Call as Ecs;
use domain::iam::policy_document::as_kept;
use domain::kms::calls::Call as Kms;
use domain::plan::sweep::Marked;
use domain::plan::transfer::{LayerProgress, LayerState, Transfer};
use domain::plan::{Call, Subject};
use domain::{Code, Kind, Millis, Problem, ResourceKey, Scope};
use gantry_aws::Person;
use serde_json::{Value, json};
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::held::Moment;
use super::{Cloud, Course};
use deployed::{Functions, Tasks};
use keys::Keys;
use public::Public;
use registry::Registry;
use repositories::Repositories;

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
    /// The same, after it was looked for so often.
    LateBy(u32),
    /// AWS says that it made it, and shows it only after it was looked for so often.
    Unseen(u32),
    /// The connection broke, and AWS makes it only when [`Fake::arrive`] says so.
    AfterTheEnd,
    /// A permission is missing.
    Denied,
    /// AWS made it, the answer was lost, and the call itself tried once more, when a permission was missing.
    DeniedAfter,
    /// The credentials ran out, for so many readings after it, too; with none those of the person whose run it is.
    Expired(u32),
    /// AWS says no, in words that are not about a permission; it was not made.
    Refused,
    /// The server is stopped for longer than its lease, after it asked whether it holds and before the call leaves it.
    Away,
    /// AWS does not know what it refers to; it was not made.
    Unknown,
    /// Nothing; but then KMS shows nothing for so many readings.
    Hides(u32),
    /// It says how far it is, and goes on until it is cancelled.
    Endless,
    /// Nothing; but somebody else gives the repository a policy right after it was made.
    Meddled,
    /// AWS says that too many calls came; and before it is tried again somebody else gives the repository a policy.
    Overtaken,
}

/// Decides what goes wrong: the number of the call, the call.
type Faults = Box<dyn FnMut(usize, &Call) -> Option<Fault> + Send>;

/// The cloud.
pub struct Fake(Mutex<Inside>);

struct Inside {
    repositories: Repositories,
    registry: Registry,
    public: Public,
    functions: Functions,
    tasks: Tasks,
    keys: Keys,
    calls: Vec<String>,
    /// On whose behalf each was made.
    people: Vec<Option<Person>>,
    /// On their way: how often something is read before they are made.
    late: Vec<(u32, Call)>,
    /// So many readings are refused for want of credentials.
    expired: u32,
    /// So many readings of KMS show nothing.
    hidden: u32,
    faults: Faults,
}

/// A policy that says who may what, as AWS keeps it.
fn policy(text: &str) -> Value {
    as_kept(&serde_json::from_str(text).unwrap())
}

/// The manifest that an image with this digest has here.
pub fn manifest(digest: &str) -> String {
    json!({ "of": digest }).to_string()
}

fn expired() -> Problem {
    Problem::new(Code::AwsCredentials, "Credentials expired", "AWS does not accept the credentials of this connection.")
}

fn throttled() -> Problem {
    Problem::new(Code::AwsThrottled, "Too many calls", "Slow down.")
}

fn rejected(message: &str) -> Problem {
    Problem::new(Code::AwsRejected, "AWS refused", message)
}

impl Fake {
    /// Without anything in it.
    pub fn new(faults: impl FnMut(usize, &Call) -> Option<Fault> + Send + 'static) -> Self {
        Self(Mutex::new(Inside {
            repositories: Repositories::default(),
            registry: Registry::default(),
            public: Public::default(),
            functions: Functions::default(),
            tasks: Tasks::default(),
            keys: Keys::default(),
            calls: vec![],
            people: vec![],
            late: vec![],
            expired: 0,
            hidden: 0,
            faults: Box::new(faults),
        }))
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything there is, as text.
    pub fn listing(&self) -> String {
        let inside = self.inside();
        let Inside { repositories, registry, public, functions, tasks, keys, .. } = &*inside;
        let (repositories, tasks, keys) = (repositories.listing(), tasks.listing(), keys.listing());
        format!("{repositories} {registry:#?} {public:#?} {functions:#?} {tasks} {keys}")
    }

    /// The names of the calls that were made, in order.
    pub fn calls(&self) -> Vec<String> {
        self.inside().calls.clone()
    }

    /// How many readings were refused for want of credentials that do not come back.
    pub fn refused(&self) -> u32 {
        u32::MAX - self.inside().expired
    }

    /// On whose behalf they were made.
    pub fn people(&self) -> Vec<Option<Person>> {
        self.inside().people.clone()
    }

    /// What was lost after the end is made now.
    pub fn arrive(&self) {
        let mut inside = self.inside();
        for (_, call) in std::mem::take(&mut inside.late) {
            inside.make(&call).unwrap();
        }
    }

    /// Somebody else makes a call to ECR.
    pub fn meanwhile(&self, call: &Ecr) {
        self.elsewhere(&Call::Ecr(call.clone()));
    }

    /// Somebody else makes a call.
    pub fn elsewhere(&self, call: &Call) {
        self.inside().make(call).unwrap();
    }

    /// Somebody pushes an image to a public repository.
    pub fn pushed(&self, repository: &str, digest: &str, media_type: &str, tag: &str) {
        self.inside().public.pushed(repository, digest, media_type, tag);
    }

    /// A day passes: what was scanned can be scanned again.
    pub fn tomorrow(&self) {
        self.inside().repositories.day += 1;
    }

    /// Somebody makes a function from an image.
    pub fn function(&self, name: &str, image: &str) {
        self.inside().functions.add(name, image);
    }

    /// Somebody registers a revision whose container `app` starts from an image, and creates a service of its family that runs it.
    pub fn service(&self, cluster: &str, (family, number): (&str, u32), image: &str) {
        let mut inside = self.inside();
        inside.tasks.register(family, number, image);
        inside.tasks.serve(cluster, family, (family, number));
    }
}

impl Inside {
    fn make(&mut self, call: &Call) -> Result<(), Problem> {
        match call {
            Call::Ecr(call) if call.subject().kind() == Kind::Registry => self.registry.make(call),
            Call::Ecr(call) => self.repositories.make(call),
            Call::EcrPublic(call) => self.public.make(call),
            Call::Lambda(call) => self.functions.make(call),
            Call::Ecs(call) => self.tasks.make(call),
            Call::Kms(call) => self.keys.make(call),
        }
    }

    /// Somebody else gives each repository a policy.
    fn meddle(&mut self) {
        let theirs = || Some(json!({ "theirs": 1 }));
        self.repositories.all.values_mut().for_each(|repository| repository.policy = theirs());
    }

    /// Before each reading: credentials may have run out, and what is on its way arrives after so many.
    fn looked_at(&mut self) -> Result<(), Problem> {
        if self.expired > 0 {
            self.expired -= 1;
            return Err(expired());
        }
        let mut arrived = vec![];
        self.late.retain_mut(|(reads, call)| {
            let here = *reads == 0;
            if here {
                arrived.push(call.clone());
            }
            *reads = if *reads == u32::MAX { u32::MAX } else { reads.saturating_sub(1) };
            !here
        });
        for call in arrived {
            let _ = self.make(&call);
        }
        Ok(())
    }

    fn read(&mut self, subject: &Subject) -> Result<Option<Value>, Problem> {
        match subject {
            Subject::Kms(_) if self.hidden > 0 => {
                self.hidden -= 1;
                Ok(None)
            }
            Subject::Ecr(subject) if subject.kind() == Kind::Registry => self.registry.read(subject),
            Subject::Ecr(EcrSubject::EncryptedWith { keys }) => {
                let (repositories, templates) =
                    (self.repositories.encrypted_with(keys), self.registry.encrypted_with(keys));
                Ok(Some(json!({ "repositories": repositories, "templates": templates })))
            }
            Subject::Ecr(subject) => self.repositories.read(subject),
            Subject::EcrPublic(subject) => self.public.read(subject),
            Subject::Lambda(subject) => Ok(self.functions.read(subject)),
            Subject::Ecs(subject) => Ok(self.tasks.read(subject)),
            Subject::Kms(subject) => Ok(self.keys.read(subject)),
        }
    }
}

#[async_trait]
impl Cloud for Fake {
    async fn make(&self, _: &Scope, call: &Call, course: &Course) -> Result<Option<String>, Problem> {
        // The way there takes time: the engine may be killed meanwhile.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let unreachable = || Problem::new(Code::AwsUnreachable, "AWS cannot be reached", "The connection broke.");
        let denied = || Problem::new(Code::AwsDenied, "Access denied", "A permission is missing.");
        // As a caller asks right before each request.
        if !course.may_be_sent() {
            return Err(unreachable());
        }
        let (fault, made) = {
            let mut inside = self.inside();
            let number = inside.calls.len();
            inside.calls.push(call.name());
            inside.people.push(course.person.clone());
            let fault = (inside.faults)(number, call);
            match fault {
                Some(Fault::Throttled) => return Err(throttled()),
                Some(Fault::Overtaken) => {
                    inside.meddle();
                    return Err(throttled());
                }
                Some(Fault::Denied) => return Err(denied()),
                Some(Fault::Expired(readings)) => {
                    inside.expired = readings;
                    return Err(expired());
                }
                Some(Fault::Unknown) => return Err(Problem::not_found("It refers to something that does not exist.")),
                Some(Fault::Hides(readings)) => {
                    inside.hidden = readings;
                    (fault, inside.make(call))
                }
                Some(Fault::Refused) => return Err(rejected("A quota is used up.")),
                Some(Fault::LostBefore) => return Err(unreachable()),
                Some(fault @ (Fault::Late | Fault::LateBy(_))) => {
                    let readings = if let Fault::LateBy(readings) = fault { readings } else { 2 };
                    inside.late.push((readings, call.clone()));
                    return Err(unreachable());
                }
                Some(Fault::Unseen(readings)) => {
                    inside.late.push((readings, call.clone()));
                    return Ok(Some("request".to_owned()));
                }
                Some(Fault::AfterTheEnd) => {
                    inside.late.push((u32::MAX, call.clone()));
                    return Err(unreachable());
                }
                Some(Fault::Away) => {
                    if let Some((held, lease)) = &course.of {
                        held.note(lease, Moment::now(), Duration::ZERO);
                    }
                    if !course.may_be_sent() {
                        return Err(unreachable());
                    }
                    (fault, inside.make(call))
                }
                Some(Fault::Endless) => (fault, Ok(())),
                Some(Fault::Meddled) => {
                    let made = inside.make(call);
                    inside.meddle();
                    (fault, made)
                }
                Some(Fault::LostAfter | Fault::HangsAfter | Fault::DeniedAfter) | None => (fault, inside.make(call)),
            }
        };
        match fault {
            Some(Fault::LostAfter) => Err(unreachable()),
            Some(Fault::DeniedAfter) => Err(denied()),
            Some(Fault::Endless) => {
                let digest = Some(format!("sha256:{}", "c".repeat(64)));
                let layer = LayerProgress { name: String::new(), digest, size: 2, done: 1, state: LayerState::Moving };
                course.say("1 B of 2 B".into(), Some(Transfer::of(vec![layer], None)));
                course.cancel.cancelled().await;
                Err(Problem::cancelled("The transfer was cancelled. Nothing was tagged."))
            }
            Some(Fault::HangsAfter) => std::future::pending().await,
            _ => made.map(|()| Some("request".to_owned())),
        }
    }

    async fn read(&self, _: &Scope, subject: &Subject) -> Result<Option<Value>, Problem> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let mut inside = self.inside();
        inside.looked_at()?;
        inside.read(subject)
    }

    async fn all_made(&self, _: &Scope, call: &Call, _: &RangeInclusive<Millis>) -> Result<Vec<Value>, Problem> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let mut inside = self.inside();
        inside.looked_at()?;
        match call {
            Call::Kms(Kms::CreateKey(input)) => Ok(inside.keys.all_made(input)),
            Call::Ecs(Ecs::RegisterTaskDefinition(input)) => Ok(inside.tasks.all_made(input)),
            other => panic!("{other:?} is named by its caller"),
        }
    }

    async fn marked(&self, scope: &Scope) -> Result<Vec<Marked>, Problem> {
        let inside = self.inside();
        let marked = inside.repositories.all.iter().filter_map(|(name, repository)| {
            let key = ResourceKey::new(Kind::Repository, scope.clone(), name).unwrap();
            Marked::of(key, repositories::arn(name), |tag| repository.state["tags"][tag].as_str().map(str::to_owned))
        });
        Ok(marked.collect())
    }
}

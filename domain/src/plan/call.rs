//! What steps are made of: calls to AWS, what they write, and how one tells whether a call was made. Each service's own are in its module.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reference;
use crate::iam::policy_document::same;
use crate::identity::{ResourceKey, Scope};
use crate::kind::Kind;
use crate::{ecr, ecr_public, ecs, kms, lambda};

/// An AWS call. Its serde form is `{"service": …, "operation": …, "input": …}`; `input` is the document that the API reference describes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "service", rename_all = "lowercase")]
pub enum Call {
    /// Amazon ECR, private registries.
    Ecr(ecr::calls::Call),
    /// Amazon ECR, public registries.
    #[serde(rename = "ecr-public")]
    EcrPublic(ecr_public::calls::Call),
    /// AWS Lambda.
    Lambda(lambda::calls::Call),
    /// Amazon ECS.
    Ecs(ecs::calls::Call),
    /// AWS KMS.
    Kms(kms::calls::Call),
}

impl Call {
    /// The service's endpoint prefix.
    pub fn service(&self) -> &'static str {
        match self {
            Call::Ecr(_) => "ecr",
            Call::EcrPublic(_) => "ecr-public",
            Call::Lambda(_) => "lambda",
            Call::Ecs(_) => "ecs",
            Call::Kms(_) => "kms",
        }
    }
    /// As the API reference names it: `CreateRepository`.
    pub fn operation(&self) -> &'static str {
        match self {
            Call::Ecr(call) => call.operation(),
            Call::EcrPublic(call) => call.operation(),
            Call::Lambda(call) => call.operation(),
            Call::Ecs(call) => call.operation(),
            Call::Kms(call) => call.operation(),
        }
    }
    /// `ecr:CreateRepository`
    pub fn name(&self) -> String {
        format!("{}:{}", self.service(), self.operation())
    }
    /// The input document.
    pub fn input(&self) -> Value {
        match self {
            Call::Ecr(call) => call.input(),
            Call::EcrPublic(call) => call.input(),
            Call::Lambda(call) => call.input(),
            Call::Ecs(call) => call.input(),
            Call::Kms(call) => call.input(),
        }
    }
    /// The IAM actions it needs on what it writes; mostly its own name.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
    pub fn actions(&self) -> Vec<&'static str> {
        match self {
            Call::Ecr(call) => call.actions(),
            Call::EcrPublic(call) => call.actions(),
            Call::Lambda(call) => call.actions(),
            Call::Ecs(call) => call.actions(),
            Call::Kms(call) => call.actions(),
        }
    }
    /// What it needs besides because of how what it writes was before.
    pub fn actions_from(&self, before: Option<&Value>) -> Option<&'static str> {
        match self {
            Call::Ecr(call) => call.actions_from(before),
            Call::EcrPublic(_) | Call::Lambda(_) | Call::Ecs(_) | Call::Kms(_) => None,
        }
    }
    /// The repository that it reads from to write elsewhere, where other permissions hold: that of an image that is copied.
    pub fn source(&self) -> Option<ecr::calls::Source> {
        match self {
            Call::Ecr(ecr::calls::Call::CopyImage(input)) => input.source_repository(),
            Call::Ecr(_) | Call::EcrPublic(_) | Call::Lambda(_) | Call::Ecs(_) | Call::Kms(_) => None,
        }
    }
    /// Whether it may take hours: it carries data.
    pub fn is_long(&self) -> bool {
        matches!(self, Call::Ecr(ecr::calls::Call::CopyImage(_)))
    }
    /// Whether it puts what its digest names: what is there by the time it would be made was put by somebody else, is the same, and is theirs.
    pub fn is_content(&self) -> bool {
        match self {
            Call::Ecr(call) => call.is_content(),
            Call::EcrPublic(_) | Call::Lambda(_) | Call::Ecs(_) | Call::Kms(_) => false,
        }
    }
    /// Whether it could write over what somebody else did since: not where it only adds to what there is, content that its digest names, what AWS
    /// names, or a scan.
    pub fn writes_over(&self) -> bool {
        !self.is_content()
            && self.named_at().is_none()
            && !matches!(self, Call::Ecr(ecr::calls::Call::StartImageScan(_)))
    }
    /// Whether what it writes is as it was when it was planned. Of images that it deletes some may be gone, as lifecycle policies take them: those
    /// that are left have to be as they were.
    pub fn finds(&self, before: Option<&Value>, state: Option<&Value>) -> bool {
        let deletes_images = self.operation() == "BatchDeleteImage" && self.deletes().is_some();
        match (before.and_then(Value::as_object), state) {
            (Some(_), None) if deletes_images => true,
            (Some(all), Some(Value::Object(left))) if deletes_images => {
                left.iter().all(|(digest, image)| all.get(digest) == Some(image))
            }
            _ => self.subject().is_unchanged(before, state),
        }
    }
    /// Whether what depends on its step is lost without it: images without their key, an index without the images it leads to, a tag without its
    /// image, a service without the revision that it runs. Nothing that contains them goes with it.
    pub fn is_kept_for_others(&self) -> bool {
        matches!(self, Call::Kms(_)) || self.is_content() || self.is_revision()
    }
    /// Whether it registers a revision, which services are given by their own settings: whether one that was left still names it, is seen at the
    /// service.
    pub fn is_revision(&self) -> bool {
        matches!(self, Call::Ecs(ecs::calls::Call::RegisterTaskDefinition(_)))
    }
    /// Whether AWS may for a while show nothing of what it writes although it showed it before: KMS does so to what was just created.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html#programming-eventual-consistency>
    pub fn shows_late(&self) -> bool {
        matches!(self, Call::Kms(_))
    }
    /// The name of the thing that it deletes, which a person types to show that it is meant.
    pub fn deletes(&self) -> Option<&str> {
        match self {
            Call::Ecr(call) => call.deletes(),
            Call::EcrPublic(call) => call.deletes(),
            Call::Lambda(_) | Call::Ecs(_) | Call::Kms(_) => None,
        }
    }
    /// The resources with rows of their own that do not exist once its subject does not: images that it deletes by their digests.
    pub fn removes(&self, scope: &Scope) -> Vec<ResourceKey> {
        match self {
            Call::Ecr(call) => call.removes(scope),
            Call::EcrPublic(_) | Call::Lambda(_) | Call::Ecs(_) | Call::Kms(_) => vec![],
        }
    }
    /// What it writes.
    pub fn subject(&self) -> Subject {
        match self {
            Call::Ecr(call) => Subject::Ecr(call.subject()),
            Call::EcrPublic(call) => Subject::EcrPublic(call.subject()),
            Call::Lambda(call) => Subject::Lambda(call.subject()),
            Call::Ecs(call) => Subject::Ecs(call.subject()),
            Call::Kms(call) => Subject::Kms(call.subject()),
        }
    }
    /// What the state of its subject says about whether it was made.
    pub fn made(&self, state: Option<&Value>) -> Made {
        match self {
            Call::Ecr(call) => call.made(state),
            Call::EcrPublic(call) => call.made(state),
            Call::Lambda(call) => call.made(state),
            Call::Ecs(call) => call.made(state),
            Call::Kms(call) => call.made(state),
        }
    }
    /// Whether what it writes stands as it did before, so that nothing says it was made, whatever [`Self::made`] answers: of some calls their
    /// subject cannot tell (the content of a logo, a scan after another). Of what is not there nothing is said.
    pub fn stands(&self, before: Option<&Value>, state: Option<&Value>) -> bool {
        match self {
            Call::Ecr(call) => call.stands(before, state),
            Call::EcrPublic(_) | Call::Lambda(_) | Call::Ecs(_) | Call::Kms(_) => state.is_some() && state == before,
        }
    }
    /// Why AWS, which had taken the call, refused it afterwards: some calls are only begun when they are answered.
    pub fn refused<'s>(&self, state: Option<&'s Value>) -> Option<&'s str> {
        match self {
            Call::Lambda(call) => call.refused(state),
            Call::Ecr(_) | Call::EcrPublic(_) | Call::Ecs(_) | Call::Kms(_) => None,
        }
    }
    /// Whether it is only begun when AWS answers it: what comes of it is read afterwards.
    pub fn is_only_begun(&self) -> bool {
        matches!(self, Call::Lambda(_))
    }
    /// Whether AWS is still at a change of what it writes, this one or another: what the state will be is not known, and until then AWS refuses
    /// one more.
    pub fn is_under_way(&self, state: Option<&Value>) -> bool {
        match self {
            Call::Lambda(call) => call.is_under_way(state),
            Call::Ecr(_) | Call::EcrPublic(_) | Call::Ecs(_) | Call::Kms(_) => false,
        }
    }
    /// Where in its answer the state of its subject is, as a JMESPath prefix: the CLI export hands on what the answer says.
    pub fn answers_at(&self) -> &'static str {
        match self {
            Call::Ecr(call) => call.answers_at(),
            Call::EcrPublic(call) => call.answers_at(),
            Call::Lambda(_) => "",
            Call::Ecs(call) => call.answers_at(),
            Call::Kms(call) => call.answers_at(),
        }
    }
    /// The field of its subject's state that holds the ARN, where AWS names what the call creates: sent twice it creates two, and only their tags
    /// of run and step tell whose they are.
    pub fn named_at(&self) -> Option<&'static str> {
        match self {
            Call::Ecs(call) => call.named_at(),
            Call::Kms(call) => call.named_at(),
            Call::Ecr(_) | Call::EcrPublic(_) | Call::Lambda(_) => None,
        }
    }
    /// With references replaced by what they stand for.
    ///
    /// # Errors
    /// A sentence, when a reference leads nowhere or the document is no longer one of this call.
    pub fn resolved(&self, known: &reference::Known) -> Result<Self, String> {
        let document = serde_json::to_value(self).map_err(|e| e.to_string())?;
        serde_json::from_value(known.resolve(document)?).map_err(|e| e.to_string())
    }
}

/// Something that exists at AWS or not, and can be read: what a call writes, and what a plan has to know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "service", rename_all = "lowercase")]
pub enum Subject {
    /// Of Amazon ECR, private registries.
    Ecr(ecr::subject::Subject),
    /// Of Amazon ECR, public registries.
    #[serde(rename = "ecr-public")]
    EcrPublic(ecr_public::subject::Subject),
    /// Of AWS Lambda.
    Lambda(lambda::subject::Subject),
    /// Of Amazon ECS.
    Ecs(ecs::subject::Subject),
    /// Of AWS KMS.
    Kms(kms::subject::Subject),
}

/// Whether a call was made, judged by the state of what it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// The state is not what the call leaves.
    No,
    /// The state is what the call leaves.
    Yes,
    /// What it would create is there, but somebody else's: it does not carry the run's tags or differs from what was asked for.
    Taken,
}

impl Subject {
    /// Whether AWS does something to tell it, that changes nothing which lasts: reckon a preview in place of the repository's last one, or
    /// sign in to another registry.
    pub fn has_aws_act(&self) -> bool {
        use ecr::subject::Subject as Ecr;
        matches!(self, Subject::Ecr(Ecr::LifecyclePreview { .. } | Ecr::CacheValidation { .. }))
    }
    /// The kind of resource whose rows show it: collected again once a run has ended.
    pub fn kind(&self) -> Kind {
        match self {
            Subject::Ecr(subject) => subject.kind(),
            Subject::EcrPublic(_) => Kind::PublicRepository,
            Subject::Lambda(_) => Kind::Function,
            Subject::Ecs(subject) => subject.kind(),
            // Keys have no rows; they are created for repositories, whose rows say so.
            Subject::Kms(_) => Kind::Repository,
        }
    }
    /// The resource whose document shows it, where that is one.
    pub fn key(&self, scope: &Scope) -> Option<ResourceKey> {
        match self {
            Subject::Ecr(subject) if subject.kind() == Kind::Repository => {
                ResourceKey::new(Kind::Repository, scope.clone(), subject.repository()?).ok()
            }
            Subject::Ecr(subject) if subject.kind() == Kind::Registry => {
                ResourceKey::new(Kind::Registry, scope.clone(), scope.account.as_str()).ok()
            }
            // Images are read whole by every list.
            Subject::Ecr(_) => None,
            Subject::EcrPublic(subject) => {
                ResourceKey::new(Kind::PublicRepository, scope.clone(), subject.repository()?).ok()
            }
            Subject::Lambda(subject) => ResourceKey::new(Kind::Function, scope.clone(), subject.function()).ok(),
            Subject::Ecs(subject) => subject.key(scope),
            Subject::Kms(_) => None,
        }
    }
    /// Whether two of its states are the same. Of policies AWS does not say in which order it gives their lists: they are compared by what they say.
    /// An update that Lambda refused leaves a function as it was.
    pub fn is_unchanged(&self, before: Option<&Value>, state: Option<&Value>) -> bool {
        match self {
            Subject::Ecr(ecr::subject::Subject::RepositoryPolicy { .. } | ecr::subject::Subject::RegistryPolicy)
            | Subject::EcrPublic(ecr_public::subject::Subject::RepositoryPolicy { .. }) => same(before, state),
            Subject::Lambda(_) => lambda::subject::lasting(before) == lambda::subject::lasting(state),
            Subject::Ecr(_) | Subject::EcrPublic(_) | Subject::Ecs(_) | Subject::Kms(_) => before == state,
        }
    }
    /// Whether it is only known once an earlier step is made. What names the run is known: nothing of that run exists before.
    pub fn is_to_come(&self) -> bool {
        let text = serde_json::to_string(self).unwrap_or_default();
        let earlier =
            |piece: &reference::Piece<'_>| matches!(piece, reference::Piece::Reference { step, .. } if *step != "run");
        reference::pieces(&text).iter().any(earlier)
    }
}

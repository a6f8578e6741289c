//! What pages and the HTTP API may ask of the server about plans and runs.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lint::Note;
use super::listing::RunsQuery;
use super::permissions::Permitted;
use super::run::{Run, State};
use super::{Answers, Facts, FieldErrors, Plan, Subject};
use crate::identity::Scope;
use crate::policy::Actor;
use crate::problem::Problem;
use crate::time::Millis;

type Result<T> = std::result::Result<T, Problem>;

/// Plans and their runs: the only way to change AWS.
#[async_trait]
pub trait Plans: Send + Sync {
    /// The state of these, read live.
    async fn facts(&self, actor: &Actor, scope: &Scope, subjects: &[Subject]) -> Result<Facts>;
    /// The plan that follows from these answers and what there is now.
    async fn review(&self, actor: &Actor, answers: &Answers) -> Result<Reviewed>;
    /// Plans again, and begins a run if that is the plan with this hash; answers the run's id.
    ///
    /// [`crate::Code::Conflict`] when it is not: something changed since the review. [`crate::Code::ConfirmPassword`] when it deletes a thing
    /// and the person's last proof of the password is too old.
    async fn apply(&self, actor: &Actor, answers: &Answers, hash: &str) -> Result<String>;
    /// Keeps the credentials of another registry in this server's memory, for one's own plans to name; answers that name.
    async fn lend(&self, actor: &Actor, credentials: SourceCredentials) -> Result<Lent>;
    /// Runs, the latest first.
    async fn runs(&self, actor: &Actor, query: &RunsQuery) -> Result<Vec<RunLine>>;
    /// One run with its journal.
    async fn run(&self, actor: &Actor, id: &str) -> Result<RunView>;
    /// Takes a run back: one that goes on after the step that is under way, one that was applied from its end.
    ///
    /// Of one that was applied: [`crate::Code::Conflict`] where images would go that something uses by now; [`crate::Code::ConfirmPassword`]
    /// when its undo deletes a thing and the person's last proof of the password is too old.
    async fn cancel(&self, actor: &Actor, id: &str) -> Result<()>;
    /// Decides about a step that is stuck. It is tried again only while nothing uses what it would take away: [`crate::Code::Conflict`] otherwise.
    async fn decide(&self, actor: &Actor, id: &str, step: &str, decision: Decision) -> Result<()>;
    /// One's own draft of a wizard.
    async fn draft(&self, actor: &Actor, wizard: &str) -> Result<Option<KeptDraft>>;
    /// Keeps one's own draft of a wizard, at most [`LARGEST_DRAFT`]; answers the moment it carries from now on.
    async fn keep_draft(&self, actor: &Actor, wizard: &str, body: &Value) -> Result<Millis>;
    /// Forgets one's own draft of a wizard.
    async fn forget_draft(&self, actor: &Actor, wizard: &str) -> Result<()>;
}

/// The largest draft, in bytes of JSON: with what stands around it in a request it stays below what a request may have.
pub const LARGEST_DRAFT: usize = 256_000;

/// A form that somebody has begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptDraft {
    /// As the wizard wrote it. Never holds secrets: wizards refer to those.
    pub body: Value,
    /// When it was kept; grows with each time.
    pub saved: Millis,
}

/// A user name and a password for one image's registry. Never stored, never part of answers or plans; its form for debugging leaves the
/// password out.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SourceCredentials {
    /// The image as in the answers, such as `ghcr.io/owner/app:v1`: they are for its registry alone.
    pub image: String,
    /// The user name.
    pub user: String,
    /// The password or access token.
    pub password: String,
}

impl std::fmt::Debug for SourceCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SourceCredentials")
            .field("image", &self.image)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Credentials that a server has in memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Lent {
    /// What the answers of the wizard `copy-image` name as `credentials`.
    pub id: String,
    /// The registry that they are for.
    pub registry: String,
    /// How many minutes they are kept while no plan names them. A run keeps them until it ends.
    pub minutes: u32,
}

/// What a review says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reviewed {
    /// The plan, to be applied or not.
    Plan(Box<Review>),
    /// What is wrong with the answers, by field.
    Wrong(FieldErrors),
}

/// A plan as it is reviewed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Review {
    /// The plan.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub plan: Plan,
    /// Names this plan: what is applied is what was reviewed.
    pub hash: String,
    /// What a careful colleague would say about it.
    pub notes: Vec<Note>,
    /// What IAM says beforehand to what it needs.
    pub permissions: Vec<Permitted>,
    /// The same as a script of AWS CLI calls.
    pub cli: String,
    /// As a CloudFormation template (JSON), and the steps it cannot tell of.
    pub cloudformation: (String, Vec<String>),
    /// As a Terraform configuration, and the steps it cannot tell of.
    pub terraform: (String, Vec<String>),
}

/// What to do about a step that is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Try again to take it back.
    Retry,
    /// Leave what is there: it was taken care of elsewhere.
    Skip,
    /// Keep what is there: it is wanted after all.
    Adopt,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunLine {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub title: String,
    /// Where it mainly happens.
    pub scope: Scope,
    /// How far it is.
    pub state: State,
    /// Who started it.
    pub by: String,
    /// When.
    pub made: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
    /// How many of its steps are made.
    pub done: u32,
    /// How many there are.
    pub steps: u32,
    /// The format it was planned in. One that is not [`super::is_known`] is another version's: it is not driven or shown here.
    pub format: u32,
}

/// A run with its journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunView {
    /// The plan and how far its steps are. While a step carries an image, its entry in `steps` says under `transfer` how far that is, as the
    /// schema `Transfer` has it.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub run: Run,
    /// What the plan was made from.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub answers: Answers,
    /// Who started it.
    pub by: String,
    /// When.
    pub made: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
    /// By step, the ARN by which one finds what it made or changed, as [`Run::arn`] says it; null where there is none.
    #[serde(default)]
    pub arns: Vec<Option<String>>,
    /// Who asked last for it to be taken back, if somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_by: Option<String>,
    /// The server's clock at this answer.
    pub now: Millis,
}

//! What pages and the HTTP API may ask of the server. The server implements these traits and decides inside them who may
//! ([`crate::policy::decide`]), so there is no way around it. Pages get them by context.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

use crate::audit::{AuditEntry, AuditQuery};
use crate::ecr::names::Beside;
use crate::ecs::load::ServiceLoads;
pub use crate::history::HistoryQuery;
use crate::history::{Change, FieldChange};
use crate::identity::{AccountId, Region, ResourceKey, Scope};
use crate::kind::Kind;
use crate::listing::{Detail, Freshness, Hit, LateLists, ListQuery, Page, Row};
use crate::plan::listing::OpenRuns;
use crate::plan::service::{Plans, RunLine};
use crate::policy::{Actor, Role};
use crate::problem::Problem;
use crate::stream::{LogPage, Series};
use crate::time::Millis;

type Result<T> = std::result::Result<T, Problem>;

/// Everything that is collected: lists, details, history, search. Answers come from the cache, never from AWS.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// A window of a list.
    async fn list(&self, actor: &Actor, query: &ListQuery) -> Result<Page>;
    /// The window of a list behind a cursor, the first without one, and the cursor of the window after it, `None` at the end. A cursor is a
    /// place and not a number: rows that come or go between two windows make none be missed or told twice. The query's offset does not
    /// count. A cursor that is none, or one of a query for other rows or in another order, is refused by the field `cursor`.
    async fn list_after(
        &self,
        actor: &Actor,
        query: &ListQuery,
        cursor: Option<&str>,
    ) -> Result<(Page, Option<String>)>;
    /// One resource; [`crate::problem::Code::NotFound`] if it never existed, [`crate::problem::Code::NotConnected`] if no connection leads
    /// to where it would be. Gone ones are still there.
    async fn get(&self, actor: &Actor, key: &ResourceKey) -> Result<Detail>;
    /// Rows by key, for redrawing just what changed; unknown keys are left out.
    async fn rows(&self, actor: &Actor, keys: &[ResourceKey]) -> Result<Vec<Row>>;
    /// The resource a reference (ARN, image URI, key) points to; [`crate::problem::Code::NotConnected`] if it is not known and names an
    /// account or region that no connection leads to.
    async fn resolve(&self, actor: &Actor, reference: &str) -> Result<Option<ResourceKey>>;
    /// Entries of a history, latest first: of one resource, or of the fleet.
    async fn history(&self, actor: &Actor, query: &HistoryQuery) -> Result<Vec<Change>>;
    /// The documents right after two entries of a resource's history and how they differ, noise left out.
    async fn compare(&self, actor: &Actor, key: &ResourceKey, from: i64, to: i64) -> Result<Comparison>;
    /// How the documents of two resources of one kind differ (two task definition revisions).
    async fn compare_two(&self, actor: &Actor, left: &ResourceKey, right: &ResourceKey) -> Result<Comparison>;
    /// Substring search over names, ARNs, tags and kinds, best first; words that name regions or accounts narrow it. Where that finds next to nothing one typo is forgiven in each word.
    async fn search(&self, actor: &Actor, text: &str, limit: u32) -> Result<Vec<Hit>>;
    /// Where else a repository has this name, and which namespaces the repositories of the account are in.
    async fn beside(&self, actor: &Actor, scope: &Scope, name: &str) -> Result<Beside>;
    /// The first page a person sees.
    async fn overview(&self, actor: &Actor, accounts: &[AccountId], regions: &[Region]) -> Result<Overview>;
    /// What the rail and the bar of every page say.
    async fn glance(&self, actor: &Actor, accounts: &[AccountId], regions: &[Region]) -> Result<Glance>;
    /// Connections with their collectors' state.
    async fn connections(&self, actor: &Actor) -> Result<Vec<ConnectionStatus>>;
    /// Collect this kind now, in all scopes or those given.
    async fn refresh(&self, actor: &Actor, kind: Kind, accounts: &[AccountId], regions: &[Region]) -> Result<()>;
    /// Read this resource's whole document again, with what lists leave out, and collect its kind there now.
    async fn reread(&self, actor: &Actor, key: &ResourceKey) -> Result<()>;
}

/// Live calls to AWS: log events and metrics.
#[async_trait]
pub trait Telemetry: Send + Sync {
    /// The latest events of a function's or log group's log, oldest first; `before` pages back in time.
    async fn log(&self, actor: &Actor, key: &ResourceKey, filter: &str, before: Option<Millis>) -> Result<LogPage>;
    /// The charts of a function or service over the last `minutes`, one of [`crate::stream::CHART_LENGTHS`].
    async fn metrics(&self, actor: &Actor, key: &ResourceKey, minutes: u32) -> Result<Vec<Series>>;
    /// The charts of all functions in these accounts and regions together (empty: all), over the last `minutes`, one of
    /// [`crate::stream::CHART_LENGTHS`], and of the services with the highest CPU and memory.
    async fn fleet_metrics(
        &self,
        actor: &Actor,
        accounts: &[AccountId],
        regions: &[Region],
        minutes: u32,
    ) -> Result<FleetMetrics>;
}

/// Charts over several accounts and regions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetMetrics {
    /// The sums (durations: the mean of all invocations) over the places that answered.
    pub series: Vec<Series>,
    /// The functions that failed most, at most twenty; places where no call failed are not asked function by function.
    pub failing: Vec<Failing>,
    /// Places where calls failed, with more functions than are asked one by one.
    pub too_many: Vec<Scope>,
    /// CPU and memory of the busiest services: as they were at most five minutes ago.
    pub services: ServiceLoads,
    /// The places that did not answer, or not for functions or services, and why: those numbers are missing.
    pub missing: Vec<(Scope, Problem)>,
}

/// A function whose calls fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failing {
    /// The function.
    pub key: ResourceKey,
    /// Calls that ended with an error.
    pub errors: i64,
    /// All calls.
    pub invocations: i64,
    /// When they were counted.
    pub at: Millis,
}

/// People, sessions and tokens, and what people did.
#[async_trait]
pub trait Team: Send + Sync {
    /// Whether the one-time link for the first administrator is (still) good.
    async fn welcome(&self, token: &str) -> Result<()>;
    /// One's own sessions.
    async fn sessions(&self, actor: &Actor) -> Result<Vec<Session>>;
    /// Ends one of one's own sessions.
    async fn end_session(&self, actor: &Actor, id: i64) -> Result<()>;
    /// Proves that it is still the person of this session who asks, by their password: what answers
    /// [`crate::problem::Code::ConfirmPassword`] is not refused so for the next [`crate::policy::PROOF_MS`]. Wrong ones make it wait as at
    /// sign-in.
    async fn confirm(&self, actor: &Actor, password: &str) -> Result<()>;
    /// Changes one's own password; one's other sessions end, this one stays. The current one is asked for, and wrong ones make it wait
    /// as at sign-in.
    async fn change_password(&self, actor: &Actor, current: &str, password: &str) -> Result<()>;
    /// One's own API tokens.
    async fn tokens(&self, actor: &Actor) -> Result<Vec<Token>>;
    /// Makes an API token, after a fresh proof of the password; the answer is the only time its text is shown.
    async fn create_token(&self, actor: &Actor, name: &str, role: Role, days: u32) -> Result<String>;
    /// Revokes one of one's own tokens.
    async fn revoke_token(&self, actor: &Actor, id: i64) -> Result<()>;
    /// Everyone.
    async fn people(&self, actor: &Actor) -> Result<Vec<Person>>;
    /// Adds a person. As all that changes people, after a fresh proof of the password.
    async fn create_person(&self, actor: &Actor, name: &str, password: &str, role: Role) -> Result<()>;
    /// Changes a person's role; the last administrator keeps theirs.
    async fn set_role(&self, actor: &Actor, person: i64, role: Role) -> Result<()>;
    /// Sets a new password for somebody else; their sessions end.
    async fn set_password(&self, actor: &Actor, person: i64, password: &str) -> Result<()>;
    /// Removes a person, their sessions and tokens.
    async fn remove_person(&self, actor: &Actor, person: i64) -> Result<()>;
    /// Entries of the audit trail, the latest first; at most [`crate::audit::MAX_ENTRIES`].
    async fn audit(&self, actor: &Actor, query: &AuditQuery) -> Result<Vec<AuditEntry>>;
}

/// All of the above and who asks, provided to pages by context.
#[derive(Clone)]
pub struct Services {
    /// What is collected.
    pub inventory: Arc<dyn Inventory>,
    /// What is live.
    pub telemetry: Arc<dyn Telemetry>,
    /// What changes AWS.
    pub plans: Arc<dyn Plans>,
    /// Who is who.
    pub team: Arc<dyn Team>,
    /// Who asks; `None` when signed out.
    pub actor: Option<Actor>,
    /// Facts about this installation that every page shows.
    pub instance: Arc<Instance>,
    /// The version of what is collected that a page shows which is made now, or an older one; 0 while none is known.
    pub shows: i64,
}

/// Facts about this installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Instance {
    /// A connection leads to the sandbox: the badge is shown.
    pub sandbox: bool,
    /// Gantry's version.
    pub version: String,
    /// Accounts with the names people gave them.
    pub accounts: Vec<(AccountId, String)>,
    /// All regions of all connections.
    pub regions: Vec<Region>,
    /// The least length of a new password, in characters.
    pub password_min: usize,
}

/// Two documents and how they differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Comparison {
    /// The one on the left.
    pub before: Value,
    /// The one on the right.
    pub after: Value,
    /// The fields that differ.
    pub fields: Vec<FieldChange>,
}

/// How many there are of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Count {
    /// The kind.
    pub kind: Kind,
    /// All of them (stopped tasks left out).
    pub total: u32,
    /// Those that need a person: as many as the list that asks for [`crate::listing::ListQuery::attention`] has.
    pub attention: u32,
}

/// What the rail and the bar of every page say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glance {
    /// Numbers per kind.
    pub counts: Vec<Count>,
    /// The lists that are older than promised.
    pub late: LateLists,
    /// Runs that are not over.
    pub runs: OpenRuns,
}

/// What the first page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    /// What needs a person, worst first, images apart; at most 50, with the number of all.
    pub attention: Vec<Row>,
    /// How many need a person in all, images apart.
    pub attention_total: u32,
    /// Repositories with images that need a person, worst first; at most 50, with the number of all.
    pub repositories: Vec<Findings>,
    /// How many repositories have such images.
    pub repositories_total: u32,
    /// Those whose runtime has ended, whatever else ails them.
    pub late: Vec<Late>,
    /// What changed last, latest first; at most 10.
    pub changes: Vec<Change>,
    /// Counts per kind.
    pub counts: Vec<Count>,
    /// Counts per account, region and kind.
    pub fleet: Vec<(AccountId, Region, Kind, u32)>,
    /// (desired, running) tasks over all services.
    pub tasks: (u32, u32),
    /// Tasks that run, of a service or not.
    pub running: u32,
    /// Runs that are not over.
    pub runs: OpenRuns,
    /// Those of them that are stuck, latest first; at most 10.
    pub stuck: Vec<RunLine>,
    /// Services that are being deployed, or whose deployment failed: worst first, of these the latest; at most 10, with the number of all.
    pub deployments: Vec<Row>,
    /// How many services that are.
    pub deployments_total: u32,
    /// Collectors that fail.
    pub failing: Vec<Freshness>,
    /// The server's clock.
    pub now: Millis,
}

/// Those of a kind that are late: AWS no longer patches the runtime of these functions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Late {
    /// The kind.
    pub kind: Kind,
    /// How many.
    pub count: u32,
    /// Their runtimes, each once: the list filtered by these has exactly them.
    pub runtimes: Vec<String>,
}

/// The images of a repository that need a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Findings {
    /// The repository.
    pub repository: ResourceKey,
    /// The worst of its images, of those the one that changed last.
    pub worst: Row,
    /// How many of its images need a person; the platforms of an index count as one.
    pub images: u32,
}

/// A connection as configured and how it does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionStatus {
    /// Its name.
    pub name: String,
    /// The account it leads to.
    pub account: AccountId,
    /// The regions collected.
    pub regions: Vec<Region>,
    /// How it gets credentials: "role arn:… through the default chain", "static keys" …
    pub credentials: String,
    /// They are keys that hold until somebody deletes them, which those of the sandbox may.
    pub long_lived: bool,
    /// Its endpoint, when not AWS's own.
    pub endpoint: Option<String>,
    /// It leads to the sandbox.
    pub sandbox: bool,
    /// Per kind and scope.
    pub freshness: Vec<Freshness>,
}

/// A session of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Its id.
    pub id: i64,
    /// When it began.
    pub since: Millis,
    /// When it was last used.
    pub used: Millis,
    /// The browser, shortened.
    pub agent: String,
    /// It is the one that asks.
    pub current: bool,
}

/// An API token, without its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Token {
    /// Its id.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// When it was made.
    pub since: Millis,
    /// When it ends.
    pub until: Millis,
    /// When it was last used.
    pub used: Option<Millis>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Person {
    /// Their id.
    pub id: i64,
    /// Their name, unique.
    pub name: String,
    /// Their role.
    pub role: Role,
    /// When they were added.
    pub since: Millis,
    /// When they were last here.
    pub seen: Option<Millis>,
}

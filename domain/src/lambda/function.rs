//! A function, and a published version of it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::rules;
use crate::document::document;
use crate::identity::{ResourceKey, Scope};
use crate::kind::Kind;
use crate::reference;
use crate::resource::{Cell, Column, Form, Link, Model, Relation, Sealed, State, Tone};
use crate::time::{Millis, Timestamp};

/// What only GetFunction gives: ListFunctions says which fields it leaves out.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>
const FROM_GET: &[&str] = &[
    "State",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
    "RuntimeVersionConfig",
    "Code",
    "Tags",
    "TagsError",
    "Concurrency",
];

/// GetFunction answers without tags, and with the reason, whoever may not read those.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html>
const UNTOLD: &[(&str, &str)] = &[("TagsError", "Tags")];

document! { "PascalCase";
    /// As ListFunctions gives it, with `Code`, `Tags` and `Concurrency` of GetFunction beside:
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html>
    pub struct Function {
        pub function_name: String,
        pub function_arn: Option<String>,
        pub description: Option<String>,
        pub runtime: Option<String>,
        pub role: Option<String>,
        pub handler: Option<String>,
        /// Of the package, in bytes; 0 for images.
        pub code_size: Option<i64>,
        pub code_sha256: Option<String>,
        /// In seconds.
        pub timeout: Option<i64>,
        /// In MB.
        pub memory_size: Option<i64>,
        pub last_modified: Option<Timestamp>,
        /// `$LATEST`, or the number of a published version.
        pub version: Option<String>,
        pub revision_id: Option<String>,
        /// `Zip` or `Image`.
        pub package_type: Option<String>,
        pub architectures: Vec<String>,
        pub environment: Option<Environment>,
        pub ephemeral_storage: Option<EphemeralStorage>,
        pub vpc_config: Option<VpcConfig>,
        pub dead_letter_config: Option<DeadLetterConfig>,
        pub layers: Vec<UsedLayer>,
        pub logging_config: Option<LoggingConfig>,
        pub tracing_config: Option<TracingConfig>,
        pub file_system_configs: Vec<FileSystemConfig>,
        pub image_config_response: Option<ImageConfigResponse>,
        pub snap_start: Option<SnapStart>,
        #[serde(rename = "KMSKeyArn")]
        pub kms_key_arn: Option<String>,
        /// The function this one is a replica of (Lambda@Edge).
        pub master_arn: Option<String>,
        /// `Pending`, `Active`, `Inactive`, `Failed` …; only in a single read.
        pub state: Option<String>,
        pub state_reason: Option<String>,
        pub state_reason_code: Option<String>,
        /// `Successful`, `InProgress` or `Failed`; only in a single read.
        pub last_update_status: Option<String>,
        pub last_update_status_reason: Option<String>,
        pub last_update_status_reason_code: Option<String>,
        /// Only in a single read.
        pub code: Option<Code>,
        /// Only in a single read.
        pub tags: BTreeMap<String, String>,
        /// Only in a single read.
        pub concurrency: Option<Concurrency>,
    }
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_EnvironmentResponse.html>
    pub struct Environment {
        pub variables: BTreeMap<String, Sealed>,
        /// Why AWS could not read the variables.
        pub error: Option<Failure>,
    }
    /// A part of the configuration that AWS could not read.
    pub struct Failure {
        pub error_code: Option<String>,
        pub message: Option<String>,
    }
    /// The size of `/tmp` in MB.
    pub struct EphemeralStorage {
        pub size: Option<i64>,
    }
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfigResponse.html>
    pub struct VpcConfig {
        pub vpc_id: Option<String>,
        pub subnet_ids: Vec<String>,
        pub security_group_ids: Vec<String>,
        pub ipv6_allowed_for_dual_stack: Option<bool>,
    }
    /// Where asynchronous events go that failed for good: a queue or topic.
    pub struct DeadLetterConfig {
        pub target_arn: Option<String>,
    }
    /// A layer version that a function includes.
    pub struct UsedLayer {
        pub arn: Option<String>,
        pub code_size: Option<i64>,
    }
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html>
    pub struct LoggingConfig {
        /// `JSON` or `Text`.
        pub log_format: Option<String>,
        pub application_log_level: Option<String>,
        pub system_log_level: Option<String>,
        pub log_group: Option<String>,
    }
    /// `Active` or `PassThrough`.
    pub struct TracingConfig {
        pub mode: Option<String>,
    }
    /// An EFS access point and where it is mounted.
    pub struct FileSystemConfig {
        pub arn: Option<String>,
        pub local_mount_path: Option<String>,
    }
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ImageConfigResponse.html>
    pub struct ImageConfigResponse {
        pub image_config: Option<ImageConfig>,
        pub error: Option<Failure>,
    }
    /// What overrides the image's own settings.
    pub struct ImageConfig {
        pub entry_point: Vec<String>,
        pub command: Vec<String>,
        pub working_directory: Option<String>,
    }
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_SnapStartResponse.html>
    pub struct SnapStart {
        pub apply_on: Option<String>,
        pub optimization_status: Option<String>,
    }
    /// Where the code comes from. AWS's presigned `Location` is a secret and not kept.
    pub struct Code {
        pub repository_type: Option<String>,
        /// As asked for: by tag or digest.
        pub image_uri: Option<String>,
        /// By digest: what really runs.
        pub resolved_image_uri: Option<String>,
    }
    /// Reserved concurrency.
    pub struct Concurrency {
        pub reserved_concurrent_executions: Option<i64>,
    }
}

/// A published version: the configuration as it was then. One with a number never changes again; `$LATEST.PUBLISHED` can be published anew:
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-version-publishing.html>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FunctionVersion(pub Function);

/// The ARN of a function without its version or alias.
pub fn unqualified(arn: &str) -> String {
    arn.splitn(8, ':').take(7).collect::<Vec<_>>().join(":")
}

/// The name in a function's ARN, qualified or not.
pub fn name_in_arn(arn: &str) -> &str {
    arn.split(':').nth(6).unwrap_or_default()
}

impl Function {
    /// The column of the sorts of what calls it, in words such as `SQS`. What else is collected says it, not the document: filled in where
    /// rows are kept.
    pub const TRIGGERS: &'static str = "triggers";

    /// The log group it writes to: its own setting or `/aws/lambda/NAME`.
    pub fn log_group(&self) -> String {
        let own = self.logging_config.as_ref().and_then(|l| l.log_group.clone()).filter(|g| !g.is_empty());
        own.unwrap_or_else(|| format!("/aws/lambda/{}", self.function_name))
    }

    fn all_links(&self, scope: &Scope) -> Vec<Link> {
        let mut links = vec![Link::new(Relation::Logs, crate::logs::arn(scope, &self.log_group()))];
        links.extend(self.role.iter().map(|role| Link::new(Relation::Role, role)));
        links.extend(self.layers.iter().filter_map(|l| l.arn.as_ref()).map(|arn| Link::new(Relation::Uses, arn)));
        if let Some(code) = &self.code {
            // By tag only when AWS does not say the digest: the tag may have moved on since.
            let image = code.resolved_image_uri.as_ref().or(code.image_uri.as_ref()).filter(|uri| !uri.is_empty());
            links.extend(image.map(|uri| Link::new(Relation::Image, reference::to_image(uri))));
        }
        let dead = self.dead_letter_config.as_ref().and_then(|d| d.target_arn.as_ref());
        links.extend(dead.map(|arn| Link::new(Relation::SendsTo, arn).noting(Some("dead letters".to_owned()))));
        if let Some(vpc) = &self.vpc_config {
            let subnets = vpc.subnet_ids.iter().map(|id| (Kind::Subnet, id));
            let groups = vpc.security_group_ids.iter().map(|id| (Kind::SecurityGroup, id));
            let all = subnets.chain(groups).chain(vpc.vpc_id.iter().map(|id| (Kind::Vpc, id)));
            let keys = all.filter_map(|(kind, id)| ResourceKey::new(kind, scope.clone(), id).ok());
            links.extend(keys.map(|key| Link::new(Relation::Network, key.to_string())));
        }
        links
    }
}

impl Model for Function {
    const KIND: Kind = Kind::Function;
    const COLUMNS: &'static [Column] = &[
        Column::text("runtime", "Runtime").facet(),
        Column::text("runtime_ends", "Runtime ends").form(Form::Deadline),
        Column::text(Self::TRIGGERS, "Triggers").facet(),
        Column::number("memory", "Memory").unit("MB"),
        Column::number("timeout", "Timeout").form(Form::Seconds),
        Column::text("package", "Package").facet().hidden(),
        Column::text("architecture", "Architecture").facet(),
        Column::number("size", "Code size").hidden(),
        Column::text("modified", "Last modified").hidden(),
        Column::text("description", "Description").form(Form::Sentence).hidden(),
        Column::text("handler", "Handler").hidden(),
        Column::text("role", "Role").hidden(),
        Column::text("vpc", "VPC").facet().hidden(),
        Column::number("storage", "Ephemeral storage").unit("MB").hidden(),
        Column::number("reserved", "Reserved concurrency").hidden(),
        Column::number("variables", "Variables").hidden(),
    ];
    const NOISE: &'static [&'static str] = &["LastModified", "RevisionId", "Code.Location", "TagsError"];
    const KEPT: &'static [&'static str] = FROM_GET;
    const UNTOLD: &'static [(&'static str, &'static str)] = UNTOLD;
    fn id(&self) -> String {
        self.function_name.clone()
    }
    fn name(&self) -> String {
        self.function_name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.function_arn.as_deref().map(unqualified)
    }
    fn state(&self) -> Option<State> {
        let word = self.state.as_deref()?;
        let state = match (word, self.last_update_status.as_deref()) {
            ("Active", Some("Failed")) => {
                State::new("Update failed", Tone::Bad).because(self.last_update_status_reason.clone())
            }
            ("Active", Some("InProgress")) => {
                State::new("Updating", Tone::Busy).because(self.last_update_status_reason.clone())
            }
            _ => {
                let tone = match word {
                    "Active" => Tone::Good,
                    "Pending" | "Deactivating" | "Deleting" => Tone::Busy,
                    "Failed" => Tone::Bad,
                    "ActiveNonInvocable" => Tone::Warn,
                    _ => Tone::Quiet,
                };
                State::new(word, tone).because(self.state_reason.clone())
            }
        };
        Some(state)
    }
    fn tags(&self) -> BTreeMap<String, String> {
        self.tags.clone()
    }
    fn cells(&self) -> Vec<Cell> {
        let image = self.package_type.as_deref() == Some("Image");
        let list = |words: &[String]| match words {
            [] => Cell::None,
            [one] => Cell::text(one),
            many => Cell::List(many.to_vec()),
        };
        let role = self
            .role
            .as_ref()
            .map_or(Cell::None, |arn| Cell::Ref(arn.clone(), arn.rsplit('/').next().unwrap_or(arn).to_owned()));
        vec![
            if image { Cell::text("container image") } else { Cell::opt(self.runtime.clone()) },
            Cell::time(self.runtime.as_deref().and_then(rules::runtime_ends)),
            Cell::None,
            Cell::number(self.memory_size),
            Cell::number(self.timeout),
            Cell::opt(self.package_type.clone()),
            list(&self.architectures),
            // AWS says 0 for images: their size is the image's.
            self.code_size.filter(|_| !image).map_or(Cell::None, Cell::Bytes),
            Cell::time(self.last_modified.map(|t| t.0)),
            Cell::opt(self.description.clone()),
            Cell::opt(self.handler.clone()),
            role,
            Cell::opt(self.vpc_config.as_ref().and_then(|v| v.vpc_id.clone())),
            Cell::number(self.ephemeral_storage.as_ref().and_then(|e| e.size)),
            Cell::number(self.concurrency.as_ref().and_then(|c| c.reserved_concurrent_executions)),
            Cell::number(self.environment.as_ref().map(|e| e.variables.len() as i64)),
        ]
    }
    fn links(&self, scope: &Scope) -> Vec<Link> {
        self.all_links(scope)
    }
}

impl Model for FunctionVersion {
    const KIND: Kind = Kind::FunctionVersion;
    const COLUMNS: &'static [Column] = &[
        // Its name begins with it.
        Column::text("function", "Function").hidden(),
        Column::number("version", "Version").form(Form::Exact),
        Column::text("description", "Description").form(Form::Sentence),
        Column::text("runtime", "Runtime").facet(),
        Column::number("memory", "Memory").unit("MB"),
        Column::number("timeout", "Timeout").form(Form::Seconds),
        Column::text("published", "Published"),
        Column::text("sha", "Code SHA-256").hidden(),
    ];
    const NOISE: &'static [&'static str] = &["RevisionId", "Code.Location", "TagsError"];
    const KEPT: &'static [&'static str] = FROM_GET;
    const UNTOLD: &'static [(&'static str, &'static str)] = UNTOLD;
    fn id(&self) -> String {
        match &self.0.version {
            Some(version) if !self.0.function_name.is_empty() => format!("{}:{version}", self.0.function_name),
            _ => String::new(),
        }
    }
    fn name(&self) -> String {
        self.id()
    }
    fn arn(&self) -> Option<String> {
        let base = self.0.arn()?;
        self.0.version.as_ref().map(|version| format!("{base}:{version}"))
    }
    fn parent(&self) -> Option<(Kind, String)> {
        Some((Kind::Function, self.0.function_name.clone()))
    }
    fn state(&self) -> Option<State> {
        self.0.state()
    }
    /// A published version never changes: what Lambda calls its modification is when it was published. Of a function it says no creation.
    fn created(&self) -> Option<Millis> {
        self.0.last_modified.map(|t| t.0)
    }
    fn cells(&self) -> Vec<Cell> {
        let f = &self.0;
        vec![
            Cell::Ref(f.arn().unwrap_or_default(), f.function_name.clone()),
            f.version.as_ref().and_then(|v| v.parse().ok()).map_or(Cell::None, Cell::Number),
            Cell::opt(f.description.clone()),
            Cell::opt(f.runtime.clone()),
            Cell::number(f.memory_size),
            Cell::number(f.timeout),
            Cell::time(self.created()),
            f.code_sha256.clone().map_or(Cell::None, Cell::Mono),
        ]
    }
    fn links(&self, scope: &Scope) -> Vec<Link> {
        // Old versions point to old layers and roles: those arrows would only hide today's.
        let image = self.0.all_links(scope).into_iter().filter(|l| l.relation == Relation::Image);
        image.chain(self.0.arn().map(|arn| Link::new(Relation::Of, arn))).collect()
    }
}

#[cfg(test)]
#[path = "function_tests.rs"]
mod tests;

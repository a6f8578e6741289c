//! The only code that knows the AWS SDK. It turns AWS's answers into [`domain::resource::Observed`] documents and its errors into
//! [`domain::Problem`]s (`problem`), through connections ([`connections`]) and limiters per quota bucket ([`limits`]).
//!
//! A service's calls are in the module with its endpoint prefix. Start at [`collect`] (lists) and [`fetch`] (one resource);
//! what plans do is in [`execute`]. All go through [`Caller::call`], the one way to call AWS; only the pods of EKS clusters are asked
//! for without the SDK (`eks/kubernetes.rs`).

mod ambient;
mod apigatewayv2;
mod call;
mod clients;
mod cloudwatch;
pub mod connections;
pub mod counters;
mod dynamodb;
mod ec2;
mod ecr;
mod ecr_public;
mod ecs;
mod eks;
mod elasticloadbalancingv2;
mod events;
pub mod execute;
mod gather;
mod iam;
mod identity;
mod kinesis;
mod kms;
mod lambda;
pub mod limits;
mod logs;
mod problem;
mod s3;
mod scheduler;
#[cfg(test)]
mod scripted;
mod sealing;
mod sessions;
mod sieve;
mod sns;
mod sqs;
#[cfg(test)]
mod tags_tests;
mod wire;

pub use call::{Caller, Pages, Permit, absent};
pub use clients::Clients;
pub use cloudwatch::{failures, function_totals, metrics, service_loads};
pub use connections::{ConnectionConfig, Connections};
pub use ecr::{images_denied, registry};
pub use ecs::deployments_denied;
pub use limits::{Bucket, Limits};
pub use logs::{Log, LogEvents, log_events};
pub use sealing::fingerprint;
pub use sessions::Person;

use async_trait::async_trait;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Where a collector delivers what it reads, and what it may ask about what is already known.
///
/// Implemented by the server over the store; every delivery is checked against the lease's fencing number there.
#[async_trait]
pub trait Feed: Send + Sync {
    /// These exist. Delivered page by page, as soon as a page is read.
    async fn seen(&self, batch: Vec<Observed>) -> Result<(), Problem>;
    /// Everything of this kind that exists was delivered since the collect began: within the parent if one is given, else in the whole scope.
    /// Only said after the last page arrived without an error: what was not delivered is gone.
    async fn complete(&self, kind: Kind, parent: Option<&ResourceKey>) -> Result<(), Problem>;
    /// Of these, which were known before, everything that exists was delivered since the collect began: what was not is gone. For parts of a list
    /// that are no resources, such as event buses: while one of them cannot be read, what is gone of the others goes.
    async fn complete_of(&self, _kind: Kind, _ids: Vec<String>) -> Result<(), Problem> {
        Ok(())
    }
    /// Ids of this kind in this scope that are known and not gone, so that what never changes is fetched once.
    async fn known(&self, kind: Kind) -> Result<HashSet<String>, Problem>;
    /// References that begin with `prefix` in what is collected of these kinds in this scope and not gone: a list may leave out what is still
    /// used.
    async fn named(&self, by: &[Kind], prefix: &str) -> Result<HashSet<String>, Problem>;
    /// What the documents of this kind in this scope say in this field (`a.b` for one in another), where that is a text, by id; without those
    /// that are gone.
    async fn said(&self, kind: Kind, field: &str) -> Result<HashMap<String, String>, Problem>;
    /// What the collect before this one left with [`Feed::leave`]; null if it left nothing.
    async fn left(&self) -> Result<Value, Problem>;
    /// Where the next collect goes on, of a kind that is more than one collect may ask for.
    async fn leave(&self, place: Value) -> Result<(), Problem>;
    /// These were in a list just read and are [`Feed::known`]; they never change, so they were not read again. Without this, a complete list
    /// would make them gone.
    async fn still(&self, _kind: Kind, _ids: Vec<String>) -> Result<(), Problem> {
        Ok(())
    }
    /// What is fetched once could not be fetched of these, delivered before: they are not [`Feed::known`] to the next collect.
    async fn again(&self, _kind: Kind, _ids: Vec<String>) -> Result<(), Problem> {
        Ok(())
    }
}

/// Reads everything of a kind in the caller's scope and delivers it page by page. What lives in something else (images, tasks)
/// is read parent by parent. Ends with the first problem; what was delivered until then stays, what was not keeps its age.
///
/// What has an impossible id is left out and said at the end; its list is not complete then.
pub async fn collect(caller: &Caller, kind: Kind, feed: &dyn Feed) -> Result<(), Problem> {
    let sieve = sieve::Sieve::new(feed);
    list(caller, kind, &sieve).await?;
    sieve.end()
}

/// Reads what of this kind is within these resources, and delivers it as [`collect`] does: of kinds that AWS tells by what they are within. Others
/// are left to their lists.
pub async fn within(caller: &Caller, kind: Kind, wholes: &[ResourceKey], feed: &dyn Feed) -> Result<(), Problem> {
    let sieve = sieve::Sieve::new(feed);
    let ids: Vec<String> = wholes.iter().map(|key| key.id.clone()).collect();
    match kind {
        Kind::FunctionUrl => lambda::urls_within(caller, &sieve, ids).await?,
        Kind::FunctionPermission => lambda::permissions_within(caller, &sieve, ids).await?,
        Kind::EventInvokeConfig => lambda::event_invoke_configs_within(caller, &sieve, ids).await?,
        _ => {}
    }
    sieve.end()
}

async fn list(caller: &Caller, kind: Kind, feed: &dyn Feed) -> Result<(), Problem> {
    match kind {
        Kind::Function => lambda::collect_functions(caller, feed).await,
        Kind::FunctionVersion => lambda::collect_versions(caller, feed).await,
        Kind::FunctionAlias => lambda::collect_aliases(caller, feed).await,
        Kind::FunctionUrl => lambda::collect_urls(caller, feed).await,
        Kind::FunctionPermission => lambda::collect_permissions(caller, feed).await,
        Kind::EventInvokeConfig => lambda::collect_event_invoke_configs(caller, feed).await,
        Kind::Layer => lambda::collect_layers(caller, feed).await,
        Kind::EventSourceMapping => lambda::collect_event_source_mappings(caller, feed).await,
        Kind::Service => ecs::collect_services(caller, feed).await,
        Kind::Task => ecs::collect_tasks(caller, feed).await,
        Kind::TaskDefinition => ecs::collect_task_definitions(caller, feed).await,
        Kind::Cluster => ecs::collect_clusters(caller, feed).await,
        Kind::CapacityProvider => ecs::collect_capacity_providers(caller, feed).await,
        Kind::EksCluster => eks::collect_clusters(caller, feed).await,
        Kind::NodeGroup => eks::collect_node_groups(caller, feed).await,
        Kind::FargateProfile => eks::collect_fargate_profiles(caller, feed).await,
        Kind::Addon => eks::collect_addons(caller, feed).await,
        Kind::Pod => eks::collect_pods(caller, feed).await,
        Kind::Repository => ecr::collect_repositories(caller, feed).await,
        Kind::Image => ecr::collect_images(caller, feed).await,
        Kind::Registry => ecr::collect_registries(caller, feed).await,
        Kind::PublicRepository => ecr_public::collect_repositories(caller, feed).await,
        Kind::Role => iam::collect_roles(caller, feed).await,
        Kind::Vpc => ec2::collect_vpcs(caller, feed).await,
        Kind::Subnet => ec2::collect_subnets(caller, feed).await,
        Kind::SecurityGroup => ec2::collect_security_groups(caller, feed).await,
        Kind::Bucket => s3::collect_buckets(caller, feed).await,
        Kind::Queue => sqs::collect_queues(caller, feed).await,
        Kind::Topic => sns::collect_topics(caller, feed).await,
        Kind::Table => dynamodb::collect_tables(caller, feed).await,
        Kind::Stream => kinesis::collect_streams(caller, feed).await,
        Kind::LogGroup => logs::collect_log_groups(caller, feed).await,
        Kind::Rule => events::collect_rules(caller, feed).await,
        Kind::Schedule => scheduler::collect_schedules(caller, feed).await,
        Kind::HttpApi => apigatewayv2::collect_http_apis(caller, feed).await,
        Kind::LoadBalancer => elasticloadbalancingv2::collect_load_balancers(caller, feed).await,
        Kind::TargetGroup => elasticloadbalancingv2::collect_target_groups(caller, feed).await,
    }
}

/// Reads one resource afresh, with what lists leave out. `None` when AWS says that it does not exist.
pub async fn fetch(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let found = read(caller, key).await?;
    if let Some(observed) = &found {
        sieve::usable(&observed.key)?;
    }
    Ok(found)
}

async fn read(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    match key.kind {
        Kind::Function => lambda::fetch_function(caller, key).await,
        Kind::FunctionVersion => lambda::fetch_version(caller, key).await,
        Kind::FunctionAlias => lambda::fetch_alias(caller, key).await,
        Kind::FunctionUrl => lambda::fetch_url(caller, key).await,
        Kind::FunctionPermission => lambda::fetch_permission(caller, key).await,
        Kind::EventInvokeConfig => lambda::fetch_event_invoke_config(caller, key).await,
        Kind::Layer => lambda::fetch_layer(caller, key).await,
        Kind::EventSourceMapping => lambda::fetch_event_source_mapping(caller, key).await,
        Kind::Service => ecs::fetch_service(caller, key).await,
        Kind::Task => ecs::fetch_task(caller, key).await,
        Kind::TaskDefinition => ecs::fetch_task_definition(caller, key).await,
        Kind::Cluster => ecs::fetch_cluster(caller, key).await,
        Kind::CapacityProvider => ecs::fetch_capacity_provider(caller, key).await,
        Kind::EksCluster => eks::fetch_cluster(caller, key).await,
        Kind::NodeGroup => eks::fetch_node_group(caller, key).await,
        Kind::FargateProfile => eks::fetch_fargate_profile(caller, key).await,
        Kind::Addon => eks::fetch_addon(caller, key).await,
        Kind::Pod => eks::fetch_pod(caller, key).await,
        Kind::Repository => ecr::fetch_repository(caller, key).await,
        Kind::Image => ecr::fetch_image(caller, key).await,
        Kind::Registry => ecr::fetch_registry(caller, key).await,
        Kind::PublicRepository => ecr_public::fetch_repository(caller, key).await,
        Kind::Role => iam::fetch_role(caller, key).await,
        Kind::Vpc => ec2::fetch_vpc(caller, key).await,
        Kind::Subnet => ec2::fetch_subnet(caller, key).await,
        Kind::SecurityGroup => ec2::fetch_security_group(caller, key).await,
        Kind::Bucket => s3::fetch_bucket(caller, key).await,
        Kind::Queue => sqs::fetch_queue(caller, key).await,
        Kind::Topic => sns::fetch_topic(caller, key).await,
        Kind::Table => dynamodb::fetch_table(caller, key).await,
        Kind::Stream => kinesis::fetch_stream(caller, key).await,
        Kind::LogGroup => logs::fetch_log_group(caller, key).await,
        Kind::Rule => events::fetch_rule(caller, key).await,
        Kind::Schedule => scheduler::fetch_schedule(caller, key).await,
        Kind::HttpApi => apigatewayv2::fetch_http_api(caller, key).await,
        Kind::LoadBalancer => elasticloadbalancingv2::fetch_load_balancer(caller, key).await,
        Kind::TargetGroup => elasticloadbalancingv2::fetch_target_group(caller, key).await,
    }
}

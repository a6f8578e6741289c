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
use domain::{Kind, Millis, Problem, ResourceKey};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::pin::Pin;

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
    /// When this collect began.
    fn began(&self) -> Millis;
    /// Of such a kind everything was read since this moment, by this collect and those before it; nothing more than was said before, if there is
    /// none. What is not said so was read since the collect began, if it ends well.
    fn covers(&self, _since: Option<Millis>) {}
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

/// What is read of one kind of many: on the heap, and made before it is waited for. In one function that waits for any of them, each would have
/// a place of its own on the stack.
type Reading<'a, T> = Pin<Box<dyn Future<Output = Result<T, Problem>> + Send + 'a>>;

fn list<'a>(caller: &'a Caller, kind: Kind, feed: &'a dyn Feed) -> Reading<'a, ()> {
    match kind {
        Kind::Function => Box::pin(lambda::collect_functions(caller, feed)),
        Kind::FunctionVersion => Box::pin(lambda::collect_versions(caller, feed)),
        Kind::FunctionAlias => Box::pin(lambda::collect_aliases(caller, feed)),
        Kind::FunctionUrl => Box::pin(lambda::collect_urls(caller, feed)),
        Kind::FunctionPermission => Box::pin(lambda::collect_permissions(caller, feed)),
        Kind::EventInvokeConfig => Box::pin(lambda::collect_event_invoke_configs(caller, feed)),
        Kind::Layer => Box::pin(lambda::collect_layers(caller, feed)),
        Kind::EventSourceMapping => Box::pin(lambda::collect_event_source_mappings(caller, feed)),
        Kind::Service => Box::pin(ecs::collect_services(caller, feed)),
        Kind::Task => Box::pin(ecs::collect_tasks(caller, feed)),
        Kind::TaskDefinition => Box::pin(ecs::collect_task_definitions(caller, feed)),
        Kind::Cluster => Box::pin(ecs::collect_clusters(caller, feed)),
        Kind::CapacityProvider => Box::pin(ecs::collect_capacity_providers(caller, feed)),
        Kind::EksCluster => Box::pin(eks::collect_clusters(caller, feed)),
        Kind::NodeGroup => Box::pin(eks::collect_node_groups(caller, feed)),
        Kind::FargateProfile => Box::pin(eks::collect_fargate_profiles(caller, feed)),
        Kind::Addon => Box::pin(eks::collect_addons(caller, feed)),
        Kind::Pod => Box::pin(eks::collect_pods(caller, feed)),
        Kind::Repository => Box::pin(ecr::collect_repositories(caller, feed)),
        Kind::Image => Box::pin(ecr::collect_images(caller, feed)),
        Kind::Registry => Box::pin(ecr::collect_registries(caller, feed)),
        Kind::PublicRepository => Box::pin(ecr_public::collect_repositories(caller, feed)),
        Kind::Role => Box::pin(iam::collect_roles(caller, feed)),
        Kind::Vpc => Box::pin(ec2::collect_vpcs(caller, feed)),
        Kind::Subnet => Box::pin(ec2::collect_subnets(caller, feed)),
        Kind::SecurityGroup => Box::pin(ec2::collect_security_groups(caller, feed)),
        Kind::Bucket => Box::pin(s3::collect_buckets(caller, feed)),
        Kind::Queue => Box::pin(sqs::collect_queues(caller, feed)),
        Kind::Topic => Box::pin(sns::collect_topics(caller, feed)),
        Kind::Table => Box::pin(dynamodb::collect_tables(caller, feed)),
        Kind::Stream => Box::pin(kinesis::collect_streams(caller, feed)),
        Kind::LogGroup => Box::pin(logs::collect_log_groups(caller, feed)),
        Kind::Rule => Box::pin(events::collect_rules(caller, feed)),
        Kind::Schedule => Box::pin(scheduler::collect_schedules(caller, feed)),
        Kind::HttpApi => Box::pin(apigatewayv2::collect_http_apis(caller, feed)),
        Kind::LoadBalancer => Box::pin(elasticloadbalancingv2::collect_load_balancers(caller, feed)),
        Kind::TargetGroup => Box::pin(elasticloadbalancingv2::collect_target_groups(caller, feed)),
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

/// What AWS refused to say of a resource that [`fetch`] read nevertheless: what was known of it stays
/// ([`domain::resource::Model::UNTOLD`]).
pub fn withheld(observed: &Observed) -> Option<Problem> {
    // Published versions are read once, and no page shows their tags.
    (observed.key.kind == Kind::Function).then(|| lambda::withheld(observed)).flatten()
}

fn read<'a>(caller: &'a Caller, key: &'a ResourceKey) -> Reading<'a, Option<Observed>> {
    match key.kind {
        Kind::Function => Box::pin(lambda::fetch_function(caller, key)),
        Kind::FunctionVersion => Box::pin(lambda::fetch_version(caller, key)),
        Kind::FunctionAlias => Box::pin(lambda::fetch_alias(caller, key)),
        Kind::FunctionUrl => Box::pin(lambda::fetch_url(caller, key)),
        Kind::FunctionPermission => Box::pin(lambda::fetch_permission(caller, key)),
        Kind::EventInvokeConfig => Box::pin(lambda::fetch_event_invoke_config(caller, key)),
        Kind::Layer => Box::pin(lambda::fetch_layer(caller, key)),
        Kind::EventSourceMapping => Box::pin(lambda::fetch_event_source_mapping(caller, key)),
        Kind::Service => Box::pin(ecs::fetch_service(caller, key)),
        Kind::Task => Box::pin(ecs::fetch_task(caller, key)),
        Kind::TaskDefinition => Box::pin(ecs::fetch_task_definition(caller, key)),
        Kind::Cluster => Box::pin(ecs::fetch_cluster(caller, key)),
        Kind::CapacityProvider => Box::pin(ecs::fetch_capacity_provider(caller, key)),
        Kind::EksCluster => Box::pin(eks::fetch_cluster(caller, key)),
        Kind::NodeGroup => Box::pin(eks::fetch_node_group(caller, key)),
        Kind::FargateProfile => Box::pin(eks::fetch_fargate_profile(caller, key)),
        Kind::Addon => Box::pin(eks::fetch_addon(caller, key)),
        Kind::Pod => Box::pin(eks::fetch_pod(caller, key)),
        Kind::Repository => Box::pin(ecr::fetch_repository(caller, key)),
        Kind::Image => Box::pin(ecr::fetch_image(caller, key)),
        Kind::Registry => Box::pin(ecr::fetch_registry(caller, key)),
        Kind::PublicRepository => Box::pin(ecr_public::fetch_repository(caller, key)),
        Kind::Role => Box::pin(iam::fetch_role(caller, key)),
        Kind::Vpc => Box::pin(ec2::fetch_vpc(caller, key)),
        Kind::Subnet => Box::pin(ec2::fetch_subnet(caller, key)),
        Kind::SecurityGroup => Box::pin(ec2::fetch_security_group(caller, key)),
        Kind::Bucket => Box::pin(s3::fetch_bucket(caller, key)),
        Kind::Queue => Box::pin(sqs::fetch_queue(caller, key)),
        Kind::Topic => Box::pin(sns::fetch_topic(caller, key)),
        Kind::Table => Box::pin(dynamodb::fetch_table(caller, key)),
        Kind::Stream => Box::pin(kinesis::fetch_stream(caller, key)),
        Kind::LogGroup => Box::pin(logs::fetch_log_group(caller, key)),
        Kind::Rule => Box::pin(events::fetch_rule(caller, key)),
        Kind::Schedule => Box::pin(scheduler::fetch_schedule(caller, key)),
        Kind::HttpApi => Box::pin(apigatewayv2::fetch_http_api(caller, key)),
        Kind::LoadBalancer => Box::pin(elasticloadbalancingv2::fetch_load_balancer(caller, key)),
        Kind::TargetGroup => Box::pin(elasticloadbalancingv2::fetch_target_group(caller, key)),
    }
}

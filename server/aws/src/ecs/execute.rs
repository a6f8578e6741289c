//! Makes ECS's calls of plans, and reads the state of what they write.

use aws_sdk_ecs::config::Builder as Config;
use aws_sdk_ecs::config::retry::RetryConfig;
use aws_sdk_ecs::operation::RequestId;
use aws_sdk_ecs::types::{ContainerDefinition, Service, Tag, TaskDefinition, TaskDefinitionField};
use domain::ecs::calls::{Call, RegisterTaskDefinition, revision};
use domain::ecs::subject::Subject;
use domain::plan::sweep::{Marked, Origin};
use domain::{Code, Kind, Millis, Problem, ResourceKey};
use serde_json::{Value, json};
use std::ops::RangeInclusive;

use super::task_definitions::{DESCRIBE, LIST, no_revision, page};
use super::{deployments, failures};
use crate::gather::{each, when};
use crate::{Bucket, Caller, Pages, absent};

/// Tags that AWS gives, which nobody can set, and those that lead to the run that registered another revision.
const NOT_HANDED_ON: [&str; 2] = ["aws:", "gantry:"];

/// Makes a call, once: whether it may be sent again is for its caller to say, who reads first what became of it. Answers AWS's id of the
/// request.
pub(crate) async fn make(caller: &Caller, call: &Call) -> Result<Option<String>, Problem> {
    let ecs = caller.clients().ecs();
    macro_rules! send {
        ($bucket:expr, $action:literal, $on:expr, $request:expr) => {{
            let once = Config::new().retry_config(RetryConfig::disabled());
            let sent = $request.customize().config_override(once).send();
            let answer = caller.call($bucket, $action, Some($on), sent).await?;
            answer.request_id().map(str::to_owned)
        }};
    }
    Ok(match call {
        Call::RegisterTaskDefinition(input) => {
            let (like, tags) = described(caller, &input.like).await?.ok_or_else(|| {
                Problem::new(Code::AwsRejected, "AWS refused", format!("There is no revision {} any more.", input.like))
            })?;
            let containers = like.container_definitions.map(|all| {
                let image = |name: Option<&str>| input.container_definitions.iter().find(|c| Some(&*c.name) == name);
                let with = |mut container: ContainerDefinition| {
                    if let Some(change) = image(container.name()) {
                        container.image = Some(change.image.clone());
                    }
                    container
                };
                all.into_iter().map(with).collect()
            });
            let request = ecs
                .register_task_definition()
                .family(&input.family)
                .set_task_role_arn(like.task_role_arn)
                .set_execution_role_arn(like.execution_role_arn)
                .set_network_mode(like.network_mode)
                .set_container_definitions(containers)
                .set_volumes(like.volumes)
                .set_placement_constraints(like.placement_constraints)
                .set_requires_compatibilities(like.requires_compatibilities)
                .set_cpu(like.cpu)
                .set_memory(like.memory)
                .set_pid_mode(like.pid_mode)
                .set_ipc_mode(like.ipc_mode)
                .set_proxy_configuration(like.proxy_configuration)
                // Inference accelerators are left out: AWS has them no more.
                .set_ephemeral_storage(like.ephemeral_storage)
                .set_runtime_platform(like.runtime_platform)
                .set_enable_fault_injection(like.enable_fault_injection)
                .set_tags(Some(all_tags(tags, input)));
            send!(Bucket::EcsRegister, "ecs:RegisterTaskDefinition", &input.family, request)
        }
        Call::DeregisterTaskDefinition(input) => {
            let request = ecs.deregister_task_definition().task_definition(&input.task_definition);
            send!(Bucket::EcsRegister, "ecs:DeregisterTaskDefinition", &input.task_definition, request)
        }
        Call::UpdateService(input) => {
            let request = ecs.update_service().cluster(&input.cluster).service(&input.service);
            let request = request.task_definition(&input.task_definition);
            send!(Bucket::EcsServiceChanges, "ecs:UpdateService", &input.service, request)
        }
    })
}

/// The tags of the revision it is like, and its own.
fn all_tags(like: Vec<Tag>, input: &RegisterTaskDefinition) -> Vec<Tag> {
    let handed_on = |tag: &Tag| !NOT_HANDED_ON.iter().any(|start| tag.key().unwrap_or_default().starts_with(start));
    let own = input.tags.iter().map(|tag| Tag::builder().key(&tag.key).value(&tag.value).build());
    like.into_iter().filter(handed_on).chain(own).collect()
}

/// The state of something; `None` when it does not exist.
pub(crate) async fn read(caller: &Caller, subject: &Subject) -> Result<Option<Value>, Problem> {
    match subject {
        Subject::NextRevision { family, after, run } => next_revision(caller, family, *after, run).await,
        Subject::Revision { task_definition } => {
            Ok(described(caller, task_definition).await?.map(|(found, tags)| state(&found, &tags)))
        }
        Subject::Service { cluster, service } => Ok(service_of(caller, cluster, service).await?.map(|found| {
            json!({
                "status": found.status(),
                "taskDefinition": found.task_definition(),
                "deploymentController": found.deployment_controller().map(|c| c.r#type().as_str()),
            })
        })),
        Subject::ServedRevisions { services } => served_revisions(caller, services).await.map(Some),
        Subject::Deployments { cluster, service } => {
            Ok(deployments::read(caller, cluster, service).await?.map(|deployments| json!(deployments)))
        }
    }
}

async fn service_of(caller: &Caller, cluster: &str, service: &str) -> Result<Option<Service>, Problem> {
    let request = caller.clients().ecs().describe_services().cluster(cluster).services(service);
    let action = "ecs:DescribeServices";
    let answer = caller.call_raw(Bucket::EcsServices, action, Some(service), request.send()).await;
    let Some((answer, raw)) = absent(answer)? else { return Ok(None) };
    failures(action, &raw)?;
    // A deleted one is still described for a while.
    Ok(answer.services.unwrap_or_default().into_iter().find(|s| s.status() != Some("INACTIVE")))
}

/// The status of the revision that each service runs, by `cluster/service`; services that are not there are left out.
async fn served_revisions(caller: &Caller, services: &[String]) -> Result<Value, Problem> {
    let one = |id: String| async move {
        let Some((cluster, service)) = id.split_once('/') else { return Ok(None) };
        let found = service_of(caller, cluster, service).await?;
        let Some(arn) = found.and_then(|found| found.task_definition) else { return Ok(None) };
        let revision = described(caller, &arn).await?;
        let status = revision.and_then(|(revision, _)| Some(revision.status()?.as_str().to_owned()));
        Ok::<_, Problem>(Some((id, json!(status))))
    };
    let read: Result<Vec<_>, Problem> = each(services.to_vec(), one).await.into_iter().collect();
    Ok(Value::Object(read?.into_iter().flatten().collect()))
}

/// The active revision after a number that carries the run's tag, or else the latest of the family.
async fn next_revision(caller: &Caller, family: &str, after: u32, run: &str) -> Result<Option<Value>, Problem> {
    let mut latest = None;
    let mut pages = Pages::new(LIST);
    while let Some(token) = pages.next() {
        let (arns, next) = page(caller, Some(family), token).await?;
        let mut older = false;
        for (arn, number) in
            arns.iter().filter_map(|arn| Some((arn, revision(arn).filter(|(own, _)| *own == family)?.1)))
        {
            latest = latest.max(Some(number));
            older |= number <= after;
            if number > after
                && let Some((found, tags)) = described(caller, arn).await?
                && tag(&tags, "gantry:run") == Some(run)
            {
                return Ok(Some(state(&found, &tags)));
            }
        }
        // The latest come first: what follows is older still.
        if older {
            break;
        }
        pages.then(next)?;
    }
    let Some(latest) = latest else { return Ok(None) };
    let found = described(caller, &format!("{family}:{latest}")).await?;
    Ok(found.map(|(found, tags)| state(&found, &tags)))
}

/// The states of all active revisions that this registered: those after the one it is like that carry its tags, start its images and are of that
/// time. Whoever makes a revision of their own from one of these hands its tags on.
pub(crate) async fn all_registered(
    caller: &Caller,
    input: &RegisterTaskDefinition,
    origin: &Origin,
    between: &RangeInclusive<Millis>,
) -> Result<Vec<Value>, Problem> {
    let after = revision(&input.like).map_or(0, |(_, number)| number);
    let number = |arn: &str| revision(arn).filter(|(family, _)| *family == input.family).map(|(_, number)| number);
    let mut all = vec![];
    let mut pages = Pages::new(LIST);
    while let Some(token) = pages.next() {
        let (mut arns, next) = page(caller, Some(&input.family), token).await?;
        let older = arns.iter().any(|arn| number(arn).is_some_and(|number| number <= after));
        arns.retain(|arn| number(arn).is_some_and(|number| number > after));
        for read in each(arns, |arn| async move { described(caller, &arn).await }).await {
            let Some((found, tags)) = read? else { continue };
            let own = Origin::of(|name| tag(&tags, name).map(str::to_owned)).as_ref() == Some(origin);
            let then = when(found.registered_at().copied()).is_none_or(|at| between.contains(&at.0));
            all.extend((own && then && starts(&found, input)).then(|| state(&found, &tags)));
        }
        // The latest come first: what follows is older still.
        if older {
            break;
        }
        pages.then(next)?;
    }
    Ok(all)
}

/// Whether each container that got another image starts from it.
fn starts(found: &TaskDefinition, input: &RegisterTaskDefinition) -> bool {
    let containers = found.container_definitions();
    input.container_definitions.iter().all(|wanted| {
        let is = |c: &ContainerDefinition| c.name() == Some(&*wanted.name) && c.image() == Some(&*wanted.image);
        containers.iter().any(is)
    })
}

/// The active revisions that carry the tags of a run. ECS lists no tags: each revision is read.
pub(crate) async fn marked(caller: &Caller) -> Result<Vec<Marked>, Problem> {
    let mut found = vec![];
    let mut pages = Pages::new(LIST);
    while let Some(token) = pages.next() {
        let (arns, next) = page(caller, None, token).await?;
        let read = each(arns, |arn| async move { described(caller, &arn).await.map(|read| (arn, read)) }).await;
        for revision in read {
            let (arn, Some((_, tags))) = revision? else { continue };
            let id = domain::ecs::last(&arn).to_owned();
            let key = ResourceKey::new(Kind::TaskDefinition, caller.scope().clone(), id)?;
            found.extend(Marked::of(key, arn, |name| tag(&tags, name).map(str::to_owned)));
        }
        pages.then(next)?;
    }
    Ok(found)
}

async fn described(caller: &Caller, id: &str) -> Result<Option<(TaskDefinition, Vec<Tag>)>, Problem> {
    let request =
        caller.clients().ecs().describe_task_definition().task_definition(id).include(TaskDefinitionField::Tags);
    let answer = no_revision(caller.call(Bucket::EcsTaskDefinitions, DESCRIBE, Some(id), request.send()).await)?;
    Ok(answer.and_then(|answer| Some((answer.task_definition?, answer.tags.unwrap_or_default()))))
}

fn tag<'t>(tags: &'t [Tag], key: &str) -> Option<&'t str> {
    tags.iter().find(|tag| tag.key() == Some(key)).and_then(Tag::value)
}

/// Nothing of it may be a secret: plans and journals are stored.
fn state(found: &TaskDefinition, tags: &[Tag]) -> Value {
    let containers: Vec<Value> =
        found.container_definitions().iter().map(|c| json!({ "name": c.name(), "image": c.image() })).collect();
    let platform = found.runtime_platform().and_then(|platform| platform.cpu_architecture());
    json!({
        "taskDefinitionArn": found.task_definition_arn(),
        "status": found.status().map(|status| status.as_str()),
        "taskRoleArn": found.task_role_arn(),
        "executionRoleArn": found.execution_role_arn(),
        "cpuArchitecture": platform.map(|architecture| architecture.as_str()),
        "containerDefinitions": containers,
        "run": tag(tags, "gantry:run"),
    })
}

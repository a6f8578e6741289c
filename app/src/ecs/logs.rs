//! What the containers of a service or task wrote, where it goes to CloudWatch (`awslogs`); and why a container has no log here.

use domain::ecs::{ContainerDefinition, Service, TaskDefinition};
use domain::resource::Tone;
use domain::{Kind, ResourceKey};
use leptos::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::resource::Shown;
use crate::sections::logs::{log_card, past_log_card};
use crate::sections::{note, short, stack};
use crate::ui::{ProblemNote, Skeleton};
use crate::wire::ask;

/// The ARN of the task definition that the document of a service names.
pub fn of_service(doc: &Value) -> Option<String> {
    Service::deserialize(doc).ok()?.definition().map(str::to_owned)
}

/// The same of a task.
pub fn of_task(doc: &Value) -> Option<String> {
    doc.get("taskDefinitionArn")?.as_str().map(str::to_owned)
}

/// The log of a service or task, whose containers are in the task definition that its document names.
pub fn of_definition(shown: Shown, named: fn(&Value) -> Option<String>) -> AnyView {
    let own = shown.with_untracked(|d| d.row.key.clone());
    let past = shown.with_untracked(|d| d.doc.get("lastStatus").and_then(|s| s.as_str()) == Some("STOPPED"));
    let scope = own.scope.clone();
    let arn = shown.with_untracked(|d| named(&d.doc));
    let key = arn.as_deref().and_then(|arn| ResourceKey::new(Kind::TaskDefinition, scope, short_id(arn)).ok());
    let Some(key) = key else {
        return stack(vec![note(
            Tone::Quiet,
            "No task definition",
            "AWS does not say which task definition this runs.",
        )]);
    };
    let definition = ask(move || key.clone(), crate::api::get);
    view! {
        <Suspense fallback=|| view! { <Skeleton/> }>
            {move || {
                let own = own.clone();
                Suspend::new(async move {
                    match definition.await {
                        Ok(found) => {
                            let model = serde_json::from_value::<TaskDefinition>(found.doc).unwrap_or_default();
                            stack(panels(&model.container_definitions, &own, past))
                        }
                        Err(e) => view! { <ProblemNote problem=e.0/> }.into_any(),
                    }
                })
            }}
        </Suspense>
    }
    .into_any()
}

/// `family:revision` of a task definition's ARN.
fn short_id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn panels(containers: &[ContainerDefinition], own: &ResourceKey, past: bool) -> Vec<AnyView> {
    let (here, others): (Vec<_>, Vec<_>) = containers.iter().partition(|c| c.log_group().is_some());
    let log = (!here.is_empty()).then(|| if past { past_log_card(own, "Log") } else { log_card(own, "Log", true) });
    let others = others.into_iter().map(|c| note(Tone::Quiet, format!("{} has no log here", c.name), elsewhere(c)));
    log.into_iter().chain(others).collect()
}

fn elsewhere(container: &ContainerDefinition) -> String {
    match container.log_configuration.as_ref().and_then(|l| l.log_driver.as_deref()) {
        Some(driver) => format!("It logs with {driver}; Gantry reads CloudWatch Logs (awslogs)."),
        None => format!("{} has no log configuration: what it prints is lost.", short(&container.name)),
    }
}

//! The logs of the containers of a task definition, where they go to CloudWatch (`awslogs`).

use domain::ecs::{ContainerDefinition, TaskDefinition};
use domain::resource::Tone;
use domain::{Kind, Region, ResourceKey, Scope};
use leptos::prelude::*;

use crate::resource::Shown;
use crate::sections::logs::log_card;
use crate::sections::{note, short, stack};
use crate::ui::{ProblemNote, Skeleton};

/// A log per log group of the containers of the definition that this field of the document names.
pub fn of_definition(shown: Shown, field: &'static str) -> AnyView {
    let scope = shown.with_untracked(|d| d.row.key.scope.clone());
    let arn = shown.with_untracked(|d| d.doc.get(field).and_then(|v| v.as_str()).map(str::to_owned));
    let key = arn.as_deref().and_then(|arn| ResourceKey::new(Kind::TaskDefinition, scope.clone(), short_id(arn)).ok());
    let Some(key) = key else {
        return stack(vec![note(
            Tone::Quiet,
            "No task definition",
            "AWS does not say which task definition this runs.",
        )]);
    };
    let definition = Resource::new_blocking(move || key.clone(), crate::api::get);
    view! {
        <Suspense fallback=|| view! { <Skeleton/> }>
            {move || {
                let scope = scope.clone();
                Suspend::new(async move {
                    match definition.await {
                        Ok(found) => {
                            let model = serde_json::from_value::<TaskDefinition>(found.doc).unwrap_or_default();
                            stack(panels(&model.container_definitions, &scope))
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

fn panels(containers: &[ContainerDefinition], scope: &Scope) -> Vec<AnyView> {
    let mut groups: Vec<ResourceKey> = vec![];
    let mut cards = vec![];
    for container in containers {
        match place(container, scope) {
            Some(key) if !groups.contains(&key) => groups.push(key),
            Some(_) => {}
            None => cards.push(note(Tone::Quiet, format!("{} has no log here", container.name), elsewhere(container))),
        }
    }
    let logs = groups.iter().map(|key| log_card(key, "Log", true));
    logs.chain(cards).collect()
}

/// The log group of a container, which may be in another region.
fn place(container: &ContainerDefinition, scope: &Scope) -> Option<ResourceKey> {
    let (group, region) = container.log_group()?;
    let scope = match region.map(Region::parse) {
        Some(Ok(region)) => Scope::new(scope.account.clone(), region),
        _ => scope.clone(),
    };
    ResourceKey::new(Kind::LogGroup, scope, group).ok()
}

fn elsewhere(container: &ContainerDefinition) -> String {
    match container.log_configuration.as_ref().and_then(|l| l.log_driver.as_deref()) {
        Some(driver) => format!("It logs with {driver}; Gantry reads CloudWatch Logs (awslogs)."),
        None => format!("{} has no log configuration: what it prints is lost.", short(&container.name)),
    }
}

//! What a run has made and what to do with it next.

use domain::ecr::calls::{Call as Ecr, CopyImage, PutImage};
use domain::ecr_public::calls::Call as EcrPublic;
use domain::ecs::calls::Call as Ecs;
use domain::lambda::calls::Call as Lambda;
use domain::plan::Call;
use domain::plan::run::{Run, State, StepState};
use domain::{Kind, Region, ResourceKey};
use leptos::prelude::*;

use crate::ecr_public::push_commands;
use crate::layout::use_scopes;
use crate::paths;
use crate::resource::kind_icon;
use crate::ui::{Card, Code, icon};

/// Something that a run made, or gave an image.
struct Made {
    key: ResourceKey,
    /// `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api` or `public.ecr.aws/a1b2c3d4/shop/api`, as AWS answered.
    uri: Option<String>,
}

fn all_made(run: &Run) -> Vec<Made> {
    let steps = run.plan.steps.iter().zip(&run.steps).filter(|(_, p)| p.state == StepState::Made);
    let one = |(step, progress): (&domain::plan::Step, &domain::plan::run::Progress)| {
        let left = |field: &str| progress.after.as_ref().and_then(|after| after.get(field)?.as_str());
        let (kind, name) = match &step.call {
            Call::Ecr(Ecr::CreateRepository(input)) => (Kind::Repository, input.repository_name.clone()),
            Call::EcrPublic(EcrPublic::CreateRepository(input)) => {
                (Kind::PublicRepository, input.repository_name.clone())
            }
            // The repository of the image: its page may come before the image is collected.
            Call::Ecr(
                Ecr::CopyImage(CopyImage { repository_name, .. }) | Ecr::PutImage(PutImage { repository_name, .. }),
            ) => (Kind::Repository, repository_name.clone()),
            Call::Lambda(Lambda::UpdateFunctionCode(input)) => (Kind::Function, input.function_name.clone()),
            Call::Ecs(Ecs::RegisterTaskDefinition(_)) => {
                (Kind::TaskDefinition, domain::ecs::last(left("taskDefinitionArn")?).to_owned())
            }
            Call::Ecs(Ecs::UpdateService(input)) => (Kind::Service, format!("{}/{}", input.cluster, input.service)),
            Call::Ecr(_) | Call::EcrPublic(_) | Call::Ecs(_) | Call::Kms(_) => return None,
        };
        let key = ResourceKey::new(kind, step.scope.clone(), name).ok()?;
        let uri = left("repositoryUri").map(str::to_owned);
        Some(Made { key, uri })
    };
    let mut all: Vec<Made> = vec![];
    for made in steps.filter_map(one) {
        // Several images of one archive lead to one repository.
        if all.iter().all(|known| known.key != made.key) {
            all.push(made);
        }
    }
    all
}

/// The commands that push a local image to a repository.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/docker-push-ecr-image.html>
fn push(uri: &str, region: &Region) -> String {
    let (registry, name) = uri.split_once('/').unwrap_or((uri, uri));
    let local = name.rsplit('/').next().unwrap_or(name);
    format!(
        "aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {registry}\n\
         docker tag {local}:latest {uri}:latest\n\
         docker push {uri}:latest"
    )
}

/// What an applied run made, with the next step; nothing for other runs.
pub fn outcome(run: &Run) -> Option<AnyView> {
    let made = if run.state == State::Applied { all_made(run) } else { vec![] };
    if made.is_empty() {
        return None;
    }
    let scopes = use_scopes();
    let changed = |made: &Made| match made.key.kind {
        Kind::Repository => made.uri.is_none(),
        kind => matches!(kind, Kind::Function | Kind::Service),
    };
    let title = match (made.iter().any(changed), made.iter().all(changed)) {
        (false, _) => "Made",
        (true, true) => "Changed",
        (true, false) => "Made and changed",
    };
    let all = made.into_iter().map(|Made { key, uri }| {
        let href = paths::detail(&key);
        let commands = uri.map(|uri| {
            let commands = match key.kind {
                Kind::PublicRepository => push_commands(&uri),
                _ => push(&uri, &key.scope.region),
            };
            view! {
                <p class="dim">"Push an image to it: sign Docker in (for 12 hours), name the image after the repository, push."</p>
                <Code text=commands/>
            }
        });
        view! {
            <a class="btn made" href=move || scopes.get().on(&href)>{icon(kind_icon(key.kind))}{format!("Open the {}", key.spoken())}</a>
            {commands}
        }
    });
    let all = all.collect_view();
    Some(view! { <Card title=title><div class="stack">{all}</div></Card> }.into_any())
}

#[cfg(test)]
mod tests {
    use super::push;

    #[test]
    fn the_commands_name_the_registry_and_the_local_image() {
        let uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api";
        let commands = push(uri, &"eu-west-1".parse().unwrap());
        let lines: Vec<&str> = commands.lines().collect();
        assert!(lines[0].ends_with("--password-stdin 111122223333.dkr.ecr.eu-west-1.amazonaws.com"), "{commands}");
        assert_eq!(lines[1], format!("docker tag api:latest {uri}:latest"));
        assert_eq!(lines[2], format!("docker push {uri}:latest"));
    }
}

//! What a run has made and what to do with it next.

use domain::ecr::calls::Call as Ecr;
use domain::ecr_public::calls::Call as EcrPublic;
use domain::plan::Call;
use domain::plan::run::{Run, State, StepState};
use domain::{Kind, Region, ResourceKey};
use leptos::prelude::*;

use crate::ecr_public::push_commands;
use crate::layout::use_scopes;
use crate::paths;
use crate::resource::kind_icon;
use crate::ui::{Card, Code, icon};

/// A repository that a run made.
struct Repository {
    key: ResourceKey,
    /// `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api` or `public.ecr.aws/a1b2c3d4/shop/api`, as AWS answered.
    uri: Option<String>,
}

fn repositories(run: &Run) -> Vec<Repository> {
    let steps = run.plan.steps.iter().zip(&run.steps).filter(|(_, p)| p.state == StepState::Made);
    let repository = |(step, progress): (&domain::plan::Step, &domain::plan::run::Progress)| {
        let (kind, name) = match &step.call {
            Call::Ecr(Ecr::CreateRepository(input)) => (Kind::Repository, &input.repository_name),
            Call::EcrPublic(EcrPublic::CreateRepository(input)) => (Kind::PublicRepository, &input.repository_name),
            Call::Ecr(_) | Call::EcrPublic(_) => return None,
        };
        let key = ResourceKey::new(kind, step.scope.clone(), name).ok()?;
        let uri = progress.after.as_ref().and_then(|after| after.get("repositoryUri")?.as_str()).map(str::to_owned);
        Some(Repository { key, uri })
    };
    steps.filter_map(repository).collect()
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
    let made = if run.state == State::Applied { repositories(run) } else { vec![] };
    if made.is_empty() {
        return None;
    }
    let scopes = use_scopes();
    let cards = made.into_iter().map(|Repository { key, uri }| {
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
            <Card title="Made">
                <div class="stack">
                    <a class="btn made" href=move || scopes.get().on(&href)>{icon(kind_icon(key.kind))}{format!("Open the {} {}", key.kind.singular(), key.id)}</a>
                    {commands}
                </div>
            </Card>
        }
    });
    Some(cards.collect_view().into_any())
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

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
    /// What its link calls it, where its key would be too long.
    name: Option<String>,
    /// `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api` or `public.ecr.aws/a1b2c3d4/shop/api`, as AWS answered.
    uri: Option<String>,
}

/// The tag and the digest under which a step put an image into a repository.
fn tagged(call: &Call) -> Option<(&str, &str)> {
    match call {
        // Without a tag it is copied by its digest, as a part or before its tag.
        Call::Ecr(Ecr::CopyImage(input)) if input.image_tag.is_empty() => None,
        Call::Ecr(Ecr::CopyImage(input)) => Some((input.image_tag.as_str(), input.image_digest.as_str())),
        Call::Ecr(Ecr::PutImage(input)) => Some((input.image_tag.as_deref()?, input.image_digest.as_deref()?)),
        _ => None,
    }
}

fn all_made(run: &Run) -> Vec<Made> {
    let steps = run.plan.steps.iter().zip(&run.steps).filter(|(_, p)| p.state == StepState::Made);
    // One image, whatever it has of tags and platforms. Several of one archive lead to their repository.
    let mut images = steps.clone().filter_map(|(step, _)| tagged(&step.call));
    let image = images.next().filter(|(_, digest)| images.all(|(_, other)| other == *digest));
    let one = |(step, progress): (&domain::plan::Step, &domain::plan::run::Progress)| {
        let left = |field: &str| progress.after.as_ref().and_then(|after| after.get(field)?.as_str());
        let mut spoken = None;
        let (kind, name) = match &step.call {
            Call::Ecr(Ecr::CreateRepository(input)) => (Kind::Repository, input.repository_name.clone()),
            Call::EcrPublic(EcrPublic::CreateRepository(input)) => {
                (Kind::PublicRepository, input.repository_name.clone())
            }
            Call::Ecr(
                Ecr::CopyImage(CopyImage { repository_name, .. }) | Ecr::PutImage(PutImage { repository_name, .. }),
            ) => match image {
                Some((tag, digest)) => {
                    spoken = Some(format!("image {repository_name}:{tag}"));
                    (Kind::Image, format!("{repository_name}@{digest}"))
                }
                None => (Kind::Repository, repository_name.clone()),
            },
            Call::Lambda(Lambda::UpdateFunctionCode(input)) => (Kind::Function, input.function_name.clone()),
            Call::Ecs(Ecs::RegisterTaskDefinition(_)) => {
                (Kind::TaskDefinition, domain::ecs::last(left("taskDefinitionArn")?).to_owned())
            }
            Call::Ecs(Ecs::UpdateService(input)) => (Kind::Service, format!("{}/{}", input.cluster, input.service)),
            Call::Ecr(_) | Call::EcrPublic(_) | Call::Ecs(_) | Call::Kms(_) => return None,
        };
        let key = ResourceKey::new(kind, step.scope.clone(), name).ok()?;
        let uri = left("repositoryUri").map(str::to_owned);
        Some(Made { key, name: spoken, uri })
    };
    let mut all: Vec<Made> = vec![];
    for made in steps.filter_map(one) {
        // The parts of an image and its tags lead to one image, several images to one repository.
        if all.iter().all(|known| known.key != made.key) {
            all.push(made);
        }
    }
    all
}

/// The commands that push a local image to a repository.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/docker-push-ecr-image.html>
pub fn push(uri: &str, region: &Region) -> String {
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
    let all = made.into_iter().map(|Made { key, name, uri }| {
        let name = name.unwrap_or_else(|| key.spoken());
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
            <a class="btn made" href=move || scopes.get().on(&href)>{icon(kind_icon(key.kind))}{format!("Open the {name}")}</a>
            {commands}
        }
    });
    let all = all.collect_view();
    Some(view! { <Card title=title><div class="stack">{all}</div></Card> }.into_any())
}

#[cfg(test)]
mod tests {
    use super::{all_made, push};
    use domain::Scope;
    use domain::plan::run::{Progress, Run, State, StepState};
    use domain::plan::{FORMAT, Plan};
    use serde_json::{Value, json};

    /// What a run shows of itself whose steps did all of these.
    fn shown(calls: &[Value]) -> Vec<(String, Option<String>)> {
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let mut run =
            Run::new("r".into(), Plan { format: FORMAT, title: "x".into(), scope: scope.clone(), steps: vec![] });
        run.state = State::Applied;
        for (n, call) in calls.iter().enumerate() {
            let step = json!({ "id": format!("s{n}"), "says": "Put", "scope": scope, "call": call, "effect": "create", "depends_on": [], "undo": { "never": "it is a test" } });
            run.plan.steps.push(serde_json::from_value(step).unwrap());
        }
        run.steps = calls.iter().map(|_| Progress { state: StepState::Made, ..Progress::default() }).collect();
        all_made(&run).into_iter().map(|made| (made.key.id, made.name)).collect()
    }

    #[test]
    fn one_image_leads_to_itself_whatever_its_parts_and_tags_and_several_to_their_repository() {
        let put = |digest: &str, tag: Option<&str>| {
            let input =
                json!({ "repositoryName": "shop/web", "imageManifest": "{}", "imageDigest": digest, "imageTag": tag });
            json!({ "service": "ecr", "operation": "PutImage", "input": input })
        };
        let image = |digest: &str, tag: &str| (format!("shop/web@{digest}"), Some(format!("image shop/web:{tag}")));
        let index = [put("sha256:a", None), put("sha256:b", Some("v1")), put("sha256:b", Some("stable"))];
        assert_eq!(shown(&index), [image("sha256:b", "v1")]);
        let two = [put("sha256:a", Some("v1")), put("sha256:b", Some("v2"))];
        assert_eq!(shown(&two), [("shop/web".to_owned(), None)]);
        let copy = |digest: &str, tag: &str| {
            let input = json!({ "source": format!("docker.io/library/nginx@{digest}"), "repositoryName": "shop/web", "imageTag": tag, "imageDigest": digest });
            json!({ "service": "ecr", "operation": "CopyImage", "input": input })
        };
        let copied = [copy("sha256:p", ""), copy("sha256:a", ""), copy("sha256:a", "1")];
        assert_eq!(shown(&copied), [image("sha256:a", "1")]);
        // By a plan of before, in one step.
        assert_eq!(shown(&copied[2..]), [image("sha256:a", "1")]);
    }

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

//! The next step from an image: its address to copy, and the AWS CLI commands that use exactly this digest.

use domain::ecr::Image;
use domain::listing::Detail;
use domain::{Region, Scope};
use leptos::prelude::*;
use serde_json::json;

use crate::sections::{card as titled, exact};
use crate::ui::Code;

/// A command and what it does.
#[derive(Debug, PartialEq, Eq)]
struct Command {
    title: &'static str,
    about: &'static str,
    text: String,
}

/// The card; nothing for what nobody runs: a signature, say.
fn card_of(image: &Image, detail: &Detail) -> Option<AnyView> {
    if image.artifact().is_some() || detail.row.gone.is_some() {
        return None;
    }
    let scope = &detail.row.key.scope;
    let uri = image.uri(scope);
    let (repository, _) = uri.split_once('@')?;
    let tags = image.image_tags.iter().map(|tag| {
        let (name, uri) = (format!("By tag {tag}"), format!("{repository}:{tag}"));
        view! { <div><dt>{name}</dt><dd>{exact(Some(uri))}</dd></div> }
    });
    let commands = commands(image, scope, &uri).into_iter().map(|command| {
        let Command { title, about, text } = command;
        view! { <details class="fold"><summary>{title}</summary><p class="faint">{about}</p><Code text=text/></details> }
    });
    let body = view! {
        <dl class="pairs one">
            <div><dt>"By digest"</dt><dd>{exact(Some(uri.clone()))}</dd></div>
            {tags.collect_view()}
        </dl>
        <div class="in">
            <p class="faint">"A digest always means this image; a tag can be moved to another. The commands below use the digest."</p>
            {commands.collect_view()}
        </div>
    };
    Some(titled("Use it", body))
}

/// The card, or nothing.
pub fn card(image: &Image, detail: &Detail) -> AnyView {
    card_of(image, detail).into_any()
}

fn commands(image: &Image, scope: &Scope, uri: &str) -> Vec<Command> {
    let region = &scope.region;
    let name = image.repository_name.rsplit('/').next().unwrap_or_default();
    let index = image.manifests.as_ref().is_some_and(|m| !m.is_empty());
    let mut all = vec![
        Command {
            title: "In a task definition",
            about: "Registers a first revision for Fargate. Change family, size and port; the execution role lets ECS pull the image and write the logs.",
            text: task_definition(image, region, name, uri),
        },
        Command {
            title: "Pull it",
            about: "Signs in for twelve hours, then pulls.",
            text: format!(
                "aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {registry}\ndocker pull {uri}",
                registry = uri.split('/').next().unwrap_or_default()
            ),
        },
    ];
    // Lambda takes the image of one platform only: https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    if !index {
        let about = "The function must be one made from an image, of the same architecture and in the same region.";
        let text =
            format!("aws lambda update-function-code --function-name FUNCTION --image-uri {uri} --region {region}");
        all.insert(1, Command { title: "In a function", about, text });
    }
    all
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>
fn task_definition(image: &Image, region: &Region, name: &str, uri: &str) -> String {
    let arm = |platform: &String| platform.contains("/arm64");
    let platforms = image.platforms.as_deref().unwrap_or_default();
    let architecture = if !platforms.is_empty() && platforms.iter().all(arm) { "ARM64" } else { "X86_64" };
    let input = json!({
        "family": name,
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": "EXECUTION_ROLE_ARN",
        "runtimePlatform": { "cpuArchitecture": architecture, "operatingSystemFamily": "LINUX" },
        "containerDefinitions": [{ "name": name, "image": uri, "essential": true }],
    });
    let input = serde_json::to_string_pretty(&input).unwrap_or_default();
    format!("aws ecs register-task-definition --region {region} --cli-input-json '{input}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(platforms: &[&str], index: bool) -> Vec<Command> {
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let image = Image {
            repository_name: "shop/web".into(),
            image_digest: "sha256:abc".into(),
            platforms: Some(platforms.iter().map(|p| (*p).to_owned()).collect()),
            manifests: index.then(|| vec![Default::default()]),
            ..Image::default()
        };
        commands(&image, &scope, &image.uri(&scope))
    }

    #[test]
    fn the_commands_name_the_digest_and_the_platform() {
        let all = of(&["linux/arm64"], false);
        assert_eq!(
            all.iter().map(|c| c.title).collect::<Vec<_>>(),
            ["In a task definition", "In a function", "Pull it"]
        );
        assert!(
            all.iter().all(|c| c.text.contains("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web@sha256:abc"))
        );
        assert!(all[0].text.contains("ARM64") && all[0].text.contains("\"family\": \"web\""));
    }

    #[test]
    fn an_index_is_no_code_of_a_function() {
        let all = of(&["linux/amd64", "linux/arm64"], true);
        assert!(all.iter().all(|c| c.title != "In a function"));
        assert!(all[0].text.contains("X86_64"));
    }
}

//! The next step from an image: its address to copy, and the AWS CLI commands that use exactly this digest.

use domain::document::partition;
use domain::ecr::Image;
use domain::ecr::inventory::Inventory;
use domain::ecr::subject::Subject as Ecr;
use domain::listing::Detail;
use domain::plan::Subject;
use domain::resource::Relation;
use domain::{Kind, ResourceKey, Scope};
use leptos::prelude::*;
use serde_json::json;

use crate::plan::api::look_up;
use crate::sections::{card as titled, exact};
use crate::ui::Code;
use crate::wire::ask;

/// A command and what it does.
#[derive(Debug, PartialEq, Eq)]
struct Command {
    title: &'static str,
    about: String,
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
    let known = existing(detail).cloned();
    let (place, repository_name) = (scope.clone(), image.repository_name.clone());
    let definition = ask(
        move || (known.clone(), place.clone(), repository_name.clone()),
        |(known, place, repository)| async move {
            match known {
                Some(known) => Some(known),
                None => of_repository(place, repository).await,
            }
        },
    );
    let (image, place, address) = (image.clone(), scope.clone(), uri.clone());
    let commands = move || {
        let (image, place, address) = (image.clone(), place.clone(), address.clone());
        Suspend::new(async move {
            let all = commands(&image, &place, &address, definition.await.as_ref()).into_iter().map(|command| {
                let Command { title, about, text } = command;
                view! { <details class="fold"><summary>{title}</summary><p class="faint">{about}</p><Code text=text/></details> }
            });
            all.collect_view()
        })
    };
    let body = view! {
        <dl class="pairs one">
            <div><dt>"By digest"</dt><dd>{exact(Some(uri.clone()))}</dd></div>
            {tags.collect_view()}
        </dl>
        <div class="in">
            <p class="faint">"A digest always means this image; a tag can be moved to another. The commands below use the digest."</p>
            <Transition>{commands}</Transition>
        </div>
    };
    Some(titled("Use it", body))
}

/// The card, or nothing.
pub fn card(image: &Image, detail: &Detail) -> AnyView {
    card_of(image, detail).into_any()
}

/// A task definition that uses the image, the latest of those that do, in the image's own region.
fn existing(detail: &Detail) -> Option<&ResourceKey> {
    let scope = &detail.row.key.scope;
    let users = detail.connected.iter().filter(|c| !c.outgoing && c.relation == Relation::Image);
    let definitions =
        users.filter_map(|c| c.key.as_ref()).filter(|k| k.kind == Kind::TaskDefinition && k.scope == *scope);
    let revision = |key: &&ResourceKey| key.id.rsplit_once(':').and_then(|(_, n)| n.parse::<u32>().ok());
    definitions.max_by_key(revision)
}

/// The task definition of a service that runs another image of the repository: what runs its next image, too.
async fn of_repository(scope: Scope, repository: String) -> Option<ResourceKey> {
    let subject = Subject::Ecr(Ecr::Inventory { repository });
    let facts = look_up(scope.clone(), vec![subject.clone()]).await.ok()?;
    let inventory: Inventory = serde_json::from_value(facts.of(&subject).flatten()?.clone()).ok()?;
    let users = inventory.images.iter().flat_map(|held| &held.used_by);
    let service = users.filter_map(|user| user.strip_prefix("service ")).next()?;
    let service = crate::api::get(ResourceKey::new(Kind::Service, scope.clone(), service).ok()?).await.ok()?;
    let (_, id) = service.doc.get("taskDefinition")?.as_str()?.rsplit_once('/')?;
    ResourceKey::new(Kind::TaskDefinition, scope, id).ok()
}

/// As one word for a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=,+%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A name that task definitions, containers and functions may have: letters, digits, - and _.
fn name_of(image: &Image) -> String {
    let last = image.repository_name.rsplit('/').next().unwrap_or_default();
    last.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).take(64).collect()
}

/// `x86_64` or `arm64`, as Lambda calls it; nothing where the image does not say it.
fn architecture(image: &Image) -> Option<&'static str> {
    match image.platforms.as_deref() {
        Some([one]) if one.starts_with("linux/arm64") => Some("arm64"),
        Some([one]) if one.starts_with("linux/amd64") => Some("x86_64"),
        _ => None,
    }
}

fn commands(image: &Image, scope: &Scope, uri: &str, existing: Option<&ResourceKey>) -> Vec<Command> {
    let region = quoted(scope.region.as_str());
    let index = image.manifests.as_ref().is_some_and(|m| !m.is_empty());
    let name = name_of(image);
    let word = quoted(uri);
    let mut all = vec![];
    if let Some(definition) = existing {
        let family = definition.id.rsplit_once(':').map_or(definition.id.as_str(), |(family, _)| family);
        all.push(Command {
            title: "In the task definition that uses the repository",
            about: format!("Registers the next revision of {family}: the latest one with this digest in place of the repository's images. Needs jq; environment values go from AWS to AWS."),
            text: next_revision(family, &region, uri),
        });
    }
    all.push(Command {
        title: if existing.is_some() { "In a new task definition" } else { "In a task definition" },
        about: "Registers a first revision for Fargate. Change family, size and port. ecsTaskExecutionRole is the execution role that AWS's console makes; it lets ECS pull the image.".into(),
        text: task_definition(image, scope, &name, uri),
    });
    // Lambda takes the image of one platform only: https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    if !index {
        all.push(Command {
            title: "In a function",
            about: "FUNCTION must be one made from an image, of the same architecture and in the same region.".into(),
            text: format!(
                "aws lambda update-function-code --region {region} --function-name FUNCTION --image-uri {word}"
            ),
        });
        let architecture = architecture(image).map(|a| format!(" --architectures {a}")).unwrap_or_default();
        all.push(Command {
            title: "In a new function",
            about: "The image must speak Lambda's runtime interface. ROLE is the name of an execution role that Lambda may assume.".into(),
            text: format!(
                "aws lambda create-function --region {region} --function-name {name} --package-type Image \\\n  --code {code} --role arn:{partition}:iam::{account}:role/ROLE{architecture}",
                name = quoted(&name),
                code = quoted(&format!("ImageUri={uri}")),
                partition = partition(&scope.region),
                account = scope.account,
            ),
        });
    }
    all.push(Command {
        title: "Pull it",
        about: "Signs in for twelve hours, then pulls.".into(),
        text: format!(
            "aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {registry}\ndocker pull {word}",
            registry = quoted(uri.split('/').next().unwrap_or_default())
        ),
    });
    all
}

/// The document comes from AWS: what Gantry collects has no values of environment variables. What only AWS may set is left out of it:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html>
fn next_revision(family: &str, region: &str, uri: &str) -> String {
    let repository = uri.split('@').next().unwrap_or(uri);
    let filter = ".taskDefinition\n  | .containerDefinitions |= map(if (.image | . == $repository or startswith($repository + \":\") or startswith($repository + \"@\")) then .image = $image else . end)\n  | del(.taskDefinitionArn, .revision, .status, .requiresAttributes, .compatibilities, .registeredAt, .registeredBy, .deregisteredAt)";
    let (family, uri, repository) = (quoted(family), quoted(uri), quoted(repository));
    let filter = quoted(filter);
    format!(
        "aws ecs describe-task-definition --region {region} --task-definition {family} \\\n  | jq --arg repository {repository} --arg image {uri} {filter} > task-definition.json\naws ecs register-task-definition --region {region} --cli-input-json file://task-definition.json"
    )
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>
fn task_definition(image: &Image, scope: &Scope, name: &str, uri: &str) -> String {
    let arm = |platform: &String| platform.contains("/arm64");
    let platforms = image.platforms.as_deref().unwrap_or_default();
    let architecture = if !platforms.is_empty() && platforms.iter().all(arm) { "ARM64" } else { "X86_64" };
    let input = json!({
        "family": name,
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": format!("arn:{}:iam::{}:role/ecsTaskExecutionRole", partition(&scope.region), scope.account),
        "runtimePlatform": { "cpuArchitecture": architecture, "operatingSystemFamily": "LINUX" },
        "containerDefinitions": [{ "name": name, "image": uri, "essential": true }],
    });
    let input = quoted(&serde_json::to_string_pretty(&input).unwrap_or_default());
    format!("aws ecs register-task-definition --region {} --cli-input-json {input}", quoted(scope.region.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URI: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web.v2@sha256:abc";

    fn scope() -> Scope {
        Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
    }

    fn of(platforms: &[&str], index: bool, existing: Option<&ResourceKey>) -> Vec<Command> {
        let image = Image {
            repository_name: "shop/web.v2".into(),
            image_digest: "sha256:abc".into(),
            platforms: Some(platforms.iter().map(|p| (*p).to_owned()).collect()),
            manifests: index.then(|| vec![Default::default()]),
            ..Image::default()
        };
        commands(&image, &scope(), &image.uri(&scope()), existing)
    }

    #[test]
    fn the_commands_name_the_digest_and_the_platform() {
        let all = of(&["linux/arm64"], false, None);
        let titles: Vec<_> = all.iter().map(|c| c.title).collect();
        assert_eq!(titles, ["In a task definition", "In a function", "In a new function", "Pull it"]);
        assert!(all.iter().all(|c| c.text.contains(URI)));
        let document = all[0].text.split_once('\'').and_then(|(_, rest)| rest.strip_suffix('\'')).unwrap();
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
        assert_eq!(
            (&document["family"], &document["containerDefinitions"][0]["image"]),
            (&json!("web_v2"), &json!(URI))
        );
        assert_eq!(document["runtimePlatform"]["cpuArchitecture"], "ARM64");
        assert_eq!(document["executionRoleArn"], "arn:aws:iam::111122223333:role/ecsTaskExecutionRole");
        assert!(
            all[2].text.contains(&format!("--package-type Image \\\n  --code ImageUri={URI} --role")),
            "{}",
            all[2].text
        );
        assert!(all[2].text.ends_with("--architectures arm64"));
    }

    #[test]
    fn an_index_is_no_code_of_a_function() {
        let all = of(&["linux/amd64", "linux/arm64"], true, None);
        assert!(all.iter().all(|c| !c.title.contains("function")));
        assert!(all[0].text.contains("X86_64"));
    }

    #[test]
    fn a_task_definition_that_uses_it_is_taken_as_it_is() {
        let key = ResourceKey::new(Kind::TaskDefinition, scope(), "prod-web:12").unwrap();
        let all = of(&["linux/amd64"], false, Some(&key));
        assert!(all[0].text.contains("--task-definition prod-web \\"), "{}", all[0].text);
        assert!(all[0].text.contains(&format!("--arg image {URI} '.taskDefinition")));
        assert!(all[0].text.contains("startswith($repository + \":\")") && !all[0].text.contains("\\\""));
        assert_eq!(all[1].title, "In a new task definition");
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("a/b@c"), "a/b@c");
        assert_eq!(quoted("a'b $x"), r"'a'\''b $x'");
        assert_eq!(quoted(""), "''");
    }
}

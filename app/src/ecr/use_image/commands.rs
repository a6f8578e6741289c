//! AWS CLI commands that use exactly this digest: for what Gantry does not make by itself.

use domain::Scope;
use domain::document::partition;
use domain::ecr::Image;
use serde_json::json;

/// A command and what it does.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub title: &'static str,
    pub about: String,
    pub text: String,
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

/// Those for an image, which its address by digest names.
pub(super) fn commands(image: &Image, scope: &Scope, uri: &str) -> Vec<Command> {
    let region = quoted(scope.region.as_str());
    let index = image.manifests.as_ref().is_some_and(|m| !m.is_empty());
    let name = name_of(image);
    let word = quoted(uri);
    let mut all = vec![Command {
        title: "In a new task definition",
        about: "Registers a first revision for Fargate. Change family, size and port. ecsTaskExecutionRole is the execution role that AWS's console makes; it lets ECS pull the image.".into(),
        text: task_definition(image, scope, &name, uri),
    }];
    // Lambda takes the image of one platform only: https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    if !index {
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

    fn of(platforms: &[&str], index: bool) -> Vec<Command> {
        let image = Image {
            repository_name: "shop/web.v2".into(),
            image_digest: "sha256:abc".into(),
            platforms: Some(platforms.iter().map(|p| (*p).to_owned()).collect()),
            manifests: index.then(|| vec![Default::default()]),
            ..Image::default()
        };
        commands(&image, &scope(), &image.uri(&scope()))
    }

    #[test]
    fn the_commands_name_the_digest_and_the_platform() {
        let all = of(&["linux/arm64"], false);
        let titles: Vec<_> = all.iter().map(|c| c.title).collect();
        assert_eq!(titles, ["In a new task definition", "In a new function", "Pull it"]);
        assert!(all.iter().all(|c| c.text.contains(URI)));
        let document = all[0].text.split_once('\'').and_then(|(_, rest)| rest.strip_suffix('\'')).unwrap();
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
        assert_eq!(
            (&document["family"], &document["containerDefinitions"][0]["image"]),
            (&json!("web_v2"), &json!(URI))
        );
        assert_eq!(document["runtimePlatform"]["cpuArchitecture"], "ARM64");
        assert_eq!(document["executionRoleArn"], "arn:aws:iam::111122223333:role/ecsTaskExecutionRole");
        let function = &all[1].text;
        assert!(function.contains(&format!("--package-type Image \\\n  --code ImageUri={URI} --role")), "{function}");
        assert!(function.ends_with("--architectures arm64"));
    }

    #[test]
    fn an_index_is_no_code_of_a_function() {
        let all = of(&["linux/amd64", "linux/arm64"], true);
        assert!(all.iter().all(|c| !c.title.contains("function")));
        assert!(all[0].text.contains("X86_64"));
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("a/b@c"), "a/b@c");
        assert_eq!(quoted("a'b $x"), r"'a'\''b $x'");
        assert_eq!(quoted(""), "''");
    }
}

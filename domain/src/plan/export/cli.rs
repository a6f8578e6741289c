//! A plan as a script of AWS CLI calls. What steps give to each other goes through shell variables.
//! <https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-skeleton.html>

use serde_json::Value;
use std::collections::BTreeSet;

use super::super::reference::{Piece, pieces};
use super::super::{Call, Plan, Step};
use crate::document::{registry, scope_of_registry};
use crate::ecr::calls::{Call as Ecr, CopyImage};
use crate::ecs::calls::{Call as Ecs, RegisterTaskDefinition};
use crate::identity::Region;

/// What AWS did not delete of the images. It answers with success all the same; what is not there any more is what was asked for.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html>
const KEPT: &str = "failures[?failureCode!='ImageNotFound'].[imageId.imageDigest || imageId.imageTag, failureReason]";
/// Linux starts no program with a longer argument (131,072 bytes with its end); a logo may be.
const LONGEST_ARGUMENT: usize = 100_000;
/// Makes the file for documents that are no argument, which only who runs the script may read.
const FILE: &str = "document=\"$(mktemp)\"; trap 'rm -f \"$document\"' EXIT; trap 'exit 1' HUP INT TERM";

/// The script, for a POSIX shell. It stops at the first call that fails; it does not undo. With credentials of another account it makes nothing.
pub fn script(plan: &Plan) -> String {
    let account = &plan.scope.account;
    let mut lines = vec![
        "#!/bin/sh".to_owned(),
        format!("# {}", one_line(&plan.title)),
        "# Stops at the first call that fails. What was made until then stays: Gantry would take it back.".to_owned(),
        "set -eu".to_owned(),
        // Version 2 shows answers in a pager. Its option against that is unknown to version 1; the variable is not.
        // https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-pagination.html
        "export AWS_PAGER=".to_owned(),
        "answer=\"$(aws sts get-caller-identity --query '[Account, Arn]' --output text)\"".to_owned(),
        "read -r account caller <<EOF\n$answer\nEOF".to_owned(),
        format!("if [ \"$account\" != {account} ]; then"),
        format!(
            "  echo \"This plan is for the AWS account {account}, and these credentials are of $account. Nothing was done.\" >&2"
        ),
        "  exit 1".to_owned(),
        "fi".to_owned(),
        "run_id=\"cli-$(date +%s)\"; run_by=\"$(printf '%s\\n' \"$caller\" | sed 's/.*[:\\/]//; s/,/_/g')\"".to_owned(),
    ];
    if plan.steps.iter().any(|step| written(plan, step).is_some()) {
        lines.push(FILE.to_owned());
    }
    for step in &plan.steps {
        lines.push(String::new());
        lines.push(format!("# {}", one_line(&step.says)));
        if matches!(step.call, Call::Ecs(Ecs::RegisterTaskDefinition(_))) {
            lines.push(
                "# Needs jq. All else goes from AWS to AWS as it is, values of environment variables too.".to_owned(),
            );
        }
        lines.push(call(plan, step));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Pushing an image is many calls of ECR's, which no AWS CLI command makes.
/// <https://github.com/containers/skopeo/blob/main/docs/skopeo-copy.1.md>
fn copy(step: &Step, input: &CopyImage) -> String {
    if input.image_tag.is_empty() {
        return "# It comes with the last command, which copies all of the image.".to_owned();
    }
    let to = format!("docker://{}/{}:{}", registry(&step.scope), input.repository_name, input.image_tag);
    let (from, says) = match &input.source_credentials {
        // They are nowhere but in the memory of a server.
        Some(_) => (
            " --src-creds \"${SOURCE_USER:?}:${SOURCE_PASSWORD:?}\"".to_owned(),
            " The source's user name and password are to be in SOURCE_USER and SOURCE_PASSWORD.",
        ),
        None => {
            let own = private(&input.source).map(|region| format!(" --src-creds {}", password(region.as_str())));
            (own.unwrap_or_default(), "")
        }
    };
    [
        format!("# No AWS CLI command copies images: skopeo does.{says}"),
        format!(
            "skopeo copy --all --preserve-digests{from} --dest-creds {} {} {}",
            password(step.scope.region.as_str()),
            quoted(&format!("docker://{}", input.source)),
            quoted(&to)
        ),
    ]
    .join("\n")
}

/// The region of an image in a private ECR registry, which wants a password.
fn private(source: &str) -> Option<Region> {
    let (host, _) = source.split_once('/')?;
    Some(scope_of_registry(host)?.region)
}

/// User and password of ECR in a region, as a shell gets them.
fn password(region: &str) -> String {
    format!("\"AWS:$(aws ecr get-login-password --region {region})\"")
}

/// What writes the whole document of a revision: as the one it is like, which only AWS knows whole. What only AWS may set is left out of it.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html>
fn next_revision(plan: &Plan, step: &Step, input: &RegisterTaskDefinition) -> String {
    let images = input.container_definitions.iter().map(|c| (c.name.clone(), Value::String(c.image.clone())));
    let images = document(plan, &Value::Object(images.collect()));
    let tags = document(plan, &serde_json::to_value(&input.tags).unwrap_or_default());
    let filter = "(.tags // [] | map(select(.key | test(\"^(aws|gantry):\") | not))) as $own\n  | .taskDefinition\n  | .containerDefinitions |= map(.image = ($images[.name] // .image))\n  | .tags = $own + $tags\n  | del(.taskDefinitionArn, .revision, .status, .requiresAttributes, .compatibilities, .registeredAt, .registeredBy, .deregisteredAt, .inferenceAccelerators)";
    [
        format!(
            "aws ecs describe-task-definition --region {} --include TAGS --output json --task-definition {}",
            step.scope.region,
            quoted(&input.like)
        ),
        format!("jq --argjson images {images} --argjson tags {tags} {}", quoted(filter)),
    ]
    .join(" |\n  ")
}

/// What says the document of a step where it cannot be an argument. It goes through a file: of a pipe the AWS CLI, which reads what it is named
/// twice, gets nothing the second time. <https://github.com/aws/aws-cli/issues/7850>
fn written(plan: &Plan, step: &Step) -> Option<String> {
    if let Call::Ecs(Ecs::RegisterTaskDefinition(input)) = &step.call {
        return Some(next_revision(plan, step, input));
    }
    let word = document(plan, &step.call.input());
    // A shell writes by itself, so that no program is handed the long word.
    (word.len() > LONGEST_ARGUMENT).then(|| format!("printf %s {word}"))
}

fn call(plan: &Plan, step: &Step) -> String {
    if let Call::Ecr(Ecr::CopyImage(input)) = &step.call {
        return copy(step, input);
    }
    let input = step.call.input();
    let (first, word) = match written(plan, step) {
        Some(writes) => (format!("{writes} > \"$document\"\n"), "\"file://$document\"".to_owned()),
        None => (String::new(), document(plan, &input)),
    };
    let command = |query: &str| {
        let (service, operation) = (step.call.service(), kebab(step.call.operation()));
        // Version 1 would encode the logo a second time: it stops at the option that it does not know.
        // https://docs.aws.amazon.com/cli/latest/userguide/cliv2-migration-changes.html
        let binary =
            if input.pointer("/catalogData/logoImageBlob").is_some() { " --cli-binary-format base64" } else { "" };
        format!("aws {service} {operation} --region {} {query}{binary} --cli-input-json {word}", step.scope.region)
    };
    let mut wanted = BTreeSet::new();
    for later in &plan.steps {
        fields(&later.call.input(), &step.id, &mut wanted);
    }
    let calls = match wanted.len() {
        _ if step.call.operation() == "BatchDeleteImage" => {
            let kept = command(&format!("--output text --query \"{KEPT}\""));
            // Without failures in the answer it is told of as None.
            format!(
                "kept=\"$({kept})\"\nif [ -n \"$kept\" ] && [ \"$kept\" != None ]; then\n  echo \"Not deleted: $kept\" >&2\n  exit 1\nfi"
            )
        }
        0 => format!("{} > /dev/null", command("--output json")),
        _ => {
            // Several fields of one answer come as words of one line.
            let names: Vec<String> = wanted.iter().map(|path| variable(&step.id, path)).collect();
            let paths: Vec<String> = wanted.iter().map(|path| format!("{}{path}", step.call.answers_at())).collect();
            let query = format!("--output text --query '[{}]'", paths.join(", "));
            format!("answer=\"$({})\"\nread -r {} <<EOF\n$answer\nEOF", command(&query), names.join(" "))
        }
    };
    first + &calls
}

/// The document as a word of the shell: in single quotes, references outside of them. What looks like a reference and names no step is what
/// somebody wrote.
fn document(plan: &Plan, input: &Value) -> String {
    let text = serde_json::to_string_pretty(input).unwrap_or_default();
    let mut word = String::new();
    for piece in pieces(&text) {
        match piece {
            Piece::Text(text) => word.push_str(&quoted(text)),
            Piece::Reference { step: "run", path, .. } => word.push_str(&format!("\"$run_{path}\"")),
            Piece::Reference { step, path, .. } if plan.steps.iter().any(|s| s.id == step) => {
                word.push_str(&format!("\"${}\"", variable(step, path)));
            }
            Piece::Reference { whole, .. } => word.push_str(&quoted(whole)),
        }
    }
    word
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The fields of a step's state that a document refers to.
fn fields(value: &Value, id: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => found.extend(pieces(text).into_iter().filter_map(|piece| match piece {
            Piece::Reference { step, path, .. } if step == id => Some(path.to_owned()),
            _ => None,
        })),
        Value::Array(items) => items.iter().for_each(|item| fields(item, id, found)),
        Value::Object(members) => members.values().for_each(|value| fields(value, id, found)),
        _ => {}
    }
}

fn variable(step: &str, path: &str) -> String {
    format!("{step}_{path}").replace(['-', '.'], "_")
}

/// A comment must not become a command.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// `CreateRepository` is `create-repository`.
fn kebab(operation: &str) -> String {
    let mut out = String::new();
    for (n, c) in operation.chars().enumerate() {
        if c.is_uppercase() && n > 0 {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::three_steps;

    #[test]
    fn the_script_quotes_what_was_entered_and_hands_on_what_steps_give() {
        insta::assert_snapshot!(script(&three_steps()));
    }

    #[test]
    fn a_document_that_is_too_long_for_an_argument_is_in_a_file() {
        let answers = serde_json::json!({ "scope": { "account": "111122223333", "region": "us-east-1" },
            "wizard": "create-public-repository",
            "answers": { "name": "tools/probe", "logo": format!("iVBORw0KGgo{}=", "A".repeat(200_000)) } });
        let answers: crate::plan::Answers = serde_json::from_value(answers).unwrap();
        let script = script(&answers.plan(&Default::default()).unwrap());
        assert!(script.contains(&format!("\n{FILE}\n")), "{}", &script[..900]);
        assert!(script.contains("\nprintf %s '{"), "{}", &script[..900]);
        let end = "}' > \"$document\"\naws ecr-public create-repository --region us-east-1 --output json --cli-binary-format base64 --cli-input-json \"file://$document\" > /dev/null\n";
        assert!(script.ends_with(end), "{}", &script[script.len() - 300..]);
    }

    #[test]
    fn images_that_aws_keeps_stop_the_script() {
        let mut plan = three_steps();
        plan.steps.truncate(1);
        for service in ["ecr", "ecr-public"] {
            let input = serde_json::json!({ "repositoryName": "its", "imageIds": [{ "imageTag": "1" }] });
            let call = serde_json::json!({ "service": service, "operation": "BatchDeleteImage", "input": input });
            plan.steps[0].call = serde_json::from_value(call).unwrap();
            let script = script(&plan);
            let begin = format!(
                "\nkept=\"$(aws {service} batch-delete-image --region eu-west-1 --output text --query \"failures[?failureCode!='ImageNotFound'].[imageId.imageDigest || imageId.imageTag, failureReason]\" --cli-input-json '{{\n"
            );
            assert!(script.contains(&begin), "{script}");
            let end = "}')\"\nif [ -n \"$kept\" ] && [ \"$kept\" != None ]; then\n  echo \"Not deleted: $kept\" >&2\n  exit 1\nfi\n";
            assert!(script.ends_with(end), "{script}");
        }
    }

    #[test]
    fn a_revision_is_made_from_the_one_that_aws_has() {
        let answers = serde_json::json!({ "scope": { "account": "111122223333", "region": "eu-west-1" },
            "wizard": "use-in-task-definition",
            "answers": { "like": "web:12", "containers": ["app"], "services": ["prod/web"], "repository": "shop/web",
                "digest": format!("sha256:{}", "1".repeat(64)) } });
        let answers: crate::plan::Answers = serde_json::from_value(answers).unwrap();
        insta::assert_snapshot!(script(&answers.plan(&Default::default()).unwrap()));
    }

    #[test]
    fn words_cannot_break_out_of_their_quotes() {
        let input = serde_json::json!({ "name": "it's; rm -rf / # ${run.id} ${project.version}" });
        let word = "'{\n  \"name\": \"it'\\''s; rm -rf / # '\"$run_id\"' ''${project.version}''\"\n}'";
        assert_eq!(document(&three_steps(), &input), word);
    }
}

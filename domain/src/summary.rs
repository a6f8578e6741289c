//! One sentence for an entry of a history: "Memory 1,024 → 2,048 MB".

use serde_json::Value;

use crate::document::scope_of_registry;
use crate::history::{Change, ChangeKind, FieldChange};
use crate::kind::Kind;
use crate::wording::{self, grouped};

/// So many differences are named, the rest is counted.
const NAMED: usize = 3;

/// The entry as one sentence, without the resource's name.
pub fn summary(change: &Change) -> String {
    let kind = change.key.kind.singular();
    match change.kind {
        ChangeKind::Appeared => format!("New {kind}"),
        ChangeKind::Gone => format!("The {kind} is gone"),
        ChangeKind::Returned => format!("The {kind} is back"),
        ChangeKind::Changed if change.key.kind == Kind::Task => {
            task(&change.fields).unwrap_or_else(|| fields(&change.fields))
        }
        ChangeKind::Changed if change.key.kind == Kind::Image => {
            scan(&change.fields).unwrap_or_else(|| fields(&change.fields))
        }
        ChangeKind::Changed => fields(&change.fields),
    }
}

/// The same of a part of something else, with what it is: "Function version 3 → 4 · function alias shop:live".
pub fn of_part(change: &Change) -> String {
    let sentence = summary(change);
    match change.kind {
        ChangeKind::Changed => format!("{sentence} · {} {}", change.key.kind.singular(), change.name),
        ChangeKind::Appeared | ChangeKind::Gone | ChangeKind::Returned => format!("{sentence} · {}", change.name),
    }
}

/// The life of a task: it runs, it stopped and why, its health changed.
fn task(fields: &[FieldChange]) -> Option<String> {
    let after = |path: &str| fields.iter().find(|f| f.path == path).and_then(|f| f.after.as_ref()?.as_str());
    let reason = after("stoppedReason").filter(|r| !r.is_empty());
    let status = after("lastStatus");
    match (status, after("healthStatus")) {
        (Some("STOPPED"), _) | (None, _) if reason.is_some() || status.is_some() => {
            let codes = fields.iter().filter_map(|f| {
                let container = f.path.strip_prefix("containers[")?.strip_suffix("].exitCode")?;
                let code = f.after.as_ref()?.as_i64().filter(|code| *code != 0)?;
                Some(format!("{container} ended with exit code {code}"))
            });
            let parts: Vec<String> = reason.map(str::to_owned).into_iter().chain(codes).collect();
            let word = if status.is_some() { "Stopped" } else { "Stopping" };
            Some(if parts.is_empty() { word.to_owned() } else { format!("{word}: {}", parts.join("; ")) })
        }
        (Some("RUNNING"), Some("UNHEALTHY")) | (None, Some("UNHEALTHY")) => Some("Its health check fails".to_owned()),
        (None, Some("HEALTHY")) => Some("Healthy".to_owned()),
        (Some("RUNNING"), _) => Some("Runs".to_owned()),
        (Some(other), _) => Some(wording::spoken(other)),
        _ => None,
    }
}

/// How far the scan of an image is, before whatever else changed of it.
fn scan(all: &[FieldChange]) -> Option<String> {
    let (of_scan, others): (Vec<&FieldChange>, Vec<&FieldChange>) =
        all.iter().partition(|f| f.path.starts_with("imageScan"));
    let after = |path: &str| of_scan.iter().find(|f| f.path == path).and_then(|f| f.after.as_ref());
    let status =
        match after("imageScanStatus").map(|whole| &whole["status"]).or(after("imageScanStatus.status"))?.as_str()? {
            "COMPLETE" => "Scan complete".to_owned(),
            "IN_PROGRESS" => "Scan begun".to_owned(),
            "FAILED" => "Scan failed".to_owned(),
            other => format!("Scan: {}", wording::spoken(other)),
        };
    let others: Vec<FieldChange> = others.into_iter().cloned().collect();
    Some(if others.is_empty() { status } else { format!("{status} · {}", fields(&others)) })
}

fn fields(fields: &[FieldChange]) -> String {
    let (variables, mut others): (Vec<&FieldChange>, Vec<&FieldChange>) = fields.iter().partition(|f| is_variable(f));
    // Beside a state its reason only repeats it.
    if others.iter().any(|f| !is_reason(f)) {
        others.retain(|f| !is_reason(f));
    }
    let mut parts: Vec<String> = others.iter().take(NAMED).map(|f| one(f)).collect();
    match variables.as_slice() {
        [] => {}
        [only] => parts.push(format!("variable {} {}", part(&only.path).unwrap_or_default(), verb(only))),
        many => parts.push(all_variables(many)),
    }
    let rest = others.len().saturating_sub(NAMED);
    if rest > 0 {
        parts.push(format!("{rest} more"));
    }
    if parts.is_empty() {
        return "Nothing that matters changed".to_owned();
    }
    crate::listing::capital(&parts.join(", "))
}

fn is_reason(field: &FieldChange) -> bool {
    const REASONS: [&str; 4] = ["StateReason", "StateReasonCode", "StatusReason", "StatusReasonCode"];
    REASONS.iter().any(|end| field.path.ends_with(end))
}

/// Whether AWS chooses the values of this field from a few words.
fn is_word(path: &str) -> bool {
    const ENDS: [&str; 8] = ["status", "state", "type", "mode", "strategy", "class", "mutability", "publicip"];
    let field = path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
    ENDS.iter().any(|end| field.ends_with(end))
}

fn is_variable(field: &FieldChange) -> bool {
    field.path.contains("environment[") || field.path.starts_with("Environment.Variables[")
}

fn verb(field: &FieldChange) -> &'static str {
    match (&field.before, &field.after) {
        (None, Some(_)) => "added",
        (Some(_), None) => "removed",
        _ => "changed",
    }
}

/// "2 variables changed", "1 variable added, 2 removed".
fn all_variables(fields: &[&FieldChange]) -> String {
    let counts = ["added", "removed", "changed"].map(|word| (fields.iter().filter(|f| verb(f) == word).count(), word));
    let counts = counts.into_iter().filter(|(n, _)| *n > 0).enumerate();
    let parts = counts.map(|(at, (n, word))| match (at, n) {
        (0, 1) => format!("1 variable {word}"),
        (0, n) => format!("{n} variables {word}"),
        (_, n) => format!("{n} {word}"),
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// What stands in the last brackets, if the path ends with them.
fn part(path: &str) -> Option<&str> {
    Some(path.strip_suffix(']')?.rsplit_once('[')?.1)
}

/// The field at the end of a path, brackets left out, and the brackets before it.
fn label(path: &str) -> (String, Option<&str>) {
    let last = path.rsplit_once("].").map_or(path, |(_, last)| last);
    let owner = path.rsplit_once("].").and_then(|(head, _)| head.rsplit_once('[')).map(|(_, name)| name);
    let field = last.split('[').next().unwrap_or(last);
    let field = field.rsplit('.').next().unwrap_or(field);
    let text = match field {
        "MemorySize" => "memory".to_owned(),
        "CodeSha256" => "code".to_owned(),
        "LastUpdateStatus" => "update".to_owned(),
        "ResolvedImageUri" | "ImageUri" => "image".to_owned(),
        "FunctionVersion" => "version".to_owned(),
        "lastStatus" => "status".to_owned(),
        "rolloutState" => "rollout".to_owned(),
        other => words(other),
    };
    (text, owner)
}

/// `desiredCount` → "desired count", `KMSKeyArn` → "KMS key ARN".
fn words(field: &str) -> String {
    let chars: Vec<char> = field.chars().collect();
    let mut words = vec![String::new()];
    for (n, c) in chars.iter().enumerate() {
        let after_lower = n > 0 && chars[n - 1].is_ascii_lowercase();
        let before_lower = chars.get(n + 1).is_some_and(char::is_ascii_lowercase);
        let starts = c.is_ascii_uppercase() && n > 0 && (after_lower || before_lower);
        match words.last_mut() {
            Some(word) if !starts => word.push(*c),
            _ => words.push(c.to_string()),
        }
    }
    let words = words.iter().map(|w| match w.as_str() {
        "Arn" | "arn" => "ARN".to_owned(),
        w if w.len() > 1 && w.chars().all(|c| c.is_ascii_uppercase()) => w.to_owned(),
        w => w.to_ascii_lowercase(),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn unit(path: &str) -> &'static str {
    match path.rsplit(['.', ']']).next().unwrap_or_default() {
        "MemorySize" => " MB",
        "Timeout" => " s",
        "memory" | "memoryReservation" => " MiB",
        "retentionInDays" => " days",
        _ => "",
    }
}

fn one(field: &FieldChange) -> String {
    let (name, owner) = label(&field.path);
    let name = match (part(&field.path), owner) {
        (Some(part), _) => format!("{} {part}", singular(&name)),
        (None, Some(owner)) if owner.len() <= 40 && !owner.contains('/') => format!("{name} of {owner}"),
        _ => name,
    };
    // A hash says nothing to a person.
    if field.path.ends_with("CodeSha256") {
        return format!("{name} changed");
    }
    let short = |value: &Value| match value {
        Value::String(word) if is_word(&field.path) => Some(wording::inside(word)),
        value => short(value),
    };
    match (field.before.as_ref().map(short), field.after.as_ref().map(short)) {
        (Some(Some(before)), Some(Some(after))) if before != after => {
            format!("{name} {before} → {after}{}", unit(&field.path))
        }
        (None, Some(Some(after))) => format!("{name} {after}{} added", unit(&field.path)),
        _ => format!("{name} {}", verb(field)),
    }
}

/// "tags" → "tag".
fn singular(name: &str) -> &str {
    name.strip_suffix('s').unwrap_or(name)
}

/// Whether this is an image, or whatever else is behind a registry of ECR.
fn of_ecr(text: &str) -> bool {
    text.split_once('/').is_some_and(|(host, _)| scope_of_registry(host).is_some())
}

/// A scalar short enough for a sentence: numbers grouped, references shortened to their last part.
fn short(value: &Value) -> Option<String> {
    match value {
        Value::Bool(on) => Some(if *on { "on" } else { "off" }.to_owned()),
        Value::Number(number) => Some(number.as_i64().map_or_else(|| number.to_string(), grouped)),
        Value::String(text) => {
            let number = text.parse::<i64>().ok().filter(|n| *n >= 0 && text.len() < 16).map(grouped);
            let reference = text.starts_with("arn:") || of_ecr(text);
            let text = if reference { text.rsplit('/').next().unwrap_or(text) } else { text };
            let text = match text.split_once("@sha256:") {
                Some((name, digest)) => format!("{name}@{}", digest.get(..12).unwrap_or(digest)),
                None => text.to_owned(),
            };
            Some(number.unwrap_or(text)).filter(|t| t.chars().count() <= 60)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::ResourceKey;
    use crate::time::Millis;
    use serde_json::json;

    fn sentence(fields: &[(&str, Value, Value)]) -> String {
        sentence_of("lambda.function/111122223333/eu-west-1/f", fields)
    }

    fn sentence_of(key: &str, fields: &[(&str, Value, Value)]) -> String {
        let side = |v: &Value| (!v.is_null()).then(|| v.clone());
        let fields = fields.iter().map(|(path, before, after)| FieldChange {
            path: (*path).to_owned(),
            before: side(before),
            after: side(after),
        });
        summary(&Change {
            id: 1,
            key: ResourceKey::parse(key).unwrap(),
            name: "f".into(),
            at: Millis(0),
            kind: ChangeKind::Changed,
            fields: fields.collect(),
        })
    }

    #[test]
    fn a_scan_says_how_far_it_is() {
        let image = format!("ecr.image/111122223333/eu-west-1/shop/web@sha256:{}", "0".repeat(64));
        let said = |fields: &[(&str, Value, Value)]| sentence_of(&image, fields);
        let ended = [
            ("imageScanFindingsSummary", Value::Null, json!({"findingSeverityCounts": {"HIGH": 2}})),
            ("imageScanStatus.description", Value::Null, json!("The scan was completed successfully.")),
            ("imageScanStatus.status", json!("IN_PROGRESS"), json!("COMPLETE")),
        ];
        assert_eq!(said(&ended), "Scan complete");
        assert_eq!(said(&[("imageScanStatus", Value::Null, json!({"status": "IN_PROGRESS"}))]), "Scan begun");
        let beside = [ended[2].clone(), ("artifactMediaType", Value::Null, json!("application/a"))];
        assert!(said(&beside).starts_with("Scan complete · Artifact media type"), "{}", said(&beside));
        // New findings without a new scan are findings.
        let more = [("imageScanFindingsSummary.findingSeverityCounts.HIGH", json!(1), json!(2))];
        assert!(!said(&more).contains("Scan"), "{}", said(&more));
    }

    #[test]
    fn sentences_read_like_a_persons() {
        let seal = |d: &str| json!({"gantry:length": 1, "gantry:digest": d});
        let image = |tag: &str| json!(format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web:{tag}"));
        for (fields, expected) in [
            (vec![("MemorySize", json!(1024), json!(2048))], "Memory 1,024 → 2,048 MB"),
            (vec![("containerDefinitions[web].image", image("1.4"), image("1.5"))], "Image of web web:1.4 → web:1.5"),
            (
                vec![(
                    "containerDefinitions[web].image",
                    image("1.4"),
                    json!("111122223333.dkr-ecr.eu-west-1.on.aws/shop/web:1.5"),
                )],
                "Image of web web:1.4 → web:1.5",
            ),
            (
                vec![
                    ("Environment.Variables[A]", seal("a"), seal("b")),
                    ("Environment.Variables[B]", seal("a"), seal("c")),
                ],
                "2 variables changed",
            ),
            (vec![("Environment.Variables[A]", Value::Null, seal("b"))], "Variable A added"),
            (
                vec![
                    ("Environment.Variables[A]", Value::Null, seal("a")),
                    ("Environment.Variables[B]", seal("a"), seal("c")),
                    ("Environment.Variables[C]", seal("a"), Value::Null),
                ],
                "1 variable added, 1 removed, 1 changed",
            ),
            (vec![("desiredCount", json!(2), json!(0))], "Desired count 2 → 0"),
            (
                vec![
                    ("deployments[ecs-svc/1].rolloutState", json!("IN_PROGRESS"), json!("COMPLETED")),
                    ("deployments[ecs-svc/1].rolloutStateReason", json!("in progress."), json!("completed.")),
                ],
                "Rollout in progress → completed",
            ),
            (
                vec![(
                    "taskDefinition",
                    json!("arn:aws:ecs:eu-west-1:111122223333:task-definition/web:12"),
                    json!("arn:aws:ecs:eu-west-1:111122223333:task-definition/web:13"),
                )],
                "Task definition web:12 → web:13",
            ),
            (
                vec![("deployments[ecs-svc/1].rolloutState", json!("IN_PROGRESS"), json!("COMPLETED"))],
                "Rollout in progress → completed",
            ),
            (vec![("Tags[type]", json!("A_B"), json!("C_D"))], "Tag type A_B → C_D"),
            (vec![("Tags[team]", json!("a"), json!("b"))], "Tag team a → b"),
            (vec![("CodeSha256", json!("x="), json!("y="))], "Code changed"),
            (
                vec![("Layers", json!([1]), Value::Null), ("Timeout", json!(3), json!(30))],
                "Layers removed, timeout 3 → 30 s",
            ),
            (vec![("KMSKeyArn", Value::Null, json!("arn:aws:kms:x:1:key/ab"))], "KMS key ARN ab added"),
        ] {
            assert_eq!(sentence(&fields), expected);
        }
    }

    #[test]
    fn the_life_of_a_task_reads_as_such() {
        let task = |fields: &[(&str, Value)]| {
            let fields = fields.iter().map(|(path, after)| FieldChange {
                path: (*path).to_owned(),
                before: None,
                after: Some(after.clone()),
            });
            let key = ResourceKey::parse("ecs.task/111122223333/eu-west-1/shop/13bc79bd").unwrap();
            let (name, kind) = ("search 13bc79bd".into(), ChangeKind::Changed);
            summary(&Change { id: 1, key, name, at: Millis(0), kind, fields: fields.collect() })
        };
        assert_eq!(task(&[("lastStatus", json!("RUNNING")), ("startedAt", json!("x"))]), "Runs");
        let stopped = task(&[
            ("containers[search].exitCode", json!(137)),
            ("lastStatus", json!("STOPPED")),
            ("stoppedReason", json!("Essential container in task exited")),
        ]);
        assert_eq!(stopped, "Stopped: Essential container in task exited; search ended with exit code 137");
        assert_eq!(task(&[("stoppedReason", json!("Scaling activity"))]), "Stopping: Scaling activity");
        assert_eq!(task(&[("healthStatus", json!("UNHEALTHY"))]), "Its health check fails");
        assert_eq!(task(&[("lastStatus", json!("PENDING"))]), "Pending");
        assert_eq!(task(&[("cpu", json!("512"))]), "CPU 512 added".replace("CPU", "Cpu"));
    }

    #[test]
    fn what_changed_of_a_part_says_which() {
        let said = |kind: ChangeKind, fields: Vec<FieldChange>| {
            let key = ResourceKey::parse("lambda.function-url/111122223333/eu-west-1/hook").unwrap();
            of_part(&Change { id: 1, key, name: "https://x.on.aws/".into(), at: Millis(0), kind, fields })
        };
        assert_eq!(said(ChangeKind::Appeared, vec![]), "New function URL · https://x.on.aws/");
        assert_eq!(said(ChangeKind::Gone, vec![]), "The function URL is gone · https://x.on.aws/");
        let field = FieldChange { path: "AuthType".into(), before: Some(json!("AWS_IAM")), after: Some(json!("NONE")) };
        let changed = said(ChangeKind::Changed, vec![field]);
        assert!(changed.ends_with(" · function URL https://x.on.aws/"), "{changed}");
    }

    #[test]
    fn many_differences_are_counted() {
        let many: Vec<(String, Value, Value)> = (0..6).map(|n| (format!("a{n}"), json!(1), json!(2))).collect();
        let many: Vec<(&str, Value, Value)> = many.iter().map(|(p, b, a)| (p.as_str(), b.clone(), a.clone())).collect();
        assert!(sentence(&many).ends_with(", 3 more"));
    }
}

//! A plan as a script of AWS CLI calls. What steps give to each other goes through shell variables.
//! <https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-skeleton.html>

use serde_json::Value;

use super::super::reference::{Piece, pieces};
use super::super::{Plan, Step};

/// The script, for a POSIX shell. It stops at the first call that fails; it does not undo.
pub fn script(plan: &Plan) -> String {
    let mut lines = vec![
        "#!/bin/sh".to_owned(),
        format!("# {}", one_line(&plan.title)),
        "# Stops at the first call that fails. What was made until then stays: Gantry would take it back.".to_owned(),
        "set -eu".to_owned(),
        format!(
            "run_id=\"cli-$(date +%s)\"; run_by=\"$(aws sts get-caller-identity --query Arn --output text | sed 's/.*[:\\/]//')\""
        ),
    ];
    for step in &plan.steps {
        lines.push(String::new());
        lines.push(format!("# {}", one_line(&step.says)));
        lines.push(call(plan, step));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn call(plan: &Plan, step: &Step) -> String {
    let command = format!(
        "aws {} {} --region {} --no-cli-pager --output json --cli-input-json {}",
        step.call.service(),
        kebab(step.call.operation()),
        step.scope.region,
        document(&step.call.input())
    );
    match plan.steps.iter().any(|later| refers_to(&later.call.input(), &step.id)) {
        true => format!("{}=\"$({command})\"", variable(&step.id)),
        false => format!("{command} > /dev/null"),
    }
}

/// The document as a word of the shell: in single quotes, references outside of them.
fn document(input: &Value) -> String {
    let text = serde_json::to_string_pretty(input).unwrap_or_default();
    let mut word = String::new();
    for piece in pieces(&text) {
        match piece {
            Piece::Text(text) => word.push_str(&quoted(text)),
            Piece::Reference { step: "run", path, .. } => word.push_str(&format!("\"$run_{path}\"")),
            Piece::Reference { step, path, .. } => {
                let get = format!(
                    "$(printf %s \"${}\" | python3 -c 'import json,sys; print(json.load(sys.stdin){})')",
                    variable(step),
                    path.split('.').map(|field| format!("[\"{field}\"]")).collect::<String>()
                );
                word.push_str(&format!("\"{get}\""));
            }
        }
    }
    word
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn refers_to(value: &Value, id: &str) -> bool {
    match value {
        Value::String(text) => pieces(text).iter().any(|p| matches!(p, Piece::Reference { step, .. } if *step == id)),
        Value::Array(items) => items.iter().any(|item| refers_to(item, id)),
        Value::Object(fields) => fields.values().any(|value| refers_to(value, id)),
        _ => false,
    }
}

fn variable(step: &str) -> String {
    step.replace('-', "_")
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
    fn words_cannot_break_out_of_their_quotes() {
        let input = serde_json::json!({ "name": "it's; rm -rf / # ${run.id}" });
        assert_eq!(document(&input), "'{\n  \"name\": \"it'\\''s; rm -rf / # '\"$run_id\"'\"\n}'");
    }
}

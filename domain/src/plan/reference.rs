//! References: `${repository.repositoryArn}` in an input document stands for a field of the state that the step `repository` left,
//! `${run.id}` for the run.
//!
//! Policies have variables of the same look (`${aws:username}`); they are left alone: only `run` and the ids of steps before are looked up.

use serde_json::Value;
use std::collections::BTreeMap;

/// What references can lead to.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// By id of the step; `run` for the run itself.
    outputs: BTreeMap<String, Value>,
}

impl Known {
    /// What every step knows: the run's id and who started it, as the value of a tag can say it.
    pub fn of_run(id: &str, by: &str) -> Self {
        let run = serde_json::json!({ "id": id, "by": tag_value(by) });
        Self { outputs: BTreeMap::from([("run".to_owned(), run)]) }
    }
    /// Adds what a step gave.
    pub fn learn(&mut self, step: &str, output: Value) {
        self.outputs.insert(step.to_owned(), output);
    }
    /// The document with every reference replaced.
    ///
    /// # Errors
    /// The reference that names a known step and a field that it did not give, or one that is no plain value.
    pub fn resolve(&self, document: Value) -> Result<Value, String> {
        Ok(match document {
            Value::String(text) => Value::String(self.text(&text)?),
            Value::Array(items) => {
                Value::Array(items.into_iter().map(|item| self.resolve(item)).collect::<Result<_, _>>()?)
            }
            Value::Object(fields) => Value::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| Ok((name, self.resolve(value)?)))
                    .collect::<Result<_, String>>()?,
            ),
            other => other,
        })
    }

    fn text(&self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Reference { whole, step, path } => match self.outputs.get(step) {
                    None => out.push_str(whole),
                    Some(output) => {
                        let value = path.split('.').try_fold(output, |value, field| value.get(field));
                        match value {
                            Some(Value::String(text)) => out.push_str(text),
                            Some(plain @ (Value::Number(_) | Value::Bool(_))) => out.push_str(&plain.to_string()),
                            _ => return Err(format!("{whole} leads nowhere: the step {step} gave no {path}.")),
                        }
                    }
                },
            }
        }
        Ok(out)
    }
}

/// A name as the value of a tag that every service takes: `_` for whatever may be refused, at most 256 characters, no `aws:` in front. Of letters
/// beyond ASCII those of Latin stay, which services agree about.
/// <https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>
pub fn tag_value(name: &str) -> String {
    let latin = |c: char| c < '\u{300}' && c.is_alphabetic();
    let allowed = |c: char| c.is_ascii_alphanumeric() || " +-=._:/@".contains(c) || latin(c);
    let mut value: String = name.chars().take(256).map(|c| if allowed(c) { c } else { '_' }).collect();
    if value.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        value.replace_range(3..4, "_");
    }
    value
}

/// A piece of a text.
#[derive(Debug, PartialEq)]
pub enum Piece<'t> {
    /// As it is.
    Text(&'t str),
    /// `${step.path}`
    Reference {
        /// With the signs around it.
        whole: &'t str,
        /// The step's id, or `run`.
        step: &'t str,
        /// The field, or fields with points between.
        path: &'t str,
    },
}

/// The pieces of a text, in order.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = vec![];
    let mut done = 0;
    let mut from = 0;
    while let Some(start) = text[from..].find("${").map(|at| from + at) {
        let Some(end) = text[start..].find('}').map(|at| start + at) else { break };
        let name = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let inner = &text[start + 2..end];
        match inner.split_once('.') {
            Some((step, path)) if name(step) && path.split('.').all(name) => {
                if start > done {
                    pieces.push(Piece::Text(&text[done..start]));
                }
                pieces.push(Piece::Reference { whole: &text[start..=end], step, path });
                done = end + 1;
                from = done;
            }
            _ => from = start + 2,
        }
    }
    if done < text.len() {
        pieces.push(Piece::Text(&text[done..]));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecr::rules;
    use serde_json::json;

    #[test]
    fn who_started_it_is_said_as_every_service_takes_it() {
        for (name, value) in [
            ("Ada Lovelace", "Ada Lovelace"),
            ("ada+ops@example.com", "ada+ops@example.com"),
            ("O'Brien (ops), \u{674e}", "O_Brien _ops__ _"),
            ("Zo\u{eb} \u{141}ukasz", "Zo\u{eb} \u{141}ukasz"),
            ("Zoe\u{308}", "Zoe_"),
            ("a\u{a0}b", "a_b"),
            ("AWS:root", "AWS_root"),
        ] {
            let known = Known::of_run("r1", name);
            assert_eq!(known.resolve(json!("${run.by}")).unwrap(), value);
            assert_eq!(rules::tag_value(value), Ok(()), "{name}");
        }
        let long = tag_value(&"\u{eb}".repeat(300));
        assert_eq!((long.chars().count(), rules::tag_value(&long)), (256, Ok(())));
    }

    #[test]
    fn references_are_replaced_everywhere_and_policy_variables_left_alone() {
        let mut known = Known::of_run("r1", "ada");
        known.learn("repository", json!({ "repositoryArn": "arn:aws:ecr:x:1:repository/a", "nested": { "size": 3 } }));
        let document = json!({
            "resourceArn": "${repository.repositoryArn}",
            "policyText": "{\"Resource\": \"${repository.repositoryArn}/*\", \"Like\": \"${aws:username}\", \"Other\": \"${graph.facebook.com:id}\"}",
            "tags": [{ "Key": "gantry:run", "Value": "${run.id}" }, { "Key": "n", "Value": "${repository.nested.size}" }],
            "open": "${repository.repositoryArn",
            "unknown": "${later.id} ${x}",
            "force": true,
        });
        let resolved = known.resolve(document).unwrap();
        assert_eq!(
            resolved,
            json!({
                "resourceArn": "arn:aws:ecr:x:1:repository/a",
                "policyText": "{\"Resource\": \"arn:aws:ecr:x:1:repository/a/*\", \"Like\": \"${aws:username}\", \"Other\": \"${graph.facebook.com:id}\"}",
                "tags": [{ "Key": "gantry:run", "Value": "r1" }, { "Key": "n", "Value": "3" }],
                "open": "${repository.repositoryArn",
                "unknown": "${later.id} ${x}",
                "force": true,
            })
        );
        assert!(known.resolve(json!("${repository.nothing}")).unwrap_err().contains("repository gave no nothing"));
        assert!(known.resolve(json!("${repository.nested}")).is_err());
    }
}

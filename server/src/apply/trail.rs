//! What the audit trail says of a run's calls, written with each intent.

use domain::plan::{Call, Step};
use domain::wording::in_full;
use gantry_store::audit::Entry;
use gantry_store::runs::Stored;
use serde_json::{Value, json};

use crate::clock::now;

/// So many characters of one text are written into the audit trail, which is never pruned; the run has the whole.
const MOST_OF_A_TEXT: usize = 10_000;

/// A document whose longest texts, such as a logo, are cut.
fn in_short(document: Value) -> Value {
    match document {
        Value::String(text) => {
            let Some((end, _)) = text.char_indices().nth(MOST_OF_A_TEXT) else { return Value::String(text) };
            Value::String(format!("{}… ({} bytes in all)", &text[..end], in_full(text.len() as u64)))
        }
        Value::Array(items) => items.into_iter().map(in_short).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, in_short(value))).collect(),
        other => other,
    }
}

/// What is written before a call is sent: who does what, with which input. Secrets are never in a plan.
pub(super) fn entry(stored: &Stored, step: &Step, action: &str, call: &Call) -> Entry {
    Entry {
        id: 0,
        at: now(),
        person: stored.person,
        actor: stored.by.clone(),
        action: action.to_owned(),
        subject: format!("{}/{}", stored.run.id, step.id),
        detail: json!({ "scope": step.scope.to_string(), "call": call.name(), "input": in_short(call.input()) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audit_trail_keeps_the_beginning_of_a_long_text() {
        let long = "é".repeat(MOST_OF_A_TEXT + 1);
        let short = in_short(json!({ "catalogData": { "logoImageBlob": long, "aboutText": "a" }, "tags": ["b", 1] }));
        let logo = short["catalogData"]["logoImageBlob"].as_str().unwrap();
        assert!(logo.ends_with("é… (20,002 bytes in all)") && logo.len() < 2 * MOST_OF_A_TEXT + 50);
        assert_eq!((&short["catalogData"]["aboutText"], &short["tags"]), (&json!("a"), &json!(["b", 1])));
    }
}

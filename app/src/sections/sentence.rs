//! What a change means, in a sentence: "Memory size 512 → 1024". Pure.

use domain::history::{Change, ChangeKind, FieldChange};
use serde_json::Value;

/// The longest value shown inside a sentence, in characters.
const SHORT: usize = 48;

/// The change as one sentence.
pub fn sentence(change: &Change) -> String {
    match change.kind {
        ChangeKind::Appeared => "seen for the first time".to_owned(),
        ChangeKind::Gone => "gone: AWS no longer has it".to_owned(),
        ChangeKind::Returned => "there again after it was gone".to_owned(),
        ChangeKind::Changed => match change.fields.as_slice() {
            [] => "changed".to_owned(),
            [one] => field(one),
            [one, two] => format!("{}; {}", field(one), field(two)),
            [one, rest @ ..] => format!("{}; and {} more fields", field(one), rest.len()),
        },
    }
}

/// One field as words.
pub fn field(change: &FieldChange) -> String {
    let name = words(&change.path);
    match (change.before.as_ref(), change.after.as_ref()) {
        (Some(before), Some(after)) => match (scalar(before), scalar(after)) {
            (Some(before), Some(after)) => format!("{name} {before} → {after}"),
            _ => format!("{name} changed"),
        },
        (None, Some(after)) => match scalar(after) {
            Some(after) => format!("{name} set to {after}"),
            None => format!("{name} added"),
        },
        (Some(_), None) => format!("{name} removed"),
        (None, None) => name,
    }
}

fn scalar(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return None,
    };
    Some(crate::ui::format::shorten(&text, SHORT))
}

/// `MemorySize` → `Memory size`; the last two names of a longer path.
fn words(path: &str) -> String {
    let pieces: Vec<&str> = path.split('.').collect();
    let kept = pieces.get(pieces.len().saturating_sub(2)..).unwrap_or_default();
    let spaced = |piece: &str| {
        let mut out = String::new();
        let chars: Vec<char> = piece.chars().collect();
        for (i, c) in chars.iter().enumerate() {
            let before = i.checked_sub(1).and_then(|p| chars.get(p));
            if c.is_uppercase() && before.is_some_and(|b| b.is_lowercase() || b.is_numeric()) {
                out.push(' ');
                out.extend(c.to_lowercase());
            } else {
                out.push(*c);
            }
        }
        domain::listing::capital(&out)
    };
    // Names inside Environment.Variables and in brackets are the person's own: as they are.
    match kept {
        [.., "Variables", own] => format!("Variable {own}"),
        [one] if !one.contains('[') => spaced(one),
        [parent, last] if !parent.contains('[') && !last.contains('[') => format!("{}: {}", spaced(parent), spaced(last).to_lowercase()),
        _ => kept.join("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn changed(path: &str, before: Option<Value>, after: Option<Value>) -> FieldChange {
        FieldChange { path: path.to_owned(), before, after }
    }

    #[test]
    fn a_change_reads_as_a_sentence() {
        let say = |path: &str, before: Option<Value>, after: Option<Value>| field(&changed(path, before, after));
        assert_eq!(say("MemorySize", Some(json!(512)), Some(json!(1024))), "Memory size 512 → 1024");
        assert_eq!(say("Timeout", None, Some(json!(30))), "Timeout set to 30");
        assert_eq!(say("KMSKeyArn", Some(json!("x")), None), "KMSKey arn removed");
        let sealed = json!({"gantry:length": 3, "gantry:digest": "ab"});
        assert_eq!(say("Environment.Variables.QUALITY", Some(sealed.clone()), Some(sealed)), "Variable QUALITY changed");
        assert_eq!(say("containerDefinitions[web].image", Some(json!("a")), Some(json!("b"))), "containerDefinitions[web].image a → b");
    }
}

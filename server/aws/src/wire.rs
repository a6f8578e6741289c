//! From AWS's JSON answers to documents: absent instead of null, moments as RFC 3339, secrets sealed.

use domain::Millis;
use serde_json::{Map, Value};

use crate::Caller;

/// Takes a field out of an answer, such as the list it consists of.
pub(crate) fn take(raw: &mut Value, field: &str) -> Value {
    raw.get_mut(field).map(Value::take).unwrap_or_default()
}

/// The same for a list; what is not a list is an empty one, for AWS leaves empty lists out.
pub(crate) fn take_list(raw: &mut Value, field: &str) -> Vec<Value> {
    match take(raw, field) {
        Value::Array(items) => items,
        _ => vec![],
    }
}

/// Makes a document of a part of an answer: nulls leave, numbers in fields that `is_moment` become RFC 3339.
/// AWS's JSON protocols write moments as seconds since 1970, with a fraction.
pub(crate) fn document(value: Value, is_moment: fn(&str) -> bool) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, v)| !v.is_null()).map(|(name, v)| {
                let v = match v.as_f64().filter(|_| is_moment(&name)) {
                    Some(seconds) => moment(seconds),
                    None => document(v, is_moment),
                };
                (name, v)
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|v| document(v, is_moment)).collect()),
        other => other,
    }
}

fn moment(seconds: f64) -> Value {
    Value::String(Millis((seconds * 1000.0).round() as i64).rfc3339())
}

/// Replaces every text of a map by its seal.
pub(crate) fn seal_map(caller: &Caller, map: &mut Map<String, Value>) {
    map.values_mut().for_each(|value| seal(caller, value));
}

/// Replaces one text by its seal.
pub(crate) fn seal(caller: &Caller, value: &mut Value) {
    let text = match &*value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let sealed = caller.seal(&text);
    *value = serde_json::json!({"gantry:length": sealed.length, "gantry:digest": sealed.digest});
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn seconds_become_moments_and_nulls_leave() {
        let raw = json!({"createdAt": 1_763_000_000.123, "cpu": "256", "x": null, "list": [{"startedAt": 1_763_000_000}], "at": 7});
        let doc = document(raw, |name| name.ends_with("At"));
        assert_eq!(
            doc,
            json!({"createdAt": "2025-11-13T02:13:20.123Z", "cpu": "256", "list": [{"startedAt": "2025-11-13T02:13:20.000Z"}], "at": 7})
        );
    }
}

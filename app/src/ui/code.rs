//! Code and JSON to read: coloured, never interpreted.

use domain::resource::Sealed;
use leptos::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use super::copy::CopyButton;
use super::format::counted;

/// Longer documents are cut here; the copy is whole.
const LINES: usize = 4000;
/// So are longer texts in them, such as a picture in base64.
const TEXT: usize = 30_000;

/// Why values are hidden, and what their sign is for.
pub(super) const WHY_HIDDEN: &str =
    "Hidden values never leave AWS. Gantry keeps their length and a sign (#) that changes with the value.";

/// What is said in place of a sealed value.
fn hidden(value: &Value) -> Option<String> {
    let sealed = Sealed::deserialize(value.as_object()?).ok()?;
    let length = counted(i64::try_from(sealed.length).unwrap_or(i64::MAX), "byte", "bytes");
    Some(format!("•• hidden, {length}, #{}", sealed.digest.get(..6).unwrap_or_default()))
}

/// A value as text; of a sealed one what is said in its place.
pub fn value_text(value: &Value) -> String {
    match readable(value.clone()).0 {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// The document with words in place of sealed values, and whether there were any.
pub(super) fn readable(value: Value) -> (Value, bool) {
    if let Some(words) = hidden(&value) {
        return (Value::from(words), true);
    }
    let mut any = false;
    let mut keep = |value: Value| {
        let (value, sealed) = readable(value);
        any |= sealed;
        value
    };
    let value = match value {
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, value)| (key, keep(value))).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(keep).collect()),
        plain => plain,
    };
    (value, any)
}

/// Text as it is, in mono, with a button to copy it.
#[component]
pub fn Code(
    /// The text.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! { <div class="codebox"><CopyButton text=text.clone()/><pre class="code" tabindex="0">{text}</pre></div> }
}

/// A piece of JSON with the style that shows what it is.
fn pieces(value: &Value) -> Vec<(&'static str, String)> {
    let mut out = vec![];
    write(value, 0, &mut out);
    out
}

fn write(value: &Value, depth: usize, out: &mut Vec<(&'static str, String)>) {
    let indent = |n: usize| "  ".repeat(n);
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push(("", "{\n".to_owned()));
            for (i, (key, item)) in map.iter().enumerate() {
                out.push(("", indent(depth + 1)));
                out.push(("k", Value::from(key.as_str()).to_string()));
                out.push(("", ": ".to_owned()));
                write(item, depth + 1, out);
                out.push(("", if i + 1 < map.len() { ",\n" } else { "\n" }.to_owned()));
            }
            out.push(("", format!("{}}}", indent(depth))));
        }
        Value::Array(items) if !items.is_empty() => {
            out.push(("", "[\n".to_owned()));
            for (i, item) in items.iter().enumerate() {
                out.push(("", indent(depth + 1)));
                write(item, depth + 1, out);
                out.push(("", if i + 1 < items.len() { ",\n" } else { "\n" }.to_owned()));
            }
            out.push(("", format!("{}]", indent(depth))));
        }
        Value::String(text) if text.len() > TEXT => {
            let start: String = text.chars().take(80).collect();
            out.push(("s", Value::from(start).to_string()));
            out.push(("b", format!(" … ({} characters; copy it to see the rest)", text.chars().count())));
        }
        Value::String(_) => out.push(("s", value.to_string())),
        Value::Number(_) => out.push(("n", value.to_string())),
        Value::Bool(_) | Value::Null => out.push(("b", value.to_string())),
        Value::Object(_) => out.push(("", "{}".to_owned())),
        Value::Array(_) => out.push(("", "[]".to_owned())),
    }
}

/// A JSON document with colours.
#[component]
pub fn Json(
    /// The document.
    value: Value,
) -> impl IntoView {
    let (value, sealed) = readable(value);
    let text = serde_json::to_string_pretty(&value).unwrap_or_default();
    let mut lines = 0;
    let mut merged: Vec<(&'static str, String)> = vec![];
    for (class, piece) in pieces(&value) {
        if lines > LINES {
            merged.push(("b", "\n… (copy it to see the rest)".to_owned()));
            break;
        }
        lines += piece.matches('\n').count();
        match merged.last_mut() {
            Some((last, text)) if *last == class => text.push_str(&piece),
            _ => merged.push((class, piece)),
        }
    }
    let spans = merged.into_iter().map(|(class, piece)| view! { <span class=class>{piece}</span> }).collect_view();
    view! {
        {sealed.then(|| view! { <p class="faint">{WHY_HIDDEN}</p> })}
        <div class="codebox"><CopyButton text=text/><pre class="code json" tabindex="0">{spans}</pre></div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_values_are_said_to_be_hidden() {
        let seal = serde_json::json!({"gantry:length": 17, "gantry:digest": "abcdef0123456789"});
        let (value, any) = readable(serde_json::json!({"Variables": {"A": seal}, "list": [1]}));
        assert!(any);
        assert_eq!(value, serde_json::json!({"Variables": {"A": "•• hidden, 17 bytes, #abcdef"}, "list": [1]}));
        assert!(!readable(serde_json::json!({"length": 17})).1);
    }

    #[test]
    fn the_coloured_form_is_the_same_text_as_the_plain_one() {
        let value = serde_json::json!({"a": [1, "<script>", null, true, [], {}], "b \"q\"": {"c": -1.5}});
        let text: String = pieces(&value).into_iter().map(|(_, piece)| piece).collect();
        assert_eq!(text, serde_json::to_string_pretty(&value).unwrap());
    }
}

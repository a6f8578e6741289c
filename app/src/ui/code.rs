//! Code and JSON to read: coloured, never interpreted.

use leptos::prelude::*;
use serde_json::Value;

use super::copy::CopyButton;

/// Longer documents are cut here; the copy is whole.
const LINES: usize = 4000;

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
    view! { <div class="codebox"><CopyButton text=text/><pre class="code json" tabindex="0">{spans}</pre></div> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coloured_form_is_the_same_text_as_the_plain_one() {
        let value = serde_json::json!({"a": [1, "<script>", null, true, [], {}], "b \"q\"": {"c": -1.5}});
        let text: String = pieces(&value).into_iter().map(|(_, piece)| piece).collect();
        assert_eq!(text, serde_json::to_string_pretty(&value).unwrap());
    }
}

//! What changed, field by field: the path, what it was, what it is.

use domain::history::FieldChange;
use leptos::prelude::*;
use serde_json::Value;

use super::code::{WHY_HIDDEN, readable};
use super::note::Empty;

/// Longer values are cut; the JSON tab has them whole.
const LONGEST: usize = 600;

/// A value in few words; sealed secrets say only that they are there.
fn short(value: &Value) -> String {
    let text = match readable(value.clone()).0 {
        Value::String(text) => text,
        other => serde_json::to_string_pretty(&other).unwrap_or_default(),
    };
    if text.chars().count() > LONGEST { text.chars().take(LONGEST).collect::<String>() + "…" } else { text }
}

/// The fields that differ.
#[component]
pub fn Diff(
    /// The fields.
    fields: Vec<FieldChange>,
    /// What it means that there are none, where somebody asked for the difference.
    #[prop(optional)]
    same: &'static str,
) -> impl IntoView {
    if fields.is_empty() {
        return match same {
            "" => view! { <p class="dim">"No difference."</p> }.into_any(),
            words => view! { <Empty title="No difference"><p>{words}</p></Empty> }.into_any(),
        };
    }
    let sides = fields.iter().flat_map(|f| f.before.iter().chain(&f.after));
    let sealed = sides.map(|v| readable(v.clone())).any(|(_, sealed)| sealed);
    let line = |class: &'static str, sign: &'static str, word: &'static str, value: &Value| {
        let lines = short(value);
        view! { <div class=class><span class="sign" aria-label=word>{sign}</span><span>{lines}</span></div> }
    };
    let rows = fields
        .into_iter()
        .map(|field| {
            view! {
                <div class="path">{field.path}</div>
                {field.before.as_ref().map(|v| line("del", "−", "was", v))}
                {field.after.as_ref().map(|v| line("add", "+", "is", v))}
            }
        })
        .collect_view();
    view! {
        <div class="diff">{rows}</div>
        {sealed.then(|| view! { <p class="faint">{WHY_HIDDEN}</p> })}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_show_their_length_and_long_values_are_cut() {
        assert_eq!(
            short(&json!({"gantry:length": 12, "gantry:digest": "abcdef0123456789"})),
            "•• hidden, 12 bytes, #abcdef"
        );
        assert_eq!(short(&json!("x")), "x");
        assert_eq!(short(&json!(512)), "512");
        assert!(short(&json!("y".repeat(5000))).chars().count() <= LONGEST + 1);
    }
}

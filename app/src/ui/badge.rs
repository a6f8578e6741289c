//! States: always a word, never colour alone.

use domain::resource::{State, Tone};
use domain::wording::spoken;
use leptos::prelude::*;

/// The style of a tone.
pub const fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "bad",
        Tone::Warn => "warn",
        Tone::Busy => "busy",
        Tone::Good => "good",
        Tone::Quiet => "quiet",
    }
}

/// A word with a tone.
#[component]
pub fn Badge(
    /// How it looks.
    tone: Tone,
    /// What it says.
    #[prop(into)]
    text: String,
    /// Shown on hover.
    #[prop(optional, into)]
    title: Option<String>,
) -> impl IntoView {
    view! { <span class=format!("badge {}", tone_class(tone)) title=title>{text}</span> }
}

/// AWS's own word where another one is shown, and the reason.
fn hover(state: &State) -> String {
    let raw = (spoken(&state.word) != state.word).then_some(state.word.as_str());
    raw.into_iter().chain(state.reason.as_deref()).collect::<Vec<_>>().join("\n")
}

/// The state of a resource; AWS's own word and its reason on hover.
#[component]
pub fn StateBadge(
    /// The state; nothing is shown without one.
    state: Option<State>,
) -> impl IntoView {
    match state {
        Some(state) => view! { <Badge tone=state.tone text=spoken(&state.word) title=hover(&state)/> }.into_any(),
        None => view! { <span class="faint">"–"</span> }.into_any(),
    }
}

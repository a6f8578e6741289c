//! States: always a word, never colour alone.

use domain::resource::{State, Tone};
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

/// The state of a resource, its reason on hover.
#[component]
pub fn StateBadge(
    /// The state; nothing is shown without one.
    state: Option<State>,
) -> impl IntoView {
    match state {
        Some(state) => {
            view! { <Badge tone=state.tone text=state.word title=state.reason.unwrap_or_default()/> }.into_any()
        }
        None => view! { <span class="faint">"–"</span> }.into_any(),
    }
}

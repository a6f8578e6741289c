//! Log events, oldest first. The text is untrusted: shown as text, without control characters.

use domain::stream::LogEvent;
use leptos::prelude::*;
use std::sync::Arc;

use super::format::{plain, shorten};

/// A longer message is cut here in the view.
const LONGEST: usize = 8000;

fn line_class(message: &str) -> &'static str {
    let head: String = message.chars().take(300).collect::<String>().to_lowercase();
    if ["error", "exception", "traceback", "fatal", "task timed out"].iter().any(|w| head.contains(w)) {
        "err"
    } else if ["start requestid", "end requestid", "report requestid", "init_start"].iter().any(|w| head.starts_with(w))
    {
        "t"
    } else if head.contains("warn") {
        "wrn"
    } else {
        ""
    }
}

/// Events of a log. Scrolls to the end when new ones come while `follow` is on.
#[component]
pub fn LogView(
    /// The events, oldest first.
    #[prop(into)]
    events: Signal<Vec<Arc<LogEvent>>>,
    /// Keep the end in view.
    #[prop(into)]
    follow: Signal<bool>,
    /// Said while there are none.
    #[prop(default = "No events yet.".to_owned(), into)]
    empty: String,
) -> impl IntoView {
    let frame = NodeRef::<leptos::html::Div>::new();
    #[cfg(feature = "hydrate")]
    Effect::new(move || {
        events.track();
        if follow.get() {
            request_animation_frame(move || {
                if let Some(frame) = frame.get_untracked() {
                    frame.set_scroll_top(frame.scroll_height());
                }
            });
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = follow;
    let line = |event: Arc<LogEvent>| {
        let time = event.at.rfc3339();
        let message = plain(event.message.trim_end());
        let message =
            if message.len() > LONGEST { message.chars().take(LONGEST).collect::<String>() + "…" } else { message };
        let class = line_class(&message);
        view! {
            <div>
                <span class="t" title=time.clone()>{time.get(11..23).unwrap_or_default().to_owned()}</span>
                <span class="src" title=event.stream.clone()>{shorten(event.stream.rsplit(']').next().unwrap_or_default(), 9)}</span>
                <span class=class>{message}</span>
            </div>
        }
    };
    view! {
        <div class="log" node_ref=frame tabindex="0" role="log" aria-label="Log events">
            <Show when=move || events.with(Vec::is_empty)>
                <p class="dim">{empty.clone()}</p>
            </Show>
            <For each=move || events.get() key=|e| (e.at.0, e.id.clone()) children=line/>
        </div>
    }
}

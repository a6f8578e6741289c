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

/// Who wrote an event, as far as its stream says: the instance of a function (`2026/11/23/[$LATEST]8f03…`), the task of a container
/// (`web/envoy/8f03…`, as `envoy 8f03`).
fn source(stream: &str) -> String {
    let parts: Vec<&str> = stream.split('/').collect();
    match parts[..] {
        [_, container, task] if !task.is_empty() => {
            format!("{} {}", shorten(container, 10), task.get(..6).unwrap_or(task))
        }
        _ => shorten(stream.rsplit([']', '/']).next().unwrap_or_default(), 9),
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
    #[prop(into)]
    empty: Signal<String>,
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
                <span class="src" title=event.stream.clone()>{source(&event.stream)}</span>
                <span class=class>{message}</span>
            </div>
        }
    };
    view! {
        <div class="log" node_ref=frame tabindex="0" role="log" aria-label="Log events">
            <Show when=move || events.with(Vec::is_empty)>
                <p class="dim">{empty}</p>
            </Show>
            <For each=move || events.get() key=|e| (e.at.0, e.id.clone()) children=line/>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_who_wrote_it() {
        assert_eq!(source("web/envoy/8f03aa11bb22"), "envoy 8f03aa");
        assert!(source("2026/11/23/[$LATEST]8f03aa11bb22cc33").starts_with("8f0"));
        assert_eq!(source("i-0abc"), "i-0abc");
    }
}

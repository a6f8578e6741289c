//! Log events, oldest first. The text is untrusted: shown as text, without control characters.

use domain::Millis;
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

/// Events of a log. Scrolls to the end when new ones come while `follow` is on; else what was read stays where it is when earlier ones
/// are put above it. The lines of a minute that somebody asked for are marked, and in view at first.
#[component]
pub fn LogView(
    /// The events, oldest first.
    #[prop(into)]
    events: Signal<Vec<Arc<LogEvent>>>,
    /// Keep the end in view.
    #[prop(into)]
    follow: Signal<bool>,
    /// The begin of a minute to look at.
    #[prop(into)]
    minute: Signal<Option<Millis>>,
    /// Said while there are none.
    #[prop(into)]
    empty: Signal<String>,
) -> impl IntoView {
    let frame = NodeRef::<leptos::html::Div>::new();
    #[cfg(feature = "hydrate")]
    Effect::new(move |first: Option<Option<(Millis, String)>>| {
        let first = first.flatten();
        let fresh = first.is_none();
        let is_first = |e: &Arc<LogEvent>| first.as_ref().is_some_and(|(at, id)| *at == e.at && *id == e.id);
        let above = events.with(|lines| lines.iter().position(is_first).unwrap_or_default());
        let follow = follow.get();
        let asked = minute.get_untracked().filter(|_| fresh && !follow);
        if let Some(begin) = asked {
            // The last before it where it has none of its own.
            let line = events.with(|lines| lines.iter().position(|e| e.at >= begin).unwrap_or(lines.len()));
            request_animation_frame(move || {
                // The page may have been left meanwhile.
                let Some(frame) = frame.try_get_untracked().flatten() else { return };
                frame.set_scroll_top(height(&frame, line.saturating_sub(1)));
            });
        } else if follow || above > 0 {
            request_animation_frame(move || {
                let Some(frame) = frame.try_get_untracked().flatten() else { return };
                let by = if follow { frame.scroll_height() } else { height(&frame, above) };
                frame.set_scroll_top(frame.scroll_top() + by);
            });
        }
        events.with(|lines| lines.first().map(|e| (e.at, e.id.clone())))
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = follow;
    let line = move |event: Arc<LogEvent>| {
        let time = event.at.rfc3339();
        let message = plain(event.message.trim_end());
        let message =
            if message.len() > LONGEST { message.chars().take(LONGEST).collect::<String>() + "…" } else { message };
        let class = line_class(&message);
        let at = event.at;
        let asked = move || minute.get().is_some_and(|begin| (0..60_000).contains(&(at.0 - begin.0)));
        view! {
            <div class:asked=asked>
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

/// How high the first so many lines are together, in pixels.
#[cfg(feature = "hydrate")]
fn height(frame: &web_sys::Element, lines: usize) -> i32 {
    use leptos::web_sys::HtmlElement;
    use wasm_bindgen::JsCast;
    let all = frame.children();
    let top = |n: usize| all.item(u32::try_from(n).ok()?)?.dyn_into::<HtmlElement>().ok().map(|line| line.offset_top());
    top(lines).zip(top(0)).map_or(0, |(end, start)| end - start)
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

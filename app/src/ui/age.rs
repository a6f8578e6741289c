//! Ages: relative, the absolute on hover, ticking in the browser. The first text comes from the server's clock, so that the
//! browser's first text is the same.

use domain::Millis;
use leptos::prelude::*;

/// The server's clock as the browser guesses it; `None` until the page has been taken over.
#[derive(Clone, Copy, Debug)]
pub struct Clock(pub RwSignal<Option<Millis>>);

impl Clock {
    /// Starts ticking each second in the browser; `server` is the server's clock when the page was made.
    pub fn start(server: Millis) -> Self {
        let clock = Self(RwSignal::new(None));
        #[cfg(feature = "hydrate")]
        Effect::new(move || {
            let skew = server.0 - js_sys::Date::now() as i64;
            let tick = move || clock.0.set(Some(Millis(js_sys::Date::now() as i64 + skew)));
            if let Ok(handle) = set_interval_with_handle(tick, std::time::Duration::from_secs(1)) {
                on_cleanup(move || handle.clear());
            }
        });
        #[cfg(not(feature = "hydrate"))]
        let _ = server;
        clock
    }
}

/// The ticking clock, or `base` where there is none yet. Reactive.
pub fn now_or(base: Millis) -> Millis {
    use_context::<Clock>().and_then(|c| c.0.get()).map_or(base, |now| now.max(base))
}

/// `2026-11-23 10:02:11 UTC`
pub fn moment(at: Millis) -> String {
    let text = at.rfc3339();
    format!("{} {} UTC", text.get(..10).unwrap_or_default(), text.get(11..19).unwrap_or_default())
}

/// A moment further ahead than clocks disagree is to come: "in 11 mo".
const AHEAD: i64 = 60_000;

/// "12 s" ago, or "in 11 mo".
fn words(at: Millis, now: Millis, after: &str) -> String {
    if at.0 > now.0 + AHEAD { format!("in {}", now.age(at)) } else { format!("{}{after}", at.age(now)) }
}

/// How long ago something was. `now` is the server's clock when the data was read.
#[component]
pub fn Age(
    /// The moment.
    at: Millis,
    /// The server's clock.
    now: Millis,
    /// Written behind the age, such as " ago".
    #[prop(optional)]
    after: &'static str,
) -> impl IntoView {
    let clock = use_context::<Clock>();
    let text = move || {
        let now = clock.and_then(|c| c.0.get()).map_or(now, |ticked| ticked.max(now));
        words(at, now, after)
    };
    view! { <time class="age" datetime=at.rfc3339() title=moment(at)>{text}</time> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_come_is_not_said_to_be_now() {
        let now = Millis(1_700_000_000_000);
        assert_eq!(words(Millis(now.0 + 86_400_000), now, " ago"), "in 1 d");
        assert_eq!(words(Millis(now.0 + 900), now, " ago"), "0 s ago");
        assert_eq!(words(Millis(now.0 - 61_000), now, " ago"), "1 min ago");
    }

    #[test]
    fn moments_say_their_zone() {
        assert_eq!(moment(Millis(951_782_400_000)), "2000-02-29 00:00:00 UTC");
    }
}

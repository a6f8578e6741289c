//! One value of a table or of the facts: the type decides how it looks.

use domain::Millis;
use domain::resource::{Cell, Tone};
use leptos::prelude::*;

use super::age::{Age, moment};
use super::badge::Badge;
use super::copy::Copy;
use super::format::{bytes, number};

/// At most so many words of a list are shown.
const WORDS: usize = 3;

/// The view of a value. `now` is the server's clock; `link` turns a reference into an address.
pub fn cell_view(cell: &Cell, now: Millis, link: &dyn Fn(&str) -> String) -> AnyView {
    match cell {
        Cell::None => view! { <span class="faint">"–"</span> }.into_any(),
        Cell::Text(text) => view! { <span class="cut" title=text.clone()>{text.clone()}</span> }.into_any(),
        Cell::Mono(text) => view! { <Copy text=text.clone()/> }.into_any(),
        Cell::Number(n) => number(*n).into_any(),
        Cell::Bytes(n) => view! { <span title=format!("{} bytes", number(*n))>{bytes(*n)}</span> }.into_any(),
        Cell::Time(at) => view! { <Age at=*at now=now/> }.into_any(),
        Cell::List(words) if words.is_empty() => view! { <span class="faint">"–"</span> }.into_any(),
        Cell::List(words) => {
            let mut text = words.iter().take(WORDS).cloned().collect::<Vec<_>>().join(", ");
            if words.len() > WORDS {
                text.push_str(&format!(" +{}", words.len() - WORDS));
            }
            view! { <span class="cut" title=words.join("\n")>{text}</span> }.into_any()
        }
        Cell::Mark(state) => {
            view! { <Badge tone=state.tone text=state.word.clone() title=state.reason.clone().unwrap_or_default()/> }
                .into_any()
        }
        Cell::Ref(reference, text) => {
            view! { <a class="cut ref" href=link(reference) title=reference.clone()>{text.clone()}</a> }.into_any()
        }
    }
}

/// From so long before a deadline on it is worth a mark: half a year, in milliseconds.
const NEAR: i64 = 183 * 86_400_000;

/// The tone of a deadline; none while it is far away.
const fn deadline_tone(at: Millis, now: Millis) -> Option<Tone> {
    match at.0 - now.0 {
        left if left <= 0 => Some(Tone::Bad),
        left if left <= NEAR => Some(Tone::Warn),
        _ => None,
    }
}

/// A deadline: a mark once it is near or over, else nothing that draws the eye.
pub fn deadline_view(at: Millis, now: Millis) -> AnyView {
    match deadline_tone(at, now) {
        Some(Tone::Bad) => {
            view! { <Badge tone=Tone::Bad text=format!("ended {} ago", at.age(now)) title=moment(at)/> }.into_any()
        }
        Some(tone) => view! { <Badge tone=tone text=format!("ends in {}", now.age(at)) title=moment(at)/> }.into_any(),
        None => view! { <span class="faint" title=moment(at)>"–"</span> }.into_any(),
    }
}

/// The value in plain words.
pub fn cell_text(cell: &Cell) -> String {
    match cell {
        Cell::None => "–".to_owned(),
        Cell::Number(n) => number(*n),
        Cell::Bytes(n) => bytes(*n),
        Cell::Time(at) => moment(*at),
        Cell::Text(_) | Cell::Mono(_) | Cell::List(_) | Cell::Mark(_) | Cell::Ref(..) => cell.words().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_and_past_deadlines_are_marked() {
        let now = Millis(1_700_000_000_000);
        let days = |n: i64| Millis(now.0 + n * 86_400_000);
        assert_eq!(deadline_tone(days(-1), now), Some(Tone::Bad));
        assert_eq!(deadline_tone(days(90), now), Some(Tone::Warn));
        assert_eq!(deadline_tone(days(400), now), None);
    }
}

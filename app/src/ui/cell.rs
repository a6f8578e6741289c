//! One value of a table or of the facts: the type decides how it looks.

use domain::Millis;
use domain::resource::Cell;
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
            view! { <Badge tone=state.tone text=state.word.clone() title=state.reason.clone().unwrap_or_default()/> }.into_any()
        }
        Cell::Ref(reference, text) => {
            view! { <a class="cut ref" href=link(reference) title=reference.clone()>{text.clone()}</a> }.into_any()
        }
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

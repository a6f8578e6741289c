//! One value of a table or of the facts: its type and the form of its column decide how it looks.

use domain::Millis;
use domain::resource::{Cell, Column, Form, Tone};
use domain::wording;
use leptos::prelude::*;

use super::age::{Age, moment};
use super::badge::{Badge, StateBadge};
use super::copy::Copy;
use super::format::{bytes, duration, number, span};

/// At most so many words of a list are shown.
const WORDS: usize = 3;

/// Whether a value says nothing: AWS leaves some out and gives others as an empty text.
pub fn is_blank(cell: &Cell) -> bool {
    match cell {
        Cell::None => true,
        Cell::Text(text) | Cell::Mono(text) | Cell::Ref(_, text) => text.trim().is_empty(),
        Cell::List(words) => words.iter().all(|word| word.trim().is_empty()),
        Cell::Mark(state) => state.word.trim().is_empty(),
        Cell::Number(_) | Cell::Bytes(_) | Cell::Time(_) => false,
    }
}

/// A value of a table, a dash for one that says nothing. `now` is the server's clock; `link` turns a reference into an address.
pub fn column_view(column: &Column, cell: &Cell, now: Millis, link: &dyn Fn(&str) -> String) -> AnyView {
    if is_blank(cell) {
        return nothing();
    }
    match (column.form, cell) {
        (Form::Deadline, Cell::Time(at)) => deadline_view(*at, now),
        (Form::Word, Cell::Text(word)) => word_view(word),
        (Form::Word, Cell::List(words)) => list_view(words, wording::spoken),
        (Form::Capacity, Cell::Text(name)) => said(name, wording::capacity(name)),
        (Form::Capacity, Cell::List(names)) => list_view(names, wording::capacity),
        (Form::Seconds, Cell::Number(n)) => {
            view! { <span title=format!("{} seconds", number(*n))>{duration(*n)}</span> }.into_any()
        }
        (Form::Exact, Cell::Number(n)) => n.to_string().into_any(),
        (Form::Unit(unit), Cell::Number(n)) => format!("{} {unit}", number(*n)).into_any(),
        _ => plain_view(cell, now, link),
    }
}

/// The same as one of the facts, where a sentence has room: ages say that they are ages, and ids are whole.
pub fn fact_view(column: &Column, cell: &Cell, now: Millis, link: &dyn Fn(&str) -> String) -> AnyView {
    match cell {
        Cell::Time(at) if column.form != Form::Deadline => view! { <Age at=*at now=now after=" ago"/> }.into_any(),
        Cell::Mono(text) if !is_blank(cell) => view! { <Copy text=text.clone() max=90/> }.into_any(),
        _ => column_view(column, cell, now, link),
    }
}

/// AWS's word as people read it, AWS's own on hover.
pub fn word_view(word: &str) -> AnyView {
    said(word, wording::spoken(word))
}

fn said(raw: &str, ours: String) -> AnyView {
    view! { <span class="cut" title=raw.to_owned()>{ours}</span> }.into_any()
}

fn list_view(words: &[String], ours: fn(&str) -> String) -> AnyView {
    let mut text = words.iter().take(WORDS).map(|w| ours(w)).collect::<Vec<_>>().join(", ");
    if words.len() > WORDS {
        text.push_str(&format!(" +{}", words.len() - WORDS));
    }
    view! { <span class="cut" title=words.join("\n")>{text}</span> }.into_any()
}

/// What stands for no value.
pub(super) fn nothing() -> AnyView {
    view! { <span class="faint">"–"</span> }.into_any()
}

fn plain_view(cell: &Cell, now: Millis, link: &dyn Fn(&str) -> String) -> AnyView {
    match cell {
        Cell::None => nothing(),
        Cell::Text(text) => view! { <span class="cut" title=text.clone()>{text.clone()}</span> }.into_any(),
        Cell::Mono(text) => view! { <Copy text=text.clone()/> }.into_any(),
        Cell::Number(n) => number(*n).into_any(),
        Cell::Bytes(n) => view! { <span title=format!("{} bytes", number(*n))>{bytes(*n)}</span> }.into_any(),
        Cell::Time(at) => view! { <Age at=*at now=now/> }.into_any(),
        Cell::List(words) => list_view(words, str::to_owned),
        Cell::Mark(state) => view! { <StateBadge state=Some(state.clone())/> }.into_any(),
        Cell::Ref(reference, text) => {
            view! { <a class="cut ref" href=link(reference) title=reference.clone()>{text.clone()}</a> }.into_any()
        }
    }
}

/// A deadline under a heading that says of what: a mark once it is near or over.
fn deadline_view(at: Millis, now: Millis) -> AnyView {
    match Tone::of_deadline(at, now) {
        Some(Tone::Bad) => {
            view! { <Badge tone=Tone::Bad text=format!("{} ago", span(at, now)) title=moment(at)/> }.into_any()
        }
        Some(tone) => view! { <Badge tone=tone text=format!("in {}", span(now, at)) title=moment(at)/> }.into_any(),
        None => view! { <span class="dim" title=moment(at)>{format!("in {}", span(now, at))}</span> }.into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_text_says_no_more_than_none() {
        let text = |t: &str| t.to_owned();
        for cell in [
            Cell::None,
            Cell::Text(text(" ")),
            Cell::Mono(text("")),
            Cell::Ref(text("arn:aws:sqs:eu-west-1:111122223333:orders"), text("")),
            Cell::List(vec![]),
            Cell::List(vec![text("")]),
        ] {
            assert!(is_blank(&cell), "{cell:?}");
        }
        for cell in [Cell::Number(0), Cell::Bytes(0), Cell::List(vec![text(""), text("a")]), Cell::Text(text("0"))] {
            assert!(!is_blank(&cell), "{cell:?}");
        }
    }
}

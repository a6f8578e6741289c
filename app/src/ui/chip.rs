//! A filter's chip: what is chosen, and behind it the options, each a link that applies at once.

use leptos::prelude::*;

use super::format::{number, shorten};
use super::{Icon, Menu, icon};

/// From this many options on the panel gets a field to find one.
const MANY: usize = 12;

/// One option of a chip.
pub struct Choice {
    /// As people read it.
    pub words: String,
    /// As the address has it, when that says more.
    pub value: Option<String>,
    /// Whether it is chosen.
    pub on: bool,
    /// Where choosing it leads, or leaving it when it is chosen.
    pub href: String,
    /// How many it leaves, where that is known.
    pub count: Option<i64>,
}

/// The chip; it stays open under its name `keep` when a choice in it draws it anew.
pub fn chip(title: &str, keep: &str, choices: Vec<Choice>) -> AnyView {
    let chosen: Vec<&str> = choices.iter().filter(|c| c.on).map(|c| c.words.as_str()).collect();
    let class = if chosen.is_empty() { "chip" } else { "chip on" };
    let label = if chosen.is_empty() {
        view! { {title.to_owned()}{icon(Icon::Down)} }.into_any()
    } else {
        view! { {format!("{title}: ")}<b>{shorten(&chosen.join(", "), 40)}</b>{icon(Icon::Down)} }.into_any()
    };
    let find = (choices.len() >= MANY).then(|| {
        view! { <input class="find-option" r#type="search" data-find-option="" placeholder="Find" aria-label=format!("Find in {title}")/> }
    });
    let rows = choices.into_iter().map(|Choice { words, value, on, href, count }| {
        let text = format!("{words} {}", value.as_deref().unwrap_or_default()).to_lowercase();
        view! {
            <a class="option" href=href aria-current=on.then_some("true") data-text=text>
                <span class="tick">{on.then(|| icon(Icon::Check))}</span>
                <span class="grow" title=value>{shorten(&words, 44)}</span>
                {count.map(|n| view! { <span class="n">{number(n)}</span> })}
            </a>
        }
    });
    let rows = rows.collect_view();
    view! { <Menu label=label class=class keep=keep>{find}<div class="options">{rows}</div></Menu> }.into_any()
}

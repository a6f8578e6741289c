//! Choices of a wizard: cards of which one is chosen, boxes to tick, and sections that fold away.

use leptos::prelude::*;

/// One of several: its value, what it is called, and what it means.
pub type Choice = (&'static str, &'static str, &'static str);

/// Cards of which one is chosen.
pub fn choices(
    name: &'static str,
    legend: &'static str,
    all: &'static [Choice],
    chosen: Signal<&'static str>,
    choose: impl Fn(&'static str) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let cards = all.iter().map(|&(value, title, words)| {
        let on = move || chosen.get() == value;
        view! {
            <label class:on=on>
                <input r#type="radio" name=name value=value checked=on prop:checked=on on:change=move |_| choose(value)/>
                <span><b>{title}</b><small>{words}</small></span>
            </label>
        }
    });
    view! { <fieldset class="choice"><legend>{legend}</legend>{cards.collect_view()}</fieldset> }
}

/// A box to tick with a line of explanation.
pub fn check(
    id: impl Into<String>,
    title: impl Into<String>,
    words: impl Into<String>,
    on: Signal<bool>,
    set: impl Fn(bool) + Send + Sync + 'static,
) -> AnyView {
    tickbox(id.into(), title.into(), words.into(), on, Callback::new(set))
}

fn tickbox(id: String, title: String, words: String, on: Signal<bool>, set: Callback<bool>) -> AnyView {
    let own = id.clone();
    view! {
        <label class="tickbox" for=own>
            <input
                r#type="checkbox"
                id=id
                checked=move || on.get()
                prop:checked=move || on.get()
                on:change=move |event| set.run(event_target_checked(&event))
            />
            <span><b>{title}</b>{(!words.is_empty()).then(|| view! { <small>{words}</small> })}</span>
        </label>
    }
    .into_any()
}

/// Something optional: folded, it says what holds without it.
#[component]
pub fn Fold(
    /// What it is about.
    title: &'static str,
    /// What is chosen, in a few words.
    now: Signal<String>,
    /// The fields.
    children: Children,
) -> impl IntoView {
    view! {
        <details class="card fold-card">
            <summary><b>{title}</b><span class="now">{move || now.get()}</span></summary>
            <div class="in form">{children()}</div>
        </details>
    }
}

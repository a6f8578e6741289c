//! One rule of a lifecycle policy as a form.

use domain::ecr::lifecycle::form::{Line, exchange};
use leptos::prelude::*;

use crate::ui::{Icon, icon};
use crate::wizard::{Messages, TextField};

/// The field of a path in the policy: messages about a rule stand under it.
pub fn field(path: &str) -> String {
    match path.strip_prefix("rules[").and_then(|rest| rest.split_once(']')) {
        Some((n, _)) => format!("rule.{n}"),
        None => "whole".to_owned(),
    }
}

const WHICH: &[(&str, &str)] = &[
    ("untagged", "images without a tag"),
    ("prefix", "images whose tags begin with"),
    ("pattern", "images whose tags match"),
    ("any", "any image"),
];
const ACTIONS: &[(&str, &str)] = &[("delete", "Delete"), ("archive", "Archive")];
const COUNTS: &[(&str, &str)] = &[
    ("pushed", "older than so many days"),
    ("pulled", "not pulled for so many days"),
    ("count", "beyond the newest so many"),
];

type Lines = RwSignal<Vec<Line>>;

/// All rules with the buttons that order them.
pub fn list(lines: Lines, add: impl Fn() + 'static) -> AnyView {
    let ids = Memo::new(move |_| lines.with(|all| all.iter().map(|l| l.id).collect::<Vec<_>>()));
    view! {
        <ol class="rule-list">
            <For each=move || ids.get() key=|id| *id children=move |id| one(lines, id)/>
        </ol>
        <div><button class="btn small" r#type="button" on:click=move |_| add()>"Add a rule"</button></div>
    }
    .into_any()
}

/// A part of a line that changes by itself; a line that is just being taken away has none any more.
fn part<T: PartialEq + Default + Send + Sync + 'static>(
    lines: Lines,
    id: usize,
    read: impl Fn(&Line) -> T + Send + Sync + 'static,
) -> Memo<T> {
    Memo::new(move |_| lines.with(|all| all.iter().find(|l| l.id == id).map(&read)).unwrap_or_default())
}

fn change(lines: Lines, id: usize, with: impl FnOnce(&mut Line)) {
    lines.update(|all| {
        if let Some(line) = all.iter_mut().find(|l| l.id == id) {
            with(line);
        }
    });
}

fn select(
    id: String,
    label: &'static str,
    options: &'static [(&'static str, &'static str)],
    chosen: Memo<&'static str>,
    choose: impl Fn(String) + 'static,
) -> AnyView {
    let options = options.iter().map(|&(value, words)| {
        let is = move || chosen.get() == value;
        view! { <option value=value selected=is prop:selected=is>{words}</option> }
    });
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <div class="input"><select id=id on:change=move |e| choose(event_target_value(&e))>{options.collect_view()}</select></div>
        </div>
    }
    .into_any()
}

fn one(lines: Lines, id: usize) -> AnyView {
    let place = Memo::new(move |_| lines.with(|all| all.iter().position(|l| l.id == id)).unwrap_or_default());
    let many = Memo::new(move |_| lines.with(Vec::len));
    let which = part(lines, id, Line::which);
    let counting = part(lines, id, Line::counting);
    let doing = part(lines, id, Line::doing);
    let listed = move || matches!(which.get(), "prefix" | "pattern");
    let swap = move |up: bool| {
        lines.update(|all| {
            let Some(n) = all.iter().position(|l| l.id == id) else { return };
            let other = if up { n.checked_sub(1) } else { Some(n + 1).filter(|m| *m < all.len()) };
            if let Some(m) = other {
                exchange(all, n, m);
            }
        });
    };
    let says = part(lines, id, Line::sentence);
    let priority = part(lines, id, Line::priority);
    // Messages stand under the place of the rule in the policy.
    let messages = expect_context::<Messages>();
    let message = Memo::new(move |_| messages.message(&format!("rule.{}", place.get()), false));
    let wrong = move || {
        message.get().map(|words| {
            view! { <div class="field wrong"><div class="err">{icon(Icon::Warning)}<span>{words}</span></div></div> }
        })
    };
    view! {
        <li class="rule-card">
            <header>
                <b>{move || format!("Rule {}", priority.get())}</b>
                <span class="right">
                    <button class="btn quiet only-icon small" r#type="button" title="Earlier" aria-label=move || format!("Rule {} earlier", priority.get()) disabled=move || place.get() == 0 on:click=move |_| swap(true)>"↑"</button>
                    <button class="btn quiet only-icon small" r#type="button" title="Later" aria-label=move || format!("Rule {} later", priority.get()) disabled=move || place.get() + 1 == many.get() on:click=move |_| swap(false)>"↓"</button>
                    <button class="btn quiet only-icon small" r#type="button" title="Remove" aria-label=move || format!("Remove rule {}", priority.get()) on:click=move |_| lines.update(|all| all.retain(|l| l.id != id))>{icon(Icon::Close)}</button>
                </span>
            </header>
            <div class="rule-fields">
                {select(format!("action-{id}"), "Action", ACTIONS, doing, move |v| change(lines, id, |l| l.act(&v)))}
                {select(format!("which-{id}"), "Which", WHICH, which, move |v| change(lines, id, |l| l.choose(&v)))}
                <div hidden=move || !listed()>
                    <TextField
                        label="Tags" name=format!("tags-{id}") placeholder="dev-, pr-" hint="Divided by commas; all of them must fit."
                        value=part(lines, id, |l| l.tags.clone()).into() set=move |v| change(lines, id, |l| l.tags = v)
                    />
                </div>
                {select(format!("count-{id}"), "That are", COUNTS, counting, move |v| change(lines, id, |l| l.count_by(&v)))}
                <TextField
                    label="Number" name=format!("number-{id}") number=true
                    value=part(lines, id, |l| l.number.clone()).into() set=move |v| change(lines, id, |l| l.number = v)
                />
            </div>
            <p class="dim" hidden=move || message.with(Option::is_some)>{move || says.get()}"."</p>
            <div class="said" aria-live="polite">{wrong}</div>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn a_message_stands_under_its_rule() {
        assert_eq!([field("rules[2].selection.countNumber"), field("policy")], ["rule.2", "whole"]);
    }
}

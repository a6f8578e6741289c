//! Connected accounts and regions to choose from, below fields in which several may stand, divided by commas. What is not connected is typed.

use domain::{AccountId, Scope};
use leptos::prelude::*;

use crate::api::Boot;

/// What is chosen, and what people call it.
pub(super) type Offered = Vec<(String, String)>;

/// The accounts that connections lead to, but this one.
pub(super) fn accounts(boot: &Boot, but: Option<&AccountId>) -> Offered {
    let all = boot.instance.accounts.iter().map(|(id, _)| id).filter(|id| Some(*id) != but);
    all.map(|id| (id.to_string(), called(boot, id))).collect()
}

/// The registries of those accounts in the regions that connections lead to, as `444455556666/eu-central-1`, but this one.
pub(super) fn registries(boot: &Boot, own: &Scope) -> Offered {
    let accounts = boot.instance.accounts.iter().map(|(id, _)| id);
    let all = accounts.flat_map(|id| boot.instance.regions.iter().map(move |region| (id, region)));
    let others = all.filter(|(id, region)| (*id, *region) != (&own.account, &own.region));
    others.map(|(id, region)| (format!("{id}/{region}"), format!("{} · {region}", called(boot, id)))).collect()
}

fn called(boot: &Boot, id: &AccountId) -> String {
    let name = boot.account_name(id);
    if name == id.as_str() { name } else { format!("{name} ({id})") }
}

/// What stands in the field with one more behind it, unless it is there already.
fn with(text: &str, more: &str) -> String {
    let there = text.split([',', ' ', '\n', '\t']).any(|piece| piece == more);
    let text = text.trim().trim_end_matches(',').trim_end();
    match (there, text.is_empty()) {
        (true, _) => text.to_owned(),
        (false, true) => more.to_owned(),
        (false, false) => format!("{text}, {more}"),
    }
}

/// The choice below the field, which is heard by this name; nothing where there is none.
pub(super) fn adder(
    name: String,
    words: &'static str,
    offered: Offered,
    text: Signal<String>,
    set: impl Fn(String) + 'static,
) -> Option<AnyView> {
    if offered.is_empty() {
        return None;
    }
    let list = NodeRef::<leptos::html::Select>::new();
    let choose = move |event| {
        let chosen = event_target_value(&event);
        if !chosen.is_empty() {
            set(with(&text.get_untracked(), &chosen));
        }
        // The field says what is chosen; here the next can be.
        if let Some(list) = list.get_untracked() {
            list.set_value("");
        }
    };
    let options = offered.into_iter().map(|(value, words)| view! { <option value=value>{words}</option> });
    let options = options.collect_view();
    Some(
        view! {
            <div class="field">
                <div class="input">
                    <select aria-label=name node_ref=list on:change=choose><option value="">{words}</option>{options}</select>
                </div>
            </div>
        }
        .into_any(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_comes_behind_what_was_typed_once() {
        for (text, expected) in [
            ("", "444455556666"),
            ("777788889999", "777788889999, 444455556666"),
            ("777788889999, ", "777788889999, 444455556666"),
            ("444455556666,777788889999", "444455556666,777788889999"),
        ] {
            assert_eq!(with(text, "444455556666"), expected, "{text}");
        }
    }
}

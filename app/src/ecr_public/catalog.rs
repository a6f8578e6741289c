//! What is ticked of what images run on, in the wizard and on the page alike.

use domain::ecr_public::rules::{ARCHITECTURES, SYSTEMS};
use leptos::prelude::*;

use crate::wizard::{FieldGroup, check};

/// A list that boxes add to and take from; what no box stands for stays in it.
type Change = Callback<(&'static str, bool)>;

fn boxes(all: &'static [(&'static str, &'static str)], chosen: Signal<Vec<String>>, change: Change) -> AnyView {
    let boxes = all.iter().map(|&(id, word)| {
        let on = Signal::derive(move || chosen.with(|all| all.iter().any(|one| one == word)));
        check(id, word, "", on, move |on| change.run((word, on)))
    });
    view! { <div class="ticks">{boxes.collect_view()}</div> }.into_any()
}

/// Puts a word into a list or takes it out.
pub fn put(list: &mut Vec<String>, word: &str, on: bool) {
    list.retain(|one| one != word);
    if on {
        list.push(word.to_owned());
    }
}

const ARCHITECTURE_BOXES: &[(&str, &str)] = &[
    ("architecture-arm", ARCHITECTURES[0]),
    ("architecture-arm64", ARCHITECTURES[1]),
    ("architecture-x86", ARCHITECTURES[2]),
    ("architecture-x86-64", ARCHITECTURES[3]),
];
const SYSTEM_BOXES: &[(&str, &str)] = &[("system-linux", SYSTEMS[0]), ("system-windows", SYSTEMS[1])];

/// The architectures.
pub fn architectures(
    chosen: Signal<Vec<String>>,
    change: impl Fn(&'static str, bool) + Send + Sync + 'static,
) -> AnyView {
    let change = Change::new(move |(word, on)| change(word, on));
    view! {
        <FieldGroup label="Architectures" name="architectures">
            <span class="label">"Architectures"</span>
            {boxes(ARCHITECTURE_BOXES, chosen, change)}
        </FieldGroup>
    }
    .into_any()
}

/// The operating systems.
pub fn systems(chosen: Signal<Vec<String>>, change: impl Fn(&'static str, bool) + Send + Sync + 'static) -> AnyView {
    let change = Change::new(move |(word, on)| change(word, on));
    view! {
        <FieldGroup label="Operating systems" name="operating_systems">
            <span class="label">"Operating systems"</span>
            {boxes(SYSTEM_BOXES, chosen, change)}
        </FieldGroup>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_box_changes_its_own_word_only() {
        let mut list = vec!["riscv".to_owned()];
        super::put(&mut list, "ARM", true);
        super::put(&mut list, "ARM", true);
        assert_eq!(list, ["riscv", "ARM"]);
        super::put(&mut list, "ARM", false);
        assert_eq!(list, ["riscv"]);
    }
}

//! The box in the head of a list that picks all that match, or nothing.

use domain::Kind;
use domain::listing::MAX_LIMIT;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::query::FIRST_ROWS;
use super::selection::Selection;
use super::windows::Windows;
use crate::api;
use crate::ui::format::{counted, number};
use crate::ui::toast;

/// The box: ticked when all that match are picked, of more than [`MAX_LIMIT`] the first, and half so when some are.
#[component]
pub fn SelectAll(
    /// The kind listed.
    kind: Kind,
    /// The rows that match.
    windows: Windows,
    /// What is picked.
    selection: Selection,
) -> impl IntoView {
    let Windows { matched, rows, problem, .. } = windows;
    // Of the rows that are here each is looked at; of the others only how many there are.
    let whole = Memo::new(move |_| {
        let most = matched.get().min(MAX_LIMIT);
        let picked = rows.with(|windows| {
            let rows = windows.iter().flat_map(|(window, rows)| (window * FIRST_ROWS..).zip(rows));
            rows.filter(|(place, _)| *place < most).all(|(_, row)| selection.has(&row.key))
        });
        most > 0 && picked && selection.count() >= most as usize
    });
    let field = NodeRef::<Input>::new();
    // The browser ticks the box before it is known whether anything is picked.
    let answers = RwSignal::new(0_u32);
    Effect::new(move || {
        answers.track();
        let (whole, any) = (whole.get(), selection.any());
        if let Some(field) = field.get() {
            field.set_checked(whole);
            field.set_indeterminate(any && !whole);
        }
    });
    let change = move |_| {
        if whole.get_untracked() {
            selection.clear();
            return;
        }
        let Some(question) = windows.all(MAX_LIMIT) else { return };
        spawn_local(async move {
            match api::list(question).await {
                Ok(page) => {
                    selection.add(&page.rows);
                    if page.matched as usize > page.rows.len() {
                        let all = counted(i64::from(page.matched), kind.singular(), kind.plural());
                        let first = number(page.rows.len() as i64);
                        toast(&format!("The first {first} of {all} are selected: more cannot be at once."));
                    }
                }
                Err(error) => {
                    problem.try_set(Some(error));
                }
            }
            answers.try_update(|n| *n = n.wrapping_add(1));
        });
    };
    let label = move || {
        let all = counted(i64::from(matched.get()), kind.singular(), kind.plural());
        if matched.get() > MAX_LIMIT {
            format!("Select the first {MAX_LIMIT} of {all}")
        } else {
            format!("Select all {all}")
        }
    };
    view! {
        <input class="pick" r#type="checkbox" autocomplete="off" node_ref=field aria-label=label title=label on:change=change/>
    }
}

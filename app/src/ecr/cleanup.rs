//! Finds the images of a repository that nothing needs: untagged ones, and those that newer ones replaced.

use domain::ResourceKey;
use domain::ecr::calls::Subject;
use domain::ecr::inventory::{Held, Inventory};
use domain::plan::{Facts, Subject as Any};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{act, live_state};
use crate::plan::act::Acts;
use crate::plan::api::look_up;
use crate::ui::{Icon, ProblemNote, format, icon};

/// So many of the newest tagged images stay.
const KEEP: usize = 10;

/// The button, and what it found. Nothing is asked before somebody wants to know.
pub fn card(key: &ResourceKey) -> AnyView {
    let found: RwSignal<Option<Result<Facts, domain::Problem>>> = RwSignal::new(None);
    let busy = RwSignal::new(false);
    let key = StoredValue::new(key.clone());
    let subject = move || Subject::Inventory { repository: key.with_value(|k| k.id.clone()) };
    let ask = move |_| {
        busy.set(true);
        spawn_local(async move {
            let answer = look_up(key.with_value(|k| k.scope.clone()), vec![Any::Ecr(subject())]).await;
            busy.try_set(false);
            found.try_set(Some(answer.map_err(|e| e.0)));
        });
    };
    let content = move || match found.get() {
        None => None,
        Some(Err(problem)) => Some(view! { <ProblemNote problem=problem/> }.into_any()),
        Some(Ok(facts)) => {
            let inventory: Inventory = live_state::state(&facts, subject()).unwrap_or_default();
            let untagged = offer("untagged", &inventory.untagged(), key);
            let words = "replaced by the 10 newest";
            let superseded = offer(words, &inventory.superseded(KEEP), key);
            Some(view! { <ul class="offers">{untagged}{superseded}</ul> }.into_any())
        }
    };
    view! {
        <div class="cleanup">
            <button class="btn small" r#type="button" disabled=move || busy.get() on:click=ask>{icon(Icon::Search)}"Find what nothing needs"</button>
            <div aria-live="polite">{content}</div>
        </div>
    }
    .into_any()
}

/// What was found of one sort, with the button that plans its deletion.
fn offer(what: &'static str, held: &[&Held], key: StoredValue<ResourceKey>) -> AnyView {
    let acts = expect_context::<Acts>();
    let count = held.len();
    if count == 0 {
        return view! { <li class="dim">{format!("No image is {what} and without use.")}</li> }.into_any();
    }
    let size: i64 = held.iter().filter_map(|h| h.facts.size).sum();
    let words = format!(
        "{} {what}, used by nothing that Gantry collects: {}",
        format::counted(count as i64, "image", "images"),
        format::bytes(size)
    );
    let digests: Vec<String> =
        held.iter().take(domain::ecr::wizards::images::MOST).map(|h| h.facts.digest.clone()).collect();
    let delete = move |_| acts.ask(key.with_value(|k| act::delete(&k.scope, &k.id, digests.clone())));
    view! { <li>{words}" "<button class="btn small" r#type="button" on:click=delete>"Delete …"</button></li> }
        .into_any()
}

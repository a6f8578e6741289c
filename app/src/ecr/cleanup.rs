//! What a repository stores: how much, what it costs, what of it is in use, and what nothing needs.

use domain::ecr::inventory::{Held, Inventory};
use domain::ecr::known::some;
use domain::ecr::storage;
use domain::ecr::subject::Subject;
use domain::resource::Tone;
use domain::{Problem, ResourceKey};
use leptos::prelude::*;

use super::act;
use crate::live_state;
use crate::plan::acts::Acts;
use crate::ui::{Note, ProblemNote, format};
use crate::wizard::why_not;

/// So many of the newest tagged images stay, of an index all that it leads to.
const KEEP: usize = 10;

/// The card. Reads what was collected: no call to AWS.
pub fn card(key: &ResourceKey) -> AnyView {
    let subject = Subject::Inventory { repository: key.id.clone() };
    let own = subject.clone();
    let key = key.clone();
    live_state::read(key.scope.clone(), vec![subject], move |facts, _| {
        match live_state::state::<Inventory>(facts, own.clone()) {
            Some(inventory) => stored(&inventory, &key),
            None => {
                view! { <ProblemNote problem=Problem::not_found("The images of this repository cannot be told.")/> }
                    .into_any()
            }
        }
    })
}

fn stored(inventory: &Inventory, key: &ResourceKey) -> AnyView {
    let count = inventory.images.len();
    if count == 0 {
        return ().into_any();
    }
    let bytes: i64 = inventory.images.iter().filter_map(|i| i.facts.size).sum();
    let used = inventory.in_use().len();
    let words = format!(
        "{}, {} stored: at most {} a month, for AWS bills shared layers once. {used} in use.",
        format::counted(count as i64, "image", "images"),
        format::bytes(bytes),
        format::dollars(storage::monthly(bytes)),
    );
    let unknown = inventory.unknown();
    if !unknown.is_empty() {
        return view! { <section class="stored" aria-label="Stored"><p>{words}</p>{doubt(&unknown)}</section> }
            .into_any();
    }
    let offers =
        [("untagged", inventory.untagged()), ("older than the 10 newest releases", inventory.superseded(KEEP))];
    let offers = offers.into_iter().filter_map(|(what, held)| offer(what, &held, key)).collect_view();
    view! { <section class="stored" aria-label="Stored"><p>{words}</p><ul class="offers">{offers}</ul></section> }
        .into_any()
}

/// Why nothing is offered: what no list names as used may be used by what the lists do not have.
fn doubt(unknown: &[String]) -> AnyView {
    let words =
        format!("Nothing is offered for deletion, for it is not known what else uses images: {}.", some(unknown));
    view! { <Note tone=Tone::Warn>{words}</Note> }.into_any()
}

/// What was found of one sort, with the button that plans its deletion.
fn offer(what: &'static str, held: &[&Held], key: &ResourceKey) -> Option<AnyView> {
    if held.is_empty() {
        return None;
    }
    let size: i64 = held.iter().filter_map(|h| h.facts.size).sum();
    let words = format!(
        "{} {what} and used by nothing that Gantry collects: {}",
        format::counted(held.len() as i64, "image", "images"),
        format::bytes(size)
    );
    let most = domain::ecr::wizards::images::MOST;
    let label = match held.len() > most {
        true => format!("Delete the first {}…", format::number(most as i64)),
        false => "Delete them…".to_owned(),
    };
    let digests: Vec<String> = held.iter().take(most).map(|h| h.facts.digest.clone()).collect();
    let (acts, key) = (expect_context::<Acts>(), key.clone());
    let delete = move |_| acts.ask(act::delete(&key.scope, &key.id, digests.clone()));
    let may = why_not(&expect_context::<crate::api::Boot>()).is_none();
    let button = may.then(|| view! { " "<button class="btn small" r#type="button" on:click=delete>{label}</button> });
    Some(view! { <li>{words}{button}</li> }.into_any())
}

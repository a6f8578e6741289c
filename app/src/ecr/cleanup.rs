//! What a repository stores: how much, what it costs, what of it is in use, and what nothing needs.

use domain::ecr::inventory::{Held, Inventory};
use domain::ecr::known::some;
use domain::ecr::storage;
use domain::ecr::subject::Subject;
use domain::resource::Tone;
use domain::stream::ToPage;
use domain::{Kind, Problem, ResourceKey, plan};
use leptos::prelude::*;
use std::time::Duration;

use super::act;
use crate::overview::SELDOM;
use crate::plan::acts::Acts;
use crate::ui::{Age, Note, ProblemNote, format};
use crate::wizard::why_not;
use crate::{live, live_state};

/// So many of the newest tagged images stay, of an index all that it leads to.
const KEEP: usize = 10;

/// How long changes of images are gathered before they are counted again.
const GATHER: Duration = Duration::from_secs(1);

/// The card. Reads what was collected, without a call to AWS, and again when an image of the repository changed.
pub fn card(key: &ResourceKey) -> AnyView {
    let subject = Subject::Inventory { repository: key.id.clone() };
    let own = subject.clone();
    let key = key.clone();
    let repository = key.clone();
    let changes = live::count(GATHER, move |message| concerns(message, &repository));
    // The age of the list, and whether it can be relied on, may be others without any change.
    let collects =
        live::count(SELDOM, |message| matches!(message, ToPage::Freshness { kinds } if kinds.contains(&Kind::Image)));
    live_state::read_following(
        key.scope.clone(),
        vec![plan::Subject::Ecr(subject)],
        move || vec![changes.get().into(), collects.get().into()],
        move |facts, _| match live_state::state::<Inventory>(facts, own.clone()) {
            Some(inventory) => stored(&inventory, &key),
            None => {
                view! { <ProblemNote problem=Problem::not_found("The images of this repository cannot be told.")/> }
                    .into_any()
            }
        },
    )
}

/// Whether it is about an image of this repository.
fn concerns(message: &ToPage, repository: &ResourceKey) -> bool {
    let ToPage::Changed { keys, kinds, .. } = message else { return false };
    let own = |key: &ResourceKey| {
        let of = key.id.split_once('@').map(|(name, _)| name);
        key.kind == Kind::Image && key.scope == repository.scope && of == Some(repository.id.as_str())
    };
    // Too many to name are told by their kinds.
    if keys.is_empty() { kinds.contains(&Kind::Image) } else { keys.iter().any(own) }
}

fn stored(inventory: &Inventory, key: &ResourceKey) -> AnyView {
    let count = inventory.images.len();
    if count == 0 {
        return ().into_any();
    }
    let used = inventory.in_use().len();
    let of = format::counted(count as i64, "image", "images");
    let cost = |bytes: i64| format::dollars(storage::monthly(bytes));
    let words = match inventory.stored() {
        Some(bytes) => format!("{of}, {} stored: {} a month. {used} in use.", format::bytes(bytes), cost(bytes)),
        None => {
            let bytes: i64 = inventory.images.iter().filter_map(|i| i.facts.size).sum();
            format!(
                "{of}, {} stored: at most {} a month, for AWS bills shared layers once. {used} in use.",
                format::bytes(bytes),
                cost(bytes)
            )
        }
    };
    let now = inventory.now;
    let listed = inventory.listed().map(|at| view! { " Listed "<Age at=at now=now after=" ago"/>"." });
    let words = view! { <p>{words}{listed}</p> };
    let unknown = inventory.unknown();
    if !unknown.is_empty() {
        return view! { <section class="stored" aria-label="Stored">{words}{doubt(&unknown)}</section> }.into_any();
    }
    let offers =
        [("untagged", inventory.untagged()), ("older than the 10 newest releases", inventory.superseded(KEEP))];
    let offers = offers.into_iter().filter_map(|(what, held)| offer(what, &held, key)).collect_view();
    view! { <section class="stored" aria-label="Stored">{words}<ul class="offers">{offers}</ul></section> }.into_any()
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

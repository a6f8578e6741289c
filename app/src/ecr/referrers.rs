//! What refers to an image: its signatures, bills of materials, attestations.

use domain::ecr::referrers::{Referrer, Referrers};
use domain::ecr::subject::Subject;
use domain::{Kind, ResourceKey, Scope};
use leptos::prelude::*;

use crate::live_state;
use crate::paths;
use crate::resource::Shown;
use crate::sections::{card, exact, here, key_of, nothing, table_card, text, word};
use crate::ui::format;

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let Some((repository, digest)) = key.id.split_once('@') else { return ().into_any() };
    let (repository, digest) = (repository.to_owned(), digest.to_owned());
    let subject = Subject::Referrers { repository: repository.clone(), digest };
    let own = subject.clone();
    let scope = key.scope.clone();
    live_state::read(scope.clone(), vec![subject], move |facts, _| {
        match live_state::state::<Referrers>(facts, own.clone()) {
            Some(Referrers::Told { referrers, more }) => table(referrers, more, &scope, &repository),
            Some(Referrers::Unsupported) => {
                card("Referrers", nothing("Not supported by this endpoint: it cannot say what refers to an image."))
            }
            None => card("Referrers", nothing("AWS has no such repository any more.")),
        }
    })
}

fn table(referrers: Vec<Referrer>, more: bool, scope: &Scope, repository: &str) -> AnyView {
    let more = more.then(|| {
        let words = format!("These are the first {}. AWS has more, which Gantry does not read.", referrers.len());
        view! { <p class="faint">{words}</p> }
    });
    let rows = referrers.into_iter().map(|referrer| {
        let kind = referrer.kind().map(str::to_owned).or_else(|| referrer.artifact_type.clone());
        let key = ResourceKey::new(Kind::Image, scope.clone(), format!("{repository}@{}", referrer.digest)).ok();
        let shown = format::shorten(&referrer.digest, 28);
        let link = match key {
            Some(key) => {
                view! { <a class="ref mono" href=here(&paths::detail(&key)) title=referrer.digest.clone()>{shown}</a> }
                    .into_any()
            }
            None => exact(Some(referrer.digest.clone())),
        };
        let notes = referrer.annotations.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>();
        vec![
            view! { <span title=referrer.artifact_type.clone()>{text(kind)}</span> }.into_any(),
            link,
            text(Some(format::bytes(referrer.size))),
            word(referrer.artifact_status),
            view! { <span class="cut" title=notes.join("\n")>{notes.first().cloned()}</span> }.into_any(),
        ]
    });
    let heads = [("What", false), ("Artifact", false), ("Size", true), ("State", false), ("Annotations", false)];
    let empty = "Nothing does: no signature, no bill of materials, no attestation names it as its subject.";
    let table = table_card("What refers to this image", &heads, rows.collect(), empty);
    view! { {table}{more} }.into_any()
}

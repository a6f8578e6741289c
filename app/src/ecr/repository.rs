//! A repository: its images and its settings.

use domain::Kind;
use domain::ecr::Repository;
use domain::listing::Detail;
use leptos::prelude::*;

use crate::resource::{ResourceList, Shown};
use crate::sections::{age, connected, exact, key_of, live, pair_card, several, stack, text, word};
use crate::{paths, ui};

/// Its images, with the filters and order of a list. Of one that is gone nothing more is offered.
pub fn images(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let base = paths::tab(&key, "overview");
    let uri = shown.with_untracked(|d| d.doc.get("repositoryUri").and_then(|u| u.as_str()).map(str::to_owned));
    let gone = Memo::new(move |_| shown.with(|d| d.row.gone.is_some()));
    let own = key.clone();
    let offers = move || {
        let uri = uri.clone().map(|uri| view! { <p>"Pull and push with "<ui::Copy text=uri max=90/></p> });
        (!gone.get()).then(|| view! { {uri}{super::put_image::card(&own)} })
    };
    let empty = Signal::derive(move || {
        let words = if gone.get() {
            "It is gone, and with it what images it had."
        } else {
            "Nothing has been pushed to this repository yet."
        };
        words.to_owned()
    });
    view! {
        {offers}
        {super::cleanup::card(&key)}
        {super::pods::note(&key.scope.account)}
        <div class="listed">
            <ResourceList kind=Kind::Image parent=Some(key) base=base empty=empty/>
        </div>
    }
    .into_any()
}

/// How it is set up, and the form that changes it.
pub fn settings(shown: Shown) -> AnyView {
    stack(vec![live::<Repository>(shown, set_up), super::settings::card(shown)])
}

fn set_up(repository: Repository, detail: Detail) -> AnyView {
    let encryption = repository.encryption_configuration.clone().unwrap_or_default();
    let scan = repository.image_scanning_configuration.as_ref().and_then(|s| s.scan_on_push);
    let filters = repository.image_tag_mutability_exclusion_filters.iter();
    let filters = filters.map(|f| text(Some(format!("{} {}", f.filter_type.to_lowercase(), f.filter))));
    pair_card(
        "Settings",
        vec![
            ("URI", exact(repository.repository_uri.clone())),
            ("Registry", exact(repository.registry_id.clone())),
            ("Tag mutability", word(repository.image_tag_mutability.clone())),
            ("Except", several(filters.collect())),
            ("Scan", text(scan.map(|on| if on { "On push" } else { "Manual" }))),
            ("Encryption", word(encryption.encryption_type)),
            ("KMS key", connected(&detail, None, encryption.kms_key.as_deref())),
            ("Created", age(repository.created_at.map(|t| t.0), detail.now)),
        ],
    )
}

//! An image: where it runs, what it is, what it is made of.

use domain::ecr::artifact::Artifact;
use domain::ecr::{ChildManifest, Image};
use domain::listing::{Connection, Detail};
use domain::resource::{Relation, Tone};
use domain::{Kind, Millis, ResourceKey};
use leptos::prelude::*;

use crate::paths;
use crate::resource::{Shown, generic};
use crate::sections::{
    age, card, connections, exact, here, live, live_further, note, pair_card, stack, table_card, text, untold, word,
    words,
};
use crate::ui::{Fact, Note, Skeleton, format};
use crate::wire::ask;

/// At most so many parts of an index are shown.
const PARTS: usize = 24;

/// The overview. The forms in it stand by themselves: somebody may be typing while the rest is drawn anew.
pub fn overview(shown: Shown) -> AnyView {
    stack(vec![live::<Image>(shown, about_it), super::use_image::card(shown), live_further::<Image>(shown, platforms)])
}

fn about_it(image: Image, detail: Detail) -> AnyView {
    let mut cards = vec![];
    let artifact = image.artifact();
    let index = index_of(&detail);
    match &artifact {
        Some(artifact) => cards.push(about(artifact, index.or_else(|| subject_of(artifact, &detail)))),
        None => {
            if let Some(index) = index {
                cards.push(named(
                    "The image of one platform",
                    view! { "Of the index " {index} ". It is kept as long as the index is." }.into_any(),
                ));
            } else if image.image_tags.is_empty() {
                cards.push(note(
                    Tone::Quiet,
                    "No tag points here",
                    "It can still be pulled by its digest; lifecycle rules for untagged images apply to it.",
                ));
            }
            cards.push(where_it_runs(&detail));
        }
    }
    cards.push(facts(&image, &detail));
    stack(cards)
}

fn platforms(image: Image, detail: Detail) -> AnyView {
    if manifests(&image).is_empty() { ().into_any() } else { parts(&image, &detail) }
}

/// Above the tabs. Who uses it is told below; an artifact runs nowhere, on no platform; of an image there is no need to say that it is one.
pub fn key_facts(detail: &Detail) -> Vec<Fact> {
    let Ok(image) = serde_json::from_value::<Image>(detail.doc.clone()) else { return generic::facts(detail) };
    let without: &[&str] = match (image.artifact(), manifests(&image).is_empty()) {
        (Some(_), _) => &["platforms", Image::USE, Image::USERS],
        (None, true) => &["what", Image::USERS],
        (None, false) => &[Image::USERS],
    };
    generic::facts_without(detail, without)
}

/// What it is, and of what, where it is no image.
fn about(artifact: &Artifact, of: Option<AnyView>) -> AnyView {
    let of = of.map(|of| view! { "It says something of " {of} ". " });
    named(
        artifact.what,
        view! { {of}"Nobody runs it: it is no image, and is not counted among those to clean up." }.into_any(),
    )
}

fn named(what: &'static str, words: AnyView) -> AnyView {
    view! { <Note tone=Tone::Quiet><b>{what}</b><p>{words}</p></Note> }.into_any()
}

/// The index that leads to it.
fn index_of(detail: &Detail) -> Option<AnyView> {
    let leads = |c: &&Connection| {
        !c.outgoing && c.relation == Relation::Uses && c.key.as_ref().is_some_and(|key| key.kind == Kind::Image)
    };
    detail.connected.iter().find(leads).and_then(|c| c.key.as_ref()).map(link)
}

/// The image that an artifact is about; only its digest, where it is not collected.
fn subject_of(artifact: &Artifact, detail: &Detail) -> Option<AnyView> {
    let digest = artifact.subject.as_ref()?;
    let mut keys = detail.connected.iter().filter_map(|c| c.key.as_ref());
    match keys.find(|key| key.kind == Kind::Image && key.id.ends_with(digest.as_str())) {
        Some(key) => Some(link(key)),
        None => Some(exact(Some(digest.clone()))),
    }
}

fn link(key: &ResourceKey) -> AnyView {
    view! { <a class="ref mono" href=here(&paths::detail(key)) title=key.id.clone()>{format::shorten(&key.id, 48)}</a> }
        .into_any()
}

/// Whatever points to it as its image.
fn where_it_runs(detail: &Detail) -> AnyView {
    let runs = |c: &&Connection| !c.outgoing && c.relation == Relation::Image;
    card(
        "Where it runs",
        view! {
            {connections(detail.connected.iter().filter(runs), "Nothing that Gantry collects runs this digest.")}
            {untold(detail, Relation::Image)}
            <div class="in-note">{super::pods::note(&detail.row.key.scope.account)}</div>
        },
    )
}

fn facts(image: &Image, detail: &Detail) -> AnyView {
    let scan = image.image_scan_status.clone().unwrap_or_default();
    let index = !manifests(image).is_empty();
    let size = image.image_size_in_bytes.map(format::bytes);
    let size = size.or_else(|| index.then(|| "An index has none; the image of each platform has its own".to_owned()));
    pair_card(
        "Image",
        vec![
            ("Address by digest", exact(Some(image.uri(&detail.row.key.scope)))),
            ("Digest", exact(Some(image.image_digest.clone()))),
            ("Tags", words(&image.image_tags)),
            ("Platforms", words(image.platforms.as_deref().unwrap_or_default())),
            ("Size (compressed)", text(size)),
            ("Manifest type", text(image.image_manifest_media_type.clone())),
            ("Artifact type", text(image.artifact_media_type.clone())),
            ("Pushed", age(image.image_pushed_at.map(|t| t.0), detail.now)),
            ("Last pulled", age(image.last_recorded_pull_time.map(|t| t.0), detail.now)),
            ("Scan", word(scan.status)),
            ("Scan says", text(scan.description)),
            ("Findings", text(image.findings_text())),
        ],
    )
}

/// The images of a multi-architecture index, each with its own size, which the index does not say.
fn parts(image: &Image, detail: &Detail) -> AnyView {
    let children: Vec<(ChildManifest, Option<ResourceKey>)> =
        image.parts().into_iter().take(PARTS).map(|m| (m.clone(), key_of_child(m, detail))).collect();
    let rest = image.parts().len().saturating_sub(PARTS);
    let rest = move || {
        (rest > 0).then(|| view! { <p class="faint">{format!("And {rest} more: its manifest lists them all.")}</p> })
    };
    let keys: Vec<Option<ResourceKey>> = children.iter().map(|(_, key)| key.clone()).collect();
    let images = ask(move || keys.clone(), documents);
    let now = detail.now;
    view! {
        <Transition fallback=|| view! { <Skeleton/> }>
            {move || {
                let children = children.clone();
                Suspend::new(async move { part_table(children, images.await, now) })
            }}
        </Transition>
        {rest()}
    }
    .into_any()
}

/// The images an index leads to.
pub(super) fn manifests(image: &Image) -> &[ChildManifest] {
    image.manifests.as_deref().unwrap_or_default()
}

/// Where a part of an index is, if it is collected.
fn key_of_child(manifest: &ChildManifest, detail: &Detail) -> Option<ResourceKey> {
    let keys = detail.connected.iter().filter_map(|c| c.key.as_ref());
    keys.into_iter().find(|key| key.kind == Kind::Image && key.id.ends_with(&manifest.digest)).cloned()
}

/// The documents of images, as far as they are collected.
async fn documents(keys: Vec<Option<ResourceKey>>) -> Vec<Option<Image>> {
    let mut images = vec![];
    for key in keys {
        let detail = match key {
            Some(key) => crate::api::get(key).await.ok(),
            None => None,
        };
        images.push(detail.and_then(|d| serde_json::from_value(d.doc).ok()));
    }
    images
}

fn part_table(children: Vec<(ChildManifest, Option<ResourceKey>)>, images: Vec<Option<Image>>, now: Millis) -> AnyView {
    let unknown = images.iter().any(Option::is_none);
    let rows = children.into_iter().zip(images).map(|((manifest, key), image)| {
        let digest = format::shorten(&manifest.digest, 28);
        let image = image.unwrap_or_default();
        vec![
            text(Some(platform(&manifest))),
            match key {
                Some(key) => {
                    view! { <a class="ref mono" href=here(&paths::detail(&key)) title=manifest.digest.clone()>{digest}</a> }
                        .into_any()
                }
                None => exact(Some(manifest.digest)),
            },
            text(image.image_size_in_bytes.map(format::bytes)),
            age(image.last_recorded_pull_time.map(|t| t.0), now),
        ]
    });
    let heads = [("Platform", false), ("Image", false), ("Size (compressed)", true), ("Last pulled", false)];
    let table = table_card("One image per platform", &heads, rows.collect(), "");
    let missing = "An image without a size is not collected: another registry, deleted, or not listed yet.";
    view! { {table}{unknown.then(|| view! { <p class="faint">{missing}</p> })} }.into_any()
}

/// What a part of an index runs on.
fn platform(manifest: &ChildManifest) -> String {
    let platform = manifest.platform.clone().filter(|p| !p.starts_with("unknown"));
    platform.unwrap_or_else(|| "unknown: an attestation".to_owned())
}

/// Links to a tab of each part's page: what an index itself has not got.
pub(super) fn parts_list(title: &'static str, tab: &str, image: &Image, detail: &Detail) -> AnyView {
    let rows = image.parts().into_iter().map(|manifest| match key_of_child(manifest, detail) {
        Some(key) => view! { <a class="row" href=here(&paths::tab(&key, tab))><span class="grow">{platform(manifest)}</span></a> }.into_any(),
        None => view! { <div class="row"><span class="grow">{platform(manifest)}</span><span class="faint">"not collected"</span></div> }.into_any(),
    });
    card(title, view! { <div class="list">{rows.collect_view()}</div> })
}

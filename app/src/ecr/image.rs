//! An image: where it runs, what is in it.

use domain::ecr::Image;
use domain::listing::{Connection, Detail};
use domain::resource::{Relation, Tone};
use leptos::prelude::*;

use crate::sections::{
    age, card, connections, exact, note, pair_card, reference, stack, table_card, text, word, words,
};
use crate::ui::format;

/// The overview.
pub fn view(image: Image, detail: Detail) -> AnyView {
    let mut cards = vec![];
    if image.image_tags.is_empty() && image.subject_manifest_digest.is_none() {
        cards.push(note(
            Tone::Quiet,
            "No tag points here",
            "It can still be pulled by its digest; lifecycle rules for untagged images apply to it.",
        ));
    }
    cards.push(where_it_runs(&detail));
    cards.push(facts(&image, &detail));
    if image.manifests.as_ref().is_some_and(|m| !m.is_empty()) {
        cards.push(parts(&image, &detail));
    }
    stack(cards)
}

/// Whatever points to it as its image.
fn where_it_runs(detail: &Detail) -> AnyView {
    let runs = |c: &&Connection| !c.outgoing && c.relation == Relation::Image;
    card(
        "Where it runs",
        connections(detail.connected.iter().filter(runs), "Nothing that Gantry collects runs this digest."),
    )
}

fn facts(image: &Image, detail: &Detail) -> AnyView {
    let scan = image.image_scan_status.clone().unwrap_or_default();
    let counts = image.image_scan_findings_summary.as_ref().map(|s| &s.finding_severity_counts);
    let findings = counts.map(|c| match c.is_empty() {
        true => "none".to_owned(),
        false => {
            c.iter().map(|(severity, n)| format!("{n} {}", severity.to_lowercase())).collect::<Vec<_>>().join(", ")
        }
    });
    pair_card(
        "Image",
        vec![
            ("Address by digest", exact(Some(image.uri(&detail.row.key.scope)))),
            ("Digest", exact(Some(image.image_digest.clone()))),
            ("Tags", words(&image.image_tags)),
            ("Platforms", words(image.platforms.as_deref().unwrap_or_default())),
            ("Size (compressed)", text(image.image_size_in_bytes.map(format::bytes))),
            ("Manifest type", text(image.image_manifest_media_type.clone())),
            ("Artifact type", text(image.artifact_media_type.clone())),
            ("Pushed", age(image.image_pushed_at.map(|t| t.0), detail.now)),
            ("Last pulled", age(image.last_recorded_pull_time.map(|t| t.0), detail.now)),
            ("Scan", word(scan.status)),
            ("Scan says", text(scan.description)),
            ("Findings", text(findings)),
        ],
    )
}

/// The images of a multi-architecture index.
fn parts(image: &Image, detail: &Detail) -> AnyView {
    let uri = image.uri(&detail.row.key.scope);
    let repository = uri.split('@').next().unwrap_or_default();
    let rows = image.manifests.iter().flatten().map(|m| {
        vec![
            text(m.platform.clone().or_else(|| Some("attestation".to_owned()))),
            reference(&format!("{repository}@{}", m.digest), &format::shorten(&m.digest, 28)),
            text(m.media_type.clone()),
            text(m.size.map(format::bytes)),
        ]
    });
    let heads = [("Platform", false), ("Digest", false), ("Media type", false), ("Manifest size", true)];
    table_card("One image per platform", &heads, rows.collect(), "")
}

/// Its layers, lowest first.
pub fn layers(image: Image, _detail: Detail) -> AnyView {
    let all = image.layers.unwrap_or_default();
    let total: i64 = all.iter().filter_map(|l| l.size).sum();
    let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let rows = all.into_iter().enumerate().map(|(i, layer)| {
        vec![
            text(Some((i + 1).to_string())),
            exact(Some(layer.digest)),
            text(layer.media_type),
            text(layer.size.map(format::bytes)),
        ]
    });
    let heads = [("#", false), ("Digest", false), ("Media type", false), ("Size", true)];
    let title = match count {
        0 => "Layers".to_owned(),
        n => format!("{}, {}", format::counted(n, "layer", "layers"), format::bytes(total)),
    };
    let none = "An index has no layers of its own: its images have. Or the manifest has not been read yet.";
    table_card(title, &heads, rows.collect(), none)
}

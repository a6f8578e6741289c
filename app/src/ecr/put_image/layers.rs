//! The layers of an upload: what happens to each, how far it is.

use domain::ecr::inventory::short;
use domain::ecr::upload::{LayerState, UploadLayer};
use leptos::prelude::*;

use crate::ui::format;

fn size(bytes: u64) -> String {
    format::bytes(i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// How far a layer is, in words; it has the whole speed while it moves.
fn far(layer: &UploadLayer, speed: u64) -> String {
    match layer.state {
        LayerState::Moving => {
            let far = format!("{} of {}", size(layer.done), size(layer.size));
            match layer.left(speed) {
                Some(left) if left > 0 => format!("{far}, {} left", format::duration(left as i64)),
                _ => far,
            }
        }
        LayerState::Existed => format!("{}, there already", size(layer.size)),
        LayerState::Done => format!("{}, sent", size(layer.size)),
        LayerState::Failed => "given up".to_owned(),
    }
}

/// What people know it by: its digest, or as long as it has none its name in the archive.
fn name(layer: &UploadLayer) -> String {
    match &layer.digest {
        Some(digest) => short(digest).to_owned(),
        None => layer.name.strip_prefix("blobs/sha256/").map_or(layer.name.as_str(), short).to_owned(),
    }
}

/// The list.
pub(super) fn list(layers: &[UploadLayer], speed: u64) -> AnyView {
    let line = |layer: &UploadLayer| {
        let shown = name(layer);
        let bar = matches!(layer.state, LayerState::Moving).then(|| {
            let label = format!("Layer {shown}");
            view! { <progress max=layer.size.max(1).to_string() value=layer.done.to_string() aria-label=label></progress> }
        });
        view! { <li><code title=layer.name.clone()>{shown.clone()}</code>{bar}<span class="num">{far(layer, speed)}</span></li> }
    };
    view! { <ul class="layers" aria-label="Layers" tabindex="0">{layers.iter().map(line).collect_view()}</ul> }
        .into_any()
}

/// The same, once nothing moves any more.
pub(super) fn folded(layers: &[UploadLayer]) -> AnyView {
    let there = layers.iter().filter(|layer| layer.state == LayerState::Existed).count();
    let words = format!(
        "{}, {there} of them there already",
        format::counted(layers.len() as i64, "layer and document", "layers and documents")
    );
    view! { <details class="fold"><summary>{words}</summary>{list(layers, 0)}</details> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_says_how_far_it_is() {
        let layer = |state| UploadLayer { name: "a/layer.tar".into(), digest: None, size: 4096, done: 1024, state };
        assert_eq!(far(&layer(LayerState::Moving), 1024), "1 KiB of 4 KiB, 3 s left");
        assert_eq!(far(&layer(LayerState::Moving), 0), "1 KiB of 4 KiB");
        assert_eq!(far(&layer(LayerState::Existed), 9), "4 KiB, there already");
        assert_eq!(name(&layer(LayerState::Done)), "a/layer.tar");
        let blob = UploadLayer { name: format!("blobs/sha256/{}", "ab".repeat(32)), ..layer(LayerState::Done) };
        assert_eq!(name(&blob), "abababababab");
    }
}

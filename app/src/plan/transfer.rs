//! How far an image on its way is: all of it, and layer by layer what happens to each. Of an upload, and of the step of a run that carries one.

use domain::ecr::inventory::short;
use domain::plan::transfer::{LayerProgress, LayerState, Transfer};
use leptos::prelude::*;

use crate::ui::format;

fn size(bytes: u64) -> String {
    format::bytes(i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// So many bytes of so many, at so many a second, with so many seconds left; what nobody knows is not said.
pub fn far(done: u64, of: Option<u64>, speed: Option<u64>, left: Option<u64>) -> String {
    let mut far = size(done);
    if let Some(of) = of {
        far = format!("{far} of {}", size(of));
    }
    if let Some(speed) = speed {
        far = format!("{far}, {}/s", size(speed));
    }
    match left {
        Some(left) if left > 0 => format!("{far}, {} left", format::duration(i64::try_from(left).unwrap_or(i64::MAX))),
        _ => far,
    }
}

/// The same of an image that a step carries.
pub fn words(transfer: &Transfer) -> String {
    far(transfer.done, Some(transfer.size), transfer.speed, transfer.left())
}

/// How far a layer is, in words; `speed` is what it has of it while it moves, in bytes a second, or 0 where nobody knows.
fn layer_far(layer: &LayerProgress, speed: u64) -> String {
    match layer.state {
        LayerState::Waiting => format!("{}, waiting", size(layer.size)),
        LayerState::Moving => far(layer.done, Some(layer.size), None, layer.left(speed)),
        LayerState::Existed => format!("{}, there already", size(layer.size)),
        LayerState::Done => format!("{}, sent", size(layer.size)),
        LayerState::Failed => "given up".to_owned(),
    }
}

/// What people know it by: its digest, or as long as it has none its name in the archive.
fn name(layer: &LayerProgress) -> String {
    match &layer.digest {
        Some(digest) => short(digest).to_owned(),
        None => layer.name.strip_prefix("blobs/sha256/").map_or(layer.name.as_str(), short).to_owned(),
    }
}

/// The whole name, for who points at it.
fn whole(layer: &LayerProgress) -> String {
    if layer.name.is_empty() { layer.digest.clone().unwrap_or_default() } else { layer.name.clone() }
}

/// The layers. `speed` is that of each while it moves, in bytes a second: where they come one after the other, the whole; else 0.
pub fn list(layers: &[LayerProgress], speed: u64) -> AnyView {
    let line = |layer: &LayerProgress| {
        let shown = name(layer);
        let bar = matches!(layer.state, LayerState::Moving).then(|| {
            let label = format!("Layer {shown}");
            view! { <progress max=layer.size.max(1).to_string() value=layer.done.to_string() aria-label=label></progress> }
        });
        view! { <li><code title=whole(layer)>{shown.clone()}</code>{bar}<span class="num">{layer_far(layer, speed)}</span></li> }
    };
    view! { <ul class="layers" aria-label="Layers" tabindex="0">{layers.iter().map(line).collect_view()}</ul> }
        .into_any()
}

/// The same, once nothing moves any more.
pub fn folded(layers: &[LayerProgress]) -> AnyView {
    let there = layers.iter().filter(|layer| layer.state == LayerState::Existed).count();
    let words = format!(
        "{}, {there} of them there already",
        format::counted(layers.len() as i64, "layer and document", "layers and documents")
    );
    view! { <details class="fold"><summary>{words}</summary>{list(layers, 0)}</details> }.into_any()
}

/// All that is known of an image that a step carries. Several of its layers move at once: how long one of them takes is not known.
pub fn carried(transfer: &Transfer) -> AnyView {
    let more = (transfer.more > 0).then(|| {
        let words = format!("{} not listed.", format::counted(i64::from(transfer.more), "layer is", "layers are"));
        view! { <p class="dim">{words}</p> }
    });
    view! {
        <div class="carried">
            <div class="far">
                <progress max=transfer.size.max(1).to_string() value=transfer.done.to_string() aria-label="Copied"></progress>
                <span class="num">{words(transfer)}</span>
            </div>
            {list(&transfer.layers, 0)}
            {more}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(state: LayerState) -> LayerProgress {
        LayerProgress { name: "a/layer.tar".into(), digest: None, size: 4096, done: 1024, state }
    }

    #[test]
    fn a_layer_says_how_far_it_is() {
        assert_eq!(layer_far(&layer(LayerState::Waiting), 1024), "4 KiB, waiting");
        assert_eq!(layer_far(&layer(LayerState::Moving), 1024), "1 KiB of 4 KiB, 3 s left");
        assert_eq!(layer_far(&layer(LayerState::Moving), 0), "1 KiB of 4 KiB");
        assert_eq!(layer_far(&layer(LayerState::Existed), 9), "4 KiB, there already");
        assert_eq!(name(&layer(LayerState::Done)), "a/layer.tar");
        let blob = LayerProgress { name: format!("blobs/sha256/{}", "ab".repeat(32)), ..layer(LayerState::Done) };
        assert_eq!(name(&blob), "abababababab");
        let digest = Some(format!("sha256:{}", "cd".repeat(32)));
        let copied = LayerProgress { name: String::new(), digest: digest.clone(), ..blob };
        assert_eq!((name(&copied).as_str(), Some(whole(&copied))), ("cdcdcdcdcdcd", digest));
    }

    #[test]
    fn an_image_on_its_way_says_how_fast_and_how_long_as_far_as_it_is_known() {
        let layers = || vec![layer(LayerState::Moving), layer(LayerState::Moving)];
        assert_eq!(words(&Transfer::of(layers(), Some(512))), "2 KiB of 8 KiB, 512 B/s, 12 s left");
        assert_eq!(words(&Transfer::of(layers(), None)), "2 KiB of 8 KiB");
        assert_eq!(far(10, None, None, None), "10 B");
        assert_eq!(far(10, Some(10), Some(5), Some(0)), "10 B of 10 B, 5 B/s");
    }
}

//! The layers of an image, each with the command that made it; the manifest that names them.

use domain::ecr::configuration::Configuration;
use domain::ecr::subject::Subject;
use domain::ecr::{Image, Layer};
use leptos::prelude::*;
use serde_json::Value;

use super::image::{manifests, parts_list};
use crate::live_state;
use crate::resource::Shown;
use crate::sections::{card, card_with, key_of, nothing, short_digest, table_card, text, typed};
use crate::ui::{CopyButton, Json, format};

/// The tab of the layers, lowest first; of an index where to find them.
pub fn tab(shown: Shown) -> AnyView {
    let detail = shown.get_untracked();
    typed::<Image>((*detail).clone(), |image, detail| {
        if !manifests(&image).is_empty() {
            return parts_list("An index has no layers; the image of each platform has", "layers", &image, &detail);
        }
        let Some(layers) = image.layers else {
            return card("Layers", nothing("Gantry has not read its manifest yet; it does so once for each digest."));
        };
        if layers.is_empty() {
            return card("Layers", nothing("Its manifest names no layer."));
        }
        let (repository, digest) = (image.repository_name, image.image_digest);
        let subject = Subject::Configuration { repository, digest };
        let own = subject.clone();
        let scope = detail.row.key.scope.clone();
        live_state::read_or(
            scope,
            vec![subject],
            {
                let layers = layers.clone();
                move |facts, _| {
                    let configuration = live_state::state::<Configuration>(facts, own.clone());
                    table(&layers, configuration.as_ref())
                }
            },
            move |problem| table_without(&layers, problem),
        )
    })
}

/// What is collected is shown also where the commands cannot be read.
fn table_without(layers: &[Layer], problem: AnyView) -> AnyView {
    view! { <div class="stack">{problem}{table(layers, None)}</div> }.into_any()
}

fn table(layers: &[Layer], configuration: Option<&Configuration>) -> AnyView {
    let total: i64 = layers.iter().filter_map(|l| l.size).sum();
    let count = i64::try_from(layers.len()).unwrap_or(i64::MAX);
    let commands = configuration.map_or_else(|| vec![None; layers.len()], |c| c.commands(layers));
    let said = commands.iter().any(Option::is_some);
    let rows = layers.iter().zip(commands).enumerate().map(|(i, (layer, command))| {
        let media = layer.media_type.clone().map(|media| media.rsplit('.').next().unwrap_or_default().to_owned());
        vec![
            text(Some((i + 1).to_string())),
            super::configuration::command(command),
            text(layer.size.map(format::bytes)),
            short_digest(Some(layer.digest.clone())),
            view! { <span title=layer.media_type.clone()>{text(media)}</span> }.into_any(),
        ]
    });
    let heads = [("#", false), ("Made by", false), ("Size", true), ("Digest", false), ("Format", false)];
    let title = format!("{}, {}", format::counted(count, "layer", "layers"), format::bytes(total));
    let table = table_card(title, &heads, rows.collect(), "");
    let why = (!said && configuration.is_some()).then_some(
        "Its builder does not say which command made which layer, or says it of another number of layers than there are.",
    );
    view! { {table}{why.map(|why| view! { <p class="faint">{why}</p> })} }.into_any()
}

/// The tab of the manifest, as AWS keeps it.
pub fn manifest(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let Some((repository, digest)) = key.id.split_once('@') else { return ().into_any() };
    let subject = Subject::Manifest { repository: repository.to_owned(), digest: digest.to_owned() };
    let own = subject.clone();
    live_state::read(key.scope.clone(), vec![subject], move |facts, _| {
        let found = live_state::document(facts, own.clone());
        let Some(whole) = found.as_ref().and_then(|f| f["imageManifest"].as_str()).map(str::to_owned) else {
            return card("Manifest", nothing("AWS has no such image any more."));
        };
        let media = found.and_then(|f| f["imageManifestMediaType"].as_str().map(str::to_owned));
        let content = match serde_json::from_str::<Value>(&whole) {
            Ok(value) => view! { <Json value=value/> }.into_any(),
            Err(_) => view! { <pre class="code" tabindex="0">{whole.clone()}</pre> }.into_any(),
        };
        let right = view! { <span class="mono">{media}</span>" "<CopyButton text=whole label="Copy as it is"/> };
        card_with("Manifest", right, view! { <div class="in">{content}</div> })
    })
}

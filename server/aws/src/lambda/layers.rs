//! Layers, each with its latest version.

use domain::lambda::Layer;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use serde_json::{Value, json};

use crate::wire::{self, take_list};
use crate::{Bucket, Caller, Feed, Pages, absent};

const LIST: &str = "lambda:ListLayers";
const LIST_VERSIONS: &str = "lambda:ListLayerVersions";

/// Content is not AWS's to give here; emulators do, with a presigned address in it.
fn document(raw: Value) -> Value {
    let mut doc = wire::document(raw, |_| false);
    doc.get_mut("LatestMatchingVersion").and_then(Value::as_object_mut).map(|latest| latest.remove("Content"));
    doc
}

/// Reads all layers.
pub(crate) async fn collect_layers(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut pages = Pages::new(LIST);
    while let Some(token) = pages.next() {
        let request = caller.clients().lambda().list_layers().max_items(50).set_marker(token);
        let (page, mut raw) = caller.call_raw(Bucket::LambdaControl, LIST, None, request.send()).await?;
        let layers = take_list(&mut raw, "Layers").into_iter().map(document);
        let batch: Vec<Observed> =
            layers.map(|doc| caller.observed_raw::<Layer>(doc)).collect::<Result<_, Problem>>()?;
        feed.seen(batch).await?;
        pages.then(page.next_marker)?;
    }
    feed.complete(Kind::Layer, None).await
}

/// Reads one layer again; gone as soon as another version is its latest.
pub(crate) async fn fetch_layer(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let name = key.id.rsplit_once(':').map_or(key.id.as_str(), |(name, _)| name);
    let request = caller.clients().lambda().list_layer_versions().layer_name(name).max_items(1);
    let result = caller.call_raw(Bucket::LambdaControl, LIST_VERSIONS, Some(name), request.send()).await;
    let Some((_, mut raw)) = absent(result)? else { return Ok(None) };
    // Latest first: https://docs.aws.amazon.com/lambda/latest/api/API_ListLayerVersions.html
    let Some(latest) = take_list(&mut raw, "LayerVersions").into_iter().next() else { return Ok(None) };
    let arn = latest.get("LayerVersionArn").and_then(|a| a.as_str()).and_then(|a| a.rsplit_once(':'));
    let arn = arn.map(|(arn, _)| arn.to_owned());
    let doc = json!({"LayerName": name, "LayerArn": arn, "LatestMatchingVersion": latest});
    let observed = caller.observed_raw::<Layer>(document(doc))?;
    Ok(Some(observed).filter(|o| o.key == *key))
}

//! Event source mappings.

use domain::lambda::EventSourceMapping;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use serde_json::Value;

use crate::wire::{self, take_list};
use crate::{Bucket, Caller, Feed, Pages, absent};

const LIST: &str = "lambda:ListEventSourceMappings";
const GET: &str = "lambda:GetEventSourceMapping";

fn document(raw: Value) -> Value {
    wire::document(raw, |field| matches!(field, "LastModified" | "StartingPositionTimestamp"))
}

/// Reads all event source mappings.
pub(crate) async fn collect_event_source_mappings(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut pages = Pages::new(LIST);
    while let Some(token) = pages.next() {
        let request = caller.clients().lambda().list_event_source_mappings().max_items(100).set_marker(token);
        let (page, mut raw) = caller.call_raw(Bucket::LambdaControl, LIST, None, request.send()).await?;
        let docs = take_list(&mut raw, "EventSourceMappings").into_iter().map(document);
        let batch: Vec<Observed> =
            docs.map(|doc| caller.observed_raw::<EventSourceMapping>(doc)).collect::<Result<_, Problem>>()?;
        feed.seen(batch).await?;
        pages.then(page.next_marker)?;
    }
    feed.complete(Kind::EventSourceMapping, None).await
}

/// Reads one event source mapping.
pub(crate) async fn fetch_event_source_mapping(
    caller: &Caller,
    key: &ResourceKey,
) -> Result<Option<Observed>, Problem> {
    let request = caller.clients().lambda().get_event_source_mapping().uuid(&key.id);
    let result = caller.call_raw(Bucket::LambdaControl, GET, Some(&key.id), request.send()).await;
    let Some((_, raw)) = absent(result)? else { return Ok(None) };
    Ok(Some(caller.observed_raw::<EventSourceMapping>(document(raw))?))
}

//! What makes a function run: mappings, where Lambda polls, and everything that calls it.

use domain::Kind;
use domain::lambda::{EventSourceMapping, Function};
use domain::listing::{Capped, Connection, Detail};
use domain::resource::Relation;
use leptos::prelude::*;

use crate::resource::Shown;
use crate::sections::children::Children;
use crate::sections::{
    Pairs, age, arn, card, connected, connections, key_of, live, on_off, pair_card, several, stack, text, word, words,
};
use crate::ui::{Code, format};

/// What calls a function, mappings among them.
fn triggers(detail: &Detail) -> impl Iterator<Item = &Connection> {
    detail.connected.iter().filter(|c| !c.outgoing && matches!(c.relation, Relation::Triggers | Relation::Serves))
}

/// How many triggers it has.
pub fn count(detail: &Detail) -> Option<u32> {
    let calls = |c: &&Capped| !c.outgoing && matches!(c.relation, Relation::Triggers | Relation::Serves);
    let untold: u32 = detail.capped.iter().filter(calls).map(|c| c.total - c.told).sum();
    u32::try_from(triggers(detail).count()).ok()?.checked_add(untold)
}

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let polls = "No event source mapping: Lambda polls no queue or stream for it.";
    let mappings =
        Children::of("Lambda polls (event source mappings)", Kind::EventSourceMapping, &key_of(shown), "name", polls);
    let mappings = mappings.showing(&["source", "service", "batch", "window", "result"]);
    let function = key_of(shown);
    let none = "No function URL: it has no web address of its own.";
    let urls = Children::of("Function URLs", Kind::FunctionUrl, &function, "name", none);
    let urls = urls.showing(&["auth", "alias", "mode"]).stacking();
    let none = "No resource-based policy: only what has a role that may invoke the function can call it.";
    let permitted = Children::of("May be invoked by", Kind::FunctionPermission, &function, "name", none);
    let permitted = permitted.showing(&["who", "source", "only", "qualifier"]).wrapping();
    stack(vec![mappings.view(), live::<Function>(shown, |_, detail| calls(&detail)), urls.view(), permitted.view()])
}

fn calls(detail: &Detail) -> AnyView {
    // Queues, streams and tables call nothing by themselves: Lambda polls them. URLs have a table of their own.
    let elsewhere =
        |kind| matches!(kind, Kind::EventSourceMapping | Kind::Queue | Kind::Stream | Kind::Table | Kind::FunctionUrl);
    let told = |c: &&Connection| c.key.as_ref().is_some_and(|k| elsewhere(k.kind));
    let none = "Nothing that Gantry collects calls it: no bucket, topic, rule, schedule, HTTP API or load balancer.";
    card("Calls the function", connections(triggers(detail).filter(|c| !told(c)), none))
}

/// The overview of a mapping.
pub fn mapping(mapping: EventSourceMapping, detail: Detail) -> AnyView {
    let mut cards = vec![];
    let number = |n: Option<i64>| text(n.map(format::number));
    let seconds = |n: Option<i64>| {
        text(n.map(|n| match n {
            // Kinesis and DynamoDB: as long as the stream keeps records.
            -1 => "no limit".to_owned(),
            n => format::duration(n),
        }))
    };
    let destination = mapping.destination_config.clone().unwrap_or_default();
    let mut rows: Pairs = vec![
        ("Source", connected(&detail, None, mapping.source().as_deref())),
        ("Function", arn(mapping.function_arn.as_deref())),
        ("Batch size", number(mapping.batch_size)),
        ("Batch window", seconds(mapping.maximum_batching_window_in_seconds)),
        ("Maximum concurrency", number(mapping.scaling_config.as_ref().and_then(|s| s.maximum_concurrency))),
        ("Starting position", word(mapping.starting_position.clone())),
        ("Batches at once per shard", number(mapping.parallelization_factor)),
        ("Retries", number(mapping.maximum_retry_attempts)),
        ("Oldest record", seconds(mapping.maximum_record_age_in_seconds)),
        ("Split a failing batch", on_off(mapping.bisect_batch_on_function_error)),
        ("Tumbling window", seconds(mapping.tumbling_window_in_seconds)),
        ("Response types", several(mapping.function_response_types.iter().map(|t| word(Some(t))).collect())),
        ("On failure", connected(&detail, None, destination.on_failure.and_then(|d| d.destination).as_deref())),
        ("Last result", text(mapping.last_result())),
        ("State reason", word(mapping.state_transition_reason.clone())),
        ("Last modified", age(mapping.last_modified.map(|t| t.0), detail.now)),
    ];
    if !mapping.topics.is_empty() {
        rows.push(("Topics", words(&mapping.topics)));
    }
    if !mapping.queues.is_empty() {
        rows.push(("Queues", words(&mapping.queues)));
    }
    cards.push(pair_card("Mapping", rows));
    let filters = mapping.filter_criteria.map(|f| f.filters).unwrap_or_default();
    let patterns: Vec<AnyView> =
        filters.into_iter().filter_map(|f| f.pattern).map(|p| view! { <Code text=p/> }.into_any()).collect();
    if !patterns.is_empty() {
        cards.push(card("Only records that match one of", view! { <div class="in">{patterns}</div> }));
    }
    stack(cards)
}

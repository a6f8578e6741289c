//! How asynchronous calls of functions are treated. AWS tells it per function only; see [`super::rounds`].

use domain::lambda::EventInvokeConfig;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use serde_json::Value;
use std::collections::HashSet;

use super::functions::names;
use super::rounds::{Round, function_of};
use crate::gather::{Trouble, each, orphans};
use crate::wire::{self, take_list};
use crate::{Bucket, Caller, Feed, Pages, absent};

const LIST: &str = "lambda:ListFunctionEventInvokeConfigs";
/// So many functions are asked in one collect: 67 seconds at half of the quota.
const SOME: usize = 500;

/// Reads the settings, function by function.
pub(crate) async fn collect_event_invoke_configs(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let functions = names(caller).await?;
    let known: HashSet<String> = feed.said(Kind::EventInvokeConfig, "FunctionArn").await?.into_keys().collect();
    let (round, asked) = Round::begin(feed, functions.clone(), SOME).await?;
    let trouble = read(caller, feed, asked).await?;
    orphans(caller, feed, (Kind::EventInvokeConfig, Kind::Function), &functions, &known, function_of).await?;
    round.end(feed, Kind::EventInvokeConfig, trouble, LIST, ("settings of asynchronous calls", "functions")).await
}

/// Reads the settings of these functions.
pub(crate) async fn event_invoke_configs_within(
    caller: &Caller,
    feed: &dyn Feed,
    functions: Vec<String>,
) -> Result<(), Problem> {
    read(caller, feed, functions).await?.end()
}

async fn read(caller: &Caller, feed: &dyn Feed, functions: Vec<String>) -> Result<Trouble, Problem> {
    let mut trouble = Trouble::default();
    for result in each(functions, |name| async move { of(caller, feed, &name).await }).await {
        trouble.past(result)?;
    }
    Ok(trouble)
}

/// Reads the settings of one function, and says so when it has read them all.
async fn of(caller: &Caller, feed: &dyn Feed, function: &str) -> Result<(), Problem> {
    let docs = configs(caller, function).await?.into_iter();
    let batch: Vec<Observed> =
        docs.map(|doc| caller.observed_raw::<EventInvokeConfig>(doc)).collect::<Result<_, Problem>>()?;
    if !batch.is_empty() {
        feed.seen(batch).await?;
    }
    let key = ResourceKey::new(Kind::Function, caller.scope().clone(), function)?;
    feed.complete(Kind::EventInvokeConfig, Some(&key)).await
}

/// The settings of a function, its aliases and versions; none when the function does not exist.
async fn configs(caller: &Caller, function: &str) -> Result<Vec<Value>, Problem> {
    let mut docs = vec![];
    let mut pages = Pages::new(LIST);
    while let Some(token) = pages.next() {
        let request = caller.clients().lambda().list_function_event_invoke_configs();
        let request = request.function_name(function).set_marker(token);
        let result = caller.call_raw(Bucket::LambdaControl, LIST, Some(function), request.send()).await;
        let Some((page, mut raw)) = absent(result)? else { return Ok(vec![]) };
        let configs = take_list(&mut raw, "FunctionEventInvokeConfigs").into_iter();
        docs.extend(configs.map(|config| wire::document(config, |field| field == "LastModified")));
        pages.then(page.next_marker)?;
    }
    Ok(docs)
}

/// Reads one of them.
pub(crate) async fn fetch_event_invoke_config(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let Some(function) = function_of(&key.id) else { return Ok(None) };
    for doc in configs(caller, function).await? {
        let config = caller.observed_raw::<EventInvokeConfig>(doc)?;
        if config.key == *key {
            return Ok(Some(config));
        }
    }
    Ok(None)
}

//! How asynchronous calls of functions are treated. AWS tells it per function only; see [`super::rounds`].

use domain::lambda::EventInvokeConfig;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use serde_json::Value;

use super::rounds::{Told, deliver, function_of, of_each};
use crate::gather::Trouble;
use crate::wire::{self, take_list};
use crate::{Bucket, Caller, Feed, Pages, absent};

const LIST: &str = "lambda:ListFunctionEventInvokeConfigs";
const TOLD: Told = Told {
    kind: Kind::EventInvokeConfig,
    field: "FunctionArn",
    // 67 seconds at half of the quota.
    some: 500,
    operation: LIST,
    words: "settings of asynchronous calls",
};

/// Reads the settings, function by function.
pub(crate) async fn collect_event_invoke_configs(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    TOLD.collect(caller, feed, |asked| read(caller, feed, asked)).await
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
    of_each(functions, |name| async move { of(caller, feed, &name).await }).await
}

/// Reads the settings of one function, and says so when it has read them all.
async fn of(caller: &Caller, feed: &dyn Feed, function: &str) -> Result<(), Problem> {
    deliver::<EventInvokeConfig>(caller, feed, configs(caller, function).await?).await?;
    TOLD.complete(caller, feed, function).await
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

//! Function URLs. AWS lists them per function only; see [`super::rounds`].

use domain::lambda::{FunctionUrl, Permission};
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use serde::Deserialize;
use serde_json::Value;

use super::permissions::policy;
use super::rounds::{Told, deliver, function_of, of_each};
use crate::gather::Trouble;
use crate::wire::{self, take_list};
use crate::{Bucket, Caller, Feed, Pages, absent};

const LIST: &str = "lambda:ListFunctionUrlConfigs";
const TOLD: Told = Told {
    kind: Kind::FunctionUrl,
    field: "FunctionUrl",
    // 67 seconds at half of the quota.
    some: 500,
    operation: LIST,
    words: "URLs",
};

/// Reads the URLs, function by function.
pub(crate) async fn collect_urls(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    TOLD.collect(caller, feed, |asked| read(caller, feed, asked)).await
}

/// Reads the URLs of these functions.
pub(crate) async fn urls_within(caller: &Caller, feed: &dyn Feed, functions: Vec<String>) -> Result<(), Problem> {
    read(caller, feed, functions).await?.end()
}

async fn read(caller: &Caller, feed: &dyn Feed, functions: Vec<String>) -> Result<Trouble, Problem> {
    of_each(functions, |name| async move { of(caller, feed, &name).await }).await
}

/// Reads the URLs of one function, and says so when it has read them all. One whose policy cannot be read is delivered without what that
/// says.
async fn of(caller: &Caller, feed: &dyn Feed, function: &str) -> Result<(), Problem> {
    let mut trouble = Trouble::default();
    let docs = urls(caller, function, &mut trouble).await?;
    deliver::<FunctionUrl>(caller, feed, docs).await?;
    TOLD.complete(caller, feed, function).await?;
    trouble.end()
}

/// The URLs of a function and its aliases; none when the function does not exist. What is in the way of reading their policies goes into
/// `trouble`.
async fn urls(caller: &Caller, function: &str, trouble: &mut Trouble) -> Result<Vec<Value>, Problem> {
    let mut docs = vec![];
    let mut pages = Pages::new(LIST);
    while let Some(token) = pages.next() {
        let request = caller.clients().lambda().list_function_url_configs().function_name(function).set_marker(token);
        let result = caller.call_raw(Bucket::LambdaControl, LIST, Some(function), request.send()).await;
        let Some((page, mut raw)) = absent(result)? else { return Ok(vec![]) };
        let configs = take_list(&mut raw, "FunctionUrlConfigs").into_iter();
        docs.extend(configs.map(|config| wire::document(config, |_| false)));
        pages.then(page.next_marker)?;
    }
    for doc in &mut docs {
        // One that cannot be read is said where it is delivered.
        let Ok(url) = FunctionUrl::deserialize(&*doc) else { continue };
        if !url.is_open() {
            continue;
        }
        if let Some(statements) = trouble.past(policy(caller, function, url.alias()).await)?
            && let Some(anyone) = anyone(&statements)
        {
            doc["gantry:anyone"] = anyone.into();
        }
    }
    Ok(docs)
}

/// Whether these statements let everyone call the URL; unknown where one that allows something cannot be read and no other does.
fn anyone(statements: &[Value]) -> Option<bool> {
    let mut unread = false;
    for statement in statements {
        match Permission::deserialize(statement) {
            Ok(permission) if permission.opens_url() => return Some(true),
            Ok(_) => {}
            Err(_) => unread |= statement.get("Effect").and_then(Value::as_str) != Some("Deny"),
        }
    }
    (!unread).then_some(false)
}

/// Reads one URL.
pub(crate) async fn fetch_url(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let Some(function) = function_of(&key.id) else { return Ok(None) };
    let mut trouble = Trouble::default();
    for doc in urls(caller, function, &mut trouble).await? {
        let url = caller.observed_raw::<FunctionUrl>(doc)?;
        if url.key == *key {
            trouble.end()?;
            return Ok(Some(url));
        }
    }
    Ok(None)
}

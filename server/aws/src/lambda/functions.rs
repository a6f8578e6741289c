//! Functions and their published versions.

use aws_sdk_lambda::types::FunctionVersion as Which;
use domain::lambda::{Function, FunctionVersion};
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use serde_json::Value;

use crate::gather::{Trouble, each};
use crate::problem::{self, Asked};
use crate::wire::{self, take, take_list};
use crate::{Bucket, Caller, Feed, Pages, absent};

const LIST: &str = "lambda:ListFunctions";
const LIST_VERSIONS: &str = "lambda:ListVersionsByFunction";
const GET: &str = "lambda:GetFunction";
/// Makes GetFunction say the tags; nothing calls it.
const LIST_TAGS: &str = "lambda:ListTags";
/// AWS gives at most so many a page, whatever is asked for.
const PAGE: i32 = 50;

/// Lambda writes the moments of functions as text already.
fn no_moments(_: &str) -> bool {
    false
}

/// A configuration as a document: environment values sealed.
fn document(caller: &Caller, raw: Value) -> Value {
    let mut doc = wire::document(raw, no_moments);
    if let Some(variables) = doc.pointer_mut("/Environment/Variables").and_then(Value::as_object_mut) {
        wire::seal_map(caller, variables);
    }
    doc
}

/// Whether it is a published version and not the function itself.
fn published(doc: &Value) -> bool {
    doc.get("Version").and_then(Value::as_str).is_some_and(|version| version != "$LATEST")
}

/// Reads all functions. Their state, tags and resolved image are not in the list; [`fetch_function`] has them.
pub(crate) async fn collect_functions(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut pages = Pages::new(LIST);
    while let Some(token) = pages.next() {
        let request = caller.clients().lambda().list_functions().max_items(PAGE).set_marker(token);
        let (page, mut raw) = caller.call_raw(Bucket::LambdaControl, LIST, None, request.send()).await?;
        let docs = take_list(&mut raw, "Functions").into_iter().map(|f| document(caller, f));
        let batch: Result<Vec<Observed>, Problem> = docs.map(|doc| caller.observed_raw::<Function>(doc)).collect();
        feed.seen(batch?).await?;
        pages.then(page.next_marker)?;
    }
    feed.complete(Kind::Function, None).await
}

/// The names of all functions, in order.
pub(super) async fn names(caller: &Caller) -> Result<Vec<String>, Problem> {
    let mut names = vec![];
    let mut pages = Pages::new(LIST);
    while let Some(token) = pages.next() {
        let request = caller.clients().lambda().list_functions().max_items(PAGE).set_marker(token);
        let page = caller.call(Bucket::LambdaControl, LIST, None, request.send()).await?;
        names.extend(page.functions.into_iter().flatten().filter_map(|function| function.function_name));
        pages.then(page.next_marker)?;
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// Reads one function with all that AWS says of it.
pub(crate) async fn fetch_function(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Ok(match get(caller, &key.id).await? {
        Some(doc) => Some(caller.observed_raw::<Function>(doc)?),
        None => None,
    })
}

/// What AWS refused to say of a function that it described.
pub(crate) fn withheld(observed: &Observed) -> Option<Problem> {
    let reason = observed.doc.get("TagsError")?;
    let text = |field: &str| reason.get(field).and_then(Value::as_str).unwrap_or_default();
    let key = &observed.key;
    let asked =
        Asked { operation: LIST_TAGS, resource: Some(&key.id), region: Some(&key.scope.region), emulator: false };
    Some(problem::from_part(text("ErrorCode"), text("Message"), asked))
}

async fn get(caller: &Caller, name: &str) -> Result<Option<Value>, Problem> {
    let request = caller.clients().lambda().get_function().function_name(name);
    let result = caller.call_raw(Bucket::LambdaGetFunction, GET, Some(name), request.send()).await;
    let Some((_, mut raw)) = absent(result)? else { return Ok(None) };
    let mut doc = document(caller, take(&mut raw, "Configuration"));
    for field in ["Code", "Tags", "TagsError", "Concurrency"] {
        let mut part = take(&mut raw, field);
        // A presigned address of the code: a secret for ten minutes.
        part.as_object_mut().map(|part| part.remove("Location"));
        if !part.is_null() {
            doc[field] = part;
        }
    }
    Ok(Some(doc))
}

/// The functions and, beside, the names of those with published versions; the versions go to `each_page`.
pub(super) struct Everything {
    /// All functions.
    pub(super) functions: Vec<String>,
    /// Those with a published version.
    pub(super) published: Vec<String>,
}

/// Lists functions with all their published versions and hands over the versions page by page.
///
/// Emulators may leave the versions out of this list; then they are asked for function by function.
pub(super) async fn list_all(caller: &Caller, feed: Option<&dyn Feed>) -> Result<Everything, Problem> {
    let mut all = Everything { functions: vec![], published: vec![] };
    let mut pages = Pages::new(LIST);
    while let Some(token) = pages.next() {
        let request =
            caller.clients().lambda().list_functions().function_version(Which::All).max_items(PAGE).set_marker(token);
        let (page, mut raw) = caller.call_raw(Bucket::LambdaControl, LIST, None, request.send()).await?;
        let docs: Vec<Value> = take_list(&mut raw, "Functions").into_iter().map(|f| document(caller, f)).collect();
        for doc in &docs {
            let name = doc.get("FunctionName").and_then(Value::as_str).unwrap_or_default().to_owned();
            if published(doc) { all.published.push(name) } else { all.functions.push(name) }
        }
        deliver(caller, feed, docs).await?;
        pages.then(page.next_marker)?;
    }
    let wanted = feed.is_some() || all.functions.len() > super::aliases::SOME;
    if caller.emulator && all.published.is_empty() && wanted {
        let mut trouble = Trouble::default();
        let names = all.functions.clone();
        for result in each(names, |name| async move { (versions_of(caller, feed, &name).await, name) }).await {
            if trouble.past(result.0)? == Some(true) {
                all.published.push(result.1);
            }
        }
        trouble.end()?;
    }
    all.published.dedup();
    Ok(all)
}

async fn deliver(caller: &Caller, feed: Option<&dyn Feed>, docs: Vec<Value>) -> Result<(), Problem> {
    let Some(feed) = feed else { return Ok(()) };
    let versions = docs.into_iter().filter(published).map(|doc| caller.observed_raw::<FunctionVersion>(doc));
    let batch: Vec<Observed> = versions.collect::<Result<_, Problem>>()?;
    if batch.is_empty() { Ok(()) } else { feed.seen(batch).await }
}

/// Whether the function has published versions.
async fn versions_of(caller: &Caller, feed: Option<&dyn Feed>, name: &str) -> Result<bool, Problem> {
    let mut any = false;
    let mut pages = Pages::new(LIST_VERSIONS);
    while let Some(token) = pages.next() {
        let request = caller.clients().lambda().list_versions_by_function().function_name(name).set_marker(token);
        let result = caller.call_raw(Bucket::LambdaControl, LIST_VERSIONS, Some(name), request.send()).await;
        // Deleted since the list was read.
        let Some((page, mut raw)) = absent(result)? else { break };
        let docs: Vec<Value> = take_list(&mut raw, "Versions").into_iter().map(|f| document(caller, f)).collect();
        any |= docs.iter().any(published);
        deliver(caller, feed, docs).await?;
        pages.then(page.next_marker)?;
    }
    Ok(any)
}

/// Reads all published versions of all functions: 10,000 functions with three versions each are 800 calls, 107 seconds at half
/// of the quota. Lists do not say which image a version runs; [`fetch_version`] does.
pub(crate) async fn collect_versions(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    list_all(caller, Some(feed)).await?;
    feed.complete(Kind::FunctionVersion, None).await
}

/// Reads one published version.
pub(crate) async fn fetch_version(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    // GetFunction takes `name:version` as a function's name.
    Ok(match get(caller, &key.id).await? {
        Some(doc) => Some(caller.observed_raw::<FunctionVersion>(doc)?),
        None => None,
    })
}

//! Who may invoke functions: the statements of their policies and of those of their aliases. AWS tells one policy at a time, with a quota of
//! its own for that; see [`super::rounds`].

use domain::lambda::{Permission, permission};
use domain::resource::Observed;
use domain::{Code, Kind, Problem, ResourceKey};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

use super::rounds::{Told, deliver, of_each};
use crate::gather::Trouble;
use crate::wire::{self, take};
use crate::{Bucket, Caller, Feed, absent};

const GET: &str = "lambda:GetPolicy";
const TOLD: Told = Told {
    kind: Kind::FunctionPermission,
    field: "Effect",
    // 133 seconds at half of the quota.
    some: 1000,
    operation: GET,
    words: "permissions",
};

/// Reads the policies of functions and of the aliases that are known, function by function.
pub(crate) async fn collect_permissions(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    TOLD.collect(caller, feed, |asked| read(caller, feed, asked)).await
}

/// Reads the policies of these functions and of their aliases that are known.
pub(crate) async fn permissions_within(
    caller: &Caller,
    feed: &dyn Feed,
    functions: Vec<String>,
) -> Result<(), Problem> {
    read(caller, feed, functions).await?.end()
}

async fn read(caller: &Caller, feed: &dyn Feed, functions: Vec<String>) -> Result<Trouble, Problem> {
    let mut aliases: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for id in feed.said(Kind::FunctionAlias, "Name").await?.into_keys() {
        if let Some((function, alias)) = id.rsplit_once(':') {
            aliases.entry(function.to_owned()).or_default().push(alias.to_owned());
        }
    }
    let asked: Vec<(String, Vec<String>)> = functions
        .into_iter()
        .map(|function| {
            let its = aliases.remove(&function).unwrap_or_default();
            (function, its)
        })
        .collect();
    of_each(asked, |(function, its)| async move { of(caller, feed, &function, &its).await }).await
}

/// Reads the policies of one function and these aliases, and says so when it has read them all.
async fn of(caller: &Caller, feed: &dyn Feed, function: &str, aliases: &[String]) -> Result<(), Problem> {
    let mut qualifiers = vec![None];
    qualifiers.extend(aliases.iter().map(|alias| Some(alias.as_str())));
    for qualifier in qualifiers {
        deliver::<Permission>(caller, feed, policy(caller, function, qualifier).await?).await?;
    }
    TOLD.complete(caller, feed, function).await
}

/// The statements of a function's policy, or of that of an alias. A function without a policy, or that does not exist, has none.
pub(super) async fn policy(caller: &Caller, function: &str, qualifier: Option<&str>) -> Result<Vec<Value>, Problem> {
    let whole = qualifier.map_or(function.to_owned(), |qualifier| format!("{function}:{qualifier}"));
    let request = caller.clients().lambda().get_policy().function_name(function);
    let request = request.set_qualifier(qualifier.map(str::to_owned));
    let answer = caller.call(Bucket::LambdaGetPolicy, GET, Some(&whole), request.send()).await;
    let Some(text) = absent(answer)?.and_then(|answer| answer.policy) else { return Ok(vec![]) };
    let mut policy: Value = serde_json::from_str(&text).map_err(|why| unreadable(&whole, &why))?;
    let statements = match take(&mut policy, "Statement") {
        Value::Array(all) => all,
        one @ Value::Object(_) => vec![one],
        _ => vec![],
    };
    Ok(statements.into_iter().map(|statement| document(caller, statement)).collect())
}

/// A statement as a document: what callers have to know is sealed, and what has no id gets a digest instead.
fn document(caller: &Caller, statement: Value) -> Value {
    let mut doc = wire::document(statement, |_| false);
    let conditions = doc.get_mut("Condition").and_then(Value::as_object_mut);
    for keys in conditions.into_iter().flat_map(|all| all.values_mut()).filter_map(Value::as_object_mut) {
        for (key, value) in keys.iter_mut() {
            if key.eq_ignore_ascii_case(permission::TOKEN) {
                wire::seal(caller, value);
            }
        }
    }
    let named = doc.get("Sid").and_then(Value::as_str).is_some_and(|sid| !sid.is_empty());
    if !named && doc.is_object() {
        doc["gantry:statement"] = digest(&doc).into();
    }
    doc
}

/// The first 16 hex digits of the SHA-256 of what a statement says, however AWS orders it this time.
fn digest(statement: &Value) -> String {
    fn ordered(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let fields: BTreeMap<&String, Value> = fields.iter().map(|(name, v)| (name, ordered(v))).collect();
                fields.into_iter().map(|(name, v)| (name.clone(), v)).collect()
            }
            // Lists of a statement are sets.
            Value::Array(items) => {
                let mut items: Vec<Value> = items.iter().map(ordered).collect();
                items.sort_by_cached_key(ToString::to_string);
                items.into()
            }
            other => other.clone(),
        }
    }
    Sha256::digest(ordered(statement).to_string()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn unreadable(function: &str, why: &serde_json::Error) -> Problem {
    let message = format!("AWS described the policy of the function {function} in a way Gantry cannot read: {why}.");
    let mut problem = Problem::new(Code::AwsRejected, "The answer could not be read", message);
    problem.operation = Some(GET.to_owned());
    problem
}

/// Reads one statement.
pub(crate) async fn fetch_permission(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let whole = key.id.split('/').next().unwrap_or_default();
    let (function, qualifier) = whole.split_once(':').map_or((whole, None), |(name, of)| (name, Some(of)));
    for doc in policy(caller, function, qualifier).await? {
        let statement = caller.observed_raw::<Permission>(doc)?;
        if statement.key == *key {
            return Ok(Some(statement));
        }
    }
    Ok(None)
}

//! `/api/v1/resources`: lists, single resources, their history.

use axum::Json;
use axum::extract::State;
use domain::history::Change;
use domain::listing::{Detail, Page, Row};
use domain::services::{Comparison, HistoryQuery};
use domain::{Millis, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use super::query::{Key, Pairs};
use crate::auth::identity::SignedIn;
use crate::http::Web;
use crate::http::problem::Refusal;

/// A window of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct List {
    /// The rows of the window.
    pub resources: Vec<Row>,
    /// Rows of this kind in these accounts and regions.
    pub total: u32,
    /// Rows that match.
    pub matched: u32,
    /// Say it as `cursor`, with everything else but `limit` as it was, to get the rows behind these; missing on the last window. What comes or
    /// goes between two windows makes no other row be missed or told twice; one whose sort value changes meanwhile stands where that puts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How fresh the list is, per account and region.
    pub freshness: Vec<domain::listing::Freshness>,
    /// The server's clock.
    pub now: Millis,
}

impl List {
    fn of(page: Page, next: Option<String>) -> Self {
        let Page { rows, total, matched, freshness, now, .. } = page;
        Self { resources: rows, total, matched, next, freshness, now }
    }
}

/// Resources of a kind.
#[utoipa::path(get, path = "/resources", operation_id = "list_resources", tag = "resources",
    params(
        ("kind" = String, Query, description = "`lambda.function`, or as in pages' addresses: `functions`"),
        ("q" = Option<String>, Query, description = "Substring of name, id, ARN or tags"),
        ("account" = Option<String>, Query, description = "Account ids, separated by commas"),
        ("region" = Option<String>, Query, description = "Regions, separated by commas"),
        ("parent" = Option<String>, Query, description = "Key of the resource they live in"),
        ("attention" = Option<bool>, Query, description = "Only what needs a person"),
        ("sort" = Option<String>, Query, description = "`name`, `state`, `account`, `region`, `seen`, `changed` or a column; `-` before it for the largest first. Without it images stand by `-pushed`, task definitions by `-registered`, tasks by `-started`, all others by `name`"),
        ("cursor" = Option<String>, Query, description = "What `next` said of a list of the same kind, filters and sort: its rows go on behind the last one of that window, also when that is gone. Opaque; one of another list is refused"),
        ("limit" = Option<u32>, Query, description = "1 to 500; 100 unless given"),
    ),
    responses((status = 200, body = List), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(web): State<Web>, SignedIn(actor): SignedIn, pairs: Pairs) -> Result<Json<List>, Refusal> {
    let query = pairs.list()?;
    let (page, next) = web.inventory.list_after(&actor, &query, pairs.get("cursor")).await?;
    Ok(Json(List::of(page, next)))
}

/// One resource: AWS's document, what it is connected to, how fresh it is.
#[utoipa::path(get, path = "/resources/{*key}", operation_id = "get_resource", tag = "resources",
    params(("key" = String, Path, description = "`kind/account/region/id`")),
    responses((status = 200, body = Detail), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn one(State(web): State<Web>, SignedIn(actor): SignedIn, Key(key): Key) -> Result<Json<Detail>, Refusal> {
    Ok(Json(web.inventory.get(&actor, &key).await?))
}

/// Entries of a resource's history, latest first.
#[utoipa::path(get, path = "/history/{*key}", operation_id = "list_history_of_resource", tag = "history",
    params(
        ("key" = String, Path, description = "`kind/account/region/id`"),
        ("parts" = Option<bool>, Query, description = "With those of its parts, such as the aliases, URLs and permissions of a function"),
        ("from" = Option<String>, Query, description = "Seen then or later: an RFC 3339 moment, a date or time in UTC, milliseconds since 1970, or an age such as `24h` or `7d`"),
        ("to" = Option<String>, Query, description = "Seen earlier: the same, without ages"),
        ("before" = Option<i64>, Query, description = "Only entries with a smaller id"),
        ("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given"),
    ),
    responses((status = 200, body = Vec<Change>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn history(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    Key(key): Key,
    pairs: Pairs,
) -> Result<Json<Vec<Change>>, Refusal> {
    let query = HistoryQuery { key: Some(key), parts: pairs.flag("parts")?, ..history_query(&pairs)? };
    Ok(Json(web.inventory.history(&actor, &query).await?))
}

/// How a resource's documents right after two entries of its history differ.
#[utoipa::path(get, path = "/compare/{*key}", operation_id = "compare_in_history", tag = "history",
    params(
        ("key" = String, Path, description = "`kind/account/region/id`"),
        ("from" = i64, Query, description = "An entry's id"),
        ("to" = i64, Query, description = "An entry's id"),
    ),
    responses((status = 200, body = Comparison), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn compare(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    Key(key): Key,
    pairs: Pairs,
) -> Result<Json<Comparison>, Refusal> {
    let entry = |name: &str| {
        pairs.number(name)?.ok_or_else(|| Problem::invalid(name, format!("Say which entry of the history: {name}=ID.")))
    };
    let (from, to) = (entry("from")?, entry("to")?);
    Ok(Json(web.inventory.compare(&actor, &key, from, to).await?))
}

/// What both histories read from a query string.
pub(super) fn history_query(pairs: &Pairs) -> Result<HistoryQuery, Problem> {
    let (accounts, regions) = pairs.scope()?;
    let query = HistoryQuery::read(pairs.number("limit")?.unwrap_or(50), |name| pairs.get(name))?;
    Ok(HistoryQuery { accounts, regions, ..query })
}

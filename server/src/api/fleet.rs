//! What concerns the fleet as a whole: its history, search, references, connections, fresh collects.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::history::Change;
use domain::listing::Hit;
use domain::services::{Comparison, ConnectionStatus};
use domain::{AccountId, Kind, Problem, Region, ResourceKey};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::query::Pairs;
use super::resources::history_query;
use crate::auth::identity::SignedIn;
use crate::http::Web;
use crate::http::problem::Refusal;

/// Entries of the fleet's history, latest first.
#[utoipa::path(get, path = "/history", operation_id = "list_history", tag = "history",
    params(
        ("kind" = Option<String>, Query, description = "Only of this kind"),
        ("account" = Option<String>, Query, description = "Account ids, separated by commas"),
        ("region" = Option<String>, Query, description = "Regions, separated by commas"),
        ("q" = Option<String>, Query, description = "Substring of the name then, or of the id; at most 200 characters"),
        ("from" = Option<String>, Query, description = "Seen then or later: an RFC 3339 moment, a date or time in UTC, milliseconds since 1970, or an age such as `24h` or `7d`"),
        ("to" = Option<String>, Query, description = "Seen earlier: the same, without ages"),
        ("before" = Option<i64>, Query, description = "Only entries with a smaller id"),
        ("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given"),
    ),
    responses((status = 200, body = Vec<Change>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn history(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    pairs: Pairs,
) -> Result<Json<Vec<Change>>, Refusal> {
    Ok(Json(web.inventory.history(&actor, &history_query(&pairs)?).await?))
}

/// How two resources of one kind differ.
#[utoipa::path(get, path = "/compare", operation_id = "compare_resources", tag = "history",
    params(("left" = String, Query, description = "A key"), ("right" = String, Query, description = "A key of the same kind")),
    responses((status = 200, body = Comparison), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn compare(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    pairs: Pairs,
) -> Result<Json<Comparison>, Refusal> {
    let key = |name: &str| {
        let text = pairs.get(name).ok_or_else(|| Problem::invalid(name, format!("Say which resource: {name}=KEY.")))?;
        ResourceKey::parse(text)
    };
    let (left, right) = (key("left")?, key("right")?);
    Ok(Json(web.inventory.compare_two(&actor, &left, &right).await?))
}

/// The resource a reference leads to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Resolved {
    /// Its key.
    pub key: ResourceKey,
}

/// The resource that an ARN, an image URI or a key points to.
#[utoipa::path(get, path = "/resolve", operation_id = "resolve_reference", tag = "resources",
    params(("ref" = String, Query, description = "An ARN, `registry/repository:tag`, `registry/repository@sha256:…` or a key")),
    responses((status = 200, body = Resolved), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn resolve(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    pairs: Pairs,
) -> Result<Json<Resolved>, Refusal> {
    let reference = pairs.get("ref").ok_or_else(|| Problem::invalid("ref", "Say which reference: ref=ARN."))?;
    let key = web.inventory.resolve(&actor, reference).await?;
    let key = key.ok_or_else(|| Problem::not_found("Nothing that Gantry has collected is called that."))?;
    Ok(Json(Resolved { key }))
}

/// Finds resources by part of a name, an ARN, a tag or a kind; a region, or the name or id of an account, narrows that to what is there.
/// One typing mistake is forgiven. Best first. As many as were asked for may be the best of more: `/resources` with `kind` and `q` tells all
/// of a kind, window by window.
#[utoipa::path(get, path = "/search", operation_id = "search", tag = "resources",
    params(("q" = String, Query, description = "At most 200 characters"), ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given")),
    responses((status = 200, body = Vec<Hit>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn search(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    pairs: Pairs,
) -> Result<Json<Vec<Hit>>, Refusal> {
    let limit = pairs.number("limit")?.unwrap_or(20);
    if !(1..=100).contains(&limit) {
        return Err(Problem::invalid("limit", "Between 1 and 100 hits can be asked for.").into());
    }
    let text = pairs.get("q").unwrap_or_default();
    if text.chars().count() > domain::listing::MAX_TEXT {
        return Err(
            Problem::invalid("q", format!("A search has at most {} characters.", domain::listing::MAX_TEXT)).into()
        );
    }
    Ok(Json(web.inventory.search(&actor, text, limit).await?))
}

/// Connections to accounts, with the state of their collectors.
#[utoipa::path(get, path = "/connections", operation_id = "list_connections", tag = "connections",
    responses((status = 200, body = Vec<ConnectionStatus>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn connections(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
) -> Result<Json<Vec<ConnectionStatus>>, Refusal> {
    Ok(Json(web.inventory.connections(&actor).await?))
}

/// What to collect again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The kind.
    pub kind: Kind,
    /// Only in these accounts; all without.
    #[serde(default)]
    pub accounts: Vec<AccountId>,
    /// Only in these regions; all without.
    #[serde(default)]
    pub regions: Vec<Region>,
}

/// Asks for a fresh collect of a kind. Answered at once; the collect follows within seconds, as AWS's quotas allow.
#[utoipa::path(post, path = "/refresh", operation_id = "refresh", tag = "connections", request_body = Refresh,
    responses((status = 202), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn refresh(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    body: axum::body::Bytes,
) -> Result<StatusCode, Refusal> {
    let wanted: Refresh =
        serde_json::from_slice(&body).map_err(|e| Problem::invalid("body", format!("The body cannot be read: {e}")))?;
    web.inventory.refresh(&actor, wanted.kind, &wanted.accounts, &wanted.regions).await?;
    Ok(StatusCode::ACCEPTED)
}

//! Logs and metrics: live calls to AWS.

use axum::Json;
use axum::extract::State;
use domain::services::FleetMetrics;
use domain::stream::{LogPage, Series};
use domain::{Millis, Problem};

use super::query::{Key, Pairs};
use crate::auth::identity::SignedIn;
use crate::http::Web;
use crate::http::problem::Refusal;

/// The latest events of a function's or log group's log, oldest first. A search that takes longer than 20 seconds says in `searched` how far
/// back it came, and goes on with that as `before`.
#[utoipa::path(get, path = "/log/{*key}", operation_id = "get_log", tag = "telemetry",
    params(
        ("key" = String, Path, description = "`kind/account/region/id` of a function, service, task or log group"),
        ("filter" = Option<String>, Query, description = "A CloudWatch Logs filter pattern"),
        ("before" = Option<i64>, Query, description = "Only events before this moment, in milliseconds since 1970"),
    ),
    responses((status = 200, body = LogPage), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn log(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    Key(key): Key,
    pairs: Pairs,
) -> Result<Json<LogPage>, Refusal> {
    let before = pairs.number("before")?.map(Millis);
    Ok(Json(web.telemetry.log(&actor, &key, pairs.get("filter").unwrap_or_default(), before).await?))
}

/// The charts of a function or service.
#[utoipa::path(get, path = "/metrics/{*key}", operation_id = "get_metrics", tag = "telemetry",
    params(
        ("key" = String, Path, description = "`kind/account/region/id` of a function or service"),
        ("minutes" = Option<u32>, Query, description = "How far back; 60 unless given"),
    ),
    responses((status = 200, body = Vec<Series>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn metrics(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    Key(key): Key,
    pairs: Pairs,
) -> Result<Json<Vec<Series>>, Refusal> {
    Ok(Json(web.telemetry.metrics(&actor, &key, pairs.number("minutes")?.unwrap_or(60)).await?))
}

/// The charts of all functions together, and of the services with the highest CPU and memory.
#[utoipa::path(get, path = "/metrics", operation_id = "get_fleet_metrics", tag = "telemetry",
    params(
        ("account" = Option<String>, Query, description = "Account ids, separated by commas"),
        ("region" = Option<String>, Query, description = "Regions, separated by commas"),
        ("minutes" = Option<u32>, Query, description = "How far back; 60 unless given"),
    ),
    responses((status = 200, body = FleetMetrics), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn fleet_metrics(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    pairs: Pairs,
) -> Result<Json<FleetMetrics>, Refusal> {
    let (accounts, regions) = pairs.scope()?;
    let minutes = pairs.number("minutes")?.unwrap_or(60);
    Ok(Json(web.telemetry.fleet_metrics(&actor, &accounts, &regions, minutes).await?))
}

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
        ("minutes" = Option<u32>, Query, description = "How far back: 60, 360, 1440, 10080 or 43200; 60 unless given"),
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
        ("minutes" = Option<u32>, Query, description = "How far back: 60, 360, 1440, 10080 or 43200; 60 unless given"),
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

#[cfg(test)]
mod tests {
    use domain::stream::CHART_LENGTHS;

    #[test]
    fn the_document_names_the_lengths_of_charts() {
        let document = serde_json::to_value(crate::api::document()).unwrap();
        for path in ["/api/v1/metrics", "/api/v1/metrics/{key}"] {
            let parameters = document["paths"][path]["get"]["parameters"].as_array().unwrap();
            let minutes = parameters.iter().find(|parameter| parameter["name"] == "minutes").unwrap();
            let said = minutes["description"].as_str().unwrap();
            let numbers = said.split(';').next().unwrap().split(|c: char| !c.is_ascii_digit());
            assert_eq!(numbers.filter_map(|n| n.parse().ok()).collect::<Vec<u32>>(), CHART_LENGTHS, "{path}");
        }
    }
}

//! Whether the process lives, and whether it can answer.

use axum::Json;
use axum::extract::State;
use domain::{Code, Problem};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

use super::Web;
use super::problem::Refusal;

/// `GET /healthz`: the process answers.
pub async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `GET /readyz`: Postgres answers and the index is loaded. What else is waited for keeps nobody from reading what was collected: it is said only,
/// without AWS's own words, for anybody may ask.
pub async fn ready(State(web): State<Web>) -> Result<Json<Value>, Refusal> {
    web.auth.store.ping().await?;
    if !web.loaded.load(Ordering::Acquire) {
        return Err(
            Problem::new(Code::Database, "Not ready yet", "The index of resources is still being loaded.").into()
        );
    }
    let waiting = web.known.awaited().map(|problem| format!("No connection to AWS yet: {}", problem.title));
    Ok(Json(match waiting {
        None => json!({ "status": "ready" }),
        Some(waiting) => json!({ "status": "ready", "waiting": waiting }),
    }))
}

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

/// `GET /readyz`: Postgres answers and the index is loaded.
pub async fn ready(State(web): State<Web>) -> Result<Json<Value>, Refusal> {
    web.auth.store.ping().await?;
    if !web.loaded.load(Ordering::Acquire) {
        return Err(
            Problem::new(Code::Database, "Not ready yet", "The index of resources is still being loaded.").into()
        );
    }
    Ok(Json(json!({ "status": "ready" })))
}

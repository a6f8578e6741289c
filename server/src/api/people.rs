//! Who asks, and that it is still them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Problem;
use domain::policy::Actor;
use domain::services::Team;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::identity::SignedIn;
use crate::http::Web;
use crate::http::problem::Refusal;

/// Who asks.
#[utoipa::path(get, path = "/me", operation_id = "get_me", tag = "people",
    responses((status = 200, body = Actor), (status = 401, body = Problem, content_type = "application/problem+json")))]
pub async fn me(SignedIn(actor): SignedIn) -> Json<Actor> {
    Json(actor)
}

/// A proof that it is still the person of the session who asks.
#[derive(Deserialize, ToSchema)]
pub struct Confirm {
    /// Their password.
    pub password: String,
}

/// Gives the password of the session's person once more. For the next 15 minutes what answers `confirm_password` is done when it is asked for
/// again. A wrong one counts as a failed sign-in. API tokens have no password and are never asked: they are refused here.
#[utoipa::path(post, path = "/confirm", operation_id = "confirm_password", tag = "people", request_body = Confirm,
    responses(
        (status = 204),
        (status = 400, body = Problem, description = "`invalid`: another password, or a body that cannot be read", content_type = "application/problem+json"),
        (status = 429, body = Problem, description = "`busy`: too many wrong ones; its message says how many seconds to wait", content_type = "application/problem+json"),
        (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn confirm(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    body: axum::body::Bytes,
) -> Result<StatusCode, Refusal> {
    // What could not be read may hold the password: it is not repeated.
    let given: Confirm = serde_json::from_slice(&body)
        .map_err(|_| Problem::invalid("body", "The body cannot be read. It is {\"password\": …}."))?;
    web.auth.confirm(&actor, &given.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

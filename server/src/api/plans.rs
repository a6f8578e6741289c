//! Plans and runs: what would be done, doing it, and how far it is.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::Problem;
use domain::plan::Answers;
use domain::plan::service::{Decision, Lent, Reviewed, RunView, SourceCredentials};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::identity::SignedIn;
use crate::http::Web;
use crate::http::problem::{Refusal, too_large};

/// Why a body was not taken: it is larger than allowed, whether or not it said so beforehand, or `otherwise`.
fn refused(error: &JsonRejection, otherwise: String) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE { too_large() } else { Problem::invalid("body", otherwise) }
}

fn unreadable(error: &JsonRejection) -> Problem {
    refused(error, format!("The body cannot be read: {}", error.body_text()))
}

type Body<T> = Result<Json<T>, JsonRejection>;

/// The plan that follows from a wizard's answers, or what is wrong with them. Nothing is changed.
#[utoipa::path(post, path = "/plans", operation_id = "review_plan", tag = "plans",
    request_body(content = Object, description = "`{\"scope\": {\"account\": …, \"region\": …}, \"wizard\": \"create-repository\", \"answers\": {…}}`"),
    responses((status = 200, body = Reviewed), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn review(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    body: Body<Answers>,
) -> Result<Json<Reviewed>, Refusal> {
    let Json(answers) = body.map_err(|e| unreadable(&e))?;
    Ok(Json(web.plans.review(&actor, &answers).await?))
}

/// Lends this server the user name and password of a private image's registry: they stay in its memory, until the run of a plan that
/// names them ends, or for half an hour while there is none. The answers of the wizard `copy-image` name them as `credentials`. A restart
/// forgets them; a run that needs them then is taken back. Where several servers share a database, the run may be carried on by one that was
/// not told, with the same end.
#[utoipa::path(post, path = "/source-credentials", operation_id = "lend_source_credentials", tag = "plans", request_body = SourceCredentials,
    responses((status = 201, body = Lent), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn lend(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    body: Body<SourceCredentials>,
) -> Result<(StatusCode, Json<Lent>), Refusal> {
    // What could not be read may hold the password: it is not repeated.
    let Json(given) = body.map_err(|e| {
        refused(&e, "The body cannot be read. It is {\"image\": …, \"user\": …, \"password\": …}, all text.".to_owned())
    })?;
    Ok((StatusCode::CREATED, Json(web.plans.lend(&actor, given).await?)))
}

/// What to begin.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Begin {
    /// The answers that were reviewed.
    #[schema(value_type = Object)]
    pub answers: Answers,
    /// The hash of the reviewed plan.
    pub hash: String,
}

/// A run that has begun.
#[derive(Debug, Serialize, ToSchema)]
pub struct Begun {
    /// Its id.
    pub id: String,
}

/// Begins a run of a reviewed plan. Of a person in a session whose plan deletes a repository, images, a cache rule or a template, sets rules by
/// which images go at once, or a policy that newly lets in other accounts or everybody, it wants the password given within the last 15 minutes.
#[utoipa::path(post, path = "/runs", operation_id = "begin_run", tag = "plans", request_body = Begin,
    responses((status = 201, body = Begun),
        (status = 403, body = Problem, description = "`confirm_password`: give the password to `/confirm`, then ask again. Nothing was begun. Otherwise `forbidden`", content_type = "application/problem+json"),
        (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn begin(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    body: Body<Begin>,
) -> Result<(StatusCode, Json<Begun>), Refusal> {
    let Json(begin) = body.map_err(|e| unreadable(&e))?;
    let id = web.plans.apply(&actor, &begin.answers, &begin.hash).await?;
    Ok((StatusCode::CREATED, Json(Begun { id })))
}

/// One run with its plan and journal.
#[utoipa::path(get, path = "/runs/{id}", operation_id = "get_run", tag = "plans", params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = RunView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn one(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    Path(id): Path<String>,
) -> Result<Json<RunView>, Refusal> {
    Ok(Json(web.plans.run(&actor, &id).await?))
}

/// Takes a run back: one that goes on after the step that is under way, one that was applied from its end.
///
/// One that was applied is refused with 409 where images would go that something uses by now, and with 403 (`confirm_password`) where its undo
/// deletes a thing, puts rules back by which images may go, or lets others in, and the password was not given lately.
#[utoipa::path(post, path = "/runs/{id}/cancel", operation_id = "cancel_run", tag = "plans", params(("id" = String, Path, description = "Its id")),
    responses((status = 202), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn cancel(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    web.plans.cancel(&actor, &id).await?;
    Ok(StatusCode::ACCEPTED)
}

/// What to do about a step.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Decide {
    /// Try again, leave it, or keep it.
    pub decision: Decision,
}

/// Decides about a step that is stuck.
#[utoipa::path(post, path = "/runs/{id}/steps/{step}", operation_id = "decide_step", tag = "plans", request_body = Decide,
    params(("id" = String, Path, description = "The run's id"), ("step" = String, Path, description = "The step's id")),
    responses((status = 202), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn decide(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    Path((id, step)): Path<(String, String)>,
    body: Body<Decide>,
) -> Result<StatusCode, Refusal> {
    let Json(wanted) = body.map_err(|e| unreadable(&e))?;
    web.plans.decide(&actor, &id, &step, wanted.decision).await?;
    Ok(StatusCode::ACCEPTED)
}

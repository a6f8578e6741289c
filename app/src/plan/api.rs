//! The server functions of plans and runs.
#![allow(missing_docs)] // the macro makes a struct of each function's arguments, without documentation

use domain::plan::listing::RunsQuery;
use domain::plan::service::{Decision, KeptDraft, Lent, Reviewed, RunLine, RunView, SourceCredentials};
use domain::plan::{Answers, Facts, Subject};
use domain::{Millis, Scope};
use leptos::prelude::*;
use serde_json::Value;

#[cfg(feature = "ssr")]
use crate::api::services;
use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::once::once;
use crate::wire::Call;

/// The state of these, read live: what a wizard's plan has to know while one types.
#[server(prefix = "/api/fn", endpoint = "look_up", protocol = Call)]
pub async fn look_up(scope: Scope, subjects: Vec<Subject>) -> Result<Facts, AppError> {
    let (services, actor) = services()?;
    let about = (&scope, &subjects);
    once("look_up", &about, async { Ok(services.plans.facts(&actor, &scope, &subjects).await?) }).await
}

/// The plan that follows from answers and what there is now.
#[server(prefix = "/api/fn", endpoint = "review", protocol = Call)]
pub async fn review_plan(answers: Answers) -> Result<Reviewed, AppError> {
    let (services, actor) = services()?;
    Ok(services.plans.review(&actor, &answers).await?)
}

/// Begins a run of the reviewed plan; answers its id.
#[server(prefix = "/api/fn", endpoint = "apply", protocol = Call)]
pub async fn begin_run(answers: Answers, hash: String) -> Result<String, AppError> {
    let (services, actor) = services()?;
    Ok(services.plans.apply(&actor, &answers, &hash).await?)
}

/// Keeps the credentials of another registry in the server's memory, for a copy; answers what plans call them.
#[server(prefix = "/api/fn", endpoint = "lend", protocol = Call)]
pub async fn lend_credentials(credentials: SourceCredentials) -> Result<Lent, AppError> {
    let (services, actor) = services()?;
    Ok(services.plans.lend(&actor, credentials).await?)
}

/// Runs, the latest first.
#[server(prefix = "/api/fn", endpoint = "runs", protocol = Call)]
pub async fn list_runs(query: RunsQuery) -> Result<Vec<RunLine>, AppError> {
    let (services, actor) = services()?;
    Ok(services.plans.runs(&actor, &query).await?)
}

/// One run with its journal.
#[server(prefix = "/api/fn", endpoint = "run", protocol = Call)]
pub async fn get_run(id: String) -> Result<RunView, AppError> {
    let (services, actor) = services()?;
    Ok(services.plans.run(&actor, &id).await?)
}

/// Takes a run back.
#[server(prefix = "/api/fn", endpoint = "cancel_run", protocol = Call)]
pub async fn cancel_run(id: String) -> Result<(), AppError> {
    let (services, actor) = services()?;
    Ok(services.plans.cancel(&actor, &id).await?)
}

/// Decides about a step that is stuck.
#[server(prefix = "/api/fn", endpoint = "decide_step", protocol = Call)]
pub async fn decide_step(id: String, step: String, decision: Decision) -> Result<(), AppError> {
    let (services, actor) = services()?;
    Ok(services.plans.decide(&actor, &id, &step, decision).await?)
}

/// One's own draft of a wizard.
#[server(prefix = "/api/fn", endpoint = "draft", protocol = Call)]
pub async fn get_draft(wizard: String) -> Result<Option<KeptDraft>, AppError> {
    let (services, actor) = services()?;
    Ok(services.plans.draft(&actor, &wizard).await?)
}

/// Keeps one's own draft of a wizard.
#[server(prefix = "/api/fn", endpoint = "keep_draft", protocol = Call)]
pub async fn keep_draft(wizard: String, body: Value) -> Result<Millis, AppError> {
    let (services, actor) = services()?;
    Ok(services.plans.keep_draft(&actor, &wizard, &body).await?)
}

/// Forgets one's own draft of a wizard.
#[server(prefix = "/api/fn", endpoint = "forget_draft", protocol = Call)]
pub async fn forget_draft(wizard: String) -> Result<(), AppError> {
    let (services, actor) = services()?;
    Ok(services.plans.forget_draft(&actor, &wizard).await?)
}

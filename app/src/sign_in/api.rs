//! The one question that is answered without being signed in.
#![allow(missing_docs)] // the macro makes a struct of each function's arguments, without documentation

use leptos::prelude::*;

use crate::error::AppError;
use crate::wire::Call;

/// Whether the one-time link is (still) good.
#[server(prefix = "/api/fn", endpoint = "welcome", protocol = Call)]
pub async fn welcome_is_good(token: String) -> Result<(), AppError> {
    let services = use_context::<domain::services::Services>()
        .ok_or_else(|| domain::Problem::internal("no services in context"))?;
    Ok(services.team.welcome(&token).await?)
}

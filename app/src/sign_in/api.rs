//! The question that is answered without being signed in, and the proof of who has been for a while.
#![allow(missing_docs)] // the macro makes a struct of each function's arguments, without documentation

use leptos::prelude::*;

#[cfg(feature = "ssr")]
use crate::api::services;
use crate::error::AppError;
use crate::wire::Call;

/// Whether the one-time link is (still) good.
#[server(prefix = "/api/fn", endpoint = "welcome", protocol = Call)]
pub async fn welcome_is_good(token: String) -> Result<(), AppError> {
    let services = use_context::<domain::services::Services>()
        .ok_or_else(|| domain::Problem::internal("no services in context"))?;
    Ok(services.team.welcome(&token).await?)
}

/// Proves by the password that it is still the person of this session who asks.
#[server(prefix = "/api/fn", endpoint = "confirm", protocol = Call)]
pub async fn prove(password: String) -> Result<(), AppError> {
    let (services, actor) = services()?;
    Ok(services.team.confirm(&actor, &password).await?)
}

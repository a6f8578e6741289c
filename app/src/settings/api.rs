//! The server functions of the settings. Each decides on the server who may.
#![allow(missing_docs)] // the macro makes a struct of each function's arguments, without documentation

use domain::policy::Role;
use domain::services::{ConnectionStatus, Person, Session, Token};
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use crate::api::services;
use crate::error::AppError;
use crate::wire::Call;

/// Connections with their collectors' state.
#[server(prefix = "/api/fn", endpoint = "connections", protocol = Call)]
pub async fn connections() -> Result<Vec<ConnectionStatus>, AppError> {
    let (services, actor) = services()?;
    Ok(services.inventory.connections(&actor).await?)
}

/// One's own sessions.
#[server(prefix = "/api/fn", endpoint = "sessions", protocol = Call)]
pub async fn sessions() -> Result<Vec<Session>, AppError> {
    let (services, actor) = services()?;
    Ok(services.team.sessions(&actor).await?)
}

/// Ends one of one's own sessions.
#[server(prefix = "/api/fn", endpoint = "end-session")]
pub async fn end_session(id: i64) -> Result<(), AppError> {
    let (services, actor) = services()?;
    Ok(services.team.end_session(&actor, id).await?)
}

/// Changes one's own password.
#[server(prefix = "/api/fn", endpoint = "change-password")]
pub async fn change_password(current: String, password: String) -> Result<(), AppError> {
    let (services, actor) = services()?;
    Ok(services.team.change_password(&actor, &current, &password).await?)
}

/// One's own tokens.
#[server(prefix = "/api/fn", endpoint = "tokens", protocol = Call)]
pub async fn tokens() -> Result<Vec<Token>, AppError> {
    let (services, actor) = services()?;
    Ok(services.team.tokens(&actor).await?)
}

/// Makes a token; the answer is its text, shown once.
#[server(prefix = "/api/fn", endpoint = "create-token")]
pub async fn create_token(name: String, role: Role, days: u32) -> Result<String, AppError> {
    let (services, actor) = services()?;
    Ok(services.team.create_token(&actor, &name, role, days).await?)
}

/// Revokes a token.
#[server(prefix = "/api/fn", endpoint = "revoke-token")]
pub async fn revoke_token(id: i64) -> Result<(), AppError> {
    let (services, actor) = services()?;
    Ok(services.team.revoke_token(&actor, id).await?)
}

/// Everyone.
#[server(prefix = "/api/fn", endpoint = "people", protocol = Call)]
pub async fn people() -> Result<Vec<Person>, AppError> {
    let (services, actor) = services()?;
    Ok(services.team.people(&actor).await?)
}

/// Adds a person.
#[server(prefix = "/api/fn", endpoint = "create-person")]
pub async fn create_person(name: String, password: String, role: Role) -> Result<(), AppError> {
    let (services, actor) = services()?;
    Ok(services.team.create_person(&actor, &name, &password, role).await?)
}

/// Changes a person's role.
#[server(prefix = "/api/fn", endpoint = "set-role")]
pub async fn set_role(person: i64, role: Role) -> Result<(), AppError> {
    let (services, actor) = services()?;
    Ok(services.team.set_role(&actor, person, role).await?)
}

/// Sets a new password for somebody else.
#[server(prefix = "/api/fn", endpoint = "set-password")]
pub async fn set_password(person: i64, password: String) -> Result<(), AppError> {
    let (services, actor) = services()?;
    Ok(services.team.set_password(&actor, person, &password).await?)
}

/// Removes a person.
#[server(prefix = "/api/fn", endpoint = "remove-person")]
pub async fn remove_person(person: i64) -> Result<(), AppError> {
    let (services, actor) = services()?;
    Ok(services.team.remove_person(&actor, person).await?)
}

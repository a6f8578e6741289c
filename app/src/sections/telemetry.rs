//! The server functions that call AWS while the page is open: log events and metrics.
#![allow(missing_docs)] // the macro makes a struct of each function's arguments, without documentation

use domain::services::FleetMetrics;
use domain::stream::{LogPage, Series};
use domain::{AccountId, Millis, Region, ResourceKey};
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use crate::api::services;
use crate::error::AppError;
use crate::wire::Call;

/// Events of the log of a function or log group, oldest first.
#[server(prefix = "/api/fn", endpoint = "log", protocol = Call)]
pub async fn log(key: ResourceKey, filter: String, before: Option<Millis>) -> Result<LogPage, AppError> {
    let (services, actor) = services()?;
    Ok(services.telemetry.log(&actor, &key, &filter, before).await?)
}

/// The charts of all functions in these accounts and regions together; empty: all.
#[server(prefix = "/api/fn", endpoint = "fleet_metrics", protocol = Call)]
pub async fn of_fleet(accounts: Vec<AccountId>, regions: Vec<Region>, minutes: u32) -> Result<FleetMetrics, AppError> {
    let (services, actor) = services()?;
    Ok(services.telemetry.fleet_metrics(&actor, &accounts, &regions, minutes).await?)
}

/// The charts of a function or service over the last minutes.
#[server(prefix = "/api/fn", endpoint = "metrics", protocol = Call)]
pub async fn metrics(key: ResourceKey, minutes: u32) -> Result<Vec<Series>, AppError> {
    let (services, actor) = services()?;
    Ok(services.telemetry.metrics(&actor, &key, minutes).await?)
}

//! The server: what answers browsers and programs, and what keeps the fleet's picture fresh.
//!
//! Start at [`serve`] (how it is put together) and [`http::router`] (what is answered). [`sync`] collects, [`inventory`] answers
//! from what was collected, [`live`] passes on what cannot be cached, [`auth`] says who asks, [`api`] is the HTTP API,
//! [`uploads`] takes image archives.

pub mod api;
pub mod apply;
pub mod auth;
pub mod check;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connecting;
pub mod connections;
pub mod digest_key;
pub mod http;
pub mod inventory;
pub mod live;
pub mod plans;
pub mod preflight;
pub mod report;
mod seats;
pub mod serve;
pub mod servers;
pub mod sync;
pub mod telemetry;
pub mod uploads;

//! The whole server, as it is reached: a real router on a real socket over a real Postgres, a database per test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod ambient;
mod api;
mod check;
mod confirm;
mod copies;
mod lent;
mod live;
mod metrics;
mod moments;
mod pages;
mod plans;
mod read_policy;
mod routes;
mod sign_in;
mod telemetry;
mod uploads;
mod world;

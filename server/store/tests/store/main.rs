//! Every query against a real Postgres, a database per test.

mod collections;
mod resources;
mod team;

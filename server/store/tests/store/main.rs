//! Every query against a real Postgres, a database per test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::cloned_ref_to_slice_refs)]

mod collections;
mod drafts;
mod faults;
mod gone;
mod history;
mod links;
mod prune;
mod resources;
mod runs;
mod servers;
mod settings;
mod singles;
mod team;
mod within;

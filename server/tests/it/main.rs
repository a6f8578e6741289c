//! The whole server against a real Postgres.

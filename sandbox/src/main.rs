//! The zero-setup cloud and database.
fn main() {}

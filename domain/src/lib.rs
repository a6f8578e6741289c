//! What browser and server agree on: pure types and rules.

//! The tar reader alone.

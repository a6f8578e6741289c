//! Lambda. Lists come in documents as AWS writes them; environment values are sealed before anything else sees them.
//!
//! All control-plane calls but GetFunction share 15 requests a second. So what can be had in bulk is: functions and their published
//! versions by ListFunctions, never by a call per function. Aliases have no such list; see [`aliases`].

mod aliases;
mod execute;
mod functions;
mod layers;
mod mappings;

pub(crate) use aliases::{collect_aliases, fetch_alias};
pub(crate) use execute::{make, read};
pub(crate) use functions::{collect_functions, collect_versions, fetch_function, fetch_version};
pub(crate) use layers::{collect_layers, fetch_layer};
pub(crate) use mappings::{collect_event_source_mappings, fetch_event_source_mapping};

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

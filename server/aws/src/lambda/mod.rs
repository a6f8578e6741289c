//! Lambda. Lists come in documents as AWS writes them; environment values are sealed before anything else sees them.
//!
//! All control-plane calls but GetFunction and GetPolicy share 15 requests a second. So what can be had in bulk is: functions and their published
//! versions by ListFunctions, never by a call per function. Aliases and URLs have no such list, nor have
//! policies and settings of asynchronous calls; see [`rounds`].

mod aliases;
mod asynchronous;
mod execute;
mod functions;
mod layers;
mod mappings;
mod permissions;
mod rounds;
mod urls;

pub(crate) use aliases::{collect_aliases, fetch_alias};
pub(crate) use asynchronous::{collect_event_invoke_configs, event_invoke_configs_within, fetch_event_invoke_config};
pub(crate) use execute::{make, read};
pub(crate) use functions::{collect_functions, collect_versions, fetch_function, fetch_version, withheld};
pub(crate) use layers::{collect_layers, fetch_layer};
pub(crate) use mappings::{collect_event_source_mappings, fetch_event_source_mapping};
pub(crate) use permissions::{collect_permissions, fetch_permission, permissions_within};
pub(crate) use urls::{collect_urls, fetch_url, urls_within};

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

#[cfg(test)]
mod access_tests;

//! Lambda: functions with their versions ([`function`]), aliases ([`alias`]), URLs ([`function_url`]), who may invoke them
//! ([`permission`]) and what becomes of asynchronous calls ([`event_invoke_config`]), layers ([`layer`]) and event source mappings ([`event_source_mapping`]): their documents and what Gantry reads from them. AWS's rules are in [`rules`], what can be changed in
//! [`calls`] and [`wizards`].

pub mod alias;
pub mod calls;
pub mod event_invoke_config;
pub mod event_source_mapping;
pub mod function;
pub mod function_url;
pub mod layer;
pub mod permission;
pub mod rules;
pub mod subject;
pub mod wizards;
pub use alias::FunctionAlias;
pub use event_invoke_config::EventInvokeConfig;
pub use event_source_mapping::EventSourceMapping;
pub use function::{Function, FunctionVersion};
pub use function_url::FunctionUrl;
pub use layer::Layer;
pub use permission::Permission;

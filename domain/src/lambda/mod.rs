//! Lambda: functions with their versions and aliases ([`function`]), layers ([`layer`]) and event source mappings
//! ([`event_source_mapping`]): their documents and what Gantry reads from them. AWS's rules are in [`rules`].

pub mod event_source_mapping;
pub mod function;
pub mod layer;
pub mod rules;
pub use event_source_mapping::EventSourceMapping;
pub use function::{Function, FunctionAlias, FunctionVersion};
pub use layer::Layer;

//! What browser and server agree on: names, resources, problems, who may do what, and the traits between them.
//! Pure: no clock, no network, no database; compiles to WebAssembly.
//!
//! Start at [`resource`] (what exists), [`listing`] (how it is asked for) and [`services`] (who answers).
//! A service's own knowledge is in the module with its endpoint prefix: [`lambda`], [`ecs`], [`ecr`], [`ecr_public`], [`eks`] …

pub mod apigateway;
pub mod audit;
pub mod cell;
pub mod describe;
pub mod diff;
pub mod document;
pub mod dynamodb;
pub mod ec2;
pub mod ecr;
pub mod ecr_public;
pub mod ecs;
pub mod eks;
pub mod elasticloadbalancing;
pub mod events;
pub mod history;
pub mod iam;
pub mod identity;
pub mod kind;
pub mod kinesis;
pub mod kms;
pub mod lambda;
pub mod listing;
pub mod logs;
pub mod plan;
pub mod policy;
pub mod problem;
pub mod reference;
pub mod resource;
pub mod s3;
pub mod scheduler;
pub mod services;
pub mod sns;
pub mod sqs;
pub mod stream;
pub mod summary;
pub mod time;
pub mod typing;
pub mod typo;
pub mod wording;

pub use identity::{AccountId, Arn, Region, ResourceKey, Scope};
pub use kind::Kind;
pub use problem::{Code, Problem};
pub use time::{Millis, Timestamp};

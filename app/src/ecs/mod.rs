//! Pages of ECS: services, tasks, task definitions and clusters, on Fargate or EC2.

mod cluster;
mod deployments;
pub mod detail;
pub mod list;
mod logs;
mod network;
mod service;
mod stopped;
mod task;
mod task_definition;

//! ecs: what is collected from this service.

use domain::resource::Observed;
use domain::{Problem, ResourceKey};

use crate::{Caller, Feed};

pub(crate) async fn collect_services(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("ecs:services"))
}

pub(crate) async fn fetch_service(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("ecs:service"))
}

pub(crate) async fn collect_tasks(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("ecs:tasks"))
}

pub(crate) async fn fetch_task(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("ecs:task"))
}

pub(crate) async fn collect_task_definitions(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("ecs:task_definitions"))
}

pub(crate) async fn fetch_task_definition(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("ecs:task_definition"))
}

pub(crate) async fn collect_clusters(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("ecs:clusters"))
}

pub(crate) async fn fetch_cluster(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("ecs:cluster"))
}

pub(crate) async fn collect_capacity_providers(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("ecs:capacity_providers"))
}

pub(crate) async fn fetch_capacity_provider(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("ecs:capacity_provider"))
}

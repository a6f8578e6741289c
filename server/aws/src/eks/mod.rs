//! eks: what is collected from this service.

use domain::resource::Observed;
use domain::{Problem, ResourceKey};

use crate::{Caller, Feed};

pub(crate) async fn collect_clusters(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("eks:clusters"))
}

pub(crate) async fn fetch_cluster(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("eks:cluster"))
}

pub(crate) async fn collect_node_groups(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("eks:node_groups"))
}

pub(crate) async fn fetch_node_group(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("eks:node_group"))
}

pub(crate) async fn collect_fargate_profiles(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("eks:fargate_profiles"))
}

pub(crate) async fn fetch_fargate_profile(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("eks:fargate_profile"))
}

pub(crate) async fn collect_addons(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("eks:addons"))
}

pub(crate) async fn fetch_addon(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("eks:addon"))
}

//! elasticloadbalancingv2: what is collected from this service.

use domain::resource::Observed;
use domain::{Problem, ResourceKey};

use crate::{Caller, Feed};

pub(crate) async fn collect_load_balancers(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("elasticloadbalancingv2:load_balancers"))
}

pub(crate) async fn fetch_load_balancer(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("elasticloadbalancingv2:load_balancer"))
}

pub(crate) async fn collect_target_groups(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("elasticloadbalancingv2:target_groups"))
}

pub(crate) async fn fetch_target_group(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("elasticloadbalancingv2:target_group"))
}

//! ec2: what is collected from this service.

use domain::resource::Observed;
use domain::{Problem, ResourceKey};

use crate::{Caller, Feed};

pub(crate) async fn collect_vpcs(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("ec2:vpcs"))
}

pub(crate) async fn fetch_vpc(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("ec2:vpc"))
}

pub(crate) async fn collect_subnets(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("ec2:subnets"))
}

pub(crate) async fn fetch_subnet(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("ec2:subnet"))
}

pub(crate) async fn collect_security_groups(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("ec2:security_groups"))
}

pub(crate) async fn fetch_security_group(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("ec2:security_group"))
}

//! iam: what is collected from this service.

use domain::resource::Observed;
use domain::{Problem, ResourceKey};

use crate::{Caller, Feed};

pub(crate) async fn collect_roles(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("iam:roles"))
}

pub(crate) async fn fetch_role(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("iam:role"))
}

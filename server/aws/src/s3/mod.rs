//! s3: what is collected from this service.

use domain::resource::Observed;
use domain::{Problem, ResourceKey};

use crate::{Caller, Feed};

pub(crate) async fn collect_buckets(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("s3:buckets"))
}

pub(crate) async fn fetch_bucket(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("s3:bucket"))
}

//! ecr: what is collected from this service.

use domain::resource::Observed;
use domain::{Problem, ResourceKey};

use crate::{Caller, Feed};

pub(crate) async fn collect_repositories(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("ecr:repositories"))
}

pub(crate) async fn fetch_repository(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("ecr:repository"))
}

pub(crate) async fn collect_images(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("ecr:images"))
}

pub(crate) async fn fetch_image(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("ecr:image"))
}

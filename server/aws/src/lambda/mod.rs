//! lambda: what is collected from this service.

use domain::resource::Observed;
use domain::{Problem, ResourceKey};

use crate::{Caller, Feed};

pub(crate) async fn collect_functions(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("lambda:functions"))
}

pub(crate) async fn fetch_function(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("lambda:function"))
}

pub(crate) async fn collect_versions(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("lambda:versions"))
}

pub(crate) async fn fetch_version(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("lambda:version"))
}

pub(crate) async fn collect_aliases(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("lambda:aliases"))
}

pub(crate) async fn fetch_alias(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("lambda:alias"))
}

pub(crate) async fn collect_layers(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("lambda:layers"))
}

pub(crate) async fn fetch_layer(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("lambda:layer"))
}

pub(crate) async fn collect_event_source_mappings(_caller: &Caller, _feed: &dyn Feed) -> Result<(), Problem> {
    Err(Problem::not_implemented("lambda:event_source_mappings"))
}

pub(crate) async fn fetch_event_source_mapping(_caller: &Caller, _key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Err(Problem::not_implemented("lambda:event_source_mapping"))
}

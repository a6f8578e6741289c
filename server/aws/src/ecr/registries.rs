//! The registry of the account in the region, with all that is set up in it.

use domain::ecr::registry::{ACCOUNT_SETTINGS, Registry};
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use std::collections::BTreeMap;

use super::execute_registry::{cache_rules, policy, replicated, scanning, setting, templates, unknown_setting};
use crate::gather::Trouble;
use crate::{Caller, Feed};

/// Reads the one registry. It is only told of whole: a part that cannot be read must not look as if it were empty.
pub(crate) async fn collect_registries(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    feed.seen(vec![caller.observed(&whole(caller).await?)?]).await?;
    feed.complete(Kind::Registry, None).await
}

/// The registry afresh; there is none but the account's own.
pub(crate) async fn fetch_registry(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    if key.id != caller.scope().account.as_str() {
        return Ok(None);
    }
    caller.observed(&whole(caller).await?).map(Some)
}

async fn whole(caller: &Caller) -> Result<Registry, Problem> {
    let (mut account_settings, mut trouble) = (BTreeMap::new(), Trouble::default());
    for (name, _) in ACCOUNT_SETTINGS {
        match setting(caller, name).await {
            Ok(value) => account_settings.extend(value.map(|value| ((*name).to_owned(), value))),
            // Not every region knows every setting.
            Err(problem) if unknown_setting(&problem) => {}
            Err(problem) => {
                trouble.past::<()>(Err(problem))?;
            }
        }
    }
    let replication_configuration = trouble.past(replicated(caller).await)?;
    let pull_through_cache_rules = trouble.past(cache_rules(caller, None).await)?;
    let repository_creation_templates = trouble.past(templates(caller, None).await)?;
    let policy = trouble.past(policy(caller).await)?;
    let scanning_configuration = trouble.past(scanning(caller).await)?;
    // From here on each part is there.
    trouble.end()?;
    Ok(Registry {
        registry_id: caller.scope().account.to_string(),
        replication_configuration: replication_configuration.unwrap_or_default(),
        pull_through_cache_rules: pull_through_cache_rules.unwrap_or_default(),
        repository_creation_templates: repository_creation_templates.unwrap_or_default(),
        policy: policy.flatten(),
        scanning_configuration: scanning_configuration.unwrap_or_default(),
        account_settings,
    })
}

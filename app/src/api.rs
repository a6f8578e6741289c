//! The server functions that more than one page uses: three lines each, everything else is behind [`domain::services::Services`].
#![allow(missing_docs)] // the macro makes a struct of each function's arguments, without documentation

use domain::audit::{AuditEntry, AuditQuery};
use domain::ecr::names;
use domain::history::Change;
use domain::listing::{Detail, Hit, ListQuery, Page};
use domain::policy::Actor;
use domain::services::{Comparison, HistoryQuery, Instance};
use domain::{AccountId, Kind, Millis, Region, ResourceKey, Scope};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::once::once;
use crate::wire::Call;

/// What every page knows from the first byte on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// Who is signed in.
    pub actor: Option<Actor>,
    /// Accounts, regions, sandbox, version.
    pub instance: Instance,
    /// The server's clock when the page was made.
    pub now: Millis,
    /// The version of what is collected that the page shows, or an older one; 0 while none is known.
    pub shows: i64,
    /// Lazily imported JavaScript modules by name.
    pub modules: std::collections::BTreeMap<String, String>,
}

impl Boot {
    /// The name people gave an account, or its id.
    pub fn account_name(&self, account: &AccountId) -> String {
        let named = self.instance.accounts.iter().find(|(id, _)| id == account);
        named.map(|(_, name)| name.clone()).filter(|n| !n.is_empty()).unwrap_or_else(|| account.to_string())
    }

    /// What people call a resource of this name: a registry is called by its account, of whose id AWS makes its name.
    pub fn called(&self, key: &ResourceKey, name: &str) -> String {
        match key.kind {
            Kind::Registry => format!("Registry of {}", self.account_name(&key.scope.account)),
            _ => name.to_owned(),
        }
    }

    /// A scope as people say it: the account's name and the region, `prod · eu-west-1`.
    pub fn place(&self, scope: &Scope) -> String {
        format!("{} · {}", self.account_name(&scope.account), scope.region)
    }
}

/// The services and who asks.
#[cfg(feature = "ssr")]
pub fn services() -> Result<(domain::services::Services, Actor), AppError> {
    let services = use_context::<domain::services::Services>()
        .ok_or_else(|| domain::Problem::internal("no services in context"))?;
    let actor = services.actor.clone().ok_or_else(domain::Problem::signed_out)?;
    Ok((services, actor))
}

/// A window of a list.
#[server(prefix = "/api/fn", endpoint = "list", protocol = Call)]
pub async fn list(query: ListQuery) -> Result<Page, AppError> {
    let (services, actor) = services()?;
    once("list", &query, async { Ok(services.inventory.list(&actor, &query).await?) }).await
}

/// One resource.
#[server(prefix = "/api/fn", endpoint = "get", protocol = Call)]
pub async fn get(key: ResourceKey) -> Result<Detail, AppError> {
    let (services, actor) = services()?;
    once("get", &key, async { Ok(services.inventory.get(&actor, &key).await?) }).await
}

/// Where else a repository has this name, and which namespaces are in use in the account.
#[server(prefix = "/api/fn", endpoint = "beside", protocol = Call)]
pub async fn beside(scope: Scope, name: String) -> Result<names::Beside, AppError> {
    let (services, actor) = services()?;
    Ok(services.inventory.beside(&actor, &scope, &name).await?)
}

/// What people call a resource, if it is known.
#[server(prefix = "/api/fn", endpoint = "name", protocol = Call)]
pub async fn name(key: ResourceKey) -> Result<Option<String>, AppError> {
    let (services, actor) = services()?;
    let rows = services.inventory.rows(&actor, &[key]).await?;
    Ok(rows.into_iter().next().map(|row| row.name))
}

/// Those of these resources that lists still have.
#[server(prefix = "/api/fn", endpoint = "known", protocol = Call)]
pub async fn known(keys: Vec<ResourceKey>) -> Result<Vec<ResourceKey>, AppError> {
    let (services, actor) = services()?;
    let rows = services.inventory.rows(&actor, &keys).await?;
    Ok(rows.into_iter().map(|row| row.key).collect())
}

/// Entries of a history, latest first.
#[server(prefix = "/api/fn", endpoint = "history", protocol = Call)]
pub async fn history(query: HistoryQuery) -> Result<Vec<Change>, AppError> {
    let (services, actor) = services()?;
    once("history", &query, async { Ok(services.inventory.history(&actor, &query).await?) }).await
}

/// Entries of the audit trail, latest first.
#[server(prefix = "/api/fn", endpoint = "audit", protocol = Call)]
pub async fn audit(query: AuditQuery) -> Result<Vec<AuditEntry>, AppError> {
    let (services, actor) = services()?;
    Ok(services.team.audit(&actor, &query).await?)
}

/// The documents after two entries of a history and how they differ.
#[server(prefix = "/api/fn", endpoint = "compare", protocol = Call)]
pub async fn compare(key: ResourceKey, from: i64, to: i64) -> Result<Comparison, AppError> {
    let (services, actor) = services()?;
    Ok(services.inventory.compare(&actor, &key, from, to).await?)
}

/// How the documents of two resources of one kind differ.
#[server(prefix = "/api/fn", endpoint = "compare-two", protocol = Call)]
pub async fn compare_two(left: ResourceKey, right: ResourceKey) -> Result<Comparison, AppError> {
    let (services, actor) = services()?;
    Ok(services.inventory.compare_two(&actor, &left, &right).await?)
}

/// Search over everything, best first.
#[server(prefix = "/api/fn", endpoint = "search", protocol = Call)]
pub async fn search(text: String, limit: u32) -> Result<Vec<Hit>, AppError> {
    let (services, actor) = services()?;
    Ok(services.inventory.search(&actor, &text, limit).await?)
}

/// The resource a reference points to.
#[server(prefix = "/api/fn", endpoint = "resolve", protocol = Call)]
pub async fn resolve(reference: String) -> Result<Option<ResourceKey>, AppError> {
    let (services, actor) = services()?;
    Ok(services.inventory.resolve(&actor, &reference).await?)
}

/// What the rail and the bar say.
#[server(prefix = "/api/fn", endpoint = "glance", protocol = Call)]
pub async fn glance(accounts: Vec<AccountId>, regions: Vec<Region>) -> Result<domain::services::Glance, AppError> {
    let (services, actor) = services()?;
    Ok(services.inventory.glance(&actor, &accounts, &regions).await?)
}

/// Collects this kind now.
#[server(prefix = "/api/fn", endpoint = "refresh", protocol = Call)]
pub async fn refresh(kind: Kind, accounts: Vec<AccountId>, regions: Vec<Region>) -> Result<(), AppError> {
    let (services, actor) = services()?;
    Ok(services.inventory.refresh(&actor, kind, &accounts, &regions).await?)
}

/// Reads this resource's whole document again.
#[server(prefix = "/api/fn", endpoint = "reread", protocol = Call)]
pub async fn reread(key: ResourceKey) -> Result<(), AppError> {
    let (services, actor) = services()?;
    Ok(services.inventory.reread(&actor, &key).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_called_by_its_account() {
        let accounts = vec![("111122223333".parse().unwrap(), "prod".to_owned())];
        let instance = Instance { sandbox: false, version: String::new(), accounts, regions: vec![], password_min: 15 };
        let boot = Boot { actor: None, instance, now: Millis(0), shows: 0, modules: Default::default() };
        let called = |key: &str, name: &str| boot.called(&ResourceKey::parse(key).unwrap(), name);
        assert_eq!(called("ecr.registry/111122223333/eu-west-1/111122223333", "111122223333"), "Registry of prod");
        assert_eq!(
            called("ecr.registry/444455556666/eu-west-1/444455556666", "444455556666"),
            "Registry of 444455556666"
        );
        assert_eq!(called("ecr.repository/111122223333/eu-west-1/shop/web", "shop/web"), "shop/web");
    }
}

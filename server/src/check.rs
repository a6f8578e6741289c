//! `gantry connections check`: asks AWS for one page of everything, per connection and region, and says what it answers.

use async_trait::async_trait;
use domain::resource::Observed;
use domain::{Code, Kind, Problem, Region, ResourceKey, Scope};
use gantry_aws::{Connections, Feed};
use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

/// A reader that has seen enough after the first page: only the permissions are of interest.
#[derive(Default)]
struct FirstPage {
    enough: AtomicBool,
}

#[async_trait]
impl Feed for FirstPage {
    async fn seen(&self, _: Vec<Observed>) -> Result<(), Problem> {
        self.enough.store(true, Ordering::Release);
        Err(Problem::new(Code::Conflict, "Enough", "One page is enough."))
    }
    async fn complete(&self, _: Kind, _: Option<&ResourceKey>) -> Result<(), Problem> {
        Ok(())
    }
    async fn known(&self, _: Kind) -> Result<HashSet<String>, Problem> {
        Ok(HashSet::new())
    }
}

/// Prints what works and what does not; answers whether everything does.
///
/// # Errors
/// When there is nothing to check.
pub async fn connections(connections: &Connections) -> Result<bool, Problem> {
    let configs: Vec<_> = connections.configs().cloned().collect();
    if configs.is_empty() {
        return Err(Problem::invalid(
            "connections",
            "No connection is configured: write [[connections]] into gantry.toml.",
        ));
    }
    let mut all_well = true;
    for config in configs {
        println!("{} ({}, {})", config.name, config.account, config.credentials());
        let global = Region::global();
        for region in std::iter::once(&global).chain(&config.regions) {
            let scope = Scope::new(config.account.clone(), region.clone());
            let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|k| k.is_global() == (*region == global)).collect();
            all_well &= one(connections, &scope, &kinds).await;
        }
    }
    Ok(all_well)
}

async fn one(connections: &Connections, scope: &Scope, kinds: &[Kind]) -> bool {
    let caller = match connections.caller(scope).await {
        Ok(caller) => caller,
        Err(problem) => {
            println!("  {}: {}", scope.region, problem.message);
            return false;
        }
    };
    let mut works = 0;
    let mut troubles: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for kind in kinds {
        let feed = FirstPage::default();
        match gantry_aws::collect(&caller, *kind, &feed).await {
            Ok(()) => works += 1,
            Err(_) if feed.enough.load(Ordering::Acquire) => works += 1,
            Err(problem) => troubles.entry(in_words(&problem)).or_default().push(kind.plural()),
        }
    }
    println!("  {}: {works} of {} kinds can be read", scope.region, kinds.len());
    for (trouble, kinds) in &troubles {
        println!("    {}: {trouble}", kinds.join(", "));
    }
    troubles.is_empty()
}

fn in_words(problem: &Problem) -> String {
    match (&problem.code, &problem.iam_action) {
        (Code::AwsDenied, Some(action)) => format!("the permission {action} is missing"),
        _ => problem.to_string(),
    }
}

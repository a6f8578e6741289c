//! `gantry connections check`: reads everything for a while, and one resource of each kind by itself, per connection and region, and says what
//! AWS answers.

use async_trait::async_trait;
use domain::resource::Observed;
use domain::{Code, Kind, Problem, Region, ResourceKey, Scope};
use gantry_aws::{Connections, Feed};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a list is read: by then each call it takes has been made, and only the permissions are of interest.
const PATIENCE: Duration = Duration::from_secs(10);

/// Remembers the first resource, to read it by itself.
#[derive(Default)]
struct First(Mutex<Option<ResourceKey>>);

#[async_trait]
impl Feed for First {
    async fn seen(&self, page: Vec<Observed>) -> Result<(), Problem> {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let (None, Some(observed)) = (&*first, page.into_iter().next()) {
            *first = Some(observed.key);
        }
        Ok(())
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
            "No connection is configured: write [[connections]] into gantry.toml, or set AWS_REGION beside AWS credentials.",
        ));
    }
    let mut all_well = true;
    for config in configs {
        println!("{} ({}, {})", config.name, config.account, config.credentials());
        let global = Region::global();
        for region in std::iter::once(&global).chain(&config.regions) {
            let scope = Scope::new(config.account.clone(), region.clone());
            let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|k| k.is_in(region)).collect();
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
        match read(&caller, *kind).await {
            Ok(()) => works += 1,
            Err(problem) => troubles.entry(in_words(&problem)).or_default().push(kind.plural()),
        }
    }
    println!("  {}: {works} of {} kinds can be read", scope.region, kinds.len());
    for (trouble, kinds) in &troubles {
        println!("    {}: {trouble}", kinds.join(", "));
    }
    troubles.is_empty()
}

/// Reads a list for a while, then its first resource by itself, which takes other calls.
async fn read(caller: &gantry_aws::Caller, kind: Kind) -> Result<(), Problem> {
    let feed = First::default();
    // A list that is not finished in this time has answered without a problem so far.
    if let Ok(read) = tokio::time::timeout(PATIENCE, gantry_aws::collect(caller, kind, &feed)).await {
        read?;
    }
    let first = feed.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    match first.filter(|key| key.kind == kind) {
        Some(key) => gantry_aws::fetch(caller, &key).await.map(|_| ()),
        None => Ok(()),
    }
}

fn in_words(problem: &Problem) -> String {
    match (&problem.code, &problem.iam_action) {
        (Code::AwsDenied, Some(action)) => format!("the permission {action} is missing"),
        _ => problem.to_string(),
    }
}

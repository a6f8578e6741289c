//! `gantry connections check`: reads everything for a while, one resource of each kind by itself, how a service was deployed, a log and a
//! chart, per connection and region, and says what AWS answers.

use async_trait::async_trait;
use domain::resource::Observed;
use domain::{Code, Kind, Millis, Problem, Region, ResourceKey, Scope};
use gantry_aws::{Caller, Connections, Feed};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::now;

/// How long a list is read: by then each call it takes has been made, and only the permissions are of interest.
const PATIENCE: Duration = Duration::from_secs(10);
/// Nothing is called so. Who may ask for it is told that it does not exist.
const NOTHING: &str = "gantry-connections-check";
/// Nor this, where most policies that name log groups begin.
const NO_LOG: &str = "/aws/lambda/gantry-connections-check";

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
    async fn named(&self, _: &[Kind], _: &str) -> Result<HashSet<String>, Problem> {
        Ok(HashSet::new())
    }
    async fn said(&self, _: Kind, _: &str) -> Result<HashMap<String, String>, Problem> {
        Ok(HashMap::new())
    }
    async fn left(&self) -> Result<Value, Problem> {
        Ok(Value::Null)
    }
    async fn leave(&self, _: Value) -> Result<(), Problem> {
        Ok(())
    }
    fn began(&self) -> Millis {
        now()
    }
}

/// Tells, line by line, what works and what does not; answers whether everything does.
///
/// # Errors
/// When there is nothing to check.
pub async fn connections(connections: &Connections, tell: &mut dyn FnMut(String)) -> Result<bool, Problem> {
    let configs: Vec<_> = connections.configs().cloned().collect();
    if configs.is_empty() {
        return Err(Problem::invalid(
            "connections",
            "No connection is configured: write [[connections]] into gantry.toml.",
        ));
    }
    let mut all_well = true;
    for config in configs {
        tell(format!("{} ({}, {})", config.name, config.account, config.credentials()));
        if !config.sandbox && connections.long_lived(&config.name).await == Some(true) {
            tell("  long-lived keys: they hold until somebody deletes them".to_owned());
        }
        let global = Region::global();
        for region in std::iter::once(&global).chain(&config.regions) {
            let scope = Scope::new(config.account.clone(), region.clone());
            let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|k| k.is_in(region)).collect();
            all_well &= one(connections, &scope, &kinds, tell).await;
        }
        // An emulator may have no roles.
        let refused = connections.refused_sessions(&config.name).await;
        for problem in refused.iter().filter(|problem| !problem.is_calm()) {
            all_well = false;
            tell(format!("  sessions of people: {}", problem.message));
        }
    }
    Ok(all_well)
}

async fn one(connections: &Connections, scope: &Scope, kinds: &[Kind], tell: &mut dyn FnMut(String)) -> bool {
    let caller = match connections.caller(scope).await {
        Ok(caller) => caller,
        Err(problem) => {
            tell(format!("  {}: {}", scope.region, problem.message));
            return false;
        }
    };
    let mut works = 0;
    let mut troubles: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut note = |problem: &Problem, what: &'static str| {
        for words in in_words(problem) {
            let concerned = troubles.entry(words).or_default();
            if !concerned.contains(&what) {
                concerned.push(what);
            }
        }
    };
    for kind in kinds {
        let problems = read(&caller, *kind).await;
        works += usize::from(problems.is_empty());
        for problem in &problems {
            note(problem, kind.plural());
        }
    }
    if scope.region != Region::global() {
        for (what, problem) in Box::pin(looked_at(&caller)).await {
            note(&problem, what);
        }
    }
    tell(format!("  {}: {works} of {} kinds can be read", scope.region, kinds.len()));
    for (trouble, concerned) in &troubles {
        tell(format!("    {}: {trouble}", concerned.join(", ")));
    }
    troubles.is_empty()
}

/// Reads a list for a while, then one of it by itself, which takes other calls; answers what is in the way of either, and of what its page
/// reads besides.
async fn read(caller: &Caller, kind: Kind) -> Vec<Problem> {
    let feed = First::default();
    // A list that is not finished in this time has answered without a problem so far.
    let list = tokio::time::timeout(PATIENCE, Box::pin(gantry_aws::collect(caller, kind, &feed))).await;
    // Nor is it one that some are left for the next collect.
    let list = list.ok().and_then(Result::err).filter(|problem| problem.code != Code::Busy);
    let mut problems: Vec<Problem> = list.into_iter().collect();
    let first = feed.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    let first = first.filter(|key| key.kind == kind);
    match &first {
        Some(key) => problems.extend(match Box::pin(gantry_aws::fetch(caller, key)).await {
            Ok(found) => found.as_ref().and_then(gantry_aws::withheld),
            Err(problem) => Some(problem),
        }),
        // What may not be listed may also be missing the permission to be read, which is better said now than after the first was given.
        None if problems.iter().any(denied) || of_each_function(kind) => {
            if let Ok(key) = ResourceKey::new(kind, caller.scope().clone(), NOTHING) {
                problems.extend(Box::pin(gantry_aws::fetch(caller, &key)).await.err().filter(denied));
            }
        }
        None => {}
    }
    if kind == Kind::Service {
        // Read only while somebody looks.
        let id = first.as_ref().and_then(|key| key.id.split_once('/'));
        let (cluster, service) = id.unwrap_or((NOTHING, NOTHING));
        problems.extend(Box::pin(gantry_aws::deployments_denied(caller, cluster, service)).await);
    }
    if kind == Kind::Image {
        // Images are shown without what they run on.
        let repository = first.as_ref().and_then(|key| key.id.split_once('@')).map_or(NOTHING, |(name, _)| name);
        problems.extend(Box::pin(gantry_aws::images_denied(caller, repository)).await);
    }
    problems
}

/// What is in the way of the two things that are read only while somebody looks: the events of a log, and a chart. That an emulator lacks
/// them is not.
async fn looked_at(caller: &Caller) -> Vec<(&'static str, Problem)> {
    let at = now();
    let log = gantry_aws::Log { group: NO_LOG, streams: "", of: "", filter: "" };
    // The permission is there when AWS says that the log is not.
    let events = gantry_aws::absent(gantry_aws::log_events(caller, log, at, at, 1, || Duration::MAX).await).err();
    let chart = gantry_aws::function_totals(caller, 5, at).await.err();
    let both = [("log events", events), ("charts", chart)];
    both.into_iter().filter_map(|(what, problem)| Some((what, problem.filter(|p| !p.is_calm())?))).collect()
}

/// Kinds whose calls are only made where there is a function to ask of.
fn of_each_function(kind: Kind) -> bool {
    matches!(kind, Kind::FunctionUrl | Kind::FunctionPermission | Kind::EventInvokeConfig)
}

fn denied(problem: &Problem) -> bool {
    problem.code == Code::AwsDenied
}

/// One line, or one for each permission that is missing.
fn in_words(problem: &Problem) -> Vec<String> {
    let missing: Vec<&str> = problem.missing().filter(|_| denied(problem)).collect();
    if missing.is_empty() {
        return vec![problem.to_string()];
    }
    missing.into_iter().map(|action| format!("the permission {action} is missing")).collect()
}

//! `gantry runs sweep`: what carries the tags of a run and that no run answers for. It reads AWS itself and needs the database only to tell
//! which runs there are; without it everything that a run ever made is listed.

use domain::plan::sweep::{Marked, Verdict, judge};
use domain::{Code, Problem, Scope};
use gantry_aws::Connections;
use gantry_store::Store;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

use super::Cloud;

/// Something that carries a run's tags.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// The resource and its tags.
    #[serde(flatten)]
    pub marked: Marked,
    /// Whether somebody answers for it.
    pub verdict: Verdict,
    /// Why, in a sentence.
    pub why: String,
}

/// Where it could not be looked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unread {
    /// Account and region.
    pub scope: Scope,
    /// Why not.
    pub problem: Problem,
}

/// What a sweep came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sweep {
    /// Everything that carries a run's tags, orphans first.
    pub found: Vec<Found>,
    /// Accounts and regions that could not be read, or not to their end.
    pub unread: Vec<Unread>,
}

impl Sweep {
    /// Whether everything could be read and somebody answers for all of it.
    pub fn is_clean(&self) -> bool {
        self.unread.is_empty() && self.found.iter().all(|found| found.verdict != Verdict::Orphan)
    }

    /// As one document.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn json(&self) -> Result<String, Problem> {
        serde_json::to_string_pretty(self)
            .map_err(|e| Problem::new(Code::Internal, "The sweep cannot be written", e.to_string()))
    }
}

impl fmt::Display for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Found { marked, verdict, why } in &self.found {
            let (verdict, Marked { arn, run, step, by, .. }) = (verdict.as_str(), marked);
            writeln!(f, "{verdict:<8} {arn}\n         run {run}, step {step}, by {by}. {why}")?;
        }
        for Unread { scope, problem } in &self.unread {
            writeln!(f, "unread   {scope}\n         {problem}")?;
        }
        let orphans = self.found.iter().filter(|found| found.verdict == Verdict::Orphan).count();
        writeln!(f, "{} with a run's tags, {orphans} orphaned, {} unread", self.found.len(), self.unread.len())
    }
}

/// Every account and region that a connection leads to.
///
/// # Errors
/// When there is none.
pub fn scopes(connections: &Connections) -> Result<Vec<Scope>, Problem> {
    let scopes: Vec<Scope> = connections
        .configs()
        .flat_map(|c| c.regions.iter().map(|region| Scope::new(c.account.clone(), region.clone())))
        .collect();
    if scopes.is_empty() {
        let message = "No connection is configured: write [[connections]] into gantry.toml.";
        return Err(Problem::invalid("connections", message));
    }
    Ok(scopes)
}

/// Looks through these.
///
/// # Errors
/// When the database does not answer; what AWS refused is inside.
pub async fn sweep(cloud: &dyn Cloud, scopes: &[Scope], store: Option<&Store>) -> Result<Sweep, Problem> {
    let mut sweep = Sweep::default();
    for scope in scopes {
        let outcome = one(cloud, scope, store).await?;
        match outcome {
            Ok(found) => sweep.found.extend(found),
            Err(problem) => sweep.unread.push(Unread { scope: scope.clone(), problem }),
        }
    }
    sweep.found.sort_by(|a, b| (a.verdict, &a.marked).cmp(&(b.verdict, &b.marked)));
    Ok(sweep)
}

async fn one(cloud: &dyn Cloud, scope: &Scope, store: Option<&Store>) -> Result<Result<Vec<Found>, Problem>, Problem> {
    let mut found = vec![];
    match cloud.marked(scope).await {
        Ok(all) => {
            for marked in all {
                found.push(judged(marked, store).await?);
            }
        }
        Err(problem) => return Ok(Err(problem)),
    }
    // A run that was taking something back when it was listed may have ended since: what is no longer there is no orphan.
    if found.iter().any(|found| found.verdict == Verdict::Orphan) {
        match cloud.marked(scope).await {
            Ok(still) => {
                let still: BTreeSet<Marked> = still.into_iter().collect();
                found.retain(|found| found.verdict != Verdict::Orphan || still.contains(&found.marked));
            }
            Err(problem) => return Ok(Err(problem)),
        }
    }
    Ok(Ok(found))
}

async fn judged(marked: Marked, store: Option<&Store>) -> Result<Found, Problem> {
    let unknown = |why: String| (Verdict::Unknown, why);
    let (verdict, why) = match store {
        None => unknown("The database was not asked.".to_owned()),
        Some(store) => match store.run(&marked.run).await {
            Ok(stored) => judge(&marked, stored.map(|stored| stored.run).as_ref()),
            Err(problem) if problem.code == Code::Database => return Err(problem),
            Err(problem) => unknown(problem.message),
        },
    };
    Ok(Found { marked, verdict, why })
}

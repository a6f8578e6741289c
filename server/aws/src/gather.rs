//! What collectors share: reading details several at a time, going on past one resource that cannot be read, and the spelling of
//! moments and words in documents.

use aws_sdk_sts::primitives::DateTime;
use domain::document::Tag;
use domain::{Code, Kind, Millis, Problem, ResourceKey, Timestamp};
use futures::StreamExt;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::Future;

use crate::{Caller, Feed};

/// How many calls of one collector are under way at once. The limiter decides how fast they start.
const ABREAST: usize = 8;

/// Reads something for each item, several at a time; the answers come in the items' order.
pub(crate) async fn each<I, F>(items: Vec<I>, read: impl FnMut(I) -> F) -> Vec<F::Output>
where
    F: Future,
{
    futures::stream::iter(items.into_iter().map(read)).buffered(ABREAST).collect().await
}

/// What there is of these. AWS refuses the whole question when one of them is missing (`None`): then they are asked for one by one.
pub(crate) async fn found<T, F>(digests: &[String], read: impl Fn(Vec<String>) -> F) -> Result<Vec<T>, Problem>
where
    F: Future<Output = Result<Option<Vec<T>>, Problem>>,
{
    if let Some(all) = read(digests.to_vec()).await? {
        return Ok(all);
    }
    if digests.len() < 2 {
        return Ok(vec![]);
    }
    let mut found = vec![];
    for answer in each(digests.to_vec(), |digest| read(vec![digest])).await {
        found.extend(answer?.unwrap_or_default());
    }
    Ok(found)
}

/// The answer to a deletion that AWS answers with success, naming in it what it did not delete, with reasons.
pub(crate) fn deleted(failures: Vec<String>, request_id: Option<String>) -> Result<Option<String>, Problem> {
    if failures.is_empty() {
        return Ok(request_id);
    }
    let more = if failures.len() > 3 { format!(" And {} more.", failures.len() - 3) } else { String::new() };
    let message = format!("{}.{more}", failures.iter().take(3).cloned().collect::<Vec<_>>().join(". "));
    let mut problem = Problem::new(Code::AwsRejected, "AWS did not delete all of it", message);
    problem.aws_request_id = request_id;
    Err(problem)
}

/// When so many in a row could not be read for a reason that may pass, the next could not either. More than are read at once, so that one
/// burst that AWS throttles is not taken for that.
const SEVERAL: usize = 2 * ABREAST;

/// What went wrong while the rest went on.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    /// All denials in one: whoever mends them wants to hear of all at once.
    denied: Option<Problem>,
    /// The first of what is no denial.
    first: Option<Problem>,
    /// How many in a row AWS did not answer.
    silent: usize,
    /// Ids of what a list named and could not be read.
    unread: Vec<String>,
}

impl Trouble {
    /// Notes a problem that concerns one resource, and goes on. One that will meet the next call too ends the collect: so does AWS's silence
    /// when it is not about one resource only.
    pub(crate) fn past<T>(&mut self, result: Result<T, Problem>) -> Result<Option<T>, Problem> {
        let problem = match result {
            Ok(value) => {
                self.silent = 0;
                return Ok(Some(value));
            }
            Err(problem) => problem,
        };
        match problem.code {
            Code::AwsUnreachable | Code::AwsThrottled if self.silent + 1 < SEVERAL => self.silent += 1,
            Code::AwsCredentials => return Err(problem),
            _ if problem.retryable() => return Err(problem),
            _ => self.silent = 0,
        }
        self.note(problem);
        Ok(None)
    }
    /// The same for one that a list names, with its id: it exists, whatever is in the way of reading it. `None` also when AWS said that it does
    /// not exist any more.
    pub(crate) fn past_listed<T>(
        &mut self,
        id: impl Into<String>,
        result: Result<Option<T>, Problem>,
    ) -> Result<Option<T>, Problem> {
        let read = self.past(result)?;
        if read.is_none() {
            self.unread.push(id.into());
        }
        Ok(read.flatten())
    }
    /// Says that everything was listed, where what could not be read is known from before: it stays as it was. What is not known would be
    /// missing from a list that is called complete. Answers whether it was said.
    pub(crate) async fn complete(
        &mut self,
        feed: &dyn Feed,
        kind: Kind,
        parent: Option<&ResourceKey>,
    ) -> Result<bool, Problem> {
        let unread = std::mem::take(&mut self.unread);
        if !unread.is_empty() {
            let known = feed.known(kind).await?;
            if !unread.iter().all(|id| known.contains(id)) {
                return Ok(false);
            }
            feed.still(kind, unread).await?;
        }
        feed.complete(kind, parent).await?;
        Ok(true)
    }
    /// Notes a problem.
    pub(crate) fn note(&mut self, problem: Problem) {
        match (problem.code, &mut self.denied) {
            (Code::AwsDenied, Some(denied)) => denied.also_denied(&problem),
            (Code::AwsDenied, none) => *none = Some(problem),
            _ => {
                self.first.get_or_insert(problem);
            }
        }
    }
    /// What went wrong here and there.
    pub(crate) fn and(mut self, other: Trouble) -> Trouble {
        for problem in other.denied.into_iter().chain(other.first) {
            self.note(problem);
        }
        self
    }
    /// Whether nothing went wrong.
    pub(crate) fn is_none(&self) -> bool {
        self.denied.is_none() && self.first.is_none()
    }
    /// What went wrong: first what somebody has to mend.
    pub(crate) fn end(self) -> Result<(), Problem> {
        self.denied.or(self.first).map_or(Ok(()), Err)
    }
}

/// Says of parents that are no longer listed that nothing lives in them: what Gantry knows of them is gone.
/// `parent_of` reads the parent's id from a child's.
pub(crate) async fn orphans(
    caller: &Caller,
    feed: &dyn Feed,
    (child, parent): (Kind, Kind),
    listed: &[String],
    known: &HashSet<String>,
    parent_of: fn(&str) -> Option<&str>,
) -> Result<(), Problem> {
    let listed: HashSet<&str> = listed.iter().map(String::as_str).collect();
    let mut lost: Vec<&str> = known.iter().filter_map(|id| parent_of(id)).filter(|p| !listed.contains(p)).collect();
    lost.sort_unstable();
    lost.dedup();
    for id in lost {
        let key = ResourceKey::new(parent, caller.scope().clone(), id)?;
        feed.complete(child, Some(&key)).await?;
    }
    Ok(())
}

/// A moment as documents write it.
pub(crate) fn when(moment: Option<DateTime>) -> Option<Timestamp> {
    moment.and_then(|m| m.to_millis().ok()).map(|ms| Timestamp(Millis(ms)))
}

/// An enum's word, also one that the SDK does not know.
pub(crate) fn word<E: ToString>(value: Option<E>) -> Option<String> {
    value.map(|v| v.to_string())
}

/// Tags in the order of their keys: AWS gives none.
pub(crate) fn tags(pairs: impl Iterator<Item = (String, String)>) -> Vec<Tag> {
    let mut tags: Vec<Tag> = pairs.map(|(key, value)| Tag { key, value }).collect();
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    tags
}

/// A map in order.
pub(crate) fn sorted(map: Option<HashMap<String, String>>) -> BTreeMap<String, String> {
    map.into_iter().flatten().collect()
}

#[cfg(test)]
#[path = "gather_tests.rs"]
mod tests;

//! Keeps out what nothing can be kept under: one resource with an impossible id does not take the rest of its list with it.

use async_trait::async_trait;
use domain::resource::Observed;
use domain::{Code, Kind, Millis, Problem, ResourceKey};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Feed;

/// Whether something can be kept under this key, which was made of what AWS answered.
pub(crate) fn usable(key: &ResourceKey) -> Result<(), Problem> {
    key.check().map_err(|problem| Problem::new(Code::AwsRejected, "It cannot be kept", problem.message))
}

/// Passes on what can be kept. A list that something was left out of is not called complete: what is known under it would be gone.
pub(crate) struct Sieve<'a> {
    feed: &'a dyn Feed,
    left_out: Mutex<Vec<(ResourceKey, Problem)>>,
}

impl<'a> Sieve<'a> {
    /// Before this.
    pub(crate) fn new(feed: &'a dyn Feed) -> Self {
        Self { feed, left_out: Mutex::default() }
    }

    /// Says what was left out.
    pub(crate) fn end(self) -> Result<(), Problem> {
        let left_out = self.left_out.into_inner().unwrap_or_else(PoisonError::into_inner);
        let more = match left_out.len() {
            0 | 1 => String::new(),
            all => format!(" (with {} more)", all - 1),
        };
        match left_out.into_iter().next() {
            None => Ok(()),
            Some((_, mut problem)) => {
                problem.message = format!(
                    "{} It is left out{more}; while it is, nothing of its list is taken for gone.",
                    problem.message
                );
                Err(problem)
            }
        }
    }

    fn left_out(&self) -> MutexGuard<'_, Vec<(ResourceKey, Problem)>> {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something of a list was left out. What lives in something else begins with its id.
    fn lacks(&self, kind: Kind, parent: Option<&ResourceKey>) -> bool {
        let within = |id: &str| parent.is_none_or(|parent| id.is_empty() || id.starts_with(&parent.id));
        self.left_out().iter().any(|(key, _)| key.kind == kind && within(&key.id))
    }
}

#[async_trait]
impl Feed for Sieve<'_> {
    async fn seen(&self, mut batch: Vec<Observed>) -> Result<(), Problem> {
        batch.retain(|observed| match usable(&observed.key) {
            Ok(()) => true,
            Err(problem) => {
                tracing::warn!(scope = %observed.key.scope, kind = %observed.key.kind, %problem, "a resource is left out");
                self.left_out().push((observed.key.clone(), problem));
                false
            }
        });
        self.feed.seen(batch).await
    }
    async fn complete(&self, kind: Kind, parent: Option<&ResourceKey>) -> Result<(), Problem> {
        if self.lacks(kind, parent) {
            return Ok(());
        }
        self.feed.complete(kind, parent).await
    }
    async fn complete_of(&self, kind: Kind, ids: Vec<String>) -> Result<(), Problem> {
        if self.lacks(kind, None) {
            return Ok(());
        }
        self.feed.complete_of(kind, ids).await
    }
    async fn known(&self, kind: Kind) -> Result<HashSet<String>, Problem> {
        self.feed.known(kind).await
    }
    async fn named(&self, by: &[Kind], prefix: &str) -> Result<HashSet<String>, Problem> {
        self.feed.named(by, prefix).await
    }
    async fn said(&self, kind: Kind, field: &str) -> Result<HashMap<String, String>, Problem> {
        self.feed.said(kind, field).await
    }
    async fn left(&self) -> Result<Value, Problem> {
        self.feed.left().await
    }
    async fn leave(&self, place: Value) -> Result<(), Problem> {
        self.feed.leave(place).await
    }
    fn began(&self) -> Millis {
        self.feed.began()
    }
    fn covers(&self, since: Option<Millis>) {
        self.feed.covers(since);
    }
    async fn still(&self, kind: Kind, ids: Vec<String>) -> Result<(), Problem> {
        self.feed.still(kind, ids).await
    }
    async fn again(&self, kind: Kind, ids: Vec<String>) -> Result<(), Problem> {
        self.feed.again(kind, ids).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Memory, caller};
    use serde_json::json;

    #[tokio::test]
    async fn one_name_too_long_does_not_take_the_rest_of_its_page_with_it() {
        let caller = caller(|operation, _| {
            assert_eq!(operation, "DescribeLogGroups");
            let groups = ["a".to_owned(), "x".repeat(10_000), String::new(), "b".to_owned()];
            let groups: Vec<Value> = groups.iter().map(|name| json!({ "logGroupName": name })).collect();
            (200, json!({ "logGroups": groups }))
        });
        let memory = Memory::default();
        let problem = crate::collect(&caller, Kind::LogGroup, &memory).await.unwrap_err();
        assert_eq!(memory.docs().into_keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(memory.complete(), [""; 0], "what is not in it would be gone");
        assert!(!problem.retryable());
        for said in ["“xxxxxx", "cannot be the id of this log group", "too long", "with 1 more"] {
            assert!(problem.message.contains(said), "{problem}");
        }
        assert!(problem.message.len() < 400, "{problem}");
    }

    #[tokio::test]
    async fn only_the_list_it_was_left_out_of_is_incomplete() {
        let memory = Memory::default();
        let sieve = Sieve::new(&memory);
        let scope = caller(|_, _| (500, json!({}))).scope;
        let key = |kind: Kind, id: String| ResourceKey { kind, scope: scope.clone(), id };
        let task = |id: String| Observed { key: key(Kind::Task, id), doc: json!({}) };
        sieve.seen(vec![task("shop/1".into()), task(format!("lab/{}", "x".repeat(3_000)))]).await.unwrap();
        for cluster in ["lab", "shop"] {
            sieve.complete(Kind::Task, Some(&key(Kind::Cluster, cluster.into()))).await.unwrap();
        }
        sieve.complete(Kind::Task, None).await.unwrap();
        sieve.complete_of(Kind::Task, vec!["lab/1".into()]).await.unwrap();
        sieve.complete_of(Kind::Rule, vec!["default/nightly".into()]).await.unwrap();
        assert_eq!(
            (memory.complete(), memory.complete_of()),
            (vec!["shop".to_owned()], vec!["default/nightly".to_owned()])
        );
        assert_eq!(memory.docs().into_keys().collect::<Vec<_>>(), ["shop/1"]);
        assert!(sieve.end().unwrap_err().message.contains("lab/xxx"));
    }
}

//! What AWS tells function by function only. All control-plane calls of an account share a quota, so of many functions each collect asks some,
//! in turns. Until each was asked once, the list says how far it is.

use domain::resource::{Model, Observed};
use domain::{Code, Kind, Problem, ResourceKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashSet;

use super::functions::names;
use crate::gather::{Trouble, each, orphans};
use crate::{Caller, Feed};

/// Where the next collect goes on.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    /// The last one asked.
    after: String,
    /// Each was asked once.
    around: bool,
}

impl Place {
    /// Which of these, which are in order, are asked now, at most `some`; and where that leads.
    fn turn(self, others: &[String], some: usize) -> (Vec<String>, Self) {
        let from = others.partition_point(|name| *name <= self.after);
        let (before, behind) = others.split_at(from);
        let asked: Vec<String> = behind.iter().chain(before).take(some).cloned().collect();
        let around = self.around || behind.len() <= some;
        let after = asked.last().cloned().unwrap_or_default();
        (asked, Self { after, around })
    }

    /// How many of these were not asked yet.
    fn left(&self, others: &[String]) -> usize {
        if self.around { 0 } else { others.iter().filter(|name| **name > self.after).count() }
    }
}

/// A kind that AWS tells function by function.
pub(super) struct Told {
    /// What is told.
    pub(super) kind: Kind,
    /// A field that all of its documents have.
    pub(super) field: &'static str,
    /// So many functions are asked in one collect.
    pub(super) some: usize,
    /// The operation that tells it.
    pub(super) operation: &'static str,
    /// What it is called, of many.
    pub(super) words: &'static str,
}

impl Told {
    /// Asks the functions whose turn it is with `read`, and says of those that are gone that nothing is left of them.
    pub(super) async fn collect<F>(
        &self,
        caller: &Caller,
        feed: &dyn Feed,
        read: impl FnOnce(Vec<String>) -> F,
    ) -> Result<(), Problem>
    where
        F: Future<Output = Result<Trouble, Problem>>,
    {
        let functions = names(caller).await?;
        let known: HashSet<String> = feed.said(self.kind, self.field).await?.into_keys().collect();
        let (round, asked) = Round::begin(feed, functions.clone(), self.some).await?;
        let trouble = read(asked).await?;
        orphans(caller, feed, (self.kind, Kind::Function), &functions, &known, function_of).await?;
        round.end(feed, self.kind, trouble, self.operation, (self.words, "functions")).await
    }

    /// Says that all of one function was delivered.
    pub(super) async fn complete(&self, caller: &Caller, feed: &dyn Feed, function: &str) -> Result<(), Problem> {
        let key = ResourceKey::new(Kind::Function, caller.scope().clone(), function)?;
        feed.complete(self.kind, Some(&key)).await
    }
}

/// Reads something of each of these; what is in the way of some does not keep the others from being read.
pub(super) async fn of_each<I, F>(asked: Vec<I>, read: impl FnMut(I) -> F) -> Result<Trouble, Problem>
where
    F: Future<Output = Result<(), Problem>>,
{
    let mut trouble = Trouble::default();
    for result in each(asked, read).await {
        trouble.past(result)?;
    }
    Ok(trouble)
}

/// Delivers these documents, if there are any.
pub(super) async fn deliver<M: Model>(caller: &Caller, feed: &dyn Feed, docs: Vec<Value>) -> Result<(), Problem> {
    let batch: Vec<Observed> =
        docs.into_iter().map(|doc| caller.observed_raw::<M>(doc)).collect::<Result<_, Problem>>()?;
    if batch.is_empty() { Ok(()) } else { feed.seen(batch).await }
}

/// One collect's turn.
pub(super) struct Round {
    others: Vec<String>,
    some: usize,
    place: Place,
}

impl Round {
    /// Which of these functions, which are in order, are asked in this collect: all of them where they are at most `some`.
    pub(super) async fn begin(
        feed: &dyn Feed,
        others: Vec<String>,
        some: usize,
    ) -> Result<(Self, Vec<String>), Problem> {
        let place: Place = serde_json::from_value(feed.left().await?).unwrap_or_default();
        let (asked, place) = place.turn(&others, some);
        Ok((Self { others, some, place }, asked))
    }

    /// After those were asked: says that the list is complete, or where the next collect goes on and, as `operation`'s problem, of how many
    /// functions it is not known yet. `what` is what is asked for, and of what.
    pub(super) async fn end(
        self,
        feed: &dyn Feed,
        kind: Kind,
        mut trouble: Trouble,
        operation: &'static str,
        what: (&str, &str),
    ) -> Result<(), Problem> {
        let Self { others, some, place } = self;
        if others.len() <= some {
            if trouble.is_none() {
                feed.complete(kind, None).await?;
            }
            return trouble.end();
        }
        let left = place.left(&others);
        if left > 0 {
            trouble.note(not_yet(left, others.len(), some, operation, what));
        }
        feed.leave(serde_json::to_value(place).unwrap_or_default()).await?;
        trouble.end()
    }
}

/// Of so many functions so many were not asked yet, of which each collect asks some.
fn not_yet(left: usize, all: usize, some: usize, operation: &'static str, (what, of): (&str, &str)) -> Problem {
    let message = format!(
        "AWS tells {what} function by function only, and few calls a second are allowed. Of {all} {of} {left} were not asked yet; each \
         collect asks {some}."
    );
    let mut problem = Problem::new(Code::Busy, "Not all functions were asked yet", message);
    problem.operation = Some(operation.to_owned());
    problem
}

/// The function that something belongs to whose id begins with its name, as far as `:` or `/`.
pub(super) fn function_of(id: &str) -> Option<&str> {
    id.split([':', '/']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_has_its_turn() {
        let others: Vec<String> = (0..12).map(|n| format!("f{n:02}")).collect();
        let (asked, place) = Place::default().turn(&others, 5);
        assert_eq!((asked[0].as_str(), asked.len(), place.left(&others)), ("f00", 5, 7));
        let (asked, place) = place.turn(&others, 5);
        assert_eq!((asked[0].as_str(), asked.len(), place.left(&others)), ("f05", 5, 2));
        // What is new behind the place is asked in the same turn; the last turn begins again.
        let more: Vec<String> = others.iter().cloned().chain(["g".to_owned()]).collect();
        let (asked, place) = place.turn(&more, 5);
        assert_eq!(asked, ["f10", "f11", "g", "f00", "f01"]);
        assert_eq!((place.around, place.left(&more)), (true, 0));
        let (asked, place) = place.turn(&more, 5);
        assert_eq!((asked[0].as_str(), place.around), ("f02", true));
        // The one it stopped at may be gone, and so may most others.
        let (asked, place) = Place { after: "zzz".into(), around: true }.turn(&others[..2], 5);
        assert_eq!((asked.len(), place.after.as_str()), (2, "f01"));
        assert_eq!(Place::default().turn(&[], 5), (vec![], Place { after: String::new(), around: true }));
    }
}

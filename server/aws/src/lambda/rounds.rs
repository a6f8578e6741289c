//! What AWS tells function by function only. All control-plane calls of an account share a quota, so of many functions each collect asks some,
//! in turns. Until each was asked once, the list says how far it is.

use domain::resource::{Model, Observed};
use domain::{Code, Kind, Millis, Problem, ResourceKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashSet;

use super::functions::names;
use crate::gather::{Trouble, each, orphans};
use crate::{Caller, Feed};

/// Where the next collect goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    /// The last one asked.
    after: String,
    /// Each was asked once.
    around: bool,
    /// When the collect began that began this round.
    since: Option<Millis>,
    /// Some of this round could not be read.
    lacks: bool,
    /// When the last round began in which each was read: what is known of any of them was seen since.
    covers: Option<Millis>,
}

/// What one collect asks.
struct Turn {
    asked: Vec<String>,
    /// The last one asked of a round that goes on; empty where the next one begins at the beginning.
    after: String,
    /// The round ends with this turn; what is asked behind the end is asked in the next round already.
    ends: bool,
}

impl Place {
    /// Which of these, which are in order, are asked now, at most `some`.
    fn turn(&self, others: &[String], some: usize) -> Turn {
        let from = others.partition_point(|name| *name <= self.after);
        let (before, behind) = others.split_at(from);
        let asked: Vec<String> = behind.iter().chain(before).take(some).cloned().collect();
        let ends = behind.len() <= some;
        let last = asked.last().filter(|_| !ends || asked.len() > behind.len());
        Turn { after: last.cloned().unwrap_or_default(), ends, asked }
    }

    /// Where this turn of a collect leads that began at this moment. `lacks` says that some of what it asked could not be read.
    fn then(self, turn: Turn, began: Millis, lacks: bool) -> Self {
        let Turn { after, ends, .. } = turn;
        let since = if self.after.is_empty() { Some(began) } else { self.since };
        let all = Self { since, lacks: self.lacks || lacks, after, ..self };
        if !ends {
            return all;
        }
        let covers = if all.lacks { all.covers } else { all.since };
        Self { around: true, since: Some(began), lacks: lacks && !all.after.is_empty(), covers, ..all }
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
    turn: Turn,
}

impl Round {
    /// Which of these functions, which are in order, are asked in this collect: all of them where they are at most `some`.
    pub(super) async fn begin(
        feed: &dyn Feed,
        others: Vec<String>,
        some: usize,
    ) -> Result<(Self, Vec<String>), Problem> {
        let place: Place = serde_json::from_value(feed.left().await?).unwrap_or_default();
        let turn = place.turn(&others, some);
        let asked = turn.asked.clone();
        Ok((Self { others, some, place, turn }, asked))
    }

    /// After those were asked: says that the list is complete, or where the next collect goes on and, as `operation`'s problem, of how many
    /// functions it is not known yet; and since when all of it was read. `what` is what is asked for, and of what.
    pub(super) async fn end(
        self,
        feed: &dyn Feed,
        kind: Kind,
        mut trouble: Trouble,
        operation: &'static str,
        what: (&str, &str),
    ) -> Result<(), Problem> {
        let Self { others, some, place, turn } = self;
        if others.len() <= some {
            if trouble.is_none() {
                feed.complete(kind, None).await?;
            }
            return trouble.end();
        }
        let place = place.then(turn, feed.began(), !trouble.is_none());
        feed.covers(place.covers);
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

    /// Asks at this moment, and all that are asked can be read.
    fn ask(place: Place, others: &[String], at: i64) -> (Vec<String>, Place) {
        let turn = place.turn(others, 5);
        let asked = turn.asked.clone();
        (asked, place.then(turn, Millis(at), false))
    }

    fn names(last: usize) -> Vec<String> {
        (0..last).map(|n| format!("f{n:02}")).collect()
    }

    #[test]
    fn each_function_has_its_turn() {
        let others = names(12);
        let (asked, place) = ask(Place::default(), &others, 1);
        assert_eq!((asked[0].as_str(), asked.len(), place.left(&others)), ("f00", 5, 7));
        let (asked, place) = ask(place, &others, 2);
        assert_eq!((asked[0].as_str(), asked.len(), place.left(&others)), ("f05", 5, 2));
        // What is new behind the place is asked in the same turn; the last turn begins again.
        let more: Vec<String> = others.iter().cloned().chain(["g".to_owned()]).collect();
        let (asked, place) = ask(place, &more, 3);
        assert_eq!(asked, ["f10", "f11", "g", "f00", "f01"]);
        assert_eq!((place.around, place.left(&more)), (true, 0));
        let (asked, place) = ask(place, &more, 4);
        assert_eq!((asked[0].as_str(), place.around), ("f02", true));
        // The one it stopped at may be gone, and so may most others.
        let stopped = Place { after: "zzz".into(), around: true, ..Place::default() };
        let (asked, place) = ask(stopped, &others[..2], 5);
        assert_eq!((asked.len(), place.after.as_str()), (2, "f01"));
        let (asked, place) = ask(Place::default(), &[], 6);
        assert_eq!((asked.len(), place.after.as_str(), place.around), (0, "", true));
    }

    #[test]
    fn all_was_seen_since_the_last_round_began_in_which_each_was_read() {
        let others = names(12);
        let mut place = Place::default();
        let mut covers = vec![];
        for at in 1..=6 {
            place = ask(place, &others, at).1;
            covers.push(place.covers.map(|at| at.0));
        }
        // The third collect ends the first round and begins the second, which the fifth ends.
        assert_eq!(covers, [None, None, Some(1), Some(1), Some(3), Some(3)]);

        // One of the sixth could not be read: of this round nothing is said, of the next one again.
        place.lacks = true;
        for (at, since) in [(7, 3), (8, 3), (9, 3), (10, 8), (11, 8)] {
            place = ask(place, &others, at).1;
            assert_eq!(place.covers, Some(Millis(since)), "{at}");
        }
        // The twelfth ends a round with the last one there is: the next one begins with the collect after it.
        for (at, since) in [(12, 10), (13, 10), (14, 10), (15, 13)] {
            place = ask(place, &others, at).1;
            assert_eq!(place.covers, Some(Millis(since)), "{at}");
        }
        // As an older version left it.
        let place: Place = serde_json::from_str(r#"{"after": "f09", "around": true}"#).unwrap();
        assert_eq!(ask(place, &others, 11).1.covers, None);
    }
}

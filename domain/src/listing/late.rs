//! Which lists are older than their kinds promise.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::Freshness;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::time::Millis;

/// The most places that are told by name.
const PLACES: usize = 5;

/// Whether what was read at this moment is older than [`Kind::promise_seconds`].
pub fn past_promise(kind: Kind, read: Millis, now: Millis) -> bool {
    read.age_seconds(now) > i64::from(kind.promise_seconds())
}

impl Freshness {
    /// Whether it is older than promised, or fails and was never read to its end. Not late are what the endpoint does not have, and a first
    /// read that nothing is in the way of.
    pub fn is_late(&self, now: Millis) -> bool {
        match (self.complete, &self.failing) {
            (_, Some((_, problem))) if problem.is_calm() => false,
            (Some(read), _) => past_promise(self.kind, read, now),
            (None, failing) => failing.is_some(),
        }
    }
}

/// The lists that are late.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateLists {
    /// How many.
    pub total: u32,
    /// Where, and of which kinds: the places with most of them, at most five.
    pub places: Vec<(Scope, Vec<Kind>)>,
}

impl LateLists {
    /// Those of these lists that are late at this moment.
    pub fn of(lists: &[Freshness], now: Millis) -> Self {
        let mut places: BTreeMap<&Scope, Vec<Kind>> = BTreeMap::new();
        let mut total = 0;
        for list in lists.iter().filter(|list| list.is_late(now)) {
            total += 1;
            places.entry(&list.scope).or_default().push(list.kind);
        }
        let mut places: Vec<(Scope, Vec<Kind>)> =
            places.into_iter().map(|(scope, kinds)| (scope.clone(), kinds)).collect();
        // Of as many as elsewhere the order of the places stays.
        places.sort_by_key(|(_, kinds)| std::cmp::Reverse(kinds.len()));
        places.truncate(PLACES);
        for (_, kinds) in &mut places {
            kinds.sort_unstable();
        }
        Self { total, places }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{Code, Problem};

    const NOW: Millis = Millis(10_000_000);

    fn list(kind: Kind, region: &str, age: Option<i64>, failing: Option<Code>) -> Freshness {
        Freshness {
            scope: Scope::new("111122223333".parse().unwrap(), region.parse().unwrap()),
            kind,
            complete: age.map(|seconds| Millis(NOW.0 - seconds * 1000)),
            failing: failing.map(|code| (Millis(1), Problem::new(code, "", ""))),
            details: None,
            running: true,
        }
    }

    #[test]
    fn a_list_is_late_past_its_promise_whether_it_fails_or_is_only_not_read() {
        let promise = i64::from(Kind::Task.promise_seconds());
        let late = |age, failing| list(Kind::Task, "eu-west-1", age, failing).is_late(NOW);
        assert!(!late(Some(promise), None) && late(Some(promise + 1), None));
        assert!(!late(Some(1), Some(Code::AwsUnreachable)), "what is shown is young still");
        assert!(late(Some(promise + 1), Some(Code::AwsUnreachable)));
        assert!(late(None, Some(Code::AwsDenied)), "never read, and it cannot be");
        assert!(!late(None, None), "the first read is on its way");
        assert!(!late(None, Some(Code::NotImplemented)), "the endpoint has no such thing");
        assert!(!late(Some(promise + 1), Some(Code::NotImplemented)));
    }

    #[test]
    fn late_lists_are_counted_and_the_worst_places_named() {
        let old = |kind, region| list(kind, region, Some(100_000), None);
        let young = list(Kind::Function, "us-east-1", Some(1), None);
        let lists =
            [old(Kind::Task, "eu-west-1"), old(Kind::Task, "us-east-1"), old(Kind::Function, "us-east-1"), young];
        let told = LateLists::of(&lists, NOW);
        assert_eq!(told.total, 3);
        let named: Vec<(&str, &[Kind])> =
            told.places.iter().map(|(scope, kinds)| (scope.region.as_str(), kinds.as_slice())).collect();
        assert_eq!(
            named,
            [("us-east-1", [Kind::Function, Kind::Task].as_slice()), ("eu-west-1", [Kind::Task].as_slice())]
        );
        assert_eq!(LateLists::of(&[], NOW), LateLists::default());
        let regions =
            ["eu-west-1", "eu-west-2", "eu-west-3", "us-east-1", "us-east-2", "us-west-1"].map(|r| old(Kind::Task, r));
        let many = LateLists::of(&regions, NOW);
        assert_eq!((many.total, many.places.len()), (6, PLACES));
    }
}

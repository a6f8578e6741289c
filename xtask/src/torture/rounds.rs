//! Which points of which steps the rounds of [`points`](super::points) are about.

use super::gate::Point;
use super::road::PREFIX;

/// The most steps of a form.
pub const STEPS: usize = 5;

/// Where servers are killed on the way there, and on the way back.
static POINTS: [(Point, Option<Point>); 4] = [
    (Point::Planned, Some(Point::Sent)),
    (Point::Sent, Some(Point::Made)),
    (Point::Made, Some(Point::Answered)),
    (Point::Answered, None),
];

/// Of which step they are the points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// One step of each form, another one in each round.
    Turn(usize),
    /// This step of the forms that have it.
    Step(usize),
}

impl At {
    /// Which of so many steps; nothing where there is none.
    pub fn of(self, steps: usize) -> Option<usize> {
        match self {
            Self::Turn(n) => (steps > 0).then(|| n % steps),
            Self::Step(n) => (n < steps).then_some(n),
        }
    }
}

/// A run of each form, and where its server is killed.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// Which round; each has names of its own.
    pub number: usize,
    /// On the way there.
    pub there: Option<Point>,
    /// On the way back.
    pub back: Option<Point>,
    /// Of which step.
    pub at: At,
}

impl Round {
    /// What the form with this number is about in it.
    pub fn name(&self, form: usize) -> String {
        format!("{PREFIX}p{:02}{form:02}", self.number)
    }
}

/// The short form: each point of each form, at one of its steps. The long one: at all of them. Both: calls that arrive late, of the steps that
/// create what AWS names, which are first.
pub fn rounds(all: bool) -> Vec<Round> {
    let steps: Vec<Option<usize>> = if all { (0..STEPS).map(Some).collect() } else { vec![None] };
    let mut rounds = vec![];
    for step in steps {
        for (turn, (there, back)) in POINTS.iter().enumerate() {
            let at = step.map_or(At::Turn(turn), At::Step);
            rounds.push(Round { number: rounds.len() + 1, there: Some(*there), back: *back, at });
        }
    }
    rounds.push(Round { number: rounds.len() + 1, there: Some(Point::Late), back: None, at: At::Step(0) });
    rounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_short_form_meets_each_point_and_the_long_one_at_each_step() {
        let points = |all: bool| rounds(all).iter().filter_map(|round| round.there).collect::<Vec<_>>();
        assert_eq!(points(false), [Point::Planned, Point::Sent, Point::Made, Point::Answered, Point::Late]);
        assert_eq!(points(true).len(), STEPS * POINTS.len() + 1);
        assert_eq!((At::Turn(5).of(3), At::Step(2).of(3), At::Step(3).of(3)), (Some(2), Some(2), None));
        let numbers: BTreeSet<usize> = rounds(true).iter().map(|round| round.number).collect();
        assert_eq!((numbers.len(), numbers.contains(&0)), (STEPS * POINTS.len() + 1, false));
    }
}

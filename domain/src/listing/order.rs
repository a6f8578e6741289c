//! In which order a list stands: the one that was asked for, or its kind's own.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::kind::Kind;

/// Which way to sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// By what rows are sorted, and which way. Written `name`, or `-name` for the largest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order<'a> {
    /// Column id, or `name`, `state`, `account`, `region`, `seen`, `changed`.
    pub by: &'a str,
    /// Which way.
    pub direction: Direction,
}

impl<'a> Order<'a> {
    /// Reads `pushed` or `-pushed`. Whether a kind can be sorted so says [`super::ListQuery::check`].
    pub fn read(text: &'a str) -> Self {
        match text.strip_prefix('-') {
            Some(by) => Self { by, direction: Direction::Descending },
            None => Self { by: text, direction: Direction::Ascending },
        }
    }

    /// The same the other way round.
    pub const fn turned(self) -> Self {
        let direction = match self.direction {
            Direction::Ascending => Direction::Descending,
            Direction::Descending => Direction::Ascending,
        };
        Self { direction, ..self }
    }
}

impl Order<'static> {
    /// How a list of this kind stands when no order is asked for: by name, or the newest first where that is what people come for, which are
    /// images by when they were pushed, revisions of task definitions by when they were registered, and tasks by when they started.
    ///
    /// Rows that are equal in it stand by name in the same direction, numbers in names by value: of revisions registered at the same moment
    /// `web:12` above `web:9`.
    pub const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Image => Self { by: "pushed", direction: Direction::Descending },
            Kind::TaskDefinition => Self { by: "registered", direction: Direction::Descending },
            Kind::Task => Self { by: "started", direction: Direction::Descending },
            _ => Self { by: "name", direction: Direction::Ascending },
        }
    }
}

impl fmt::Display for Order<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.direction == Direction::Descending { "-" } else { "" };
        write!(f, "{sign}{}", self.by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::columns;
    use crate::listing::ListQuery;

    #[test]
    fn an_order_is_read_as_it_is_written_and_turned_round() {
        for text in ["name", "-name", "runtime_ends"] {
            assert_eq!(Order::read(text).to_string(), text);
            assert_eq!(Order::read(text).turned().turned(), Order::read(text));
        }
        assert_eq!(Order::read("pushed").turned().to_string(), "-pushed");
    }

    #[test]
    fn what_people_look_for_the_newest_of_stands_so() {
        let own = |kind| Order::of(kind).to_string();
        assert_eq!([Kind::Image, Kind::TaskDefinition, Kind::Task].map(own), ["-pushed", "-registered", "-started"]);
        assert_eq!([Kind::Function, Kind::Repository, Kind::Service].map(own), ["name"; 3]);
    }

    #[test]
    fn each_kind_can_be_sorted_by_its_own_order_and_shows_by_what() {
        for kind in Kind::ALL.iter().copied() {
            let own = Order::of(kind);
            let mut query = ListQuery::all(kind);
            assert_eq!(query.order(), own, "{kind}");
            query.sort_by(own);
            assert!(query.check().is_ok() && query.order() == own, "{kind}: {own}");
            assert!(own.by == "name" || columns(kind).iter().any(|c| c.id == own.by && c.shown), "{kind}: {own}");
            for instead in columns(kind).iter().filter_map(|c| c.instead) {
                assert!(columns(kind).iter().any(|c| c.id == instead), "{kind} has no column {instead}");
            }
        }
    }

    #[test]
    fn a_direction_without_a_column_turns_nothing_round() {
        let query = ListQuery { direction: Direction::Descending, ..ListQuery::all(Kind::Function) };
        assert_eq!(query.order(), Order::read("name"));
    }
}

//! Sorting as people expect it: numbers inside names by value, case ignored, what is missing last.

use domain::Millis;
use domain::resource::Tone;
use std::cmp::Ordering;

use super::entry::{Datum, Entry};

/// Compares texts so that `web-2` comes before `web-10`; ties are decided byte by byte.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.as_bytes(), b.as_bytes());
    while let (Some(p), Some(q)) = (x.first(), y.first()) {
        let ordering = if p.is_ascii_digit() && q.is_ascii_digit() {
            let (m, n) = (number(&mut x), number(&mut y));
            m.len().cmp(&n.len()).then_with(|| m.cmp(n))
        } else {
            (x, y) = (&x[1..], &y[1..]);
            p.to_ascii_lowercase().cmp(&q.to_ascii_lowercase())
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    x.len().cmp(&y.len()).then_with(|| a.cmp(b))
}

/// Takes the digits at the front, without leading zeros.
fn number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (number, rest) = text.split_at(digits);
    *text = rest;
    let zeros = number.iter().take_while(|b| **b == b'0').count();
    &number[zeros..]
}

/// So many bytes of a text count for its place, for cursors carry them in addresses.
const COUNTED: usize = 512;

/// What counts of a text.
fn beginning(text: &str) -> &str {
    match text.len() {
        0..=COUNTED => text,
        _ => (0..=COUNTED).rev().find_map(|n| text.get(..n)).unwrap_or_default(),
    }
}

/// What a row is sorted by.
#[derive(Debug, PartialEq, Eq)]
pub enum SortKey<'a> {
    /// A number or moment.
    Number(i64),
    /// Text, compared with [`natural`].
    Text(&'a str),
    /// A state: the worst first, then by its word.
    State(Tone, &'a str),
    /// Nothing known.
    Missing,
}

impl<'a> SortKey<'a> {
    /// Of a cell.
    pub fn of(cell: &'a Datum) -> Self {
        match cell {
            Datum::None => SortKey::Missing,
            Datum::Text(t) | Datum::Mono(t) => SortKey::Text(beginning(t)),
            Datum::Ref(both) => SortKey::Text(beginning(&both.1)),
            Datum::Number(n) | Datum::Bytes(n) | Datum::Time(Millis(n)) => SortKey::Number(*n),
            Datum::List(list) => list.first().map_or(SortKey::Missing, |t| SortKey::Text(beginning(t))),
            Datum::Mark(state) => SortKey::State(state.tone, &state.word),
        }
    }

    /// Of a row's state.
    pub fn state(entry: &'a Entry) -> Self {
        entry.state.as_ref().map_or(SortKey::Missing, |s| SortKey::State(s.tone, &s.word))
    }

    fn class(&self) -> u8 {
        match self {
            SortKey::Number(_) => 0,
            SortKey::Text(_) => 1,
            SortKey::State(..) => 2,
            SortKey::Missing => 3,
        }
    }

    /// Compares, in this direction; what is missing stays last in both.
    pub fn compare(&self, other: &Self, descending: bool) -> Ordering {
        let ordering = match (self, other) {
            (SortKey::Number(a), SortKey::Number(b)) => a.cmp(b),
            (SortKey::Text(a), SortKey::Text(b)) => natural(a, b),
            (SortKey::State(a, x), SortKey::State(b, y)) => a.cmp(b).then_with(|| natural(x, y)),
            _ => return self.class().cmp(&other.class()),
        };
        if descending { ordering.reverse() } else { ordering }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_inside_names_count_by_value_and_case_does_not() {
        let mut names = vec!["web-10", "Web-2", "web-2a", "api", "web-02", "web", "web-2"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["api", "web", "Web-2", "web-02", "web-2", "web-2a", "web-10"]);
    }

    #[test]
    fn what_is_missing_is_last_both_ways() {
        for descending in [false, true] {
            assert_eq!(SortKey::Number(1).compare(&SortKey::Missing, descending), Ordering::Less);
        }
        assert_eq!(SortKey::Number(1).compare(&SortKey::Number(2), true), Ordering::Greater);
    }
}

//! How the rows of a list stand: sorts them, and finds where in them a place is of which the row may be gone.

use domain::listing::{Direction, ListQuery, Order, Parts};
use domain::resource::Tone;
use domain::{Millis, ResourceKey, Scope};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

use super::entry::Entry;
use super::order::{SortKey, natural};
use super::table::Table;

/// The order of a list.
pub struct Standing<'a> {
    table: &'a Table,
    scopes: &'a [Scope],
    by: By<'a>,
    descending: bool,
    /// Equal ones stand in reverse order of name.
    turned: bool,
}

enum By<'a> {
    Name,
    Part,
    Cell(usize, Option<usize>),
    State,
    Scope(Ranks<'a>),
    Seen(&'a [Option<Millis>]),
    Changed,
}

/// Where a row stood in a list. It stays a place when the row changes or goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What the row was sorted by, unless that was its name, account or region.
    pub value: Value,
    /// Its name.
    pub name: String,
    /// What it was.
    pub key: ResourceKey,
}

/// A [`SortKey`] to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A number or moment.
    Number(i64),
    /// Text.
    Text(String),
    /// A state.
    State(Tone, String),
    /// Nothing known, or nothing asked for.
    Missing,
}

impl Value {
    fn of(key: &SortKey<'_>) -> Self {
        match key {
            SortKey::Number(n) => Value::Number(*n),
            SortKey::Text(text) => Value::Text((*text).to_owned()),
            SortKey::State(tone, word) => Value::State(*tone, (*word).to_owned()),
            SortKey::Missing => Value::Missing,
        }
    }

    fn key(&self) -> SortKey<'_> {
        match self {
            Value::Number(n) => SortKey::Number(*n),
            Value::Text(text) => SortKey::Text(text),
            Value::State(tone, word) => SortKey::State(*tone, word),
            Value::Missing => SortKey::Missing,
        }
    }
}

impl<'a> Standing<'a> {
    /// As this query asks for it. `covered` says by the number of a scope when its last complete collect began; only a list in order of
    /// when its rows were seen needs it.
    pub fn of(table: &'a Table, scopes: &'a [Scope], covered: &'a [Option<Millis>], query: &ListQuery) -> Self {
        if query.sort.is_none() && matches!(query.parts, Parts::Of(_)) {
            // As what they are parts of lists them: names of images without a tag are their digests.
            return Self { table, scopes, by: By::Part, descending: false, turned: false };
        }
        let order = query.order();
        let columns = domain::describe::columns(table.kind);
        let column = |id: &str| columns.iter().position(|c| c.id == id);
        let by = match (column(order.by), order.by) {
            (_, "name") => By::Name,
            (Some(n), _) => By::Cell(n, columns[n].instead.and_then(column)),
            (None, "state") => By::State,
            (None, "account") => By::Scope(Ranks::of(scopes, |scope| scope.account.as_str())),
            (None, "region") => By::Scope(Ranks::of(scopes, |scope| scope.region.as_str())),
            (None, "seen") => By::Seen(covered),
            (None, "changed") => By::Changed,
            (None, _) => By::Name,
        };
        let descending = order.direction == Direction::Descending;
        // Where the newest is looked for, equal ones stand so, too.
        let turned = descending && (order.by == "name" || order == Order::of(table.kind));
        Self { table, scopes, by, descending, turned }
    }

    /// Sorts these rows, which are in order of name.
    pub fn sort(&self, rows: &mut [u32]) {
        if self.turned {
            rows.reverse();
        }
        if matches!(self.by, By::Name) {
            return;
        }
        let mut keyed: Vec<(SortKey<'_>, u32)> = rows.iter().map(|n| (self.key(self.entry(*n)), *n)).collect();
        // Stable: equal ones stay in order of name.
        keyed.sort_by(|a, b| a.0.compare(&b.0, self.descending));
        rows.iter_mut().zip(keyed).for_each(|(row, (_, n))| *row = n);
    }

    /// Where the row of this number stands.
    pub fn place(&self, row: u32) -> Place {
        let entry = self.entry(row);
        let value = match self.by {
            By::Name | By::Scope(_) => Value::Missing,
            _ => Value::of(&self.key(entry)),
        };
        Place { value, name: entry.name.to_string(), key: entry.key(self.table.kind, self.scopes) }
    }

    /// How many of these rows, which [`Standing::sort`] sorted, stand before this place or at it.
    pub fn until(&self, rows: &[u32], place: &Place) -> usize {
        let key = match &self.by {
            By::Name => SortKey::Missing,
            By::Scope(ranks) => SortKey::Number(ranks.rank((ranks.part)(&place.key.scope))),
            _ => place.value.key(),
        };
        rows.partition_point(|n| self.compare(self.entry(*n), &key, place) != Ordering::Greater)
    }

    fn compare(&self, entry: &Entry, key: &SortKey<'_>, place: &Place) -> Ordering {
        let scope = self.scopes.get(usize::from(entry.scope));
        // As tables stand.
        let named = natural(&entry.name, &place.name)
            .then_with(|| scope.cmp(&Some(&place.key.scope)))
            .then_with(|| Ord::cmp(&*entry.id, place.key.id.as_str()));
        let named = if self.turned { named.reverse() } else { named };
        self.key(entry).compare(key, self.descending).then(named)
    }

    fn entry(&self, row: u32) -> &'a Entry {
        &self.table.rows[row as usize]
    }

    fn key<'e>(&self, entry: &'e Entry) -> SortKey<'e> {
        let scope = usize::from(entry.scope);
        match &self.by {
            By::Name => SortKey::Missing,
            By::Part => SortKey::Number(i64::from(entry.part_at)),
            By::Cell(column, instead) => by_cell(entry, *column, *instead),
            By::State => SortKey::state(entry),
            By::Scope(ranks) => ranks.of_scopes.get(scope).map_or(SortKey::Missing, |rank| SortKey::Number(*rank)),
            By::Seen(covered) => SortKey::Number(entry.seen_with(covered.get(scope).copied().flatten()).0),
            By::Changed => SortKey::Number(entry.changed.0),
        }
    }
}

/// Sorts by a column, or by another where a row has nothing in it.
fn by_cell(entry: &Entry, column: usize, instead: Option<usize>) -> SortKey<'_> {
    let of = move |n: usize| entry.cells.get(n).map_or(SortKey::Missing, SortKey::of);
    match (of(column), instead) {
        (SortKey::Missing, Some(instead)) => of(instead),
        (key, _) => key,
    }
}

/// Sorts by a part of the scope, through the rank of each scope: ranks compare faster than texts.
struct Ranks<'a> {
    part: fn(&Scope) -> &str,
    /// Of all scopes, sorted.
    parts: Vec<&'a str>,
    /// By number.
    of_scopes: Vec<i64>,
}

impl<'a> Ranks<'a> {
    fn of(scopes: &'a [Scope], part: fn(&Scope) -> &str) -> Self {
        let mut parts: Vec<&str> = scopes.iter().map(part).collect();
        parts.sort_unstable();
        let mut ranks = Self { part, parts, of_scopes: vec![] };
        ranks.of_scopes = scopes.iter().map(|scope| ranks.rank(part(scope))).collect();
        ranks
    }

    /// Even for what a scope has, odd for what would stand between two of them.
    fn rank(&self, part: &str) -> i64 {
        let before = self.parts.partition_point(|p| *p < part);
        let known = self.parts.get(before).is_some_and(|p| *p == part);
        2 * before as i64 - i64::from(!known)
    }
}

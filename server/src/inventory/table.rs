//! All rows of one kind, in order of name, never changed: a change makes a new table that shares the rows that stayed.

use domain::listing::ListQuery;
use domain::{Kind, Scope};
use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::entry::Entry;
use super::haystack::Haystack;
use super::list::Listing;
use super::order::natural;

/// Answers of lists kept per table.
const KEPT_LISTINGS: usize = 24;

/// How many rows of a scope there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All, without what rests (stopped tasks).
    pub total: u32,
    /// Those that need a person.
    pub attention: u32,
}

/// The rows of a kind.
#[derive(Debug)]
pub struct Table {
    /// The kind.
    pub kind: Kind,
    /// In order of name, then account, region and id: the same on every server, which number their scopes as they hear of them.
    pub rows: Vec<Arc<Entry>>,
    /// Row numbers in order of the scope's number and id.
    by_id: Vec<u32>,
    /// Names.
    pub names: Haystack,
    /// Ids that are not the name, tags, ARNs that do not end with the id.
    pub extras: Haystack,
    /// Whole ARNs, for words that can only be part of one.
    pub arns: Haystack,
    /// Per number of scope.
    pub tallies: Vec<Tally>,
    /// Numbers of the rows that need a person, ascending.
    pub attention: Vec<u32>,
    listings: Mutex<VecDeque<(ListQuery, Arc<Listing>)>>,
}

/// A changed row: its new form, or `None` when it is no longer listed.
pub type Replacement = ((u16, Arc<str>), Option<Entry>);

impl Table {
    /// Without rows.
    pub fn empty(kind: Kind) -> Self {
        Self::new(kind, vec![], &[])
    }

    fn new(kind: Kind, mut rows: Vec<Arc<Entry>>, scopes: &[Scope]) -> Self {
        rows.sort_by(|a, b| by_name(a, b, scopes));
        rows.shrink_to_fit();
        let mut by_id: Vec<u32> = (0..rows.len() as u32).collect();
        by_id.sort_unstable_by(|a, b| place(&rows[*a as usize]).cmp(&place(&rows[*b as usize])));
        let names = Haystack::new(rows.iter().map(|e| vec![&*e.name]));
        let tags: Vec<Vec<String>> =
            rows.iter().map(|e| e.tags.iter().map(|(k, v)| format!("{k}={v}")).collect()).collect();
        let extras = Haystack::new(rows.iter().zip(&tags).map(|(e, tags)| {
            let id = (e.id != e.name).then_some(&*e.id);
            let arn = e.arn.as_deref().filter(|arn| !arn.ends_with(&*e.id));
            id.into_iter().chain(tags.iter().map(String::as_str)).chain(arn).collect()
        }));
        let arns = Haystack::new(rows.iter().map(|e| e.arn.as_deref().into_iter().collect()));
        let now = crate::clock::now();
        let (mut tallies, mut attention): (Vec<Tally>, _) = (vec![], vec![]);
        for (n, entry) in rows.iter().enumerate() {
            let scope = usize::from(entry.scope);
            if tallies.len() <= scope {
                tallies.resize(scope + 1, Tally::default());
            }
            let tally = &mut tallies[scope];
            tally.total += u32::from(entry.gone.is_none() && !entry.rests(kind));
            if entry.needs_attention(kind, now) {
                tally.attention += 1;
                attention.push(n as u32);
            }
        }
        Self { kind, rows, by_id, names, extras, arns, tallies, attention, listings: Mutex::default() }
    }

    /// The table after these changes; `scopes` are those that its rows name by number.
    pub fn with(&self, changes: Vec<Replacement>, scopes: &[Scope]) -> Self {
        let changes: HashMap<_, _> = changes.into_iter().collect();
        let mut rows: Vec<Arc<Entry>> = Vec::with_capacity(self.rows.len() + changes.len());
        rows.extend(self.rows.iter().filter(|e| !changes.contains_key(&(e.scope, e.id.clone()))).cloned());
        rows.extend(changes.into_values().flatten().map(Arc::new));
        Self::new(self.kind, rows, scopes)
    }

    /// The row of this id.
    pub fn find(&self, scope: u16, id: &str) -> Option<&Arc<Entry>> {
        let found = self.by_id.binary_search_by(|n| place(&self.rows[*n as usize]).cmp(&(scope, id))).ok()?;
        Some(&self.rows[self.by_id[found] as usize])
    }

    /// The first rows in these scopes (`true` at their numbers), at most `limit`, in order.
    pub fn first_in(&self, scopes: &[bool], limit: usize) -> Vec<u32> {
        let scope = |n: &u32| usize::from(self.rows[*n as usize].scope);
        let mut found = vec![];
        for number in (0..scopes.len()).filter(|number| scopes[*number]) {
            let from = self.by_id.partition_point(|n| scope(n) < number);
            let to = self.by_id.partition_point(|n| scope(n) <= number);
            found.extend_from_slice(&self.by_id[from..to]);
        }
        if found.len() > limit {
            found.select_nth_unstable(limit);
            found.truncate(limit);
        }
        found.sort_unstable();
        found
    }

    /// The kept answer to this query, or a new one. The window does not count.
    pub fn listing(&self, query: &ListQuery, make: impl FnOnce(&ListQuery) -> Listing) -> Arc<Listing> {
        let whole = ListQuery { offset: 0, limit: 1, ..query.clone() };
        let lock = || self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, listing)) = lock().iter().find(|(known, _)| *known == whole) {
            return listing.clone();
        }
        let listing = Arc::new(make(&whole));
        let mut kept = lock();
        if kept.len() >= KEPT_LISTINGS {
            kept.pop_front();
        }
        kept.push_back((whole, listing.clone()));
        listing
    }
}

fn by_name(a: &Entry, b: &Entry, scopes: &[Scope]) -> Ordering {
    let scope = |entry: &Entry| scopes.get(usize::from(entry.scope));
    natural(&a.name, &b.name)
        .then_with(|| if a.scope == b.scope { Ordering::Equal } else { scope(a).cmp(&scope(b)) })
        .then_with(|| a.id.cmp(&b.id))
}

fn place(entry: &Entry) -> (u16, &str) {
    (entry.scope, &entry.id)
}

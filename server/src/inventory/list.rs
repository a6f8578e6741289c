//! Lists: filters, facets with counts, order. Counts of a facet's values are of the rows that pass all other filters, so that choosing a
//! second value of the same facet shows what it would add.

use domain::listing::{Facet, ListQuery, Parts};
use domain::resource::Column;
use domain::{Millis, Scope};
use memchr::memmem::Finder;
use std::collections::HashMap;

use super::entry::Entry;
use super::standing::Standing;
use super::table::Table;

/// Values of a facet an answer carries.
const FACET_VALUES: usize = 50;

/// The answer to a list's query, before a window is cut out.
#[derive(Debug)]
pub struct Listing {
    /// Numbers of the rows that match, in the order asked for.
    pub rows: Vec<u32>,
    /// Rows of the kind in the accounts, regions and parent asked for.
    pub total: u32,
    /// Filters with counts.
    pub facets: Vec<Facet>,
    /// Of a list in order of when its rows were seen: when the last complete collect of each scope began, by number, as it was reckoned with.
    pub covered: Vec<Option<Millis>>,
}

/// Where a facet's values come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    State,
    Tag,
    Cell(usize),
}

struct Counted<'q> {
    id: &'static str,
    title: &'static str,
    source: Source,
    /// Sorted: the words of each row are looked for in them.
    wanted: Option<Vec<&'q str>>,
    counts: HashMap<String, u32>,
}

impl Counted<'_> {
    fn each(source: Source, entry: &Entry, mut each: impl FnMut(&str)) {
        match source {
            Source::State => {
                if let Some(state) = &entry.state {
                    each(&state.word);
                }
            }
            Source::Tag => entry.tags.iter().for_each(|(k, v)| each(&format!("{k}={v}"))),
            Source::Cell(n) => {
                if let Some(cell) = entry.cells.get(n) {
                    cell.words(each);
                }
            }
        }
    }

    fn passes(&self, entry: &Entry) -> bool {
        let Some(wanted) = &self.wanted else { return true };
        let mut found = false;
        Self::each(self.source, entry, |word| found |= wanted.binary_search(&word).is_ok());
        found
    }

    fn count(&mut self, entry: &Entry) {
        let counts = &mut self.counts;
        Self::each(self.source, entry, |word| match counts.get_mut(word) {
            Some(count) => *count += 1,
            None => {
                counts.insert(word.to_owned(), 1);
            }
        });
    }

    fn facet(mut self) -> Option<Facet> {
        // what was chosen stays visible, also when nothing is left of it
        let wanted = self.wanted.unwrap_or_default();
        for value in &wanted {
            self.counts.entry((*value).to_owned()).or_default();
        }
        let mut values: Vec<(String, u32)> = self.counts.into_iter().collect();
        let chosen = |value: &str| wanted.binary_search(&value).is_ok();
        values.sort_by(|a, b| {
            (chosen(&b.0), b.1).cmp(&(chosen(&a.0), a.1)).then_with(|| super::order::natural(&a.0, &b.0))
        });
        values.truncate(FACET_VALUES);
        values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| super::order::natural(&a.0, &b.0)));
        (!values.is_empty()).then(|| Facet { id: self.id.to_owned(), title: self.title.to_owned(), values })
    }
}

/// Which scopes a query means, by number.
pub fn scopes_wanted(scopes: &[Scope], accounts: &[domain::AccountId], regions: &[domain::Region]) -> Vec<bool> {
    let region =
        |scope: &Scope| regions.is_empty() || regions.contains(&scope.region) || scope.region.as_str() == "global";
    scopes.iter().map(|s| (accounts.is_empty() || accounts.contains(&s.account)) && region(s)).collect()
}

/// Answers a query that [`ListQuery::check`] accepted. `covers` says when the last complete collect of a scope began.
pub fn list(table: &Table, scopes: &[Scope], covers: &dyn Fn(u16) -> Option<Millis>, query: &ListQuery) -> Listing {
    let wanted = scopes_wanted(scopes, &query.accounts, &query.regions);
    let parent_scope = query.parent.as_ref().map(|p| scopes.iter().position(|s| *s == p.scope));
    let inside = |e: &Entry| match (&query.parent, parent_scope) {
        (None, _) => true,
        (Some(parent), Some(Some(scope))) => {
            usize::from(e.scope) == scope
                && e.parent.as_ref().is_some_and(|(k, id)| *k == parent.kind && **id == *parent.id)
        }
        (Some(_), _) => false,
    };
    let unfolded = |e: &Entry| match &query.parts {
        Parts::Among => true,
        Parts::Folded => e.part_of.is_none() || !query.text.is_empty(),
        Parts::Of(key) => {
            e.part_of.as_deref() == Some(key.id.as_str()) && scopes.get(usize::from(e.scope)) == Some(&key.scope)
        }
    };
    let text = matching_text(table, &query.text);
    let columns = domain::describe::columns(table.kind);
    let mut facets = counted(columns, query);
    // The same that the rail and the first page count.
    let needs_attention = |n: usize| table.attention.binary_search(&(n as u32)).is_ok();
    let (mut rows, mut total) = (vec![], 0);
    for (n, entry) in table.rows.iter().enumerate() {
        if !wanted.get(usize::from(entry.scope)).copied().unwrap_or(false) || !inside(entry) || !unfolded(entry) {
            continue;
        }
        total += 1;
        if text.as_ref().is_some_and(|t| !t[n]) || (query.attention && !needs_attention(n)) {
            continue;
        }
        let mut failing = facets.iter().enumerate().filter(|(_, f)| !f.passes(entry)).map(|(n, _)| n);
        match (failing.next(), failing.next()) {
            (None, _) => {
                rows.push(n as u32);
                facets.iter_mut().for_each(|f| f.count(entry));
            }
            (Some(only), None) => facets[only].count(entry),
            (Some(_), Some(_)) => {}
        }
    }
    let covered: Vec<Option<Millis>> = match query.order().by {
        "seen" => (0..scopes.len()).map(|n| u16::try_from(n).ok().and_then(covers)).collect(),
        _ => vec![],
    };
    Standing::of(table, scopes, &covered, query).sort(&mut rows);
    rows.shrink_to_fit();
    Listing { rows, total, facets: facets.into_iter().filter_map(Counted::facet).collect(), covered }
}

fn counted<'q>(columns: &'static [Column], query: &'q ListQuery) -> Vec<Counted<'q>> {
    let cells = columns.iter().enumerate().filter(|(_, c)| c.facet).map(|(n, c)| (c.id, c.title, Source::Cell(n)));
    [("state", "State", Source::State)]
        .into_iter()
        // some kinds have a column for it
        .filter(|(id, ..)| !columns.iter().any(|c| c.facet && c.id == *id))
        .chain(cells)
        .chain([("tag", "Tag", Source::Tag)])
        .map(|(id, title, source)| {
            let wanted = query.filters.get(id).filter(|values| !values.is_empty()).map(|values| {
                let mut wanted: Vec<&str> = values.iter().map(String::as_str).collect();
                wanted.sort_unstable();
                wanted
            });
            Counted { id, title, source, wanted, counts: HashMap::new() }
        })
        .collect()
}

/// Rows whose name, id, tags or ARN contain every word; `None` when there is no text.
fn matching_text(table: &Table, text: &str) -> Option<Vec<bool>> {
    let mut all: Option<Vec<bool>> = None;
    for word in text.to_lowercase().split_whitespace() {
        let mut found = vec![false; table.rows.len()];
        let finder = Finder::new(word);
        let arns = arn_like(word).then_some(&table.arns);
        for haystack in [&table.names, &table.extras].into_iter().chain(arns) {
            haystack.find(&finder, |row| {
                found[row as usize] = true;
                true
            });
        }
        match &mut all {
            None => all = Some(found),
            Some(all) => all.iter_mut().zip(found).for_each(|(a, f)| *a &= f),
        }
    }
    all
}

/// Whether only an ARN can tell: those that end with the id are in no haystack.
pub fn arn_like(word: &str) -> bool {
    word.contains(':') || word.contains('/')
}

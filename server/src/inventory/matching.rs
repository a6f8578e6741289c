//! How rows match the words of a search: each word must be found in a row, or name where it is; the best rows first.

use domain::Kind;
use domain::listing::ScopeWord;
use domain::typo::SHORTEST_ELSEWHERE;
use memchr::memmem::Finder;
use std::collections::{BinaryHeap, HashSet};

use super::entry::Entry;
use super::list::arn_like;
use super::table::Table;
use super::typo::Forgiven;

/// How well a word matched; smaller is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Class {
    Exact,
    Prefix,
    WordStart,
    Substring,
    Elsewhere,
    Typo,
    TypoElsewhere,
}

/// So many words of a query that only says where are looked for in names as well.
const NAMES: usize = 3;

/// Rows with their tables, the best first.
pub type Found<'t> = Vec<(&'t Table, u32)>;

/// A candidate; the smallest are answered. The row's number decides between equals: names are in order.
type Ranked = (Class, u8, usize, u32, usize);

/// The kinds people look for first.
pub fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::Function => 0,
        Kind::Service => 1,
        Kind::Cluster | Kind::EksCluster | Kind::Repository | Kind::PublicRepository => 2,
        Kind::TaskDefinition | Kind::NodeGroup | Kind::FargateProfile | Kind::Addon => 3,
        Kind::Image
        | Kind::Task
        | Kind::Pod
        | Kind::FunctionAlias
        | Kind::FunctionVersion
        | Kind::FunctionUrl
        | Kind::FunctionPermission
        | Kind::EventInvokeConfig
        | Kind::EventSourceMapping
        | Kind::Layer => 4,
        _ => 5,
    }
}

/// Adds what is not known yet, as far as there is room.
pub fn add<'t>(found: &mut Found<'t>, more: Found<'t>, limit: usize) {
    let mut known: HashSet<(Kind, u32)> = found.iter().map(|(t, n)| (t.kind, *n)).collect();
    found.extend(more.into_iter().filter(|(t, n)| known.insert((t.kind, *n))));
    found.truncate(limit);
}

/// The scopes that this word names.
pub fn scopes_of<'s>(word: &str, scoped: &'s [ScopeWord]) -> Option<&'s [bool]> {
    scoped.iter().find(|s| s.word == word).map(|s| s.scopes.as_slice())
}

/// Whether a row is in one of these scopes.
pub fn is_there(entry: &Entry, scopes: &[bool]) -> bool {
    scopes.get(usize::from(entry.scope)) == Some(&true)
}

/// A word of the query with what is prepared once for all rows.
struct Word<'w> {
    text: &'w str,
    finder: Finder<'w>,
    /// The scopes it names: what is there need not have it.
    scopes: Option<&'w [bool]>,
    /// It may be part of an ARN.
    arn: bool,
    /// The same with a typo, where one is forgiven.
    typo: Option<Forgiven<'w>>,
}

impl<'w> Word<'w> {
    fn new(text: &'w str, scopes: Option<&'w [bool]>, typos: bool) -> Self {
        let typo = if typos { Forgiven::new(text) } else { None };
        Self { text, finder: Finder::new(text), scopes, arn: arn_like(text), typo }
    }

    /// What is looked for where names are not.
    fn typo_elsewhere(&self) -> Option<&Forgiven<'w>> {
        self.typo.as_ref().filter(|_| self.text.len() >= SHORTEST_ELSEWHERE)
    }

    fn is_in(&self, line: &str) -> bool {
        self.finder.find(line.as_bytes()).is_some()
    }

    /// How it matches this row, if it does.
    fn class(&self, table: &Table, row: u32) -> Option<Class> {
        if self.scopes.is_some_and(|scopes| is_there(&table.rows[row as usize], scopes)) {
            return Some(Class::Exact);
        }
        let name = table.names.line(row);
        let mut best = None;
        let mut from = 0;
        while let Some(at) = self.finder.find(&name.as_bytes()[from..]) {
            let at = from + at;
            let class = match at {
                0 if name.len() == self.text.len() => return Some(Class::Exact),
                0 => return Some(Class::Prefix),
                _ if !name.as_bytes()[at - 1].is_ascii_alphanumeric() => return Some(Class::WordStart),
                _ => Class::Substring,
            };
            best = Some(class);
            from = at + 1;
        }
        if best.is_some() {
            return best;
        }
        if self.is_in(table.extras.line(row)) || (self.arn && self.is_in(table.arns.line(row))) {
            return Some(Class::Elsewhere);
        }
        if self.typo.as_ref()?.is_in(name) {
            return Some(Class::Typo);
        }
        let typo = self.typo_elsewhere()?;
        (typo.is_in(table.extras.line(row)) || (self.arn && typo.is_in(table.arns.line(row))))
            .then_some(Class::TypoElsewhere)
    }
}

/// The smallest candidates, at most `limit`.
struct Best<'q> {
    tables: &'q [&'q Table],
    words: &'q [Word<'q>],
    limit: usize,
    heap: BinaryHeap<Ranked>,
}

impl Best<'_> {
    /// Takes a row in which every word is found, if it is better than what is known.
    fn offer(&mut self, at: usize, row: u32) {
        let table = self.tables[at];
        let mut classes = self.words.iter().map(|w| w.class(table, row));
        let Some(class) = classes.try_fold(Class::Exact, |worst, c| Some(worst.max(c?))) else { return };
        // Where the name does not match its length says nothing
        let elsewhere = matches!(class, Class::Elsewhere | Class::TypoElsewhere);
        let length = if elsewhere { 0 } else { table.names.line(row).len() };
        let candidate = (class, rank(table.kind), length, row, at);
        if self.heap.len() < self.limit {
            self.heap.push(candidate);
        } else if self.heap.peek().is_some_and(|last| candidate < *last) {
            self.heap.pop();
            self.heap.push(candidate);
        }
    }

    /// Whether rows of this kind from this one on, with this class at best, may still be among the best.
    fn takes(&self, class: Class, kind: Kind, row: u32) -> bool {
        self.heap.len() < self.limit
            || self.heap.peek().is_some_and(|last| (class, rank(kind), 0, row) <= (last.0, last.1, last.2, last.3))
    }

    /// Offers the rows of a table that have the first word in their names.
    fn exact_names(&mut self, first: &Word, at: usize) {
        let table = self.tables[at];
        table.names.find(&first.finder, |row| {
            self.offer(at, row);
            true
        });
    }

    /// Offers those that have it elsewhere only.
    fn exact_elsewhere(&mut self, first: &Word, at: usize) {
        let table = self.tables[at];
        // A single letter is in nearly every tag; names are what is meant
        let extras = (first.text.len() > 1).then_some(&table.extras);
        let mut seen = vec![&table.names];
        for haystack in extras.into_iter().chain(first.arn.then_some(&table.arns)) {
            if !self.takes(Class::Elsewhere, table.kind, 0) {
                break;
            }
            haystack.find(&first.finder, |row| {
                if !seen.iter().any(|haystack| first.is_in(haystack.line(row))) {
                    self.offer(at, row);
                }
                self.takes(Class::Elsewhere, table.kind, row)
            });
            seen.push(haystack);
        }
    }

    /// Offers those that have it with a typo: in their names, or nowhere but elsewhere.
    fn typos(&mut self, first: &Word, at: usize, class: Class) {
        let table = self.tables[at];
        let in_name = class == Class::Typo;
        let (typo, haystacks) = if in_name {
            (first.typo.as_ref(), [Some(&table.names), None])
        } else {
            (first.typo_elsewhere(), [Some(&table.extras), first.arn.then_some(&table.arns)])
        };
        let Some(typo) = typo else { return };
        let mut offered = HashSet::new();
        for haystack in haystacks.into_iter().flatten() {
            if !self.takes(class, table.kind, 0) {
                break;
            }
            typo.find(haystack, |row| {
                if offered.insert(row) && first.class(table, row) == Some(class) {
                    self.offer(at, row);
                }
                // The length of a name counts before its place
                in_name || self.takes(class, table.kind, row)
            });
        }
    }
}

/// The best rows in which every word is found. With typos those in which a single word is found without one are left out: they are known.
pub fn matches<'t>(tables: &[&'t Table], words: &[&str], scoped: &[ScopeWord], limit: usize, typos: bool) -> Found<'t> {
    if words.iter().any(|w| scopes_of(w, scoped).is_none()) {
        let words: Vec<Word> = words.iter().map(|w| Word::new(w, scopes_of(w, scoped), typos)).collect();
        return matching(tables, &words, limit, typos);
    }
    // Each may be part of a name as well, where the others say
    let mut found = vec![];
    for name in words.iter().take(NAMES) {
        let scopes = |w: &str| scopes_of(w, scoped).filter(|_| w != *name);
        let words: Vec<Word> = words.iter().map(|w| Word::new(w, scopes(w), typos)).collect();
        add(&mut found, matching(tables, &words, limit, typos), limit);
    }
    found
}

/// The same for words of which one at least has to be found.
fn matching<'t>(tables: &[&'t Table], words: &[Word], limit: usize, typos: bool) -> Found<'t> {
    let found = words.iter().filter(|w| w.scopes.is_none());
    let Some(first) = found.max_by_key(|w| w.text.len()) else { return vec![] };
    let mut best = Best { tables, words, limit, heap: BinaryHeap::with_capacity(limit + 1) };
    if !typos || words.len() > 1 {
        for at in 0..tables.len() {
            best.exact_names(first, at);
        }
        for at in 0..tables.len() {
            best.exact_elsewhere(first, at);
        }
    }
    for class in [Class::Typo, Class::TypoElsewhere] {
        for at in 0..tables.len() {
            best.typos(first, at, class);
        }
    }
    let best = best.heap.into_sorted_vec();
    best.into_iter().map(|(.., row, at)| (tables[at], row)).collect()
}

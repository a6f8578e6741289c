//! Search over everything: every word must be found; the best match first. Typos are forgiven only when nothing better fills the list.

use domain::listing::Hit;
use domain::{Kind, ResourceKey, Scope};
use memchr::memmem::Finder;
use std::collections::{BinaryHeap, HashSet};

use super::entry::Entry;
use super::list::arn_like;
use super::table::Table;
use super::typo;

/// How well a word matched; smaller is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Class {
    Exact,
    Prefix,
    WordStart,
    Substring,
    Elsewhere,
    Typo,
}

/// A candidate; the smallest are answered. The row's number decides between equals: names are in order.
type Ranked = (Class, u8, usize, u32, usize);

/// The kinds people look for first.
fn rank(kind: Kind) -> u8 {
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
        | Kind::EventSourceMapping
        | Kind::Layer => 4,
        _ => 5,
    }
}

/// The best `limit` hits for this text over these tables (one per kind).
pub fn search<'t>(tables: &[&'t Table], scopes: &[Scope], text: &str, limit: usize) -> Vec<Hit> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() || limit == 0 {
        return vec![];
    }
    let (kinds, rest) = narrowed(&words);
    let mut found: Vec<(&'t Table, u32)> = vec![];
    if !kinds.is_empty() {
        let narrow: Vec<&Table> = tables.iter().filter(|t| kinds.contains(&t.kind)).copied().collect();
        if !rest.is_empty() {
            add(&mut found, matches(&narrow, &rest, limit, false), limit);
            if found.is_empty() {
                add(&mut found, matches(&narrow, &rest, limit, true), limit);
            }
        }
    }
    add(&mut found, matches(tables, &words, limit, false), limit);
    if !kinds.is_empty() && rest.is_empty() {
        let of_kind = tables.iter().filter(|t| kinds.contains(&t.kind));
        add(&mut found, of_kind.flat_map(|t| (0..t.rows.len().min(limit) as u32).map(|n| (*t, n))).collect(), limit);
    }
    if found.len() < limit.min(3) {
        add(&mut found, matches(tables, &words, limit, true), limit);
    }
    let of = if rest.is_empty() { &words } else { &rest };
    found.into_iter().map(|(table, n)| hit(table, &table.rows[n as usize], scopes, of)).collect()
}

fn add<'t>(found: &mut Vec<(&'t Table, u32)>, more: Vec<(&'t Table, u32)>, limit: usize) {
    let mut known: HashSet<(Kind, u32)> = found.iter().map(|(t, n)| (t.kind, *n)).collect();
    found.extend(more.into_iter().filter(|(t, n)| known.insert((t.kind, *n))));
    found.truncate(limit);
}

/// Kinds that words of the query name, and the other words: "function thumb", "iam role deploy", "tasks".
fn narrowed<'w>(words: &[&'w str]) -> (Vec<Kind>, Vec<&'w str>) {
    for length in (1..=words.len().min(3)).rev() {
        for start in 0..=words.len() - length {
            let phrase = words[start..start + length].join(" ");
            let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|k| names_kind(*k, &phrase)).collect();
            if !kinds.is_empty() {
                let rest = words[..start].iter().chain(&words[start + length..]).copied().collect();
                return (kinds, rest);
            }
        }
    }
    (vec![], words.to_vec())
}

fn names_kind(kind: Kind, phrase: &str) -> bool {
    [kind.singular(), kind.plural()].iter().any(|name| {
        let name = name.to_lowercase();
        // "cluster" means both ECS and EKS clusters, "role" the IAM role; "version" of "function version" says too little
        name == phrase
            || (matches!(phrase, "cluster" | "clusters" | "role" | "roles" | "rule" | "rules")
                && name.split(' ').next_back() == Some(phrase))
    })
}

/// A word of the query with what is prepared once for all rows.
struct Word<'w> {
    text: &'w str,
    finder: Finder<'w>,
    /// It may be part of an ARN.
    arn: bool,
}

impl<'w> Word<'w> {
    fn new(text: &'w str) -> Self {
        Self { text, finder: Finder::new(text), arn: arn_like(text) }
    }

    fn is_in(&self, line: &str) -> bool {
        self.finder.find(line.as_bytes()).is_some()
    }

    /// How it matches this row, if it does.
    fn class(&self, table: &Table, row: u32, typos: bool) -> Option<Class> {
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
        let forgiven = typos && self.text.len() >= typo::SHORTEST && self.text.is_ascii();
        (forgiven && (typo::close(self.text, name) || typo::tokens(name).any(|token| typo::close(self.text, token))))
            .then_some(Class::Typo)
    }
}

/// The smallest candidates, at most `limit`.
struct Best {
    limit: usize,
    heap: BinaryHeap<Ranked>,
}

impl Best {
    /// Takes a row in which every word is found, if it is better than what is known.
    fn offer(&mut self, words: &[Word], tables: &[&Table], at: usize, row: u32, typos: bool) {
        let table = tables[at];
        let classes = words.iter().map(|w| w.class(table, row, typos));
        let Some(class) = classes.into_iter().try_fold(Class::Exact, |worst, c| Some(worst.max(c?))) else { return };
        // Where the name does not match its length says nothing
        let length = if class == Class::Elsewhere { 0 } else { table.names.line(row).len() };
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
}

/// The best rows in which every word is found.
fn matches<'t>(tables: &[&'t Table], words: &[&str], limit: usize, typos: bool) -> Vec<(&'t Table, u32)> {
    let words: Vec<Word> = words.iter().map(|w| Word::new(w)).collect();
    let Some(first) = words.iter().max_by_key(|w| w.text.len()) else { return vec![] };
    let mut best = Best { limit, heap: BinaryHeap::with_capacity(limit + 1) };
    // The kinds people look for first come first: once they fill the answer, the others need not be looked through
    let mut order: Vec<usize> = (0..tables.len()).collect();
    order.sort_by_key(|at| rank(tables[*at].kind));
    for at in &order {
        tables[*at].names.find(&first.finder, |row| {
            best.offer(&words, tables, *at, row, typos);
            true
        });
    }
    for at in &order {
        let table = tables[*at];
        // A single letter is in nearly every tag; names are what is meant
        let extras = (first.text.len() > 1).then_some(&table.extras);
        let mut seen = vec![&table.names];
        for haystack in extras.into_iter().chain(first.arn.then_some(&table.arns)) {
            if !best.takes(Class::Elsewhere, table.kind, 0) {
                break;
            }
            haystack.find(&first.finder, |row| {
                if !seen.iter().any(|haystack| first.is_in(haystack.line(row))) {
                    best.offer(&words, tables, *at, row, typos);
                }
                best.takes(Class::Elsewhere, table.kind, row)
            });
            seen.push(haystack);
        }
        if typos && best.takes(Class::Typo, table.kind, 0) {
            let mut offered = HashSet::new();
            for anchor in typo::anchors(first.text) {
                table.names.find(&anchor, |row| {
                    if !first.is_in(table.names.line(row)) && offered.insert(row) {
                        best.offer(&words, tables, *at, row, typos);
                    }
                    true
                });
            }
        }
    }
    let best = best.heap.into_sorted_vec();
    best.into_iter().map(|(.., row, at)| (tables[at], row)).collect()
}

/// Where the first of these words is found, in lower case, that the name does not have.
pub fn matched(entry: &Entry, words: &[&str]) -> Option<String> {
    if words.is_empty() {
        return None;
    }
    let name = entry.name.to_lowercase();
    words.iter().find(|w| !name.contains(**w)).and_then(|word| {
        let tag = entry.tags.iter().map(|(k, v)| format!("{k}={v}")).find(|t| t.to_lowercase().contains(word));
        let id = || entry.id.to_lowercase().contains(word).then(|| format!("id {}", entry.id));
        let arn =
            || entry.arn.as_deref().filter(|arn| arn.to_lowercase().contains(word)).map(|arn| format!("ARN {arn}"));
        tag.map(|t| format!("tag {t}")).or_else(id).or_else(arn)
    })
}

fn hit(table: &Table, entry: &Entry, scopes: &[Scope], words: &[&str]) -> Hit {
    let key: ResourceKey = entry.key(table.kind, scopes);
    let (name, state) = (entry.name.to_string(), entry.state.as_deref().cloned());
    Hit { key, name, state, matched: matched(entry, words) }
}

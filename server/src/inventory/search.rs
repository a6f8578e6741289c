//! Search over everything: every word must be found; the best match first. Typos are forgiven only when nothing better fills the list.

use domain::listing::Hit;
use domain::{Kind, ResourceKey, Scope};
use memchr::memmem::Finder;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use super::entry::Entry;
use super::list::{arn_contains, arn_like};
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
        Kind::Cluster | Kind::EksCluster | Kind::Repository => 2,
        Kind::TaskDefinition | Kind::NodeGroup | Kind::FargateProfile | Kind::Addon => 3,
        Kind::Image
        | Kind::Task
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

/// The best rows in which every word is found.
fn matches<'t>(tables: &[&'t Table], words: &[&str], limit: usize, typos: bool) -> Vec<(&'t Table, u32)> {
    let mut best: BinaryHeap<Ranked> = BinaryHeap::with_capacity(limit + 1);
    let Some(first) = words.iter().max_by_key(|w| w.len()) else { return vec![] };
    for (at, table) in tables.iter().enumerate() {
        let kind = rank(table.kind);
        let mut offer = |row: u32| {
            let worst = words
                .iter()
                .map(|w| class(table, row, w, typos))
                .try_fold(Class::Exact, |worst, c| Some(worst.max(c?)));
            if let Some(class) = worst {
                let candidate = (class, kind, table.names.line(row).len(), row, at);
                if best.len() < limit {
                    best.push(candidate);
                } else if best.peek().is_some_and(|last| candidate < *last) {
                    best.pop();
                    best.push(candidate);
                }
            }
            true
        };
        let finder = Finder::new(*first);
        table.names.find(&finder, &mut offer);
        // A single letter is in nearly every tag; names are what is meant
        if first.len() > 1 {
            table.extras.find(&finder, |row| finder.find(table.names.line(row).as_bytes()).is_some() || offer(row));
        }
        if arn_like(first) {
            for (row, entry) in table.rows.iter().enumerate().filter(|(_, e)| arn_contains(e, first)) {
                let row = row as u32;
                if !table.names.line(row).contains(*first) && !table.extras.line(row).contains(*first) {
                    debug_assert!(entry.arn.is_some());
                    offer(row);
                }
            }
        }
        if typos {
            let mut offered = HashSet::new();
            for anchor in typo::anchors(first) {
                table.names.find(&anchor, |row| {
                    if !table.names.line(row).contains(*first) && offered.insert(row) {
                        offer(row);
                    }
                    true
                });
            }
        }
    }
    let mut best: Vec<Reverse<Ranked>> = best.into_iter().map(Reverse).collect();
    best.sort_by(|a, b| b.cmp(a));
    best.into_iter().map(|Reverse((.., row, at))| (tables[at], row)).collect()
}

/// How this word matches this row, if it does.
fn class(table: &Table, row: u32, word: &str, typos: bool) -> Option<Class> {
    let name = table.names.line(row);
    let mut best = None;
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&name.as_bytes()[from..], word.as_bytes()) {
        let at = from + at;
        let class = match at {
            0 if name.len() == word.len() => return Some(Class::Exact),
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
    if memchr::memmem::find(table.extras.line(row).as_bytes(), word.as_bytes()).is_some()
        || (arn_like(word) && arn_contains(&table.rows[row as usize], word))
    {
        return Some(Class::Elsewhere);
    }
    let forgiven = typos && word.len() >= typo::SHORTEST && word.is_ascii();
    (forgiven && (typo::close(word, name) || typo::tokens(name).any(|token| typo::close(word, token))))
        .then_some(Class::Typo)
}

fn hit(table: &Table, entry: &Entry, scopes: &[Scope], words: &[&str]) -> Hit {
    let name = entry.name.to_lowercase();
    let matched = words.iter().find(|w| !name.contains(**w)).and_then(|word| {
        let tag = entry.tags.iter().map(|(k, v)| format!("{k}={v}")).find(|t| t.to_lowercase().contains(word));
        let id = || entry.id.to_lowercase().contains(word).then(|| format!("id {}", entry.id));
        let arn = || arn_contains(entry, word).then(|| entry.arn.as_deref().map(|arn| format!("ARN {arn}"))).flatten();
        tag.map(|t| format!("tag {t}")).or_else(id).or_else(arn)
    });
    let key: ResourceKey = entry.key(table.kind, scopes);
    Hit { key, name: entry.name.to_string(), state: entry.state.as_deref().cloned(), matched }
}

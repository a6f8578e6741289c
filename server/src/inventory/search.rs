//! Search over everything: every word must be found, or name the account or region; the best match first. Typos are forgiven only when
//! nothing better fills the list: in names, then in tags, ids and ARNs, then in words for kinds.

use domain::listing::{Hit, ScopeWord, scope_words};
use domain::typo::{self, SHORTEST_ELSEWHERE};
use domain::{AccountId, Kind, ResourceKey, Scope};
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
type Found<'t> = Vec<(&'t Table, u32)>;

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
        | Kind::FunctionUrl
        | Kind::FunctionPermission
        | Kind::EventSourceMapping
        | Kind::Layer => 4,
        _ => 5,
    }
}

/// The best `limit` hits for this text over these tables (one per kind). `accounts` have the names that people gave them.
pub fn search(
    tables: &[&Table],
    scopes: &[Scope],
    accounts: &[(AccountId, String)],
    text: &str,
    limit: usize,
) -> Vec<Hit> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() || limit == 0 {
        return vec![];
    }
    // The kinds people look for first come first: once they fill the answer, the others need not be looked through
    let mut tables = tables.to_vec();
    tables.sort_by_key(|t| rank(t.kind));
    let scoped = scope_words(&words, scopes, accounts);
    let named = narrowed(&words, false);
    let (kinds, rest) = &named;
    let narrow = of_kinds(&tables, kinds);
    let mut found = vec![];
    add(&mut found, matches(&narrow, rest, &scoped, limit, false), limit);
    add(&mut found, matches(&tables, &words, &scoped, limit, false), limit);
    add(&mut found, first_of(&narrow, rest, &scoped, limit), limit);
    if words.iter().all(|word| scoped.iter().any(|s| s.whole && s.word == *word)) {
        add(&mut found, first_of(&tables, &words, &scoped, limit), limit);
    }
    // An ARN names one thing: what differs from it in a letter is not meant
    let enough = if words.iter().any(|w| w.starts_with("arn:")) { 1 } else { limit.min(3) };
    if found.len() < enough {
        add(&mut found, matches(&narrow, rest, &scoped, limit, true), limit);
    }
    if found.len() < enough {
        add(&mut found, matches(&tables, &words, &scoped, limit, true), limit);
    }
    let mut said = if rest.is_empty() { &words } else { rest };
    // A single word that is nearly one for a kind lists all of it, so only when there is nothing else
    let few = found.is_empty() || (words.len() > 1 && found.len() < enough);
    let nearly = few.then(|| narrowed(&words, true));
    if let Some(nearly) = nearly.as_ref().filter(|nearly| **nearly != named) {
        let more = nearly_named(&tables, nearly, &scoped, limit);
        if !more.is_empty() {
            said = &nearly.1;
        }
        add(&mut found, more, limit);
    }
    let told = |(table, n): (&Table, u32)| {
        let entry = &table.rows[n as usize];
        // Where it is says each hit anyway
        let said = said.iter().copied().filter(|w| scopes_of(w, &scoped).is_none_or(|s| !is_there(entry, s)));
        hit(table, entry, scopes, &said.collect::<Vec<_>>())
    };
    found.into_iter().map(told).collect()
}

fn add<'t>(found: &mut Found<'t>, more: Found<'t>, limit: usize) {
    let mut known: HashSet<(Kind, u32)> = found.iter().map(|(t, n)| (t.kind, *n)).collect();
    found.extend(more.into_iter().filter(|(t, n)| known.insert((t.kind, *n))));
    found.truncate(limit);
}

/// What is found when a word that is nearly one for a kind is taken for it.
fn nearly_named<'t>(tables: &[&'t Table], (kinds, rest): &Named, scoped: &[ScopeWord], limit: usize) -> Found<'t> {
    let narrow = of_kinds(tables, kinds);
    let mut found = matches(&narrow, rest, scoped, limit, false);
    add(&mut found, first_of(&narrow, rest, scoped, limit), limit);
    if found.is_empty() { matches(&narrow, rest, scoped, limit, true) } else { found }
}

fn of_kinds<'t>(tables: &[&'t Table], kinds: &[Kind]) -> Vec<&'t Table> {
    tables.iter().filter(|t| kinds.contains(&t.kind)).copied().collect()
}

/// The scopes that this word names.
fn scopes_of<'s>(word: &str, scoped: &'s [ScopeWord]) -> Option<&'s [bool]> {
    scoped.iter().find(|s| s.word == word).map(|s| s.scopes.as_slice())
}

fn is_there(entry: &Entry, scopes: &[bool]) -> bool {
    scopes.get(usize::from(entry.scope)) == Some(&true)
}

/// The first rows where these words say, or anywhere without words; none where one of them does not say where.
fn first_of<'t>(tables: &[&'t Table], words: &[&str], scoped: &[ScopeWord], limit: usize) -> Found<'t> {
    let Some(named) = words.iter().map(|w| scopes_of(w, scoped)).collect::<Option<Vec<&[bool]>>>() else {
        return vec![];
    };
    let wanted: Option<Vec<bool>> =
        named.first().map(|one| (0..one.len()).map(|n| named.iter().all(|scopes| scopes[n])).collect());
    let rows = |table: &Table| match &wanted {
        Some(wanted) => table.first_in(wanted, limit),
        None => (0..table.rows.len().min(limit) as u32).collect(),
    };
    tables.iter().copied().flat_map(|t| rows(t).into_iter().map(move |n| (t, n))).take(limit).collect()
}

/// Kinds that words of the query name, and the other words.
type Named<'w> = (Vec<Kind>, Vec<&'w str>);

/// The parts of a query: "function thumb", "iam role deploy", "tasks"; with typos also "fucntion thumb".
fn narrowed<'w>(words: &[&'w str], typos: bool) -> Named<'w> {
    let names = Kind::ALL.iter().flat_map(|k| [k.singular(), k.plural()].map(|name| (*k, name.to_lowercase())));
    let names: Vec<(Kind, String)> = names.collect();
    for length in (1..=words.len().min(3)).rev() {
        for start in 0..=words.len() - length {
            let phrase = words[start..start + length].join(" ");
            let mut kinds = called(&names, |word| word == phrase);
            if typos && kinds.is_empty() && typo::is_forgiven(&phrase, SHORTEST_ELSEWHERE) {
                kinds = called(&names, |word| typo::same(&phrase, word));
            }
            if !kinds.is_empty() {
                let rest = words[..start].iter().chain(&words[start + length..]).copied().collect();
                return (kinds, rest);
            }
        }
    }
    (vec![], words.to_vec())
}

/// The kinds with a name that is meant, or with the last word of one where that says enough: "cluster" means both ECS and EKS clusters,
/// "role" the IAM role; "version" of "function version" says too little.
fn called(names: &[(Kind, String)], is_meant: impl Fn(&str) -> bool) -> Vec<Kind> {
    let says_enough = |word: &&str| matches!(*word, "cluster" | "clusters" | "role" | "roles" | "rule" | "rules");
    let meant = names
        .iter()
        .filter(|(_, name)| is_meant(name) || name.split(' ').next_back().filter(says_enough).is_some_and(&is_meant));
    let mut kinds: Vec<Kind> = meant.map(|(kind, _)| *kind).collect();
    kinds.dedup();
    kinds
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
fn matches<'t>(tables: &[&'t Table], words: &[&str], scoped: &[ScopeWord], limit: usize, typos: bool) -> Found<'t> {
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

/// Where the first of these words, in lower case, that the name does not have is found.
pub fn matched(entry: &Entry, words: &[&str]) -> Option<String> {
    if words.is_empty() {
        return None;
    }
    let name = entry.name.to_lowercase();
    words.iter().filter(|w| !name.contains(**w)).find_map(|word| {
        found_in(entry, |text| text.contains(word)).or_else(|| {
            let forgiven = typo::is_forgiven(word, SHORTEST_ELSEWHERE) && !typo::is_in(word, &name);
            if forgiven { found_in(entry, |text| typo::is_in(word, text)) } else { None }
        })
    })
}

/// The first of what else is known of a row that has it; it is asked in lower case.
fn found_in(entry: &Entry, has: impl Fn(&str) -> bool) -> Option<String> {
    let has = |text: &str| has(&text.to_lowercase());
    let tag = entry.tags.iter().map(|(k, v)| format!("{k}={v}")).find(|t| has(t));
    let id = || has(&entry.id).then(|| format!("id {}", entry.id));
    let arn = || entry.arn.as_deref().filter(|arn| has(arn)).map(|arn| format!("ARN {arn}"));
    tag.map(|t| format!("tag {t}")).or_else(id).or_else(arn)
}

fn hit(table: &Table, entry: &Entry, scopes: &[Scope], words: &[&str]) -> Hit {
    let key: ResourceKey = entry.key(table.kind, scopes);
    let (name, state) = (entry.name.to_string(), entry.state.as_deref().cloned());
    Hit { key, name, state, matched: matched(entry, words) }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;

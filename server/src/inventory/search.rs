//! Search over everything: every word must be found, or name the account or region; the best match first. Typos are forgiven only when
//! nothing better fills the list: in names, then in tags, ids and ARNs, then in words for kinds.

use domain::listing::{Hit, ScopeWord, scope_words};
use domain::typo::{self, SHORTEST_ELSEWHERE};
use domain::{AccountId, Kind, ResourceKey, Scope};

use super::entry::Entry;
use super::matching::{Found, add, is_there, matches, rank, scopes_of};
use super::table::Table;

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

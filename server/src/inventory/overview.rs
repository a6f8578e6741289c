//! The first page and the rail: what needs a person, what there is, who cannot collect.

use domain::listing::Row;
use domain::resource::Tone;
use domain::services::{Count, Findings, Overview};
use domain::{AccountId, Kind, Millis, Region, ResourceKey};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::entry::{Datum, Entry};
use super::list::scopes_wanted;
use super::snapshot::Snapshot;

/// Rows that need a person, shown.
const ATTENTION: usize = 50;
/// Changes shown.
pub const CHANGES: usize = 10;

/// Numbers per kind in these accounts and regions; kinds without rows too.
pub fn counts(snapshot: &Snapshot, accounts: &[AccountId], regions: &[Region]) -> Vec<Count> {
    let wanted = scopes_wanted(&snapshot.scopes, accounts, regions);
    let count = |kind: Kind| {
        let tallies = snapshot.table(kind).tallies.iter().zip(&wanted).filter(|(_, wanted)| **wanted);
        tallies.fold(Count { kind, total: 0, bad: 0 }, |c, (t, _)| Count {
            total: c.total + t.total,
            bad: c.bad + t.bad,
            ..c
        })
    };
    Kind::ALL.iter().map(|k| count(*k)).collect()
}

/// Everything but the changes, which come from the store.
pub fn overview(snapshot: &Snapshot, accounts: &[AccountId], regions: &[Region], now: Millis) -> Overview {
    let wanted = scopes_wanted(&snapshot.scopes, accounts, regions);
    let is_wanted = |scope: u16| wanted.get(usize::from(scope)).copied().unwrap_or(false);
    let of_service = domain::describe::columns(Kind::Task).iter().position(|c| c.id == "service");
    // A service that keeps failing stops a task every minute: the service is listed once, its tasks are on its page.
    let speaks_for_itself = |kind: Kind, entry: &Entry| {
        kind != Kind::Task || of_service.is_none_or(|n| matches!(entry.cells.get(n), None | Some(Datum::None)))
    };
    let mut attention = vec![];
    let mut fleet = vec![];
    let mut late = vec![];
    let (mut repositories, mut repositories_total) = (vec![], 0);
    for table in &snapshot.tables {
        for (scope, tally) in table.tallies.iter().enumerate().filter(|(n, t)| wanted[*n] && t.total > 0) {
            let place = &snapshot.scopes[scope];
            fleet.push((place.account.clone(), place.region.clone(), table.kind, tally.total));
        }
        let rows = table.attention.iter().map(|n| &table.rows[*n as usize]).filter(|e| is_wanted(e.scope));
        let (bad, others): (Vec<_>, Vec<_>) = rows.partition(|e| matches!(e.tone(), Tone::Bad | Tone::Warn));
        // Late for the same reason, all of them: one line says it.
        late.extend((!others.is_empty()).then_some((table.kind, others.len() as u32)));
        if table.kind == Kind::Image {
            (repositories, repositories_total) = by_repository(snapshot, &bad);
            continue;
        }
        let rows = bad.into_iter().filter(|e| speaks_for_itself(table.kind, e));
        attention.extend(rows.map(|e| ((e.tone(), Reverse(e.changed)), table.kind, e)));
    }
    let attention_total = attention.len() as u32;
    if attention.len() > ATTENTION {
        attention.select_nth_unstable_by_key(ATTENTION, |(order, ..)| *order);
        attention.truncate(ATTENTION);
    }
    attention.sort_by_key(|(order, ..)| *order);
    let row = |kind: Kind, entry: &Entry| entry.row(kind, &snapshot.scopes, snapshot.covered(kind, entry.scope));
    let attention: Vec<Row> = attention.into_iter().map(|(_, kind, entry)| row(kind, entry)).collect();
    debug_assert!(attention.iter().all(|r| r.state.as_ref().is_some_and(|s| matches!(s.tone, Tone::Bad | Tone::Warn))));
    let failing = snapshot.freshness(None, accounts, regions).into_iter().filter(|f| f.failing.is_some()).collect();
    Overview {
        attention,
        attention_total,
        repositories,
        repositories_total,
        late,
        changes: vec![],
        counts: counts(snapshot, accounts, regions),
        fleet,
        tasks: tasks(snapshot, &wanted),
        failing,
        now,
    }
}

/// Images that need a person, by repository, and how many repositories that are: one that is scanned seldom has such images by the dozen.
fn by_repository(snapshot: &Snapshot, images: &[&Arc<Entry>]) -> (Vec<Findings>, u32) {
    let mut found: HashMap<(u16, &str), (&Entry, u32)> = HashMap::new();
    // An index has the state of its platforms.
    for image in images.iter().filter(|image| image.part_of.is_none()) {
        let Some((Kind::Repository, repository)) = image.parent.as_ref().map(|(kind, id)| (*kind, id)) else {
            continue;
        };
        let (worst, count) = found.entry((image.scope, repository)).or_insert((image, 0));
        *count += 1;
        let order = |e: &Entry| (e.tone(), Reverse(e.changed));
        if order(image) < order(worst) {
            *worst = image;
        }
    }
    let total = found.len() as u32;
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|((scope, name), (worst, count))| (worst.tone(), Reverse(*count), *name, *scope));
    let listed = found.into_iter().take(ATTENTION).filter_map(|((scope, name), (worst, images))| {
        let repository =
            ResourceKey::new(Kind::Repository, snapshot.scopes.get(usize::from(scope))?.clone(), name).ok()?;
        let worst = worst.row(Kind::Image, &snapshot.scopes, snapshot.covered(Kind::Image, scope));
        Some(Findings { repository, worst, images })
    });
    (listed.collect(), total)
}

/// (desired, running) tasks over all services.
fn tasks(snapshot: &Snapshot, wanted: &[bool]) -> (u32, u32) {
    let columns = domain::describe::columns(Kind::Service);
    let sum = |id: &str| {
        let Some(column) = columns.iter().position(|c| c.id == id) else { return 0 };
        let services = snapshot.table(Kind::Service).rows.iter().filter(|e| wanted[usize::from(e.scope)]);
        let sum: i64 = services.map(|e| if let Some(Datum::Number(n)) = e.cells.get(column) { *n } else { 0 }).sum();
        u32::try_from(sum).unwrap_or(0)
    };
    (sum("desired"), sum("running"))
}

//! The first page and the rail: what needs a person, what there is, who cannot collect.

use domain::listing::Row;
use domain::resource::Tone;
use domain::services::{Count, Overview};
use domain::{AccountId, Kind, Millis, Region};
use std::cmp::Reverse;

use super::entry::Datum;
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
    let speaks_for_itself = |kind: Kind, entry: &super::entry::Entry| {
        kind != Kind::Task || of_service.is_none_or(|n| matches!(entry.cells.get(n), None | Some(Datum::None)))
    };
    let mut attention = vec![];
    let mut fleet = vec![];
    let mut late = vec![];
    for table in &snapshot.tables {
        let rows = table.attention.iter().map(|n| &table.rows[*n as usize]).filter(|e| is_wanted(e.scope));
        let (bad, others): (Vec<_>, Vec<_>) = rows.partition(|e| matches!(e.tone(), Tone::Bad | Tone::Warn));
        // Late for the same reason, all of them: one line says it.
        late.extend((!others.is_empty()).then_some((table.kind, others.len() as u32)));
        let rows = bad.into_iter().filter(|e| speaks_for_itself(table.kind, e));
        attention.extend(rows.map(|e| ((e.tone(), Reverse(e.changed)), table.kind, e)));
        for (scope, tally) in table.tallies.iter().enumerate().filter(|(n, t)| wanted[*n] && t.total > 0) {
            let place = &snapshot.scopes[scope];
            fleet.push((place.account.clone(), place.region.clone(), table.kind, tally.total));
        }
    }
    let attention_total = attention.len() as u32;
    if attention.len() > ATTENTION {
        attention.select_nth_unstable_by_key(ATTENTION, |(order, ..)| *order);
        attention.truncate(ATTENTION);
    }
    attention.sort_by_key(|(order, ..)| *order);
    let row = |kind: Kind, entry: &super::entry::Entry| {
        entry.row(kind, &snapshot.scopes, snapshot.covered(kind, entry.scope))
    };
    let attention: Vec<Row> = attention.into_iter().map(|(_, kind, entry)| row(kind, entry)).collect();
    debug_assert!(attention.iter().all(|r| r.state.as_ref().is_some_and(|s| matches!(s.tone, Tone::Bad | Tone::Warn))));
    let failing = snapshot.freshness(None, accounts, regions).into_iter().filter(|f| f.failing.is_some()).collect();
    Overview {
        attention,
        attention_total,
        late,
        changes: vec![],
        counts: counts(snapshot, accounts, regions),
        fleet,
        tasks: tasks(snapshot, &wanted),
        failing,
        now,
    }
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

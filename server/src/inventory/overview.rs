//! The first page and the rail: what needs a person, what there is, who cannot collect.

use domain::ecs::Task;
use domain::listing::{LateLists, Row};
use domain::services::{Count, Findings, Glance, Late, Overview};
use domain::{AccountId, Kind, Millis, Region, ResourceKey};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::entry::{Datum, Entry};
use super::list::scopes_wanted;
use super::snapshot::Snapshot;

/// Rows that need a person, shown.
const ATTENTION: usize = 50;
/// Changes shown.
pub const CHANGES: usize = 10;
/// Stuck runs shown.
pub const STUCK: u32 = 10;
/// Deployments shown.
const DEPLOYMENTS: usize = 10;

/// What the rail and the bar of every page say of these accounts and regions.
pub fn glance(snapshot: &Snapshot, accounts: &[AccountId], regions: &[Region], now: Millis) -> Glance {
    Glance {
        counts: counts(snapshot, accounts, regions),
        late: LateLists::of(&snapshot.freshness(None, accounts, regions), now),
        runs: snapshot.open_runs(accounts, regions),
    }
}

/// Numbers per kind in these accounts and regions; kinds without rows too.
fn counts(snapshot: &Snapshot, accounts: &[AccountId], regions: &[Region]) -> Vec<Count> {
    let wanted = scopes_wanted(&snapshot.scopes, accounts, regions);
    let count = |kind: Kind| {
        let tallies = snapshot.table(kind).tallies.iter().zip(&wanted).filter(|(_, wanted)| **wanted);
        tallies.fold(Count { kind, total: 0, attention: 0 }, |c, (t, _)| Count {
            total: c.total + t.total,
            attention: c.attention + t.attention,
            ..c
        })
    };
    Kind::ALL.iter().map(|k| count(*k)).collect()
}

/// Everything but the changes and the stuck runs, which come from the store.
pub fn overview(snapshot: &Snapshot, accounts: &[AccountId], regions: &[Region], now: Millis) -> Overview {
    let wanted = scopes_wanted(&snapshot.scopes, accounts, regions);
    let is_wanted = |scope: u16| wanted.get(usize::from(scope)).copied().unwrap_or(false);
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
        let rows: Vec<&Arc<Entry>> = rows.collect();
        // Late for the same reason, all of them: one line says it.
        late.extend(those_late(table.kind, &rows, now));
        let bad: Vec<&Arc<Entry>> = rows.into_iter().filter(|e| e.is_in_trouble()).collect();
        if table.kind == Kind::Image {
            (repositories, repositories_total) = by_repository(snapshot, &bad);
            continue;
        }
        attention.extend(bad.into_iter().map(|e| ((e.tone(), Reverse(e.changed)), table.kind, e)));
    }
    let attention_total = attention.len() as u32;
    if attention.len() > ATTENTION {
        attention.select_nth_unstable_by_key(ATTENTION, |(order, ..)| *order);
        attention.truncate(ATTENTION);
    }
    attention.sort_by_key(|(order, ..)| *order);
    let row = |kind: Kind, entry: &Entry| entry.row(kind, &snapshot.scopes, snapshot.covered(kind, entry.scope));
    let attention: Vec<Row> = attention.into_iter().map(|(_, kind, entry)| row(kind, entry)).collect();
    let failing = snapshot.freshness(None, accounts, regions).into_iter().filter(|f| !f.is_well()).collect();
    let (deployments, deployments_total) = deployments(snapshot, &wanted);
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
        running: running(snapshot, &wanted),
        runs: snapshot.open_runs(accounts, regions),
        stuck: vec![],
        deployments,
        deployments_total,
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

/// Those of a kind whose runtime has ended, with their runtimes.
fn those_late(kind: Kind, rows: &[&Arc<Entry>], now: Millis) -> Option<Late> {
    let column = domain::describe::columns(kind).iter().position(|c| c.id == "runtime");
    let (mut count, mut runtimes) = (0, BTreeSet::new());
    for entry in rows.iter().filter(|e| e.is_late(now)) {
        count += 1;
        if let Some(cell) = column.and_then(|n| entry.cells.get(n)) {
            cell.words(|word| {
                runtimes.insert(word.to_owned());
            });
        }
    }
    (count > 0).then(|| Late { kind, count, runtimes: runtimes.into_iter().collect() })
}

/// How many tasks run, of a service or not.
fn running(snapshot: &Snapshot, wanted: &[bool]) -> u32 {
    let runs = |e: &&Arc<Entry>| {
        let state =
            e.state.as_ref().filter(|_| e.gone.is_none() && wanted.get(usize::from(e.scope)).copied().unwrap_or(false));
        state.is_some_and(|state| Task::RUNNING.contains(&state.word.as_str()))
    };
    snapshot.table(Kind::Task).rows.iter().filter(runs).count() as u32
}

/// Services that are being deployed, or whose deployment failed, and how many that are. AWS's word of the rollout says so, whatever else ails
/// the service; where it has none, the service's own state does.
fn deployments(snapshot: &Snapshot, wanted: &[bool]) -> (Vec<Row>, u32) {
    const AT_IT: [&str; 2] = ["IN_PROGRESS", "FAILED"];
    let columns = domain::describe::columns(Kind::Service);
    let column = |id: &str| columns.iter().position(|c| c.id == id).unwrap_or(usize::MAX);
    let (rollout, deployed) = (column("rollout"), column("deployed"));
    let is_at_it = |e: &&Arc<Entry>| {
        let word = e.own.as_ref().map_or("", |state| state.word.as_str());
        let rollout = if let Some(Datum::Text(rollout)) = e.cells.get(rollout) { &**rollout } else { "" };
        // One that is being deleted is not deployed any more.
        let there = e.gone.is_none() && !["DRAINING", "INACTIVE"].contains(&word);
        there
            && wanted.get(usize::from(e.scope)).copied().unwrap_or(false)
            && [word, rollout].iter().any(|w| AT_IT.contains(w))
    };
    let since = |e: &Entry| if let Some(Datum::Time(at)) = e.cells.get(deployed) { *at } else { Millis(0) };
    let mut found: Vec<&Arc<Entry>> = snapshot.table(Kind::Service).rows.iter().filter(is_at_it).collect();
    found.sort_by_key(|e| (e.tone(), Reverse(since(e))));
    let row = |e: &Arc<Entry>| e.row(Kind::Service, &snapshot.scopes, snapshot.covered(Kind::Service, e.scope));
    (found.iter().take(DEPLOYMENTS).map(|e| row(e)).collect(), found.len() as u32)
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

#[cfg(test)]
#[path = "overview_tests.rs"]
mod tests;

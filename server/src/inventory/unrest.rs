//! Services whose tasks keep stopping. AWS's document of a service says how many tasks run, not why they do not, and looks well whenever a
//! new one has just started: the tasks that stopped lately know.

use domain::resource::{State, Tone};
use domain::{Kind, Millis};
use std::collections::HashMap;
use std::sync::Arc;

use super::entry::{Datum, Entry, Text};
use super::snapshot::Snapshot;
use super::table::Replacement;

/// How far back it counts, in milliseconds.
const WINDOW: i64 = 30 * 60_000;
/// So many in that time are no accident.
const OFTEN: u32 = 3;

/// What stopped badly in a service.
#[derive(Debug, PartialEq)]
struct Stops {
    count: u32,
    latest: Millis,
    reason: Text,
}

/// The service of a task and when and why it stopped badly, if it did.
fn stop(entry: &Entry, columns: [usize; 3]) -> Option<((u16, String), Millis, Text)> {
    let cell = |n: usize| entry.cells.get(n);
    let [service, stopped, reason] = columns.map(cell);
    let (Some(Datum::Text(service)), Some(Datum::Time(stopped))) = (service, stopped) else { return None };
    let state = entry.state.as_ref()?;
    if !matches!(state.tone, Tone::Bad | Tone::Warn) {
        return None;
    }
    let reason = match reason {
        Some(Datum::Text(reason)) => reason.clone(),
        _ => state.reason.as_deref().unwrap_or("AWS does not say why").into(),
    };
    let cluster = entry.id.split('/').next().unwrap_or_default();
    Some(((entry.scope, format!("{cluster}/{service}")), *stopped, reason))
}

fn stops(snapshot: &Snapshot, now: Millis) -> HashMap<(u16, String), Stops> {
    let names = domain::describe::columns(Kind::Task);
    let column = |id: &str| names.iter().position(|c| c.id == id).unwrap_or(usize::MAX);
    let columns = ["service", "stopped", "reason"].map(column);
    let mut all: HashMap<_, Stops> = HashMap::new();
    for entry in &snapshot.table(Kind::Task).rows {
        let Some((service, at, reason)) = stop(entry, columns) else { continue };
        if at.0 < now.0 - WINDOW {
            continue;
        }
        let known = all.entry(service).or_insert_with(|| Stops { count: 0, latest: at, reason: reason.clone() });
        known.count += 1;
        if at >= known.latest {
            (known.latest, known.reason) = (at, reason);
        }
    }
    all
}

/// What a service's state is, given what its own document says and what stopped in it.
fn state(own: Option<&Arc<State>>, running: &str, stops: Option<&Stops>) -> Option<Arc<State>> {
    let (Some(own), Some(stops)) = (own, stops) else { return own.cloned() };
    let tasks = if stops.count == 1 { "task" } else { "tasks" };
    // The reason first: what follows may be cut off.
    let told =
        format!("{} · {} {tasks} stopped in the last 30 minutes", stops.reason.trim_end_matches('.'), stops.count);
    match own.tone {
        Tone::Bad | Tone::Warn => {
            Some(Arc::new(State::new(&own.word, own.tone).because(Some(format!("{running}{told}")))))
        }
        _ if stops.count >= OFTEN => Some(Arc::new(State::new("Unstable", Tone::Warn).because(Some(told)))),
        _ => Some(own.clone()),
    }
}

/// The services whose state should be another one than they have.
pub fn services(snapshot: &Snapshot, now: Millis) -> Vec<Replacement> {
    let stops = stops(snapshot, now);
    let names = domain::describe::columns(Kind::Service);
    let column = |id: &str| names.iter().position(|c| c.id == id).unwrap_or(usize::MAX);
    let (running, desired) = (column("running"), column("desired"));
    let services = snapshot.table(Kind::Service).rows.iter().filter(|entry| entry.gone.is_none());
    let changed = services.filter_map(|entry| {
        let count = |n: usize| if let Some(Datum::Number(n)) = entry.cells.get(n) { *n } else { 0 };
        let running = format!("{} of {} run: ", count(running), count(desired));
        let state = state(entry.own.as_ref(), &running, stops.get(&(entry.scope, entry.id.to_string())));
        (state != entry.state).then(|| ((entry.scope, entry.id.clone()), Some(Entry { state, ..(**entry).clone() })))
    });
    changed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_lacks_tasks_says_why_and_one_that_keeps_losing_them_is_unstable() {
        let stops = |count| Stops { count, latest: Millis(1), reason: "exit code 137".into() };
        let own = |tone| Some(Arc::new(State::new("ACTIVE", tone)));
        let seen = |tone, count| state(own(tone).as_ref(), "0 of 2 run: ", Some(&stops(count))).unwrap();
        assert_eq!(seen(Tone::Good, 2).word, "ACTIVE");
        assert_eq!((seen(Tone::Good, 3).word.as_str(), seen(Tone::Good, 3).tone), ("Unstable", Tone::Warn));
        let lacking = seen(Tone::Bad, 1);
        assert_eq!(lacking.word, "ACTIVE");
        let reason = "0 of 2 run: exit code 137 · 1 task stopped in the last 30 minutes";
        assert_eq!(lacking.reason.as_deref(), Some(reason));
        assert_eq!(state(own(Tone::Bad).as_ref(), "", None), own(Tone::Bad), "without stops AWS's words stay");
    }
}

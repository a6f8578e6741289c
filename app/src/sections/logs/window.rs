//! The lines of a log that a page has: as many as it shows, in the order of time. They move back when earlier ones are asked for, and on
//! with those that come.

use domain::stream::{LogEvent, SHOWN, Skipped};
use std::collections::HashSet;
use std::sync::Arc;

use crate::ui::format::counted;

/// Events, oldest first.
pub(super) type Lines = Vec<Arc<LogEvent>>;

/// Adds what came, each event once; the oldest go when there are too many.
pub(super) fn append(lines: &mut Lines, new: Lines) {
    lines.extend(new);
    order(lines);
    lines.drain(..lines.len().saturating_sub(SHOWN));
}

/// Adds what came before, each event once; the newest go when there are too many. Says whether some went.
pub(super) fn prepend(lines: &mut Lines, mut earlier: Lines) -> bool {
    earlier.append(lines);
    *lines = earlier;
    order(lines);
    let many = lines.len() > SHOWN;
    lines.truncate(SHOWN);
    many
}

/// Shows an answer in place of what was `shown` when it was asked for. What came by itself meanwhile stays: the answer may be older,
/// and nobody tells it again.
pub(super) fn renew(lines: &mut Lines, shown: &[Arc<LogEvent>], found: Lines) {
    let shown: HashSet<*const LogEvent> = shown.iter().map(Arc::as_ptr).collect();
    lines.retain(|e| !shown.contains(&Arc::as_ptr(e)));
    append(lines, found);
}

/// Whether some of these are among the lines already.
pub(super) fn meet(lines: &[Arc<LogEvent>], found: &[Arc<LogEvent>]) -> bool {
    let known: HashSet<_> = lines.iter().map(|e| (e.at, &e.id)).collect();
    found.iter().any(|e| known.contains(&(e.at, &e.id)))
}

/// Whether all of these are among the lines already.
pub(super) fn holds(lines: &[Arc<LogEvent>], found: &[Arc<LogEvent>]) -> bool {
    let known: HashSet<_> = lines.iter().map(|e| (e.at, &e.id)).collect();
    found.iter().all(|e| known.contains(&(e.at, &e.id)))
}

fn order(lines: &mut Lines) {
    // Lines of the same millisecond stay as they came: START stands before END.
    lines.sort_by_key(|e| e.at);
    let mut known = HashSet::new();
    lines.retain(|e| known.insert((e.at, e.id.clone())));
}

/// That lines were left out, and where they are.
pub(super) fn left_out(skipped: Skipped) -> Option<String> {
    let count = i64::try_from(skipped.count).unwrap_or(i64::MAX);
    let events = counted(count, "event", "events");
    let events = match (count, skipped.uncounted) {
        (0, false) => return None,
        (0, true) => "More events".to_owned(),
        (_, false) => events,
        (_, true) => format!("More than {events}"),
    };
    Some(format!("{events} came faster than they can be shown. “Earlier events” shows them."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Millis;

    fn event(at: i64, id: &str) -> Arc<LogEvent> {
        Arc::new(LogEvent { id: id.to_owned(), at: Millis(at), stream: String::new(), message: id.to_owned() })
    }

    /// An event each millisecond.
    fn each(from: i64, to: i64) -> Lines {
        (from..to).map(|at| event(at, "x")).collect()
    }

    fn ids(lines: &[Arc<LogEvent>]) -> Vec<&str> {
        lines.iter().map(|e| e.id.as_str()).collect()
    }

    fn span(lines: &[Arc<LogEvent>]) -> (i64, i64) {
        (lines.first().unwrap().at.0, lines.last().unwrap().at.0)
    }

    #[test]
    fn events_are_shown_once_and_in_order() {
        let mut lines = vec![event(2, "b")];
        append(&mut lines, vec![event(2, "b"), event(1, "z"), event(1, "a"), event(2, "c")]);
        assert_eq!(ids(&lines), ["z", "a", "b", "c"]);
    }

    #[test]
    fn an_answer_that_comes_late_hides_nothing_that_came_by_itself() {
        let mut lines = vec![event(1, "shown before")];
        let shown = lines.clone();
        // The log is followed while the answer, which is from before these, is on its way.
        append(&mut lines, vec![event(5, "START"), event(6, "END")]);
        renew(&mut lines, &shown, vec![event(2, "found")]);
        assert_eq!(ids(&lines), ["found", "START", "END"]);
    }

    #[test]
    fn the_lines_move_with_what_comes_and_back_with_what_was() {
        let many = SHOWN as i64;
        let mut lines = each(0, many);
        append(&mut lines, each(many, many + 5));
        assert_eq!((lines.len(), span(&lines)), (SHOWN, (5, many + 4)));
        assert!(prepend(&mut lines, each(-95, 5)), "the newest went");
        assert_eq!((lines.len(), span(&lines)), (SHOWN, (-95, many - 96)));
        let mut few = each(10, 20);
        assert!(!prepend(&mut few, each(0, 11)));
        assert_eq!((few.len(), span(&few)), (20, (0, 19)));
    }

    #[test]
    fn lines_of_the_millisecond_that_the_page_begins_with_come_before_it() {
        // What came by itself began in the middle of a millisecond.
        let mut lines = vec![event(7, "c"), event(8, "d")];
        let found = vec![event(6, "z"), event(7, "a"), event(7, "b"), event(7, "c")];
        assert!(meet(&lines, &found) && !holds(&lines, &found));
        prepend(&mut lines, found.clone());
        assert_eq!(ids(&lines), ["z", "a", "b", "c", "d"]);
        assert!(holds(&lines, &found) && !meet(&lines, &[event(7, "e")]) && holds(&lines, &[]));
    }

    #[test]
    fn what_is_left_out_is_said() {
        let said = |count, uncounted| left_out(Skipped { count, uncounted }).unwrap_or_default();
        assert_eq!(said(0, false), "");
        assert!(said(1, false).starts_with("1 event came faster"));
        assert!(said(3_000, true).starts_with("More than 3,000 events came faster"));
        assert!(said(0, true).starts_with("More events came faster"));
    }
}

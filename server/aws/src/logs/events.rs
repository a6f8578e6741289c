//! The latest events of a log group.
//!
//! FilterLogEvents reads forward in time, people look backward. So a short window before the end is read first, and ever longer
//! ones before it until there are enough events. <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>

use domain::stream::{LogEvent, latest};
use domain::{Millis, Problem};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::{Bucket, Caller, Pages};

const FILTER: &str = "logs:FilterLogEvents";
/// The first window, in milliseconds.
const FIRST: i64 = 60_000;
/// Each further one is so many times as long.
const LONGER: i64 = 8;
/// A window of more pages with events than this is too long for a busy log: a shorter one is read instead.
const PAGES: usize = 4;

/// What to read of a log group.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    /// The group's name.
    pub group: &'a str,
    /// What the names of its streams begin with; empty for all streams.
    pub streams: &'a str,
    /// The function whose streams alone are wanted of a group of several; empty for all streams. Lambda puts the day before the function's
    /// name there, so it is nothing to ask by: `2026/11/23/orders[$LATEST]8f03…`.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html>
    pub of: &'a str,
    /// A filter pattern of CloudWatch Logs; empty for all events.
    pub filter: &'a str,
}

impl Log<'_> {
    /// Whether the lines of this stream belong to it.
    fn holds(self, stream: &str) -> bool {
        let name = stream.rsplit('/').next().unwrap_or_default();
        let own = || name.strip_prefix(self.of).is_some_and(|rest| rest.starts_with('['));
        stream.is_empty() || (stream.starts_with(self.streams) && (self.of.is_empty() || own()))
    }
}

/// Events of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogEvents {
    /// The events, oldest first.
    pub events: Vec<LogEvent>,
    /// It was not read to its beginning: there may be earlier ones.
    pub more: bool,
}

/// The latest events between two moments (both included): `limit` of them, and what else came in the millisecond of the oldest
/// ([`latest`]).
///
/// Not found when the log group does not exist (yet).
pub async fn log_events(
    caller: &Caller,
    log: Log<'_>,
    start: Millis,
    end: Millis,
    limit: usize,
) -> Result<LogEvents, Problem> {
    let mut found: Vec<LogEvent> = vec![];
    let (mut until, mut length) = (end.0, FIRST);
    while until >= start.0 && found.len() < limit {
        let from = until.saturating_sub(length).max(start.0);
        match window(caller, log, from, until, length > 1).await? {
            Some(mut older) => {
                older.append(&mut found);
                found = older;
                until = from - 1;
                length = length.saturating_mul(LONGER);
            }
            None => length = (length / LONGER).max(1),
        }
    }
    // Streams are merged by time, but pages of different streams may overlap.
    found.sort_by_key(|e| e.at);
    name_the_nameless(&mut found);
    let all = found.len();
    let events = latest(found, limit);
    Ok(LogEvents { more: until >= start.0 || events.len() < all, events })
}

/// Gives events without an id one of their own. AWS always sends one, its documentation calls it optional, and emulators leave it out; without
/// it, lines of the same millisecond would count as repetitions.
fn name_the_nameless(events: &mut [LogEvent]) {
    let mut known: HashMap<(Millis, u64), u32> = HashMap::new();
    for event in events.iter_mut().filter(|e| e.id.is_empty()) {
        let mut hasher = DefaultHasher::new();
        (&event.stream, &event.message).hash(&mut hasher);
        let hash = hasher.finish();
        let count = known.entry((event.at, hash)).or_default();
        *count += 1;
        event.id = format!("{:x}-{hash:x}-{count}", event.at.0);
    }
}

fn said(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// All events of a window; `None` when there are too many for a shorter one not to be better.
async fn window(
    caller: &Caller,
    log: Log<'_>,
    from: i64,
    until: i64,
    divisible: bool,
) -> Result<Option<Vec<LogEvent>>, Problem> {
    let mut events = vec![];
    let mut pages = Pages::new(FILTER);
    let mut read = 0;
    while let Some(token) = pages.next() {
        if read == PAGES && divisible {
            return Ok(None);
        }
        let request = caller
            .clients()
            .logs()
            .filter_log_events()
            .log_group_name(log.group)
            .start_time(from)
            .end_time(until)
            .set_log_stream_name_prefix(said(log.streams))
            .set_filter_pattern(said(log.filter))
            .set_next_token(token);
        let page = caller.call(Bucket::LogsFilter, FILTER, Some(log.group), request.send()).await?;
        // AWS also answers with pages that are empty but for the token: those say nothing about how busy it is.
        read += usize::from(page.events.as_ref().is_some_and(|events| !events.is_empty()));
        let read_events = page.events.unwrap_or_default().into_iter().map(|e| LogEvent {
            id: e.event_id.unwrap_or_default(),
            at: Millis(e.timestamp.unwrap_or(from)),
            stream: e.log_stream_name.unwrap_or_default(),
            message: e.message.unwrap_or_default(),
        });
        // An endpoint that does not know the prefix answers with everybody's lines; they must not be shown as this one's.
        events.extend(read_events.filter(|e| log.holds(&e.stream)));
        pages.then(page.next_token)?;
    }
    Ok(Some(events))
}

//! The latest events of a log group.
//!
//! FilterLogEvents reads forward in time, people look backward. So a short window before the end is read first, and ever longer
//! ones before it until there are enough events, or the time for it is over.
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>

use domain::stream::{LogEvent, latest};
use domain::{Code, Millis, Problem};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use crate::{Bucket, Caller, Pages};

const FILTER: &str = "logs:FilterLogEvents";
/// The first window, in milliseconds.
const FIRST: i64 = 60_000;
/// Each further one is so many times as long.
const LONGER: i64 = 8;
/// A window of more pages with events than this is too long for a busy log: a shorter one is read instead. After one of more pages, with events
/// or without, comes none that is longer.
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
    /// Where the time was over before enough were found: all from this moment on was searched, and nothing before it.
    pub searched: Option<Millis>,
}

impl LogEvents {
    /// The latest events of several logs that were read until the same moment: `limit` of them, as [`latest`] has it. Where one was searched
    /// back to some moment only, what others have before it is left out: nobody could say what lies between.
    pub fn together(logs: &[Arc<Self>], limit: usize) -> Self {
        let searched = logs.iter().filter_map(|log| log.searched).max();
        let mut events: Vec<LogEvent> = logs.iter().flat_map(|log| log.events.iter().cloned()).collect();
        let all = events.len();
        events.retain(|event| searched.is_none_or(|searched| event.at >= searched));
        events.sort_by_key(|event| event.at);
        // Of a full answer the first event says where it ends.
        let searched = searched.filter(|_| events.len() < limit);
        let events = latest(events, limit);
        Self { more: logs.iter().any(|log| log.more) || events.len() < all, searched, events }
    }
}

/// The latest events between two moments (both included): `limit` of them, and what else came in the millisecond of the oldest
/// ([`latest`]). `left` says how long it may still take: once that is nothing, no further page is asked for, and
/// [`LogEvents::searched`] says how far back it came.
///
/// Windows are whole or not read: FilterLogEvents may give pages without events for long, and says of none up to which moment it came.
///
/// # Errors
/// Not found when the log group does not exist (yet). [`Code::AwsUnreachable`] when the time was over before anything was searched.
pub async fn log_events(
    caller: &Caller,
    log: Log<'_>,
    start: Millis,
    end: Millis,
    limit: usize,
    left: impl Fn() -> Duration + Send + Sync,
) -> Result<LogEvents, Problem> {
    let mut found: Vec<LogEvent> = vec![];
    let (mut until, mut length) = (end.0, FIRST);
    while until >= start.0 && found.len() < limit {
        let had = left();
        if had.is_zero() {
            break;
        }
        let from = until.saturating_sub(length).max(start.0);
        let divisible = length > 1;
        // Half of the time stays for shorter ones.
        let spare = if divisible { had / 2 } else { Duration::ZERO };
        let too_long = |full: usize| (divisible && full == PAGES) || left() <= spare;
        match window(caller, log, from, until, too_long).await? {
            Some((mut older, pages)) => {
                older.append(&mut found);
                found = older;
                until = from - 1;
                if pages <= PAGES {
                    length = length.saturating_mul(LONGER);
                }
            }
            None => length = ((until - from) / LONGER).max(1),
        }
    }
    let searched = (until >= start.0 && found.len() < limit).then(|| Millis(until + 1));
    if searched.is_some() && until == end.0 {
        let message = "AWS had not searched even the newest part of the log when the time for it was over. Try again.";
        return Err(Problem::new(Code::AwsUnreachable, "That took too long", message));
    }
    // Streams are merged by time, but pages of different streams may overlap.
    found.sort_by_key(|e| e.at);
    name_the_nameless(&mut found);
    let all = found.len();
    let events = latest(found, limit);
    Ok(LogEvents { more: until >= start.0 || events.len() < all, searched, events })
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

/// All events of a window and how many pages they took; `None` when more pages follow and it is too long, which is asked with the number of
/// pages with events so far.
async fn window(
    caller: &Caller,
    log: Log<'_>,
    from: i64,
    until: i64,
    too_long: impl Fn(usize) -> bool + Send + Sync,
) -> Result<Option<(Vec<LogEvent>, usize)>, Problem> {
    let mut events = vec![];
    let mut pages = Pages::new(FILTER);
    let (mut read, mut full) = (0, 0);
    while let Some(token) = pages.next() {
        if token.is_some() && too_long(full) {
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
        full += usize::from(page.events.as_ref().is_some_and(|events| !events.is_empty()));
        let read_events = page.events.unwrap_or_default().into_iter().map(|e| LogEvent {
            id: e.event_id.unwrap_or_default(),
            at: Millis(e.timestamp.unwrap_or(from)),
            stream: e.log_stream_name.unwrap_or_default(),
            message: e.message.unwrap_or_default(),
        });
        // An endpoint that does not know the prefix answers with everybody's lines; they must not be shown as this one's.
        events.extend(read_events.filter(|e| log.holds(&e.stream)));
        read += 1;
        pages.then(page.next_token)?;
    }
    Ok(Some((events, read)))
}

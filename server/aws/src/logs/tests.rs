//! Log groups and events on wire answers.

use super::*;
use crate::Limits;
use crate::call::Common;
use crate::scripted::caller;
use domain::stream::LogEvent;
use domain::{Code, Millis};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn whole(group: &str) -> Log<'_> {
    Log { group, streams: "", of: "", filter: "" }
}

/// It may take as long as it takes.
fn unhurried() -> Duration {
    Duration::MAX
}

#[tokio::test]
async fn of_a_group_of_several_functions_only_the_lines_of_one_are_read() {
    let caller = caller(|_, _| {
        let streams = [
            "2026/11/23/orders[$LATEST]8f03",
            "2026/11/23/orders-api[$LATEST]11aa",
            "2026/11/23/eu-orders[3]22bb",
            "2026/11/23/[$LATEST]33cc",
            "2026/11/23/orders[12]44dd",
        ];
        let event = |(n, stream): (usize, &str)| json!({"eventId": n.to_string(), "timestamp": 5, "message": "m", "logStreamName": stream});
        (200, json!({"events": streams.into_iter().enumerate().map(event).collect::<Vec<_>>()}))
    });
    let read = async |of: &str| -> Vec<String> {
        let log = Log { of, ..whole("/shop/all") };
        let events = log_events(&caller, log, Millis(0), Millis(10), 10, unhurried).await.unwrap().events;
        events.into_iter().map(|e| e.id).collect()
    };
    assert_eq!(read("orders").await, ["0", "4"]);
    assert_eq!(read("").await.len(), 5);
}

#[tokio::test]
async fn the_latest_events_are_found_by_looking_ever_further_back() {
    let windows = Arc::new(Mutex::new(vec![]));
    let seen = Arc::clone(&windows);
    // One event every ten minutes.
    let caller = caller(move |_, input| {
        let (from, until) = (input["startTime"].as_i64().unwrap(), input["endTime"].as_i64().unwrap());
        seen.lock().unwrap().push((from, until));
        let events = (0..1000).map(|n| n * 600_000).filter(|at| (from..=until).contains(at));
        let events: Vec<_> = events
            .map(|at| json!({"eventId": format!("e{at}"), "timestamp": at, "message": "m", "logStreamName": "s"}))
            .collect();
        (200, json!({"events": events}))
    });
    let end = Millis(1000 * 600_000);
    let LogEvents { events, more, searched } =
        log_events(&caller, whole("/aws/lambda/f"), Millis(0), end, 20, unhurried).await.unwrap();
    assert_eq!((events.len(), more, searched), (20, true, None));
    assert_eq!(events.last().unwrap().at, Millis(999 * 600_000));
    assert!(events.is_sorted_by_key(|e| e.at));
    let windows = windows.lock().unwrap();
    assert!(windows.len() <= 5, "{windows:?}");
    assert!(windows.windows(2).all(|w| w[1].1 + 1 == w[0].0), "no gap, nothing twice: {windows:?}");
}

#[tokio::test]
async fn a_busy_log_is_read_in_shorter_windows() {
    let calls = Arc::new(Mutex::new(0));
    let count = Arc::clone(&calls);
    // An event each millisecond, a thousand a page.
    let caller = caller(move |_, input| {
        *count.lock().unwrap() += 1;
        let (start, until) = (input["startTime"].as_i64().unwrap(), input["endTime"].as_i64().unwrap());
        let from = input["nextToken"].as_str().map_or(start, |t| t.parse().unwrap());
        let last = (from + 999).min(until);
        let events: Vec<_> =
            (from..=last).map(|at| json!({"eventId": at.to_string(), "timestamp": at, "message": "m"})).collect();
        let next = (last < until).then(|| (last + 1).to_string());
        (200, json!({"events": events, "nextToken": next}))
    });
    let events = log_events(&caller, whole("g"), Millis(0), Millis(10_000_000), 100, unhurried).await.unwrap().events;
    assert_eq!((events.len(), events.last().unwrap().at), (100, Millis(10_000_000)));
    assert!(*calls.lock().unwrap() < 20);
}

#[tokio::test]
async fn lines_of_one_millisecond_are_told_apart_also_without_ids() {
    let caller = caller(|_, _| {
        let event = |message: &str| json!({"timestamp": 5, "message": message, "logStreamName": "s"});
        (200, json!({"events": [event("a"), event("b"), event("a")]}))
    });
    let ids = async || -> Vec<String> {
        let read = log_events(&caller, whole("g"), Millis(0), Millis(10), 10, unhurried).await.unwrap();
        assert!(!read.more, "it was read to its beginning");
        read.events.into_iter().map(|e| e.id).collect()
    };
    let first = ids().await;
    assert_eq!(first.iter().collect::<std::collections::HashSet<_>>().len(), 3, "{first:?}");
    assert_eq!(first, ids().await, "the same lines have the same ids the next time");
}

#[tokio::test]
async fn an_answer_holds_all_lines_of_its_first_millisecond() {
    // Three lines each millisecond.
    let caller = caller(|_, input| {
        let (from, until) = (input["startTime"].as_i64().unwrap(), input["endTime"].as_i64().unwrap());
        let event =
            |n: i64| json!({"eventId": n.to_string(), "timestamp": n / 3, "message": "m", "logStreamName": "s"});
        let events: Vec<_> = (0..300).filter(|n| (from..=until).contains(&(n / 3))).map(event).collect();
        (200, json!({"events": events}))
    });
    let mut end = Millis(99);
    let mut read: Vec<u32> = vec![];
    loop {
        let page = log_events(&caller, whole("g"), Millis(0), end, 10, unhurried).await.unwrap();
        let Some(first) = page.events.first() else { break };
        end = Millis(first.at.0 - 1);
        read.extend(page.events.iter().rev().map(|e| e.id.parse::<u32>().unwrap()));
        assert_eq!(page.more, end.0 >= 0);
    }
    assert_eq!(read.len(), 300, "read page by page, none is missed and none comes twice");
    assert!(read.is_sorted_by(|a, b| a > b), "{read:?}");
}

#[tokio::test]
async fn pages_without_events_do_not_make_a_log_busy() {
    let calls = Arc::new(Mutex::new(0));
    let count = Arc::clone(&calls);
    // AWS looks through many streams, and finds something in the last.
    let caller = caller(move |_, input| {
        *count.lock().unwrap() += 1;
        let page = input["nextToken"].as_str().map_or(0, |t| t.parse::<u32>().unwrap());
        let event = json!({"eventId": "e", "timestamp": input["startTime"], "message": "m", "logStreamName": "s"});
        match page {
            9 => (200, json!({"events": [event]})),
            page => (200, json!({"events": [], "nextToken": (page + 1).to_string()})),
        }
    });
    let read = log_events(&caller, whole("g"), Millis(0), Millis(50_000), 10, unhurried).await.unwrap();
    assert_eq!((read.events.len(), *calls.lock().unwrap()), (1, 10));
}

/// A caller of an endpoint where time goes by with each page: so many seconds of the twenty there are. The counter says how many were read.
fn slow(
    seconds: u32,
    answer: impl Fn(&Value) -> (u16, Value) + Send + Sync + 'static,
) -> (crate::Caller, Arc<AtomicU32>, impl Fn() -> Duration + Send + Sync + Clone) {
    let pages = Arc::new(AtomicU32::new(0));
    let (count, clock) = (Arc::clone(&pages), Arc::clone(&pages));
    let mut caller = caller(move |_, input| {
        count.fetch_add(1, Ordering::SeqCst);
        answer(input)
    });
    caller.common = Arc::new(Common { limits: Limits::new(1.0), ..Common::default() });
    let left = move || {
        Duration::from_secs(20).saturating_sub(Duration::from_secs(1) * (seconds * clock.load(Ordering::SeqCst)))
    };
    (caller, pages, left)
}

#[tokio::test]
async fn a_search_that_takes_long_says_how_far_back_it_came_and_goes_on_from_there() {
    const HOUR: i64 = 3_600_000;
    const END: i64 = 30 * HOUR;
    // AWS gets through six hours a page. Every five of them something matches.
    let (caller, pages, left) = slow(2, |input| {
        let (start, until) = (input["startTime"].as_i64().unwrap(), input["endTime"].as_i64().unwrap());
        let from = input["nextToken"].as_str().map_or(start, |token| token.parse().unwrap());
        let last = (from + 6 * HOUR - 1).min(until);
        let matched = (1..=6).map(|n| n * 5 * HOUR - 1).filter(|at| (from..=last).contains(at));
        let events: Vec<Value> = matched
            .map(|at| json!({"eventId": at.to_string(), "timestamp": at, "message": "m", "logStreamName": "s"}))
            .collect();
        let next = (last < until).then(|| (last + 1).to_string());
        (200, json!({"events": events, "nextToken": next}))
    });
    let (mut end, mut found, mut rounds) = (END, vec![], 0);
    loop {
        let read = log_events(&caller, whole("g"), Millis(0), Millis(end), 100, left.clone()).await.unwrap();
        assert!(pages.swap(0, Ordering::SeqCst) <= 10, "a page was asked for after the time");
        let reach = read.searched.unwrap_or_default();
        assert_eq!(read.more, read.searched.is_some());
        assert!(read.events.is_sorted_by_key(|e| e.at) && read.events.iter().all(|e| e.at >= reach));
        let matched = (1..=6).map(|n| n * 5 * HOUR - 1).filter(|at| (reach.0..=end).contains(at)).count();
        assert_eq!(read.events.len(), matched, "all since {reach:?} and nothing else");
        found.extend(read.events.iter().rev().map(|e| e.at.0));
        rounds += 1;
        let Some(searched) = read.searched else { break };
        // Windows that were too long cost time, but not all of it.
        assert!(searched.0 < end - 9 * HOUR, "{searched:?} of {end}");
        end = searched.0 - 1;
    }
    assert_eq!(found, [30, 25, 20, 15, 10, 5].map(|n| n * HOUR - 1));
    assert_eq!(rounds, 2);
}

#[tokio::test]
async fn a_search_that_got_nowhere_is_a_problem_and_so_is_one_that_aws_refuses_on_the_way() {
    let (caller, pages, left) = slow(5, |input| {
        let page = input["nextToken"].as_str().map_or(0, |token| token.parse::<u32>().unwrap());
        (200, json!({"events": [], "nextToken": (page + 1).to_string()}))
    });
    let nowhere = log_events(&caller, whole("g"), Millis(0), Millis(1_000_000), 10, left).await.unwrap_err();
    assert_eq!((nowhere.code, nowhere.title.as_str()), (Code::AwsUnreachable, "That took too long"));
    assert_eq!(pages.load(Ordering::SeqCst), 4);

    let (caller, _, left) = slow(5, |input| match input["endTime"].as_i64() {
        Some(1_000_000) => (200, json!({"events": []})),
        _ => (
            400,
            json!({"__type": "AccessDeniedException", "message": "not authorized to perform: logs:FilterLogEvents"}),
        ),
    });
    let refused = log_events(&caller, whole("g"), Millis(0), Millis(1_000_000), 10, left).await.unwrap_err();
    assert_eq!(refused.code, Code::AwsDenied);
}

#[test]
fn of_several_logs_only_what_all_were_searched_for_is_told() {
    let log = |at: &[i64], searched: Option<i64>| {
        let event =
            |at: &i64| LogEvent { id: at.to_string(), at: Millis(*at), stream: String::new(), message: String::new() };
        let (events, searched) = (at.iter().map(event).collect(), searched.map(Millis));
        Arc::new(LogEvents { events, more: searched.is_some(), searched })
    };
    let told = |logs: &[Arc<LogEvents>], limit: usize| {
        let LogEvents { events, more, searched } = LogEvents::together(logs, limit);
        (events.iter().map(|e| e.at.0).collect::<Vec<_>>(), more, searched.map(|at| at.0))
    };
    let (whole, slow, slower) = (log(&[1, 4, 6, 9], None), log(&[5, 7], Some(5)), log(&[8], Some(6)));
    assert_eq!(told(&[whole.clone(), log(&[], None)], 10), (vec![1, 4, 6, 9], false, None));
    assert_eq!(told(&[whole.clone(), slow.clone()], 10), (vec![5, 6, 7, 9], true, Some(5)));
    assert_eq!(told(&[slow.clone(), whole.clone(), slower], 10), (vec![6, 7, 8, 9], true, Some(6)));
    // A full answer ends with its first event, like any other.
    assert_eq!(told(&[whole, slow], 3), (vec![6, 7, 9], true, None));
}

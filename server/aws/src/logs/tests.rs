//! Log groups and events on wire answers.

use super::*;
use crate::scripted::caller;
use domain::Millis;
use serde_json::json;
use std::sync::{Arc, Mutex};

fn whole(group: &str) -> Log<'_> {
    Log { group, streams: "", of: "", filter: "" }
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
        let events = log_events(&caller, log, Millis(0), Millis(10), 10).await.unwrap().events;
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
    let LogEvents { events, more } = log_events(&caller, whole("/aws/lambda/f"), Millis(0), end, 20).await.unwrap();
    assert_eq!((events.len(), more), (20, true));
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
    let events = log_events(&caller, whole("g"), Millis(0), Millis(10_000_000), 100).await.unwrap().events;
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
        let read = log_events(&caller, whole("g"), Millis(0), Millis(10), 10).await.unwrap();
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
        let page = log_events(&caller, whole("g"), Millis(0), end, 10).await.unwrap();
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
    let read = log_events(&caller, whole("g"), Millis(0), Millis(50_000), 10).await.unwrap();
    assert_eq!((read.events.len(), *calls.lock().unwrap()), (1, 10));
}

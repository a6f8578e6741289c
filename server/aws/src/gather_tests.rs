//! What one resource that cannot be read does to the list it is in.

use super::*;
use crate::scripted::{Memory, caller};
use serde_json::json;

const QUEUES: &str = "https://sqs.eu-west-1.amazonaws.com/111122223333";

/// So many queues, of which AWS does not describe these.
fn queues(count: usize, broken: &'static [&'static str]) -> Caller {
    caller(move |operation, input| match operation {
        "ListQueues" => {
            let urls: Vec<String> = (0..count).map(|n| format!("{QUEUES}/q{n}")).collect();
            (200, json!({"QueueUrls": urls}))
        }
        "GetQueueAttributes" => {
            let url = input["QueueUrl"].as_str().unwrap_or_default();
            match broken.iter().any(|name| url.contains(name)) {
                true => (500, json!({"__type": "com.amazonaws.sqs#InternalFailure", "message": "oops"})),
                false => (200, json!({"Attributes": {"VisibilityTimeout": "30"}})),
            }
        }
        other => panic!("not expected: {other}"),
    })
}

#[tokio::test]
async fn one_broken_queue_keeps_what_is_known_of_it_and_its_list_is_complete() {
    let feed = Memory { known: ["q1".to_owned(), "deleted".to_owned()].into(), ..Memory::default() };
    let problem = crate::collect(&queues(3, &["/q1"]), Kind::Queue, &feed).await.unwrap_err();
    assert_eq!((problem.code, problem.operation.as_deref()), (Code::AwsUnreachable, Some("sqs:GetQueueAttributes")));
    assert_eq!(feed.docs().into_keys().collect::<Vec<_>>(), ["q0", "q2"]);
    assert_eq!(*feed.still.lock().unwrap(), ["q1"]);
    assert_eq!(feed.complete(), ["*"]);
}

#[tokio::test]
async fn a_list_lacks_what_was_never_read_and_is_not_called_complete() {
    let feed = Memory::default();
    crate::collect(&queues(3, &["/q1"]), Kind::Queue, &feed).await.unwrap_err();
    assert_eq!(feed.docs().len(), 2);
    assert_eq!((feed.complete().len(), feed.still.lock().unwrap().len()), (0, 0));
}

#[tokio::test]
async fn silence_about_many_in_a_row_ends_the_collect() {
    let feed = Memory::default();
    let problem = crate::collect(&queues(SEVERAL, &["/q"]), Kind::Queue, &feed).await.unwrap_err();
    assert_eq!(problem.code, Code::AwsUnreachable);
    let (mut trouble, away) = (Trouble::default(), || Problem::new(Code::AwsUnreachable, "", ""));
    for _ in 0..3 {
        for _ in 1..SEVERAL {
            assert!(trouble.past::<()>(Err(away())).unwrap().is_none());
        }
        assert!(trouble.past(Ok(())).unwrap().is_some(), "one answer in between");
    }
    for _ in 1..SEVERAL {
        trouble.past::<()>(Err(away())).unwrap();
    }
    assert!(trouble.past::<()>(Err(away())).is_err());
    let credentials = Problem::new(Code::AwsCredentials, "", "");
    assert!(Trouble::default().past::<()>(Err(credentials)).is_err(), "no other call would do better");
}

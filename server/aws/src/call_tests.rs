//! How a call is limited, retried and shared.

use super::*;
use crate::scripted;
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};

#[tokio::test]
async fn a_throttled_call_slows_its_bucket_down_and_is_counted() {
    let caller = scripted::caller(|_, _| (400, json!({"__type": "ThrottlingException", "message": "Rate exceeded"})));
    let before = caller.common.limits.limiter(&caller.scope, Bucket::EcsClusters).rate();
    let request = caller.clients().ecs().list_clusters();
    let result = caller.call(Bucket::EcsClusters, "ecs:ListClusters", None, request.send()).await;
    assert_eq!(result.unwrap_err().code, Code::AwsThrottled);
    assert_eq!(caller.common.limits.limiter(&caller.scope, Bucket::EcsClusters).rate(), before / 2.0);
    let (operation, _, tally) = caller.common.counters.snapshot().remove(0);
    assert_eq!(
        (operation, tally.calls, tally.attempts, tally.throttles, tally.errors),
        ("ecs:ListClusters", 1, 1, 1, 1)
    );
}

/// What an operation is refused with, and how much slower its bucket is for it.
async fn limited<T, E>(
    caller: &Caller,
    bucket: Bucket,
    operation: &'static str,
    sent: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> (Problem, f64)
where
    T: std::fmt::Debug,
    E: ProvideErrorMetadata + Error + 'static,
{
    let rate = || caller.common.limits.limiter(&caller.scope, bucket).rate();
    let before = rate();
    let problem = caller.call(bucket, operation, None, sent).await.unwrap_err();
    (problem, rate() / before)
}

#[tokio::test]
async fn a_quota_of_things_is_refused_in_the_words_of_aws_and_slows_nothing_down() {
    let scan = "The scan quota per image has been exceeded. Wait and try again.";
    let answers = |said: &'static str| {
        scripted::caller(move |_, _| (400, json!({"__type": "LimitExceededException", "message": said})))
    };
    let caller = answers(scan);
    let image = aws_sdk_ecr::types::ImageIdentifier::builder().image_digest("sha256:a").build();
    let request = caller.clients().ecr().start_image_scan().repository_name("shop").image_id(image);
    let (problem, slower) = limited(&caller, Bucket::Ecr, "ecr:StartImageScan", request.send()).await;
    assert_eq!((problem.code, problem.title.as_str()), (Code::AwsRejected, "LimitExceededException"));
    assert!(problem.message.contains(scan), "{problem}");
    assert!(slower > 0.99, "{slower}");
    let (_, _, tally) = caller.common.counters.snapshot().remove(0);
    assert_eq!((tally.attempts, tally.throttles), (1, 0));

    let caller = answers("You have reached the maximum number of keys in this account.");
    let request = caller.clients().kms().create_key();
    let (problem, slower) = limited(&caller, Bucket::Kms, "kms:CreateKey", request.send()).await;
    assert!(problem.code == Code::AwsRejected && problem.message.contains("maximum number of keys"), "{problem}");
    assert!(slower > 0.99, "{slower}");

    // The same code of Kinesis is about how often it is asked.
    let caller = answers("Rate exceeded for account 111122223333.");
    let request = caller.clients().kinesis().list_streams();
    let (problem, slower) = limited(&caller, Bucket::KinesisList, "kinesis:ListStreams", request.send()).await;
    assert_eq!(problem.code, Code::AwsThrottled, "{problem}");
    assert!(slower < 0.51, "{slower}");
}

#[tokio::test]
async fn what_may_no_longer_be_sent_is_asked_after_the_wait_and_is_not_sent() {
    let sent = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&sent);
    let caller = scripted::caller(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        (200, json!({"clusterArns": []}))
    });
    let allowed = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let asked = Arc::clone(&allowed);
    let caller = caller.only_while(Arc::new(move || asked.load(Ordering::SeqCst)));
    // A turn in 400 ms: none comes back before the call asks.
    let limiter = caller.common.limits.limiter(&caller.scope, Bucket::LogsFilter);
    let request = caller.clients().ecs().list_clusters();
    let call = caller.call(Bucket::LogsFilter, "ecs:ListClusters", None, request.send());
    let mut call = std::pin::pin!(call);
    while limiter.turn(Turn::First).now_or_never().is_some() {}
    assert!(futures::poll!(&mut call).is_pending(), "it waits for its turn");
    allowed.store(false, Ordering::SeqCst);
    assert_eq!(call.await.unwrap_err().code, Code::AwsUnreachable);
    assert_eq!(sent.load(Ordering::SeqCst), 0);
    allowed.store(true, Ordering::SeqCst);
    caller
        .call(Bucket::EcsClusters, "ecs:ListClusters", None, caller.clients().ecs().list_clusters().send())
        .await
        .unwrap();
    assert_eq!(sent.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_raw_answer_keeps_what_the_sdk_does_not_know() {
    let caller = scripted::caller(|_, _| (200, json!({"clusterArns": ["a"], "somethingNew": {"x": 1}})));
    let request = caller.clients().ecs().list_clusters();
    let (page, raw) = caller.call_raw(Bucket::EcsClusters, "ecs:ListClusters", None, request.send()).await.unwrap();
    assert_eq!(page.cluster_arns(), ["a"]);
    assert_eq!(raw["somethingNew"]["x"], 1);
}

#[tokio::test]
async fn identical_calls_in_flight_are_made_once() {
    let caller = scripted::caller(|_, _| (200, json!({})));
    let made = Arc::new(AtomicU32::new(0));
    let go = |input: &'static str| {
        let (caller, made) = (caller.clone(), Arc::clone(&made));
        async move {
            let count = |_| async move {
                made.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Ok(7_u32)
            };
            *caller.shared("logs:FilterLogEvents", input, count).await.unwrap()
        }
    };
    assert_eq!(futures::join!(go("a"), go("a"), go("b")), (7, 7, 7));
    assert_eq!(made.load(Ordering::SeqCst), 2);
    go("a").await;
    assert_eq!(made.load(Ordering::SeqCst), 3, "an answer that has arrived is not kept");
}

#[test]
fn a_list_ends_with_its_last_token_and_never_runs_in_circles() {
    let mut pages = Pages::new("ecs:ListClusters");
    assert_eq!(pages.next(), Some(None));
    pages.then(Some("2".into())).unwrap();
    assert_eq!(pages.next(), Some(Some("2".into())));
    assert_eq!(pages.then(Some("2".into())).unwrap_err().code, Code::AwsRejected);
    let mut pages = Pages::new("ecs:ListClusters");
    pages.next();
    pages.then(Some(String::new())).unwrap();
    assert_eq!(pages.next(), None);
}

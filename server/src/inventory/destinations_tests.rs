//! Where word of asynchronous calls goes, on the pages of both ends.

use domain::resource::{Observed, Relation};
use domain::{Kind, Millis, ResourceKey};
use gantry_store::batch::Source;
use gantry_store::testing::TestStore;
use serde_json::json;

use super::connected::connected;
use super::snapshot::Snapshot;
use super::tests::{function, scopes};

#[tokio::test]
async fn a_function_leads_to_its_destination_and_that_leads_back() {
    let test = TestStore::fresh().await;
    let key = |kind, id: &str| ResourceKey::new(kind, scopes()[0].clone(), id).unwrap();
    let place = "eu-west-1:111122223333";
    let queue = format!("arn:aws:sqs:{place}:failed");
    let url = "https://sqs.eu-west-1.amazonaws.com/111122223333/failed";
    let config = json!({
        "FunctionArn": format!("arn:aws:lambda:{place}:function:mail:$LATEST"), "MaximumRetryAttempts": 1,
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": queue}}
    });
    let batch = [
        function(0, "mail", json!({})),
        Observed { key: key(Kind::EventInvokeConfig, "mail"), doc: config },
        Observed { key: key(Kind::Queue, "failed"), doc: json!({"QueueUrl": url, "Attributes": {"QueueArn": queue}}) },
    ];
    test.store.seen(Source::Single { began: Millis(1), fence: None }, &batch, Millis(2)).await.unwrap();
    let arrows = async |key: &ResourceKey| {
        let stored = test.store.get(key).await.unwrap().unwrap();
        let (found, _) = connected(&test.store, &Snapshot::default(), &stored).await.unwrap();
        let told = found.into_iter().filter(|c| c.key.is_some());
        told.map(|c| (c.outgoing, c.relation, c.key.unwrap(), c.note)).collect::<Vec<_>>()
    };
    let (mail, failed) = (batch[0].key.clone(), batch[2].key.clone());
    let note = Some("on failure".to_owned());
    assert_eq!(arrows(&mail).await, [(true, Relation::SendsTo, failed.clone(), note.clone())]);
    assert_eq!(arrows(&failed).await, [(false, Relation::SendsTo, mail, note)]);
}

//! Tags that lists leave out, on wire answers.

use crate::fetch;
use crate::scripted::caller;
use domain::ResourceKey;
use serde_json::{Value, json};

fn key(text: &str) -> ResourceKey {
    ResourceKey::parse(text).unwrap()
}

fn xml(text: &str) -> Value {
    Value::String(text.to_owned())
}

#[tokio::test]
async fn a_queue_has_its_tags_in_order() {
    let caller = caller(|operation, _| match operation {
        "GetQueueUrl" => (200, json!({"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/orders"})),
        "GetQueueAttributes" => (200, json!({"Attributes": {"VisibilityTimeout": "30"}})),
        "ListQueueTags" => (200, json!({"Tags": {"team": "orders", "env": "prod"}})),
        other => panic!("{other}"),
    });
    let read = fetch(&caller, &key("sqs.queue/111122223333/eu-west-1/orders")).await.unwrap().unwrap();
    assert_eq!(read.doc["Tags"], json!([{"Key": "env", "Value": "prod"}, {"Key": "team", "Value": "orders"}]));
}

#[tokio::test]
async fn the_tags_of_a_table_are_read_to_the_last_page() {
    let caller = caller(|operation, input| match operation {
        "DescribeTable" => {
            let arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
            (200, json!({"Table": {"TableName": "orders", "TableArn": arn, "TableStatus": "ACTIVE"}}))
        }
        "ListTagsOfResource" if input["NextToken"] == "two" => {
            (200, json!({"Tags": [{"Key": "env", "Value": "prod"}]}))
        }
        "ListTagsOfResource" => (200, json!({"Tags": [{"Key": "team", "Value": "orders"}], "NextToken": "two"})),
        other => panic!("{other}"),
    });
    let read = fetch(&caller, &key("dynamodb.table/111122223333/eu-west-1/orders")).await.unwrap().unwrap();
    assert_eq!(read.doc["Tags"], json!([{"Key": "env", "Value": "prod"}, {"Key": "team", "Value": "orders"}]));
}

#[tokio::test]
async fn a_bucket_without_tags_is_no_error_and_a_refusal_is_one() {
    let listed = "<ListAllMyBucketsResult><Buckets><Bucket><Name>uploads</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate>\
                  <BucketRegion>eu-west-1</BucketRegion></Bucket></Buckets></ListAllMyBucketsResult>";
    let error = |code: &str| xml(&format!("<Error><Code>{code}</Code><Message>No.</Message></Error>"));
    let of = |tagging: (u16, Value)| {
        caller(move |operation, _| match operation {
            o if o.contains("tagging") => tagging.clone(),
            o if o.contains("notification") => (200, xml("<NotificationConfiguration/>")),
            _ => (200, xml(listed)),
        })
    };
    let bucket = key("s3.bucket/111122223333/global/uploads");
    let tagged = "<Tagging><TagSet><Tag><Key>team</Key><Value>web</Value></Tag></TagSet></Tagging>";
    let read = fetch(&of((200, xml(tagged))), &bucket).await.unwrap().unwrap();
    assert_eq!(read.doc["Tags"], json!([{"Key": "team", "Value": "web"}]));
    let read = fetch(&of((404, error("NoSuchTagSet"))), &bucket).await.unwrap().unwrap();
    assert_eq!(read.doc["Tags"], json!([]), "known to be none");
    let refused = fetch(&of((403, error("AccessDenied"))), &bucket).await.unwrap_err();
    assert_eq!(refused.iam_action.as_deref(), Some("s3:GetBucketTagging"));
}

#[tokio::test]
async fn a_topic_has_its_tags() {
    let caller = caller(|_, form| {
        let form = form.as_str().unwrap_or_default();
        let answer = |operation: &str, result: &str| {
            (
                200,
                xml(&format!(
                    "<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"
                )),
            )
        };
        match form {
            f if f.contains("Action=GetTopicAttributes") => answer("GetTopicAttributes", "<Attributes/>"),
            f if f.contains("Action=ListSubscriptionsByTopic") => {
                answer("ListSubscriptionsByTopic", "<Subscriptions/>")
            }
            f if f.contains("Action=ListTagsForResource") => {
                answer("ListTagsForResource", "<Tags><member><Key>team</Key><Value>orders</Value></member></Tags>")
            }
            other => panic!("{other}"),
        }
    });
    let read = fetch(&caller, &key("sns.topic/111122223333/eu-west-1/order-events")).await.unwrap().unwrap();
    assert_eq!(read.doc["Tags"], json!([{"Key": "team", "Value": "orders"}]));
    assert_eq!(read.doc["gantry:subscriptions"], json!([]));
}

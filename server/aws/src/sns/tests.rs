//! Topics and who is subscribed to them, on wire answers.

use domain::Code;
use serde_json::{Value, json};

use super::*;
use crate::scripted::{Memory, caller};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333";

fn member(name: &str, owner: &str, queue: &str) -> String {
    format!(
        "<member><TopicArn>{TOPIC}:orders</TopicArn><Protocol>sqs</Protocol><SubscriptionArn>{TOPIC}:orders:{name}</SubscriptionArn>\
         <Owner>{owner}</Owner><Endpoint>arn:aws:sqs:eu-west-1:{owner}:{queue}</Endpoint></member>"
    )
}

/// Three topics: `orders` with a subscription of another account on its second page, one that is gone by now, one that may not be read.
fn topics(_: &str, form: &Value) -> (u16, Value) {
    let form = form.as_str().unwrap_or_default();
    let of = |action: &str| form.contains(&format!("Action={action}&"));
    let answer = |operation: &str, result: &str| {
        let text =
            format!("<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>");
        (200, Value::String(text))
    };
    let refusal = |status: u16, code: &str, why: &str| {
        let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{why}</Message></Error>");
        (status, Value::String(format!("<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>")))
    };
    if of("ListTopics") {
        let members =
            ["orders", "gone", "shut"].map(|name| format!("<member><TopicArn>{TOPIC}:{name}</TopicArn></member>"));
        return answer("ListTopics", &format!("<Topics>{}</Topics>", members.concat()));
    }
    if of("GetTopicAttributes") {
        return answer("GetTopicAttributes", "<Attributes/>");
    }
    if of("ListTagsForResource") {
        return answer("ListTagsForResource", "<Tags/>");
    }
    assert!(of("ListSubscriptionsByTopic"), "not expected: {form}");
    if form.contains("%3Agone") {
        return refusal(404, "NotFound", "Topic does not exist");
    }
    if form.contains("%3Ashut") {
        return refusal(
            403,
            "AuthorizationError",
            "User: x is not authorized to perform: SNS:ListSubscriptionsByTopic",
        );
    }
    let page = match form.contains("NextToken=two") {
        true => format!("<Subscriptions>{}</Subscriptions>", member("a", "444455556666", "theirs")),
        false => {
            format!("<Subscriptions>{}</Subscriptions><NextToken>two</NextToken>", member("b", "111122223333", "ours"))
        }
    };
    answer("ListSubscriptionsByTopic", &page)
}

#[tokio::test]
async fn the_list_has_the_same_subscriptions_as_a_single_read_also_those_of_other_accounts() {
    let (caller, feed) = (caller(topics), Memory::default());
    let problem = collect_topics(&caller, &feed).await.unwrap_err();
    assert_eq!(problem.code, Code::AwsDenied, "{problem}");
    let docs = feed.docs();
    assert_eq!(docs.keys().collect::<Vec<_>>(), ["orders", "shut"]);
    assert_eq!(feed.complete(), ["*"]);
    assert_eq!(docs["shut"].get("gantry:subscriptions"), None, "not known is not none");
    let listed = &docs["orders"]["gantry:subscriptions"];
    let owners: Vec<&Value> = listed.as_array().unwrap().iter().map(|s| &s["Owner"]).collect();
    assert_eq!(owners, [&json!("444455556666"), &json!("111122223333")]);
    let key = ResourceKey::parse("sns.topic/111122223333/eu-west-1/orders").unwrap();
    let read = fetch_topic(&caller, &key).await.unwrap().unwrap();
    assert_eq!(&read.doc["gantry:subscriptions"], listed);
}

#[test]
fn what_is_secret_in_the_address_of_a_subscriber_is_not_kept() {
    let told = types::Subscription::builder()
        .protocol("https")
        .endpoint("https://user:pass@hooks.example.com/in/1?token=abc")
        .build();
    assert_eq!(subscription(told).endpoint.as_deref(), Some("https://hooks.example.com/in/1"));
}

//! A topic and who is subscribed to it.

use std::collections::BTreeMap;

use crate::document::{Tag, document, tag_map, target};
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Link, Model, Relation};

document! { "PascalCase";
    /// A topic of ListTopics: <https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html>
    pub struct Topic {
        pub topic_arn: String,
        /// Sorted by ARN and endpoint: AWS gives no order. Absent while unknown.
        #[serde(rename = "gantry:subscriptions")]
        pub subscriptions: Option<Vec<Subscription>>,
        /// Sorted by key; only in a single read.
        pub tags: Option<Vec<Tag>>,
    }
    /// <https://docs.aws.amazon.com/sns/latest/api/API_Subscription.html>
    pub struct Subscription {
        /// An ARN, or `PendingConfirmation`.
        pub subscription_arn: Option<String>,
        pub owner: Option<String>,
        /// `lambda`, `sqs`, `email`, `https` …
        pub protocol: Option<String>,
        /// Web addresses without what can be secret in them ([`crate::document::without_secrets`]).
        pub endpoint: Option<String>,
    }
}

impl Model for Topic {
    const KIND: Kind = Kind::Topic;
    const COLUMNS: &'static [Column] = &[
        Column::text("type", "Type").facet(),
        Column::number("subscriptions", "Subscriptions"),
        Column::number("pending", "Pending"),
        Column::text("protocols", "Protocols").facet().word(),
    ];
    const KEPT: &'static [&'static str] = &["gantry:subscriptions", "Tags"];
    fn id(&self) -> String {
        self.name()
    }
    fn name(&self) -> String {
        self.topic_arn.rsplit(':').next().unwrap_or_default().to_owned()
    }
    fn arn(&self) -> Option<String> {
        Some(self.topic_arn.clone())
    }
    fn tags(&self) -> BTreeMap<String, String> {
        tag_map(self.tags.as_deref().unwrap_or_default())
    }
    fn cells(&self) -> Vec<Cell> {
        let kind = Cell::text(if self.topic_arn.ends_with(".fifo") { "FIFO" } else { "Standard" });
        let Some(subscriptions) = &self.subscriptions else { return vec![kind, Cell::None, Cell::None, Cell::None] };
        let number = |n: usize| Cell::Number(i64::try_from(n).unwrap_or(i64::MAX));
        let pending = subscriptions.iter().filter(|s| s.subscription_arn.as_deref() == Some("PendingConfirmation"));
        let mut protocols: Vec<String> = subscriptions.iter().filter_map(|s| s.protocol.clone()).collect();
        protocols.sort();
        protocols.dedup();
        vec![
            kind,
            number(subscriptions.len()),
            number(pending.count()),
            if protocols.is_empty() { Cell::None } else { Cell::List(protocols) },
        ]
    }
    fn links(&self, _scope: &Scope) -> Vec<Link> {
        let link = |s: &Subscription| {
            let endpoint = s.endpoint.as_deref()?;
            match s.protocol.as_deref()? {
                "lambda" => Some(Link::new(Relation::Triggers, target(endpoint))),
                "sqs" | "firehose" => Some(Link::new(Relation::SendsTo, endpoint)),
                _ => None,
            }
        };
        self.subscriptions.iter().flatten().filter_map(link).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;

    #[test]
    fn a_topic_triggers_functions_and_fills_queues() {
        let arn = "arn:aws:sns:us-west-2:123456789012:orders";
        let doc = serde_json::json!({
            "TopicArn": arn,
            "gantry:subscriptions": [
                {"SubscriptionArn": format!("{arn}:8a21d249"), "Owner": "123456789012", "Protocol": "lambda",
                 "Endpoint": "arn:aws:lambda:us-west-2:123456789012:function:bill:live"},
                {"SubscriptionArn": format!("{arn}:8a21d250"), "Protocol": "sqs", "Endpoint": "arn:aws:sqs:us-west-2:123456789012:q"},
                {"SubscriptionArn": "PendingConfirmation", "Protocol": "email", "Endpoint": "my-email@example.com"}
            ]
        });
        let scope = Scope::new("123456789012".parse().unwrap(), "us-west-2".parse().unwrap());
        let seen = describe(Kind::Topic, &scope, &doc).unwrap();
        assert_eq!(seen.name, "orders");
        assert_eq!(
            seen.links,
            [
                Link::new(Relation::Triggers, "arn:aws:lambda:us-west-2:123456789012:function:bill"),
                Link::new(Relation::SendsTo, "arn:aws:sqs:us-west-2:123456789012:q"),
            ]
        );
        assert_eq!(seen.cells[1..3], [Cell::Number(3), Cell::Number(1)]);
        assert_eq!(seen.cells.len(), Topic::COLUMNS.len());
    }
}

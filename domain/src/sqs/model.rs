//! A queue: its address and attributes.

use serde_json::Value;
use std::collections::BTreeMap;

use crate::document::{Tag, document, tag_map};
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Form, Link, Model, Relation};
use crate::time::Millis;

document! { "PascalCase";
    /// A queue of ListQueues with GetQueueAttributes' answer, where all values are texts:
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html>
    pub struct Queue {
        pub queue_url: String,
        pub attributes: BTreeMap<String, String>,
        /// Sorted by key; only in a single read.
        pub tags: Option<Vec<Tag>>,
    }
}

impl Queue {
    /// A numeric attribute.
    pub fn number(&self, attribute: &str) -> Option<i64> {
        self.attributes.get(attribute)?.parse().ok()
    }
    fn is(&self, attribute: &str) -> bool {
        self.attributes.get(attribute).is_some_and(|v| v == "true")
    }
    /// (ARN of the dead-letter queue, receives before a message goes there).
    pub fn dead_letters(&self) -> Option<(String, Option<i64>)> {
        let policy: Value = serde_json::from_str(self.attributes.get("RedrivePolicy")?).ok()?;
        let receives = policy.get("maxReceiveCount");
        // Written as a number by some tools, as a text by others; AWS gives it back as it got it.
        let receives = receives.and_then(|r| r.as_i64().or_else(|| r.as_str()?.parse().ok()));
        Some((policy.get("deadLetterTargetArn")?.as_str()?.to_owned(), receives))
    }
    fn encryption(&self) -> &'static str {
        if self.attributes.get("KmsMasterKeyId").is_some_and(|k| !k.is_empty()) {
            "KMS"
        } else if self.is("SqsManagedSseEnabled") {
            "SQS"
        } else {
            "None"
        }
    }
}

impl Model for Queue {
    const KIND: Kind = Kind::Queue;
    const COLUMNS: &'static [Column] = &[
        Column::text("type", "Type").facet(),
        Column::number("visible", "Messages"),
        Column::number("in_flight", "In flight"),
        Column::number("delayed", "Delayed").hidden(),
        Column::number("timeout", "Visibility timeout").form(Form::Seconds),
        Column::number("retention", "Retention").form(Form::Seconds).hidden(),
        Column::text("dead_letters", "Dead letters"),
        Column::text("encryption", "Encryption").facet(),
        Column::text("created", "Created"),
    ];
    const NOISE: &'static [&'static str] = &[
        "Attributes.ApproximateNumberOfMessages",
        "Attributes.ApproximateNumberOfMessagesNotVisible",
        "Attributes.ApproximateNumberOfMessagesDelayed",
        "Attributes.LastModifiedTimestamp",
    ];
    const KEPT: &'static [&'static str] = &["Tags"];
    const IDENTITY: &'static [&'static str] = &["Attributes.CreatedTimestamp"];
    fn id(&self) -> String {
        self.name()
    }
    fn name(&self) -> String {
        self.queue_url.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned()
    }
    fn arn(&self) -> Option<String> {
        self.attributes.get("QueueArn").cloned()
    }
    fn tags(&self) -> BTreeMap<String, String> {
        tag_map(self.tags.as_deref().unwrap_or_default())
    }
    fn created(&self) -> Option<Millis> {
        // Whole seconds in AWS; an emulator adds a fraction.
        let seconds: f64 = self.attributes.get("CreatedTimestamp")?.parse().ok()?;
        Some(Millis((seconds * 1000.0) as i64))
    }
    fn cells(&self) -> Vec<Cell> {
        let fifo = self.is("FifoQueue") || self.queue_url.ends_with(".fifo");
        vec![
            Cell::text(if fifo { "FIFO" } else { "Standard" }),
            Cell::number(self.number("ApproximateNumberOfMessages")),
            Cell::number(self.number("ApproximateNumberOfMessagesNotVisible")),
            Cell::number(self.number("ApproximateNumberOfMessagesDelayed")),
            Cell::number(self.number("VisibilityTimeout")),
            Cell::number(self.number("MessageRetentionPeriod")),
            self.dead_letters().map_or(Cell::None, |(arn, _)| {
                let name = arn.rsplit(':').next().unwrap_or_default().to_owned();
                Cell::Ref(arn, name)
            }),
            Cell::text(self.encryption()),
            Cell::time(self.created()),
        ]
    }
    fn refs(&self, _scope: &Scope) -> Vec<String> {
        vec![self.queue_url.clone()]
    }
    fn links(&self, _scope: &Scope) -> Vec<Link> {
        self.dead_letters().map(|(arn, _)| Link::new(Relation::SendsTo, arn)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;

    #[test]
    fn a_queue_leads_to_its_dead_letters() {
        for receives in ["5", "\"5\""] {
            let doc = serde_json::json!({
                "QueueUrl": "https://sqs.us-east-1.amazonaws.com/80398EXAMPLE/MyQueue.fifo",
                "Attributes": {
                    "QueueArn": "arn:aws:sqs:us-east-1:803981987763:MyQueue.fifo", "VisibilityTimeout": "30",
                    "ApproximateNumberOfMessages": "12", "ApproximateNumberOfMessagesNotVisible": "0",
                    "CreatedTimestamp": "1442426968", "FifoQueue": "true", "SqsManagedSseEnabled": "true",
                    "RedrivePolicy": format!("{{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:803981987763:DLQ.fifo\",\"maxReceiveCount\":{receives}}}")
                },
                "Tags": [{"Key": "team", "Value": "orders"}]
            });
            let scope = Scope::new("803981987763".parse().unwrap(), "us-east-1".parse().unwrap());
            let seen = describe(Kind::Queue, &scope, &doc).unwrap();
            assert_eq!(seen.name, "MyQueue.fifo");
            assert_eq!(seen.tags["team"], "orders");
            assert_eq!(seen.links, [Link::new(Relation::SendsTo, "arn:aws:sqs:us-east-1:803981987763:DLQ.fifo")]);
            assert_eq!(seen.cells[0..3], [Cell::Text("FIFO".into()), Cell::Number(12), Cell::Number(0)]);
            assert_eq!(seen.created, Some(Millis(1_442_426_968_000)));
            assert_eq!(seen.cells.len(), Queue::COLUMNS.len());
            let queue: Queue = serde_json::from_value(doc).unwrap();
            assert_eq!(queue.dead_letters().unwrap().1, Some(5));
        }
    }

    #[test]
    fn the_moment_of_creation_may_have_a_fraction() {
        let created = |text: &str| {
            let doc = serde_json::json!({"QueueUrl": "https://q/1/a", "Attributes": {"CreatedTimestamp": text}});
            serde_json::from_value::<Queue>(doc).unwrap().created()
        };
        assert_eq!(created("1795456251.919271"), Some(Millis(1_795_456_251_919)));
        assert_eq!(created("soon"), None);
    }

    #[test]
    fn a_redrive_policy_that_is_not_json_is_no_policy() {
        let queue =
            Queue { queue_url: "x/q".into(), attributes: [("RedrivePolicy".into(), "".into())].into(), tags: None };
        assert_eq!(queue.dead_letters(), None);
    }
}

//! A bucket and whom it notifies. Buckets are listed for the whole account: their region as a resource is `global`.

use std::collections::BTreeMap;

use crate::document::{Tag, document, partition, tag_map, target};
use crate::identity::{Region, Scope};
use crate::kind::Kind;
use crate::resource::{Cell, Column, Link, Model, Relation};
use crate::time::{Millis, Timestamp};

document! { "PascalCase";
    /// As ListBuckets gives it: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Bucket.html>
    pub struct Bucket {
        pub name: String,
        pub creation_date: Option<Timestamp>,
        pub bucket_region: Option<String>,
        pub bucket_arn: Option<String>,
        /// GetBucketNotificationConfiguration's answer; absent while unknown.
        #[serde(rename = "gantry:notifications")]
        pub notifications: Option<Notifications>,
        /// Sorted by key; only in a single read.
        pub tags: Option<Vec<Tag>>,
    }
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketNotificationConfiguration.html>
    pub struct Notifications {
        pub lambda_function_configurations: Vec<FunctionNotification>,
        pub queue_configurations: Vec<QueueNotification>,
        pub topic_configurations: Vec<TopicNotification>,
        /// All events also go to EventBridge.
        pub event_bridge_configuration: Option<EventBridge>,
    }
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_LambdaFunctionConfiguration.html>
    pub struct FunctionNotification {
        pub id: Option<String>,
        pub lambda_function_arn: String,
        pub events: Vec<String>,
        pub filter: Option<Filter>,
    }
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_QueueConfiguration.html>
    pub struct QueueNotification {
        pub id: Option<String>,
        pub queue_arn: String,
        pub events: Vec<String>,
        pub filter: Option<Filter>,
    }
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_TopicConfiguration.html>
    pub struct TopicNotification {
        pub id: Option<String>,
        pub topic_arn: String,
        pub events: Vec<String>,
        pub filter: Option<Filter>,
    }
    /// Has no settings: being there is the setting.
    pub struct EventBridge {
    }
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_NotificationConfigurationFilter.html>
    pub struct Filter {
        pub key: Option<KeyFilter>,
    }
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_S3KeyFilter.html>
    pub struct KeyFilter {
        pub filter_rules: Vec<FilterRule>,
    }
    /// `prefix` or `suffix` of the object's key.
    pub struct FilterRule {
        pub name: Option<String>,
        pub value: Option<String>,
    }
}

impl Model for Bucket {
    const KIND: Kind = Kind::Bucket;
    const COLUMNS: &'static [Column] = &[
        Column::text("bucket_region", "Bucket region").facet(),
        Column::text("notifies", "Notifies").facet(),
        Column::text("created", "Created"),
    ];
    // Without an identity: the creation date changes with a bucket's policy.
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Bucket.html>
    const KEPT: &'static [&'static str] = &["gantry:notifications", "Tags"];
    fn id(&self) -> String {
        self.name.clone()
    }
    fn name(&self) -> String {
        self.name.clone()
    }
    fn arn(&self) -> Option<String> {
        let region = self.bucket_region.as_deref().and_then(|r| Region::parse(r).ok());
        let made = format!("arn:{}:s3:::{}", region.as_ref().map_or("aws", partition), self.name);
        Some(self.bucket_arn.clone().unwrap_or(made))
    }
    fn tags(&self) -> BTreeMap<String, String> {
        tag_map(self.tags.as_deref().unwrap_or_default())
    }
    fn created(&self) -> Option<Millis> {
        self.creation_date.map(|t| t.0)
    }
    fn cells(&self) -> Vec<Cell> {
        let notifies: Vec<String> = self
            .notifications
            .iter()
            .flat_map(|n| {
                [
                    ("function", !n.lambda_function_configurations.is_empty()),
                    ("queue", !n.queue_configurations.is_empty()),
                    ("topic", !n.topic_configurations.is_empty()),
                    ("EventBridge", n.event_bridge_configuration.is_some()),
                ]
            })
            .filter(|(_, does)| *does)
            .map(|(what, _)| what.to_owned())
            .collect();
        vec![
            Cell::opt(self.bucket_region.clone()),
            if notifies.is_empty() { Cell::None } else { Cell::List(notifies) },
            Cell::time(self.created()),
        ]
    }
    fn refs(&self, _scope: &Scope) -> Vec<String> {
        vec![format!("s3://{}", self.name)]
    }
    fn links(&self, _scope: &Scope) -> Vec<Link> {
        let Some(n) = &self.notifications else { return vec![] };
        let functions = n
            .lambda_function_configurations
            .iter()
            .map(|c| Link::new(Relation::Triggers, target(&c.lambda_function_arn)));
        let queues = n.queue_configurations.iter().map(|c| Link::new(Relation::SendsTo, &c.queue_arn));
        let topics = n.topic_configurations.iter().map(|c| Link::new(Relation::SendsTo, &c.topic_arn));
        functions.chain(queues).chain(topics).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;

    #[test]
    fn a_bucket_triggers_the_function_behind_an_alias() {
        let doc = serde_json::json!({
            "Name": "uploads", "CreationDate": "2020-01-01T00:00:00Z", "BucketRegion": "eu-west-1",
            "gantry:notifications": {
                "LambdaFunctionConfigurations": [{
                    "Id": "thumb", "LambdaFunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:resize:live",
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "Suffix", "Value": ".jpg"}]}}
                }],
                "QueueConfigurations": [{"QueueArn": "arn:aws:sqs:eu-west-1:111122223333:uploads", "Events": ["s3:ObjectRemoved:*"]}],
                "EventBridgeConfiguration": {}
            }
        });
        let scope = Scope::new("111122223333".parse().unwrap(), Region::global());
        let seen = describe(Kind::Bucket, &scope, &doc).unwrap();
        assert_eq!(
            seen.links,
            [
                Link::new(Relation::Triggers, "arn:aws:lambda:eu-west-1:111122223333:function:resize"),
                Link::new(Relation::SendsTo, "arn:aws:sqs:eu-west-1:111122223333:uploads"),
            ]
        );
        assert_eq!(seen.arn.as_deref(), Some("arn:aws:s3:::uploads"));
        assert_eq!(seen.cells[1], Cell::List(vec!["function".into(), "queue".into(), "EventBridge".into()]));
    }

    #[test]
    fn no_notifications_and_unknown_notifications_are_stored_differently() {
        let known = Bucket { name: "a".into(), notifications: Some(Notifications::default()), ..Bucket::default() };
        let unknown = Bucket { notifications: None, ..known.clone() };
        assert!(serde_json::to_value(&known).unwrap().get("gantry:notifications").is_some());
        assert!(serde_json::to_value(&unknown).unwrap().get("gantry:notifications").is_none());
    }
}

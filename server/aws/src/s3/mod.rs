//! Buckets of the account, in all regions, and whom they notify.

use aws_sdk_s3::config::{Builder, Region};
use aws_sdk_s3::types;
use domain::resource::Observed;
use domain::s3::{
    Bucket as Document, EventBridge, Filter, FilterRule, FunctionNotification, KeyFilter, Notifications,
    QueueNotification, TopicNotification,
};
use domain::{Kind, Problem, ResourceKey};

use crate::gather::{Trouble, each, tags, when, word};
use crate::{Bucket, Caller, Feed, Pages, absent};

const NOTIFICATIONS: &str = "s3:GetBucketNotification";
const TAGS: &str = "s3:GetBucketTagging";

/// Reads all buckets. A bucket whose policy forbids reading its notifications is delivered without them.
pub(crate) async fn collect_buckets(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut trouble = Trouble::default();
    let mut pages = Pages::new("s3:ListAllMyBuckets");
    while let Some(token) = pages.next() {
        // Only a list that is asked for by pages says the buckets' regions.
        let request = caller.clients().s3().list_buckets().max_buckets(1000).set_continuation_token(token);
        let page = caller.call(Bucket::S3, "s3:ListAllMyBuckets", None, request.send()).await?;
        let listed: Vec<Document> = page.buckets.into_iter().flatten().map(document).collect();
        let mut batch = vec![];
        for (bucket, result) in each(listed, |bucket| complete(caller, bucket)).await {
            if trouble.past(absent(result))? != Some(None) {
                batch.push(caller.observed(&bucket)?);
            }
        }
        feed.seen(batch).await?;
        pages.then(page.continuation_token)?;
    }
    feed.complete(Kind::Bucket, None).await?;
    trouble.end()
}

/// One bucket with its tags.
pub(crate) async fn fetch_bucket(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    // AWS has no call that describes one bucket: its entry is in the list with that prefix.
    let mut pages = Pages::new("s3:ListAllMyBuckets");
    while let Some(token) = pages.next() {
        let request =
            caller.clients().s3().list_buckets().max_buckets(1000).prefix(&key.id).set_continuation_token(token);
        let page = caller.call(Bucket::S3, "s3:ListAllMyBuckets", Some(&key.id), request.send()).await?;
        let mut listed = page.buckets.into_iter().flatten().map(document);
        if let Some(bucket) = listed.find(|b| b.name == key.id) {
            let (mut bucket, result) = complete(caller, bucket).await;
            if absent(result)?.is_none() {
                return Ok(None);
            }
            let request = caller.clients().s3().get_bucket_tagging().bucket(&bucket.name).customize();
            let request = request.config_override(place(&bucket));
            // Without tags AWS answers that there is no set of them.
            let answer = absent(caller.call(Bucket::S3, TAGS, Some(&bucket.name), request.send()).await)?;
            let all = answer.into_iter().flat_map(|answer| answer.tag_set);
            bucket.tags = Some(tags(all.map(|tag| (tag.key, tag.value))));
            return caller.observed(&bucket).map(Some);
        }
        pages.then(page.continuation_token)?;
    }
    Ok(None)
}

/// A bucket answers in its own region only.
fn place(bucket: &Document) -> Builder {
    Builder::new().region(bucket.bucket_region.clone().map(Region::new))
}

/// Adds its region, if the list did not say it, and its notifications.
async fn complete(caller: &Caller, mut bucket: Document) -> (Document, Result<(), Problem>) {
    let result = async {
        if bucket.bucket_region.is_none() {
            let request = caller.clients().s3().get_bucket_location().bucket(&bucket.name);
            let answer = caller.call(Bucket::S3, "s3:GetBucketLocation", Some(&bucket.name), request.send()).await?;
            // The first two regions have names of their own here:
            // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
            let region = word(answer.location_constraint).unwrap_or_default();
            bucket.bucket_region = Some(match region.as_str() {
                "" => "us-east-1".to_owned(),
                "EU" => "eu-west-1".to_owned(),
                _ => region,
            });
        }
        let client = caller.clients().s3();
        let request = client.get_bucket_notification_configuration().bucket(&bucket.name).customize();
        let request = request.config_override(place(&bucket));
        let answer = caller.call(Bucket::S3, NOTIFICATIONS, Some(&bucket.name), request.send()).await?;
        let functions = answer.lambda_function_configurations.into_iter().flatten();
        let queues = answer.queue_configurations.into_iter().flatten();
        let topics = answer.topic_configurations.into_iter().flatten();
        let mut notifications = Notifications {
            lambda_function_configurations: functions.map(function).collect(),
            queue_configurations: queues.map(queue).collect(),
            topic_configurations: topics.map(topic).collect(),
            event_bridge_configuration: answer.event_bridge_configuration.map(|_| EventBridge {}),
        };
        notifications.lambda_function_configurations.sort_by(|a, b| a.id.cmp(&b.id));
        notifications.queue_configurations.sort_by(|a, b| a.id.cmp(&b.id));
        notifications.topic_configurations.sort_by(|a, b| a.id.cmp(&b.id));
        bucket.notifications = Some(notifications);
        Ok(())
    }
    .await;
    (bucket, result)
}

fn document(b: types::Bucket) -> Document {
    Document {
        name: b.name.unwrap_or_default(),
        creation_date: when(b.creation_date),
        bucket_region: b.bucket_region,
        bucket_arn: b.bucket_arn,
        notifications: None,
        tags: None,
    }
}

fn events(events: Vec<types::Event>) -> Vec<String> {
    events.into_iter().map(|e| e.to_string()).collect()
}

fn filter(filter: Option<types::NotificationConfigurationFilter>) -> Option<Filter> {
    filter.map(|f| Filter {
        key: f.key.map(|k| KeyFilter {
            filter_rules: k
                .filter_rules
                .into_iter()
                .flatten()
                .map(|r| FilterRule { name: word(r.name), value: r.value })
                .collect(),
        }),
    })
}

fn function(c: types::LambdaFunctionConfiguration) -> FunctionNotification {
    let arn = c.lambda_function_arn;
    FunctionNotification { id: c.id, lambda_function_arn: arn, events: events(c.events), filter: filter(c.filter) }
}

fn queue(c: types::QueueConfiguration) -> QueueNotification {
    QueueNotification { id: c.id, queue_arn: c.queue_arn, events: events(c.events), filter: filter(c.filter) }
}

fn topic(c: types::TopicConfiguration) -> TopicNotification {
    TopicNotification { id: c.id, topic_arn: c.topic_arn, events: events(c.events), filter: filter(c.filter) }
}

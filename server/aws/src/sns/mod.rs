//! Topics and their subscriptions.

use aws_sdk_sns::types;
use domain::document::{partition, without_secrets};
use domain::resource::Observed;
use domain::sns::{Subscription, Topic};
use domain::{Kind, Problem, ResourceKey};

use crate::gather::{Trouble, each, tags};
use crate::{Bucket, Caller, Feed, Pages, absent};

/// Reads all topics, each with its subscriptions: the account's own list lacks those that other accounts made. One whose subscriptions
/// cannot be read is delivered without them. Their tags cost a call each: [`fetch_topic`] has them.
pub(crate) async fn collect_topics(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut trouble = Trouble::default();
    let mut pages = Pages::new("sns:ListTopics");
    while let Some(token) = pages.next() {
        let request = caller.clients().sns().list_topics().set_next_token(token);
        let page = match caller.call(Bucket::Sns, "sns:ListTopics", None, request.send()).await {
            Ok(page) => page,
            Err(problem) => {
                trouble.note(problem);
                return trouble.end();
            }
        };
        let arns: Vec<String> = page.topics.into_iter().flatten().filter_map(|t| t.topic_arn).collect();
        let read = |arn: String| async move {
            let of = subscriptions(caller, &arn).await;
            (arn, of)
        };
        let mut batch = vec![];
        for (arn, of) in each(arns, read).await {
            match trouble.past(of)? {
                // Deleted since the list was read.
                Some(None) => {}
                known => batch.push(caller.observed(&topic(arn, known.flatten()))?),
            }
        }
        feed.seen(batch).await?;
        pages.then(page.next_token)?;
    }
    feed.complete(Kind::Topic, None).await?;
    trouble.end()
}

/// One topic with its tags.
pub(crate) async fn fetch_topic(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let (account, region) = (&key.scope.account, &key.scope.region);
    let arn = format!("arn:{}:sns:{region}:{account}:{}", partition(region), key.id);
    let request = caller.clients().sns().get_topic_attributes().topic_arn(&arn);
    if absent(caller.call(Bucket::Sns, "sns:GetTopicAttributes", Some(&arn), request.send()).await)?.is_none() {
        return Ok(None);
    }
    let Some(all) = subscriptions(caller, &arn).await? else { return Ok(None) };
    let request = caller.clients().sns().list_tags_for_resource().resource_arn(&arn);
    let answer = caller.call(Bucket::Sns, "sns:ListTagsForResource", Some(&arn), request.send()).await;
    let Some(answer) = absent(answer)? else { return Ok(None) };
    let mut topic = topic(arn, Some(all));
    topic.tags = Some(tags(answer.tags.into_iter().flatten().map(|tag| (tag.key, tag.value))));
    caller.observed(&topic).map(Some)
}

/// Who is subscribed to a topic, whichever account it is; `None` when there is no such topic.
async fn subscriptions(caller: &Caller, arn: &str) -> Result<Option<Vec<Subscription>>, Problem> {
    let mut all = vec![];
    let mut pages = Pages::new("sns:ListSubscriptionsByTopic");
    while let Some(token) = pages.next() {
        let request = caller.clients().sns().list_subscriptions_by_topic().topic_arn(arn).set_next_token(token);
        let answer = caller.call(Bucket::Sns, "sns:ListSubscriptionsByTopic", Some(arn), request.send()).await;
        let Some(page) = absent(answer)? else { return Ok(None) };
        all.extend(page.subscriptions.into_iter().flatten().map(subscription));
        pages.then(page.next_token)?;
    }
    Ok(Some(all))
}

fn topic(arn: String, subscriptions: Option<Vec<Subscription>>) -> Topic {
    let sorted = subscriptions.map(|mut all| {
        all.sort_by(|a, b| (&a.subscription_arn, &a.endpoint).cmp(&(&b.subscription_arn, &b.endpoint)));
        all
    });
    Topic { topic_arn: arn, subscriptions: sorted, tags: None }
}

fn subscription(s: types::Subscription) -> Subscription {
    Subscription {
        subscription_arn: s.subscription_arn,
        owner: s.owner,
        protocol: s.protocol,
        endpoint: s.endpoint.as_deref().map(without_secrets),
    }
}

#[cfg(test)]
mod tests;

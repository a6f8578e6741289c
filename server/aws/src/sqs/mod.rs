//! Queues.

use aws_sdk_sqs::types::QueueAttributeName;
use domain::resource::{Model, Observed};
use domain::sqs::Queue;
use domain::{Kind, Problem, ResourceKey};

use crate::gather::{Trouble, each, tags};
use crate::{Bucket, Caller, Feed, Pages, absent};

/// Reads all queues with their attributes. Their tags cost a call each: [`fetch_queue`] has them.
pub(crate) async fn collect_queues(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut trouble = Trouble::default();
    let mut pages = Pages::new("sqs:ListQueues");
    while let Some(token) = pages.next() {
        // Without a page size SQS gives 1,000 queues and no token.
        let request = caller.clients().sqs().list_queues().max_results(1000).set_next_token(token);
        let page = caller.call(Bucket::Sqs, "sqs:ListQueues", None, request.send()).await?;
        let urls = page.queue_urls.unwrap_or_default();
        let mut batch = vec![];
        let read = |url: String| async move {
            let listed = Queue { queue_url: url.clone(), ..Queue::default() };
            (listed.id(), queue(caller, url).await)
        };
        for (id, queue) in each(urls, read).await {
            if let Some(queue) = trouble.past_listed(id, queue)? {
                batch.push(caller.observed(&queue)?);
            }
        }
        feed.seen(batch).await?;
        pages.then(page.next_token)?;
    }
    trouble.complete(feed, Kind::Queue, None).await?;
    trouble.end()
}

/// One queue with its tags.
pub(crate) async fn fetch_queue(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let request = caller.clients().sqs().get_queue_url().queue_name(&key.id);
    let answer = absent(caller.call(Bucket::Sqs, "sqs:GetQueueUrl", Some(&key.id), request.send()).await)?;
    let Some(url) = answer.and_then(|a| a.queue_url) else { return Ok(None) };
    let Some(mut queue) = queue(caller, url).await? else { return Ok(None) };
    let request = caller.clients().sqs().list_queue_tags().queue_url(&queue.queue_url);
    let answer = caller.call(Bucket::Sqs, "sqs:ListQueueTags", Some(&key.id), request.send()).await;
    let Some(answer) = absent(answer)? else { return Ok(None) };
    queue.tags = Some(tags(answer.tags.into_iter().flatten()));
    caller.observed(&queue).map(Some)
}

async fn queue(caller: &Caller, url: String) -> Result<Option<Queue>, Problem> {
    let request = caller.clients().sqs().get_queue_attributes().queue_url(&url);
    let request = request.attribute_names(QueueAttributeName::All);
    let answer = caller.call(Bucket::Sqs, "sqs:GetQueueAttributes", Some(&url), request.send()).await;
    let Some(answer) = absent(answer)? else { return Ok(None) };
    let attributes = answer.attributes.into_iter().flatten().map(|(name, value)| (name.to_string(), value));
    Ok(Some(Queue { queue_url: url, attributes: attributes.collect(), tags: None }))
}

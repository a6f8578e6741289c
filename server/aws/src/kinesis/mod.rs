//! Data streams.

use aws_sdk_kinesis::types;
use domain::kinesis::{Stream, StreamMode};
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};

use crate::gather::{Trouble, each, when, word};
use crate::{Bucket, Caller, Feed, Pages, absent};

/// Reads all data streams.
pub(crate) async fn collect_streams(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut trouble = Trouble::default();
    let mut pages = Pages::new("kinesis:ListStreams");
    while let Some(after) = pages.next() {
        let request = caller.clients().kinesis().list_streams().limit(1000).set_exclusive_start_stream_name(after);
        let page = caller.call(Bucket::KinesisList, "kinesis:ListStreams", None, request.send()).await?;
        let last = page.stream_names.last().cloned().filter(|_| page.has_more_streams);
        let mut batch = vec![];
        let read = |name: String| async move {
            let stream = stream(caller, &name).await;
            (name, stream)
        };
        for (name, stream) in each(page.stream_names, read).await {
            batch.extend(trouble.past_listed(name, stream)?);
        }
        feed.seen(batch).await?;
        pages.then(last)?;
    }
    trouble.complete(feed, Kind::Stream, None).await?;
    trouble.end()
}

/// One data stream.
pub(crate) async fn fetch_stream(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    stream(caller, &key.id).await
}

async fn stream(caller: &Caller, name: &str) -> Result<Option<Observed>, Problem> {
    let request = caller.clients().kinesis().describe_stream_summary().stream_name(name);
    let answer = caller.call(Bucket::Kinesis, "kinesis:DescribeStreamSummary", Some(name), request.send()).await;
    absent(answer)?.and_then(|a| a.stream_description_summary).map(|s| caller.observed(&document(s))).transpose()
}

fn document(s: types::StreamDescriptionSummary) -> Stream {
    Stream {
        stream_name: s.stream_name,
        stream_arn: Some(s.stream_arn),
        stream_status: Some(s.stream_status.to_string()),
        stream_mode_details: s.stream_mode_details.map(|m| StreamMode { stream_mode: Some(m.stream_mode.to_string()) }),
        retention_period_hours: Some(s.retention_period_hours),
        stream_creation_timestamp: when(Some(s.stream_creation_timestamp)),
        encryption_type: word(s.encryption_type),
        key_id: s.key_id,
        open_shard_count: Some(s.open_shard_count),
        consumer_count: s.consumer_count,
    }
}

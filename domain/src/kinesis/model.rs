//! A data stream.

use crate::document::document;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Form, Model, State, Tone};
use crate::time::{Millis, Timestamp};

document! { "PascalCase";
    /// As DescribeStreamSummary gives it: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StreamDescriptionSummary.html>
    pub struct Stream {
        pub stream_name: String,
        #[serde(rename = "StreamARN")]
        pub stream_arn: Option<String>,
        pub stream_status: Option<String>,
        pub stream_mode_details: Option<StreamMode>,
        pub retention_period_hours: Option<i32>,
        pub stream_creation_timestamp: Option<Timestamp>,
        pub encryption_type: Option<String>,
        pub key_id: Option<String>,
        pub open_shard_count: Option<i32>,
        pub consumer_count: Option<i32>,
    }
    /// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StreamModeDetails.html>
    pub struct StreamMode {
        /// `PROVISIONED` or `ON_DEMAND`.
        pub stream_mode: Option<String>,
    }
}

impl Model for Stream {
    const KIND: Kind = Kind::Stream;
    const COLUMNS: &'static [Column] = &[
        Column::text("mode", "Capacity").facet(),
        Column::number("shards", "Open shards"),
        Column::number("retention", "Retention").form(Form::Seconds),
        Column::number("consumers", "Consumers"),
        Column::text("encryption", "Encryption").facet().word(),
        Column::text("created", "Created"),
    ];
    fn id(&self) -> String {
        self.stream_name.clone()
    }
    fn name(&self) -> String {
        self.stream_name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.stream_arn.clone()
    }
    fn state(&self) -> Option<State> {
        self.stream_status.as_ref().map(|word| {
            let tone = match word.as_str() {
                "ACTIVE" => Tone::Good,
                "CREATING" | "UPDATING" | "DELETING" => Tone::Busy,
                _ => Tone::Warn,
            };
            State::new(word, tone)
        })
    }
    fn created(&self) -> Option<Millis> {
        self.stream_creation_timestamp.map(|t| t.0)
    }
    fn cells(&self) -> Vec<Cell> {
        let mode = self.stream_mode_details.as_ref().and_then(|m| m.stream_mode.as_deref());
        vec![
            Cell::opt(mode.map(|m| match m {
                "ON_DEMAND" => "On demand",
                "PROVISIONED" => "Provisioned",
                other => other,
            })),
            Cell::number(self.open_shard_count),
            Cell::number(self.retention_period_hours.map(|h| i64::from(h) * 3600)),
            Cell::number(self.consumer_count),
            Cell::opt(self.encryption_type.clone()),
            Cell::time(self.created()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_from_its_summary() {
        let stream: Stream = serde_json::from_value(serde_json::json!({
            "StreamName": "clicks", "StreamARN": "arn:aws:kinesis:eu-west-1:111122223333:stream/clicks",
            "StreamStatus": "UPDATING", "StreamModeDetails": {"StreamMode": "ON_DEMAND"}, "RetentionPeriodHours": 24,
            "StreamCreationTimestamp": "2020-05-14T16:07:22Z", "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
            "EncryptionType": "NONE", "OpenShardCount": 4, "ConsumerCount": 0
        }))
        .unwrap();
        assert_eq!(stream.arn().as_deref(), Some("arn:aws:kinesis:eu-west-1:111122223333:stream/clicks"));
        assert_eq!(stream.state().unwrap().tone, Tone::Busy);
        assert_eq!(stream.cells()[..2], [Cell::Text("On demand".into()), Cell::Number(4)]);
        assert_eq!(stream.cells().len(), Stream::COLUMNS.len());
    }
}

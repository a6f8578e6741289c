//! A table and its stream.

use std::collections::BTreeMap;

use crate::document::{Tag, document, tag_map};
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Model, State, Tone};
use crate::time::{Millis, Timestamp};

document! { "PascalCase";
    /// As DescribeTable gives it: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html>
    pub struct Table {
        pub table_name: String,
        pub table_arn: Option<String>,
        pub table_id: Option<String>,
        pub table_status: Option<String>,
        pub creation_date_time: Option<Timestamp>,
        pub attribute_definitions: Vec<Attribute>,
        pub key_schema: Vec<KeyElement>,
        pub provisioned_throughput: Option<Throughput>,
        pub billing_mode_summary: Option<Billing>,
        /// Counted by AWS about every six hours.
        pub table_size_bytes: Option<i64>,
        /// Counted by AWS about every six hours.
        pub item_count: Option<i64>,
        pub global_secondary_indexes: Vec<Index>,
        pub local_secondary_indexes: Vec<Index>,
        pub stream_specification: Option<StreamSpecification>,
        pub latest_stream_label: Option<String>,
        pub latest_stream_arn: Option<String>,
        pub replicas: Vec<Replica>,
        #[serde(rename = "SSEDescription")]
        pub sse_description: Option<Sse>,
        pub table_class_summary: Option<Class>,
        pub deletion_protection_enabled: Option<bool>,
        /// Sorted by key; only in a single read.
        pub tags: Option<Vec<Tag>>,
    }
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeDefinition.html>
    pub struct Attribute {
        pub attribute_name: String,
        pub attribute_type: String,
    }
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_KeySchemaElement.html>
    pub struct KeyElement {
        pub attribute_name: String,
        /// `HASH` or `RANGE`.
        pub key_type: String,
    }
    /// In capacity units: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ProvisionedThroughputDescription.html>
    pub struct Throughput {
        pub read_capacity_units: Option<i64>,
        pub write_capacity_units: Option<i64>,
    }
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BillingModeSummary.html>
    pub struct Billing {
        pub billing_mode: Option<String>,
    }
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GlobalSecondaryIndexDescription.html>
    pub struct Index {
        pub index_name: Option<String>,
        pub index_arn: Option<String>,
        pub index_status: Option<String>,
        pub key_schema: Vec<KeyElement>,
        pub index_size_bytes: Option<i64>,
        pub item_count: Option<i64>,
    }
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_StreamSpecification.html>
    pub struct StreamSpecification {
        pub stream_enabled: Option<bool>,
        pub stream_view_type: Option<String>,
    }
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ReplicaDescription.html>
    pub struct Replica {
        pub region_name: Option<String>,
        pub replica_status: Option<String>,
    }
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_SSEDescription.html>
    pub struct Sse {
        pub status: Option<String>,
        #[serde(rename = "SSEType")]
        pub sse_type: Option<String>,
        #[serde(rename = "KMSMasterKeyArn")]
        pub kms_master_key_arn: Option<String>,
    }
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableClassSummary.html>
    pub struct Class {
        pub table_class: Option<String>,
    }
}

impl Table {
    fn key(&self) -> String {
        let names: Vec<&str> = self.key_schema.iter().map(|k| k.attribute_name.as_str()).collect();
        names.join(", ")
    }
    fn stream(&self) -> Option<String> {
        let stream = self.stream_specification.as_ref().filter(|s| s.stream_enabled == Some(true))?;
        Some(stream.stream_view_type.clone().unwrap_or_else(|| "On".to_owned()))
    }
}

impl Model for Table {
    const KIND: Kind = Kind::Table;
    const COLUMNS: &'static [Column] = &[
        Column::text("key", "Key"),
        Column::text("billing", "Billing").facet(),
        Column::number("items", "Items"),
        Column::number("size", "Size"),
        Column::text("stream", "Stream").facet().word(),
        Column::number("indexes", "Indexes"),
        Column::text("protected", "Deletion protection").facet().hidden(),
        Column::text("created", "Created"),
    ];
    const NOISE: &'static [&'static str] = &[
        "TableSizeBytes",
        "ItemCount",
        "GlobalSecondaryIndexes.*.IndexSizeBytes",
        "GlobalSecondaryIndexes.*.ItemCount",
        "LocalSecondaryIndexes.*.IndexSizeBytes",
        "LocalSecondaryIndexes.*.ItemCount",
    ];
    const KEPT: &'static [&'static str] = &["Tags"];
    const IDENTITY: &'static [&'static str] = &["TableId", "CreationDateTime"];
    fn id(&self) -> String {
        self.table_name.clone()
    }
    fn name(&self) -> String {
        self.table_name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.table_arn.clone()
    }
    fn state(&self) -> Option<State> {
        self.table_status.as_ref().map(|word| {
            let tone = match word.as_str() {
                "ACTIVE" => Tone::Good,
                "CREATING" | "UPDATING" | "DELETING" | "ARCHIVING" => Tone::Busy,
                "ARCHIVED" => Tone::Quiet,
                "INACCESSIBLE_ENCRYPTION_CREDENTIALS" | "REPLICATION_NOT_AUTHORIZED" => Tone::Bad,
                _ => Tone::Warn,
            };
            State::new(word, tone)
        })
    }
    fn tags(&self) -> BTreeMap<String, String> {
        tag_map(self.tags.as_deref().unwrap_or_default())
    }
    fn created(&self) -> Option<Millis> {
        self.creation_date_time.map(|t| t.0)
    }
    fn cells(&self) -> Vec<Cell> {
        // Tables that were never on demand have no summary.
        let billing = self.billing_mode_summary.as_ref().and_then(|b| b.billing_mode.as_deref());
        let billing = match billing.unwrap_or("PROVISIONED") {
            "PAY_PER_REQUEST" => "On demand",
            "PROVISIONED" => "Provisioned",
            other => other,
        };
        let indexes = self.global_secondary_indexes.len() + self.local_secondary_indexes.len();
        vec![
            Cell::text(self.key()),
            Cell::text(billing),
            Cell::number(self.item_count),
            self.table_size_bytes.map_or(Cell::None, Cell::Bytes),
            Cell::opt(self.stream()),
            Cell::Number(i64::try_from(indexes).unwrap_or(i64::MAX)),
            Cell::opt(self.deletion_protection_enabled.map(|on| if on { "On" } else { "Off" })),
            Cell::time(self.created()),
        ]
    }
    fn refs(&self, _scope: &Scope) -> Vec<String> {
        self.latest_stream_arn.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;

    #[test]
    fn a_table_is_found_by_the_arn_of_its_stream() {
        let stream = "arn:aws:dynamodb:us-west-2:123456789012:table/Music/stream/2015-05-11T21:21:33.291";
        let doc = serde_json::json!({
            "TableName": "Music", "TableArn": "arn:aws:dynamodb:us-west-2:123456789012:table/Music", "TableStatus": "ACTIVE",
            "AttributeDefinitions": [{"AttributeName": "Artist", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "Artist", "KeyType": "HASH"}, {"AttributeName": "SongTitle", "KeyType": "RANGE"}],
            "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}, "TableSizeBytes": 66, "ItemCount": 1,
            "LatestStreamArn": stream, "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS"},
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
            "CreationDateTime": "2020-05-14T16:07:22.100Z"
        });
        let scope = Scope::new("123456789012".parse().unwrap(), "us-west-2".parse().unwrap());
        let seen = describe(Kind::Table, &scope, &doc).unwrap();
        assert!(seen.refs.contains(&stream.to_owned()));
        assert_eq!(seen.cells[0..2], [Cell::Text("Artist, SongTitle".into()), Cell::Text("On demand".into())]);
        assert_eq!(seen.cells[4], Cell::Text("NEW_IMAGE".into()));
        assert_eq!(seen.cells.len(), Table::COLUMNS.len());
        let table: Table = serde_json::from_value(doc.clone()).unwrap();
        assert_eq!(serde_json::to_value(&table).unwrap(), doc);
    }
}

//! CloudWatch Logs: log groups, their document and what Gantry reads from it.

use crate::document::{document, partition};
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Model};
use crate::time::Millis;

document! { "camelCase";
    /// As DescribeLogGroups gives it: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html>
    pub struct LogGroup {
        pub log_group_name: String,
        /// With `:*` at its end.
        pub arn: Option<String>,
        /// Without `:*`.
        pub log_group_arn: Option<String>,
        /// Milliseconds since 1970, as AWS writes it.
        pub creation_time: Option<i64>,
        /// Absent: events are kept for ever.
        pub retention_in_days: Option<i64>,
        pub metric_filter_count: Option<i64>,
        /// AWS updates it seldom.
        pub stored_bytes: Option<i64>,
        pub kms_key_id: Option<String>,
        /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`.
        pub log_group_class: Option<String>,
        pub deletion_protection_enabled: Option<bool>,
    }
}

/// The ARN by which others point to a log group: without `:*`.
pub fn arn(scope: &Scope, name: &str) -> String {
    format!("arn:{}:logs:{}:{}:log-group:{name}", partition(&scope.region), scope.region, scope.account)
}

impl Model for LogGroup {
    const KIND: Kind = Kind::LogGroup;
    const COLUMNS: &'static [Column] = &[
        Column::text("retention", "Retention").facet(),
        Column::number("stored", "Stored"),
        Column::text("class", "Class").facet().word(),
        Column::number("filters", "Metric filters"),
        Column::text("created", "Created"),
        Column::text("key", "KMS key").hidden(),
    ];
    const NOISE: &'static [&'static str] = &["storedBytes"];
    fn id(&self) -> String {
        self.log_group_name.clone()
    }
    fn name(&self) -> String {
        self.log_group_name.clone()
    }
    fn arn(&self) -> Option<String> {
        let arn = self.log_group_arn.as_ref().or(self.arn.as_ref())?;
        Some(arn.trim_end_matches(":*").to_owned())
    }
    fn created(&self) -> Option<Millis> {
        self.creation_time.map(Millis)
    }
    fn cells(&self) -> Vec<Cell> {
        let retention = match self.retention_in_days {
            None => "never expires".to_owned(),
            Some(1) => "1 day".to_owned(),
            Some(days) => format!("{days} days"),
        };
        vec![
            Cell::Text(retention),
            self.stored_bytes.map_or(Cell::None, Cell::Bytes),
            Cell::opt(self.log_group_class.clone()),
            Cell::number(self.metric_filter_count),
            Cell::time(self.created()),
            self.kms_key_id.clone().map_or(Cell::None, Cell::Mono),
        ]
    }
    fn refs(&self, scope: &Scope) -> Vec<String> {
        vec![arn(scope, &self.log_group_name)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;
    use crate::identity::{AccountId, Region};
    use serde_json::json;

    #[test]
    fn a_group_is_found_by_its_arn_without_the_star() {
        let doc = json!({
            "logGroupName": "/aws/lambda/charge", "creationTime": 1_763_000_000_000_i64, "metricFilterCount": 0,
            "arn": "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/charge:*", "storedBytes": 1024
        });
        let scope = Scope::new(AccountId::parse("111122223333").unwrap(), Region::parse("eu-west-1").unwrap());
        let group = describe(Kind::LogGroup, &scope, &doc).unwrap();
        let expected = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/charge";
        assert_eq!(group.arn.as_deref(), Some(expected));
        assert_eq!(group.refs.iter().filter(|r| *r == expected).count(), 1);
        assert_eq!(group.cells[0], Cell::Text("never expires".into()));
    }
}

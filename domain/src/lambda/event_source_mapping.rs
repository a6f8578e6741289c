//! An event source mapping: Lambda polls a source and calls a function with batches of what it reads.

use std::collections::BTreeMap;

use super::function::{name_in_arn, unqualified};
use crate::document::document;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Form, Link, Model, Relation, State, Tone};
use crate::time::Timestamp;

document! { "PascalCase";
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html>
    pub struct EventSourceMapping {
        #[serde(rename = "UUID")]
        pub uuid: String,
        pub event_source_mapping_arn: Option<String>,
        pub event_source_arn: Option<String>,
        /// Qualified when it calls a version or alias.
        pub function_arn: Option<String>,
        /// `Enabled`, `Disabled`, `Creating`, `Enabling`, `Disabling`, `Updating`, `Deleting`.
        pub state: Option<String>,
        pub state_transition_reason: Option<String>,
        /// `OK`, `No records processed`, or `PROBLEM: …`.
        pub last_processing_result: Option<String>,
        pub last_modified: Option<Timestamp>,
        pub batch_size: Option<i64>,
        pub maximum_batching_window_in_seconds: Option<i64>,
        pub parallelization_factor: Option<i64>,
        pub starting_position: Option<String>,
        pub starting_position_timestamp: Option<Timestamp>,
        pub maximum_record_age_in_seconds: Option<i64>,
        pub maximum_retry_attempts: Option<i64>,
        pub bisect_batch_on_function_error: Option<bool>,
        pub tumbling_window_in_seconds: Option<i64>,
        pub function_response_types: Vec<String>,
        pub filter_criteria: Option<FilterCriteria>,
        pub scaling_config: Option<ScalingConfig>,
        pub destination_config: Option<DestinationConfig>,
        pub topics: Vec<String>,
        pub queues: Vec<String>,
        pub self_managed_event_source: Option<SelfManagedEventSource>,
        pub source_access_configurations: Vec<SourceAccess>,
    }
    /// Which records reach the function.
    pub struct FilterCriteria {
        pub filters: Vec<Filter>,
    }
    /// A JSON pattern.
    pub struct Filter {
        pub pattern: Option<String>,
    }
    /// How many batches of a queue run at once.
    pub struct ScalingConfig {
        pub maximum_concurrency: Option<i64>,
    }
    /// Where records go after the last try.
    pub struct DestinationConfig {
        pub on_success: Option<Destination>,
        pub on_failure: Option<Destination>,
    }
    /// A queue, topic, bucket or Kafka topic.
    pub struct Destination {
        pub destination: Option<String>,
    }
    /// Kafka outside AWS: kind of endpoint → `host:port` each.
    pub struct SelfManagedEventSource {
        pub endpoints: BTreeMap<String, Vec<String>>,
    }
    /// What lets Lambda into the source: kind and reference, never the secret itself.
    pub struct SourceAccess {
        pub r#type: Option<String>,
        #[serde(rename = "URI")]
        pub uri: Option<String>,
    }
}

impl EventSourceMapping {
    /// The source as a reference: a table instead of its stream, a stream instead of its consumer.
    pub fn source(&self) -> Option<String> {
        let arn = self.event_source_arn.as_deref()?;
        let arn = match arn.split_once("/stream/") {
            Some((table, _)) if arn.contains(":dynamodb:") => table,
            _ => arn.split_once("/consumer/").filter(|_| arn.contains(":kinesis:")).map_or(arn, |(stream, _)| stream),
        };
        Some(arn.to_owned())
    }

    /// What the source is called, and of which service it is.
    pub fn source_name(&self) -> (String, String) {
        let Some(arn) = self.source() else {
            return match self.self_managed_event_source {
                Some(_) => (self.topics.join(", "), "kafka".to_owned()),
                None => (String::new(), String::new()),
            };
        };
        let fields: Vec<&str> = arn.splitn(6, ':').collect();
        let (service, resource) = match fields.as_slice() {
            [_, _, service, _, _, resource] => (*service, *resource),
            _ => ("", arn.as_str()),
        };
        // Kafka clusters end with a UUID, the name stands before.
        let mut parts = resource.split(['/', ':']);
        let name = match service {
            "kafka" | "mq" => parts.nth(1),
            _ => parts.next_back(),
        };
        (name.unwrap_or(resource).to_owned(), service.to_owned())
    }

    /// The function it calls.
    pub fn function(&self) -> &str {
        self.function_arn.as_deref().map(name_in_arn).unwrap_or_default()
    }

    /// What came of the last batch, in Lambda's words.
    pub fn last_result(&self) -> Option<String> {
        let result = self.last_processing_result.as_ref()?;
        // ministack counts so.
        Some(if result == "OK - 1 records" { "OK - 1 record".to_owned() } else { result.clone() })
    }

    fn note(&self) -> Option<String> {
        let batch = self.batch_size.map(|n| format!("batch {n}"));
        let window = self.maximum_batching_window_in_seconds.filter(|s| *s > 0).map(|s| format!("window {s} s"));
        let filters = self.filter_criteria.as_ref().map_or(0, |f| f.filters.len());
        let filters = (filters > 0).then(|| format!("{filters} {}", if filters == 1 { "filter" } else { "filters" }));
        let parts: Vec<String> = [batch, window, filters].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

impl Model for EventSourceMapping {
    const KIND: Kind = Kind::EventSourceMapping;
    const COLUMNS: &'static [Column] = &[
        // The name begins with it.
        Column::text("source", "Source").hidden(),
        Column::text("service", "Service").facet(),
        Column::text("function", "Function"),
        Column::number("batch", "Batch size"),
        Column::number("window", "Batch window").form(Form::Seconds).hidden(),
        Column::text("result", "Last result"),
        Column::number("filters", "Filters").hidden(),
        Column::text("position", "Starting position").facet().word().hidden(),
        Column::text("modified", "Last modified").hidden(),
    ];
    const NOISE: &'static [&'static str] = &["LastModified", "LastProcessingResult"];
    fn id(&self) -> String {
        self.uuid.clone()
    }
    fn name(&self) -> String {
        match (self.source_name().0.as_str(), self.function()) {
            ("", "") => self.uuid.clone(),
            ("", function) => format!("? → {function}"),
            (source, function) => format!("{source} → {function}"),
        }
    }
    fn arn(&self) -> Option<String> {
        self.event_source_mapping_arn.clone()
    }
    fn parent(&self) -> Option<(Kind, String)> {
        Some((Kind::Function, self.function().to_owned())).filter(|(_, id)| !id.is_empty())
    }
    fn state(&self) -> Option<State> {
        let word = self.state.as_deref()?;
        let problem = self.last_processing_result.as_deref().filter(|r| r.starts_with("PROBLEM"));
        let state = match (word, problem) {
            ("Enabled", Some(problem)) => State::new(word, Tone::Bad).because(Some(problem.to_owned())),
            ("Enabled", None) => State::new(word, Tone::Good),
            // Switched off by a person, or by Lambda because the function's role or the source is gone.
            ("Disabled", _) => State::new(word, Tone::Quiet).because(self.state_transition_reason.clone()),
            _ => State::new(word, Tone::Busy).because(self.state_transition_reason.clone()),
        };
        Some(state)
    }
    fn cells(&self) -> Vec<Cell> {
        let (source, service) = self.source_name();
        let service = match service.as_str() {
            "sqs" => "SQS",
            "kinesis" => "Kinesis",
            "dynamodb" => "DynamoDB",
            "kafka" => "Kafka",
            "mq" => "Amazon MQ",
            "rds" => "DocumentDB",
            other => other,
        };
        vec![
            self.source().map_or_else(|| Cell::text(&source), |arn| Cell::Ref(arn, source.clone())),
            Cell::text(service),
            self.function_arn.as_deref().map_or(Cell::None, |a| Cell::Ref(unqualified(a), self.function().to_owned())),
            Cell::number(self.batch_size),
            Cell::number(self.maximum_batching_window_in_seconds),
            Cell::opt(self.last_result()),
            Cell::number(self.filter_criteria.as_ref().map(|f| f.filters.len() as i64)),
            Cell::opt(self.starting_position.clone()),
            Cell::time(self.last_modified.map(|t| t.0)),
        ]
    }
    fn links(&self, _scope: &Scope) -> Vec<Link> {
        let function = self.function_arn.as_deref().map(|arn| Link::new(Relation::Triggers, unqualified(arn)));
        let source = self.source().map(|arn| Link::new(Relation::Reads, arn));
        let failed = self.destination_config.as_ref().and_then(|d| d.on_failure.as_ref()?.destination.as_ref());
        let mut links: Vec<Link> = function.into_iter().chain(source).map(|l| l.noting(self.note())).collect();
        links.extend(failed.map(|arn| Link::new(Relation::SendsTo, arn).noting(Some("on failure".to_owned()))));
        links
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;
    use crate::identity::{AccountId, Region};
    use serde_json::json;

    fn scope() -> Scope {
        Scope::new(AccountId::parse("111122223333").unwrap(), Region::parse("eu-west-1").unwrap())
    }

    #[test]
    fn a_queue_mapping_ties_queue_and_function_together() {
        let doc = json!({
            "UUID": "a1b2c3d4-5678-90ab-cdef-11111EXAMPLE", "BatchSize": 10, "MaximumBatchingWindowInSeconds": 5,
            "EventSourceArn": "arn:aws:sqs:eu-west-1:111122223333:orders",
            "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:charge:live",
            "LastModified": "2026-11-20T09:00:00.123Z", "State": "Enabled", "StateTransitionReason": "USER_INITIATED",
            "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:eu-west-1:111122223333:orders-failed"}},
            "FilterCriteria": {"Filters": [{"Pattern": "{}"}]}
        });
        let described = describe(Kind::EventSourceMapping, &scope(), &doc).unwrap();
        assert_eq!(described.name, "orders → charge");
        assert_eq!(described.parent.unwrap().to_string(), "lambda.function/111122223333/eu-west-1/charge");
        assert_eq!(described.state.unwrap().tone, Tone::Good);
        let note = Some("batch 10, window 5 s, 1 filter".to_owned());
        let function = "arn:aws:lambda:eu-west-1:111122223333:function:charge";
        assert!(described.links.contains(&Link::new(Relation::Triggers, function).noting(note.clone())));
        assert!(
            described
                .links
                .contains(&Link::new(Relation::Reads, "arn:aws:sqs:eu-west-1:111122223333:orders").noting(note))
        );
        assert_eq!(described.links.len(), 3);
    }

    #[test]
    fn streams_lead_to_their_table_and_problems_to_a_person() {
        let mapping = EventSourceMapping {
            uuid: "u".into(),
            event_source_arn: Some(
                "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/stream/2026-01-01T00:00:00.000".into(),
            ),
            function_arn: Some("arn:aws:lambda:eu-west-1:111122223333:function:audit".into()),
            state: Some("Enabled".into()),
            last_processing_result: Some("PROBLEM: Function call failed".into()),
            ..Default::default()
        };
        assert_eq!(mapping.source().unwrap(), "arn:aws:dynamodb:eu-west-1:111122223333:table/orders");
        assert_eq!(mapping.source_name(), ("orders".to_owned(), "dynamodb".to_owned()));
        assert_eq!(mapping.state().unwrap().tone, Tone::Bad);
        let kafka = EventSourceMapping {
            event_source_arn: Some("arn:aws:kafka:eu-west-1:111122223333:cluster/events/0f3e-8".into()),
            ..Default::default()
        };
        assert_eq!(kafka.source_name().0, "events");
    }
}

//! How asynchronous calls of a function, or of an alias or version of it, are treated: how often and how long they are tried, and where word of
//! how they ended goes.

use super::event_source_mapping::DestinationConfig;
use super::function::{name_in_arn, unqualified};
use crate::document::{document, target};
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Form, Link, Model, Relation};
use crate::time::Timestamp;

document! { "PascalCase";
    /// As ListFunctionEventInvokeConfigs gives it: <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionEventInvokeConfig.html>
    pub struct EventInvokeConfig {
        /// Qualified; `$LATEST` is the function itself.
        pub function_arn: String,
        pub last_modified: Option<Timestamp>,
        pub maximum_retry_attempts: Option<i64>,
        /// In seconds.
        pub maximum_event_age_in_seconds: Option<i64>,
        pub destination_config: Option<DestinationConfig>,
    }
}

impl EventInvokeConfig {
    /// The alias or version it is about, if it is not the function itself.
    pub fn qualifier(&self) -> Option<&str> {
        self.function_arn.split(':').nth(7).filter(|qualifier| !qualifier.is_empty() && *qualifier != "$LATEST")
    }

    /// Where word goes of calls that failed for good.
    pub fn on_failure(&self) -> Option<&str> {
        let failure = self.destination_config.as_ref()?.on_failure.as_ref()?;
        failure.destination.as_deref().filter(|arn| !arn.is_empty())
    }

    /// Where word goes of calls that succeeded.
    pub fn on_success(&self) -> Option<&str> {
        let success = self.destination_config.as_ref()?.on_success.as_ref()?;
        success.destination.as_deref().filter(|arn| !arn.is_empty())
    }

    fn sends(&self, arn: &str, when: &str) -> Link {
        let note = self.qualifier().map_or(when.to_owned(), |qualifier| format!("{when}, {qualifier}"));
        Link::new(Relation::SendsTo, arn).noting(Some(note))
    }
}

impl Model for EventInvokeConfig {
    const KIND: Kind = Kind::EventInvokeConfig;
    const COLUMNS: &'static [Column] = &[
        Column::text("function", "Function"),
        Column::text("qualifier", "Alias or version"),
        Column::text("failure", "On failure"),
        Column::text("success", "On success"),
        Column::number("retries", "Retries"),
        Column::number("age", "Oldest event").form(Form::Seconds),
        Column::text("modified", "Last modified").hidden(),
    ];
    const NOISE: &'static [&'static str] = &["LastModified"];
    fn id(&self) -> String {
        let function = name_in_arn(&self.function_arn);
        match self.qualifier() {
            Some(qualifier) if !function.is_empty() => format!("{function}:{qualifier}"),
            _ => function.to_owned(),
        }
    }
    fn name(&self) -> String {
        self.id()
    }
    fn arn(&self) -> Option<String> {
        None
    }
    fn parent(&self) -> Option<(Kind, String)> {
        Some((Kind::Function, name_in_arn(&self.function_arn).to_owned()))
    }
    fn cells(&self) -> Vec<Cell> {
        let leads = |arn: Option<&str>| match arn {
            Some(arn) => Cell::Ref(target(arn), arn.rsplit([':', '/']).next().unwrap_or(arn).to_owned()),
            None => Cell::None,
        };
        vec![
            Cell::Ref(unqualified(&self.function_arn), name_in_arn(&self.function_arn).to_owned()),
            Cell::opt(self.qualifier()),
            leads(self.on_failure()),
            leads(self.on_success()),
            Cell::number(self.maximum_retry_attempts),
            Cell::number(self.maximum_event_age_in_seconds),
            Cell::time(self.last_modified.map(|t| t.0)),
        ]
    }
    fn links(&self, _scope: &Scope) -> Vec<Link> {
        let sent = match (self.on_failure(), self.on_success()) {
            (Some(failure), Some(success)) if failure == success => {
                vec![self.sends(failure, "on failure and success")]
            }
            (failure, success) => {
                let failure = failure.map(|arn| self.sends(arn, "on failure"));
                failure.into_iter().chain(success.map(|arn| self.sends(arn, "on success"))).collect()
            }
        };
        std::iter::once(Link::new(Relation::In, unqualified(&self.function_arn))).chain(sent).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;
    use crate::resource::Described;
    use serde_json::{Value, json};

    const ARN: &str = "arn:aws:lambda:us-east-2:123456789012:function:my-function";
    const QUEUE: &str = "arn:aws:sqs:us-east-2:123456789012:destination";

    fn seen(qualifier: &str, destinations: Value) -> Described {
        let doc = json!({
            "LastModified": "2019-12-31T20:53:26.653Z", "FunctionArn": format!("{ARN}:{qualifier}"), "MaximumRetryAttempts": 0,
            "MaximumEventAgeInSeconds": 3600, "DestinationConfig": destinations
        });
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-2".parse().unwrap());
        describe(Kind::EventInvokeConfig, &scope, &doc).unwrap()
    }

    #[test]
    fn what_failed_is_sent_to_a_queue_and_belongs_to_the_function() {
        let latest = seen("$LATEST", json!({"OnSuccess": {}, "OnFailure": {"Destination": QUEUE}}));
        assert_eq!(latest.name, "my-function");
        assert_eq!(latest.parent.unwrap().to_string(), "lambda.function/123456789012/us-east-2/my-function");
        let failure = Link::new(Relation::SendsTo, QUEUE).noting(Some("on failure".into()));
        assert!(latest.links.contains(&Link::new(Relation::In, ARN)) && latest.links.contains(&failure));
        assert_eq!(latest.links.len(), 2, "what is empty leads nowhere");
        assert_eq!(latest.cells.len(), EventInvokeConfig::COLUMNS.len());
        assert_eq!(latest.cells[2], Cell::Ref(QUEUE.into(), "destination".into()));
        assert_eq!(latest.cells[4..6], [Cell::Number(0), Cell::Number(3600)], "no retry is not the same as unknown");
    }

    #[test]
    fn an_alias_is_named_and_one_target_of_both_is_told_once() {
        let both = json!({"OnSuccess": {"Destination": QUEUE}, "OnFailure": {"Destination": QUEUE}});
        let alias = seen("BLUE", both);
        assert_eq!(alias.name, "my-function:BLUE");
        let sent = Link::new(Relation::SendsTo, QUEUE).noting(Some("on failure and success, BLUE".into()));
        assert!(alias.links.contains(&sent) && alias.links.len() == 2);
    }
}

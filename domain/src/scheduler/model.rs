//! A schedule and what it sets off.

use crate::document::document;
use crate::events::{DeadLetters, EcsParameters, RetryPolicy, switch, target_links, target_text};
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Link, Model, Sealed, State};
use crate::time::{Millis, Timestamp};

document! { "PascalCase";
    /// As GetSchedule gives it; ListSchedules gives less: <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html>
    pub struct Schedule {
        pub arn: Option<String>,
        pub name: String,
        pub group_name: Option<String>,
        /// `ENABLED` or `DISABLED`.
        pub state: Option<String>,
        pub creation_date: Option<Timestamp>,
        pub last_modification_date: Option<Timestamp>,
        pub target: Option<Target>,
        /// `rate(…)`, `cron(…)` or `at(…)`.
        pub schedule_expression: Option<String>,
        /// An IANA name: `Europe/Berlin`.
        pub schedule_expression_timezone: Option<String>,
        pub start_date: Option<Timestamp>,
        pub end_date: Option<Timestamp>,
        pub description: Option<String>,
        pub flexible_time_window: Option<Window>,
        pub action_after_completion: Option<String>,
        pub kms_key_arn: Option<String>,
    }
    /// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Target.html>
    pub struct Target {
        pub arn: String,
        pub role_arn: Option<String>,
        /// Sealed: container overrides in it hold environment values.
        pub input: Option<Sealed>,
        pub ecs_parameters: Option<EcsParameters>,
        pub dead_letter_config: Option<DeadLetters>,
        pub retry_policy: Option<RetryPolicy>,
    }
    /// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_FlexibleTimeWindow.html>
    pub struct Window {
        pub mode: Option<String>,
        pub maximum_window_in_minutes: Option<i32>,
    }
}

impl Schedule {
    /// Fields that the list does not give and GetSchedule always does. `Target` is in both, with less in the list.
    pub const FROM_GET: &'static [&'static str] =
        &["ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "ActionAfterCompletion"];

    fn group(&self) -> &str {
        self.group_name.as_deref().unwrap_or("default")
    }
}

impl Model for Schedule {
    const KIND: Kind = Kind::Schedule;
    const COLUMNS: &'static [Column] = &[
        Column::text("schedule", "Schedule"),
        Column::text("zone", "Time zone").facet(),
        Column::text("target", "Target"),
        Column::text("group", "Group").facet(),
        Column::text("created", "Created"),
        Column::text("modified", "Modified").hidden(),
    ];
    const KEPT: &'static [&'static str] = Self::FROM_GET;
    const IDENTITY: &'static [&'static str] = &["CreationDate"];
    fn id(&self) -> String {
        if self.name.is_empty() { String::new() } else { format!("{}/{}", self.group(), self.name) }
    }
    fn name(&self) -> String {
        self.name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.arn.clone()
    }
    fn state(&self) -> Option<State> {
        switch(self.state.as_ref())
    }
    fn created(&self) -> Option<Millis> {
        self.creation_date.map(|t| t.0)
    }
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::opt(self.schedule_expression.clone()),
            Cell::opt(self.schedule_expression_timezone.clone()),
            self.target
                .as_ref()
                .map_or(Cell::None, |t| Cell::Ref(crate::document::target(&t.arn), target_text(&t.arn))),
            Cell::text(self.group()),
            Cell::time(self.created()),
            Cell::time(self.last_modification_date.map(|t| t.0)),
        ]
    }
    fn links(&self, _scope: &Scope) -> Vec<Link> {
        let of = |t: &Target| {
            target_links(&t.arn, t.ecs_parameters.as_ref(), t.role_arn.as_ref(), t.dead_letter_config.as_ref())
        };
        self.target.iter().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;
    use crate::resource::Relation;

    #[test]
    fn a_schedule_triggers_its_target_with_its_role() {
        let doc = serde_json::json!({
            "Arn": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/ping", "GroupName": "default", "Name": "ping",
            "ScheduleExpression": "rate(1 minutes)", "ScheduleExpressionTimezone": "UTC", "State": "ENABLED",
            "CreationDate": "2026-11-01T10:00:00Z", "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": "arn:aws:lambda:us-east-1:123456789012:function:ping", "RoleArn": "arn:aws:iam::123456789012:role/s",
                       "RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}}
        });
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let seen = describe(Kind::Schedule, &scope, &doc).unwrap();
        assert!(
            seen.links.contains(&Link::new(Relation::Triggers, "arn:aws:lambda:us-east-1:123456789012:function:ping"))
        );
        assert!(seen.links.contains(&Link::new(Relation::Role, "arn:aws:iam::123456789012:role/s")));
        assert!(seen.refs.contains(&"scheduler.schedule/123456789012/us-east-1/default/ping".to_owned()));
        assert_eq!(seen.cells.len(), Schedule::COLUMNS.len());
    }
}

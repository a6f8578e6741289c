//! A rule of an event bus and what it sets off.

use crate::document::{document, target};
use crate::identity::{ResourceKey, Scope};
use crate::kind::Kind;
use crate::resource::{Cell, Column, Form, Link, Model, Relation, Sealed, State, Tone};

document! { "PascalCase";
    /// As ListRules gives it: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Rule.html>
    pub struct Rule {
        pub name: String,
        pub arn: Option<String>,
        /// JSON, as text.
        pub event_pattern: Option<String>,
        /// `ENABLED`, `DISABLED` or `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`.
        pub state: Option<String>,
        pub description: Option<String>,
        /// `rate(…)` or `cron(…)`.
        pub schedule_expression: Option<String>,
        pub role_arn: Option<String>,
        /// The AWS service that made it, if one did.
        pub managed_by: Option<String>,
        pub event_bus_name: Option<String>,
        /// ListTargetsByRule's answer, sorted by id; absent while unknown.
        #[serde(rename = "gantry:targets")]
        pub targets: Option<Vec<Target>>,
    }
    /// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html>
    pub struct Target {
        pub id: String,
        pub arn: String,
        pub role_arn: Option<String>,
        /// Sealed: container overrides in it hold environment values.
        pub input: Option<Sealed>,
        pub input_path: Option<String>,
        pub ecs_parameters: Option<EcsParameters>,
        pub dead_letter_config: Option<DeadLetters>,
        pub retry_policy: Option<RetryPolicy>,
    }
    /// Which task to run: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_EcsParameters.html>
    pub struct EcsParameters {
        pub task_definition_arn: Option<String>,
        pub task_count: Option<i32>,
        pub launch_type: Option<String>,
    }
    /// The queue for events that could not be delivered.
    pub struct DeadLetters {
        pub arn: Option<String>,
    }
    /// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html>
    pub struct RetryPolicy {
        pub maximum_retry_attempts: Option<i32>,
        pub maximum_event_age_in_seconds: Option<i32>,
    }
}

impl Rule {
    /// Fields that the list does not give.
    pub const FROM_TARGETS: &'static [&'static str] = &["gantry:targets"];

    fn bus(&self) -> &str {
        self.event_bus_name.as_deref().unwrap_or("default")
    }
}

/// What a rule or schedule with these settings points to.
pub(crate) fn target_links(
    arn: &str,
    ecs: Option<&EcsParameters>,
    role: Option<&String>,
    dead_letters: Option<&DeadLetters>,
) -> Vec<Link> {
    let task = ecs.and_then(|e| e.task_definition_arn.as_ref()).map(|arn| Link::new(Relation::Triggers, arn));
    let role = role.map(|role| Link::new(Relation::Role, role));
    let dead = dead_letters.and_then(|d| d.arn.as_ref()).map(|arn| Link::new(Relation::SendsTo, arn));
    [Link::new(Relation::Triggers, target(arn))].into_iter().chain(task).chain(role).chain(dead).collect()
}

/// `lambda resize` for a function's ARN, `sqs orders` for a queue's: what is set off, in few words.
pub(crate) fn target_text(arn: &str) -> String {
    let arn = target(arn);
    match arn.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", _, service, _, _, resource] => {
            format!("{service} {}", resource.rsplit(['/', ':']).next().unwrap_or(resource))
        }
        _ => arn,
    }
}

/// The state of a rule or schedule that is switched off.
pub const DISABLED: &str = "DISABLED";

/// A rule or schedule as people call it. That it is switched off is said: it starts nothing until somebody switches it on.
pub fn spoken(key: &ResourceKey, disabled: bool) -> String {
    if disabled { format!("{} (disabled)", key.spoken()) } else { key.spoken() }
}

/// ENABLED and DISABLED as EventBridge and the Scheduler say them.
pub(crate) fn switch(word: Option<&String>) -> Option<State> {
    word.map(|w| {
        let tone = match w.as_str() {
            DISABLED => Tone::Quiet,
            w if w.starts_with("ENABLED") => Tone::Good,
            _ => Tone::Warn,
        };
        State::new(w, tone)
    })
}

impl Model for Rule {
    const KIND: Kind = Kind::Rule;
    const COLUMNS: &'static [Column] = &[
        Column::text("bus", "Event bus").facet(),
        Column::text("trigger", "Trigger").facet(),
        Column::text("schedule", "Schedule"),
        Column::text("targets", "Targets"),
        Column::text("managed", "Managed by").facet().hidden(),
        Column::text("description", "Description").form(Form::Sentence).hidden(),
    ];
    const KEPT: &'static [&'static str] = Self::FROM_TARGETS;
    fn id(&self) -> String {
        if self.name.is_empty() { String::new() } else { format!("{}/{}", self.bus(), self.name) }
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
    fn cells(&self) -> Vec<Cell> {
        let trigger = match (&self.schedule_expression, &self.event_pattern) {
            (Some(_), Some(_)) => "Schedule and pattern",
            (Some(_), None) => "Schedule",
            (None, Some(_)) => "Event pattern",
            (None, None) => "",
        };
        let targets: Vec<String> = self.targets.iter().flatten().map(|t| target_text(&t.arn)).collect();
        vec![
            Cell::text(self.bus()),
            Cell::text(trigger),
            Cell::opt(self.schedule_expression.clone()),
            if targets.is_empty() { Cell::None } else { Cell::List(targets) },
            Cell::opt(self.managed_by.clone()),
            Cell::opt(self.description.clone()),
        ]
    }
    fn links(&self, _scope: &Scope) -> Vec<Link> {
        let of = |t: &Target| {
            target_links(&t.arn, t.ecs_parameters.as_ref(), t.role_arn.as_ref(), t.dead_letter_config.as_ref())
        };
        let role = self.role_arn.iter().map(|role| Link::new(Relation::Role, role));
        self.targets.iter().flatten().flat_map(of).chain(role).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;

    fn seen(doc: &serde_json::Value) -> crate::resource::Described {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        describe(Kind::Rule, &scope, doc).unwrap()
    }

    #[test]
    fn a_rule_triggers_functions_and_tasks_and_leads_to_its_dead_letters() {
        let rule = seen(&serde_json::json!({
            "Name": "nightly", "Arn": "arn:aws:events:us-east-1:123456789012:rule/shop/nightly", "State": "ENABLED",
            "ScheduleExpression": "rate(1 minute)", "EventBusName": "shop",
            "gantry:targets": [
                {"Id": "1", "Arn": "arn:aws:lambda:us-east-1:123456789012:function:report:live",
                 "Input": {"gantry:length": 20, "gantry:digest": "00ff00ff00ff00ff"},
                 "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:123456789012:dead"}},
                {"Id": "2", "Arn": "arn:aws:ecs:us-east-1:123456789012:cluster/batch",
                 "RoleArn": "arn:aws:iam::123456789012:role/run",
                 "EcsParameters": {"TaskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/etl:3", "TaskCount": 1}}
            ]
        }));
        let target = |relation| -> Vec<_> {
            rule.links.iter().filter(|l| l.relation == relation).map(|l| l.target.as_str()).collect()
        };
        assert_eq!(
            target(Relation::Triggers),
            [
                "arn:aws:ecs:us-east-1:123456789012:cluster/batch",
                "arn:aws:ecs:us-east-1:123456789012:task-definition/etl:3",
                "arn:aws:lambda:us-east-1:123456789012:function:report",
            ]
        );
        assert_eq!(target(Relation::SendsTo), ["arn:aws:sqs:us-east-1:123456789012:dead"]);
        assert_eq!(target(Relation::Role), ["arn:aws:iam::123456789012:role/run"]);
        assert!(rule.refs.contains(&"events.rule/123456789012/us-east-1/shop/nightly".to_owned()));
        assert_eq!(rule.cells[3], Cell::List(vec!["lambda report".into(), "ecs batch".into()]));
        assert_eq!(rule.cells.len(), Rule::COLUMNS.len());
    }

    #[test]
    fn a_disabled_rule_is_quiet_and_an_unknown_word_is_not_taken_for_good() {
        let tone = |word: &str| seen(&serde_json::json!({"Name": "r", "State": word})).state.unwrap().tone;
        assert_eq!(tone("DISABLED"), Tone::Quiet);
        assert_eq!(tone("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"), Tone::Good);
        assert_eq!(tone("SLEEPING"), Tone::Warn);
    }
}

//! The deployments of a service, past ones too, and the revisions of it that they lead from and to. AWS is asked for them when somebody
//! looks at them: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html>

use serde::{Deserialize, Serialize};

use super::service::{DeploymentConfiguration, RevisionImage};
use crate::document::document;
use crate::resource::Tone;
use crate::time::Timestamp;

/// The most that are read in full: as many as one call describes.
pub const MOST: usize = 20;

/// The answer to the question how a service was deployed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Deployments {
    /// What AWS knows of.
    Told(History),
    /// The endpoint does not implement the calls.
    Unsupported,
}

/// The latest deployments of a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// Latest first, at most [`MOST`].
    pub deployments: Vec<ServiceDeployment>,
    /// The revisions they name, as far as AWS still describes them.
    pub revisions: Vec<ServiceRevision>,
    /// How many deployments AWS lists, counted up to a thousand.
    pub total: usize,
}

document! { "camelCase";
    /// As DescribeServiceDeployments gives it. Of one that it does not describe there is what ListServiceDeployments says of it.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html>
    pub struct ServiceDeployment {
        pub service_deployment_arn: Option<String>,
        pub created_at: Option<Timestamp>,
        pub started_at: Option<Timestamp>,
        pub finished_at: Option<Timestamp>,
        pub stopped_at: Option<Timestamp>,
        pub updated_at: Option<Timestamp>,
        /// What ran before.
        pub source_service_revisions: Vec<RevisionSummary>,
        pub target_service_revision: Option<RevisionSummary>,
        /// `PENDING`, `IN_PROGRESS`, `SUCCESSFUL`, `STOP_REQUESTED`, `STOPPED`, `ROLLBACK_REQUESTED`, `ROLLBACK_IN_PROGRESS`,
        /// `ROLLBACK_SUCCESSFUL` or `ROLLBACK_FAILED`.
        pub status: Option<String>,
        pub status_reason: Option<String>,
        /// `SCALE_UP`, `BAKE_TIME` …
        pub lifecycle_stage: Option<String>,
        pub lifecycle_hook_details: Vec<LifecycleHook>,
        pub deployment_configuration: Option<DeploymentConfiguration>,
        pub rollback: Option<Rollback>,
        pub deployment_circuit_breaker: Option<CircuitBreakerWatch>,
        pub alarms: Option<AlarmWatch>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevisionSummary.html>
    pub struct RevisionSummary {
        pub arn: Option<String>,
        pub requested_task_count: Option<i64>,
        pub running_task_count: Option<i64>,
        pub pending_task_count: Option<i64>,
        /// In percent, where the deployment shifts traffic.
        pub requested_production_traffic_weight: Option<f64>,
        /// In percent.
        pub requested_test_traffic_weight: Option<f64>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHookDetail.html>
    pub struct LifecycleHook {
        pub hook_id: Option<String>,
        /// `AWS_LAMBDA` or `PAUSE`.
        pub target_type: Option<String>,
        pub target_arn: Option<String>,
        /// `AWAITING_ACTION`, `IN_PROGRESS`, `SUCCEEDED`, `FAILED` or `TIMED_OUT`.
        pub status: Option<String>,
        pub expires_at: Option<Timestamp>,
        /// What happens then: `CONTINUE` or `ROLLBACK`.
        pub timeout_action: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Rollback.html>
    pub struct Rollback {
        pub reason: Option<String>,
        pub started_at: Option<Timestamp>,
        /// The revision it went back to.
        pub service_revision_arn: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentCircuitBreaker.html>
    pub struct CircuitBreakerWatch {
        /// `MONITORING`, `MONITORING_COMPLETE`, `TRIGGERED` or `DISABLED`.
        pub status: Option<String>,
        pub failure_count: Option<i64>,
        /// So many failures trigger it.
        pub threshold: Option<i64>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentAlarms.html>
    pub struct AlarmWatch {
        /// As of a circuit breaker.
        pub status: Option<String>,
        pub alarm_names: Vec<String>,
        pub triggered_alarm_names: Vec<String>,
    }
    /// What a deployment deploys: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevision.html>
    pub struct ServiceRevision {
        pub service_revision_arn: Option<String>,
        /// The ARN of a revision of a task definition.
        pub task_definition: Option<String>,
        pub container_images: Vec<RevisionImage>,
        pub created_at: Option<Timestamp>,
    }
}

impl History {
    /// The ARN of the task definition of a revision; `None` where AWS describes it no more.
    pub fn definition(&self, revision: &str) -> Option<&str> {
        let found = self.revisions.iter().find(|known| known.service_revision_arn.as_deref() == Some(revision));
        found.and_then(|revision| revision.task_definition.as_deref())
    }
}

impl ServiceDeployment {
    /// When it began.
    pub fn began(&self) -> Option<Timestamp> {
        self.started_at.or(self.created_at)
    }

    /// When it ended; `None` while it goes on, or where AWS does not say.
    pub fn ended(&self) -> Option<Timestamp> {
        self.finished_at.or(self.stopped_at)
    }

    /// Whether it goes on, as far as its status says.
    pub fn is_under_way(&self) -> bool {
        matches!(
            self.status.as_deref(),
            Some("PENDING" | "IN_PROGRESS" | "STOP_REQUESTED" | "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS")
        )
    }

    /// How its status looks. One that was stopped failed if something triggered that; a status that is not known is neither good nor bad.
    pub fn tone(&self) -> Tone {
        match self.status.as_deref() {
            Some("SUCCESSFUL") => Tone::Good,
            Some("PENDING" | "IN_PROGRESS" | "STOP_REQUESTED") => Tone::Busy,
            Some("ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS" | "ROLLBACK_SUCCESSFUL") => Tone::Warn,
            Some("ROLLBACK_FAILED") => Tone::Bad,
            Some("STOPPED") if self.was_triggered() => Tone::Bad,
            _ => Tone::Quiet,
        }
    }

    /// Whether the circuit breaker or an alarm ended it.
    fn was_triggered(&self) -> bool {
        let breaker = self.deployment_circuit_breaker.as_ref().and_then(|breaker| breaker.status.as_deref());
        let alarms = self.alarms.as_ref().and_then(|alarms| alarms.status.as_deref());
        breaker == Some("TRIGGERED") || alarms == Some("TRIGGERED")
    }

    /// The ARNs of all revisions it names.
    pub fn revisions(&self) -> impl Iterator<Item = &str> {
        let sources = self.source_service_revisions.iter().filter_map(|source| source.arn.as_deref());
        let target = self.target_service_revision.as_ref().and_then(|target| target.arn.as_deref());
        let back = self.rollback.as_ref().and_then(|rollback| rollback.service_revision_arn.as_deref());
        sources.chain(target).chain(back)
    }
}

impl CircuitBreakerWatch {
    /// Whether there is something to say of it.
    pub fn is_on(&self) -> bool {
        self.status.as_deref().is_some_and(|status| status != "DISABLED") || self.failure_count.is_some_and(|n| n > 0)
    }
}

impl AlarmWatch {
    /// All of them, each with whether it was triggered; those that AWS names only as triggered come last.
    pub fn names(&self) -> Vec<(&str, bool)> {
        let triggered = |name: &String| self.triggered_alarm_names.contains(name);
        let others = self.triggered_alarm_names.iter().filter(|name| !self.alarm_names.contains(name));
        let all = self.alarm_names.iter().map(|name| (name.as_str(), triggered(name)));
        all.chain(others.map(|name| (name.as_str(), true))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn deployment(value: Value) -> ServiceDeployment {
        serde_json::from_value(value).unwrap()
    }

    /// As AWS describes one that its circuit breaker rolled back, moments already RFC 3339.
    fn rolled_back() -> ServiceDeployment {
        deployment(json!({
            "serviceDeploymentArn": "arn:aws:ecs:eu-west-1:111122223333:service-deployment/shop/web/ejGvqq2ilnbKT9qj0vLJe",
            "serviceArn": "arn:aws:ecs:eu-west-1:111122223333:service/shop/web",
            "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/shop",
            "createdAt": "2026-11-20T10:00:00.000Z", "startedAt": "2026-11-20T10:00:01.000Z",
            "finishedAt": "2026-11-20T10:12:00.000Z", "updatedAt": "2026-11-20T10:12:00.000Z",
            "sourceServiceRevisions": [{
                "arn": "arn:aws:ecs:eu-west-1:111122223333:service-revision/shop/web/1",
                "requestedTaskCount": 3, "runningTaskCount": 3, "pendingTaskCount": 0
            }],
            "targetServiceRevision": {
                "arn": "arn:aws:ecs:eu-west-1:111122223333:service-revision/shop/web/2",
                "requestedTaskCount": 0, "runningTaskCount": 0, "pendingTaskCount": 0
            },
            "status": "ROLLBACK_SUCCESSFUL",
            "deploymentConfiguration": {
                "strategy": "ROLLING", "deploymentCircuitBreaker": {"enable": true, "rollback": true},
                "maximumPercent": 200, "minimumHealthyPercent": 100, "bakeTimeInMinutes": 0
            },
            "rollback": {
                "reason": "Service deployment rolled back because the circuit breaker threshold was exceeded.",
                "startedAt": "2026-11-20T10:09:00.000Z",
                "serviceRevisionArn": "arn:aws:ecs:eu-west-1:111122223333:service-revision/shop/web/1"
            },
            "deploymentCircuitBreaker": {"status": "TRIGGERED", "failureCount": 3, "threshold": 3},
            "alarms": {"status": "DISABLED", "alarmNames": [], "triggeredAlarmNames": []}
        }))
    }

    #[test]
    fn a_deployment_that_was_rolled_back_says_from_where_to_where_and_back() {
        let told = rolled_back();
        assert_eq!((told.tone(), told.is_under_way()), (Tone::Warn, false));
        assert_eq!(told.ended().unwrap().0.0 - told.began().unwrap().0.0, 719_000);
        let numbers: Vec<&str> = told.revisions().filter_map(|arn| arn.rsplit('/').next()).collect();
        assert_eq!(numbers, ["1", "2", "1"]);
        assert!(told.deployment_circuit_breaker.as_ref().is_some_and(CircuitBreakerWatch::is_on));
        let known = ServiceRevision {
            service_revision_arn: Some("arn:aws:ecs:eu-west-1:111122223333:service-revision/shop/web/1".into()),
            task_definition: Some("arn:aws:ecs:eu-west-1:111122223333:task-definition/web:4".into()),
            ..Default::default()
        };
        let history = History { deployments: vec![told], revisions: vec![known], total: 1 };
        let definitions: Vec<Option<&str>> =
            history.deployments[0].revisions().map(|arn| history.definition(arn)).collect();
        assert!(definitions[0].is_some_and(|arn| arn.ends_with("/web:4")) && definitions[1].is_none());
        // It travels to the page as it is.
        let answer = Deployments::Told(history);
        let sent = serde_json::to_value(&answer).unwrap();
        assert_eq!(serde_json::from_value::<Deployments>(sent).unwrap(), answer);
    }

    #[test]
    fn what_aws_leaves_out_and_words_it_may_say_tomorrow_are_no_trouble() {
        let empty = deployment(json!({}));
        assert_eq!((empty.tone(), empty.is_under_way(), empty.began()), (Tone::Quiet, false, None));
        let new = deployment(json!({"status": "HIBERNATING", "stoppedAt": "2026-11-20T10:12:00.000Z"}));
        assert_eq!((new.tone(), new.is_under_way(), new.ended()), (Tone::Quiet, false, new.stopped_at));
        let stopped = |breaker: &str| {
            deployment(json!({"status": "STOPPED", "deploymentCircuitBreaker": {"status": breaker}})).tone()
        };
        assert_eq!((stopped("TRIGGERED"), stopped("MONITORING_COMPLETE")), (Tone::Bad, Tone::Quiet));
        assert!(!CircuitBreakerWatch { status: Some("DISABLED".into()), ..Default::default() }.is_on());
        let alarms = AlarmWatch {
            alarm_names: vec!["5xx".into(), "latency".into()],
            triggered_alarm_names: vec!["latency".into(), "queue".into()],
            ..Default::default()
        };
        assert_eq!(alarms.names(), [("5xx", false), ("latency", true), ("queue", true)]);
    }
}

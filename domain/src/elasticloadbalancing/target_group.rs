//! A target group and how its targets are.

use super::network;
use crate::document::{document, target};
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Form, Link, Model, Relation, State, Tone};

document! { "PascalCase";
    /// As DescribeTargetGroups gives it:
    /// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html>
    pub struct TargetGroup {
        pub target_group_arn: Option<String>,
        pub target_group_name: String,
        pub protocol: Option<String>,
        pub protocol_version: Option<String>,
        pub port: Option<i32>,
        pub vpc_id: Option<String>,
        pub health_check_enabled: Option<bool>,
        pub health_check_protocol: Option<String>,
        pub health_check_port: Option<String>,
        pub health_check_path: Option<String>,
        pub health_check_interval_seconds: Option<i32>,
        pub health_check_timeout_seconds: Option<i32>,
        pub healthy_threshold_count: Option<i32>,
        pub unhealthy_threshold_count: Option<i32>,
        pub matcher: Option<Matcher>,
        pub load_balancer_arns: Vec<String>,
        /// `instance`, `ip`, `lambda` or `alb`.
        pub target_type: Option<String>,
        pub ip_address_type: Option<String>,
        /// DescribeTargetHealth's answer, sorted by target; absent while unknown.
        #[serde(rename = "gantry:health")]
        pub health: Option<Vec<TargetHealth>>,
    }
    /// Which answers are healthy.
    pub struct Matcher {
        pub http_code: Option<String>,
        pub grpc_code: Option<String>,
    }
    /// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealthDescription.html>
    pub struct TargetHealth {
        pub target: Target,
        pub target_health: Health,
    }
    /// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetDescription.html>
    pub struct Target {
        /// An instance id, an address, or the ARN of a function or load balancer.
        pub id: String,
        pub port: Option<i32>,
        pub availability_zone: Option<String>,
    }
    /// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html>
    pub struct Health {
        /// `healthy`, `unhealthy`, `initial`, `draining`, `unused`, `unavailable` …
        pub state: Option<String>,
        pub reason: Option<String>,
        pub description: Option<String>,
    }
}

impl TargetGroup {
    /// Fields that the list does not give.
    pub const FROM_HEALTH: &'static [&'static str] = &["gantry:health"];

    /// Number of targets in a state; `None` while unknown.
    pub fn count(&self, state: &str) -> Option<i64> {
        let health = self.health.as_ref()?;
        let count = health.iter().filter(|t| t.target_health.state.as_deref() == Some(state)).count();
        i64::try_from(count).ok()
    }

    fn trouble(&self) -> Option<String> {
        let first = self.health.iter().flatten().find(|t| t.target_health.state.as_deref() == Some("unhealthy"))?;
        let why =
            first.target_health.description.as_deref().or(first.target_health.reason.as_deref()).unwrap_or_default();
        Some(format!("{}: {why}", first.target.id))
    }
}

impl Model for TargetGroup {
    const KIND: Kind = Kind::TargetGroup;
    const COLUMNS: &'static [Column] = &[
        Column::text("type", "Targets").facet().word(),
        Column::text("protocol", "Protocol").facet(),
        Column::number("port", "Port").form(Form::Exact),
        Column::number("healthy", "Healthy"),
        Column::number("unhealthy", "Unhealthy"),
        Column::text("balancers", "Load balancers").facet(),
        Column::text("check", "Health check").hidden(),
        Column::text("vpc", "VPC").facet().hidden(),
    ];
    // Targets come and go with every deployment, which has a history of its own.
    const NOISE: &'static [&'static str] = Self::FROM_HEALTH;
    const KEPT: &'static [&'static str] = Self::FROM_HEALTH;
    const IDENTITY: &'static [&'static str] = &["TargetGroupArn"];
    fn id(&self) -> String {
        self.target_group_name.clone()
    }
    fn name(&self) -> String {
        self.target_group_name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.target_group_arn.clone()
    }
    fn state(&self) -> Option<State> {
        let (healthy, unhealthy) = (self.count("healthy")?, self.count("unhealthy")?);
        let state = match (healthy, unhealthy) {
            (0, 1..) => State::new("Unhealthy", Tone::Bad),
            (_, 1..) => State::new("Partly unhealthy", Tone::Warn),
            (1.., 0) => State::new("Healthy", Tone::Good),
            _ if self.count("initial")? > 0 => State::new("Starting", Tone::Busy),
            _ if self.health.as_ref().is_none_or(Vec::is_empty) => State::new("Empty", Tone::Quiet),
            // Lambda targets and groups without a listener are not checked.
            _ => State::new("Not checked", Tone::Quiet),
        };
        Some(state.because(self.trouble()))
    }
    fn cells(&self) -> Vec<Cell> {
        let names = self.load_balancer_arns.iter().filter_map(|arn| arn.rsplit('/').nth(1)).map(str::to_owned);
        let names: Vec<String> = names.collect();
        let check = match (&self.health_check_protocol, &self.health_check_path) {
            (Some(protocol), path) if self.health_check_enabled != Some(false) => {
                Cell::text(format!("{protocol} {}", path.as_deref().unwrap_or_default()).trim_end())
            }
            _ => Cell::None,
        };
        vec![
            Cell::opt(self.target_type.clone()),
            Cell::opt(self.protocol.clone()),
            Cell::number(self.port),
            Cell::number(self.count("healthy")),
            Cell::number(self.count("unhealthy")),
            if names.is_empty() { Cell::None } else { Cell::List(names) },
            check,
            Cell::opt(self.vpc_id.clone()),
        ]
    }
    fn links(&self, scope: &Scope) -> Vec<Link> {
        let balancers = self.load_balancer_arns.iter().map(|arn| Link::new(Relation::Serves, arn));
        let vpc = self.vpc_id.iter().filter_map(|id| network(scope, Kind::Vpc, id));
        let targets = self.health.iter().flatten().filter(|t| t.target.id.starts_with("arn:"));
        let triggers = targets.map(|t| Link::new(Relation::Triggers, target(&t.target.id)));
        balancers.chain(vpc).chain(triggers).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(states: &[&str]) -> TargetGroup {
        let health: Vec<_> = states
            .iter()
            .enumerate()
            .map(|(n, s)| {
                serde_json::json!({"Target": {"Id": format!("10.0.0.{n}"), "Port": 80}, "HealthCheckPort": "80",
                    "TargetHealth": {"State": s, "Reason": "Target.Timeout", "Description": "Request timed out"}})
            })
            .collect();
        serde_json::from_value(serde_json::json!({
            "TargetGroupName": "web", "Protocol": "HTTP", "Port": 80, "VpcId": "vpc-1", "TargetType": "ip",
            "HealthCheckProtocol": "HTTP", "HealthCheckPath": "/", "Matcher": {"HttpCode": "200"},
            "TargetGroupArn": "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/web/73e2",
            "LoadBalancerArns": ["arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/front/50dc"],
            "gantry:health": health
        }))
        .unwrap()
    }

    #[test]
    fn the_health_of_targets_is_the_state_of_the_group() {
        let tone = |states: &[&str]| group(states).state().unwrap().tone;
        assert_eq!(tone(&["healthy", "healthy", "draining"]), Tone::Good);
        assert_eq!(tone(&["healthy", "unhealthy"]), Tone::Warn);
        assert_eq!(tone(&["unhealthy", "initial"]), Tone::Bad);
        assert_eq!(tone(&["initial"]), Tone::Busy);
        assert_eq!(tone(&[]), Tone::Quiet);
        assert_eq!(tone(&["unavailable"]), Tone::Quiet);
        assert_eq!(group(&["unhealthy"]).state().unwrap().reason.as_deref(), Some("10.0.0.0: Request timed out"));
        assert_eq!(TargetGroup { health: None, ..group(&[]) }.state(), None);
    }

    #[test]
    fn a_group_leads_to_its_load_balancer_and_to_its_function() {
        let mut group = group(&["unavailable"]);
        group.health.as_mut().unwrap()[0].target.id = "arn:aws:lambda:us-west-2:123456789012:function:site:live".into();
        let scope = Scope::new("123456789012".parse().unwrap(), "us-west-2".parse().unwrap());
        let links = group.links(&scope);
        assert!(links.contains(&Link::new(Relation::Serves, &group.load_balancer_arns[0])));
        assert!(links.contains(&Link::new(Relation::Triggers, "arn:aws:lambda:us-west-2:123456789012:function:site")));
        assert_eq!(group.cells()[5], Cell::List(vec!["front".into()]));
        assert_eq!(group.cells().len(), TargetGroup::COLUMNS.len());
    }
}

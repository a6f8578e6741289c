//! Application, network and gateway load balancers.

use super::network;
use crate::document::document;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Link, Model, State, Tone};
use crate::time::{Millis, Timestamp};

document! { "PascalCase";
    /// As DescribeLoadBalancers gives it:
    /// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancer.html>
    pub struct LoadBalancer {
        pub load_balancer_arn: Option<String>,
        #[serde(rename = "DNSName")]
        pub dns_name: Option<String>,
        pub canonical_hosted_zone_id: Option<String>,
        pub created_time: Option<Timestamp>,
        pub load_balancer_name: String,
        /// `internet-facing` or `internal`.
        pub scheme: Option<String>,
        pub vpc_id: Option<String>,
        pub state: Option<Provisioning>,
        /// `application`, `network` or `gateway`.
        #[serde(rename = "Type")]
        pub balancer_type: Option<String>,
        pub availability_zones: Vec<Zone>,
        pub security_groups: Vec<String>,
        pub ip_address_type: Option<String>,
    }
    /// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerState.html>
    pub struct Provisioning {
        pub code: Option<String>,
        pub reason: Option<String>,
    }
    /// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AvailabilityZone.html>
    pub struct Zone {
        pub zone_name: Option<String>,
        pub subnet_id: Option<String>,
    }
}

impl Model for LoadBalancer {
    const KIND: Kind = Kind::LoadBalancer;
    const COLUMNS: &'static [Column] = &[
        Column::text("type", "Type").facet().word(),
        Column::text("scheme", "Scheme").facet().word(),
        Column::text("dns", "DNS name"),
        Column::text("zones", "Zones").facet(),
        Column::text("vpc", "VPC").facet().hidden(),
        Column::text("created", "Created").hidden(),
    ];
    fn id(&self) -> String {
        self.load_balancer_name.clone()
    }
    fn name(&self) -> String {
        self.load_balancer_name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.load_balancer_arn.clone()
    }
    fn state(&self) -> Option<State> {
        let state = self.state.as_ref()?;
        let word = state.code.as_deref()?;
        let tone = match word {
            "active" => Tone::Good,
            "provisioning" => Tone::Busy,
            "active_impaired" => Tone::Warn,
            "failed" => Tone::Bad,
            _ => Tone::Warn,
        };
        Some(State::new(word, tone).because(state.reason.clone()))
    }
    fn created(&self) -> Option<Millis> {
        self.created_time.map(|t| t.0)
    }
    fn cells(&self) -> Vec<Cell> {
        let mut zones: Vec<String> = self.availability_zones.iter().filter_map(|z| z.zone_name.clone()).collect();
        zones.sort();
        // One entry a subnet, and a zone may have several.
        zones.dedup();
        vec![
            Cell::opt(self.balancer_type.clone()),
            Cell::opt(self.scheme.clone()),
            self.dns_name.clone().map_or(Cell::None, Cell::Mono),
            if zones.is_empty() { Cell::None } else { Cell::List(zones) },
            Cell::opt(self.vpc_id.clone()),
            Cell::time(self.created()),
        ]
    }
    fn refs(&self, _scope: &Scope) -> Vec<String> {
        self.dns_name.iter().cloned().collect()
    }
    fn links(&self, scope: &Scope) -> Vec<Link> {
        let subnets = self.availability_zones.iter().filter_map(|z| z.subnet_id.as_ref());
        let subnets = subnets.filter_map(|id| network(scope, Kind::Subnet, id));
        let groups = self.security_groups.iter().filter_map(|id| network(scope, Kind::SecurityGroup, id));
        let vpc = self.vpc_id.iter().filter_map(|id| network(scope, Kind::Vpc, id));
        vpc.chain(subnets).chain(groups).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_balancer_is_read_from_awss_document() {
        let balancer: LoadBalancer = serde_json::from_value(serde_json::json!({
            "Type": "application", "Scheme": "internet-facing", "IpAddressType": "ipv4", "VpcId": "vpc-3ac0fb5f",
            "AvailabilityZones": [{"ZoneName": "us-west-2b", "SubnetId": "subnet-b"}, {"ZoneName": "us-west-2a", "SubnetId": "subnet-a"}],
            "CreatedTime": "2016-03-25T21:26:12.920Z", "CanonicalHostedZoneId": "Z2P70J7EXAMPLE",
            "DNSName": "my-load-balancer-424835706.us-west-2.elb.amazonaws.com", "SecurityGroups": ["sg-5943793c"],
            "LoadBalancerName": "my-load-balancer", "State": {"Code": "active_impaired", "Reason": "no room to scale"},
            "LoadBalancerArn": "arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/my-load-balancer/50dc6c495c0c9188"
        }))
        .unwrap();
        let scope = Scope::new("123456789012".parse().unwrap(), "us-west-2".parse().unwrap());
        assert_eq!(
            balancer.state().unwrap(),
            State::new("active_impaired", Tone::Warn).because(Some("no room to scale".into()))
        );
        assert_eq!(balancer.cells()[3], Cell::List(vec!["us-west-2a".into(), "us-west-2b".into()]));
        assert_eq!(balancer.links(&scope).len(), 4);
        assert_eq!(balancer.cells().len(), LoadBalancer::COLUMNS.len());
    }
}

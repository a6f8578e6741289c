//! VPCs and their subnets.

use std::collections::BTreeMap;

use super::{arn, in_vpc, name};
use crate::document::{Tag, document, tag_map};
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Link, Model, State, Tone};

document! { "PascalCase";
    /// As DescribeVpcs gives it: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Vpc.html>
    pub struct Vpc {
        pub vpc_id: String,
        pub owner_id: Option<String>,
        pub cidr_block: Option<String>,
        pub cidr_block_association_set: Vec<CidrAssociation>,
        pub ipv6_cidr_block_association_set: Vec<Ipv6CidrAssociation>,
        pub dhcp_options_id: Option<String>,
        pub instance_tenancy: Option<String>,
        pub is_default: Option<bool>,
        pub state: Option<String>,
        pub tags: Vec<Tag>,
    }
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcCidrBlockAssociation.html>
    pub struct CidrAssociation {
        pub association_id: Option<String>,
        pub cidr_block: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcIpv6CidrBlockAssociation.html>
    pub struct Ipv6CidrAssociation {
        pub association_id: Option<String>,
        pub ipv6_cidr_block: Option<String>,
    }
    /// As DescribeSubnets gives it: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html>
    pub struct Subnet {
        pub subnet_id: String,
        pub subnet_arn: Option<String>,
        pub vpc_id: Option<String>,
        pub owner_id: Option<String>,
        pub cidr_block: Option<String>,
        pub ipv6_cidr_block_association_set: Vec<Ipv6CidrAssociation>,
        pub availability_zone: Option<String>,
        pub availability_zone_id: Option<String>,
        pub available_ip_address_count: Option<i32>,
        pub map_public_ip_on_launch: Option<bool>,
        pub default_for_az: Option<bool>,
        pub state: Option<String>,
        pub tags: Vec<Tag>,
    }
}

/// Below so many free addresses tasks, functions and nodes soon fail to start.
const FEW_ADDRESSES: i32 = 8;

fn yes(value: Option<bool>) -> Cell {
    Cell::opt(value.map(|v| if v { "Yes" } else { "No" }))
}

fn state(word: Option<&String>) -> Option<State> {
    word.map(|w| {
        let tone = match w.as_str() {
            "available" => Tone::Good,
            "pending" => Tone::Busy,
            "failed" | "failed-insufficient-capacity" => Tone::Bad,
            _ => Tone::Quiet,
        };
        State::new(w, tone)
    })
}

impl Model for Vpc {
    const KIND: Kind = Kind::Vpc;
    const COLUMNS: &'static [Column] = &[
        Column::text("id", "Id"),
        Column::text("cidr", "CIDR"),
        Column::text("ipv6", "IPv6").hidden(),
        Column::text("default", "Default").facet(),
        Column::text("tenancy", "Tenancy").facet().word().hidden(),
    ];
    fn id(&self) -> String {
        self.vpc_id.clone()
    }
    fn name(&self) -> String {
        name(&self.tags, &self.vpc_id)
    }
    fn arn(&self) -> Option<String> {
        None
    }
    fn state(&self) -> Option<State> {
        state(self.state.as_ref())
    }
    fn tags(&self) -> BTreeMap<String, String> {
        tag_map(&self.tags)
    }
    fn cells(&self) -> Vec<Cell> {
        let more = self.cidr_block_association_set.iter().filter_map(|a| a.cidr_block.clone());
        let mut cidrs: Vec<String> = self.cidr_block.iter().cloned().chain(more).collect();
        cidrs.sort();
        cidrs.dedup();
        let ipv6: Vec<String> =
            self.ipv6_cidr_block_association_set.iter().filter_map(|a| a.ipv6_cidr_block.clone()).collect();
        vec![
            Cell::Mono(self.vpc_id.clone()),
            if cidrs.is_empty() { Cell::None } else { Cell::List(cidrs) },
            if ipv6.is_empty() { Cell::None } else { Cell::List(ipv6) },
            yes(self.is_default),
            Cell::opt(self.instance_tenancy.clone()),
        ]
    }
    fn refs(&self, scope: &Scope) -> Vec<String> {
        vec![self.vpc_id.clone(), arn(scope, "vpc", &self.vpc_id)]
    }
}

impl Model for Subnet {
    const KIND: Kind = Kind::Subnet;
    const COLUMNS: &'static [Column] = &[
        Column::text("id", "Id").hidden(),
        Column::text("vpc", "VPC").facet(),
        Column::text("zone", "Zone").facet(),
        Column::text("cidr", "CIDR"),
        Column::number("free", "Free addresses"),
        Column::text("public", "Public IPs").facet(),
    ];
    const NOISE: &'static [&'static str] = &["AvailableIpAddressCount"];
    fn id(&self) -> String {
        self.subnet_id.clone()
    }
    fn name(&self) -> String {
        name(&self.tags, &self.subnet_id)
    }
    fn arn(&self) -> Option<String> {
        self.subnet_arn.clone()
    }
    fn parent(&self) -> Option<(Kind, String)> {
        self.vpc_id.clone().map(|id| (Kind::Vpc, id))
    }
    fn state(&self) -> Option<State> {
        match self.available_ip_address_count {
            Some(free) if free < FEW_ADDRESSES => Some(
                State::new(self.state.clone().unwrap_or_else(|| "available".into()), Tone::Warn)
                    .because(Some(format!("Only {free} free addresses are left."))),
            ),
            _ => state(self.state.as_ref()),
        }
    }
    fn tags(&self) -> BTreeMap<String, String> {
        tag_map(&self.tags)
    }
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Mono(self.subnet_id.clone()),
            Cell::opt(self.vpc_id.clone()),
            Cell::opt(self.availability_zone.clone()),
            Cell::opt(self.cidr_block.clone()),
            Cell::number(self.available_ip_address_count),
            yes(self.map_public_ip_on_launch),
        ]
    }
    fn refs(&self, scope: &Scope) -> Vec<String> {
        vec![self.subnet_id.clone(), arn(scope, "subnet", &self.subnet_id)]
    }
    fn links(&self, scope: &Scope) -> Vec<Link> {
        in_vpc(scope, self.vpc_id.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;

    fn scope() -> Scope {
        Scope::new("111122223333".parse().unwrap(), "us-east-2".parse().unwrap())
    }

    #[test]
    fn networks_are_found_by_id_and_by_arn_and_named_by_their_tag() {
        let vpc = serde_json::json!({
            "CidrBlock": "10.0.0.0/16", "VpcId": "vpc-0f501f7ee8EXAMPLE", "State": "available", "IsDefault": false,
            "CidrBlockAssociationSet": [{"AssociationId": "vpc-cidr-assoc-1", "CidrBlock": "10.0.0.0/16",
                "CidrBlockState": {"State": "associated"}}],
            "Tags": [{"Key": "Name", "Value": "production"}]
        });
        let vpc = describe(Kind::Vpc, &scope(), &vpc).unwrap();
        assert_eq!(vpc.name, "production");
        assert!(vpc.refs.contains(&"arn:aws:ec2:us-east-2:111122223333:vpc/vpc-0f501f7ee8EXAMPLE".to_owned()));
        assert!(vpc.refs.contains(&"vpc-0f501f7ee8EXAMPLE".to_owned()));
        assert_eq!((vpc.cells.len(), &vpc.cells[1]), (Vpc::COLUMNS.len(), &Cell::List(vec!["10.0.0.0/16".into()])));
    }

    #[test]
    fn a_subnet_without_addresses_is_a_warning() {
        let subnet = |free: i32| {
            let doc = serde_json::json!({"SubnetId": "subnet-1", "VpcId": "vpc-1", "State": "available",
                "AvailableIpAddressCount": free, "Tags": [{"Key": "Name", "Value": " "}]});
            describe(Kind::Subnet, &scope(), &doc).unwrap()
        };
        assert_eq!(subnet(3).state.unwrap().tone, Tone::Warn);
        assert_eq!(subnet(251).state.unwrap().tone, Tone::Good);
        assert_eq!(subnet(251).name, "subnet-1");
        assert_eq!(subnet(251).parent.unwrap().to_string(), "ec2.vpc/111122223333/us-east-2/vpc-1");
    }
}

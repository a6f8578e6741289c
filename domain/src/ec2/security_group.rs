//! Security groups: who may connect to what lives in them.

use std::collections::BTreeMap;

use super::{arn, in_vpc};
use crate::document::{Tag, document, tag_map};
use crate::identity::{ResourceKey, Scope};
use crate::kind::Kind;
use crate::resource::{Cell, Column, Form, Link, Model, Relation, State, Tone};

document! { "PascalCase";
    /// As DescribeSecurityGroups gives it: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroup.html>
    pub struct SecurityGroup {
        pub group_id: String,
        pub group_name: Option<String>,
        pub security_group_arn: Option<String>,
        pub description: Option<String>,
        pub vpc_id: Option<String>,
        pub owner_id: Option<String>,
        pub ip_permissions: Vec<Permission>,
        pub ip_permissions_egress: Vec<Permission>,
        pub tags: Vec<Tag>,
    }
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html>
    pub struct Permission {
        /// `tcp`, `udp`, `icmp`, a protocol number, or `-1` for all.
        pub ip_protocol: Option<String>,
        pub from_port: Option<i32>,
        pub to_port: Option<i32>,
        pub ip_ranges: Vec<IpRange>,
        pub ipv6_ranges: Vec<Ipv6Range>,
        pub prefix_list_ids: Vec<PrefixList>,
        pub user_id_group_pairs: Vec<GroupPair>,
    }
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html>
    pub struct IpRange {
        pub cidr_ip: Option<String>,
        pub description: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Ipv6Range.html>
    pub struct Ipv6Range {
        pub cidr_ipv6: Option<String>,
        pub description: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_PrefixListId.html>
    pub struct PrefixList {
        pub prefix_list_id: Option<String>,
        pub description: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UserIdGroupPair.html>
    pub struct GroupPair {
        pub group_id: Option<String>,
        pub user_id: Option<String>,
        pub description: Option<String>,
    }
}

impl Permission {
    /// The ports in words: `tcp 443`, `udp 6000–6100`, "everything".
    pub fn ports(&self) -> String {
        let protocol = self.ip_protocol.as_deref().unwrap_or("-1");
        match (protocol, self.from_port, self.to_port) {
            ("-1", _, _) => "everything".to_owned(),
            (p, Some(from), Some(to)) if from == to => format!("{p} {from}"),
            (p, Some(from), Some(to)) if from >= 0 && to >= 0 => format!("{p} {from}–{to}"),
            (p, _, _) => p.to_owned(),
        }
    }

    /// Whether any address on the internet is meant.
    pub fn open(&self) -> bool {
        self.ip_ranges.iter().any(|r| r.cidr_ip.as_deref() == Some("0.0.0.0/0"))
            || self.ipv6_ranges.iter().any(|r| r.cidr_ipv6.as_deref() == Some("::/0"))
    }

    fn rules(&self) -> usize {
        self.ip_ranges.len() + self.ipv6_ranges.len() + self.prefix_list_ids.len() + self.user_id_group_pairs.len()
    }
}

fn count(permissions: &[Permission]) -> Cell {
    Cell::Number(i64::try_from(permissions.iter().map(Permission::rules).sum::<usize>()).unwrap_or(i64::MAX))
}

impl Model for SecurityGroup {
    const KIND: Kind = Kind::SecurityGroup;
    const COLUMNS: &'static [Column] = &[
        Column::text("id", "Id"),
        Column::text("vpc", "VPC").facet(),
        Column::text("open", "Open to the internet"),
        Column::number("inbound", "Inbound rules"),
        Column::number("outbound", "Outbound rules"),
        Column::text("description", "Description").form(Form::Sentence).hidden(),
    ];
    fn id(&self) -> String {
        self.group_id.clone()
    }
    fn name(&self) -> String {
        self.group_name.clone().unwrap_or_else(|| self.group_id.clone())
    }
    fn arn(&self) -> Option<String> {
        self.security_group_arn.clone()
    }
    fn parent(&self) -> Option<(Kind, String)> {
        self.vpc_id.clone().map(|id| (Kind::Vpc, id))
    }
    fn tags(&self) -> BTreeMap<String, String> {
        tag_map(&self.tags)
    }
    fn cells(&self) -> Vec<Cell> {
        let open: Vec<String> = self.ip_permissions.iter().filter(|p| p.open()).map(Permission::ports).collect();
        vec![
            Cell::Mono(self.group_id.clone()),
            Cell::opt(self.vpc_id.clone()),
            // Web ports are meant to be open; the rest deserves a look.
            match open.iter().any(|p| !matches!(p.as_str(), "tcp 80" | "tcp 443")) {
                _ if open.is_empty() => Cell::None,
                true => Cell::Mark(State::new(open.join(", "), Tone::Warn)),
                false => Cell::Text(open.join(", ")),
            },
            count(&self.ip_permissions),
            count(&self.ip_permissions_egress),
            Cell::opt(self.description.clone()),
        ]
    }
    fn refs(&self, scope: &Scope) -> Vec<String> {
        vec![self.group_id.clone(), arn(scope, "security-group", &self.group_id)]
    }
    fn links(&self, scope: &Scope) -> Vec<Link> {
        let sources =
            self.ip_permissions.iter().flat_map(|p| &p.user_id_group_pairs).filter_map(|p| p.group_id.as_ref());
        let sources = sources.filter(|id| **id != self.group_id);
        let keys = sources.filter_map(|id| ResourceKey::new(Kind::SecurityGroup, scope.clone(), id).ok());
        let uses = keys.map(|key| Link::new(Relation::Uses, key.to_string()));
        uses.chain(in_vpc(scope, self.vpc_id.as_ref())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;

    #[test]
    fn what_is_open_to_the_internet_is_said_in_words() {
        let doc = serde_json::json!({
            "GroupId": "sg-903004f8EXAMPLE", "GroupName": "MySecurityGroup", "VpcId": "vpc-1a2b3c4d",
            "Description": "My security group", "OwnerId": "123456789012",
            "IpPermissions": [
                {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "SSH"}]},
                {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432,
                 "UserIdGroupPairs": [{"GroupId": "sg-app", "UserId": "123456789012"}, {"GroupId": "sg-903004f8EXAMPLE"}]},
                {"IpProtocol": "udp", "FromPort": 1, "ToPort": 9, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
            ],
            "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        });
        let scope = Scope::new("123456789012".parse().unwrap(), "us-west-2".parse().unwrap());
        let seen = describe(Kind::SecurityGroup, &scope, &doc).unwrap();
        assert_eq!(seen.cells[2], Cell::Mark(State::new("tcp 22, udp 1–9", Tone::Warn)));
        assert_eq!(seen.cells[3..5], [Cell::Number(4), Cell::Number(1)]);
        let uses: Vec<_> =
            seen.links.iter().filter(|l| l.relation == Relation::Uses).map(|l| l.target.as_str()).collect();
        assert_eq!(uses, ["ec2.security-group/123456789012/us-west-2/sg-app"]);
        assert_eq!(seen.cells.len(), SecurityGroup::COLUMNS.len());
    }
}

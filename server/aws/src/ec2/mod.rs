//! Networks: VPCs, subnets, security groups.

use aws_sdk_ec2::types;
use domain::document::Tag;
use domain::ec2::network::{CidrAssociation, Ipv6CidrAssociation, Subnet, Vpc};
use domain::ec2::security_group::{GroupPair, IpRange, Ipv6Range, Permission, PrefixList, SecurityGroup};
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};

use crate::gather::word;
use crate::{Bucket, Caller, Feed, Pages, absent};

/// A collector and a fetcher of something that one paged call describes.
macro_rules! described {
    ($kind:expr, $operation:literal, $collect:ident, $fetch:ident, $call:ident, $ids:ident, $field:ident, $document:ident) => {
        pub(crate) async fn $collect(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
            let mut pages = Pages::new($operation);
            while let Some(token) = pages.next() {
                let request = caller.clients().ec2().$call().max_results(1000).set_next_token(token);
                let page = caller.call(Bucket::Ec2, $operation, None, request.send()).await?;
                let listed = page.$field.into_iter().flatten();
                let batch: Result<Vec<Observed>, Problem> = listed.map(|x| caller.observed(&$document(x))).collect();
                feed.seen(batch?).await?;
                pages.then(page.next_token)?;
            }
            feed.complete($kind, None).await
        }
        pub(crate) async fn $fetch(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
            let request = caller.clients().ec2().$call().$ids(&key.id);
            let answer = absent(caller.call(Bucket::Ec2, $operation, Some(&key.id), request.send()).await)?;
            let found = answer.and_then(|a| a.$field).and_then(|f| f.into_iter().next());
            found.map(|x| caller.observed(&$document(x))).transpose()
        }
    };
}

described!(Kind::Vpc, "ec2:DescribeVpcs", collect_vpcs, fetch_vpc, describe_vpcs, vpc_ids, vpcs, vpc);
described!(
    Kind::Subnet,
    "ec2:DescribeSubnets",
    collect_subnets,
    fetch_subnet,
    describe_subnets,
    subnet_ids,
    subnets,
    subnet
);
described!(
    Kind::SecurityGroup,
    "ec2:DescribeSecurityGroups",
    collect_security_groups,
    fetch_security_group,
    describe_security_groups,
    group_ids,
    security_groups,
    security_group
);

fn tags(tags: Option<Vec<types::Tag>>) -> Vec<Tag> {
    let tag = |t: types::Tag| Tag { key: t.key.unwrap_or_default(), value: t.value.unwrap_or_default() };
    let mut tags: Vec<Tag> = tags.into_iter().flatten().map(tag).collect();
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    tags
}

fn vpc(v: types::Vpc) -> Vpc {
    let ipv4 = v.cidr_block_association_set.into_iter().flatten();
    let ipv6 = v.ipv6_cidr_block_association_set.into_iter().flatten();
    Vpc {
        vpc_id: v.vpc_id.unwrap_or_default(),
        owner_id: v.owner_id,
        cidr_block: v.cidr_block,
        cidr_block_association_set: ipv4
            .map(|a| CidrAssociation { association_id: a.association_id, cidr_block: a.cidr_block })
            .collect(),
        ipv6_cidr_block_association_set: ipv6
            .map(|a| Ipv6CidrAssociation { association_id: a.association_id, ipv6_cidr_block: a.ipv6_cidr_block })
            .collect(),
        dhcp_options_id: v.dhcp_options_id,
        instance_tenancy: word(v.instance_tenancy),
        is_default: v.is_default,
        state: word(v.state),
        tags: tags(v.tags),
    }
}

fn subnet(s: types::Subnet) -> Subnet {
    let ipv6 = s.ipv6_cidr_block_association_set.into_iter().flatten();
    Subnet {
        subnet_id: s.subnet_id.unwrap_or_default(),
        subnet_arn: s.subnet_arn,
        vpc_id: s.vpc_id,
        owner_id: s.owner_id,
        cidr_block: s.cidr_block,
        ipv6_cidr_block_association_set: ipv6
            .map(|a| Ipv6CidrAssociation { association_id: a.association_id, ipv6_cidr_block: a.ipv6_cidr_block })
            .collect(),
        availability_zone: s.availability_zone,
        availability_zone_id: s.availability_zone_id,
        available_ip_address_count: s.available_ip_address_count,
        map_public_ip_on_launch: s.map_public_ip_on_launch,
        default_for_az: s.default_for_az,
        state: word(s.state),
        tags: tags(s.tags),
    }
}

fn security_group(g: types::SecurityGroup) -> SecurityGroup {
    SecurityGroup {
        group_id: g.group_id.unwrap_or_default(),
        group_name: g.group_name,
        security_group_arn: g.security_group_arn,
        description: g.description,
        vpc_id: g.vpc_id,
        owner_id: g.owner_id,
        ip_permissions: permissions(g.ip_permissions),
        ip_permissions_egress: permissions(g.ip_permissions_egress),
        tags: tags(g.tags),
    }
}

/// Sorted: AWS gives no order, and a different order is no change.
fn permissions(permissions: Option<Vec<types::IpPermission>>) -> Vec<Permission> {
    let mut permissions: Vec<Permission> = permissions.into_iter().flatten().map(permission).collect();
    permissions.sort_by(|a, b| (&a.ip_protocol, a.from_port, a.to_port).cmp(&(&b.ip_protocol, b.from_port, b.to_port)));
    permissions
}

fn permission(p: types::IpPermission) -> Permission {
    let mut ip_ranges: Vec<IpRange> =
        p.ip_ranges.into_iter().flatten().map(|r| IpRange { cidr_ip: r.cidr_ip, description: r.description }).collect();
    ip_ranges.sort_by(|a, b| a.cidr_ip.cmp(&b.cidr_ip));
    let mut ipv6_ranges: Vec<Ipv6Range> = p
        .ipv6_ranges
        .into_iter()
        .flatten()
        .map(|r| Ipv6Range { cidr_ipv6: r.cidr_ipv6, description: r.description })
        .collect();
    ipv6_ranges.sort_by(|a, b| a.cidr_ipv6.cmp(&b.cidr_ipv6));
    let mut prefix_list_ids: Vec<PrefixList> = p
        .prefix_list_ids
        .into_iter()
        .flatten()
        .map(|l| PrefixList { prefix_list_id: l.prefix_list_id, description: l.description })
        .collect();
    prefix_list_ids.sort_by(|a, b| a.prefix_list_id.cmp(&b.prefix_list_id));
    let mut user_id_group_pairs: Vec<GroupPair> = p
        .user_id_group_pairs
        .into_iter()
        .flatten()
        .map(|g| GroupPair { group_id: g.group_id, user_id: g.user_id, description: g.description })
        .collect();
    user_id_group_pairs.sort_by(|a, b| a.group_id.cmp(&b.group_id));
    Permission {
        ip_protocol: p.ip_protocol,
        from_port: p.from_port,
        to_port: p.to_port,
        ip_ranges,
        ipv6_ranges,
        prefix_list_ids,
        user_id_group_pairs,
    }
}

//! Load balancers and target groups with the health of their targets.

use aws_sdk_elasticloadbalancingv2::types;
use domain::elasticloadbalancing::balancer::{LoadBalancer, Provisioning, Zone};
use domain::elasticloadbalancing::target_group::{Health, Matcher, Target, TargetGroup, TargetHealth};
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};

use crate::gather::{Trouble, each, when, word};
use crate::{Bucket, Caller, Feed, Pages, absent};

const BALANCERS: &str = "elasticloadbalancing:DescribeLoadBalancers";
const GROUPS: &str = "elasticloadbalancing:DescribeTargetGroups";

/// Reads all load balancers.
pub(crate) async fn collect_load_balancers(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut pages = Pages::new(BALANCERS);
    while let Some(marker) = pages.next() {
        let request = caller.clients().elasticloadbalancingv2().describe_load_balancers();
        let request = request.page_size(400).set_marker(marker);
        let page = caller.call(Bucket::ElasticLoadBalancing, BALANCERS, None, request.send()).await?;
        let listed = page.load_balancers.into_iter().flatten();
        let batch: Result<Vec<Observed>, Problem> = listed.map(|b| caller.observed(&balancer(b))).collect();
        feed.seen(batch?).await?;
        pages.then(page.next_marker)?;
    }
    feed.complete(Kind::LoadBalancer, None).await
}

/// One load balancer.
pub(crate) async fn fetch_load_balancer(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let request = caller.clients().elasticloadbalancingv2().describe_load_balancers().names(&key.id);
    let answer = caller.call(Bucket::ElasticLoadBalancing, BALANCERS, Some(&key.id), request.send()).await;
    let found = absent(answer)?.and_then(|a| a.load_balancers).and_then(|b| b.into_iter().next());
    found.map(|b| caller.observed(&balancer(b))).transpose()
}

/// Reads all target groups. One whose targets cannot be read is delivered without them.
pub(crate) async fn collect_target_groups(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut trouble = Trouble::default();
    let mut pages = Pages::new(GROUPS);
    while let Some(marker) = pages.next() {
        let request = caller.clients().elasticloadbalancingv2().describe_target_groups();
        let request = request.page_size(400).set_marker(marker);
        let page = caller.call(Bucket::ElasticLoadBalancing, GROUPS, None, request.send()).await?;
        let listed = page.target_groups.into_iter().flatten().map(group).collect();
        let mut batch = vec![];
        for (group, health) in each(listed, |group| healthy(caller, group)).await {
            if trouble.past(absent(health))? != Some(None) {
                batch.push(caller.observed(&group)?);
            }
        }
        feed.seen(batch).await?;
        pages.then(page.next_marker)?;
    }
    feed.complete(Kind::TargetGroup, None).await?;
    trouble.end()
}

/// One target group.
pub(crate) async fn fetch_target_group(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let request = caller.clients().elasticloadbalancingv2().describe_target_groups().names(&key.id);
    let answer = caller.call(Bucket::ElasticLoadBalancing, GROUPS, Some(&key.id), request.send()).await;
    let found = absent(answer)?.and_then(|a| a.target_groups).and_then(|g| g.into_iter().next());
    let Some(found) = found else { return Ok(None) };
    let (group, health) = healthy(caller, group(found)).await;
    match absent(health)? {
        Some(()) => caller.observed(&group).map(Some),
        None => Ok(None),
    }
}

/// Adds how its targets are.
async fn healthy(caller: &Caller, mut group: TargetGroup) -> (TargetGroup, Result<(), Problem>) {
    const OPERATION: &str = "elasticloadbalancing:DescribeTargetHealth";
    let request = caller.clients().elasticloadbalancingv2().describe_target_health();
    let request = request.set_target_group_arn(group.target_group_arn.clone());
    let arn = group.target_group_arn.clone();
    match caller.call(Bucket::ElasticLoadBalancing, OPERATION, arn.as_deref(), request.send()).await {
        Ok(answer) => {
            let mut health: Vec<TargetHealth> =
                answer.target_health_descriptions.into_iter().flatten().map(target).collect();
            health.sort_by(|a, b| (&a.target.id, a.target.port).cmp(&(&b.target.id, b.target.port)));
            group.health = Some(health);
            (group, Ok(()))
        }
        Err(problem) => (group, Err(problem)),
    }
}

fn balancer(b: types::LoadBalancer) -> LoadBalancer {
    let zones = b.availability_zones.into_iter().flatten();
    let mut zones: Vec<Zone> = zones.map(|z| Zone { zone_name: z.zone_name, subnet_id: z.subnet_id }).collect();
    zones.sort_by(|a, b| (&a.zone_name, &a.subnet_id).cmp(&(&b.zone_name, &b.subnet_id)));
    let mut groups = b.security_groups.unwrap_or_default();
    groups.sort();
    LoadBalancer {
        load_balancer_arn: b.load_balancer_arn,
        dns_name: b.dns_name,
        canonical_hosted_zone_id: b.canonical_hosted_zone_id,
        created_time: when(b.created_time),
        load_balancer_name: b.load_balancer_name.unwrap_or_default(),
        scheme: word(b.scheme),
        vpc_id: b.vpc_id,
        state: b.state.map(|s| Provisioning { code: word(s.code), reason: s.reason }),
        balancer_type: word(b.r#type),
        availability_zones: zones,
        security_groups: groups,
        ip_address_type: word(b.ip_address_type),
    }
}

fn group(g: types::TargetGroup) -> TargetGroup {
    TargetGroup {
        target_group_arn: g.target_group_arn,
        target_group_name: g.target_group_name.unwrap_or_default(),
        protocol: word(g.protocol),
        protocol_version: g.protocol_version,
        port: g.port,
        vpc_id: g.vpc_id,
        health_check_enabled: g.health_check_enabled,
        health_check_protocol: word(g.health_check_protocol),
        health_check_port: g.health_check_port,
        health_check_path: g.health_check_path,
        health_check_interval_seconds: g.health_check_interval_seconds,
        health_check_timeout_seconds: g.health_check_timeout_seconds,
        healthy_threshold_count: g.healthy_threshold_count,
        unhealthy_threshold_count: g.unhealthy_threshold_count,
        matcher: g.matcher.map(|m| Matcher { http_code: m.http_code, grpc_code: m.grpc_code }),
        load_balancer_arns: g.load_balancer_arns.unwrap_or_default(),
        target_type: word(g.target_type),
        ip_address_type: word(g.ip_address_type),
        health: None,
    }
}

fn target(t: types::TargetHealthDescription) -> TargetHealth {
    let (target, health) = (t.target, t.target_health);
    TargetHealth {
        target: target.map_or_else(Target::default, |t| Target {
            id: t.id.unwrap_or_default(),
            port: t.port,
            availability_zone: t.availability_zone,
        }),
        target_health: health.map_or_else(Health::default, |h| Health {
            state: word(h.state),
            reason: word(h.reason),
            description: h.description,
        }),
    }
}

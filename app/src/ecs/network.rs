//! How a service is set up: capacity, deployment rules, network, load balancers.

use domain::Kind;
use domain::ecs::Service;
use domain::ecs::service::DeploymentConfiguration;
use domain::listing::Detail;
use domain::wording::capacity;
use leptos::prelude::*;

use crate::sections::{age, card, connected, nothing, on_off, pair_card, several, stack, table_card, text, word};
use crate::ui::format;

/// The tab.
pub fn service(service: Service, detail: Detail) -> AnyView {
    stack(vec![
        general(&service, &detail),
        deployment(service.deployment_configuration.clone().unwrap_or_default()),
        network(&service, &detail),
        balancers(&service, &detail),
    ])
}

fn general(service: &Service, detail: &Detail) -> AnyView {
    let strategy = service.capacity_provider_strategy.iter().map(|item| {
        let weight = item.weight.map(|w| format!(", weight {w}")).unwrap_or_default();
        let base = item.base.filter(|b| *b > 0).map(|b| format!(", base {b}")).unwrap_or_default();
        text(Some(format!("{}{weight}{base}", capacity(&item.capacity_provider))))
    });
    pair_card(
        "General",
        vec![
            ("Cluster", connected(detail, None, service.cluster_arn.as_deref())),
            ("Task definition", connected(detail, None, service.definition())),
            ("Launch type", word(service.launch_type.clone())),
            ("Capacity providers", several(strategy.collect())),
            ("Platform version", text(service.platform_version.clone())),
            ("Scheduling", word(service.scheduling_strategy.clone())),
            (
                "Controller",
                word(service.deployment_controller.as_ref().and_then(|c| c.r#type.clone()).or(Some("ECS".into()))),
            ),
            ("ECS Exec", on_off(service.enable_execute_command)),
            ("Health check grace period", text(service.health_check_grace_period_seconds.map(format::duration))),
            ("Tags copied from", word(service.propagate_tags.clone())),
            ("Role", connected(detail, None, service.role_arn.as_deref())),
            ("Created", age(service.created_at.map(|t| t.0), detail.now)),
            ("Created by", connected(detail, None, service.created_by.as_deref())),
        ],
    )
}

fn deployment(rules: DeploymentConfiguration) -> AnyView {
    let breaker = rules.deployment_circuit_breaker.unwrap_or_default();
    let percent = |n: Option<i64>| text(n.map(|n| format!("{n} %")));
    pair_card(
        "Deployments",
        vec![
            ("Strategy", word(rules.strategy)),
            ("At least healthy", percent(rules.minimum_healthy_percent)),
            ("At most running", percent(rules.maximum_percent)),
            ("Circuit breaker", on_off(breaker.enable)),
            ("Rolls back by itself", on_off(breaker.rollback)),
        ],
    )
}

fn network(service: &Service, detail: &Detail) -> AnyView {
    let Some(vpc) = service.network().and_then(|n| n.awsvpc_configuration.as_ref()) else {
        return card("Network", nothing("Its tasks use the network of their instances (bridge, host or none)."));
    };
    let all =
        |kind: Kind, ids: &[String]| several(ids.iter().map(|id| connected(detail, Some(kind), Some(id))).collect());
    pair_card(
        "Network",
        vec![
            ("Subnets", all(Kind::Subnet, &vpc.subnets)),
            ("Security groups", all(Kind::SecurityGroup, &vpc.security_groups)),
            ("Public IP", word(vpc.assign_public_ip.clone())),
        ],
    )
}

fn balancers(service: &Service, detail: &Detail) -> AnyView {
    let rows = service.balancers().into_iter().map(|b| {
        let target = b.target_group_arn.as_deref().map(|t| connected(detail, None, Some(t)));
        vec![
            target.unwrap_or_else(|| text(b.load_balancer_name.clone())),
            text(b.container_name.clone()),
            text(b.container_port.map(|p| p.to_string())),
        ]
    });
    let heads = [("Target group", false), ("Container", false), ("Port", true)];
    table_card("Load balancers", &heads, rows.collect(), "Behind no load balancer.")
}

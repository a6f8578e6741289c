//! How a service is set up: capacity, deployment rules, network, load balancers.

use domain::ecs::Service;
use domain::ecs::service::DeploymentConfiguration;
use domain::listing::Detail;
use domain::{Kind, ResourceKey};
use leptos::prelude::*;

use crate::paths;
use crate::sections::{age, arn, card, nothing, on_off, pair_card, several, stack, table_card, text};

/// The tab.
pub fn service(service: Service, detail: Detail) -> AnyView {
    stack(vec![
        general(&service, &detail),
        deployment(service.deployment_configuration.clone().unwrap_or_default()),
        network(&service, &detail),
        balancers(&service),
    ])
}

fn general(service: &Service, detail: &Detail) -> AnyView {
    let strategy = service.capacity_provider_strategy.iter().map(|item| {
        let weight = item.weight.map(|w| format!(", weight {w}")).unwrap_or_default();
        let base = item.base.filter(|b| *b > 0).map(|b| format!(", base {b}")).unwrap_or_default();
        text(Some(format!("{}{weight}{base}", item.capacity_provider)))
    });
    pair_card(
        "General",
        vec![
            ("Cluster", arn(service.cluster_arn.as_deref())),
            ("Task definition", arn(service.task_definition.as_deref())),
            ("Launch type", text(service.launch_type.clone())),
            ("Capacity providers", several(strategy.collect())),
            ("Platform version", text(service.platform_version.clone())),
            ("Scheduling", text(service.scheduling_strategy.clone())),
            (
                "Controller",
                text(service.deployment_controller.as_ref().and_then(|c| c.r#type.clone()).or(Some("ECS".into()))),
            ),
            ("ECS Exec", on_off(service.enable_execute_command)),
            ("Health check grace period", text(service.health_check_grace_period_seconds.map(|s| format!("{s} s")))),
            ("Tags copied from", text(service.propagate_tags.clone())),
            ("Role", arn(service.role_arn.as_deref())),
            ("Created", age(service.created_at.map(|t| t.0), detail.now)),
            ("Created by", arn(service.created_by.as_deref())),
        ],
    )
}

fn deployment(rules: DeploymentConfiguration) -> AnyView {
    let breaker = rules.deployment_circuit_breaker.unwrap_or_default();
    let percent = |n: Option<i64>| text(n.map(|n| format!("{n} %")));
    pair_card(
        "Deployments",
        vec![
            ("Strategy", text(rules.strategy)),
            ("At least healthy", percent(rules.minimum_healthy_percent)),
            ("At most running", percent(rules.maximum_percent)),
            ("Circuit breaker", on_off(breaker.enable)),
            ("Rolls back by itself", on_off(breaker.rollback)),
        ],
    )
}

fn network(service: &Service, detail: &Detail) -> AnyView {
    let Some(vpc) = service.network_configuration.as_ref().and_then(|n| n.awsvpc_configuration.as_ref()) else {
        return card("Network", nothing("Its tasks use the network of their instances (bridge, host or none)."));
    };
    let link = |kind: Kind, id: &String| match ResourceKey::new(kind, detail.row.key.scope.clone(), id) {
        Ok(key) => view! { <a class="ref" href=paths::detail(&key)>{id.clone()}</a> }.into_any(),
        Err(_) => text(Some(id.clone())),
    };
    pair_card(
        "Network",
        vec![
            ("Subnets", several(vpc.subnets.iter().map(|id| link(Kind::Subnet, id)).collect())),
            ("Security groups", several(vpc.security_groups.iter().map(|id| link(Kind::SecurityGroup, id)).collect())),
            ("Public IP", text(vpc.assign_public_ip.clone())),
        ],
    )
}

fn balancers(service: &Service) -> AnyView {
    let rows = service.load_balancers.iter().map(|b| {
        let target = b.target_group_arn.as_deref().map(|t| {
            // arn:…:targetgroup/NAME/ID
            let name = t.rsplit('/').nth(1).unwrap_or(t);
            crate::sections::reference(t, name)
        });
        vec![
            target.unwrap_or_else(|| text(b.load_balancer_name.clone())),
            text(b.container_name.clone()),
            text(b.container_port.map(|p| p.to_string())),
        ]
    });
    let heads = [("Target group", false), ("Container", false), ("Port", true)];
    table_card("Load balancers", &heads, rows.collect(), "Behind no load balancer.")
}

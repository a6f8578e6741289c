//! What the first page says of deployments, and the bar of lists and runs.

use domain::listing::Freshness;
use domain::plan::listing::OpenRuns;
use domain::resource::Observed;
use gantry_store::collections::Collection;
use serde_json::{Value, json};

use super::*;
use crate::inventory::tests::{scopes, table};

fn service(scope: usize, name: &str, more: Value) -> Observed {
    let place = &scopes()[scope];
    let arn = |rest: &str| format!("arn:aws:ecs:{}:{}:{rest}", place.region, place.account);
    let mut doc = json!({
        "serviceArn": arn(&format!("service/prod/{name}")), "serviceName": name, "clusterArn": arn("cluster/prod"),
        "status": "ACTIVE", "desiredCount": 1, "runningCount": 1, "deployments": [],
    });
    doc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Observed { key: ResourceKey::new(Kind::Service, place.clone(), format!("prod/{name}")).unwrap(), doc }
}

fn deployed(rollout: &str, at: &str) -> Value {
    json!({"deployments": [{
        "id": "ecs-svc/1", "status": "PRIMARY", "rolloutState": rollout, "createdAt": format!("2026-01-01T{at}:00.000Z"),
    }]})
}

#[test]
fn what_is_deployed_or_failed_to_be_is_told_worst_first_then_latest() {
    let mut leaving = deployed("IN_PROGRESS", "12:00");
    leaving["status"] = json!("DRAINING");
    let services = vec![
        service(0, "steady", deployed("COMPLETED", "12:00")),
        service(0, "leaving", leaving),
        service(0, "sets", json!({"taskSets": [{"status": "PRIMARY", "stabilityStatus": "STABILIZING"}]})),
        service(1, "web", deployed("IN_PROGRESS", "10:00")),
        service(0, "web", deployed("IN_PROGRESS", "11:00")),
        service(2, "api", deployed("FAILED", "09:00")),
    ];
    let mut snapshot = Snapshot::default();
    snapshot.scopes = Arc::new(scopes());
    snapshot.tables[Snapshot::number(Kind::Service)] = Arc::new(table(Kind::Service, services));
    let told = |regions: &[Region]| {
        let seen = overview(&snapshot, &[], regions, Millis(0));
        assert_eq!(seen.deployments_total as usize, seen.deployments.len());
        let named = seen.deployments.iter().map(|row| format!("{} {}", row.name, row.key.scope.region));
        named.collect::<Vec<_>>()
    };
    assert_eq!(told(&[]), ["api eu-west-1", "web eu-west-1", "web us-east-1", "sets eu-west-1"]);
    assert_eq!(told(&[scopes()[1].region.clone()]), ["web us-east-1"]);
}

#[test]
fn the_bar_tells_of_late_lists_and_open_runs_of_the_places_looked_at() {
    let now = Millis(10_000_000);
    let list = |scope: usize, age: i64| Collection {
        freshness: Freshness {
            scope: scopes()[scope].clone(),
            kind: Kind::Task,
            complete: Some(Millis(now.0 - age)),
            failing: None,
            details: None,
            running: false,
        },
        covers: None,
        failures: 0,
    };
    let mut snapshot = Snapshot::default();
    snapshot.scopes = Arc::new(scopes());
    snapshot.collections = Arc::new(vec![list(0, 1_000), list(1, 3_600_000), list(2, 3_600_000)]);
    let runs = |under_way, stuck| OpenRuns { under_way, stuck };
    snapshot.runs = Arc::new([(scopes()[0].clone(), runs(2, 1)), (scopes()[2].clone(), runs(0, 4))].into());
    let all = glance(&snapshot, &[], &[], now);
    assert_eq!((all.late.total, all.late.places.len(), all.runs), (2, 2, runs(2, 5)));
    let account = [scopes()[0].account.clone()];
    let one = glance(&snapshot, &account, &[], now);
    assert_eq!((one.late.total, one.runs), (1, runs(2, 1)));
    let other = glance(&snapshot, &account, &[scopes()[1].region.clone()], now);
    assert_eq!((other.late.places, other.runs), (vec![(scopes()[1].clone(), vec![Kind::Task])], runs(0, 0)));
}

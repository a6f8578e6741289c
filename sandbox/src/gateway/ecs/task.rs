//! One task as AWS shows it: its way from provisioning to running, its network interface, and how it ended.

use serde_json::{Map, Value, json};

use super::fate::{End, Fate};

/// Separates what AWS shows as the reason from what the gateway adds for itself, in the one text that the emulator
/// keeps for a stopped task.
const MARK: &str = " \u{1e}sandbox:";

/// Where a task is in the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// The subnet's id.
    pub subnet: String,
    /// Its first address: `10.20.48.0`.
    pub base: [u8; 4],
    /// Its availability zone.
    pub zone: String,
}

/// What is known about a task beside the emulator's record.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// What becomes of it.
    pub fate: &'a Fate,
    /// Its definition.
    pub definition: &'a Value,
    /// Where it is, for tasks with an own network interface.
    pub network: Option<&'a Network>,
    /// The digest of each container's image, where known.
    pub digests: &'a [(String, String)],
    /// The deployment it belongs to.
    pub deployment: Option<&'a str>,
    /// Seconds since 1970.
    pub now: f64,
}

/// A number that stays the same for one task and differs between tasks.
pub fn seed(arn: &str) -> u64 {
    // FNV-1a: short, and the same on every machine and in every version.
    arn.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// How long a task takes from creation to running, in seconds.
pub fn start_delay(arn: &str) -> f64 {
    8.0 + (seed(arn) % 9) as f64
}

/// The text for StopTask that carries how the task ended.
pub fn encode(end: &End) -> String {
    let more = json!({ "code": end.code, "container": end.container });
    format!("{}{MARK}{more}", end.reason)
}

/// Turns the emulator's record into what AWS would show.
pub fn present(task: &mut Value, facts: &Facts<'_>) {
    let arn = task["taskArn"].as_str().unwrap_or_default().to_owned();
    let created = task["createdAt"].as_f64().unwrap_or(facts.now);
    let stopped = task["lastStatus"] == "STOPPED";
    let mut failed_to_start = false;
    if stopped {
        failed_to_start = present_end(task, facts, &arn, created);
    } else {
        present_progress(task, facts, &arn, created);
    }
    let Some(record) = task.as_object_mut() else { return };
    if record.get("launchType").and_then(Value::as_str) == Some("FARGATE") {
        record.remove("containerInstanceArn");
    }
    if let Some(deployment) = facts.deployment {
        record.insert("startedBy".into(), deployment.into());
    }
    if record.get("group").and_then(Value::as_str) == Some("") {
        let family = facts.definition["family"].as_str().unwrap_or_default();
        record.insert("group".into(), format!("family:{family}").into());
    }
    network(record, facts, &arn, stopped, failed_to_start);
    if !failed_to_start {
        for container in record.get_mut("containers").and_then(Value::as_array_mut).into_iter().flatten() {
            let name = container["name"].as_str().unwrap_or_default();
            if let Some((_, digest)) = facts.digests.iter().find(|(container, _)| container == name) {
                container["imageDigest"] = digest.as_str().into();
            }
        }
    }
    drop_empty(record);
}

/// Members AWS leaves out when they have no value.
pub fn drop_empty(record: &mut Map<String, Value>) {
    record.retain(|_, value| !value.is_null() && value.as_str() != Some(""));
}

/// A task on its way. It counts as running only after its start delay, and never when its image cannot be pulled.
fn present_progress(task: &mut Value, facts: &Facts<'_>, arn: &str, created: f64) {
    let age = facts.now - created;
    let delay = start_delay(arn);
    let pulls_forever = matches!(facts.fate, Fate::CannotPull { .. });
    let status = if age < 3.0 {
        "PROVISIONING"
    } else if age < delay || pulls_forever {
        "PENDING"
    } else {
        "RUNNING"
    };
    let running = status == "RUNNING";
    task["lastStatus"] = status.into();
    task["connectivity"] = if running { "CONNECTED".into() } else { Value::Null };
    task["connectivityAt"] = if age >= 3.0 { (created + 3.0).into() } else { Value::Null };
    task["pullStartedAt"] = if age >= 4.0 { (created + 4.0).into() } else { Value::Null };
    task["pullStoppedAt"] = if running { (created + delay - 1.0).into() } else { Value::Null };
    task["startedAt"] = if running { (created + delay).into() } else { Value::Null };
    let mut worst = None;
    let checked = |name: &Value| {
        definition_of(facts.definition, name).is_some_and(|definition| definition.get("healthCheck").is_some())
    };
    for container in task["containers"].as_array_mut().into_iter().flatten() {
        let health = if running && checked(&container["name"]) {
            Some(if age > delay + 30.0 { "HEALTHY" } else { "UNKNOWN" })
        } else {
            None
        };
        worst = worst.max(health.map(|health| (health == "UNKNOWN", health)));
        container["healthStatus"] = health.unwrap_or("UNKNOWN").into();
        container["lastStatus"] = if running { "RUNNING".into() } else { "PENDING".into() };
        if let (false, Some(container)) = (running, container.as_object_mut()) {
            container.remove("runtimeId");
        }
        if let Some(container) = container.as_object_mut() {
            drop_empty(container);
        }
    }
    task["healthStatus"] = worst.map_or("UNKNOWN", |(_, health)| health).into();
}

fn definition_of<'a>(definition: &'a Value, name: &Value) -> Option<&'a Value> {
    definition["containerDefinitions"].as_array()?.iter().find(|container| container["name"] == *name)
}

/// A task that ended: by its fate, by a person, or by its service. Says whether it never started.
fn present_end(task: &mut Value, facts: &Facts<'_>, arn: &str, created: f64) -> bool {
    let kept = task["stoppedReason"].as_str().unwrap_or_default().to_owned();
    let (reason, more) = kept.split_once(MARK).map_or((kept.as_str(), Value::Null), |(reason, more)| {
        (reason, serde_json::from_str(more).unwrap_or(Value::Null))
    });
    task["desiredStatus"] = "STOPPED".into();
    task["stoppedReason"] = reason.into();
    if let Some(code) = more["code"].as_str() {
        task["stopCode"] = code.into();
    } else if is_scheduler(reason) {
        task["stopCode"] = "ServiceSchedulerInitiated".into();
        task["stoppedReason"] =
            format!("Scaling activity initiated by (deployment {})", facts.deployment.unwrap_or("ecs-svc")).into();
    }
    let never_started = more["code"] == "TaskFailedToStart";
    let delay = start_delay(arn);
    let stopped = task["stoppedAt"].as_f64().unwrap_or(facts.now);
    let started = created + delay;
    if never_started {
        for member in ["startedAt", "pullStoppedAt", "executionStoppedAt"] {
            task[member] = Value::Null;
        }
        task["pullStartedAt"] = (created + 4.0).min(stopped).into();
    } else {
        task["pullStartedAt"] = (created + 4.0).min(stopped).into();
        task["pullStoppedAt"] = if started <= stopped { (started - 1.0).into() } else { Value::Null };
        task["startedAt"] = if started <= stopped { started.into() } else { Value::Null };
    }
    task["connectivity"] = "DISCONNECTED".into();
    let culprit = &more["container"];
    for container in task["containers"].as_array_mut().into_iter().flatten() {
        let Some(container) = container.as_object_mut() else { continue };
        if never_started {
            container.remove("exitCode");
            container.remove("runtimeId");
            container.insert("reason".into(), reason.into());
        } else if container.get("name") == Some(&culprit[0]) {
            container.insert("exitCode".into(), culprit[1].clone());
            container.insert("reason".into(), culprit[2].clone());
        }
        drop_empty(container);
    }
    never_started
}

/// What the emulator writes when a service, not a person, ends a task.
fn is_scheduler(reason: &str) -> bool {
    [
        "Service scaling down",
        "Deployment completed",
        "Task definition updated",
        "Deployment capacity limit",
        "Scaling down",
    ]
    .contains(&reason)
}

/// The elastic network interface of a task in network mode `awsvpc`
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Attachment.html>).
fn network(record: &mut Map<String, Value>, facts: &Facts<'_>, arn: &str, stopped: bool, never_started: bool) {
    let (Some(network), "awsvpc") = (facts.network, facts.definition["networkMode"].as_str().unwrap_or_default())
    else {
        return;
    };
    let seed = seed(arn);
    let [a, b, c, d] = network.base;
    // The first addresses of a subnet are AWS's own.
    let host = 16 + (seed >> 20) % 4000;
    let address = u32::from_be_bytes([a, b, c, d]).wrapping_add(u32::try_from(host).unwrap_or(16)).to_be_bytes();
    let ip = address.map(|part| part.to_string()).join(".");
    let hex = format!("{seed:016x}");
    let id = format!("{}-{}-4{}-8{}-{}{}", &hex[0..8], &hex[8..12], &hex[12..15], &hex[1..4], &hex[4..12], &hex[0..4]);
    let mac = format!("0a:{}:{}:{}:{}:{}", &hex[0..2], &hex[2..4], &hex[4..6], &hex[6..8], &hex[8..10]);
    let details = [
        ("subnetId", network.subnet.clone()),
        ("networkInterfaceId", format!("eni-0{hex}")),
        ("macAddress", mac),
        (
            "privateDnsName",
            format!(
                "ip-{}.{}.compute.internal",
                ip.replace('.', "-"),
                network.zone.trim_end_matches(char::is_alphabetic)
            ),
        ),
        ("privateIPv4Address", ip.clone()),
    ]
    .map(|(name, value)| json!({ "name": name, "value": value }));
    let status = if stopped { "DELETED" } else { "ATTACHED" };
    record.insert(
        "attachments".into(),
        json!([{ "id": id, "type": "ElasticNetworkInterface", "status": status, "details": details }]),
    );
    record.insert("availabilityZone".into(), network.zone.clone().into());
    if !never_started {
        for container in record.get_mut("containers").and_then(Value::as_array_mut).into_iter().flatten() {
            container["networkInterfaces"] = json!([{ "attachmentId": id, "privateIpv4Address": ip }]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:ecs:eu-west-1:111122223333:task/shop/0c5d";

    fn task() -> Value {
        json!({ "taskArn": ARN, "createdAt": 1000.0, "lastStatus": "RUNNING", "desiredStatus": "RUNNING", "launchType": "FARGATE", "containerInstanceArn": "x", "group": "service:web",
            "stoppedReason": "", "stoppedAt": null, "containers": [{ "name": "app", "lastStatus": "RUNNING", "exitCode": null, "runtimeId": "r" }] })
    }

    fn shown(mut task: Value, fate: &Fate, now: f64) -> Value {
        let definition =
            json!({ "networkMode": "awsvpc", "family": "web", "containerDefinitions": [{ "name": "app" }] });
        let network = Network { subnet: "subnet-1".into(), base: [10, 20, 48, 0], zone: "eu-west-1b".into() };
        let facts = Facts {
            fate,
            definition: &definition,
            network: Some(&network),
            digests: &[("app".into(), "sha256:1".into())],
            deployment: Some("ecs-svc/1"),
            now,
        };
        present(&mut task, &facts);
        task
    }

    #[test]
    fn takes_its_time_to_start() {
        assert_eq!(shown(task(), &Fate::Runs, 1001.0)["lastStatus"], "PROVISIONING");
        let pending = shown(task(), &Fate::Runs, 1005.0);
        assert_eq!(pending["lastStatus"], "PENDING");
        assert!(pending.get("startedAt").is_none());
        let running = shown(task(), &Fate::Runs, 1100.0);
        assert_eq!(running["lastStatus"], "RUNNING");
        assert_eq!(running["startedBy"], "ecs-svc/1");
        assert!(running.get("containerInstanceArn").is_none());
        assert_eq!(running["attachments"][0]["details"][0]["value"], "subnet-1");
        assert_eq!(running["containers"][0]["networkInterfaces"][0]["attachmentId"], running["attachments"][0]["id"]);
        assert_eq!(running["containers"][0]["imageDigest"], "sha256:1");
    }

    #[test]
    fn never_runs_without_its_image() {
        let fate = Fate::CannotPull { image: "r/app:2".into() };
        assert_eq!(shown(task(), &fate, 1100.0)["lastStatus"], "PENDING");
        let mut ended = task();
        ended["lastStatus"] = "STOPPED".into();
        ended["stoppedAt"] = 1030.0.into();
        ended["stopCode"] = "UserInitiated".into();
        ended["stoppedReason"] = encode(&fate.end(1).unwrap()).into();
        let ended = shown(ended, &fate, 1100.0);
        assert_eq!(ended["stopCode"], "TaskFailedToStart");
        assert!(ended["stoppedReason"].as_str().unwrap().starts_with("CannotPullContainerError: "));
        assert!(!ended["stoppedReason"].as_str().unwrap().contains("sandbox"));
        assert!(ended.get("startedAt").is_none());
        assert!(ended["containers"][0].get("exitCode").is_none());
    }

    #[test]
    fn tells_why_a_container_was_killed() {
        let fate = Fate::OutOfMemory { container: "app".into() };
        let mut ended = task();
        ended["lastStatus"] = "STOPPED".into();
        ended["stoppedAt"] = 1080.0.into();
        ended["stoppedReason"] = encode(&fate.end(1).unwrap()).into();
        let ended = shown(ended, &fate, 1100.0);
        assert_eq!(ended["containers"][0]["exitCode"], 137);
        assert!(ended["containers"][0]["reason"].as_str().unwrap().starts_with("OutOfMemoryError"));
        assert_eq!(ended["stopCode"], "EssentialContainerExited");
    }

    #[test]
    fn a_person_is_a_reason() {
        let mut ended = task();
        ended["lastStatus"] = "STOPPED".into();
        ended["stoppedAt"] = 1500.0.into();
        ended["stopCode"] = "UserInitiated".into();
        ended["stoppedReason"] = "Stopped by maria".into();
        let ended = shown(ended, &Fate::Runs, 2500.0);
        assert_eq!(
            (ended["stopCode"].as_str(), ended["stoppedReason"].as_str()),
            (Some("UserInitiated"), Some("Stopped by maria"))
        );
    }
}

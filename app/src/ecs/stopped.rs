//! Why a task stopped, in plain words with what to look at next. Pure.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>

use domain::ecs::Task;

/// Words in AWS's reasons and what they mean.
const MEANINGS: &[(&str, &str)] = &[
    (
        "CannotPullContainerError",
        "The image could not be fetched. Look at: does the tag or digest exist in the repository; may the execution role pull from it; does the subnet reach the registry (a NAT gateway, VPC endpoints, or a public IP in a public subnet)?",
    ),
    (
        "ResourceInitializationError",
        "The task could not be prepared. Five usual causes: no route from the subnet to ECR, Secrets Manager or SSM; no public IP in a public subnet; a security group that lets nothing out on 443; an execution role without the right to read a secret; a KMS key it may not use.",
    ),
    (
        "CannotStartContainerError",
        "The container was fetched but could not start: often a wrong command or entry point, or a volume that cannot be mounted.",
    ),
    (
        "CannotCreateVolumeError",
        "A volume could not be mounted: look at the file system, its security group and the task role.",
    ),
    ("OutOfMemoryError", "A container used more memory than it was given. Raise its memory or look for a leak."),
    ("OutOfMemory", "A container used more memory than it was given. Raise its memory or look for a leak."),
    (
        "failed ELB health checks",
        "The load balancer asked the container for its health and got no good answer in time. Look at the health check's path and port, the grace period of the service, and the security groups.",
    ),
    (
        "failed container health checks",
        "The container's own health check failed. The command is in the task definition.",
    ),
    (
        "Scaling activity initiated by",
        "The service stopped it on purpose: it wanted fewer tasks, or replaced it during a deployment.",
    ),
    (
        "SpotInterruption",
        "AWS took the Fargate Spot capacity back, with two minutes of warning. The service starts another when there is capacity.",
    ),
    (
        "Spot Task was interrupted",
        "AWS took the Fargate Spot capacity back, with two minutes of warning. The service starts another when there is capacity.",
    ),
    ("Host EC2", "The instance it ran on ended."),
    (
        "Timeout waiting for network interface",
        "AWS could not attach a network interface in time. Mostly passing; the service tries again.",
    ),
    ("RESOURCE:", "No instance of the cluster had enough of that resource free."),
];

/// What an exit code says about a container. <https://tldp.org/LDP/abs/html/exitcodes.html>
fn exit_code(code: i64) -> &'static str {
    match code {
        0 => "ended by itself, without an error",
        126 => "the command is not executable",
        127 => "the command was not found in the image",
        134 => "it aborted itself",
        137 => "killed (SIGKILL): mostly out of memory, or it did not end within its stop timeout",
        139 => "it crashed (segmentation fault)",
        143 => "ended on request (SIGTERM)",
        _ => "its program ended with an error: its log says more",
    }
}

/// What it means that this task stopped, in sentences; empty while it runs.
pub fn meaning(task: &Task) -> Vec<String> {
    let reasons = task.stopped_reason.iter().chain(task.stop_code.iter());
    let reasons = reasons.chain(task.containers.iter().filter_map(|c| c.reason.as_ref()));
    let all = reasons.map(String::as_str).collect::<Vec<_>>().join(" · ");
    let mut sentences: Vec<String> = vec![];
    for (word, meaning) in MEANINGS {
        if all.contains(word) && !sentences.iter().any(|s| s == meaning) {
            sentences.push((*meaning).to_owned());
        }
    }
    for container in &task.containers {
        if let Some(code) = container.exit_code.filter(|code| *code != 0) {
            sentences.push(format!("{}: exit code {code}, {}.", container.name, exit_code(code)));
        }
    }
    if task.stop_code.as_deref() == Some("UserInitiated") && sentences.is_empty() {
        sentences.push("A person or a program stopped it.".to_owned());
    }
    if task.stop_code.as_deref() == Some("EssentialContainerExited") && sentences.is_empty() {
        sentences.push("A container that the task cannot do without ended, and the task with it.".to_owned());
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(value: serde_json::Value) -> Task {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn reasons_are_explained_once_and_exit_codes_each() {
        let pull = task(serde_json::json!({
            "stopCode": "TaskFailedToStart",
            "stoppedReason": "CannotPullContainerError: pull image manifest has been retried 1 time(s)",
            "containers": [{"name": "web", "reason": "CannotPullContainerError: not found"}]
        }));
        assert_eq!(meaning(&pull).len(), 1);
        let memory = task(serde_json::json!({
            "stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited",
            "containers": [{"name": "app", "exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}, {"name": "side", "exitCode": 0}]
        }));
        let words = meaning(&memory);
        assert_eq!(words.len(), 2);
        assert!(words[1].starts_with("app: exit code 137"));
        assert!(meaning(&task(serde_json::json!({"lastStatus": "RUNNING"}))).is_empty());
    }
}

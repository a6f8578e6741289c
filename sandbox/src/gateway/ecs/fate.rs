//! What becomes of a task, read from its definition. No container runs here, so what a task would do is decided by
//! rules that follow from the definition itself: change the definition, or push the missing image, and the service
//! recovers.
//!
//! - An image of a registry in the sandbox that is not there cannot be pulled.
//! - A command that says `exit N` ends with N after a while.
//! - A Java heap (`-Xmx`) larger than the container's memory is killed for it.
//! - Everything else runs on.

use serde_json::Value;

/// What becomes of the tasks of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// They run until somebody stops them.
    Runs,
    /// They never start.
    CannotPull {
        /// The image that is not there.
        image: String,
    },
    /// The container ends by itself.
    Exits {
        /// Its name.
        container: String,
        /// Its exit code.
        code: i64,
    },
    /// The container is killed by the kernel.
    OutOfMemory {
        /// Its name.
        container: String,
    },
}

/// How a task ends by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// Seconds from its creation.
    pub after: f64,
    /// The task's `stopCode` (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html>).
    pub code: &'static str,
    /// The task's `stoppedReason`.
    pub reason: String,
    /// The container that caused it, with its exit code and reason.
    pub container: Option<(String, Option<i64>, Option<String>)>,
}

/// Decides the fate of a definition's tasks. `is_missing` says whether an image is known not to exist.
pub fn of(definition: &Value, is_missing: impl Fn(&str) -> bool) -> Fate {
    let containers = definition["containerDefinitions"].as_array().map(Vec::as_slice).unwrap_or_default();
    for container in containers {
        if let Some(image) = container["image"].as_str().filter(|image| is_missing(image)) {
            return Fate::CannotPull { image: image.to_owned() };
        }
    }
    for container in containers.iter().filter(|container| container["essential"].as_bool().unwrap_or(true)) {
        let name = container["name"].as_str().unwrap_or_default().to_owned();
        if let Some(code) = exit_code(container) {
            return Fate::Exits { container: name, code };
        }
        let task_memory = definition["memory"].as_str().and_then(|text| text.parse::<u64>().ok());
        let limit = container["memory"].as_u64().filter(|limit| *limit > 0).or(task_memory);
        if let (Some(heap), Some(limit)) = (heap_mib(container), limit)
            && heap > limit
        {
            return Fate::OutOfMemory { container: name };
        }
    }
    Fate::Runs
}

fn exit_code(container: &Value) -> Option<i64> {
    let words = container["command"].as_array()?.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
    let after = words.rsplit_once("exit ")?.1;
    after.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

fn heap_mib(container: &Value) -> Option<u64> {
    let environment =
        container["environment"].as_array().into_iter().flatten().filter_map(|pair| pair["value"].as_str());
    let command = container["command"].as_array().into_iter().flatten().filter_map(Value::as_str);
    environment.chain(command).find_map(|text| {
        let after = text.split_once("-Xmx")?.1;
        let number: u64 = after.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()?;
        match after.chars().find(|c| !c.is_ascii_digit()) {
            Some('g' | 'G') => number.checked_mul(1024),
            Some('m' | 'M') => Some(number),
            _ => None,
        }
    })
}

impl Fate {
    /// How and when a task ends, or nothing when it runs on. `seed` tells tasks apart.
    pub fn end(&self, seed: u64) -> Option<End> {
        let spread = |from: u64, to: u64| (from + seed % (to - from)) as f64;
        match self {
            Self::Runs => None,
            Self::CannotPull { image } => {
                let reason = format!(
                    "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {image}: {image}: not found"
                );
                Some(End { after: spread(25, 40), code: "TaskFailedToStart", reason, container: None })
            }
            Self::Exits { container, code } => Some(End {
                after: spread(35, 60),
                code: "EssentialContainerExited",
                reason: "Essential container in task exited".into(),
                container: Some((container.clone(), Some(*code), None)),
            }),
            Self::OutOfMemory { container } => Some(End {
                after: spread(60, 100),
                code: "EssentialContainerExited",
                reason: "Essential container in task exited".into(),
                container: Some((
                    container.clone(),
                    Some(137),
                    Some("OutOfMemoryError: Container killed due to memory usage".into()),
                )),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn definition(container: Value) -> Value {
        json!({ "memory": "2048", "containerDefinitions": [container] })
    }

    #[test]
    fn the_definition_decides() {
        let missing = |image: &str| image.ends_with(":2.0.0");
        let runs = definition(json!({ "name": "app", "image": "r/app:1.0.0" }));
        assert_eq!(of(&runs, missing), Fate::Runs);
        let pull = definition(json!({ "name": "app", "image": "r/app:2.0.0" }));
        assert_eq!(of(&pull, missing), Fate::CannotPull { image: "r/app:2.0.0".into() });
        let exits = definition(json!({ "name": "app", "image": "x", "command": ["sh", "-c", "work || exit 3"] }));
        assert_eq!(of(&exits, missing), Fate::Exits { container: "app".into(), code: 3 });
        let heap = |heap: &str| {
            definition(
                json!({ "name": "app", "image": "x", "environment": [{ "name": "JAVA_TOOL_OPTIONS", "value": heap }] }),
            )
        };
        assert_eq!(of(&heap("-Xmx6g"), missing), Fate::OutOfMemory { container: "app".into() });
        assert_eq!(of(&heap("-Xmx1400m"), missing), Fate::Runs);
        assert_eq!(of(&json!({}), missing), Fate::Runs);
    }

    #[test]
    fn a_side_container_may_end() {
        let side =
            definition(json!({ "name": "init", "image": "x", "essential": false, "command": ["sh", "-c", "exit 0"] }));
        assert_eq!(of(&side, |_| false), Fate::Runs);
    }
}

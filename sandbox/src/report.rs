//! What this program tells the one that started it: one JSON object a line on standard output.
//! Logs for people go to standard error.

use std::io::Write as _;

use serde::Serialize;

/// An account of the sandbox. Its access key id is its number.
#[derive(Debug, Clone, Serialize)]
pub struct Account {
    /// The 12-digit account number.
    pub id: &'static str,
    /// The name people give it.
    pub name: &'static str,
}

/// The accounts the demo fleet lives in.
pub const ACCOUNTS: [Account; 2] =
    [Account { id: "111122223333", name: "prod" }, Account { id: "444455556666", name: "staging" }];

/// The regions the demo fleet lives in.
pub const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

/// One line of standard output.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event<'a> {
    /// Work that takes a while moves on.
    Progress {
        /// A stable word for the step: `postgres`, `emulator`, `fleet`.
        step: &'a str,
        /// One line for people.
        message: &'a str,
        /// Parts done, where they can be counted.
        #[serde(skip_serializing_if = "Option::is_none")]
        done: Option<u64>,
        /// Parts in all, where they can be counted.
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
    },
    /// Everything answers. Only the database for the `postgres` command.
    Ready {
        /// `postgres://…`, with name and password.
        database_url: &'a str,
        /// The gateway in front of the emulator.
        #[serde(skip_serializing_if = "Option::is_none")]
        endpoint_url: Option<&'a str>,
        /// The accounts of the demo fleet.
        #[serde(skip_serializing_if = "Option::is_none")]
        accounts: Option<&'a [Account]>,
        /// The regions of the demo fleet.
        #[serde(skip_serializing_if = "Option::is_none")]
        regions: Option<&'a [&'a str]>,
        /// A Python with boto3, AWS's own client: what tests and people can ask the endpoint with.
        #[serde(skip_serializing_if = "Option::is_none")]
        python: Option<&'a std::path::Path>,
    },
    /// The demo fleet is complete.
    Seeded,
    /// The demo fleet could not be completed. The cloud and the database are of use without it.
    Incomplete {
        /// One line: what happened and what to do.
        message: &'a str,
    },
    /// It cannot go on; the process ends with code 1.
    Failed {
        /// One line: what happened and what to do.
        message: &'a str,
    },
}

/// Writes one event. A parent that no longer listens is no error: the end of standard input says so.
pub fn emit(event: &Event<'_>) {
    let Ok(line) = serde_json::to_string(event) else { return };
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// Progress without numbers.
pub fn progress(step: &str, message: &str) {
    tracing::info!(step, "{message}");
    emit(&Event::Progress { step, message, done: None, total: None });
}

/// Why the sandbox cannot go on: one line that says what happened and what to do.
#[derive(Debug)]
pub struct Failure(pub String);

impl Failure {
    /// A failure from anything that reads as text, kept to one line.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into().split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" "))
    }

    /// A failure while something was done to a path; a full disk and a read-only folder are named as such.
    pub fn io(what: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        let reason = match error.kind() {
            std::io::ErrorKind::StorageFull => "the disk is full; free some space and start again".to_owned(),
            std::io::ErrorKind::ReadOnlyFilesystem => {
                "the file system is read-only; choose another --data-dir".to_owned()
            }
            std::io::ErrorKind::PermissionDenied => {
                "no permission to write there; choose another --data-dir".to_owned()
            }
            _ => error.to_string(),
        };
        Self::new(format!("cannot {what} {}: {reason}", path.display()))
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

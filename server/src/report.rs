//! What the process tells whoever started it: one JSON object per line on standard output. Everything else goes to standard error.

use serde::Serialize;
use std::io::Write;

/// One line.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// Pages can be opened.
    Ready {
        /// Where; with the one-time link while there is no administrator.
        url: &'a str,
    },
    /// A long step goes on.
    Progress {
        /// Which: `collect`.
        step: &'a str,
        /// In words.
        message: &'a str,
        /// Parts done.
        done: u64,
        /// Parts in all.
        total: u64,
    },
    /// The process ends with exit code 1.
    Failed {
        /// Why, in one line.
        message: &'a str,
    },
}

/// Prints it. A reader that went away is no reason to stop serving.
pub fn say(event: &Event<'_>) {
    if let Ok(line) = serde_json::to_string(event) {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}

//! A program that runs beside this one and tells on its standard output, one JSON object a line, how it fares.
//! Everything else it writes goes to its log. It ends when its standard input does, so it cannot outlive this program for long; until
//! then its log is locked.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;

use anyhow::{Context as _, Result};
use rustix::process::Pid;
use serde::Deserialize;

use crate::process::{self, Ending};

/// One account of the sandbox.
#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    /// Its 12-digit number, which is its access key id too.
    pub id: String,
    /// The name people give it.
    pub name: String,
}

/// What a service says.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// Work that takes a while moves on.
    Progress {
        /// A word for the step.
        step: String,
        /// One line for people.
        message: String,
        /// Parts done.
        done: Option<u64>,
        /// Parts in all.
        total: Option<u64>,
    },
    /// It answers.
    Ready {
        /// The database, from the sandbox.
        database_url: Option<String>,
        /// The AWS endpoint, from the sandbox.
        endpoint_url: Option<String>,
        /// The sandbox's accounts.
        #[serde(default)]
        accounts: Vec<Account>,
        /// The sandbox's regions.
        #[serde(default)]
        regions: Vec<String>,
        /// A Python with boto3, from the sandbox.
        python: Option<PathBuf>,
        /// The address to open, from the server.
        url: Option<String>,
    },
    /// The demo fleet is complete.
    Seeded,
    /// The demo fleet could not be completed; the rest goes on.
    Incomplete {
        /// One line.
        message: String,
    },
    /// It gives up, and why.
    Failed {
        /// One line.
        message: String,
    },
    /// It is gone.
    #[serde(skip)]
    Ended(Option<ExitStatus>),
}

/// A running service. Dropping it ends the service's standard input.
#[derive(Debug)]
pub struct Service {
    /// Where its words go.
    pub log: PathBuf,
    /// Its process.
    pub pid: Option<Pid>,
    _stdin: Option<ChildStdin>,
}

impl Service {
    /// Starts a service. What it says is passed on until its end, which is the last event.
    ///
    /// # Errors
    /// When the program cannot be started or its log not be written.
    pub fn start<M: Send + 'static>(
        command: &mut Command,
        log: PathBuf,
        events: Sender<M>,
        wrap: impl Fn(Event) -> M + Send + Sync + Clone + 'static,
    ) -> Result<Self> {
        let _ = std::fs::rename(&log, log.with_extension("log.1"));
        let file = std::fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        // The lock is the open file's, which the service has too: it lasts as long as either of them. A file system without locks has none.
        let _ = file.try_lock();
        let words = file.try_clone().context("cannot write a log")?;
        command.arg("--exit-with-stdin").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file);
        let mut child = process::spawn(command, Ending::Leader)?;
        let (stdin, pid) = (child.stdin.take(), Pid::from_raw(child.id().cast_signed()));
        let stdout = child.stdout.take().context("a service without standard output")?;
        let (said, ended) = (events.clone(), events);
        let wrap_said = wrap.clone();
        let reader = std::thread::spawn(move || {
            let mut words = words;
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                match serde_json::from_str::<Event>(&line) {
                    Ok(event) => drop(said.send(wrap_said(event))),
                    Err(_) => drop(writeln!(words, "{line}")),
                }
            }
        });
        std::thread::spawn(move || {
            let status = process::wait(&mut child).ok();
            // Its last words first. Nothing of its group lives to hold the stream open.
            let _ = reader.join();
            let _ = ended.send(wrap(Event::Ended(status)));
        });
        Ok(Self { log, pid, _stdin: stdin })
    }
}

/// The end of a log, for when a service gave no reason.
pub fn last_words(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.iter().skip(lines.len().saturating_sub(12)).map(|line| format!("    {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn events_are_heard_words_are_logged_and_the_end_comes_with_standard_input() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("service.log");
        let (sender, events) = channel();
        let script = r#"echo '{"event":"ready","url":"http://x/"}'; echo plain; echo error >&2; cat"#;
        let service =
            Service::start(process::command("sh").args(["-c", script]), log.clone(), sender, |event| event).unwrap();
        assert!(matches!(events.recv().unwrap(), Event::Ready { url: Some(url), .. } if url == "http://x/"));
        std::fs::File::open(&log).unwrap().try_lock().unwrap_err();
        drop(service);
        assert!(matches!(events.recv().unwrap(), Event::Ended(Some(status)) if status.success()));
        // Not tried: what another test starts at this moment may have it still.
        std::fs::File::open(&log).unwrap().lock().unwrap();
        let words = last_words(&log);
        assert!(words.contains("plain") && words.contains("error"), "{words}");
    }
}

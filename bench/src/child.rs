//! Gantry's own binaries as children that report themselves as JSON lines and end when their standard input closes.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// A child that runs until it is dropped or stopped.
pub struct Reporter {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Reporter {
    /// Starts it; its log goes to `log`.
    pub fn start(program: &Path, args: &[&str], env: &[(&str, String)], log: &Path) -> Result<Self> {
        let log = std::fs::File::create(log).with_context(|| format!("{} cannot be written", log.display()))?;
        let mut child = Command::new(program)
            .args(args)
            .envs(env.iter().map(|(k, v)| (*k, v.as_str())))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let stdout = child.stdout.take().context("no standard output")?;
        Ok(Self { child, lines: BufReader::new(stdout).lines() })
    }

    /// Waits for an event by name.
    pub async fn event(&mut self, name: &str, limit: Duration) -> Result<Value> {
        let wait = async {
            while let Some(line) = self.lines.next_line().await? {
                let Ok(event) = serde_json::from_str::<Value>(&line) else { continue };
                if event["event"] == name {
                    return Ok(event);
                }
                if event["event"] == "failed" {
                    bail!("{}", event["message"].as_str().unwrap_or("failed"));
                }
            }
            bail!("it ended before it said “{name}”")
        };
        tokio::time::timeout(limit, wait).await.with_context(|| format!("no “{name}” within {} s", limit.as_secs()))?
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Asks it to end and waits.
    pub async fn stop(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        // what it still says must not block it
        let drain = async { while let Ok(Some(_)) = self.lines.next_line().await {} };
        tokio::select! {
            _ = drain => {}
            () = tokio::time::sleep(Duration::from_secs(20)) => {}
        }
        tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await.context("it did not end")??;
        Ok(())
    }
}

/// Starts a sandbox of its own in the folder `name`, emptied before, with the demo fleet or without, and answers what it said when it was ready.
pub async fn sandbox(bin: &Path, data: &Path, name: &str, fleet: bool) -> Result<(Reporter, Value)> {
    // What an earlier measurement left would be there already.
    let folder = data.join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let folder = folder.display().to_string();
    let mut args = vec!["up", "--own-database", "--data-dir", &folder, "--exit-with-stdin"];
    args.extend((!fleet).then_some("--no-fleet"));
    let log = data.join(format!("{name}-sandbox.log"));
    let mut sandbox = Reporter::start(&bin.join("gantry-sandbox"), &args, &[], &log)?;
    let cloud = sandbox.event("ready", Duration::from_secs(300)).await?;
    Ok((sandbox, cloud))
}

//! Gantry's own sweep after the storm: it has to find what the oracle finds, by itself.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::oracle::Verdict;
use crate::process;

/// What it said.
#[derive(Debug, Default)]
pub struct Swept {
    kept: usize,
    stuck: usize,
    orphans: Vec<String>,
    others: Vec<String>,
    unread: usize,
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (orphans, others) = (self.orphans.len(), self.others.len());
        write!(
            f,
            "{} kept, {} stuck, {orphans} orphaned, {others} otherwise, {} unread",
            self.kept, self.stuck, self.unread
        )
    }
}

impl Swept {
    /// What is wrong with it, beside what the oracle found.
    pub fn offence(&self, verdict: &Verdict) -> Option<String> {
        // It looks for what carries a mark, and images carry none.
        let agree = self.orphans.is_empty() == (verdict.orphans == verdict.orphaned_images);
        let whole = self.others.is_empty() && self.unread == 0;
        (!agree || !whole).then(|| format!("the sweep says {self}: {:?} {:?}", self.orphans, self.others))
    }
}

/// Asks for it.
pub fn sweep(gantry: &Path, database: &str, config: &Path) -> Result<Swept> {
    let mut command = process::command(gantry);
    command.args(["runs", "sweep", "--json"]).env("DATABASE_URL", database).env("GANTRY_CONFIG", config);
    command.env_remove("GANTRY_CONNECTIONS").env("AWS_EC2_METADATA_DISABLED", "true");
    let done = command.output().context("the sweep does not start")?;
    let document: Value = serde_json::from_slice(&done.stdout)
        .with_context(|| format!("the sweep: {}", String::from_utf8_lossy(&done.stderr)))?;
    let list = |name: &str| document[name].as_array().cloned().unwrap_or_default();
    let mut swept = Swept { unread: list("unread").len(), ..Swept::default() };
    for found in list("found") {
        match found["verdict"].as_str().unwrap_or_default() {
            "kept" => swept.kept += 1,
            "stuck" => swept.stuck += 1,
            "orphan" => swept.orphans.push(found.to_string()),
            _ => swept.others.push(found.to_string()),
        }
    }
    Ok(swept)
}

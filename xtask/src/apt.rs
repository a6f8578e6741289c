//! Installs Debian packages, where this machine has them and lets us.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, bail};

use crate::{process, progress};

/// Whether packages can be installed: root on Debian, Ubuntu or their kin.
pub fn is_possible() -> bool {
    rustix::process::geteuid().is_root()
        && Path::new("/etc/debian_version").exists()
        && process::is_installed("apt-get")
}

/// Installs packages without a question.
///
/// # Errors
/// When they cannot be had; the message holds apt's own words.
pub fn install(packages: &[&str]) -> Result<()> {
    // apt allows one at a time, and the set-up looks at several things at once.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    progress::step(&format!("Installing {} (apt)", packages.join(", ")));
    if has_lists() && process::run_quietly(&mut apt(&["install"], packages)).is_ok() {
        return Ok(());
    }
    process::run_quietly(&mut apt(&["update"], &[]))?;
    if let Err(error) = process::run_quietly(&mut apt(&["install"], packages)) {
        bail!("apt could not install {}: {error:#}", packages.join(" "));
    }
    Ok(())
}

fn has_lists() -> bool {
    std::fs::read_dir("/var/lib/apt/lists")
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name().to_string_lossy().contains("_Packages")))
}

fn apt(verb: &[&str], packages: &[&str]) -> Command {
    let mut command = process::command("apt-get");
    command.args(["-q", "-o", "DPkg::Lock::Timeout=300"]).args(verb).env("DEBIAN_FRONTEND", "noninteractive");
    if !packages.is_empty() {
        command.args(["-y", "--no-install-recommends"]).args(packages);
    }
    command
}

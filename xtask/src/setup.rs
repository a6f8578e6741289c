//! Brings what a new machine lacks, and is quick where nothing is missing.
//!
//! Installed by itself: what belongs to this checkout (npm packages, an emulator for a journey), and system packages where this is root on Debian
//! or Ubuntu. Everything else is named with the command that brings it.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::assets::digest_of_files;
use crate::checkout::{self, Checkout};
use crate::toolchain::Toolchain;
use crate::{apt, process, progress};

/// Holds the digest of what npm installed from.
const NPM_STAMP: &str = "node_modules/.installed";

/// What a command needs beyond compiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// rustfmt and clippy.
    Lints,
    /// A Chromium for the journeys.
    Browser,
    /// An emulator of AWS other than the sandbox's, for a journey.
    Moto,
}

/// Makes sure of everything, and returns the toolchain to build with.
///
/// # Errors
/// One line for the first thing that is missing and could not be brought.
pub fn prepare(checkout: &Checkout, needs: &[Need]) -> Result<Toolchain> {
    let (compiler, node, python, toolchain) = std::thread::scope(|scope| {
        let compiler = scope.spawn(require_c_compiler);
        let node = scope.spawn(|| require_node().and_then(|()| install_npm_packages(checkout)));
        let python = scope.spawn(require_python);
        let toolchain = Toolchain::prepare(checkout);
        (join(compiler), join(node), join(python), toolchain)
    });
    compiler?;
    node?;
    python?;
    let toolchain = toolchain?;
    if needs.contains(&Need::Lints) {
        toolchain.add_lints()?;
    }
    if needs.contains(&Need::Browser) {
        chromium(checkout)?;
    }
    if needs.contains(&Need::Moto) {
        moto(checkout)?;
    }
    Ok(toolchain)
}

fn join(thread: std::thread::ScopedJoinHandle<'_, Result<()>>) -> Result<()> {
    thread.join().unwrap_or_else(|_| bail!("a check of this machine failed"))
}

fn require_c_compiler() -> Result<()> {
    if ["cc", "gcc", "clang"].iter().any(|name| process::is_installed(name)) {
        return Ok(());
    }
    if apt::is_possible() {
        return apt::install(&["build-essential"]);
    }
    bail!("a C compiler is missing. Debian: `sudo apt-get install -y build-essential`. macOS: `xcode-select --install`")
}

fn require_node() -> Result<()> {
    let help = "Node 20 or newer with npm is needed. Debian: `sudo apt-get install -y nodejs npm` (13 or newer), or https://nodejs.org. macOS: `brew install node`";
    let Some(version) = process::text(process::command("node").arg("--version")) else {
        if apt::is_possible() && apt::install(&["nodejs", "npm"]).is_ok() {
            return require_node();
        }
        bail!("Node is missing. {help}")
    };
    let major =
        version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok()).unwrap_or(0);
    if major < 20 {
        bail!("Node {version} is too old. {help}");
    }
    if !process::is_installed("npm") {
        bail!("npm is missing. {help}");
    }
    Ok(())
}

fn require_python() -> Result<()> {
    let help = "Python 3.10 or newer with venv is needed. Debian: `sudo apt-get install -y python3 python3-venv`. macOS: `brew install python`";
    let probe = || {
        process::text(
            process::command("python3").args(["-c", "import sys, venv, ensurepip; print(*sys.version_info[:2])"]),
        )
    };
    let found = probe().or_else(|| {
        let installed = apt::is_possible() && apt::install(&["python3", "python3-venv"]).is_ok();
        installed.then(probe).flatten()
    });
    let Some(version) = found else { bail!("Python with venv is missing. {help}") };
    let mut numbers = version.split(' ').map(|number| number.parse::<u32>().unwrap_or(0));
    if (numbers.next(), numbers.next()) < (Some(3), Some(10)) {
        bail!("Python {} is too old. {help}", version.replace(' ', "."));
    }
    Ok(())
}

/// Whether the packages that the lock file names are installed.
///
/// # Errors
/// When the lock file or what belongs to it cannot be read.
pub fn has_npm_packages(checkout: &Checkout) -> Result<bool> {
    Ok(is_installed_from(checkout, &npm_digest(checkout)?))
}

fn npm_digest(checkout: &Checkout) -> Result<String> {
    digest_of_files(&["package.json", "package-lock.json", ".npmrc"].map(|name| checkout.path(name)))
}

fn is_installed_from(checkout: &Checkout, digest: &str) -> bool {
    std::fs::read_to_string(checkout.path(NPM_STAMP)).is_ok_and(|installed| installed == digest)
}

/// `npm ci`, when the lock file is not the one that was installed.
fn install_npm_packages(checkout: &Checkout) -> Result<()> {
    let digest = npm_digest(checkout)?;
    if is_installed_from(checkout, &digest) {
        return Ok(());
    }
    progress::step("Installing JavaScript packages (npm)");
    let mut npm = process::command("npm");
    // The journeys use a browser that is here already, see [`chromium`].
    npm.current_dir(&checkout.root)
        .args(["ci", "--no-audit", "--no-fund"])
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    process::run_quietly(&mut npm)?;
    checkout::write(&checkout.path(NPM_STAMP), digest)
}

/// The Python of an environment of its own that has moto's server; made when it is missing or was made for other packages.
///
/// # Errors
/// When the packages cannot be had.
pub fn moto(checkout: &Checkout) -> Result<PathBuf> {
    let list = checkout.path("end2end/moto.txt");
    let wanted = checkout::read(&list)?;
    let place = checkout.target.join("moto");
    let (python, stamp) = (place.join("bin").join("python"), place.join("installed.txt"));
    // One that was made with a Python that is gone since does not start.
    let starts = || process::text(process::command(&python).args(["-c", "import moto.server"])).is_some();
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) && starts() {
        return Ok(python);
    }
    progress::step("Installing moto, an emulator for one journey (pip)");
    if place.exists() {
        std::fs::remove_dir_all(&place).with_context(|| format!("cannot remove {}", place.display()))?;
    }
    process::run_quietly(process::command("python3").args(["-m", "venv"]).arg(&place))?;
    let mut pip = process::command(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--require-hashes", "--only-binary", ":all:", "-r"])
        .arg(&list);
    process::run_quietly(&mut pip)?;
    checkout::write(&stamp, wanted)?;
    Ok(python)
}

/// A Chromium to drive; none when Playwright's own is to be used.
///
/// # Errors
/// When there is none and none can be had.
pub fn chromium(checkout: &Checkout) -> Result<Option<PathBuf>> {
    if let Some(chosen) = std::env::var_os("CHROMIUM").filter(|value| !value.is_empty()) {
        return Ok(Some(PathBuf::from(chosen)));
    }
    if let Some(found) = installed_chromium() {
        return Ok(Some(found));
    }
    if apt::is_possible() && apt::install(&["chromium"]).is_ok() {
        return installed_chromium().map(Some).context("apt installed chromium, but it is not on the PATH");
    }
    progress::step("Fetching Chromium (Playwright)");
    let mut playwright = process::command(checkout.npm_binary("playwright"));
    match process::run_quietly(playwright.current_dir(&checkout.root).args(["install", "chromium"])) {
        Ok(()) => Ok(None),
        Err(_) => bail!(
            "Chromium is missing. Debian: `sudo apt-get install -y chromium`. macOS: `brew install --cask google-chrome`. Or name one with CHROMIUM"
        ),
    }
}

fn installed_chromium() -> Option<PathBuf> {
    let on_path = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
        .iter()
        .find_map(|name| process::find(name));
    on_path.or_else(|| {
        [
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            "/Applications/Chromium.app/Contents/MacOS/Chromium",
        ]
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
    })
}

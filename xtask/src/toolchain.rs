//! Finds one Rust toolchain for both halves: native and WebAssembly. One, so that nothing is compiled twice.
//!
//! The toolchain in use is taken when it has the WebAssembly target or rustup can add it. Some machines cannot fetch
//! parts of toolchains; on Debian and Ubuntu the packages of Rust for browsers are taken instead, linked into rustup
//! as `debian-web`, and their standard library is compiled for WebAssembly once. The library in the sysroot is the
//! memory of that decision.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::checkout::{self, Checkout, Profile};
use crate::{apt, process, progress};

/// The compiler's name for the browser.
pub const WASM: &str = "wasm32-unknown-unknown";

/// Read when the server is compiled: where the site that it brings lies.
pub const EMBED_SITE: &str = "GANTRY_EMBED_SITE";

const FALLBACK: &str = "debian-web";
const PACKAGES: [&str; 7] =
    ["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-19", "rust-web-clippy", "rustfmt-web"];
const LINKER: &str = "wasm-ld-19";
/// Notes which compiler made the standard library, beside it.
const MADE_BY: &str = "made-by";

/// The toolchain that everything is built with.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// rustup's name; none where rustup is not used.
    name: Option<String>,
    /// The linker for WebAssembly, where the toolchain brings none.
    linker: Option<PathBuf>,
    target: PathBuf,
    /// The site of development builds.
    site: PathBuf,
    root: PathBuf,
}

impl Toolchain {
    /// Finds it, or makes it.
    ///
    /// # Errors
    /// When this machine can get the WebAssembly target in no way; the message says what to do.
    pub fn prepare(checkout: &Checkout) -> Result<Self> {
        let current = std::env::var("RUSTUP_TOOLCHAIN").ok().filter(|name| !name.is_empty());
        for name in [current.clone(), Some(FALLBACK.to_owned())] {
            if let Some(sysroot) = sysroot(name.as_deref()).filter(|sysroot| has_wasm(name.as_deref(), sysroot)) {
                return Self::at(checkout, name, &sysroot);
            }
        }
        let refusal = match add_with_rustup(current.as_deref()) {
            Ok(()) => {
                let sysroot = sysroot(current.as_deref()).context("rustc does not say where it lies")?;
                return Self::at(checkout, current, &sysroot);
            }
            Err(error) => error,
        };
        progress::note(&format!("rustup cannot fetch the WebAssembly target here ({}).", first_line(&refusal)));
        if let Err(error) = install_fallback(checkout) {
            progress::note(&format!("{error:#}"));
            bail!(
                "the WebAssembly target is missing. macOS, and wherever rustup can download: `rustup target add {WASM}`. Debian, as root: \
                 `apt-get update && apt-get install -y {} && cargo xtask setup`",
                PACKAGES.join(" ")
            );
        }
        let sysroot = sysroot(Some(FALLBACK)).context("the toolchain `debian-web` was linked but does not run")?;
        Self::at(checkout, Some(FALLBACK.to_owned()), &sysroot)
    }

    fn at(checkout: &Checkout, name: Option<String>, sysroot: &Path) -> Result<Self> {
        let brings_linker = std::fs::read_dir(sysroot.join("lib/rustlib"))
            .is_ok_and(|hosts| hosts.flatten().any(|host| host.path().join("bin/rust-lld").exists()));
        let linker = if brings_linker {
            None
        } else {
            let found = process::find(LINKER).or_else(|| process::find("wasm-ld"));
            Some(found.with_context(|| {
                format!("{LINKER}, the linker for WebAssembly, is missing: `apt-get install -y lld-19` as root")
            })?)
        };
        // The server is compiled before its site, and only wants to find the folder.
        let site = checkout.site(Profile::Dev);
        checkout::make_folder(&site)?;
        Ok(Self { name, linker, target: checkout.target.clone(), site, root: checkout.root.clone() })
    }

    /// Cargo with this toolchain, in the checkout, into its target folder.
    pub fn cargo(&self) -> Command {
        let mut command = with_toolchain("cargo", self.name.as_deref());
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target).env(EMBED_SITE, &self.site);
        if let Some(linker) = &self.linker {
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
        command
    }

    /// Makes sure of the formatter and the linter.
    ///
    /// # Errors
    /// When one is missing and cannot be fetched.
    pub fn add_lints(&self) -> Result<()> {
        for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
            let is_there = || process::text(self.cargo().args([subcommand, "--version"])).is_some();
            if is_there() {
                continue;
            }
            if self.name.as_deref() == Some(FALLBACK) && apt::is_possible() {
                apt::install(&["rust-web-clippy", "rustfmt-web"])?;
            } else {
                progress::step(&format!("Fetching {component} (rustup)"));
                let _ = process::output(
                    with_toolchain("rustup", None).args(["component", "add", component]).args(self.selection()),
                );
            }
            if !is_there() {
                bail!("{component} is missing: `rustup component add {component}`");
            }
        }
        Ok(())
    }

    fn selection(&self) -> Vec<&str> {
        self.name.as_deref().map(|name| vec!["--toolchain", name]).unwrap_or_default()
    }
}

fn with_toolchain(program: &str, name: Option<&str>) -> Command {
    let mut command = process::command(program);
    if let Some(name) = name {
        command.env("RUSTUP_TOOLCHAIN", name);
    }
    command
}

fn sysroot(name: Option<&str>) -> Option<PathBuf> {
    process::text(with_toolchain("rustc", name).args(["--print", "sysroot"])).map(PathBuf::from)
}

fn library(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib").join(WASM).join("lib")
}

/// Whether the standard library for WebAssembly is there, and made by this very compiler where we made it.
fn has_wasm(name: Option<&str>, sysroot: &Path) -> bool {
    let library = library(sysroot);
    let has_std = std::fs::read_dir(&library)
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-")));
    let made_by = std::fs::read_to_string(library.join(MADE_BY)).ok();
    has_std && made_by.is_none_or(|made_by| Some(made_by) == version(name))
}

fn version(name: Option<&str>) -> Option<String> {
    process::text(with_toolchain("rustc", name).arg("--version"))
}

fn add_with_rustup(name: Option<&str>) -> Result<()> {
    if !process::is_installed("rustup") {
        bail!("rustup is not installed");
    }
    progress::step("Fetching the WebAssembly target (rustup)");
    let mut command = with_toolchain("rustup", None);
    command.args(["target", "add", WASM]);
    if let Some(name) = name {
        command.args(["--toolchain", name]);
    }
    process::run_quietly(&mut command)?;
    match sysroot(name) {
        Some(sysroot) if has_wasm(name, &sysroot) => Ok(()),
        _ => bail!("rustup added the target, but its files are missing"),
    }
}

fn install_fallback(checkout: &Checkout) -> Result<()> {
    let has_sources = Path::new("/usr/lib/rustlib/src/rust/library/std").exists();
    let programs = ["/usr/bin/rustc", "/usr/bin/cargo", "/usr/bin/cargo-clippy", "/usr/bin/rustfmt"];
    if !(has_sources && process::is_installed(LINKER) && programs.iter().all(|program| Path::new(program).exists())) {
        if !apt::is_possible() {
            bail!("Debian's packages can be installed by root on Debian and Ubuntu only");
        }
        apt::install(&PACKAGES)?;
    }
    process::run_quietly(with_toolchain("rustup", None).args(["toolchain", "link", FALLBACK, "/usr"]))?;
    let sysroot = sysroot(Some(FALLBACK)).context("Debian's rustc does not run")?;
    if has_wasm(Some(FALLBACK), &sysroot) {
        return Ok(());
    }
    make_library(checkout, &sysroot)
}

/// Compiles the standard library for WebAssembly and puts it where the compiler looks for it.
fn make_library(checkout: &Checkout, sysroot: &Path) -> Result<()> {
    progress::step("Compiling Rust's standard library for WebAssembly (once, about a minute)");
    let work = checkout.target.join("wasm-std");
    let source = work.join("src");
    checkout::make_folder(&source)?;
    checkout::write(
        &work.join("Cargo.toml"),
        "[package]\nname = \"nothing\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n",
    )?;
    checkout::write(&source.join("lib.rs"), "#![no_std]\n")?;
    let mut cargo = with_toolchain("cargo", Some(FALLBACK));
    cargo.current_dir(&work).env("CARGO_TARGET_DIR", work.join("target")).env("RUSTC_BOOTSTRAP", "1");
    process::run_quietly(cargo.args(["build", "--release", "-Zbuild-std=std,panic_abort", "--target", WASM]))?;

    let library = library(sysroot);
    let partial = library.with_extension("partial");
    let _ = std::fs::remove_dir_all(&partial);
    checkout::make_folder(&partial)?;
    let made = work.join("target").join(WASM).join("release/deps");
    for entry in std::fs::read_dir(&made).with_context(|| format!("cannot read {}", made.display()))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libnothing-") {
            std::fs::copy(entry.path(), partial.join(&name))
                .with_context(|| format!("cannot write {}", partial.display()))?;
        }
    }
    checkout::write(&partial.join(MADE_BY), version(Some(FALLBACK)).unwrap_or_default())?;
    // A rename, so that an interruption leaves no half library.
    let _ = std::fs::remove_dir_all(&library);
    std::fs::rename(&partial, &library).with_context(|| format!("cannot write {}", library.display()))?;
    let _ = std::fs::remove_dir_all(&work);
    Ok(())
}

fn first_line(error: &anyhow::Error) -> String {
    let text = error.to_string();
    let line = text.lines().find(|line| line.contains("error")).or_else(|| text.lines().next()).unwrap_or_default();
    line.trim().trim_start_matches("error: ").to_owned()
}

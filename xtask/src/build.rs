//! Builds what runs: the server, the sandbox, and the browser's half with its style sheets.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::checkout::{Checkout, Profile};
use crate::toolchain::Toolchain;
use crate::{assets, compress, process, progress, setup, wasm};

/// The server's feature that brings its site with it, so that it runs without `GANTRY_SITE`. Every development build has it, lints and tests
/// too: the way that is shipped is the one that is tried, and cargo compiles nothing in turns. A release has it in `cargo xtask dist` only: there
/// the site is a part of the program, which would be compiled anew with each change of it.
pub const EMBED: &str = "gantry/embed";

/// What `cargo xtask build` can be told.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Builds as it is shipped: quick and small, but minutes to compile.
    #[arg(long)]
    release: bool,
    /// Builds only what browsers load: WebAssembly, style sheets, modules.
    #[arg(long)]
    site: bool,
}

/// `cargo xtask build`.
pub fn run(checkout: &Checkout, options: &Options) -> Result<ExitCode> {
    let begin = Instant::now();
    let profile = Profile::from_release(options.release);
    let toolchain = setup::prepare(checkout, &[])?;
    if !options.site {
        binaries(&toolchain, profile)?;
    }
    site(checkout, &toolchain, profile)?;
    progress::note(&format!("Built in {}.", progress::seconds(begin.elapsed())));
    Ok(ExitCode::SUCCESS)
}

/// The server and the sandbox.
pub fn binaries(toolchain: &Toolchain, profile: Profile) -> Result<()> {
    packages(toolchain, profile, &["gantry", "gantry-sandbox"])
}

/// Some of the workspace's packages, the server among them.
pub fn packages(toolchain: &Toolchain, profile: Profile, names: &[&str]) -> Result<()> {
    let mut cargo = toolchain.cargo();
    cargo.arg("build").args(names.iter().flat_map(|name| ["--package", name]));
    match profile {
        Profile::Dev => cargo.args(["--features", EMBED]),
        Profile::Release => cargo.arg("--release"),
    };
    process::run(&mut cargo).context("the server does not compile")
}

/// Everything a browser loads.
pub fn site(checkout: &Checkout, toolchain: &Toolchain, profile: Profile) -> Result<()> {
    let files = wasm::build(checkout, toolchain, profile)?;
    assets::build(checkout, profile, &files)?;
    if profile == Profile::Release {
        compress::folder(&checkout.site(profile))?;
    }
    Ok(())
}

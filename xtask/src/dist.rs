//! `cargo xtask dist`: one release binary with everything a browser loads inside.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::checkout::{self, Checkout, Profile};
use crate::{build, process, progress, setup, toolchain};

/// `cargo xtask dist`.
pub fn run(checkout: &Checkout) -> Result<ExitCode> {
    let begin = Instant::now();
    let toolchain = setup::prepare(checkout, &[])?;
    progress::step("Building the browser's half");
    build::site(checkout, &toolchain, Profile::Release)?;
    progress::step("Building the server");
    let mut cargo = toolchain.cargo();
    // The same packages as every other build: with fewer, cargo would choose other features of what they share and compile the AWS SDK anew.
    cargo.args([
        "build",
        "--release",
        "--package",
        "gantry",
        "--package",
        "gantry-sandbox",
        "--features",
        build::EMBED,
    ]);
    cargo.env(toolchain::EMBED_SITE, checkout.site(Profile::Release));
    process::run(&mut cargo).context("the server does not compile")?;

    let folder = checkout.target.join("dist");
    checkout::make_folder(&folder)?;
    let (built, binary) = (checkout.binaries(Profile::Release).join("gantry"), folder.join("gantry"));
    // A name that runs somewhere cannot be written to; a new file can take its place.
    let _ = std::fs::remove_file(&binary);
    let size = std::fs::copy(&built, &binary).with_context(|| format!("cannot write {}", binary.display()))?;
    progress::note(&format!("{} MiB in {}.", size >> 20, progress::seconds(begin.elapsed())));
    println!("{}", binary.display());
    Ok(ExitCode::SUCCESS)
}

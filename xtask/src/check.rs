//! `cargo xtask check`: what can be known without running anything. Format, then lints for both halves.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::checkout::Checkout;
use crate::setup::{self, Need};
use crate::toolchain::Toolchain;
use crate::{build, process, progress, wasm};

/// The product. These tools stand apart: together with them cargo would settle on other features for some
/// dependencies, and compile half of everything twice.
pub const PRODUCT: [&str; 7] =
    ["--workspace", "--exclude", "xtask", "--exclude", "gantry-bindgen", "--features", build::EMBED];
/// What builds the product.
pub const TOOLS: [&str; 4] = ["--package", "xtask", "--package", "gantry-bindgen"];

/// `cargo xtask check`.
pub fn run(checkout: &Checkout) -> Result<ExitCode> {
    let toolchain = setup::prepare(checkout, &[Need::Lints])?;
    progress::step("Format");
    process::run(&mut format(&toolchain)).context("`cargo fmt` puts it right")?;
    progress::step("Lints of the server's half");
    process::run(&mut lint_native(&toolchain, &PRODUCT))?;
    process::run(&mut lint_native(&toolchain, &TOOLS))?;
    progress::step("Lints of the browser's half");
    process::run(&mut lint_wasm(&toolchain))?;
    Ok(ExitCode::SUCCESS)
}

/// Fails when a file is not formatted.
pub fn format(toolchain: &Toolchain) -> Command {
    let mut cargo = toolchain.cargo();
    cargo.args(["fmt", "--all", "--check"]);
    cargo
}

/// Every crate and test of a selection, for this machine.
pub fn lint_native(toolchain: &Toolchain, selection: &[&str]) -> Command {
    let mut cargo = toolchain.cargo();
    cargo.arg("clippy").args(selection).args(["--all-targets", "--", "-D", "warnings"]);
    cargo
}

/// The browser's half, for browsers.
pub fn lint_wasm(toolchain: &Toolchain) -> Command {
    let mut cargo = toolchain.cargo();
    cargo.arg("clippy").args(wasm::SELECTION).args(["--", "-D", "warnings"]);
    cargo
}

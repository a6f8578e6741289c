//! `cargo xtask`: everything a person does with this checkout.
//!
//! One file per command, and one per thing the commands share: [`checkout`] knows the folders, [`process`] starts and
//! ends other programs, [`toolchain`] finds the compiler, [`setup`] brings the rest of a new machine.

mod apt;
mod assets;
mod bench;
mod build;
mod check;
mod checkout;
mod compress;
mod configuration;
mod data_folder;
mod disk;
mod dist;
mod first_start;
mod process;
mod progress;
mod service;
mod setup;
mod test;
mod toolchain;
mod torture;
mod up;
mod wasm;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use checkout::Checkout;

/// Builds, runs and tests Gantry.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sets up, builds and starts everything; ends with the address to open.
    Up(up::Options),
    /// Runs every check and test that CI runs.
    Test(test::Options),
    /// Runs the quick checks: format and lints.
    Check,
    /// Builds the server, the sandbox and the browser's half.
    Build(build::Options),
    /// Makes one self-contained release binary.
    Dist,
    /// Measures a release build beside the AWS CLI and boto3.
    Bench(bench::Options),
    /// Kills servers and breaks calls in the middle of runs, and looks at what is left.
    Torture(torture::Options),
    /// Brings what this machine lacks; every other command does it first.
    Setup,
}

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    match run(&command) {
        Ok(code) => code,
        Err(error) => {
            process::wait_if_stopping();
            progress::error(&format!("{error:#}"));
            process::stop_all();
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> anyhow::Result<ExitCode> {
    process::stop_children_on_signals()?;
    let checkout = Checkout::find()?;
    match command {
        Command::Up(options) => up::run(&checkout, options),
        Command::Test(options) => test::run(&checkout, options),
        Command::Check => check::run(&checkout),
        Command::Build(options) => build::run(&checkout, options),
        Command::Dist => dist::run(&checkout),
        Command::Bench(options) => bench::run(&checkout, options),
        Command::Torture(options) => torture::run(&checkout, options),
        Command::Setup => {
            setup::prepare(&checkout, &[setup::Need::Lints, setup::Need::Browser, setup::Need::Moto])?;
            println!("Everything is here.");
            Ok(ExitCode::SUCCESS)
        }
    }
}

//! `cargo xtask bench`: a release build measured beside the AWS CLI and boto3, in one run on this machine.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::checkout::{self, Checkout, Profile};
use crate::setup::Need;
use crate::{build, process, progress, setup};

/// What `cargo xtask bench` can be told; everything is handed on.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Seconds per series of requests.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Leaves out the AWS CLI and boto3.
    #[arg(long)]
    no_clients: bool,
    /// Leaves out what a browser measures: the list that is scrolled, and the wizard.
    #[arg(long)]
    no_browser: bool,
    /// Measures only the list that is scrolled in a browser.
    #[arg(long, conflicts_with_all = ["no_browser", "only_plans", "only_images"])]
    only_rows: bool,
    /// Measures plans, natively and in a browser, and the engine only.
    #[arg(long)]
    only_plans: bool,
    /// Measures images only: pushed and copied, beside skopeo where it is installed.
    #[arg(long, conflicts_with = "only_plans")]
    only_images: bool,
}

/// `cargo xtask bench`.
pub fn run(checkout: &Checkout, options: &Options) -> Result<ExitCode> {
    let with_browser = !(options.no_browser || options.only_images);
    let needs: &[Need] = if with_browser { &[Need::Browser] } else { &[] };
    let toolchain = setup::prepare(checkout, needs)?;
    progress::step("Building a release");
    build::site(checkout, &toolchain, Profile::Release)?;
    build::packages(&toolchain, Profile::Release, &["gantry", "gantry-sandbox", "gantry-bench"])?;

    let folder = checkout.target.join("bench");
    checkout::make_folder(&folder)?;
    let binaries = checkout.binaries(Profile::Release);
    let mut bench = process::command(binaries.join("gantry-bench"));
    bench.arg("--bin").arg(&binaries).arg("--site").arg(checkout.site(Profile::Release));
    bench.arg("--data-dir").arg(&folder).arg("--seconds").arg(options.seconds.to_string());
    if options.no_clients {
        bench.arg("--no-clients");
    }
    if with_browser {
        bench.arg("--checkout").arg(&checkout.root);
        if let Some(chromium) = setup::chromium(checkout)? {
            bench.env("CHROMIUM", chromium);
        }
    }
    if options.only_rows {
        bench.arg("--only-rows");
    }
    if options.only_plans {
        bench.arg("--only-plans");
    }
    if options.only_images {
        bench.arg("--only-images");
    }
    if let Err(error) = process::run(&mut bench).context("the measurement was not finished") {
        bail!("{error:#}; logs are in {}", folder.display());
    }
    Ok(ExitCode::SUCCESS)
}

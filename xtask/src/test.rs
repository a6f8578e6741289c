//! `cargo xtask test`: everything that CI runs, the quick things first; the first step that fails ends it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use serde::Deserialize;

use crate::checkout::{self, Checkout, Profile};
use crate::service::{self, Event, Service};
use crate::setup::{self, Need};
use crate::toolchain::Toolchain;
use crate::{build, check, process, progress, torture};

/// What `cargo xtask test` can be told.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Only these, separated by commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Goes on after a step that failed.
    #[arg(long)]
    keep_going: bool,
    /// Journeys whose title or file matches this; implies `--only e2e`.
    #[arg(long, value_name = "PATTERN")]
    journey: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Format.
    Fmt,
    /// Lints of both halves.
    Lint,
    /// Unit, database, emulator and route tests.
    Unit,
    /// Journeys in a browser.
    E2e,
    /// The short forms of `cargo xtask torture` and of its `--points`.
    Torture,
}

/// How one step went.
#[derive(Debug, Default)]
struct Outcome {
    passed: u64,
    failed: u64,
    /// The runner's own words about it.
    summary: Vec<String>,
}

struct Step {
    name: &'static str,
    time: Duration,
    result: Result<Outcome>,
}

struct Run<'a> {
    checkout: &'a Checkout,
    toolchain: Toolchain,
    /// This program's own file; asked for before a step may put another in its place.
    program: PathBuf,
    options: &'a Options,
    steps: Vec<Step>,
}

/// `cargo xtask test`.
pub fn run(checkout: &Checkout, options: &Options) -> Result<ExitCode> {
    let wants = |part| options.wants(part);
    let mut needs = Vec::new();
    if wants(Part::Fmt) || wants(Part::Lint) {
        needs.push(Need::Lints);
    }
    if wants(Part::E2e) {
        needs.extend([Need::Browser, Need::Moto]);
    }
    let program = std::env::current_exe().context("this program's own file is gone")?;
    let toolchain = setup::prepare(checkout, &needs)?;
    let mut run = Run { checkout, toolchain, program, options, steps: Vec::new() };
    if wants(Part::Fmt) {
        run.step("format", |run| run.tool(check::format(&run.toolchain), "`cargo fmt` puts it right"));
    }
    if wants(Part::Lint) {
        for (name, selection) in [("lints, server", &check::PRODUCT[..]), ("lints, tools", &check::TOOLS)] {
            let lint =
                |run: &Run<'_>| run.tool(check::lint_native(&run.toolchain, selection), "the linter found something");
            run.step(name, lint);
        }
        run.step("lints, browser", |run| run.tool(check::lint_wasm(&run.toolchain), "the linter found something"));
    }
    if wants(Part::Unit) || wants(Part::E2e) || wants(Part::Torture) {
        run.step("build", Run::build);
    }
    if wants(Part::Unit) {
        run.step("tests", Run::tests);
    }
    if wants(Part::E2e) {
        run.step("build, browser", Run::site);
        run.step("journeys", Run::journeys);
    }
    if wants(Part::Torture) {
        if !wants(Part::E2e) {
            run.step("build, browser", Run::site);
        }
        run.step("torture", |run| {
            let failed = torture::short(run.checkout)?;
            Ok(Outcome { passed: u64::from(failed == 0), failed, summary: vec![] })
        });
    }
    Ok(run.report())
}

impl Options {
    fn wants(&self, part: Part) -> bool {
        match &self.journey {
            Some(_) => part == Part::E2e,
            None => self.only.is_empty() || self.only.contains(&part),
        }
    }
}

impl Run<'_> {
    fn step(&mut self, name: &'static str, work: impl FnOnce(&Self) -> Result<Outcome>) {
        if !self.options.keep_going && self.steps.iter().any(Step::has_failed) {
            return;
        }
        progress::step(name);
        let begin = Instant::now();
        let result = work(self);
        process::wait_if_stopping();
        if let Err(error) = &result {
            progress::error(&format!("{error:#}"));
        }
        self.steps.push(Step { name, time: begin.elapsed(), result });
    }

    fn tool(&self, mut command: std::process::Command, advice: &'static str) -> Result<Outcome> {
        process::run(&mut command).context(advice).map(|()| Outcome::default())
    }

    /// Everything at once, tests included: cargo then settles on one set of features for each dependency.
    fn build(&self) -> Result<Outcome> {
        if !self.options.wants(Part::Unit) {
            return build::binaries(&self.toolchain, Profile::Dev).map(|()| Outcome::default());
        }
        let mut cargo = self.toolchain.cargo();
        cargo.arg("build").args(check::PRODUCT).arg("--all-targets");
        self.tool(cargo, "it does not compile")
    }

    fn site(&self) -> Result<Outcome> {
        build::site(self.checkout, &self.toolchain, Profile::Dev).map(|()| Outcome::default())
    }

    fn tests(&self) -> Result<Outcome> {
        let database = Database::start(self.checkout)?;
        let mut outcome = Outcome::default();
        for selection in [&check::PRODUCT[..], &check::TOOLS] {
            let mut cargo = self.toolchain.cargo();
            cargo.arg("test").args(selection).arg("--no-fail-fast");
            cargo.env("GANTRY_TEST_DATABASE_URL", &database.url).env_remove("DATABASE_URL");
            cargo.env("GANTRY_BIN_DIR", self.checkout.binaries(Profile::Dev));
            let status = process::run_and_listen(&mut cargo, |line| outcome.hear_cargo(line))?;
            if !status.success() {
                // A test program that crashed reports no sum.
                outcome.failed = outcome.failed.max(1);
            }
        }
        Ok(outcome)
    }

    fn journeys(&self) -> Result<Outcome> {
        let folder = self.checkout.path("end2end");
        let report = self.checkout.target.join("journeys.json");
        let _ = std::fs::remove_file(&report);
        let mut playwright = process::command(self.checkout.npm_binary("playwright"));
        playwright
            .current_dir(&folder)
            .arg("test")
            .args(&self.options.journey)
            .env("GANTRY_E2E_JSON", &report)
            .env("GANTRY_BIN_DIR", self.checkout.binaries(Profile::Dev))
            .env("GANTRY_SITE", self.checkout.site(Profile::Dev))
            // One journey starts this program, which finds the checkout and what is built by the others.
            .env("GANTRY_XTASK", &self.program)
            .env("CARGO_MANIFEST_DIR", self.checkout.path("xtask"))
            .env("CARGO_TARGET_DIR", &self.checkout.target)
            .env("GANTRY_MOTO", setup::moto(self.checkout)?);
        if let Some(chromium) = setup::chromium(self.checkout)? {
            playwright.env("CHROMIUM", chromium);
        }
        let mut summary = Vec::new();
        let status = process::run_and_listen(&mut playwright, |line| {
            if is_playwright_sum(line) {
                summary.push(line.trim().to_owned());
            }
        })?;
        let report: Journeys = match std::fs::read(&report) {
            Ok(bytes) => serde_json::from_slice(&bytes).context("Playwright's report cannot be read")?,
            Err(_) => bail!("Playwright ended without a report ({status})"),
        };
        let mut outcome =
            Outcome { passed: report.stats.expected + report.stats.flaky, failed: report.stats.unexpected, summary };
        if !status.success() {
            outcome.failed = outcome.failed.max(1);
        }
        if outcome.passed + outcome.failed == 0 {
            bail!("no journey was run");
        }
        Ok(outcome)
    }

    fn report(&self) -> ExitCode {
        let (mut passed, mut failed) = (0, 0);
        println!("\n{:<16} {:>12}  result", "step", "time");
        for step in &self.steps {
            let words = match &step.result {
                Err(_) => "failed".to_owned(),
                Ok(outcome) if outcome.passed + outcome.failed == 0 => "ok".to_owned(),
                Ok(outcome) => format!("{} passed, {} failed", outcome.passed, outcome.failed),
            };
            println!("{:<16} {:>12}  {words}", step.name, progress::seconds(step.time));
            match &step.result {
                Ok(outcome) => {
                    passed += outcome.passed;
                    failed += outcome.failed;
                }
                Err(_) => failed += 1,
            }
        }
        println!();
        for line in self.steps.iter().filter_map(|step| step.result.as_ref().ok()).flat_map(|outcome| &outcome.summary)
        {
            println!("{line}");
        }
        println!("\n{passed} passed, {failed} failed");
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl Step {
    fn has_failed(&self) -> bool {
        self.result.as_ref().map_or(true, |outcome| outcome.failed > 0)
    }
}

impl Outcome {
    /// `test result: ok. 3 passed; 0 failed; 0 ignored; …`
    fn hear_cargo(&mut self, line: &str) {
        if !line.starts_with("test result:") {
            return;
        }
        let count = |word: &str| {
            let before = line.split(&format!(" {word}")).next()?;
            before.rsplit(' ').next()?.parse::<u64>().ok()
        };
        let (passed, failed) = (count("passed").unwrap_or(0), count("failed").unwrap_or(0));
        self.passed += passed;
        self.failed += failed;
        if passed + failed > 0 {
            self.summary.push(line.to_owned());
        }
    }
}

/// `  12 passed (30.1s)`, `  1 failed`
fn is_playwright_sum(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next().is_some_and(|count| count.parse::<u64>().is_ok())
        && words
            .next()
            .is_some_and(|word| ["passed", "failed", "flaky", "skipped", "interrupted", "did"].contains(&word))
}

/// The part of Playwright's JSON report that is counted here.
#[derive(Debug, Deserialize)]
struct Journeys {
    stats: Stats,
}

#[derive(Debug, Deserialize)]
struct Stats {
    expected: u64,
    unexpected: u64,
    flaky: u64,
}

/// A Postgres of its own for the tests, thrown away afterwards.
struct Database {
    url: String,
    service: Option<Service>,
    events: Receiver<Event>,
    _folder: tempfile::TempDir,
}

impl Database {
    fn start(checkout: &Checkout) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("gantry-test-")
            .tempdir()
            .context("cannot make a folder for the test database")?;
        checkout::open_to_others(folder.path())?;
        let log: PathBuf = checkout.target.join("test-database.log");
        checkout::make_folder(&checkout.target)?;
        let mut command = process::command(checkout.binaries(Profile::Dev).join("gantry-sandbox"));
        // A person's own DATABASE_URL is not for tests to write into.
        command.args(["postgres", "--own-database", "--data-dir"]).arg(folder.path());
        let (sender, events) = channel();
        let service = Service::start(&mut command, log, sender, |event| event)?;
        loop {
            match events.recv().context("the test database does not start")? {
                Event::Ready { database_url: Some(url), .. } => {
                    return Ok(Self { url, service: Some(service), events, _folder: folder });
                }
                Event::Failed { message } => bail!("{message}"),
                Event::Ended(_) => bail!(
                    "the test database does not start. The end of its log:\n{}",
                    service::last_words(&service.log)
                ),
                _ => {}
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // It ends with its standard input; its folder goes only after it.
        drop(self.service.take());
        while let Ok(event) = self.events.recv_timeout(Duration::from_secs(15)) {
            if matches!(event, Event::Ended(_)) {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_from_the_runners_own_lines() {
        let mut outcome = Outcome::default();
        outcome.hear_cargo(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        );
        outcome.hear_cargo(
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        );
        outcome.hear_cargo("test resources ... ok");
        assert_eq!((outcome.passed, outcome.failed, outcome.summary.len()), (15, 2, 2));
        assert!(is_playwright_sum("  12 passed (30.1s)"));
        assert!(is_playwright_sum("  1 did not run"));
        assert!(!is_playwright_sum("  ✓  12 [chromium] › sign-in.spec.ts"));
    }
}

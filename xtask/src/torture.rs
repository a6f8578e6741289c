//! `cargo xtask torture`: runs of plans under faults and kills, judged by what the sandbox lists; beside them what scripts leave behind.
//!
//! A run is planned and begun through the HTTP API on one of several servers ([`torture::servers`]) whose roads to AWS ([`torture::road`]) have
//! weather ([`torture::weather`]): faults of the wire, SIGKILL before or after a call, SIGSTOP past the lease. [`torture::oracle`] judges.
//! Images are copied from a registry of the torture's own ([`torture::source`]), which has no weather; what a copy pushes into ECR has it.
//! Beside that storm servers are killed at each point of each form, without chance ([`torture::points`]).

mod aim;
mod call;
mod changes;
mod deployed;
mod dice;
mod exports;
mod forms;
mod gate;
mod http;
mod images;
mod oracle;
mod points;
mod push;
mod recovery;
mod road;
mod rounds;
mod runs;
mod scripts;
mod servers;
mod source;
mod sweep;
mod table;
mod weather;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::checkout::{self, Checkout, Profile};
use crate::service::{self, Event, Service};
use crate::{build, process, progress, setup};
use oracle::Sandbox;
use recovery::Recovery;
use servers::{Recipe, Server, Servers};
use weather::Weather;

/// What `cargo xtask torture` can be told.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// What befalls which call follows from this number.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs; one to two kills and several faults come with each. 700 and more for a long night.
    #[arg(long, default_value_t = 40)]
    runs: u64,
    /// The number of the first run: that of `torture/r00042` is 42.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Begins no further run after so many minutes.
    #[arg(long)]
    minutes: Option<u64>,
    /// Servers on the one database.
    #[arg(long, default_value_t = SERVERS)]
    servers: usize,
    /// Runs of each kind of script beside them.
    #[arg(long, default_value_t = 20)]
    scripts: u64,
    /// Kills servers at each point of each call of each form, and nothing else.
    #[arg(long)]
    points: bool,
    /// Of the forms at whose points servers are killed, and of those that change repositories in the storm, only this one, as the API calls it:
    /// `copy-image`.
    #[arg(long, value_name = "FORM")]
    only: Option<String>,
    /// Uses the programs and the site in this folder instead of building them.
    #[arg(long, value_name = "FOLDER")]
    built: Option<PathBuf>,
}

/// Who does what in the sandbox: each in an account of its own, so that names can be the same.
struct Accounts {
    gantry: &'static str,
    cli: &'static str,
    boto3: &'static str,
    cli_export: &'static str,
    template_export: &'static str,
}

const ACCOUNTS: Accounts = Accounts {
    gantry: "111122223333",
    cli: "200000000001",
    boto3: "200000000002",
    cli_export: "200000000003",
    template_export: "200000000004",
};

/// Seeds that once broke a promise, each with the number of the run that did (0 where nobody kept it). The short form takes some runs of each into
/// its storm.
const SEEDS: [(u64, u64); 2] = [(77, 0), (78, 0)];
/// So many of each, from that number.
const RUNS_OF_A_SEED: u64 = 2;
/// Servers on the one database, unless it is said otherwise. A restart takes seconds: with more of them more goes on meanwhile.
const SERVERS: usize = 4;
/// Runs at the same time for each server: half of what one drives, so that hardly any has to wait for another.
const AT_ONCE: usize = 4;
/// The promise: milliseconds from the moment a server could take a run until one goes on with it. What it does first is mostly to ask what was
/// made, and how long AWS takes to say so under this weather is told apart.
const RECOVERY: u64 = 5_000;
/// How long the sandbox may say nothing while it starts, which installs what it needs, and a command of Gantry may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// How many slow recoveries are shown one by one.
const SLOWEST: usize = 10;

/// AWS's own clients.
#[derive(Debug)]
struct Tools {
    python: PathBuf,
    aws: PathBuf,
}

/// `cargo xtask torture`.
pub fn run(checkout: &Checkout, options: &Options) -> Result<ExitCode> {
    let (binaries, site) = match &options.built {
        Some(folder) => (folder.clone(), folder.join("site")),
        None => {
            let toolchain = setup::prepare(checkout, &[])?;
            progress::step("Building");
            build::binaries(&toolchain, Profile::Dev)?;
            build::site(checkout, &toolchain, Profile::Dev)?;
            (checkout.binaries(Profile::Dev), checkout.site(Profile::Dev))
        }
    };
    let Options { seed, first, runs, servers, scripts, minutes, .. } = *options;
    let only = options.only.clone();
    let names = (first..first + runs).map(runs::name).collect();
    let torture = Torture { checkout, binaries, site, seed, names, servers, scripts, minutes, only };
    let offences = if options.points { torture.points(true)? } else { torture.run(true)? };
    Ok(if offences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The short form, for `cargo xtask test`; answers how many promises were broken. How fast this machine is, is not judged.
pub fn short(checkout: &Checkout) -> Result<u64> {
    let (binaries, site) = (checkout.binaries(Profile::Dev), checkout.site(Profile::Dev));
    let failed = |(seed, first): (u64, u64)| (first..first + RUNS_OF_A_SEED).map(move |n| runs::name_of(seed, n));
    let names = (0..4).map(runs::name).chain(SEEDS.into_iter().flat_map(failed)).collect();
    let (seed, servers, scripts) = (1, SERVERS, 0);
    let torture = Torture { checkout, binaries, site, seed, names, servers, scripts, minutes: None, only: None };
    Ok(torture.run(false)? + torture.points(false)?)
}

struct Torture<'a> {
    checkout: &'a Checkout,
    binaries: PathBuf,
    site: PathBuf,
    seed: u64,
    /// The repositories of the storm, one a run.
    names: Vec<String>,
    servers: usize,
    scripts: u64,
    minutes: Option<u64>,
    only: Option<String>,
}

/// The database and the sandbox. Its folder goes when it ends.
struct World {
    database: String,
    port: u16,
    /// The port of the registry that images are copied from.
    source: u16,
    tools: Tools,
    _sandbox: Service,
    folder: tempfile::TempDir,
}

impl Torture<'_> {
    fn run(&self, judge_speed: bool) -> Result<u64> {
        let begin = Instant::now();
        progress::step("Starting a sandbox and servers");
        let world = self.world()?;
        let weather = Weather::of(self.seed);
        // They take time, which only the long form has.
        let weather = Arc::new(if judge_speed { weather.with_silences() } else { weather });
        let servers = Arc::new(Servers::default());
        let mut ports = vec![];
        for n in 0..self.servers {
            let sender = Arc::new(Server { servers: servers.clone(), n });
            let road = road::open(world.port, weather.clone(), sender).context("no road can be opened")?;
            ports.push(self.server(&world, n, road, &servers)?);
        }
        let api = runs::Api::new(ports, self.token(&world)?);
        let sandbox = |account: &str| Sandbox { port: world.port, account: account.to_owned() };

        progress::step("Comparing what exports make with what runs make");
        let (made, mut differ) = exports::compare(&world.tools, &api, world.port)?;
        let (changed, more) = exports::compare_changes(&world.tools, &api, world.port, world.source, self.scripts > 0)?;
        let compared = made + changed;
        differ.extend(more);
        progress::step(&format!("{} runs", self.names.len()));
        let story = runs::Story { seed: self.seed, source: world.source, only: self.only.clone() };
        let broke_off = self.storm(&api, &servers, &weather, &story).err();
        weather.clear_up(ACCOUNTS.gantry);
        // What broke off is judged all the same, as far as it came.
        if let Some(error) = &broke_off {
            progress::error(&format!("{error:#}"));
        }
        let all = api.runs()?;
        let mut verdict = oracle::judge(&all, &sandbox(ACCOUNTS.gantry).listing()?, &weather);
        let plans = scripts::reviews(&api, self.seed, self.scripts)?;
        let swept = sweep::sweep(&self.binaries.join("gantry"), &world.database, &self.config(&world, 0))?;
        let told = servers.end();
        let mut scripts = vec![];
        if self.scripts > 0 {
            progress::step(&format!("{} scripts of each kind", self.scripts));
            for (what, account, prepare) in [
                ("AWS CLI script", ACCOUNTS.cli, scripts::cli as scripts::Prepare),
                ("boto3 with try/except", ACCOUNTS.boto3, scripts::boto3),
            ] {
                let left = scripts::torture(&world.tools, &weather, &sandbox(account), prepare, &plans)?;
                scripts.push((what, account, left));
            }
        }
        let mut recovered = recovery::recoveries(&told.lives);
        recovered.sort_unstable_by_key(Recovery::took);
        let mut slow: Vec<&Recovery> = recovered.iter().filter(|one| one.waited > RECOVERY).collect();
        slow.sort_unstable_by_key(|one| std::cmp::Reverse(one.waited));
        self.table(&verdict, &told, &recovered, &weather, &scripts, begin.elapsed());
        println!("  {:<44} {swept}", "gantry runs sweep");
        verdict.offences.extend(swept.offence(&verdict));
        println!("  {:<44} {compared} compared, {} differ", "exports run elsewhere", differ.len());
        verdict.offences.extend(differ.iter().map(|what| format!("an export differs: {what}")));
        for offence in &verdict.offences {
            progress::error(&format!("seed {}: {offence}", self.seed));
        }
        if judge_speed && !slow.is_empty() {
            progress::error(&format!("{} runs waited longer than {} s for a server", slow.len(), RECOVERY / 1000));
            for Recovery { run, waited, began, since_kill } in slow.iter().take(SLOWEST) {
                progress::note(&format!(
                    "run {run}: {waited} ms until a server took it, {began} ms until it wrote; {since_kill} ms after the kill"
                ));
            }
        }
        let slow = slow.len() as u64;
        let broken = verdict.offences.len() as u64 + u64::from(broke_off.is_some());
        Ok(broken + if judge_speed { slow } else { 0 })
    }

    /// All runs, several at once.
    fn storm(&self, api: &runs::Api, servers: &Servers, weather: &Weather, story: &runs::Story) -> Result<()> {
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
        let failed_yet = || failed.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = Instant::now();
        let late = || self.minutes.is_some_and(|minutes| begin.elapsed() > Duration::from_secs(60 * minutes));
        let work = || {
            while !late() {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let Some(name) = self.names.get(n).filter(|_| failed_yet().is_none()) else { return };
                if let Err(error) = runs::make(api, servers, weather, story, name) {
                    failed_yet().get_or_insert(error.context(format!("{name} of seed {}", self.seed)));
                }
                if n % 10 == 9 {
                    progress::note(&format!("{} of {} runs", n + 1, self.names.len()));
                }
            }
        };
        std::thread::scope(|scope| (0..AT_ONCE * self.servers).for_each(|_| drop(scope.spawn(work))));
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    fn world(&self) -> Result<World> {
        let folder = tempfile::Builder::new().prefix("gantry-torture-").tempdir().context("cannot make a folder")?;
        checkout::open_to_others(folder.path())?;
        checkout::make_folder(&self.checkout.target)?;
        let mut command = process::command(self.binaries.join("gantry-sandbox"));
        command.args(["up", "--no-fleet", "--own-database", "--data-dir"]).arg(folder.path().join("data"));
        let (sender, events) = channel();
        let log = self.checkout.target.join("torture-sandbox.log");
        let sandbox = Service::start(&mut command, log, sender, |event| event)?;
        loop {
            match events.recv_timeout(PATIENCE).context("the sandbox does not start")? {
                Event::Ready {
                    database_url: Some(database), endpoint_url: Some(url), python: Some(python), ..
                } => {
                    let port = url.rsplit(':').next().and_then(|port| port.trim_end_matches('/').parse().ok());
                    let port = port.context("the sandbox has no port")?;
                    let tools = Tools { aws: self.aws(&python)?, python };
                    let source = source::open().context("no registry can be opened")?;
                    return Ok(World { database, port, source, tools, _sandbox: sandbox, folder });
                }
                Event::Failed { message } => bail!("{message}"),
                Event::Ended(_) => bail!("the sandbox ended:\n{}", service::last_words(&sandbox.log)),
                _ => {}
            }
        }
    }

    /// The AWS CLI, installed once into the target folder.
    fn aws(&self, python: &Path) -> Result<PathBuf> {
        const PINNED: &str = include_str!("torture/awscli.txt");
        let place = self.checkout.target.join("awscli");
        let (stamp, aws) = (place.join("pinned.txt"), place.join("bin/aws"));
        if std::fs::read_to_string(&stamp).is_ok_and(|text| text == PINNED) && aws.exists() {
            return Ok(aws);
        }
        progress::step("Installing the AWS CLI");
        process::run_quietly(process::command(python).args(["-m", "venv", "--clear", "--without-pip"]).arg(&place))?;
        let list = place.join("pinned.installing.txt");
        checkout::write(&list, PINNED)?;
        let mut pip = process::command("python3");
        pip.args(["-m", "pip", "--python"]).arg(place.join("bin/python"));
        pip.args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "--only-binary",
            ":all:",
            "-r",
        ]);
        process::run_quietly(pip.arg(&list)).context("the AWS CLI cannot be installed")?;
        std::fs::rename(&list, &stamp).context("cannot note that the AWS CLI is installed")?;
        Ok(aws)
    }

    fn config(&self, world: &World, n: usize) -> PathBuf {
        world.folder.path().join(format!("gantry-{n}.toml"))
    }

    /// Starts a server whose calls to AWS go to this port; answers its own.
    fn server(&self, world: &World, n: usize, road: u16, servers: &Arc<Servers>) -> Result<u16> {
        let config = self.config(world, n);
        let account = ACCOUNTS.gantry;
        let source = world.source;
        let text = format!(
            "requests_per_second = 1000000\nquota_share = 1.0\n[registries]\nexceptions = [\"127.0.0.1:{source}\"]\n[[connections]]\nname = \"torture\"\naccount = \"{account}\"\nregions = [\"eu-west-1\", \"us-east-1\"]\nendpoint_url = \"http://127.0.0.1:{road}\"\naccess_key = \"{account}\"\nsecret_key = \"sandbox\"\n"
        );
        checkout::write(&config, text)?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let variables = [
            ("DATABASE_URL", world.database.clone()),
            ("GANTRY_LISTEN", format!("127.0.0.1:{port}")),
            ("GANTRY_SITE", self.site.display().to_string()),
            ("GANTRY_CONFIG", config.display().to_string()),
            ("GANTRY_CONNECTIONS", String::new()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            // When it takes a run, and when it writes of it: what `recovery` reads.
            ("GANTRY_LOG_JSON", "true".to_owned()),
            ("RUST_LOG", "info,gantry::apply=debug,sqlx=warn,aws=warn,hyper=warn".to_owned()),
        ];
        let environment = variables.map(|(name, value)| (name.to_owned(), value)).into();
        let log = self.checkout.target.join(format!("torture-gantry-{n}.log"));
        servers.keep(n, Recipe { program: self.binaries.join("gantry"), environment, log })?;
        Ok(port)
    }

    fn token(&self, world: &World) -> Result<String> {
        let gantry = |arguments: &[&str], input: &str| -> Result<String> {
            let mut command = process::command(self.binaries.join("gantry"));
            command.args(arguments).env("DATABASE_URL", &world.database);
            let mut child =
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot start gantry")?;
            child.stdin.take().context("no standard input")?.write_all(input.as_bytes())?;
            let begin = Instant::now();
            while child.try_wait()?.is_none() {
                if begin.elapsed() > PATIENCE {
                    child.kill()?;
                    bail!("gantry {} does not end", arguments.join(" "));
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            let done = child.wait_with_output()?;
            anyhow::ensure!(done.status.success(), "gantry {} failed", arguments.join(" "));
            Ok(String::from_utf8_lossy(&done.stdout).into_owned())
        };
        gantry(&["admin", "create", "--name", "ada", "--password-stdin"], "correct horse battery staple\n")?;
        let create =
            ["token", "create", "--person", "ada", "--name", "torture", "--role", "administrator", "--days", "1"];
        let printed = gantry(&create, "")?;
        let token = printed.split_whitespace().find(|word| word.starts_with("gantry_"));
        Ok(token.context("no token was printed")?.to_owned())
    }
}

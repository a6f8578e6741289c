//! `cargo xtask up`: from a fresh clone to the console in a browser.
//!
//! Builds, starts the sandbox and the server, and stays until Ctrl-C or until one of them ends.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::checkout::{Checkout, Profile};
use crate::data_folder::DataFolder;
use crate::first_start::FirstStart;
use crate::progress::Reports;
use crate::service::{Event, Service};
use crate::toolchain::Toolchain;
use crate::{build, configuration, disk, process, progress, service, setup};

const PORT: u16 = 4646;

/// What `cargo xtask up` can be told.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The port on 127.0.0.1. Without it: 4646, or the next free one.
    #[arg(long)]
    port: Option<u16>,
    /// Where database, sandbox and logs are kept. Without it: `.gantry` in the checkout.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Builds and runs what is shipped: quick and small, but minutes to compile.
    #[arg(long)]
    release: bool,
    /// Forgets the database and the sandbox's state first.
    #[arg(long)]
    fresh: bool,
    /// Starts the sandbox beside the connections of your own gantry.toml.
    #[arg(long)]
    sandbox: bool,
    /// Starts what was built before, and builds nothing.
    #[arg(long)]
    built: bool,
}

#[derive(Debug)]
enum Message {
    Sandbox(Event),
    Server(Event),
    Site(Result<()>),
}

/// Everything that `up` holds while it runs.
struct Up<'a> {
    checkout: &'a Checkout,
    profile: Profile,
    folder: DataFolder,
    port: u16,
    own_configuration: Option<PathBuf>,
    with_sandbox: bool,
    sender: Sender<Message>,
    reports: Reports,
    sandbox: Option<Service>,
    server: Option<Service>,
    database_url: Option<String>,
    configuration: Option<PathBuf>,
    site_is_built: bool,
    first_start: FirstStart,
    /// Where the server answers, until that is said.
    url: Option<String>,
    is_ready: bool,
    begin: Instant,
}

/// `cargo xtask up`.
pub fn run(checkout: &Checkout, options: &Options) -> Result<ExitCode> {
    let begin = Instant::now();
    let profile = Profile::from_release(options.release);
    if options.fresh {
        refuse_somebodys_database(std::env::var("DATABASE_URL").ok().as_deref())?;
    }
    let folder = DataFolder::open(&options.data_dir.clone().unwrap_or_else(|| checkout.path(".gantry")))?;
    folder.wait_for_earlier_services(|| is_free(options.port.unwrap_or(PORT)));
    let port = choose_port(options.port)?;
    if !options.built {
        disk::check_before_build(checkout, profile)?;
    } else if !disk::is_built(checkout, profile) {
        bail!("{} lacks the server, the sandbox or the site: leave --built out", checkout.target.display());
    }
    if options.fresh {
        folder.empty()?;
    }
    let toolchain = if options.built { None } else { Some(build_binaries(checkout, profile)?) };

    let own_configuration = configuration::own(checkout);
    let said = configuration::said();
    let with_sandbox =
        options.sandbox || !configuration::has_connections(own_configuration.as_deref(), said.as_deref());
    let first_start = FirstStart::new(!folder.was_ready(with_sandbox), with_sandbox);
    let (sender, messages) = channel();
    let mut up = Up {
        checkout,
        profile,
        folder,
        port,
        own_configuration,
        with_sandbox,
        sender,
        reports: Reports::default(),
        sandbox: None,
        server: None,
        database_url: None,
        configuration: None,
        site_is_built: false,
        first_start,
        url: None,
        is_ready: false,
        begin,
    };
    up.start_sandbox()?;
    match toolchain {
        Some(toolchain) => up.build_site(toolchain),
        None => up.site_is_built = true,
    }
    up.follow(&messages)
}

/// `--fresh` empties the data folder only, and the console would be as it was.
fn refuse_somebodys_database(named: Option<&str>) -> Result<()> {
    if named.is_some_and(|url| !url.trim().is_empty()) {
        bail!("--fresh does not empty the database that DATABASE_URL names: unset DATABASE_URL, or leave --fresh out");
    }
    Ok(())
}

fn build_binaries(checkout: &Checkout, profile: Profile) -> Result<Toolchain> {
    let toolchain = setup::prepare(checkout, &[])?;
    progress::step("Building the server and the sandbox");
    build::binaries(&toolchain, profile)?;
    Ok(toolchain)
}

impl Up<'_> {
    fn start_sandbox(&mut self) -> Result<()> {
        progress::step(if self.with_sandbox {
            "Starting the database and the sandbox"
        } else {
            "Starting the database"
        });
        let mut command = process::command(self.checkout.binaries(self.profile).join("gantry-sandbox"));
        command.arg(if self.with_sandbox { "up" } else { "postgres" }).arg("--data-dir").arg(&self.folder.path);
        let log = self.folder.log("sandbox")?;
        self.sandbox =
            Some(Service::start(command.current_dir(&self.checkout.root), log, self.sender.clone(), Message::Sandbox)?);
        Ok(())
    }

    /// Beside the start of the sandbox, which waits for disks and downloads, not for the compiler.
    fn build_site(&self, toolchain: Toolchain) {
        progress::step("Building the browser's half");
        let (checkout, profile, sender) = (self.checkout.clone(), self.profile, self.sender.clone());
        std::thread::spawn(move || drop(sender.send(Message::Site(build::site(&checkout, &toolchain, profile)))));
    }

    fn follow(&mut self, messages: &Receiver<Message>) -> Result<ExitCode> {
        loop {
            match self.message(messages)? {
                Some(Message::Site(built)) => {
                    built?;
                    self.site_is_built = true;
                }
                Some(Message::Sandbox(Event::Ready { database_url, endpoint_url, accounts, regions, .. })) => {
                    self.database_url = database_url;
                    self.configuration = match endpoint_url {
                        Some(endpoint_url) => {
                            let text = configuration::with_sandbox(
                                self.own_configuration.as_deref(),
                                configuration::said().as_deref(),
                                &endpoint_url,
                                &accounts,
                                &regions,
                            )?;
                            Some(self.folder.write("gantry.toml", &text)?)
                        }
                        None => self.own_configuration.clone(),
                    };
                }
                Some(Message::Sandbox(event)) => self.hear("sandbox", event)?,
                Some(Message::Server(Event::Ready { url, .. })) => {
                    let url = url.with_context(|| "the server is ready but names no address")?;
                    wait_until_ready(self.port)?;
                    self.url = Some(url);
                    self.first_start.server_answers(Instant::now());
                }
                Some(Message::Server(event)) => self.hear("server", event)?,
                None => self.first_start.give_up(Instant::now()).iter().for_each(|words| progress::note(words)),
            }
            self.start_server_when_possible()?;
            self.say_when_ready()?;
        }
    }

    /// The next message; none where a first start has waited long enough for something.
    fn message(&self, messages: &Receiver<Message>) -> Result<Option<Message>> {
        let Some(time) = self.first_start.remaining(Instant::now()) else {
            return messages.recv().map(Some).context("nobody is left to listen to");
        };
        match messages.recv_timeout(time) {
            Ok(message) => Ok(Some(message)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => bail!("nobody is left to listen to"),
        }
    }

    /// The last line of a start, with what it waited for behind it.
    fn say_when_ready(&mut self) -> Result<()> {
        if !self.first_start.is_over() {
            return Ok(());
        }
        let Some(url) = self.url.take() else { return Ok(()) };
        self.folder.note_ready(self.with_sandbox)?;
        self.is_ready = true;
        progress::note(&format!("Started in {}. Ctrl-C stops everything.", progress::seconds(self.begin.elapsed())));
        println!("Gantry is ready: {url}");
        std::io::stdout().flush().context("cannot write to standard output")
    }

    fn start_server_when_possible(&mut self) -> Result<()> {
        let (Some(database_url), true, None) = (&self.database_url, self.site_is_built, &self.server) else {
            return Ok(());
        };
        if !self.first_start.may_serve(Instant::now()) {
            return Ok(());
        }
        progress::step("Starting the server");
        let mut command = process::command(self.checkout.binaries(self.profile).join("gantry"));
        command
            .arg("serve")
            .current_dir(&self.checkout.root)
            .env("DATABASE_URL", database_url)
            .env("GANTRY_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("GANTRY_SITE", self.checkout.site(self.profile));
        if let Some(configuration) = &self.configuration {
            command.env("GANTRY_CONFIG", configuration);
        }
        if self.with_sandbox {
            // The configuration has what it says; by itself it would stand in for the sandbox's.
            command.env_remove(configuration::CONNECTIONS);
        }
        let log = self.folder.log("server")?;
        self.server = Some(Service::start(&mut command, log, self.sender.clone(), Message::Server)?);
        Ok(())
    }

    fn hear(&mut self, name: &str, event: Event) -> Result<()> {
        match event {
            Event::Progress { step, message, done, total } => {
                self.reports.show(&step, &message, done, total);
                if name == "server" && step == "collect" {
                    self.first_start.collected(done, total, Instant::now());
                }
            }
            Event::Seeded => {
                // At a later start nothing was made, mostly, and the ready line stays the last one.
                if !self.is_ready {
                    self.reports.show("fleet", "the demo fleet is complete", None, None);
                }
                self.first_start.fleet_ended();
            }
            Event::Incomplete { message } => {
                self.reports.show("fleet", &message, None, None);
                self.first_start.fleet_ended();
            }
            Event::Failed { message } => bail!("{message}"),
            Event::Ended(status) => {
                process::wait_if_stopping();
                let log = if name == "server" { &self.server } else { &self.sandbox }
                    .as_ref()
                    .map(|service| service.log.clone());
                let log = log.unwrap_or_default();
                let status = status.map_or_else(|| "unknown status".to_owned(), |status| status.to_string());
                bail!(
                    "the {name} ended unexpectedly ({status}). The end of {}:\n{}",
                    log.display(),
                    service::last_words(&log)
                );
            }
            Event::Ready { .. } => {}
        }
        Ok(())
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn choose_port(wanted: Option<u16>) -> Result<u16> {
    match wanted {
        Some(0) => bail!("port 0 is no port: leave --port out to get a free one"),
        Some(port) if is_free(port) => Ok(port),
        Some(port) => {
            let other = (port..=u16::MAX)
                .find(|port| is_free(*port))
                .map(|port| format!(", for example --port {port}"))
                .unwrap_or_default();
            bail!("port {port} is taken: choose another{other}")
        }
        None => (PORT..PORT + 100)
            .find(|port| is_free(*port))
            .context("no port between 4646 and 4745 is free: choose one with --port"),
    }
}

/// Waits until the server says that it and its database work.
fn wait_until_ready(port: u16) -> Result<()> {
    let begin = Instant::now();
    loop {
        match readiness(port) {
            Ok(200) => return Ok(()),
            Ok(status) if begin.elapsed() > Duration::from_secs(60) => {
                bail!("the server is not ready after a minute (/readyz answers {status})")
            }
            Err(error) if begin.elapsed() > Duration::from_secs(60) => return Err(error),
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

fn readiness(port: u16) -> Result<u16> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream =
        TcpStream::connect_timeout(&address, Duration::from_secs(2)).context("the server does not listen")?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")?;
    let mut start = [0; 12];
    stream.read_exact(&mut start).context("the server does not answer /readyz")?;
    let status = std::str::from_utf8(&start).ok().and_then(|text| text.get(9..12)).and_then(|code| code.parse().ok());
    status.ok_or_else(|| anyhow!("the server does not speak HTTP"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_does_not_pretend_to_empty_somebodys_database() {
        let refusal = refuse_somebodys_database(Some("postgres://ada:secret@db/gantry")).unwrap_err().to_string();
        assert!(
            refusal.contains("DATABASE_URL") && !refusal.contains("secret") && !refusal.contains('\n'),
            "{refusal}"
        );
        for nothing in [None, Some(""), Some(" ")] {
            refuse_somebodys_database(nothing).unwrap();
        }
    }

    #[test]
    fn a_port_that_is_taken_is_refused_with_another_to_choose() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let refusal = choose_port(Some(port)).unwrap_err().to_string();
        let other = refusal.strip_prefix(&format!("port {port} is taken: choose another, for example --port "));
        assert!(other.and_then(|other| other.parse::<u16>().ok()).is_some_and(|other| other > port), "{refusal}");
        assert!(choose_port(Some(0)).unwrap_err().to_string().starts_with("port 0 is no port"));
    }
}

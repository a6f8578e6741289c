//! The small process between the sandbox and each of its children.
//!
//! It waits for the end of its standard input, which the sandbox holds open: however the sandbox ends, killed
//! included, the child is asked to stop in its own good order, and whatever is left of its process group is ended.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use crate::identity::{Identity, boot_id};
use crate::report::Failure;
use crate::user::User;

/// A log longer than this, in bytes, is put aside at the next start.
const LARGEST_LOG: u64 = 10 * 1024 * 1024;

/// How a child is asked to stop.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum StopSignal {
    /// SIGINT: the fast shutdown of Postgres.
    Int,
    /// SIGTERM: most programs.
    Term,
}

/// What the hidden `guard` command takes.
#[derive(Debug, clap::Args)]
pub struct GuardArguments {
    /// Where the child is recorded while it runs.
    #[arg(long)]
    record: PathBuf,
    /// How it is asked to stop.
    #[arg(long)]
    stop: StopSignal,
    /// How long it may take to stop.
    #[arg(long)]
    grace_seconds: u64,
    /// The user it runs as.
    #[arg(long, requires = "gid")]
    uid: Option<u32>,
    /// The group it runs as.
    #[arg(long, requires = "uid")]
    gid: Option<u32>,
    /// Program and arguments.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// A guard and its child, as kept on disk so that the next start can end what a crash left behind.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    guard: Identity,
    child: Identity,
    boot: String,
}

enum Event {
    SandboxGone,
    ChildGone(Option<i32>),
}

/// Runs the child until it ends or the sandbox does.
pub fn run(arguments: GuardArguments) -> ExitCode {
    let mut command = Command::new(&arguments.command[0]);
    command.args(&arguments.command[1..]).stdin(Stdio::null()).process_group(0);
    if let (Some(uid), Some(gid)) = (arguments.uid, arguments.gid) {
        command.uid(uid).gid(gid);
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("cannot start {}: {error}", arguments.command[0]);
            return ExitCode::from(127);
        }
    };
    let pid = i32::try_from(child.id()).unwrap_or(0);
    let me = i32::try_from(std::process::id()).unwrap_or(0);
    let (Some(identity), Some(guard)) = (Identity::of(pid), Identity::of(me)) else {
        let _ = child.wait();
        return ExitCode::from(1);
    };
    let boot = boot_id();
    let record = Record { guard, child: identity.clone(), boot: boot.clone() };
    if let Err(error) = serde_json::to_vec(&record)
        .map_err(std::io::Error::other)
        .and_then(|json| std::fs::write(&arguments.record, json))
    {
        eprintln!("cannot record {}: {error}", arguments.record.display());
    }

    let (events, inbox) = mpsc::channel();
    let when_gone = events.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 64];
        while matches!(std::io::stdin().read(&mut buffer), Ok(1..)) {}
        let _ = when_gone.send(Event::SandboxGone);
    });
    std::thread::spawn(move || {
        let code = child.wait().ok().and_then(|status| status.code());
        let _ = events.send(Event::ChildGone(code));
    });

    let mut code = None;
    match inbox.recv() {
        Ok(Event::ChildGone(ended)) => code = ended,
        Ok(Event::SandboxGone) | Err(_) => {
            identity.signal(match arguments.stop {
                StopSignal::Int => Signal::INT,
                StopSignal::Term => Signal::TERM,
            });
            if let Ok(Event::ChildGone(ended)) = inbox.recv_timeout(Duration::from_secs(arguments.grace_seconds)) {
                code = ended;
            }
        }
    }
    identity.kill_group(&boot);
    let _ = std::fs::remove_file(&arguments.record);
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// A child to start under a guard.
#[derive(Debug)]
pub struct Guarded<'a> {
    /// Its name: that of its record and its log.
    pub name: &'a str,
    /// Where records lie.
    pub run_dir: &'a Path,
    /// Where its output goes.
    pub log: &'a Path,
    /// Who it runs as, when not as this process's user.
    pub user: Option<&'a User>,
    /// How it is asked to stop.
    pub stop: StopSignal,
    /// How long it may take.
    pub grace: Duration,
    /// The folder it starts in.
    pub folder: &'a Path,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Its whole environment.
    pub environment: Vec<(String, String)>,
}

/// A started guard. Dropping its standard input ends the child.
#[derive(Debug)]
pub struct Running {
    name: String,
    guard: Child,
    grace: Duration,
}

impl Guarded<'_> {
    /// Starts the guard, which starts the child.
    pub fn start(self) -> Result<Running, Failure> {
        if std::fs::metadata(self.log).is_ok_and(|log| log.len() > LARGEST_LOG) {
            std::fs::rename(self.log, self.log.with_extension("log.old"))
                .map_err(|error| Failure::io("write", self.log, &error))?;
        }
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.log)
            .map_err(|error| Failure::io("write", self.log, &error))?;
        let errors = log.try_clone().map_err(|error| Failure::io("write", self.log, &error))?;
        let me = std::env::current_exe()
            .map_err(|error| Failure::new(format!("cannot find this program's own file: {error}")))?;
        let mut command = Command::new(me);
        command
            .arg("guard")
            .arg("--record")
            .arg(record_path(self.run_dir, self.name))
            .args([
                "--stop",
                match self.stop {
                    StopSignal::Int => "int",
                    StopSignal::Term => "term",
                },
            ])
            .args(["--grace-seconds", &self.grace.as_secs().to_string()]);
        if let Some(user) = self.user {
            command.args(["--uid", &user.uid.to_string(), "--gid", &user.gid.to_string()]);
        }
        // An own group, so that Ctrl-C in the terminal reaches the sandbox only, which then stops things in order.
        let guard = command
            .arg("--")
            .args(&self.command)
            .env_clear()
            .envs(self.environment)
            .current_dir(self.folder)
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(|error| Failure::new(format!("cannot start {}: {error}", self.name)))?;
        Ok(Running { name: self.name.to_owned(), guard, grace: self.grace })
    }
}

impl Running {
    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.guard.try_wait(), Ok(None))
    }

    /// Ends the child in good order and waits for it.
    pub fn stop(mut self) {
        tracing::info!(child = self.name, "stopping");
        drop(self.guard.stdin.take());
        let until = Instant::now() + self.grace + Duration::from_secs(2);
        while Instant::now() < until {
            if self.has_ended() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn record_path(run_dir: &Path, name: &str) -> PathBuf {
    run_dir.join(format!("{name}.json"))
}

/// Ends what an earlier sandbox left behind under this name: waits for its guard, which is about to end the child,
/// and does it itself where the guard is gone too.
pub fn end_leftover(run_dir: &Path, name: &str, stop: StopSignal, patience: Duration) {
    let path = record_path(run_dir, name);
    let Some(record) = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok()) else {
        return;
    };
    if record.boot == boot_id() {
        if !record.guard.is_running() {
            record.child.signal(match stop {
                StopSignal::Int => Signal::INT,
                StopSignal::Term => Signal::TERM,
            });
        }
        let until = Instant::now() + patience;
        while (record.guard.is_running() || record.child.is_running()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        record.child.kill_group(&record.boot);
    }
    let _ = std::fs::remove_file(&path);
}

//! The embedded database: made once, started with the sandbox, stopped with it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::binaries::{self, Binaries};
use crate::folder::{Folder, make_for};
use crate::guard::{Guarded, Running, StopSignal, end_leftover};
use crate::identity::Identity;
use crate::python;
use crate::report::{Failure, progress};
use crate::user::{User, run_as};

const NAME: &str = "postgres";
/// The role and the database.
const OWNER: &str = "gantry";
const START_PATIENCE: Duration = Duration::from_secs(60);
const FULL: &str = "the disk is full; free some space and start again";
const NO_REASON: &str = "it gave no reason";
/// The end of a log that is looked at: clients that come again meanwhile leave lines too.
const LAST_LINES: usize = 100;
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// A database that answers.
#[derive(Debug)]
pub struct Postgres {
    /// Where it is, with name and password.
    pub url: String,
    /// Its process; none for a database that was there already.
    pub running: Option<Running>,
    log: PathBuf,
}

impl Postgres {
    /// Why it ended although nobody told it to.
    pub fn ended(&self) -> Failure {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let reason = last_words(&String::from_utf8_lossy(&text)).unwrap_or_else(|| NO_REASON.into());
        Failure::new(format!("Postgres ended by itself: {reason} (log: {})", self.log.display()))
    }
}

/// Starts the database, making it first where there is none. Blocks until it answers.
///
/// `named` is one that exists already, by its address, and then nothing is started.
pub fn start(folder: &Folder, named: Option<String>) -> Result<Postgres, Failure> {
    if let Some(url) = named {
        progress(NAME, "using the database that DATABASE_URL names");
        return Ok(Postgres { url, running: None, log: PathBuf::new() });
    }
    let user = User::unprivileged(&["postgres", "nobody"]);
    let part = folder.part(NAME)?;
    let data = part.join("data");
    end_leftover(&folder.run(), NAME, StopSignal::Int, STOP_PATIENCE);
    end_orphan(&data)?;

    let binaries = choose(folder, &data, user.as_ref())?;
    let password = part.join("password");
    if !data.join("PG_VERSION").exists() {
        make_database(&binaries, &data, &password, user.as_ref())?;
    }
    let secret = std::fs::read_to_string(&password).map_err(|error| Failure::io("read", &password, &error))?;

    let port = folder.free_port(NAME)?;
    let log = folder.logs()?.join("postgres.log");
    let log_before = std::fs::metadata(&log).map_or(0, |meta| meta.len());
    let mut running = Guarded {
        name: NAME,
        run_dir: &folder.run(),
        log: &log,
        user: user.as_ref(),
        stop: StopSignal::Int,
        grace: Duration::from_secs(15),
        folder: Path::new("/"),
        command: command(&binaries, &data, port),
        environment: vec![("LC_ALL".into(), "C".into()), ("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())],
    }
    .start()?;
    let until = Instant::now() + START_PATIENCE;
    while !is_ready(&data, port) {
        if running.has_ended() || Instant::now() > until {
            return Err(Failure::new(format!(
                "Postgres did not start: {} (log: {})",
                reason(&log, log_before),
                log.display()
            )));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let url = format!("postgres://{OWNER}:{}@127.0.0.1:{port}/{OWNER}", secret.trim());
    Ok(Postgres { url, running: Some(running), log })
}

/// Safe for the data (fsync stays on), quick for one person's machine: a crash may lose the last half second of what was collected,
/// never consistency, and nothing of what was done: runs, sign-ins and all that the audit log tells of wait for the disk.
fn command(binaries: &Binaries, data: &Path, port: u16) -> Vec<String> {
    let mut command =
        vec![binaries.folder.join("postgres").display().to_string(), "-D".into(), data.display().to_string()];
    for setting in [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        "unix_socket_directories=".into(),
        "synchronous_commit=off".into(),
        "shared_buffers=128MB".into(),
        "max_wal_size=512MB".into(),
        "checkpoint_timeout=15min".into(),
        "max_connections=200".into(),
        "timezone=UTC".into(),
        "log_timezone=UTC".into(),
        "log_min_messages=warning".into(),
    ] {
        command.extend(["-c".into(), setting]);
    }
    command
}

/// A version of Postgres that can read the data folder, or any for a new one.
fn choose(folder: &Folder, data: &Path, user: Option<&User>) -> Result<Binaries, Failure> {
    let needed = std::fs::read_to_string(data.join("PG_VERSION")).ok().map(|version| version.trim().to_owned());
    let fits = |found: &&Binaries| needed.as_ref().is_none_or(|needed| *needed == found.major);
    let mut here = binaries::installed(user);
    if let Some(found) = here.iter().find(fits) {
        return Ok(found.clone());
    }
    let programs = folder.part("programs")?;
    here.extend(binaries::downloaded(&programs, user));
    if let Some(found) = here.iter().find(fits) {
        return Ok(found.clone());
    }
    let download = || {
        let python = python::installer(&programs).map_err(|_| binaries::missing())?;
        binaries::download(&programs, &python, user)
    };
    let Some(needed) = needed else { return download() };
    // There is one version to download: it would be of no use to the data of another.
    if binaries::is_offered(&needed)
        && let Ok(found) = download()
        && found.major == needed
    {
        return Ok(found);
    }
    let here = here.iter().map(|found| found.major.as_str()).collect::<Vec<_>>();
    Err(other_version(data, &needed, &here))
}

/// The one line for a data folder that no Postgres here can read.
fn other_version(data: &Path, needed: &str, here: &[&str]) -> Failure {
    let here = if here.is_empty() { "none".to_owned() } else { here.join(", ") };
    Failure::new(format!(
        "the database in {} was made by Postgres {needed}, and this machine has {here}: install Postgres {needed} \
         (Debian: sudo apt-get install -y postgresql-{needed}; macOS: brew install postgresql@{needed}), or start with --fresh to begin with an empty one",
        data.display()
    ))
}

/// Makes the data folder beside its final place and moves it there, so that an interrupted start leaves none behind.
fn make_database(binaries: &Binaries, data: &Path, password: &Path, user: Option<&User>) -> Result<(), Failure> {
    progress(NAME, "making the database");
    let part = data.parent().unwrap_or(data);
    let fresh = part.join("data.new");
    if fresh.exists() {
        std::fs::remove_dir_all(&fresh).map_err(|error| Failure::io("remove", &fresh, &error))?;
    }
    make_for(&fresh, user)?;
    let secret = crate::random_name()?;
    std::fs::write(password, &secret).map_err(|error| Failure::io("write", password, &error))?;
    close_to_others(password)?;
    // initdb reads the password as its own user, who cannot open the file that keeps it.
    let handed_over = fresh.join("..").join("password.new");
    std::fs::write(&handed_over, &secret).map_err(|error| Failure::io("write", &handed_over, &error))?;
    close_to_others(&handed_over)?;
    if let Some(user) = user {
        std::os::unix::fs::chown(&handed_over, Some(user.uid), Some(user.gid))
            .map_err(|error| Failure::io("give away", &handed_over, &error))?;
    }
    let made = run(
        Command::new(binaries.folder.join("initdb"))
            .args(["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "--username", OWNER, "--pwfile"])
            .arg(&handed_over)
            .arg("-D")
            .arg(&fresh),
        user,
        "",
    );
    let _ = std::fs::remove_file(&handed_over);
    made?;
    run(
        Command::new(binaries.folder.join("postgres")).args(["--single", "-D"]).arg(&fresh).arg("postgres"),
        user,
        &format!("CREATE DATABASE {OWNER}\n"),
    )?;
    std::fs::rename(&fresh, data).map_err(|error| Failure::io("make the folder", data, &error))
}

fn close_to_others(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| Failure::io("close", path, &error))
}

fn run(command: &mut Command, user: Option<&User>, input: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let program = PathBuf::from(command.get_program());
    run_as(command, user);
    let broken = |error: std::io::Error| Failure::new(format!("cannot run {}: {error}", program.display()));
    let mut child = command
        .env_remove("PGDATA")
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(broken)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(broken)?;
    }
    let output = child.wait_with_output().map_err(broken)?;
    let errors = String::from_utf8_lossy(&output.stderr);
    // Single-user mode ends with 0 whatever happened to the statement.
    if output.status.success() && !errors.contains("ERROR:") {
        return Ok(());
    }
    Err(Failure::new(explain(&errors).unwrap_or_else(|| format!("{} failed", program.display()))))
}

/// Stops a database that still runs on the data folder although nobody recorded it, and clears a lock file whose
/// number now belongs to another program (Postgres would refuse to start).
fn end_orphan(data: &Path) -> Result<(), Failure> {
    let lock = data.join("postmaster.pid");
    let Ok(text) = std::fs::read_to_string(&lock) else { return Ok(()) };
    let Some(process) = text.lines().next().and_then(|line| line.trim().parse().ok()).and_then(Identity::of) else {
        return Ok(());
    };
    if !is_postgres(process.pid, data) {
        return std::fs::remove_file(&lock).map_err(|error| Failure::io("remove", &lock, &error));
    }
    progress(NAME, "stopping the database that an earlier start left running");
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::QUIT] {
        process.signal(signal);
        let until = Instant::now() + STOP_PATIENCE;
        while process.is_running() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        if !process.is_running() {
            return Ok(());
        }
    }
    Err(Failure::new(format!(
        "the database of an earlier start (process {}) does not stop: end it, then start again",
        process.pid
    )))
}

fn is_postgres(pid: i32, data: &Path) -> bool {
    let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).or_else(|_| {
        Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output().map(|output| output.stdout)
    });
    let arguments = arguments.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    arguments.contains("postgres") && arguments.contains(&*data.to_string_lossy())
}

/// The eighth line of its lock file says so (<https://www.postgresql.org/docs/current/storage-file-layout.html>);
/// the port tells this start's file from an older one.
fn is_ready(data: &Path, port: u16) -> bool {
    std::fs::read_to_string(data.join("postmaster.pid")).is_ok_and(|text| {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        lines.get(3) == Some(&port.to_string().as_str()) && lines.get(7) == Some(&"ready")
    })
}

fn reason(log: &Path, from: u64) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    // A long log is put aside at the start, and all of this one is new.
    let new = usize::try_from(from).ok().and_then(|from| text.get(from..)).unwrap_or(&text);
    explain(&String::from_utf8_lossy(new)).unwrap_or_else(|| NO_REASON.into())
}

/// The line that says why it ended while it ran, out of the last that it wrote: those before tell of statements that failed.
fn last_words(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().rev().filter(|line| !line.trim().is_empty()).take(LAST_LINES).collect();
    if lines.iter().any(|line| is_full(line)) {
        return Some(FULL.into());
    }
    let panic = lines.iter().find(|line| line.contains("PANIC:"));
    panic.or_else(|| lines.first()).map(|line| line.trim().to_owned())
}

fn is_full(text: &str) -> bool {
    text.contains("No space left on device")
}

/// The line that says why, out of what Postgres prints.
fn explain(text: &str) -> Option<String> {
    if is_full(text) {
        return Some(FULL.into());
    }
    let telling =
        |line: &&str| ["FATAL:", "PANIC:", "ERROR:", "error:", "could not"].iter().any(|mark| line.contains(mark));
    text.lines()
        .find(telling)
        .or_else(|| text.lines().rfind(|line| !line.trim().is_empty()))
        .map(|line| line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{FULL, explain, last_words, other_version};
    use std::path::Path;

    #[test]
    fn a_database_of_another_version_says_which_one_and_what_to_do() {
        let line = |here: &[&str]| other_version(Path::new("/d/postgres/data"), "13", here).to_string();
        assert!(
            line(&["15", "17"])
                .starts_with("the database in /d/postgres/data was made by Postgres 13, and this machine has 15, 17: install Postgres 13 ")
        );
        assert!(
            line(&[]).contains("this machine has none")
                && line(&[]).ends_with("or start with --fresh to begin with an empty one")
        );
        assert!(!line(&[]).contains('\n'));
    }

    #[test]
    fn an_end_while_it_ran_is_told_by_its_last_lines() {
        let early =
            "2026-11-23 10:00:00.000 UTC [81] ERROR:  duplicate key value violates unique constraint \"people_name\"\n";
        let full = "2026-11-23 12:00:00.000 UTC [90] PANIC:  could not write to file \"pg_wal/xlogtemp.90\": No space left on device\n";
        let panic = "2026-11-23 12:00:00.000 UTC [90] PANIC:  could not locate a valid checkpoint record at 0/1\n";
        let late = "2026-11-23 12:00:00.100 UTC [91] FATAL:  the database system is in recovery mode\n";
        let end = "2026-11-23 12:00:00.200 UTC [70] LOG:  database system is shut down\n\n";
        let told = |parts: &[&str]| last_words(&parts.concat());
        assert_eq!(told(&[early, full, late, end]).as_deref(), Some(FULL));
        assert_eq!(told(&[early, panic, late, end]).as_deref(), Some(panic.trim()));
        assert_eq!(told(&[early, end]).as_deref(), Some(end.trim()));
        // A disk that was full once is not why it ends now.
        assert_eq!(told(&[full, &early.repeat(100), end]).as_deref(), Some(end.trim()));
        assert_eq!(told(&[]), None);
    }

    #[test]
    fn explains_in_one_line() {
        let full =
            "creating configuration files ... initdb: error: could not write file: No space left on device\nremoving";
        assert_eq!(explain(full).as_deref(), Some(FULL));
        let old = "2026-11-23 UTC [1] FATAL:  database files are incompatible with server\nDETAIL: more";
        assert!(explain(old).unwrap().contains("incompatible"));
        assert_eq!(explain("\n \n"), None);
    }
}

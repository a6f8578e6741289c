//! Starts other programs and ends them: none outlives this one.
//!
//! Each child leads its own process group. A tool (cargo, npm) is ended with its whole group; a service is asked
//! first, so that it can end its own children in order, and its group is ended when it is gone or after ten seconds.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// How long a child may take to end in good order.
const GRACE: Duration = Duration::from_secs(10);

/// Who is told first when a child must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The whole group at once.
    Group,
    /// The leader, which looks after the rest.
    Leader,
}

#[derive(Debug, Clone, Copy)]
struct Running {
    pid: Pid,
    ending: Ending,
}

static RUNNING: Mutex<Vec<Running>> = Mutex::new(Vec::new());
static STOPPING: AtomicBool = AtomicBool::new(false);

fn running() -> MutexGuard<'static, Vec<Running>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// This machine, as exceptions from proxies name it.
const LOOPBACK: &str = "127.0.0.1,localhost,::1";

/// A command in its own process group, without what cargo sets for the programs it runs: build scripts that watch
/// those variables would run again each time the command is started another way. No proxy stands between it and this machine.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
                || ["CARGO", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&name)
        });
        if ours {
            command.env_remove(&name);
        }
    }
    command.envs(past_proxies(|name| std::env::var(name).ok()).into_iter().flatten());
    command.stdin(Stdio::null()).process_group(0);
    command
}

/// The exceptions from the proxy that the environment names, with this machine among them: the server reaches the sandbox over
/// loopback, where a proxy does not lead. None where no proxy is named: the exceptions by themselves would keep some programs from
/// using the system's proxy.
fn past_proxies(variable: impl Fn(&str) -> Option<String>) -> Option<[(&'static str, String); 2]> {
    let said = |names: &[&str]| names.iter().find_map(|&name| variable(name).filter(|text| !text.trim().is_empty()));
    said(&["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?;
    let joined = |own: &str, other: &str| match said(&[own, other]) {
        Some(everything) if everything.trim() == "*" => everything,
        Some(exceptions) => format!("{exceptions},{LOOPBACK}"),
        None => LOOPBACK.to_owned(),
    };
    Some([("NO_PROXY", joined("NO_PROXY", "no_proxy")), ("no_proxy", joined("no_proxy", "NO_PROXY"))])
}

/// Whether a program of this name can be started.
pub fn is_installed(program: &str) -> bool {
    find(program).is_some()
}

/// Where a program of this name lies.
pub fn find(program: &str) -> Option<std::path::PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Starts a child and keeps it in mind until [`wait`] has seen its end.
pub fn spawn(command: &mut Command, ending: Ending) -> Result<Child> {
    wait_if_stopping();
    let name = name(command);
    let mut running = running();
    let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        running.push(Running { pid, ending });
    }
    Ok(child)
}

/// Waits for the end of a child and ends what it left behind in its group.
pub fn wait(child: &mut Child) -> Result<ExitStatus> {
    let status = child.wait().context("cannot wait for a child process")?;
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, Signal::KILL);
        running().retain(|running| running.pid != pid);
    }
    Ok(status)
}

/// Runs a tool whose output goes to the terminal. Fails when it does.
pub fn run(command: &mut Command) -> Result<()> {
    let name = name(command);
    let status = wait(&mut spawn(command, Ending::Group)?)?;
    wait_if_stopping();
    if !status.success() {
        bail!("{name} failed ({status})");
    }
    Ok(())
}

/// Runs a tool whose output goes to the terminal, and hands each line of its standard output over too.
pub fn run_and_listen(command: &mut Command, mut listen: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut child = spawn(command.stdout(Stdio::piped()), Ending::Group)?;
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line);
            let mut out = std::io::stdout().lock();
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            listen(text.trim_end());
            line.clear();
        }
    }
    let status = wait(&mut child)?;
    wait_if_stopping();
    Ok(status)
}

/// Runs a tool and returns what it wrote, whether it succeeded or not.
pub fn output(command: &mut Command) -> Result<Output> {
    let mut child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()), Ending::Group)?;
    let stderr = child.stderr.take();
    let errors = std::thread::spawn(move || read_all(stderr));
    let stdout = read_all(child.stdout.take());
    let status = wait(&mut child)?;
    wait_if_stopping();
    let stderr = errors.join().unwrap_or_default();
    Ok(Output { status, stdout, stderr })
}

/// Runs a tool and returns its trimmed standard output; `None` when it is missing or fails.
pub fn text(command: &mut Command) -> Option<String> {
    let output = output(command).ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a tool quietly; its own words are shown only when it fails.
pub fn run_quietly(command: &mut Command) -> Result<()> {
    let name = name(command);
    let output = output(command)?;
    if !output.status.success() {
        let words = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).trim_end().to_owned());
        bail!("{name} failed ({})\n{}", output.status, words.join("\n").trim());
    }
    Ok(())
}

fn read_all(stream: Option<impl std::io::Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        // A broken pipe ends the text; the exit status tells the rest.
        let _ = stream.read_to_end(&mut bytes);
    }
    bytes
}

fn name(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let first = command.get_args().next().map(|argument| argument.to_string_lossy().into_owned());
    match first {
        Some(first) if !first.starts_with('/') => format!("`{program} {first}`"),
        _ => format!("`{program}`"),
    }
}

/// Ends every child in the reverse order of their starts: polite first, then not.
pub fn stop_all() {
    STOPPING.store(true, Ordering::SeqCst);
    loop {
        let Some(last) = running().last().copied() else { return };
        let _ = match last.ending {
            Ending::Group => kill_process_group(last.pid, Signal::TERM),
            Ending::Leader => kill_process(last.pid, Signal::TERM),
        };
        let asked = Instant::now();
        while running().iter().any(|running| running.pid == last.pid) && asked.elapsed() < GRACE {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = kill_process_group(last.pid, Signal::KILL);
        running().retain(|running| running.pid != last.pid);
    }
}

/// Ctrl-C, SIGTERM and SIGHUP end the children, then this program with code 130. A second one does not wait.
pub fn stop_children_on_signals() -> Result<()> {
    ctrlc::set_handler(|| {
        if STOPPING.swap(true, Ordering::SeqCst) {
            for running in running().iter() {
                let _ = kill_process_group(running.pid, Signal::KILL);
            }
            std::process::exit(130);
        }
        std::thread::spawn(|| {
            eprintln!("\n  Stopping …");
            stop_all();
            std::process::exit(130);
        });
    })
    .context("cannot listen for Ctrl-C")
}

/// Holds the caller while a signal ends this program, so that the end of a child is not reported as a fault.
pub fn wait_if_stopping() {
    while STOPPING.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::past_proxies;

    fn exceptions(environment: &[(&str, &str)]) -> Option<[String; 2]> {
        let variable =
            |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        past_proxies(variable).map(|both| both.map(|(_, value)| value))
    }

    #[test]
    fn a_proxy_does_not_stand_before_this_machine() {
        let proxy = ("http_proxy", "http://proxy.example:3128");
        let both = |value: &str| Some([value.to_owned(), value.to_owned()]);
        assert_eq!(exceptions(&[]), None);
        assert_eq!(exceptions(&[("no_proxy", "example.com"), ("HTTPS_PROXY", "")]), None);
        assert_eq!(exceptions(&[proxy]), both("127.0.0.1,localhost,::1"));
        assert_eq!(exceptions(&[proxy, ("NO_PROXY", "*")]), both("*"));
        assert_eq!(exceptions(&[proxy, ("no_proxy", "a.example")]), both("a.example,127.0.0.1,localhost,::1"));
        let [upper, lower] = ["a.example", "b.example"].map(|own| format!("{own},127.0.0.1,localhost,::1"));
        let differ = [proxy, ("NO_PROXY", "a.example"), ("no_proxy", "b.example")];
        assert_eq!(exceptions(&differ), Some([upper, lower]));
    }
}

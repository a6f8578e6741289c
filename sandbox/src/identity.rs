//! Which process a recorded number means: numbers are used again, so a record holds when it started too.

use std::path::Path;

use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

/// A process as it was recorded: still the same one only if both parts match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Process id, which is also its process group for those started by the guard.
    pub pid: i32,
    /// When it started, in the words of the system that runs it. Never compared across systems.
    pub started: String,
}

impl Identity {
    /// The identity of a running process, or nothing when there is none with that number.
    pub fn of(pid: i32) -> Option<Self> {
        started(pid).map(|started| Self { pid, started })
    }

    /// Whether that very process still runs.
    pub fn is_running(&self) -> bool {
        started(self.pid).is_some_and(|now| now == self.started)
    }

    /// Whether the number now belongs to somebody else.
    pub fn is_reused(&self) -> bool {
        started(self.pid).is_some_and(|now| now != self.started)
    }

    /// Sends a signal to that very process. Nothing happens when it is gone.
    pub fn signal(&self, signal: Signal) {
        if let (true, Some(pid)) = (self.is_running(), Pid::from_raw(self.pid)) {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Ends every process of its group at once. A group outlives its leader, and while it lives the system
    /// gives its number to nobody else; so only a reused number (or a restarted machine) spares it.
    pub fn kill_group(&self, boot: &str) {
        if self.is_reused() || boot != boot_id() {
            return;
        }
        if let Some(pid) = Pid::from_raw(self.pid) {
            let _ = rustix::process::kill_process_group(pid, Signal::KILL);
        }
    }
}

/// What distinguishes this run of the machine from the one before.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map_or_else(
        |_| command_line("sysctl", &["-n", "kern.bootsessionuuid"]).unwrap_or_default(),
        |id| id.trim().to_owned(),
    )
}

/// When a process started: the kernel's clock ticks where /proc exists, otherwise what `ps` prints.
/// A zombie counts as gone: it holds nothing but its number.
fn started(pid: i32) -> Option<String> {
    if Path::new("/proc/self/stat").exists() {
        return started_from_stat(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?);
    }
    command_line("ps", &["-o", "lstart=", "-p", &pid.to_string()])
}

/// Field 22 of `/proc/PID/stat`. The second field is the program's name in brackets and may hold anything,
/// brackets and blanks included, so counting starts behind the last bracket.
fn started_from_stat(stat: &str) -> Option<String> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    if fields.next()? == "Z" {
        return None;
    }
    fields.nth(18).map(str::to_owned)
}

fn command_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = std::process::Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_start_behind_a_hostile_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 1";
        assert_eq!(started_from_stat(stat).as_deref(), Some("987654"));
        assert_eq!(started_from_stat(&stat.replace(") S ", ") Z ")), None);
        assert_eq!(started_from_stat("garbage"), None);
    }

    #[test]
    fn a_reused_number_is_somebody_else() {
        let me = Identity::of(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert!(me.is_running() && !me.is_reused());
        let other = Identity { started: "never".into(), ..me };
        assert!(!other.is_running() && other.is_reused());
        other.kill_group(&boot_id()); // must spare this process
    }
}

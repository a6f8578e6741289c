//! Who the children run as. Started by root, they get an unprivileged user: Postgres refuses root, and the
//! emulator runs people's code.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// A user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its first group's number.
    pub gid: u32,
}

impl User {
    /// The first of these names that exists; nothing when this process is not root's, which needs no other user.
    pub fn unprivileged(names: &[&str]) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let number = |flag: &str, name: &str| {
            let output = Command::new("id").args([flag, name]).stderr(Stdio::null()).output().ok()?;
            String::from_utf8_lossy(&output.stdout).trim().parse::<u32>().ok()
        };
        names.iter().find_map(|name| {
            Some(Self { name: (*name).to_owned(), uid: number("-u", name)?, gid: number("-g", name)? })
        })
    }

    /// Whether this user can enter a folder, which fails when any parent is closed to it.
    pub fn can_enter(&self, folder: &Path) -> bool {
        Command::new("/bin/sh")
            .args(["-c", "cd \"$1\"", "sh"])
            .arg(folder)
            .current_dir("/")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .uid(self.uid)
            .gid(self.gid)
            .status()
            .is_ok_and(|status| status.success())
    }
}

/// Makes a command run as the user, if there is one.
pub fn run_as(command: &mut Command, user: Option<&User>) {
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
}

//! Makes the demo fleet: runs the Python programs of `sandbox/fleet` against the gateway, as any client would.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::emulator::Emulator;
use crate::report::{Event, Failure, emit};

static FLEET: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fleet");

/// What the program prints, one a line.
#[derive(Debug, Deserialize)]
struct Line {
    message: String,
    done: Option<u64>,
    total: Option<u64>,
}

/// Makes what is missing of the fleet, passing on its progress. Ends early when this future is dropped.
pub async fn seed(emulator: &Emulator, folder: &Path, endpoint: &str) -> Result<(), Failure> {
    let program = unpack(folder)?;
    let mut command = std::process::Command::new(&emulator.python);
    command
        .arg("-u")
        .arg(&program)
        .env_clear()
        .env("LANG", "C.UTF-8")
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("AWS_ENDPOINT_URL", endpoint)
        .current_dir("/")
        // Held open: the program ends itself when this end closes, however this process ends.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .process_group(0);
    crate::user::run_as(&mut command, emulator.user.as_ref());
    let mut child = Command::from(command)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Failure::new(format!("cannot make the demo fleet: {error}")))?;
    let stdin = child.stdin.take();
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout).lines();
        while let Ok(Some(text)) = lines.next_line().await {
            match serde_json::from_str::<Line>(&text) {
                Ok(line) => {
                    emit(&Event::Progress { step: "fleet", message: &line.message, done: line.done, total: line.total })
                }
                Err(_) => tracing::warn!("fleet: {text}"),
            }
        }
    }
    let status = child.wait().await.map_err(|error| Failure::new(format!("cannot make the demo fleet: {error}")))?;
    drop(stdin);
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new("the demo fleet could not be completed; what is missing is made at the next start"))
    }
}

/// Writes the programs out, replacing those of an earlier version.
fn unpack(folder: &Path) -> Result<PathBuf, Failure> {
    let place = folder.join("fleet");
    if place.exists() {
        std::fs::remove_dir_all(&place).map_err(|error| Failure::io("remove", &place, &error))?;
    }
    std::fs::create_dir_all(&place).map_err(|error| Failure::io("make the folder", &place, &error))?;
    FLEET.extract(&place).map_err(|error| Failure::io("write", &place, &error))?;
    Ok(place.join("seed.py"))
}

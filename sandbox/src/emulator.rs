//! The AWS emulator (ministack): made safe, started with the sandbox, stopped with it.
//!
//! It runs people's function code as its own user with its own environment, so both are made for it: an empty
//! environment, an unprivileged user where root starts it, loopback only.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::folder::{Folder, make_for};
use crate::guard::{Guarded, Running, StopSignal, end_leftover};
use crate::python;
use crate::report::Failure;
use crate::user::User;

const NAME: &str = "emulator";
const LAUNCHER: &[(&str, &str)] =
    &[("run.py", include_str!("../emulator/run.py")), ("image_code.py", include_str!("../emulator/image_code.py"))];
const START_PATIENCE: Duration = Duration::from_secs(60);
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// An emulator that can be started, and started again.
#[derive(Debug)]
pub struct Emulator {
    /// The Python of its virtual environment; the fleet is made with it too.
    pub python: PathBuf,
    /// Who it runs as.
    pub user: Option<User>,
    /// The port it listens on, on 127.0.0.1.
    pub port: u16,
    gateway: u16,
    part: PathBuf,
    run_dir: PathBuf,
    log: PathBuf,
}

/// Installs what is missing and ends what an earlier start left behind. At the port of the gateway it finds the code in images. Blocks.
pub fn prepare(folder: &Folder, gateway: u16) -> Result<Emulator, Failure> {
    let user = User::unprivileged(&["nobody"]);
    let part = folder.part(NAME)?;
    end_leftover(&folder.run(), NAME, StopSignal::Term, STOP_PATIENCE);
    let python = python::environment(&part, user.as_ref())?;
    for own in ["state", "objects", "tmp", "home"] {
        make_for(&part.join(own), user.as_ref())?;
    }
    // Unpacked function code of processes that were killed.
    clear(&part.join("tmp"));
    for (name, text) in LAUNCHER {
        let file = part.join(name);
        std::fs::write(&file, text).map_err(|error| Failure::io("write", &file, &error))?;
    }
    Ok(Emulator {
        python,
        user,
        port: folder.free_port(NAME)?,
        gateway,
        part,
        run_dir: folder.run(),
        log: folder.logs()?.join("emulator.log"),
    })
}

impl Emulator {
    /// Starts it and waits until it answers. Blocks.
    pub fn start(&self) -> Result<Running, Failure> {
        let mut running = Guarded {
            name: NAME,
            run_dir: &self.run_dir,
            log: &self.log,
            user: self.user.as_ref(),
            stop: StopSignal::Term,
            grace: Duration::from_secs(15),
            folder: &self.part.join("home"),
            command: vec![
                self.python.display().to_string(),
                "-u".into(),
                self.part.join("run.py").display().to_string(),
            ],
            environment: self.environment(),
        }
        .start()?;
        let until = Instant::now() + START_PATIENCE;
        while !self.answers() {
            if running.has_ended() || Instant::now() > until {
                return Err(Failure::new(format!(
                    "the AWS emulator did not start: {} (log: {})",
                    last_line(&self.log),
                    self.log.display()
                )));
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        Ok(running)
    }

    fn answers(&self) -> bool {
        use std::io::{Read as _, Write as _};
        let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let mut answer = [0; 12];
        stream.write_all(b"GET /_ministack/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").is_ok()
            && stream.read_exact(&mut answer).is_ok()
            && answer.ends_with(b"200")
    }

    fn environment(&self) -> Vec<(String, String)> {
        let within = |name: &str| self.part.join(name).display().to_string();
        [
            ("PATH", search_path()),
            ("HOME", within("home")),
            ("TMPDIR", within("tmp")),
            ("LANG", "C.UTF-8".into()),
            ("PYTHONDONTWRITEBYTECODE", "1".into()),
            ("BIND_HOST", "127.0.0.1".into()),
            ("GATEWAY_PORT", self.port.to_string()),
            ("SANDBOX_GATEWAY_PORT", self.gateway.to_string()),
            ("PERSIST_STATE", "1".into()),
            ("STATE_DIR", within("state")),
            ("S3_PERSIST", "1".into()),
            ("S3_DATA_DIR", within("objects")),
            ("LOG_LEVEL", "WARNING".into()),
            // Listeners of services the sandbox does not offer.
            ("IOT_MTLS_ENABLED", "0".into()),
            ("SFTP_ENABLED", "0".into()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

/// Where function code finds its programs: the system's folders, and that of Node, which may be anywhere.
fn search_path() -> String {
    let mut folders = vec!["/usr/local/bin".to_owned(), "/usr/bin".to_owned(), "/bin".to_owned()];
    let node = std::env::var_os("PATH")
        .and_then(|path| std::env::split_paths(&path).find(|folder| folder.join("node").exists()));
    if let Some(folder) = node.map(|folder| folder.display().to_string())
        && !folders.contains(&folder)
    {
        folders.insert(0, folder);
    }
    folders.join(":")
}

fn clear(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten().map(|entry| entry.path()) {
        let removed = if entry.is_dir() { std::fs::remove_dir_all(&entry) } else { std::fs::remove_file(&entry) };
        if let Err(error) = removed {
            tracing::warn!("cannot remove {}: {error}", entry.display());
        }
    }
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it gave no reason").trim().to_owned()
}

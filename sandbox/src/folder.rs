//! The sandbox's folder: who may use it, and where its parts lie.

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::report::{Failure, progress};
use crate::user::User;

/// Where data goes when root's own folders are closed to the users that must own it.
const ELSEWHERE: &str = "/var/lib/gantry-sandbox";

/// The data folder, held by this process alone.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    open_root: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder, checks that it can be written, and takes it for this process.
    pub fn open(root: &Path) -> Result<Self, Failure> {
        std::fs::create_dir_all(root).map_err(|error| Failure::io("make the folder", root, &error))?;
        let root = root.canonicalize().map_err(|error| Failure::io("open the folder", root, &error))?;
        let run = root.join("run");
        make(&run, 0o755)?;
        let lock_path = run.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(|error| Failure::io("write", &lock_path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new(format!(
                    "another sandbox is using {}: stop it, or choose another --data-dir",
                    root.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(Failure::io("lock", &lock_path, &error)),
        }
        let open_root = match User::unprivileged(&["nobody"]) {
            Some(user) if !user.can_enter(&root) => elsewhere(&root)?,
            _ => root.clone(),
        };
        Ok(Self { root, open_root, _lock: lock })
    }

    /// Records of the children.
    pub fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    /// The children's logs.
    pub fn logs(&self) -> Result<PathBuf, Failure> {
        let logs = self.root.join("logs");
        make(&logs, 0o755)?;
        Ok(logs)
    }

    /// A part that its user can enter: normally in the data folder itself.
    pub fn part(&self, name: &str) -> Result<PathBuf, Failure> {
        let part = self.open_root.join(name);
        make(&part, 0o755)?;
        Ok(part)
    }

    /// A number kept from the last start, so that addresses stay the same while nobody else took them.
    pub fn remembered_port(&self, name: &str) -> Option<u16> {
        std::fs::read_to_string(self.run().join(format!("{name}.port"))).ok()?.trim().parse().ok()
    }

    /// Keeps a port for the next start.
    pub fn remember_port(&self, name: &str, port: u16) -> Result<(), Failure> {
        let path = self.run().join(format!("{name}.port"));
        std::fs::write(&path, port.to_string()).map_err(|error| Failure::io("write", &path, &error))
    }

    /// A free loopback port, the one of the last start if it still is.
    pub fn free_port(&self, name: &str) -> Result<u16, Failure> {
        let bind =
            |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).and_then(|listener| listener.local_addr());
        let address = self
            .remembered_port(name)
            .and_then(|port| bind(port).ok())
            .map_or_else(|| bind(0), Ok)
            .map_err(|error| Failure::new(format!("cannot find a free port on 127.0.0.1: {error}")))?;
        self.remember_port(name, address.port())?;
        Ok(address.port())
    }
}

/// Makes a folder, unless it exists.
pub fn make(path: &Path, mode: u32) -> Result<(), Failure> {
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .map_err(|error| Failure::io("make the folder", path, &error))
}

/// Makes a folder that belongs to a user, and only to it.
pub fn make_for(path: &Path, user: Option<&User>) -> Result<(), Failure> {
    make(path, 0o700)?;
    if let Some(user) = user {
        std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid))
            .map_err(|error| Failure::io("give away the folder", path, &error))?;
    }
    Ok(())
}

/// A folder outside for a data folder that other users cannot enter. Its name is kept in the data folder, so that
/// a deleted data folder starts anew; what deleted ones left behind is cleared away.
fn elsewhere(root: &Path) -> Result<PathBuf, Failure> {
    let base = Path::new(ELSEWHERE);
    make(base, 0o755)?;
    let note = root.join("run").join("elsewhere");
    let name = match std::fs::read_to_string(&note) {
        Ok(name) if !name.contains('/') && !name.is_empty() => name,
        _ => {
            let name = crate::random_name()?;
            std::fs::write(&note, &name).map_err(|error| Failure::io("write", &note, &error))?;
            name
        }
    };
    let place = base.join(&name);
    make(&place, 0o755)?;
    let owner = place.join("owner");
    std::fs::write(&owner, root.as_os_str().as_encoded_bytes())
        .map_err(|error| Failure::io("write", &owner, &error))?;
    if let Ok(places) = std::fs::read_dir(base) {
        for other in places.flatten().map(|entry| entry.path()).filter(|path| *path != place) {
            let Ok(owner) = std::fs::read_to_string(other.join("owner")) else { continue };
            let kept = std::fs::read_to_string(Path::new(&owner).join("run").join("elsewhere"));
            if kept.ok().as_deref() != other.file_name().and_then(|name| name.to_str()) {
                let _ = std::fs::remove_dir_all(&other);
            }
        }
    }
    progress("folder", &format!("{} is closed to other users; data lives in {}", root.display(), place.display()));
    Ok(place)
}

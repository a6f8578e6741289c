//! Where things lie: the checkout, the target folder and what is built into it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The folders of one checkout.
#[derive(Debug, Clone)]
pub struct Checkout {
    /// The folder that holds the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target folder: `CARGO_TARGET_DIR`, otherwise `target`.
    pub target: PathBuf,
}

/// How far a build is optimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build.
    Dev,
    /// Quick and small to run.
    Release,
}

impl Checkout {
    /// The checkout this program was compiled from; cargo names it when it runs a program.
    pub fn find() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().context("xtask lies outside a checkout")?.to_owned();
        let target = match std::env::var_os("CARGO_TARGET_DIR").filter(|value| !value.is_empty()) {
            // Cargo reads a relative one from the folder it was called in.
            Some(folder) => std::env::current_dir().context("the current folder is gone")?.join(folder),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// A path inside the checkout.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The folder of native binaries.
    pub fn binaries(&self, profile: Profile) -> PathBuf {
        self.target.join(profile.folder())
    }

    /// What the server serves as files: `assets.json`, `pkg/` and the contents of `public/`.
    pub fn site(&self, profile: Profile) -> PathBuf {
        self.target.join(match profile {
            Profile::Dev => "site",
            Profile::Release => "site-release",
        })
    }

    /// Intermediate files and stamps of the site.
    pub fn site_work(&self, profile: Profile) -> PathBuf {
        self.target.join("site-work").join(profile.folder())
    }

    /// A program that npm installed.
    pub fn npm_binary(&self, name: &str) -> PathBuf {
        self.root.join("node_modules").join(".bin").join(name)
    }
}

impl Profile {
    /// Cargo's folder for native artefacts.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }

    /// From a `--release` flag.
    pub fn from_release(release: bool) -> Self {
        if release { Self::Release } else { Self::Dev }
    }
}

/// Reads a file with its path in the error.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes a file with its path in the error.
pub fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<()> {
    std::fs::write(path, contents).with_context(|| format!("cannot write {}", path.display()))
}

/// Makes a folder and those above it.
pub fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).with_context(|| format!("cannot make the folder {}", path.display()))
}

/// Lets others into a folder: as root, the sandbox's Postgres and emulator run as other users.
pub fn open_to_others(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot open {} to others", folder.display()))
}

//! Brotli and gzip copies beside the files a browser asks for, made once instead of at every request.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::process;

const KINDS: [&str; 8] = ["js", "css", "wasm", "svg", "json", "txt", "html", "webmanifest"];
const SCRIPT: &str = include_str!("compress.js");

/// Makes the copies of every file below a folder that gains from it and has none.
pub fn folder(folder: &Path) -> Result<()> {
    let mut files = crate::assets::files_below(folder)?;
    files.retain(|path| gains(path) && !["br", "gz"].iter().all(|kind| has_copy(path, kind)));
    if files.is_empty() {
        return Ok(());
    }
    // The dash is the script's own place among the arguments.
    process::run_quietly(process::command("node").args(["-e", SCRIPT, "--"]).args(files))
        .context("the site cannot be compressed")
}

fn gains(path: &Path) -> bool {
    path.extension().and_then(|kind| kind.to_str()).is_some_and(|kind| KINDS.contains(&kind))
}

fn has_copy(original: &Path, kind: &str) -> bool {
    let written = |path: &Path| path.metadata().and_then(|facts| facts.modified()).ok();
    let copy = PathBuf::from(format!("{}.{kind}", original.display()));
    written(&copy).is_some_and(|copy| Some(copy) >= written(original))
}

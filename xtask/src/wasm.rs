//! The browser's half: `app` compiled to WebAssembly, taken apart, made loadable, made small for release.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::assets::{self, short_digest};
use crate::checkout::{self, Checkout, Profile};
use crate::toolchain::{Toolchain, WASM};
use crate::{process, progress};

/// The stem of the files, as in `LEPTOS_OUTPUT_NAME`.
const NAME: &str = "gantry";

/// What rustc may emit; wasm-bindgen takes the note about it out of the file, so wasm-opt must be told.
const FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// The files' names in the site's `pkg` folder, and what they were made from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Files {
    made_from: String,
    /// The loader.
    pub js: String,
    /// What every page needs of the program.
    pub wasm: String,
    /// What the loader fetches when a page needs it (`app/src/later.rs`).
    pub parts: Vec<String>,
}

impl Files {
    /// Every name.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        [&self.js, &self.wasm].into_iter().chain(&self.parts)
    }
}

/// Arguments of cargo that choose the browser's half, for building and for linting.
pub const SELECTION: [&str; 8] =
    ["--package", "app", "--lib", "--target", WASM, "--no-default-features", "--features", "hydrate"];

/// Compiles the browser's half and puts it into the site's `pkg` folder; skips what did not change.
pub fn build(checkout: &Checkout, toolchain: &Toolchain, profile: Profile) -> Result<Files> {
    let mut cargo = toolchain.cargo();
    cargo.arg("rustc").args(SELECTION);
    match profile {
        // The development profile itself, so that macros and build scripts are shared with the server's build. Without
        // any optimisation the file would be several times larger.
        Profile::Dev => cargo.args(["--config", "profile.dev.opt-level=1", "--config", "profile.dev.debug=false"]),
        Profile::Release => cargo.args(["--profile", "wasm-release"]),
    };
    // Tells gantry-bindgen what uses what, so that it can take the program apart.
    cargo.args(["--", "-Clink-args=--emit-relocs"]);
    process::run(&mut cargo).context("the browser's half does not compile")?;

    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => "wasm-release",
    };
    let compiled = checkout.target.join(WASM).join(folder).join("app.wasm");
    let made_from = identity(&compiled)?;
    let pkg = checkout.site(profile).join("pkg");
    let work = checkout.site_work(profile);
    let stamp = work.join("wasm.json");
    if let Some(files) = assets::stamped::<Files>(&stamp)
        && files.made_from == made_from
        && files.names().all(|name| pkg.join(name).exists())
    {
        return Ok(files);
    }
    let made = make_loadable(checkout, toolchain, profile, &compiled, &work.join("bindgen"))?;
    checkout::make_folder(&pkg)?;
    // Names carry a digest of the contents, and the loader knows its parts by them.
    let mut loader = String::from_utf8(checkout::read(&made.join("bundled.js"))?).context("the loader is no text")?;
    let mut parts = vec![];
    for path in wasm_files(&made)? {
        let bytes = checkout::read(&path)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = format!("{}.{}.wasm", stem.trim_end_matches("_bg"), short_digest(&bytes));
        loader = loader.replace(&format!("{stem}.wasm"), &name);
        checkout::write(&pkg.join(&name), bytes)?;
        parts.push(name);
    }
    let program = parts.iter().position(|name| name.starts_with(&format!("{NAME}.")));
    let wasm = parts.remove(program.context("gantry-bindgen made no program")?);
    let js = format!("{NAME}.{}.js", short_digest(loader.as_bytes()));
    checkout::write(&pkg.join(&js), loader)?;
    let files = Files { made_from, js, wasm, parts };
    assets::stamp(&stamp, &files)?;
    Ok(files)
}

/// Runs gantry-bindgen, wasm-opt for release, and the bundler, which pulls the loader's snippets into one file, `bundled.js`.
/// Answers with the folder of that file and of those of WebAssembly.
fn make_loadable(
    checkout: &Checkout,
    toolchain: &Toolchain,
    profile: Profile,
    compiled: &Path,
    work: &Path,
) -> Result<PathBuf> {
    progress::step("Making the browser's half loadable");
    process::run(toolchain.cargo().args(["build", "--package", "gantry-bindgen"]))
        .context("gantry-bindgen does not compile")?;
    let _ = std::fs::remove_dir_all(work);
    let made = work.join("made");
    checkout::make_folder(&made)?;
    let mut bindgen = process::command(checkout.binaries(Profile::Dev).join("gantry-bindgen"));
    process::run_quietly(bindgen.arg(compiled).arg(&made).arg(NAME))?;

    let mut esbuild = process::command(checkout.npm_binary("esbuild"));
    esbuild.arg(made.join(format!("{NAME}.js"))).args([
        "--bundle",
        "--format=esm",
        "--target=es2022",
        "--log-level=warning",
    ]);
    let mut finished = made.clone();
    if profile == Profile::Release {
        esbuild.arg("--minify");
        progress::step("Making it small (wasm-opt)");
        finished = work.join("small");
        checkout::make_folder(&finished)?;
        for path in wasm_files(&made)? {
            let small = finished.join(path.file_name().unwrap_or_default());
            let mut wasm_opt = process::command(checkout.npm_binary("wasm-opt"));
            process::run_quietly(wasm_opt.arg("-Oz").args(FEATURES).arg(&path).arg("-o").arg(&small))?;
        }
    }
    process::run_quietly(esbuild.arg(format!("--outfile={}", finished.join("bundled.js").display())))?;
    Ok(finished)
}

fn wasm_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = assets::files_below(folder)?;
    files.retain(|path| path.extension().is_some_and(|kind| kind == "wasm"));
    Ok(files)
}

/// Cargo writes the file only when something changed, so its size and time tell; reading megabytes would not be quicker.
fn identity(path: &Path) -> Result<String> {
    let facts = std::fs::metadata(path).with_context(|| format!("cargo left no {}", path.display()))?;
    let written = facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    Ok(format!("{} bytes, {} ns", facts.len(), written.as_nanos()))
}

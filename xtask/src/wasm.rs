//! The browser's half: `app` compiled to WebAssembly, made loadable, made small for release.

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

/// The two files' names in the site's `pkg` folder, and what they were made from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Files {
    made_from: String,
    /// The loader.
    pub js: String,
    /// The program.
    pub wasm: String,
}

/// Arguments of cargo that choose the browser's half, for building and for linting.
pub const SELECTION: [&str; 8] =
    ["--package", "app", "--lib", "--target", WASM, "--no-default-features", "--features", "hydrate"];

/// Compiles the browser's half and puts it into the site's `pkg` folder; skips what did not change.
pub fn build(checkout: &Checkout, toolchain: &Toolchain, profile: Profile) -> Result<Files> {
    let mut cargo = toolchain.cargo();
    cargo.arg("build").args(SELECTION);
    match profile {
        // The development profile itself, so that macros and build scripts are shared with the server's build. Without
        // any optimisation the file would be several times larger.
        Profile::Dev => cargo.args(["--config", "profile.dev.opt-level=1", "--config", "profile.dev.debug=false"]),
        Profile::Release => cargo.args(["--profile", "wasm-release"]),
    };
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
        && [&files.js, &files.wasm].iter().all(|name| pkg.join(name).exists())
    {
        return Ok(files);
    }
    let (js, wasm) = make_loadable(checkout, toolchain, profile, &compiled, &work.join("bindgen"))?;
    checkout::make_folder(&pkg)?;

    let wasm_bytes = checkout::read(&wasm)?;
    let wasm_name = format!("{NAME}.{}.wasm", short_digest(&wasm_bytes));
    // The loader's own guess of the file's name, for a page that names none.
    let loader = String::from_utf8(checkout::read(&js)?)
        .context("the loader is no text")?
        .replace(&format!("{NAME}_bg.wasm"), &wasm_name);
    let js_name = format!("{NAME}.{}.js", short_digest(loader.as_bytes()));
    checkout::write(&pkg.join(&wasm_name), wasm_bytes)?;
    checkout::write(&pkg.join(&js_name), loader)?;
    let files = Files { made_from, js: js_name, wasm: wasm_name };
    assets::stamp(&stamp, &files)?;
    Ok(files)
}

/// Runs wasm-bindgen, wasm-opt for release, and the bundler, which pulls the loader's snippets into one file.
fn make_loadable(
    checkout: &Checkout,
    toolchain: &Toolchain,
    profile: Profile,
    compiled: &Path,
    work: &Path,
) -> Result<(PathBuf, PathBuf)> {
    progress::step("Making the browser's half loadable");
    process::run(toolchain.cargo().args(["build", "--package", "gantry-bindgen"]))
        .context("gantry-bindgen does not compile")?;
    let _ = std::fs::remove_dir_all(work);
    checkout::make_folder(work)?;
    let mut bindgen = process::command(checkout.binaries(Profile::Dev).join("gantry-bindgen"));
    process::run_quietly(bindgen.arg(compiled).arg(work).arg(NAME))?;

    let mut wasm = work.join(format!("{NAME}_bg.wasm"));
    let js = work.join("bundled.js");
    let mut esbuild = process::command(checkout.npm_binary("esbuild"));
    esbuild.arg(work.join(format!("{NAME}.js"))).args([
        "--bundle",
        "--format=esm",
        "--target=es2022",
        "--log-level=warning",
    ]);
    esbuild.arg(format!("--outfile={}", js.display()));
    if profile == Profile::Release {
        esbuild.arg("--minify");
        progress::step("Making it small (wasm-opt)");
        let small = work.join("small.wasm");
        let mut wasm_opt = process::command(checkout.npm_binary("wasm-opt"));
        process::run_quietly(wasm_opt.arg("-Oz").args(FEATURES).arg(&wasm).arg("-o").arg(&small))?;
        wasm = small;
    }
    process::run_quietly(&mut esbuild)?;
    Ok((js, wasm))
}

/// Cargo writes the file only when something changed, so its size and time tell; reading megabytes would not be quicker.
fn identity(path: &Path) -> Result<String> {
    let facts = std::fs::metadata(path).with_context(|| format!("cargo left no {}", path.display()))?;
    let written = facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    Ok(format!("{} bytes, {} ns", facts.len(), written.as_nanos()))
}

//! The site's other files: style sheets and fonts, small JavaScript modules, `public/`, and `assets.json`, which tells
//! the server what everything is called.
//!
//! Names in `pkg/` carry a digest of the contents, so that browsers may keep them for ever.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::checkout::{self, Checkout, Profile};
use crate::{process, progress, wasm};

/// What the server reads: addresses below the site's root.
#[derive(Debug, Serialize)]
struct Manifest<'a> {
    /// The loader of the browser's half.
    js: String,
    /// The browser's half.
    wasm: String,
    /// The style sheet; none while there is no `style/main.css`.
    css: Option<String>,
    /// Lazily imported modules: the file's stem in `app/js/` to its address.
    modules: BTreeMap<&'a str, String>,
    /// Fonts that the style sheet names: the file's name to its address, for preloading.
    fonts: BTreeMap<&'a str, String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Bundle {
    made_from: String,
    css: Option<String>,
    modules: BTreeMap<String, String>,
    fonts: BTreeMap<String, String>,
    /// Every file in `pkg/`, chunks included.
    files: Vec<String>,
}

/// What esbuild says it wrote.
#[derive(Debug, Deserialize)]
struct Metafile {
    outputs: BTreeMap<String, Output>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    entry_point: Option<String>,
    inputs: BTreeMap<String, serde_json::Value>,
}

/// Bundles what changed since the last time, then writes the list of everything.
pub fn build(checkout: &Checkout, profile: Profile, wasm: &wasm::Files) -> Result<()> {
    let bundle = bundle(checkout, profile)?;
    let site = checkout.site(profile);
    copy_public(&checkout.path("public"), &site)?;
    let mut keep = bundle.files.clone();
    keep.extend(wasm.names().cloned());
    remove_old(&site.join("pkg"), &keep, profile)?;

    let address = |name: &String| format!("/pkg/{name}");
    let addresses = |names: &'_ BTreeMap<String, String>| names.values().map(address).collect::<Vec<_>>();
    let manifest = Manifest {
        js: address(&wasm.js),
        wasm: address(&wasm.wasm),
        css: bundle.css.as_ref().map(address),
        modules: bundle.modules.keys().map(String::as_str).zip(addresses(&bundle.modules)).collect(),
        fonts: bundle.fonts.keys().map(String::as_str).zip(addresses(&bundle.fonts)).collect(),
    };
    let text = serde_json::to_string_pretty(&manifest).context("cannot write the list of assets")?;
    write_if_changed(&site.join("assets.json"), text.as_bytes())?;
    Ok(())
}

fn bundle(checkout: &Checkout, profile: Profile) -> Result<Bundle> {
    let modules = module_sources(&checkout.path("app/js"))?;
    let style = Some(checkout.path("style/main.css")).filter(|path| path.exists());
    let mut inputs = vec![checkout.path("package-lock.json")];
    for folder in ["style", "app/js", "public"] {
        inputs.extend(files_below(&checkout.path(folder))?);
    }
    let made_from = digest_of_files(&inputs)?;
    let pkg = checkout.site(profile).join("pkg");
    let work = checkout.site_work(profile);
    let stamp_path = work.join("bundle.json");
    if let Some(bundle) = stamped::<Bundle>(&stamp_path)
        && bundle.made_from == made_from
        && bundle.files.iter().all(|name| pkg.join(name).exists())
    {
        return Ok(bundle);
    }
    let entries: Vec<PathBuf> = style.into_iter().chain(modules).collect();
    let mut bundle = Bundle { made_from, ..Bundle::default() };
    checkout::make_folder(&pkg)?;
    checkout::make_folder(&work)?;
    if !entries.is_empty() {
        progress::step("Bundling style sheets and modules");
        let metafile = work.join("metafile.json");
        let mut esbuild = process::command(checkout.npm_binary("esbuild"));
        esbuild.current_dir(&checkout.root).args(&entries);
        esbuild.args(["--bundle", "--minify", "--format=esm", "--splitting", "--log-level=warning"]);
        esbuild.args(["--target=es2022,chrome123,firefox128,safari17.5", "--loader:.woff2=file", "--loader:.svg=file"]);
        esbuild.args(["--entry-names=[name].[hash]", "--chunk-names=chunk.[hash]", "--asset-names=[name].[hash]"]);
        for path in std::fs::read_dir(checkout.path("public")).into_iter().flatten().flatten() {
            // Addresses of files that are served as they are.
            let name = path.file_name().to_string_lossy().into_owned();
            esbuild.arg(format!("--external:/{name}")).arg(format!("--external:/{name}/*"));
        }
        esbuild.arg(format!("--outdir={}", pkg.display())).arg(format!("--metafile={}", metafile.display()));
        process::run(&mut esbuild).context("the style sheets and modules cannot be bundled")?;
        let metafile: Metafile =
            serde_json::from_slice(&checkout::read(&metafile)?).context("the bundler's report cannot be read")?;
        bundle.take(&metafile);
    }
    stamp(&stamp_path, &bundle)?;
    Ok(bundle)
}

impl Bundle {
    fn take(&mut self, metafile: &Metafile) {
        for (path, output) in &metafile.outputs {
            let name = file_name(path);
            self.files.push(name.clone());
            let entry = output.entry_point.as_deref().map(Path::new);
            match (entry, name.rsplit('.').next()) {
                (Some(entry), Some("css")) if entry.ends_with("style/main.css") => self.css = Some(name),
                (Some(entry), Some("js")) => {
                    let stem = entry.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    self.modules.insert(stem, name);
                }
                (None, Some("woff2")) => {
                    let source = output.inputs.keys().next().map_or_else(|| name.clone(), |input| file_name(input));
                    self.fonts.insert(source, name);
                }
                _ => {}
            }
        }
    }
}

fn file_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// Each file directly in the folder is a module of its own; those in folders below are parts of them.
fn module_sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let files = files_below(folder)?.into_iter();
    Ok(files
        .filter(|path| path.parent() == Some(folder) && !path.to_string_lossy().ends_with(".d.ts"))
        .filter(|path| path.extension().is_some_and(|kind| kind == "ts" || kind == "js"))
        .collect())
}

fn copy_public(public: &Path, site: &Path) -> Result<()> {
    for path in files_below(public)? {
        let to = site.join(path.strip_prefix(public).context("a file of public/ lies outside it")?);
        write_if_changed(&to, &checkout::read(&path)?)?;
    }
    Ok(())
}

/// Removes what no page names any more. A server that runs keeps the names it read at its start, so while developing
/// they stay for a day.
fn remove_old(pkg: &Path, keep: &[String], profile: Profile) -> Result<()> {
    let day = Duration::from_secs(24 * 3600);
    for path in files_below(pkg)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_kept = keep.iter().any(|kept| {
            name == *kept || name.strip_prefix(kept.as_str()).is_some_and(|rest| rest == ".br" || rest == ".gz")
        });
        let age = path
            .metadata()
            .and_then(|facts| facts.modified())
            .ok()
            .and_then(|time| time.elapsed().ok())
            .unwrap_or_default();
        if !is_kept && (profile == Profile::Release || age > day) {
            std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn write_if_changed(path: &Path, contents: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|present| present == contents) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        checkout::make_folder(folder)?;
    }
    checkout::write(path, contents)
}

/// Every file below a folder, sorted; none where there is no such folder.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

/// One digest over names and contents.
pub fn digest_of_files(paths: &[PathBuf]) -> Result<String> {
    let mut digest = Sha256::new();
    for path in paths {
        let contents = checkout::read(path)?;
        digest.update(path.to_string_lossy().as_bytes());
        digest.update(contents.len().to_le_bytes());
        digest.update(contents);
    }
    Ok(hex(&digest.finalize()))
}

/// The part of a digest that goes into a file's name.
pub fn short_digest(contents: &[u8]) -> String {
    hex(&Sha256::digest(contents)).chars().take(12).collect()
}

/// The digest of a text as registries write it.
pub fn digest_of(text: &str) -> String {
    format!("sha256:{}", hex(&Sha256::digest(text)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a note of what was made last time.
pub fn stamped<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Notes what was made.
pub fn stamp<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    if let Some(folder) = path.parent() {
        checkout::make_folder(folder)?;
    }
    checkout::write(path, serde_json::to_vec(value).context("cannot write a note")?)
}

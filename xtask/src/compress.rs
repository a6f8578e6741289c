//! Brotli and gzip copies beside the files a browser asks for, made once instead of at every request.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::checkout::{read, write};

const KINDS: [&str; 8] = ["js", "css", "wasm", "svg", "json", "txt", "html", "webmanifest"];

/// Makes the copies of every file below a folder that gains from it.
pub fn folder(folder: &Path) -> Result<()> {
    let files: Vec<PathBuf> = crate::assets::files_below(folder)?.into_iter().filter(|path| gains(path)).collect();
    std::thread::scope(|scope| {
        let workers: Vec<_> = files.iter().map(|path| scope.spawn(|| file(path))).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| bail!("a file could not be compressed")))
    })
}

fn gains(path: &Path) -> bool {
    path.extension().and_then(|kind| kind.to_str()).is_some_and(|kind| KINDS.contains(&kind))
}

fn is_newer(copy: &Path, original: &Path) -> bool {
    let written = |path: &Path| path.metadata().and_then(|facts| facts.modified()).ok();
    written(copy).is_some_and(|copy| Some(copy) >= written(original))
}

fn file(path: &Path) -> Result<()> {
    let [brotli_path, gzip_path] = ["br", "gz"].map(|kind| PathBuf::from(format!("{}.{kind}", path.display())));
    if is_newer(&brotli_path, path) && is_newer(&gzip_path, path) {
        return Ok(());
    }
    let bytes = read(path)?;
    let mut packed = Vec::new();
    let parameters =
        brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 24, size_hint: bytes.len(), ..Default::default() };
    brotli::BrotliCompress(&mut bytes.as_slice(), &mut packed, &parameters)
        .with_context(|| format!("cannot compress {}", path.display()))?;
    write(&brotli_path, packed)?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&bytes)
        .and_then(|()| gzip.finish())
        .map_err(anyhow::Error::from)
        .and_then(|packed| write(&gzip_path, packed))
}

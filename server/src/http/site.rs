//! The built half of the site: scripts, WebAssembly, styles, fonts. Held in memory with the compressed copies the build made;
//! read from a folder, or from inside the binary (feature `embed`).

use app::Assets;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::Problem;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Kept for good: the name holds a hash of the content.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Asked for again each time, answered with "not modified".
const REVALIDATE: HeaderValue = HeaderValue::from_static("public, no-cache");

struct File {
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
    media: &'static str,
    etag: HeaderValue,
    immutable: bool,
}

/// All files of the site by path (`/pkg/…`), and which of them the pages load.
pub struct Site {
    files: HashMap<String, File>,
    /// What pages load.
    pub assets: Arc<Assets>,
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Site of {} files", self.files.len())
    }
}

impl Site {
    /// Reads a folder that holds `assets.json`.
    ///
    /// # Errors
    /// One line saying which file is missing or unreadable.
    pub fn folder(folder: &Path) -> Result<Self, Problem> {
        let wrong = |path: &Path, why: &dyn std::fmt::Display| {
            Problem::invalid(
                "GANTRY_SITE",
                format!("GANTRY_SITE: {}: {why}. Build the site with cargo xtask.", path.display()),
            )
        };
        let mut files = Vec::new();
        let mut open = vec![folder.to_path_buf()];
        while let Some(at) = open.pop() {
            for entry in std::fs::read_dir(&at).map_err(|e| wrong(&at, &e))? {
                let path = entry.map_err(|e| wrong(&at, &e))?.path();
                if path.is_dir() {
                    open.push(path);
                } else if let Ok(relative) = path.strip_prefix(folder) {
                    let bytes = std::fs::read(&path).map_err(|e| wrong(&path, &e))?;
                    files.push((relative.to_string_lossy().replace('\\', "/"), Bytes::from(bytes)));
                }
            }
        }
        Self::of(files)
    }

    /// The site inside the binary.
    ///
    /// # Errors
    /// When the binary was built without one.
    #[cfg(feature = "embed")]
    pub fn embedded() -> Result<Self, Problem> {
        #[derive(rust_embed::RustEmbed)]
        #[folder = "$GANTRY_EMBED_SITE"]
        struct Embedded;
        let file = |name: std::borrow::Cow<'static, str>| {
            let bytes = match Embedded::get(&name)?.data {
                std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
            };
            Some((name.into_owned(), bytes))
        };
        Self::of(Embedded::iter().filter_map(file).collect())
    }

    /// The site inside the binary.
    ///
    /// # Errors
    /// Always: this binary was built without one.
    #[cfg(not(feature = "embed"))]
    pub fn embedded() -> Result<Self, Problem> {
        Err(Problem::invalid(
            "GANTRY_SITE",
            "GANTRY_SITE is not set: the folder with the built site, which cargo xtask makes.",
        ))
    }

    /// From names relative to the site's root and their contents; `name.br` and `name.gz` are copies of `name`.
    ///
    /// # Errors
    /// When `assets.json` is missing or cannot be read.
    pub fn of(all: Vec<(String, Bytes)>) -> Result<Self, Problem> {
        let mut by_name: HashMap<String, Bytes> = all.into_iter().collect();
        let manifest = by_name.remove("assets.json").ok_or_else(|| {
            Problem::invalid("GANTRY_SITE", "GANTRY_SITE: assets.json is missing. Build the site with cargo xtask.")
        })?;
        let assets: Assets = serde_json::from_slice(&manifest)
            .map_err(|e| Problem::invalid("GANTRY_SITE", format!("GANTRY_SITE: assets.json cannot be read: {e}")))?;
        let hashed = paths(&serde_json::from_slice(&manifest).unwrap_or_default());
        let names: Vec<String> =
            by_name.keys().filter(|n| !n.ends_with(".br") && !n.ends_with(".gz")).cloned().collect();
        let mut files = HashMap::new();
        for name in names {
            let Some(plain) = by_name.get(&name).cloned() else { continue };
            let digest: String = Sha256::digest(&plain).iter().take(8).map(|b| format!("{b:02x}")).collect();
            let path = format!("/{name}");
            let file = File {
                brotli: by_name.get(&format!("{name}.br")).cloned(),
                gzip: by_name.get(&format!("{name}.gz")).cloned(),
                media: media(&name),
                etag: HeaderValue::from_str(&format!("\"{digest}\"")).unwrap_or(HeaderValue::from_static("\"\"")),
                immutable: name.starts_with("pkg/") || hashed.contains(&path),
                plain,
            };
            files.insert(path, file);
        }
        Ok(Self { files, assets: Arc::new(assets) })
    }

    fn answer(&self, path: &str, asked: &HeaderMap) -> Option<Response> {
        let file = self.files.get(path)?;
        let accepts = asked.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let accepts = |coding: &str| {
            accepts.split(',').any(|part| {
                let mut words = part.split(';').map(str::trim);
                words.next() == Some(coding) && !words.any(|w| matches!(w, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
            })
        };
        let (bytes, coding) = match (&file.brotli, &file.gzip) {
            (Some(bytes), _) if accepts("br") => (bytes, Some("br")),
            (_, Some(bytes)) if accepts("gzip") => (bytes, Some("gzip")),
            _ => (&file.plain, None),
        };
        let known = asked.get(header::IF_NONE_MATCH).is_some_and(|v| v == file.etag);
        let mut response = Response::new(if known { Body::empty() } else { Body::from(bytes.clone()) });
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media));
        headers.insert(header::CACHE_CONTROL, if file.immutable { IMMUTABLE } else { REVALIDATE });
        headers.insert(header::ETAG, file.etag.clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Some(coding) = coding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        Some(response)
    }
}

/// Middleware: a path of the site is answered here; everybody may read it.
pub async fn serve(site: Arc<Site>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD)
        && let Some(response) = site.answer(request.uri().path(), request.headers())
    {
        return response;
    }
    next.run(request).await
}

/// All strings in a document, as absolute paths.
fn paths(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::String(text) => vec![format!("/{}", text.trim_start_matches('/'))],
        serde_json::Value::Array(items) => items.iter().flat_map(paths).collect(),
        serde_json::Value::Object(map) => map.values().flat_map(paths).collect(),
        _ => vec![],
    }
}

fn media(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

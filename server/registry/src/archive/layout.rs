//! OCI layouts (<https://github.com/opencontainers/image-spec/blob/main/image-layout.md>), as buildx, Skopeo and, since version 25,
//! `docker save` write them. Manifests keep their bytes unless a layer was compressed on its way.

use super::ArchiveImage;
use super::assemble::{Saved, check_layer, diff_ids, put_document, written};
use super::layers::{File, Files, Packing};
use crate::client::Repository;
use crate::digest::Digest;
use crate::media::{Descriptor, Manifest, Platform, RawManifest};
use crate::problems::{archive as bad, said};
use crate::progress::Progress;
use crate::transfer::platform_of;
use bytes::Bytes;
use domain::problem::Problem;
use domain::wording::in_full;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

const NAME: &str = "io.containerd.image.name";
const REF_NAME: &str = "org.opencontainers.image.ref.name";
const MAX_DEPTH: usize = 3;

struct Layout<'a> {
    files: &'a Files,
    destination: &'a Repository,
    progress: &'a Progress,
}

/// A manifest or index whose parts are all there.
struct Node {
    image: ArchiveImage,
    /// The configuration's digest, by which `manifest.json` knows the image.
    config: Option<Digest>,
}

/// A node, or the parts of an index that lacks others; Docker saves one platform with the index of all.
enum Found {
    Whole(Box<Node>),
    Parts(Vec<Node>),
    Missing(String),
}

pub(super) async fn images(
    files: &Files,
    index: &Bytes,
    saved: Vec<Saved>,
    destination: &Repository,
    progress: &Progress,
) -> Result<Vec<ArchiveImage>, Problem> {
    #[derive(Deserialize)]
    struct Index {
        #[serde(default)]
        manifests: Vec<Descriptor>,
    }
    let index: Index =
        serde_json::from_slice(index).map_err(|e| bad(format!("Its index.json cannot be read: {e}.")))?;
    let layout = Layout { files, destination, progress };
    // Docker writes an entry for each name that an image has.
    let (mut entries, mut places) = (Vec::<(&Descriptor, Vec<&String>)>::new(), HashMap::new());
    for entry in &index.manifests {
        let place = *places.entry(entry.digest).or_insert(entries.len());
        if place == entries.len() {
            entries.push((entry, Vec::new()));
        }
        entries[place].1.extend(entry.annotations.get(NAME).or_else(|| entry.annotations.get(REF_NAME)));
    }
    let (mut images, mut known) = (Vec::<ArchiveImage>::new(), HashMap::new());
    for (entry, annotated) in entries {
        let nodes = match layout.visit(entry, 0).await? {
            Found::Whole(node) => vec![*node],
            Found::Parts(nodes) => nodes,
            Found::Missing(name) => {
                return Err(bad(format!("It names {name}, which is not in it: it is truncated or was saved in part.")));
            }
        };
        let alone = nodes.iter().filter(|n| !n.image.platforms.is_empty()).count() == 1;
        for Node { mut image, config } in nodes {
            if alone && !image.platforms.is_empty() || image.config.is_none() {
                image.names.extend(annotated.iter().copied().cloned());
            }
            for saved in &saved {
                if saved_digest(&saved.config).is_some_and(|digest| Some(digest) == config) {
                    image.names.extend(saved.repo_tags.iter().flatten().cloned());
                }
            }
            // Indexes that are there in part may share what is there.
            let place = *known.entry(image.manifest.digest).or_insert(images.len());
            if place == images.len() {
                images.push(image);
            } else {
                images[place].names.extend(image.names);
            }
        }
    }
    for image in &mut images {
        let mut seen = HashSet::new();
        image.names.retain(|name| seen.insert(name.clone()));
    }
    Ok(images)
}

/// `blobs/sha256/HEX` in the new `manifest.json`.
fn saved_digest(path: &str) -> Option<Digest> {
    path.strip_prefix("blobs/sha256/").and_then(Digest::from_hex)
}

fn path_of(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

impl Layout<'_> {
    async fn visit(&self, entry: &Descriptor, depth: usize) -> Result<Found, Problem> {
        if depth >= MAX_DEPTH {
            return Err(bad("Its indexes are nested too deeply."));
        }
        let path = path_of(&entry.digest);
        let Some(bytes) = self.files.json(&path) else { return Ok(Found::Missing(path)) };
        if bytes.len() as u64 != entry.size {
            return Err(bad(format!(
                "“{path}” has {} bytes; what names it says {}.",
                in_full(bytes.len() as u64),
                in_full(entry.size)
            )));
        }
        let kind = Some(entry.media_type.as_str());
        let (raw, manifest) =
            RawManifest::read(bytes.clone(), kind).map_err(|p| bad(format!("“{path}”: {}", p.message)))?;
        match manifest {
            Manifest::Index(entries) => self.index(raw, &entries, depth).await,
            Manifest::Image { config, layers } => self.image(raw, &config, &layers, entry.platform.as_ref()).await,
        }
    }

    async fn index(&self, raw: RawManifest, entries: &[Descriptor], depth: usize) -> Result<Found, Problem> {
        let (mut nodes, mut missing) = (Vec::new(), None);
        for entry in entries {
            match Box::pin(self.visit(entry, depth + 1)).await? {
                Found::Whole(node) => nodes.push(*node),
                Found::Parts(parts) => {
                    missing = missing.or(Some(path_of(&entry.digest)));
                    nodes.extend(parts);
                }
                Found::Missing(name) => missing = missing.or(Some(name)),
            }
        }
        match missing {
            Some(name) if nodes.is_empty() => return Ok(Found::Missing(name)),
            Some(_) => return Ok(Found::Parts(nodes)),
            None => {}
        }
        let rebuilt = nodes.iter().any(|n| n.image.rebuilt);
        let manifest = if rebuilt { self.new_index(&raw, &nodes)? } else { raw };
        let mut whole = Node {
            image: ArchiveImage {
                names: Vec::new(),
                platforms: Vec::new(),
                manifest,
                children: Vec::new(),
                config: None,
                layers: Vec::new(),
                rebuilt,
            },
            config: None,
        };
        for node in nodes {
            whole.image.platforms.extend(node.image.platforms);
            whole.image.layers.extend(node.image.layers);
            whole.image.children.extend(node.image.children);
            whole.image.children.push(node.image.manifest);
        }
        Ok(Found::Whole(Box::new(whole)))
    }

    fn new_index(&self, raw: &RawManifest, nodes: &[Node]) -> Result<RawManifest, Problem> {
        let mut value: Value =
            serde_json::from_slice(&raw.bytes).map_err(|e| crate::problems::internal("registry-index", &e))?;
        let entries = value.get_mut("manifests").and_then(Value::as_array_mut).into_iter().flatten();
        for (entry, node) in entries.zip(nodes) {
            entry["digest"] = json!(node.image.manifest.digest);
            entry["size"] = json!(node.image.manifest.bytes.len());
        }
        Ok(RawManifest::read(written(&value)?, Some(&raw.media_type))?.0)
    }

    async fn image(
        &self,
        raw: RawManifest,
        config: &Descriptor,
        layers: &[Descriptor],
        platform: Option<&Platform>,
    ) -> Result<Found, Problem> {
        // First whether all is there, then what has to be sent.
        for blob in layers.iter().chain([config]).filter(|b| b.urls.is_empty()) {
            let path = path_of(&blob.digest);
            let size = match self.files.get(&path) {
                Some(File::Json(bytes)) => bytes.len() as u64,
                Some(File::Blob(stored)) => stored.original_size,
                _ => return Ok(Found::Missing(path)),
            };
            if size != blob.size {
                return Err(bad(format!(
                    "“{path}” has {} bytes; the manifest says {}.",
                    in_full(size),
                    in_full(blob.size)
                )));
            }
        }
        let config_bytes = self.files.json(&path_of(&config.digest));
        let mut changed = Vec::new();
        for (at, layer) in layers.iter().enumerate() {
            let path = path_of(&layer.digest);
            match self.files.get(&path) {
                Some(File::Json(bytes)) => {
                    put_document(self.destination, self.progress, &path, bytes).await?;
                }
                Some(File::Blob(stored)) if stored.changed() => {
                    let told = config_bytes.map(|c| diff_ids(c)).transpose()?;
                    check_layer(stored, &path, told.as_ref().and_then(|ids| ids.get(at)))?;
                    changed.push((at, stored.digest, stored.size, compressed_kind(&layer.media_type, &path)?));
                }
                Some(File::Blob(stored))
                    if stored.packing == Packing::Other && layer.media_type.contains(".layer.v1.tar") =>
                {
                    return Err(bad(format!("“{}” is named as a layer, but is none.", said(&path))));
                }
                _ => {}
            }
        }
        if let Some(bytes) = config_bytes {
            put_document(self.destination, self.progress, &path_of(&config.digest), bytes).await?;
        }
        let rebuilt = !changed.is_empty();
        let mut layers = layers.to_vec();
        let manifest = if rebuilt {
            let mut value: Value =
                serde_json::from_slice(&raw.bytes).map_err(|e| crate::problems::internal("registry-manifest", &e))?;
            for (at, digest, size, kind) in changed {
                let layer = &mut value["layers"][at];
                (layer["digest"], layer["size"], layer["mediaType"]) = (json!(digest), json!(size), json!(kind));
                (layers[at].digest, layers[at].size, layers[at].media_type) = (digest, size, kind);
            }
            RawManifest::read(written(&value)?, Some(&raw.media_type))?.0
        } else {
            raw
        };
        let platforms = match platform {
            Some(platform) => Some(platform.clone()).filter(Platform::is_known),
            None => config_bytes.and_then(|c| platform_of(c)),
        };
        Ok(Found::Whole(Box::new(Node {
            image: ArchiveImage {
                names: Vec::new(),
                platforms: platforms.into_iter().collect(),
                manifest,
                children: Vec::new(),
                config: Some(config.clone()),
                layers,
                rebuilt,
            },
            config: Some(config.digest),
        })))
    }
}

/// The media type of a layer after compression.
fn compressed_kind(kind: &str, path: &str) -> Result<String, Problem> {
    match kind {
        "application/vnd.oci.image.layer.v1.tar" | "application/vnd.oci.image.layer.nondistributable.v1.tar" => {
            Ok(format!("{kind}+gzip"))
        }
        "application/vnd.docker.image.rootfs.diff.tar" => Ok(format!("{kind}.gzip")),
        _ if kind.ends_with("tar+gzip") || kind.ends_with("tar.gzip") => Ok(kind.to_owned()),
        _ => Err(bad(format!("“{}” is an uncompressed tar, but is named as “{}”.", said(path), said(kind)))),
    }
}

//! OCI layouts (<https://github.com/opencontainers/image-spec/blob/main/image-layout.md>), as buildx, Skopeo and, since version 25,
//! `docker save` write them. Manifests keep their bytes unless a layer was compressed on its way.

use super::ArchiveImage;
use super::assemble::{Looked, Saved, check_layer, diff_ids, put_document, written};
use super::layers::{File, Files, Packing};
use crate::client::Repository;
use crate::digest::Digest;
use crate::media::{Descriptor, Manifest, Platform, RawManifest};
use crate::problems::{archive as bad, said, too_large};
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
/// Of all images together. One name may be that of many manifests.
const MAX_NAMES: usize = 10_000;

struct Layout<'a> {
    files: &'a Files,
    destination: &'a Repository,
    progress: &'a Progress,
    looked: &'a mut Looked,
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
    saved: &[Saved],
    destination: &Repository,
    progress: &Progress,
    looked: &mut Looked,
) -> Result<Vec<ArchiveImage>, Problem> {
    #[derive(Deserialize)]
    struct Index {
        #[serde(default)]
        manifests: Vec<Descriptor>,
    }
    let index: Index =
        serde_json::from_slice(index).map_err(|e| bad(format!("Its index.json cannot be read: {e}.")))?;
    let mut layout = Layout { files, destination, progress, looked };
    // Docker writes an entry for each name that an image has.
    let (mut entries, mut places) = (Vec::<(&Descriptor, Vec<&String>)>::new(), HashMap::new());
    for entry in &index.manifests {
        let place = *places.entry(entry.digest).or_insert(entries.len());
        if place == entries.len() {
            entries.push((entry, Vec::new()));
        }
        entries[place].1.extend(entry.annotations.get(NAME).or_else(|| entry.annotations.get(REF_NAME)));
    }
    let mut saved_names = HashMap::<Digest, Vec<&String>>::new();
    for saved in saved {
        if let Some(config) = saved_digest(&saved.config) {
            saved_names.entry(config).or_default().extend(saved.repo_tags.iter().flatten());
        }
    }
    let (mut images, mut known, mut names) = (Vec::<ArchiveImage>::new(), HashMap::new(), 0);
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
            image
                .names
                .extend(config.and_then(|config| saved_names.get(&config)).into_iter().flatten().copied().cloned());
            names += image.names.len();
            if names > MAX_NAMES {
                return Err(too_large(format!("Its images have more than {} names.", in_full(MAX_NAMES as u64))));
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
    async fn visit(&mut self, entry: &Descriptor, depth: usize) -> Result<Found, Problem> {
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
        self.looked.at(bytes)?;
        let kind = Some(entry.media_type.as_str());
        let (raw, manifest) =
            RawManifest::read(bytes.clone(), kind).map_err(|p| bad(format!("“{path}”: {}", p.message)))?;
        match manifest {
            Manifest::Index(entries) => self.index(raw, &entries, depth).await,
            Manifest::Image { config, layers } => self.image(raw, &config, &layers, entry.platform.as_ref()).await,
        }
    }

    async fn index(&mut self, raw: RawManifest, entries: &[Descriptor], depth: usize) -> Result<Found, Problem> {
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
        &mut self,
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
        let (mut changed, mut told) = (Vec::new(), None::<Vec<Digest>>);
        for (at, layer) in layers.iter().enumerate() {
            let path = path_of(&layer.digest);
            match self.files.get(&path) {
                Some(File::Json(bytes)) => {
                    put_document(self.destination, self.progress, &path, bytes, self.looked).await?;
                }
                Some(File::Blob(stored)) if stored.changed() => {
                    if told.is_none() {
                        told = config_bytes.map(|c| diff_ids(c)).transpose()?;
                    }
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
            put_document(self.destination, self.progress, &path_of(&config.digest), bytes, self.looked).await?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::assemble::descriptor;
    use crate::http::Settings;
    use crate::media::OCI_INDEX;
    use domain::problem::Code;

    /// An OCI layout that is never sent: none of its documents is an image.
    #[derive(Default)]
    struct Made(HashMap<String, File>);

    impl Made {
        fn index(&mut self, entries: &[Descriptor], padding: usize) -> Descriptor {
            let notes = json!({ "padding": "x".repeat(padding) });
            let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries, "annotations": notes});
            let bytes = Bytes::from(index.to_string());
            let digest = Digest::of(&bytes);
            let entry = descriptor(OCI_INDEX, digest, bytes.len() as u64);
            self.0.insert(path_of(&digest), File::Json(bytes));
            entry
        }

        async fn read(self, top: &[Descriptor]) -> Result<Vec<ArchiveImage>, Problem> {
            let index = Bytes::from(json!({"schemaVersion": 2, "manifests": top}).to_string());
            let nowhere = "http://127.0.0.1:9".parse().unwrap();
            let destination = Repository::destination(&nowhere, "pushed", None, Settings::default()).unwrap();
            let (files, progress) = (Files(self.0), Progress::default());
            images(&files, &index, &[], &destination, &progress, &mut Looked::default()).await
        }
    }

    #[tokio::test]
    async fn documents_that_name_each_other_many_times_are_refused() {
        // Three times a thousand, and ninety times a megabyte.
        for (many, padding) in [(1000, 0), (30, 1 << 20)] {
            let mut made = Made::default();
            let empty = made.index(&[], padding);
            let inner = made.index(&vec![empty; many], 0);
            let outer = made.index(&vec![inner; many.min(3)], 0);
            let refused = made.read(&[outer]).await.unwrap_err();
            assert_eq!(refused.code, Code::TooLarge, "{refused}");
        }
        let mut made = Made::default();
        let empty = made.index(&[], 0);
        let outer = made.index(&vec![empty; 1000], 0);
        assert_eq!(made.read(&[outer]).await.unwrap()[0].children.len(), 1000);
    }

    #[tokio::test]
    async fn names_that_many_manifests_have_are_refused() {
        let mut made = Made::default();
        let parts: Vec<Descriptor> = (0..20).map(|n| made.index(&[], n)).collect();
        let absent = descriptor(OCI_INDEX, Digest::of(b"absent"), 6);
        let outer = made.index(&[parts, vec![absent]].concat(), 0);
        let named = |n| Descriptor {
            annotations: [(NAME.to_owned(), format!("docker.io/library/app:{n}"))].into(),
            ..outer.clone()
        };
        let top: Vec<Descriptor> = (0..=MAX_NAMES / 20).map(named).collect();
        let refused = made.read(&top).await.unwrap_err();
        assert_eq!(refused.code, Code::TooLarge, "{refused}");
    }
}

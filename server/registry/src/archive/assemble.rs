//! From what an archive held to images: by `index.json` where there is one, else by the `manifest.json` of `docker save`.

use super::layers::{File, Files, Packing, Stored};
use super::{Archive, ArchiveImage, layout};
use crate::client::Repository;
use crate::digest::Digest;
use crate::media::{DOCKER_MANIFEST, Descriptor, OCI_MANIFEST, RawManifest};
use crate::problems::{archive as bad, said, too_large};
use crate::progress::{Progress, State};
use crate::transfer::platform_of;
use bytes::Bytes;
use domain::problem::Problem;
use domain::wording::in_full;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The most manifests, and documents that are sent, of an archive. What Gantry can plan with has a few hundred at most.
const MOST_DOCUMENTS: usize = 2_000;
/// The most bytes of these together.
const MOST_BYTES: usize = 16 << 20;

/// How much of an archive was read again from its files. Each document counts as often as it is named: a few that name each other many times are
/// small, and what they stand for is not.
#[derive(Debug, Default)]
pub(super) struct Looked {
    documents: usize,
    bytes: usize,
}

impl Looked {
    /// Counts a document.
    ///
    /// # Errors
    /// [`domain::problem::Code::TooLarge`] when there were too many, or too large ones.
    pub(super) fn at(&mut self, document: &Bytes) -> Result<(), Problem> {
        self.documents += 1;
        self.bytes = self.bytes.saturating_add(document.len());
        if self.documents <= MOST_DOCUMENTS && self.bytes <= MOST_BYTES {
            return Ok(());
        }
        Err(too_large(format!(
            "It names too many manifests and configurations: at most {} are taken, of {} bytes together, each as often as it is named.",
            in_full(MOST_DOCUMENTS as u64),
            in_full(MOST_BYTES as u64)
        )))
    }
}

/// One element of `manifest.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Saved {
    pub(super) config: String,
    #[serde(default)]
    pub(super) repo_tags: Option<Vec<String>>,
    #[serde(default)]
    pub(super) layers: Option<Vec<String>>,
}

pub(super) async fn assemble(files: &Files, destination: &Repository, progress: &Progress) -> Result<Archive, Problem> {
    let saved: Option<Vec<Saved>> = match files.json("manifest.json") {
        Some(bytes) => {
            Some(serde_json::from_slice(bytes).map_err(|e| bad(format!("Its manifest.json cannot be read: {e}.")))?)
        }
        None => None,
    };
    let mut looked = Looked::default();
    let images = match (files.json("index.json"), saved) {
        (Some(index), saved) => {
            layout::images(files, index, &saved.unwrap_or_default(), destination, progress, &mut looked).await?
        }
        (None, Some(saved)) => {
            let mut images = Vec::new();
            for image in saved {
                images.push(legacy(files, image, destination, progress, &mut looked).await?);
            }
            images
        }
        (None, None) => {
            return Err(bad(
                "It has neither a manifest.json nor an index.json, so it is not an image. Make it with “docker save IMAGE”; a file \
                 system that “docker export” wrote is not enough.",
            ));
        }
    };
    if images.is_empty() {
        return Err(bad("It names no images."));
    }
    Ok(Archive { images })
}

/// The uncompressed layers' digests that a configuration names.
pub(super) fn diff_ids(config: &[u8]) -> Result<Vec<Digest>, Problem> {
    #[derive(Deserialize)]
    struct Config {
        rootfs: RootFs,
    }
    #[derive(Deserialize)]
    struct RootFs {
        #[serde(default)]
        diff_ids: Vec<Digest>,
    }
    let config: Config = serde_json::from_slice(config)
        .map_err(|e| bad(format!("An image's configuration in it cannot be read: {e}.")))?;
    Ok(config.rootfs.diff_ids)
}

/// Checks a layer that was compressed on its way against what the configuration says of it.
pub(super) fn check_layer(layer: &Stored, name: &str, told: Option<&Digest>) -> Result<(), Problem> {
    match told {
        Some(told) if layer.changed() && *told != layer.original => Err(bad(format!(
            "The layer “{}” has the digest {}, but the configuration says {told}. The archive is damaged.",
            said(name),
            layer.original
        ))),
        _ => Ok(()),
    }
}

/// Sends a document that waited in memory.
pub(super) async fn put_document(
    destination: &Repository,
    progress: &Progress,
    name: &str,
    bytes: &Bytes,
    looked: &mut Looked,
) -> Result<Digest, Problem> {
    looked.at(bytes)?;
    let digest = Digest::of(bytes);
    let place = progress.add(Some(digest), name, bytes.len() as u64, State::Moving);
    match destination.put_small_blob(&digest, bytes).await {
        Ok(sent) => progress.end(place, if sent { State::Done } else { State::Existed }),
        Err(problem) => {
            progress.end(place, State::Failed);
            return Err(problem);
        }
    }
    Ok(digest)
}

pub(super) fn descriptor(media_type: &str, digest: Digest, size: u64) -> Descriptor {
    let media_type = media_type.to_owned();
    Descriptor { media_type, digest, size, urls: Vec::new(), annotations: BTreeMap::new(), platform: None }
}

/// An image of the old layout: it has no manifest, so one is written as `docker push` would.
async fn legacy(
    files: &Files,
    saved: Saved,
    destination: &Repository,
    progress: &Progress,
    looked: &mut Looked,
) -> Result<ArchiveImage, Problem> {
    let named = |name: &str| name.trim_start_matches("./").to_owned();
    let missing = |name: &str| {
        bad(format!("Its manifest.json names “{}”, which is not in it, or is not what it should be.", said(name)))
    };
    let config = files.json(&named(&saved.config)).ok_or_else(|| missing(&saved.config))?;
    let expected = diff_ids(config)?;
    let names = saved.layers.unwrap_or_default();
    if names.len() != expected.len() {
        return Err(bad(format!(
            "Its manifest.json names {} layers, the configuration {}.",
            names.len(),
            expected.len()
        )));
    }
    let mut layers = Vec::new();
    for (name, told) in names.iter().zip(&expected) {
        let Some(File::Blob(layer)) = files.get(&named(name)) else { return Err(missing(name)) };
        check_layer(layer, name, Some(told))?;
        if layer.packing == Packing::Other {
            return Err(bad(format!("“{}” is not a layer.", said(name))));
        }
        layers.push(layer);
    }
    let oci = layers.iter().any(|l| l.packing == Packing::Zstd);
    let layers: Vec<Descriptor> = layers
        .into_iter()
        .map(|layer| {
            let kind = match (oci, layer.packing) {
                (false, _) => "application/vnd.docker.image.rootfs.diff.tar.gzip",
                (true, Packing::Zstd) => "application/vnd.oci.image.layer.v1.tar+zstd",
                (true, _) => "application/vnd.oci.image.layer.v1.tar+gzip",
            };
            descriptor(kind, layer.digest, layer.size)
        })
        .collect();
    let digest = put_document(destination, progress, &saved.config, config, looked).await?;
    let (kind, config_kind) = if oci {
        (OCI_MANIFEST, "application/vnd.oci.image.config.v1+json")
    } else {
        (DOCKER_MANIFEST, "application/vnd.docker.container.image.v1+json")
    };
    let config_descriptor = descriptor(config_kind, digest, config.len() as u64);
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": kind, "config": config_descriptor, "layers": layers,
    });
    let (manifest, _) = RawManifest::read(written(&manifest)?, Some(kind))?;
    Ok(ArchiveImage {
        names: saved.repo_tags.unwrap_or_default(),
        platforms: platform_of(config).into_iter().collect(),
        manifest,
        children: Vec::new(),
        config: Some(config_descriptor),
        layers,
        rebuilt: true,
    })
}

pub(super) fn written(value: &serde_json::Value) -> Result<Bytes, Problem> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|e| crate::problems::internal("registry-manifest", &e))
}

//! Manifests and indexes: their media types, what they name, and their bytes exactly as they came.

use crate::digest::Digest;
use crate::problems::rejected;
use bytes::Bytes;
use domain::problem::Problem;
use domain::wording::in_full;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The most bytes a manifest may have, as in the OCI distribution specification.
pub const MAX_MANIFEST: usize = 4 << 20;

/// OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI image index: several platforms under one name.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Docker's image manifest, version 2 schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's manifest list.
pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// What is asked for: every kind that is understood.
pub(crate) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/// The machine an image is for, written `linux/amd64` or `linux/arm64/v8`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Platform {
    /// Operating system.
    #[serde(default)]
    pub os: String,
    /// Processor architecture, as Go names it.
    #[serde(default)]
    pub architecture: String,
    /// Variant of the processor, such as `v7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// Whether an image for `self` serves somebody who asks for `wanted`. A variant that is not asked for may be any.
    pub fn serves(&self, wanted: &Self) -> bool {
        let variant = |p: &Self| match (p.architecture.as_str(), p.variant.as_deref()) {
            ("arm64", None) => Some("v8".to_owned()),
            (_, variant) => variant.map(str::to_owned),
        };
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_none() || variant(self) == variant(wanted))
    }
    /// Attestations and the like carry `unknown/unknown`.
    pub fn is_known(&self) -> bool {
        !self.os.is_empty() && self.os != "unknown" && !self.architecture.is_empty()
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

impl FromStr for Platform {
    type Err = Problem;
    fn from_str(text: &str) -> Result<Self, Problem> {
        let parts: Vec<&str> = text.split('/').collect();
        let fits =
            |part: &&str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c));
        if !(2..=3).contains(&parts.len()) || !parts.iter().all(fits) {
            return Err(Problem::invalid("platform", "A platform is written linux/amd64 or linux/arm64/v8."));
        }
        let variant = parts.get(2).map(|v| (*v).to_owned());
        Ok(Self { os: parts[0].to_owned(), architecture: parts[1].to_owned(), variant })
    }
}

/// A reference to content by digest (<https://github.com/opencontainers/image-spec/blob/main/descriptor.md>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its name.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// Where else it may be fetched; only Windows base layers have it. Never followed here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Free notes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// In an index: the machine it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
}

/// What a manifest names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manifest {
    /// Further manifests, one for each platform.
    Index(Vec<Descriptor>),
    /// One image.
    Image {
        /// Its configuration.
        config: Descriptor,
        /// Its layers, the lowest first.
        layers: Vec<Descriptor>,
    },
}

/// A manifest's bytes exactly as they came: its digest holds for these only.
#[derive(Clone, PartialEq, Eq)]
pub struct RawManifest {
    /// What to send.
    pub bytes: Bytes,
    /// The `Content-Type` to send it with.
    pub media_type: String,
    /// The digest of the bytes.
    pub digest: Digest,
}

impl fmt::Debug for RawManifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawManifest({} {} {} bytes)", self.digest, self.media_type, self.bytes.len())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    schema_version: Option<u32>,
    media_type: Option<String>,
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
}

impl RawManifest {
    /// Reads and checks what a registry or an archive gave; `content_type` as it was sent, if it was.
    pub fn read(bytes: Bytes, content_type: Option<&str>) -> Result<(Self, Manifest), Problem> {
        let odd = |why: String| rejected("The manifest is not usable", why);
        if bytes.len() > MAX_MANIFEST {
            return Err(odd(format!("A manifest may have 4 MiB; this one has {} bytes.", in_full(bytes.len() as u64))));
        }
        let told = content_type.map(|t| t.split(';').next().unwrap_or(t).trim().to_ascii_lowercase());
        let unsupported = |kind: &str| {
            odd(format!(
                "“{}” is not a kind of image that Gantry can move; it moves Docker v2 and OCI images.",
                crate::problems::said(kind)
            ))
        };
        if told.as_deref().is_some_and(|t| t.contains("manifest.v1+") && t.contains("docker")) {
            return Err(odd(
                "This image has the old “schema 1” format, which ECR does not take. Push it again with a newer Docker."
                    .into(),
            ));
        }
        let shape: Shape = serde_json::from_slice(&bytes).map_err(|e| odd(format!("It is not a manifest: {e}.")))?;
        if shape.schema_version != Some(2) {
            return Err(odd("Its schemaVersion is not 2, the only one that ECR takes.".into()));
        }
        // One document that is an index for some readers and an image for others: https://github.com/advisories/GHSA-77vh-xpmg-72qh
        let manifest = match (shape.manifests, shape.config, shape.layers) {
            (Some(manifests), None, None) => Manifest::Index(manifests),
            (None, Some(config), Some(layers)) => Manifest::Image { config, layers },
            (Some(_), _, _) => {
                return Err(odd("It names both manifests and layers, so that readers would disagree.".into()));
            }
            _ => return Err(odd("It names neither manifests nor a config with layers.".into())),
        };
        let told = told.filter(|t| t != "application/json" && t != "application/octet-stream" && t != "text/plain");
        let media_type = match (told, shape.media_type) {
            (Some(told), Some(inside)) if told != inside => {
                return Err(odd(format!(
                    "It says of itself “{}”, but was sent as “{told}”.",
                    crate::problems::said(&inside)
                )));
            }
            (Some(kind), _) | (None, Some(kind)) => kind,
            (None, None) => match manifest {
                Manifest::Index(_) => OCI_INDEX.to_owned(),
                Manifest::Image { .. } => OCI_MANIFEST.to_owned(),
            },
        };
        let fits = match manifest {
            Manifest::Index(_) => [OCI_INDEX, DOCKER_INDEX],
            Manifest::Image { .. } => [OCI_MANIFEST, DOCKER_MANIFEST],
        };
        if !fits.contains(&media_type.as_str()) {
            return Err(unsupported(&media_type));
        }
        Ok((Self { digest: Digest::of(&bytes), bytes, media_type }, manifest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, kind: Option<&str>) -> Result<(RawManifest, Manifest), Problem> {
        RawManifest::read(Bytes::copy_from_slice(text.as_bytes()), kind)
    }

    #[test]
    fn a_manifest_is_one_thing_only() {
        let index = r#"{"schemaVersion":2,"manifests":[]}"#;
        assert_eq!(read(index, None).unwrap().0.media_type, OCI_INDEX);
        assert_eq!(
            read(index, Some("application/vnd.oci.image.index.v1+json; charset=utf-8")).unwrap().0.media_type,
            OCI_INDEX
        );
        assert!(read(index, Some(OCI_MANIFEST)).is_err());
        assert!(read(r#"{"schemaVersion":2,"manifests":[],"layers":[]}"#, None).unwrap_err().message.contains("both"));
        assert!(read(r#"{"schemaVersion":1}"#, None).is_err());
        assert!(read("<html>", Some("text/html")).is_err());
        let mixed = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
        assert!(read(mixed, Some(DOCKER_INDEX)).unwrap_err().message.contains("says of itself"));
    }

    #[test]
    fn platforms_serve_those_who_ask_for_less() {
        let platform = |text: &str| text.parse::<Platform>().unwrap();
        assert!(platform("linux/arm64/v8").serves(&platform("linux/arm64")));
        assert!(platform("linux/arm64").serves(&platform("linux/arm64/v8")));
        assert!(!platform("linux/arm/v6").serves(&platform("linux/arm/v7")));
        assert!(!platform("windows/amd64").serves(&platform("linux/amd64")));
        assert!("linux".parse::<Platform>().is_err());
    }
}

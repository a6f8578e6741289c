//! What an image's manifest says: <https://github.com/opencontainers/image-spec/blob/main/manifest.md>,
//! <https://distribution.github.io/distribution/spec/manifest-v2-2/>.

use domain::Problem;
use domain::ecr::{ChildManifest, Image, Layer};
use serde::Deserialize;

/// Media types asked for, so that the registry converts nothing.
pub(super) const MEDIA_TYPES: [&str; 5] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
];

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Manifest {
    /// Of an index.
    manifests: Option<Vec<Descriptor>>,
    /// Of an image.
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    /// Of Docker's first format, which names layers the other way around.
    architecture: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Descriptor {
    digest: String,
    media_type: Option<String>,
    size: Option<i64>,
    platform: Option<Platform>,
}

/// An image's platform, in an index or in an image's configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Platform {
    os: String,
    architecture: String,
    variant: Option<String>,
}

impl Platform {
    /// `linux/arm64/v8`; `None` for attestations, which say "unknown".
    pub(super) fn text(&self) -> Option<String> {
        let said = |s: &str| !s.is_empty() && s != "unknown";
        if !said(&self.os) || !said(&self.architecture) {
            return None;
        }
        let variant = self.variant.as_deref().filter(|v| said(v));
        Some(
            variant.map_or(format!("{}/{}", self.os, self.architecture), |v| {
                format!("{}/{}/{v}", self.os, self.architecture)
            }),
        )
    }
}

/// Configurations that say a platform; the rest (Helm charts, signatures) have none.
const CONFIGURATIONS: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

/// Puts what the manifest says into the image. Gives the digest of the configuration to look into when only that knows the platform.
pub(super) fn read(image: &mut Image, manifest: &str) -> Result<Option<String>, Problem> {
    let manifest: Manifest = serde_json::from_str(manifest).map_err(|e| {
        Problem::invalid("imageManifest", format!("The manifest of {} cannot be read: {e}.", image.image_digest))
    })?;
    if let Some(children) = manifest.manifests {
        let child = |d: Descriptor| ChildManifest {
            platform: d.platform.as_ref().and_then(Platform::text),
            digest: d.digest,
            media_type: d.media_type,
            size: d.size,
        };
        let children: Vec<ChildManifest> = children.into_iter().map(child).collect();
        let mut platforms: Vec<String> = children.iter().filter_map(|c| c.platform.clone()).collect();
        platforms.sort();
        platforms.dedup();
        image.platforms = Some(platforms);
        image.manifests = Some(children);
        return Ok(None);
    }
    let layer = |d: Descriptor| Layer { digest: d.digest, media_type: d.media_type, size: d.size };
    image.layers = manifest.layers.map(|layers| layers.into_iter().map(layer).collect());
    if let Some(architecture) = manifest.architecture {
        // The first format knows no operating system but Linux.
        image.platforms = Some(vec![format!("linux/{architecture}")]);
        return Ok(None);
    }
    match manifest.config {
        Some(config) if config.media_type.as_deref().is_some_and(|m| CONFIGURATIONS.contains(&m)) => {
            Ok(Some(config.digest).filter(|d| !d.is_empty()))
        }
        _ => {
            image.platforms = Some(vec![]);
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_says_its_platforms_and_leaves_attestations_out() {
        let mut image = Image::default();
        let index = serde_json::json!({
            "schemaVersion": 2, "mediaType": MEDIA_TYPES[0],
            "manifests": [
                {"mediaType": MEDIA_TYPES[1], "digest": "sha256:bb", "size": 7682, "platform": {"architecture": "arm64", "os": "linux", "variant": "v8"}},
                {"mediaType": MEDIA_TYPES[1], "digest": "sha256:aa", "size": 7143, "platform": {"architecture": "amd64", "os": "linux"}},
                {"mediaType": MEDIA_TYPES[1], "digest": "sha256:cc", "size": 566, "platform": {"architecture": "unknown", "os": "unknown"}},
            ]
        });
        assert_eq!(read(&mut image, &index.to_string()).unwrap(), None);
        assert_eq!(image.platforms.unwrap(), ["linux/amd64", "linux/arm64/v8"]);
        let children = image.manifests.unwrap();
        assert_eq!((children.len(), children[2].platform.as_deref()), (3, None));
    }

    #[test]
    fn an_image_leads_to_its_configuration_and_a_chart_does_not() {
        let manifest = |config: &str| {
            serde_json::json!({
                "schemaVersion": 2, "config": {"mediaType": config, "digest": "sha256:cf", "size": 1},
                "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:l1", "size": 32654}]
            })
            .to_string()
        };
        let mut image = Image::default();
        assert_eq!(read(&mut image, &manifest(CONFIGURATIONS[0])).unwrap().as_deref(), Some("sha256:cf"));
        assert_eq!((image.platforms.clone(), image.layers.unwrap().len()), (None, 1));
        let mut chart = Image::default();
        assert_eq!(read(&mut chart, &manifest("application/vnd.cncf.helm.config.v1+json")).unwrap(), None);
        assert_eq!(chart.platforms.unwrap(), Vec::<String>::new());
        assert!(read(&mut Image::default(), "<html>").is_err());
    }
}

//! What a repository holds besides images: signatures, bills of materials, attestations, charts. Some of them say in their manifest what
//! they are and which image they are about; Cosign says it in the tag.

use super::image::Image;

/// What it is, and the image it says something of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// For people: `Signature (Cosign)`.
    pub what: &'static str,
    /// The digest of the image; `None` for what stands by itself, and for what does not say it (an attestation that its index leads to).
    pub subject: Option<String>,
}

/// By a part of their media types.
const KNOWN: [(&str, &str); 11] = [
    ("notary.signature", "Signature (Notation)"),
    ("cosign", "Signature (Cosign)"),
    ("sigstore", "Signature (Sigstore)"),
    ("spdx", "Bill of materials (SPDX)"),
    ("cyclonedx", "Bill of materials (CycloneDX)"),
    ("sbom", "Bill of materials"),
    ("in-toto", "Attestation (in-toto)"),
    ("dsse.envelope", "Attestation (in-toto)"),
    ("amazon.soci", "Index for lazy loading (SOCI)"),
    ("sarif", "Scan report (SARIF)"),
    ("helm.config", "Helm chart"),
];

/// What a media type stands for, for people; `None` for images and what Gantry does not know.
pub fn named(media_type: &str) -> Option<&'static str> {
    KNOWN.into_iter().find(|(part, _)| media_type.contains(part)).map(|(_, words)| words)
}

/// What a tag says that Cosign gave (`sha256-….sig`), or a client for registries that do not know referrers (`sha256-…`).
/// <https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md>,
/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema>
pub fn of_tag(tag: &str) -> Option<Artifact> {
    let (hex, suffix) = tag.strip_prefix("sha256-")?.split_at_checked(64)?;
    if !hex.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()) {
        return None;
    }
    let what = match suffix {
        ".sig" => "Signature (Cosign)",
        ".att" => "Attestation (Cosign)",
        ".sbom" => "Bill of materials (Cosign)",
        "" => "List of referrers",
        _ => return None,
    };
    Some(Artifact { what, subject: Some(format!("sha256:{hex}")) })
}

impl Image {
    /// What it is, if it is no image that could be run.
    pub fn artifact(&self) -> Option<Artifact> {
        let tagged = self.image_tags.first().and_then(|tag| of_tag(tag));
        if self.image_tags.iter().all(|tag| of_tag(tag).is_some())
            && let Some(tagged) = tagged
        {
            return Some(tagged);
        }
        let subject = self.subject_manifest_digest.clone();
        let layers = self.layers.as_deref().unwrap_or_default();
        let layer = |layer: &super::Layer| layer.media_type.as_deref().and_then(named);
        let layered = || layers.iter().map(layer).reduce(|all, one| if all == one { all } else { None }).flatten();
        let what = self.artifact_media_type.as_deref().and_then(named).or_else(layered);
        let what = what.or(subject.is_some().then_some("Artifact"))?;
        Some(Artifact { what, subject })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecr::Layer;

    const HEX: &str = "4a1c6567c38904384ebc64e35b7eeddd8451110c299e3368d2210066487d97e5";

    fn tagged(tags: &[String]) -> Option<Artifact> {
        Image { image_tags: tags.to_vec(), ..Image::default() }.artifact()
    }

    #[test]
    fn cosign_says_in_the_tag_what_it_is_and_of_what() {
        for (suffix, what) in [
            (".sig", "Signature (Cosign)"),
            (".att", "Attestation (Cosign)"),
            (".sbom", "Bill of materials (Cosign)"),
            ("", "List of referrers"),
        ] {
            let artifact = tagged(&[format!("sha256-{HEX}{suffix}")]).unwrap();
            assert_eq!((artifact.what, artifact.subject), (what, Some(format!("sha256:{HEX}"))));
        }
        assert_eq!(tagged(&["sha256-abc.sig".into()]), None);
        assert_eq!(tagged(&[format!("sha256-{HEX}.zip")]), None);
        // Somebody runs it by another name.
        assert_eq!(tagged(&[format!("sha256-{HEX}.sig"), "v1".into()]), None);
        assert_eq!(tagged(&[]), None);
    }

    #[test]
    fn a_manifest_says_it_by_its_media_types() {
        let of = |artifact: &str, subject: Option<&str>| {
            let subject_manifest_digest = subject.map(str::to_owned);
            Image { artifact_media_type: Some(artifact.into()), subject_manifest_digest, ..Image::default() }.artifact()
        };
        let signature = of("application/vnd.cncf.notary.signature", Some("sha256:a")).unwrap();
        assert_eq!((signature.what, signature.subject.as_deref()), ("Signature (Notation)", Some("sha256:a")));
        assert_eq!(of("application/vnd.example", Some("sha256:a")).unwrap().what, "Artifact");
        assert_eq!(of("application/vnd.cncf.helm.config.v1+json", None).unwrap().what, "Helm chart");
        assert_eq!(of("application/vnd.oci.image.config.v1+json", None), None);
    }

    #[test]
    fn an_attestation_of_a_builder_is_known_by_its_layers() {
        let of = |media: &[&str]| {
            let layer = |media: &&str| Layer { media_type: Some((*media).into()), ..Layer::default() };
            Image { layers: Some(media.iter().map(layer).collect()), ..Image::default() }.artifact()
        };
        let provenance = "application/vnd.in-toto+json";
        assert_eq!(of(&[provenance, provenance]).unwrap().what, "Attestation (in-toto)");
        assert_eq!(of(&["application/vnd.oci.image.layer.v1.tar+gzip", provenance]), None);
        assert_eq!(of(&[]), None);
    }
}

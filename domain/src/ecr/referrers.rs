//! What says something of an image: signatures, software bills of materials, attestations.
//! <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImageReferrers.html>

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The answer to the question what refers to an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Referrers {
    /// What AWS knows of.
    Told {
        /// In AWS's order.
        referrers: Vec<Referrer>,
    },
    /// The endpoint does not implement the call.
    Unsupported,
}

/// An artifact that refers to an image: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageReferrer.html>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Referrer {
    /// Of its manifest.
    pub digest: String,
    /// Of its manifest.
    pub media_type: String,
    /// What it is, as a media type.
    pub artifact_type: Option<String>,
    /// In bytes.
    pub size: i64,
    /// What its maker says of it.
    pub annotations: BTreeMap<String, String>,
    /// `ACTIVE`, `ARCHIVED` or `ACTIVATING`.
    pub artifact_status: Option<String>,
}

impl Referrer {
    /// What it is, for people; `None` for what Gantry does not know.
    pub fn kind(&self) -> Option<&'static str> {
        let artifact = self.artifact_type.as_deref().unwrap_or_default();
        let known = [
            ("notary.signature", "Signature (Notation)"),
            ("cosign", "Signature (Cosign)"),
            ("sigstore", "Signature (Sigstore)"),
            ("spdx", "Bill of materials (SPDX)"),
            ("cyclonedx", "Bill of materials (CycloneDX)"),
            ("sbom", "Bill of materials"),
            ("in-toto", "Attestation (in-toto)"),
            ("soci", "Index for lazy loading (SOCI)"),
            ("sarif", "Scan report (SARIF)"),
        ];
        known.into_iter().find(|(part, _)| artifact.contains(part)).map(|(_, words)| words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_by_their_media_type() {
        let kind = |artifact: &str| Referrer { artifact_type: Some(artifact.into()), ..Referrer::default() }.kind();
        assert_eq!(kind("application/vnd.cncf.notary.signature"), Some("Signature (Notation)"));
        assert_eq!(kind("application/spdx+json"), Some("Bill of materials (SPDX)"));
        assert_eq!(kind("application/vnd.dev.cosign.artifact.sig.v1+json"), Some("Signature (Cosign)"));
        assert_eq!(kind("application/vnd.example"), None);
        assert_eq!(Referrer::default().kind(), None);
    }
}

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
        /// Whether AWS has more, which were not read.
        #[serde(default)]
        more: bool,
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
        self.artifact_type.as_deref().and_then(super::artifact::named)
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

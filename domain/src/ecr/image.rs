//! An image of a repository: what DescribeImages says, with what its manifest says under `gantry:` names.

use std::collections::BTreeMap;

use crate::document::{document, registry};
use crate::identity::{ResourceKey, Scope};
use crate::kind::Kind;
use crate::resource::{Cell, Column, Link, Model, Relation, State, Tone};
use crate::time::{Millis, Timestamp};

document! { "camelCase";
    /// As DescribeImages gives it: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html>
    pub struct Image {
        pub registry_id: Option<String>,
        pub repository_name: String,
        pub image_digest: String,
        /// Sorted: AWS gives no order.
        pub image_tags: Vec<String>,
        /// Compressed size in bytes, as in the registry.
        pub image_size_in_bytes: Option<i64>,
        pub image_pushed_at: Option<Timestamp>,
        pub image_scan_status: Option<ScanStatus>,
        pub image_scan_findings_summary: Option<ScanFindings>,
        pub image_manifest_media_type: Option<String>,
        pub artifact_media_type: Option<String>,
        /// Refreshed by AWS at most once a day.
        pub last_recorded_pull_time: Option<Timestamp>,
        /// The image that this signature, attestation or list of parts belongs to.
        pub subject_manifest_digest: Option<String>,
        /// `ACTIVE`, `ARCHIVED` or `ACTIVATING`.
        pub image_status: Option<String>,
        pub last_archived_at: Option<Timestamp>,
        pub last_activated_at: Option<Timestamp>,
        /// `linux/arm64/v8` and the like: what its manifest or configuration says it runs on. Absent while unknown.
        #[serde(rename = "gantry:platforms")]
        pub platforms: Option<Vec<String>>,
        /// The images a multi-architecture index leads to.
        #[serde(rename = "gantry:manifests")]
        pub manifests: Option<Vec<ChildManifest>>,
        /// The layers of an image, lowest first.
        #[serde(rename = "gantry:layers")]
        pub layers: Option<Vec<Layer>>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html>
    pub struct ScanStatus {
        pub status: Option<String>,
        pub description: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFindingsSummary.html>
    pub struct ScanFindings {
        pub image_scan_completed_at: Option<Timestamp>,
        pub vulnerability_source_updated_at: Option<Timestamp>,
        /// Number of findings per severity: `CRITICAL`, `HIGH` …
        pub finding_severity_counts: BTreeMap<String, i32>,
    }
    /// An entry of an image index: <https://github.com/opencontainers/image-spec/blob/main/image-index.md>
    pub struct ChildManifest {
        pub digest: String,
        pub media_type: Option<String>,
        /// `linux/amd64`; absent for attestations.
        pub platform: Option<String>,
        /// Of the child's manifest, in bytes.
        pub size: Option<i64>,
    }
    /// A layer of an image manifest: <https://github.com/opencontainers/image-spec/blob/main/manifest.md>
    pub struct Layer {
        pub digest: String,
        pub media_type: Option<String>,
        /// Compressed, in bytes.
        pub size: Option<i64>,
    }
}

impl Image {
    /// The column of what uses it: tasks, services through their task definitions, functions. Filled in where everything collected is known.
    pub const USERS: &'static str = "users";
    /// The column that says whether anything does: [`Image::IN_USE`] or [`Image::UNUSED`].
    pub const USE: &'static str = "use";
    /// Something that Gantry collects uses it, itself or through an index.
    pub const IN_USE: &'static str = "In use";
    /// Nothing that Gantry collects does.
    pub const UNUSED: &'static str = "Not in use";
    /// Fields that only the manifest gives. It is read once per digest, for a digest never changes its content.
    pub const FROM_MANIFEST: &'static [&'static str] = &["gantry:platforms", "gantry:manifests", "gantry:layers"];

    /// The parts of an index as it lists them, what nobody runs (attestations) last.
    pub fn parts(&self) -> Vec<&ChildManifest> {
        let mut parts: Vec<&ChildManifest> = self.manifests.iter().flatten().collect();
        parts.sort_by_key(|part| part.platform.is_none());
        parts
    }

    /// Number of findings of a severity; 0 also when it was never scanned.
    pub fn findings(&self, severity: &str) -> i32 {
        self.image_scan_findings_summary
            .as_ref()
            .and_then(|s| s.finding_severity_counts.get(severity).copied())
            .unwrap_or_default()
    }

    /// `sha256:` and the first twelve digits.
    pub fn short_digest(&self) -> &str {
        self.image_digest.get(..19).unwrap_or(&self.image_digest)
    }

    /// Its address by digest, for pulling and for matching what runs it.
    pub fn uri(&self, scope: &Scope) -> String {
        format!("{}/{}@{}", self.registry(scope), self.repository_name, self.image_digest)
    }

    fn registry(&self, scope: &Scope) -> String {
        // The registry can belong to another account than the one that lists it.
        match self.registry_id.as_deref().map(crate::identity::AccountId::parse) {
            Some(Ok(account)) => registry(&Scope::new(account, scope.region.clone())),
            _ => registry(scope),
        }
    }

    /// What its last scan found, the worst first: `1 critical, 3 medium`; `None` when it found nothing. Nothing when it was never scanned.
    pub fn findings_text(&self) -> Option<String> {
        let summary = self.image_scan_findings_summary.as_ref()?;
        let order = super::findings::SEVERITIES;
        let counts = &summary.finding_severity_counts;
        let known = order.iter().filter_map(|s| counts.get_key_value(*s));
        let unknown = counts.iter().filter(|(s, _)| !order.contains(&s.as_str()));
        let parts: Vec<String> =
            known.chain(unknown).filter(|(_, n)| **n > 0).map(|(s, n)| format!("{n} {}", s.to_lowercase())).collect();
        Some(if parts.is_empty() { "None".to_owned() } else { parts.join(", ") })
    }

    fn severity(&self) -> Tone {
        match (self.findings("CRITICAL"), self.findings("HIGH")) {
            (1.., _) => Tone::Bad,
            (_, 1..) => Tone::Warn,
            _ => Tone::Good,
        }
    }
}

impl Model for Image {
    const KIND: Kind = Kind::Image;
    const COLUMNS: &'static [Column] = &[
        // The name ends with the first.
        Column::text("tags", "Other tags"),
        // Reckoned from what else was collected: an image does not say who runs it.
        Column::text(Self::USERS, "In use by"),
        Column::text(Self::USE, "Use").facet().hidden(),
        Column::text("platforms", "Platform").facet(),
        Column::number("size", "Size"),
        Column::text("pushed", "Pushed"),
        Column::text("pulled", "Last pulled").hidden(),
        Column::text("findings", "Findings"),
        Column::text("repository", "Repository").facet().hidden(),
        Column::text("what", "Type").facet().hidden(),
        Column::text("digest", "Digest").hidden(),
        Column::text("media", "Media type").facet().hidden(),
    ];
    const NOISE: &'static [&'static str] = &[
        "lastRecordedPullTime",
        "imageScanFindingsSummary.imageScanCompletedAt",
        "imageScanFindingsSummary.vulnerabilitySourceUpdatedAt",
    ];
    const KEPT: &'static [&'static str] = Self::FROM_MANIFEST;
    fn id(&self) -> String {
        if self.repository_name.is_empty() || self.image_digest.is_empty() {
            return String::new();
        }
        format!("{}@{}", self.repository_name, self.image_digest)
    }
    fn name(&self) -> String {
        match self.image_tags.first() {
            Some(tag) => format!("{}:{tag}", self.repository_name),
            None => format!("{}@{}", self.repository_name, self.short_digest()),
        }
    }
    fn arn(&self) -> Option<String> {
        None
    }
    fn parent(&self) -> Option<(Kind, String)> {
        Some((Kind::Repository, self.repository_name.clone()))
    }
    fn state(&self) -> Option<State> {
        let status = self.image_status.as_deref();
        if let Some(word @ ("ARCHIVED" | "ACTIVATING")) = status {
            return Some(State::new(word, if word == "ARCHIVED" { Tone::Quiet } else { Tone::Busy }));
        }
        let scan = self.image_scan_status.as_ref().and_then(|s| s.status.as_deref());
        if self.image_scan_findings_summary.is_some() {
            let found = match self.severity() {
                Tone::Bad => Some(("Critical findings", Tone::Bad)),
                Tone::Warn => Some(("High findings", Tone::Warn)),
                // It can be of a scan before one that failed, which says nothing of what is not in it.
                _ => matches!(scan, Some("COMPLETE" | "ACTIVE") | None).then_some(("Scanned", Tone::Good)),
            };
            if let Some((word, tone)) = found {
                return Some(State::new(word, tone).because(self.findings_text()));
            }
        }
        match scan {
            Some(word @ ("IN_PROGRESS" | "PENDING")) => Some(State::new(word, Tone::Busy)),
            Some("COMPLETE" | "ACTIVE") | None => status.map(|word| State::new(word, Tone::Good)),
            // Not every image can be scanned (scratch images, unknown distributions, none for this registry): nobody has to act, and nothing
            // is known to be well. <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html>
            Some(word) => Some(
                State::new(word, Tone::Quiet)
                    .because(self.image_scan_status.as_ref().and_then(|s| s.description.clone())),
            ),
        }
    }
    fn created(&self) -> Option<Millis> {
        self.image_pushed_at.map(|t| t.0)
    }
    fn cells(&self) -> Vec<Cell> {
        let artifact = self.artifact();
        let list = |words: &[String]| if words.is_empty() { Cell::None } else { Cell::List(words.to_vec()) };
        vec![
            list(self.image_tags.get(1..).unwrap_or_default()),
            Cell::None,
            Cell::None,
            // In the list's place for it: nothing runs on it.
            match &artifact {
                Some(artifact) => Cell::text(artifact.what),
                None => list(self.platforms.as_deref().unwrap_or_default()),
            },
            self.image_size_in_bytes.map_or(Cell::None, Cell::Bytes),
            Cell::time(self.created()),
            Cell::time(self.last_recorded_pull_time.map(|t| t.0)),
            self.findings_text().map_or(Cell::None, |text| Cell::Mark(State::new(text, self.severity()))),
            Cell::text(&self.repository_name),
            Cell::text(artifact.map_or(if self.manifests.is_some() { "Index" } else { "Image" }, |a| a.what)),
            Cell::Mono(self.image_digest.clone()),
            Cell::opt(self.image_manifest_media_type.clone()),
        ]
    }
    fn refs(&self, scope: &Scope) -> Vec<String> {
        let repository = format!("{}/{}", self.registry(scope), self.repository_name);
        let tags = self.image_tags.iter().map(|tag| format!("{repository}:{tag}"));
        tags.chain([self.uri(scope)]).collect()
    }
    fn links(&self, scope: &Scope) -> Vec<Link> {
        let repository = format!("{}/{}", self.registry(scope), self.repository_name);
        let mut links: Vec<Link> = self
            .parts()
            .into_iter()
            .map(|child| Link::new(Relation::Uses, format!("{repository}@{}", child.digest)))
            .collect();
        if let Some(subject) = self.artifact().and_then(|artifact| artifact.subject) {
            links.push(Link::new(Relation::Of, format!("{repository}@{subject}")));
        }
        if let Ok(parent) = ResourceKey::new(Kind::Repository, scope.clone(), &self.repository_name) {
            links.push(Link::new(Relation::In, parent.to_string()));
        }
        links
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;
    use crate::resource::Described;

    const DIGEST: &str = "sha256:4a1c6567c38904384ebc64e35b7eeddd8451110c299e3368d2210066487d97e5";

    fn seen(doc: &serde_json::Value) -> Described {
        let scope = Scope::new("012345678910".parse().unwrap(), "us-west-2".parse().unwrap());
        describe(Kind::Image, &scope, doc).unwrap()
    }

    #[test]
    fn an_image_is_found_by_digest_and_by_each_tag() {
        let image = seen(&serde_json::json!({
            "registryId": "012345678910", "repositoryName": "web/app", "imageDigest": DIGEST,
            "imageTags": ["1.4.2", "latest"], "imageSizeInBytes": 47_520_345,
            "imagePushedAt": "2026-01-05T11:05:16-05:00",
            "imageManifestMediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "gantry:platforms": ["linux/arm64"],
        }));
        let registry = "012345678910.dkr.ecr.us-west-2.amazonaws.com";
        for uri in [
            format!("{registry}/web/app:1.4.2"),
            format!("{registry}/web/app:latest"),
            format!("{registry}/web/app@{DIGEST}"),
            format!("ecr.image/012345678910/us-west-2/web/app@{DIGEST}"),
        ] {
            assert!(image.refs.contains(&uri), "{uri}");
        }
        assert_eq!(image.name, "web/app:1.4.2");
        assert_eq!(image.parent.unwrap().id, "web/app");
        assert_eq!(image.state, None);
        assert_eq!(image.cells.len(), Image::COLUMNS.len());
    }

    #[test]
    fn an_untagged_index_leads_to_its_platforms() {
        let image = seen(&serde_json::json!({
            "repositoryName": "app", "imageDigest": DIGEST,
            "gantry:platforms": ["linux/amd64", "linux/arm64"],
            "gantry:manifests": [{"digest": "sha256:aa", "platform": "linux/amd64"}, {"digest": "sha256:bb"}],
        }));
        assert_eq!(image.name, "app@sha256:4a1c6567c389");
        let uses: Vec<_> = image.links.iter().filter(|l| l.relation == Relation::Uses).map(|l| &l.target).collect();
        assert_eq!(
            uses,
            ["sha256:aa", "sha256:bb"]
                .map(|d| format!("012345678910.dkr.ecr.us-west-2.amazonaws.com/app@{d}"))
                .iter()
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn findings_decide_how_urgent_an_image_is() {
        let with = |counts: serde_json::Value| {
            seen(&serde_json::json!({"repositoryName": "a", "imageDigest": DIGEST,
                "imageScanStatus": {"status": "COMPLETE"},
                "imageScanFindingsSummary": {"findingSeverityCounts": counts}}))
            .state
            .unwrap()
        };
        let bad = with(serde_json::json!({"HIGH": 5, "CRITICAL": 2, "LOW": 0, "NEW_WORD": 1}));
        assert_eq!((bad.tone, bad.reason.as_deref()), (Tone::Bad, Some("2 critical, 5 high, 1 new_word")));
        assert_eq!(with(serde_json::json!({"HIGH": 1})).tone, Tone::Warn);
        assert_eq!(with(serde_json::json!({})).tone, Tone::Good);
    }

    #[test]
    fn a_scan_that_did_not_end_is_not_called_good() {
        let of = |status: &str, summary: serde_json::Value| {
            let doc = serde_json::json!({"repositoryName": "a", "imageDigest": DIGEST, "imageStatus": "ACTIVE",
                "imageScanStatus": {"status": status, "description": "why"}, "imageScanFindingsSummary": summary});
            let state = seen(&doc).state.unwrap();
            (state.word, state.tone)
        };
        let none = serde_json::Value::Null;
        let clean = serde_json::json!({"findingSeverityCounts": {}});
        for status in ["FAILED", "UNSUPPORTED_IMAGE", "LIMIT_EXCEEDED", "FINDINGS_UNAVAILABLE", "A_WORD_OF_TOMORROW"] {
            assert_eq!(of(status, none.clone()), (status.into(), Tone::Quiet));
            assert_eq!(of(status, clean.clone()), (status.into(), Tone::Quiet), "of a scan before");
        }
        let critical = serde_json::json!({"findingSeverityCounts": {"CRITICAL": 1}});
        assert_eq!(of("FAILED", critical).1, Tone::Bad, "what was found stays found");
        assert_eq!(of("COMPLETE", clean).1, Tone::Good);
        assert_eq!(of("ACTIVE", none).1, Tone::Good);
    }

    #[test]
    fn a_document_without_a_digest_names_nothing() {
        assert_eq!(Image { repository_name: "a".into(), ..Image::default() }.id(), "");
    }
}

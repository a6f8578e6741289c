//! A repository of images in a private registry.

use std::collections::BTreeMap;

use crate::document::{Tag, document, registry, tag_map};
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Model};
use crate::time::{Millis, Timestamp};

document! { "camelCase";
    /// As DescribeRepositories gives it: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Repository.html>
    pub struct Repository {
        pub registry_id: Option<String>,
        pub repository_name: String,
        pub repository_arn: Option<String>,
        pub repository_uri: Option<String>,
        pub created_at: Option<Timestamp>,
        /// `MUTABLE`, `IMMUTABLE`, or either with exclusions.
        pub image_tag_mutability: Option<String>,
        pub image_tag_mutability_exclusion_filters: Vec<TagMutabilityExclusion>,
        pub image_scanning_configuration: Option<Scanning>,
        pub encryption_configuration: Option<Encryption>,
        /// Of ListTagsForResource: there once it was read alone.
        pub tags: Option<Vec<Tag>>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageTagMutabilityExclusionFilter.html>
    pub struct TagMutabilityExclusion {
        pub filter_type: String,
        pub filter: String,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanningConfiguration.html>
    pub struct Scanning {
        pub scan_on_push: Option<bool>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EncryptionConfiguration.html>
    pub struct Encryption {
        /// `AES256`, `KMS` or `KMS_DSSE`.
        pub encryption_type: Option<String>,
        pub kms_key: Option<String>,
    }
}

impl Model for Repository {
    const KIND: Kind = Kind::Repository;
    const COLUMNS: &'static [Column] = &[
        Column::text("mutability", "Tag mutability").facet(),
        Column::text("scan", "Scan").facet(),
        Column::text("encryption", "Encryption").facet().word(),
        Column::text("created", "Created"),
        Column::text("uri", "URI").hidden(),
    ];
    const KEPT: &'static [&'static str] = &["tags"];
    const IDENTITY: &'static [&'static str] = &["createdAt"];
    fn id(&self) -> String {
        self.repository_name.clone()
    }
    fn name(&self) -> String {
        self.repository_name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.repository_arn.clone()
    }
    fn tags(&self) -> BTreeMap<String, String> {
        tag_map(self.tags.as_deref().unwrap_or_default())
    }
    fn created(&self) -> Option<Millis> {
        self.created_at.map(|t| t.0)
    }
    fn cells(&self) -> Vec<Cell> {
        let mutability = self.image_tag_mutability.as_deref().map(|m| match m {
            "MUTABLE" => "Mutable".to_owned(),
            "IMMUTABLE" => "Immutable".to_owned(),
            "MUTABLE_WITH_EXCLUSION" => "Mutable, with exclusions".to_owned(),
            "IMMUTABLE_WITH_EXCLUSION" => "Immutable, with exclusions".to_owned(),
            other => other.to_owned(),
        });
        let scan = self.image_scanning_configuration.as_ref().and_then(|s| s.scan_on_push);
        vec![
            Cell::opt(mutability),
            Cell::opt(scan.map(|on| if on { "On push" } else { "Manual" })),
            Cell::opt(self.encryption_configuration.as_ref().and_then(|e| e.encryption_type.clone())),
            Cell::time(self.created()),
            self.repository_uri.clone().map_or(Cell::None, Cell::Mono),
        ]
    }
    fn refs(&self, scope: &Scope) -> Vec<String> {
        let own = format!("{}/{}", registry(scope), self.repository_name);
        self.repository_uri.iter().cloned().chain([own]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;

    #[test]
    fn a_repository_is_found_by_its_uri_and_says_how_it_treats_tags() {
        let doc = serde_json::json!({
            "repositoryArn": "arn:aws:ecr:us-west-2:012345678910:repository/team/web",
            "registryId": "012345678910",
            "repositoryName": "team/web",
            "repositoryUri": "localhost:4510/team/web",
            "createdAt": "2020-05-01T10:00:00-07:00",
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest*"}],
            "imageScanningConfiguration": {"scanOnPush": false},
            "encryptionConfiguration": {"encryptionType": "AES256"},
            "tags": [{"Key": "team", "Value": "web"}],
            "aFieldOfTheFuture": {"x": 1}
        });
        let scope = Scope::new("012345678910".parse().unwrap(), "us-west-2".parse().unwrap());
        let seen = describe(Kind::Repository, &scope, &doc).unwrap();
        assert!(seen.refs.contains(&"012345678910.dkr.ecr.us-west-2.amazonaws.com/team/web".to_owned()));
        assert!(seen.refs.contains(&"localhost:4510/team/web".to_owned()));
        assert_eq!(seen.cells[0], Cell::Text("Immutable, with exclusions".into()));
        assert_eq!(seen.cells[1], Cell::Text("Manual".into()));
        assert_eq!(seen.tags["team"], "web");
        assert_eq!(seen.cells.len(), Repository::COLUMNS.len());
    }
}

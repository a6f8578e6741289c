//! A repository of images in an account's public registry.

use std::collections::BTreeMap;

use crate::document::{Tag, document, tag_map};
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Model};
use crate::time::{Millis, Timestamp};

document! { "camelCase";
    /// As DescribeRepositories gives it: <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_Repository.html>
    pub struct Repository {
        pub registry_id: Option<String>,
        pub repository_name: String,
        pub repository_arn: Option<String>,
        /// `public.ecr.aws/ALIAS/NAME`
        pub repository_uri: Option<String>,
        pub created_at: Option<Timestamp>,
        /// Of GetRepositoryCatalogData.
        pub catalog_data: Option<Catalog>,
        /// Of ListTagsForResource.
        pub tags: Option<Vec<Tag>>,
    }
    /// What the Public Gallery says of it:
    /// <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_RepositoryCatalogData.html>
    pub struct Catalog {
        pub description: Option<String>,
        pub architectures: Vec<String>,
        pub operating_systems: Vec<String>,
        pub logo_url: Option<String>,
        /// Markdown.
        pub about_text: Option<String>,
        /// Markdown.
        pub usage_text: Option<String>,
        pub marketplace_certified: Option<bool>,
    }
}

impl Model for Repository {
    const KIND: Kind = Kind::PublicRepository;
    const COLUMNS: &'static [Column] = &[
        Column::text("description", "Description"),
        Column::text("architectures", "Architectures").facet(),
        Column::text("systems", "Operating systems").facet(),
        Column::text("created", "Created"),
        Column::text("uri", "URI").hidden(),
    ];
    const KEPT: &'static [&'static str] = &["catalogData", "tags"];
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
        let catalog = self.catalog_data.clone().unwrap_or_default();
        let list = |words: Vec<String>| if words.is_empty() { Cell::None } else { Cell::List(words) };
        vec![
            Cell::opt(catalog.description.filter(|text| !text.is_empty())),
            list(catalog.architectures),
            list(catalog.operating_systems),
            Cell::time(self.created()),
            self.repository_uri.clone().map_or(Cell::None, Cell::Mono),
        ]
    }
    fn refs(&self, _scope: &Scope) -> Vec<String> {
        self.repository_uri.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;

    #[test]
    fn a_repository_is_found_by_its_uri_and_says_what_it_runs_on() {
        let doc = serde_json::json!({
            "repositoryArn": "arn:aws:ecr-public::012345678910:repository/tools/probe",
            "registryId": "012345678910",
            "repositoryName": "tools/probe",
            "repositoryUri": "public.ecr.aws/a1b2c3d4/tools/probe",
            "createdAt": "2024-05-01T10:00:00-07:00",
            "catalogData": { "description": "Probes.", "architectures": ["ARM 64", "x86-64"], "operatingSystems": ["Linux"],
                "aboutText": "# Probe", "marketplaceCertified": false },
            "tags": [{ "Key": "team", "Value": "web" }],
        });
        let scope = Scope::new("012345678910".parse().unwrap(), "us-east-1".parse().unwrap());
        let seen = describe(Kind::PublicRepository, &scope, &doc).unwrap();
        assert!(seen.refs.contains(&"public.ecr.aws/a1b2c3d4/tools/probe".to_owned()));
        assert_eq!(seen.arn, Some(super::super::arn(&scope, "tools/probe")));
        assert_eq!(seen.cells[1], Cell::List(vec!["ARM 64".into(), "x86-64".into()]));
        assert_eq!(seen.cells.len(), Repository::COLUMNS.len());
        let bare = describe(Kind::PublicRepository, &scope, &serde_json::json!({ "repositoryName": "x1" })).unwrap();
        assert_eq!(&bare.cells[..3], [Cell::None, Cell::None, Cell::None]);
    }
}

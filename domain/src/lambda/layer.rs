//! A layer with its latest version.

use crate::document::document;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Form, Model};
use crate::time::{Millis, Timestamp};

document! { "PascalCase";
    /// As ListLayers gives it: <https://docs.aws.amazon.com/lambda/latest/api/API_LayersListItem.html>
    pub struct Layer {
        pub layer_name: String,
        pub layer_arn: Option<String>,
        pub latest_matching_version: LayerVersion,
    }
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_LayerVersionsListItem.html>
    pub struct LayerVersion {
        pub layer_version_arn: Option<String>,
        pub version: i64,
        pub description: Option<String>,
        pub created_date: Option<Timestamp>,
        pub compatible_runtimes: Vec<String>,
        pub compatible_architectures: Vec<String>,
        pub license_info: Option<String>,
    }
}

/// So many versions back, functions that use an older version still find the layer.
const OLDER: i64 = 100;

impl Model for Layer {
    const KIND: Kind = Kind::Layer;
    const COLUMNS: &'static [Column] = &[
        Column::number("version", "Latest version").form(Form::Exact),
        Column::text("runtimes", "Compatible runtimes").facet(),
        Column::text("architectures", "Architectures").facet(),
        Column::text("published", "Published"),
        Column::text("description", "Description").form(Form::Sentence),
        Column::text("license", "Licence").hidden(),
    ];
    fn id(&self) -> String {
        match self.layer_name.as_str() {
            "" => String::new(),
            name => format!("{name}:{}", self.latest_matching_version.version),
        }
    }
    fn name(&self) -> String {
        self.layer_name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.latest_matching_version.layer_version_arn.clone()
    }
    fn created(&self) -> Option<Millis> {
        self.latest_matching_version.created_date.map(|t| t.0)
    }
    fn cells(&self) -> Vec<Cell> {
        let latest = &self.latest_matching_version;
        let list = |words: &[String]| if words.is_empty() { Cell::None } else { Cell::List(words.to_vec()) };
        vec![
            Cell::Number(latest.version),
            list(&latest.compatible_runtimes),
            list(&latest.compatible_architectures),
            Cell::time(self.created()),
            Cell::opt(latest.description.clone()),
            Cell::opt(latest.license_info.clone()),
        ]
    }
    fn refs(&self, _scope: &Scope) -> Vec<String> {
        let Some(arn) = &self.layer_arn else { return vec![] };
        let latest = self.latest_matching_version.version;
        let older = ((latest - OLDER).max(1)..=latest).map(|version| format!("{arn}:{version}"));
        older.chain([arn.clone()]).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::describe::describe;
    use crate::identity::{AccountId, Region, Scope};
    use crate::kind::Kind;
    use serde_json::json;

    #[test]
    fn a_function_on_an_older_version_still_finds_the_layer() {
        let doc = json!({
            "LayerName": "observability",
            "LayerArn": "arn:aws:lambda:eu-west-1:111122223333:layer:observability",
            "LatestMatchingVersion": {
                "LayerVersionArn": "arn:aws:lambda:eu-west-1:111122223333:layer:observability:14", "Version": 14,
                "CreatedDate": "2026-10-02T08:11:03.000+0000", "CompatibleRuntimes": ["python3.13", "python3.14"]
            }
        });
        let scope = Scope::new(AccountId::parse("111122223333").unwrap(), Region::parse("eu-west-1").unwrap());
        let layer = describe(Kind::Layer, &scope, &doc).unwrap();
        for version in [9, 14] {
            let arn = format!("arn:aws:lambda:eu-west-1:111122223333:layer:observability:{version}");
            assert!(layer.refs.contains(&arn), "{version}");
        }
        assert!(!layer.refs.iter().any(|r| r.ends_with(":15")));
        assert!(layer.refs.contains(&"lambda.layer/111122223333/eu-west-1/observability:14".to_owned()));
    }
}

//! A role and who may assume it. Roles are global: their region is `global`.

use serde_json::Value;
use std::collections::BTreeMap;

use crate::document::{Tag, document, tag_map};
use crate::kind::Kind;
use crate::resource::{Cell, Column, Form, Model};
use crate::time::{Millis, Timestamp};

document! { "PascalCase";
    /// As ListRoles gives it; what only GetRole gives (tags, last use, boundary) is there once it was read alone.
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html>
    pub struct Role {
        pub path: Option<String>,
        pub role_name: String,
        pub role_id: Option<String>,
        pub arn: Option<String>,
        pub create_date: Option<Timestamp>,
        /// The trust policy, decoded: AWS sends it URL-encoded.
        pub assume_role_policy_document: Option<Value>,
        pub description: Option<String>,
        /// In seconds.
        pub max_session_duration: Option<i32>,
        pub permissions_boundary: Option<Boundary>,
        pub tags: Option<Vec<Tag>>,
        pub role_last_used: Option<LastUsed>,
    }
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachedPermissionsBoundary.html>
    pub struct Boundary {
        pub permissions_boundary_type: Option<String>,
        pub permissions_boundary_arn: Option<String>,
    }
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html>
    pub struct LastUsed {
        pub last_used_date: Option<Timestamp>,
        pub region: Option<String>,
    }
}

impl Role {
    /// Fields that only GetRole gives.
    pub const FROM_GET: &'static [&'static str] = &["PermissionsBoundary", "Tags", "RoleLastUsed"];

    /// Who may assume it: `lambda` for `lambda.amazonaws.com`, account ids, `saml`, `oidc` providers' hosts, `*`. Sorted.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
    pub fn trusted(&self) -> Vec<String> {
        let statements = self.assume_role_policy_document.as_ref().and_then(|d| d.get("Statement"));
        let mut trusted: Vec<String> = each(statements)
            .filter(|s| s.get("Effect").and_then(Value::as_str) == Some("Allow"))
            .filter_map(|s| s.get("Principal"))
            .flat_map(|principal| match principal {
                Value::Object(kinds) => kinds.values().flat_map(|v| each(Some(v))).collect::<Vec<_>>(),
                other => vec![other],
            })
            .filter_map(Value::as_str)
            .map(principal)
            .collect();
        trusted.sort();
        trusted.dedup();
        trusted
    }
}

/// The elements of a list, or the one thing that stands in its place, as policies allow.
fn each(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let many = value.and_then(Value::as_array).map(Vec::as_slice);
    let one = if many.is_some() { None } else { value };
    many.unwrap_or_default().iter().chain(one)
}

fn principal(text: &str) -> String {
    if let Some(service) = text.strip_suffix(".amazonaws.com") {
        return service.to_owned();
    }
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    match fields.as_slice() {
        ["arn", _, "iam", _, account, "root"] => (*account).to_owned(),
        ["arn", _, "iam", _, _, provider] if provider.starts_with("oidc-provider/") => {
            provider.trim_start_matches("oidc-provider/").split('/').next().unwrap_or_default().to_owned()
        }
        ["arn", _, "iam", _, _, provider] if provider.starts_with("saml-provider/") => "saml".to_owned(),
        ["arn", _, _, _, account, name] => format!("{account}:{name}"),
        _ => text.to_owned(),
    }
}

impl Model for Role {
    const KIND: Kind = Kind::Role;
    const COLUMNS: &'static [Column] = &[
        Column::text("trusted", "Trusted").facet(),
        Column::text("description", "Description").form(Form::Sentence),
        Column::text("used", "Last used"),
        Column::text("created", "Created"),
        Column::number("session", "Longest session").form(Form::Seconds).hidden(),
        Column::text("path", "Path").facet().hidden(),
    ];
    const NOISE: &'static [&'static str] = &["RoleLastUsed"];
    const KEPT: &'static [&'static str] = Self::FROM_GET;
    const IDENTITY: &'static [&'static str] = &["RoleId", "CreateDate"];
    fn id(&self) -> String {
        self.role_name.clone()
    }
    fn name(&self) -> String {
        self.role_name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.arn.clone()
    }
    fn tags(&self) -> BTreeMap<String, String> {
        tag_map(self.tags.as_deref().unwrap_or_default())
    }
    fn created(&self) -> Option<Millis> {
        self.create_date.map(|t| t.0)
    }
    fn cells(&self) -> Vec<Cell> {
        let trusted = self.trusted();
        vec![
            if trusted.is_empty() { Cell::None } else { Cell::List(trusted) },
            Cell::opt(self.description.clone()),
            Cell::time(self.role_last_used.as_ref().and_then(|u| u.last_used_date).map(|t| t.0)),
            Cell::time(self.created()),
            Cell::number(self.max_session_duration),
            Cell::opt(self.path.clone()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_assume_a_role_is_read_from_every_shape_of_principal() {
        let role = |statement: Value| Role {
            assume_role_policy_document: Some(serde_json::json!({"Version": "2012-10-17", "Statement": statement})),
            ..Role::default()
        };
        let lambda = role(serde_json::json!({
            "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"
        }));
        assert_eq!(lambda.trusted(), ["lambda"]);
        let many = role(serde_json::json!([
            {"Effect": "Allow", "Principal": {"Service": ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com"]}},
            {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:role/ci"]}},
            {"Effect": "Allow", "Principal": {"Federated":
                "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"}},
            {"Effect": "Deny", "Principal": "*"},
        ]));
        assert_eq!(
            many.trusted(),
            ["111122223333", "444455556666:role/ci", "ecs-tasks", "lambda", "oidc.eks.eu-west-1.amazonaws.com"]
        );
        assert_eq!(role(serde_json::json!({"Effect": "Allow", "Principal": "*"})).trusted(), ["*"]);
        assert!(Role::default().trusted().is_empty());
        assert_eq!(Role::default().cells().len(), Role::COLUMNS.len());
    }
}

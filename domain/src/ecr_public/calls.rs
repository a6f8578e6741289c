//! The calls of ECR Public that a plan can hold: each struct's serde form is the input document of the API reference.
//! <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_Operations.html>

use serde_json::Value;
use std::collections::BTreeSet;

use super::subject::Subject;
use crate::document::{Tag, calls, document};
use crate::iam::policy_document::same;
use crate::plan::Made;

document! { "camelCase";
    /// <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_CreateRepository.html>
    pub struct CreateRepository {
        pub repository_name: String,
        pub catalog_data: Option<CatalogInput>,
        pub tags: Vec<Tag>,
    }
    /// <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_RepositoryCatalogDataInput.html>
    pub struct CatalogInput {
        pub description: Option<String>,
        pub architectures: Option<Vec<String>>,
        pub operating_systems: Option<Vec<String>>,
        /// A PNG in base64, as AWS's own input document has it. Without it the logo stays as it is.
        pub logo_image_blob: Option<String>,
        pub about_text: Option<String>,
        pub usage_text: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_DeleteRepository.html>
    pub struct DeleteRepository {
        pub repository_name: String,
        /// With the images in it.
        pub force: Option<bool>,
    }
    /// <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_PutRepositoryCatalogData.html>
    pub struct PutRepositoryCatalogData {
        pub repository_name: String,
        pub catalog_data: CatalogInput,
    }
    /// <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_SetRepositoryPolicy.html>
    pub struct SetRepositoryPolicy {
        pub repository_name: String,
        pub policy_text: String,
        /// To set a policy that keeps its author from setting another.
        pub force: Option<bool>,
    }
    /// <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_DeleteRepositoryPolicy.html>
    pub struct DeleteRepositoryPolicy {
        pub repository_name: String,
    }
    /// <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_TagResource.html>
    pub struct TagResource {
        pub resource_arn: String,
        pub tags: Vec<Tag>,
    }
    /// <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_UntagResource.html>
    pub struct UntagResource {
        pub resource_arn: String,
        pub tag_keys: Vec<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_BatchDeleteImage.html>
    pub struct BatchDeleteImage {
        pub repository_name: String,
        /// Digests.
        pub image_ids: Vec<ImageIdentifier>,
    }
}
pub use crate::ecr::calls::ImageIdentifier;

calls!(
    /// A call to ECR Public.
    CreateRepository,
    DeleteRepository,
    PutRepositoryCatalogData,
    SetRepositoryPolicy,
    DeleteRepositoryPolicy,
    TagResource,
    UntagResource,
    BatchDeleteImage
);

impl Call {
    /// The IAM actions it needs.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistrypublic.html>
    pub fn actions(&self) -> Vec<&'static str> {
        match self {
            Call::CreateRepository(input) if input.tags.is_empty() => vec!["ecr-public:CreateRepository"],
            Call::CreateRepository(_) => vec!["ecr-public:CreateRepository", "ecr-public:TagResource"],
            Call::DeleteRepository(_) => vec!["ecr-public:DeleteRepository"],
            Call::PutRepositoryCatalogData(_) => vec!["ecr-public:PutRepositoryCatalogData"],
            Call::SetRepositoryPolicy(_) => vec!["ecr-public:SetRepositoryPolicy"],
            Call::DeleteRepositoryPolicy(_) => vec!["ecr-public:DeleteRepositoryPolicy"],
            Call::TagResource(_) => vec!["ecr-public:TagResource"],
            Call::UntagResource(_) => vec!["ecr-public:UntagResource"],
            Call::BatchDeleteImage(_) => vec!["ecr-public:BatchDeleteImage"],
        }
    }

    /// The name of the thing that it deletes, which a person types to show that it is meant: not of a policy, which the undo puts back.
    pub fn deletes(&self) -> Option<&str> {
        match self {
            Call::DeleteRepository(input) => Some(&input.repository_name),
            Call::BatchDeleteImage(input) => Some(&input.repository_name),
            _ => None,
        }
    }

    /// Where in its answer the state of its subject is.
    pub fn answers_at(&self) -> &'static str {
        match self {
            Call::CreateRepository(_) | Call::DeleteRepository(_) => "repository.",
            Call::PutRepositoryCatalogData(_) => "catalogData.",
            Call::SetRepositoryPolicy(_)
            | Call::DeleteRepositoryPolicy(_)
            | Call::TagResource(_)
            | Call::UntagResource(_)
            | Call::BatchDeleteImage(_) => "",
        }
    }

    /// What it writes.
    pub fn subject(&self) -> Subject {
        match self {
            Call::CreateRepository(CreateRepository { repository_name, .. })
            | Call::DeleteRepository(DeleteRepository { repository_name, .. }) => {
                Subject::Repository { repository: repository_name.clone() }
            }
            Call::PutRepositoryCatalogData(PutRepositoryCatalogData { repository_name, .. }) => {
                Subject::Catalog { repository: repository_name.clone() }
            }
            Call::SetRepositoryPolicy(SetRepositoryPolicy { repository_name, .. })
            | Call::DeleteRepositoryPolicy(DeleteRepositoryPolicy { repository_name }) => {
                Subject::RepositoryPolicy { repository: repository_name.clone() }
            }
            Call::TagResource(TagResource { resource_arn, .. })
            | Call::UntagResource(UntagResource { resource_arn, .. }) => Subject::Tags { arn: resource_arn.clone() },
            Call::BatchDeleteImage(input) => Subject::ImagesOf {
                repository: input.repository_name.clone(),
                digests: input.image_ids.iter().filter_map(|id| id.image_digest.clone()).collect(),
            },
        }
    }

    /// What the state of its subject says about whether it was made.
    pub fn made(&self, state: Option<&Value>) -> Made {
        let yes = |yes: bool| if yes { Made::Yes } else { Made::No };
        match (self, state) {
            (Call::CreateRepository(_), None) => Made::No,
            (Call::CreateRepository(input), Some(state)) => match created(input, state) {
                true => Made::Yes,
                false => Made::Taken,
            },
            (Call::DeleteRepository(_) | Call::DeleteRepositoryPolicy(_) | Call::BatchDeleteImage(_), state) => {
                yes(state.is_none())
            }
            (Call::SetRepositoryPolicy(input), state) => {
                let wanted = serde_json::from_str::<Value>(&input.policy_text).ok();
                yes(state.is_some() && same(state, wanted.as_ref()))
            }
            (Call::PutRepositoryCatalogData(input), Some(state)) => {
                let logo = input.catalog_data.logo_image_blob.is_none() || state["logoUrl"].is_string();
                yes(logo && says(&input.catalog_data, state))
            }
            (Call::TagResource(input), Some(state)) => {
                yes(input.tags.iter().all(|tag| state[tag.key.as_str()] == tag.value.as_str()))
            }
            (Call::UntagResource(input), Some(state)) => {
                yes(input.tag_keys.iter().all(|key| state.get(key.as_str()).is_none()))
            }
            (Call::PutRepositoryCatalogData(_) | Call::TagResource(_) | Call::UntagResource(_), None) => Made::No,
        }
    }
}

/// Whether a repository is the one that was asked for, to the tags of run and step.
fn created(input: &CreateRepository, state: &Value) -> bool {
    let tags = &state["tags"];
    input.tags.iter().any(|tag| tag.key == "gantry:run")
        && input.tags.iter().all(|tag| tags[tag.key.as_str()] == tag.value.as_str())
}

/// Whether the gallery says what was asked for. Of a logo nothing can be told: AWS gives its address, not its content.
pub(super) fn says(input: &CatalogInput, state: &Value) -> bool {
    // An empty text and none are the same to AWS.
    let text = |wanted: &Option<String>, field: &str| {
        wanted.as_ref().is_none_or(|wanted| state[field].as_str().unwrap_or_default() == wanted)
    };
    let list = |wanted: &Option<Vec<String>>, field: &str| {
        wanted.as_ref().is_none_or(|wanted| {
            let has = state[field].as_array().map(Vec::as_slice).unwrap_or_default();
            let has: BTreeSet<&str> = has.iter().filter_map(Value::as_str).collect();
            has == wanted.iter().map(String::as_str).collect()
        })
    };
    text(&input.description, "description")
        && text(&input.about_text, "aboutText")
        && text(&input.usage_text, "usageText")
        && list(&input.architectures, "architectures")
        && list(&input.operating_systems, "operatingSystems")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(operation: &str, input: Value) -> Call {
        serde_json::from_value(json!({ "operation": operation, "input": input })).unwrap()
    }

    #[test]
    fn a_repository_of_the_same_name_is_told_from_ones_own_by_its_tags() {
        let tags = json!([{ "Key": "gantry:run", "Value": "r1" }]);
        let create = call("CreateRepository", json!({ "repositoryName": "tools/probe", "tags": tags }));
        assert_eq!(create.made(None), Made::No);
        assert_eq!(create.made(Some(&json!({ "tags": { "gantry:run": "r1", "more": "x" } }))), Made::Yes);
        assert_eq!(create.made(Some(&json!({ "tags": { "gantry:run": "r2" } }))), Made::Taken);
        assert_eq!(create.subject().repository(), Some("tools/probe"));
        assert_eq!(create.actions().len(), 2);
    }

    #[test]
    fn catalog_data_is_made_when_the_gallery_says_the_same() {
        let put = call(
            "PutRepositoryCatalogData",
            json!({ "repositoryName": "p1", "catalogData": { "aboutText": "new", "usageText": "", "architectures": ["x86", "ARM"] } }),
        );
        assert_eq!(put.made(Some(&json!({ "aboutText": "new", "architectures": ["ARM", "x86"] }))), Made::Yes);
        assert_eq!(put.made(Some(&json!({ "aboutText": "old", "architectures": ["ARM", "x86"] }))), Made::No);
        assert_eq!(put.made(None), Made::No);
        // An empty list is sent: it takes away what there was.
        assert_eq!(put.input()["catalogData"].get("usageText"), Some(&json!("")));
    }

    #[test]
    fn policies_and_tags_are_compared_as_documents() {
        let set = call("SetRepositoryPolicy", json!({ "repositoryName": "p1", "policyText": "{ \"a\": 1 }" }));
        assert_eq!((set.made(Some(&json!({ "a": 1 }))), set.made(None)), (Made::Yes, Made::No));
        let policy = |who: &str, action: Value| json!({ "Statement": [{ "Effect": "Allow", "Principal": { "AWS": who }, "Action": action }] });
        let text = policy("444455556666", json!(["ecr-public:PutImage"])).to_string();
        let set = call("SetRepositoryPolicy", json!({ "repositoryName": "p1", "policyText": text }));
        let there = |who: &str| set.made(Some(&policy(who, json!("ecr-public:PutImage"))));
        assert_eq!(there("arn:aws:iam::444455556666:root"), Made::Yes);
        assert_eq!(there("arn:aws:iam::111122223333:root"), Made::No);
        let arn = "arn:aws:ecr-public::111122223333:repository/tools/probe";
        let tag = call("TagResource", json!({ "resourceArn": arn, "tags": [{ "Key": "a", "Value": "1" }] }));
        assert_eq!(tag.made(Some(&json!({ "a": "2" }))), Made::No);
        assert_eq!(tag.subject().repository(), Some("tools/probe"));
        let untag = call("UntagResource", json!({ "resourceArn": arn, "tagKeys": ["a"] }));
        assert_eq!((untag.made(Some(&json!({}))), untag.made(Some(&json!({ "a": "" })))), (Made::Yes, Made::No));
    }
}

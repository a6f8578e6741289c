//! A plan as a CloudFormation template, in JSON with long-form intrinsics.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-repository.html>

use serde_json::{Map, Value, json};

use super::super::Plan;
use super::{
    PublicRepository, Repository, Untold, changes, document, named, own_tags, public_repositories, registry,
    repositories,
};

/// The template, and what it cannot tell of.
pub fn template(plan: &Plan) -> (String, Untold) {
    let (found, mut rest) = repositories(plan);
    let (public, more) = public_repositories(plan);
    rest.extend(more);
    let mut untold = named(&rest);
    untold.extend(changes(plan));
    for repository in public.iter().filter(|r| r.create.catalog_data.iter().any(|c| c.logo_image_blob.is_some())) {
        untold.push(format!("The logo of {}, which CloudFormation cannot set", repository.create.repository_name));
    }
    let mut resources: Map<String, Value> = found.iter().map(|r| (r.id.clone(), resource(r))).collect();
    resources.extend(found.iter().flat_map(|r| r.key.iter().flat_map(move |key| key.resources(&key_id(r)))));
    resources.extend(registry::resources(plan, &mut untold));
    resources.extend(public.iter().map(|r| (r.id.clone(), public_resource(r))));
    let outputs: Map<String, Value> = found
        .iter()
        .map(|r| (format!("{}Uri", r.id), json!({ "Value": { "Fn::GetAtt": [r.id, "RepositoryUri"] } })))
        .collect();
    let mut template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": plan.title,
        "Resources": resources,
        "Rules": { "Place": { "Assertions": [only("AWS::AccountId", "the AWS account", plan.scope.account.as_str()),
            only("AWS::Region", "the region", plan.scope.region.as_str())] } },
    });
    // AWS refuses an empty section.
    if !outputs.is_empty() {
        template["Outputs"] = outputs.into();
    }
    (serde_json::to_string_pretty(&template).unwrap_or_default(), untold)
}

/// Has a stack refused before anything is made, where it would be made elsewhere.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html>
fn only(parameter: &str, what: &str, value: &str) -> Value {
    json!({ "Assert": { "Fn::Equals": [{ "Ref": parameter }, value] },
        "AssertDescription": format!("This plan is for {what} {value}.") })
}

/// The id of the key that is created for a repository.
fn key_id(repository: &Repository<'_>) -> String {
    format!("{}Key", repository.id)
}

fn resource(repository: &Repository<'_>) -> Value {
    let create = repository.create;
    let mut properties = json!({
        "RepositoryName": create.repository_name,
        "ImageTagMutability": create.image_tag_mutability,
    });
    let filters: Vec<Value> = create
        .image_tag_mutability_exclusion_filters
        .iter()
        .map(|f| json!({ "ImageTagMutabilityExclusionFilterType": f.filter_type, "ImageTagMutabilityExclusionFilterValue": f.filter }))
        .collect();
    if !filters.is_empty() {
        properties["ImageTagMutabilityExclusionFilters"] = filters.into();
    }
    if let Some(scanning) = &create.image_scanning_configuration {
        properties["ImageScanningConfiguration"] = json!({ "ScanOnPush": scanning.scan_on_push.unwrap_or(false) });
    }
    if let Some(encryption) = &create.encryption_configuration {
        properties["EncryptionConfiguration"] = json!({ "EncryptionType": encryption.encryption_type });
        if let Some(key) = &encryption.kms_key {
            properties["EncryptionConfiguration"]["KmsKey"] = match &repository.key {
                Some(_) => json!({ "Fn::GetAtt": [key_id(repository), "Arn"] }),
                None => json!(key),
            };
        }
    }
    if let Some(lifecycle) = repository.lifecycle {
        properties["LifecyclePolicy"] = json!({ "LifecyclePolicyText": lifecycle });
    }
    if let Some(policy) = repository.policy {
        properties["RepositoryPolicyText"] = document(policy);
    }
    let tags: Vec<Value> = own_tags(&create.tags).map(|t| json!({ "Key": t.key, "Value": t.value })).collect();
    if !tags.is_empty() {
        properties["Tags"] = tags.into();
    }
    json!({ "Type": "AWS::ECR::Repository", "Properties": properties })
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-publicrepository.html>
fn public_resource(repository: &PublicRepository<'_>) -> Value {
    let create = repository.create;
    let mut properties = json!({ "RepositoryName": create.repository_name });
    let mut data = Map::new();
    if let Some(catalog) = &create.catalog_data {
        let fields = [
            ("RepositoryDescription", json!(catalog.description)),
            ("AboutText", json!(catalog.about_text)),
            ("UsageText", json!(catalog.usage_text)),
            ("Architectures", json!(catalog.architectures)),
            ("OperatingSystems", json!(catalog.operating_systems)),
        ];
        data.extend(fields.into_iter().filter(|(_, v)| !v.is_null()).map(|(name, v)| (name.to_owned(), v)));
    }
    if !data.is_empty() {
        properties["RepositoryCatalogData"] = Value::Object(data);
    }
    if let Some(policy) = repository.policy {
        properties["RepositoryPolicyText"] = document(policy);
    }
    let tags: Vec<Value> = own_tags(&create.tags).map(|t| json!({ "Key": t.key, "Value": t.value })).collect();
    if !tags.is_empty() {
        properties["Tags"] = tags.into();
    }
    json!({ "Type": "AWS::ECR::PublicRepository", "Properties": properties })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_public_repository_is_there_without_its_logo() {
        let (template, untold) = super::template(&super::super::tests::public());
        assert_eq!(untold, ["The logo of tools/probe, which CloudFormation cannot set"]);
        insta::assert_snapshot!(template);
    }

    #[test]
    fn everything_a_plan_creates_is_in_the_template() {
        let (template, untold) = super::template(&super::super::tests::plan());
        assert!(untold.is_empty());
        insta::assert_snapshot!(template);
    }
}

//! A plan as a CloudFormation template, in JSON with long-form intrinsics.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-repository.html>

use serde_json::{Map, Value, json};

use super::super::Plan;
use super::{Repository, Untold, document, own_tags, registry, repositories};

/// The template, and what it cannot tell of.
pub fn template(plan: &Plan) -> (String, Untold) {
    let (found, mut untold) = repositories(plan);
    let mut resources: Map<String, Value> = found.iter().map(|r| (r.id.clone(), resource(r))).collect();
    resources.extend(registry::resources(plan, &mut untold));
    let outputs: Map<String, Value> = found
        .iter()
        .map(|r| (format!("{}Uri", r.id), json!({ "Value": { "Fn::GetAtt": [r.id, "RepositoryUri"] } })))
        .collect();
    let mut template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": plan.title,
        "Resources": resources,
    });
    // AWS refuses an empty section.
    if !outputs.is_empty() {
        template["Outputs"] = outputs.into();
    }
    (serde_json::to_string_pretty(&template).unwrap_or_default(), untold)
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
            properties["EncryptionConfiguration"]["KmsKey"] = json!(key);
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

#[cfg(test)]
mod tests {
    #[test]
    fn everything_a_plan_creates_is_in_the_template() {
        let (template, untold) = super::template(&super::super::tests::plan());
        assert!(untold.is_empty());
        insta::assert_snapshot!(template);
    }
}

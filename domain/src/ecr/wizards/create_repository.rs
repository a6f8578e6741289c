//! Create a private repository, with its lifecycle rules and permissions.
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-create.html>

use serde::{Deserialize, Serialize};

use super::super::calls::{
    Call, CreateRepository, DeleteLifecyclePolicy, DeleteRepository, DeleteRepositoryPolicy, PutLifecyclePolicy,
    SetRepositoryPolicy, Subject,
};
use super::super::{Encryption, Scanning, TagMutabilityExclusion};
use crate::document::Tag;
use crate::identity::Scope;
use crate::plan::{self, Effect, FORMAT, Facts, FieldErrors, Plan, Step, Undo};

/// What is entered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answers {
    /// Its name, namespaces included: `shop/api`.
    pub name: String,
    /// Whether a tag stays with the image it was first given to.
    pub immutable: bool,
    /// Patterns of tags for which the opposite holds.
    pub exclusions: Vec<String>,
    /// How images are encrypted.
    pub encryption: Encrypted,
    /// Whether each image is scanned as it is pushed.
    pub scan_on_push: bool,
    /// The lifecycle policy's JSON; empty for none.
    pub lifecycle: String,
    /// The permissions policy's JSON; empty for none.
    pub permissions: String,
    /// Tags, in the order they were entered.
    pub tags: Vec<(String, String)>,
}

/// How images are encrypted. It cannot be changed later.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Encrypted {
    /// With keys that Amazon S3 manages; costs nothing.
    #[default]
    Aes256,
    /// With a KMS key.
    Kms {
        /// Id, ARN or alias; empty for the one AWS manages for ECR.
        key: String,
    },
}

const REPOSITORY: &str = "repository";

/// What has to be known.
pub fn subjects(answers: &Answers) -> Vec<plan::Subject> {
    let repository = answers.name.trim();
    match repository.is_empty() {
        true => vec![],
        false => vec![plan::Subject::Ecr(Subject::Repository { repository: repository.to_owned() })],
    }
}

/// The plan.
///
/// # Errors
/// What is wrong, by field.
pub fn plan(answers: &Answers, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
    let errors = check(answers, facts);
    if !errors.is_empty() {
        return Err(errors);
    }
    let name = answers.name.trim().to_owned();
    let mut steps = vec![Step {
        id: REPOSITORY.into(),
        says: format!("Create the repository {name}"),
        scope: scope.clone(),
        call: plan::Call::Ecr(Call::CreateRepository(input(answers, &name))),
        effect: Effect::Create,
        before: None,
        depends_on: vec![],
        undo: Undo::Call(plan::Call::Ecr(Call::DeleteRepository(DeleteRepository {
            repository_name: name.clone(),
            // Images that were pushed since are somebody's work.
            force: None,
        }))),
        // What is billed is the storage of what will be pushed.
        monthly: Some(0),
    }];
    let mut put = |id: &str, says: String, call: Call, undo: Call| {
        steps.push(Step {
            id: id.into(),
            says,
            scope: scope.clone(),
            call: plan::Call::Ecr(call),
            effect: Effect::Create,
            before: None,
            depends_on: vec![REPOSITORY.into()],
            undo: Undo::Call(plan::Call::Ecr(undo)),
            monthly: Some(0),
        });
    };
    if !answers.lifecycle.trim().is_empty() {
        put(
            "lifecycle",
            format!("Let old images of {name} expire by rules"),
            Call::PutLifecyclePolicy(PutLifecyclePolicy {
                repository_name: name.clone(),
                lifecycle_policy_text: compact(&answers.lifecycle),
            }),
            Call::DeleteLifecyclePolicy(DeleteLifecyclePolicy { repository_name: name.clone() }),
        );
    }
    if !answers.permissions.trim().is_empty() {
        put(
            "permissions",
            format!("Say who may use {name}"),
            Call::SetRepositoryPolicy(SetRepositoryPolicy {
                repository_name: name.clone(),
                policy_text: compact(&answers.permissions),
                force: None,
            }),
            Call::DeleteRepositoryPolicy(DeleteRepositoryPolicy { repository_name: name.clone() }),
        );
    }
    Ok(Plan { format: FORMAT, title: format!("Create the repository {name}"), scope: scope.clone(), steps })
}

fn input(answers: &Answers, name: &str) -> CreateRepository {
    let exclusions = answers.exclusions.iter().map(|e| e.trim()).filter(|e| !e.is_empty());
    let exclusions: Vec<TagMutabilityExclusion> = exclusions
        .map(|filter| TagMutabilityExclusion { filter_type: "WILDCARD".into(), filter: filter.into() })
        .collect();
    let mutability = match (answers.immutable, exclusions.is_empty()) {
        (false, true) => "MUTABLE",
        (false, false) => "MUTABLE_WITH_EXCLUSION",
        (true, true) => "IMMUTABLE",
        (true, false) => "IMMUTABLE_WITH_EXCLUSION",
    };
    let encryption = match &answers.encryption {
        Encrypted::Aes256 => Encryption { encryption_type: Some("AES256".into()), kms_key: None },
        Encrypted::Kms { key } => {
            let key = Some(key.trim().to_owned()).filter(|key| !key.is_empty());
            Encryption { encryption_type: Some("KMS".into()), kms_key: key }
        }
    };
    let tags = answers.tags.iter().map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()));
    let tags = tags.filter(|(key, value)| !key.is_empty() || !value.is_empty());
    CreateRepository {
        repository_name: name.to_owned(),
        image_tag_mutability: Some(mutability.into()),
        image_tag_mutability_exclusion_filters: exclusions,
        image_scanning_configuration: Some(Scanning { scan_on_push: Some(answers.scan_on_push) }),
        encryption_configuration: Some(encryption),
        tags: tags.chain(plan::marks(REPOSITORY)).map(|(key, value)| Tag { key, value }).collect(),
    }
}

/// JSON without the white space it was written with.
fn compact(text: &str) -> String {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(document) => document.to_string(),
        Err(_) => text.trim().to_owned(),
    }
}

fn check(answers: &Answers, facts: &Facts) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let name = answers.name.trim();
    if name.is_empty() {
        errors.insert("name".into(), "A repository needs a name, for example shop/api.".into());
    }
    let taken = subjects(answers).iter().any(|subject| matches!(facts.of(subject), Some(Some(_))));
    if taken {
        errors.insert("name".into(), format!("A repository named {name} exists here already."));
    }
    for (field, text) in [("lifecycle", &answers.lifecycle), ("permissions", &answers.permissions)] {
        if !text.trim().is_empty()
            && let Err(error) = serde_json::from_str::<serde_json::Value>(text)
        {
            errors.insert(field.into(), format!("This is not JSON: {error}"));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Answers as Wizard;
    use crate::plan::answers::Form;
    use serde_json::json;

    fn scope() -> Scope {
        Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
    }

    fn wizard(answers: serde_json::Value) -> Wizard {
        let answers = serde_json::from_value(answers).unwrap();
        Wizard { scope: scope(), form: Form::CreateRepository(answers) }
    }

    #[test]
    fn a_name_is_enough() {
        let wizard = wizard(json!({ "name": " shop/api " }));
        let plan = wizard.plan(&Facts::new(vec![(wizard.subjects().remove(0), None)])).unwrap();
        assert_eq!(plan.steps.len(), 1);
        assert_eq!(
            plan.steps[0].call.input(),
            json!({
                "repositoryName": "shop/api",
                "imageTagMutability": "MUTABLE",
                "imageScanningConfiguration": { "scanOnPush": false },
                "encryptionConfiguration": { "encryptionType": "AES256" },
                "tags": [
                    { "Key": "gantry:run", "Value": "${run.id}" },
                    { "Key": "gantry:step", "Value": "repository" },
                    { "Key": "gantry:by", "Value": "${run.by}" },
                ],
            })
        );
    }

    #[test]
    fn everything_entered_is_in_a_step_and_each_step_has_its_undo() {
        let wizard = wizard(json!({
            "name": "shop/api", "immutable": true, "exclusions": ["latest", " "], "scan_on_push": true,
            "encryption": { "type": "kms", "key": "alias/shop" }, "tags": [["team", "shop"], ["", ""]],
            "lifecycle": "{ \"rules\": [] }", "permissions": "{ \"Statement\": [] }",
        }));
        let plan = wizard.plan(&Facts::default()).unwrap();
        insta::assert_json_snapshot!(plan);
    }

    #[test]
    fn a_name_that_is_taken_and_text_that_is_no_json_are_said_beside_their_fields() {
        let wizard = wizard(json!({ "name": "shop/api", "lifecycle": "{", "permissions": "" }));
        let facts = Facts::new(vec![(wizard.subjects().remove(0), Some(json!({})))]);
        let errors = wizard.plan(&facts).unwrap_err();
        assert_eq!(errors["name"], "A repository named shop/api exists here already.");
        assert!(errors["lifecycle"].starts_with("This is not JSON"));
        assert_eq!(errors.len(), 2);
    }
}

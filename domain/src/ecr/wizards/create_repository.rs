//! Create a private repository, with its lifecycle rules and permissions.
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-create.html>

use serde::{Deserialize, Serialize};

use super::super::calls::{
    Call, CreateRepository, DeleteLifecyclePolicy, DeleteRepository, DeleteRepositoryPolicy, PutLifecyclePolicy,
    SetRepositoryPolicy,
};
use super::super::subject::Subject;
use super::super::{Encryption, Scanning, TagMutabilityExclusion, lifecycle, repository_policy, rules};
use super::new_key;
use crate::document::Tag;
use crate::identity::Scope;
use crate::kms::rules::{alias_for, own_alias};
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
        /// Id, ARN or alias (of a creation template the ARN); empty for the one AWS manages for ECR.
        key: String,
        /// In two layers (DSSE-KMS), which AWS has in some regions: [`rules::has_two_layers`].
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        dual: bool,
    },
    /// With a KMS key that is created for it.
    NewKey {
        /// What the key is called, with or without `alias/` before it; empty for the repository's name.
        alias: String,
        /// As of [`Encrypted::Kms`].
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        dual: bool,
    },
}

impl Encrypted {
    /// The alias of the key that is created for a repository.
    pub fn new_alias(&self, repository: &str) -> Option<String> {
        match self {
            Encrypted::NewKey { alias, .. } => Some(alias_for(alias, repository.trim())),
            Encrypted::Aes256 | Encrypted::Kms { .. } => None,
        }
    }
    /// Whether it is to be in two layers.
    pub const fn is_dual(&self) -> bool {
        matches!(self, Encrypted::Kms { dual: true, .. } | Encrypted::NewKey { dual: true, .. })
    }
    /// As AWS names it.
    pub const fn sort(&self) -> &'static str {
        match self {
            Encrypted::Aes256 => "AES256",
            Encrypted::Kms { dual: true, .. } | Encrypted::NewKey { dual: true, .. } => "KMS_DSSE",
            Encrypted::Kms { .. } | Encrypted::NewKey { .. } => "KMS",
        }
    }
}

const REPOSITORY: &str = "repository";

/// What has to be known.
pub fn subjects(answers: &Answers) -> Vec<plan::Subject> {
    let repository = answers.name.trim();
    if repository.is_empty() {
        return vec![];
    }
    let mut all = vec![plan::Subject::Ecr(Subject::Repository { repository: repository.to_owned() })];
    // An alias that cannot be is not asked for.
    let alias = answers.encryption.new_alias(repository).filter(|alias| own_alias(alias).is_ok());
    all.extend(alias.map(|alias| new_key::subject(&alias)));
    all
}

/// The plan.
///
/// # Errors
/// What is wrong, by field.
pub fn plan(answers: &Answers, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
    let errors = check(answers, scope, facts);
    if !errors.is_empty() {
        return Err(errors);
    }
    let name = answers.name.trim().to_owned();
    let alias = answers.encryption.new_alias(&name);
    let mut steps = alias.map(|alias| new_key::steps(&alias, &name, scope)).unwrap_or_default();
    steps.push(Step {
        id: REPOSITORY.into(),
        says: format!("Create the repository {name}"),
        scope: scope.clone(),
        call: plan::Call::Ecr(Call::CreateRepository(input(answers, &name))),
        effect: Effect::Create,
        before: None,
        depends_on: if steps.is_empty() { vec![] } else { new_key::ids() },
        undo: Undo::Call(plan::Call::Ecr(Call::DeleteRepository(DeleteRepository {
            repository_name: name.clone(),
            // Images that were pushed since are somebody's work.
            force: None,
        }))),
        // What is billed is the storage of what will be pushed.
        monthly: Some(0),
    });
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
    let kms_key = match &answers.encryption {
        Encrypted::Aes256 => None,
        Encrypted::Kms { key, .. } => Some(key.trim().to_owned()).filter(|key| !key.is_empty()),
        Encrypted::NewKey { .. } => Some(new_key::arn()),
    };
    let encryption = Encryption { encryption_type: Some(answers.encryption.sort().into()), kms_key };
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
pub(super) fn compact(text: &str) -> String {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(document) => document.to_string(),
        Err(_) => text.trim().to_owned(),
    }
}

/// A message and where in a document it belongs; the document itself has no name.
pub(super) fn at(path: &str, message: &str) -> String {
    let whole = path.is_empty() || path == lifecycle::rules::WHOLE;
    if whole { message.to_owned() } else { format!("{path}: {message}") }
}

fn check(answers: &Answers, scope: &Scope, facts: &Facts) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let name = answers.name.trim();
    let mut wrong = |field: &str, message: String| {
        errors.entry(field.to_owned()).or_insert(message);
    };
    if let Err(message) = rules::repository_name(name) {
        wrong("name", message);
    }
    let own = Subject::Repository { repository: name.to_owned() };
    if matches!(facts.of(&plan::Subject::Ecr(own)), Some(Some(_))) {
        wrong("name", format!("A repository named {name} exists here already."));
    }
    if let Some(alias) = answers.encryption.new_alias(name).filter(|_| !name.is_empty()) {
        if let Err(message) = own_alias(&alias) {
            wrong("encryption.alias", message);
        }
        if matches!(facts.of(&new_key::subject(&alias)), Some(Some(_))) {
            wrong("encryption.alias", format!("An alias {alias} exists here already."));
        }
    }
    let filters: Vec<&str> = answers.exclusions.iter().map(|e| e.trim()).filter(|e| !e.is_empty()).collect();
    for filter in &filters {
        if let Err(message) = rules::mutability_filter(filter) {
            wrong("exclusions", message);
        }
    }
    if !filters.is_empty()
        && let Err(message) = rules::mutability_filters(filters.iter().copied())
    {
        wrong("exclusions", message);
    }
    if answers.encryption.is_dual()
        && let Err(message) = rules::two_layers(scope)
    {
        wrong("encryption.dual", message);
    }
    if let Encrypted::Kms { key, .. } = &answers.encryption
        && !key.trim().is_empty()
        && let Err(message) = rules::kms_key(key.trim(), scope)
    {
        wrong("encryption.key", message);
    }
    let tags: Vec<(&str, &str)> = answers.tags.iter().map(|(key, value)| (key.trim(), value.trim())).collect();
    for (n, (key, value)) in tags.iter().enumerate().filter(|(_, (key, value))| !key.is_empty() || !value.is_empty()) {
        if let Err(message) = rules::tag_key(key).and_then(|()| rules::tag_value(value)) {
            wrong(&format!("tags.{n}"), message);
        }
    }
    let marks = plan::marks(REPOSITORY);
    let keys: Vec<&str> = tags.iter().map(|(key, _)| *key).filter(|key| !key.is_empty()).collect();
    if let Err(message) = rules::tags(keys.into_iter().chain(marks.iter().map(|(key, _)| key.as_str()))) {
        wrong("tags", message);
    }
    // The first of several: the others show once it is mended.
    let first = |errors: FieldErrors| errors.into_iter().next().map(|(path, message)| at(&path, &message));
    if !answers.lifecycle.trim().is_empty()
        && let Some(message) = lifecycle::parse(&answers.lifecycle).err().and_then(first)
    {
        wrong("lifecycle", message);
    }
    if !answers.permissions.trim().is_empty() {
        match repository_policy::read(&answers.permissions) {
            Err(errors) => first(errors).into_iter().for_each(|message| wrong("permissions", message)),
            Ok(document) => {
                if let Some(why) = repository_policy::would_lock_out(&document, &scope.account) {
                    wrong("permissions", why);
                }
            }
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Answers as Wizard;
    use crate::plan::answers::Form;
    use crate::plan::export::{cli, cloudformation, terraform};
    use serde_json::json;

    const LIFECYCLE: &str = r#"{ "rules": [{ "rulePriority": 1, "selection": { "tagStatus": "untagged",
        "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14 }, "action": { "type": "expire" } }] }"#;
    const PERMISSIONS: &str = r#"{ "Version": "2012-10-17", "Statement": [{ "Sid": "pull", "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::444455556666:root" }, "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] }] }"#;

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
    fn a_tag_without_a_value_has_an_empty_one() {
        let plan = wizard(json!({ "name": "shop/api", "tags": [["public", ""]] })).plan(&Facts::default()).unwrap();
        assert_eq!(plan.steps[0].call.input()["tags"][0], json!({ "Key": "public", "Value": "" }));
    }

    #[test]
    fn everything_entered_is_in_a_step_and_each_step_has_its_undo() {
        let wizard = wizard(json!({
            "name": "shop/api", "immutable": true, "exclusions": ["latest", " "], "scan_on_push": true,
            "encryption": { "type": "kms", "key": "alias/shop" }, "tags": [["team", "shop"], ["", ""]],
            "lifecycle": LIFECYCLE, "permissions": PERMISSIONS,
        }));
        let plan = wizard.plan(&Facts::default()).unwrap();
        insta::assert_json_snapshot!(plan);
    }

    #[test]
    fn two_layers_are_taken_where_aws_has_them() {
        let encryption = |sort: &str| json!({ "type": sort, "key": "", "alias": "", "dual": true });
        let mut two = wizard(json!({ "name": "shop/api", "encryption": encryption("kms") }));
        let errors = two.plan(&Facts::default()).unwrap_err();
        assert!(errors["encryption.dual"].contains("eu-west-1") && errors.len() == 1, "{errors:?}");
        two.scope = Scope::new("111122223333".parse().unwrap(), "us-gov-west-1".parse().unwrap());
        let sent = |wizard: &Wizard| {
            let plan = wizard.plan(&Facts::default()).unwrap();
            plan.steps.last().unwrap().call.input()["encryptionConfiguration"].clone()
        };
        assert_eq!(sent(&two), json!({ "encryptionType": "KMS_DSSE" }));
        let own = json!({ "name": "shop/api", "encryption": encryption("new_key") });
        let own = Wizard { scope: two.scope.clone(), ..wizard(own) };
        assert_eq!(sent(&own), json!({ "encryptionType": "KMS_DSSE", "kmsKey": "${key.Arn}" }));
        let plan = two.plan(&Facts::default()).unwrap();
        for text in [cli::script(&plan), cloudformation::template(&plan).0, terraform::configuration(&plan).0] {
            assert!(text.contains("KMS_DSSE"), "{text}");
        }
    }

    #[test]
    fn a_name_that_is_taken_and_text_that_is_no_json_are_said_beside_their_fields() {
        let wizard = wizard(json!({ "name": "shop/api", "lifecycle": "{", "permissions": "" }));
        let facts = Facts::new(vec![(wizard.subjects().remove(0), Some(json!({})))]);
        let errors = wizard.plan(&facts).unwrap_err();
        assert_eq!(errors["name"], "A repository named shop/api exists here already.");
        assert!(errors.contains_key("lifecycle"), "{errors:?}");
        assert_eq!(errors.len(), 2);
    }

    #[test]
    fn what_aws_would_refuse_is_said_beside_its_field() {
        let lock_out = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"ecr:*"}]}"#;
        let wizard = wizard(json!({
            "name": "Shop", "exclusions": ["a b"], "encryption": { "type": "kms", "key": "not a key" },
            "tags": [["team", "shop"], ["aws:x", "1"]], "permissions": lock_out,
            "lifecycle": "{\"rules\": [{}]}",
        }));
        let errors = wizard.plan(&Facts::default()).unwrap_err();
        let fields: Vec<&str> = errors.keys().map(String::as_str).collect();
        assert_eq!(
            fields,
            ["encryption.key", "exclusions", "lifecycle", "name", "permissions", "tags.1"],
            "{errors:#?}"
        );
    }
}

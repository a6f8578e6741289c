//! Add, change and delete a creation template: how repositories are made that nobody creates by hand.
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html>

use serde::{Deserialize, Serialize};

use super::super::create_repository::{Encrypted, at, compact};
use super::super::{in_order, state, step, undo};
use super::nothing;
use crate::document::Tag;
use crate::ecr::calls::{Call, DeleteRepositoryCreationTemplate};
use crate::ecr::registry::{APPLIED_FOR, CreationTemplate, rules as of_registry};
use crate::ecr::subject::Subject;
use crate::ecr::{Encryption, TagMutabilityExclusion, lifecycle, repository_policy, rules};
use crate::identity::Scope;
use crate::plan::{self, Effect, Facts, FieldErrors, Plan};

/// A template as it shall be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Template {
    /// It does not exist yet.
    pub new: bool,
    /// How the names begin of the repositories it is for, or `ROOT`.
    pub prefix: String,
    /// What it is for, in its owner's words.
    pub description: String,
    /// When it is used: of [`APPLIED_FOR`].
    pub applied_for: Vec<String>,
    /// Whether tags stay with the images they were first given to.
    pub immutable: bool,
    /// Patterns of tags for which the opposite holds.
    pub exclusions: Vec<String>,
    /// How images are encrypted.
    pub encryption: Encrypted,
    /// Tags of the repositories.
    pub tags: Vec<(String, String)>,
    /// The permissions policy's JSON; empty for none.
    pub permissions: String,
    /// The lifecycle policy's JSON; empty for none.
    pub lifecycle: String,
    /// The ARN of the role that makes the repositories; empty for ECR's own.
    pub role: String,
}

/// A template that shall not be there any more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Delete {
    /// Its prefix.
    pub prefix: String,
}

impl Template {
    /// A template that exists, to be changed.
    pub fn of(template: &CreationTemplate) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let encryption = template.encryption_configuration.clone().unwrap_or_default();
        let sort = encryption.encryption_type.as_deref().unwrap_or_default();
        let (kms, dual) = (sort.starts_with("KMS"), sort == "KMS_DSSE");
        Self {
            new: false,
            prefix: template.prefix.clone(),
            description: text(&template.description),
            applied_for: template.applied_for.clone(),
            immutable: template.image_tag_mutability.as_deref().is_some_and(|m| m.starts_with("IMMUTABLE")),
            exclusions: template.exclusions().map(|f| f.filter.clone()).collect(),
            encryption: match kms {
                true => Encrypted::Kms { key: encryption.kms_key.unwrap_or_default(), dual },
                false => Encrypted::Aes256,
            },
            tags: template.resource_tags.iter().flatten().map(|t| (t.key.clone(), t.value.clone())).collect(),
            permissions: text(&template.repository_policy),
            lifecycle: text(&template.lifecycle_policy),
            role: text(&template.custom_role_arn),
        }
    }

    fn subject(&self) -> Subject {
        Subject::CreationTemplate { prefix: self.prefix.trim().to_owned() }
    }
    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        match of_registry::template_prefix(self.prefix.trim()) {
            Ok(()) => vec![plan::Subject::Ecr(self.subject())],
            Err(_) => vec![],
        }
    }

    fn filters(&self) -> Vec<TagMutabilityExclusion> {
        let filters = self.exclusions.iter().map(|e| e.trim()).filter(|e| !e.is_empty());
        filters.map(|f| TagMutabilityExclusion { filter_type: "WILDCARD".into(), filter: f.into() }).collect()
    }

    fn given_tags(&self) -> Vec<Tag> {
        let tags = self.tags.iter().map(|(key, value)| (key.trim(), value.trim()));
        let given = tags.filter(|(key, value)| !key.is_empty() || !value.is_empty());
        given.map(|(key, value)| Tag { key: key.into(), value: value.into() }).collect()
    }

    /// What AWS would refuse, by field.
    pub fn check(&self, scope: &Scope) -> FieldErrors {
        let mut errors = FieldErrors::new();
        let mut wrong = |field: &str, message: Option<String>| {
            message.map(|message| errors.entry(field.to_owned()).or_insert(message));
        };
        wrong("prefix", of_registry::template_prefix(self.prefix.trim()).err());
        let length = self.description.trim().chars().count();
        wrong(
            "description",
            (length > 256).then(|| format!("A description has at most 256 characters; this has {length}.")),
        );
        let known = |word: &String| APPLIED_FOR.iter().any(|(known, _)| known == word);
        let none = self.applied_for.is_empty() || !self.applied_for.iter().all(known);
        wrong("applied_for", none.then(|| "Say when it is used: at least one of these.".to_owned()));
        let filters = self.filters();
        wrong("exclusions", filters.iter().find_map(|f| rules::mutability_filter(&f.filter).err()));
        if !filters.is_empty() {
            wrong("exclusions", rules::mutability_filters(filters.iter().map(|f| f.filter.as_str())).err());
        }
        let kms = match &self.encryption {
            Encrypted::Kms { key, .. } => {
                wrong(
                    "key",
                    Some(key.trim()).filter(|k| !k.is_empty()).and_then(|k| of_registry::template_key(k, scope).err()),
                );
                true
            }
            Encrypted::Aes256 => false,
            // Repositories that come later refer to it: it has to be there before.
            Encrypted::NewKey { .. } => {
                wrong("key", Some("A template takes a key that exists already.".to_owned()));
                true
            }
        };
        if self.encryption.is_dual() {
            wrong("dual", rules::two_layers(scope).err());
        }
        let tags = self.given_tags();
        let tag = |t: &Tag| rules::tag_key(&t.key).and_then(|()| rules::tag_value(&t.value)).err();
        wrong("tags", tags.iter().find_map(tag).or_else(|| rules::tags(tags.iter().map(|t| t.key.as_str())).err()));
        let first = |errors: FieldErrors| errors.into_iter().next().map(|(path, message)| at(&path, &message));
        if !self.lifecycle.trim().is_empty() {
            wrong("lifecycle", lifecycle::parse(&self.lifecycle).err().and_then(first));
        }
        if !self.permissions.trim().is_empty() {
            let refused = match repository_policy::read(&self.permissions) {
                Err(errors) => first(errors),
                Ok(document) => repository_policy::would_lock_out(&document, &scope.account),
            };
            wrong("permissions", refused);
        }
        // https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-iam.html
        let role = self.role.trim();
        let needed = role.is_empty() && (kms || !tags.is_empty());
        wrong(
            "role",
            match role.is_empty() {
                true => needed
                    .then(|| "Tags and a KMS key take a role of your own that may use them: name its ARN.".to_owned()),
                false => of_registry::role(role, scope).err(),
            },
        );
        errors
    }

    /// All of it; what is empty is left out.
    fn wanted(&self) -> CreationTemplate {
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        let filters = self.filters();
        let mutability = match (self.immutable, filters.is_empty()) {
            (false, true) => "MUTABLE",
            (false, false) => "MUTABLE_WITH_EXCLUSION",
            (true, true) => "IMMUTABLE",
            (true, false) => "IMMUTABLE_WITH_EXCLUSION",
        };
        let kms_key = match &self.encryption {
            Encrypted::Kms { key, .. } => given(key.trim().to_owned()),
            // A new key is refused before this.
            Encrypted::Aes256 | Encrypted::NewKey { .. } => None,
        };
        let encryption = Encryption { encryption_type: Some(self.encryption.sort().into()), kms_key };
        CreationTemplate {
            prefix: self.prefix.trim().to_owned(),
            description: given(self.description.trim().to_owned()),
            encryption_configuration: Some(encryption),
            resource_tags: Some(self.given_tags()).filter(|tags| !tags.is_empty()),
            image_tag_mutability: Some(mutability.into()),
            image_tag_mutability_exclusion_filters: Some(filters).filter(|filters| !filters.is_empty()),
            repository_policy: given(compact(&self.permissions)),
            lifecycle_policy: given(compact(&self.lifecycle)),
            applied_for: self.applied_for.clone(),
            custom_role_arn: given(self.role.trim().to_owned()),
        }
    }

    /// The plan.
    ///
    /// # Errors
    /// What is wrong, by field; `nothing` when it is so already.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let mut errors = self.check(scope);
        let prefix = self.prefix.trim();
        let before = state(facts, &self.subject());
        match (&before, self.new) {
            (Some(Some(_)), true) => {
                errors
                    .entry("prefix".into())
                    .or_insert_with(|| format!("A template for {prefix} exists here already."));
            }
            (Some(None), false) => {
                errors.insert("prefix".into(), format!("There is no template for {prefix} here."));
            }
            _ => {}
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let (wanted, before) = (self.wanted(), before.flatten());
        if self.new {
            let says = format!("Create repositories of {prefix} by a template");
            let delete = DeleteRepositoryCreationTemplate { prefix: prefix.to_owned() };
            let back = undo(Call::DeleteRepositoryCreationTemplate(delete));
            let call = Call::CreateRepositoryCreationTemplate(wanted);
            return Ok(in_order(says.clone(), scope, vec![step("template", says, scope, call, back, None)]));
        }
        let old = read(before.as_ref());
        if old.is_like(&wanted) && old.kms_key() == wanted.kms_key() {
            return Err(nothing());
        }
        let says = format!("Change the template for repositories of {prefix}");
        let call = Call::UpdateRepositoryCreationTemplate(whole(wanted));
        let back = undo(Call::UpdateRepositoryCreationTemplate(whole(old)));
        let mut step = step("template", says.clone(), scope, call, back, before);
        step.effect = Effect::Update;
        Ok(in_order(says, scope, vec![step]))
    }
}

fn read(state: Option<&serde_json::Value>) -> CreationTemplate {
    state.and_then(|s| CreationTemplate::deserialize(s).ok()).unwrap_or_default()
}

/// With an empty value wherever something is left out: an update leaves what is left out as it was. Not so the filters, of which AWS takes
/// one to five: they are there with a mutability that has exclusions, and count with no other.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UpdateRepositoryCreationTemplate.html>
fn whole(mut template: CreationTemplate) -> CreationTemplate {
    let texts = [
        &mut template.description,
        &mut template.repository_policy,
        &mut template.lifecycle_policy,
        &mut template.custom_role_arn,
    ];
    for text in texts {
        text.get_or_insert_default();
    }
    template.resource_tags.get_or_insert_default();
    let exclusions: Vec<_> = template.exclusions().cloned().collect();
    template.image_tag_mutability_exclusion_filters = Some(exclusions).filter(|all| !all.is_empty());
    template
}

impl Delete {
    fn subject(&self) -> Subject {
        Subject::CreationTemplate { prefix: self.prefix.clone() }
    }
    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        vec![plan::Subject::Ecr(self.subject())]
    }

    /// The plan. Repositories that were made by it stay as they are.
    ///
    /// # Errors
    /// That there is no such template.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let before = state(facts, &self.subject());
        if before == Some(None) {
            return Err([("prefix".to_owned(), format!("There is no template for {} here.", self.prefix))].into());
        }
        let before = before.flatten();
        let says = format!("Create repositories of {} no longer by a template", self.prefix);
        let delete = DeleteRepositoryCreationTemplate { prefix: self.prefix.clone() };
        let call = Call::DeleteRepositoryCreationTemplate(delete);
        let back = undo(Call::CreateRepositoryCreationTemplate(read(before.as_ref())));
        let mut step = step("template", says.clone(), scope, call, back, before);
        step.effect = Effect::Delete;
        Ok(in_order(says, scope, vec![step]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn two_layers_stay_two_when_something_else_is_changed() {
        let key = "arn:aws-us-gov:kms:us-gov-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let there = json!({ "prefix": "shop", "appliedFor": ["CREATE_ON_PUSH"], "customRoleArn": "arn:aws-us-gov:iam::111122223333:role/ecr",
            "encryptionConfiguration": { "encryptionType": "KMS_DSSE", "kmsKey": key } });
        let mut template = Template::of(&serde_json::from_value(there.clone()).unwrap());
        template.description = "Shop".into();
        let scope = |region: &str| Scope::new("111122223333".parse().unwrap(), region.parse().unwrap());
        let gov = scope("us-gov-east-1");
        assert_eq!(template.check(&gov), FieldErrors::new());
        let facts = Facts::new(vec![(template.subjects().remove(0), Some(there))]);
        let plan = template.plan(&gov, &facts).unwrap();
        let sent = &plan.steps[0].call.input()["encryptionConfiguration"];
        assert_eq!(sent, &json!({ "encryptionType": "KMS_DSSE", "kmsKey": key }));
        let elsewhere = template.check(&scope("eu-west-1"));
        assert!(elsewhere["dual"].contains("GovCloud"), "{elsewhere:?}");
    }

    #[test]
    fn a_policy_that_nobody_could_take_back_is_not_given_to_every_repository() {
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let checked = |action: &str| {
            let policy = json!({ "Version": "2012-10-17",
                "Statement": [{ "Effect": "Deny", "Principal": "*", "Action": action }] });
            let applied_for = vec!["CREATE_ON_PUSH".to_owned()];
            let permissions = policy.to_string();
            Template { prefix: "shop".into(), applied_for, permissions, ..Template::default() }.check(&scope)
        };
        let errors = checked("ecr:*");
        assert!(errors["permissions"].contains("nobody in account 111122223333 could"), "{errors:?}");
        assert_eq!(checked("ecr:BatchDeleteImage"), FieldErrors::new());
    }

    #[test]
    fn another_key_is_a_change_and_is_named_by_its_arn() {
        let key =
            |last: char| format!("arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890a{last}");
        let there = json!({ "prefix": "shop", "appliedFor": ["CREATE_ON_PUSH"], "customRoleArn": "arn:aws:iam::111122223333:role/ecr",
            "encryptionConfiguration": { "encryptionType": "KMS", "kmsKey": key('a') } });
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let planned = |key: &str| {
            let mut template = Template::of(&serde_json::from_value(there.clone()).unwrap());
            template.encryption = Encrypted::Kms { key: key.to_owned(), dual: false };
            template.plan(&scope, &Facts::new(vec![(template.subjects().remove(0), Some(there.clone()))]))
        };
        let sent = |key: &str| planned(key).unwrap().steps[0].call.input()["encryptionConfiguration"].clone();
        assert_eq!(sent(&key('b')), json!({ "encryptionType": "KMS", "kmsKey": key('b') }));
        assert_eq!(sent(""), json!({ "encryptionType": "KMS" }), "the key that AWS manages");
        assert!(planned(&key('a')).unwrap_err().contains_key("nothing"));
        assert!(planned("alias/shop").unwrap_err()["key"].contains("whole ARN"));
    }
}

//! What a plan changes of what exists, as Terraform's resources: each as it shall be, with the `import` block by which Terraform takes it over
//! instead of making it. <https://developer.hashicorp.com/terraform/language/block/import>

use serde_json::Value;
use std::collections::BTreeMap;

use super::terraform::{expression, label, repository_block, text};
use super::{Untold, document, identifier};
use crate::document::Tag;
use crate::ecr::calls::{Call as Ecr, CreateRepository, TagResource, UntagResource};
use crate::ecr_public::calls::Call as EcrPublic;
use crate::plan::{Call, Effect, Step};

/// A private repository as a plan leaves it, as far as the plan says.
struct Existing {
    name: String,
    /// How it treats tags that exist, and whether it scans on push, as if it were made so.
    settings: Option<CreateRepository>,
    tags: Option<BTreeMap<String, String>>,
}

/// The blocks of what these steps write as a whole, and the steps that they cannot tell of.
pub fn blocks(steps: &[&Step]) -> (Vec<String>, Untold) {
    let (mut blocks, mut untold, mut repositories) = (vec![], vec![], Vec::<Existing>::new());
    for step in steps {
        match &step.call {
            Call::Ecr(Ecr::PutLifecyclePolicy(put)) => {
                let (name, document) = (&put.repository_name, &put.lifecycle_policy_text);
                blocks.push(policy(step, "aws_ecr_lifecycle_policy", "repository", name, document));
            }
            Call::Ecr(Ecr::SetRepositoryPolicy(set)) => {
                let (name, document) = (&set.repository_name, &set.policy_text);
                blocks.push(policy(step, "aws_ecr_repository_policy", "repository", name, document));
            }
            Call::EcrPublic(EcrPublic::SetRepositoryPolicy(set)) => {
                let (name, document) = (&set.repository_name, &set.policy_text);
                blocks.push(policy(step, "aws_ecrpublic_repository_policy", "repository_name", name, document));
            }
            Call::Ecr(call) if told(&mut repositories, step, call).is_some() => {}
            Call::Ecr(_) | Call::EcrPublic(_) | Call::Lambda(_) | Call::Ecs(_) | Call::Kms(_) => {
                untold.push(step.says.clone())
            }
        }
    }
    blocks.extend(repositories.into_iter().map(Existing::block));
    (blocks, untold)
}

/// The block that has Terraform take over what exists.
pub fn import(kind: &str, name: &str, id: &str) -> String {
    format!("import {{\n  to = {kind}.{name}\n  id = {}\n}}\n", text(id))
}

fn policy(step: &Step, kind: &str, of: &str, repository: &str, policy: &str) -> String {
    let name = label(&identifier(repository));
    // There is nothing to take over where there was no policy.
    let taken = if step.effect == Effect::Create { String::new() } else { import(kind, &name, repository) + "\n" };
    let (width, policy) = (of.len(), expression(&document(policy)));
    format!(
        "{taken}resource \"{kind}\" \"{name}\" {{\n  {of} = {}\n  {:width$} = jsonencode({policy})\n}}\n",
        text(repository),
        "policy"
    )
}

/// Notes what a step makes of a repository; nothing where that is not known, or no part of the resource.
fn told(repositories: &mut Vec<Existing>, step: &Step, call: &Ecr) -> Option<()> {
    let name = match call {
        Ecr::PutImageTagMutability(put) => put.repository_name.as_str(),
        Ecr::PutImageScanningConfiguration(put) => put.repository_name.as_str(),
        Ecr::TagResource(TagResource { resource_arn, .. }) | Ecr::UntagResource(UntagResource { resource_arn, .. }) => {
            resource_arn.split_once(":repository/")?.1
        }
        _ => return None,
    };
    let mut before = step.before.clone()?;
    if let Some(fields) = before.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    let at = repositories.iter().position(|known| known.name == name).unwrap_or_else(|| {
        repositories.push(Existing { name: name.to_owned(), settings: None, tags: None });
        repositories.len() - 1
    });
    repositories[at].change(call, before)
}

impl Existing {
    /// The settings after the steps so far; the first that writes one read how all of them were.
    fn settings(&mut self, before: Value) -> Option<&mut CreateRepository> {
        if self.settings.is_none() {
            self.settings = Some(serde_json::from_value(before).ok()?);
        }
        self.settings.as_mut()
    }

    /// The same of the tags.
    fn tags(&mut self, before: Value) -> Option<&mut BTreeMap<String, String>> {
        if self.tags.is_none() {
            self.tags = Some(serde_json::from_value(before).ok()?);
        }
        self.tags.as_mut()
    }

    fn change(&mut self, call: &Ecr, before: Value) -> Option<()> {
        match call {
            Ecr::PutImageTagMutability(put) => {
                let settings = self.settings(before)?;
                settings.image_tag_mutability = Some(put.image_tag_mutability.clone());
                settings.image_tag_mutability_exclusion_filters = put.image_tag_mutability_exclusion_filters.clone();
            }
            Ecr::PutImageScanningConfiguration(put) => {
                self.settings(before)?.image_scanning_configuration = Some(put.image_scanning_configuration.clone());
            }
            Ecr::TagResource(put) => {
                let pairs = put.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone()));
                self.tags(before)?.extend(pairs);
            }
            Ecr::UntagResource(remove) => {
                self.tags(before)?.retain(|key, _| !remove.tag_keys.contains(key));
            }
            _ => return None,
        }
        Some(())
    }

    /// What the plan does not say stays as it is, whatever that is.
    fn block(self) -> String {
        let (kind, name) = ("aws_ecr_repository", label(&identifier(&self.name)));
        let mut ignored = vec!["encryption_configuration"];
        if self.settings.is_none() {
            ignored.extend([
                "image_tag_mutability",
                "image_tag_mutability_exclusion_filter",
                "image_scanning_configuration",
            ]);
        }
        if self.tags.is_none() {
            ignored.push("tags");
        }
        let taken = import(kind, &name, &self.name);
        // Those of AWS cannot be written.
        let tags = self.tags.unwrap_or_default().into_iter().filter(|(key, _)| !key.starts_with("aws:"));
        let tags: Vec<Tag> = tags.map(|(key, value)| Tag { key, value }).collect();
        let create = CreateRepository { repository_name: self.name, ..self.settings.unwrap_or_default() };
        format!("{taken}\n{}", repository_block(&name, &create, None, tags.iter(), &ignored))
    }
}

#[cfg(test)]
mod tests {
    use super::super::terraform::configuration;
    use super::*;
    use crate::ecr::subject::Subject as EcrSubject;
    use crate::plan::{Answers, Facts, Subject};
    use serde_json::json;

    /// The configuration of a plan, where this is the state of policies.
    fn of(region: &str, wizard: &str, answers: Value, policy: Option<Value>) -> (String, Untold) {
        let scope = json!({ "account": "111122223333", "region": region });
        let answers = json!({ "scope": scope, "wizard": wizard, "answers": answers });
        let answers: Answers = serde_json::from_value(answers).unwrap();
        let state = |subject: Subject| {
            let state = match &subject {
                Subject::Ecr(EcrSubject::Settings { .. }) => {
                    Some(json!({ "repositoryName": "shop/api", "imageTagMutability": "IMMUTABLE",
                        "imageTagMutabilityExclusionFilters": null, "imageScanningConfiguration": { "scanOnPush": true } }))
                }
                Subject::Ecr(EcrSubject::Tags { .. }) => {
                    Some(json!({ "team": "shop", "stage": "test", "old": "1", "gantry:run": "r1", "aws:x": "1" }))
                }
                Subject::Ecr(EcrSubject::Inventory { .. }) => None,
                _ => policy.clone(),
            };
            (subject, state)
        };
        configuration(&answers.plan(&Facts::new(answers.subjects().into_iter().map(state).collect())).unwrap())
    }

    #[test]
    fn a_repository_that_is_changed_is_imported_as_it_shall_be() {
        let wanted = json!({ "repository": "shop/api", "immutable": true, "exclusions": ["latest"], "scan_on_push": false,
            "tags": [["team", "shop"], ["stage", "prod"], ["new", "2"]] });
        let (configuration, untold) = of("eu-west-1", "change-repository", wanted, None);
        assert_eq!(untold, Vec::<String>::new());
        insta::assert_snapshot!(configuration);
    }

    #[test]
    fn what_a_plan_does_not_say_of_a_repository_is_left_alone() {
        let wanted =
            json!({ "repository": "shop/api", "immutable": true, "scan_on_push": true, "tags": [["team", "web"]] });
        let (configuration, untold) = of("eu-west-1", "change-repository", wanted, None);
        assert_eq!(untold, Vec::<String>::new());
        let ignored = "ignore_changes = [encryption_configuration, image_tag_mutability, image_tag_mutability_exclusion_filter, image_scanning_configuration]";
        assert!(configuration.contains(ignored) && configuration.contains("\"team\" = \"web\""), "{configuration}");
        let wanted = json!({ "repository": "shop/api", "immutable": false, "scan_on_push": true,
            "tags": [["team", "shop"], ["stage", "test"], ["old", "1"]] });
        let (configuration, _) = of("eu-west-1", "change-repository", wanted, None);
        assert!(configuration.contains("ignore_changes = [encryption_configuration, tags]"), "{configuration}");
        assert!(configuration.contains("image_tag_mutability = \"MUTABLE\"") && !configuration.contains("tags = {"));
    }

    #[test]
    fn a_policy_is_imported_only_where_there_is_one() {
        let rules = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}"#;
        let wanted = json!({ "repository": "shop/api", "policy": rules });
        let (there, untold) = of("eu-west-1", "lifecycle-policy", wanted.clone(), Some(json!({ "rules": [] })));
        assert_eq!(untold, Vec::<String>::new());
        let import = "import {\n  to = aws_ecr_lifecycle_policy.shop_api\n  id = \"shop/api\"\n}\n\n";
        let resource = "resource \"aws_ecr_lifecycle_policy\" \"shop_api\" {\n  repository = \"shop/api\"\n  policy     = jsonencode({\n";
        assert!(there.contains(&format!("\n{import}{resource}")), "{there}");
        let (fresh, _) = of("eu-west-1", "lifecycle-policy", wanted, None);
        assert!(fresh.contains(resource) && !fresh.contains("import {"), "{fresh}");
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"ecr-public:PutImage"}]}"#;
        let wanted = json!({ "repository": "tools/probe", "policy": policy });
        let (public, _) = of("us-east-1", "public-repository-policy", wanted, Some(json!({ "Statement": [] })));
        let to = "import {\n  to = aws_ecrpublic_repository_policy.tools_probe\n  id = \"tools/probe\"\n}\n";
        let resource = "{\n  repository_name = \"tools/probe\"\n  policy          = jsonencode({";
        assert!(public.contains(to) && public.contains(resource), "{public}");
    }

    #[test]
    fn what_is_taken_away_is_named() {
        let wanted = json!({ "repository": "shop/api", "policy": "" });
        let (_, untold) = of("eu-west-1", "lifecycle-policy", wanted, Some(json!({ "rules": [] })));
        assert_eq!(untold, ["Let images of shop/api no longer expire"]);
    }
}

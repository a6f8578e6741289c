//! A plan in other tools' words, to be reviewed, kept and run elsewhere.
//!
//! The CLI script makes the same calls. Templates say what there shall be, not how it is made: they can only tell of what a plan creates, Terraform
//! also of what it writes as a whole of what exists; [`Untold`] names the rest.

pub mod cli;
pub mod cloudformation;
mod existing;
mod keys;
mod registry;
pub mod terraform;

use serde_json::Value;

use super::{Call, Plan, Step};
use crate::document::Tag;
use crate::ecr::calls::{Call as Ecr, CreateRepository};
use crate::ecr_public::calls::{Call as EcrPublic, CreateRepository as CreatePublic};
use crate::kms::calls::Call as Kms;

/// The steps that a template cannot tell of, with what they do.
pub type Untold = Vec<String>;

/// A repository with all that the plan's steps say of it.
struct Repository<'p> {
    /// What tells it apart in a template: letters and digits.
    id: String,
    create: &'p CreateRepository,
    /// The key that is created for it.
    key: Option<keys::NewKey<'p>>,
    lifecycle: Option<&'p str>,
    policy: Option<&'p str>,
}

/// The steps as they are named.
fn named(steps: &[&Step]) -> Untold {
    steps.iter().map(|step| step.says.clone()).collect()
}

/// The private repositories that a plan creates, and the steps about those that exist. Tags that lead to a run say nothing outside of Gantry.
fn repositories(plan: &Plan) -> (Vec<Repository<'_>>, Vec<&Step>) {
    let (mut found, mut rest): (Vec<Repository<'_>>, Vec<&Step>) = (vec![], vec![]);
    for step in &plan.steps {
        let Call::Ecr(call) = &step.call else { continue };
        let of = |name: &str| found.iter().position(|r| r.create.repository_name == name);
        match call {
            Ecr::CreateRepository(create) => {
                let id = identifier(&create.repository_name);
                let key = create.encryption_configuration.as_ref().and_then(|e| e.kms_key.as_deref());
                found.push(Repository { id, create, key: keys::created(plan, key), lifecycle: None, policy: None });
            }
            Ecr::PutLifecyclePolicy(put) => match of(&put.repository_name) {
                Some(n) => found[n].lifecycle = Some(&put.lifecycle_policy_text),
                None => rest.push(step),
            },
            Ecr::SetRepositoryPolicy(set) => match of(&set.repository_name) {
                Some(n) => found[n].policy = Some(&set.policy_text),
                None => rest.push(step),
            },
            Ecr::DeleteRepository(_)
            | Ecr::DeleteLifecyclePolicy(_)
            | Ecr::DeleteRepositoryPolicy(_)
            | Ecr::PutImageTagMutability(_)
            | Ecr::PutImageScanningConfiguration(_)
            | Ecr::TagResource(_)
            | Ecr::UntagResource(_)
            | Ecr::BatchDeleteImage(_)
            | Ecr::PutImage(_)
            | Ecr::StartImageScan(_)
            | Ecr::CopyImage(_) => rest.push(step),
            // Told of by [`registry`], as far as each tool has a word for it.
            Ecr::PutReplicationConfiguration(_)
            | Ecr::CreatePullThroughCacheRule(_)
            | Ecr::UpdatePullThroughCacheRule(_)
            | Ecr::DeletePullThroughCacheRule(_)
            | Ecr::CreateRepositoryCreationTemplate(_)
            | Ecr::UpdateRepositoryCreationTemplate(_)
            | Ecr::DeleteRepositoryCreationTemplate(_)
            | Ecr::PutRegistryPolicy(_)
            | Ecr::DeleteRegistryPolicy(_)
            | Ecr::PutRegistryScanningConfiguration(_)
            | Ecr::PutAccountSetting(_) => {}
        }
    }
    (found, rest)
}

/// A public repository with all that the plan's steps say of it.
struct PublicRepository<'p> {
    /// What tells it apart in a template: letters and digits.
    id: String,
    create: &'p CreatePublic,
    policy: Option<&'p str>,
}

/// The public repositories that a plan creates, and the steps about those that exist.
fn public_repositories(plan: &Plan) -> (Vec<PublicRepository<'_>>, Vec<&Step>) {
    let (mut found, mut rest): (Vec<PublicRepository<'_>>, Vec<&Step>) = (vec![], vec![]);
    for step in &plan.steps {
        let Call::EcrPublic(call) = &step.call else { continue };
        match call {
            EcrPublic::CreateRepository(create) => {
                found.push(PublicRepository { id: identifier(&create.repository_name), create, policy: None });
            }
            EcrPublic::SetRepositoryPolicy(set) => {
                match found.iter().position(|r| r.create.repository_name == set.repository_name) {
                    Some(n) => found[n].policy = Some(&set.policy_text),
                    None => rest.push(step),
                }
            }
            EcrPublic::DeleteRepository(_)
            | EcrPublic::PutRepositoryCatalogData(_)
            | EcrPublic::DeleteRepositoryPolicy(_)
            | EcrPublic::TagResource(_)
            | EcrPublic::UntagResource(_)
            | EcrPublic::BatchDeleteImage(_) => rest.push(step),
        }
    }
    (found, rest)
}

/// The steps that change what exists already: no template creates that. A key that is created is told of with its repository.
fn changes(plan: &Plan) -> Untold {
    let told = |call: &Call| {
        matches!(call, Call::Ecr(_) | Call::EcrPublic(_) | Call::Kms(Kms::CreateKey(_) | Kms::CreateAlias(_)))
    };
    plan.steps.iter().filter(|step| !told(&step.call)).map(|step| step.says.clone()).collect()
}

fn own_tags(tags: &[Tag]) -> impl Iterator<Item = &Tag> {
    tags.iter().filter(|tag| !tag.key.starts_with("gantry:"))
}

/// `shop/api` is `ShopApi`.
fn identifier(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    let joined: String = words.map(capital).collect();
    if joined.starts_with(|c: char| c.is_ascii_alphabetic()) { joined } else { format!("Repository{joined}") }
}

/// A policy's document; what is no JSON stays text.
fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecr::wizards::create_repository;
    use crate::plan::answers::Form;
    use crate::plan::{Answers, Facts};

    pub(super) fn plan() -> Plan {
        let answers = create_repository::Answers {
            name: "shop/web-api".into(),
            immutable: true,
            exclusions: vec!["latest".into()],
            scan_on_push: true,
            encryption: create_repository::Encrypted::Kms { key: "alias/shop".into(), dual: false },
            lifecycle: r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}"#.into(),
            permissions: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:BatchGetImage","Condition":{"StringEquals":{"aws:PrincipalTag/team":"${aws:ResourceTag/team}"}}}]}"#.into(),
            tags: vec![("team".into(), "shop + web".into())],
        };
        let scope = crate::Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        Answers { scope, form: Form::CreateRepository(answers) }.plan(&Facts::default()).unwrap()
    }

    /// A public repository with all that can be said of one.
    pub(super) fn public() -> Plan {
        let answers = serde_json::json!({ "name": "tools/probe", "description": "Probes ${things}.", "about": "# Probe\n",
            "usage": "Run it.", "architectures": ["ARM 64", "x86-64"], "operating_systems": ["Linux"], "logo": "iVBORw0KGgo=",
            "tags": [["team", "web"]] });
        let answers = serde_json::json!({ "scope": { "account": "111122223333", "region": "us-east-1" },
            "wizard": "create-public-repository", "answers": answers });
        let answers: Answers = serde_json::from_value(answers).unwrap();
        answers.plan(&Facts::default()).unwrap()
    }

    #[test]
    fn names_become_identifiers() {
        assert_eq!(["shop/web-api", "7zip", "a"].map(identifier), ["ShopWebApi", "Repository7zip", "A"]);
    }

    #[test]
    fn what_a_template_cannot_tell_of_is_named() {
        let plan = crate::plan::tests::three_steps();
        let (found, rest) = repositories(&plan);
        assert_eq!((found.len(), named(&rest)), (1, vec!["Tag it".to_owned()]));
        assert_eq!(terraform::configuration(&plan).1, ["Tag it"], "what has no ARN yet is not told of");
    }
}

//! The forms whose runs are killed at each point: their answers, what there has to be before, and all there is, asked of the sandbox itself.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::ACCOUNTS;
use super::deployed;
use super::images;
use super::oracle::{Sandbox, document};
use super::source;

const RULES: &str = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}"#;
const OTHER_RULES: &str = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":9},"action":{"type":"expire"}}]}"#;
const PULL: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"pull","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}"#;
const LOOK: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"look","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["ecr:DescribeImages"]}]}"#;
const PUSH: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"push","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["ecr-public:PutImage"]}]}"#;
const FETCH: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"in","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["ecr:BatchImportUpstreamImage"],"Resource":["arn:aws:ecr:eu-west-1:111122223333:repository/*"]}]}"#;
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

/// What has to be there before a form can be filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// A repository without images and policies.
    Bare,
    /// A repository with tags, rules, permissions, and an image with two tags.
    Repository,
    /// A pull through cache rule.
    Rule,
    /// A creation template.
    Template,
    /// A public repository without a page in the gallery.
    PublicBare,
    /// A public repository with all of it.
    Public,
    /// A public repository with an image.
    PublicImage,
    /// A function that is made from an image, and another image.
    Function,
    /// A service that runs a revision, and another image.
    Service,
}

/// A form, filled in.
#[derive(Debug)]
pub struct Form {
    /// As the API calls it.
    pub wizard: &'static str,
    before: Before,
    /// The part of the registry that it is about, if it is about one.
    pub registry: Option<&'static str>,
    /// With `NAME`, `DIGEST` and the images `SOURCE-ONE` and `SOURCE-ALL` in them; `IMAGES` is the repository of the image that something gets.
    answers: Value,
}

fn form(wizard: &'static str, before: Before, answers: Value) -> Form {
    Form { wizard, before, registry: None, answers }
}

fn registry(wizard: &'static str, part: &'static str, answers: Value) -> Form {
    Form { wizard, before: Before::Nothing, registry: Some(part), answers }
}

/// The setting of the account that is changed.
pub const SETTING: &str = "BLOB_MOUNTING";

/// Most forms. Of those about the registry one each: there is one registry. The images of `put-images` have no layers, as if an upload had
/// brought them before.
pub fn forms() -> Vec<Form> {
    let tags = json!([["team", "web"], ["new", "2"]]);
    let replicas = json!([{ "destinations": [{ "region": "us-east-2", "registryId": "444455556666" }],
        "repositoryFilters": [{ "filter": "prod/" }] }]);
    let (own, page) = (json!([["team", "web"]]), "Probes.");
    vec![
        form(
            "create-repository",
            Before::Nothing,
            json!({ "name": "NAME", "lifecycle": RULES, "permissions": PULL, "tags": own }),
        ),
        form(
            "change-repository",
            Before::Repository,
            json!({ "repository": "NAME", "immutable": true, "exclusions": [], "scan_on_push": true, "tags": tags }),
        ),
        form("delete-repository", Before::Bare, json!({ "repository": "NAME" })),
        form("lifecycle-policy", Before::Bare, json!({ "repository": "NAME", "policy": RULES })),
        form("lifecycle-policy", Before::Repository, json!({ "repository": "NAME", "policy": OTHER_RULES })),
        form("lifecycle-policy", Before::Repository, json!({ "repository": "NAME", "policy": "" })),
        form("repository-policy", Before::Repository, json!({ "repository": "NAME", "policy": LOOK })),
        form("repository-policy", Before::Repository, json!({ "repository": "NAME", "policy": "" })),
        form(
            "delete-images",
            Before::Repository,
            json!({ "repository": "NAME", "digests": ["DIGEST"], "insist": "NAME" }),
        ),
        form("tag-image", Before::Repository, json!({ "repository": "NAME", "digest": "DIGEST", "tag": "next" })),
        form(
            "untag-image",
            Before::Repository,
            json!({ "repository": "NAME", "digest": "DIGEST", "tag": "2", "insist": "NAME" }),
        ),
        form(
            "copy-image",
            Before::Bare,
            json!({ "source": "SOURCE-ONE", "platform": "", "repository": "NAME", "tag": "copied" }),
        ),
        form(
            "copy-image",
            Before::Bare,
            json!({ "source": "SOURCE-ALL", "platform": "", "repository": "NAME", "tag": "copied" }),
        ),
        form("put-images", Before::Bare, images::put("NAME", 1)),
        // Before the forms of the registry: its plan reads the scanning that one of those is held at.
        form("scan-images", Before::Repository, json!({ "repository": "NAME", "digests": ["DIGEST"] })),
        form("registry-cache-rule", Before::Nothing, json!({ "new": true, "prefix": "NAME", "upstream": "quay" })),
        form("delete-registry-cache-rule", Before::Rule, json!({ "prefix": "NAME" })),
        form(
            "registry-template",
            Before::Nothing,
            json!({ "new": true, "prefix": "NAME", "applied_for": ["REPLICATION"], "lifecycle": RULES }),
        ),
        form("delete-registry-template", Before::Template, json!({ "prefix": "NAME" })),
        registry("registry-replication", "replication", json!({ "rules": replicas })),
        registry("registry-scanning", "scanning", json!({ "on_push": ["prod/*"] })),
        registry("registry-setting", "setting", json!({ "name": SETTING, "value": "ENABLED" })),
        registry("registry-policy", "policy", json!({ "policy": FETCH })),
        form(
            "create-public-repository",
            Before::Nothing,
            json!({ "name": "NAME", "description": page, "architectures": ["ARM 64"], "tags": own }),
        ),
        form(
            "change-public-repository",
            Before::Public,
            json!({ "repository": "NAME", "description": page, "about": "new", "tags": tags }),
        ),
        form("delete-public-repository", Before::PublicBare, json!({ "repository": "NAME" })),
        form("public-repository-policy", Before::PublicBare, json!({ "repository": "NAME", "policy": PUSH })),
        form(
            "create-repository",
            Before::Nothing,
            json!({ "name": "NAME", "encryption": { "type": "new_key", "alias": "" } }),
        ),
        form(
            "delete-public-images",
            Before::PublicImage,
            json!({ "repository": "NAME", "digests": ["DIGEST"], "insist": "NAME" }),
        ),
        form(
            "use-in-function",
            Before::Function,
            json!({ "function": "NAME", "repository": "IMAGES", "digest": "DIGEST" }),
        ),
        form(
            "use-in-task-definition",
            Before::Service,
            json!({ "like": "NAME:1", "containers": ["app"], "services": [format!("{}/NAME", deployed::CLUSTER)],
                "repository": "IMAGES", "digest": "DIGEST" }),
        ),
    ]
}

impl Form {
    /// How what it is about is called in a round that has this name for it: functions and families take no slash.
    pub fn named(&self, name: String) -> String {
        if matches!(self.before, Before::Function | Before::Service) { name.replace('/', "-") } else { name }
    }

    /// Whether AWS names what the call of its first step creates: sent twice it creates two.
    pub fn has_twins(&self) -> bool {
        self.before == Before::Service || self.answers["encryption"]["type"] == "new_key"
    }

    /// Makes what there has to be, and answers the form about it. Images are copied from the registry at the port `source`.
    pub fn prepare(&self, sandbox: &Sandbox, name: &str, source: u16) -> Result<Value> {
        let tags = json!([{ "Key": "team", "Value": "shop" }, { "Key": "old", "Value": "1" }]);
        let mut digest = String::new();
        match self.before {
            Before::Nothing => {}
            Before::Bare => {
                sandbox.ecr("CreateRepository", &json!({ "repositoryName": name }))?;
            }
            Before::Repository => {
                sandbox.ecr("CreateRepository", &json!({ "repositoryName": name, "tags": tags }))?;
                let rules = json!({ "repositoryName": name, "lifecyclePolicyText": RULES });
                sandbox.ecr("PutLifecyclePolicy", &rules)?;
                sandbox.ecr("SetRepositoryPolicy", &json!({ "repositoryName": name, "policyText": PULL }))?;
                for tag in ["1", "2"] {
                    let pushed = sandbox.ecr("PutImage", &image(name, tag))?.unwrap_or_default();
                    let id = &pushed["image"]["imageId"]["imageDigest"];
                    digest = id.as_str().context("an image without a digest")?.to_owned();
                }
            }
            Before::Rule => {
                let rule = json!({ "ecrRepositoryPrefix": name, "upstreamRegistryUrl": "quay.io" });
                sandbox.ecr("CreatePullThroughCacheRule", &rule)?;
            }
            Before::Template => {
                let template = json!({ "prefix": name, "description": "of the shop", "appliedFor": ["REPLICATION"],
                    "imageTagMutability": "MUTABLE", "encryptionConfiguration": { "encryptionType": "AES256" },
                    "lifecyclePolicy": RULES });
                sandbox.ecr("CreateRepositoryCreationTemplate", &template)?;
            }
            Before::PublicBare => {
                sandbox.ecr_public("CreateRepository", &json!({ "repositoryName": name }))?;
            }
            Before::Public => {
                let says = json!({ "description": "Probes.", "aboutText": "old" });
                let probe = json!({ "repositoryName": name, "catalogData": says, "tags": tags });
                sandbox.ecr_public("CreateRepository", &probe)?;
            }
            Before::PublicImage => {
                sandbox.ecr_public("CreateRepository", &json!({ "repositoryName": name }))?;
                let pushed = sandbox.ecr_public("PutImage", &image(name, "1"))?.unwrap_or_default();
                let id = &pushed["image"]["imageId"]["imageDigest"];
                digest = id.as_str().context("an image without a digest")?.to_owned();
            }
            Before::Function => {
                digest = deployed::digest(sandbox)?;
                deployed::function(sandbox, name)?;
            }
            Before::Service => {
                digest = deployed::digest(sandbox)?;
                deployed::service(sandbox, name)?;
            }
        }
        let mut text = self.answers.to_string().replace("NAME", name).replace("DIGEST", &digest);
        text = text.replace("IMAGES", deployed::IMAGES);
        for (image, tag) in [("SOURCE-ONE", source::ONE), ("SOURCE-ALL", source::ALL)] {
            text = text.replace(image, &source::reference(source, tag));
        }
        let answers: Value = serde_json::from_str(&text)?;
        // The API of public repositories is in one region.
        let region = if self.wizard.contains("public") { "us-east-1" } else { "eu-west-1" };
        let scope = json!({ "account": ACCOUNTS.gantry, "region": region });
        Ok(json!({ "scope": scope, "wizard": self.wizard, "answers": answers }))
    }

    /// Takes away what is left of its round.
    pub fn clear(&self, sandbox: &Sandbox, name: &str) -> Result<()> {
        let repository = json!({ "repositoryName": name, "force": true });
        if matches!(self.before, Before::Function | Before::Service) {
            return deployed::clear(sandbox, name);
        }
        match self.wizard {
            _ if self.registry.is_some() => None,
            "registry-cache-rule" | "delete-registry-cache-rule" => {
                sandbox.ecr("DeletePullThroughCacheRule", &json!({ "ecrRepositoryPrefix": name }))?
            }
            "registry-template" | "delete-registry-template" => {
                sandbox.ecr("DeleteRepositoryCreationTemplate", &json!({ "prefix": name }))?
            }
            wizard if wizard.contains("public") => sandbox.ecr_public("DeleteRepository", &repository)?,
            _ => sandbox.ecr("DeleteRepository", &repository)?,
        };
        Ok(())
    }
}

/// Sets the registry as it is in an account that never set it.
pub fn reset(sandbox: &Sandbox) -> Result<()> {
    sandbox.ecr("PutReplicationConfiguration", &json!({ "replicationConfiguration": { "rules": [] } }))?;
    sandbox.ecr("PutRegistryScanningConfiguration", &json!({ "scanType": "BASIC", "rules": [] }))?;
    sandbox.ecr("PutAccountSetting", &json!({ "name": SETTING, "value": "DISABLED" }))?;
    sandbox.ecr("DeleteRegistryPolicy", &json!({}))?;
    Ok(())
}

/// An image of nothing but its configuration.
pub fn image(repository: &str, tag: &str) -> Value {
    let digest = format!("sha256:{}", "1".repeat(64));
    let config = json!({ "mediaType": "application/vnd.oci.image.config.v1+json", "size": 2, "digest": digest });
    let manifest = json!({ "schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [] });
    json!({ "repositoryName": repository, "imageManifest": manifest.to_string(), "imageManifestMediaType": IMAGE,
        "imageTag": tag })
}

/// The entries of a list; none of what is none.
pub fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// All there is in the account, by what it is and its name.
pub fn everything(sandbox: &Sandbox) -> Result<BTreeMap<String, Value>> {
    let mut all = deployed::listing(sandbox)?;
    for (name, whole) in sandbox.listing()? {
        all.insert(format!("repository {name}"), whole);
    }
    for (what, operation, field, key) in [
        ("rule", "DescribePullThroughCacheRules", "pullThroughCacheRules", "ecrRepositoryPrefix"),
        ("template", "DescribeRepositoryCreationTemplates", "repositoryCreationTemplates", "prefix"),
    ] {
        for one in pages(|page| sandbox.ecr(operation, page), field)? {
            all.insert(format!("{what} {}", one[key].as_str().unwrap_or_default()), said(one));
        }
    }
    let part =
        |operation: &str, input: Value| Ok::<_, anyhow::Error>(sandbox.ecr(operation, &input)?.unwrap_or_default());
    let setting = part("GetAccountSetting", json!({ "name": "BLOB_MOUNTING" }))?["value"].clone();
    let scanning = part("GetRegistryScanningConfiguration", json!({}))?["scanningConfiguration"].clone();
    let replication = part("DescribeRegistry", json!({}))?["replicationConfiguration"].clone();
    let policy = document(&part("GetRegistryPolicy", json!({}))?["policyText"]);
    for (name, value) in
        [("setting", setting), ("scanning", scanning), ("replication", replication), ("policy", policy)]
    {
        all.insert(format!("registry {name}"), value);
    }
    for public in pages(|page| sandbox.ecr_public("DescribeRepositories", page), "repositories")? {
        let name = public["repositoryName"].as_str().unwrap_or_default();
        all.insert(format!("public {name}"), whole_public(sandbox, name, &public["repositoryArn"])?);
    }
    Ok(all)
}

fn whole_public(sandbox: &Sandbox, name: &str, arn: &Value) -> Result<Value> {
    let of = json!({ "repositoryName": name });
    let part = |operation: &str, input: &Value| {
        Ok::<_, anyhow::Error>(sandbox.ecr_public(operation, input)?.unwrap_or_default())
    };
    let tags = part("ListTagsForResource", &json!({ "resourceArn": arn }))?;
    let mut tags: Vec<Value> = list(&tags["tags"]).cloned().collect();
    tags.sort_by_key(Value::to_string);
    let catalog = said(part("GetRepositoryCatalogData", &of)?["catalogData"].clone());
    let permissions = document(&part("GetRepositoryPolicy", &of)?["policyText"]);
    let images = part("DescribeImages", &of)?;
    let images: Vec<Value> = list(&images["imageDetails"]).map(|image| image["imageDigest"].clone()).collect();
    Ok(json!({ "catalog": catalog, "tags": tags, "permissions": permissions, "images": images }))
}

/// Every page of a list.
pub fn pages(ask: impl Fn(&Value) -> Result<Option<Value>>, field: &str) -> Result<Vec<Value>> {
    let (mut found, mut page) = (vec![], json!({}));
    loop {
        let answer = ask(&page)?.unwrap_or_default();
        found.extend(list(&answer[field]).cloned());
        match answer["nextToken"].as_str() {
            Some(token) => page = json!({ "nextToken": token }),
            None => return Ok(found),
        }
    }
}

/// Without when it was made and changed, and without what is empty: an undo says so where nothing was said.
fn said(mut one: Value) -> Value {
    if let Some(fields) = one.as_object_mut() {
        let empty = |value: &Value| value.is_null() || *value == json!("") || *value == json!([]);
        fields.retain(|name, value| !["createdAt", "updatedAt"].contains(&name.as_str()) && !empty(value));
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_as_good_as_not_said() {
        let one = json!({ "createdAt": 1.5, "usageText": "", "architectures": [], "aboutText": "old" });
        assert_eq!(said(one), json!({ "aboutText": "old" }));
    }
}

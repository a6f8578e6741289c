//! A plan as a Terraform configuration.
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecr_repository>

use serde_json::Value;
use std::fmt::Write;

use super::super::Plan;
use super::{
    PublicRepository, Repository, Untold, changes, document, existing, keys, own_tags, public_repositories, registry,
    repositories,
};
use crate::document::Tag;
use crate::ecr::calls::CreateRepository;

/// The configuration, and what it cannot tell of. Its provider refuses the credentials of other accounts.
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs#allowed_account_ids>
pub fn configuration(plan: &Plan) -> (String, Untold) {
    let (found, mut rest) = repositories(plan);
    let (public, more) = public_repositories(plan);
    rest.extend(more);
    let (there, mut untold) = existing::blocks(&rest);
    untold.extend(changes(plan));
    let mut out = format!("# {}\n", plan.title.replace(['\n', '\r'], " "));
    let _ = write!(
        out,
        "terraform {{\n  required_providers {{\n    aws = {{\n      source = \"hashicorp/aws\"\n    }}\n  }}\n}}\n\nprovider \"aws\" {{\n  region              = {}\n  allowed_account_ids = [{}]\n}}\n",
        text(plan.scope.region.as_str()),
        text(plan.scope.account.as_str())
    );
    for repository in &found {
        let _ = write!(out, "\n{}", blocks(repository));
    }
    for block in there.into_iter().chain(registry::blocks(plan, &mut untold)) {
        let _ = write!(out, "\n{block}");
    }
    for repository in &public {
        let _ = write!(out, "\n{}", public_blocks(repository));
    }
    (out, untold)
}

/// A private repository; with the expression of its key, where that is another block's. What is `ignored` stays as Terraform finds it.
pub(super) fn repository_block<'t>(
    name: &str,
    create: &CreateRepository,
    its_key: Option<&str>,
    tags: impl Iterator<Item = &'t Tag>,
    ignored: &[&str],
) -> String {
    let mut out =
        format!("resource \"aws_ecr_repository\" \"{name}\" {{\n  name = {}\n", text(&create.repository_name));
    if let Some(mutability) = &create.image_tag_mutability {
        let _ = writeln!(out, "  image_tag_mutability = {}", text(mutability));
    }
    for filter in &create.image_tag_mutability_exclusion_filters {
        let (kind, filter) = (text(&filter.filter_type), text(&filter.filter));
        let _ = write!(
            out,
            "\n  image_tag_mutability_exclusion_filter {{\n    filter_type = {kind}\n    filter      = {filter}\n  }}\n"
        );
    }
    if let Some(scanning) = &create.image_scanning_configuration {
        let on = scanning.scan_on_push.unwrap_or(false);
        let _ = write!(out, "\n  image_scanning_configuration {{\n    scan_on_push = {on}\n  }}\n");
    }
    if let Some(encryption) = &create.encryption_configuration {
        let kind = text(encryption.encryption_type.as_deref().unwrap_or("AES256"));
        let _ = write!(out, "\n  encryption_configuration {{\n    encryption_type = {kind}\n");
        if let Some(key) = &encryption.kms_key {
            let key = its_key.map_or_else(|| text(key), str::to_owned);
            let _ = writeln!(out, "    kms_key         = {key}");
        }
        out.push_str("  }\n");
    }
    let tags: Vec<String> = tags.map(|t| format!("    {} = {}\n", text(&t.key), text(&t.value))).collect();
    if !tags.is_empty() {
        let _ = write!(out, "\n  tags = {{\n{}  }}\n", tags.concat());
    }
    if !ignored.is_empty() {
        let _ = write!(out, "\n  lifecycle {{\n    ignore_changes = [{}]\n  }}\n", ignored.join(", "));
    }
    out.push_str("}\n");
    out
}

fn blocks(repository: &Repository<'_>) -> String {
    let create = repository.create;
    let name = label(&repository.id);
    let given = create.encryption_configuration.as_ref().and_then(|e| e.kms_key.as_deref());
    let (mut out, key) = match (&repository.key, given) {
        (Some(new), _) => (new.blocks(&name) + "\n", Some(format!("aws_kms_key.{name}.arn"))),
        (None, Some(key)) if !keys::is_arn(key) => {
            (keys::looked_up(&name, key) + "\n", Some(format!("data.aws_kms_key.{name}.arn")))
        }
        (None, _) => (String::new(), None),
    };
    out += &repository_block(&name, create, key.as_deref(), own_tags(&create.tags), &[]);
    for (kind, policy) in
        [("aws_ecr_lifecycle_policy", repository.lifecycle), ("aws_ecr_repository_policy", repository.policy)]
    {
        if let Some(policy) = policy {
            let policy = expression(&document(policy));
            let _ = write!(
                out,
                "\nresource \"{kind}\" \"{name}\" {{\n  repository = aws_ecr_repository.{name}.name\n  policy     = jsonencode({policy})\n}}\n"
            );
        }
    }
    out
}

/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecrpublic_repository>
fn public_blocks(repository: &PublicRepository<'_>) -> String {
    let create = repository.create;
    let name = label(&repository.id);
    let mut out = format!(
        "resource \"aws_ecrpublic_repository\" \"{name}\" {{\n  repository_name = {}\n",
        text(&create.repository_name)
    );
    if let Some(catalog) = &create.catalog_data {
        out.push_str("\n  catalog_data {\n");
        let list = |all: &Vec<String>| format!("[{}]", all.iter().map(|one| text(one)).collect::<Vec<_>>().join(", "));
        let fields = [
            ("about_text", catalog.about_text.as_deref().map(text)),
            ("architectures", catalog.architectures.as_ref().map(list)),
            ("description", catalog.description.as_deref().map(text)),
            ("logo_image_blob", catalog.logo_image_blob.as_deref().map(text)),
            ("operating_systems", catalog.operating_systems.as_ref().map(list)),
            ("usage_text", catalog.usage_text.as_deref().map(text)),
        ];
        for (field, value) in fields {
            if let Some(value) = value {
                let _ = writeln!(out, "    {field:17} = {value}");
            }
        }
        out.push_str("  }\n");
    }
    let tags: Vec<String> =
        own_tags(&create.tags).map(|t| format!("    {} = {}\n", text(&t.key), text(&t.value))).collect();
    if !tags.is_empty() {
        let _ = write!(out, "\n  tags = {{\n{}  }}\n", tags.concat());
    }
    out.push_str("}\n");
    if let Some(policy) = repository.policy {
        let policy = expression(&document(policy));
        let _ = write!(
            out,
            "\nresource \"aws_ecrpublic_repository_policy\" \"{name}\" {{\n  repository_name = aws_ecrpublic_repository.{name}.repository_name\n  policy          = jsonencode({policy})\n}}\n"
        );
    }
    out
}

/// `ShopWebApi` is `shop_web_api`; capitals that follow each other are one word: `ROOT` is `root`.
pub(super) fn label(id: &str) -> String {
    let mut out = String::new();
    let (mut before, mut all) = (None::<char>, id.chars().peekable());
    while let Some(c) = all.next() {
        let begins = |before: char| {
            let ends = before.is_ascii_uppercase() && !all.peek().is_some_and(char::is_ascii_lowercase);
            c.is_ascii_uppercase() && before != '_' && !ends
        };
        if before.is_some_and(begins) {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
        before = Some(c);
    }
    out
}

/// A text in quotes. `${` and `%{` begin templates in this language, so they are doubled.
/// <https://developer.hashicorp.com/terraform/language/expressions/strings>
pub(super) fn text(text: &str) -> String {
    escaped(&Value::from(text).to_string())
}

/// A document as an expression: JSON's notation is one, but for the templates in its texts.
pub(super) fn expression(document: &Value) -> String {
    let pretty = serde_json::to_string_pretty(document).unwrap_or_default();
    escaped(&pretty).replace('\n', "\n  ")
}

fn escaped(json: &str) -> String {
    json.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_a_plan_creates_is_in_the_configuration() {
        let (configuration, untold) = configuration(&super::super::tests::plan());
        assert!(untold.is_empty());
        insta::assert_snapshot!(configuration);
    }

    #[test]
    fn a_public_repository_is_there_with_its_logo() {
        let (configuration, untold) = configuration(&super::super::tests::public());
        assert!(untold.is_empty());
        insta::assert_snapshot!(configuration);
    }

    #[test]
    fn texts_cannot_begin_a_template() {
        assert_eq!(text("a \"b\" ${file(\"/etc/passwd\")} %{if}"), r#""a \"b\" $${file(\"/etc/passwd\")} %%{if}""#);
        assert_eq!(label("ShopWebApi"), "shop_web_api");
        assert_eq!(["ROOT", "ShopAPI", "ABTest", "A"].map(label), ["root", "shop_api", "ab_test", "a"]);
    }
}

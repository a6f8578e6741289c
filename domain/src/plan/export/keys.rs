//! Keys that a plan creates for its repositories, in other tools' words. Their tags lead to a run and say nothing outside of Gantry.

use serde_json::{Value, json};

use super::super::reference::{Piece, pieces};
use super::super::{Call, Plan};
use super::terraform::text;
use crate::kms::calls::{Call as Kms, CreateKey};

/// A key with all that the plan's steps say of it.
pub(super) struct NewKey<'p> {
    create: &'p CreateKey,
    alias: Option<&'p str>,
}

/// The key that a repository is encrypted with, where an earlier step creates it.
pub(super) fn created<'p>(plan: &'p Plan, key: Option<&str>) -> Option<NewKey<'p>> {
    let pieces = pieces(key?);
    let [Piece::Reference { step, .. }] = pieces.as_slice() else { return None };
    let step = plan.steps.iter().find(|known| known.id == *step)?;
    let Call::Kms(Kms::CreateKey(create)) = &step.call else { return None };
    let alias = plan.steps.iter().find_map(|later| match &later.call {
        Call::Kms(Kms::CreateAlias(input)) if later.depends_on.contains(&step.id) => Some(input.alias_name.as_str()),
        _ => None,
    });
    Some(NewKey { create, alias })
}

/// Whether a key is named as AWS answers it: by the ARN of the key itself, not by its id, an alias or the ARN of an alias.
pub(super) fn is_arn(key: &str) -> bool {
    key.starts_with("arn:") && key.contains(":key/")
}

/// Has Terraform ask for the ARN of a key that exists. A repository with another key than AWS answers is one that it would make anew.
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/kms_key>
pub(super) fn looked_up(name: &str, key: &str) -> String {
    format!("data \"aws_kms_key\" \"{name}\" {{\n  key_id = {}\n}}\n", text(key))
}

impl NewKey<'_> {
    /// The resources of a CloudFormation template, by id. Without a policy the key has KMS's default one there, too. It outlives its stack, as
    /// images may: without it nobody can read them. <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html>
    pub(super) fn resources(&self, id: &str) -> Vec<(String, Value)> {
        let properties = json!({
            "Description": self.create.description,
            "KeySpec": self.create.key_spec,
            "KeyUsage": self.create.key_usage,
        });
        let key = json!({ "Type": "AWS::KMS::Key", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain",
            "Properties": properties });
        let mut all = vec![(id.to_owned(), key)];
        if let Some(alias) = self.alias {
            let properties = json!({ "AliasName": alias, "TargetKeyId": { "Ref": id } });
            all.push((format!("{id}Alias"), json!({ "Type": "AWS::KMS::Alias", "Properties": properties })));
        }
        all
    }

    /// The resources of a Terraform configuration.
    /// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/kms_key>
    pub(super) fn blocks(&self, name: &str) -> String {
        let (description, spec) = (text(&self.create.description), text(&self.create.key_spec));
        let usage = text(&self.create.key_usage);
        let key = format!(
            "resource \"aws_kms_key\" \"{name}\" {{\n  description              = {description}\n  customer_master_key_spec = {spec}\n  key_usage                = {usage}\n}}\n"
        );
        let alias = self.alias.map(|alias| {
            let alias = text(alias);
            format!(
                "\nresource \"aws_kms_alias\" \"{name}\" {{\n  name          = {alias}\n  target_key_id = aws_kms_key.{name}.key_id\n}}\n"
            )
        });
        key + &alias.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{cli, cloudformation, terraform};
    use super::*;
    use crate::plan::{Answers, Facts};

    fn plan() -> Plan {
        encrypted(json!({ "type": "new_key", "alias": "images" }))
    }

    fn encrypted(encryption: Value) -> Plan {
        let answers = json!({ "scope": { "account": "111122223333", "region": "eu-west-1" }, "wizard": "create-repository",
            "answers": { "name": "shop/api", "encryption": encryption } });
        let answers: Answers = serde_json::from_value(answers).unwrap();
        answers.plan(&Facts::default()).unwrap()
    }

    #[test]
    fn a_template_creates_the_key_and_its_alias_and_the_repository_refers_to_it() {
        let (template, untold) = cloudformation::template(&plan());
        assert_eq!(untold, Vec::<String>::new());
        let resources = serde_json::from_str::<Value>(&template).unwrap()["Resources"].take();
        let key = json!({ "Description": "Encrypts the images of shop/api", "KeySpec": "SYMMETRIC_DEFAULT",
            "KeyUsage": "ENCRYPT_DECRYPT" });
        let key = json!({ "Type": "AWS::KMS::Key", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain",
            "Properties": key });
        assert_eq!(resources["ShopApiKey"], key);
        let alias = json!({ "AliasName": "alias/images", "TargetKeyId": { "Ref": "ShopApiKey" } });
        assert_eq!(resources["ShopApiKeyAlias"], json!({ "Type": "AWS::KMS::Alias", "Properties": alias }));
        let encryption = &resources["ShopApi"]["Properties"]["EncryptionConfiguration"];
        assert_eq!(encryption["KmsKey"], json!({ "Fn::GetAtt": ["ShopApiKey", "Arn"] }));
    }

    #[test]
    fn a_configuration_creates_the_key_and_its_alias_and_the_repository_refers_to_it() {
        let (configuration, untold) = terraform::configuration(&plan());
        assert_eq!(untold, Vec::<String>::new());
        for part in [
            "resource \"aws_kms_key\" \"shop_api\" {\n",
            "resource \"aws_kms_alias\" \"shop_api\" {\n  name          = \"alias/images\"\n",
            "  target_key_id = aws_kms_key.shop_api.key_id\n",
            "    kms_key         = aws_kms_key.shop_api.arn\n",
        ] {
            assert!(configuration.contains(part), "{configuration}");
        }
    }

    #[test]
    fn a_key_that_exists_is_told_of_by_the_arn_that_aws_answers() {
        const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
        let arn = |of: &str| format!("arn:aws:kms:eu-west-1:111122223333:{of}");
        let configuration = |key: &str| terraform::configuration(&encrypted(json!({ "type": "kms", "key": key }))).0;
        for key in ["alias/shop".to_owned(), ID.to_owned(), arn("alias/shop")] {
            let configuration = configuration(&key);
            let data = format!("\n\ndata \"aws_kms_key\" \"shop_api\" {{\n  key_id = \"{key}\"\n}}\n\nresource \"");
            let refers = "    kms_key         = data.aws_kms_key.shop_api.arn\n";
            assert!(configuration.contains(&data) && configuration.contains(refers), "{configuration}");
        }
        let key = arn(&format!("key/{ID}"));
        let configuration = configuration(&key);
        let named = format!("    kms_key         = \"{key}\"\n");
        assert!(configuration.contains(&named) && !configuration.contains("data \""), "{configuration}");
    }

    #[test]
    fn a_script_hands_on_what_the_key_is_called() {
        let script = cli::script(&plan());
        let key = "aws kms create-key --region eu-west-1 --output text --query '[KeyMetadata.Arn, KeyMetadata.KeyId]'";
        for part in [key, "read -r key_Arn key_KeyId <<EOF", "\"$key_Arn\"", "\"$key_KeyId\""] {
            assert!(script.contains(part), "{script}");
        }
    }
}

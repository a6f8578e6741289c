//! KMS: the keys that can encrypt a repository, and those that plans create.

mod execute;

pub(crate) use execute::{all_created, make, marked, read};

use aws_sdk_kms::types::{KeyManagerType, KeySpec, KeyState, KeyUsageType};
use domain::ecr::keys::Key;
use domain::{Code, Problem};
use std::collections::BTreeMap;

use crate::gather::each;
use crate::{Bucket, Caller, Pages, absent};

/// The key that AWS makes for ECR when it is first asked for.
const OWN: &str = "alias/aws/ecr";

/// All keys that ECR can use: symmetric, enabled, the customer's own or the one AWS manages for ECR.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html>
pub(crate) async fn for_repositories(caller: &Caller) -> Result<Vec<Key>, Problem> {
    let mut aliases = aliases(caller).await?;
    let keys = listed(caller).await?.into_iter().map(|(id, arn)| {
        let aliases = aliases.remove(&id).unwrap_or_default();
        Key { id, arn, aliases, ..Key::default() }
    });
    // Keys of other services are known by their aliases.
    let others = |key: &Key| key.aliases.iter().any(|a| a.starts_with("alias/aws/") && a != OWN);
    let described = each(keys.filter(|key| !others(key)).collect(), |key| described(caller, key)).await;
    let mut fit = vec![];
    for key in described {
        fit.extend(key?);
    }
    Ok(fit)
}

/// Id and ARN of each.
async fn listed(caller: &Caller) -> Result<Vec<(String, String)>, Problem> {
    const ACTION: &str = "kms:ListKeys";
    let (mut found, mut pages) = (vec![], Pages::new(ACTION));
    while let Some(token) = pages.next() {
        let request = caller.clients().kms().list_keys().limit(1000).set_marker(token);
        let page = caller.call(Bucket::Kms, ACTION, None, request.send()).await?;
        found.extend(page.keys.into_iter().flatten().filter_map(|key| Some((key.key_id?, key.key_arn?))));
        pages.then(page.next_marker)?;
    }
    Ok(found)
}

/// By the id of the key.
async fn aliases(caller: &Caller) -> Result<BTreeMap<String, Vec<String>>, Problem> {
    const ACTION: &str = "kms:ListAliases";
    let (mut found, mut pages) = (BTreeMap::<String, Vec<String>>::new(), Pages::new(ACTION));
    while let Some(token) = pages.next() {
        let request = caller.clients().kms().list_aliases().limit(100).set_marker(token);
        let page = caller.call(Bucket::Kms, ACTION, None, request.send()).await?;
        for alias in page.aliases.into_iter().flatten() {
            if let (Some(key), Some(name)) = (alias.target_key_id, alias.alias_name) {
                found.entry(key).or_default().push(name);
            }
        }
        pages.then(page.next_marker)?;
    }
    Ok(found)
}

/// The key with what is known of it; `None` when ECR cannot use it.
async fn described(caller: &Caller, mut key: Key) -> Result<Option<Key>, Problem> {
    let request = caller.clients().kms().describe_key().key_id(&key.id);
    let answer = caller.call(Bucket::Kms, "kms:DescribeKey", Some(&key.arn), request.send()).await;
    let told = match absent(answer) {
        Ok(Some(answer)) => answer.key_metadata,
        Ok(None) => return Ok(None),
        // A key's own policy decides who may look at it.
        Err(problem) if problem.code == Code::AwsDenied => {
            key.unknown = true;
            return Ok(Some(key));
        }
        Err(problem) => return Err(problem),
    };
    let Some(told) = told else { return Ok(None) };
    key.managed = told.key_manager == Some(KeyManagerType::Aws);
    key.description = told.description.unwrap_or_default();
    let own = !key.managed || key.aliases.iter().any(|alias| alias == OWN);
    let fits = own
        && told.key_state == Some(KeyState::Enabled)
        && told.key_usage == Some(KeyUsageType::EncryptDecrypt)
        && told.key_spec == Some(KeySpec::SymmetricDefault);
    Ok(fits.then_some(key))
}

#[cfg(test)]
mod tests;

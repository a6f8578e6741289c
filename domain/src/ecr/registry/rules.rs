//! AWS's rules for what people type about a registry. Each answers with the message beside the field.

use std::collections::BTreeSet;

use crate::document::partition;
use crate::ecr::rules::{kms_key, small};
use crate::identity::{AccountId, Region, Scope, clip};

use super::ReplicationRule;

/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html>
pub const MOST_RULES: usize = 10;
/// Different ones, of all rules together.
pub const MOST_DESTINATIONS: usize = 25;
/// Of one rule, of replication and of scanning.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationRule.html>
pub const MOST_FILTERS: usize = 100;
/// Of pull-through cache rules, and of creation templates.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>
pub const MOST_OF_A_REGISTRY: usize = 50;

/// The host of an upstream, however it was written.
pub fn host(url: &str) -> &str {
    url.trim().trim_start_matches("https://").trim_end_matches('/')
}

/// Letters, digits and what holds them together.
fn alphanumeric(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

/// A rule of replication: where to, and which repositories. `Err` names the part: `destinations.0`, `filters.2`, or `destinations`.
pub fn replication_rule(rule: &ReplicationRule, scope: &Scope) -> Result<(), (String, String)> {
    if rule.destinations.is_empty() {
        return Err(("destinations".into(), "Say where the images go: an account and a region.".into()));
    }
    let mut seen = BTreeSet::new();
    for (n, to) in rule.destinations.iter().enumerate() {
        let at = |message: String| (format!("destinations.{n}"), message);
        let account = AccountId::parse(&to.registry_id).map_err(|problem| at(problem.message))?;
        let region = Region::parse(&to.region).map_err(|problem| at(problem.message))?;
        if account == scope.account && region == scope.region {
            return Err(at("This is the registry itself. Choose another region, or another account.".into()));
        }
        // https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
        if partition(&region) != partition(&scope.region) {
            return Err(at(format!("{region} lies in another partition: images are not replicated over that border.")));
        }
        if !seen.insert((account, region)) {
            return Err(at("This destination stands twice in the rule.".into()));
        }
    }
    if rule.repository_filters.len() > MOST_FILTERS {
        let many = rule.repository_filters.len();
        return Err(("filters".into(), format!("A rule has at most {MOST_FILTERS} filters; these are {many}.")));
    }
    for (n, filter) in rule.repository_filters.iter().enumerate() {
        replication_filter(&filter.filter).map_err(|message| (format!("filters.{n}"), message))?;
    }
    Ok(())
}

/// How names of repositories begin that are replicated: `prod/`.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RepositoryFilter.html>
pub fn replication_filter(filter: &str) -> Result<(), String> {
    const EXAMPLE: &str = "such as prod/ or team-a";
    let length = filter.chars().count();
    if !(2..=256).contains(&length) {
        return Err(format!("A filter has 2 to 256 characters, {EXAMPLE}; this has {length}."));
    }
    if filter.contains('*') {
        return Err(format!("A filter here is how names begin; leave out the *, {EXAMPLE}."));
    }
    if !filter.bytes().all(|b| alphanumeric(b) || b"._-/".contains(&b)) {
        return Err(format!(
            "“{}” is not how a repository's name can begin: small letters, digits and . _ - /, {EXAMPLE}.",
            clip(filter)
        ));
    }
    let parts: Vec<&str> = filter.split('/').collect();
    let last = parts.len() - 1;
    let right = parts.iter().enumerate().all(|(n, part)| match part.as_bytes().first() {
        None => n == last,
        Some(first) => alphanumeric(*first),
    });
    if right { Ok(()) } else { Err(format!("Between / a name begins with a letter or digit, {EXAMPLE}.")) }
}

/// Which repositories are scanned, by their whole name: `prod/*`.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ScanningRepositoryFilter.html>
pub fn scanning_filter(filter: &str) -> Result<(), String> {
    const EXAMPLE: &str = "such as * for all, or prod/*";
    let length = filter.chars().count();
    if !(1..=256).contains(&length) {
        return Err(format!("A filter has 1 to 256 characters, {EXAMPLE}."));
    }
    let letter = |b: u8| alphanumeric(b) || b == b'*';
    let bytes = filter.as_bytes();
    if !bytes.iter().all(|b| letter(*b) || b"._-/".contains(b)) {
        return Err(format!("“{}” is not allowed: use small letters, digits, * and . _ - /, {EXAMPLE}.", clip(filter)));
    }
    let held = letter(bytes[0])
        && bytes.last().is_some_and(|b| letter(*b))
        && bytes.windows(2).all(|two| letter(two[0]) || letter(two[1]));
    if held { Ok(()) } else { Err(format!("Each of . _ - / stands alone between letters, digits or *, {EXAMPLE}.")) }
}

/// The KMS key of a creation template: of a repository's key, the whole ARN.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EncryptionConfigurationForRepositoryCreationTemplate.html>
pub fn template_key(key: &str, scope: &Scope) -> Result<(), String> {
    let resource = key.strip_prefix("arn:").and_then(|rest| rest.splitn(5, ':').nth(4));
    if resource.is_some_and(|resource| resource.starts_with("key/")) {
        return kms_key(key, scope);
    }
    Err(format!(
        "Name the key by its whole ARN, such as arn:{}:kms:{}:{}:key/1234abcd-12ab-34cd-56ef-1234567890ab: AWS takes no id or alias here.",
        partition(&scope.region),
        scope.region,
        scope.account
    ))
}

/// The prefix of a cache rule: how the repositories begin that cached images come to. `ROOT` for all that no other rule is for.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html>
pub fn cache_prefix(prefix: &str) -> Result<(), String> {
    prefix_of(prefix, 2, 30, "such as docker-hub")
}

/// The prefix of a creation template.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html>
pub fn template_prefix(prefix: &str) -> Result<(), String> {
    prefix_of(prefix, 1, 256, "such as team-a or prod")
}

fn prefix_of(prefix: &str, least: usize, most: usize, example: &str) -> Result<(), String> {
    if prefix == "ROOT" {
        return Ok(());
    }
    let length = prefix.chars().count();
    if length == 0 {
        return Err(format!("Say how the repositories' names begin, {example}; or ROOT."));
    }
    if prefix.bytes().any(|b| b.is_ascii_uppercase()) {
        let small = small(prefix);
        let advice = match prefix_of(&small, least, most, example) {
            Ok(()) => format!("write {}", clip(&small)),
            Err(_) => format!("small letters and digits, held together by one . _ - or /, {example}"),
        };
        return Err(format!("Capital letters are not allowed, but for ROOT: {advice}."));
    }
    if !(least..=most).contains(&length) {
        return Err(format!("A prefix has {least} to {most} characters, {example}; this has {length}."));
    }
    let name = prefix.strip_suffix('/').unwrap_or(prefix);
    let part = |part: &str| {
        let bytes = part.as_bytes();
        let edge = |b: Option<&u8>| b.is_some_and(|b| alphanumeric(*b));
        edge(bytes.first())
            && edge(bytes.last())
            && bytes.iter().all(|b| alphanumeric(*b) || b"._-".contains(b))
            && bytes.windows(2).all(|two| alphanumeric(two[0]) || alphanumeric(two[1]))
    };
    if name.split('/').all(part) {
        return Ok(());
    }
    Err(format!(
        "“{}” is no prefix: small letters and digits, held together by one . _ - or /, {example}.",
        clip(prefix)
    ))
}

/// The secret with user and token: of the same account and region, its name begins with `ecr-pullthroughcache/`.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html>
pub fn credential(arn: &str, scope: &Scope) -> Result<(), String> {
    let own = format!("arn:{}:secretsmanager:{}:{}:secret:", partition(&scope.region), scope.region, scope.account);
    let example = format!("{own}ecr-pullthroughcache/docker-hub-AbCdEf");
    if arn.is_empty() {
        return Err(format!("This registry wants a user: name the secret that has one, {example}."));
    }
    let fields: Vec<&str> = arn.splitn(7, ':').collect();
    let ["arn", _, "secretsmanager", region, account, "secret", name] = fields.as_slice() else {
        return Err(format!("“{}” is not the ARN of a secret: it looks like {example}.", clip(arn)));
    };
    if *account != scope.account.as_str() || *region != scope.region.as_str() {
        return Err(format!("The secret must be in the registry's own account and region: {own}…."));
    }
    let Some(rest) = name.strip_prefix("ecr-pullthroughcache/") else {
        return Err("AWS only takes a secret whose name begins with ecr-pullthroughcache/.".to_owned());
    };
    let fits = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b));
    if fits && arn.len() <= 612 {
        Ok(())
    } else {
        Err(format!("This is not the ARN of a secret: it looks like {example}."))
    }
}

/// The ARN of a role in the registry's own account.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-iam.html>
pub fn role(arn: &str, scope: &Scope) -> Result<(), String> {
    let own = format!("arn:{}:iam::{}:role/", partition(&scope.region), scope.account);
    match arn.strip_prefix(&own) {
        Some(name) if !name.is_empty() && arn.len() <= 2048 && !name.contains([' ', '*']) => Ok(()),
        _ => Err(format!("“{}” is not the ARN of a role of this account: it looks like {own}ecr-pull.", clip(arn))),
    }
}

#[cfg(test)]
mod tests;

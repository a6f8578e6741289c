//! AWS's rules for what people type about repositories and images. Each answers with the message beside the field: what is wrong, and
//! what a right one looks like.

pub mod typed;

use std::collections::BTreeSet;

use crate::document::partition;
use crate::identity::{Region, Scope, clip};

/// The most tags of a repository. <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-using-tags.html>
pub const MOST_TAGS: usize = 50;

/// The most filters of a repository that exclude tags from its mutability.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImageTagMutability.html>
pub const MOST_FILTERS: usize = 5;

/// The name of a private repository: 2 to 256 characters, small letters and digits, held together by `.`, `_`, `__` or hyphens, in
/// parts divided by `/`. <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html>
pub fn repository_name(name: &str) -> Result<(), String> {
    name_of(name, 256, |between| matches!(between, "." | "_" | "__") || between.bytes().all(|b| b == b'-'))
}

/// The name of a public repository: at most 205 characters, and one `.`, `_` or `-` at a time.
/// <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_CreateRepository.html>
pub fn public_repository_name(name: &str) -> Result<(), String> {
    name_of(name, 205, |between| between.len() == 1)
}

/// In small letters, with a hyphen for each blank.
pub(super) fn small(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

fn name_of(name: &str, most: usize, holds: fn(&str) -> bool) -> Result<(), String> {
    const EXAMPLE: &str = "such as team/web-app";
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let length = name.chars().count();
    if name.is_empty() {
        return Err(format!("Give it a name, {EXAMPLE}."));
    }
    if name.chars().any(|c| c.is_ascii_uppercase()) {
        let small = small(name);
        let advice = match name_of(&small, most, holds) {
            Ok(()) => format!("write {}", clip(&small)),
            Err(_) => format!("use small letters, digits and . _ - /, {EXAMPLE}"),
        };
        return Err(format!("Capital letters are not allowed: {advice}."));
    }
    if let Some(wrong) = name.chars().find(|c| !alphanumeric(*c) && !"._-/".contains(*c)) {
        return Err(format!("{} is not allowed: use small letters, digits and . _ - /, {EXAMPLE}.", shown(wrong)));
    }
    if length < 2 {
        return Err(format!("A name has at least 2 characters, {EXAMPLE}."));
    }
    if length > most {
        return Err(format!("A name has at most {most} characters; this has {length}."));
    }
    for part in name.split('/') {
        if part.is_empty() {
            return Err(format!("A / stands between two names, never first, last or twice, {EXAMPLE}."));
        }
        if !part.starts_with(alphanumeric) || !part.ends_with(alphanumeric) {
            return Err(format!("“{}” must begin and end with a letter or digit, {EXAMPLE}.", clip(part)));
        }
        if let Some(wrong) = part.split(alphanumeric).find(|between| !between.is_empty() && !holds(between)) {
            return Err(format!("“{}” cannot stand between letters: use one . _ or -, {EXAMPLE}.", clip(wrong)));
        }
    }
    Ok(())
}

/// The key of a tag on a repository: 1 to 128 letters, digits, blanks and `+ - = . _ : / @`, not beginning with `aws:`.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-using-tags.html>
pub fn tag_key(key: &str) -> Result<(), String> {
    if key.is_empty() {
        return Err("A tag needs a key, such as team.".to_owned());
    }
    tag_text(key, "key", 128, "cost-center")
}

/// The value of a tag on a repository: as the key, but up to 256 characters, and it may be empty.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-using-tags.html>
pub fn tag_value(value: &str) -> Result<(), String> {
    tag_text(value, "value", 256, "web team")
}

fn tag_text(text: &str, what: &str, most: usize, example: &str) -> Result<(), String> {
    let length = text.chars().count();
    if length > most {
        return Err(format!("A tag's {what} has at most {most} characters; this has {length}."));
    }
    if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        return Err(format!("aws: is kept for AWS's own tags: choose another {what}, such as {example}."));
    }
    let allowed = |c: char| c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "+-=._:/@".contains(c);
    match text.chars().find(|c| !allowed(*c)) {
        Some(wrong) => Err(format!(
            "{} is not allowed in a tag's {what}: use letters, digits, blanks and + - = . _ : / @, such as {example}.",
            shown(wrong)
        )),
        None => Ok(()),
    }
}

/// All tags of a repository together: at most 50, no key twice (case counts).
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-using-tags.html>
pub fn tags<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for key in keys {
        if !seen.insert(key) {
            return Err(format!("“{}” stands twice: a key has one value.", clip(key)));
        }
    }
    if seen.len() > MOST_TAGS {
        return Err(format!("A repository has at most {MOST_TAGS} tags; these are {}.", seen.len()));
    }
    Ok(())
}

/// The tag of an image, such as `v1.2`: letters, digits and `. _ -`, at most 128, not beginning with `.` or `-`.
/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests>
pub fn image_tag(tag: &str) -> Result<(), String> {
    const EXAMPLE: &str = "such as v1.2.0";
    let length = tag.chars().count();
    if tag.is_empty() {
        return Err(format!("Give the image a tag, {EXAMPLE}."));
    }
    if let Some(wrong) = tag.chars().find(|c| !c.is_ascii_alphanumeric() && !"._-".contains(*c)) {
        return Err(format!("{} is not allowed in a tag: use letters, digits and . _ -, {EXAMPLE}.", shown(wrong)));
    }
    if tag.starts_with(['.', '-']) {
        return Err(format!("A tag begins with a letter, a digit or _, {EXAMPLE}."));
    }
    if length > 128 {
        return Err(format!("A tag has at most 128 characters; this has {length}."));
    }
    Ok(())
}

/// The digest of an image: `sha256:` and 64 hexadecimal digits in small letters.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageIdentifier.html>
pub fn image_digest(digest: &str) -> Result<(), String> {
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let Some(digits) = digest.strip_prefix("sha256:") else {
        return Err("A digest begins with sha256:, such as sha256:4f53cda1… with 64 digits.".to_owned());
    };
    if digits.len() == 64 && hex(digits) {
        return Ok(());
    }
    if digits.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err("A digest is written in small letters, such as sha256:4f53cda1….".to_owned());
    }
    if !hex(digits) {
        return Err("After sha256: come only 0 to 9 and a to f, such as sha256:4f53cda1….".to_owned());
    }
    Err(format!("After sha256: come 64 digits, such as sha256:4f53cda1…; these are {}.", digits.len()))
}

/// A filter of tags that are excluded from a repository's mutability, such as `dev-*`: letters, digits and `. _ * -`, at most 128, and
/// at most two `*`. <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageTagMutabilityExclusionFilter.html>
pub fn mutability_filter(filter: &str) -> Result<(), String> {
    const EXAMPLE: &str = "such as latest or dev-*";
    let length = filter.chars().count();
    if filter.is_empty() {
        return Err(format!("Say which tags, {EXAMPLE}."));
    }
    if let Some(wrong) = filter.chars().find(|c| !c.is_ascii_alphanumeric() && !"._*-".contains(*c)) {
        return Err(format!("{} is not allowed here: use letters, digits and . _ - *, {EXAMPLE}.", shown(wrong)));
    }
    if length > 128 {
        return Err(format!("A filter has at most 128 characters; this has {length}."));
    }
    let stars = filter.matches('*').count();
    if stars > 2 {
        return Err(format!("A filter has at most two *; this has {stars}. Make it {EXAMPLE}."));
    }
    Ok(())
}

/// All such filters together: one to five when the mutability says "with exclusion", none twice.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImageTagMutability.html>
pub fn mutability_filters<'a>(filters: impl IntoIterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for filter in filters {
        if !seen.insert(filter) {
            return Err(format!("“{}” stands twice.", clip(filter)));
        }
    }
    match seen.len() {
        0 => Err("With exclusions, name at least one filter, such as latest or dev-*.".to_owned()),
        many if many > MOST_FILTERS => Err(format!("At most {MOST_FILTERS} filters are allowed; these are {many}.")),
        _ => Ok(()),
    }
}

/// Whether images can be encrypted in two layers (`KMS_DSSE`) in a region: only in those of AWS GovCloud (US).
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html>
pub fn has_two_layers(region: &Region) -> bool {
    partition(region) == "aws-us-gov"
}

/// Refuses two layers where there are none.
pub fn two_layers(scope: &Scope) -> Result<(), String> {
    match has_two_layers(&scope.region) {
        true => Ok(()),
        false => Err(format!(
            "AWS encrypts images in two layers only in its GovCloud (US) regions, not in {}.",
            scope.region
        )),
    }
}

/// The KMS key of a repository: a key id, an alias, or the ARN of either; then in the repository's own region and account.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EncryptionConfiguration.html>
pub fn kms_key(key: &str, scope: &Scope) -> Result<(), String> {
    const EXAMPLE: &str = "such as alias/images or 1234abcd-12ab-34cd-56ef-1234567890ab";
    if key.is_empty() {
        return Err(format!("Name a key, {EXAMPLE}, or choose the key that AWS manages."));
    }
    if !key.starts_with("arn:") {
        return key_or_alias(key, EXAMPLE);
    }
    let fields: Vec<&str> = key.splitn(6, ':').collect();
    let ["arn", of, "kms", region, account, resource] = fields.as_slice() else {
        return Err(format!("“{}” is not the ARN of a KMS key, {EXAMPLE}.", clip(key)));
    };
    let own = format!("{}:kms:{}:{}", partition(&scope.region), scope.region, scope.account);
    if *region != scope.region.as_str() {
        return Err(format!("The key is in {}; it must be in the repository's region: arn:{own}:….", clip(region)));
    }
    if *of != partition(&scope.region) {
        return Err(format!("{} lies in another partition: arn:{own}:….", scope.region));
    }
    if *account != scope.account.as_str() {
        return Err(format!("The key is of account {}; take one of the repository's: arn:{own}:….", clip(account)));
    }
    match resource.strip_prefix("key/") {
        Some(id) if is_key_id(id) => Ok(()),
        None if resource.starts_with("alias/") => key_or_alias(resource, EXAMPLE),
        _ => Err(format!(
            "“{}” is no key or alias: the ARN ends in key/ and an id, or in alias/ and a name.",
            clip(resource)
        )),
    }
}

fn key_or_alias(key: &str, example: &str) -> Result<(), String> {
    let Some(name) = key.strip_prefix("alias/") else {
        return if is_key_id(key) {
            Ok(())
        } else {
            Err(format!("“{}” is no key id; an alias begins with alias/, {example}.", clip(key)))
        };
    };
    // <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>
    if name.is_empty() || key.len() > 256 || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_-".contains(&b)) {
        return Err(format!("An alias has letters, digits and / _ - after alias/, at most 256 in all, {example}."));
    }
    Ok(())
}

/// A UUID, or the id of a multi-Region key.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-id>
fn is_key_id(id: &str) -> bool {
    let hex = |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(rest) = id.strip_prefix("mrk-") {
        return hex(rest, 32);
    }
    let parts: Vec<&str> = id.split('-').collect();
    let lengths = [8, 4, 4, 4, 12];
    parts.len() == lengths.len() && parts.iter().zip(lengths).all(|(part, length)| hex(part, length))
}

/// A character as a message names it: some cannot be seen.
fn shown(c: char) -> String {
    match c {
        ' ' => "A blank".to_owned(),
        c if c.is_whitespace() || c.is_control() => format!("The invisible character {}", c.escape_unicode()),
        c => format!("“{c}”"),
    }
}

#[cfg(test)]
mod tests;

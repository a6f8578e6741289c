//! Names of things: account, region, scope, ARN and the key of a resource. Each is a newtype that only `parse` can make,
//! so a value that exists is a valid one.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::kind::Kind;
use crate::problem::Problem;

macro_rules! text_newtype {
    ($name:ident) => {
        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl std::str::FromStr for $name {
            type Err = Problem;
            fn from_str(text: &str) -> Result<Self, Problem> {
                Self::parse(text)
            }
        }
        impl TryFrom<String> for $name {
            type Error = Problem;
            fn try_from(text: String) -> Result<Self, Problem> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }
    };
}

/// A 12-digit AWS account id.
/// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);
text_newtype!(AccountId);

impl AccountId {
    /// Accepts exactly twelve ASCII digits.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Problem::invalid("account", format!("“{}” is not an AWS account id: it has 12 digits.", clip(text))))
        }
    }
}

/// An AWS region code such as `eu-west-1`, or `global` for what has no region (IAM).
/// <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);
text_newtype!(Region);

impl Region {
    /// Accepts the shape of a region code (`xx-name-N`, also with a partition such as `us-gov-west-1`); new regions need no release.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let parts: Vec<&str> = text.split('-').collect();
        let shape = (3..=4).contains(&parts.len())
            && text.len() <= 32
            && parts.iter().all(|p| !p.is_empty())
            && parts[..parts.len() - 1].iter().all(|p| p.bytes().all(|b| b.is_ascii_lowercase()))
            && parts[parts.len() - 1].bytes().all(|b| b.is_ascii_digit());
        if shape || text == "global" {
            Ok(Self(text.to_owned()))
        } else {
            Err(Problem::invalid("region", format!("“{}” is not an AWS region: they look like eu-west-1.", clip(text))))
        }
    }

    /// The pseudo-region of services that have none.
    pub fn global() -> Self {
        Self("global".to_owned())
    }
}

/// One account in one region: the unit in which AWS lists things and counts quotas.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Scope {
    /// The account.
    pub account: AccountId,
    /// The region, or `global`.
    pub region: Region,
}

impl Scope {
    /// Puts the two together.
    pub fn new(account: AccountId, region: Region) -> Self {
        Self { account, region }
    }
    /// The same account without a region.
    pub fn global(&self) -> Self {
        Self { account: self.account.clone(), region: Region::global() }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

/// An Amazon Resource Name. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arn(String);
text_newtype!(Arn);

impl Arn {
    /// Accepts `arn:partition:service:region:account:resource` with at most 2,048 characters.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let fields = text.splitn(6, ':').collect::<Vec<_>>();
        if text.len() <= 2048
            && fields.len() == 6
            && fields[0] == "arn"
            && !fields[1].is_empty()
            && !fields[2].is_empty()
            && !fields[5].is_empty()
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(Problem::invalid("arn", format!("“{}” is not an ARN.", clip(text))))
        }
    }
    fn field(&self, n: usize) -> &str {
        self.0.splitn(6, ':').nth(n).unwrap_or_default()
    }
    /// The service part, such as `lambda`.
    pub fn service(&self) -> &str {
        self.field(2)
    }
    /// The region part; empty for global resources.
    pub fn region(&self) -> &str {
        self.field(3)
    }
    /// The account part; empty for some (S3 buckets).
    pub fn account(&self) -> &str {
        self.field(4)
    }
    /// Everything after the account, such as `function:thumbnailer`.
    pub fn resource(&self) -> &str {
        self.field(5)
    }
}

/// What identifies a resource in Gantry: its kind, scope and the id AWS gives it within them.
///
/// As text: `kind/account/region/id`, where only the id may contain further slashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceKey {
    /// What kind of thing.
    pub kind: Kind,
    /// Where it is.
    pub scope: Scope,
    /// AWS's id within kind and scope: a name, `cluster/service`, `repository@sha256:…`.
    pub id: String,
}

impl ResourceKey {
    /// Puts the parts together; refuses what [`ResourceKey::check`] does.
    pub fn new(kind: Kind, scope: Scope, id: impl Into<String>) -> Result<Self, Problem> {
        let key = Self { kind, scope, id: id.into() };
        key.check()?;
        Ok(key)
    }
    /// Refuses an id that is empty, longer than 2,048 bytes (AWS's longest are ARNs) or has control characters.
    pub fn check(&self) -> Result<(), Problem> {
        let why = if self.id.is_empty() {
            "it is empty"
        } else if self.id.len() > 2048 {
            "it is too long, 2,048 bytes are the most"
        } else if self.id.chars().any(char::is_control) {
            "it has control characters"
        } else {
            return Ok(());
        };
        let message = format!("“{}” cannot be the id of this {}: {why}.", clip(&self.id), self.kind.singular());
        Err(Problem::invalid("id", message))
    }
    /// Reads `kind/account/region/id`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let mut parts = text.splitn(4, '/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(kind), Some(account), Some(region), Some(id)) => {
                Self::new(Kind::parse(kind)?, Scope::new(AccountId::parse(account)?, Region::parse(region)?), id)
            }
            _ => {
                Err(Problem::invalid("key", format!("“{}” is not a resource key: kind/account/region/id.", clip(text))))
            }
        }
    }
    /// As people call it: `service web in prod`, `pod web-7d9 in prod/shop`; where that is cut, the cluster goes first.
    pub fn spoken(&self) -> String {
        let kind = self.kind.singular();
        match (self.kind, self.id.split_once('/')) {
            (Kind::Service | Kind::Task, Some((cluster, name))) => format!("{kind} {name} in {cluster}"),
            // The name of a pod is the last of three parts.
            (Kind::Pod, Some(_)) => {
                let (place, name) = self.id.rsplit_once('/').unwrap_or(("", self.id.as_str()));
                format!("{kind} {name} in {place}")
            }
            _ => format!("{kind} {}", self.id),
        }
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ResourceKey {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("`kind/account/region/id`, where only the id may contain further slashes."))
            .examples([serde_json::json!("lambda.function/111122223333/eu-west-1/thumbnailer")])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ResourceKey {}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind.stem(), self.scope, self.id)
    }
}

impl TryFrom<String> for ResourceKey {
    type Error = Problem;
    fn try_from(text: String) -> Result<Self, Problem> {
        Self::parse(&text)
    }
}

impl From<ResourceKey> for String {
    fn from(key: ResourceKey) -> String {
        key.to_string()
    }
}

/// Shortens what a message quotes, so that a 10,000-character name does not fill the page.
pub(crate) fn clip(text: &str) -> String {
    if text.chars().count() <= 80 {
        return text.to_owned();
    }
    let head: String = text.chars().take(77).collect();
    format!("{head}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_ids_have_twelve_digits() {
        assert!(AccountId::parse("111122223333").is_ok());
        for bad in ["", "11112222333", "1111222233334", "11112222333x", "１11122223333"] {
            assert!(AccountId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn regions_are_recognised_by_shape() {
        for good in ["eu-west-1", "us-gov-west-1", "ap-southeast-7", "global"] {
            assert!(Region::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "eu", "EU-west-1", "eu-west-", "eu-west-1/..", "a-b-c-d-1"] {
            assert!(Region::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_survives_its_text_form_with_slashes_in_the_id() {
        let key = ResourceKey::parse("ecr.image/111122223333/eu-west-1/web/app@sha256:ab").unwrap();
        assert_eq!(key.id, "web/app@sha256:ab");
        assert_eq!(ResourceKey::parse(&key.to_string()).unwrap(), key);
        assert!(ResourceKey::parse("ecr.image/1111/eu-west-1/x").is_err());
        assert!(ResourceKey::parse("nonsense/111122223333/eu-west-1/x").is_err());
    }

    #[test]
    fn an_impossible_id_is_refused_with_the_reason() {
        let refused = |id: &str| {
            let scope = Scope::new(AccountId::parse("111122223333").unwrap(), Region::global());
            ResourceKey::new(Kind::Role, scope, id).err().map(|p| p.message).unwrap_or_default()
        };
        assert_eq!(refused(&"a".repeat(2048)), "");
        assert!(refused("").ends_with("cannot be the id of this IAM role: it is empty."));
        assert!(refused(&"a".repeat(2049)).ends_with("it is too long, 2,048 bytes are the most."));
        assert!(refused("a\nb").ends_with("it has control characters."));
    }

    #[test]
    fn keys_are_spoken_with_the_place_last() {
        let spoken = |key: &str| ResourceKey::parse(key).unwrap().spoken();
        assert_eq!(spoken("ecs.service/111122223333/eu-west-1/prod/web"), "service web in prod");
        assert_eq!(spoken("eks.pod/111122223333/eu-west-1/shop/production/web-7d9"), "pod web-7d9 in shop/production");
        assert_eq!(spoken("lambda.function/111122223333/eu-west-1/resize"), "function resize");
    }

    #[test]
    fn messages_quote_long_input_shortened() {
        let problem = AccountId::parse(&"9".repeat(10_000)).unwrap_err();
        assert!(problem.message.len() < 200);
    }
}

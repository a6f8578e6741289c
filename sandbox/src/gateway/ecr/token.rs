//! Passwords of the registry: which account and region they are for, and until when.
//!
//! As on AWS the user is `AWS` and the password lasts 12 hours
//! (<https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html>). It is not secret here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::gateway::upstream::Scope;

/// How long a password lasts, in seconds.
pub const LIFETIME: f64 = 12.0 * 3600.0;

/// Why a password is not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is none of the sandbox's.
    Unknown,
    /// Its time is over.
    Expired,
}

/// A password for a registry.
pub fn password(scope: &Scope, now: f64) -> String {
    let content = json!({ "account": scope.account, "region": scope.region, "expiration": now + LIFETIME });
    STANDARD.encode(content.to_string())
}

/// What GetAuthorizationToken gives: user and password, as `Authorization: Basic` takes them.
pub fn authorization(scope: &Scope, now: f64) -> String {
    STANDARD.encode(format!("AWS:{}", password(scope, now)))
}

/// The registry that a password is for.
pub fn registry_of(password: &str, now: f64) -> Result<Scope, Refused> {
    let content = STANDARD.decode(password).map_err(|_| Refused::Unknown)?;
    let content: Value = serde_json::from_slice(&content).map_err(|_| Refused::Unknown)?;
    let text = |name: &str| content[name].as_str().map(str::to_owned).ok_or(Refused::Unknown);
    let scope = Scope { account: text("account")?, region: text("region")? };
    match content["expiration"].as_f64() {
        Some(until) if until > now => Ok(scope),
        Some(_) => Err(Refused::Expired),
        None => Err(Refused::Unknown),
    }
}

/// The registry that an `Authorization` header of a container client is for.
pub fn registry_of_header(header: &str, now: f64) -> Result<Scope, Refused> {
    let (scheme, encoded) = header.split_once(' ').ok_or(Refused::Unknown)?;
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| Refused::Unknown)?;
    let text = String::from_utf8(decoded).map_err(|_| Refused::Unknown)?;
    match text.split_once(':') {
        Some(("AWS", password)) if scheme.eq_ignore_ascii_case("basic") => registry_of(password, now),
        _ => Err(Refused::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_back_to_its_registry_until_it_expires() {
        let scope = Scope { account: "111122223333".into(), region: "eu-west-1".into() };
        let header = format!("Basic {}", authorization(&scope, 1000.0));
        assert_eq!(registry_of_header(&header, 1000.0 + LIFETIME - 1.0), Ok(scope));
        assert_eq!(registry_of_header(&header, 1000.0 + LIFETIME + 1.0), Err(Refused::Expired));
        let stranger = format!("Basic {}", STANDARD.encode("AWS:secret"));
        for header in ["", "Basic", "Basic !", &stranger, &header.replace("Basic", "Bearer")] {
            assert_eq!(registry_of_header(header, 1000.0), Err(Refused::Unknown), "{header}");
        }
    }
}

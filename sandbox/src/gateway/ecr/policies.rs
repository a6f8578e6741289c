//! Policies that say who may use a repository or registry: AWS gives none back as it came.

use axum::response::Response;
use domain::iam::policy_document::as_kept;
use serde_json::Value;

use super::{TARGET, required};
use crate::gateway::Gateway;
use crate::gateway::upstream::Scope;

/// SetRepositoryPolicy: the emulator keeps the text that it is given.
pub async fn set(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let text = kept(required(request, "policyText")?);
    let mut request = request.clone();
    request["policyText"] = text.into();
    gateway.upstream.ask(scope, "ecr", &format!("{TARGET}.SetRepositoryPolicy"), &request).await
}

/// A policy as AWS keeps it. What is no JSON, and what AWS would not change, stays to the letter.
pub fn kept(text: &str) -> String {
    let Ok(policy) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    let kept = as_kept(&policy);
    if kept == policy { text.to_owned() } else { format!("{kept:#}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_would_not_change_stays_to_the_letter() {
        let of = |who: &str| format!(r#"{{ "Statement": [{{ "Principal": {{ "AWS": "{who}" }} }}] }}"#);
        let right = of("arn:aws:iam::444455556666:root");
        assert_eq!((kept(&right), kept("no policy")), (right.clone(), "no policy".to_owned()));
        let changed: Value = serde_json::from_str(&kept(&of("444455556666"))).unwrap();
        assert_eq!(changed, serde_json::from_str::<Value>(&right).unwrap());
    }
}

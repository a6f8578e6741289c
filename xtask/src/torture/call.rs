//! A call on its way through the gate: told by service, operation and document, whichever of AWS's protocols it speaks.

use serde_json::{Value, json};

use super::http::Message;
use super::push;

/// One call on its way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call {
    /// `ecr.CreateRepository`: the signing name, and the operation.
    pub operation: String,
    /// Its document.
    pub body: String,
}

impl Call {
    /// What a request asks; nothing where it is none that plans make or read.
    pub fn of(request: &Message) -> Option<Self> {
        if let Some(push) = push::of(request) {
            let operation = match push.operation {
                "PutManifest" | "PutTag" => "ecr.CopyImage".to_owned(),
                other => format!("registry.{other}"),
            };
            return Some(Self { operation, body: json!({ "repositoryName": push.repository }).to_string() });
        }
        if let Some(call) = of_lambda(&request.first) {
            return Some(call);
        }
        let operation = request.header("x-amz-target")?.rsplit('.').next()?;
        let (_, scope) = request.header("authorization")?.split_once("Credential=")?;
        let service = scope.split(',').next()?.split('/').nth(3)?;
        let body: Value = serde_json::from_slice(&request.body).ok()?;
        Some(Self { operation: format!("{service}.{operation}"), body: body.to_string() })
    }

    /// Whether its document names this, also with the number of a revision after it.
    pub fn names(&self, name: &str) -> bool {
        let ends = |at: usize| self.body[at + name.len()..].starts_with(['"', ':']);
        !name.is_empty() && self.body.match_indices(name).any(|(at, _)| ends(at))
    }

    /// How AWS calls what it created, where later calls about that name nothing else.
    pub fn created(&self, answer: &[u8]) -> Option<String> {
        if self.operation != "kms.CreateKey" {
            return None;
        }
        let answer: Value = serde_json::from_slice(answer).ok()?;
        Some(answer["KeyMetadata"]["KeyId"].as_str()?.to_owned())
    }
}

/// Of Lambda the function's name is in the path.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html>
fn of_lambda(first: &str) -> Option<Call> {
    let (method, rest) = first.split_once(" /2015-03-31/functions/")?;
    let path = rest.split([' ', '?']).next()?;
    let (function, part) = path.split_once('/').unwrap_or((path, ""));
    let operation = match (method, part) {
        ("PUT", "code") => "lambda.UpdateFunctionCode",
        ("GET", "") if !function.is_empty() => "lambda.GetFunction",
        _ => return None,
    };
    Some(Call { operation: operation.into(), body: json!({ "FunctionName": function }).to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_by_service_and_operation() {
        let headers = [
            ("x-amz-target", "SpencerFrontendService.TagResource"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=111122223333/20261123/us-east-1/ecr-public/aws4_request, SignedHeaders=host",
            ),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let request = Message { first: "POST / HTTP/1.1".into(), headers, body: b"{\"a\":\"torture\\/b\"}".to_vec() };
        let read = Call { operation: "ecr-public.TagResource".into(), body: r#"{"a":"torture/b"}"#.into() };
        assert_eq!(Call::of(&request), Some(read));
        let headers = vec![("authorization".to_owned(), "Basic QVdTOng=".to_owned())];
        let of = |first: &str| {
            let request = Message { first: first.into(), headers: headers.clone(), body: vec![] };
            Call::of(&request).map(|call| (call.operation, call.body))
        };
        let body = r#"{"repositoryName":"torture/a"}"#.to_owned();
        let put = of("PUT /v2/torture/a/manifests/sha256:0 HTTP/1.1");
        assert_eq!(put, Some(("ecr.CopyImage".to_owned(), body.clone())));
        assert_eq!(of("HEAD /v2/torture/a/blobs/sha256:0 HTTP/1.1"), Some(("registry.GetBlob".to_owned(), body)));
        let body = r#"{"FunctionName":"torture-a"}"#.to_owned();
        let update = of("PUT /2015-03-31/functions/torture-a/code HTTP/1.1");
        assert_eq!(update, Some(("lambda.UpdateFunctionCode".to_owned(), body.clone())));
        let read = of("GET /2015-03-31/functions/torture-a HTTP/1.1");
        assert_eq!(read, Some(("lambda.GetFunction".to_owned(), body)));
        assert_eq!(of("GET /2015-03-31/functions/?MaxItems=50 HTTP/1.1"), None);
    }

    #[test]
    fn a_name_ends_where_it_ends() {
        let call = |body: &str| Call { operation: "ecs.DeregisterTaskDefinition".into(), body: body.into() };
        for body in [r#"{"a":"torture-p01"}"#, r#"{"a":"arn:aws:ecs:x:1:task-definition/torture-p01:2"}"#] {
            assert!(call(body).names("torture-p01"), "{body}");
            assert!(!call(body).names("torture-p0") && !call(body).names(""), "{body}");
        }
        let create = Call { operation: "kms.CreateKey".into(), body: String::new() };
        assert_eq!(create.created(br#"{"KeyMetadata":{"KeyId":"1a"}}"#).as_deref(), Some("1a"));
        assert_eq!(call("{}").created(br#"{"KeyMetadata":{"KeyId":"1a"}}"#), None);
    }
}

//! Calls that push into the registry, as a copy makes them beside its calls to AWS: they go to the same address, and so the same way.
//! <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#push>

use super::http::Message;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Push<'m> {
    /// The repository it is about.
    pub repository: &'m str,
    /// What it does: `GetBlob`, `BeginUpload`, `SendPiece`, `EndUpload`; `PutManifest` under its digest, `PutTag` under a tag.
    pub operation: &'static str,
}

/// Reads one. Nothing for what is sent before the registry said how it lets people in: it is refused, and sent again.
pub fn of(request: &Message) -> Option<Push<'_>> {
    request.header("authorization").filter(|given| given.starts_with("Basic "))?;
    let (method, rest) = request.first.split_once(" /v2/")?;
    let path = rest.split([' ', '?']).next()?;
    let (repository, operation) = if let Some((repository, upload)) = path.split_once("/blobs/uploads/") {
        let operation = match (method, upload) {
            ("POST", "") => "BeginUpload",
            ("PATCH", _) => "SendPiece",
            ("PUT", _) => "EndUpload",
            _ => return None,
        };
        (repository, operation)
    } else if let Some((repository, _)) = path.split_once("/blobs/") {
        (repository, "GetBlob")
    } else {
        let (repository, reference) = path.split_once("/manifests/")?;
        // In a path a colon may be escaped.
        let by_digest = reference.starts_with("sha256");
        (repository, if method == "PUT" { if by_digest { "PutManifest" } else { "PutTag" } } else { "GetManifest" })
    };
    Some(Push { repository, operation })
}

/// How a registry says no. <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes>
pub fn refusal(status: &str, code: &str, message: &str) -> Message {
    let body = serde_json::json!({ "errors": [{ "code": code, "message": message }] }).to_string().into_bytes();
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Message { first: format!("HTTP/1.1 {status}"), headers, body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushes_are_told_by_method_and_path() {
        let basic = vec![("authorization".to_owned(), "Basic QVdTOng=".to_owned())];
        let told = |first: &str, headers: &[(String, String)]| {
            let request = Message { first: format!("{first} HTTP/1.1"), headers: headers.to_vec(), body: vec![] };
            of(&request).map(|push| (push.repository.to_owned(), push.operation))
        };
        for (first, operation) in [
            ("HEAD /v2/torture/a/blobs/sha256:0", "GetBlob"),
            ("POST /v2/torture/a/blobs/uploads/", "BeginUpload"),
            ("PATCH /v2/torture/a/blobs/uploads/7", "SendPiece"),
            ("PUT /v2/torture/a/blobs/uploads/7?digest=sha256%3A0", "EndUpload"),
            ("PUT /v2/torture/a/manifests/sha256:0", "PutManifest"),
            ("PUT /v2/torture/a/manifests/v1", "PutTag"),
        ] {
            assert_eq!(told(first, &basic), Some(("torture/a".to_owned(), operation)), "{first}");
        }
        assert_eq!(told("PUT /v2/torture/a/manifests/v1", &[]), None);
        assert_eq!(told("GET /v2/apis/a", &basic), None);
        assert_eq!(told("POST /", &basic), None);
    }
}

//! What refers to an image, page by page: signatures, bills of materials, attestations.

use aws_sdk_ecr::types::{ArtifactStatusFilter, ImageReferrer, ListImageReferrersFilter, SubjectIdentifier};
use domain::ecr::referrers::{Referrer, Referrers};
use domain::{Code, Problem};

use crate::{Bucket, Caller, Pages, absent};

const ACTION: &str = "ecr:ListImageReferrers";
/// More than anybody signs; the rest is not read.
const MOST: usize = 500;
/// The most of one page.
const PAGE: i32 = 50;

/// The referrers of an image; `None` when its repository does not exist. That an endpoint lacks the call is an answer, no trouble.
pub(super) async fn read(caller: &Caller, repository: &str, digest: &str) -> Result<Option<Referrers>, Problem> {
    let incomplete = |e: aws_sdk_ecr::error::BuildError| {
        Problem::new(Code::AwsRejected, "The call could not be made", format!("It could not be put together: {e}."))
    };
    let subject = SubjectIdentifier::builder().image_digest(digest).build().map_err(incomplete)?;
    // Archived signatures are signatures, too.
    let any = ListImageReferrersFilter::builder().artifact_status(ArtifactStatusFilter::Any).build();
    let (mut referrers, mut more) = (vec![], false);
    let mut pages = Pages::new(ACTION);
    while let Some(token) = pages.next() {
        let request = caller.clients().ecr().list_image_referrers().repository_name(repository);
        let request = request.subject_id(subject.clone()).filter(any.clone()).max_results(PAGE).set_next_token(token);
        let page = match absent(caller.call(Bucket::Ecr, ACTION, Some(repository), request.send()).await) {
            Ok(Some(page)) => page,
            Ok(None) => return Ok(None),
            Err(problem) if problem.code == Code::NotImplemented => return Ok(Some(Referrers::Unsupported)),
            Err(problem) => return Err(problem),
        };
        referrers.extend(page.referrers.into_iter().flatten().map(referrer));
        if referrers.len() >= MOST {
            more = page.next_token.is_some();
            break;
        }
        pages.then(page.next_token)?;
    }
    Ok(Some(Referrers::Told { referrers, more }))
}

fn referrer(told: ImageReferrer) -> Referrer {
    Referrer {
        digest: told.digest,
        media_type: told.media_type,
        artifact_type: told.artifact_type,
        size: told.size,
        annotations: told.annotations.into_iter().flatten().collect(),
        artifact_status: told.artifact_status.map(|status| status.as_str().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::caller;
    use serde_json::{Value, json};

    fn registry(operation: &str, input: &Value) -> (u16, Value) {
        assert_eq!((operation, &input["subjectId"]["imageDigest"]), ("ListImageReferrers", &json!("sha256:a")));
        assert_eq!(input["filter"]["artifactStatus"], "ANY");
        let referrer = |digest: &str, kind: &str| {
            json!({"digest": digest, "mediaType": "application/vnd.oci.image.manifest.v1+json", "artifactType": kind,
                "size": 700, "annotations": {"org.opencontainers.image.created": "2026-01-01"}, "artifactStatus": "ACTIVE"})
        };
        match input["nextToken"].as_str() {
            None => {
                let signature = referrer("sha256:s", "application/vnd.cncf.notary.signature");
                (200, json!({"referrers": [signature], "nextToken": "2"}))
            }
            Some(_) => (200, json!({"referrers": [referrer("sha256:b", "application/spdx+json")]})),
        }
    }

    #[tokio::test]
    async fn every_page_is_read() {
        let answer = read(&caller(registry), "web", "sha256:a").await.unwrap();
        let Some(Referrers::Told { referrers, more: false }) = answer else { panic!("{answer:?}") };
        let digests: Vec<&str> = referrers.iter().map(|r| r.digest.as_str()).collect();
        assert_eq!(digests, ["sha256:s", "sha256:b"]);
        assert_eq!((referrers[0].size, referrers[0].artifact_status.as_deref()), (700, Some("ACTIVE")));
        assert_eq!(referrers[0].annotations["org.opencontainers.image.created"], "2026-01-01");
    }

    #[tokio::test]
    async fn an_endpoint_without_it_is_an_answer_and_a_missing_permission_is_not() {
        let lacking = caller(|_, _| (501, json!({"__type": "NotImplementedException", "message": "no"})));
        assert_eq!(read(&lacking, "web", "sha256:a").await.unwrap(), Some(Referrers::Unsupported));
        let denied = caller(|_, _| (400, json!({"__type": "AccessDeniedException", "message": "no"})));
        let problem = read(&denied, "web", "sha256:a").await.unwrap_err();
        assert_eq!(problem.iam_action.as_deref(), Some("ecr:ListImageReferrers"));
    }
}

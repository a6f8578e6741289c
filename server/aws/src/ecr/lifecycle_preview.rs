//! AWS's preview of a lifecycle policy: it is begun, asked for until it is there, and read page by page.
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/lpp_creation.html>

use aws_sdk_ecr::types::{ImageActionType, LifecyclePolicyPreviewResult, LifecyclePolicyPreviewStatus};
use domain::ecr::lifecycle::aws_preview::{Act, AwsPreview};
use domain::{Code, Problem};
use std::time::Duration;

use crate::{Bucket, Caller, Pages, absent};

const START: &str = "ecr:StartLifecyclePolicyPreview";
const GET: &str = "ecr:GetLifecyclePolicyPreview";
/// Between two questions whether it is there.
const PAUSE: Duration = Duration::from_secs(1);
/// So often it is asked; then somebody may ask again, for AWS goes on.
const QUESTIONS: u64 = 20;
/// The most of one page.
const PAGE: i32 = 100;

/// What AWS says that this policy would do; `None` when the repository does not exist.
pub(super) async fn read(caller: &Caller, repository: &str, policy: &str) -> Result<Option<AwsPreview>, Problem> {
    match preview(caller, repository, policy, PAUSE).await {
        Err(problem) if problem.code == Code::NotImplemented => Ok(Some(AwsPreview::Unsupported)),
        answer => answer,
    }
}

async fn preview(
    caller: &Caller,
    repository: &str,
    policy: &str,
    pause: Duration,
) -> Result<Option<AwsPreview>, Problem> {
    let request = caller.clients().ecr().start_lifecycle_policy_preview().repository_name(repository);
    let request = request.lifecycle_policy_text(policy);
    // One that is under way is of another policy: AWS refuses, and whoever asked hears it.
    if absent(caller.call(Bucket::Ecr, START, Some(repository), request.send()).await)?.is_none() {
        return Ok(None);
    }
    for question in 0..QUESTIONS {
        if question > 0 {
            tokio::time::sleep(pause).await;
        }
        let request =
            caller.clients().ecr().get_lifecycle_policy_preview().repository_name(repository).max_results(PAGE);
        let answer = absent(caller.call(Bucket::Ecr, GET, Some(repository), request.send()).await)?;
        match answer.and_then(|a| a.status) {
            Some(LifecyclePolicyPreviewStatus::InProgress) => {}
            Some(LifecyclePolicyPreviewStatus::Complete) => return acts(caller, repository).await,
            Some(other) => return Ok(Some(AwsPreview::Failed { status: other.as_str().to_owned() })),
            None => return Ok(None),
        }
    }
    Ok(Some(AwsPreview::Late { seconds: QUESTIONS * PAUSE.as_secs() }))
}

/// The result, once it is there.
async fn acts(caller: &Caller, repository: &str) -> Result<Option<AwsPreview>, Problem> {
    let mut acts = vec![];
    let mut pages = Pages::new(GET);
    while let Some(token) = pages.next() {
        let request = caller.clients().ecr().get_lifecycle_policy_preview().repository_name(repository);
        let request = request.max_results(PAGE).set_next_token(token);
        let answer = caller.call(Bucket::Ecr, GET, Some(repository), request.send()).await;
        let Some(page) = absent(answer)? else { return Ok(None) };
        acts.extend(page.preview_results.into_iter().flatten().filter_map(act));
        pages.then(page.next_token)?;
    }
    Ok(Some(AwsPreview::Told { acts }))
}

fn act(result: LifecyclePolicyPreviewResult) -> Option<Act> {
    let archived = result.action.and_then(|action| action.r#type) == Some(ImageActionType::Transition);
    Some(Act { digest: result.image_digest?, rule: result.applied_rule_priority.unwrap_or(0).into(), archived })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::caller;
    use serde_json::{Value, json};
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Is under way for so many questions, then has two pages.
    fn registry(busy: u64) -> impl Fn(&str, &Value) -> (u16, Value) + Send + Sync + 'static {
        let asked = AtomicU64::new(0);
        let head = |status: &str| json!({"repositoryName": "web", "lifecyclePolicyText": "{}", "status": status});
        move |operation, input| match (operation, input["nextToken"].as_str()) {
            ("StartLifecyclePolicyPreview", _) => {
                assert_eq!(input["lifecyclePolicyText"], "{\"rules\":[]}");
                (200, head("IN_PROGRESS"))
            }
            ("GetLifecyclePolicyPreview", None) if asked.fetch_add(1, Ordering::Relaxed) < busy => {
                (200, head("IN_PROGRESS"))
            }
            ("GetLifecyclePolicyPreview", token) => {
                let mut answer = head("COMPLETE");
                let (digest, action) = match token {
                    None => ("sha256:a", json!({"type": "EXPIRE"})),
                    Some(_) => ("sha256:b", json!({"type": "TRANSITION", "targetStorageClass": "ARCHIVE"})),
                };
                answer["previewResults"] = json!([{"imageDigest": digest, "action": action, "appliedRulePriority": 3, "storageClass": "STANDARD"}]);
                if token.is_none() {
                    answer["nextToken"] = json!("2");
                }
                (200, answer)
            }
            other => panic!("not expected: {other:?}"),
        }
    }

    #[tokio::test]
    async fn it_waits_for_aws_and_reads_every_page() {
        let answer = preview(&caller(registry(3)), "web", "{\"rules\":[]}", Duration::ZERO).await.unwrap();
        let act = |digest: &str, archived| Act { digest: digest.into(), rule: 3, archived };
        assert_eq!(answer, Some(AwsPreview::Told { acts: vec![act("sha256:a", false), act("sha256:b", true)] }));
    }

    #[tokio::test]
    async fn it_does_not_wait_for_ever() {
        let answer = preview(&caller(registry(u64::MAX)), "web", "{\"rules\":[]}", Duration::ZERO).await.unwrap();
        assert_eq!(answer, Some(AwsPreview::Late { seconds: 20 }));
    }

    #[tokio::test]
    async fn an_endpoint_without_it_is_an_answer_and_a_refusal_is_not() {
        let lacking = caller(|_, _| (501, json!({"__type": "NotImplementedException", "message": "no"})));
        assert_eq!(read(&lacking, "web", "{}").await.unwrap(), Some(AwsPreview::Unsupported));
        let gone = caller(|_, _| (400, json!({"__type": "RepositoryNotFoundException", "message": "no"})));
        assert_eq!(read(&gone, "web", "{}").await.unwrap(), None);
        let busy =
            caller(|_, _| (400, json!({"__type": "LifecyclePolicyPreviewInProgressException", "message": "wait"})));
        assert_eq!(read(&busy, "web", "{}").await.unwrap_err().operation.as_deref(), Some(START));
    }
}

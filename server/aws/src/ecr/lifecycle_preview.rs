//! AWS's preview of a lifecycle policy: it is begun, asked for until it is there, and read page by page.
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/lpp_creation.html>

use aws_sdk_ecr::types::{ImageActionType, LifecyclePolicyPreviewResult, LifecyclePolicyPreviewStatus};
use domain::ecr::lifecycle::aws_preview::{Act, AwsPreview};
use domain::{Code, Problem};
use serde_json::Value;
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
        let Some(answer) = absent(caller.call(Bucket::Ecr, GET, Some(repository), request.send()).await)? else {
            return Ok(None);
        };
        if !is_of(policy, answer.lifecycle_policy_text()) {
            return Err(replaced());
        }
        match answer.status {
            Some(LifecyclePolicyPreviewStatus::InProgress) => {}
            Some(LifecyclePolicyPreviewStatus::Complete) => return acts(caller, repository, policy).await,
            Some(other) => return Ok(Some(AwsPreview::Failed { status: other.as_str().to_owned() })),
            None => return Ok(None),
        }
    }
    Ok(Some(AwsPreview::Late { seconds: QUESTIONS * PAUSE.as_secs() }))
}

/// Whether an answer is about this policy: AWS keeps one preview of a repository, and whoever asks for another replaces it.
fn is_of(policy: &str, told: Option<&str>) -> bool {
    let json = |text: &str| serde_json::from_str::<Value>(text).ok();
    told.is_none_or(|told| told == policy || json(told).is_some_and(|told| json(policy) == Some(told)))
}

fn replaced() -> Problem {
    let message =
        "AWS keeps one preview of a repository, and somebody had it reckon another in the meantime. Ask once more.";
    Problem::new(Code::Conflict, "Another preview took its place", message)
}

/// The result, once it is there.
async fn acts(caller: &Caller, repository: &str, policy: &str) -> Result<Option<AwsPreview>, Problem> {
    let mut acts = vec![];
    let mut pages = Pages::new(GET);
    while let Some(token) = pages.next() {
        let request = caller.clients().ecr().get_lifecycle_policy_preview().repository_name(repository);
        let request = request.max_results(PAGE).set_next_token(token);
        let answer = caller.call(Bucket::Ecr, GET, Some(repository), request.send()).await;
        let Some(page) = absent(answer)? else { return Ok(None) };
        // Begun anew between two pages, it is not whole, even where it is of the same rules.
        let begun = page.status.as_ref().is_some_and(|status| *status != LifecyclePolicyPreviewStatus::Complete);
        if begun || !is_of(policy, page.lifecycle_policy_text()) {
            return Err(replaced());
        }
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
    use serde_json::json;
    use std::sync::atomic::{AtomicU64, Ordering};

    const RULES: &str = "{\"rules\":[]}";

    /// What comes with every answer; the policy is written as AWS may write it.
    fn head(status: &str) -> Value {
        json!({"registryId": "111122223333", "repositoryName": "web", "lifecyclePolicyText": "{ \"rules\": [] }", "status": status})
    }

    fn result(digest: &str, action: Value) -> Value {
        json!({"imageTags": ["1.0"], "imageDigest": digest, "imagePushedAt": 1_764_000_000.0, "action": action,
            "appliedRulePriority": 3, "storageClass": "STANDARD"})
    }

    /// A page of the three that there are, of which the second has no result: AWS's pages may.
    fn page(token: Option<&str>) -> Value {
        let mut answer = head("COMPLETE");
        let (results, next) = match token {
            None => (json!([result("sha256:a", json!({"type": "EXPIRE"}))]), Some("2")),
            Some("2") => (json!([]), Some("3")),
            _ => {
                let archive = json!({"type": "TRANSITION", "targetStorageClass": "ARCHIVE"});
                (json!([result("sha256:b", archive)]), None)
            }
        };
        answer["previewResults"] = results;
        answer["summary"] = json!({"expiringImageTotalCount": 1});
        if let Some(next) = next {
            answer["nextToken"] = json!(next);
        }
        answer
    }

    /// Is under way for so many questions, then has its pages.
    fn registry(busy: u64) -> impl Fn(&str, &Value) -> (u16, Value) + Send + Sync + 'static {
        let asked = AtomicU64::new(0);
        move |operation, input| match operation {
            "StartLifecyclePolicyPreview" => {
                assert_eq!(input["lifecyclePolicyText"], RULES);
                (200, head("IN_PROGRESS"))
            }
            "GetLifecyclePolicyPreview" => {
                assert_eq!((&input["maxResults"], &input["repositoryName"]), (&json!(100), &json!("web")));
                let token = input["nextToken"].as_str();
                if token.is_none() && asked.fetch_add(1, Ordering::Relaxed) < busy {
                    return (200, head("IN_PROGRESS"));
                }
                (200, page(token))
            }
            other => panic!("not expected: {other}"),
        }
    }

    #[tokio::test]
    async fn it_waits_for_aws_and_reads_every_page() {
        let answer = preview(&caller(registry(3)), "web", RULES, Duration::ZERO).await.unwrap();
        let act = |digest: &str, archived| Act { digest: digest.into(), rule: 3, archived };
        assert_eq!(answer, Some(AwsPreview::Told { acts: vec![act("sha256:a", false), act("sha256:b", true)] }));
    }

    /// What is told where the page of this token is another.
    async fn with_page(at: Option<&'static str>, status: u16, other: Value) -> Result<Option<AwsPreview>, Problem> {
        let usual = registry(0);
        let answers = move |operation: &str, input: &Value| match input["nextToken"].as_str() {
            token if operation == "GetLifecyclePolicyPreview" && token == at => (status, other.clone()),
            _ => usual(operation, input),
        };
        preview(&caller(answers), "web", RULES, Duration::ZERO).await
    }

    #[tokio::test]
    async fn what_is_not_whole_or_of_other_rules_is_not_taken_for_it() {
        let mut others = head("COMPLETE");
        others["lifecyclePolicyText"] = json!("{\"rules\":[{\"rulePriority\":1}]}");
        for at in [None, Some("3")] {
            let problem = with_page(at, 200, others.clone()).await.unwrap_err();
            assert_eq!((problem.code, problem.title.as_str()), (Code::Conflict, "Another preview took its place"));
        }
        let begun = with_page(Some("2"), 200, head("IN_PROGRESS")).await.unwrap_err();
        assert_eq!(begun.code, Code::Conflict);
        let denied = json!({"__type": "AccessDeniedException", "message": "no"});
        assert_eq!(with_page(Some("3"), 400, denied).await.unwrap_err().code, Code::AwsDenied);
        let gone = json!({"__type": "LifecyclePolicyPreviewNotFoundException", "message": "no"});
        assert_eq!(with_page(Some("2"), 400, gone).await.unwrap(), None);
        let mut again = page(Some("2"));
        again["nextToken"] = json!("2");
        with_page(Some("2"), 200, again).await.unwrap_err();
        let failed = with_page(None, 200, head("EXPIRED")).await.unwrap();
        assert_eq!(failed, Some(AwsPreview::Failed { status: "EXPIRED".into() }));
    }

    #[tokio::test]
    async fn it_does_not_wait_for_ever() {
        let answer = preview(&caller(registry(u64::MAX)), "web", RULES, Duration::ZERO).await.unwrap();
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

//! AWS's own word on lifecycle rules before they are reviewed: Gantry's reckoning may be wrong, and it is AWS that deletes. A review waits
//! for it a little, and never fails for it.

use domain::ecr::lifecycle::aws_preview::AwsPreview;
use domain::plan::lint::{Note, Severity};
use domain::plan::{Plan, Subject};
use domain::{Problem, Scope};
use gantry_aws::Person;
use serde_json::Value;
use std::time::Duration;

use crate::apply::Cloud;

/// How long a review waits for AWS's preview.
const PATIENCE: Duration = Duration::from_secs(12);

/// What AWS says to this person that the rules would do, as the fact of this subject; else, in a sentence, why it says nothing.
pub async fn told(cloud: &dyn Cloud, person: &Person, scope: &Scope, subject: &Subject) -> Result<Value, String> {
    told_within(PATIENCE, cloud, person, scope, subject).await
}

async fn told_within(
    patience: Duration,
    cloud: &dyn Cloud,
    person: &Person,
    scope: &Scope,
    subject: &Subject,
) -> Result<Value, String> {
    let state = match tokio::time::timeout(patience, cloud.look_up(person, scope, subject)).await {
        Ok(Ok(state)) => state,
        Ok(Err(problem)) => {
            tracing::debug!(%problem, %scope, "AWS does not preview lifecycle rules");
            return Err(why(&problem));
        }
        Err(_) => return Err("It was not there in time.".to_owned()),
    };
    let Some(state) = state else { return Err("AWS has none.".to_owned()) };
    match serde_json::from_value::<AwsPreview>(state.clone()) {
        Ok(AwsPreview::Told { .. }) => Ok(state),
        Ok(AwsPreview::Late { seconds }) => Err(format!("AWS was still reckoning after {seconds} seconds.")),
        Ok(AwsPreview::Failed { status }) => Err(format!("It ended as {status}.")),
        Ok(AwsPreview::Unsupported) => Err("This endpoint does not support it.".to_owned()),
        Err(error) => Err(format!("It cannot be read: {error}.")),
    }
}

fn why(problem: &Problem) -> String {
    match &problem.iam_action {
        Some(action) => format!("{action} is denied."),
        None => format!("{}: {}", problem.title, problem.message),
    }
}

/// The note on a plan that AWS said nothing of.
pub fn without(plan: &Plan, why: &str) -> Option<Note> {
    Some(Note {
        severity: Severity::Hint,
        step: plan.steps.first()?.id.clone(),
        says: format!("What goes was reckoned by Gantry alone, without AWS's own preview. {why}"),
        mend: "Ask AWS for its own preview beside the rules.".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use domain::Code;
    use domain::ecr::subject::Subject as Ecr;
    use domain::plan::Call;
    use serde_json::json;

    enum Registry {
        Silent,
        Refuses(Problem),
        Says(Value),
        HasNone,
    }

    #[async_trait]
    impl Cloud for Registry {
        async fn make(&self, _: &Scope, _: &Call, _: &crate::apply::Course) -> Result<Option<String>, Problem> {
            panic!("a review makes nothing")
        }
        async fn read(&self, _: &Scope, _: &Subject) -> Result<Option<Value>, Problem> {
            match self {
                Registry::Silent => std::future::pending().await,
                Registry::Refuses(problem) => Err(problem.clone()),
                Registry::Says(value) => Ok(Some(value.clone())),
                Registry::HasNone => Ok(None),
            }
        }
    }

    async fn ask(registry: Registry) -> Result<Value, String> {
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let subject = Subject::Ecr(Ecr::LifecyclePreview { repository: "shop/web".into(), policy: "{}".into() });
        let ada = Person { id: Some(1), name: "ada".into(), role: None };
        told_within(Duration::from_millis(1), &registry, &ada, &scope, &subject).await
    }

    #[tokio::test]
    async fn an_aws_that_says_nothing_delays_nothing_and_why_is_said() {
        let answer = json!({ "answer": "told", "acts": [{ "digest": "sha256:a", "rule": 1 }] });
        assert_eq!(ask(Registry::Says(answer.clone())).await, Ok(answer));
        let why = async |registry| ask(registry).await.unwrap_err();
        assert_eq!(why(Registry::Silent).await, "It was not there in time.");
        let unsupported = json!({ "answer": "unsupported" });
        assert_eq!(why(Registry::Says(unsupported)).await, "This endpoint does not support it.");
        let late = json!({ "answer": "late", "seconds": 20 });
        assert_eq!(why(Registry::Says(late)).await, "AWS was still reckoning after 20 seconds.");
        assert_eq!(
            why(Registry::Says(json!({ "answer": "failed", "status": "EXPIRED" }))).await,
            "It ended as EXPIRED."
        );
        assert_eq!(why(Registry::HasNone).await, "AWS has none.");
        assert!(why(Registry::Says(json!({ "answer": "told" }))).await.starts_with("It cannot be read: "));
        let replaced = Problem::new(Code::Conflict, "Another preview took its place", "Ask once more.");
        assert_eq!(why(Registry::Refuses(replaced)).await, "Another preview took its place: Ask once more.");
        let mut denied = Problem::new(Code::AwsDenied, "Access denied", "No.");
        denied.iam_action = Some("ecr:StartLifecyclePolicyPreview".into());
        assert_eq!(why(Registry::Refuses(denied)).await, "ecr:StartLifecyclePolicyPreview is denied.");
    }
}

//! Asks IAM, before a plan is applied, whether it may be. A review never waits long for that, nor fails for it.

use domain::plan::Plan;
use domain::plan::permissions::{Permitted, Verdict, needs, scopes};
use domain::{Code, Problem};
use std::time::Duration;

use crate::apply::Cloud;

/// How long a review waits for IAM.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// What IAM says to what a plan needs; where it says nothing in time, why.
pub async fn permissions(cloud: &dyn Cloud, plan: &Plan, patience: Duration) -> Vec<Permitted> {
    let ask = async |scope| {
        let needs = needs(plan, &scope);
        let verdicts = match tokio::time::timeout(patience, cloud.permitted(&scope, &needs)).await {
            Ok(Ok(verdicts)) => verdicts,
            Ok(Err(problem)) => {
                tracing::debug!(%problem, %scope, "what IAM allows is not known");
                vec![Verdict::Unknown(why(&problem)); needs.len()]
            }
            Err(_) => vec![Verdict::Unknown("IAM did not answer in time.".to_owned()); needs.len()],
        };
        needs.into_iter().zip(verdicts).map(|(need, verdict)| Permitted::new(need, verdict)).collect::<Vec<_>>()
    };
    futures::future::join_all(scopes(plan).into_iter().map(ask)).await.concat()
}

/// Why IAM could not be asked, in a sentence.
fn why(problem: &Problem) -> String {
    match problem.code {
        Code::AwsDenied => match &problem.iam_action {
            Some(action) => format!("Gantry's credentials may not ask: {action} is missing."),
            None => format!("Gantry's credentials may not ask. {}", problem.message),
        },
        Code::NotImplemented => "This endpoint does not implement the question.".to_owned(),
        Code::AwsThrottled | Code::AwsUnreachable => "IAM did not answer.".to_owned(),
        _ => format!("{}: {}", problem.title, problem.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use domain::Scope;
    use domain::ecr::subject::Subject as Ecr;
    use domain::ecr::wizards::copy_image;
    use domain::plan::answers::Form;
    use domain::plan::permissions::Need;
    use domain::plan::{Answers, Call, Facts, Subject};
    use serde_json::{Value, json};

    enum Iam {
        Silent,
        Refuses(Problem),
        DeniesDeletes,
        /// It allows all in the account of the plan, and nothing in any other.
        AllowsOwn,
    }

    #[async_trait]
    impl Cloud for Iam {
        async fn make(&self, _: &Scope, _: &Call, _: &crate::apply::Course) -> Result<Option<String>, Problem> {
            panic!("a review makes nothing")
        }
        async fn read(&self, _: &Scope, _: &Subject) -> Result<Option<Value>, Problem> {
            Ok(None)
        }
        async fn permitted(&self, scope: &Scope, needs: &[Need]) -> Result<Vec<Verdict>, Problem> {
            let verdict = |need: &Need| if need.undo { Verdict::Denied } else { Verdict::Allowed };
            match self {
                Iam::Silent => std::future::pending().await,
                Iam::Refuses(problem) => Err(problem.clone()),
                Iam::DeniesDeletes => Ok(needs.iter().map(verdict).collect()),
                Iam::AllowsOwn if *scope == own() => Ok(vec![Verdict::Allowed; needs.len()]),
                Iam::AllowsOwn => Ok(vec![Verdict::Denied; needs.len()]),
            }
        }
    }

    fn own() -> Scope {
        Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
    }

    async fn ask(iam: Iam) -> Vec<Permitted> {
        let entered = domain::ecr::wizards::create_repository::Answers { name: "shop".into(), ..Default::default() };
        let plan = Answers { scope: own(), form: Form::CreateRepository(entered) }.plan(&Facts::default()).unwrap();
        permissions(&iam, &plan, Duration::from_millis(1)).await
    }

    #[tokio::test]
    async fn a_copy_that_may_not_be_pulled_where_it_is_is_not_all_allowed() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let image = format!("444455556666.dkr.ecr.us-east-1.amazonaws.com/base/web@{digest}");
        let form = copy_image::Answers {
            source: image.clone(),
            repository: "shop".into(),
            tag: "1".into(),
            ..Default::default()
        };
        let answers = Answers { scope: own(), form: Form::CopyImage(form) };
        let state = |subject: Subject| match &subject {
            Subject::Ecr(Ecr::Source { .. }) => (subject, Some(json!({ "source": image, "digest": digest }))),
            Subject::Ecr(Ecr::Settings { .. }) => (subject, Some(json!({}))),
            Subject::Ecr(_) | Subject::EcrPublic(_) | Subject::Lambda(_) | Subject::Ecs(_) | Subject::Kms(_) => {
                (subject, None)
            }
        };
        let plan = answers.plan(&Facts::new(answers.subjects().into_iter().map(state).collect())).unwrap();
        let all = permissions(&Iam::AllowsOwn, &plan, Duration::from_millis(1)).await;
        let denied: Vec<&str> =
            all.iter().filter(|p| p.verdict == Verdict::Denied).map(|p| p.action.as_str()).collect();
        assert_eq!(denied, domain::ecr::calls::Source::ACTIONS);
        assert!(all.iter().any(|p| p.action == "ecr:PutImage" && p.verdict == Verdict::Allowed), "{all:?}");
    }

    fn unknown(all: &[Permitted], words: &str) -> bool {
        !all.is_empty() && all.iter().all(|p| matches!(&p.verdict, Verdict::Unknown(why) if why.contains(words)))
    }

    #[tokio::test]
    async fn an_iam_that_is_silent_or_refuses_is_said_and_delays_nothing() {
        assert!(unknown(&ask(Iam::Silent).await, "in time"));
        let mut denied = Problem::new(Code::AwsDenied, "Access denied", "No.");
        denied.iam_action = Some("iam:GetRole".into());
        assert!(unknown(&ask(Iam::Refuses(denied)).await, "iam:GetRole is missing"));
        assert!(unknown(&ask(Iam::Refuses(Problem::not_implemented("x"))).await, "does not implement"));
        let all = ask(Iam::DeniesDeletes).await;
        assert!(all.iter().any(|p| p.action == "ecr:DeleteRepository" && p.undo && p.verdict == Verdict::Denied));
        assert!(all.iter().any(|p| p.action == "ecr:CreateRepository" && p.verdict == Verdict::Allowed));
    }
}

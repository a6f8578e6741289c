//! Whose credentials a connection has: everything read through it is filed under its account, so it had better be that one.

use domain::{AccountId, Code, Problem};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

use crate::{Bucket, Caller};

const IDENTITY: &str = "sts:GetCallerIdentity";
/// How long an answer may take; AWS's own is there in milliseconds, and a network without a way to STS must not hold everything up.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it is believed that credentials lead elsewhere, or that STS cannot be asked.
const BELIEVED: Duration = Duration::from_secs(60);

/// What is known of a connection's account.
#[derive(Debug, Default)]
pub(crate) struct Verdict(Mutex<State>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Unknown,
    /// They lead where the configuration says.
    Right,
    /// They lead elsewhere (the problem), or nobody could say (none).
    Asked(Instant, Option<Box<Problem>>),
}

impl Verdict {
    /// Asks AWS whose credentials these are, once.
    ///
    /// # Errors
    /// When they lead to another account than the configured one. When STS cannot be asked, what is called next says what is wrong.
    pub(crate) async fn check(&self, caller: &Caller) -> Result<(), Problem> {
        let mut state = self.0.lock().await;
        match &*state {
            State::Right => return Ok(()),
            State::Asked(at, problem) if at.elapsed() < BELIEVED => {
                return problem.clone().map_or(Ok(()), |problem| Err(*problem));
            }
            State::Unknown | State::Asked(..) => {}
        }
        let request = caller.clients().sts().get_caller_identity().send();
        let answer = tokio::time::timeout(PATIENCE, caller.call(Bucket::Sts, IDENTITY, None, request)).await;
        let problem = match answer {
            Ok(Ok(identity)) => match other_account(&caller.scope().account, identity.account(), identity.arn()) {
                None => {
                    *state = State::Right;
                    return Ok(());
                }
                some => some,
            },
            Ok(Err(problem)) => {
                tracing::warn!(%problem, account = %caller.scope().account, "whose credentials these are could not be asked");
                None
            }
            Err(_) => {
                tracing::warn!(account = %caller.scope().account, "STS does not answer: whose credentials these are is not known");
                None
            }
        };
        *state = State::Asked(Instant::now(), problem.clone().map(Box::new));
        problem.map_or(Ok(()), Err)
    }
}

/// What is wrong when credentials of this identity are used for this account.
fn other_account(wanted: &AccountId, reached: Option<&str>, arn: Option<&str>) -> Option<Problem> {
    let reached = reached.filter(|reached| *reached != wanted.as_str())?;
    let who = arn.map(|arn| format!(" ({arn})")).unwrap_or_default();
    Some(Problem::new(
        Code::AwsCredentials,
        "Another account",
        format!(
            "The credentials lead to account {reached}{who}, but the connection is configured for {wanted}. Correct the account, the profile or the role of the connection in gantry.toml."
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_another_account_are_named() {
        let wanted = AccountId::parse("111122223333").unwrap();
        assert_eq!(other_account(&wanted, Some("111122223333"), None), None);
        assert_eq!(other_account(&wanted, None, None), None, "not said is not wrong");
        let arn = "arn:aws:iam::444455556666:user/ada";
        let problem = other_account(&wanted, Some("444455556666"), Some(arn)).unwrap();
        assert!(problem.message.contains("444455556666") && problem.message.contains(arn), "{problem}");
    }
}

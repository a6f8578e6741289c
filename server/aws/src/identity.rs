//! Whose credentials a connection has: everything read through it is filed under its account, so it had better be that one.

use domain::{AccountId, Code, Problem};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

use crate::{Bucket, Caller};

pub(crate) const IDENTITY: &str = "sts:GetCallerIdentity";
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

/// The account that the caller's credentials lead to.
///
/// # Errors
/// When AWS refuses them, does not answer or does not say.
pub(crate) async fn account(caller: &Caller) -> Result<AccountId, Problem> {
    let request = caller.clients().sts().get_caller_identity().send();
    let answer = tokio::time::timeout(PATIENCE, caller.call(Bucket::Sts, IDENTITY, None, request)).await;
    let Ok(identity) = answer else {
        let message = format!("{IDENTITY} was not answered within {} seconds.", PATIENCE.as_secs());
        return Err(Problem::new(Code::AwsUnreachable, "AWS cannot be reached", message));
    };
    AccountId::parse(identity?.account().unwrap_or_default()).map_err(|problem| {
        let message = format!("{IDENTITY} was not answered with an account: {}", problem.message);
        Problem::new(Code::AwsRejected, "The answer could not be read", message)
    })
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
    use crate::scripted::caller;

    #[tokio::test]
    async fn aws_says_which_account_credentials_lead_to_or_why_not() {
        let answer = |status: u16, xml: &'static str| caller(move |_, _| (status, xml.into()));
        let told = answer(
            200,
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Account>444455556666</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
        );
        assert_eq!(account(&told).await.unwrap().as_str(), "444455556666");
        let refused = answer(
            403,
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>InvalidClientTokenId</Code><Message>The security token is invalid.</Message></Error></ErrorResponse>",
        );
        let problem = account(&refused).await.unwrap_err();
        assert_eq!(problem.code, Code::AwsCredentials);
        assert!(problem.message.contains("The security token is invalid"), "{problem}");
    }

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

//! Proving anew that it is the person of the session who asks, and what is refused until they have.

use domain::policy::{Actor, Permission, decide, decide_proven};
use domain::{Code, Problem};
use gantry_store::Store;
use serde_json::json;
use std::time::Instant;

use super::Auth;
use super::throttle::{self, Turn};
use crate::clock::now;

/// What somebody is asked for their password for, once they have signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To change it.
    ToChangeIt,
    /// Before something dangerous.
    Again,
}

impl Asked {
    /// The field that it is typed into.
    const fn field(self) -> &'static str {
        match self {
            Asked::ToChangeIt => "current",
            Asked::Again => "password",
        }
    }
    /// What the audit trail calls it.
    const fn how(self) -> &'static str {
        match self {
            Asked::ToChangeIt => "change of password",
            Asked::Again => "confirmation",
        }
    }
    /// What is said of another password.
    const fn wrong(self) -> &'static str {
        match self {
            Asked::ToChangeIt => "That is not your current password.",
            Asked::Again => "That is not your password.",
        }
    }
}

/// Says yes, or why not, also to what wants a fresh proof of the password: the session says when it had its last.
///
/// # Errors
/// As [`decide_proven`]; [`Code::Database`].
pub async fn allow(store: &Store, actor: &Actor, permission: Permission) -> Result<(), Problem> {
    match decide(actor, permission) {
        Err(problem) if problem.code == Code::ConfirmPassword => {}
        decided => return decided,
    }
    let proven = store.proven(actor.person, actor.session).await?;
    decide_proven(actor, permission, proven.map(|at| now().0 - at.0))
}

impl Auth {
    /// Asks for the password of somebody who is signed in: slowed down as sign-in is, by a count of their own. What strangers guess at sign-in
    /// keeps nobody from going on. Answers the hash that it fits.
    ///
    /// # Errors
    /// With the field that was asked for: [`Code::Invalid`] when it is wrong, [`Code::Busy`] while one has to wait. [`Code::Database`].
    pub(super) async fn prove(&self, actor: &Actor, password: &str, asked: Asked) -> Result<String, Problem> {
        let at = |mut problem: Problem| {
            problem.field = Some(asked.field().to_owned());
            problem
        };
        // Counted before the password is looked at, so that guesses sent at once do not all see the same count.
        let counted = match throttle::proof(&self.store, actor.person, &actor.name, now()).await? {
            Turn::Try(counted) => counted,
            Turn::Wait(seconds) => {
                let message = format!("A wrong password was given too often. Try again in {seconds} s.");
                return Err(at(Problem::new(Code::Busy, "Too many tries", message)));
            }
        };
        let looked = async {
            let known = self.store.credentials(&actor.name).await?.filter(|known| known.person.id == actor.person);
            let stored = known.map(|known| known.password);
            let fits = self.passwords.verify(password, stored.clone()).await?;
            Ok::<_, Problem>(stored.filter(|_| fits))
        };
        match looked.await {
            Ok(Some(hash)) => {
                counted.succeeded(&self.store).await?;
                // Only what fitted leaves an entry: who guesses keeps nobody from going on.
                self.proofs.take(actor.person, Instant::now()).map_err(at)?;
                Ok(hash)
            }
            Ok(None) => {
                self.store.login_failed(&throttle::by_name(&actor.name), now()).await?;
                self.note_refusal(&actor.name, json!({ "how": asked.how() }));
                Err(Problem::invalid(asked.field(), asked.wrong()))
            }
            Err(problem) => {
                counted.take_back(&self.store).await;
                Err(problem)
            }
        }
    }
}

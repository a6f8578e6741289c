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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::password::Passwords;
    use domain::policy::Role;
    use domain::services::Team;
    use gantry_store::sessions::NewSession;
    use gantry_store::testing::TestStore;

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn nobody_fills_the_trail_with_right_passwords_and_tokens() {
        let test = TestStore::fresh().await;
        let (store, password) = (test.store.clone(), "otter lumpy gravel");
        let auth = Auth::new(store.clone(), Passwords::new(15), false);
        let hash = auth.passwords.hash(password).await.unwrap();
        let begun = crate::auth::entry(None, "test", "test", json!({}));
        let mut people = Vec::new();
        for name in ["Ada", "Bob"] {
            let person = store.create_person(name, &hash, Role::Viewer, now(), &begun).await.unwrap();
            let new = NewSession { person, password: &hash, secret: name, agent: "test" };
            let session = store.create_session(new, now(), &begun).await.unwrap().unwrap();
            people.push(Actor { person, name: name.to_owned(), role: Role::Viewer, session });
        }
        let [ada, bob] = people.as_slice() else { panic!("two people") };
        // As if she had had all of hers at this moment, however long a hash takes here.
        let ahead = Instant::now() + std::time::Duration::from_secs(600);
        while auth.proofs.take(ada.person, ahead).is_ok() {}
        let refused = auth.prove(ada, password, Asked::Again).await.unwrap_err();
        assert_eq!((refused.code, refused.title.as_str()), (Code::Busy, "Too often"));
        assert_eq!(refused.field.as_deref(), Some("password"));
        while auth.proofs.take(ada.person, ahead).is_ok() {}
        let refused = auth.create_token(ada, "ci", Role::Viewer, 1).await.unwrap_err();
        assert_eq!(refused.title, "Too often");
        assert!(auth.prove(bob, password, Asked::Again).await.is_ok(), "somebody else's");
    }
}

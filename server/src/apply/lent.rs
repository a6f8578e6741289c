//! Credentials of other registries that people lend for a copy. They are in this process' memory and nowhere else: answers, plans, journals and
//! the audit trail have a name of them. They are forgotten when the run ends, when their time is over, and when the server ends.

use domain::Problem;
use domain::plan::service::{Lent, SourceCredentials};
use gantry_registry::{Credentials, Reference};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

use crate::auth::secret;

/// How long they wait for a run, in minutes, counted from the last plan that named them.
const MINUTES: u32 = 30;
const WAIT: Duration = Duration::from_secs(60 * MINUTES as u64);
/// How long they are held for a run: as long as a copy may take, and a little more. Its end comes first.
const HELD: Duration = Duration::from_secs(13 * 3600);
/// So many of one person wait; a further one takes the place of the oldest.
const WAITING: usize = 8;

struct Loan {
    person: i64,
    /// The host that is asked: `registry-1.docker.io`, `ghcr.io`.
    host: String,
    credentials: Credentials,
    until: Instant,
    /// Whether a run needs them.
    held: bool,
}

/// All that people lent this server.
pub struct Loans {
    all: Arc<Mutex<HashMap<String, Loan>>>,
    wait: Duration,
}

impl Default for Loans {
    fn default() -> Self {
        Self { all: Arc::default(), wait: WAIT }
    }
}

impl std::fmt::Debug for Loans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Loans({})", self.all().len())
    }
}

fn lock(all: &Mutex<HashMap<String, Loan>>) -> MutexGuard<'_, HashMap<String, Loan>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

fn gone() -> Problem {
    Problem::invalid(
        "credentials",
        format!(
            "The user name and password for the source are not in this server's memory: they are kept for {MINUTES} minutes and until the copy \
             ends, and a restart forgets them. Nothing was tagged. Enter them again on the repository's page."
        ),
    )
}

impl Loans {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Loan>> {
        lock(&self.all)
    }

    /// Keeps what somebody entered, for the registry of this image alone.
    ///
    /// # Errors
    /// When the image is not named well, or no registry could be told these.
    pub fn lend(&self, person: i64, given: SourceCredentials) -> Result<Lent, Problem> {
        let SourceCredentials { image, user, password } = given;
        let credentials = Credentials::entered(&user, password)?;
        let reference: Reference = image.parse().map_err(|mut problem: Problem| {
            problem.field = Some("source".to_owned());
            problem
        })?;
        let id = secret::random_hex::<16>();
        let mut all = self.all();
        let mine = |all: &HashMap<String, Loan>| {
            let own = all.iter().filter(|(_, loan)| loan.person == person && !loan.held);
            let oldest = own.clone().min_by_key(|(_, loan)| loan.until).map(|(id, _)| id.clone());
            oldest.filter(|_| own.count() >= WAITING)
        };
        while let Some(oldest) = mine(&all) {
            all.remove(&oldest);
        }
        let host = reference.api_host().to_owned();
        all.insert(id.clone(), Loan { person, host, credentials, until: Instant::now() + self.wait, held: false });
        drop(all);
        self.expire(id.clone());
        Ok(Lent { id, registry: reference.registry().to_owned(), minutes: MINUTES })
    }

    /// Forgets one when its time is over, whether or not anybody asks.
    fn expire(&self, id: String) {
        let all = Arc::downgrade(&self.all);
        tokio::spawn(async move {
            loop {
                let until = all.upgrade().and_then(|all| lock(&all).get(&id).map(|loan| loan.until));
                let Some(until) = until else { return };
                if until <= Instant::now() {
                    all.upgrade().and_then(|all| lock(&all).remove(&id));
                    return;
                }
                tokio::time::sleep_until(until).await;
            }
        });
    }

    /// Whether this person may use these.
    ///
    /// # Errors
    /// When they are not here; also when another person lent them.
    pub fn check(&self, id: &str, person: i64) -> Result<(), Problem> {
        match self.all().get_mut(id) {
            Some(loan) if loan.person == person => {
                loan.until = loan.until.max(Instant::now() + self.wait);
                Ok(())
            }
            _ => Err(gone()),
        }
    }

    /// A run needs them from now on. Of what is not here, nothing.
    pub fn hold(&self, id: &str) {
        if let Some(loan) = self.all().get_mut(id) {
            loan.held = true;
            loan.until = Instant::now() + HELD;
        }
    }

    /// The credentials, for this host.
    ///
    /// # Errors
    /// When they are not here, or are another registry's.
    pub fn find(&self, id: &str, host: &str) -> Result<Credentials, Problem> {
        let all = self.all();
        let loan = all.get(id).filter(|loan| loan.until > Instant::now()).ok_or_else(gone)?;
        if loan.host != host {
            let message = format!("These were entered for {}, not for {host}. Enter those of {host}.", loan.host);
            return Err(Problem::invalid("credentials", message));
        }
        Ok(loan.credentials.clone())
    }

    /// Whether they are here.
    pub fn has(&self, id: &str) -> bool {
        self.all().get(id).is_some_and(|loan| loan.until > Instant::now())
    }

    /// Forgets them.
    pub fn forget(&self, id: &str) {
        self.all().remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(image: &str) -> SourceCredentials {
        SourceCredentials { image: image.into(), user: "ada".into(), password: "dckr_pat_1".into() }
    }

    #[tokio::test]
    async fn they_are_one_persons_for_one_registry_and_end_with_the_run() {
        let loans = Loans::default();
        let lent = loans.lend(1, given("nginx:1")).unwrap();
        assert_eq!((lent.registry.as_str(), lent.minutes), ("docker.io", 30));
        loans.check(&lent.id, 1).unwrap();
        assert!(loans.check(&lent.id, 2).unwrap_err().message.contains("not in this server's memory"));
        assert_eq!(loans.find(&lent.id, "registry-1.docker.io").unwrap().password, "dckr_pat_1");
        let other = loans.find(&lent.id, "ghcr.io").unwrap_err();
        assert_eq!(other.field.as_deref(), Some("credentials"));
        assert!(!format!("{loans:?} {:?} {other:?}", given("nginx")).contains("dckr_pat_1"));
        loans.forget(&lent.id);
        assert!(loans.find(&lent.id, "registry-1.docker.io").is_err());
        assert!(loans.lend(1, given("https://x")).is_err_and(|p| p.field.as_deref() == Some("source")));
    }

    #[tokio::test]
    async fn unused_ones_are_forgotten_by_themselves_and_held_ones_last() {
        let loans = Loans { wait: Duration::from_millis(20), ..Loans::default() };
        let [unused, held] = ["a", "b"].map(|image| loans.lend(1, given(image)).unwrap().id);
        loans.hold(&held);
        while loans.all().contains_key(&unused) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(loans.all().contains_key(&held));
        loans.forget(&held);
        let loans = Loans::default();
        for _ in 0..20 {
            loans.lend(1, given("a")).unwrap();
        }
        assert_eq!(loans.all().len(), WAITING);
    }
}

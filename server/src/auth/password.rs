//! Passwords: what is accepted, and how they are hashed without letting sign-ins take all memory and cores.

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use domain::{Code, Problem};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;

/// Memory of one hash in KiB, passes, lanes: OWASP's first choice for argon2id.
/// <https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>
const MEMORY_KIB: u32 = 47_104;
/// Hashes that may wait for a core.
const QUEUE: usize = 16;
/// The longest password, in characters.
pub const LONGEST: usize = 128;
/// The least length unless configured otherwise.
pub const SHORTEST: usize = 15;
/// A password found within this many guesses is a common one.
const COMMON_LOG10: f64 = 6.0;

/// Why a password is not accepted; [`Refused::code`] is what forms carry in `?problem=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Fewer characters than the least.
    Short,
    /// More than [`LONGEST`].
    Long,
    /// Among the first that anybody would guess.
    Common,
}

impl Refused {
    /// `password-short`, `password-long`, `password-common`.
    pub const fn code(self) -> &'static str {
        match self {
            Refused::Short => "password-short",
            Refused::Long => "password-long",
            Refused::Common => "password-common",
        }
    }
}

/// The rules and the bounded queue.
pub struct Passwords {
    least: usize,
    cores: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// A hash that no password fits: an unknown name costs the same time as a known one.
    nobody: OnceLock<String>,
}

impl Passwords {
    /// With this least number of characters.
    pub fn new(least: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { least, cores: Arc::new(Semaphore::new(cores)), waiting: AtomicUsize::new(0), nobody: OnceLock::new() }
    }

    /// The least number of characters.
    pub fn least(&self) -> usize {
        self.least
    }

    /// Whether a new password is accepted.
    pub fn check(&self, password: &str, name: &str) -> Result<(), Refused> {
        let length = password.chars().count();
        if length < self.least {
            return Err(Refused::Short);
        }
        if length > LONGEST {
            return Err(Refused::Long);
        }
        let name: String = name.chars().take(100).collect();
        if zxcvbn::zxcvbn(password, &[&name, "gantry"]).guesses_log10() < COMMON_LOG10 {
            return Err(Refused::Common);
        }
        Ok(())
    }

    /// The same as a problem.
    pub fn require(&self, password: &str, name: &str) -> Result<(), Problem> {
        self.check(password, name).map_err(|refused| {
            let message = match refused {
                Refused::Short => {
                    format!("A password has at least {} characters. A few unrelated words do well.", self.least)
                }
                Refused::Long => format!("A password has at most {LONGEST} characters."),
                Refused::Common => {
                    "That password is among the first that anybody would guess. A few unrelated words do well."
                        .to_owned()
                }
            };
            Problem::invalid("password", message)
        })
    }

    /// Hashes a new password (PHC form).
    ///
    /// # Errors
    /// [`Code::Busy`] (answered with 503 by the forms) when too many wait.
    pub async fn hash(&self, password: &str) -> Result<String, Problem> {
        let password = password.to_owned();
        self.turn(move || hash(&password)).await?
    }

    /// Whether the password fits the hash; `None` stands for a person who does not exist and takes just as long.
    ///
    /// # Errors
    /// [`Code::Busy`] when too many wait.
    pub async fn verify(&self, password: &str, stored: Option<String>) -> Result<bool, Problem> {
        // Longer ones cannot be anybody's; they would only buy hashing time.
        let password: String = password.chars().take(LONGEST + 1).collect();
        let known = stored.is_some();
        let stored = match (stored, self.nobody.get()) {
            (Some(stored), _) => stored,
            (None, Some(nobody)) => nobody.clone(),
            (None, None) => {
                let fresh = self.hash(&super::secret::random_hex::<16>()).await?;
                self.nobody.get_or_init(|| fresh).clone()
            }
        };
        let fits = self
            .turn(move || {
                PasswordHash::new(&stored)
                    .is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(fits && known)
    }

    /// Prepares what the first sign-in of an unknown person would otherwise have to make.
    pub async fn warm(&self) -> Result<(), Problem> {
        self.verify("", None).await.map(|_| ())
    }

    async fn turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let place = Place::take(&self.waiting).ok_or_else(busy)?;
        let _core = self.cores.acquire().await.map_err(|_| busy())?;
        drop(place);
        tokio::task::spawn_blocking(work).await.map_err(|e| {
            tracing::error!(error = %e, "hashing a password failed");
            Problem::internal("password")
        })
    }
}

/// A place in the queue, given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Option<Self> {
        waiting
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n < QUEUE).then_some(n + 1))
            .ok()
            .map(|_| Self(waiting))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn busy() -> Problem {
    Problem::new(
        Code::Busy,
        "Many people are signing in",
        "Gantry checks only a few passwords at once. Try again in a moment.",
    )
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, 1, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str) -> Result<String, Problem> {
    let hash: Result<PasswordHash, _> = hasher().hash_password(password.as_bytes());
    hash.map(|h| h.to_string()).map_err(|error| {
        tracing::error!(%error, "hashing a password failed");
        Problem::internal("password")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_length_and_not_being_common() {
        let rules = Passwords::new(SHORTEST);
        for (password, verdict) in [
            ("lumpy otter quilt", Ok(())),
            ("", Err(Refused::Short)),
            ("fourteen chars", Err(Refused::Short)),
            ("passwordpassword", Err(Refused::Common)),
            ("aaaaaaaaaaaaaaaaaaaa", Err(Refused::Common)),
            ("123456789012345678", Err(Refused::Common)),
            ("qwertyuiopasdfghjkl", Err(Refused::Common)),
        ] {
            assert_eq!(rules.check(password, "ada"), verdict, "{password}");
        }
        assert_eq!(rules.check(&"lumpy otter ".repeat(11), "ada"), Err(Refused::Long));
        assert_eq!(rules.check("margarethamilton", "margarethamilton"), Err(Refused::Common));
        assert!(rules.check("ÄÖÜäöüßéèçñøåæœÿ", "ada").is_ok(), "characters, not bytes");
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only_and_nobody_has_none() {
        let passwords = Passwords::new(SHORTEST);
        let hash = passwords.hash("lumpy otter quilt").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{hash}");
        assert!(passwords.verify("lumpy otter quilt", Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("lumpy otter quilT", Some(hash)).await.unwrap());
        assert!(!passwords.verify("lumpy otter quilt", None).await.unwrap());
    }

    #[tokio::test]
    async fn the_queue_is_bounded() {
        let passwords = Passwords::new(SHORTEST);
        let held = passwords.cores.acquire_many(passwords.cores.available_permits() as u32).await.unwrap();
        let waiting: Vec<_> = (0..QUEUE).map(|_| Place::take(&passwords.waiting).unwrap()).collect();
        assert_eq!(passwords.hash("lumpy otter quilt").await.unwrap_err().code, Code::Busy);
        drop((held, waiting));
        assert!(passwords.hash("lumpy otter quilt").await.is_ok());
    }
}

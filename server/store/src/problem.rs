//! Postgres's errors as [`Problem`]s. A violated constraint that people can cause becomes a sentence about the field;
//! everything else goes to the log in full, under the reference the person sees.

use domain::{Code, Problem};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Constraints that input can violate: (constraint, field, sentence).
const KNOWN: &[(&str, &str, &str)] = &[
    ("people_name", "name", "Somebody of this name is already here."),
    ("tokens_name", "name", "You already have a token of this name."),
];

/// The problem for an error of sqlx.
pub(crate) fn of(error: sqlx::Error) -> Problem {
    if let sqlx::Error::Database(db) = &error
        && let Some((_, field, sentence)) = KNOWN.iter().find(|(name, ..)| db.constraint() == Some(name))
    {
        let mut problem = Problem::new(Code::Conflict, "Already taken", *sentence);
        problem.field = Some((*field).to_owned());
        return problem;
    }
    // <https://www.postgresql.org/docs/current/errcodes-appendix.html>: character_not_in_repertoire.
    if let sqlx::Error::Database(db) = &error
        && db.code().as_deref() == Some("22021")
    {
        let message = "What was asked for holds the character NUL, which nothing here is called by. Leave it out.";
        return Problem::new(Code::Invalid, "A character that nothing has", message);
    }
    let message = match &error {
        sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) | sqlx::Error::PoolClosed => {
            "Postgres does not answer. What is already loaded still works; Gantry goes on trying."
        }
        sqlx::Error::Database(db) if db.code().as_deref() == Some("57014") => "Postgres took too long to answer.",
        _ => "Postgres could not do what was asked. The log has the details under this reference.",
    };
    let reference = reference();
    tracing::error!(%reference, error = %error, "store");
    let mut problem = Problem::new(Code::Database, "The database has trouble", message);
    problem.reference = Some(reference);
    problem
}

/// The problem for a database that is of no use to a program that starts, and ends with this. `place` is `host:port`.
pub(crate) fn of_start(error: &sqlx::Error, place: &str) -> Problem {
    let message = match error {
        sqlx::Error::PoolTimedOut => format!("Postgres at {place} does not answer. Start it, or correct DATABASE_URL."),
        sqlx::Error::Io(why) => {
            format!("Postgres at {place} does not answer: {why}. Start it, or correct DATABASE_URL.")
        }
        sqlx::Error::Database(refusal) => format!("Postgres at {place} refuses: {}.", refusal.message()),
        other => format!("Postgres at {place} cannot be used: {other}."),
    };
    Problem::new(Code::Database, "The database cannot be used", message)
}

/// The problem for tables that could not be brought to this version.
pub(crate) fn of_migration(error: sqlx::migrate::MigrateError) -> Problem {
    let reference = reference();
    tracing::error!(%reference, error = %error, "store.migrate");
    let message = match error {
        sqlx::migrate::MigrateError::VersionMissing(_) | sqlx::migrate::MigrateError::VersionTooNew(..) => {
            "This database was used by a newer Gantry. Start that version, or another database.".to_owned()
        }
        other => format!("The database could not be brought to this version of Gantry: {other}"),
    };
    let mut problem = Problem::new(Code::Database, "The database does not fit", message);
    problem.reference = Some(reference);
    problem
}

/// The problem for what is stored but cannot be read: a fault of Gantry.
pub(crate) fn unreadable(what: &str, error: impl std::fmt::Display) -> Problem {
    let reference = reference();
    tracing::error!(%reference, what, %error, "store: unreadable");
    Problem::internal(reference)
}

/// Short, and unique enough to find one line in a log. The clock is only a source of distinct values here.
fn reference() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    format!("db-{clock:x}-{:x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::of_start;

    #[test]
    fn a_start_without_postgres_says_where_it_was_looked_for() {
        let told = |error: sqlx::Error| of_start(&error, "db.example:5432").message;
        let remedy = "Start it, or correct DATABASE_URL.";
        assert_eq!(told(sqlx::Error::PoolTimedOut), format!("Postgres at db.example:5432 does not answer. {remedy}"));
        let refused = std::io::Error::other("connection refused");
        assert_eq!(
            told(sqlx::Error::Io(refused)),
            format!("Postgres at db.example:5432 does not answer: connection refused. {remedy}")
        );
    }
}

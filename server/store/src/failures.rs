//! Failed sign-ins, by subject: a name, an address, what a person confirms with. Who waits for how long is decided by whoever asks.
//!
//! Subjects are compared as the names in them are at sign-in, by `lower`: what the database takes for one name is counted as one.

use domain::Millis;
use sqlx::PgConnection;

use crate::{Result, Store, problem};

/// How often a subject failed, and when last.
pub type Failures = (u32, Option<Millis>);

async fn failures(connection: &mut PgConnection, subject: &str, since: Millis) -> Result<Failures> {
    let (count, last): (i64, Option<i64>) =
        sqlx::query_as("select count(*), max(at) from login_failures where subject = lower($1) and at >= $2")
            .bind(subject)
            .bind(since.0)
            .fetch_one(connection)
            .await
            .map_err(problem::of)?;
    Ok((u32::try_from(count).unwrap_or(u32::MAX), last.map(Millis)))
}

async fn all_failures<const N: usize>(
    connection: &mut PgConnection,
    subjects: [(&str, Millis); N],
) -> Result<[Failures; N]> {
    let mut all: [Failures; N] = [(0, None); N];
    for (failed, (subject, since)) in all.iter_mut().zip(subjects) {
        *failed = failures(connection, subject, since).await?;
    }
    Ok(all)
}

impl Store {
    /// Notes a failed sign-in of `subject` (`name:…`, `address:…`) and forgets those older than a day.
    pub async fn login_failed(&self, subject: &str, now: Millis) -> Result<()> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        sqlx::query("delete from login_failures where at < $1")
            .bind(now.0 - 86_400_000)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        sqlx::query("insert into login_failures (subject, at) values (lower($1), $2)")
            .bind(subject)
            .bind(now.0)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        tx.commit().await.map_err(problem::of)
    }

    /// Counts a try as failed before anybody knows how it ends, unless it has to wait: `left` says for how many seconds, of the failures of each
    /// subject since its moment. Answers the seconds; 0 means that it was counted, once for each subject. Tries of the same subject take turns, so
    /// of those sent at once each sees the ones before it.
    ///
    /// # Errors
    /// [`domain::Code::Database`].
    pub async fn login_tried<const N: usize>(
        &self,
        subjects: [(&str, Millis); N],
        now: Millis,
        left: impl Fn([Failures; N]) -> i64 + Send,
    ) -> Result<i64> {
        // Who has to wait anyway does so without holding anybody up.
        let mut connection = self.pages.acquire().await.map_err(problem::of)?;
        let failed = all_failures(&mut connection, subjects).await?;
        drop(connection);
        let seconds = left(failed);
        if seconds > 0 {
            return Ok(seconds);
        }
        let mut names = subjects.map(|(subject, _)| subject);
        // Always in the same order: no two wait for each other.
        names.sort_unstable();
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        for name in names {
            sqlx::query("select pg_advisory_xact_lock(hashtextextended(lower($1), 0))")
                .bind(name)
                .execute(&mut *tx)
                .await
                .map_err(problem::of)?;
        }
        let failed = all_failures(&mut tx, subjects).await?;
        let seconds = left(failed);
        if seconds > 0 {
            tx.rollback().await.map_err(problem::of)?;
            return Ok(seconds);
        }
        for name in names {
            sqlx::query("insert into login_failures (subject, at) values (lower($1), $2)")
                .bind(name)
                .bind(now.0)
                .execute(&mut *tx)
                .await
                .map_err(problem::of)?;
        }
        tx.commit().await.map_err(problem::of)?;
        Ok(0)
    }

    /// Takes back one failure of `subject` that was counted at this moment: nobody looked at the password, or it was right.
    pub async fn login_untried(&self, subject: &str, at: Millis) -> Result<()> {
        sqlx::query(
            "delete from login_failures where ctid = (
                 select ctid from login_failures where subject = lower($1) and at = $2 limit 1 for update skip locked)",
        )
        .bind(subject)
        .bind(at.0)
        .execute(&self.pages)
        .await
        .map_err(problem::of)?;
        Ok(())
    }

    /// How often `subject` failed since, and when last.
    pub async fn login_failures(&self, subject: &str, since: Millis) -> Result<Failures> {
        let mut connection = self.pages.acquire().await.map_err(problem::of)?;
        failures(&mut connection, subject, since).await
    }

    /// Forgets the failures of `subject`: it signed in.
    pub async fn login_succeeded(&self, subject: &str) -> Result<()> {
        sqlx::query("delete from login_failures where subject = lower($1)")
            .bind(subject)
            .execute(&self.pages)
            .await
            .map_err(problem::of)?;
        Ok(())
    }
}

//! People, and the welcome link of the first one. What changes people takes the entry that the audit log gets with it.

use domain::policy::Role;
use domain::services::Person;
use domain::{Code, Millis, Problem};
use sqlx::{FromRow, PgConnection};

use crate::audit::{self, Entry};
use crate::{Result, Store, hashed, locks, problem};

/// A person with the argon2 hash of their password (PHC form). Never leaves the server.
#[derive(Clone)]
pub struct Credentials {
    /// Who.
    pub person: Person,
    /// The hash.
    pub password: String,
}

/// What somebody proved who changes their own password.
#[derive(Clone, Copy)]
pub struct Proven<'a> {
    /// The hash that the current password was found to fit.
    pub password: &'a str,
    /// The session in which they did, which stays.
    pub session: i64,
    /// When.
    pub at: Millis,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    name: String,
    password: String,
    role: String,
    since: i64,
    seen: Option<i64>,
}

impl Row {
    fn read(self) -> Result<Credentials> {
        let person = Person {
            id: self.id,
            name: self.name,
            role: Role::parse(&self.role)?,
            since: Millis(self.since),
            seen: self.seen.map(Millis),
        };
        Ok(Credentials { person, password: self.password })
    }
}

async fn insert(tx: &mut PgConnection, name: &str, password: &str, role: Role, now: Millis) -> Result<i64> {
    sqlx::query_scalar("insert into people (name, password, role, since) values ($1, $2, $3, $4) returning id")
        .bind(name)
        .bind(password)
        .bind(role.as_str())
        .bind(now.0)
        .fetch_one(tx)
        .await
        .map_err(problem::of)
}

/// Refuses to leave the installation without an administrator.
async fn another_administrator(tx: &mut PgConnection, than: i64) -> Result<()> {
    sqlx::query("select pg_advisory_xact_lock($1)").bind(locks::PEOPLE).execute(&mut *tx).await.map_err(problem::of)?;
    let others: i64 = sqlx::query_scalar("select count(*) from people where role = 'administrator' and id <> $1")
        .bind(than)
        .fetch_one(&mut *tx)
        .await
        .map_err(problem::of)?;
    let is_one: bool =
        sqlx::query_scalar("select exists (select 1 from people where id = $1 and role = 'administrator')")
            .bind(than)
            .fetch_one(tx)
            .await
            .map_err(problem::of)?;
    if is_one && others == 0 {
        return Err(Problem::new(
            Code::Conflict,
            "The last administrator",
            "Somebody has to be an administrator. Make another person one first.",
        ));
    }
    Ok(())
}

fn not_found() -> Problem {
    Problem::not_found("There is no such person (any more).")
}

fn overtaken() -> Problem {
    let message = "Your password was changed in the meantime. Nothing was done. Sign in with the new one.";
    Problem::new(Code::Conflict, "Changed in the meantime", message)
}

impl Store {
    /// Everyone, by name.
    pub async fn people(&self) -> Result<Vec<Person>> {
        let rows: Vec<Row> =
            sqlx::query_as("select id, name, password, role, since, seen from people order by lower(name)")
                .fetch_all(&self.pages)
                .await
                .map_err(problem::of)?;
        rows.into_iter().map(|row| Ok(row.read()?.person)).collect()
    }

    /// The person of this id.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub async fn person(&self, id: i64) -> Result<Person> {
        let row: Option<Row> = sqlx::query_as("select id, name, password, role, since, seen from people where id = $1")
            .bind(id)
            .fetch_optional(&self.pages)
            .await
            .map_err(problem::of)?;
        Ok(row.ok_or_else(not_found)?.read()?.person)
    }

    /// The person of this name (case does not matter), with the hash of their password.
    pub async fn credentials(&self, name: &str) -> Result<Option<Credentials>> {
        let row: Option<Row> =
            sqlx::query_as("select id, name, password, role, since, seen from people where lower(name) = lower($1)")
                .bind(name)
                .fetch_optional(&self.pages)
                .await
                .map_err(problem::of)?;
        row.map(Row::read).transpose()
    }

    /// Adds a person; answers their id.
    ///
    /// # Errors
    /// [`Code::Conflict`] with the field `name` when it is taken.
    pub async fn create_person(
        &self,
        name: &str,
        password_hash: &str,
        role: Role,
        now: Millis,
        entry: &Entry,
    ) -> Result<i64> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        let id = insert(&mut tx, name, password_hash, role, now).await?;
        audit::commit(tx, entry).await?;
        Ok(id)
    }

    /// Changes a role. Sessions end, because privileges change; tokens are capped by the role anyway.
    ///
    /// # Errors
    /// [`Code::Conflict`] for the last administrator, [`Code::NotFound`].
    pub async fn set_role(&self, person: i64, role: Role, entry: &Entry) -> Result<()> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        if role != Role::Administrator {
            another_administrator(&mut tx, person).await?;
        }
        let done = sqlx::query("update people set role = $2 where id = $1 and role <> $2")
            .bind(person)
            .bind(role.as_str())
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        if done.rows_affected() == 0 {
            let exists: bool = sqlx::query_scalar("select exists (select 1 from people where id = $1)")
                .bind(person)
                .fetch_one(&mut *tx)
                .await
                .map_err(problem::of)?;
            return if exists { Ok(()) } else { Err(not_found()) };
        }
        sqlx::query("delete from sessions where person = $1")
            .bind(person)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        audit::commit(tx, entry).await
    }

    /// Replaces the hash of a password. Sessions end, because whoever knew the old one may have begun them; that in which the old one was
    /// `proven` does not.
    ///
    /// # Errors
    /// [`Code::NotFound`]; [`Code::Conflict`] when what was proven is another password by now.
    pub async fn set_password(
        &self,
        person: i64,
        password_hash: &str,
        proven: Option<Proven<'_>>,
        entry: &Entry,
    ) -> Result<()> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        let done = sqlx::query("update people set password = $2 where id = $1 and ($3::text is null or password = $3)")
            .bind(person)
            .bind(password_hash)
            .bind(proven.map(|proven| proven.password))
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        if done.rows_affected() == 0 {
            return Err(if proven.is_some() { overtaken() } else { not_found() });
        }
        sqlx::query("delete from sessions where person = $1 and id is distinct from $2")
            .bind(person)
            .bind(proven.map(|proven| proven.session))
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        if let Some(proven) = proven {
            sqlx::query("update sessions set confirmed = $3 where id = $1 and person = $2")
                .bind(proven.session)
                .bind(person)
                .bind(proven.at.0)
                .execute(&mut *tx)
                .await
                .map_err(problem::of)?;
        }
        audit::commit(tx, entry).await
    }

    /// Removes a person with their sessions and tokens.
    ///
    /// # Errors
    /// [`Code::Conflict`] for the last administrator, [`Code::NotFound`].
    pub async fn remove_person(&self, person: i64, entry: &Entry) -> Result<()> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        another_administrator(&mut tx, person).await?;
        let done = sqlx::query("delete from people where id = $1")
            .bind(person)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        if done.rows_affected() == 0 {
            return Err(not_found());
        }
        audit::commit(tx, entry).await
    }

    /// Whether there is an administrator.
    pub async fn has_administrator(&self) -> Result<bool> {
        sqlx::query_scalar("select exists (select 1 from people where role = 'administrator')")
            .fetch_one(&self.pages)
            .await
            .map_err(problem::of)
    }

    /// Makes `secret` the only welcome link that is good, until `until`.
    pub async fn create_welcome(&self, secret: &str, until: Millis) -> Result<()> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        sqlx::query("delete from welcomes").execute(&mut *tx).await.map_err(problem::of)?;
        sqlx::query("insert into welcomes (hash, until) values ($1, $2)")
            .bind(hashed(secret))
            .bind(until.0)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        tx.commit().await.map_err(problem::of)
    }

    /// Whether this welcome link is good: made here, not used, not expired, and no administrator yet.
    pub async fn welcome_is_good(&self, secret: &str, now: Millis) -> Result<bool> {
        sqlx::query_scalar(
            "select exists (select 1 from welcomes where hash = $1 and until > $2)
             and not exists (select 1 from people where role = 'administrator')",
        )
        .bind(hashed(secret))
        .bind(now.0)
        .fetch_one(&self.pages)
        .await
        .map_err(problem::of)
    }

    /// Uses a welcome link up and makes the first administrator, both or neither; `None` when the link is not good. Answers their id.
    pub async fn welcome(
        &self,
        secret: &str,
        name: &str,
        password_hash: &str,
        now: Millis,
        entry: &Entry,
    ) -> Result<Option<i64>> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        sqlx::query("select pg_advisory_xact_lock($1)")
            .bind(locks::PEOPLE)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        let used = sqlx::query(
            "delete from welcomes where hash = $1 and until > $2
             and not exists (select 1 from people where role = 'administrator')",
        )
        .bind(hashed(secret))
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
        if used.rows_affected() == 0 {
            return Ok(None);
        }
        let id = insert(&mut tx, name, password_hash, Role::Administrator, now).await?;
        audit::commit(tx, entry).await?;
        Ok(Some(id))
    }
}

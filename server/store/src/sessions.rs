//! Sessions of browsers. Stored is the SHA-256 of the id in the cookie, so a copy of the database signs nobody in.
//! What begins or ends one takes the entry that the audit log gets with it.

use domain::Millis;
use domain::policy::{Actor, Role};
use domain::services::Session;
use sqlx::FromRow;

use crate::audit::{self, Entry};
use crate::{Result, Store, hashed, problem};

/// How long a session may rest unused: 30 minutes.
pub const IDLE_MS: i64 = 30 * 60_000;
/// How long a session lasts at most: 12 hours.
pub const LIFE_MS: i64 = 12 * 3_600_000;
/// The most sessions of one person.
pub const MOST_SESSIONS: i64 = 50;

/// A session about to begin.
#[derive(Clone, Copy)]
pub struct NewSession<'a> {
    /// Whose.
    pub person: i64,
    /// The hash of the password that was found to fit ([`crate::people::Credentials::password`]).
    pub password: &'a str,
    /// The cookie's 256-bit id.
    pub secret: &'a str,
    /// The browser.
    pub agent: &'a str,
}

/// Someone who proved who they are, and since when this session does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub actor: Actor,
    /// When they signed in.
    pub since: Millis,
    /// When a use of the session was last noted.
    used: Millis,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    since: i64,
    used: i64,
    agent: String,
}

impl Store {
    /// Starts a session. The person was here then. Of [`MOST_SESSIONS`] the one unused for longest ends. Answers the session's number; `None`
    /// when the person has another password by now, or is gone.
    pub async fn create_session(&self, new: NewSession<'_>, now: Millis, entry: &Entry) -> Result<Option<i64>> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        // The person before any session, in the order in which roles and passwords are changed: neither waits for the other, and a password
        // that is changed at this moment is seen.
        let same = sqlx::query("update people set seen = greatest(seen, $2) where id = $1 and password = $3")
            .bind(new.person)
            .bind(now.0)
            .bind(new.password)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        if same.rows_affected() == 0 {
            return Ok(None);
        }
        sqlx::query("delete from sessions where used < $1 or since < $2")
            .bind(now.0 - IDLE_MS)
            .bind(now.0 - LIFE_MS)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        sqlx::query(
            "delete from sessions where id in
             (select id from sessions where person = $1 order by used desc, id desc offset $2)",
        )
        .bind(new.person)
        .bind(MOST_SESSIONS - 1)
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
        let id = sqlx::query_scalar(
            "insert into sessions (person, hash, since, used, agent) values ($1, $2, $3, $3, $4) returning id",
        )
        .bind(new.person)
        .bind(hashed(new.secret))
        .bind(now.0)
        .bind(new.agent)
        .fetch_one(&mut *tx)
        .await
        .map_err(problem::of)?;
        audit::commit(tx, entry).await?;
        Ok(Some(id))
    }

    /// Who this cookie signs in, if it still does ([`IDLE_MS`], [`LIFE_MS`]). Notes the use at most once a minute.
    pub async fn session(&self, secret: &str, now: Millis) -> Result<Option<SignedIn>> {
        let found = self.session_at_rest(secret, now).await?;
        if let Some(SignedIn { actor, used, .. }) = &found
            && now.0 - used.0 > 60_000
        {
            sqlx::query(
                "with s as (update sessions set used = $2 where id = $1) update people set seen = $2 where id = $3",
            )
            .bind(actor.session)
            .bind(now.0)
            .bind(actor.person)
            .execute(&self.pages)
            .await
            .map_err(problem::of)?;
        }
        Ok(found)
    }

    /// The same, and no use of it.
    pub async fn session_at_rest(&self, secret: &str, now: Millis) -> Result<Option<SignedIn>> {
        let row: Option<(i64, i64, i64, i64, String, String)> = sqlx::query_as(
            "select s.id, s.since, s.used, p.id, p.name, p.role from sessions s join people p on p.id = s.person
             where s.hash = $1 and s.used >= $2 and s.since >= $3",
        )
        .bind(hashed(secret))
        .bind(now.0 - IDLE_MS)
        .bind(now.0 - LIFE_MS)
        .fetch_optional(&self.pages)
        .await
        .map_err(problem::of)?;
        let Some((session, since, used, person, name, role)) = row else { return Ok(None) };
        let actor = Actor { person, name, role: Role::parse(&role)?, session };
        Ok(Some(SignedIn { actor, since: Millis(since), used: Millis(used) }))
    }

    /// When this person last proved the password in this session: at sign-in, or since. `None` where there is no such session.
    pub async fn proven(&self, person: i64, session: i64) -> Result<Option<Millis>> {
        let at: Option<i64> =
            sqlx::query_scalar("select greatest(since, confirmed) from sessions where id = $1 and person = $2")
                .bind(session)
                .bind(person)
                .fetch_optional(&self.pages)
                .await
                .map_err(problem::of)?;
        Ok(at.map(Millis))
    }

    /// Notes that this person proved the password in this session; answers whether there is one.
    pub async fn confirm_session(&self, person: i64, session: i64, now: Millis, entry: &Entry) -> Result<bool> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        let done = sqlx::query("update sessions set confirmed = $3 where id = $1 and person = $2")
            .bind(session)
            .bind(person)
            .bind(now.0)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        let noted = done.rows_affected() > 0;
        if noted {
            audit::commit(tx, entry).await?;
        }
        Ok(noted)
    }

    /// The sessions of a person that still sign in, latest used first; `current` is marked.
    pub async fn sessions(&self, person: i64, current: i64, now: Millis) -> Result<Vec<Session>> {
        let rows: Vec<Row> = sqlx::query_as(
            "select id, since, used, agent from sessions where person = $1 and used >= $2 and since >= $3 order by used desc, id",
        )
        .bind(person)
        .bind(now.0 - IDLE_MS)
        .bind(now.0 - LIFE_MS)
        .fetch_all(&self.pages)
        .await
        .map_err(problem::of)?;
        let session = |row: Row| Session {
            id: row.id,
            since: Millis(row.since),
            used: Millis(row.used),
            agent: row.agent,
            current: row.id == current,
        };
        Ok(rows.into_iter().map(session).collect())
    }

    /// Ends a session of this person; answers whether there was one.
    pub async fn end_session(&self, person: i64, session: i64, entry: &Entry) -> Result<bool> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        let done = sqlx::query("delete from sessions where id = $1 and person = $2")
            .bind(session)
            .bind(person)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        let ended = done.rows_affected() > 0;
        if ended {
            audit::commit(tx, entry).await?;
        }
        Ok(ended)
    }
}

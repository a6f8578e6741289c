//! API tokens. Stored is the SHA-256 of the text; the role is capped by that of the owner each time it is used.
//! What makes or revokes one takes the entry that the audit log gets with it.

use domain::policy::{Actor, Role};
use domain::services::Token;
use domain::{Code, Millis, Problem};
use sqlx::FromRow;

use crate::audit::{self, Entry};
use crate::{Result, Store, hashed, problem};

/// The most tokens of one person that have not ended.
pub const MOST_TOKENS: i64 = 20;

/// A token about to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewToken<'a> {
    /// Whose.
    pub person: i64,
    /// What it is for; unique among the person's.
    pub name: &'a str,
    /// Its text.
    pub secret: &'a str,
    /// Its role.
    pub role: Role,
    /// When it ends.
    pub until: Millis,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    name: String,
    role: String,
    since: i64,
    until: i64,
    used: Option<i64>,
}

impl Store {
    /// Stores a token; answers its id.
    ///
    /// # Errors
    /// [`Code::Conflict`] with the field `name` when the person has one of this name, and without when they have [`MOST_TOKENS`].
    pub async fn create_token(&self, token: NewToken<'_>, now: Millis, entry: &Entry) -> Result<i64> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        // Those that one person makes at once take turns: each counts the ones before it.
        sqlx::query("select 1 from people where id = $1 for no key update")
            .bind(token.person)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        let count: i64 = sqlx::query_scalar("select count(*) from tokens where person = $1 and until > $2")
            .bind(token.person)
            .bind(now.0)
            .fetch_one(&mut *tx)
            .await
            .map_err(problem::of)?;
        if count >= MOST_TOKENS {
            let message = format!("A person has at most {MOST_TOKENS} tokens. Revoke one that is not needed any more.");
            return Err(Problem::new(Code::Conflict, "Too many tokens", message));
        }
        let id = sqlx::query_scalar(
            "insert into tokens (person, name, hash, role, since, until) values ($1, $2, $3, $4, $5, $6) returning id",
        )
        .bind(token.person)
        .bind(token.name)
        .bind(hashed(token.secret))
        .bind(token.role.as_str())
        .bind(now.0)
        .bind(token.until.0)
        .fetch_one(&mut *tx)
        .await
        .map_err(problem::of)?;
        audit::commit(tx, entry).await?;
        Ok(id)
    }

    /// Who this token speaks for, unless it ended. `Actor::session` is the token's id, negative so that it never equals a session's.
    pub async fn token(&self, secret: &str, now: Millis) -> Result<Option<Actor>> {
        let row: Option<(i64, String, Option<i64>, i64, String, String)> = sqlx::query_as(
            "select t.id, t.role, t.used, p.id, p.name, p.role from tokens t join people p on p.id = t.person
             where t.hash = $1 and t.until > $2",
        )
        .bind(hashed(secret))
        .bind(now.0)
        .fetch_optional(&self.pages)
        .await
        .map_err(problem::of)?;
        let Some((id, role, used, person, name, owner)) = row else { return Ok(None) };
        if used.is_none_or(|used| now.0 - used > 60_000) {
            sqlx::query("update tokens set used = $2 where id = $1")
                .bind(id)
                .bind(now.0)
                .execute(&self.pages)
                .await
                .map_err(problem::of)?;
        }
        let role = Role::parse(&role)?.min(Role::parse(&owner)?);
        Ok(Some(Actor { person, name, role, session: -id }))
    }

    /// The tokens of a person, latest first, ended ones too.
    pub async fn tokens(&self, person: i64) -> Result<Vec<Token>> {
        let rows: Vec<Row> =
            sqlx::query_as("select id, name, role, since, until, used from tokens where person = $1 order by id desc")
                .bind(person)
                .fetch_all(&self.pages)
                .await
                .map_err(problem::of)?;
        rows.into_iter()
            .map(|row| {
                Ok(Token {
                    id: row.id,
                    name: row.name,
                    role: Role::parse(&row.role)?,
                    since: Millis(row.since),
                    until: Millis(row.until),
                    used: row.used.map(Millis),
                })
            })
            .collect()
    }

    /// Revokes a token of this person; answers whether there was one.
    pub async fn revoke_token(&self, person: i64, token: i64, entry: &Entry) -> Result<bool> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        let done = sqlx::query("delete from tokens where id = $1 and person = $2")
            .bind(token)
            .bind(person)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        let revoked = done.rows_affected() > 0;
        if revoked {
            audit::commit(tx, entry).await?;
        }
        Ok(revoked)
    }
}

//! What an installation decides once and keeps: the key of the digests that stand in place of secrets, or, where a file has it, only its fingerprint.

use domain::{Code, Millis, Problem};
use sqlx::PgConnection;
use std::fmt;

use crate::servers::in_turn;
use crate::{Result, Store, problem};

/// The setting with the key, where the database keeps it.
const KEY: &str = "sealing-key";
/// The setting with the fingerprint of the key that is used, wherever it is kept.
const FINGERPRINT: &str = "sealing-fingerprint";

/// Where the key of digests is kept.
#[derive(Clone, Copy)]
pub enum DigestKey<'a> {
    /// In a file, which says this. The database keeps none then.
    File(&'a [u8; 32]),
    /// In the database; this one is kept when there is none yet.
    Database {
        /// A key that nobody else has.
        fresh: &'a [u8; 32],
    },
}

/// The key of digests, and what it did to documents.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digests {
    /// The key.
    pub key: [u8; 32],
    /// So many documents hold digests of another one: they are read anew, without entries in their histories.
    pub renewed: u64,
}

impl fmt::Debug for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digests").field("renewed", &self.renewed).finish_non_exhaustive()
    }
}

impl Store {
    /// Answers the key that digests are made with from now on. Servers that start together without a file get the same.
    ///
    /// Where it is another one than before, by its `fingerprint`, documents with digests count as read in another way than now
    /// ([`domain::resource::Model::READING`]), and what servers of the other key were collecting is taken from them.
    ///
    /// # Errors
    /// [`Code::Conflict`] when it is another one while a server lives that said so since `dead`; [`Code::Database`].
    pub async fn use_digest_key(
        &self,
        key: DigestKey<'_>,
        fingerprint: fn(&[u8; 32]) -> [u8; 32],
        dead: Millis,
    ) -> Result<Digests> {
        let mut tx = self.work.begin().await.map_err(problem::of)?;
        in_turn(&mut tx).await?;
        let kept = match setting(&mut tx, KEY).await? {
            Some(bytes) => Some(<[u8; 32]>::try_from(bytes).map_err(|_| damaged())?),
            None => None,
        };
        // Before fingerprints were stored the key was always in the database.
        let before = setting(&mut tx, FINGERPRINT).await?.or_else(|| kept.map(|kept| fingerprint(&kept).to_vec()));
        let used = match key {
            DigestKey::File(key) => *key,
            DigestKey::Database { fresh } => kept.unwrap_or(*fresh),
        };
        let print = fingerprint(&used);
        let renewed = match before {
            Some(before) if before != print => renew(&mut tx, dead).await?,
            _ => 0,
        };
        set(&mut tx, FINGERPRINT, Some(&print)).await?;
        set(&mut tx, KEY, matches!(key, DigestKey::Database { .. }).then_some(used.as_slice())).await?;
        tx.commit().await.map_err(problem::of)?;
        Ok(Digests { key: used, renewed })
    }
}

/// Refuses a server whose key has another fingerprint than the one in use.
pub(crate) async fn same_digest_key(tx: &mut PgConnection, fingerprint: &[u8]) -> Result<()> {
    match setting(tx, FINGERPRINT).await? {
        Some(used) if used != fingerprint => Err(another_key()),
        _ => Ok(()),
    }
}

/// Has all documents with digests be read anew, unless a server lives that still makes digests with the other key.
async fn renew(tx: &mut PgConnection, dead: Millis) -> Result<u64> {
    let alive: bool = sqlx::query_scalar("select exists (select from servers where seen >= $1)")
        .bind(dead.0)
        .fetch_one(&mut *tx)
        .await
        .map_err(problem::of)?;
    if alive {
        return Err(another_key());
    }
    // One that is only late has to say again what it wants, and is refused then.
    sqlx::query("delete from servers").execute(&mut *tx).await.map_err(problem::of)?;
    sqlx::query(
        "with held as (select id from collections where owner is not null order by id for update)
         update collections c set owner = null, lease_until = null, fencing = c.fencing + 1 from held where c.id = held.id",
    )
    .execute(&mut *tx)
    .await
    .map_err(problem::of)?;
    // No model counts from 0.
    let read = "update resources set reading = 0 where reading <> 0 and strpos(doc::text, '\"gantry:digest\":') > 0";
    Ok(sqlx::query(read).execute(&mut *tx).await.map_err(problem::of)?.rows_affected())
}

async fn setting(tx: &mut PgConnection, name: &str) -> Result<Option<Vec<u8>>> {
    sqlx::query_scalar("select value from settings where name = $1")
        .bind(name)
        .fetch_optional(tx)
        .await
        .map_err(problem::of)
}

async fn set(tx: &mut PgConnection, name: &str, value: Option<&[u8]>) -> Result<()> {
    let sql = match value {
        Some(_) => {
            "insert into settings (name, value) values ($1, $2)
             on conflict on constraint settings_pk do update set value = excluded.value"
        }
        None => "delete from settings where name = $1 and $2::bytea is null",
    };
    sqlx::query(sql).bind(name).bind(value).execute(tx).await.map_err(problem::of)?;
    Ok(())
}

fn another_key() -> Problem {
    Problem::new(
        Code::Conflict,
        "Another digest key",
        "Another server on this database makes its digests with another key. Give all servers the same GANTRY_DIGEST_KEY_FILE; to change the key, end them all first. One that was killed counts as running for half a minute.",
    )
}

fn damaged() -> Problem {
    Problem::new(Code::Internal, "The sealing key is damaged", "The setting sealing-key is not 32 bytes long.")
}

//! What an installation decides once and keeps: the key that seals secrets.

use crate::{Result, Store, problem};

impl Store {
    /// The stored bytes of this setting; when there are none yet, `fresh` is stored and answered. Servers that start together get the same.
    pub async fn setting(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>> {
        sqlx::query(
            "insert into settings (name, value) values ($1, $2) on conflict on constraint settings_pk do nothing",
        )
        .bind(name)
        .bind(fresh)
        .execute(&self.pages)
        .await
        .map_err(problem::of)?;
        sqlx::query_scalar("select value from settings where name = $1")
            .bind(name)
            .fetch_one(&self.pages)
            .await
            .map_err(problem::of)
    }
}

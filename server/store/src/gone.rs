//! What AWS no longer has: a resource is gone only when a complete list lacks it, or when AWS says so about itself.
//! What lives in a gone resource is gone with it.

use domain::history::ChangeKind;
use domain::{Kind, Millis, ResourceKey, Scope};
use serde_json::Value;
use sqlx::PgConnection;

use crate::collections::{Fence, fence_holds};
use crate::history::{self, Entry};
use crate::resources::{next_version, notify_version};
use crate::within::{read_within, whole_of};
use crate::{Result, Store, kinds, problem};

impl Store {
    /// A complete list of this kind, of everything in the scope or of what lives in `parent`, began at `started`: what was not seen since is
    /// gone. Answers how many.
    ///
    /// # Errors
    /// [`domain::Code::Conflict`] when the lease was taken over, [`domain::Code::Database`].
    pub async fn complete(
        &self,
        fence: Fence,
        scope: &Scope,
        kind: Kind,
        parent: Option<&ResourceKey>,
        started: Millis,
        now: Millis,
    ) -> Result<usize> {
        let mut tx = self.work.begin().await.map_err(problem::of)?;
        fence_holds(&mut tx, fence).await?;
        let missing: Vec<i64> = match parent {
            None => {
                sqlx::query_scalar(
                    "select id from resources where kind = $1 and account = $2 and region = $3 and gone is null and seen < $4",
                )
                .bind(kind.stem())
                .bind(scope.account.as_str())
                .bind(scope.region.as_str())
                .bind(started.0)
                .fetch_all(&mut *tx)
                .await
            }
            Some(parent) => {
                sqlx::query_scalar(
                    "with recursive inside as (
                         select id, key, kind, seen, gone from resources where parent = $1
                         union
                         select r.id, r.key, r.kind, r.seen, r.gone from resources r join inside i on r.parent = i.key
                     )
                     select id from inside where kind = $2 and gone is null and seen < $3",
                )
                .bind(parent.to_string())
                .bind(kind.stem())
                .bind(started.0)
                .fetch_all(&mut *tx)
                .await
            }
        }
        .map_err(problem::of)?;
        let gone = bury(&mut tx, &missing, now).await?;
        if let Some(parent) = parent.filter(|parent| whole_of(kind) == Some(parent.kind)) {
            read_within(&mut tx, kind, std::slice::from_ref(parent), now).await?;
        }
        tx.commit().await.map_err(problem::of)?;
        Ok(gone)
    }

    /// The same of what has these ids: of them everything that exists was delivered. Answers how many are gone.
    ///
    /// # Errors
    /// [`domain::Code::Conflict`] when the lease was taken over, [`domain::Code::Database`].
    pub async fn complete_of(
        &self,
        fence: Fence,
        scope: &Scope,
        kind: Kind,
        ids: &[String],
        started: Millis,
        now: Millis,
    ) -> Result<usize> {
        if ids.is_empty() {
            return Ok(0);
        }
        let keys = ids.iter().map(|id| ResourceKey::new(kind, scope.clone(), id)).collect::<Result<Vec<_>>>()?;
        let mut tx = self.work.begin().await.map_err(problem::of)?;
        fence_holds(&mut tx, fence).await?;
        // What was seen in the very moment of the claim was seen since
        let missing = unseen_after(&mut tx, &keys, Millis(started.0 - 1)).await?;
        let gone = bury(&mut tx, &missing, now).await?;
        tx.commit().await.map_err(problem::of)?;
        Ok(gone)
    }

    /// AWS said about this one that it does not exist, to a single read made under this lease that began at `began`. Answers whether that was
    /// news.
    ///
    /// # Errors
    /// [`domain::Code::Conflict`] when the lease was taken over, [`domain::Code::Database`].
    pub async fn absent(&self, fence: Fence, key: &ResourceKey, began: Millis, now: Millis) -> Result<bool> {
        let mut tx = self.work.begin().await.map_err(problem::of)?;
        fence_holds(&mut tx, fence).await?;
        let missing = unseen_after(&mut tx, std::slice::from_ref(key), began).await?;
        let gone = bury(&mut tx, &missing, now).await?;
        tx.commit().await.map_err(problem::of)?;
        Ok(gone > 0)
    }

    /// AWS said about these that they do not exist, to a read of a run that began at `began`, which is made under no lease of a list. Answers
    /// how many of them that was news of.
    ///
    /// # Errors
    /// [`domain::Code::Database`].
    pub async fn absent_to_run(&self, keys: &[ResourceKey], began: Millis, now: Millis) -> Result<usize> {
        let mut tx = self.work.begin().await.map_err(problem::of)?;
        let missing = unseen_after(&mut tx, keys, began).await?;
        let gone = bury(&mut tx, &missing, now).await?;
        tx.commit().await.map_err(problem::of)?;
        Ok(gone)
    }
}

/// Those of these that are not gone and were not seen after this moment.
async fn unseen_after(tx: &mut PgConnection, keys: &[ResourceKey], moment: Millis) -> Result<Vec<i64>> {
    sqlx::query_scalar("select id from resources where key = any($1) and gone is null and seen <= $2")
        .bind(keys.iter().map(ToString::to_string).collect::<Vec<_>>())
        .bind(moment.0)
        .fetch_all(tx)
        .await
        .map_err(problem::of)
}

/// Marks these and what lives in them as gone.
async fn bury(tx: &mut PgConnection, missing: &[i64], now: Millis) -> Result<usize> {
    if missing.is_empty() {
        return Ok(0);
    }
    let version = next_version(tx).await?;
    let rows: Vec<(i64, String, Value)> = sqlx::query_as(
        "with recursive lost as (
             select id, key from resources where id = any($1) and gone is null
             union
             select r.id, r.key from resources r join lost l on r.parent = l.key where r.gone is null
         ),
         going as (
             select o.id from resources o join lost on o.id = lost.id where o.gone is null order by o.id for no key update of o
         )
         update resources r set gone = $2, version = $3,
             changed = case when r.kind = any($4) then r.changed else $2 end
         from going where r.id = going.id returning r.id, r.key, r.doc",
    )
    .bind(missing)
    .bind(now.0)
    .bind(version)
    .bind(Kind::ALL.iter().filter(|k| k.outlives_aws()).map(|k| k.stem()).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await
    .map_err(problem::of)?;
    let mut names = Vec::with_capacity(rows.len());
    for (id, key, doc) in &rows {
        if !kinds::is_known(key) {
            continue;
        }
        let key = ResourceKey::parse(key)?;
        // That AWS forgot a stopped task is no event in its life
        if !key.kind.outlives_aws() {
            let name = domain::describe::describe(key.kind, &key.scope, doc).map_or(key.id.clone(), |d| d.name);
            names.push((*id, name, doc));
        }
    }
    let entries: Vec<Entry<'_>> = names
        .iter()
        .map(|(id, name, doc)| Entry {
            resource: *id,
            change: ChangeKind::Gone,
            name,
            doc,
            fields: &[],
            initial: false,
        })
        .collect();
    history::append(tx, &entries, now).await?;
    notify_version(tx, version).await?;
    Ok(rows.len())
}

//! Resources as AWS last described them, read by the inventory. Written in [`crate::batch`].
//!
//! Versions: a transaction that changes resources takes [`crate::locks::VERSION`] before it takes its number, and keeps it until commit.
//! So whoever sees version n has seen all smaller ones, and catching up by `version > last` misses nothing.
//!
//! Whoever writes several rows that exist locks them first, in the order of their ids, as in [`crate::collections`].

use domain::history::FieldChange;
use domain::{Kind, Millis, Problem, ResourceKey, Scope};
use serde_json::Value;
use sqlx::{PgConnection, Row as _};
use std::collections::{HashMap, HashSet};

use crate::singles::read_one_by_one;
use crate::{Result, Store, changes, kinds, locks, problem};

/// One stored resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Postgres's number of it.
    pub id: i64,
    /// What it is and where.
    pub key: ResourceKey,
    /// AWS's document, secrets sealed.
    pub doc: Value,
    /// The store's version when this row last changed.
    pub version: i64,
    /// When it was first seen.
    pub first_seen: Millis,
    /// When AWS was last seen to have it.
    pub seen: Millis,
    /// When a change worth a history entry was last seen.
    pub changed: Millis,
    /// When AWS no longer had it.
    pub gone: Option<Millis>,
}
impl Store {
    /// Ids of this kind in this scope that are not gone, but for those that a list was asked to read again as if they were new.
    pub async fn known(&self, scope: &Scope, kind: Kind) -> Result<HashSet<String>> {
        self.known_in(scope, kind, None).await
    }

    /// The same without those that were stored by a version of Gantry that reads documents in another way ([`domain::resource::Model::READING`]):
    /// what never changes is read once more, too.
    pub async fn known_as_read_now(&self, scope: &Scope, kind: Kind) -> Result<HashSet<String>> {
        self.known_in(scope, kind, Some(domain::describe::reading(kind))).await
    }

    async fn known_in(&self, scope: &Scope, kind: Kind, reading: Option<i16>) -> Result<HashSet<String>> {
        let keys: Vec<String> = sqlx::query_scalar(
            "select key from resources where kind = $1 and account = $2 and region = $3 and gone is null
             and (kind = any($4) or not reread and ($5::smallint is null or reading = $5))",
        )
        .bind(kind.stem())
        .bind(scope.account.as_str())
        .bind(scope.region.as_str())
        .bind(read_one_by_one())
        .bind(reading)
        .fetch_all(&self.work)
        .await
        .map_err(problem::of)?;
        let prefix = format!("{}/{scope}/", kind.stem());
        Ok(keys.iter().filter_map(|k| k.strip_prefix(&prefix)).map(str::to_owned).collect())
    }

    /// What the documents of this kind in this scope say in this field (`a.b` for one in another), where that is a text, by id; without those
    /// that are gone.
    pub async fn said(&self, scope: &Scope, kind: Kind, field: &str) -> Result<HashMap<String, String>> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select key, doc #>> $4 from resources where kind = $1 and account = $2 and region = $3 and gone is null
             and jsonb_typeof(doc #> $4) = 'string'",
        )
        .bind(kind.stem())
        .bind(scope.account.as_str())
        .bind(scope.region.as_str())
        .bind(field.split('.').collect::<Vec<_>>())
        .fetch_all(&self.work)
        .await
        .map_err(problem::of)?;
        let prefix = format!("{}/{scope}/", kind.stem());
        let id = |key: String| key.strip_prefix(&prefix).map(str::to_owned);
        Ok(rows.into_iter().filter_map(|(key, text)| Some((id(key)?, text))).collect())
    }

    /// One resource, gone or not.
    pub async fn get(&self, key: &ResourceKey) -> Result<Option<Stored>> {
        sqlx::query("select id, key, doc, version, first_seen, seen, changed, gone from resources where key = $1")
            .bind(key.to_string())
            .fetch_optional(&self.pages)
            .await
            .map_err(problem::of)?
            .map(|row| stored(&row))
            .transpose()
    }

    /// What of this kind lives in a resource and is not gone.
    pub async fn children(&self, parent: &ResourceKey, kind: Kind) -> Result<Vec<Stored>> {
        sqlx::query(
            "select id, key, doc, version, first_seen, seen, changed, gone from resources
             where parent = $1 and kind = $2 and gone is null order by id",
        )
        .bind(parent.to_string())
        .bind(kind.stem())
        .fetch_all(&self.pages)
        .await
        .map_err(problem::of)?
        .iter()
        .map(stored)
        .collect()
    }

    /// The documents of these resources; unknown ones are left out.
    pub async fn documents(&self, keys: &[ResourceKey]) -> Result<Vec<(ResourceKey, Value)>> {
        let rows: Vec<(String, Value)> = sqlx::query_as("select key, doc from resources where key = any($1)")
            .bind(keys.iter().map(ToString::to_string).collect::<Vec<_>>())
            .fetch_all(&self.pages)
            .await
            .map_err(problem::of)?;
        rows.into_iter().map(|(key, doc)| Ok((ResourceKey::parse(&key)?, doc))).collect()
    }

    /// All of this kind that are not gone, wherever they are, by their keys.
    pub async fn all(&self, kind: Kind) -> Result<Vec<ResourceKey>> {
        let keys: Vec<String> =
            sqlx::query_scalar("select key from resources where kind = $1 and gone is null order by key")
                .bind(kind.stem())
                .fetch_all(&self.pages)
                .await
                .map_err(problem::of)?;
        keys.iter().map(|key| ResourceKey::parse(key)).collect()
    }

    /// Functions of images, and published versions of them, of which no single read has told yet which image: lists do not say it. What a read
    /// told of an earlier revision is not what runs now; only numbered versions have none. And services of which a task definition is not there
    /// yet.
    pub async fn images_unread(&self) -> Result<Vec<ResourceKey>> {
        let keys: Vec<String> = sqlx::query_scalar(
            "select key from resources where kind = any($1) and gone is null and doc->>'PackageType' = 'Image'
             and (doc->'Code' is null or fetched_revision is distinct from doc->>'RevisionId'
                  and (kind <> $3 or starts_with(doc->>'Version', '$')))
             union
             select s.key from resources s join links l on l.source = s.id and l.relation = 'of' where s.kind = $2 and s.gone is null
             and not exists (select from refs f join resources r on r.id = f.resource where f.ref = l.target and r.gone is null)
             order by key",
        )
        .bind([Kind::Function, Kind::FunctionVersion].map(Kind::stem).to_vec())
        .bind(Kind::Service.stem())
        .bind(Kind::FunctionVersion.stem())
        .fetch_all(&self.pages)
        .await
        .map_err(problem::of)?;
        keys.iter().map(|key| ResourceKey::parse(key)).collect()
    }

    /// Up to `limit` resources that changed after this position, in order of (version, id): `(0, 0)` begins with everything.
    pub async fn after(&self, position: (i64, i64), limit: u32) -> Result<Vec<Stored>> {
        sqlx::query(
            "select id, key, doc, version, first_seen, seen, changed, gone from resources
             where (version, id) > ($1, $2) and kind = any($4) order by version, id limit $3",
        )
        .bind(position.0)
        .bind(position.1)
        .bind(i64::from(limit))
        .bind(kinds::known())
        .fetch_all(&self.work)
        .await
        .map_err(problem::of)?
        .iter()
        .map(stored)
        .collect()
    }
}

fn stored(row: &sqlx::postgres::PgRow) -> Result<Stored> {
    let get = |name| row.try_get::<i64, _>(name).map_err(problem::of);
    let key: String = row.try_get("key").map_err(problem::of)?;
    Ok(Stored {
        id: get("id")?,
        key: ResourceKey::parse(&key)?,
        doc: row.try_get("doc").map_err(problem::of)?,
        version: get("version")?,
        first_seen: Millis(get("first_seen")?),
        seen: Millis(get("seen")?),
        changed: Millis(get("changed")?),
        gone: row.try_get::<Option<i64>, _>("gone").map_err(problem::of)?.map(Millis),
    })
}

/// Takes the next version; until this transaction ends nobody else can.
pub(crate) async fn next_version(tx: &mut PgConnection) -> Result<i64> {
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(locks::VERSION)
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
    sqlx::query_scalar("select nextval('resource_version')").fetch_one(tx).await.map_err(problem::of)
}

/// Says the version to all servers; Postgres delivers it at commit.
pub(crate) async fn notify_version(tx: &mut PgConnection, version: i64) -> Result<()> {
    sqlx::query("select pg_notify($1, $2)")
        .bind(changes::VERSIONS)
        .bind(version.to_string())
        .execute(tx)
        .await
        .map_err(problem::of)?;
    Ok(())
}

/// How two documents of a kind differ, noise left out.
pub fn differences(kind: Kind, before: &Value, after: &Value) -> Vec<FieldChange> {
    domain::diff::diff(before, after, domain::describe::noise(kind))
}
/// The problem of a write whose lease was taken over.
pub(crate) fn taken_over() -> Problem {
    Problem::new(
        domain::Code::Conflict,
        "Collected elsewhere",
        "Another server took over this collect; what this one still delivers is refused.",
    )
}

//! Batches of what collectors saw: one transaction, one version, one notification each. Documents that did not change only get younger.

use domain::describe::{self, reading};
use domain::history::{ChangeKind, FieldChange};
use domain::resource::{Described, Observed};
use domain::{Kind, Millis, Scope};
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;
use std::collections::{BTreeMap, HashMap};

use crate::collections::{Fence, fence_holds};
use crate::difference::{keep, news};
use crate::history::Entry;
use crate::resources::{next_version, notify_version};
use crate::singles::{self, read_one_by_one};
use crate::{Result, Store, hash, history, links, problem};

/// What a batch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The store's version of this batch; `None` when nothing but ages changed.
    pub version: Option<i64>,
    /// Documents that are new or differ.
    pub changed: usize,
}

/// How a batch came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A page of a list, read under a lease; leaves alone what a single read that began later said.
    List {
        /// The lease.
        fence: Fence,
        /// The first collect of this scope: what appears is no news.
        initial: bool,
        /// When the list began: a page can be minutes old when it is delivered, where each thing it names was asked about.
        began: Millis,
    },
    /// A single read that began at this moment; loses against anything seen later.
    Single {
        /// When the read began.
        began: Millis,
        /// The lease it is made under, if it is made under one.
        fence: Option<Fence>,
    },
}

impl Source {
    fn fence(self) -> Option<Fence> {
        match self {
            Source::List { fence, .. } => Some(fence),
            Source::Single { fence, .. } => fence,
        }
    }

    /// Whether the row knows better: it was seen after a single read began; or was read by itself, or found gone, after a list began.
    fn is_older(self, than: &Before) -> bool {
        match self {
            Source::List { began, .. } => than.fetched.max(than.gone).is_some_and(|at| at > began.0),
            Source::Single { began, .. } => than.seen > began.0,
        }
    }

    /// When a single read began.
    fn read_alone(self) -> Option<Millis> {
        match self {
            Source::List { .. } => None,
            Source::Single { began, .. } => Some(began),
        }
    }
}

/// A row whose document stays as it is.
#[derive(Clone)]
struct Same {
    id: i64,
    version: i64,
    hash: Vec<u8>,
    reading: i16,
}

/// A row before the batch.
struct Before {
    id: i64,
    version: i64,
    doc: Value,
    seen: i64,
    gone: Option<i64>,
    /// When its last single read began.
    fetched: Option<i64>,
    reading: i16,
}

/// One document to write.
struct Change<'a> {
    observed: &'a Observed,
    hash: Vec<u8>,
    doc: Value,
    described: Option<Described>,
    entry: Option<(ChangeKind, Vec<FieldChange>)>,
    /// Nothing that a single read gave is of this resource: the row was gone, or is of another one that had its id.
    anew: bool,
}

impl Store {
    /// Stores what was seen: one transaction, one version, one notification. Documents that did not change only get younger.
    ///
    /// # Errors
    /// [`domain::Code::Conflict`] when the lease was taken over, [`domain::Code::Database`].
    pub async fn seen(&self, source: Source, batch: &[Observed], now: Millis) -> Result<Written> {
        if batch.is_empty() {
            return Ok(Written::default());
        }
        // AWS's pages can overlap; the later answer counts
        let batch: BTreeMap<String, &Observed> = batch.iter().map(|o| (o.key.to_string(), o)).collect();
        let hashes: HashMap<&str, Vec<u8>> = batch.iter().map(|(k, o)| (k.as_str(), hash(&o.doc))).collect();
        let mut tx = self.work.begin().await.map_err(problem::of)?;
        if let Some(fence) = source.fence() {
            fence_holds(&mut tx, fence).await?;
        }
        let keys: Vec<&str> = batch.keys().map(String::as_str).collect();
        let (mut same, rest) = unchanged(&mut tx, &keys, &hashes, &batch).await?;
        let known = before(&mut tx, &rest).await?;
        let mut differing = vec![];
        for key in rest {
            let (observed, old) = (batch[key], known.get(key));
            let change = change(observed, hashes[key].clone(), old, source);
            match old.filter(|old| old.gone.is_none() && old.doc == change.doc) {
                Some(old) => {
                    let reading = reading(observed.key.kind);
                    same.push(Same { id: old.id, version: old.version, hash: change.hash, reading });
                }
                None => differing.push(key),
            }
        }
        let mut written = Written::default();
        // Of these something later is known: what was read is not written, and answers nobody who waits for it
        let mut late = vec![];
        if !differing.is_empty() {
            // Only now the lock, and what differs is read again under it: another server's single read may have come in between
            let version = next_version(&mut tx).await?;
            lock(&mut tx, &keys).await?;
            let before = before(&mut tx, &differing).await?;
            let mut changes = Vec::with_capacity(differing.len());
            for key in differing {
                let old = before.get(key);
                if old.is_some_and(|old| source.is_older(old)) {
                    late.push(key);
                } else {
                    changes.push(change(batch[key], hashes[key].clone(), old, source));
                }
            }
            written.version = Some(version);
            written.changed = changes.iter().filter(|c| c.entry.is_some()).count();
            write(&mut tx, &changes, source, version, now).await?;
            notify_version(&mut tx, version).await?;
        }
        // Last, so that row locks are always taken after the lock on versions
        touch(&mut tx, &same, source, now).await?;
        if source.read_alone().is_some() {
            let partly = batch.iter().filter(|(_, o)| !describe::untold(o.key.kind, &o.doc).is_empty());
            let partly: Vec<&str> = partly.map(|(key, _)| key.as_str()).collect();
            let told: Vec<&str> = keys.iter().copied().filter(|key| !late.contains(key)).collect();
            singles::answered(&mut tx, &told, &partly, now).await?;
        }
        tx.commit().await.map_err(problem::of)?;
        Ok(written)
    }

    /// These exist unchanged: what never changes is fetched once but seen in every list.
    pub async fn still(&self, fence: Fence, scope: &Scope, kind: Kind, ids: &[String], now: Millis) -> Result<()> {
        let keys: Vec<String> = ids.iter().map(|id| format!("{}/{scope}/{id}", kind.stem())).collect();
        let mut tx = self.work.begin().await.map_err(problem::of)?;
        fence_holds(&mut tx, fence).await?;
        sqlx::query(
            "with here as (select id from resources where key = any($1) and gone is null order by id for no key update)
             update resources r set seen = greatest(r.seen, $2) from here where r.id = here.id",
        )
        .bind(&keys)
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
        tx.commit().await.map_err(problem::of)
    }
}

/// Those whose document was delivered like this last time, and the keys of the others.
async fn unchanged<'k>(
    tx: &mut PgConnection,
    keys: &[&'k str],
    hashes: &HashMap<&str, Vec<u8>>,
    batch: &BTreeMap<String, &Observed>,
) -> Result<(Vec<Same>, Vec<&'k str>)> {
    let rows: Vec<(String, i64, i64, Vec<u8>)> =
        sqlx::query_as("select key, id, version, hash from resources where key = any($1) and gone is null")
            .bind(keys)
            .fetch_all(tx)
            .await
            .map_err(problem::of)?;
    let same = |(key, id, version, hash): (String, i64, i64, Vec<u8>)| {
        let reading = reading(batch.get(&key)?.key.kind);
        Some((key, Same { id, version, hash, reading }))
    };
    let rows: HashMap<String, Same> = rows.into_iter().filter_map(same).collect();
    let is_same = |key: &&str| rows.get(*key).is_some_and(|row| hashes.get(*key) == Some(&row.hash));
    let (same, rest): (Vec<&str>, Vec<&str>) = keys.iter().copied().partition(is_same);
    Ok((same.into_iter().filter_map(|key| rows.get(key).cloned()).collect(), rest))
}

/// Locks the rows of these that exist in the order of their ids, whichever of them are changed and whichever get younger only.
async fn lock(tx: &mut PgConnection, keys: &[&str]) -> Result<()> {
    sqlx::query("select id from resources where key = any($1) order by id for no key update")
        .bind(keys)
        .execute(tx)
        .await
        .map_err(problem::of)?;
    Ok(())
}

/// Makes rows younger; a list does not answer who wants a single read again, nor does it read what only that gives. Those that somebody else
/// changed meanwhile are younger already.
async fn touch(tx: &mut PgConnection, rows: &[Same], source: Source, now: Millis) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let fetched = source.read_alone().map(|began| began.0);
    sqlx::query(
        "with same as (
             select o.id, told.hash, told.reading from resources o
             join unnest($1::bigint[], $2::bigint[], $3::bytea[], $7::smallint[]) as told (id, version, hash, reading)
             on o.id = told.id and o.version = told.version order by o.id for no key update of o)
         update resources r set seen = greatest(seen, $4), hash = same.hash, fetched = coalesce($5, fetched),
         reread = reread and $5::bigint is null and kind = any($6),
         fetched_revision = case when $5::bigint is null then fetched_revision else doc->>'RevisionId' end,
         reading = case when $5::bigint is null and fetched is not null and kind = any($6) then r.reading else same.reading end
         from same where r.id = same.id",
    )
    .bind(rows.iter().map(|r| r.id).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.version).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.hash.as_slice()).collect::<Vec<_>>())
    .bind(now.0)
    .bind(fetched)
    .bind(read_one_by_one())
    .bind(rows.iter().map(|r| r.reading).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map_err(problem::of)?;
    Ok(())
}

async fn before(tx: &mut PgConnection, keys: &[&str]) -> Result<HashMap<String, Before>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    type Row = (String, i64, i64, Value, i64, Option<i64>, Option<i64>, i16);
    let rows: Vec<Row> =
        sqlx::query_as("select key, id, version, doc, seen, gone, fetched, reading from resources where key = any($1)")
            .bind(keys)
            .fetch_all(tx)
            .await
            .map_err(problem::of)?;
    let row = |(key, id, version, doc, seen, gone, fetched, reading)| {
        (key, Before { id, version, doc, seen, gone, fetched, reading })
    };
    Ok(rows.into_iter().map(row).collect())
}

/// What this document changes, compared with the row before.
fn change<'a>(observed: &'a Observed, hash: Vec<u8>, before: Option<&Before>, source: Source) -> Change<'a> {
    let kind = observed.key.kind;
    let mut doc = observed.doc.clone();
    without_nul(&mut doc);
    // A digest names its content, whenever that comes back
    let another = |old: &Before| old.gone.is_some() || describe::is_another(kind, &old.doc, &observed.doc);
    let anew = kind != Kind::Image && before.is_some_and(another);
    let entry = match before {
        None => Some((ChangeKind::Appeared, vec![])),
        Some(before) => {
            // A single read says everything: what it lacks is no longer so. But for what AWS refuses to say, and for what a digest names: AWS
            // does not tell it of archived images
            let listed = source.read_alone().is_none() || kind == Kind::Image;
            let untold = if listed { describe::kept(kind).to_vec() } else { describe::untold(kind, &doc) };
            let mut whole = doc.clone();
            keep(&untold, &before.doc, &mut whole);
            // What is read in another way is none of AWS's changes.
            let same_way = before.reading == reading(kind);
            let fields = if same_way { news(kind, &before.doc, before.fetched.is_some(), &whole) } else { vec![] };
            if !anew {
                doc = whole;
            }
            match (before.gone, fields.is_empty()) {
                // AWS may list a stopped task again after it left it out once: that is no event
                (Some(_), empty) if !kind.outlives_aws() || !empty => Some((ChangeKind::Returned, fields)),
                (_, false) => Some((ChangeKind::Changed, fields)),
                (_, true) => None,
            }
        }
    };
    let described = describe::describe(kind, &observed.key.scope, &doc)
        .inspect_err(|p| tracing::error!(key = %observed.key, problem = %p, "store: a document cannot be described; it has no links"))
        .ok();
    Change { observed, hash, doc, described, entry, anew }
}

/// Postgres's jsonb has no room for NUL; tags and messages from AWS could.
fn without_nul(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => *text = text.replace('\0', "\u{fffd}"),
        Value::Array(items) => items.iter_mut().for_each(without_nul),
        Value::Object(map) => map.values_mut().for_each(without_nul),
        _ => {}
    }
}

async fn write(tx: &mut PgConnection, changes: &[Change<'_>], source: Source, version: i64, now: Millis) -> Result<()> {
    let fetched = source.read_alone().map(|began| began.0);
    let initial = matches!(source, Source::List { initial: true, .. });
    let column = |f: &dyn Fn(&Change<'_>) -> String| changes.iter().map(f).collect::<Vec<_>>();
    let keys = column(&|c| c.observed.key.to_string());
    let docs: Vec<Json<&Value>> = changes.iter().map(|c| Json(&c.doc)).collect();
    let hashes: Vec<&[u8]> = changes.iter().map(|c| c.hash.as_slice()).collect();
    let parents: Vec<Option<String>> =
        changes.iter().map(|c| c.described.as_ref()?.parent.as_ref().map(ToString::to_string)).collect();
    let news: Vec<bool> = changes.iter().map(|c| c.entry.is_some()).collect();
    let readings: Vec<i16> = changes.iter().map(|c| reading(c.observed.key.kind)).collect();
    let anew: Vec<String> = changes.iter().filter(|c| c.anew).map(|c| c.observed.key.to_string()).collect();
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "insert into resources (key, kind, account, region, parent, doc, hash, version, first_seen, seen, changed, fetched, fetched_revision, reading)
         select key, kind, account, region, parent, doc, hash, $8, $9, $9, $9, $10, case when $10::bigint is null then null else doc->>'RevisionId' end, reading
         from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::bytea[], $11::boolean[], $13::smallint[])
              as new (key, kind, account, region, parent, doc, hash, news, reading)
         on conflict on constraint resources_key do update set
             parent = excluded.parent, doc = excluded.doc, hash = excluded.hash, version = excluded.version,
             seen = greatest(resources.seen, excluded.seen), gone = null,
             reread = resources.reread and excluded.fetched is null and excluded.kind = any($12),
             changed = case when (select n.news from unnest($1::text[], $11::boolean[]) as n (key, news) where n.key = excluded.key)
                       then excluded.changed else resources.changed end,
             fetched = case when excluded.key = any($14) then excluded.fetched else coalesce(excluded.fetched, resources.fetched) end,
             fetched_revision = case when excluded.key = any($14) then excluded.fetched_revision
                                else coalesce(excluded.fetched_revision, resources.fetched_revision) end,
             reading = case when excluded.fetched is null and resources.fetched is not null and excluded.kind = any($12)
                       and excluded.key <> all($14) then resources.reading else excluded.reading end
         returning key, id",
    )
    .bind(&keys)
    .bind(column(&|c| c.observed.key.kind.stem().to_owned()))
    .bind(column(&|c| c.observed.key.scope.account.to_string()))
    .bind(column(&|c| c.observed.key.scope.region.to_string()))
    .bind(&parents)
    .bind(&docs)
    .bind(&hashes)
    .bind(version)
    .bind(now.0)
    .bind(fetched)
    .bind(&news)
    .bind(read_one_by_one())
    .bind(&readings)
    .bind(&anew)
    .fetch_all(&mut *tx)
    .await
    .map_err(problem::of)?;
    let ids: HashMap<String, i64> = rows.into_iter().collect();
    let id = |key: &String| ids.get(key).copied().ok_or_else(|| problem::unreadable("resources.id", key));
    let (mut entries, mut described) = (vec![], vec![]);
    for (change, key) in changes.iter().zip(&keys) {
        let id = id(key)?;
        if let Some((kind, fields)) = &change.entry {
            let name = change.described.as_ref().map_or(change.observed.key.id.as_str(), |d| d.name.as_str());
            let initial = initial && *kind == ChangeKind::Appeared;
            entries.push(Entry { resource: id, change: *kind, name, doc: &change.doc, fields, initial });
        }
        described.push((id, change.described.as_ref()));
    }
    history::append(tx, &entries, now).await?;
    links::replace(tx, &described).await?;
    if fetched.is_none() {
        // What is made anew was never asked for alone: that of the one before, which was refused, is no reason to wait.
        let anew: Vec<i64> =
            changes.iter().zip(&keys).filter(|(c, _)| c.anew).filter_map(|(_, key)| ids.get(key).copied()).collect();
        sqlx::query("delete from refusals where resource = any($1)")
            .bind(&anew)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_fields_does_not_change_the_hash() {
        let a: Value = serde_json::from_str(r#"{"a":1,"b":{"c":2,"d":[1]}}"#).unwrap();
        let b: Value = serde_json::from_str(r#"{"b":{"d":[1],"c":2},"a":1}"#).unwrap();
        assert_eq!(hash(&a), hash(&b));
        assert_ne!(hash(&a), hash(&json!({"a": 2})));
    }
}

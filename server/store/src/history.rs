//! Histories: what happened to a resource, with its document right after.

use domain::history::{Change, ChangeKind, FieldChange};
use domain::services::HistoryQuery;
use domain::{Kind, Millis, ResourceKey};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgPool};

use crate::{Result, Store, problem};

/// An entry about to be written.
pub(crate) struct Entry<'a> {
    pub resource: i64,
    pub change: ChangeKind,
    pub name: &'a str,
    pub doc: &'a Value,
    pub fields: &'a [FieldChange],
    pub initial: bool,
}

const fn word(change: ChangeKind) -> &'static str {
    match change {
        ChangeKind::Appeared => "appeared",
        ChangeKind::Changed => "changed",
        ChangeKind::Gone => "gone",
        ChangeKind::Returned => "returned",
    }
}

/// Writes the entries of a batch.
pub(crate) async fn append(tx: &mut PgConnection, entries: &[Entry<'_>], now: Millis) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into history (resource, at, change, name, doc, fields, initial)
         select resource, $7, change, name, doc, fields, initial
         from unnest($1::bigint[], $2::text[], $3::text[], $4::jsonb[], $5::jsonb[], $6::boolean[])
              with ordinality as new (resource, change, name, doc, fields, initial, n) order by n",
    )
    .bind(entries.iter().map(|e| e.resource).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| word(e.change)).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.name).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| Json(e.doc)).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| Json(e.fields)).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.initial).collect::<Vec<_>>())
    .bind(now.0)
    .execute(tx)
    .await
    .map_err(problem::of)?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    id: i64,
    key: String,
    name: String,
    at: i64,
    change: String,
    fields: Json<Vec<FieldChange>>,
}

impl Row {
    fn read(self) -> Result<Change> {
        let kind =
            serde_json::from_value(Value::String(self.change)).map_err(|e| problem::unreadable("history.change", e))?;
        Ok(Change {
            id: self.id,
            key: ResourceKey::parse(&self.key)?,
            name: self.name,
            at: Millis(self.at),
            kind,
            fields: self.fields.0,
        })
    }
}

/// Entries of the fleet. What is chosen by is all in the index `history_of_fleet`; the rest is read of the entries found only.
const FLEET: &str = "
    select h.id, f.key, h.name, h.at, h.change, h.fields from (
        select h.id, r.key from history h join resources r on r.id = h.resource
        where not h.initial and h.id < $1 and h.at >= $7 and h.at < $8 and $9::text is null
        and case when $3::text is null then r.kind = any($6) else r.kind = $3 end
        and ($4::text[] = '{}' or r.account = any($4)) and ($5::text[] = '{}' or r.region = any($5) or r.region = 'global')
        order by h.id desc limit $2
    ) f join history h on h.id = f.id order by h.id desc";

/// The same by a pattern. Resources are chosen once: looked up for each of the entries until enough of them match, a rare text would take
/// longer than a page waits.
const FLEET_BY_TEXT: &str = "
    with r as materialized (
        select id, key, substr(key, length(kind) + length(account) + length(region) + 4) ilike $9 as fits from resources
        where case when $3::text is null then kind = any($6) else kind = $3 end
        and ($4::text[] = '{}' or account = any($4)) and ($5::text[] = '{}' or region = any($5) or region = 'global')
    )
    select h.id, f.key, h.name, h.at, h.change, h.fields from (
        select h.id, r.key from history h join r on r.id = h.resource
        where not h.initial and h.id < $1 and h.at >= $7 and h.at < $8 and (r.fits or h.name ilike $9)
        order by h.id desc limit $2
    ) f join history h on h.id = f.id order by h.id desc";

/// The pattern of what contains this text.
pub(crate) fn containing(text: &str) -> String {
    let plain = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{plain}%")
}

/// The kinds of its parts as the table names them.
fn parts(key: &ResourceKey) -> Vec<&'static str> {
    key.kind.parts().iter().map(|kind| kind.stem()).collect()
}

async fn entries(pool: &PgPool, query: &HistoryQuery, now: Millis) -> Result<Vec<Change>> {
    let before = query.before.unwrap_or(i64::MAX);
    let from = query.from.map_or(i64::MIN, |from| from.at(now).0);
    let to = query.to.map_or(i64::MAX, |to| to.0);
    let rows: Vec<Row> = match &query.key {
        Some(key) => {
            sqlx::query_as(
                "select h.id, r.key, h.name, h.at, h.change, h.fields from (
                     select id, key, false as part from resources where key = $1
                     union all
                     select id, key, true from resources where parent = $1 and kind = any($6)
                 ) r cross join lateral (
                     select h.id, h.name, h.at, h.change, h.fields from history h where h.resource = r.id and not (r.part and h.initial)
                     and h.id < $2 and h.at >= $4 and h.at < $5 order by h.id desc limit $3
                 ) h order by h.id desc limit $3",
            )
            .bind(key.to_string())
            .bind(before)
            .bind(i64::from(query.limit))
            .bind(from)
            .bind(to)
            .bind(if query.parts { parts(key) } else { vec![] })
            .fetch_all(pool)
            .await
        }
        None => {
            let text = Some(query.text.trim()).filter(|text| !text.is_empty());
            sqlx::query_as(if text.is_some() { FLEET_BY_TEXT } else { FLEET })
                .bind(before)
                .bind(i64::from(query.limit))
                .bind(query.kind.map(|k| k.stem()))
                .bind(query.accounts.iter().map(ToString::to_string).collect::<Vec<_>>())
                .bind(query.regions.iter().map(ToString::to_string).collect::<Vec<_>>())
                .bind(Kind::ALL.iter().filter(|k| !k.outlives_aws()).map(|k| k.stem()).collect::<Vec<_>>())
                .bind(from)
                .bind(to)
                .bind(text.map(containing))
                .fetch_all(pool)
                .await
        }
    }
    .map_err(problem::of)?;
    rows.into_iter().map(Row::read).collect()
}

impl Store {
    /// Entries, latest first; `now` is what ages in `from` are counted from. Of the fleet: without what appeared in a scope's first collect.
    pub async fn history(&self, query: &HistoryQuery, now: Millis) -> Result<Vec<Change>> {
        let pool = if query.key.is_some() { &self.pages } else { &self.searches };
        entries(pool, query, now).await
    }

    /// The latest entries of the fleet, for what is kept in memory: nobody who searches holds that up.
    pub async fn latest_history(&self, limit: u32) -> Result<Vec<Change>> {
        entries(&self.work, &HistoryQuery { limit, ..HistoryQuery::default() }, Millis(0)).await
    }

    /// How many entries the history of this resource has together with those of its parts ([`HistoryQuery::parts`]).
    pub async fn history_length(&self, key: &ResourceKey) -> Result<u32> {
        let count: i64 = sqlx::query_scalar(
            "select (select count(*) from history h join resources r on r.id = h.resource where r.key = $1)
                  + (select count(*) from history h join resources r on r.id = h.resource
                     where r.parent = $1 and r.kind = any($2) and not h.initial)",
        )
        .bind(key.to_string())
        .bind(parts(key))
        .fetch_one(&self.pages)
        .await
        .map_err(problem::of)?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// The document right after this entry of this resource's history; `None` when there is no such entry.
    pub async fn document_after(&self, key: &ResourceKey, entry: i64) -> Result<Option<Value>> {
        sqlx::query_scalar(
            "select h.doc from history h join resources r on r.id = h.resource where r.key = $1 and h.id = $2",
        )
        .bind(key.to_string())
        .bind(entry)
        .fetch_optional(&self.pages)
        .await
        .map_err(problem::of)
    }
}

//! Arrows between resources. A link names its target by a reference; the target is whoever has that reference among its own.

use domain::reference::at_own_host;
use domain::resource::{Described, Relation};
use domain::{Kind, ResourceKey, Scope};
use serde_json::Value;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::{Result, Store, kinds, problem};

/// One end of an arrow, seen from the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Linked {
    /// What the arrow means.
    pub relation: Relation,
    /// The reference as the source wrote it.
    pub target: String,
    /// One more fact about the arrow.
    pub note: Option<String>,
    /// The resource at the other end; `None` when it is not collected.
    pub key: Option<ResourceKey>,
}

/// What points to some resources.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pointing {
    /// The arrows, by the number of the target.
    pub links: Vec<(i64, Linked)>,
    /// How many sources there are of each meaning and kind, also those beyond the limit.
    pub totals: BTreeMap<(Relation, Kind), u32>,
}

/// The reference without what only qualifies it: a function's ARN without version or alias, a log group's ARN without `:*`.
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html>
pub fn base(reference: &str) -> &str {
    if let Some(group) = reference.strip_suffix(":*") {
        return group;
    }
    let fields: Vec<&str> = reference.splitn(8, ':').collect();
    if fields.len() == 8 && fields[0] == "arn" && fields[2] == "lambda" && fields[5] == "function" {
        return &reference[..reference.len() - fields[7].len() - 1];
    }
    reference
}

/// Replaces links and references of these resources; of those whose document cannot be read they stay.
pub(crate) async fn replace(tx: &mut PgConnection, described: &[(i64, Option<&Described>)]) -> Result<()> {
    let described: Vec<(i64, &Described)> = described.iter().filter_map(|(id, d)| Some((*id, (*d)?))).collect();
    let ids: Vec<i64> = described.iter().map(|(id, _)| *id).collect();
    sqlx::query("delete from links where source = any($1)").bind(&ids).execute(&mut *tx).await.map_err(problem::of)?;
    sqlx::query("delete from refs where resource = any($1)").bind(&ids).execute(&mut *tx).await.map_err(problem::of)?;
    let links: BTreeMap<(i64, String, &str), Option<&str>> = described
        .iter()
        .flat_map(|(id, d)| d.links.iter().map(|l| ((*id, word(l.relation), l.target.as_str()), l.note.as_deref())))
        .collect();
    sqlx::query("insert into links (source, relation, target, base, note) select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[])")
        .bind(links.keys().map(|l| l.0).collect::<Vec<_>>())
        .bind(links.keys().map(|l| l.1.as_str()).collect::<Vec<_>>())
        .bind(links.keys().map(|l| l.2).collect::<Vec<_>>())
        .bind(links.keys().map(|l| base(l.2)).collect::<Vec<_>>())
        .bind(links.values().copied().collect::<Vec<_>>())
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
    let refs: BTreeSet<(&str, i64)> =
        described.iter().flat_map(|(id, d)| d.refs.iter().map(|r| (r.as_str(), *id))).collect();
    sqlx::query("insert into refs (ref, resource) select * from unnest($1::text[], $2::bigint[])")
        .bind(refs.iter().map(|r| r.0).collect::<Vec<_>>())
        .bind(refs.iter().map(|r| r.1).collect::<Vec<_>>())
        .execute(tx)
        .await
        .map_err(problem::of)?;
    Ok(())
}

/// As serde writes it.
fn word(relation: Relation) -> String {
    serde_json::to_value(relation).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The resource asked for, then relation, target, note and the key of the other end.
type Row = (i64, String, String, Option<String>, Option<String>);

fn relation(word: String) -> Result<Relation> {
    serde_json::from_value(Value::String(word)).map_err(|e| problem::unreadable("links.relation", e))
}

fn linked(word: String, target: String, note: Option<String>, key: Option<String>) -> Result<Linked> {
    let key = key.filter(|k| kinds::is_known(k)).map(|k| ResourceKey::parse(&k)).transpose()?;
    Ok(Linked { relation: relation(word)?, target, note, key })
}

impl Store {
    /// What these resources point to, by the number of the source.
    pub async fn links_from(&self, sources: &[i64]) -> Result<Vec<(i64, Linked)>> {
        let rows: Vec<Row> = sqlx::query_as(
            "select l.source, l.relation, l.target, l.note, (
                 select r.key from refs f join resources r on r.id = f.resource
                 where f.ref in (l.target, l.base) order by f.ref = l.target desc, r.gone is null desc, r.id limit 1)
             from links l where l.source = any($1) order by l.relation, l.target",
        )
        .bind(sources)
        .fetch_all(&self.pages)
        .await
        .map_err(problem::of)?;
        rows.into_iter()
            .map(|(source, word, target, note, key)| Ok((source, linked(word, target, note, key)?)))
            .collect()
    }

    /// What points to these resources: of each meaning and kind of source the first `limit` sources, by their keys. Sources that are gone are
    /// left out.
    pub async fn links_to(&self, targets: &[i64], limit: u32) -> Result<Pointing> {
        type Row = (i64, String, String, Option<String>, String, i64);
        let rows: Vec<Row> = sqlx::query_as(
            "with found as (
                 select distinct on (f.resource, l.relation, s.key) f.resource, l.relation, l.target, l.note, s.key, s.kind from refs f
                 join lateral (select * from links l where l.target = f.ref union select * from links l where l.base = f.ref) l on true
                 join resources s on s.id = l.source
                 where f.resource = any($1) and s.gone is null and s.id <> f.resource and s.kind = any($3)
                 order by f.resource, l.relation, s.key, l.target
             ), placed as (
                 select *, dense_rank() over (partition by relation, kind order by key) as place from found
             ), counted as (
                 select *, max(place) over (partition by relation, kind) as total from placed
             )
             select resource, relation, target, note, key, total from counted where place <= $2 order by relation, key, resource",
        )
        .bind(targets)
        .bind(i64::from(limit))
        .bind(kinds::known())
        .fetch_all(&self.pages)
        .await
        .map_err(problem::of)?;
        let mut pointing = Pointing::default();
        for (target, word, reference, note, key, total) in rows {
            let linked = linked(word, reference, note, Some(key))?;
            if let Some(key) = &linked.key {
                let total = u32::try_from(total).unwrap_or(u32::MAX);
                pointing.totals.insert((linked.relation, key.kind), total);
            }
            pointing.links.push((target, linked));
        }
        Ok(pointing)
    }

    /// What points to these references as they are written, whether or not anything has them; by the reference. Sources that are gone are left
    /// out.
    pub async fn links_naming(&self, targets: &[String]) -> Result<Vec<(String, ResourceKey)>> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select distinct l.target, s.key from links l join resources s on s.id = l.source
             where l.target = any($1) and s.gone is null order by l.target, s.key",
        )
        .bind(targets)
        .fetch_all(&self.pages)
        .await
        .map_err(problem::of)?;
        rows.into_iter()
            .filter(|(_, key)| kinds::is_known(key))
            .map(|(target, key)| Ok((target, ResourceKey::parse(&key)?)))
            .collect()
    }

    /// What points by this relation to references that begin with `prefix`, by the reference, whether or not anything has them. Sources that are
    /// gone are left out.
    pub async fn links_under(&self, by: Relation, prefix: &str) -> Result<Vec<(String, ResourceKey)>> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select distinct l.target, s.key from links l join resources s on s.id = l.source
             where l.relation = $1 and starts_with(l.target, $2) and s.gone is null order by l.target, s.key",
        )
        .bind(word(by))
        .bind(prefix)
        .fetch_all(&self.pages)
        .await
        .map_err(problem::of)?;
        rows.into_iter()
            .filter(|(_, key)| kinds::is_known(key))
            .map(|(target, key)| Ok((target, ResourceKey::parse(&key)?)))
            .collect()
    }

    /// References that begin with `prefix` in what of these kinds is in this scope and not gone.
    pub async fn named(&self, scope: &Scope, by: &[Kind], prefix: &str) -> Result<HashSet<String>> {
        let targets: Vec<String> = sqlx::query_scalar(
            "select distinct l.target from resources s join links l on l.source = s.id
             where s.kind = any($1) and s.account = $2 and s.region = $3 and s.gone is null and starts_with(l.target, $4)",
        )
        .bind(by.iter().map(|kind| kind.stem()).collect::<Vec<_>>())
        .bind(scope.account.as_str())
        .bind(scope.region.as_str())
        .bind(prefix)
        .fetch_all(&self.work)
        .await
        .map_err(problem::of)?;
        Ok(targets.into_iter().collect())
    }

    /// The resource that has this reference: exactly, else without its qualifier. One that exists before one that is gone. A registry may be named
    /// by any of its hosts.
    pub async fn resolve(&self, reference: &str) -> Result<Option<ResourceKey>> {
        let reference = at_own_host(reference);
        let key: Option<String> = sqlx::query_scalar(
            "select r.key from refs f join resources r on r.id = f.resource where f.ref in ($1, $2)
             order by f.ref = $1 desc, r.gone is null desc, r.id limit 1",
        )
        .bind(&*reference)
        .bind(base(&reference))
        .fetch_optional(&self.pages)
        .await
        .map_err(problem::of)?;
        key.filter(|k| kinds::is_known(k)).map(|k| ResourceKey::parse(&k)).transpose()
    }

    /// Numbers of resources by key; unknown ones are left out.
    pub async fn ids(&self, keys: &[ResourceKey]) -> Result<Vec<(ResourceKey, i64)>> {
        let rows: Vec<(String, i64)> = sqlx::query_as("select key, id from resources where key = any($1)")
            .bind(keys.iter().map(ToString::to_string).collect::<Vec<_>>())
            .fetch_all(&self.pages)
            .await
            .map_err(problem::of)?;
        rows.into_iter().map(|(key, id)| Ok((ResourceKey::parse(&key)?, id))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualifiers_are_taken_off_and_nothing_else() {
        let function = "arn:aws:lambda:eu-west-1:111122223333:function:thumb";
        assert_eq!(base(&format!("{function}:live")), function);
        assert_eq!(base(&format!("{function}:3")), function);
        assert_eq!(base(function), function);
        let group = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/thumb";
        assert_eq!(base(&format!("{group}:*")), group);
        let layer = "arn:aws:lambda:eu-west-1:111122223333:layer:deps:3";
        assert_eq!(base(layer), layer);
        assert_eq!(
            base("111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:v1"),
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:v1"
        );
    }
}

//! Answers what was collected ([`domain::services::Inventory`]). Lists, searches, counts and the overview come from memory
//! ([`memory`], [`snapshot`], [`table`], [`usage`], [`triggers`], [`apis`]), so they are fast and still there while Postgres is away; documents, histories and arrows
//! ([`connected`]) come from the store. Nothing here calls AWS. Each method asks [`domain::policy::decide`] first.

pub mod apis;
pub mod beside;
pub mod connected;
pub mod cursor;
pub mod entry;
pub mod haystack;
pub mod list;
mod matching;
pub mod memory;
pub mod order;
pub mod overview;
pub mod search;
pub mod snapshot;
pub mod standing;
pub mod table;
pub mod triggers;
pub mod typo;
pub mod unconnected;
pub mod unrest;
pub mod usage;
pub mod visible;

#[cfg(test)]
mod destinations_tests;
#[cfg(test)]
mod paging_tests;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use domain::diff::beyond_place;
use domain::ecr::names::Beside;
use domain::history::Change;
use domain::listing::{Detail, Hit, ListQuery, MAX_TEXT, Page, Row};
use domain::plan::listing::RunsQuery;
use domain::plan::run::State;
use domain::policy::{Actor, Permission, decide};
use domain::services::{Comparison, ConnectionStatus, Glance, HistoryQuery, Inventory, Overview};
use domain::{AccountId, Code, Kind, Problem, Region, ResourceKey, Scope};
use gantry_store::difference::between;
use gantry_store::resources::differences;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::now;
use crate::connecting::Known;
use list::Listing;
pub use memory::Memory;
use snapshot::Snapshot;
pub use visible::Visible;

type Result<T> = std::result::Result<T, Problem>;

/// The most hits of one search.
const HITS: u32 = 100;
/// How long the first page waits for what is not in memory: older changes, stuck runs.
const OLDER: Duration = Duration::from_millis(500);

/// The inventory over [`Memory`] and its store.
pub struct Answers {
    memory: Arc<Memory>,
    connections: Known,
    visible: Visible,
}

impl Answers {
    /// `visible` is told which rows lists show.
    pub fn new(memory: Arc<Memory>, connections: Known, visible: Visible) -> Self {
        Self { memory, connections, visible }
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.memory.snapshot()
    }

    /// These rows of a query's answer.
    fn page(&self, snapshot: &Snapshot, query: &ListQuery, listing: &Listing, window: Range<usize>) -> Page {
        let table = snapshot.table(query.kind);
        let text = query.text.to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        let rows: Vec<Row> = listing.rows[window]
            .iter()
            .map(|n| &table.rows[*n as usize])
            .map(|e| Row {
                matched: search::matched(e, &words),
                ..e.row(query.kind, &snapshot.scopes, snapshot.covered(query.kind, e.scope))
            })
            .collect();
        if visible::READ_ONE_BY_ONE.contains(&query.kind) {
            self.visible.report(rows.iter().map(|r| &r.key));
        }
        Page {
            rows,
            total: listing.total,
            matched: listing.rows.len() as u32,
            facets: listing.facets.clone(),
            freshness: snapshot.freshness(Some(query.kind), &query.accounts, &query.regions),
            version: snapshot.version,
            now: now(),
        }
    }

    /// Has a kind collected as soon as may be.
    async fn request(&self, kind: Kind, accounts: &[AccountId], regions: &[Region]) -> Result<()> {
        match self.memory.store().request(kind, accounts, regions, now()).await? {
            0 => Err(Problem::new(
                Code::NotFound,
                "Nothing to collect",
                format!("No connection collects {} there.", kind.plural()),
            )),
            _ => Ok(()),
        }
    }

    /// Why there is nothing under this key.
    fn absent(&self, key: &ResourceKey) -> Problem {
        let id: String = match key.id.chars().count() > 80 {
            true => key.id.chars().take(77).chain("…".chars()).collect(),
            false => key.id.clone(),
        };
        let what = format!("the {} “{id}”", key.kind.singular());
        let Scope { account, region } = &key.scope;
        unconnected::unconnected(&self.connections.connections(), &key.scope, &what).unwrap_or_else(|| {
            Problem::not_found(format!("Gantry has never seen {what} in account {account}, region {region}."))
        })
    }
}

/// The answer to a query before a window is cut out: the kept one, or a new one.
fn listing(snapshot: &Snapshot, query: &ListQuery) -> Arc<Listing> {
    let table = snapshot.table(query.kind);
    let covers = |scope| snapshot.covered(query.kind, scope);
    table.listing(query, |whole| list::list(table, &snapshot.scopes, &covers, whole))
}

#[async_trait]
impl Inventory for Answers {
    async fn list(&self, actor: &Actor, query: &ListQuery) -> Result<Page> {
        decide(actor, Permission::ReadResources)?;
        query.check()?;
        let snapshot = self.snapshot();
        let listing = listing(&snapshot, query);
        let from = listing.rows.len().min(query.offset as usize);
        let to = listing.rows.len().min(from.saturating_add(query.limit as usize));
        Ok(self.page(&snapshot, query, &listing, from..to))
    }

    async fn list_after(
        &self,
        actor: &Actor,
        query: &ListQuery,
        cursor: Option<&str>,
    ) -> Result<(Page, Option<String>)> {
        decide(actor, Permission::ReadResources)?;
        query.check()?;
        let snapshot = self.snapshot();
        let listing = listing(&snapshot, query);
        let table = snapshot.table(query.kind);
        let (window, next) = cursor::window(table, &snapshot.scopes, &listing, query, cursor)?;
        Ok((self.page(&snapshot, query, &listing, window), next))
    }

    async fn get(&self, actor: &Actor, key: &ResourceKey) -> Result<Detail> {
        decide(actor, Permission::ReadResources)?;
        let store = self.memory.store();
        let stored = store.get(key).await?.ok_or_else(|| self.absent(key))?;
        let snapshot = self.snapshot();
        let mut described = entry::described(&stored).unwrap_or_else(|problem| entry::unreadable(key, problem.message));
        let covered = snapshot.scope(&key.scope).and_then(|scope| snapshot.covered(key.kind, scope));
        let changes = store.history_length(key).await?;
        let (connected, capped) = connected::connected(store, &snapshot, &stored).await?;
        let freshness = snapshot.freshness(Some(key.kind), &[], &[]).into_iter().find(|f| f.scope == key.scope);
        // What is known of it beyond its own document (see [`unrest`], [`usage`], [`triggers`], [`apis`]).
        let known = snapshot.find(key).filter(|e| e.gone.is_none());
        let state = known.map(|e| e.state.as_deref().cloned());
        if let Some(entry) = known {
            usage::fill(&mut described.cells, entry, key.kind);
            triggers::fill(&mut described.cells, entry, key.kind);
            apis::fill(&mut described, entry, key.kind);
        }
        let row = Row {
            key: key.clone(),
            name: described.name,
            arn: described.arn,
            state: state.unwrap_or(described.state),
            cells: described.cells,
            tags: described.tags,
            seen: covered.filter(|_| stored.gone.is_none()).map_or(stored.seen, |c| c.max(stored.seen)),
            changed: stored.changed,
            gone: stored.gone,
            parts: known.map_or(0, |e| e.parts),
            matched: None,
        };
        let (parent, created) = (described.parent, described.created);
        Ok(Detail { row, parent, created, doc: stored.doc, connected, capped, changes, freshness, now: now() })
    }

    async fn rows(&self, actor: &Actor, keys: &[ResourceKey]) -> Result<Vec<Row>> {
        decide(actor, Permission::ReadResources)?;
        let snapshot = self.snapshot();
        let row = |key: &ResourceKey| {
            let entry = snapshot.find(key)?;
            Some(entry.row(key.kind, &snapshot.scopes, snapshot.covered(key.kind, entry.scope)))
        };
        Ok(keys.iter().filter_map(row).collect())
    }

    async fn resolve(&self, actor: &Actor, reference: &str) -> Result<Option<ResourceKey>> {
        decide(actor, Permission::ReadResources)?;
        if reference.is_empty() || reference.len() > 2048 || reference.contains(char::is_control) {
            return Err(Problem::invalid(
                "ref",
                "A reference is an ARN, an image URI or a key of at most 2,048 characters, none of them a control character.",
            ));
        }
        if let Some(key) = ResourceKey::parse(reference).ok().filter(|key| self.snapshot().find(key).is_some()) {
            return Ok(Some(key));
        }
        let found = self.memory.store().resolve(reference).await?;
        let place = domain::reference::scope(reference).filter(|_| found.is_none());
        match place
            .and_then(|place| unconnected::unconnected(&self.connections.connections(), &place, "what this leads to"))
        {
            Some(problem) => Err(problem),
            None => Ok(found),
        }
    }

    async fn history(&self, actor: &Actor, query: &HistoryQuery) -> Result<Vec<Change>> {
        decide(actor, Permission::ReadResources)?;
        query.check()?;
        self.memory.store().history(query, now()).await
    }

    async fn compare(&self, actor: &Actor, key: &ResourceKey, from: i64, to: i64) -> Result<Comparison> {
        decide(actor, Permission::ReadResources)?;
        let store = self.memory.store();
        let missing = || Problem::not_found("This resource's history has no such entry.");
        let before = store.document_after(key, from).await?.ok_or_else(missing)?;
        let after = store.document_after(key, to).await?.ok_or_else(missing)?;
        let fields = between(key.kind, &before, &after);
        Ok(Comparison { before, after, fields })
    }

    async fn compare_two(&self, actor: &Actor, left: &ResourceKey, right: &ResourceKey) -> Result<Comparison> {
        decide(actor, Permission::ReadResources)?;
        if left.kind != right.kind {
            let message = format!("A {} and a {} cannot be compared.", left.kind.singular(), right.kind.singular());
            return Err(Problem::invalid("right", message));
        }
        let store = self.memory.store();
        let before = store.get(left).await?.ok_or_else(|| self.absent(left))?.doc;
        let after = store.get(right).await?.ok_or_else(|| self.absent(right))?.doc;
        let fields = beyond_place(differences(left.kind, &before, &after), &left.scope, &right.scope);
        Ok(Comparison { before, after, fields })
    }

    async fn search(&self, actor: &Actor, text: &str, limit: u32) -> Result<Vec<Hit>> {
        decide(actor, Permission::ReadResources)?;
        if text.chars().count() > MAX_TEXT {
            return Err(Problem::invalid("q", format!("A search has at most {MAX_TEXT} characters.")));
        }
        let snapshot = self.snapshot();
        let tables: Vec<&table::Table> = snapshot.tables.iter().map(AsRef::as_ref).collect();
        let accounts: Vec<(AccountId, String)> =
            self.connections.connections().iter().map(|c| (c.account.clone(), c.name.clone())).collect();
        Ok(search::search(&tables, &snapshot.scopes, &accounts, text, limit.min(HITS) as usize))
    }

    async fn beside(&self, actor: &Actor, scope: &Scope, name: &str) -> Result<Beside> {
        decide(actor, Permission::ReadResources)?;
        Ok(beside::beside(&self.snapshot(), scope, name))
    }

    async fn overview(&self, actor: &Actor, accounts: &[AccountId], regions: &[Region]) -> Result<Overview> {
        decide(actor, Permission::ReadResources)?;
        let snapshot = self.snapshot();
        let wanted = |c: &&Change| {
            let scope = &c.key.scope;
            (accounts.is_empty() || accounts.contains(&scope.account))
                && (regions.is_empty() || regions.contains(&scope.region) || scope.region == Region::global())
        };
        let mut overview = overview::overview(&snapshot, accounts, regions, now());
        overview.changes = snapshot.recent.iter().filter(wanted).take(overview::CHANGES).cloned().collect();
        // Among the fleet's latest there may be few of a small part of it; the page does not wait long for older ones.
        if overview.changes.len() < overview::CHANGES && !(accounts.is_empty() && regions.is_empty()) {
            let query = HistoryQuery {
                accounts: accounts.to_vec(),
                regions: regions.to_vec(),
                limit: overview::CHANGES as u32,
                ..HistoryQuery::default()
            };
            let asked = self.memory.store().history(&query, now());
            if let Ok(Ok(found)) = tokio::time::timeout(OLDER, asked).await {
                overview.changes = found;
            }
        }
        if overview.runs.stuck > 0 {
            let query = RunsQuery {
                states: vec![State::Stuck],
                accounts: accounts.to_vec(),
                regions: regions.to_vec(),
                limit: overview::STUCK,
                ..RunsQuery::default()
            };
            // Their number leads to them where the store does not answer in time.
            let asked = self.memory.store().runs(&query, now());
            if let Ok(Ok(found)) = tokio::time::timeout(OLDER, asked).await {
                overview.stuck = found;
            }
        }
        Ok(overview)
    }

    async fn glance(&self, actor: &Actor, accounts: &[AccountId], regions: &[Region]) -> Result<Glance> {
        decide(actor, Permission::ReadResources)?;
        Ok(overview::glance(&self.snapshot(), accounts, regions, now()))
    }

    async fn connections(&self, actor: &Actor) -> Result<Vec<ConnectionStatus>> {
        decide(actor, Permission::ReadConnections)?;
        if let Some(problem) = self.connections.awaited() {
            return Err(problem);
        }
        let snapshot = self.snapshot();
        let freshness = |c: &ConnectionStatus| {
            let all = snapshot.freshness(None, std::slice::from_ref(&c.account), &c.regions);
            ConnectionStatus { freshness: all, ..c.clone() }
        };
        Ok(self.connections.connections().iter().map(freshness).collect())
    }

    async fn refresh(&self, actor: &Actor, kind: Kind, accounts: &[AccountId], regions: &[Region]) -> Result<()> {
        decide(actor, Permission::Refresh)?;
        self.request(kind, accounts, regions).await
    }

    async fn reread(&self, actor: &Actor, key: &ResourceKey) -> Result<()> {
        decide(actor, Permission::Refresh)?;
        self.memory.store().reread(std::slice::from_ref(key)).await?;
        if visible::READ_ONE_BY_ONE.contains(&key.kind) {
            self.visible.report(std::iter::once(key));
        }
        // Its page shows that as its own.
        self.memory.store().reread_within(std::slice::from_ref(key), now()).await?;
        let (accounts, regions) = (std::slice::from_ref(&key.scope.account), std::slice::from_ref(&key.scope.region));
        self.request(key.kind, accounts, regions).await
    }
}

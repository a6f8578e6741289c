//! What the inventory knows at one version: tables, scopes, collections, latest changes, how many runs are not over. Readers take the current one and keep it as long as they
//! need; a change swaps in another.

use domain::history::Change;
use domain::listing::Freshness;
use domain::plan::listing::OpenRuns;
use domain::stream::ToPage;
use domain::{AccountId, Kind, Millis, Region, ResourceKey, Scope};
use gantry_store::collections::Collection;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::entry::Entry;
use super::list::scopes_wanted;
use super::table::Table;

/// Changed keys remembered for pages that reconnect.
const REMEMBERED: usize = 4000;
/// Keys a notice names; beyond, it names the kinds only.
const NAMED: usize = 200;

/// The inventory at one version.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The store's version.
    pub version: i64,
    /// All scopes, by number.
    pub scopes: Arc<Vec<Scope>>,
    /// One table per kind, in the order of [`Kind::ALL`].
    pub tables: Vec<Arc<Table>>,
    /// All collections.
    pub collections: Arc<Vec<Collection>>,
    /// When the last complete collect began, per kind and number of scope.
    pub covers: Arc<HashMap<(Kind, u16), Millis>>,
    /// The fleet's latest history entries, latest first.
    pub recent: Arc<Vec<Change>>,
    /// Runs that are not over, by place.
    pub runs: Arc<BTreeMap<Scope, OpenRuns>>,
    /// What changed at which version, oldest first.
    log: Arc<VecDeque<(i64, ResourceKey)>>,
    /// Everything after this version is in `log`.
    log_from: i64,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self {
            version: 0,
            scopes: Arc::default(),
            tables: Kind::ALL.iter().map(|k| Arc::new(Table::empty(*k))).collect(),
            collections: Arc::default(),
            covers: Arc::default(),
            recent: Arc::default(),
            runs: Arc::default(),
            log: Arc::default(),
            log_from: 0,
        }
    }
}

impl Snapshot {
    /// The same without rows, to be read again. Scopes keep their numbers.
    pub fn emptied(&self) -> Self {
        let Self { scopes, collections, covers, recent, runs, .. } = self.clone();
        Self { scopes, collections, covers, recent, runs, ..Self::default() }
    }

    /// The rows of a kind.
    pub fn table(&self, kind: Kind) -> &Arc<Table> {
        &self.tables[Self::number(kind)]
    }

    /// Where a kind's table is.
    pub fn number(kind: Kind) -> usize {
        Kind::ALL.iter().position(|k| *k == kind).unwrap_or_default()
    }

    /// The number of a scope.
    pub fn scope(&self, scope: &Scope) -> Option<u16> {
        self.scopes.iter().position(|s| s == scope).and_then(|n| u16::try_from(n).ok())
    }

    /// A row by key.
    pub fn find(&self, key: &ResourceKey) -> Option<&Arc<Entry>> {
        self.table(key.kind).find(self.scope(&key.scope)?, &key.id)
    }

    /// When the last complete collect of this kind began in this scope.
    pub fn covered(&self, kind: Kind, scope: u16) -> Option<Millis> {
        self.covers.get(&(kind, scope)).copied()
    }

    /// Whether all there are of this kind in this scope were listed since this moment, and nothing fails there now.
    pub fn whole(&self, kind: Kind, scope: &Scope, since: Millis) -> bool {
        let covered = self.scope(scope).and_then(|scope| self.covered(kind, scope));
        let well =
            |c: &Collection| c.freshness.kind == kind && c.freshness.scope == *scope && c.freshness.failing.is_none();
        covered.is_some_and(|at| at >= since) && self.collections.iter().any(well)
    }

    /// The state of the collections of a kind in these accounts and regions (empty: all).
    pub fn freshness(&self, kind: Option<Kind>, accounts: &[AccountId], regions: &[Region]) -> Vec<Freshness> {
        let scopes: Vec<Scope> = self.collections.iter().map(|c| c.freshness.scope.clone()).collect();
        let wanted = scopes_wanted(&scopes, accounts, regions);
        let of_kind = self
            .collections
            .iter()
            .zip(wanted)
            .filter(|(c, wanted)| *wanted && kind.is_none_or(|k| k == c.freshness.kind));
        of_kind.map(|(c, _)| c.freshness.clone()).collect()
    }

    /// The runs that are not over in these accounts and regions (empty: all): as many as the list of runs has there.
    pub fn open_runs(&self, accounts: &[AccountId], regions: &[Region]) -> OpenRuns {
        let wanted = |scope: &Scope| {
            (accounts.is_empty() || accounts.contains(&scope.account))
                && (regions.is_empty() || regions.contains(&scope.region))
        };
        let there = self.runs.iter().filter(|(scope, _)| wanted(scope));
        there.fold(OpenRuns::default(), |sum, (_, runs)| sum.and(*runs))
    }

    /// Remembers what changed; answers the notice for open pages.
    pub fn remember(&mut self, version: i64, changed: impl Iterator<Item = (i64, ResourceKey)>) -> ToPage {
        let before = self.version;
        let log = Arc::make_mut(&mut self.log);
        log.extend(changed);
        while log.len() > REMEMBERED {
            if let Some((version, _)) = log.pop_front() {
                self.log_from = version;
            }
        }
        self.version = version;
        self.since(before).unwrap_or(ToPage::Changed { version, keys: vec![], kinds: vec![] })
    }

    /// Forgets what changed until now: it was loaded, nobody has to be told.
    pub fn start_log(&mut self) {
        self.log = Arc::default();
        self.log_from = self.version;
    }

    /// What changed after this version; `None` when nothing did.
    pub fn since(&self, version: i64) -> Option<ToPage> {
        if version >= self.version {
            return None;
        }
        if version < self.log_from {
            return Some(ToPage::Changed { version: self.version, keys: vec![], kinds: Kind::ALL.to_vec() });
        }
        let keys: BTreeSet<&ResourceKey> =
            self.log.iter().rev().take_while(|(v, _)| *v > version).map(|(_, k)| k).collect();
        let kinds: BTreeSet<Kind> = keys.iter().map(|k| k.kind).collect();
        let keys = if keys.len() > NAMED { vec![] } else { keys.into_iter().cloned().collect() };
        Some(ToPage::Changed { version: self.version, keys, kinds: kinds.into_iter().collect() })
    }
}

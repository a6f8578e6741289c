//! Keeps the snapshot as new as the store: loads it, hears of changes, swaps in the next one and tells open pages.
//! While Postgres is away the last snapshot answers.

use domain::Problem;
use domain::stream::ToPage;
use domain::{Kind, ResourceKey};
use gantry_store::Store;
use gantry_store::changes::{Changes, Notice};
use gantry_store::resources::Stored;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::broadcast;

use crate::clock::now;
use crate::live::Lately;

use super::apis;
use super::entry::{Entry, Text, Words, described};
use super::snapshot::Snapshot;
use super::table::Replacement;
use super::triggers::Triggers;
use super::unrest;
use super::usage::{self, Usage};

/// Rows read at once.
const CHUNK: u32 = 1000;
/// The pause between two looks at the store when nothing is heard.
const POLL: Duration = Duration::from_secs(5);
/// How long notices are gathered before they are acted on, at least.
const GATHER: Duration = Duration::from_millis(40);
/// How often services are compared with what stopped in them while nothing changes: what happened half an hour ago is forgiven.
const COMPARE: Duration = Duration::from_secs(60);
/// Latest history entries kept.
const RECENT: u32 = 200;

/// The snapshot in use, and who wants to hear of the next.
pub struct Memory {
    store: Store,
    current: RwLock<Arc<Snapshot>>,
    notices: broadcast::Sender<ToPage>,
    told: Mutex<Told>,
    loaded: Arc<AtomicBool>,
}

/// When pages were last told of what.
#[derive(Default)]
struct Told {
    changed: Option<Instant>,
    /// Of what Gantry makes of what is stored, without a version of its own.
    judged: Option<Instant>,
    fresh: HashMap<Kind, Instant>,
    runs: Option<Instant>,
}

/// What the follower of the store remembers between two looks.
#[derive(Default)]
struct Progress {
    position: (i64, i64),
    words: Words,
    usage: Usage,
    triggers: Triggers,
    /// When services were last compared with their tasks.
    compared: Option<Instant>,
}

impl Memory {
    /// Empty, over this store; [`Memory::follow`] fills it.
    pub fn new(store: Store) -> Arc<Self> {
        let (notices, _) = broadcast::channel(256);
        Arc::new(Self { store, current: RwLock::default(), notices, told: Mutex::default(), loaded: Arc::default() })
    }

    /// What is known now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Set once everything stored was read for the first time.
    pub fn loaded(&self) -> Arc<AtomicBool> {
        self.loaded.clone()
    }

    /// Notices for open pages, from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<ToPage> {
        self.notices.subscribe()
    }

    /// The store under it.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Follows the store for ever. Trouble with it is retried; the log has it.
    pub async fn follow(self: Arc<Self>) {
        let mut progress = Progress::default();
        loop {
            if let Err(problem) = self.listen(&mut progress).await {
                tracing::warn!(%problem, "inventory: the store cannot be followed; the last known state answers");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }

    async fn listen(&self, progress: &mut Progress) -> Result<(), Problem> {
        // Listen first, then read: what is committed in between is heard, and read again at worst
        let mut changes = self.store.changes().await?;
        let mut what = Heard::anything();
        loop {
            let began = Instant::now();
            if what.any_run || !what.runs.is_empty() {
                // Before pages are told, who then ask how many there are.
                self.runs().await?;
            }
            if what.any_run {
                self.tell(ToPage::Runs);
            }
            for id in std::mem::take(&mut what.runs) {
                self.tell(ToPage::Run { id });
            }
            if what.pruned {
                // From the beginning, as after a start; what was known answers until that is done.
                *progress = Progress::default();
            }
            if what.versions {
                self.catch_up(progress).await?;
            }
            if what.versions || what.collections {
                self.collections().await?;
            }
            self.loaded.store(true, Ordering::Release);
            // Many small batches in a row become few snapshots
            let gather = GATHER.max(began.elapsed() * 2).min(Duration::from_millis(600));
            what = heard(&mut changes, gather).await?;
        }
    }

    /// Reads what changed and swaps in the next snapshot.
    ///
    /// # Errors
    /// [`domain::Code::Database`].
    async fn catch_up(&self, progress: &mut Progress) -> Result<(), Problem> {
        let before = self.snapshot();
        let first = progress.position == (0, 0);
        let mut next = if first { before.emptied() } else { (*before).clone() };
        let mut replaced: HashMap<Kind, Vec<Replacement>> = HashMap::new();
        let mut changed = vec![];
        let mut position = progress.position;
        loop {
            let chunk = self.store.after(position, CHUNK).await?;
            for stored in &chunk {
                position = (stored.version, stored.id);
                changed.push((stored.version, stored.key.clone()));
                let replacement = replacement(&mut next, stored, progress);
                replaced.entry(stored.key.kind).or_default().push(replacement);
            }
            if chunk.len() < CHUNK as usize {
                break;
            }
        }
        let due = progress.compared.is_none_or(|at| at.elapsed() >= COMPARE);
        if changed.is_empty() && !due {
            return Ok(());
        }
        let callers = [Kind::FunctionPermission, Kind::HttpApi].iter().any(|kind| replaced.contains_key(kind));
        for (kind, rows) in replaced {
            let number = Snapshot::number(kind);
            // Sorting fifty thousand rows would hold up requests on this thread
            let (table, scopes) = (next.tables[number].clone(), next.scopes.clone());
            let made = tokio::task::spawn_blocking(move || table.with(rows, &scopes)).await;
            next.tables[number] =
                Arc::new(made.map_err(|e| Problem::internal(format!("inventory.table {kind}: {e}")))?);
        }
        progress.compared = Some(Instant::now());
        let services = unrest::services(&next, now());
        let images = progress.usage.images(&next);
        let functions = progress.triggers.functions(&next);
        let permissions = if callers { apis::permissions(&next) } else { vec![] };
        let mut judged: Vec<ResourceKey> = vec![];
        for (kind, rows) in [
            (Kind::Service, services),
            (Kind::Image, images),
            (Kind::Function, functions),
            (Kind::FunctionPermission, permissions),
        ] {
            judged.extend(put(&mut next, kind, rows).await?);
        }
        if changed.is_empty() {
            progress.usage.told();
            progress.triggers.told();
            if first || !judged.is_empty() {
                self.swap(next);
                let kinds = judged.iter().map(|key| key.kind).collect::<BTreeSet<_>>().into_iter().collect();
                self.tell(ToPage::Changed { version: 0, keys: judged, kinds });
            }
            return Ok(());
        }
        changed.extend(judged.into_iter().map(|key| (position.0, key)));
        next.recent = Arc::new(self.store.latest_history(RECENT).await?);
        let notice = next.remember(position.0, changed.into_iter());
        if first {
            next.start_log();
        }
        progress.position = position;
        progress.words.sweep();
        progress.usage.told();
        progress.triggers.told();
        self.swap(next);
        let notice = match first {
            true => ToPage::Changed { version: position.0, keys: vec![], kinds: Kind::ALL.to_vec() },
            false => notice,
        };
        self.tell(notice);
        Ok(())
    }

    async fn runs(&self) -> Result<(), Problem> {
        let runs = self.store.open_runs().await?;
        let before = self.snapshot();
        if runs != *before.runs {
            let mut next = (*before).clone();
            next.runs = Arc::new(runs);
            self.swap(next);
        }
        Ok(())
    }

    async fn collections(&self) -> Result<(), Problem> {
        let collections = self.store.collections(now()).await?;
        let before = self.snapshot();
        if collections == *before.collections {
            return Ok(());
        }
        let mut next = (*before).clone();
        let known: HashMap<_, _> =
            before.collections.iter().map(|c| ((c.freshness.kind, &c.freshness.scope), c)).collect();
        let kinds: BTreeSet<Kind> = collections
            .iter()
            .filter(|c| known.get(&(c.freshness.kind, &c.freshness.scope)) != Some(c))
            .map(|c| c.freshness.kind)
            .collect();
        let mut covers = HashMap::new();
        for collection in &collections {
            let number = numbered(&mut next, &collection.freshness.scope);
            if let Some(at) = collection.covers {
                covers.insert((collection.freshness.kind, number), at);
            }
        }
        next.covers = Arc::new(covers);
        next.collections = Arc::new(collections);
        self.swap(next);
        self.tell(ToPage::Freshness { kinds: kinds.into_iter().collect() });
        Ok(())
    }

    fn tell(&self, notice: ToPage) {
        {
            let (mut told, now) = (self.told.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
            match &notice {
                ToPage::Changed { version, keys, .. } => {
                    told.changed = Some(now);
                    if *version == 0 && !keys.is_empty() {
                        told.judged = Some(now);
                    }
                }
                ToPage::Freshness { kinds } => told.fresh.extend(kinds.iter().map(|kind| (*kind, now))),
                ToPage::Run { .. } => told.runs = Some(now),
                // What pages show was read after the first look.
                ToPage::Runs if self.loaded.load(Ordering::Acquire) => told.runs = Some(now),
                ToPage::Runs | ToPage::Log { .. } | ToPage::LogProblem { .. } | ToPage::SignedOut => {}
            }
        }
        // Nobody listening is no fault
        let _ = self.notices.send(notice);
    }

    fn swap(&self, next: Snapshot) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }
}

/// The number of a scope, a new one if need be.
fn numbered(snapshot: &mut Snapshot, scope: &domain::Scope) -> u16 {
    snapshot.scope(scope).unwrap_or_else(|| {
        Arc::make_mut(&mut snapshot.scopes).push(scope.clone());
        u16::try_from(snapshot.scopes.len() - 1).unwrap_or(u16::MAX)
    })
}

fn replacement(snapshot: &mut Snapshot, stored: &Stored, progress: &mut Progress) -> Replacement {
    let scope = numbered(snapshot, &stored.key.scope);
    let listed = stored.gone.is_none() || stored.key.kind.outlives_aws();
    let described = described(stored);
    let id: Text = stored.key.id.as_str().into();
    progress.usage.note(stored, &id, scope, described.as_ref().ok());
    progress.triggers.note(stored, described.as_ref().ok());
    let words = &mut progress.words;
    let mut entry = listed.then(|| Entry::described(stored, id.clone(), scope, described, words));
    match (stored.key.kind, &mut entry) {
        (Kind::Image, Some(entry)) => usage::unused(entry, words),
        (Kind::Function, Some(entry)) => progress.triggers.tell(entry),
        _ => {}
    }
    ((scope, id), entry)
}

/// Puts in rows that say what other rows have them say; answers which.
async fn put(next: &mut Snapshot, kind: Kind, rows: Vec<Replacement>) -> Result<Vec<ResourceKey>, Problem> {
    let scopes = next.scopes.clone();
    let keys = rows.iter().map(|((scope, id), _)| ResourceKey {
        kind,
        scope: scopes[usize::from(*scope)].clone(),
        id: id.to_string(),
    });
    let keys: Vec<ResourceKey> = keys.collect();
    if !keys.is_empty() {
        let number = Snapshot::number(kind);
        let table = next.tables[number].clone();
        let made = tokio::task::spawn_blocking(move || table.with(rows, &scopes)).await;
        let unmade = |e| Problem::internal(format!("inventory.table {kind}: {e}"));
        next.tables[number] = Arc::new(made.map_err(unmade)?);
    }
    Ok(keys)
}

#[derive(Default)]
struct Heard {
    versions: bool,
    collections: bool,
    pruned: bool,
    runs: BTreeSet<String>,
    /// Runs may have gone on of which nothing was heard.
    any_run: bool,
}

impl Heard {
    /// Where nothing was heard for a while.
    fn anything() -> Self {
        Self { versions: true, collections: true, any_run: true, ..Self::default() }
    }
}

/// Waits for a notice, at most [`POLL`], then gathers what follows closely.
async fn heard(changes: &mut Changes, gather: Duration) -> Result<Heard, Problem> {
    let mut heard = Heard::default();
    let Ok(first) = tokio::time::timeout(POLL, changes.next()).await else {
        return Ok(Heard { versions: true, collections: true, ..heard });
    };
    let mut note = |notice: Notice| match notice {
        Notice::Version(_) => heard.versions = true,
        Notice::Collection(_) => heard.collections = true,
        Notice::Run(id) => {
            heard.runs.insert(id);
        }
        Notice::Pruned => (heard.versions, heard.pruned) = (true, true),
        Notice::Again => (heard.versions, heard.collections, heard.any_run) = (true, true, true),
    };
    note(first?);
    let until = tokio::time::Instant::now() + gather;
    while let Ok(notice) = tokio::time::timeout_at(until, changes.next()).await {
        note(notice?);
    }
    Ok(heard)
}

#[async_trait::async_trait]
impl crate::live::Notices for Memory {
    fn subscribe(&self) -> broadcast::Receiver<ToPage> {
        self.notices.subscribe()
    }
    fn version(&self) -> i64 {
        self.snapshot().version
    }
    async fn since(&self, version: i64) -> Result<Option<ToPage>, Problem> {
        Ok(self.snapshot().since(version))
    }
    fn lately(&self, within: Duration, version: i64) -> Lately {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = told.fresh.iter().filter(|(_, at)| at.elapsed() < within).map(|(kind, _)| *kind);
        let fresh: Vec<Kind> = fresh.collect();
        let changed = if version > 0 { told.judged } else { told.changed };
        let recent = |at: Option<Instant>| at.is_some_and(|at| at.elapsed() < within);
        Lately { changed: recent(changed), fresh, runs: recent(told.runs) }
    }
}

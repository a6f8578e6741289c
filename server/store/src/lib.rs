//! The only code that knows SQL. One file per aggregate, all methods of [`Store`]:
//! [`resources`] (what exists), [`batch`] (what was seen), [`singles`] (what lists leave open), [`within`] (what is told resource by resource), [`gone`] (what no longer does), [`history`], [`links`],
//! [`collections`] (schedules and leases), [`servers`] (who runs here, and what each wants collected),
//! [`people`], [`sessions`], [`failures`] (of signing in), [`tokens`], [`audit`], [`settings`], [`runs`] (plans that run, and their journal), [`drafts`] (plans that nobody has applied yet), [`prune`] (what is kept for how long), [`changes`] (LISTEN/NOTIFY).
//!
//! Every moment is passed in; every error is a [`Problem`] ([`problem`]). Queries are checked by tests against a real Postgres
//! (`docs/adr/0002-sql-checked-by-tests.md`).

pub mod audit;
pub mod batch;
pub mod changes;
pub mod collections;
pub mod difference;
pub mod drafts;
pub mod failures;
pub mod gone;
pub mod history;
mod kinds;
pub mod links;
pub mod people;
pub mod problem;
pub mod prune;
pub mod resources;
pub mod runs;
pub mod servers;
pub mod sessions;
pub mod settings;
pub mod singles;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tokens;
pub mod within;

use domain::{Millis, Problem};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

type Result<T> = std::result::Result<T, Problem>;

/// Everything that is stored. Cheap to clone; connections are pooled and made again after Postgres was away.
#[derive(Clone, Debug)]
pub struct Store {
    /// For people who wait: a statement gets four seconds (`docs/adr/0014-four-seconds-for-a-page.md`).
    pages: PgPool,
    /// For people who look through what grows for years: history, runs, the audit trail. However many of them do, signing in finds a connection.
    searches: PgPool,
    /// For collectors: longer statements, and never all connections of the pages.
    work: PgPool,
    /// For leases and journals of runs: a lease lasts three seconds, and all others can keep theirs for longer.
    runs: PgPool,
}

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

impl Store {
    /// Connects; `url` as in `postgres://user@host:port/database`. Does not migrate.
    ///
    /// # Errors
    /// [`domain::Code::Invalid`] for an unreadable URL, [`domain::Code::Database`] with host and port where Postgres refuses, or nothing answers
    /// within five seconds.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with(url, STILL).await
    }

    /// The same; a transaction may lie still for so many milliseconds.
    async fn connect_with(url: &str, still: &'static str) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| {
                Problem::invalid(
                    "DATABASE_URL",
                    "DATABASE_URL is not a Postgres URL: postgres://user@host:port/database.",
                )
            })?
            .application_name("gantry");
        let pool = |size: u32, timeout: &'static str| {
            PgPoolOptions::new()
                .max_connections(size)
                .acquire_timeout(Duration::from_secs(5))
                .idle_timeout(Duration::from_secs(300))
                .connect_lazy_with(
                    options
                        .clone()
                        .options([("statement_timeout", timeout), ("idle_in_transaction_session_timeout", still)]),
                )
        };
        let store = Self { pages: pool(8, "4s"), searches: pool(4, "4s"), work: pool(8, "60s"), runs: pool(4, "10s") };
        if let Err(error) = sqlx::query("select 1").execute(&store.pages).await {
            return Err(problem::of_start(&reason(error, &options).await, &place(&options)));
        }
        Ok(store)
    }

    /// Brings the tables to this version. Safe to call from several servers at once.
    pub async fn migrate(&self) -> Result<()> {
        MIGRATIONS.run(&self.work).await.map_err(problem::of_migration)
    }

    /// Whether Postgres answers.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("select 1").execute(&self.pages).await.map_err(problem::of)?;
        Ok(())
    }

    /// What the database's clock says.
    pub async fn clock(&self) -> Result<Millis> {
        let now: i64 = sqlx::query_scalar("select (extract(epoch from clock_timestamp()) * 1000)::bigint")
            .fetch_one(&self.work)
            .await
            .map_err(problem::of)?;
        Ok(Millis(now))
    }

    /// Ends all connections, waiting for statements that run.
    pub async fn close(&self) {
        self.pages.close().await;
        self.searches.close().await;
        self.work.close().await;
        self.runs.close().await;
    }
}

/// Where Postgres is looked for: `host:port`, or the folder of its socket in place of the host.
fn place(options: &PgConnectOptions) -> String {
    let socket = options.get_socket().map(|folder| folder.display().to_string());
    format!("{}:{}", socket.unwrap_or_else(|| options.get_host().to_owned()), options.get_port())
}

/// Why a pool got no connection in time: it tries again and again, and keeps to itself what it was told.
async fn reason(error: sqlx::Error, options: &PgConnectOptions) -> sqlx::Error {
    if !matches!(error, sqlx::Error::PoolTimedOut) {
        return error;
    }
    match tokio::time::timeout(Duration::from_secs(1), PgConnection::connect_with(options)).await {
        Ok(Err(told)) => told,
        Ok(Ok(_)) | Err(_) => error,
    }
}

/// For how many milliseconds a transaction may lie still. A server that is stopped in the middle of one, as a paused machine is, would hold its
/// locks until it goes on: the audit log's, which every write needs, and the lease of its run, which others wait for. Less than the time that a
/// page's statement gets, so that whoever waits for such a lock still gets it.
const STILL: &str = "2000";

/// Has this transaction wait for the disk, also where the database does not otherwise: a crash of Postgres takes back nothing of what was done
/// or is about to be sent to AWS. What was collected can be collected again.
pub(crate) async fn durable(tx: &mut PgConnection) -> Result<()> {
    let wait =
        "select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'";
    sqlx::query(wait).execute(tx).await.map_err(problem::of)?;
    Ok(())
}

/// SHA-256: what is stored in place of a session id, a token or a welcome link.
fn hashed(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// SHA-256 of the document with its fields in order, whatever order they came in.
pub(crate) fn hash(doc: &Value) -> Vec<u8> {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let ordered: BTreeMap<&String, Value> = map.iter().map(|(k, v)| (k, sorted(v))).collect();
                Value::Object(ordered.into_iter().map(|(k, v)| (k.clone(), v)).collect())
            }
            Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
            other => other.clone(),
        }
    }
    Sha256::digest(sorted(doc).to_string().as_bytes()).to_vec()
}

/// Locks that order writers, held until the transaction ends; the numbers mean nothing.
mod locks {
    /// Whoever takes a new `resource_version`.
    pub(crate) const VERSION: i64 = 7_201;
    /// Whoever appends to the audit log.
    pub(crate) const AUDIT: i64 = 7_202;
    /// Whoever adds or removes administrators.
    pub(crate) const PEOPLE: i64 = 7_203;
    /// Whoever says what it wants collected.
    pub(crate) const SERVERS: i64 = 7_204;
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::testing::{TestStore, entry};
    use super::*;
    use domain::audit::AuditQuery;
    use domain::plan::listing::RunsQuery;
    use domain::services::HistoryQuery;
    use sqlx::Postgres;
    use sqlx::pool::PoolConnection;

    #[tokio::test]
    async fn a_server_that_is_stopped_in_a_transaction_does_not_hold_up_the_others() {
        let test = TestStore::fresh().await;
        let store = Store::connect(&test.url).await.unwrap();
        let mut stopped = store.work.begin().await.unwrap();
        audit::append(&mut stopped, &entry()).await.unwrap();
        store.note(&entry()).await.unwrap();
        // Half of it is not there, and neither is its lock.
        assert!(stopped.commit().await.is_err());
        assert_eq!(store.audit_latest(10).await.unwrap().len(), 1);
        assert_eq!(store.audit_broken_at().await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_page_gives_up_later_than_a_transaction_that_lies_still_and_says_so() {
        let test = TestStore::fresh().await;
        let Store { pages, searches, work, runs } = &Store::connect(&test.url).await.unwrap();
        let show = async |pool: &PgPool, setting: &str| -> i64 {
            let sql = "select setting::bigint from pg_settings where name = $1";
            sqlx::query_scalar(sql).bind(setting).fetch_one(pool).await.unwrap()
        };
        for (pool, milliseconds) in [(pages, 4_000), (searches, 4_000), (work, 60_000), (runs, 10_000)] {
            assert_eq!(show(pool, "statement_timeout").await, milliseconds);
            assert!(show(pool, "idle_in_transaction_session_timeout").await <= milliseconds / 2);
        }
        let mut connection = pages.acquire().await.unwrap();
        sqlx::query("set statement_timeout = 20").execute(&mut *connection).await.unwrap();
        let late = sqlx::query("select pg_sleep(10)").execute(&mut *connection).await.unwrap_err();
        let late = problem::of(late);
        assert_eq!((late.code, late.message.as_str()), (domain::Code::Database, "Postgres took too long to answer."));
    }

    /// All connections of these, for as long as they are held.
    async fn all_of(pools: &[&PgPool]) -> sqlx::Result<Vec<PoolConnection<Postgres>>> {
        let mut taken = vec![];
        for pool in pools {
            for _ in 0..pool.options().get_max_connections() {
                taken.push(pool.acquire().await?);
            }
        }
        Ok(taken)
    }

    #[tokio::test]
    async fn runs_are_driven_while_all_others_have_all_their_connections() {
        let test = TestStore::fresh().await;
        let Store { pages, searches, work, .. } = &test.store;
        let _taken = all_of(&[pages, searches, work]).await.unwrap();
        assert_eq!(test.store.lease_run("a", Duration::from_secs(1), &[]).await.unwrap(), None);
        assert_eq!(test.store.run_to_drive("a").await.unwrap(), None);
    }

    #[tokio::test]
    async fn whoever_looks_through_long_tables_leaves_connections_to_sign_in_by() {
        let test = TestStore::fresh().await;
        let Store { pages, searches, .. } = &test.store;
        let taken = all_of(&[searches]).await.unwrap();
        assert!(test.store.session("none", Millis(0)).await.unwrap().is_none());
        assert!(test.store.latest_history(10).await.unwrap().is_empty());
        drop(taken);
        // None of these takes one of the others.
        let _taken = all_of(&[pages]).await.unwrap();
        let history = HistoryQuery { text: "a".into(), limit: 10, ..HistoryQuery::default() };
        assert!(test.store.history(&history, Millis(0)).await.unwrap().is_empty());
        let runs = RunsQuery { limit: 10, ..RunsQuery::default() };
        assert!(test.store.runs(&runs, Millis(0)).await.unwrap().is_empty());
        let audit = AuditQuery { limit: 10, ..AuditQuery::default() };
        assert!(test.store.audit(&audit, Millis(0)).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_was_done_waits_for_the_disk_where_nothing_else_does() {
        let test = TestStore::fresh().await;
        let mut tx = test.store.work.begin().await.unwrap();
        sqlx::query("set local synchronous_commit = off").execute(&mut *tx).await.unwrap();
        audit::append(&mut tx, &entry()).await.unwrap();
        let waits: String = sqlx::query_scalar("show synchronous_commit").fetch_one(&mut *tx).await.unwrap();
        assert_eq!(waits, "on");
    }
}

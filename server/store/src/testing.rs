//! A database per test, copied from a migrated template, dropped when the test ends. Needs `GANTRY_TEST_DATABASE_URL`, a superuser's URL.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use domain::{Kind, Millis, Problem, Scope};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::audit::Entry;
use crate::{MIGRATIONS, Store};

/// For how many milliseconds a transaction may lie still: a machine that has much to do lets many tests wait for longer than a server's may.
const STILL: &str = "60000";

/// What the audit log gets where it does not matter.
pub fn entry() -> Entry {
    let (actor, action, subject) = ("test".to_owned(), "test".to_owned(), String::new());
    Entry { id: 0, at: Millis(0), person: None, actor, action, subject, detail: serde_json::Value::Null }
}

/// A store on a database of its own.
#[derive(Debug)]
pub struct TestStore {
    /// The store, migrated and empty.
    pub store: Store,
    /// Its URL, to connect a second time.
    pub url: String,
    name: String,
}

impl Store {
    /// Has servers a, b, c and d want exactly these.
    pub async fn configure(&self, wanted: &[(Scope, Kind)]) -> Result<(), Problem> {
        for server in ["a", "b", "c", "d"] {
            self.want(server, &[], wanted, Millis(0)).await?;
        }
        Ok(())
    }
}

fn admin() -> PgConnectOptions {
    let url = std::env::var("GANTRY_TEST_DATABASE_URL")
        .expect("GANTRY_TEST_DATABASE_URL is not set: run these tests with `cargo xtask test`, which starts a Postgres for them");
    PgConnectOptions::from_str(&url).expect("GANTRY_TEST_DATABASE_URL is not a Postgres URL")
}

async fn run(connection: &mut PgConnection, sql: String) {
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
}

/// Makes the template once per state of the migrations, whichever process comes first.
async fn template(connection: &mut PgConnection) -> String {
    let sum = MIGRATIONS
        .iter()
        .flat_map(|m| m.checksum.iter())
        .fold(7_u64, |sum, byte| sum.wrapping_mul(1_099_511_628_211) ^ u64::from(*byte));
    let name = format!("gantry_template_{sum:x}");
    run(connection, "select pg_advisory_lock(7200)".to_owned()).await;
    let exists: bool = sqlx::query_scalar("select exists (select 1 from pg_database where datname = $1)")
        .bind(&name)
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    if !exists {
        let raw = format!("{name}_new");
        run(connection, format!("drop database if exists {raw}")).await;
        run(connection, format!("create database {raw}")).await;
        let mut inside = admin().database(&raw).connect().await.unwrap();
        MIGRATIONS.run(&mut inside).await.unwrap();
        inside.close().await.unwrap();
        run(connection, format!("alter database {raw} rename to {name}")).await;
    }
    run(connection, "select pg_advisory_unlock(7200)".to_owned()).await;
    name
}

impl TestStore {
    /// A fresh database.
    pub async fn fresh() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mut connection = admin().connect().await.expect("no Postgres at GANTRY_TEST_DATABASE_URL");
        let template = template(&mut connection).await;
        let name = format!("gantry_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        run(&mut connection, format!("drop database if exists {name}")).await;
        run(&mut connection, format!("create database {name} template {template} strategy file_copy")).await;
        let url = admin().database(&name).to_url_lossy().to_string();
        let store = Store::connect_with(&url, STILL).await.unwrap();
        Self { store, url, name }
    }
}

impl TestStore {
    /// Has the journal of a run hold a word that this version does not know.
    pub async fn make_unreadable(&self, run: &str) {
        let mut connection = PgConnectOptions::from_str(&self.url).unwrap().connect().await.unwrap();
        let changed = sqlx::query("update run_steps set state = 'of another version' where run = $1")
            .bind(run)
            .execute(&mut connection)
            .await
            .unwrap();
        assert!(changed.rows_affected() > 0);
    }

    /// Has the lease on a run run out.
    pub async fn run_out(&self, run: &str) {
        let mut connection = PgConnectOptions::from_str(&self.url).unwrap().connect().await.unwrap();
        let changed = sqlx::query("update runs set lease_until = 0 where id = $1 and lease_until is not null")
            .bind(run)
            .execute(&mut connection)
            .await
            .unwrap();
        assert_eq!(changed.rows_affected(), 1);
    }

    /// Breaks the connection over which the next question about this table is asked, while it is asked. Waits until one is.
    pub async fn break_next_question(&self, table: &str) {
        let mut connection = PgConnectOptions::from_str(&self.url).unwrap().connect().await.unwrap();
        run(&mut connection, "begin".to_owned()).await;
        run(&mut connection, format!("lock table {table}")).await;
        loop {
            let broken: bool = sqlx::query_scalar(
                "select coalesce(bool_or(pg_terminate_backend(pid)), false) from pg_locks where not granted and relation = to_regclass($1)
                   and database = (select oid from pg_database where datname = current_database())",
            )
            .bind(table)
            .fetch_one(&mut connection)
            .await
            .unwrap();
            if broken {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        run(&mut connection, "rollback".to_owned()).await;
    }

    /// Breaks all connections, as a restart of Postgres does.
    pub async fn break_connections(&self) {
        let mut connection = PgConnectOptions::from_str(&self.url).unwrap().connect().await.unwrap();
        sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    /// The tables that have this text anywhere in a row, whatever the column's type.
    pub async fn holding(&self, text: &str) -> Vec<String> {
        let mut connection = PgConnectOptions::from_str(&self.url).unwrap().connect().await.unwrap();
        let tables: Vec<String> = sqlx::query_scalar(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert!(!tables.is_empty());
        let mut found = vec![];
        for table in tables {
            let sql = format!("select exists (select 1 from {table} t where strpos(t::text, $1) > 0)");
            if sqlx::query_scalar::<_, bool>(AssertSqlSafe(sql)).bind(text).fetch_one(&mut connection).await.unwrap() {
                found.push(table);
            }
        }
        found
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        let name = self.name.clone();
        // Its own thread and runtime: the test's may be unwinding
        let dropped = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
                let mut connection = admin().connect().await.unwrap();
                run(&mut connection, format!("drop database if exists {name} with (force)")).await;
            });
        });
        if dropped.join().is_err() {
            tracing::warn!(name = %self.name, "a test's database stays");
        }
    }
}

//! A Postgres that drops its connections, as in a restart.

use domain::Kind;
use gantry_store::Store;
use gantry_store::changes::Notice;
use gantry_store::testing::TestStore;

use crate::resources::scope;

#[tokio::test]
async fn after_postgres_dropped_every_connection_the_next_question_is_answered() {
    let test = TestStore::fresh().await;
    let mut changes = test.store.changes().await.unwrap();
    test.store.configure(&[(scope(), Kind::Task)]).await.unwrap();
    test.break_connections().await;
    assert!(test.store.people().await.unwrap().is_empty());
    assert_eq!(test.store.collections(domain::Millis(0)).await.unwrap().len(), 1);
    // whoever listens learns that it may have missed something, and hears what comes next
    assert_eq!(changes.next().await.unwrap(), Notice::Again);
    test.store.request(Kind::Task, &[], &[], domain::Millis(1)).await.unwrap();
    loop {
        match changes.next().await.unwrap() {
            Notice::Collection(kind) => break assert_eq!(kind, "ecs.task"),
            other => assert_eq!(other, Notice::Again),
        }
    }
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_named_at_the_start() {
    let test = TestStore::fresh().await;
    let (server, _) = test.url.rsplit_once("/gantry_test_").unwrap();
    let refused = Store::connect(&format!("{server}/no_such_database")).await.unwrap_err();
    assert_eq!(refused.code, domain::Code::Database);
    assert!(refused.message.starts_with("Postgres at "), "{}", refused.message);
    assert!(refused.message.ends_with("refuses: database \"no_such_database\" does not exist."), "{}", refused.message);
}

//! A start while AWS does not say whose the credentials are.

use super::*;
use domain::policy::{Actor, Role};
use domain::services::Inventory;
use domain::{Code, Kind, Millis, Scope};
use gantry_aws::Limits;
use gantry_store::testing::TestStore;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::inventory::{Answers, Memory, Visible};

fn scope(account: &str) -> Scope {
    Scope::new(account.parse().unwrap(), "eu-west-1".parse().unwrap())
}

/// STS, away for the first questions.
struct Sts {
    away: AtomicU32,
    /// So many of the next answers make connections that cannot work.
    wrong: AtomicU32,
}

#[async_trait]
impl Ask for Sts {
    async fn ask(&self) -> Result<Vec<ConnectionConfig>, Problem> {
        let next =
            |of: &AtomicU32| of.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if next(&self.away) {
            return Err(Problem::new(Code::AwsUnreachable, "AWS cannot be reached", "It did not answer in time."));
        }
        let connection = ConnectionConfig {
            name: "default".into(),
            account: scope("444455556666").account,
            regions: vec![scope("444455556666").region],
            profile: None,
            role_arn: None,
            external_id: None,
            source_identity: false,
            endpoint_url: Some("http://127.0.0.1:9".into()),
            access_key: Some("AKIDEXAMPLE".into()),
            secret_key: Some("secret".into()),
            sandbox: false,
            found: None,
        };
        Ok(if next(&self.wrong) { vec![connection.clone(), connection] } else { vec![connection] })
    }
}

#[tokio::test]
async fn until_aws_answers_nothing_rests_that_is_collected_and_then_collecting_begins_by_itself() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.want("healthy", &[], &[(scope("111122223333"), Kind::Task)], crate::clock::now()).await.unwrap();
    let connections = Connections::awaited(&[7; 32], Limits::default());
    let connecting = Connecting::new(store.clone(), "late".into(), connections.clone(), 15);
    let (known, instance) = (connecting.known.clone(), connecting.instance.subscribe());
    let answers = Answers::new(Memory::new(store.clone()), known.clone(), Visible::default());
    let viewer = Actor { person: 1, name: "ada".into(), role: Role::Administrator, session: 1 };
    let collected = async || -> Vec<Scope> {
        store.collections(Millis(0)).await.unwrap().into_iter().map(|c| c.freshness.scope).collect()
    };

    let sts = Sts { away: AtomicU32::new(3), wrong: AtomicU32::new(1) };
    assert!(!connecting.begin(&sts).await.unwrap());
    assert_eq!(collected().await, [scope("111122223333")]);
    // No empty list: the reason.
    let problem = answers.connections(&viewer).await.unwrap_err();
    assert_eq!(problem.code, Code::AwsUnreachable);
    assert!(problem.message.contains("did not answer in time. Gantry tries again"), "{problem}");
    assert!(instance.borrow().accounts.is_empty());

    connecting.ask_again(&sts, Duration::from_millis(1)).await;
    assert_eq!(known.awaited(), None);
    let found: Vec<String> = answers.connections(&viewer).await.unwrap().into_iter().map(|c| c.name).collect();
    assert_eq!(found, ["default"]);
    assert_eq!(instance.borrow().accounts.len(), 1);
    assert_eq!(connections.configs().count(), 1);
    let all = collected().await;
    assert!(all.contains(&scope("111122223333")) && all.contains(&scope("444455556666")), "{all:?}");
}

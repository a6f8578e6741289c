//! What documents name, found from both ends.

use domain::resource::{Observed, Relation};
use domain::{Kind, Millis, ResourceKey};
use gantry_store::testing::TestStore;
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::str::FromStr;

use crate::resources::{function, lease, list, scope};

#[tokio::test]
async fn arrows_are_found_from_both_ends_also_through_a_qualifier() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let held = lease(store, Kind::Function, 1000).await;
    let f = function("thumb", json!({"Role": "arn:aws:iam::111122223333:role/thumb"}));
    store.seen(list(&held), std::slice::from_ref(&f), Millis(1001)).await.unwrap();
    let row = store.get(&f.key).await.unwrap().unwrap();
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:thumb";
    for reference in [arn.to_owned(), format!("{arn}:live"), f.key.to_string()] {
        assert_eq!(store.resolve(&reference).await.unwrap(), Some(f.key.clone()), "{reference}");
    }
    assert_eq!(store.resolve("arn:aws:lambda:eu-west-1:111122223333:function:other").await.unwrap(), None);
    assert_eq!(store.ids(std::slice::from_ref(&f.key)).await.unwrap(), [(f.key.clone(), row.id)]);

    let mapping = Observed {
        key: ResourceKey::new(Kind::EventSourceMapping, scope(), "4b1c7f9e-0000-4000-8000-000000000001").unwrap(),
        doc: json!({"UUID": "4b1c7f9e-0000-4000-8000-000000000001", "FunctionArn": format!("{arn}:live"),
            "EventSourceArn": "arn:aws:sqs:eu-west-1:111122223333:uploads", "State": "Enabled"}),
    };
    store.seen(list(&held), std::slice::from_ref(&mapping), Millis(1002)).await.unwrap();
    let named = async |by: &[Kind], prefix: &str| store.named(&scope(), by, prefix).await.unwrap();
    let queues = "arn:aws:sqs:eu-west-1:111122223333:";
    assert_eq!(named(&[Kind::EventSourceMapping], queues).await, HashSet::from([format!("{queues}uploads")]));
    assert_eq!(
        named(&[Kind::Function, Kind::Service], queues).await,
        HashSet::new(),
        "it is no function that names it"
    );
    let to = store.links_to(&[row.id], 50).await.unwrap().links;
    let from = store.links_from(&[store.get(&mapping.key).await.unwrap().unwrap().id]).await.unwrap();
    assert!(to.iter().any(|(_, l)| l.key.as_ref() == Some(&mapping.key)), "{to:?}");
    assert!(from.iter().any(|(_, l)| l.key.as_ref() == Some(&f.key)), "{from:?}");
    assert!(from.iter().any(|(_, l)| l.key.is_none() && l.target.ends_with(":uploads")), "{from:?}");
}

#[tokio::test]
async fn what_documents_say_is_told_of_what_is_not_gone() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let held = lease(store, Kind::TaskDefinition, 1000).await;
    let definition = |revision: u32, status: &str| Observed {
        key: ResourceKey::new(Kind::TaskDefinition, scope(), format!("web:{revision}")).unwrap(),
        doc: json!({"family": "web", "revision": revision, "status": status, "runtimePlatform": {"cpuArchitecture": status}}),
    };
    let batch = [definition(1, "INACTIVE"), definition(2, "ACTIVE"), definition(3, "INACTIVE")];
    store.seen(list(&held), &batch, Millis(1001)).await.unwrap();
    store.absent(held.fence, &batch[2].key, Millis(1002), Millis(1003)).await.unwrap();
    let said = async |field: &str| store.said(&scope(), Kind::TaskDefinition, field).await.unwrap();
    let status = [("web:1", "INACTIVE"), ("web:2", "ACTIVE")].map(|(id, word)| (id.to_owned(), word.to_owned()));
    for field in ["status", "runtimePlatform.cpuArchitecture"] {
        assert_eq!(said(field).await, HashMap::from(status.clone()), "{field}");
    }
    assert_eq!(said("revision").await, HashMap::new(), "that is no text");
}

#[tokio::test]
async fn many_sources_of_one_kind_do_not_hide_those_of_another() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let held = lease(store, Kind::Role, 1000).await;
    let arn = "arn:aws:iam::111122223333:role/shared";
    let role = Observed {
        key: ResourceKey::new(Kind::Role, scope(), "shared").unwrap(),
        doc: json!({"RoleName": "shared", "Arn": arn}),
    };
    let definition = |revision: u32| Observed {
        key: ResourceKey::new(Kind::TaskDefinition, scope(), format!("web:{revision}")).unwrap(),
        doc: json!({"family": "web", "revision": revision, "taskRoleArn": arn, "executionRoleArn": arn}),
    };
    let mut batch: Vec<Observed> = (0..7).map(|n| function(&format!("f{n}"), json!({"Role": arn}))).collect();
    batch.extend([role.clone(), definition(1), definition(2)]);
    store.seen(list(&held), &batch, Millis(1001)).await.unwrap();
    let id = store.get(&role.key).await.unwrap().unwrap().id;
    let pointing = store.links_to(&[id], 3).await.unwrap();
    let of = |relation: Relation, kind: Kind| -> Vec<String> {
        let all = pointing.links.iter().filter(|(_, l)| l.relation == relation);
        all.filter_map(|(_, l)| l.key.clone()).filter(|key| key.kind == kind).map(|key| key.id).collect()
    };
    assert_eq!(of(Relation::Role, Kind::Function), ["f0", "f1", "f2"]);
    assert_eq!(of(Relation::Role, Kind::TaskDefinition), ["web:1", "web:2"]);
    assert_eq!(of(Relation::ExecutionRole, Kind::TaskDefinition), ["web:1", "web:2"]);
    let totals = [
        ((Relation::Role, Kind::Function), 7),
        ((Relation::Role, Kind::TaskDefinition), 2),
        ((Relation::ExecutionRole, Kind::TaskDefinition), 2),
    ];
    assert_eq!(pointing.totals, BTreeMap::from(totals));
    // Of several targets a source counts once.
    let both: Vec<i64> =
        store.ids(&[role.key.clone(), batch[0].key.clone()]).await.unwrap().iter().map(|(_, id)| *id).collect();
    assert_eq!(store.links_to(&both, 3).await.unwrap().totals[&(Relation::Role, Kind::Function)], 7);
}

/// What earlier versions stored of images otherwise than it is written now: task definitions are read once, so migrations write it again.
#[tokio::test]
async fn images_are_named_alike_also_where_they_were_stored_otherwise() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let held = lease(store, Kind::TaskDefinition, 1000).await;
    let (host, port) = ("111122223333.dkr.ecr.eu-west-1.amazonaws.com", "localhost:4510");
    let pinned = [
        format!("{host}/team/web:1.4.0@sha256:a"),
        format!("{host}/team/web@sha256:a"),
        format!("{port}/web:1@sha256:b"),
        format!("{port}/plain@sha256:c"),
        format!("{host}/web:1"),
        "nginx:1@sha256:d".to_owned(),
    ];
    let repository = Observed {
        key: ResourceKey::new(Kind::Repository, scope(), "web").unwrap(),
        doc: json!({"repositoryName": "web", "repositoryUri": format!("{host}/web")}),
    };
    store.seen(list(&held), std::slice::from_ref(&repository), Millis(1001)).await.unwrap();
    for uri in [format!("{host}/web"), "111122223333.dkr-ecr.eu-west-1.on.aws/web".to_owned()] {
        assert_eq!(store.resolve(&uri).await.unwrap().as_ref(), Some(&repository.key), "{uri}");
    }
    let hosts = [
        format!("{host}/web:1"),
        "111122223333.dkr-ecr.eu-west-1.on.aws/web:1".to_owned(),
        "111122223333.dkr-ecr.eu-west-1.on.aws/team/web@sha256:a".to_owned(),
        "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com/web:2".to_owned(),
        "111122223333.dkr-ecr-fips.us-gov-west-1.on.aws/web:3".to_owned(),
        "111122223333.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn/web:4".to_owned(),
        "111122223333.dkr-ecr.eusc-de-east-1.on.amazonwebservices.eu/web:5".to_owned(),
        "ecr-public.aws.com/nginx/nginx:1".to_owned(),
        "docker.io/mirror.dkr-ecr.eu-west-1.on.aws/web:1".to_owned(),
        "111122223333.dkr-ecr.eu-west-1.on.aws.example.com/web:1".to_owned(),
    ];
    let mut raw = PgConnectOptions::from_str(&test.url).unwrap().connect().await.unwrap();
    for (revision, images, migration, different) in [
        (1, &pinned[..], include_str!("../../migrations/0018_pinned_images.sql"), 5),
        (2, &hosts[..], include_str!("../../migrations/0020_registry_hosts.sql"), 9),
    ] {
        let containers: Vec<_> = images.iter().map(|image| json!({"name": "c", "image": image})).collect();
        let definition = Observed {
            key: ResourceKey::new(Kind::TaskDefinition, scope(), format!("web:{revision}")).unwrap(),
            doc: json!({"family": "web", "revision": revision, "containerDefinitions": containers}),
        };
        store.seen(list(&held), std::slice::from_ref(&definition), Millis(1001)).await.unwrap();
        let id = store.get(&definition.key).await.unwrap().unwrap().id;
        let targets = async || -> Vec<String> {
            let links = store.links_from(&[id]).await.unwrap();
            links.into_iter().filter(|(_, l)| l.relation == Relation::Image).map(|(_, l)| l.target).collect()
        };
        let now = targets().await;
        assert_eq!(now.len(), different, "{now:?}");
        sqlx::query("delete from links").execute(&mut raw).await.unwrap();
        let before = "insert into links select $1, 'image', image, image, 'c' from unnest($2::text[]) as image";
        sqlx::query(before).bind(id).bind(images.to_vec()).execute(&mut raw).await.unwrap();
        sqlx::raw_sql(migration).execute(&mut raw).await.unwrap();
        assert_eq!(targets().await, now);
        let odd = "select count(*) from links where base <> target";
        assert_eq!(sqlx::query_scalar::<_, i64>(odd).fetch_one(&mut raw).await.unwrap(), 0);
    }
    raw.close().await.unwrap();
}

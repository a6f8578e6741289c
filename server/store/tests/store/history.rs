//! Histories: of parts with their whole, of the fleet with filters and pages.

use domain::history::{ChangeKind, Since};
use domain::resource::Observed;
use domain::services::HistoryQuery;
use domain::{Kind, Millis, ResourceKey};
use gantry_store::batch::Source;
use gantry_store::testing::TestStore;
use serde_json::json;

use crate::resources::{function, lease, list, scope};

#[tokio::test]
async fn a_history_has_what_happened_to_its_parts_where_that_is_asked_for() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let held = lease(store, Kind::Function, 1000).await;
    assert!(held.initial);
    let f = function("f", json!({"MemorySize": 128}));
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:f";
    let alias = |version: &str| Observed {
        key: ResourceKey::new(Kind::FunctionAlias, scope(), "f:live").unwrap(),
        doc: json!({"Name": "live", "AliasArn": format!("{arn}:live"), "FunctionVersion": version}),
    };
    let queue = json!({"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/f"});
    let beside = Observed { key: ResourceKey::new(Kind::Queue, scope(), "f").unwrap(), doc: queue };
    store.seen(list(&held), &[f.clone(), alias("1"), beside], Millis(1001)).await.unwrap();
    let later = Source::List { fence: held.fence, initial: false, began: Millis(1500) };
    store.seen(later, &[alias("2")], Millis(2000)).await.unwrap();
    store.seen(later, &[function("f", json!({"MemorySize": 256}))], Millis(3000)).await.unwrap();
    let url = json!({"FunctionUrl": "https://x.on.aws/", "FunctionArn": arn, "AuthType": "NONE"});
    let url = Observed { key: ResourceKey::new(Kind::FunctionUrl, scope(), "f").unwrap(), doc: url };
    store.seen(later, &[url.clone()], Millis(4000)).await.unwrap();
    store.complete(held.fence, &scope(), Kind::FunctionUrl, Some(&f.key), Millis(5000), Millis(5001)).await.unwrap();

    let ask = async |parts: bool, before: Option<i64>, limit: u32| {
        let query = HistoryQuery { key: Some(f.key.clone()), parts, before, limit, ..HistoryQuery::default() };
        store.history(&query, Millis(6000)).await.unwrap()
    };
    let told = |all: &[domain::history::Change]| all.iter().map(|c| (c.key.kind, c.kind)).collect::<Vec<_>>();
    let own = [(Kind::Function, ChangeKind::Changed), (Kind::Function, ChangeKind::Appeared)];
    assert_eq!(told(&ask(false, None, 50).await), own);
    let all = ask(true, None, 50).await;
    let parts = [
        (Kind::FunctionUrl, ChangeKind::Gone),
        (Kind::FunctionUrl, ChangeKind::Appeared),
        (Kind::Function, ChangeKind::Changed),
        (Kind::FunctionAlias, ChangeKind::Changed),
        (Kind::Function, ChangeKind::Appeared),
    ];
    assert_eq!(told(&all), parts, "what was there at first is no news");
    assert_eq!(told(&ask(true, Some(all[1].id), 2).await), parts[2..4]);
    assert_eq!(store.history_length(&f.key).await.unwrap(), 5);
    assert_eq!(store.history_length(&url.key).await.unwrap(), 2);
}

#[tokio::test]
async fn what_has_no_region_is_in_the_history_of_every_region() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let arn = "arn:aws:iam::111122223333:role/orders";
    let role = Observed {
        key: ResourceKey::new(Kind::Role, scope().global(), "orders").unwrap(),
        doc: json!({"RoleName": "orders", "Arn": arn}),
    };
    let both = [function("orders", json!({})), role];
    store.seen(Source::Single { began: Millis(1000), fence: None }, &both, Millis(1000)).await.unwrap();
    for text in ["", "orders"] {
        let ask = async |region: &str| {
            let regions = vec![region.parse().unwrap()];
            let query = HistoryQuery { regions, text: text.into(), limit: 50, ..HistoryQuery::default() };
            let mut kinds: Vec<Kind> =
                store.history(&query, Millis(2000)).await.unwrap().into_iter().map(|c| c.key.kind).collect();
            kinds.sort_by_key(ToString::to_string);
            kinds
        };
        assert_eq!(ask("eu-west-1").await, [Kind::Role, Kind::Function], "{text:?}");
        assert_eq!(ask("us-east-1").await, [Kind::Role], "{text:?}");
    }
}

#[tokio::test]
async fn the_fleets_history_is_filtered_by_text_and_time_and_paged() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let names = ["orders_api", "orders-worker", "100%"];
    for (at, memory) in [(1000, 128), (2000, 256), (3000, 512)] {
        let all: Vec<_> = names.iter().map(|name| function(name, json!({"MemorySize": memory}))).collect();
        store.seen(Source::Single { began: Millis(at), fence: None }, &all, Millis(at)).await.unwrap();
    }
    let all = HistoryQuery { limit: 50, ..HistoryQuery::default() };
    let ask = async |query: HistoryQuery| {
        let found = store.history(&query, Millis(3500)).await.unwrap();
        assert!(found.is_sorted_by(|a, b| a.id > b.id));
        found.into_iter().map(|c| (c.name, c.at.0)).collect::<Vec<_>>()
    };
    assert_eq!(ask(all.clone()).await.len(), 9);
    let text = |text: &str| HistoryQuery { text: text.into(), ..all.clone() };
    assert_eq!(ask(text("ORDERS")).await.len(), 6);
    let pair = |name: &str, at| (name.to_owned(), at);
    assert_eq!(ask(text("s_a")).await, [3000, 2000, 1000].map(|at| pair("orders_api", at)), "no wildcard");
    assert_eq!(ask(text("0%")).await.len(), 3);
    for nothing in ["\\", "eu-west-1", "lambda.function", "111122223333"] {
        assert_eq!(ask(text(nothing)).await, [], "{nothing}: neither in a name nor in an id");
    }
    let between = HistoryQuery { from: Some(Since::At(Millis(2000))), to: Some(Millis(3000)), ..text("api") };
    assert_eq!(ask(between.clone()).await, [pair("orders_api", 2000)]);
    let late = HistoryQuery { from: Some(Since::Ago(600)), to: None, ..between };
    assert_eq!(ask(HistoryQuery { text: String::new(), ..late.clone() }).await.len(), 3);
    assert_eq!(ask(late.clone()).await, [pair("orders_api", 3000)]);
    assert_eq!(ask(HistoryQuery { kind: Some(Kind::Queue), ..late }).await, []);
    let mut paged = vec![];
    let mut query = HistoryQuery { limit: 2, ..text("orders") };
    loop {
        let page = store.history(&query, Millis(0)).await.unwrap();
        let Some(last) = page.last() else { break };
        query.before = Some(last.id);
        paged.extend(page.into_iter().map(|c| c.id));
    }
    assert_eq!(paged.len(), 6);
    let key = function("100%", json!({})).key;
    let one = HistoryQuery { key: Some(key), from: Some(Since::At(Millis(2000))), ..all };
    assert_eq!(ask(one).await, [pair("100%", 3000), pair("100%", 2000)]);
}

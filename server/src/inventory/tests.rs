//! Filters, facets, order, search and notices over rows made from documents, and the way from the store to the snapshot.

use domain::listing::{Direction, ListQuery, Order};
use domain::resource::Observed;
use domain::{Kind, Millis, ResourceKey, Scope};
use gantry_store::resources::Stored;
use serde_json::{Value, json};
use std::sync::Arc;

use super::entry::{Entry, Words};
use super::list::{Listing, list};
use super::overview::overview;
use super::search::{matched, search};
use super::snapshot::Snapshot;
use super::table::Table;

pub fn scopes() -> Vec<Scope> {
    let scope = |account: &str, region: &str| Scope::new(account.parse().unwrap(), region.parse().unwrap());
    vec![scope("111122223333", "eu-west-1"), scope("111122223333", "us-east-1"), scope("444455556666", "eu-west-1")]
}

pub fn function(scope: usize, name: &str, more: Value) -> Observed {
    let place = &scopes()[scope];
    let arn = format!("arn:aws:lambda:{}:{}:function:{name}", place.region, place.account);
    let mut doc = json!({"FunctionName": name, "FunctionArn": arn, "Runtime": "python3.13", "MemorySize": 128});
    doc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Observed { key: ResourceKey::new(Kind::Function, place.clone(), name).unwrap(), doc }
}

fn stored(observed: Observed) -> Stored {
    let at = Millis(1000);
    Stored {
        id: 1,
        key: observed.key,
        doc: observed.doc,
        version: 1,
        first_seen: at,
        seen: at,
        changed: at,
        gone: None,
    }
}

pub fn table(kind: Kind, rows: Vec<Observed>) -> Table {
    let mut words = Words::default();
    let scopes = scopes();
    let changes = rows.into_iter().map(|observed| {
        let stored = stored(observed);
        let scope = scopes.iter().position(|s| *s == stored.key.scope).unwrap() as u16;
        ((scope, Arc::from(stored.key.id.as_str())), Some(Entry::of(&stored, scope, &mut words)))
    });
    Table::empty(kind).with(changes.collect(), &scopes)
}

fn fleet() -> Table {
    table(
        Kind::Function,
        vec![
            function(0, "thumbnailer", json!({"State": "Active", "MemorySize": 512, "Tags": {"team": "media"}})),
            function(0, "web-10", json!({"State": "Active", "Runtime": "nodejs22.x"})),
            function(0, "web-2", json!({"State": "Failed", "Tags": {"team": "web", "tier": "1"}})),
            function(1, "orders", json!({"State": "Active", "MemorySize": 1024, "Tags": {"team": "orders"}})),
            function(
                2,
                "orders-retry",
                json!({"State": "Inactive", "Runtime": "nodejs22.x", "Tags": {"team": "orders"}}),
            ),
            function(2, "api-thumb", json!({"State": "Active"})),
        ],
    )
}

fn answer(table: &Table, query: &ListQuery) -> (Vec<String>, Listing) {
    query.check().unwrap();
    let listing = list(table, &scopes(), &|_| None, query);
    (listing.rows.iter().map(|n| table.rows[*n as usize].name.to_string()).collect(), listing)
}

fn functions() -> ListQuery {
    ListQuery::all(Kind::Function)
}

fn facet(listing: &Listing, id: &str) -> Vec<(String, u32)> {
    listing.facets.iter().find(|f| f.id == id).map(|f| f.values.clone()).unwrap_or_default()
}

#[test]
fn rows_come_by_name_with_numbers_by_value() {
    let (names, listing) = answer(&fleet(), &functions());
    assert_eq!(names, ["api-thumb", "orders", "orders-retry", "thumbnailer", "web-2", "web-10"]);
    assert_eq!(listing.total, 6);
    let turned = ListQuery { sort: Some("name".into()), direction: Direction::Descending, ..functions() };
    assert_eq!(answer(&fleet(), &turned).0[0], "web-10");
}

#[test]
fn scope_text_and_attention_narrow_the_list() {
    let t = fleet();
    let by = |query: ListQuery| answer(&t, &query);
    let (names, listing) = by(ListQuery { accounts: vec![scopes()[2].account.clone()], ..functions() });
    assert_eq!((names.len(), listing.total), (2, 2));
    let (names, _) = by(ListQuery { regions: vec![scopes()[1].region.clone()], ..functions() });
    assert_eq!(names, ["orders"]);
    let (names, listing) = by(ListQuery { text: "ORDERS retry".into(), ..functions() });
    assert_eq!((names, listing.total), (vec!["orders-retry".to_owned()], 6));
    let (names, _) = by(ListQuery { text: "team=media".into(), ..functions() });
    assert_eq!(names, ["thumbnailer"]);
    let (names, _) = by(ListQuery { text: "arn:aws:lambda:us-east-1".into(), ..functions() });
    assert_eq!(names, ["orders"]);
    let (names, _) = by(ListQuery { attention: true, ..functions() });
    assert_eq!(names, ["web-2"]);
    let (names, _) = by(ListQuery { text: "<script>".into(), ..functions() });
    assert!(names.is_empty());
}

#[test]
fn facet_counts_say_what_choosing_them_would_give() {
    let t = fleet();
    let (_, all) = answer(&t, &functions());
    assert_eq!(facet(&all, "runtime"), [("python3.13".to_owned(), 4), ("nodejs22.x".to_owned(), 2)]);
    assert_eq!(facet(&all, "tag")[0], ("team=orders".to_owned(), 2));

    let node = [("runtime".to_owned(), vec!["nodejs22.x".to_owned()])];
    let (names, listing) = answer(&t, &ListQuery { filters: node.clone().into(), ..functions() });
    assert_eq!(names, ["orders-retry", "web-10"]);
    // the facet itself still counts its other values, the others count what is left
    assert_eq!(facet(&listing, "runtime"), [("python3.13".to_owned(), 4), ("nodejs22.x".to_owned(), 2)]);
    assert_eq!(facet(&listing, "tag"), [("team=orders".to_owned(), 1)]);

    let both = [node[0].clone(), ("state".to_owned(), vec!["Inactive".to_owned(), "Active".to_owned()])];
    let (names, listing) = answer(&t, &ListQuery { filters: both.into(), ..functions() });
    assert_eq!(names, ["orders-retry", "web-10"]);
    assert_eq!(facet(&listing, "runtime"), [("python3.13".to_owned(), 3), ("nodejs22.x".to_owned(), 2)]);

    let none = [("runtime".to_owned(), vec!["ruby3.4".to_owned()])];
    let (names, listing) = answer(&t, &ListQuery { filters: none.into(), ..functions() });
    assert!(names.is_empty());
    assert!(facet(&listing, "runtime").contains(&("ruby3.4".to_owned(), 0)), "what was chosen stays visible");
}

#[test]
fn any_column_sorts_and_equal_rows_stay_by_name() {
    let t = fleet();
    let by = |sort: &str, direction| answer(&t, &ListQuery { sort: Some(sort.into()), direction, ..functions() }).0;
    assert_eq!(by("memory", Direction::Descending)[..3], ["orders", "thumbnailer", "api-thumb"]);
    assert_eq!(by("state", Direction::Ascending)[0], "web-2", "the worst first");
    assert_eq!(by("region", Direction::Descending)[0], "orders");
    assert_eq!(by("account", Direction::Ascending)[4..], ["api-thumb", "orders-retry"]);
}

#[test]
fn a_changed_row_replaces_itself_and_a_gone_one_leaves() {
    let t = fleet();
    let mut words = Words::default();
    let changed = stored(function(0, "web-2", json!({"State": "Active"})));
    let next = t.with(
        vec![((0, "web-2".into()), Some(Entry::of(&changed, 0, &mut words))), ((0, "web-10".into()), None)],
        &scopes(),
    );
    assert_eq!(next.rows.len(), 5);
    assert!(next.attention.is_empty() && t.attention.len() == 1);
    assert!(next.find(0, "web-10").is_none() && next.find(0, "web-2").is_some() && next.find(1, "web-2").is_none());
    assert_eq!((next.tallies[0].total, next.tallies[0].attention, t.tallies[0].attention), (2, 0, 1));
}

fn task(id: &str, group: &str, more: Value) -> Observed {
    let arn = |rest: &str| format!("arn:aws:ecs:eu-west-1:111122223333:{rest}");
    let mut doc =
        json!({"taskArn": arn(&format!("task/prod/{id}")), "clusterArn": arn("cluster/prod"), "group": group});
    doc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Observed { key: ResourceKey::new(Kind::Task, scopes()[0].clone(), format!("prod/{id}")).unwrap(), doc }
}

#[test]
fn what_needs_a_person_is_counted_as_it_is_listed() {
    let running = json!({"lastStatus": "RUNNING"});
    let ill = json!({"lastStatus": "RUNNING", "healthStatus": "UNHEALTHY"});
    let failed = json!({"lastStatus": "STOPPED", "stopCode": "TaskFailedToStart"});
    let asked = json!({"lastStatus": "STOPPED", "stopCode": "UserInitiated"});
    let tasks = vec![
        task("a", "service:web", running.clone()),
        task("b", "service:web", failed.clone()),
        task("c", "service:web", ill),
        task("d", "family:job", failed),
        task("e", "family:job", asked),
        task("f", "family:job", running),
    ];
    let functions = vec![
        function(0, "failed", json!({"State": "Failed", "Runtime": "python3.8"})),
        function(0, "old", json!({"State": "Active", "Runtime": "python3.8"})),
        function(0, "new", json!({"State": "Active"})),
    ];
    let mut snapshot = Snapshot::default();
    snapshot.scopes = Arc::new(scopes());
    for table in [table(Kind::Task, tasks), table(Kind::Function, functions)] {
        let number = Snapshot::number(table.kind);
        snapshot.tables[number] = Arc::new(table);
    }
    let seen = overview(&snapshot, &[], &[], crate::clock::now());
    let counted = |kind: Kind| {
        let count = seen.counts.iter().find(|c| c.kind == kind).unwrap();
        let listed = |query: ListQuery| answer(snapshot.table(kind), &query).0.len() as u32;
        assert_eq!(count.attention, listed(ListQuery { attention: true, ..ListQuery::all(kind) }), "{kind}");
        (count.total, count.attention)
    };
    assert_eq!(counted(Kind::Task), (3, 2), "the unhealthy one and the one of no service that failed");
    assert_eq!((counted(Kind::Function), seen.running), ((3, 2), 3));
    assert_eq!(seen.attention_total, 3);
    let late = &seen.late[0];
    let runtimes = [("runtime".to_owned(), late.runtimes.clone())];
    let (names, _) =
        answer(snapshot.table(late.kind), &ListQuery { filters: runtimes.into(), ..ListQuery::all(late.kind) });
    assert_eq!((seen.late.len(), late.count, names), (1, 2, vec!["failed".to_owned(), "old".to_owned()]));
}

/// The names of a list in this order, or in its own.
fn in_order(table: &Table, order: &str) -> Vec<String> {
    let mut query = ListQuery::all(table.kind);
    if !order.is_empty() {
        query.sort_by(Order::read(order));
    }
    answer(table, &query).0
}

#[test]
fn images_stand_newest_pushed_first_and_of_one_moment_by_number() {
    let image = |tag: &str, pushed: Value| {
        let digest = format!("sha256:{tag}");
        let key = ResourceKey::new(Kind::Image, scopes()[0].clone(), format!("web@{digest}")).unwrap();
        let doc = json!({"repositoryName": "web", "imageDigest": digest, "imageTags": [tag], "imagePushedAt": pushed});
        Observed { key, doc }
    };
    // ECR tells whole seconds: of tags that are copied together several have the same.
    let copied = "2026-11-20T10:00:00Z";
    let images = table(
        Kind::Image,
        vec![
            image("1.9.0", json!(copied)),
            image("1.10.0", json!(copied)),
            image("1.0.0", json!("2026-11-20T11:00:00Z")),
            image("unknown", Value::Null),
        ],
    );
    let newest = ["web:1.0.0", "web:1.10.0", "web:1.9.0", "web:unknown"];
    assert_eq!(in_order(&images, ""), newest);
    assert_eq!(in_order(&images, "-pushed"), newest, "the same when it is asked for");
    let oldest = ["web:1.9.0", "web:1.10.0", "web:1.0.0", "web:unknown"];
    assert_eq!(in_order(&images, "pushed"), oldest, "what is not known stays last");
    assert_eq!(in_order(&images, "name"), ["web:1.0.0", "web:1.9.0", "web:1.10.0", "web:unknown"]);
}

#[test]
fn revisions_stand_newest_registered_first() {
    let revision = |family: &str, number: i64, registered: &str| {
        let id = format!("{family}:{number}");
        let arn = format!("arn:aws:ecs:eu-west-1:111122223333:task-definition/{id}");
        let doc = json!({"taskDefinitionArn": arn, "family": family, "revision": number, "registeredAt": registered});
        Observed { key: ResourceKey::new(Kind::TaskDefinition, scopes()[0].clone(), id).unwrap(), doc }
    };
    let (before, at, after) = ("2026-11-20T10:00:00.250Z", "2026-11-20T10:00:01.500Z", "2026-11-20T10:00:02.750Z");
    let revisions =
        vec![revision("web", 9, at), revision("web", 12, at), revision("web", 8, before), revision("api", 1, after)];
    let revisions = table(Kind::TaskDefinition, revisions);
    assert_eq!(in_order(&revisions, ""), ["api:1", "web:12", "web:9", "web:8"]);
    assert_eq!(in_order(&revisions, "registered"), ["web:8", "web:9", "web:12", "api:1"]);
}

#[test]
fn tasks_stand_newest_started_first_and_who_has_not_started_by_when_it_was_created() {
    let at = |minute: u8| format!("2026-11-20T10:{minute:02}:00Z");
    let ran = |created: u8, started: u8| json!({"createdAt": at(created), "startedAt": at(started)});
    let tasks = vec![
        task("a", "service:web", ran(1, 2)),
        task("b", "service:web", ran(20, 21)),
        task("c", "service:web", json!({"createdAt": at(30), "lastStatus": "PENDING"})),
        task(
            "d",
            "service:web",
            json!({"createdAt": at(10), "lastStatus": "STOPPED", "stopCode": "TaskFailedToStart"}),
        ),
        task("e", "service:web", json!({"lastStatus": "STOPPED"})),
    ];
    let tasks = table(Kind::Task, tasks);
    assert_eq!(in_order(&tasks, ""), ["web c", "web b", "web d", "web a", "web e"]);
    assert_eq!(in_order(&tasks, "started"), ["web a", "web d", "web b", "web c", "web e"]);
}

fn names(tables: &[&Table], text: &str) -> Vec<String> {
    search(tables, &scopes(), &[], text, 10).into_iter().map(|h| h.name).collect()
}

#[test]
fn the_best_match_comes_first() {
    let t = fleet();
    let hits = |text: &str| names(&[&t], text);
    assert_eq!(hits("orders"), ["orders", "orders-retry"]);
    assert_eq!(hits("thumb"), ["thumbnailer", "api-thumb"], "a name's beginning before a word's");
    assert_eq!(hits("retry orders"), ["orders-retry"]);
    assert_eq!(hits("nail"), ["thumbnailer"]);
    assert_eq!(hits("zzz"), [""; 0]);
    assert_eq!(hits("   "), [""; 0]);
    let tagged = search(&[&t], &scopes(), &[], "media", 10);
    assert_eq!(tagged[0].matched.as_deref(), Some("tag team=media"));
    let row = t.find(0, "thumbnailer").unwrap();
    assert_eq!(matched(row, &["thumb", "media"]).as_deref(), Some("tag team=media"), "said of rows of lists, too");
    assert_eq!((matched(row, &["thumb"]), matched(row, &[])), (None, None));
    assert_eq!(search(&[&t], &scopes(), &[], "arn:aws:lambda:us-east-1:111122223333:function:orders", 10).len(), 1);
}

#[test]
fn one_typo_is_forgiven_when_nothing_else_matches() {
    let t = fleet();
    for typed in ["thumbnialer", "thumbnaler", "thumbnailler", "humbnailer", "thimbnailer", "thumbniale"] {
        assert_eq!(names(&[&t], typed), ["thumbnailer"], "{typed}");
    }
    assert_eq!(names(&[&t], "oders retry"), ["orders-retry"]);
    assert_eq!(names(&[&t], "thmbnialer"), [""; 0], "two typos");
}

#[test]
fn one_typo_is_forgiven_in_tags_and_arns() {
    let t = fleet();
    for typed in ["meida", "medai", "tema=media", "team=medi4"] {
        let hits = search(&[&t], &scopes(), &[], typed, 10);
        let said: Vec<_> = hits.iter().map(|h| (h.name.as_str(), h.matched.as_deref())).collect();
        assert_eq!(said, [("thumbnailer", Some("tag team=media"))], "{typed}");
    }
    assert_eq!(names(&[&t], "thmbnailer meida"), ["thumbnailer"]);
    assert_eq!(names(&[&t], "tean"), [""; 0], "too short");
    for typed in ["us-eats-1:111122223333", "arn:aws:lamdba:us-east-1:111122223333:function:orders"] {
        let hits = search(&[&t], &scopes(), &[], typed, 10);
        let said: Vec<_> = hits.iter().map(|h| (h.name.as_str(), h.matched.as_deref())).collect();
        let arn = "ARN arn:aws:lambda:us-east-1:111122223333:function:orders";
        assert_eq!(said, [("orders", Some(arn))], "{typed}");
    }
    assert_eq!(names(&[&t], "function:ordres"), ["orders", "orders-retry"]);
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:web-2";
    assert_eq!(names(&[&t], arn), ["web-2"], "not web-10: the ARN of one thing is meant");
}

#[test]
fn what_matches_exactly_comes_before_typos_and_names_before_the_rest() {
    let tagged = |name: &str, team: &str| function(0, name, json!({"Tags": {"team": team}}));
    let few = vec![tagged("alpha", "orders"), function(0, "orders", json!({})), tagged("zeta", "oders")];
    assert_eq!(names(&[&table(Kind::Function, few.clone())], "oders"), ["zeta", "orders", "alpha"]);
    let enough = ["oders-1", "oders-2"].map(|name| function(0, name, json!({})));
    let enough = few.into_iter().chain(enough).collect();
    assert_eq!(names(&[&table(Kind::Function, enough)], "oders"), ["oders-1", "oders-2", "zeta"]);
}

#[test]
fn words_for_kinds_narrow_the_search() {
    let functions = fleet();
    let queue = Observed {
        key: ResourceKey::new(Kind::Queue, scopes()[0].clone(), "orders").unwrap(),
        doc: json!({"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/orders",
            "QueueArn": "arn:aws:sqs:eu-west-1:111122223333:orders"}),
    };
    let queues = table(Kind::Queue, vec![queue]);
    let kinds = |text: &str| {
        search(&[&functions, &queues], &scopes(), &[], text, 10).into_iter().map(|h| h.key.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds("orders")[..2], [Kind::Function, Kind::Queue], "functions before what pickers need");
    assert_eq!(kinds("queue orders")[0], Kind::Queue);
    assert_eq!(kinds("queues"), [Kind::Queue]);
    assert_eq!(names(&[&functions, &queues], "function thunbnailer"), ["thumbnailer"]);
    assert_eq!(names(&[&functions, &queues], "fucntion thumb"), ["thumbnailer", "api-thumb"]);
    assert_eq!(names(&[&functions, &queues], "fucntion thunbnailer"), ["thumbnailer"]);
    assert_eq!(kinds("quuee orders"), [Kind::Queue]);
    assert_eq!(kinds("quuees"), [Kind::Queue], "all of the kind");
    assert!(kinds("qeueu orders").is_empty(), "two typos");
}

#[test]
fn pages_that_reconnect_hear_what_they_missed() {
    use domain::stream::ToPage;
    let mut snapshot = Snapshot::default();
    snapshot.version = 10;
    snapshot.start_log();
    let key = |n: i64| function(0, &format!("f{n}"), json!({})).key;
    for version in 11..=13 {
        snapshot.remember(version, std::iter::once((version, key(version))));
    }
    assert_eq!(snapshot.since(13), None);
    assert_eq!(
        snapshot.since(11),
        Some(ToPage::Changed { version: 13, keys: vec![key(12), key(13)], kinds: vec![Kind::Function] })
    );
    // before the log began: everything may have changed
    let Some(ToPage::Changed { keys, kinds, .. }) = snapshot.since(3) else { panic!("nothing") };
    assert!(keys.is_empty() && kinds.len() == Kind::ALL.len());
    let notice = snapshot.remember(14, (0..300).map(|n| (14, key(n))));
    let ToPage::Changed { keys, kinds, .. } = notice else { panic!("no change") };
    assert!(keys.is_empty() && kinds == [Kind::Function]);
}

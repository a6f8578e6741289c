//! Two moments of a resource, on whichever pages of its history they are.

use crate::world::World;
use domain::policy::Role;
use domain::services::HistoryQuery;
use gantry::clock::now;
use serde_json::json;

/// Whether a page has an element of this name with all of these attributes.
fn has(body: &str, element: &str, attributes: &[&str]) -> bool {
    let begin = format!("<{element} ");
    let mut heads = body.split(begin.as_str()).skip(1).filter_map(|rest| rest.split('>').next());
    heads.any(|head| attributes.iter().all(|attribute| head.contains(attribute)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_moment_is_compared_with_one_of_another_page() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Viewer).await).await;
    let mut key = None;
    for n in 0..51 {
        key = Some(world.function("busy", json!({ "Description": format!("moment {n}") })).await);
    }
    let query = HistoryQuery { key, limit: 60, ..HistoryQuery::default() };
    let entries = world.test.store.history(&query, now()).await.unwrap();
    let ids: Vec<i64> = entries.iter().map(|entry| entry.id).collect();
    assert_eq!(ids.len(), 51);

    let tab = "/functions/111122223333/eu-west-1/busy?tab=changes";
    let chosen = |body: &str, name: &str, id: i64| {
        has(body, "input", &[&format!("name=\"{name}\""), &format!("value=\"{id}\""), "checked"])
    };
    let latest = world.page(tab, &cookie).await.body;
    assert!(chosen(&latest, "from", ids[1]) && chosen(&latest, "to", ids[0]));
    assert!(has(&latest, "button", &["name=\"before\"", &format!("value=\"{}\"", ids[49])]));
    assert!(!latest.contains("Chosen on another page"));

    let alone = world.page(&format!("{tab}&before={}", ids[49]), &cookie).await.body;
    assert!(chosen(&alone, "from", ids[1]) && chosen(&alone, "to", ids[0]), "as on the first page");
    assert!(has(&alone, "input", &["name=\"from\"", &format!("value=\"{}\"", ids[50])]), "it can be chosen");
    assert!(alone.contains("Chosen on another page"));

    let both = world.page(&format!("{tab}&before={}&from={}&to={}", ids[49], ids[50], ids[2]), &cookie).await.body;
    assert!(chosen(&both, "from", ids[50]) && chosen(&both, "to", ids[2]));
    assert!(both.contains("Between the two moments") && both.contains("moment 48"));
}

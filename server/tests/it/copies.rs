//! Images of other registries: what is larger than this Gantry copies is refused before anything of it is carried, and a server that dies in the
//! middle is gone on for.

use crate::lent::{Fake, SIZE, Set, unhurried};
use gantry::apply::copy::Registries;
use gantry::apply::{Aws, Engine};
use gantry_aws::Connections;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_image_that_is_too_large_is_refused_when_it_is_reviewed() {
    let set = Set::up_to(Some(SIZE - 1)).await;
    let answers = set.copying("public/app", "");
    let told = set.post("/api/v1/plans", &set.cookie, &answers).await.json();
    let [size, most] = [SIZE, SIZE - 1].map(|bytes| domain::wording::grouped(bytes as i64));
    let message =
        format!("It has {size} bytes; this Gantry copies images of at most {most} (registries.max_image_bytes).");
    assert_eq!(told["wrong"]["source"], message.as_str(), "{told}");
    // Whoever applies it without a review is told the same.
    let body = serde_json::json!({ "answers": answers, "hash": "x" });
    let begun = set.post("/api/v1/runs", &set.cookie, &body).await;
    assert_eq!((begun.status, begun.json()["field"].as_str()), (400, Some("source")), "{}", begun.body);
    assert!(set.fake.put().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_that_just_fits_is_copied_but_not_by_a_server_that_takes_less() {
    let set = Set::up_to(Some(SIZE)).await;
    let answers = set.copying("public/app", "");
    // Its configuration changed after the review, or that of another server that took the run is another.
    let less = gantry::config::Registries { max_image_bytes: Some(SIZE - 1), ..set.registries.clone() };
    let connections = Connections::new(vec![set.config.clone()], &[7; 32]).unwrap();
    let other = Arc::new(Aws::new(connections, Registries::new(&less).unwrap()));
    let run = set.begin_with(&answers).await;
    let view = set.drive(other, &run).await;
    assert_eq!(view["run"]["state"], "undone", "{view}");
    let problem = &view["run"]["problem"];
    assert!(problem["message"].as_str().unwrap().contains("registries.max_image_bytes"), "{problem}");
    assert!(set.fake.put().is_empty());
    let run = set.begin_with(&answers).await;
    let view = set.drive(set.world.cloud.clone(), &run).await;
    assert_eq!((&view["run"]["state"], set.fake.put()), (&"applied".into(), Fake::once().to_vec()), "{view}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_copy_whose_server_died_in_a_layer_is_made_by_the_next_or_taken_back() {
    for (cancelled, state, put) in [(false, "applied", Fake::once().to_vec()), (true, "undone", vec![])] {
        let set = Set::new().await;
        set.fake.stall(true);
        let run = set.begin_with(&set.copying("public/app", "")).await;
        let (_running, stopped) = watch::channel(false);
        let first = Engine::new(set.world.test.store.clone(), set.world.cloud.clone(), unhurried());
        let dies = tokio::spawn(Arc::new(first).run(stopped));
        while set.fake.asked() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        dies.abort();
        assert!(dies.await.unwrap_err().is_cancelled());
        set.world.test.run_out(&run).await;
        set.fake.stall(false);
        if cancelled {
            let asked = set.post(&format!("/api/v1/runs/{run}/cancel"), &set.cookie, &serde_json::json!({})).await;
            assert_eq!(asked.status / 100, 2, "{}", asked.body);
        }
        let view = set.drive(set.world.cloud.clone(), &run).await;
        assert_eq!((&view["run"]["state"], set.fake.put()), (&state.into(), put.clone()), "{view}");
        // This registry forgets layers, so that each manifest brings them again.
        assert_eq!(set.fake.asked(), 1 + put.len());
    }
}

//! Pods as the Kubernetes API answers, page by page and cluster by cluster.

use super::*;
use crate::scripted::{Memory, caller};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

type Answer = dyn Fn(&str, &str) -> (u16, Value) + Send + Sync;

struct Scripted {
    cluster: String,
    answer: Arc<Answer>,
}

#[async_trait]
impl Line for Scripted {
    async fn get(&self, path: &str, bearer: &str) -> Result<(u16, Vec<u8>), Problem> {
        assert!(bearer.starts_with("k8s-aws-v1."));
        let (status, body) = (self.answer)(&self.cluster, path);
        Ok((status, body.to_string().into_bytes()))
    }
}

/// Lines to clusters whose answers are written in the test: by cluster and path.
fn lines(answer: impl Fn(&str, &str) -> (u16, Value) + Send + Sync + 'static) -> Box<Open> {
    let answer: Arc<Answer> = Arc::new(answer);
    Box::new(move |server: &Server| -> Result<Box<dyn Line>, Problem> {
        Ok(Box::new(Scripted { cluster: server.cluster.clone(), answer: Arc::clone(&answer) }))
    })
}

/// An account with these clusters; one called `new` has no API server yet.
fn account(clusters: &'static [&'static str]) -> Caller {
    caller(move |operation, _| {
        let (_, rest) = operation.split_once("/clusters").unwrap();
        match rest.split('?').next().unwrap().trim_start_matches('/') {
            "" => (200, json!({"clusters": clusters})),
            "new" => (200, json!({"cluster": {"name": "new", "status": "CREATING"}})),
            name => {
                let endpoint = format!("https://{name}.gr7.eu-west-1.eks.amazonaws.com");
                let authority = json!({"data": "LS0tLS1CRUdJTg=="});
                (
                    200,
                    json!({"cluster": {"name": name, "status": "ACTIVE", "endpoint": endpoint, "certificateAuthority": authority}}),
                )
            }
        }
    })
}

fn pod(name: &str) -> Value {
    json!({
        "metadata": {
            "name": name, "namespace": "shop", "resourceVersion": "9", "annotations": {"note": "hunter1"},
            "managedFields": [{"manager": "kubectl"}], "labels": {"app": "web"}
        },
        "spec": {
            "containers": [{
                "name": "web", "image": "web:1", "command": ["sh", "-c", "hunter2"], "args": ["hunter3"],
                "env": [{"name": "PASSWORD", "value": "hunter4"}]
            }],
            "volumes": [{"name": "v", "secret": {"secretName": "hunter5"}}]
        },
        "status": {
            "phase": "Running",
            "containerStatuses": [{
                "name": "web", "ready": true, "restartCount": 0, "image": "web:1", "imageID": "web@sha256:ab",
                "lastState": {"terminated": {"message": "hunter6"}}, "state": {"running": {}}
            }]
        }
    })
}

fn page(pods: &[Value], next: Option<&str>) -> (u16, Value) {
    (200, json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"continue": next}, "items": pods}))
}

#[tokio::test]
async fn pods_are_read_to_the_end_and_a_closed_cluster_does_not_hide_the_others() {
    let open = lines(|cluster, path| match (cluster, path) {
        ("closed", _) => (403, json!({"kind": "Status", "message": "pods is forbidden"})),
        (_, "/api/v1/pods?limit=500") => page(&[pod("a"), pod("b")], Some("x/y=")),
        (_, "/api/v1/pods?limit=500&continue=x%2Fy%3D") => page(&[pod("c")], None),
        other => panic!("{other:?}"),
    });
    let feed = Memory { known: ["gone/shop/z".to_owned(), "closed/shop/q".to_owned()].into(), ..Memory::default() };
    let problem = collect(&account(&["shop", "closed", "new"]), &feed, &*open).await.unwrap_err();
    assert_eq!((problem.code, problem.iam_action), (Code::AwsDenied, None));
    assert!(problem.message.contains("closed") && problem.message.contains("AmazonEKSViewPolicy"));
    assert_eq!(feed.docs().keys().collect::<Vec<_>>(), ["shop/shop/a", "shop/shop/b", "shop/shop/c"]);
    assert_eq!(feed.complete(), ["gone", "new", "shop"], "neither the closed cluster nor the whole is complete");
}

#[tokio::test]
async fn only_the_fields_of_the_model_are_kept() {
    let open = lines(|_, _| page(&[pod("a")], None));
    let feed = Memory::default();
    collect(&account(&["shop"]), &feed, &*open).await.unwrap();
    assert_eq!(feed.complete(), ["*", "shop"]);
    let doc = feed.docs()["shop/shop/a"].clone();
    assert!(!doc.to_string().contains("hunter"), "{doc}");
    let expected = json!({
        "gantry:cluster": "shop",
        "metadata": {"name": "a", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "web:1"}]},
        "status": {
            "phase": "Running",
            "containerStatuses":
                [{"name": "web", "ready": true, "restartCount": 0, "image": "web:1", "imageID": "web@sha256:ab"}]
        }
    });
    assert_eq!(doc, expected);
}

#[tokio::test]
async fn a_list_that_expired_is_begun_anew_once() {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let (seen, expired) = (Arc::clone(&asked), AtomicUsize::new(0));
    let open = lines(move |_, path| {
        seen.lock().unwrap().push(path.to_owned());
        match path.split_once("&continue=") {
            None => page(&[pod("a")], Some("two")),
            Some(_) if expired.fetch_add(1, Ordering::SeqCst) == 0 => {
                (410, json!({"kind": "Status", "reason": "Expired"}))
            }
            Some(_) => page(&[pod("b")], None),
        }
    });
    let feed = Memory::default();
    collect(&account(&["shop"]), &feed, &*open).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 4);
    assert_eq!(feed.docs().len(), 2);

    let open = lines(|_, path| match path.contains("continue") {
        true => (410, json!({"kind": "Status", "reason": "Expired"})),
        false => page(&[pod("a")], Some("two")),
    });
    let feed = Memory::default();
    assert_eq!(collect(&account(&["shop"]), &feed, &*open).await.unwrap_err().code, Code::AwsRejected);
    assert!(feed.complete().is_empty());
}

#[tokio::test]
async fn no_error_is_an_empty_list() {
    for (status, body) in [
        (200, json!({})),
        (200, json!({"kind": "Status", "items": []})),
        (200, json!("<html>")),
        (302, json!({})),
        (404, json!({"kind": "Status"})),
        (500, json!({"kind": "Status"})),
    ] {
        let open = lines(move |_, _| (status, body.clone()));
        let feed = Memory::default();
        collect(&account(&["shop"]), &feed, &*open).await.unwrap_err();
        assert!(feed.complete().is_empty(), "{status}");
    }
}

#[tokio::test]
async fn one_pod_is_read_by_its_name() {
    let open = lines(|_, path| match path {
        "/api/v1/namespaces/shop/pods/a" => (200, pod("a")),
        "/api/v1/namespaces/shop/pods/b" => (404, json!({"kind": "Status"})),
        "/api/v1/namespaces/shop/pods/c" => (401, json!({"kind": "Status", "message": "Unauthorized"})),
        other => panic!("{other}"),
    });
    let account = account(&["shop"]);
    let key = |id: &str| ResourceKey::new(Kind::Pod, account.scope().clone(), id).unwrap();
    let found = fetch(&account, &key("shop/shop/a"), &*open).await.unwrap().unwrap();
    assert_eq!(found.key, key("shop/shop/a"));
    assert_eq!(fetch(&account, &key("shop/shop/b"), &*open).await.unwrap(), None);
    assert_eq!(fetch(&account, &key("shop/shop/c"), &*open).await.unwrap_err().code, Code::AwsDenied);
    for odd in ["shop/shop", "shop/../b", "shop/shop/a?x=1", "new/shop/a"] {
        assert_eq!(fetch(&account, &key(odd), &*open).await.unwrap(), None, "{odd}");
    }
}

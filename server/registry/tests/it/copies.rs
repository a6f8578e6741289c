//! From registry to registry.

use crate::noise;
use crate::registry::{Access, Registry, What, settings};
use gantry_registry::media::{DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};
use gantry_registry::{
    Credentials, Digest, Manifests, Platforms, Progress, Settings, State, copy, copy_and_tag, inspect, inspect_alone,
};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_util::sync::CancellationToken;

pub fn add_image(registry: &Registry, tag: &str, architecture: &str, sizes: &[usize]) -> (Digest, usize) {
    let config =
        json!({"architecture": architecture, "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).to_string();
    let layer = |(at, size): (usize, &usize)| {
        let bytes = noise(at as u32 + size.to_owned() as u32, *size);
        let digest = registry.put_blob(bytes);
        json!({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest, "size": size})
    };
    let layers: Vec<_> = sizes.iter().enumerate().map(layer).collect();
    let size = config.len();
    // Odd spacing: bytes have to stay as they are.
    let manifest = format!(
        "{{ \"schemaVersion\": 2,\n \"mediaType\": \"{OCI_MANIFEST}\", \"config\": {}, \"layers\":   {} }}\n",
        json!({"mediaType": "application/vnd.oci.image.config.v1+json", "digest": registry.put_blob(config), "size": size}),
        json!(layers)
    );
    (registry.put_manifest("team/app", tag, OCI_MANIFEST, manifest.clone()), manifest.len())
}

pub fn add_index(registry: &Registry) -> (Digest, Digest) {
    let (amd, amd_size) = add_image(registry, "amd", "amd64", &[300_000, 10]);
    let (arm, arm_size) = add_image(registry, "arm", "arm64", &[200_000, 10]);
    let entry = |digest, size, architecture| json!({"mediaType": OCI_MANIFEST, "digest": digest, "size": size, "platform": {"os": "linux", "architecture": architecture}});
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX,
        "manifests": [entry(amd, amd_size, "amd64"), entry(arm, arm_size, "arm64")]});
    (registry.put_manifest("team/app", "multi", OCI_INDEX, index.to_string()), arm)
}

async fn run(from: &Registry, to: &Registry, tag: &str, platforms: Platforms) -> (Digest, Progress) {
    run_with(from, to, tag, platforms, settings()).await
}

async fn run_with(
    from: &Registry,
    to: &Registry,
    tag: &str,
    platforms: Platforms,
    settings: Settings,
) -> (Digest, Progress) {
    let source = from.source_with("team/app", None, settings, &[]);
    let contents = inspect(&source, tag, &platforms).await.unwrap();
    let progress = Progress::default();
    let tags = ["v1".to_owned(), "latest".to_owned()];
    copy_and_tag(&source, &to.destination("copied"), &contents, &tags, &progress, &CancellationToken::new())
        .await
        .unwrap();
    (contents.top.digest, progress)
}

fn tagged(registry: &Registry, tag: &str) -> Digest {
    registry.with(|i| Digest::of(&i.manifests[&("copied".to_owned(), tag.to_owned())].1))
}

#[tokio::test]
async fn one_image_keeps_its_digest() {
    let (from, to) = (Registry::start().await, Registry::start().await);
    let (digest, _) = add_image(&from, "v1", "amd64", &[500_000, 1, 70_000]);
    let (found, progress) = run(&from, &to, "v1", Platforms::All).await;
    assert_eq!((found, tagged(&to, "v1"), tagged(&to, "latest")), (digest, digest, digest));
    let blobs = progress.watch().borrow().clone();
    assert_eq!(blobs.len(), 4);
    assert!(blobs.iter().all(|b| b.state == State::Done && b.done == b.size), "{blobs:?}");
    assert!(to.with(|i| i.uploads.is_empty()));
    // A second time, nothing is sent.
    let (_, progress) = run(&from, &to, "v1", Platforms::All).await;
    assert!(progress.watch().borrow().iter().all(|b| b.state == State::Existed));
}

#[tokio::test]
async fn all_platforms_or_one() {
    let (from, to) = (Registry::start().await, Registry::start().await);
    let (index, arm) = add_index(&from);
    run(&from, &to, "multi", Platforms::All).await;
    assert_eq!(tagged(&to, "v1"), index);
    let other = Registry::start().await;
    run(&from, &other, "multi", Platforms::One("linux/arm64/v8".parse().unwrap())).await;
    assert_eq!(tagged(&other, "v1"), arm);
    assert_eq!(other.with(|i| i.manifests.len()), 3, "two tags and the digest of one manifest");
    let problem =
        inspect(&from.source("team/app"), "multi", &Platforms::One("linux/s390x".parse().unwrap())).await.unwrap_err();
    assert!(problem.message.contains("linux/amd64, linux/arm64"), "{problem}");
    let problem =
        inspect(&from.source("team/app"), "amd", &Platforms::One("linux/arm64".parse().unwrap())).await.unwrap_err();
    assert!(problem.message.contains("It has linux/amd64"), "{problem}");
}

#[tokio::test]
async fn a_manifest_alone_brings_what_it_names_itself() {
    let (from, to) = (Registry::start().await, Registry::start().await);
    let (index, arm) = add_index(&from);
    let (source, destination) = (from.source("team/app"), to.destination("copied"));
    let whole = inspect(&source, "multi", &Platforms::All).await.unwrap();
    let told: Vec<_> = whole.children.iter().map(|c| (c.platform.as_ref().unwrap().to_string(), c.size)).collect();
    let config = |architecture: &str| {
        let text = json!({"architecture": architecture, "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}});
        text.to_string().len() as u64
    };
    let expected = [("linux/amd64", 300_010, config("amd64")), ("linux/arm64", 200_010, config("arm64"))];
    assert_eq!(told, expected.map(|(platform, layers, config)| (platform.to_owned(), layers + config)));
    let alone = inspect_alone(&source, &index.to_string()).await.unwrap();
    assert_eq!((alone.top.digest, alone.children.len(), alone.blobs.len()), (index, 0, 0));
    let alone = inspect_alone(&source, &arm.to_string()).await.unwrap();
    copy_and_tag(&source, &destination, &alone, &[], &Progress::default(), &CancellationToken::new()).await.unwrap();
    assert!(to.tags().is_empty());
    assert_eq!(to.with(|i| (i.manifests.len(), i.blobs.len())), (1, 3), "two layers and a configuration");
    assert_eq!(destination.manifest_digest(&arm.to_string()).await.unwrap(), Some(arm));
}

#[tokio::test]
async fn an_index_in_an_index_comes_after_its_parts_and_names_them() {
    let from = Registry::start().await;
    let (inner, arm) = add_index(&from);
    let size = from.with(|i| i.manifests[&("team/app".to_owned(), "multi".to_owned())].1.len());
    let outer = json!({"schemaVersion": 2, "mediaType": OCI_INDEX,
        "manifests": [{"mediaType": OCI_INDEX, "digest": inner, "size": size}]});
    from.put_manifest("team/app", "outer", OCI_INDEX, outer.to_string());
    let whole = inspect(&from.source("team/app"), "outer", &Platforms::All).await.unwrap();
    let [amd, of_arm, index] = whole.children.as_slice() else { panic!("{:?}", whole.children) };
    assert_eq!((of_arm.manifest.digest, index.manifest.digest), (arm, inner));
    assert_eq!(index.parts, [amd.manifest.digest, arm]);
    assert!(amd.parts.is_empty() && of_arm.parts.is_empty());
}

#[tokio::test]
async fn manifests_are_fetched_once_and_tags_looked_up_each_time() {
    let from = Registry::start().await;
    let (index, _) = add_index(&from);
    let manifests = Manifests::up_to(1 << 20);
    let look = async || {
        let source = from.source("team/app").remembering(&manifests);
        inspect(&source, "multi", &Platforms::All).await.unwrap().top.digest
    };
    assert_eq!((look().await, from.count("GET /v2/team/app/manifests/")), (index, 3));
    assert_eq!((look().await, from.count("GET /v2/team/app/manifests/")), (index, 3));
    // The tag moves.
    let (other, _) = add_image(&from, "multi", "riscv64", &[10]);
    assert_eq!((look().await, from.count("GET /v2/team/app/manifests/")), (other, 4));
    // Where who asks is told apart, nothing is remembered.
    inspect(&from.source("team/app"), "multi", &Platforms::All).await.unwrap();
    assert_eq!(from.count("GET /v2/team/app/manifests/"), 5);
    // A registry that does not answer HEAD gives the manifest.
    from.fault("HEAD", "/manifests/", 1, What::Answer(405, vec![], ""));
    assert_eq!((look().await, from.count("GET /v2/team/app/manifests/")), (other, 6));
}

#[tokio::test]
async fn everything_but_the_tag_can_be_had_alone() {
    let (from, to) = (Registry::start().await, Registry::start().await);
    add_index(&from);
    let source = from.source("team/app");
    let contents = inspect(&source, "multi", &Platforms::All).await.unwrap();
    let destination = to.destination("copied");
    copy(&source, &destination, &contents, &Progress::default(), &CancellationToken::new()).await.unwrap();
    assert!(to.tags().is_empty());
    destination.put_manifest(&contents.top, Some("late")).await.unwrap();
    assert_eq!(destination.manifest_digest("late").await.unwrap(), Some(contents.top.digest));
    assert_eq!(destination.manifest_digest("none").await.unwrap(), None);
}

#[tokio::test]
async fn a_broken_download_goes_on_where_it_was() {
    for ranges in [true, false] {
        let (from, to) = (Registry::start().await, Registry::start().await);
        from.with(|i| i.ranges = ranges);
        let (digest, _) = add_image(&from, "v1", "amd64", &[400_000]);
        let layer = Digest::of(&noise(400_000, 400_000)).to_string();
        from.fault("GET", &layer, 1, What::Cut(150_000));
        from.fault("GET", &layer, 1, What::Cut(100_000));
        let (_, progress) = run(&from, &to, "v1", Platforms::All).await;
        assert_eq!(tagged(&to, "v1"), digest);
        assert!(progress.watch().borrow().iter().any(|b| b.resumed >= 1), "ranges {ranges}");
        if ranges {
            assert!(from.count("bytes=") >= 1);
        }
    }
}

#[tokio::test]
async fn a_broken_upload_goes_on_where_it_was() {
    let (from, to) = (Registry::start().await, Registry::start().await);
    let (digest, _) = add_image(&from, "v1", "amd64", &[400_000]);
    to.fault("PATCH", "", 1, What::TakeThenFail(1000));
    to.fault("PATCH", "", 1, What::TakeThenFail(0));
    to.fault("PATCH", "", 1, What::TakeThenFail(usize::MAX));
    to.fault("PATCH", "", 1, What::Answer(429, vec![("retry-after", "0".into())], ""));
    run(&from, &to, "v1", Platforms::All).await;
    assert_eq!(tagged(&to, "v1"), digest);
}

#[tokio::test]
async fn a_broken_upload_into_ecr_goes_on_where_the_refusal_says() {
    for what in [What::Answer(503, vec![], ""), What::TakeThenFail(1000), What::TakeThenFail(usize::MAX)] {
        for stale in [false, true] {
            let (from, to) = (Registry::start().await, Registry::start().await);
            to.with(|i| i.as_ecr = true);
            let (digest, _) = add_image(&from, "v1", "amd64", &[400_000]);
            to.fault("PATCH", "", 1, what.clone());
            if stale {
                to.fault("GET", "/blobs/uploads/", 1, What::Answer(204, vec![("range", "0-9".into())], ""));
            }
            run(&from, &to, "v1", Platforms::All).await;
            assert_eq!(tagged(&to, "v1"), digest);
            assert_eq!(to.count("POST"), 2, "the layer and the configuration begin once");
        }
    }
}

#[tokio::test]
async fn a_stall_is_survived_once() {
    let (from, to) = (Registry::start().await, Registry::start().await);
    let (digest, _) = add_image(&from, "v1", "amd64", &[400_000]);
    let layer = Digest::of(&noise(400_000, 400_000)).to_string();
    from.fault("GET", &layer, 1, What::Stall(70_000));
    // More tries than the one stall needs: on a slow machine another answer may take a second.
    let settings = Settings { retries: 3, ..crate::registry::impatient() };
    run_with(&from, &to, "v1", Platforms::All, settings).await;
    assert_eq!(tagged(&to, "v1"), digest);
}

#[tokio::test]
async fn passing_trouble_is_waited_out() {
    let (from, to) = (Registry::start().await, Registry::start().await);
    let (digest, _) = add_image(&from, "v1", "amd64", &[1000]);
    from.fault("GET", "/manifests/", 2, What::Answer(503, vec![], ""));
    from.fault("GET", "/manifests/", 1, What::Answer(429, vec![("retry-after", "0".into())], ""));
    to.fault("POST", "", 1, What::Answer(500, vec![], ""));
    to.fault("PUT", "/manifests/", 1, What::Answer(502, vec![], ""));
    run(&from, &to, "v1", Platforms::All).await;
    assert_eq!(tagged(&to, "v1"), digest);
}

#[tokio::test]
async fn blobs_of_the_same_registry_are_mounted() {
    let registry = Registry::start().await;
    let (digest, _) = add_image(&registry, "v1", "amd64", &[1000]);
    let (source, destination) = (registry.destination("team/app"), registry.destination("copied"));
    let contents = inspect(&source, "v1", &Platforms::All).await.unwrap();
    // Blobs are per registry here: hide them from HEAD, as another repository's are.
    registry.fault("HEAD", "/copied/blobs/", 2, What::Answer(404, vec![], ""));
    let progress = Progress::default();
    copy_and_tag(&source, &destination, &contents, &["v1".into()], &progress, &CancellationToken::new()).await.unwrap();
    assert_eq!(tagged(&registry, "v1"), digest);
    assert!(progress.watch().borrow().iter().all(|b| b.state == State::Mounted));
}

#[tokio::test]
async fn tokens_are_shared_and_renewed() {
    let (from, to) = (Registry::start().await, Registry::start().await);
    let (digest, _) = add_image(&from, "v1", "amd64", &[100_000, 20]);
    from.with(|i| i.access = Access::Bearer(2));
    to.with(|i| i.access = Access::Bearer(6));
    run(&from, &to, "v1", Platforms::All).await;
    assert_eq!(tagged(&to, "v1"), digest);
    assert!(from.count("scope repository:team/app:pull") >= 2, "renewed");
    assert!(to.count("scope repository:copied:pull,push") >= 2, "renewed");
    let calm = Registry::start().await;
    add_image(&calm, "v1", "amd64", &[100_000, 20]);
    calm.with(|i| i.access = Access::Bearer(1000));
    inspect(&calm.source("team/app"), "v1", &Platforms::All).await.unwrap();
    assert_eq!(calm.count("GET /token"), 1);
}

#[tokio::test]
async fn basic_access_and_storage_elsewhere() {
    let (from, storage) = (Registry::start().await, Registry::start().await);
    let (_, _) = add_image(&from, "v1", "amd64", &[100_000]);
    from.with(|i| i.access = Access::Basic("me", "secret"));
    let blobs = from.with(|i| i.blobs.clone());
    storage.with(|i| i.blobs = blobs);
    from.with(|i| i.storage = Some(format!("http://{}/storage/", storage.address)));
    let credentials = Some(Credentials { user: "me".into(), password: "secret".into() });
    let source = from.source_with("team/app", credentials, settings(), &[storage.host()]);
    let to = Registry::start().await;
    let contents = inspect(&source, "v1", &Platforms::All).await.unwrap();
    copy(&source, &to.destination("copied"), &contents, &Progress::default(), &CancellationToken::new()).await.unwrap();
    assert!(storage.count("without") >= 2);
    assert_eq!(storage.count(" with "), 0, "credentials must not leave the registry");
}

#[tokio::test]
async fn cancelling_leaves_nothing_tagged() {
    let (from, to) = (Registry::start().await, Registry::start().await);
    add_image(&from, "v1", "amd64", &[400_000]);
    let layer = Digest::of(&noise(400_000, 400_000)).to_string();
    from.fault("GET", &layer, 1, What::Stall(200_000));
    let source = from.source("team/app");
    let contents = inspect(&source, "v1", &Platforms::All).await.unwrap();
    let (progress, cancel) = (Progress::default(), CancellationToken::new());
    let destination = to.destination("copied");
    let tags = ["v1".to_owned()];
    let work = copy_and_tag(&source, &destination, &contents, &tags, &progress, &cancel);
    let stop = async {
        to.until(|i| i.uploads.values().any(|held| held.len() >= 128 << 10)).await;
        cancel.cancel();
    };
    let (outcome, ()) = tokio::join!(work, stop);
    assert_eq!(outcome.unwrap_err().title, "Cancelled");
    assert!(to.tags().is_empty());
    // And the session is closed.
    to.until(|i| i.uploads.is_empty()).await;
}

#[tokio::test]
async fn a_manifest_is_put_only_while_it_may_be_also_when_it_is_tried_again() {
    for (puts, fault) in [(0, None), (1, Some(What::Answer(502, vec![], "")))] {
        let (from, to) = (Registry::start().await, Registry::start().await);
        add_image(&from, "v1", "amd64", &[1000]);
        let source = from.source("team/app");
        let contents = inspect(&source, "v1", &Platforms::All).await.unwrap();
        if let Some(fault) = fault {
            to.fault("PUT", "/manifests/", 1, fault);
        }
        // It is allowed so often.
        let left = AtomicUsize::new(puts);
        let may = move || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        let destination = to.destination("copied").only_while(Arc::new(may));
        let (tags, progress) = (["v1".to_owned()], Progress::default());
        let outcome = copy_and_tag(&source, &destination, &contents, &tags, &progress, &CancellationToken::new()).await;
        assert_eq!(outcome.unwrap_err().title, "Cancelled");
        assert_eq!((to.count("PUT /v2/copied/manifests/"), to.tags().is_empty()), (puts, true));
    }
}

#[tokio::test]
async fn a_forgotten_upload_starts_anew() {
    let (from, to) = (Registry::start().await, Registry::start().await);
    let digest = {
        let config = from.put_blob("{}");
        let layer = from.put_blob(noise(1, 200_000));
        let manifest = json!({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST,
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "digest": config, "size": 2},
            "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "digest": layer, "size": 200_000}]});
        from.put_manifest("team/app", "v1", DOCKER_MANIFEST, manifest.to_string())
    };
    to.fault("PATCH", "", 1, What::Answer(404, vec![], r#"{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}"#));
    run(&from, &to, "v1", Platforms::All).await;
    assert_eq!(tagged(&to, "v1"), digest);
}

//! From archives into a registry.

use crate::registry::{Registry, What};
use crate::tars::{Tar, config, gzip, layer};
use domain::Problem;
use gantry_registry::media::{DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};
use gantry_registry::{Archive, Digest, Known, Limits, Progress, State, intake, push_archive};
use serde_json::json;
use std::io::Read;
use tokio_util::sync::CancellationToken;

pub async fn push(registry: &Registry, tar: &[u8]) -> Result<Archive, Problem> {
    push_with(registry, tar, &Limits::default(), &Progress::default()).await
}

pub async fn push_with(
    registry: &Registry,
    tar: &[u8],
    limits: &Limits,
    progress: &Progress,
) -> Result<Archive, Problem> {
    push_archive(tar, &registry.destination("pushed"), limits, &Known::default(), progress, &CancellationToken::new())
        .await
}

/// Puts the manifest, which the strict registry takes only if all parts are there, and reads the layers back.
async fn tag(registry: &Registry, archive: &Archive) -> Vec<Vec<u8>> {
    let image = &archive.images[0];
    for child in &image.children {
        registry.destination("pushed").put_manifest(child, None).await.unwrap();
    }
    registry.destination("pushed").put_manifest(&image.manifest, Some("v1")).await.unwrap();
    registry.with(|i| {
        let unpacked = |layer: &gantry_registry::Descriptor| {
            let bytes = &i.blobs[&layer.digest.to_string()];
            assert_eq!(bytes.len() as u64, layer.size);
            let mut all = Vec::new();
            flate2::bufread::GzDecoder::new(bytes.as_ref()).read_to_end(&mut all).unwrap();
            all
        };
        image.layers.iter().map(unpacked).collect()
    })
}

/// As Docker before version 25 wrote it; the second layer is a link to the first.
pub fn legacy(manifest_first: bool) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let (one, two) = (layer("one", 1_500_000), layer("second", 3000));
    let config = config(&[Digest::of(&one), Digest::of(&one), Digest::of(&two)]);
    let name = format!("{}.json", Digest::of(config.as_bytes()).hex());
    let manifest = json!([{"Config": name, "RepoTags": ["app:v1", "host:5000/app:v2"],
        "Layers": ["aa/layer.tar", "bb/layer.tar", "cc.tar"]}])
    .to_string();
    let mut tar = Tar::default();
    if manifest_first {
        tar = tar.file("manifest.json", &manifest);
    }
    tar = tar.header("aa/", b'5', 0, "").file("aa/VERSION", "1.0").file("aa/json", "{}").file("aa/layer.tar", &one);
    tar = tar.header("bb/layer.tar", b'2', 0, "../aa/layer.tar").file("cc.tar", &two).file(&name, &config);
    tar = tar.file("repositories", "{}");
    if !manifest_first {
        tar = tar.file("manifest.json", &manifest);
    }
    (tar.end(), one, two)
}

#[tokio::test]
async fn docker_save_of_old_is_compressed_and_checked() {
    for first in [true, false] {
        let registry = Registry::start().await;
        let (tar, one, two) = legacy(first);
        let progress = Progress::default();
        let archive = push_with(&registry, &tar, &Limits::default(), &progress).await.unwrap();
        assert!(registry.tags().is_empty());
        let image = &archive.images[0];
        assert_eq!((image.tags(), image.rebuilt), (vec!["v1".to_owned(), "v2".to_owned()], true));
        assert_eq!(image.platforms[0].to_string(), "linux/amd64");
        assert_eq!(image.manifest.media_type, DOCKER_MANIFEST);
        assert!(tag(&registry, &archive).await == [one.clone(), one, two]);
        assert!(
            progress.watch().borrow().iter().all(|b| b.state == State::Done && b.done == b.size && b.digest.is_some())
        );
        assert!(registry.with(|i| i.uploads.is_empty()));
    }
}

#[tokio::test]
async fn a_compressed_archive_and_the_same_again() {
    let registry = Registry::start().await;
    let (tar, _, _) = legacy(false);
    let one = push(&registry, &gzip(&tar)).await.unwrap();
    let two = push(&registry, &tar).await.unwrap();
    assert_eq!(one.images[0].manifest, two.images[0].manifest);
}

pub struct OciImage {
    pub manifest: String,
    pub blobs: Vec<Vec<u8>>,
}

pub fn oci_image(layers: &[(&str, Vec<u8>)], diff_ids: &[Digest]) -> OciImage {
    let config = config(diff_ids);
    let named: Vec<_> = layers
        .iter()
        .map(|(kind, bytes)| json!({"mediaType": kind, "digest": Digest::of(bytes), "size": bytes.len()}))
        .collect();
    let manifest = json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "layers": named, "config":
        {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": Digest::of(config.as_bytes()), "size": config.len()}});
    let mut blobs: Vec<Vec<u8>> = layers.iter().map(|(_, bytes)| bytes.clone()).collect();
    blobs.push(config.into());
    OciImage { manifest: manifest.to_string(), blobs }
}

pub fn layout(images: &[&OciImage], top: &str, kind: &str) -> Tar {
    tagged_layout(images, top, kind, &["v7"])
}

/// With an entry for each tag, as Docker writes it.
fn tagged_layout(images: &[&OciImage], top: &str, kind: &str, tags: &[&str]) -> Tar {
    let mut tar = Tar::default();
    for image in images {
        for blob in &image.blobs {
            tar = tar.blob(blob);
        }
        tar = tar.blob(&image.manifest);
    }
    if !images.iter().any(|i| i.manifest == top) {
        tar = tar.blob(top);
    }
    let entry = |tag: &&str| {
        json!({"mediaType": kind, "digest": Digest::of(top.as_bytes()), "size": top.len(), "annotations":
            {"io.containerd.image.name": format!("docker.io/library/app:{tag}"), "org.opencontainers.image.ref.name": tag}})
    };
    let index = json!({"schemaVersion": 2, "manifests": tags.iter().map(entry).collect::<Vec<_>>()});
    tar.file("index.json", index.to_string()).file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#)
}

const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const PLAIN: &str = "application/vnd.oci.image.layer.v1.tar";

#[tokio::test]
async fn an_oci_layout_keeps_its_digest() {
    let registry = Registry::start().await;
    let plain = layer("one", 200_000);
    let image = oci_image(&[(GZIP, gzip(&plain))], &[Digest::of(&plain)]);
    let tar = layout(&[&image], &image.manifest, OCI_MANIFEST).blob(r#"{"nobody":"names me"}"#).end();
    let archive = push(&registry, &tar).await.unwrap();
    let found = &archive.images[0];
    assert_eq!(found.manifest.digest, Digest::of(image.manifest.as_bytes()));
    assert_eq!((found.tags(), found.rebuilt), (vec!["v7".to_owned()], false));
    assert!(tag(&registry, &archive).await == [plain]);
    // What exists is read and checked, not sent.
    let sent = registry.count("POST");
    let progress = Progress::default();
    push_with(&registry, &tar, &Limits::default(), &progress).await.unwrap();
    assert_eq!(registry.count("POST"), sent);
    assert!(progress.watch().borrow().iter().all(|b| b.state == State::Existed && b.done == b.size));
}

#[tokio::test]
async fn docker_save_of_today_has_both_and_plain_layers() {
    let registry = Registry::start().await;
    let plain = layer("one", 200_000);
    let image = oci_image(&[(PLAIN, plain.clone())], &[Digest::of(&plain)]);
    let hex = |bytes: &[u8]| format!("blobs/sha256/{}", Digest::of(bytes).hex());
    let saved = json!([{"Config": hex(&image.blobs[1]), "RepoTags": ["app:v8"], "Layers": [hex(&plain)]}]);
    let tar = layout(&[&image], &image.manifest, OCI_MANIFEST).file("manifest.json", saved.to_string()).end();
    let archive = push(&registry, &tar).await.unwrap();
    assert_eq!(archive.images[0].tags(), ["v7", "v8"]);
    assert!(archive.images[0].rebuilt);
    assert_eq!(archive.images[0].layers[0].media_type, GZIP);
    assert!(tag(&registry, &archive).await == [plain]);
}

fn index_of(images: &[(&OciImage, &str)]) -> String {
    let entry = |(image, architecture): &(&OciImage, &str)| {
        json!({"mediaType": OCI_MANIFEST, "digest": Digest::of(image.manifest.as_bytes()), "size": image.manifest.len(),
            "platform": {"os": "linux", "architecture": architecture}})
    };
    json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": images.iter().map(entry).collect::<Vec<_>>()})
        .to_string()
}

#[tokio::test]
async fn an_index_for_several_platforms() {
    let registry = Registry::start().await;
    let (one, two) = (layer("one", 2000), layer("other", 2000));
    let images =
        [oci_image(&[(GZIP, gzip(&one))], &[Digest::of(&one)]), oci_image(&[(GZIP, gzip(&two))], &[Digest::of(&two)])];
    let index = index_of(&[(&images[0], "amd64"), (&images[1], "arm64")]);
    let archive = push(&registry, &layout(&[&images[0], &images[1]], &index, OCI_INDEX).end()).await.unwrap();
    assert_eq!(archive.images[0].manifest.digest, Digest::of(index.as_bytes()));
    assert_eq!(archive.images[0].platforms.len(), 2);
    assert_eq!(archive.images[0].children.len(), 2);
    assert!(registry.with(|i| i.manifests.is_empty()), "nothing can be pulled yet");
    tag(&registry, &archive).await;
    // Saved for one platform, with the index of both: the one that is there gets the name.
    let archive = push(&registry, &layout(&[&images[1]], &index, OCI_INDEX).end()).await.unwrap();
    assert_eq!(archive.images.len(), 1);
    assert_eq!(archive.images[0].manifest.digest, Digest::of(images[1].manifest.as_bytes()));
    assert_eq!(
        (archive.images[0].tags(), archive.images[0].platforms[0].to_string()),
        (vec!["v7".to_owned()], "linux/arm64".into())
    );
}

#[tokio::test]
async fn one_image_with_two_tags_is_one_image() {
    let registry = Registry::start().await;
    let plain = layer("one", 2000);
    let hex = |bytes: &[u8]| format!("blobs/sha256/{}", Digest::of(bytes).hex());
    for kind in [PLAIN, GZIP] {
        let bytes = if kind == PLAIN { plain.clone() } else { gzip(&plain) };
        let image = oci_image(&[(kind, bytes.clone())], &[Digest::of(&plain)]);
        let saved =
            json!([{"Config": hex(&image.blobs[1]), "RepoTags": ["app:1.0", "app:latest"], "Layers": [hex(&bytes)]}]);
        let index = index_of(&[(&image, "amd64")]);
        for (top, kind) in [(&image.manifest, OCI_MANIFEST), (&index, OCI_INDEX)] {
            let tar = tagged_layout(&[&image], top, kind, &["1.0", "latest"]).file("manifest.json", saved.to_string());
            let progress = Progress::default();
            let archive = push_with(&registry, &tar.end(), &Limits::default(), &progress).await.unwrap();
            assert_eq!(archive.images.len(), 1, "{kind}");
            assert_eq!(archive.images[0].tags(), ["1.0", "latest"], "{kind}");
            assert_eq!(progress.watch().borrow().len(), 2, "the layer and the configuration, each once");
        }
    }
}

#[tokio::test]
async fn layers_compressed_before_are_not_sent_again_but_checked_again() {
    let registry = Registry::start().await;
    let (tar, one, two) = legacy(false);
    let (known, destination) = (Known::default(), registry.destination("pushed"));
    let send = async |tar: &[u8], progress: &Progress| {
        push_archive(tar, &destination, &Limits::default(), &known, progress, &CancellationToken::new()).await
    };
    // Cut off in the middle of the last layer: the first one stays.
    send(&tar[..tar.len() - 6000], &Progress::default()).await.unwrap_err();
    let (sent, progress) = (registry.count("PATCH"), Progress::default());
    let first = send(&tar, &progress).await.unwrap();
    assert_eq!(progress.watch().borrow()[0].state, State::Existed);
    assert_eq!(registry.count("PATCH"), sent + 2, "the second layer and the configuration");
    assert!(tag(&registry, &first).await == [one.clone(), one.clone(), two.clone()]);
    // Of the same name and size, but not the same: refused once, then taken for what it is.
    let other = layer("one", 1_500_000).into_iter().rev().collect::<Vec<u8>>();
    let at = tar.windows(512).position(|w| w == &one[..512]).unwrap();
    let mut swapped = tar.clone();
    swapped[at + 512..at + one.len()].copy_from_slice(&other[512..]);
    assert_eq!(send(&swapped, &Progress::default()).await.unwrap_err().title, "The archive has changed");
    let damaged = send(&swapped, &Progress::default()).await.unwrap_err();
    assert!(damaged.message.contains("configuration says"), "{damaged}");
    // The whole one is taken at once after a damaged one.
    let whole = send(&tar, &Progress::default()).await.unwrap();
    assert!(tag(&registry, &whole).await == [one.clone(), one, two]);
}

#[tokio::test]
async fn an_upload_in_several_requests() {
    let registry = Registry::start().await;
    let (tar, one, two) = legacy(false);
    let (upload, reader) = intake();
    let destination = registry.destination("pushed");
    let (limits, known) = (Limits::default(), Known::default());
    let (progress, cancel) = (Progress::default(), CancellationToken::new());
    let feed = async {
        // A request that breaks off somewhere, then one that repeats a part.
        let half = tar.len() / 2;
        tokio::select! { biased; _ = upload.feed(0, &tar[..half]) => {}, () = registry.until(|i| !i.log.is_empty()) => {} }
        let from = upload.received().saturating_sub(1000);
        upload.feed(from, &tar[from as usize..]).await.unwrap();
        upload.finish().await.unwrap();
    };
    let (archive, ()) = tokio::join!(push_archive(reader, &destination, &limits, &known, &progress, &cancel), feed);
    assert!(tag(&registry, &archive.unwrap()).await == [one.clone(), one, two]);
    assert_eq!(upload.received(), tar.len() as u64);
}

#[tokio::test]
async fn cancelling_an_upload_leaves_nothing_tagged() {
    let registry = Registry::start().await;
    let tar = legacy(false).0;
    let (upload, reader) = intake();
    let destination = registry.destination("pushed");
    let (limits, known) = (Limits::default(), Known::default());
    let (progress, cancel) = (Progress::default(), CancellationToken::new());
    let feed = async {
        upload.feed(0, &tar[..tar.len() / 2]).await.unwrap();
        registry.until(|i| !i.uploads.is_empty()).await;
        cancel.cancel();
    };
    let (outcome, ()) = tokio::join!(push_archive(reader, &destination, &limits, &known, &progress, &cancel), feed);
    assert_eq!(outcome.unwrap_err().title, "Cancelled");
    registry.until(|i| i.uploads.is_empty()).await;
    assert!(registry.with(|i| i.manifests.is_empty()));
    assert!(upload.feed(upload.received(), &[0; 10]).await.unwrap_err().message.contains("stopped reading"));
}

#[tokio::test]
async fn long_names_of_both_kinds() {
    let registry = Registry::start().await;
    let one = layer("one", 2000);
    let (folder, other) = ("f".repeat(120), "g".repeat(130));
    let config = config(&[Digest::of(&one), Digest::of(&one)]);
    let manifest = json!([{"Config": "c.json", "RepoTags": null, "Layers": [format!("{folder}/layer.tar"), format!("{other}/layer.tar")]}]);
    let tar = Tar::default()
        .pax(&format!("./{folder}/layer.tar"), &one)
        .gnu(&format!("{other}/layer.tar"), &one)
        .file("c.json", config)
        .file("manifest.json", manifest.to_string())
        .end();
    let archive = push(&registry, &tar).await.unwrap();
    assert!(archive.images[0].tags().is_empty());
    assert!(tag(&registry, &archive).await == [one.clone(), one]);
}

#[tokio::test]
async fn an_upload_session_that_breaks_is_resumed() {
    let registry = Registry::start().await;
    let plain = layer("one", 300_000);
    let image = oci_image(&[(GZIP, gzip(&plain))], &[Digest::of(&plain)]);
    registry.fault("PATCH", "", 1, What::TakeThenFail(100));
    registry.fault("PATCH", "", 1, What::TakeThenFail(usize::MAX));
    let progress = Progress::default();
    let tar = layout(&[&image], &image.manifest, OCI_MANIFEST).end();
    let archive = push_with(&registry, &tar, &Limits::default(), &progress).await.unwrap();
    assert!(tag(&registry, &archive).await == [plain]);
    assert!(progress.watch().borrow().iter().any(|b| b.resumed == 2));
}

#[tokio::test]
async fn bad_archives_are_refused_with_their_reason() {
    let registry = Registry::start().await;
    let one = layer("one", 2000);
    let image = oci_image(&[(GZIP, gzip(&one))], &[Digest::of(&one)]);
    let good = layout(&[&image], &image.manifest, OCI_MANIFEST);
    let saved =
        |layers: serde_json::Value| json!([{"Config": "c.json", "RepoTags": ["a:b"], "Layers": layers}]).to_string();
    let old = |ids: &[Digest], layers| {
        Tar::default().file("l.tar", &one).file("c.json", config(ids)).file("manifest.json", saved(layers)).end()
    };
    let hex = Digest::of(b"other").hex();
    let mut flipped = good.clone().end();
    flipped[600] ^= 1;
    let mut no_sum = good.clone().end();
    no_sum[3] ^= 1;
    let whole = good.clone().end();
    let packed = gzip(&whole);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", Vec::new(), "empty"),
        ("truncated", whole[..700].to_vec(), "truncated"),
        ("truncated between entries", good.0[..1024 * 3].to_vec(), "truncated"),
        ("no end mark", good.0.clone(), "truncated"),
        ("truncated gzip", packed[..packed.len() / 2].to_vec(), "truncated"),
        ("text", b"hello".repeat(500), "not a tar"),
        ("zip", b"PK\x03\x04".to_vec(), "compressed in a way"),
        ("file system", Tar::default().file("etc/passwd", "root").end(), "neither a manifest.json"),
        ("no images", Tar::default().file("manifest.json", "[]").end(), "no images"),
        ("broken json", Tar::default().file("manifest.json", "[{]").end(), "cannot be read"),
        ("absolute", good.clone().file("/etc/passwd", "x").end(), "absolute path"),
        ("parent", good.clone().file("a/../../b", "x").end(), "leads out"),
        ("link out", good.clone().header("a/l", b'2', 0, "../../b").end(), "leads out"),
        ("absolute link", good.clone().header("a/l", b'2', 0, "/etc/passwd").end(), "leads out"),
        ("hard link out", good.clone().header("a/l", b'1', 0, "../b").end(), "leads out"),
        ("device", good.clone().header("dev/null", b'3', 0, "").end(), "device"),
        ("pipe", good.clone().header("pipe", b'6', 0, "").end(), "pipe"),
        ("sparse", good.clone().header("s", b'S', 0, "").end(), "unknown kind"),
        ("folder with contents", good.clone().header("d", b'5', 10, "").contents(&[1; 10]).end(), "has contents"),
        ("twice", good.clone().file("index.json", "{}").end(), "twice"),
        ("checksum", no_sum, "checksum"),
        ("wrong content", flipped, "digest"),
        ("wrong name", Tar::default().file(&format!("blobs/sha256/{hex}"), &one).end(), "digest"),
        ("wrong json name", Tar::default().file(&format!("blobs/sha256/{hex}"), "{}").end(), "digest"),
        ("sha512", Tar::default().file("blobs/sha512/00", "{}").end(), "only blobs/sha256"),
        (
            "missing layer",
            layout(&[&OciImage { manifest: image.manifest.clone(), blobs: vec![] }], &image.manifest, OCI_MANIFEST)
                .end(),
            "not in it",
        ),
        ("diff id", old(&[Digest::of(b"x")], json!(["l.tar"])), "configuration says"),
        ("layer count", old(&[], json!(["l.tar"])), "names 1 layers"),
        ("layer missing", old(&[Digest::of(&one)], json!(["m.tar"])), "m.tar"),
        ("layer is json", old(&[Digest::of(&one)], json!(["c.json"])), "c.json"),
        ("config missing", Tar::default().file("manifest.json", saved(json!([]))).end(), "c.json"),
        ("size lies", Tar::default().header("l.tar", b'0', (1 << 33) - 1, "").contents(&one).end(), "truncated"),
        (
            "link loop",
            Tar::default().header("manifest.json", b'2', 0, "manifest.json").end(),
            "neither a manifest.json",
        ),
    ];
    for (name, tar, expected) in cases {
        let problem = push(&registry, &tar).await.expect_err(name);
        assert!(problem.message.contains(expected), "{name}: {problem}");
        assert!(registry.with(|i| i.manifests.is_empty()), "{name} left a manifest");
    }
    registry.until(|i| i.uploads.is_empty()).await;
}

#[tokio::test]
async fn limits_hold() {
    let registry = Registry::start().await;
    let tar = legacy(false).0;
    let limits = Limits::default();
    let bomb = gzip(&Tar::default().file("l.tar", vec![0; 3 << 20]).end());
    let cases: Vec<(Limits, &[u8], &str)> = vec![
        (Limits { total: 1 << 20, ..limits.clone() }, &tar, "more than the"),
        (Limits { entry: 1 << 20, ..limits.clone() }, &tar, "are allowed"),
        (Limits { entries: 3, ..limits.clone() }, &tar, "3 entries"),
        (Limits { json_total: 100, ..limits.clone() }, &tar, "JSON"),
        (Limits { ratio: 50, ratio_from: 1 << 20, ..limits.clone() }, &bomb, "times larger"),
    ];
    for (limits, tar, expected) in cases {
        let problem = push_with(&registry, tar, &limits, &Progress::default()).await.unwrap_err();
        assert!(problem.message.contains(expected), "{expected}: {problem}");
        assert_eq!(problem.code, domain::Code::TooLarge);
    }
    // Noise does not compress: an honest archive stays far from the ratio.
    push_with(&registry, &gzip(&tar), &Limits { ratio: 3, ratio_from: 1 << 19, ..limits }, &Progress::default())
        .await
        .unwrap();
}

//! What cargo cannot enforce about the house: who may name which crate, and that each service is whole.

#![allow(clippy::expect_used, reason = "what cannot be read fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    // Asked for when it runs: a target folder may serve several clones, and this program be compiled from another.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where it runs a test");
    Path::new(&manifest).parent().expect("xtask lives in the workspace").to_owned()
}

fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && name != "node_modules" && !name.starts_with('.') {
                walk(&path, found);
            } else if name.ends_with(".rs") {
                found.push(path);
            }
        }
    }
    let root = root();
    let mut found = vec![];
    walk(&root.join(folder), &mut found);
    assert!(!found.is_empty(), "no sources in {}", root.join(folder).display());
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source file is readable");
            (path.strip_prefix(&root).expect("inside").to_string_lossy().into_owned(), text)
        })
        .collect()
}

fn offenders(word: &str, allowed: &[&str]) -> Vec<String> {
    sources("")
        .into_iter()
        .filter(|(path, _)| !path.starts_with("xtask/tests/") && !allowed.iter().any(|a| path.starts_with(a)))
        .filter(|(_, text)| text.lines().any(|l| l.contains(word) && !l.trim_start().starts_with("//")))
        .map(|(path, _)| path)
        .collect()
}

#[test]
// The sandbox is tested as somebody who was handed its address: with a client of its own.
fn sql_is_spoken_only_in_the_store() {
    assert_eq!(offenders("sqlx::", &["server/store/", "sandbox/tests/"]), Vec::<String>::new());
}

#[test]
fn the_aws_sdk_is_known_only_in_gantry_aws() {
    assert_eq!(offenders("aws_sdk_", &["server/aws/"]), Vec::<String>::new());
    assert_eq!(offenders("aws_config::", &["server/aws/"]), Vec::<String>::new());
}

#[test]
fn the_domain_is_pure() {
    for word in [
        "tokio::",
        "sqlx::",
        "aws_sdk_",
        "leptos::",
        "SystemTime::now",
        "Instant::now",
        "std::fs",
        "std::net",
        "std::env",
    ] {
        let found: Vec<_> =
            sources("domain/src").into_iter().filter(|(_, t)| t.contains(word)).map(|(p, _)| p).collect();
        assert_eq!(found, Vec::<String>::new(), "{word} in domain");
    }
}

/// The services of all kinds of resources, as their stems begin: `ecr-public`.
fn services() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("domain/src/kind.rs")).expect("kinds are readable");
    let kinds = text.split_once("kinds! {").and_then(|(_, rest)| rest.split_once("\n}")).expect("a list of kinds").0;
    let found: BTreeSet<String> = kinds
        .lines()
        .filter_map(|line| line.split('"').nth(1)?.split_once('.').map(|(service, _)| service.to_owned()))
        .collect();
    let named = text.split_once("enum Service {").and_then(|(_, rest)| rest.split_once('}')).expect("services").0;
    let named: BTreeSet<String> = named
        .lines()
        .map(|line| line.trim().trim_end_matches(',').to_lowercase())
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(found.iter().map(|service| service.replace('-', "")).collect::<BTreeSet<_>>(), named);
    found
}

/// The folder of a service in `server/aws`, which is called as its SDK, in some cases by a second version of the API.
fn aws_folder(service: &str) -> Option<String> {
    let module = service.replace('-', "_");
    [module.clone(), format!("{module}v2")]
        .into_iter()
        .find(|name| root().join("server/aws/src").join(name).join("mod.rs").exists())
}

#[test]
fn each_service_is_whole() {
    let policy = fs::read_to_string(root().join("docs/read-policy.json")).expect("the policy is readable");
    for service in services() {
        let module = service.replace('-', "_");
        assert!(
            root().join(format!("domain/src/{module}/mod.rs")).exists(),
            "{service} lacks domain/src/{module}/mod.rs"
        );
        assert!(aws_folder(&service).is_some(), "{service} lacks server/aws/src/{module}/mod.rs");
        assert!(policy.contains(&format!("\"{service}:")), "{service} lacks its actions in docs/read-policy.json");
        // Where the pages that are made from columns do not do.
        if root().join("app/src").join(&module).exists() {
            for path in [
                format!("app/src/{module}/list.rs"),
                format!("app/src/{module}/detail.rs"),
                format!("end2end/tests/{module}.spec.ts"),
            ] {
                assert!(root().join(&path).exists(), "{service} lacks {path}");
            }
        }
    }
}

#[test]
fn aws_is_read_and_changed_for_a_service_of_the_house() {
    /// Nothing of theirs is collected: metrics are streams, keys are made and named by plans.
    const WITHOUT_KINDS: [&str; 2] = ["cloudwatch", "kms"];
    let known: BTreeSet<String> =
        services().iter().filter_map(|service| aws_folder(service)).chain(WITHOUT_KINDS.map(str::to_owned)).collect();
    let folders: BTreeSet<String> = fs::read_dir(root().join("server/aws/src"))
        .expect("server/aws is readable")
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(folders, known);
}

#[test]
fn every_file_says_what_it_owns() {
    for folder in
        ["domain/src", "app/src", "server/src", "server/aws/src", "server/store/src", "sandbox/src", "xtask/src"]
    {
        for (path, text) in sources(folder) {
            assert!(text.starts_with("//!"), "{path} has no header");
        }
    }
}

#[test]
fn files_stay_small_enough_to_read() {
    for folder in ["domain", "app", "server", "sandbox", "xtask"] {
        for (path, text) in sources(folder) {
            assert!(text.lines().count() <= 450, "{path} has {} lines: split it", text.lines().count());
        }
    }
}

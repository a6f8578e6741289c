//! What cargo cannot enforce about the house: who may name which crate, and that each service is whole.

#![allow(clippy::expect_used, reason = "what cannot be read fails the test")]

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

#[test]
fn each_service_is_whole() {
    for service in ["lambda", "ecs", "ecr", "ecr_public", "eks"] {
        for path in [
            format!("domain/src/{service}/mod.rs"),
            format!("server/aws/src/{service}"),
            format!("app/src/{service}/list.rs"),
            format!("app/src/{service}/detail.rs"),
            format!("end2end/tests/{service}.spec.ts"),
        ] {
            assert!(root().join(&path).exists(), "{service} lacks {path}");
        }
    }
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

//! The demo fleet is as large as it has to be. No emulator: its programs are run with clients that only note what they are asked to make.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::process::Command;

#[test]
fn the_fleet_is_large_enough() {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fleet.py");
    // Without bytecode, which would become a part of the sandbox.
    let counted = Command::new("python3").args(["-B", program]).output().unwrap();
    let words = [&counted.stdout, &counted.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(counted.status.success(), "{}", words.concat());
}

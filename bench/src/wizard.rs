//! Typing in the largest wizard, in Chromium: how long the page is busy with a keystroke in its name, from the event until what it shows has
//! followed, beside a keystroke in a field of the same form that no plan follows from. `wizard.mjs` does it.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use tokio::io::AsyncWriteExt;

use crate::{Arguments, PASSWORD, PERSON, child, connection, preview, row, server, text};

const REGION: &str = "eu-west-1";

/// Prints what keystrokes took; `checkout` has the packages that drive a browser. Starts an empty sandbox of its own, with a server that has one
/// connection to it.
pub async fn measure(a: &Arguments, checkout: &Path) -> Result<()> {
    let (sandbox, cloud) = child::sandbox(&a.bin, &a.data_dir, "wizard", false).await?;
    let first = &cloud["accounts"][0];
    let config = a.data_dir.join("wizard.toml");
    std::fs::write(&config, connection(&cloud, first, &serde_json::json!([REGION]))?)?;
    let (server, base, _, _) = server(a, text(&cloud, "database_url")?, &config, "wizard-gantry", "viewer").await?;
    let measured = typed(checkout, &base, text(first, "id")?).await?;
    server.stop().await?;
    sandbox.stop().await?;

    println!("\nA keystroke in the largest wizard, in Chromium{:>43}", "median ms      p95   slowest");
    for (field, name) in [
        ("name", "the name: checks, plan and notes, draft, drawing"),
        ("other", "a field no plan follows from: checks, draft, drawing"),
        ("name_shown", "the name, with styles and places of the next frame"),
        ("other_shown", "the other field, with those"),
        ("plan", "of the name's: the plan"),
        ("notes", "of the name's: notes on the plan"),
    ] {
        let of = &measured[field];
        let value = |what: &str| of[what].as_f64().context("the browser measured nothing");
        let (median, p95, slowest) = (value("median")?, value("p95")?, value("slowest")?);
        row(name, format!("{median:>9.1}  {p95:>7.1}   {slowest:>7.1}"));
    }
    let median = |field: &str| measured[field]["median"].as_f64().context("the browser measured nothing");
    let plan = median("name")? - median("other")?;
    row("what the name adds: all that follows from it", format!("{plan:>9.1}"));
    Ok(())
}

async fn typed(checkout: &Path, base: &str, account: &str) -> Result<Value> {
    let mut child = tokio::process::Command::new("node")
        .arg(checkout.join("bench/src/wizard.mjs"))
        .args([base, account, REGION])
        .env("GANTRY_PERSON", PERSON)
        .env("GANTRY_PASSWORD", PASSWORD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("node cannot be started")?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    stdin.write_all(preview::repository().to_string().as_bytes()).await?;
    drop(stdin);
    let done = child.wait_with_output().await?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(serde_json::from_slice(&done.stdout)?)
}

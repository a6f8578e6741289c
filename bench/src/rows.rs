//! The list of 10,000 functions scrolled in Chromium, beside a plain table of as many rows: what frames take, by the wheel and by the thumb of
//! the scrollbar. `rows.mjs` does it.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::Path;

use crate::{FUNCTIONS, PASSWORD, PERSON, row};

/// Prints what frames took; `checkout` has the packages that drive a browser, `base` is where the server answers.
pub async fn measure(checkout: &Path, base: &str) -> Result<()> {
    let done = tokio::process::Command::new("node")
        .arg(checkout.join("bench/src/rows.mjs"))
        .args([base, &FUNCTIONS.to_string()])
        .env("GANTRY_PERSON", PERSON)
        .env("GANTRY_PASSWORD", PASSWORD)
        .kill_on_drop(true)
        .output()
        .await
        .context("node cannot be started")?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let measured: Value = serde_json::from_slice(&done.stdout)?;
    let heading = "10,000 functions scrolled in Chromium, ms a frame";
    println!("\n{heading:<61}median    p99   longest   long tasks (longest)");
    for (page, name) in [("list", "the list"), ("plain", "a plain table of as many rows")] {
        for (way, how) in [("wheel", "by the wheel"), ("drag", "by the scrollbar to the end and back")] {
            let of = &measured[page][way];
            let value = |field: &str| number(&of[field]);
            let (median, p99, longest) = (value("median")?, value("p99")?, value("longest")?);
            let (tasks, task) = (value("tasks")?, value("longest_task")?);
            row(
                &format!("{name}, {how}"),
                format!("{median:>6.1} {p99:>6.1}    {longest:>6.1}   {tasks:>6.0} ({task:.0} ms)"),
            );
        }
    }
    let ratio =
        |way: &str| anyhow::Ok(number(&measured["list"][way]["p99"])? / number(&measured["plain"][way]["p99"])?);
    row(
        "p99 of the list beside the plain table's",
        format!("wheel {:.2} ×, scrollbar {:.2} ×", ratio("wheel")?, ratio("drag")?),
    );
    let list = &measured["list"];
    row("rows in sight have their text after the drag's end", format!("{:.0} ms", number(&list["filled"])?));
    row("windows of rows asked for meanwhile", number(&list["questions"])?);
    Ok(())
}

fn number(value: &Value) -> Result<f64> {
    value.as_f64().context("the browser measured nothing")
}

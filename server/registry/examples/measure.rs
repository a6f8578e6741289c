//! Moves one image and says how long it took and how much memory it held: `measure SOURCE_HOST:PORT/NAME:TAG DESTINATION_URL NAME`,
//! or with `file:ARCHIVE.tar` as the source.

use domain::Problem;
use gantry_registry::{Credentials, Http, Platforms, Policy, Progress, Reference, Repository, Settings};
use gantry_registry::{copy_and_tag, inspect, push_archive};
use std::time::Instant;
use tokio_util::sync::CancellationToken;

fn memory(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with(key)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0) / 1024
}

#[tokio::main]
async fn main() -> Result<(), Problem> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, base, name] = arguments.as_slice() else {
        return Err(Problem::invalid("arguments", "measure SOURCE DESTINATION_URL NAME"));
    };
    let credentials = std::env::var("ECR_TOKEN").ok().map(|t| Credentials::from_ecr_token(&t)).transpose()?;
    let base = base.parse().map_err(|_| Problem::invalid("arguments", "the destination is no URL"))?;
    let destination = Repository::destination(&base, name, credentials, Settings::default())?;
    let (progress, cancel) = (Progress::default(), CancellationToken::new());
    let idle = memory("VmRSS");
    let start = Instant::now();
    if let Some(path) = from.strip_prefix("file:") {
        let file = tokio::fs::File::open(path).await.map_err(|e| Problem::invalid("arguments", e.to_string()))?;
        let archive =
            push_archive(file, &destination, &Default::default(), &Default::default(), &progress, &cancel).await?;
        for image in &archive.images {
            destination.put_manifest(&image.manifest, Some("measured")).await?;
            println!("{:?} {:?} {}", image.names, image.manifest, image.rebuilt);
        }
    } else {
        let image: Reference = from.parse()?;
        let http = Http::new(Policy::sources(["*.io"], [image.registry()])?, Settings::default())?;
        let source = Repository::source(&http, &image, None)?;
        let contents = inspect(&source, &image.wanted(), &Platforms::All).await?;
        copy_and_tag(&source, &destination, &contents, &["measured".into()], &progress, &cancel).await?;
        println!("{:?}", contents.top);
    }
    let bytes: u64 = progress.watch().borrow().iter().map(|b| b.done).sum();
    let seconds = start.elapsed().as_secs_f64();
    let rate = bytes as f64 / seconds / 1e6;
    println!(
        "{bytes} bytes in {seconds:.2} s, {rate:.0} MB/s; memory {idle} MiB idle, {} MiB at most",
        memory("VmHWM")
    );
    Ok(())
}

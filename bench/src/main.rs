//! What `cargo xtask bench` runs: Gantry under a generated load beside the AWS CLI and boto3 on the same machine in the same run, the weight of a
//! first visit, the list scrolled in a browser beside a plain table, a full collect of the demo fleet, the plan of a wizard, natively and in a
//! browser, what the engine adds to a call, and images beside skopeo. Prints a table; judges nothing.

mod child;
mod engine;
mod images;
mod load;
mod measure;
mod preview;
mod rows;
mod wizard;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use domain::Millis;
use gantry_store::Store;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use child::Reporter;

/// Functions made in the emulator for the CLI and boto3, as many as Gantry has in its load.
const FUNCTIONS: usize = 10_000;
const CLIENTS: usize = 16;
/// The administrator of each server here.
const PERSON: &str = "bench";
const PASSWORD: &str = "a long enough bench password";

#[derive(Parser)]
struct Arguments {
    /// Where `gantry` and `gantry-sandbox` are (release builds).
    #[arg(long)]
    bin: PathBuf,
    /// The built site.
    #[arg(long)]
    site: PathBuf,
    /// Where databases and virtual environments are kept between runs.
    #[arg(long)]
    data_dir: PathBuf,
    /// Seconds per series of requests.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Leave out the AWS CLI and boto3.
    #[arg(long)]
    no_clients: bool,
    /// The checkout, whose packages drive a Chromium (`CHROMIUM`, otherwise Playwright's own); without it no list is scrolled,
    /// and nothing typed into a wizard.
    #[arg(long)]
    checkout: Option<PathBuf>,
    /// Only the list scrolled in a browser.
    #[arg(long, requires = "checkout", conflicts_with_all = ["only_plans", "only_images"])]
    only_rows: bool,
    /// Only plans, in a browser as well where there is a checkout, and the engine.
    #[arg(long)]
    only_plans: bool,
    /// Only images, pushed and copied, beside skopeo.
    #[arg(long, conflicts_with = "only_plans")]
    only_images: bool,
}

fn now() -> Millis {
    Millis(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64))
}

fn text<'a>(event: &'a Value, field: &str) -> Result<&'a str> {
    event[field].as_str().with_context(|| format!("no {field} in {event}"))
}

fn row(what: &str, value: impl std::fmt::Display) {
    println!("  {what:<58} {value}");
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A server on this database, with a token of an administrator.
async fn server(
    a: &Arguments,
    database: &str,
    config: &Path,
    name: &str,
    role: &'static str,
) -> Result<(Reporter, String, String, String)> {
    let (port, metrics) = (free_port()?, free_port()?);
    let env = [
        ("DATABASE_URL", database.to_owned()),
        ("GANTRY_LISTEN", format!("127.0.0.1:{port}")),
        ("GANTRY_METRICS_LISTEN", format!("127.0.0.1:{metrics}")),
        ("GANTRY_SITE", a.site.display().to_string()),
        ("GANTRY_CONFIG", config.display().to_string()),
        ("GANTRY_CONNECTIONS", String::new()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ];
    let log = a.data_dir.join(format!("{name}.log"));
    let mut server = Reporter::start(&a.bin.join("gantry"), &["serve", "--exit-with-stdin"], &env, &log)?;
    server.event("ready", Duration::from_secs(120)).await?;
    let gantry = |args: &str, name: &str, input: &str| {
        let (program, env, input) = (a.bin.join("gantry"), env.clone(), input.to_owned());
        let args: Vec<String> = args.split(' ').chain(["--name", name]).map(str::to_owned).collect();
        async move {
            let mut child = tokio::process::Command::new(program)
                .args(&args)
                .envs(env)
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()?;
            let mut stdin = child.stdin.take().context("no standard input")?;
            tokio::io::AsyncWriteExt::write_all(&mut stdin, input.as_bytes()).await?;
            drop(stdin);
            let done = child.wait_with_output().await?;
            ensure!(done.status.success(), "gantry {}: {}", args.join(" "), String::from_utf8_lossy(&done.stderr));
            anyhow::Ok(String::from_utf8(done.stdout)?.trim().to_owned())
        }
    };
    // Who signs in with a browser. A second run on the same database has them already.
    let _ = gantry("admin create --password-stdin", PERSON, &format!("{PASSWORD}\n")).await;
    // A person for the token of each start: one has only so many.
    let person = format!("{PERSON}-{}", now().0);
    gantry("admin create --password-stdin", &person, &format!("{PASSWORD}\n")).await?;
    let create = format!("token create --person {person} --role {role} --days 1");
    let token = gantry(&create, &format!("bench {}", now().0), "").await?;
    let token = token.split_whitespace().find(|w| w.starts_with("gantry_")).context("no token was printed")?.to_owned();
    Ok((server, format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{metrics}"), token))
}

/// The sum of all samples of a Prometheus counter.
async fn counter(metrics: &str, name: &str) -> Result<f64> {
    let body = reqwest::get(format!("{metrics}/metrics")).await?.text().await?;
    Ok(body
        .lines()
        .filter(|l| l.starts_with(name) && l[name.len()..].starts_with(['{', ' ']))
        .filter_map(|l| l.rsplit(' ').next()?.parse::<f64>().ok())
        .sum())
}

#[tokio::main]
async fn main() -> Result<()> {
    let a = Arguments::parse();
    std::fs::create_dir_all(&a.data_dir)?;
    if a.only_images {
        return images::measure(&a).await.context("images");
    }
    if a.only_rows {
        return lists(&a).await.context("the list in a browser");
    }
    preview::measure()?;
    if let Some(checkout) = &a.checkout {
        wizard::measure(&a, checkout).await.context("the wizard in a browser")?;
    }
    engine::measure(&a.bin, &a.data_dir).await.context("the engine")?;
    if a.only_plans {
        return Ok(());
    }
    lists(&a).await.context("lists and search")?;
    weight(&a.site)?;
    collect(&a).await.context("collect of the demo fleet")?;
    images::measure(&a).await.context("images")
}

async fn lists(a: &Arguments) -> Result<()> {
    let (sandbox, cloud) = child::sandbox(&a.bin, &a.data_dir, "load", false).await?;
    let database = text(&cloud, "database_url")?.to_owned();
    let store = Store::connect(&database).await?;
    store.migrate().await?;
    let start = Instant::now();
    let rows = load::write(&store, now()).await?;
    println!("\nGenerated load: {rows} resources, written in {:.1} s", start.elapsed().as_secs_f64());
    store.close().await;

    // No connection: nothing is collected, so whatever Gantry asks of AWS it asks because of these requests.
    let config = a.data_dir.join("load.toml");
    std::fs::write(&config, "requests_per_second = 1000000\n")?;
    let (server, base, metrics, token) = server(a, &database, &config, "load-gantry", "viewer").await?;
    let first_page = if a.only_rows { None } else { Some(requests(a, &base, &metrics, &token, server.pid()).await?) };
    if let Some(checkout) = &a.checkout {
        rows::measure(checkout, &base).await?;
    }
    server.stop().await?;
    if let Some(first_page) = first_page.filter(|_| !a.no_clients) {
        clients(a, &cloud, first_page).await?;
    }
    sandbox.stop().await
}

/// Sixteen clients at lists and search; answers the median of the first page of functions, in seconds.
async fn requests(a: &Arguments, base: &str, metrics: &str, token: &str, pid: u32) -> Result<f64> {
    let calls = counter(metrics, "gantry_aws_calls_total").await?;
    let limit = Duration::from_secs(a.seconds);
    let series = [
        ("first page of 10,000 functions (API)", vec!["/api/v1/resources?kind=lambda.function&limit=100".to_owned()]),
        ("first page of 50,000 images (API)", vec!["/api/v1/resources?kind=ecr.image&limit=100".to_owned()]),
        (
            "search over everything (API)",
            [
                "orders-api",
                "thumbnialer",
                "payments worker",
                "catalog-indexer-7",
                "123",
                "sha256:1",
                "archiver",
                "zzzz",
            ]
            .map(|q| format!("/api/v1/search?q={}", q.replace(' ', "%20")))
            .to_vec(),
        ),
    ];
    println!("\n{CLIENTS} clients, {} s each{:>44}", a.seconds, "p50 ms   p99 ms  requests/s");
    let mut first_page = 0.0;
    for (what, paths) in series {
        measure::requests(base, token, paths.clone(), CLIENTS, Duration::from_secs(1)).await?;
        let latency = measure::requests(base, token, paths, CLIENTS, limit).await?;
        if first_page == 0.0 {
            first_page = latency.percentile(50.0);
        }
        let (p50, p99) = (latency.percentile(50.0) * 1e3, latency.percentile(99.0) * 1e3);
        row(what, format!("{p50:>6.1}   {p99:>6.1}  {:>10.0}", latency.rate()));
    }
    row("AWS calls caused by these requests", counter(metrics, "gantry_aws_calls_total").await? - calls);
    if let Some((rss, peak)) = measure::memory(pid) {
        row("server memory (resident; peak)", format!("{rss:.0} MiB; {peak:.0} MiB"));
    }
    Ok(first_page)
}

/// The same list through boto3 and the AWS CLI, from the emulator on this machine.
async fn clients(a: &Arguments, cloud: &Value, gantry: f64) -> Result<()> {
    let endpoint = text(cloud, "endpoint_url")?;
    let python = text(cloud, "python")?;
    let script = a.data_dir.join("functions.py");
    std::fs::write(&script, include_str!("functions.py"))?;
    let run = |action: &'static str| {
        let mut command = tokio::process::Command::new(python);
        command.arg(&script).arg(action).arg(endpoint).arg(FUNCTIONS.to_string());
        async move {
            let done = command.output().await?;
            ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            anyhow::Ok(serde_json::from_slice::<Value>(&done.stdout)?)
        }
    };
    run("create").await.context("functions in the emulator")?;
    let boto3 = run("list").await?;
    let boto3_seconds = boto3["seconds"].as_f64().context("no seconds")?;

    let venv = a.data_dir.join("awscli");
    let cli = venv.join("bin/aws");
    if !cli.exists() {
        let venv = venv.display().to_string();
        let steps: [(&str, Vec<&str>); 2] = [
            (python, vec!["-m", "venv", &venv]),
            (&format!("{venv}/bin/pip"), vec!["install", "--quiet", "--disable-pip-version-check", "awscli"]),
        ];
        for (program, args) in steps {
            let done = tokio::process::Command::new(program).args(args).output().await?;
            ensure!(done.status.success(), "the AWS CLI: {}", String::from_utf8_lossy(&done.stderr));
        }
    }
    let mut seconds = vec![];
    for _ in 0..3 {
        let start = Instant::now();
        let done = tokio::process::Command::new(&cli)
            .args(["lambda", "list-functions", "--region", "eu-west-1", "--endpoint-url", endpoint])
            .args(["--query", "Functions[].FunctionName", "--output", "json"])
            .env("AWS_ACCESS_KEY_ID", "100000000001")
            .env("AWS_SECRET_ACCESS_KEY", "sandbox")
            .output()
            .await?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let names: Vec<String> = serde_json::from_slice(&done.stdout)?;
        ensure!(names.len() >= FUNCTIONS, "the CLI listed {} functions", names.len());
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let heading = "The same 10,000 functions from the emulator, median of 3";
    println!("\n{heading:<61}{:>8}   ratio to Gantry", "seconds");
    for (what, seconds) in [("aws lambda list-functions --query", seconds[1]), ("boto3, warm", boto3_seconds)] {
        row(what, format!("{seconds:>8.2}   {:>10.0} ×", seconds / gantry));
    }
    Ok(())
}

/// What a browser fetches on a first visit, as it goes over the wire.
fn weight(site: &Path) -> Result<()> {
    let manifest: Value = serde_json::from_slice(&std::fs::read(site.join("assets.json"))?)?;
    println!("\nFirst visit, compressed (brotli where there is one){:>29}", "kB");
    let mut total = 0;
    let mut add = |what: &str, path: &str| -> Result<()> {
        let file = site.join(path.trim_start_matches('/'));
        let packed = PathBuf::from(format!("{}.br", file.display()));
        let size = std::fs::metadata(if packed.exists() { packed } else { file })?.len();
        total += size;
        row(what, format!("{:>6.1}", size as f64 / 1000.0));
        Ok(())
    };
    for what in ["wasm", "js", "css"] {
        add(what, text(&manifest, what)?)?;
    }
    add("kit.js", text(&manifest["modules"], "kit")?)?;
    for font in manifest["fonts"].as_object().into_iter().flat_map(|f| f.values()).filter_map(Value::as_str) {
        add(font.rsplit('/').next().unwrap_or(font), font)?;
    }
    row("in all, without the page itself", format!("{:>6.1}", total as f64 / 1000.0));

    // Parts of the program that a page brings when it is opened (app/src/later.rs).
    println!("\nFetched when a page needs it{:>53}", "kB");
    let first = text(&manifest, "wasm")?.rsplit('/').next().unwrap_or_default().to_owned();
    let mut parts = vec![];
    for entry in std::fs::read_dir(site.join("pkg"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".wasm") && name != first {
            let packed = site.join("pkg").join(format!("{name}.br"));
            let size = std::fs::metadata(if packed.exists() { packed } else { site.join("pkg").join(&name) })?.len();
            parts.push((name, size));
        }
    }
    parts.sort();
    for (name, size) in &parts {
        row(name, format!("{:>6.1}", *size as f64 / 1000.0));
    }
    row("in all", format!("{:>6.1}", parts.iter().map(|(_, size)| size).sum::<u64>() as f64 / 1000.0));
    Ok(())
}

/// A connection to an account of a sandbox, as `gantry.toml` has it.
fn connection(cloud: &Value, account: &Value, regions: &Value) -> Result<String> {
    Ok(format!(
        "[[connections]]\nname = \"{}\"\naccount = \"{1}\"\nregions = {2}\nendpoint_url = \"{3}\"\naccess_key = \"{1}\"\nsecret_key = \"sandbox\"\nsandbox = true\n\n",
        text(account, "name")?,
        text(account, "id")?,
        regions,
        text(cloud, "endpoint_url")?,
    ))
}

async fn collect(a: &Arguments) -> Result<()> {
    let (mut sandbox, cloud) = child::sandbox(&a.bin, &a.data_dir, "fleet", true).await?;
    sandbox.event("seeded", Duration::from_secs(300)).await?;
    let mut config = String::new();
    for account in cloud["accounts"].as_array().context("no accounts")? {
        config += &connection(&cloud, account, &cloud["regions"])?;
    }
    let path = a.data_dir.join("fleet.toml");
    std::fs::write(&path, config)?;
    let store = Store::connect(text(&cloud, "database_url")?).await?;
    store.migrate().await?;
    let start = Instant::now();
    let (server, _, metrics, _) = server(a, text(&cloud, "database_url")?, &path, "fleet-gantry", "viewer").await?;
    // Collected once everything that is scheduled has a complete list or a reason why not.
    loop {
        let all = store.collections(now()).await?;
        if !all.is_empty() && all.iter().all(|c| c.freshness.complete.is_some() || c.freshness.failing.is_some()) {
            break;
        }
        ensure!(start.elapsed() < Duration::from_secs(300), "the first collect takes longer than five minutes");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("\nFull collect of the demo fleet");
    row("seconds", format!("{:.1}", start.elapsed().as_secs_f64()));
    row("AWS calls", counter(&metrics, "gantry_aws_calls_total").await?);
    row("throttles", counter(&metrics, "gantry_aws_throttles_total").await?);
    server.stop().await?;
    store.close().await;
    sandbox.stop().await
}

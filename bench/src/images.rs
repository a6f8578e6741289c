//! An image of two gigabytes that nobody can compress, pushed from an archive and copied from another registry, by Gantry and by skopeo, into
//! the sandbox's registry in the same run; and the memory it takes the server.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::process::Command;
use tokio_util::io::ReaderStream;

use crate::child::{self, Reporter};
use crate::{Arguments, measure, row, server, text};

const LAYERS: u32 = 4;
const LAYER: u64 = 512 << 20;
/// Bytes read at once of an archive that is sent.
const PIECE: usize = 1 << 20;
const ACCOUNT: &str = "111122223333";
/// How often each way is measured; the best counts, so that what else the machine does counts less.
const ROUNDS: usize = 2;
/// Between two looks at a run.
const LOOK: Duration = Duration::from_millis(50);

struct Set<'a> {
    python: &'a str,
    script: String,
    endpoint: &'a str,
}

impl Set<'_> {
    /// What a part of the script answers.
    async fn ask(&self, action: &str, rest: &[&str]) -> Result<Value> {
        let done = Command::new(self.python).arg(&self.script).arg(action).args(rest).output().await?;
        ensure!(done.status.success(), "{action}: {}", String::from_utf8_lossy(&done.stderr));
        Ok(serde_json::from_slice(&done.stdout).unwrap_or(Value::Null))
    }
    async fn ecr(&self, action: &str, rest: &[&str]) -> Result<Value> {
        self.ask(action, &[&[self.endpoint, ACCOUNT][..], rest].concat()).await
    }
}

/// Gantry's HTTP API, with a token.
struct Api {
    client: reqwest::Client,
    base: String,
    token: String,
}

impl Api {
    async fn heard(&self, request: reqwest::RequestBuilder) -> Result<Value> {
        let answer = request.bearer_auth(&self.token).send().await?;
        let (status, body) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{status}: {body}");
        Ok(serde_json::from_str(&body)?)
    }
    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.heard(self.client.post(format!("{}/api/v1/{path}", self.base)).json(body)).await
    }
    /// Plans, begins and waits until it is applied.
    async fn apply(&self, wizard: &str, answers: Value) -> Result<()> {
        let answers =
            json!({ "scope": { "account": ACCOUNT, "region": "eu-west-1" }, "wizard": wizard, "answers": answers });
        let reviewed = self.post("plans", &answers).await?;
        let hash = reviewed["plan"]["hash"].as_str().with_context(|| format!("no plan: {reviewed}"))?;
        let begun = self.post("runs", &json!({ "answers": answers, "hash": hash })).await?;
        let run = format!("{}/api/v1/runs/{}", self.base, text(&begun, "id")?);
        loop {
            let view = self.heard(self.client.get(&run)).await?;
            match view["run"]["state"].as_str().unwrap_or_default() {
                "applied" => return Ok(()),
                "undone" | "stuck" => anyhow::bail!("the run failed: {}", view["run"]["problem"]),
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    }
    async fn push(&self, archive: &Path, repository: &str, id: &str) -> Result<()> {
        let file = tokio::fs::File::open(archive).await?;
        let size = file.metadata().await?.len();
        let query = format!("account={ACCOUNT}&region=eu-west-1&repository={repository}&id={id}");
        let request = self.client.post(format!("{}/api/v1/uploads?{query}", self.base)).header("content-length", size);
        // In pieces as a browser sends them: four kilobytes at a time, as is usual for a file, would measure this program.
        let pieces = ReaderStream::with_capacity(file, PIECE);
        let sent = self.heard(request.body(reqwest::Body::wrap_stream(pieces))).await?;
        // As `docker push` and skopeo do, in one go: with the tag.
        self.apply("put-images", json!({ "repository": repository, "images": sent["images"] })).await
    }
    async fn copy(&self, source: &str, repository: &str) -> Result<()> {
        self.apply("copy-image", json!({ "source": source, "repository": repository, "tag": "v1" })).await
    }
}

/// Resets the highest mark of a process' resident memory (Linux only).
fn forget_peak(pid: u32) {
    // Without it the peak includes what was before, which is more, not less.
    let _ = std::fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

async fn skopeo(from: &str, to: &str, password: &str) -> Result<()> {
    let mut command = Command::new("skopeo");
    command.args(["copy", "--quiet", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false"]);
    // What it remembers of an earlier copy would let it mount instead of send.
    let folder = std::env::temp_dir().join(format!("gantry-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    command.env("XDG_DATA_HOME", &folder).env("HOME", &folder);
    if !from.starts_with("oci:") {
        command.arg("--src-no-creds");
    }
    let done = command.args(["--dest-creds", password, from, to]).output().await?;
    std::fs::remove_dir_all(&folder)?;
    ensure!(done.status.success(), "skopeo: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

/// Measures, prints, and takes the image away again.
pub async fn measure(a: &Arguments) -> Result<()> {
    let data = a.data_dir.join("images");
    let layout = data.join("layout");
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    std::fs::create_dir_all(&data)?;
    let outcome = run(a, &data, &layout).await;
    std::fs::remove_dir_all(&data)?;
    outcome
}

async fn run(a: &Arguments, data: &Path, layout: &Path) -> Result<()> {
    let (sandbox, cloud) = child::sandbox(&a.bin, data, "cloud", false).await?;
    let (endpoint, python) = (text(&cloud, "endpoint_url")?, text(&cloud, "python")?);
    let script = data.join("images.py");
    std::fs::write(&script, include_str!("images.py"))?;
    let set = Set { python, script: script.display().to_string(), endpoint };
    let layout_text = layout.display().to_string();
    let (layers, layer) = (LAYERS.to_string(), LAYER.to_string());
    let made = set.ask("make", &[&layout_text, &layers, &layer]).await.context("the image")?;
    let bytes = made["bytes"].as_u64().context("no size")? as f64;
    let archive = layout.with_extension("tar");
    let mut source = Reporter::start(
        Path::new(python),
        &[&set.script, "serve", &layout_text],
        &[],
        &a.data_dir.join("images-source.log"),
    )?;
    let port = source.event("ready", Duration::from_secs(30)).await?["port"].as_u64().context("no port")?;
    let from = format!("127.0.0.1:{port}/bench/image:v1");

    let config = data.join("images.toml");
    let connection = format!(
        "requests_per_second = 1000000\n\n[registries]\nexceptions = [\"127.0.0.1:{port}\"]\n\n[[connections]]\nname = \"bench\"\naccount = \"{ACCOUNT}\"\nregions = [\"eu-west-1\"]\nendpoint_url = \"{endpoint}\"\naccess_key = \"{ACCOUNT}\"\nsecret_key = \"sandbox\"\nsandbox = true\n"
    );
    std::fs::write(&config, connection)?;
    let store = gantry_store::Store::connect(text(&cloud, "database_url")?).await?;
    store.migrate().await?;
    store.close().await;
    let (gantry, base, _, token) =
        server(a, text(&cloud, "database_url")?, &config, "images-gantry", "operator").await?;
    let api = Api { client: reqwest::Client::new(), base, token };
    let password = set.ecr("password", &[]).await?;
    let password = password.as_str().context("no password")?;
    let registry = endpoint.trim_start_matches("http://");
    let has_skopeo = Command::new("skopeo").arg("--version").output().await.is_ok_and(|done| done.status.success());

    println!("\nAn image of {:.1} GB in {LAYERS} layers that cannot be compressed, best of {ROUNDS}", bytes / 1e9);
    if !has_skopeo {
        println!("  skopeo is not installed: nothing to compare with (Debian: apt-get install skopeo)");
    }
    for way in ["pushed from an archive", "copied from another registry"] {
        let pushed = way.starts_with("pushed");
        let (mut best, mut grown, mut theirs) = (f64::MAX, 0.0_f64, f64::MAX);
        for round in 0..ROUNDS {
            let word = if pushed { "push" } else { "copy" };
            let own = format!("bench/{word}-gantry-{round}");
            set.ecr("create", &[&own]).await?;
            let idle = measure::memory(gantry.pid());
            forget_peak(gantry.pid());
            let start = Instant::now();
            match pushed {
                true => api.push(&archive, &own, &format!("bench{word}{round}")).await?,
                false => api.copy(&from, &own).await?,
            }
            best = best.min(start.elapsed().as_secs_f64());
            let peak = measure::memory(gantry.pid());
            if let (Some((idle, _)), Some((_, peak))) = (idle, peak) {
                grown = grown.max(peak - idle);
            }
            ensure!(set.ecr("digest", &[&own]).await? == made["digest"], "another image arrived");
            set.ecr("delete", &[&own]).await?;
            if has_skopeo {
                let other = format!("bench/{word}-skopeo-{round}");
                set.ecr("create", &[&other]).await?;
                let source = if pushed { format!("oci:{layout_text}:v1") } else { format!("docker://{from}") };
                let start = Instant::now();
                skopeo(&source, &format!("docker://{registry}/{other}:v1"), password).await?;
                theirs = theirs.min(start.elapsed().as_secs_f64());
                set.ecr("delete", &[&other]).await?;
            }
        }
        let rate = |seconds: f64| bytes / 1e6 / seconds;
        row(&format!("Gantry: {way}"), format!("{best:>6.1} s  {:>6.0} MB/s", rate(best)));
        if has_skopeo {
            row("skopeo copy", format!("{theirs:>6.1} s  {:>6.0} MB/s", rate(theirs)));
            row("Gantry's throughput by skopeo's", format!("{:>6.2}", theirs / best));
        }
        row("server memory above idle, at its peak", format!("{grown:>6.0} MiB"));
    }
    gantry.stop().await?;
    source.stop().await.or_else(|_| anyhow::Ok(()))?;
    sandbox.stop().await
}

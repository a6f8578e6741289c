//! The whole sandbox on a folder of its own: killed twice, its data stays and nothing is left running.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

/// Installing the emulator needs the network: generous, since it says nothing about the sandbox.
const PATIENCE: Duration = Duration::from_secs(180);

/// Nobody listens there.
const SOMEBODYS_DATABASE: &str = "postgres://somebody@127.0.0.1:1/precious";

struct Sandbox {
    process: Child,
    database_url: String,
    endpoint: String,
    python: String,
}

impl Sandbox {
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_gantry-sandbox"))
            .args(["up", "--exit-with-stdin", "--own-database", "--no-fleet", "--data-dir"])
            .arg(folder)
            // A real database of whoever runs the tests must not be touched: with this one nothing below would work.
            .env("DATABASE_URL", SOMEBODYS_DATABASE)
            .env("SANDBOX_LOG", "warn")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (lines, inbox) = mpsc::channel();
        let out = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
        let until = Instant::now() + PATIENCE;
        loop {
            let line = inbox
                .recv_timeout(until.saturating_duration_since(Instant::now()))
                .expect("the sandbox should become ready");
            let event: Value = serde_json::from_str(&line).unwrap();
            match event["event"].as_str() {
                Some("ready") => {
                    let text = |name: &str| event[name].as_str().unwrap().to_owned();
                    return Self {
                        process,
                        database_url: text("database_url"),
                        endpoint: text("endpoint_url"),
                        python: text("python"),
                    };
                }
                Some("failed") => panic!("{line}"),
                _ => {}
            }
        }
    }

    /// A call in AWS's JSON protocol; the answer's body.
    fn call(&self, service: &str, method: &str, path: &str, target: &str, body: &Value) -> Value {
        let address = self.endpoint.strip_prefix("http://").unwrap();
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let body = body.to_string();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: {target}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=111122223333/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (start, end) = (answer.find(['{', '[']).unwrap_or(0), answer.rfind(['}', ']']).map_or(0, |at| at + 1));
        serde_json::from_str(answer.get(start..end).unwrap_or("null")).unwrap_or_else(|_| panic!("{answer}"))
    }

    /// Asks as AWS's own clients do.
    fn check(&self, program: &str, which: &str) {
        let path = format!("{}/tests/{program}", env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(&self.python);
        command.args(["-B", &path, which]).env("AWS_ENDPOINT_URL", &self.endpoint);
        assert!(command.status().unwrap().success(), "{program} {which}");
    }

    /// What an unsigned request with these headers is answered at a port.
    fn answer(port: &str, headers: &str) -> String {
        let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        write!(stream, "GET /2015-03-31/functions HTTP/1.1\r\nConnection: close\r\n{headers}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Pages of the web could make functions and run them: neither the gateway nor the emulator behind it hears them.
    fn refuses_web_pages(&self, folder: &Path) {
        let gateway = self.endpoint.rsplit(':').next().unwrap();
        let emulator = std::fs::read_to_string(folder.join("run/emulator.port")).unwrap();
        for port in [gateway, emulator.trim()] {
            let here = format!("Host: 127.0.0.1:{port}");
            let program = Self::answer(port, &here);
            assert!(program.starts_with("HTTP/1.1 200 "), "{program}");
            assert!(port != gateway || !program.to_lowercase().contains("access-control-"), "{program}");
            for page in ["Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"] {
                let refused = Self::answer(port, &format!("{here}\r\n{page}"));
                assert!(refused.starts_with("HTTP/1.1 403 "), "{page} at {port}: {refused}");
            }
            let renamed = Self::answer(port, "Host: evil.example");
            assert!(renamed.starts_with("HTTP/1.1 403 "), "{renamed}");
        }
    }

    async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.database_url).await.unwrap()
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn end(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }
}

/// Processes that were started for a folder: number and command line.
fn processes(folder: &Path) -> Vec<(u32, String)> {
    let output = Command::new("ps").args(["-eo", "pid=,args=", "-ww"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| line.contains(folder.to_str().unwrap()))
        .filter_map(|line| line.trim().split_once(' ').map(|(pid, command)| (pid.parse().unwrap(), command.to_owned())))
        .collect()
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `index.py`: `def handler(e, c): return {'ok': 1}`
const FUNCTION: &str = "UEsDBBQAAAAAAAAAIVymz2AjIgAAACIAAAAIAAAAaW5kZXgucHlkZWYgaGFuZGxlcihlLGMpOiByZXR1cm4geydvayc6MX0KUEsBAhQDFAAAAAAAAAAhXKbPYCMiAAAAIgAAAAgAAAAAAAAAAAAAAIABAAAAAGluZGV4LnB5UEsFBgAAAAABAAEANgAAAEgAAAAAAA==";

#[tokio::test]
async fn survives_being_killed() {
    let folder = Folder(
        std::env::temp_dir().canonicalize().unwrap().join(format!("gantry-sandbox-test-{}", std::process::id())),
    );

    let first = Sandbox::start(&folder.0);
    assert_ne!(first.database_url, SOMEBODYS_DATABASE);
    sqlx::query("CREATE TABLE kept (name text)").execute(&mut first.connect().await).await.unwrap();
    sqlx::query("INSERT INTO kept VALUES ('a row')").execute(&mut first.connect().await).await.unwrap();
    first.call(
        "ecr",
        "POST",
        "/",
        "AmazonEC2ContainerRegistry_V20150921.CreateRepository",
        &json!({ "repositoryName": "kept/repository" }),
    );
    // A function that ran leaves a warm worker behind, which must not outlive the sandbox.
    let function = json!({ "FunctionName": "kept", "Runtime": "python3.12", "Role": "arn:aws:iam::111122223333:role/r", "Handler": "index.handler", "Code": { "ZipFile": FUNCTION } });
    first.call("lambda", "POST", "/2015-03-31/functions", "", &function);
    assert_eq!(
        first.call("lambda", "POST", "/2015-03-31/functions/kept/invocations", "", &json!({})),
        json!({ "ok": 1 })
    );
    first.refuses_web_pages(&folder.0);
    first.check("ecr.py", "check");
    first.check("named.py", "check");
    first.check("revisions.py", "check");
    first.check("image_functions.py", "check");
    // The busy port of a second start on the same folder is not the problem: the folder is.
    let second_start = Command::new(env!("CARGO_BIN_EXE_gantry-sandbox"))
        .args(["postgres", "--data-dir"])
        .arg(&folder.0)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&second_start.stdout).contains("another sandbox is using"));
    let (database_url, endpoint) = (first.database_url.clone(), first.endpoint.clone());
    first.kill();

    // Its guards are still ending things when this one comes.
    let second = Sandbox::start(&folder.0);
    assert_same(&second, &database_url, &endpoint).await;
    // Now the guards die as well: the children are orphans that nobody told to stop.
    let guards: Vec<u32> =
        processes(&folder.0).iter().filter(|(_, command)| command.contains(" guard ")).map(|(pid, _)| *pid).collect();
    assert_eq!(guards.len(), 2);
    second.kill_with(&guards);

    let third = Sandbox::start(&folder.0);
    assert_same(&third, &database_url, &endpoint).await;
    third.check("ecr.py", "again");
    third.check("named.py", "again");
    third.check("revisions.py", "again");
    third.check("image_functions.py", "again");
    let running = processes(&folder.0);
    assert_eq!(
        running.iter().filter(|(_, command)| command.contains("run.py") && !command.contains(" guard ")).count(),
        1,
        "{running:#?}"
    );
    third.end();
    wait_until("nothing should be left running", || processes(&folder.0).is_empty());
}

#[test]
fn a_database_that_no_postgres_here_can_read_is_left_alone_and_told_in_one_line() {
    let folder = Folder(
        std::env::temp_dir().canonicalize().unwrap().join(format!("gantry-sandbox-old-test-{}", std::process::id())),
    );
    let data = folder.0.join("postgres/data");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    let start = Command::new(env!("CARGO_BIN_EXE_gantry-sandbox"))
        .args(["postgres", "--own-database", "--data-dir"])
        .arg(&folder.0)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(start.status.code(), Some(1));
    let said = String::from_utf8(start.stdout).unwrap();
    let last: Value = serde_json::from_str(said.lines().next_back().unwrap()).unwrap();
    assert_eq!(last["event"], "failed", "{said}");
    let message = last["message"].as_str().unwrap();
    let (before, after) = message.split_once(" was made by Postgres 9, and this machine has ").unwrap_or((message, ""));
    assert_eq!(before, format!("the database in {}", data.display()));
    assert!(
        after.contains(": install Postgres 9 ") && after.ends_with("--fresh to begin with an empty one"),
        "{message}"
    );
    assert!(!message.contains('\n') && !said.contains("downloading"), "{said}");
    assert_eq!(std::fs::read_to_string(data.join("PG_VERSION")).unwrap(), "9\n");
}

impl Sandbox {
    /// Kills this process and others in one breath.
    fn kill_with(self, others: &[u32]) {
        let mut all: Vec<String> = others.iter().map(u32::to_string).collect();
        all.push(self.process.id().to_string());
        assert!(Command::new("kill").arg("-9").args(&all).status().unwrap().success());
        let mut process = self.process;
        process.wait().unwrap();
    }
}

async fn assert_same(sandbox: &Sandbox, database_url: &str, endpoint: &str) {
    assert_eq!((sandbox.database_url.as_str(), sandbox.endpoint.as_str()), (database_url, endpoint));
    let name: String =
        sqlx::query_scalar("SELECT name FROM kept").fetch_one(&mut sandbox.connect().await).await.unwrap();
    assert_eq!(name, "a row");
    let repositories =
        sandbox.call("ecr", "POST", "/", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories", &json!({}));
    assert_eq!(repositories["repositories"][0]["repositoryName"], "kept/repository");
}

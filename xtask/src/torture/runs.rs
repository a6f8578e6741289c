//! One run after another through the HTTP API, as a person's script would make them, on servers that come and go.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::ACCOUNTS;
use super::changes;
use super::dice::{Dice, luck};
use super::http::{self, Message};
use super::road::PREFIX;
use super::servers::Servers;
use super::weather::Weather;

/// A run that has not ended after this is one without an end.
const END: Duration = Duration::from_secs(300);
/// A request waits for AWS as long as that: one call in it may meet the longest silence.
const LIMIT: Duration = Duration::from_secs(45);

/// What speaks to the servers.
#[derive(Debug)]
pub struct Api {
    ports: Vec<u16>,
    token: String,
    next: AtomicUsize,
}

impl Api {
    /// On these ports, with a token of somebody who may do everything.
    pub fn new(ports: Vec<u16>, token: String) -> Self {
        Self { ports, token, next: AtomicUsize::new(0) }
    }

    /// Asks whichever server answers. An error is that none did.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, Value)> {
        let port = self.ports[self.next.fetch_add(1, Ordering::Relaxed) % self.ports.len()];
        let headers = [
            ("host", format!("127.0.0.1:{port}")),
            ("authorization", format!("Bearer {}", self.token)),
            ("content-type", "application/json".to_owned()),
        ];
        let request = Message {
            first: format!("{method} /api/v1{path} HTTP/1.1"),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            body: body.map(|body| body.to_string().into_bytes()).unwrap_or_default(),
        };
        let answer = http::exchange(port, &request, LIMIT)?;
        Ok((answer.status(), serde_json::from_slice(&answer.body).unwrap_or_default()))
    }

    /// Asks until it is answered well: AWS's faults reach people too, and servers die.
    pub fn insist(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let (begin, mut last) = (Instant::now(), String::new());
        while begin.elapsed() < END {
            match self.ask(method, path, body) {
                Ok((200..300, value)) => return Ok(value),
                Ok((status, value)) => last = format!("{status} {value}"),
                Err(error) => last = error.to_string(),
            }
            std::thread::sleep(Duration::from_millis(120));
        }
        bail!("{method} {path}: {last}")
    }

    /// The review of these answers. Which images there are is known once they are collected, which is waited for.
    pub fn review(&self, answers: &Value) -> Result<Value> {
        let begin = Instant::now();
        loop {
            let review = self.insist("POST", "/plans", Some(answers))?;
            let unseen = review["wrong"]["digest"].as_str().is_some_and(|wrong| wrong.contains("has not seen it yet"));
            if !unseen || begin.elapsed() > END {
                return Ok(review);
            }
            // It is collected some time anyway.
            let _ = self.ask("POST", "/refresh", Some(&json!({ "kind": "ecr.image" })));
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    /// Every run there is, with its plan and journal.
    pub fn runs(&self) -> Result<Vec<Value>> {
        let (mut runs, mut page) = (vec![], String::new());
        loop {
            let lines = self.insist("GET", &format!("/runs?limit=100{page}"), None)?;
            let lines = lines.as_array().cloned().unwrap_or_default();
            let Some(last) = lines.last() else { return Ok(runs) };
            page = format!("&before={},{}", last["made"], last["id"].as_str().unwrap_or_default());
            for line in &lines {
                runs.push(self.run(line["id"].as_str().context("a run without an id")?)?);
            }
        }
    }

    /// A run.
    pub fn run(&self, id: &str) -> Result<Value> {
        self.insist("GET", &format!("/runs/{id}"), None)
    }
}

/// Answers of the wizard: from one step to three.
pub fn answers(seed: u64, repository: &str) -> Value {
    let (seed, name) = luck(seed, repository);
    let mut dice = Dice::of(seed, &format!("{name} answers"));
    let rules: Vec<Value> = (1..=dice.below(4)).map(|n| {
        let selection = json!({ "tagStatus": "tagged", "tagPrefixList": [format!("v{n}-")], "countType": "imageCountMoreThan", "countNumber": n * 7 });
        json!({ "rulePriority": n, "description": format!("it's rule {n}"), "selection": selection, "action": { "type": "expire" } })
    }).collect();
    let lifecycle = if rules.is_empty() { String::new() } else { json!({ "rules": rules }).to_string() };
    let pull = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "pull", "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::444455556666:root" },
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] }] });
    let permissions = if dice.one_in(3) { String::new() } else { pull.to_string() };
    let exclusions: Vec<&str> = if dice.one_in(2) { vec!["latest", "dev-*"] } else { vec![] };
    let tags: Vec<[String; 2]> =
        (0..dice.below(4)).map(|n| [format!("team:{n}"), format!("shop + web/{n} ä")]).collect();
    json!({
        "scope": { "account": ACCOUNTS.gantry, "region": "eu-west-1" },
        "wizard": "create-repository",
        "answers": {
            "name": repository, "immutable": dice.one_in(2), "exclusions": exclusions, "scan_on_push": dice.one_in(2),
            "lifecycle": lifecycle, "permissions": permissions, "tags": tags,
        },
    })
}

/// The repository of the run with this number.
pub fn name(n: u64) -> String {
    format!("{PREFIX}r{n:05}")
}

/// The same with the luck of this seed, in the storm of another.
pub fn name_of(seed: u64, n: u64) -> String {
    format!("{PREFIX}s{seed}-r{n:05}")
}

/// Plan and begin. The id is unknown when the server died before it told.
pub fn begin(api: &Api, answers: &Value) -> Result<()> {
    let begin = Instant::now();
    loop {
        let reviewed = api.insist("POST", "/plans", Some(answers))?;
        // Begun by a try before this one whose answer was lost: then it exists, and cannot be planned again.
        let Some(hash) = reviewed["plan"]["hash"].as_str() else { return Ok(()) };
        match api.ask("POST", "/runs", Some(&json!({ "answers": answers, "hash": hash }))) {
            Ok((201, _)) => return Ok(()),
            last if begin.elapsed() > END => bail!("a run cannot be begun: {last:?}"),
            _ => std::thread::sleep(Duration::from_millis(150)),
        }
    }
}

/// The runs of a repository.
pub fn of(api: &Api, repository: &str) -> Result<Vec<(String, String)>> {
    let mut found = vec![];
    let lines = api.insist("GET", &format!("/runs?limit=20&q={repository}"), None)?;
    for line in lines.as_array().into_iter().flatten() {
        let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
        found.push((text("id"), text("state")));
    }
    Ok(found)
}

/// Waits until all runs of a repository rest; answers whether they do.
fn rests(api: &Api, servers: &Servers, repository: &str) -> Result<Option<Vec<(String, String)>>> {
    let begin = Instant::now();
    while begin.elapsed() < END {
        let runs = of(api, repository)?;
        if !runs.is_empty() && runs.iter().all(|(_, state)| ["applied", "undone", "stuck"].contains(&state.as_str())) {
            return Ok(Some(runs));
        }
        if let Some(why) = servers.broken() {
            bail!("{why}");
        }
        std::thread::sleep(Duration::from_millis(150));
    }
    Ok(None)
}

/// What the runs are made of.
#[derive(Debug)]
pub struct Story {
    /// What comes follows from this.
    pub seed: u64,
    /// The port of the registry that images are copied from.
    pub source: u16,
    /// The only wizard by which repositories are changed later; any where there is none.
    pub only: Option<String>,
}

/// A whole run: plan, begin, and sometimes a cancel in the middle, an undo or another plan afterwards, or another try at what is stuck.
pub fn make(api: &Api, servers: &Servers, weather: &Weather, story: &Story, repository: &str) -> Result<()> {
    let (seed, name) = luck(story.seed, repository);
    let mut dice = Dice::of(seed, &format!("{name} person"));
    begin(api, &answers(seed, repository))?;
    let whim = dice.below(10);
    if whim < 2 {
        std::thread::sleep(Duration::from_millis(dice.below(900)));
        for (id, _) in of(api, repository)? {
            // It may have ended: then this undoes it, or says that there is nothing to take back.
            let _ = api.ask("POST", &format!("/runs/{id}/cancel"), Some(&json!({})));
        }
    }
    let Some(runs) = rests(api, servers, repository)? else { return Ok(()) };
    let applied = runs.iter().find(|(_, state)| state == "applied");
    if let Some((id, _)) = applied.filter(|_| whim >= 6)
        && matches!(api.ask("POST", &format!("/runs/{id}/cancel"), Some(&json!({}))), Ok((202, _)))
    {
        rests(api, servers, repository)?;
    }
    if applied.is_some() && (2..6).contains(&whim) {
        change(api, servers, story, repository, dice.one_in(3))?;
    }
    if dice.one_in(2) {
        // The cause is put right, and somebody tries again.
        for (id, _) in rests(api, servers, repository)?.into_iter().flatten().filter(|(_, state)| state == "stuck") {
            weather.lift(ACCOUNTS.gantry, repository);
            let run = api.run(&id)?;
            for (step, progress) in steps(&run).filter(|(_, progress)| progress["state"] == "stuck") {
                let path = format!("/runs/{id}/steps/{}", step["id"].as_str().unwrap_or_default());
                let _ = (progress, api.ask("POST", &path, Some(&json!({ "decision": "retry" }))));
                rests(api, servers, repository)?;
            }
        }
    }
    Ok(())
}

/// Another plan for what was made, taken back afterwards or not.
fn change(api: &Api, servers: &Servers, story: &Story, repository: &str, undo: bool) -> Result<()> {
    changes::begin(api, &changes::answers(story, repository)?, repository)?;
    let Some(runs) = rests(api, servers, repository)? else { return Ok(()) };
    // The latest is the first of the list.
    if let Some((id, _)) = runs.first().filter(|(_, state)| undo && runs.len() > 1 && state == "applied") {
        // One that deletes cannot be taken back, and says so.
        let _ = api.ask("POST", &format!("/runs/{id}/cancel"), Some(&json!({})));
        rests(api, servers, repository)?;
    }
    Ok(())
}

/// The steps of a run with what its journal says of them.
pub fn steps(view: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    let list = |value: &'static str| view["run"].pointer(value).and_then(Value::as_array).into_iter().flatten();
    list("/plan/steps").zip(list("/steps"))
}

//! What people use instead: the plan's own script of AWS CLI calls, and a boto3 script that cleans up after an exception. They make the same
//! calls on the same kind of road, and die at the same calls.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

use super::oracle::Sandbox;
use super::road::{self, Sender};
use super::weather::Weather;
use super::{ACCOUNTS, Tools, runs};
use crate::checkout;
use crate::process::{self, Ending};

/// What a script left.
#[derive(Debug)]
pub struct Left {
    /// Scripts that were run.
    pub runs: u64,
    /// Those that were killed.
    pub kills: u64,
    /// Those that ended well.
    pub finished: u64,
    /// Repositories, and policies of them, that exist though their script did not finish.
    pub orphans: u64,
}

#[derive(Debug, Default)]
struct Running(Mutex<(HashMap<String, Pid>, BTreeSet<String>)>);

impl Sender for Running {
    fn kill(&self, repository: &str) {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pid) = inside.0.get(repository).copied() {
            let _ = kill_process_group(pid, Signal::KILL);
            inside.1.insert(repository.to_owned());
        }
    }
    // A script that is stopped for a while goes on as if nothing had been.
    fn stop(&self) {}
}

/// What runs a script: the folder for its file, the plan's review, the account that it is for.
pub type Prepare = fn(&Tools, &Path, &Value, &str) -> Result<Command>;

/// The plan's own script, as if it were made for this account.
pub fn cli(tools: &Tools, folder: &Path, review: &Value, account: &str) -> Result<Command> {
    let file = folder.join("script.sh");
    let script = review["cli"].as_str().context("a review without a script")?;
    checkout::write(&file, script.replace(ACCOUNTS.gantry, account))?;
    let mut command = process::command("sh");
    command.arg(file);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let first = tools.aws.parent().map(Path::to_owned);
    let path = std::env::join_paths(first.into_iter().chain(std::env::split_paths(&path)))?;
    command.env("PATH", path);
    Ok(command)
}

/// The same calls with boto3.
pub fn boto3(tools: &Tools, folder: &Path, review: &Value, _account: &str) -> Result<Command> {
    let (script, plan) = (folder.join("script.py"), folder.join("plan.json"));
    checkout::write(&script, include_str!("script.py"))?;
    checkout::write(&plan, review["plan"]["steps"].to_string())?;
    let mut command = process::command(&tools.python);
    command.arg(script).arg(plan);
    Ok(command)
}

/// Variables under which either finds an endpoint and an account.
pub fn environment(port: u16, account: &str) -> [(&'static str, String); 6] {
    [
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        ("AWS_ACCESS_KEY_ID", account.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "sandbox".to_owned()),
        ("AWS_DEFAULT_REGION", "eu-west-1".to_owned()),
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
    ]
}

/// Runs so many scripts in an account of their own, two at a time.
pub fn torture(
    tools: &Tools,
    weather: &Arc<Weather>,
    sandbox: &Sandbox,
    prepare: Prepare,
    plans: &[(String, Value)],
) -> Result<Left> {
    let running = Arc::new(Running::default());
    let port = road::open(sandbox.port, weather.clone(), running.clone())?;
    let next = Mutex::new(plans.iter());
    let finished = Mutex::new(BTreeSet::new());
    let work = || -> Result<()> {
        loop {
            let Some((repository, review)) = next.lock().unwrap_or_else(PoisonError::into_inner).next() else {
                return Ok(());
            };
            let folder = tempfile::tempdir().context("cannot make a folder for a script")?;
            let mut command = prepare(tools, folder.path(), review, &sandbox.account)?;
            command.envs(environment(port, &sandbox.account)).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = process::spawn(&mut command, Ending::Group)?;
            if let Some(pid) = Pid::from_raw(child.id().cast_signed()) {
                let mut inside = running.0.lock().unwrap_or_else(PoisonError::into_inner);
                inside.0.insert(repository.clone(), pid);
            }
            let ended = process::wait(&mut child)?;
            running.0.lock().unwrap_or_else(PoisonError::into_inner).0.remove(repository);
            if ended.success() {
                finished.lock().unwrap_or_else(PoisonError::into_inner).insert(repository.clone());
            }
        }
    };
    std::thread::scope(|scope| {
        let workers = [scope.spawn(work), scope.spawn(work)];
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| anyhow::bail!("a script's thread died")))
    })?;
    let finished = finished.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut orphans = 0;
    for (name, there) in sandbox.listing()? {
        if name.starts_with(road::PREFIX) && !finished.contains(&name) {
            orphans += 1 + ["lifecycle", "permissions"].iter().filter(|part| !there[**part].is_null()).count() as u64;
        }
    }
    let kills = running.0.lock().unwrap_or_else(PoisonError::into_inner).1.len() as u64;
    Ok(Left { runs: plans.len() as u64, kills, finished: finished.len() as u64, orphans })
}

/// The reviews of the first so many runs: nothing is made.
pub fn reviews(api: &runs::Api, seed: u64, many: u64) -> Result<Vec<(String, Value)>> {
    let review = |n| {
        // Not yet taken, whatever became of the run: the plan is the same but for the name.
        let name = runs::name(n);
        let mut answers = runs::answers(seed, &name);
        answers["scope"]["region"] = "us-east-1".into();
        let review = api.insist("POST", "/plans", Some(&answers))?;
        let text = review["plan"].to_string().replace("us-east-1", "eu-west-1");
        Ok((name, serde_json::from_str(&text)?))
    };
    (0..many).map(review).collect()
}

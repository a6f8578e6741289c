//! What the engine adds to a call: journal, lease and news, against a real Postgres and a cloud that answers at once.

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use domain::ecr::calls::Call as Ecr;
use domain::plan::run::{Run, State};
use domain::plan::{Answers, Call, Effect, FORMAT, Plan, Step, Subject, Undo};
use domain::{Problem, Scope};
use gantry::apply::{Cloud, Course, Engine, Patience};
use gantry_store::Store;
use gantry_store::audit::Entry;
use gantry_store::runs::Stored;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

use crate::child::sandbox;
use crate::{now, row, text};

/// Steps of one run.
const STEPS: usize = 20;
/// Runs, one after the other; and as many at once.
const RUNS: usize = 15;
const ABREAST: usize = 8;

/// Tags of one repository each run, in memory.
#[derive(Default)]
struct Instant(Mutex<std::collections::BTreeMap<String, Map<String, Value>>>);

#[async_trait]
impl Cloud for Instant {
    async fn make(&self, _: &Scope, call: &Call, _: &Course) -> Result<Option<String>, Problem> {
        if let Call::Ecr(Ecr::TagResource(input)) = call {
            let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let tags = inside.entry(input.resource_arn.clone()).or_default();
            tags.extend(input.tags.iter().map(|tag| (tag.key.clone(), json!(tag.value))));
        }
        Ok(None)
    }
    async fn read(&self, _: &Scope, subject: &Subject) -> Result<Option<Value>, Problem> {
        let Subject::Ecr(domain::ecr::subject::Subject::Tags { arn }) = subject else { return Ok(None) };
        let inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Some(Value::Object(inside.get(arn).cloned().unwrap_or_default())))
    }
}

fn run(id: &str) -> Result<Stored> {
    let scope: Scope = serde_json::from_value(json!({ "account": "111122223333", "region": "eu-west-1" }))?;
    let arn = format!("arn:aws:ecr:eu-west-1:111122223333:repository/{id}");
    let call = |operation: &str, input: Value| -> Result<Call> {
        Ok(serde_json::from_value(json!({ "service": "ecr", "operation": operation, "input": input }))?)
    };
    let mut steps = vec![];
    for n in 0..STEPS {
        let key = format!("key-{n}");
        let tags = json!([{ "Key": key, "Value": "a value of some length" }]);
        steps.push(Step {
            id: format!("step-{n}"),
            says: format!("Tag it with {key}"),
            scope: scope.clone(),
            call: call("TagResource", json!({ "resourceArn": arn, "tags": tags }))?,
            effect: Effect::Update,
            before: Some(json!({})),
            depends_on: n.checked_sub(1).map(|before| format!("step-{before}")).into_iter().collect(),
            undo: Undo::Call(call("UntagResource", json!({ "resourceArn": arn, "tagKeys": [key] }))?),
            monthly: None,
        });
    }
    let answers: Answers =
        serde_json::from_value(json!({ "scope": scope, "wizard": "create-repository", "answers": { "name": id } }))?;
    let plan = Plan { format: FORMAT, title: format!("Tag {id}"), scope, steps };
    let run = Run::new(id.to_owned(), plan);
    Ok(Stored { run, answers, person: None, by: "bench".into(), role: None, made: now(), ended: None })
}

async fn begin(store: &Store, id: &str) -> Result<()> {
    let (action, subject, detail) = ("run.begin".into(), id.to_owned(), json!({}));
    let entry = Entry { id: 0, at: now(), person: None, actor: "bench".into(), action, subject, detail };
    Ok(store.begin_run(&run(id)?, &entry).await?)
}

/// Milliseconds per step, from the intent of the first to the result of the last.
async fn ends(store: &Store, id: &str) -> Result<f64> {
    loop {
        let run = store.run(id).await?.context("the run is gone")?.run;
        if !run.state.is_live() {
            ensure!(run.state == State::Applied, "the run ended {:?}: {:?}", run.state, run.problem);
            let began = run.steps.first().and_then(|step| step.began).context("no begin")?;
            let ended = run.steps.last().and_then(|step| step.ended).context("no end")?;
            return Ok((ended.0 - began.0) as f64 / STEPS as f64);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Prints the median and the slowest.
pub async fn measure(bin: &Path, data: &Path) -> Result<()> {
    let (sandbox, cloud) = sandbox(bin, data, "engine", false).await?;
    let store = Store::connect(text(&cloud, "database_url")?).await?;
    store.migrate().await?;
    println!("\nWhat the engine adds to a call, {STEPS} steps a run{:>37}", "median ms   slowest");
    let (stop, stopped) = watch::channel(false);
    let engine = Arc::new(Engine::new(store.clone(), Arc::new(Instant::default()), Patience::default()));
    let driving = tokio::spawn(engine.run(stopped));
    let prefix = format!("{}", now().0);
    let mut alone = vec![];
    for n in 0..RUNS {
        let id = format!("{prefix}-{n}");
        begin(&store, &id).await?;
        alone.push(ends(&store, &id).await?);
    }
    let mut together = vec![];
    for round in 0..RUNS.div_ceil(ABREAST) {
        let ids: Vec<String> = (0..ABREAST).map(|n| format!("{prefix}-{round}-{n}-abreast")).collect();
        for id in &ids {
            begin(&store, id).await?;
        }
        for id in &ids {
            together.push(ends(&store, id).await?);
        }
    }
    for (what, mut times) in [("one run at a time", alone), ("eight runs at once", together)] {
        times.sort_by(f64::total_cmp);
        let slowest = times.last().copied().unwrap_or_default();
        row(what, format!("{:>9.1}   {slowest:>7.1}", times[times.len() / 2]));
    }
    stop.send(true).context("the engine ended by itself")?;
    driving.await?;
    store.close().await;
    sandbox.stop().await
}

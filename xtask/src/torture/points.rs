//! Servers killed at each point of each call of each form, on the way there and on the way back. A round brings a run of each form to its point,
//! where the gate holds it; then every server is killed at once, and new ones have to bring all of them to their ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::forms::{Form, SETTING, everything, forms};
use super::gate::{self, Gate, Point, Watch};
use super::oracle::Sandbox;
use super::road::Sender as _;
use super::rounds::{At, Round, STEPS, rounds};
use super::runs::Api;
use super::servers::{Server, Servers};
use super::{ACCOUNTS, Torture};
use crate::progress;

/// Servers: each drives eight runs at once, and all runs of a round have to be driven at once.
const SERVERS: usize = 3;
/// How long runs may take to their points, and to their ends.
const LIMIT: Duration = Duration::from_secs(90);

type Listing = BTreeMap<String, Value>;

/// How it went.
#[derive(Debug, Default)]
struct Told {
    /// Points at which a server was killed in the middle of a run.
    points: usize,
    offences: Vec<String>,
}

impl Torture<'_> {
    /// Kills servers at the points; answers how many promises were broken.
    pub(super) fn points(&self, all: bool) -> Result<u64> {
        progress::step("Starting a sandbox and servers for the points at which they are killed");
        let world = self.world()?;
        let (gate, servers) = (Arc::new(Gate::default()), Arc::new(Servers::default()));
        let mut ports = vec![];
        for n in 0..SERVERS {
            let way = gate::way(&gate, world.port).context("no way can be opened")?;
            ports.push(self.server(&world, n, way, &servers)?);
        }
        let api = Api::new(ports, self.token(&world)?);
        let sandbox = Sandbox { port: world.port, account: ACCOUNTS.gantry.to_owned() };
        let begin = Instant::now();
        let mut ground = Ground { api, sandbox, gate, servers, told: Told::default() };
        let played = ground.play(all);
        let Ground { servers, told, .. } = ground;
        let kills = servers.end().kills;
        for offence in &told.offences {
            progress::error(offence);
        }
        println!(
            "  {:<44} {} points, {kills} servers killed, {} broken promises in {}",
            "killed at each point",
            told.points,
            told.offences.len(),
            progress::seconds(begin.elapsed())
        );
        played?;
        Ok(told.offences.len() as u64)
    }
}

struct Ground {
    api: Api,
    sandbox: Sandbox,
    gate: Arc<Gate>,
    servers: Arc<Servers>,
    told: Told,
}

/// A run of a form.
struct Run {
    /// Which form.
    form: usize,
    /// What its documents name; nothing for one about the registry.
    name: String,
    /// Where what it writes stands in the list of everything, if it is about the registry.
    registry: Option<&'static str>,
    answers: Value,
    hash: String,
    steps: Vec<Value>,
    /// The step of this round.
    step: usize,
    id: String,
}

/// The call of a step, or of its undo, as the gate tells it.
fn operation(call: &Value) -> String {
    let text = |field: &str| call[field].as_str().unwrap_or_default();
    format!("{}.{}", text("service"), text("operation"))
}

/// The reading that goes right before a whole document is written, or that of a part of the registry.
fn reading(operation: &str) -> Option<&'static str> {
    match operation {
        "ecr.PutLifecyclePolicy" | "ecr.DeleteLifecyclePolicy" => Some("ecr.GetLifecyclePolicy"),
        "ecr.SetRepositoryPolicy" | "ecr.DeleteRepositoryPolicy" => Some("ecr.GetRepositoryPolicy"),
        "ecr.PutReplicationConfiguration" => Some("ecr.DescribeRegistry"),
        "ecr.PutRegistryPolicy" | "ecr.DeleteRegistryPolicy" => Some("ecr.GetRegistryPolicy"),
        "ecr.PutRegistryScanningConfiguration" => Some("ecr.GetRegistryScanningConfiguration"),
        "ecr.PutAccountSetting" => Some("ecr.GetAccountSetting"),
        _ => None,
    }
}

impl Run {
    fn calls(&self) -> Vec<String> {
        self.steps.iter().map(|step| operation(&step["call"])).collect()
    }

    fn undos(&self) -> Vec<String> {
        self.steps.iter().map(|step| operation(&step["undo"]["call"])).collect()
    }

    fn can_go_back(&self) -> bool {
        self.steps.iter().all(|step| step["undo"]["call"].is_object())
    }

    fn there(&self, point: Point) -> Watch {
        let (calls, n) = (self.calls(), self.step);
        let skip = calls[..n].iter().filter(|call| **call == calls[n]).count();
        let after = n.checked_sub(1).map(|before| calls[before].clone());
        self.watch(calls[n].clone(), skip, after, point)
    }

    fn back(&self, point: Point) -> Watch {
        let (undos, n) = (self.undos(), self.step);
        let skip = undos[n + 1..].iter().filter(|undo| **undo == undos[n]).count();
        self.watch(undos[n].clone(), skip, None, point)
    }

    fn watch(&self, operation: String, skip: usize, after: Option<String>, point: Point) -> Watch {
        Watch { name: self.named().to_owned(), reading: reading(&operation), operation, skip, after, point }
    }

    /// What the documents of its calls name. Settings of an account are read by others, too: by the name of the setting its own are told apart.
    fn named(&self) -> &str {
        match self.registry {
            Some("setting") => SETTING,
            _ => &self.name,
        }
    }

    /// What there is of its own, without its name and id.
    fn own(&self, all: &Listing) -> Listing {
        let plain = |text: &str| text.replace(&self.name, "NAME").replace(&self.id, "RUN");
        let kept = all.iter().filter(|(key, _)| self.owns(key));
        match self.registry {
            Some(_) => kept.map(|(key, value)| (key.clone(), value.clone())).collect(),
            None => kept
                .map(|(key, value)| (plain(key), serde_json::from_str(&plain(&value.to_string())).unwrap_or_default()))
                .collect(),
        }
    }

    fn owns(&self, key: &str) -> bool {
        match self.registry {
            Some(part) => key == format!("registry {part}"),
            None => key.split_once(' ').is_some_and(|(_, name)| name == self.name),
        }
    }
}

impl Ground {
    fn play(&mut self, all: bool) -> Result<()> {
        // What each form makes when nothing happens to it.
        let quiet = self.round(Round { number: 0, there: None, back: None, at: At::Turn(0) }, &BTreeMap::new())?;
        for round in rounds(all) {
            let (at, there, back) = (round.at, round.there, round.back);
            progress::note(&format!("{at:?}: killed at {there:?} on the way there, at {back:?} on the way back"));
            self.round(round, &quiet)?;
        }
        Ok(())
    }

    /// A run of each form that has such a step; answers what each made.
    fn round(&mut self, round: Round, quiet: &BTreeMap<usize, Listing>) -> Result<BTreeMap<usize, Listing>> {
        let mut runs = vec![];
        for (n, form) in forms().iter().enumerate() {
            runs.extend(self.planned(round, n, form)?);
        }
        if runs.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.gate.forget();
        let before = everything(&self.sandbox)?;
        for run in &mut runs {
            self.gate.watch(round.there.map(|point| run.there(point)));
            let begin = json!({ "answers": run.answers, "hash": run.hash });
            let begun = self.api.insist("POST", "/runs", Some(&begin));
            let begun = begun.with_context(|| format!("a run of {} does not begin", run.answers["wizard"]))?;
            run.id = begun["id"].as_str().context("a run without an id")?.to_owned();
            self.gate.begun(run.named(), &run.calls()[run.step]);
        }
        if round.there.is_some() {
            self.kill(runs.len())?;
        }
        self.end(&runs, &["applied", "undone", "stuck"], "applied")?;
        let after = everything(&self.sandbox)?;
        let made = runs.iter().map(|run| (run.form, run.own(&after))).collect::<BTreeMap<_, _>>();
        for run in &runs {
            let what = format!("{:?} at step {} of {}", round.there, run.step, run.answers["wizard"]);
            if let Some(wanted) = quiet.get(&run.form).filter(|wanted| **wanted != made[&run.form]) {
                let offence = format!("{what}: there is {:?}, and otherwise {wanted:?}", made[&run.form]);
                self.told.offences.push(offence);
            }
            self.often(run, &run.calls(), &what);
        }
        self.others(&runs, &before, &after);
        runs.retain(Run::can_go_back);
        self.back(round, &runs, &before)?;
        for (n, form) in forms().iter().enumerate() {
            form.clear(&self.sandbox, &round.name(n))?;
        }
        Ok(made)
    }

    fn planned(&self, round: Round, n: usize, form: &Form) -> Result<Option<Run>> {
        let name = form.registry.map_or_else(|| round.name(n), |_| String::new());
        let answers = form.prepare(&self.sandbox, &name)?;
        let review = self.api.insist("POST", "/plans", Some(&answers))?;
        let (hash, steps) = (&review["plan"]["hash"], review["plan"]["plan"]["steps"].as_array());
        let (Some(hash), Some(steps)) = (hash.as_str(), steps) else { bail!("a plan is refused: {answers}: {review}") };
        ensure!((1..=STEPS).contains(&steps.len()), "{} has {} steps", form.wizard, steps.len());
        Ok(round.at.of(steps.len()).map(|step| Run {
            form: n,
            name,
            registry: form.registry,
            hash: hash.to_owned(),
            steps: steps.clone(),
            answers,
            step,
            id: String::new(),
        }))
    }

    /// Takes runs back: nothing of them may stay.
    fn back(&mut self, round: Round, runs: &[Run], before: &Listing) -> Result<()> {
        if runs.is_empty() {
            return Ok(());
        }
        for run in runs {
            self.gate.watch(round.back.map(|point| run.back(point)));
            self.api.insist("POST", &format!("/runs/{}/cancel", run.id), Some(&json!({})))?;
        }
        if round.back.is_some() {
            self.kill(runs.len())?;
        }
        self.end(runs, &["undone", "stuck"], "undone")?;
        let after = everything(&self.sandbox)?;
        for run in runs {
            let what = format!("{:?} in the undo of step {} of {}", round.back, run.step, run.answers["wizard"]);
            let (was, is) = (run.own(before), run.own(&after));
            if was != is {
                self.told.offences.push(format!("{what}: there is {is:?}, and was {was:?}"));
            }
            self.often(run, &[run.calls(), run.undos()].concat(), &what);
        }
        Ok(())
    }

    /// Every server, once all runs stand at their points.
    fn kill(&mut self, runs: usize) -> Result<()> {
        let late = self.gate.gathered(LIMIT);
        for n in 0..SERVERS {
            Server { servers: self.servers.clone(), n }.kill("");
        }
        self.gate.open();
        ensure!(late.is_empty(), "these do not come to their points: {late:?}");
        self.told.points += runs;
        Ok(())
    }

    /// Waits for the ends of runs, which have to be these.
    fn end(&mut self, runs: &[Run], ends: &[&str], wanted: &str) -> Result<()> {
        let begin = Instant::now();
        for run in runs {
            loop {
                let view = self.api.run(&run.id)?;
                let state = view["run"]["state"].as_str().unwrap_or_default();
                if state == wanted {
                    break;
                }
                if ends.contains(&state) || begin.elapsed() > LIMIT {
                    let (wizard, steps) = (&run.answers["wizard"], &view["run"]["steps"]);
                    self.told.offences.push(format!("a run of {wizard} is {state} and not {wanted}: {steps}"));
                    break;
                }
                if let Some(why) = self.servers.broken() {
                    bail!("{why}");
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(())
    }

    /// Each call was made as often as the run has it.
    fn often(&mut self, run: &Run, calls: &[String], what: &str) {
        let mut wanted = BTreeMap::<&str, u64>::new();
        calls.iter().for_each(|call| *wanted.entry(call).or_default() += 1);
        for (call, wanted) in wanted {
            let often = self.gate.how_often_made(call, &run.name);
            if often != wanted {
                self.told.offences.push(format!("{what}: {call} was made {often} times, and not {wanted}"));
            }
        }
    }

    /// What is nobody's has to stay as it was.
    fn others(&mut self, runs: &[Run], before: &Listing, after: &Listing) {
        let others = |all: &Listing| {
            let mut all = all.clone();
            all.retain(|key, _| !runs.iter().any(|run| run.owns(key)));
            all
        };
        let (was, is) = (others(before), others(after));
        if was != is {
            self.told.offences.push(format!("what no run wrote is {is:?}, and was {was:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_call_of_another_step_is_let_through() {
        let call = |operation: &str| json!({ "service": "ecr", "operation": operation });
        let step = |there: &str, back: &str| json!({ "call": call(there), "undo": { "call": call(back) } });
        let run = Run {
            form: 0,
            name: "torture/a".into(),
            registry: None,
            answers: Value::Null,
            hash: String::new(),
            steps: vec![step("TagResource", "TagResource"), step("UntagResource", "TagResource")],
            step: 0,
            id: "1".into(),
        };
        let (there, back) = (run.there(Point::Sent), run.back(Point::Made));
        assert_eq!((there.operation.as_str(), there.skip, there.after), ("ecr.TagResource", 0, None));
        assert_eq!((back.operation.as_str(), back.skip), ("ecr.TagResource", 1));
        let all = [("repository torture/a", json!("1 in torture/a")), ("repository torture/ab", json!(2))];
        let all = Listing::from(all.map(|(key, value)| (key.to_owned(), value)));
        assert_eq!(run.own(&all), Listing::from([("repository NAME".to_owned(), json!("RUN in NAME"))]));
    }
}

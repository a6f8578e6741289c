//! Servers killed at each point of each call of each form, on the way there and on the way back, and calls of dead servers that arrive late. A
//! round brings a run of each form to its point, where the gate holds it; then every server is killed at once, and new ones have to bring all of
//! them to their ends. A copy is killed around the manifests and the tag that it puts; in the middle of its layers the storm kills. Each wait
//! ends, and what does not come is named.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;

use super::aim::{Listing, Run};
use super::forms::{Form, everything, forms};
use super::gate::{self, Gate, Point};
use super::oracle::Sandbox;
use super::road::Sender as _;
use super::rounds::{At, Round, STEPS, rounds};
use super::runs::Api;
use super::servers::{Server, Servers};
use super::{ACCOUNTS, Torture};
use crate::progress;

/// All runs of a round have to be driven at once: each server drives so many.
const EACH: usize = 8;
const SERVERS: usize = 4;
/// How long runs may take to their points, and to their ends.
const LIMIT: Duration = Duration::from_secs(90);

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
        let (source, only) = (world.source, self.only.clone());
        let mut ground = Ground { api, sandbox, source, only, gate, servers, told: Told::default() };
        let broke_off = ground.play(all).err();
        let Ground { gate, servers, mut told, .. } = ground;
        // What is still held when it broke off.
        gate.open();
        let kills = servers.end().kills;
        told.offences.extend(broke_off.map(|error| format!("it broke off: {error:#}")));
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
        Ok(told.offences.len() as u64)
    }
}

struct Ground {
    api: Api,
    sandbox: Sandbox,
    /// The port of the registry that images are copied from.
    source: u16,
    /// The only form; each where there is none.
    only: Option<String>,
    gate: Arc<Gate>,
    servers: Arc<Servers>,
    told: Told,
}

impl Ground {
    fn play(&mut self, all: bool) -> Result<()> {
        ensure!(!self.forms().is_empty(), "there is no form {}", self.only.as_deref().unwrap_or_default());
        // What each form makes when nothing happens to it.
        let first = Round { number: 0, there: None, back: None, at: At::Turn(0) };
        let quiet = self.round(first, &BTreeMap::new()).context("without a kill")?;
        for round in rounds(all) {
            let (at, there, back) = (round.at, round.there, round.back);
            let what = format!("{at:?}: killed at {there:?} on the way there, at {back:?} on the way back");
            progress::note(&what);
            self.round(round, &quiet).context(what)?;
        }
        Ok(())
    }

    /// With their numbers, which names are made of.
    fn forms(&self) -> Vec<(usize, Form)> {
        let is_wanted = |form: &Form| self.only.as_ref().is_none_or(|only| only == form.wizard);
        forms().into_iter().enumerate().filter(|(_, form)| is_wanted(form)).collect()
    }

    /// A run of each form that has such a step; answers what each made.
    fn round(&mut self, round: Round, quiet: &BTreeMap<usize, Listing>) -> Result<BTreeMap<usize, Listing>> {
        let mut runs = vec![];
        let late = round.there == Some(Point::Late);
        for (n, form) in self.forms().iter().filter(|(_, form)| !late || form.has_twins()) {
            runs.extend(self.planned(round, *n, form).with_context(|| format!("the plan of {}", form.wizard))?);
        }
        ensure!(runs.len() <= SERVERS * EACH, "{} runs at once are too many for {SERVERS} servers", runs.len());
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
        let way = format!("{:?} on the way there", round.there);
        if round.there.is_some() {
            self.kill(&runs, &way)?;
        }
        self.end(&runs, &["applied", "undone", "stuck"], "applied", &way)?;
        let after = everything(&self.sandbox)?;
        let made = runs.iter().map(|run| (run.form, run.own(&after))).collect::<BTreeMap<_, _>>();
        for run in &runs {
            let what = format!("{way}, {}", run.told());
            if let Some(wanted) = quiet.get(&run.form).filter(|wanted| **wanted != made[&run.form]) {
                let offence = format!("{what}: there is {:?}, and otherwise {wanted:?}", made[&run.form]);
                self.told.offences.push(offence);
            }
            self.often(run, &[run.calls(), run.twins(round.there)].concat(), &what);
        }
        self.others(&runs, &before, &after);
        runs.retain(Run::can_go_back);
        self.back(round, &runs, &before)?;
        for (n, form) in &self.forms() {
            form.clear(&self.sandbox, &form.named(round.name(*n)))?;
        }
        Ok(made)
    }

    fn planned(&self, round: Round, n: usize, form: &Form) -> Result<Option<Run>> {
        let name = form.registry.map_or_else(|| form.named(round.name(n)), |_| String::new());
        let answers = form.prepare(&self.sandbox, &name, self.source)?;
        let review = self.api.review(&answers)?;
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
            let cancel = self.api.insist("POST", &format!("/runs/{}/cancel", run.id), Some(&json!({})));
            cancel.with_context(|| format!("{} is not taken back", run.told()))?;
        }
        let way = format!("{:?} on the way back", round.back);
        if round.back.is_some() {
            self.kill(runs, &way)?;
        }
        self.end(runs, &["undone", "stuck"], "undone", &way)?;
        let after = everything(&self.sandbox)?;
        for run in runs {
            let what = format!("{way}, {}", run.told());
            let (was, is) = (run.own(before), run.own(&after));
            if was != is {
                self.told.offences.push(format!("{what}: there is {is:?}, and was {was:?}"));
            }
            let undos: Vec<String> = run.undos().into_iter().map(|(_, undo)| undo).collect();
            self.often(run, &[run.calls(), undos, run.twins(round.there)].concat(), &what);
        }
        Ok(())
    }

    /// Every server, once all runs stand at their points. Those that do not come there in time are named, and it goes no further.
    fn kill(&mut self, runs: &[Run], way: &str) -> Result<()> {
        let late = self.gate.gathered(LIMIT);
        for watch in &late {
            let calls = |run: &Run| run.calls().into_iter().chain(run.undos().into_iter().map(|(_, undo)| undo));
            let of = |run: &&Run| run.named() == watch.name && calls(run).any(|call| call == watch.operation);
            let told = runs.iter().find(of).map(|run| format!("{}: {}", run.told(), self.state(run)));
            let (operation, limit) = (&watch.operation, LIMIT.as_secs());
            let told = told.unwrap_or_else(|| watch.name.clone());
            self.told.offences.push(format!("{way}: {operation} does not come to this point in {limit} s, {told}"));
        }
        for n in 0..SERVERS {
            Server { servers: self.servers.clone(), n }.kill("");
        }
        self.gate.open();
        if let Some(why) = self.servers.broken() {
            bail!("{why}");
        }
        ensure!(late.is_empty(), "{} of {} runs did not come to their points", late.len(), runs.len());
        self.told.points += runs.len();
        Ok(())
    }

    /// How far a run is, if a server says so at once.
    fn state(&self, run: &Run) -> String {
        match self.api.ask("GET", &format!("/runs/{}", run.id), None) {
            Ok((200, view)) => format!("it is {}: {}", view["run"]["state"], view["run"]["steps"]),
            Ok((status, view)) => format!("how it is cannot be read: {status} {view}"),
            Err(error) => format!("how it is cannot be read: {error:#}"),
        }
    }

    /// Waits for the ends of runs, which have to be these.
    fn end(&mut self, runs: &[Run], ends: &[&str], wanted: &str, way: &str) -> Result<()> {
        let begin = Instant::now();
        for run in runs {
            loop {
                let view = self.api.run(&run.id).with_context(|| format!("{way}, {} cannot be read", run.told()))?;
                let state = view["run"]["state"].as_str().unwrap_or_default();
                if state == wanted {
                    break;
                }
                if ends.contains(&state) || begin.elapsed() > LIMIT {
                    let (told, after) = (run.told(), begin.elapsed().as_secs());
                    let steps = &view["run"]["steps"];
                    let offence = format!("{way}, {told}: it is {state} and not {wanted} after {after} s: {steps}");
                    self.told.offences.push(offence);
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

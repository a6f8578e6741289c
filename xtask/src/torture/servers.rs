//! Servers on one database, each behind a road of its own; they die, are stopped, and are started again.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::road::Sender;
use crate::process;
use crate::service::{self, Event, Service};

/// Longer than a lease of the engine (3.5 s) and its look for runs that nobody drives (0.5 s).
const STOP: Duration = Duration::from_millis(4_800);

/// Milliseconds since 1970: what journals write, too.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// How to start one.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// `gantry`
    pub program: PathBuf,
    /// The variables it reads.
    pub environment: Vec<(String, String)>,
    /// Where its words go.
    pub log: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Down,
    Up(Pid),
    Stopped(Pid),
}

/// A run whose server died.
#[derive(Debug, Clone, Copy)]
struct Left {
    killed: u64,
    ready: Option<u64>,
}

#[derive(Debug, Default)]
struct Inside {
    health: Vec<Option<Health>>,
    kills: u64,
    stops: u64,
    /// Which server drove a repository's run last.
    hands: HashMap<String, usize>,
    left: HashMap<String, Left>,
    recovered: Vec<(u64, u64, String)>,
    ending: bool,
    broken: Option<String>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Servers(Mutex<Inside>);

/// What happened to them.
#[derive(Debug, Default)]
pub struct Told {
    /// How many were killed.
    pub kills: u64,
    /// How often one was stopped past its leases.
    pub stops: u64,
    /// For each run that lost its server: milliseconds from the restart, and from the kill, until it was gone on with, and its repository.
    pub recovered: Vec<(u64, u64, String)>,
}

impl Servers {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts one and keeps it alive from then on. Returns when it answers.
    pub fn keep(self: &Arc<Self>, n: usize, recipe: Recipe) -> Result<()> {
        let (running, events) = start(&recipe)?;
        self.up(n, &running);
        let servers = self.clone();
        std::thread::spawn(move || {
            let mut held = (running, events);
            loop {
                while !matches!(held.1.recv(), Ok(Event::Ended(_)) | Err(_)) {}
                {
                    let mut inside = servers.inside();
                    inside.health[n] = Some(Health::Down);
                    if inside.ending {
                        return;
                    }
                }
                held = match start(&recipe) {
                    Ok(again) => again,
                    Err(error) => {
                        servers.inside().broken.get_or_insert(format!("a server does not start again: {error:#}"));
                        return;
                    }
                };
                servers.up(n, &held.0);
            }
        });
        Ok(())
    }

    fn up(&self, n: usize, running: &Service) {
        let (mut inside, at) = (self.inside(), now());
        if inside.health.len() <= n {
            inside.health.resize(n + 1, None);
        }
        inside.health[n] = running.pid.map(Health::Up);
        inside.left.values_mut().for_each(|left| _ = left.ready.get_or_insert(at));
    }

    fn kill(&self, n: usize) {
        let mut inside = self.inside();
        let Some(Some(Health::Up(pid) | Health::Stopped(pid))) = inside.health.get(n).copied() else { return };
        let _ = kill_process(pid, Signal::KILL);
        let at = now();
        inside.health[n] = Some(Health::Down);
        inside.kills += 1;
        // Those that waited for a server already may have lost that one too: their time begins again.
        let mut names: Vec<String> = inside.left.keys().cloned().collect();
        names.extend(inside.hands.iter().filter(|(_, of)| **of == n).map(|(name, _)| name.clone()));
        for name in names {
            inside.left.insert(name, Left { killed: at, ready: None });
        }
    }

    fn stop(self: &Arc<Self>, n: usize) {
        let mut inside = self.inside();
        let Some(Some(Health::Up(pid))) = inside.health.get(n).copied() else { return };
        if kill_process(pid, Signal::STOP).is_err() {
            return;
        }
        inside.health[n] = Some(Health::Stopped(pid));
        inside.stops += 1;
        // A stopped server holds leases that a killed one's runs may have come to: not what is measured.
        inside.left.clear();
        let servers = self.clone();
        std::thread::spawn(move || {
            std::thread::sleep(STOP);
            let mut inside = servers.inside();
            if inside.health[n] == Some(Health::Stopped(pid)) {
                let _ = kill_process(pid, Signal::CONT);
                inside.health[n] = Some(Health::Up(pid));
            }
        });
    }

    /// A run of this repository has begun, or is looked at again.
    pub fn begins(&self, repository: &str) {
        self.inside().hands.entry(repository.to_owned()).or_insert(usize::MAX);
    }

    /// The run of this repository has ended at this moment.
    pub fn ends(&self, repository: &str, at: u64) {
        let mut inside = self.inside();
        inside.hands.remove(repository);
        recovered(&mut inside, repository, at);
    }

    /// Why it makes no sense to go on.
    pub fn broken(&self) -> Option<String> {
        self.inside().broken.clone()
    }

    /// Nothing is started again. Tells what happened.
    pub fn end(&self) -> Told {
        let mut inside = self.inside();
        inside.ending = true;
        for health in inside.health.iter().flatten() {
            if let Health::Stopped(pid) | Health::Up(pid) = health {
                let _ = kill_process(*pid, Signal::CONT);
                let _ = kill_process(*pid, Signal::TERM);
            }
        }
        Told { kills: inside.kills, stops: inside.stops, recovered: std::mem::take(&mut inside.recovered) }
    }
}

fn recovered(inside: &mut Inside, repository: &str, at: u64) {
    if let Some(left) = inside.left.remove(repository) {
        // Another server may have taken it before the first was back.
        let from_ready = left.ready.map_or(0, |ready| at.saturating_sub(ready));
        inside.recovered.push((from_ready, at.saturating_sub(left.killed), repository.to_owned()));
    }
}

/// One of them, as its road knows it.
#[derive(Debug)]
pub struct Server {
    /// All of them.
    pub servers: Arc<Servers>,
    /// Which.
    pub n: usize,
}

impl Sender for Server {
    fn sent(&self, repository: &str) {
        let mut inside = self.servers.inside();
        // The last words of a dead one are not a sign of life.
        if !matches!(inside.health.get(self.n), Some(Some(Health::Up(_)))) {
            return;
        }
        if let Some(hands) = inside.hands.get_mut(repository) {
            *hands = self.n;
            recovered(&mut inside, repository, now());
        }
    }
    fn kill(&self, _: &str) {
        self.servers.kill(self.n);
    }
    fn stop(&self) {
        self.servers.stop(self.n);
    }
}

/// Starts a server and waits until it answers.
fn start(recipe: &Recipe) -> Result<(Service, Receiver<Event>)> {
    let mut command: Command = process::command(&recipe.program);
    command.arg("serve").envs(recipe.environment.iter().cloned());
    let (sender, events) = channel();
    let service = Service::start(&mut command, recipe.log.clone(), sender, |event| event)?;
    loop {
        match events.recv_timeout(Duration::from_secs(120)).context("a server does not start")? {
            Event::Ready { .. } => return Ok((service, events)),
            Event::Failed { message } => bail!("{message}"),
            Event::Ended(_) => bail!("a server ended. Its log ends with:\n{}", service::last_words(&service.log)),
            _ => {}
        }
    }
}

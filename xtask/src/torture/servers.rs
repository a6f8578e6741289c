//! Servers on one database, each behind a road of its own; they die, are stopped, and are started again. What they said of runs is kept.

use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::recovery::{self, Life};
use super::road::Sender;
use crate::process;
use crate::service::{self, Event, Service};

/// Longer than a lease of the engine (3 s) and its look for runs that nobody drives (0.5 s).
const STOP: Duration = Duration::from_millis(4_800);

/// Milliseconds since 1970: what logs say, too.
fn now() -> u64 {
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

#[derive(Debug, Default)]
struct Inside {
    health: Vec<Option<Health>>,
    logs: Vec<PathBuf>,
    kills: u64,
    stops: u64,
    /// Those that ended, and those that live.
    lives: Vec<Life>,
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
    /// Every server from each start to its end, with what it said of runs.
    pub lives: Vec<Life>,
}

impl Servers {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts one and keeps it alive from then on. Returns when it answers.
    pub fn keep(self: &Arc<Self>, n: usize, recipe: Recipe) -> Result<()> {
        let (running, events) = start(&recipe)?;
        {
            let mut inside = self.inside();
            anyhow::ensure!(inside.logs.len() == n, "servers are numbered in their order");
            inside.logs.push(recipe.log.clone());
        }
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
                    // Its next life begins another log.
                    let words = recovery::words(&recipe.log);
                    if let Some(life) = inside.life(n) {
                        life.killed.get_or_insert_with(now);
                        life.words = words;
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
        inside.lives.push(Life { server: n, ready: at, ..Life::default() });
    }

    fn kill(&self, n: usize) {
        let mut inside = self.inside();
        let Some(Some(Health::Up(pid) | Health::Stopped(pid))) = inside.health.get(n).copied() else { return };
        let _ = kill_process(pid, Signal::KILL);
        let at = now();
        inside.health[n] = Some(Health::Down);
        inside.kills += 1;
        if let Some(life) = inside.life(n) {
            life.killed = Some(at);
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
        let from = now();
        if let Some(life) = inside.life(n) {
            life.stopped.push((from, from + STOP.as_millis() as u64));
        }
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
        for (n, log) in inside.logs.clone().iter().enumerate() {
            if let Some(life) = inside.life(n).filter(|life| life.killed.is_none()) {
                life.words = recovery::words(log);
            }
        }
        Told { kills: inside.kills, stops: inside.stops, lives: std::mem::take(&mut inside.lives) }
    }
}

impl Inside {
    /// The latest life of a server.
    fn life(&mut self, n: usize) -> Option<&mut Life> {
        self.lives.iter_mut().rev().find(|life| life.server == n)
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

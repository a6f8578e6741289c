//! Timing: many requests at sixteen clients, whole commands, and what a percentile is.

use anyhow::{Context, Result, ensure};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What a series of requests took.
#[derive(Clone, Debug)]
pub struct Latency {
    /// Seconds, sorted.
    sorted: Vec<f64>,
    /// Wall-clock seconds of the whole series.
    pub wall: f64,
}

impl Latency {
    /// From unsorted seconds.
    pub fn new(mut seconds: Vec<f64>, wall: f64) -> Self {
        seconds.sort_by(f64::total_cmp);
        Self { sorted: seconds, wall }
    }
    /// The value that `p` per cent are not above, in seconds; 0 for an empty series.
    pub fn percentile(&self, p: f64) -> f64 {
        if self.sorted.is_empty() {
            return 0.0;
        }
        let rank = (p / 100.0 * self.sorted.len() as f64).ceil() as usize;
        self.sorted[rank.clamp(1, self.sorted.len()) - 1]
    }
    /// Requests a second.
    pub fn rate(&self) -> f64 {
        self.sorted.len() as f64 / self.wall
    }
}

/// Sixteen clients ask for these paths in turn for some seconds; each answer must be 200 and is read whole.
pub async fn requests(base: &str, token: &str, paths: Vec<String>, clients: usize, time: Duration) -> Result<Latency> {
    let client = reqwest::Client::builder().pool_max_idle_per_host(clients).build()?;
    let (paths, next) = (Arc::new(paths), Arc::new(AtomicUsize::new(0)));
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (client, paths, next) = (client.clone(), paths.clone(), next.clone());
        let (base, token) = (base.to_owned(), token.to_owned());
        tasks.spawn(async move {
            let mut seconds = vec![];
            while began.elapsed() < time {
                let path = &paths[next.fetch_add(1, Ordering::Relaxed) % paths.len()];
                let start = Instant::now();
                let answer = client.get(format!("{base}{path}")).bearer_auth(&token).send().await?;
                let status = answer.status();
                let body = answer.bytes().await?;
                ensure!(
                    status.is_success(),
                    "{path} answered {status}: {}",
                    String::from_utf8_lossy(&body[..body.len().min(300)])
                );
                seconds.push(start.elapsed().as_secs_f64());
            }
            anyhow::Ok(seconds)
        });
    }
    let mut all = vec![];
    while let Some(done) = tasks.join_next().await {
        all.extend(done.context("a client ended")??);
    }
    Ok(Latency::new(all, began.elapsed().as_secs_f64()))
}

/// Resident memory of a process in MiB, now and at its peak (Linux only).
pub fn memory(pid: u32) -> Option<(f64, f64)> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find(|l| l.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    };
    Some((field("VmRSS:")? / 1024.0, field("VmHWM:")? / 1024.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let latency = Latency::new((1..=100).rev().map(f64::from).collect(), 10.0);
        assert_eq!(latency.percentile(50.0), 50.0);
        assert_eq!(latency.percentile(99.0), 99.0);
        assert_eq!(latency.percentile(100.0), 100.0);
        assert_eq!(latency.rate(), 10.0);
        assert_eq!(Latency::new(vec![], 1.0).percentile(99.0), 0.0);
    }
}

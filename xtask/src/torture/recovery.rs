//! How long a run waits whose server was killed: from the moment a server could have taken it until the first word in its journal. Read from
//! what the servers log, so that a call which only a review makes, or a retry of a call, counts for nothing.

use std::path::Path;

use serde_json::Value;

/// What a server said of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It took the lease with this fencing number: one more than the lease on the run before.
    Taken(u64),
    /// It wrote into the journal.
    Written,
    /// It gave the lease back, or let it run out.
    Let,
}

impl What {
    fn fence(self) -> Option<u64> {
        if let What::Taken(fence) = self { Some(fence) } else { None }
    }
}

/// One line of its log.
#[derive(Debug, Clone)]
pub struct Word {
    /// Milliseconds since 1970.
    pub at: u64,
    /// The run.
    pub run: String,
    /// What it did.
    pub what: What,
}

/// One life of a server, from its start to its end.
#[derive(Debug, Clone, Default)]
pub struct Life {
    /// Which server.
    pub server: usize,
    /// When it said that it is ready, in milliseconds since 1970.
    pub ready: u64,
    /// When it was killed.
    pub killed: Option<u64>,
    /// From when to when it was stopped.
    pub stopped: Vec<(u64, u64)>,
    /// What it said.
    pub words: Vec<Word>,
}

/// A run that lost its server, and was gone on with. Milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Its id.
    pub run: String,
    /// From the moment a server lived that could take it until one took it: the rest of the lease, the look for runs.
    pub waited: u64,
    /// From then until the first word in its journal: mostly the call that finds out what was made.
    pub began: u64,
    /// From the kill until that word.
    pub since_kill: u64,
}

impl Recovery {
    /// From the moment a server could have taken it.
    pub fn took(&self) -> u64 {
        self.waited + self.began
    }
}

impl Life {
    fn able(&self, at: u64) -> bool {
        let stopped = self.stopped.iter().any(|(from, to)| (*from..*to).contains(&at));
        self.ready <= at && self.killed.is_none_or(|killed| at < killed) && !stopped
    }

    fn last(&self, run: &str) -> Option<&Word> {
        self.words.iter().rev().find(|word| word.run == run)
    }

    /// The fencing number of its last lease on a run.
    fn fence(&self, run: &str) -> Option<u64> {
        self.words.iter().rev().filter(|word| word.run == run).find_map(|word| word.what.fence())
    }

    /// The runs it had when it ended.
    fn held(&self) -> Vec<&Word> {
        let mut runs: Vec<&str> = self.words.iter().map(|word| word.run.as_str()).collect();
        runs.sort_unstable();
        runs.dedup();
        runs.into_iter().filter_map(|run| self.last(run)).filter(|word| word.what != What::Let).collect()
    }
}

/// Every recovery in these lives. One that was itself cut short, by another kill or a stop, begins again with that or is left out: also where the
/// server that went on came to its end between taking the lease and saying so, which only the next fencing number tells.
pub fn recoveries(lives: &[Life]) -> Vec<Recovery> {
    let mut found = vec![];
    for (n, life) in lives.iter().enumerate() {
        let Some(killed) = life.killed else { continue };
        for last in life.held() {
            let others = || lives.iter().enumerate().filter(|(other, _)| *other != n).map(|(_, other)| other);
            let takes = |other: &Life| {
                let later = other.words.iter().filter(|word| word.run == last.run && word.at > last.at);
                later.filter_map(|word| Some((word.at, word.what.fence()?))).next()
            };
            let next = others().filter_map(|other| Some((takes(other)?, other))).min_by_key(|(taken, _)| *taken);
            let Some(((taken, fence), by)) = next else { continue };
            if life.fence(&last.run) != fence.checked_sub(1) {
                continue;
            }
            let wrote = by.words.iter().find(|w| w.run == last.run && w.what == What::Written && w.at >= taken);
            let Some(written) = wrote.map(|word| word.at).filter(|_| taken > killed) else { continue };
            if by.stopped.iter().any(|(from, to)| *from < written && *to > taken) {
                continue;
            }
            let able = |at: u64| others().any(|other| other.able(at));
            let turns = |life: &Life| {
                let stops = life.stopped.iter().flat_map(|(from, to)| [*from, *to]);
                stops.chain([life.ready]).chain(life.killed).collect::<Vec<_>>()
            };
            let mut moments: Vec<u64> = others().flat_map(turns).filter(|at| (killed..taken).contains(at)).collect();
            moments.push(killed);
            moments.sort_unstable();
            // Since when without a break somebody could have.
            let since = moments.into_iter().fold(None, |since, at| able(at).then(|| since.unwrap_or(at)));
            found.push(Recovery {
                run: last.run.clone(),
                waited: taken - since.unwrap_or(taken),
                began: written - taken,
                since_kill: written - killed,
            });
        }
    }
    found
}

/// What a server's log says of runs.
pub fn words(log: &Path) -> Vec<Word> {
    let bytes = std::fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().filter_map(word).collect()
}

fn word(line: &str) -> Option<Word> {
    let line: Value = serde_json::from_str(line).ok()?;
    let what = match line["message"].as_str()? {
        "apply: taken" => What::Taken(line["fence"].as_u64()?),
        "apply: written" => What::Written,
        "apply: let go" => What::Let,
        _ => return None,
    };
    Some(Word { at: moment(line["timestamp"].as_str()?)?, run: line["run"].as_str()?.to_owned(), what })
}

/// Milliseconds since 1970 of `2026-11-28T07:02:03.456789Z`.
fn moment(text: &str) -> Option<u64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let months = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let before = year.checked_sub(1)?;
    let leaps = before / 4 - before / 100 + before / 400 - 477;
    let days = (year.checked_sub(1970)?) * 365 + leaps + months.get(month.checked_sub(1)? as usize)? + day - 1;
    let days = days + u64::from(leap && month > 2);
    let seconds = ((days * 24 + number(11, 13)?) * 60 + number(14, 16)?) * 60 + number(17, 19)?;
    Some(seconds * 1000 + number(20, 23)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(server: usize, ready: u64, killed: Option<u64>, words: &[(u64, What)]) -> Life {
        let words = words.iter().map(|(at, what)| Word { at: *at, run: "r".into(), what: *what }).collect();
        Life { server, ready, killed, stopped: vec![], words }
    }

    #[test]
    fn a_run_waits_from_the_moment_a_server_lives_that_could_take_it() {
        use What::{Let, Taken, Written};
        let dies = life(0, 100, Some(1_000), &[(500, Taken(7)), (600, Written)]);
        let takes = [(4_000, Taken(8)), (4_250, Written), (9_000, Let)];
        let one = |others: &[Life]| {
            let lives = [std::slice::from_ref(&dies), others].concat();
            let found = recoveries(&lives);
            assert!(found.len() < 2, "{found:?}");
            found.first().map(|r| (r.waited, r.began, r.since_kill))
        };
        // It starts again, or another one lived already.
        assert_eq!(one(&[life(0, 3_000, None, &takes)]), Some((1_000, 250, 3_250)));
        assert_eq!(one(&[life(1, 200, None, &takes)]), Some((3_000, 250, 3_250)));
        // The other one was stopped for a while, or died before it could.
        let mut stopped = life(1, 200, None, &takes);
        stopped.stopped = vec![(900, 2_500)];
        assert_eq!(one(&[stopped.clone()]), Some((1_500, 250, 3_250)));
        let dead = life(1, 200, Some(2_000), &[]);
        assert_eq!(one(&[dead, life(0, 3_000, None, &takes)]), Some((1_000, 250, 3_250)));
        // Cut short; taken before the kill; given back before the kill.
        stopped.stopped = vec![(4_100, 9_000)];
        assert_eq!(one(&[stopped]), None);
        assert_eq!(one(&[life(1, 200, None, &[(900, Taken(8)), (950, Written)])]), None);
        assert_eq!(recoveries(&[life(0, 100, Some(9_500), &takes), life(1, 200, None, &takes)]), []);
        // Somebody took it in between and came to its end before it could say so.
        assert_eq!(one(&[life(1, 200, None, &[(7_100, Taken(9)), (7_300, Written)])]), None);
    }

    #[test]
    fn logs_tell_when_runs_are_taken() {
        let line = r#"{"timestamp":"2026-11-28T07:02:03.456789Z","level":"DEBUG","message":"apply: taken","run":"abc","fence":4,"target":"gantry::apply"}"#;
        let word = word(line).unwrap();
        assert_eq!((word.at, word.run.as_str(), word.what), (1_795_849_323_456, "abc", What::Taken(4)));
        assert_eq!(moment("1970-01-01T00:00:00.000000Z"), Some(0));
        assert_eq!(moment("2024-03-01T00:00:00.000000Z"), Some(1_709_251_200_000));
    }
}

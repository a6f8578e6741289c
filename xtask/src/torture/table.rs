//! The figures of a storm, as they are printed.

use std::time::Duration;

use super::oracle::Verdict;
use super::recovery::Recovery;
use super::servers::Told;
use super::weather::Weather;
use super::{ACCOUNTS, Torture, scripts};
use crate::progress;

impl Torture<'_> {
    /// Prints them.
    pub(super) fn table(
        &self,
        verdict: &Verdict,
        told: &Told,
        recovered: &[Recovery],
        weather: &Weather,
        scripts: &[(&str, &str, scripts::Left)],
        time: Duration,
    ) {
        let row = |what: &str, value: String| println!("  {what:<44} {value}");
        let kinds = |account: &str| {
            let faults = weather.faults(account);
            let parts: Vec<String> = faults.iter().map(|(what, many)| format!("{what} {many}")).collect();
            format!("{} ({})", faults.iter().map(|(_, many)| many).sum::<u64>(), parts.join(", "))
        };
        println!();
        row("seed; runs", format!("{}; {} in {}", self.seed, verdict.runs(), progress::seconds(time)));
        row("servers killed; stopped past their leases", format!("{}; {}", told.kills, told.stops));
        row("faults on the wire", kinds(ACCOUNTS.gantry));
        row("applied; undone; stuck", format!("{}; {}; {}", verdict.applied, verdict.undone, verdict.stuck));
        row(
            "orphans; duplicates; not as said",
            format!("{}; {}; {}", verdict.orphans, verdict.duplicates, verdict.wrong),
        );
        row("documents written again, the same", verdict.again.to_string());
        row("without an end", verdict.endless.to_string());
        // Half, 99 of 100, and the slowest, in seconds.
        let spread = |of: fn(&Recovery) -> u64| {
            let mut all: Vec<u64> = recovered.iter().map(of).collect();
            all.sort_unstable();
            let at = |part: usize| all.get((all.len() * part / 100).min(all.len().saturating_sub(1)));
            [50, 99, 100].map(|part| format!("{:.1}", at(part).copied().unwrap_or_default() as f64 / 1e3)).join("; ")
        };
        row(
            "recovery of a run",
            format!(
                "{} times; until a server goes on, since one could {} s (half; 99 of 100; slowest)",
                recovered.len(),
                spread(|r| r.waited)
            ),
        );
        row(
            "",
            format!(
                "from there to the first word of the journal {} s; since the kill {} s",
                spread(|r| r.began),
                spread(|r| r.since_kill)
            ),
        );
        for (what, account, left) in scripts {
            let hundred = left.orphans as f64 * 100.0 / left.runs.max(1) as f64;
            row(
                &format!("{what}: orphans"),
                format!(
                    "{} after {} scripts, {hundred:.0} per 100; {} killed, {} finished, faults {}",
                    left.orphans,
                    left.runs,
                    left.kills,
                    left.finished,
                    kinds(account)
                ),
            );
        }
    }
}

//! What a person sees while waiting. All of it goes to standard error; standard output is for results.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// A step begins.
pub fn step(message: &str) {
    eprintln!("{} {message}", paint("1;34", "▸"));
}

/// Something worth knowing that stops nothing.
pub fn note(message: &str) {
    eprintln!("  {message}");
}

/// The one line that says why it ended.
pub fn error(message: &str) {
    eprintln!("{} {message}", paint("1;31", "error:"));
}

/// Text in a colour, where there is a terminal that shows it.
pub fn paint(code: &str, text: &str) -> String {
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// Seconds for people: `0.4 s`, `2 min 05 s`.
pub fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        whole => format!("{} min {:02} s", whole / 60, whole % 60),
    }
}

/// Progress reports of running services, kept readable: at most one line a second for each step.
#[derive(Debug, Default)]
pub struct Reports {
    last: BTreeMap<String, (Instant, String)>,
}

impl Reports {
    /// Shows one report.
    pub fn show(&mut self, step: &str, message: &str, done: Option<u64>, total: Option<u64>) {
        let count = match (done, total) {
            (Some(done), Some(total)) => format!(" ({done} of {total})"),
            (Some(done), None) => format!(" ({done})"),
            _ => String::new(),
        };
        let complete = done.is_none() || done == total;
        let line = format!("{step:<10} {message}{count}");
        if let Some((shown, last)) = self.last.get(step)
            && (*last == line || (!complete && shown.elapsed() < Duration::from_secs(1)))
        {
            return;
        }
        let _ = writeln!(std::io::stderr(), "  {line}");
        self.last.insert(step.to_owned(), (Instant::now(), line));
    }
}

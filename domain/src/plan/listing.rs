//! Which runs are listed, and how many are not over.

use serde::{Deserialize, Serialize};

use super::run::State;
use crate::history::{Since, range};
use crate::identity::{AccountId, Region};
use crate::listing::MAX_TEXT;
use crate::problem::Problem;
use crate::time::Millis;

/// The most runs of one answer.
pub const MAX_RUNS: u32 = 100;

/// The states of runs that servers have something to do for ([`State::is_live`]), as `state` says them in a query string.
pub const UNDER_WAY: &str = "checking,applying,undoing";

/// How many runs are not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenRuns {
    /// Those that servers have something to do for.
    pub under_way: u32,
    /// Those that wait for a person to decide.
    pub stuck: u32,
}

impl OpenRuns {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            under_way: self.under_way.saturating_add(other.under_way),
            stuck: self.stuck.saturating_add(other.stuck),
        }
    }
}

/// Which runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunsQuery {
    /// In these states; empty means all.
    pub states: Vec<State>,
    /// Substring of the title, or of who started it; case does not matter. Empty means all.
    pub text: String,
    /// In these accounts; empty means all.
    pub accounts: Vec<AccountId>,
    /// In these regions; empty means all.
    pub regions: Vec<Region>,
    /// Only what was begun then or later.
    #[serde(default)]
    pub from: Option<Since>,
    /// Only what was begun earlier than this.
    #[serde(default)]
    pub to: Option<Millis>,
    /// Only those before this one: when it was begun, and its id.
    pub before: Option<(Millis, String)>,
    /// At most so many, ≤ [`MAX_RUNS`].
    pub limit: u32,
}

impl RunsQuery {
    /// Reads `state` (one or several, separated by commas), `q`, `from`, `to` and `before` (`MOMENT,ID`) of a query string; empty ones are as good
    /// as none.
    ///
    /// # Errors
    /// What cannot be meant, with its field.
    pub fn read<'a>(limit: u32, get: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Problem> {
        let get = |name: &str| get(name).map(str::trim).filter(|value| !value.is_empty());
        let state = |text: &str| {
            let known = || State::ALL.map(State::as_str).join(", ");
            State::parse(text.trim())
                .ok_or_else(|| Problem::invalid("state", format!("A state is one of {}.", known())))
        };
        let before = |text: &str| {
            let wrong =
                || Problem::invalid("before", "before is MOMENT,ID: the moment in milliseconds and the id of a run.");
            let (at, id) = text.split_once(',').ok_or_else(wrong)?;
            Ok((Millis(at.parse().map_err(|_| wrong())?), id.to_owned()))
        };
        let text = get("q").unwrap_or_default();
        if text.chars().count() > MAX_TEXT {
            return Err(Problem::invalid("q", format!("A filter has at most {MAX_TEXT} characters.")));
        }
        let states = get("state").map(|text| text.split(',').map(state).collect::<Result<Vec<State>, Problem>>());
        let states = states.transpose()?;
        let (from, to) = range(get)?;
        Ok(Self {
            states: states.unwrap_or_default(),
            from,
            to,
            text: text.to_owned(),
            before: get("before").map(before).transpose()?,
            limit: limit.clamp(1, MAX_RUNS),
            ..Self::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_string_is_read_or_refused_by_field() {
        let read = |name: &'static str, value: &'static str| RunsQuery::read(50, |n| (n == name).then_some(value));
        assert_eq!(read("before", "12,ab").unwrap().before, Some((Millis(12), "ab".to_owned())));
        assert_eq!(read("state", "stuck").unwrap().states, [State::Stuck]);
        let live: Vec<State> = State::ALL.into_iter().filter(|state| state.is_live()).collect();
        assert_eq!(read("state", UNDER_WAY).unwrap().states, live);
        assert!(read("state", "").unwrap().states.is_empty());
        assert_eq!(read("from", "24h").unwrap().from, Some(Since::Ago(86_400_000)));
        for (name, value) in [
            ("before", "12"),
            ("before", "x,ab"),
            ("state", "lost"),
            ("state", "stuck,lost"),
            ("from", "yesterday"),
            ("to", "24h"),
        ] {
            assert_eq!(read(name, value).unwrap_err().field.as_deref(), Some(name));
        }
    }
}

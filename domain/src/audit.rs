//! The audit trail: who did what, when, on what, and what came of it. Entries are only ever appended (`server/store/src/audit.rs`).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::history::{Since, range};
use crate::identity::{AccountId, Region};
use crate::listing::MAX_TEXT;
use crate::plan::run::StepState;
use crate::problem::Problem;
use crate::time::Millis;

/// The most entries of one answer to a page.
pub const MAX_ENTRIES: u32 = 500;

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// Its number; larger is later.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// The person's id, if it was one.
    pub person: Option<i64>,
    /// Their name then; `gantry` for the program itself.
    pub actor: String,
    /// What: `people.create`, `run.step`.
    pub action: String,
    /// On what.
    pub subject: String,
    /// What came of it by now, in words ([`result`]); empty where only what it was done on says so.
    pub result: String,
    /// More facts: the call with its input, how a run ended.
    pub detail: Value,
}

/// What came of an action, without the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A run's every step is made.
    Applied,
    /// A run was taken back.
    Undone,
    /// A person has to decide about it.
    Stuck,
    /// AWS said no to a call, or Gantry to whoever signed in.
    Refused,
    /// AWS made the call.
    Made,
    /// The answer to the call was lost, and it was found not to be there.
    NotMade,
    /// Nobody knows.
    Unknown,
    /// What the call made is on its way back.
    BeingTakenBack,
    /// What the call made is gone.
    TakenBack,
    /// What the call made stays.
    Left,
    /// All else: it is written with what it tells of, or neither is.
    Done,
}

/// Which actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actions {
    /// These.
    Only(Vec<&'static str>),
    /// All but these.
    AllBut(Vec<&'static str>),
}

impl Outcome {
    /// All of them, as people choose among them.
    pub const ALL: [Outcome; 11] = [
        Outcome::Applied,
        Outcome::Undone,
        Outcome::Stuck,
        Outcome::Refused,
        Outcome::Made,
        Outcome::NotMade,
        Outcome::Unknown,
        Outcome::BeingTakenBack,
        Outcome::TakenBack,
        Outcome::Left,
        Outcome::Done,
    ];
    /// The actions of which the journal of a run says what came of them.
    pub const CALLS: [&str; 2] = ["run.step", "run.undo"];
    /// What comes of the actions that do not simply count as done; `None` where only what it was done on says so.
    const OWN: [(&str, Option<Outcome>); 6] = [
        ("run.applied", Some(Outcome::Applied)),
        ("run.undone", Some(Outcome::Undone)),
        ("run.stuck", Some(Outcome::Stuck)),
        ("session.refuse", Some(Outcome::Refused)),
        // Written before the archive is read; its page says what became of it.
        ("upload.begin", None),
        ("upload.resume", None),
    ];

    /// In words, as entries and filters have it: `refused`, `taken back`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Applied => "applied",
            Outcome::Undone => "undone",
            Outcome::Stuck => "stuck",
            Outcome::Refused => "refused",
            Outcome::Made => "made",
            Outcome::NotMade => "not made",
            Outcome::Unknown => "unknown",
            Outcome::BeingTakenBack => "being taken back",
            Outcome::TakenBack => "taken back",
            Outcome::Left => "left as it is",
            Outcome::Done => "done",
        }
    }
    /// Reads the words.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
    /// Of an action; of a call by the state of its step, and whether that has a problem, or without either where no journal has the step.
    fn of(action: &str, step: Option<(StepState, bool)>) -> Option<Self> {
        if Self::CALLS.contains(&action) {
            return Some(step.map_or(Outcome::Unknown, |(state, problem)| Self::of_step(state, problem)));
        }
        Self::OWN.iter().find(|(own, _)| *own == action).map_or(Some(Outcome::Done), |(_, outcome)| *outcome)
    }
    fn of_step(state: StepState, problem: bool) -> Self {
        match state {
            // Its answer was lost, and it was found not to be there.
            StepState::Waiting => Outcome::NotMade,
            StepState::Begun => Outcome::Unknown,
            // AWS had taken the call and refused it afterwards.
            StepState::Made if problem => Outcome::Refused,
            StepState::Made => Outcome::Made,
            StepState::Failed => Outcome::Refused,
            StepState::Undoing => Outcome::BeingTakenBack,
            StepState::Undone => Outcome::TakenBack,
            StepState::Left => Outcome::Left,
            StepState::Stuck => Outcome::Stuck,
        }
    }
    /// The actions whose entries can have it; of those in [`Self::CALLS`] the ones with [`Self::steps`] do.
    pub fn actions(self) -> Actions {
        let own = Self::OWN.iter();
        if self == Outcome::Done {
            return Actions::AllBut(own.map(|(action, _)| *action).chain(Self::CALLS).collect());
        }
        let own = own.filter(|(_, outcome)| *outcome == Some(self)).map(|(action, _)| *action);
        let calls = if self.steps().is_empty() { vec![] } else { Self::CALLS.to_vec() };
        Actions::Only(own.chain(calls).collect())
    }
    /// The states of steps whose calls have it, each with whether the step has a problem; `None` for a step that no journal has.
    pub fn steps(self) -> Vec<(Option<StepState>, bool)> {
        let known = StepState::ALL.into_iter().flat_map(|state| [(Some(state), false), (Some(state), true)]);
        let all = known.chain([(None, false)]);
        let has = |state: Option<StepState>, problem: bool| {
            Self::of(Self::CALLS[0], state.map(|state| (state, problem))) == Some(self)
        };
        all.filter(|(state, problem)| has(*state, *problem)).collect()
    }
}

/// What came of an action, in words. The entry of a run's call is written with the intent, before anybody knows: it takes what the journal says by
/// now of the `step`, and the title of the problem there. Every other entry is written with what it tells of, or neither is: it stands for itself.
pub fn result(action: &str, step: Option<(StepState, Option<&str>)>) -> String {
    let Some(outcome) = Outcome::of(action, step.map(|(state, problem)| (state, problem.is_some()))) else {
        return String::new();
    };
    let open = !matches!(outcome, Outcome::BeingTakenBack | Outcome::TakenBack | Outcome::Left);
    let why = step.and_then(|(_, problem)| problem).filter(|_| open && Outcome::CALLS.contains(&action));
    why.map_or_else(|| outcome.as_str().to_owned(), |title| format!("{}: {title}", outcome.as_str()))
}

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditQuery {
    /// Of whom, by their name then; case does not matter. Empty means all.
    pub actor: String,
    /// What, by how it begins: `run.` is all that runs do. Empty means all.
    pub action: String,
    /// Substring of what it was done on, or of the facts beside it; case does not matter. Empty means all.
    pub text: String,
    /// Only what came out so by now.
    #[serde(default)]
    pub result: Option<Outcome>,
    /// In these accounts; empty means all, and what is about none of them.
    #[serde(default)]
    pub accounts: Vec<AccountId>,
    /// In these regions; empty means all, and what is about none of them.
    #[serde(default)]
    pub regions: Vec<Region>,
    /// Only what was done then or later.
    pub from: Option<Since>,
    /// Only what was done earlier than this.
    pub to: Option<Millis>,
    /// Only entries with a smaller number: the keyset of the next page.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

impl AuditQuery {
    /// Reads `actor`, `action`, `q`, `result`, `from`, `to` and `before` of a query string; empty ones are as good as none.
    ///
    /// # Errors
    /// What cannot be meant, with its field.
    pub fn read<'a>(limit: u32, get: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Problem> {
        let get = |name: &str| get(name).map(str::trim).filter(|value| !value.is_empty());
        let text = |name: &str| {
            let text = get(name).unwrap_or_default();
            if text.chars().count() > MAX_TEXT {
                return Err(Problem::invalid(name, format!("A filter has at most {MAX_TEXT} characters.")));
            }
            Ok(text.to_owned())
        };
        let result = |text: &str| {
            let known = || Outcome::ALL.map(Outcome::as_str).join(", ");
            Outcome::parse(text).ok_or_else(|| Problem::invalid("result", format!("A result is one of {}.", known())))
        };
        let before = |text: &str| text.parse().map_err(|_| Problem::invalid("before", "“before” is a whole number."));
        let (from, to) = range(get)?;
        Ok(Self {
            actor: text("actor")?,
            action: text("action")?,
            text: text("q")?,
            result: get("result").map(result).transpose()?,
            from,
            to,
            before: get("before").map(before).transpose()?,
            limit,
            ..Self::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<AuditQuery, Problem> {
        AuditQuery::read(50, |name| {
            query.split('&').filter_map(|p| p.split_once('=')).find(|p| p.0 == name).map(|p| p.1)
        })
    }

    #[test]
    fn a_call_has_the_result_of_its_step_and_what_else_is_written_was_done() {
        let of = |state, problem| result("run.step", Some((state, problem)));
        assert_eq!(of(StepState::Made, None), "made");
        assert_eq!(of(StepState::Made, Some("AWS refused it afterwards")), "refused: AWS refused it afterwards");
        assert_eq!(of(StepState::Failed, Some("Access denied")), "refused: Access denied");
        assert_eq!(of(StepState::Begun, None), "unknown");
        assert_eq!(result("run.undo", Some((StepState::Undone, None))), "taken back");
        assert_eq!(result("run.undo", None), "unknown", "no journal says anything of it");
        let others = ["people.create", "session.refuse", "run.stuck", "upload.begin", "upload.resume"]
            .map(|action| result(action, None));
        assert_eq!(others, ["done", "refused", "stuck", "", ""]);
    }

    #[test]
    fn what_is_chosen_by_a_result_is_what_shows_it() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
            for (state, problem) in outcome.steps() {
                let step = state.map(|state| (state, problem.then_some("Access denied")));
                assert!(result("run.step", step).starts_with(outcome.as_str()), "{outcome:?} {state:?}");
            }
        }
        let steps: usize = Outcome::ALL.iter().map(|outcome| outcome.steps().len()).sum();
        assert_eq!(steps, 2 * StepState::ALL.len() + 1, "each has one");
        assert_eq!(
            Outcome::Refused.steps(),
            [(Some(StepState::Made), true), (Some(StepState::Failed), false), (Some(StepState::Failed), true)]
        );
        assert_eq!(Outcome::Applied.actions(), Actions::Only(vec!["run.applied"]));
        assert_eq!(Outcome::Stuck.actions(), Actions::Only(vec!["run.stuck", "run.step", "run.undo"]));
        assert!(matches!(Outcome::Done.actions(), Actions::AllBut(all) if all.len() == 8));
    }

    #[test]
    fn a_query_string_is_read_or_refused_by_field() {
        let query = read("actor= Ada &action=run.&q=shop/api&result=taken back&from=7d&to=&before=12").unwrap();
        assert_eq!(query.result, Some(Outcome::TakenBack));
        assert_eq!((query.actor.as_str(), query.action.as_str(), query.text.as_str()), ("Ada", "run.", "shop/api"));
        assert_eq!((query.from, query.to, query.before), (Some(Since::Ago(604_800_000)), None, Some(12)));
        let long = format!("q={}", "a".repeat(201));
        for (query, field) in [
            ("from=yesterday", "from"),
            ("to=7d", "to"),
            ("from=2026-11-23&to=2026-11-22", "to"),
            ("before=x", "before"),
            ("result=lost", "result"),
            (&long, "q"),
        ] {
            assert_eq!(read(query).unwrap_err().field.as_deref(), Some(field), "{query}");
        }
    }
}

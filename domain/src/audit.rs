//! The audit trail: who did what, when, on what, and what came of it. Entries are only ever appended (`server/store/src/audit.rs`).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::history::{Since, no_moment};
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

/// What came of an action. The entry of a run's call is written with the intent, before anybody knows: it takes what the journal says by now of the
/// `step`, and the title of the problem there. Every other entry is written with what it tells of, or neither is: it stands for itself.
pub fn result(action: &str, step: Option<(StepState, Option<&str>)>) -> String {
    match (action, step) {
        ("run.step" | "run.undo", Some((state, problem))) => result_of_step(state, problem),
        ("run.step" | "run.undo", None) => "unknown".to_owned(),
        ("run.applied", _) => "applied".to_owned(),
        ("run.undone", _) => "undone".to_owned(),
        ("run.stuck", _) => "stuck".to_owned(),
        ("session.refuse", _) => "refused".to_owned(),
        // Written before the archive is read; its page says what became of it.
        ("upload.begin" | "upload.resume", _) => String::new(),
        _ => "done".to_owned(),
    }
}

fn result_of_step(state: StepState, problem: Option<&str>) -> String {
    let why = |words: &str| problem.map_or_else(|| words.to_owned(), |title| format!("{words}: {title}"));
    match state {
        // Its answer was lost, and it was found not to be there.
        StepState::Waiting => why("not made"),
        StepState::Begun => why("unknown"),
        // AWS had taken the call and refused it afterwards.
        StepState::Made => why(if problem.is_some() { "refused" } else { "made" }),
        StepState::Failed => why("refused"),
        StepState::Undoing => "being taken back".to_owned(),
        StepState::Undone => "taken back".to_owned(),
        StepState::Left => "left as it is".to_owned(),
        StepState::Stuck => why("stuck"),
    }
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
    /// Reads `actor`, `action`, `q`, `from`, `to` and `before` of a query string; empty ones are as good as none.
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
        let from = |text| Since::parse(text).ok_or_else(|| no_moment("from", text, ", or an age such as 24h or 7d"));
        let to = |text| Millis::parse(text).ok_or_else(|| no_moment("to", text, ""));
        let before = |text: &str| text.parse().map_err(|_| Problem::invalid("before", "“before” is a whole number."));
        let query = Self {
            actor: text("actor")?,
            action: text("action")?,
            text: text("q")?,
            from: get("from").map(from).transpose()?,
            to: get("to").map(to).transpose()?,
            before: get("before").map(before).transpose()?,
            limit,
        };
        match (query.from, query.to) {
            (Some(Since::At(from)), Some(to)) if to <= from => {
                Err(Problem::invalid("to", "The end is not after the beginning."))
            }
            _ => Ok(query),
        }
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
    fn a_query_string_is_read_or_refused_by_field() {
        let query = read("actor= Ada &action=run.&q=shop/api&from=7d&to=&before=12").unwrap();
        assert_eq!((query.actor.as_str(), query.action.as_str(), query.text.as_str()), ("Ada", "run.", "shop/api"));
        assert_eq!((query.from, query.to, query.before), (Some(Since::Ago(604_800_000)), None, Some(12)));
        let long = format!("q={}", "a".repeat(201));
        for (query, field) in [
            ("from=yesterday", "from"),
            ("to=7d", "to"),
            ("from=2026-11-23&to=2026-11-22", "to"),
            ("before=x", "before"),
            (&long, "q"),
        ] {
            assert_eq!(read(query).unwrap_err().field.as_deref(), Some(field), "{query}");
        }
    }
}

//! `/api/v1/audit`: who did what; as JSON or CSV, streamed page by page, so that an export of a long trail holds little memory.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use domain::audit::{AuditEntry, AuditQuery, MAX_ENTRIES, MAX_EXPORT};
use domain::policy::Actor;
use domain::services::Team;
use domain::{Code, Problem};
use futures::stream;

use super::query::Pairs;
use crate::auth::identity::SignedIn;
use crate::http::Web;
use crate::http::problem::Refusal;

/// How entries are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
}

impl Format {
    /// As `format` says, else as the header `Accept` does.
    fn of(pairs: &Pairs, headers: &HeaderMap) -> Result<Self, Problem> {
        match pairs.get("format") {
            Some("json") => Ok(Format::Json),
            Some("csv") => Ok(Format::Csv),
            Some(_) => Err(Problem::invalid("format", "format is json or csv.")),
            None => {
                let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
                Ok(if accept.contains("text/csv") { Format::Csv } else { Format::Json })
            }
        }
    }
    const fn media(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Csv => "text/csv; charset=utf-8",
        }
    }
    const fn file(self) -> &'static str {
        match self {
            Format::Json => "attachment; filename=\"audit.json\"",
            Format::Csv => "attachment; filename=\"audit.csv\"",
        }
    }
    /// A page of entries, the first with what stands before all of them.
    fn write(self, entries: &[AuditEntry], first: bool) -> Result<String, Problem> {
        match self {
            Format::Csv => {
                let head = if first { "id,at,person,actor,action,subject,detail\r\n" } else { "" };
                Ok(entries.iter().fold(head.to_owned(), |text, entry| text + &line(entry)))
            }
            Format::Json => {
                let mut text = String::from(if first { "[" } else { "" });
                for (n, entry) in entries.iter().enumerate() {
                    if n > 0 || !first {
                        text.push(',');
                    }
                    let entry = serde_json::to_string(entry);
                    text += &entry
                        .map_err(|e| Problem::new(Code::Internal, "An entry cannot be written", e.to_string()))?;
                }
                Ok(text)
            }
        }
    }
    const fn end(self) -> &'static str {
        match self {
            Format::Json => "]",
            Format::Csv => "",
        }
    }
}

/// A cell of CSV (RFC 4180). One that a spreadsheet would take for a formula gets an apostrophe before it.
/// <https://owasp.org/www-community/attacks/CSV_Injection>
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

fn line(entry: &AuditEntry) -> String {
    let person = entry.person.map(|id| id.to_string()).unwrap_or_default();
    let texts = [&entry.at.rfc3339(), &person, &entry.actor, &entry.action, &entry.subject, &entry.detail.to_string()];
    let cells: Vec<String> = texts.into_iter().map(|text| cell(text)).collect();
    format!("{},{}\r\n", entry.id, cells.join(","))
}

/// What is still to be written.
struct Rest {
    web: Web,
    actor: Actor,
    format: Format,
    query: AuditQuery,
    left: u32,
    first: bool,
}

impl Rest {
    /// The next piece; none after the end.
    async fn next(mut self) -> Result<Option<(Bytes, Option<Self>)>, Problem> {
        let limit = self.left.min(MAX_ENTRIES);
        let page = self.web.auth.audit(&self.actor, &AuditQuery { limit, ..self.query.clone() }).await?;
        let mut text = self.format.write(&page, self.first)?;
        let count = u32::try_from(page.len()).unwrap_or(u32::MAX);
        self.left = self.left.saturating_sub(count);
        if count < limit || self.left == 0 {
            text += self.format.end();
            return Ok(Some((text.into(), None)));
        }
        self.query.before = page.last().map(|entry| entry.id);
        self.first = false;
        Ok(Some((text.into(), Some(self))))
    }
}

/// The audit trail: who did what, when, on what, the latest first.
#[utoipa::path(get, path = "/audit", tag = "people",
    params(
        ("actor" = Option<String>, Query, description = "By whom: the name then, as a whole"),
        ("action" = Option<String>, Query, description = "What, by how it begins: `run.` is all that runs do"),
        ("q" = Option<String>, Query, description = "Substring of what it was done on, or of the facts beside it; at most 200 characters"),
        ("from" = Option<String>, Query, description = "Done then or later: an RFC 3339 moment, a date or time in UTC, milliseconds since 1970, or an age such as `24h` or `7d`"),
        ("to" = Option<String>, Query, description = "Done earlier: the same, without ages"),
        ("before" = Option<i64>, Query, description = "Only entries with a smaller id"),
        ("limit" = Option<u32>, Query, description = "1 to 100000; 100 unless given"),
        ("format" = Option<String>, Query, description = "`json` or `csv`; as `Accept` says unless given"),
    ),
    responses(
        (status = 200, body = Vec<AuditEntry>, content_type = "application/json"),
        (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn trail(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Refusal> {
    let format = Format::of(&pairs, &headers)?;
    let left = pairs.number("limit")?.unwrap_or(100);
    if !(1..=MAX_EXPORT).contains(&left) {
        return Err(Problem::invalid("limit", format!("Between 1 and {MAX_EXPORT} entries can be asked for.")).into());
    }
    let query = AuditQuery::read(MAX_ENTRIES, |name| pairs.get(name))?;
    let rest = Rest { web, actor, format, query, left, first: true };
    // Who may not is told so; only what goes wrong later cuts the answer off.
    let Some((first, rest)) = rest.next().await? else { return Err(Problem::internal("audit-empty").into()) };
    let later = stream::try_unfold(rest, |rest| async {
        let Some(rest) = rest else { return Ok(None) };
        rest.next().await.map_err(|problem| {
            tracing::warn!(%problem, "an export of the audit trail is cut off");
            std::io::Error::other(problem.title)
        })
    });
    let head = stream::once(std::future::ready(Ok::<_, std::io::Error>(first)));
    let body = Body::from_stream(futures::StreamExt::chain(head, later));
    let mut answer = ([(header::CONTENT_TYPE, format.media())], body).into_response();
    if pairs.get("format").is_some() {
        answer.headers_mut().insert(header::CONTENT_DISPOSITION, header::HeaderValue::from_static(format.file()));
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Millis;
    use serde_json::json;

    fn entry(subject: &str) -> AuditEntry {
        AuditEntry {
            id: 7,
            at: Millis(0),
            person: Some(1),
            actor: "ada".into(),
            action: "run.begin".into(),
            subject: subject.into(),
            detail: json!({ "title": "it's \"x\"" }),
        }
    }

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        let text = Format::Csv.write(&[entry("=HYPERLINK(\"http://x\")\n2")], true).unwrap();
        let (head, rest) = text.split_once("\r\n").unwrap();
        assert_eq!(head, "id,at,person,actor,action,subject,detail");
        assert_eq!(
            rest,
            "7,\"1970-01-01T00:00:00.000Z\",\"1\",\"ada\",\"run.begin\",\"'=HYPERLINK(\"\"http://x\"\")\n2\",\"{\"\"title\"\":\"\"it's \\\"\"x\\\"\"\"\"}\"\r\n"
        );
        for start in ["+1", "-1", "@a", "\t=1", "\r=1"] {
            assert_eq!(cell(start), format!("\"'{start}\""));
        }
        assert_eq!(cell("a=1"), "\"a=1\"");
    }

    #[test]
    fn pages_of_json_make_one_list() {
        let page = |first| Format::Json.write(&[entry("a"), entry("b")], first).unwrap();
        let text = page(true) + &page(false) + &Format::Json.write(&[], false).unwrap() + Format::Json.end();
        assert_eq!(serde_json::from_str::<Vec<AuditEntry>>(&text).unwrap().len(), 4);
        let none = Format::Json.write(&[], true).unwrap() + Format::Json.end();
        assert_eq!(none, "[]");
    }
}

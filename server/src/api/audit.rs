//! `/api/v1/audit`: who did what; as JSON or CSV.

use async_trait::async_trait;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::Problem;
use domain::audit::{AuditEntry, AuditQuery, MAX_ENTRIES};
use domain::policy::Actor;
use domain::services::Team;

use super::export::{self, Listing, Sender, cells};
use super::query::Pairs;
use crate::auth::identity::SignedIn;
use crate::http::Web;
use crate::http::problem::Refusal;

/// The trail from its latest entry, or from the one before which the query begins.
struct Trail {
    web: Web,
    query: AuditQuery,
}

#[async_trait]
impl Listing for Trail {
    type Entry = AuditEntry;
    const FILE: &'static str = "audit";
    const COLUMNS: &'static str = "id,at,person,actor,action,subject,result,detail";
    const PAGE: u32 = MAX_ENTRIES;

    async fn page(&mut self, actor: &Actor, limit: u32) -> Result<Vec<AuditEntry>, Problem> {
        let page = self.web.auth.audit(actor, &AuditQuery { limit, ..self.query.clone() }).await?;
        self.query.before = page.last().map(|entry| entry.id);
        Ok(page)
    }

    fn line(entry: &AuditEntry) -> String {
        let person = entry.person.map(|id| id.to_string()).unwrap_or_default();
        let (at, detail) = (entry.at.rfc3339(), entry.detail.to_string());
        let texts = cells(&[&at, &person, &entry.actor, &entry.action, &entry.subject, &entry.result, &detail]);
        format!("{},{texts}", entry.id)
    }
}

/// The audit trail: who did what, when, on what, and what came of it by now; the latest first.
#[utoipa::path(get, path = "/audit", operation_id = "list_audit_entries", tag = "people",
    params(
        ("actor" = Option<String>, Query, description = "By whom: the name then, as a whole"),
        ("action" = Option<String>, Query, description = "What, by how it begins: `run.` is all that runs do"),
        ("q" = Option<String>, Query, description = "Substring of what it was done on, or of the facts beside it; at most 200 characters"),
        ("result" = Option<String>, Query, description = "What came of it by now, without the reason: `applied`, `undone`, `stuck`, `refused`, `made`, `not made`, `unknown`, `being taken back`, `taken back`, `left as it is` or `done`"),
        ("account" = Option<String>, Query, description = "Account ids, separated by commas; leaves out what is about no account"),
        ("region" = Option<String>, Query, description = "Regions, separated by commas; leaves out what is about no region"),
        ("from" = Option<String>, Query, description = "Done then or later: an RFC 3339 moment, a date or time in UTC, milliseconds since 1970, or an age such as `24h` or `7d`"),
        ("to" = Option<String>, Query, description = "Done earlier: the same, without ages"),
        ("before" = Option<i64>, Query, description = "Only entries with a smaller id"),
        ("limit" = Option<u32>, Query, description = "1 to 100000; 100 unless given"),
        ("format" = Option<String>, Query, description = "`json` or `csv`; as `Accept` says unless given"),
    ),
    responses(
        (status = 200, body = Vec<AuditEntry>, content_type = "application/json"),
        (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn trail(State(web): State<Web>, _: SignedIn, headers: HeaderMap, pairs: Pairs) -> Result<Response, Refusal> {
    let (accounts, regions) = pairs.scope()?;
    let query = AuditQuery { accounts, regions, ..AuditQuery::read(MAX_ENTRIES, |name| pairs.get(name))? };
    let reader = Sender { auth: web.auth.clone(), headers: headers.clone() };
    Ok(export::answer(Trail { web, query }, reader, 100, &pairs, &headers).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Millis;
    use serde_json::json;

    #[test]
    fn a_line_has_every_fact_in_its_column() {
        let entry = AuditEntry {
            id: 7,
            at: Millis(0),
            person: Some(1),
            actor: "ada".into(),
            action: "run.begin".into(),
            subject: "=x".into(),
            result: "done".into(),
            detail: json!({ "title": "it's \"x\"" }),
        };
        assert_eq!(
            Trail::line(&entry),
            "7,\"1970-01-01T00:00:00.000Z\",\"1\",\"ada\",\"run.begin\",\"'=x\",\"done\",\"{\"\"title\"\":\"\"it's \\\"\"x\\\"\"\"\"}\""
        );
        assert_eq!(Trail::COLUMNS.split(',').count(), 8);
    }
}

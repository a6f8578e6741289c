//! The list of runs; as JSON or CSV.

use async_trait::async_trait;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::plan::listing::{MAX_RUNS, RunsQuery};
use domain::plan::service::RunLine;
use domain::policy::Actor;
use domain::{Millis, Problem};

use super::export::{self, Listing, Sender, cells};
use super::query::Pairs;
use crate::auth::identity::SignedIn;
use crate::http::Web;
use crate::http::problem::Refusal;

/// Runs from the latest, or from the one before which the query begins.
struct Runs {
    web: Web,
    query: RunsQuery,
}

#[async_trait]
impl Listing for Runs {
    type Entry = RunLine;
    const FILE: &'static str = "runs";
    const COLUMNS: &'static str = "id,title,account,region,state,by,made,ended,done,steps,format";
    const PAGE: u32 = MAX_RUNS;

    async fn page(&mut self, actor: &Actor, limit: u32) -> Result<Vec<RunLine>, Problem> {
        let page = self.web.plans.runs(actor, &RunsQuery { limit, ..self.query.clone() }).await?;
        self.query.before = page.last().map(|line| (line.made, line.id.clone()));
        Ok(page)
    }

    fn line(run: &RunLine) -> String {
        let (made, ended) = (run.made.rfc3339(), run.ended.map(Millis::rfc3339).unwrap_or_default());
        let (account, region) = (run.scope.account.as_str(), run.scope.region.as_str());
        let texts = cells(&[&run.id, &run.title, account, region, run.state.as_str(), &run.by, &made, &ended]);
        format!("{texts},{},{},{}", run.done, run.steps, run.format)
    }
}

/// Runs, the latest first.
#[utoipa::path(get, path = "/runs", operation_id = "list_runs", tag = "plans",
    params(
        ("state" = Option<String>, Query, description = "`checking`, `applying`, `undoing`, `applied`, `undone` or `stuck`; several separated by commas"),
        ("q" = Option<String>, Query, description = "Substring of the title, or of who started it; at most 200 characters"),
        ("account" = Option<String>, Query, description = "Account ids, separated by commas"),
        ("region" = Option<String>, Query, description = "Regions, separated by commas"),
        ("from" = Option<String>, Query, description = "Begun then or later: an RFC 3339 moment, a date or time in UTC, milliseconds since 1970, or an age such as `24h` or `7d`"),
        ("to" = Option<String>, Query, description = "Begun earlier: the same, without ages"),
        ("before" = Option<String>, Query, description = "`MOMENT,ID` of the last run of the page before, the moment in milliseconds"),
        ("limit" = Option<u32>, Query, description = "1 to 100000; 50 unless given"),
        ("format" = Option<String>, Query, description = "`json` or `csv`; as `Accept` says unless given"),
    ),
    responses(
        (status = 200, body = Vec<RunLine>, content_type = "application/json"),
        (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(web): State<Web>, _: SignedIn, headers: HeaderMap, pairs: Pairs) -> Result<Response, Refusal> {
    let (accounts, regions) = pairs.scope()?;
    let query = RunsQuery { accounts, regions, ..RunsQuery::read(MAX_RUNS, |name| pairs.get(name))? };
    let reader = Sender { auth: web.auth.clone(), headers: headers.clone() };
    Ok(export::answer(Runs { web, query }, reader, 50, &pairs, &headers).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Scope;
    use domain::plan::run::State as Far;

    #[test]
    fn a_line_has_every_fact_in_its_column() {
        let run = RunLine {
            id: "0a1b".into(),
            title: "+Create \"shop/web\"".into(),
            scope: Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap()),
            state: Far::Applying,
            by: "ada".into(),
            made: Millis(0),
            ended: None,
            done: 1,
            steps: 3,
            format: 2,
        };
        assert_eq!(
            Runs::line(&run),
            "\"0a1b\",\"'+Create \"\"shop/web\"\"\",\"111122223333\",\"eu-west-1\",\"applying\",\"ada\",\"1970-01-01T00:00:00.000Z\",\"\",1,3,2"
        );
        assert_eq!(Runs::COLUMNS.split(',').count(), 11);
    }
}

//! Drafts: forms that people have begun and not yet applied, one of each wizard for each person. No secrets: wizards refer to those.

use domain::plan::service::KeptDraft;
use domain::{Code, Millis, Problem};
use serde_json::Value;
use sqlx::types::Json;

use crate::{Result, Store, problem};

/// The most drafts of one person.
const MANY: i64 = 100;

impl Store {
    /// A person's draft of a wizard.
    pub async fn draft(&self, person: i64, wizard: &str) -> Result<Option<KeptDraft>> {
        let row: Option<(Json<Value>, i64)> =
            sqlx::query_as("select body, saved from drafts where person = $1 and wizard = $2")
                .bind(person)
                .bind(wizard)
                .fetch_optional(&self.pages)
                .await
                .map_err(problem::of)?;
        Ok(row.map(|(body, saved)| KeptDraft { body: body.0, saved: Millis(saved) }))
    }

    /// Keeps a draft in place of the one before; answers the moment it carries, which is later than that of the one before.
    ///
    /// # Errors
    /// [`Code::TooLarge`] when this person has very many already.
    pub async fn keep_draft(&self, person: i64, wizard: &str, body: &Value, now: Millis) -> Result<Millis> {
        let saved: Option<i64> = sqlx::query_scalar(
            "insert into drafts as d (person, wizard, body, saved)
             select $1, $2, $3, $4 where (select count(*) from drafts where person = $1 and wizard <> $2) < $5
             on conflict (person, wizard) do update set body = excluded.body, saved = greatest(excluded.saved, d.saved + 1)
             returning saved",
        )
        .bind(person)
        .bind(wizard)
        .bind(Json(body))
        .bind(now.0)
        .bind(MANY)
        .fetch_optional(&self.pages)
        .await
        .map_err(problem::of)?;
        let many =
            || Problem::new(Code::TooLarge, "Too many drafts", format!("At most {MANY} drafts are kept for you."));
        saved.map(Millis).ok_or_else(many)
    }

    /// Forgets a person's draft of a wizard, if there is one.
    pub async fn forget_draft(&self, person: i64, wizard: &str) -> Result<()> {
        sqlx::query("delete from drafts where person = $1 and wizard = $2")
            .bind(person)
            .bind(wizard)
            .execute(&self.pages)
            .await
            .map_err(problem::of)?;
        Ok(())
    }
}

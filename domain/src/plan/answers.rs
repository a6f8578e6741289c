//! What a person entered, of every wizard and action; and the plan that follows from it.

use serde::{Deserialize, Serialize};

use super::{Facts, FieldErrors, Plan, Subject};
use crate::ecr::wizards::create_repository;
use crate::identity::Scope;

/// The answers of a wizard, and where it is to happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// Account and region.
    pub scope: Scope,
    /// What was entered.
    #[serde(flatten)]
    pub form: Form,
}

/// What was entered, by wizard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "wizard", content = "answers", rename_all = "kebab-case")]
pub enum Form {
    /// [`create_repository`]
    CreateRepository(create_repository::Answers),
}

impl Answers {
    /// What has to be known for the plan. Answers that are wrong need nothing.
    pub fn subjects(&self) -> Vec<Subject> {
        match &self.form {
            Form::CreateRepository(answers) => create_repository::subjects(answers),
        }
    }
    /// The plan.
    ///
    /// # Errors
    /// What is wrong, by field.
    pub fn plan(&self, facts: &Facts) -> Result<Plan, FieldErrors> {
        match &self.form {
            Form::CreateRepository(answers) => create_repository::plan(answers, &self.scope, facts),
        }
    }
}

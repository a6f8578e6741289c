//! Create a public repository, with what the Public Gallery says of it.
//! <https://docs.aws.amazon.com/AmazonECR/latest/public/public-repository-create.html>

use serde::{Deserialize, Serialize};

use super::super::calls::{Call, CatalogInput, CreateRepository, DeleteRepository};
use super::super::rules;
use super::super::subject::Subject;
use super::{Words, check_tags, in_order, place, state, step, subjects, undo};
use crate::document::Tag;
use crate::ecr::rules::public_repository_name;
use crate::identity::Scope;
use crate::plan::{self, Facts, FieldErrors, Plan};

/// What is entered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answers {
    /// Its name, namespaces included: `tools/probe`.
    pub name: String,
    /// What it is, in a sentence or two.
    pub description: String,
    /// What it is at length, in Markdown.
    pub about: String,
    /// How to use it, in Markdown.
    pub usage: String,
    /// What its images run on: mostly of [`rules::ARCHITECTURES`].
    pub architectures: Vec<String>,
    /// Mostly of [`rules::SYSTEMS`].
    pub operating_systems: Vec<String>,
    /// A PNG in base64; empty for none.
    pub logo: String,
    /// Tags, in the order they were entered.
    pub tags: Vec<(String, String)>,
}

const REPOSITORY: &str = "repository";

impl Answers {
    fn subject(&self) -> Subject {
        Subject::Repository { repository: self.name.trim().to_owned() }
    }

    /// What has to be known.
    pub fn subjects(&self, scope: &Scope) -> Vec<plan::Subject> {
        if self.name.trim().is_empty() { vec![] } else { subjects(scope, [self.subject()]) }
    }

    fn check(&self, scope: &Scope, facts: &Facts) -> FieldErrors {
        let mut errors = FieldErrors::new();
        place(scope, &mut errors);
        let name = self.name.trim();
        if let Err(message) = public_repository_name(name) {
            errors.insert("name".into(), message);
        } else if matches!(state(facts, &self.subject()), Some(Some(_))) {
            errors.insert("name".into(), format!("A public repository named {name} exists in this account already."));
        }
        let words = Words {
            description: self.description.trim(),
            about: self.about.trim(),
            usage: self.usage.trim(),
            architectures: &self.architectures,
            operating_systems: &self.operating_systems,
        };
        words.check(&mut errors);
        if !self.logo.is_empty()
            && let Err(message) = rules::logo(&self.logo)
        {
            errors.insert("logo".into(), message);
        }
        check_tags(&self.tags, &plan::marks(REPOSITORY), &mut errors);
        errors
    }

    /// The plan: one call.
    ///
    /// # Errors
    /// What is wrong, by field.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let errors = self.check(scope, facts);
        if !errors.is_empty() {
            return Err(errors);
        }
        let name = self.name.trim().to_owned();
        let says = format!("Create the public repository {name}");
        let tags = self.tags.iter().map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()));
        let tags = tags.filter(|(key, value)| !key.is_empty() || !value.is_empty());
        let create = CreateRepository {
            repository_name: name.clone(),
            catalog_data: self.catalog(),
            tags: tags.chain(plan::marks(REPOSITORY)).map(|(key, value)| Tag { key, value }).collect(),
        };
        // Without force: images that were pushed since are somebody's work, and others may use them.
        let back = undo(Call::DeleteRepository(DeleteRepository { repository_name: name, force: None }));
        let step = step(REPOSITORY, says.clone(), scope, Call::CreateRepository(create), back, None);
        Ok(in_order(says, scope, vec![step]))
    }

    /// What the gallery is to say, if anything.
    fn catalog(&self) -> Option<CatalogInput> {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let list = |all: &[String]| Some(all.to_vec()).filter(|all| !all.is_empty());
        let catalog = CatalogInput {
            description: text(&self.description),
            architectures: list(&self.architectures),
            operating_systems: list(&self.operating_systems),
            logo_image_blob: text(&self.logo),
            about_text: text(&self.about),
            usage_text: text(&self.usage),
        };
        (catalog != CatalogInput::default()).then_some(catalog)
    }
}

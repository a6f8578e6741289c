//! Change what the Public Gallery says of a repository, and its tags; delete one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::calls::{
    Call, CatalogInput, DeleteRepository, PutRepositoryCatalogData, TagResource, UntagResource, says as gallery_says,
};
use super::super::rules;
use super::super::subject::Subject;
use super::super::{Catalog, arn};
use super::{Words, against, check_tags, gone, in_order, place, state, step, subjects, undo, uses};
use crate::document::Tag;
use crate::ecr::wizards::guard;
use crate::identity::Scope;
use crate::plan::tagging::{self, Pair, keys};
use crate::plan::{self, Effect, Facts, FieldErrors, Plan, Step, Undo};

/// What is entered to change a repository: how it shall be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// Its name.
    pub repository: String,
    /// What it is, in a sentence or two.
    pub description: String,
    /// What it is at length, in Markdown.
    pub about: String,
    /// How to use it, in Markdown.
    pub usage: String,
    /// What its images run on.
    pub architectures: Vec<String>,
    /// The same for operating systems.
    pub operating_systems: Vec<String>,
    /// A PNG in base64 in place of the logo; empty to leave it as it is.
    pub logo: String,
    /// Tags, in the order they were entered; those of AWS and of Gantry's runs stay whatever is entered.
    pub tags: Vec<(String, String)>,
}

/// What is entered to delete a repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Delete {
    /// Its name.
    pub repository: String,
    /// With the images in it.
    pub force: bool,
    /// The name once more, if images in use are to go.
    pub insist: String,
}

/// All of it, so that what is empty becomes empty.
fn input(catalog: &Catalog) -> CatalogInput {
    CatalogInput {
        description: Some(catalog.description.clone().unwrap_or_default()),
        architectures: Some(catalog.architectures.clone()),
        operating_systems: Some(catalog.operating_systems.clone()),
        logo_image_blob: None,
        about_text: Some(catalog.about_text.clone().unwrap_or_default()),
        usage_text: Some(catalog.usage_text.clone().unwrap_or_default()),
    }
}

impl Change {
    fn catalog(&self) -> Subject {
        Subject::Catalog { repository: self.repository.clone() }
    }
    fn tags(&self, scope: &Scope) -> Subject {
        Subject::Tags { arn: arn(scope, &self.repository) }
    }
    /// What has to be known.
    pub fn subjects(&self, scope: &Scope) -> Vec<plan::Subject> {
        subjects(scope, [self.catalog(), self.tags(scope)])
    }

    fn check(&self, scope: &Scope) -> FieldErrors {
        let mut errors = FieldErrors::new();
        place(scope, &mut errors);
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
        check_tags(&self.tags, &[], &mut errors);
        errors
    }

    fn wanted(&self) -> CatalogInput {
        let text = |text: &str| Some(text.trim().to_owned());
        input(&Catalog {
            description: text(&self.description),
            architectures: self.architectures.clone(),
            operating_systems: self.operating_systems.clone(),
            about_text: text(&self.about),
            usage_text: text(&self.usage),
            ..Catalog::default()
        })
    }

    /// The plan: a step for each thing that is not as it shall be.
    ///
    /// # Errors
    /// What is wrong, by field; `nothing` when it is so already.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let mut errors = self.check(scope);
        let (catalog, tags) = (state(facts, &self.catalog()), state(facts, &self.tags(scope)));
        // A repository may lack catalog data; only one that is gone has no tags, not even none.
        if tags == Some(None) {
            errors.insert("repository".into(), gone(&self.repository));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let (known, tags) = (tags.is_some(), tags.flatten());
        let (repository, catalog) = (&self.repository, catalog.flatten());
        let put = |catalog_data: CatalogInput| {
            let repository_name = repository.clone();
            Call::PutRepositoryCatalogData(PutRepositoryCatalogData { repository_name, catalog_data })
        };
        let mut steps = vec![];
        let wanted = self.wanted();
        if !gallery_says(&wanted, catalog.as_ref().unwrap_or(&Value::Null)) {
            let old: Catalog =
                catalog.clone().and_then(|catalog| serde_json::from_value(catalog).ok()).unwrap_or_default();
            let says = format!("Change what the Public Gallery says of {repository}");
            steps.push(step("catalog", says, scope, put(wanted), undo(put(input(&old))), catalog.clone()));
        }
        self.tag_steps(scope, tags.as_ref(), &mut steps);
        if !self.logo.is_empty() {
            // Last, for nothing that can be taken back may come after it. The texts go with it: what is left out is taken away.
            let with_logo = CatalogInput { logo_image_blob: Some(self.logo.clone()), ..self.wanted() };
            let never = "AWS gives a logo's address only: put the old picture in its place again.".to_owned();
            let says = format!("Put another logo on {repository}");
            steps.push(step("logo", says, scope, put(with_logo), Undo::Never(never), catalog));
        }
        for step in &mut steps {
            step.effect = Effect::Update;
        }
        if steps.is_empty() && known {
            return Err([("nothing".to_owned(), "This is how it is already.".to_owned())].into());
        }
        Ok(in_order(format!("Change the public repository {repository}"), scope, steps))
    }

    fn tag_steps(&self, scope: &Scope, before: Option<&Value>, steps: &mut Vec<Step>) {
        let changes = tagging::changes(before, &self.tags);
        let resource_arn = arn(scope, &self.repository);
        let put = |tags: Vec<Pair<'_>>| {
            let tags = tags.into_iter().map(|(key, value)| Tag { key: key.into(), value: value.into() }).collect();
            Call::TagResource(TagResource { resource_arn: resource_arn.clone(), tags })
        };
        let remove = |keys: &[&str]| {
            let tag_keys = keys.iter().map(|key| (*key).to_owned()).collect();
            Call::UntagResource(UntagResource { resource_arn: resource_arn.clone(), tag_keys })
        };
        let repository = &self.repository;
        let mut add = |id: &str, says: String, call: Call, back: Call| {
            steps.push(step(id, says, scope, call, undo(back), before.cloned()));
        };
        if !changes.added.is_empty() {
            let names = keys(&changes.added);
            let says = format!("Tag {repository} with {}", names.join(", "));
            add("tags-added", says, put(changes.added.clone()), remove(&names));
        }
        if !changes.changed.is_empty() {
            let names = keys(&changes.changed);
            let says = format!("Change the {} of {repository}", tagging::named(&names));
            add("tags-changed", says, put(changes.changed.clone()), put(changes.was(&names)));
        }
        if !changes.removed.is_empty() {
            let says = format!("Take the {} off {repository}", tagging::named(&changes.removed));
            add("tags-removed", says, remove(&changes.removed), put(changes.was(&changes.removed)));
        }
    }
}

impl Delete {
    fn subject(&self) -> Subject {
        Subject::Repository { repository: self.repository.clone() }
    }
    fn images(&self) -> Subject {
        Subject::Images { repository: self.repository.clone() }
    }
    /// What has to be known.
    pub fn subjects(&self, scope: &Scope) -> Vec<plan::Subject> {
        let uses = Subject::Uses { repository: self.repository.clone() };
        subjects(scope, [self.subject(), self.images(), uses])
    }

    /// The plan.
    ///
    /// # Errors
    /// What is wrong, by field: images it would take with it, images in use, what is not known of their use.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let mut errors = FieldErrors::new();
        place(scope, &mut errors);
        let repository = &self.repository;
        let before = state(facts, &self.subject());
        if before == Some(None) {
            errors.insert("repository".into(), gone(repository));
        }
        let images = state(facts, &self.images()).flatten().unwrap_or_default();
        let count = images["count"].as_u64().unwrap_or_default();
        if count > 0 && !self.force {
            let more = if images["more"] == true { "more than " } else { "" };
            let images = if count == 1 { "image" } else { "images" };
            errors.insert("force".into(), format!("It holds {more}{count} {images}. Say that they are to go with it."));
        }
        // Without images none goes: AWS refuses to delete a repository with some unless that is said.
        if count > 0 || self.force {
            let words = "What runs these images could not be started again";
            let against =
                against(uses(facts, repository), words, |uses| uses.all().into_iter().map(str::to_owned).collect());
            errors.extend(guard(&against, &self.insist, repository).err().into_iter().flatten());
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let says = match self.force {
            true => format!("Delete the public repository {repository} with its images"),
            false => format!("Delete the public repository {repository}"),
        };
        let input = DeleteRepository { repository_name: repository.clone(), force: self.force.then_some(true) };
        let never = Undo::Never("a repository that was deleted does not come back with its images and logo.".into());
        let mut step = step("delete", says.clone(), scope, Call::DeleteRepository(input), never, before.flatten());
        step.effect = Effect::Delete;
        if self.force {
            step.monthly = None;
        }
        Ok(in_order(says, scope, vec![step]))
    }
}

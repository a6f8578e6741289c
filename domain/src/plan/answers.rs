//! What a person entered, of every wizard and action; and the plan that follows from it.

use serde::{Deserialize, Serialize};

use super::{Facts, FieldErrors, Plan, Subject};
use crate::ecr::wizards::{copy_image, create_repository, images, policies, put_images, registry, repository, tags};
use crate::ecr_public::wizards as public;
use crate::ecs::wizards as ecs;
use crate::identity::Scope;
use crate::lambda::wizards as lambda;

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
    /// [`repository::Change`]
    ChangeRepository(repository::Change),
    /// [`repository::Delete`]
    DeleteRepository(repository::Delete),
    /// [`policies::Lifecycle`]
    LifecyclePolicy(policies::Lifecycle),
    /// [`policies::Permissions`]
    RepositoryPolicy(policies::Permissions),
    /// [`images::Delete`]
    DeleteImages(images::Delete),
    /// [`tags::Tag`]
    TagImage(tags::Tag),
    /// [`tags::Untag`]
    UntagImage(tags::Untag),
    /// [`images::Scan`]
    ScanImages(images::Scan),
    /// [`copy_image::Answers`]
    CopyImage(copy_image::Answers),
    /// [`registry::Replication`]
    RegistryReplication(registry::Replication),
    /// [`registry::Scanning`]
    RegistryScanning(registry::Scanning),
    /// [`registry::Setting`]
    RegistrySetting(registry::Setting),
    /// [`registry::cache::Rule`]
    RegistryCacheRule(registry::cache::Rule),
    /// [`registry::cache::Delete`]
    DeleteRegistryCacheRule(registry::cache::Delete),
    /// [`registry::template::Template`]
    RegistryTemplate(registry::template::Template),
    /// [`registry::template::Delete`]
    DeleteRegistryTemplate(registry::template::Delete),
    /// [`registry::policy::Policy`]
    RegistryPolicy(registry::policy::Policy),
    /// [`put_images::Answers`]
    PutImages(put_images::Answers),
    /// [`public::create_repository`]
    CreatePublicRepository(public::create_repository::Answers),
    /// [`public::repository::Change`]
    ChangePublicRepository(public::repository::Change),
    /// [`public::repository::Delete`]
    DeletePublicRepository(public::repository::Delete),
    /// [`public::permissions`]
    PublicRepositoryPolicy(public::permissions::Permissions),
    /// Delete images of a public repository.
    DeletePublicImages(public::images::Delete),
    /// [`lambda::UseImage`]
    UseInFunction(lambda::UseImage),
    /// [`ecs::UseImage`]
    UseInTaskDefinition(ecs::UseImage),
}

impl Form {
    /// Insists on what was refused under [`crate::ecr::wizards::INSIST`], with what a person typed.
    pub fn insist(&mut self, typed: &str) {
        let field = match self {
            Form::DeleteRepository(answers) => &mut answers.insist,
            Form::LifecyclePolicy(answers) => &mut answers.insist,
            Form::RepositoryPolicy(answers) => &mut answers.insist,
            Form::DeleteImages(answers) => &mut answers.insist,
            Form::UntagImage(answers) => &mut answers.insist,
            Form::RegistryPolicy(answers) => &mut answers.insist,
            Form::PublicRepositoryPolicy(answers) => &mut answers.insist,
            Form::DeletePublicRepository(answers) => &mut answers.insist,
            Form::DeletePublicImages(answers) => &mut answers.insist,
            Form::CreateRepository(_)
            | Form::ChangeRepository(_)
            | Form::TagImage(_)
            | Form::ScanImages(_)
            | Form::CopyImage(_)
            | Form::RegistryReplication(_)
            | Form::RegistryScanning(_)
            | Form::RegistrySetting(_)
            | Form::RegistryCacheRule(_)
            | Form::DeleteRegistryCacheRule(_)
            | Form::RegistryTemplate(_)
            | Form::DeleteRegistryTemplate(_)
            | Form::PutImages(_)
            | Form::CreatePublicRepository(_)
            | Form::ChangePublicRepository(_)
            | Form::UseInFunction(_)
            | Form::UseInTaskDefinition(_) => return,
        };
        typed.clone_into(field);
    }
    /// Says that what is in it is to go with it.
    pub fn force(&mut self) {
        match self {
            Form::DeleteRepository(answers) => answers.force = true,
            Form::DeletePublicRepository(answers) => answers.force = true,
            _ => {}
        }
    }
}

impl Answers {
    /// What has to be known for the plan. Answers that are wrong need nothing.
    pub fn subjects(&self) -> Vec<Subject> {
        match &self.form {
            Form::CreateRepository(answers) => create_repository::subjects(answers),
            Form::ChangeRepository(answers) => answers.subjects(&self.scope),
            Form::DeleteRepository(answers) => answers.subjects(),
            Form::LifecyclePolicy(answers) => answers.subjects(),
            Form::RepositoryPolicy(answers) => answers.subjects(),
            Form::DeleteImages(answers) => answers.subjects(),
            Form::TagImage(answers) => answers.subjects(),
            Form::UntagImage(answers) => answers.subjects(),
            Form::ScanImages(answers) => answers.subjects(),
            Form::CopyImage(answers) => answers.subjects(),
            Form::RegistryReplication(answers) => answers.subjects(),
            Form::RegistryScanning(answers) => answers.subjects(),
            Form::RegistrySetting(answers) => answers.subjects(),
            Form::RegistryCacheRule(answers) => answers.subjects(),
            Form::DeleteRegistryCacheRule(answers) => answers.subjects(),
            Form::RegistryTemplate(answers) => answers.subjects(),
            Form::DeleteRegistryTemplate(answers) => answers.subjects(),
            Form::RegistryPolicy(answers) => answers.subjects(),
            Form::PutImages(answers) => answers.subjects(),
            Form::CreatePublicRepository(answers) => answers.subjects(&self.scope),
            Form::ChangePublicRepository(answers) => answers.subjects(&self.scope),
            Form::DeletePublicRepository(answers) => answers.subjects(&self.scope),
            Form::PublicRepositoryPolicy(answers) => answers.subjects(&self.scope),
            Form::DeletePublicImages(answers) => answers.subjects(&self.scope),
            Form::UseInFunction(answers) => answers.subjects(),
            Form::UseInTaskDefinition(answers) => answers.subjects(),
        }
    }
    /// What AWS is asked besides before somebody reviews the plan, if it can say in time: nothing in it rests on the answer but whether it
    /// is refused.
    pub fn preview(&self) -> Option<Subject> {
        let Form::LifecyclePolicy(answers) = &self.form else { return None };
        answers.preview()
    }
    /// The plan.
    ///
    /// # Errors
    /// What is wrong, by field.
    pub fn plan(&self, facts: &Facts) -> Result<Plan, FieldErrors> {
        match &self.form {
            Form::CreateRepository(answers) => create_repository::plan(answers, &self.scope, facts),
            Form::ChangeRepository(answers) => answers.plan(&self.scope, facts),
            Form::DeleteRepository(answers) => answers.plan(&self.scope, facts),
            Form::LifecyclePolicy(answers) => answers.plan(&self.scope, facts),
            Form::RepositoryPolicy(answers) => answers.plan(&self.scope, facts),
            Form::DeleteImages(answers) => answers.plan(&self.scope, facts),
            Form::TagImage(answers) => answers.plan(&self.scope, facts),
            Form::UntagImage(answers) => answers.plan(&self.scope, facts),
            Form::ScanImages(answers) => answers.plan(&self.scope, facts),
            Form::CopyImage(answers) => answers.plan(&self.scope, facts),
            Form::RegistryReplication(answers) => answers.plan(&self.scope, facts),
            Form::RegistryScanning(answers) => answers.plan(&self.scope, facts),
            Form::RegistrySetting(answers) => answers.plan(&self.scope, facts),
            Form::RegistryCacheRule(answers) => answers.plan(&self.scope, facts),
            Form::DeleteRegistryCacheRule(answers) => answers.plan(&self.scope, facts),
            Form::RegistryTemplate(answers) => answers.plan(&self.scope, facts),
            Form::DeleteRegistryTemplate(answers) => answers.plan(&self.scope, facts),
            Form::RegistryPolicy(answers) => answers.plan(&self.scope, facts),
            Form::PutImages(answers) => answers.plan(&self.scope, facts),
            Form::CreatePublicRepository(answers) => answers.plan(&self.scope, facts),
            Form::ChangePublicRepository(answers) => answers.plan(&self.scope, facts),
            Form::DeletePublicRepository(answers) => answers.plan(&self.scope, facts),
            Form::PublicRepositoryPolicy(answers) => answers.plan(&self.scope, facts),
            Form::DeletePublicImages(answers) => answers.plan(&self.scope, facts),
            Form::UseInFunction(answers) => answers.plan(&self.scope, facts),
            Form::UseInTaskDefinition(answers) => answers.plan(&self.scope, facts),
        }
    }
}

//! Delete images of a public repository.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

use super::super::calls::{BatchDeleteImage, Call, ImageIdentifier};
use super::super::image::{MOST, is_index};
use super::super::subject::Subject;
use super::super::uses::Uses;
use super::{against, in_order, place, state, step, subjects, uses};
use crate::ecr::inventory::short;
use crate::ecr::known::some;
use crate::ecr::rules::image_digest;
use crate::ecr::wizards::guard;
use crate::identity::Scope;
use crate::plan::{self, Effect, Facts, FieldErrors, Plan, Undo};

/// BatchDeleteImage takes at most so many:
/// <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_BatchDeleteImage.html>
const IMAGES_A_CALL: usize = 100;

/// Images to delete.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Delete {
    /// The repository's name.
    pub repository: String,
    /// Their digests.
    pub digests: Vec<String>,
    /// The repository's name, if images in use are to go.
    pub insist: String,
}

fn counted(n: usize) -> String {
    if n == 1 { "1 image".to_owned() } else { format!("{n} images") }
}

impl Delete {
    fn subject(&self, digests: &[String]) -> Subject {
        Subject::ImagesOf { repository: self.repository.clone(), digests: digests.to_vec() }
    }

    fn digests(&self) -> Result<Vec<String>, FieldErrors> {
        let wrong = |message: String| Err([("digests".to_owned(), message)].into());
        let all: BTreeSet<&String> = self.digests.iter().collect();
        if all.is_empty() {
            return wrong("Choose at least one image.".into());
        }
        if all.len() > MOST {
            return wrong(format!("At most {MOST} images at once; these are {}.", all.len()));
        }
        if let Some(message) = all.iter().find_map(|digest| image_digest(digest).err()) {
            return wrong(message);
        }
        Ok(all.into_iter().cloned().collect())
    }

    /// What has to be known.
    pub fn subjects(&self, scope: &Scope) -> Vec<plan::Subject> {
        let all = self.digests().unwrap_or_default();
        let images = all.chunks(IMAGES_A_CALL).flat_map(|chunk| subjects(scope, [self.subject(chunk)]));
        let uses = (!all.is_empty()).then(|| subjects(scope, [Subject::Uses { repository: self.repository.clone() }]));
        images.chain(uses.into_iter().flatten()).collect()
    }

    /// Those of them that something uses, and what.
    fn used(&self, uses: &Uses, digests: &[String], known: &Map<String, Value>) -> Vec<String> {
        let said = digests.iter().filter_map(|digest| {
            let tags = known.get(digest).map(|state| Vec::<String>::deserialize(&state["tags"]).unwrap_or_default())?;
            let by: Vec<String> = uses.of(digest, &tags).into_iter().map(str::to_owned).collect();
            let name = tags.first().map_or_else(|| format!("@{}", short(digest)), |tag| format!(":{tag}"));
            (!by.is_empty()).then(|| format!("{}{name} (used by {})", self.repository, some(&by)))
        });
        said.collect()
    }

    /// The plan.
    ///
    /// # Errors
    /// What is wrong, by field; under [`INSIST`](crate::ecr::wizards::INSIST) those in use, and what is not known of their use.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let mut errors = FieldErrors::new();
        place(scope, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let all = self.digests()?;
        let repository = &self.repository;
        let object = |found: Option<Value>| found.and_then(|found| found.as_object().cloned()).unwrap_or_default();
        let known: Option<Vec<Map<String, Value>>> =
            all.chunks(IMAGES_A_CALL).map(|chunk| state(facts, &self.subject(chunk)).map(object)).collect();
        let known: Option<Map<String, Value>> = known.map(|all| all.into_iter().flatten().collect());
        if let Some(missing) =
            known.as_ref().and_then(|known| all.iter().find(|digest| !known.contains_key(digest.as_str())))
        {
            let message = format!("There is no image {} in {repository} any more.", short(missing));
            return Err([("digests".to_owned(), message)].into());
        }
        if let Some(known) = &known {
            let against = against(uses(facts, repository), "These are in use", |uses| self.used(uses, &all, known));
            guard(&against, &self.insist, repository)?;
        }
        // AWS keeps an image as long as an index leads to it: indexes go first, in calls of their own.
        let index = |digest: &String| {
            let media = known.as_ref().and_then(|known| known.get(digest)?["mediaType"].as_str());
            media.is_some_and(is_index)
        };
        let (indexes, others): (Vec<String>, Vec<String>) = all.iter().cloned().partition(index);
        let batches = indexes.chunks(IMAGES_A_CALL).chain(others.chunks(IMAGES_A_CALL));
        let steps = batches.enumerate().map(|(n, batch)| {
            let id = |digest: &String| ImageIdentifier { image_digest: Some(digest.clone()), image_tag: None };
            let call = Call::BatchDeleteImage(BatchDeleteImage {
                repository_name: repository.clone(),
                image_ids: batch.iter().map(id).collect(),
            });
            let before = known.as_ref().map(|known| {
                batch.iter().filter_map(|digest| Some((digest.clone(), known.get(digest)?.clone()))).collect()
            });
            let never = Undo::Never("an image that was deleted has to be pushed again.".into());
            let says = format!("Delete {} of {repository}", counted(batch.len()));
            let mut step = step(&format!("images-{}", n + 1), says, scope, call, never, before.map(Value::Object));
            step.effect = Effect::Delete;
            // Its manifests are not read: which layers other images share is not known.
            step.monthly = None;
            step
        });
        Ok(in_order(format!("Delete {} of {repository}", counted(all.len())), scope, steps.collect()))
    }
}

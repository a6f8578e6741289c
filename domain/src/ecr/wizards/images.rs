//! Delete images, have them scanned.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use super::super::calls::{BatchDeleteImage, Call, ImageIdentifier, StartImageScan};
use super::super::inventory::{Inventory, short};
use super::super::registry::ScanningConfiguration;
use super::super::rules;
use super::super::subject::{IMAGES_A_CALL, Subject};
use super::{doubts, guard, in_order, inventory, saved, some, state, step};
use crate::identity::Scope;
use crate::plan::{self, Effect, Facts, FieldErrors, Plan, Undo};

/// The most images of one plan.
pub const MOST: usize = 1_000;
/// The most images of one plan of scans: AWS starts one at a time.
pub const MOST_SCANS: usize = 20;
/// Why no scan is started where the registry's scanning is enhanced: AWS refuses it.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced.html>
pub const ENHANCED: &str = "The registry uses enhanced scanning: Amazon Inspector scans by itself, and AWS starts no scan by hand. Basic scanning is chosen on the registry's page.";

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

/// Images to scan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scan {
    /// The repository's name.
    pub repository: String,
    /// Their digests.
    pub digests: Vec<String>,
}

pub(super) fn one(field: &str, message: String) -> FieldErrors {
    [(field.to_owned(), message)].into()
}

fn by_digest(digest: &str) -> ImageIdentifier {
    ImageIdentifier { image_digest: Some(digest.to_owned()), image_tag: None }
}

pub(super) fn counted(n: usize) -> String {
    if n == 1 { "1 image".to_owned() } else { format!("{n} images") }
}

/// Digests, each once; at most so many.
fn digests(given: &[String], most: usize) -> Result<Vec<String>, FieldErrors> {
    let all: BTreeSet<&String> = given.iter().collect();
    if all.is_empty() {
        return Err(one("digests", "Choose at least one image.".into()));
    }
    if all.len() > most {
        return Err(one("digests", format!("At most {most} images at once; these are {}.", all.len())));
    }
    if let Some(message) = all.iter().find_map(|digest| rules::image_digest(digest).err()) {
        return Err(one("digests", message));
    }
    Ok(all.into_iter().cloned().collect())
}

impl Delete {
    /// In calls of their own, each index before what it leads to, other indexes among that: AWS refuses to delete what an index leads to
    /// (`ImageReferencedByManifestList`), and says nothing of the order in which it goes through one call.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageFailure.html>
    fn batches(&self, digests: Vec<String>, inventory: Option<&Inventory>) -> Vec<Vec<String>> {
        let known = inventory.map(Inventory::by_digest).unwrap_or_default();
        let (mut left, mut levels): (Vec<String>, Vec<Vec<String>>) = (digests, vec![]);
        while !left.is_empty() {
            let rest: BTreeSet<String> = left.iter().cloned().collect();
            let leads_on = |digest: &String| {
                let held = known.get(digest.as_str());
                held.is_some_and(|held| held.facts.children.iter().any(|child| rest.contains(child)))
            };
            let (mut above, mut level): (Vec<String>, Vec<String>) = left.into_iter().partition(leads_on);
            // None leads to itself: its digest is that of what it says.
            if level.is_empty() {
                std::mem::swap(&mut above, &mut level);
            }
            levels.push(level);
            left = above;
        }
        let calls = levels.iter().rev().flat_map(|level| level.chunks(IMAGES_A_CALL));
        calls.map(<[String]>::to_vec).collect()
    }
    fn subject(&self, digests: &[String]) -> Subject {
        Subject::Images { repository: self.repository.clone(), digests: digests.to_vec() }
    }
    /// What speaks against it: images in use, images that were not collected yet, lists that could not be read.
    fn against(&self, all: &[String], inventory: &Inventory) -> Vec<String> {
        let chosen: BTreeSet<&str> = all.iter().map(String::as_str).collect();
        let held = inventory.by_digest();
        let needed: Vec<String> =
            inventory.needed(&chosen).iter().map(|danger| inventory.explain(&self.repository, danger)).collect();
        let unseen: Vec<String> =
            all.iter().filter(|d| !held.contains_key(d.as_str())).map(|d| short(d).to_owned()).collect();
        let needed = (!needed.is_empty()).then(|| format!("These are in use: {}.", some(&needed)));
        let unseen = (!unseen.is_empty()).then(|| {
            format!("What uses these is not known, for Gantry has not collected them yet: {}.", some(&unseen))
        });
        needed.into_iter().chain(unseen).chain(doubts(inventory)).collect()
    }
    /// What has to be known: first of all the images, which decide the batches; then those.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        let inventory = plan::Subject::Ecr(Subject::Inventory { repository: self.repository.clone() });
        match digests(&self.digests, MOST) {
            Err(_) => vec![],
            Ok(all) => {
                let chunks = all.chunks(IMAGES_A_CALL).map(|chunk| plan::Subject::Ecr(self.subject(chunk)));
                chunks.chain([inventory]).collect()
            }
        }
    }

    /// The plan.
    ///
    /// # Errors
    /// What is wrong, by field; under [`super::INSIST`] those in use, and what is not known of their use.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let all = digests(&self.digests, MOST)?;
        let repository = &self.repository;
        let inventory = inventory(facts, repository);
        if let Some(inventory) = &inventory {
            let chosen: BTreeSet<&str> = all.iter().map(String::as_str).collect();
            let held = inventory.images.iter().find(|index| {
                !chosen.contains(index.facts.digest.as_str())
                    && index.facts.children.iter().any(|child| chosen.contains(child.as_str()))
            });
            if let Some(index) = held {
                let name = index.facts.tags.first().map_or_else(|| short(&index.facts.digest), String::as_str);
                let message =
                    format!("AWS keeps an image as long as an index leads to it: choose the index {name}, too.");
                return Err(one("digests", message));
            }
        }
        // What was looked up in chunks of the digests, by digest.
        let known: Option<serde_json::Map<String, serde_json::Value>> = all
            .chunks(IMAGES_A_CALL)
            .map(|chunk| {
                state(facts, &self.subject(chunk)).map(|s| s.and_then(|s| s.as_object().cloned()).unwrap_or_default())
            })
            .collect::<Option<Vec<_>>>()
            .map(|all| all.into_iter().flatten().collect());
        if let Some(known) = &known
            && let Some(missing) = all.iter().find(|digest| !known.contains_key(*digest))
        {
            return Err(one("digests", format!("There is no image {} in {repository} any more.", short(missing))));
        }
        if let Some(inventory) = &inventory {
            guard(&self.against(&all, inventory), &self.insist, repository)?;
        }
        let batches = self.batches(all.clone(), inventory.as_ref());
        // A layer that images of two batches share is saved by the second.
        let saved = |batches: &[Vec<String>]| saved(inventory.as_ref(), batches.iter().flatten().map(String::as_str));
        let steps = batches.iter().enumerate().map(|(n, batch)| {
            let call = Call::BatchDeleteImage(BatchDeleteImage {
                repository_name: repository.clone(),
                image_ids: batch.iter().map(|digest| by_digest(digest)).collect(),
            });
            let before = known.as_ref().map(|known| {
                let own = batch.iter().filter_map(|digest| Some((digest.clone(), known.get(digest)?.clone())));
                serde_json::Value::Object(own.collect())
            });
            let never = Undo::Never("an image that was deleted has to be pushed again.".into());
            let says = format!("Delete {} of {repository}", counted(batch.len()));
            let mut step = step(&format!("images-{}", n + 1), says, scope, call, never, before);
            step.effect = Effect::Delete;
            step.monthly = saved(&batches[..=n]).zip(saved(&batches[..n])).map(|(now, before)| now - before);
            step
        });
        Ok(in_order(format!("Delete {} of {repository}", counted(all.len())), scope, steps.collect()))
    }
}

impl Scan {
    fn subject(&self, digest: &str) -> Subject {
        Subject::Scan { repository: self.repository.clone(), digest: digest.to_owned() }
    }
    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        let all = digests(&self.digests, MOST_SCANS).unwrap_or_default();
        let registry = (!all.is_empty()).then_some(Subject::RegistryScanning);
        all.iter().map(|digest| self.subject(digest)).chain(registry).map(plan::Subject::Ecr).collect()
    }

    /// The plan: a step for each image.
    ///
    /// # Errors
    /// What is wrong, by field; under `scanning` that the registry's scanning is enhanced.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let all = digests(&self.digests, MOST_SCANS)?;
        let repository = &self.repository;
        let scanning = state(facts, &Subject::RegistryScanning).flatten();
        let scanning = scanning.and_then(|scanning| ScanningConfiguration::deserialize(scanning).ok());
        if scanning.is_some_and(|scanning| scanning.is_enhanced()) {
            return Err(one("scanning", ENHANCED.to_owned()));
        }
        let steps = all.iter().enumerate().map(|(n, digest)| {
            let call = Call::StartImageScan(StartImageScan {
                repository_name: repository.clone(),
                image_id: by_digest(digest),
            });
            let never = Undo::Never("a scan changes nothing that could be taken back.".into());
            let before = state(facts, &self.subject(digest)).flatten();
            let mut step = step(
                &format!("scan-{}", n + 1),
                format!("Scan {} of {repository}", short(digest)),
                scope,
                call,
                never,
                before,
            );
            step.effect = Effect::Update;
            step
        });
        Ok(in_order(format!("Scan {} of {repository}", counted(all.len())), scope, steps.collect()))
    }
}

//! What a policy would do to the images of a repository: a preview without asking AWS, for a policy that is still being written.
//!
//! Follows the [evaluation rules](https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules)
//! of the user guide; where they leave something open, the function that decides it says so. Of images pushed in the same
//! millisecond, the one with the greater digest counts as the newer.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::{ActionType, CountType, Policy, Rule, StorageClass, TagStatus};
use crate::ecr::Image;
use crate::time::Millis;

const DAY: i64 = 86_400_000;

/// What a lifecycle policy looks at in an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageFacts {
    /// Its name in the repository.
    pub digest: String,
    /// In any order.
    pub tags: Vec<String>,
    /// A new tag for an image that was already there does not change it.
    pub pushed_at: Millis,
    /// The last pull that AWS recorded; `None` when there was none.
    pub pulled_at: Option<Millis>,
    /// When it was last moved to the archive.
    pub archived_at: Option<Millis>,
    /// When it was last restored from there.
    pub activated_at: Option<Millis>,
    /// Where it is now.
    pub storage_class: StorageClass,
    /// The digests of the images it leads to, when it is an index (manifest list).
    pub children: Vec<String>,
    /// The image it is a signature, attestation or the like of.
    pub subject: Option<String>,
    /// In bytes. Rules do not look at it; who adds up what a policy frees does.
    pub size: Option<i64>,
}

impl ImageFacts {
    /// What a stored image says of itself; `None` when it does not say when it was pushed, without which no rule can be judged.
    pub fn of(image: &Image) -> Option<Self> {
        // AWS moves an image out of the archive only once it is restored.
        let archived = matches!(image.image_status.as_deref(), Some("ARCHIVED" | "ACTIVATING"));
        Some(Self {
            digest: image.image_digest.clone(),
            tags: image.image_tags.clone(),
            pushed_at: image.image_pushed_at?.0,
            pulled_at: image.last_recorded_pull_time.map(|t| t.0),
            archived_at: image.last_archived_at.map(|t| t.0),
            activated_at: image.last_activated_at.map(|t| t.0),
            storage_class: if archived { StorageClass::Archive } else { StorageClass::Standard },
            children: image.manifests.iter().flatten().map(|child| child.digest.clone()).collect(),
            subject: image.subject_manifest_digest.clone(),
            size: image.image_size_in_bytes,
        })
    }

    /// When it came to the storage it is in: a restored image is as new as its restoration.
    fn since(&self) -> Millis {
        self.activated_at.unwrap_or(self.pushed_at)
    }

    /// The last pull since it is there, or when it came there.
    fn last_use(&self) -> Millis {
        self.pulled_at.filter(|pull| self.activated_at.is_none_or(|at| *pull >= at)).unwrap_or(self.since())
    }
}

/// What happens to an image. Rules are named by their priority, as in AWS's own preview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// No rule acts on it.
    Kept,
    /// The rule would act on it, but the index `by` leads to it and stays.
    Held {
        /// The rule's priority.
        rule: i64,
        /// The digest of the index.
        by: String,
    },
    /// Deleted.
    Expired {
        /// The rule's priority.
        rule: i64,
    },
    /// Moved to the archive, from where it cannot be pulled.
    Archived {
        /// The rule's priority.
        rule: i64,
    },
    /// The rule may act on it; Gantry does not know all of the rule's words.
    Unclear {
        /// The rule's priority.
        rule: i64,
    },
}

impl Fate {
    /// The rule that decided it.
    pub fn rule(&self) -> Option<i64> {
        match self {
            Self::Kept => None,
            Self::Held { rule, .. } | Self::Expired { rule } | Self::Archived { rule } | Self::Unclear { rule } => {
                Some(*rule)
            }
        }
    }

    /// Whether the image can, or may, no longer be pulled afterwards.
    pub fn goes(&self) -> bool {
        matches!(self, Self::Expired { .. } | Self::Archived { .. } | Self::Unclear { .. })
    }
}

/// What a policy does to one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The image.
    pub digest: String,
    /// What happens to it.
    pub fate: Fate,
    /// The images it leads to.
    pub children: Vec<String>,
}

/// What the policy would do to these images, which are all of a repository: one verdict for each, in their order.
///
/// All rules look at all images, also at those that another rule marks: they fill the places of `imageCountMoreThan`. Then the
/// rules are applied, the lowest number first: an image belongs to the first rule whose storage class and tags fit it, and no later
/// rule can touch it, whether or not the first one does. The storage class is part of this: otherwise AWS's own example "Combining
/// archive and expire rules", in which both rules select any image, could never delete anything.
///
/// A rule that Gantry does not know whole may act on every image that it may select: those are [`Fate::Unclear`].
pub fn evaluate(policy: &Policy, images: &[ImageFacts], now: Millis) -> Vec<Verdict> {
    let mut rules: Vec<&Rule> = policy.rules.iter().collect();
    rules.sort_by_key(|rule| rule.rule_priority);
    let mut fates = vec![Fate::Kept; images.len()];
    let mut taken = vec![false; images.len()];
    for rule in rules {
        let selected: Vec<usize> = (0..images.len()).filter(|i| rule.selects(&images[*i])).collect();
        for i in rule.marks(images, &selected, now) {
            if !taken[i] {
                fates[i] = rule.fate();
            }
        }
        for i in selected {
            taken[i] = true;
        }
    }
    let family = Family::new(images);
    family.hold(&mut fates);
    family.follow(&mut fates);
    let verdict = |(image, fate): (&ImageFacts, Fate)| Verdict {
        digest: image.digest.clone(),
        fate,
        children: image.children.clone(),
    };
    images.iter().zip(fates).map(verdict).collect()
}

impl Rule {
    /// Whether it looks at the image. What it says in words Gantry does not know excludes nothing.
    fn selects(&self, image: &ImageFacts) -> bool {
        let selection = &self.selection;
        let class = selection.storage();
        let matches = |some: &Option<Vec<String>>, test: fn(&str, &str) -> bool| {
            some.iter().flatten().all(|entry| image.tags.iter().any(|tag| test(entry, tag)))
        };
        let tags = match selection.tag_status {
            TagStatus::Tagged => {
                !image.tags.is_empty()
                    && matches(&selection.tag_pattern_list, matches_pattern)
                    && matches(&selection.tag_prefix_list, |prefix, tag| tag.starts_with(prefix))
            }
            TagStatus::Untagged => image.tags.is_empty(),
            TagStatus::Any | TagStatus::Other(_) => true,
        };
        tags && (*class == image.storage_class || !class.is_known())
    }

    /// Which of the images that it selects it would act on, were it alone.
    ///
    /// "Older than" a number of days is strictly older, as in AWS's example in which an image pushed one day ago is not older than
    /// one day. That a restored image counts from its restoration is said where the guide speaks of the order of images; it is
    /// taken to hold for `sinceImagePushed` too, because a restored image would otherwise be archived again at once.
    fn marks(&self, images: &[ImageFacts], selected: &[usize], now: Millis) -> Vec<usize> {
        if !self.is_known() {
            return selected.to_vec();
        }
        let number = self.selection.count_number;
        let older = |moment: fn(&ImageFacts) -> Option<Millis>| {
            let old = |i: &usize| {
                moment(&images[*i]).is_some_and(|at| now.0.saturating_sub(at.0) > number.saturating_mul(DAY))
            };
            selected.iter().copied().filter(old).collect()
        };
        match self.selection.count_type {
            CountType::ImageCountMoreThan => {
                let mut newest = selected.to_vec();
                newest.sort_by_key(|i| Reverse((images[*i].since(), &images[*i].digest)));
                newest.into_iter().skip(usize::try_from(number).unwrap_or(0)).collect()
            }
            CountType::SinceImagePushed => older(|image| Some(image.since())),
            CountType::SinceImagePulled => older(|image| Some(image.last_use())),
            CountType::SinceImageTransitioned => older(|image| image.archived_at),
            CountType::Other(_) => selected.to_vec(),
        }
    }

    fn fate(&self) -> Fate {
        let rule = self.rule_priority;
        match self.action.kind {
            ActionType::Expire if self.is_known() => Fate::Expired { rule },
            ActionType::Transition if self.is_known() => Fate::Archived { rule },
            _ => Fate::Unclear { rule },
        }
    }
}

/// Whether a tag matches a pattern, in which each `*` stands for any text, also for none.
pub(crate) fn matches_pattern(pattern: &str, tag: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == tag };
    let Some(mut tag) = tag.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    // The leftmost place leaves the most for the parts that follow.
    for part in parts {
        let Some((_, after)) = tag.split_once(part) else { return false };
        tag = after;
    }
    tag.ends_with(last)
}

/// Who refers to whom.
struct Family<'a> {
    images: &'a [ImageFacts],
    place: HashMap<&'a str, usize>,
    /// By digest, the indexes that lead to it.
    indexes: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Family<'a> {
    fn new(images: &'a [ImageFacts]) -> Self {
        let mut indexes: HashMap<&str, Vec<usize>> = HashMap::new();
        for (i, image) in images.iter().enumerate() {
            for child in &image.children {
                indexes.entry(child).or_default().push(i);
            }
        }
        Self {
            images,
            place: images.iter().enumerate().map(|(i, image)| (image.digest.as_str(), i)).collect(),
            indexes,
        }
    }

    /// An index that leads to the image and neither goes nor is in the archive already.
    fn holder(&self, image: usize, fates: &[Fate]) -> Option<usize> {
        let indexes = self.indexes.get(self.images[image].digest.as_str()).into_iter().flatten().copied();
        indexes.into_iter().find(|i| self.images[*i].storage_class != StorageClass::Archive && !fates[*i].goes())
    }

    /// What an index leads to is neither deleted nor archived before the index is. Where the index goes by the same policy, the
    /// image goes after it: AWS does not say whether on the same day.
    fn hold(&self, fates: &mut [Fate]) {
        loop {
            let mut changed = false;
            for i in 0..fates.len() {
                if fates[i].goes()
                    && let Some(rule) = fates[i].rule()
                    && let Some(holder) = self.holder(i, fates)
                {
                    fates[i] = Fate::Held { rule, by: self.images[holder].digest.clone() };
                    changed = true;
                }
            }
            if !changed {
                return;
            }
        }
    }

    /// A signature, attestation or the like goes where its subject goes, within a day.
    fn follow(&self, fates: &mut [Fate]) {
        loop {
            let mut changed = false;
            for i in 0..fates.len() {
                let subject = self.images[i].subject.as_deref().and_then(|digest| self.place.get(digest));
                let Some(fate) = subject.map(|s| fates[*s].clone()).filter(Fate::goes) else { continue };
                let there =
                    self.images[i].storage_class == StorageClass::Archive && matches!(fate, Fate::Archived { .. });
                if fates[i] == Fate::Kept && !there && self.holder(i, fates).is_none() {
                    fates[i] = fate;
                    changed = true;
                }
            }
            if !changed {
                return;
            }
        }
    }
}

/// An image that goes although something needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Danger {
    /// The image.
    pub digest: String,
    /// Deleted, archived or unclear: none of them can be relied on for a pull.
    pub fate: Fate,
    /// What is in use instead, when the image itself is not: an index that leads to it, or an image that it leads to.
    pub through: Option<String>,
}

/// Which images go although they are in use, in the order of the verdicts.
///
/// In use means also: led to by an index that is in use, because any of its platforms may be pulled next; and an index that leads to
/// an image in use, because what runs an image by its own digest was usually asked for by the tag of its index.
pub fn in_danger(verdicts: &[Verdict], in_use: &BTreeSet<String>) -> Vec<Danger> {
    let mut children: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut indexes: HashMap<&str, Vec<&str>> = HashMap::new();
    for verdict in verdicts {
        for child in &verdict.children {
            children.entry(&verdict.digest).or_default().push(child);
            indexes.entry(child).or_default().push(&verdict.digest);
        }
    }
    let mut needed: BTreeMap<&str, &str> = in_use.iter().map(|digest| (digest.as_str(), digest.as_str())).collect();
    for used in in_use {
        // Up and down separately: the other platforms of an index are not in use because one of them is.
        for relatives in [&children, &indexes] {
            let mut next = vec![used.as_str()];
            let mut seen: BTreeSet<&str> = BTreeSet::new();
            while let Some(digest) = next.pop() {
                for relative in relatives.get(digest).into_iter().flatten() {
                    if seen.insert(relative) {
                        needed.entry(relative).or_insert(used);
                        next.push(relative);
                    }
                }
            }
        }
    }
    let danger = |verdict: &Verdict| {
        let by = needed.get(verdict.digest.as_str()).filter(|_| verdict.fate.goes())?;
        let through = (*by != verdict.digest).then(|| (*by).to_owned());
        Some(Danger { digest: verdict.digest.clone(), fate: verdict.fate.clone(), through })
    };
    verdicts.iter().filter_map(danger).collect()
}

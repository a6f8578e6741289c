//! What Gantry has collected of a repository's images and of what uses them: what has to be known before images go.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use super::known;
use super::lifecycle::{Danger, Fate, ImageFacts, Verdict, in_danger};
use super::subject::Subject;
use crate::identity::ResourceKey;
use crate::kind::Kind;
use crate::listing::Freshness;
use crate::plan;
use crate::time::Millis;

/// The images of a repository, as they were collected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// When it was put together: lifecycle rules count days from here.
    pub now: Millis,
    /// The images, in any order.
    pub images: Vec<Held>,
    /// The lists that say what uses them ([`known::LISTS`]), wherever there is a connection.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<Freshness>,
    /// Functions of images in the repository's region of which it was not read yet which image they run since they last changed, for lists do not
    /// say it; and services whose task definition was not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<ResourceKey>,
    /// By tag, what pulls by it when it starts next, as people call it. What keeps to the digest that it was made with, as functions do, is not
    /// among it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub started_by: BTreeMap<String, BTreeSet<String>>,
    /// Where else an image goes with the one here, as [`super::storage::deleted_in`] says: what runs there is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deleted_in: Vec<String>,
    /// The EKS clusters, wherever there is a connection: what has no pod in them now is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<ResourceKey>,
    /// Bytes of the layers of all of them, each layer once; images name them by their place here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<i64>,
}

/// An image and what uses it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The image.
    #[serde(flatten)]
    pub facts: ImageFacts,
    /// What runs or names it, as people call it: `service web in prod`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<String>,
    /// It is no image but a signature, a bill of materials or the like.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub artifact: bool,
    /// What it is for, such as `linux/arm64`, as far as it is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
    /// Its layers, as places in [`Inventory::layers`]: none of an index. Absent where they are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<Vec<usize>>,
}

impl Inventory {
    /// What has to be looked up for it.
    pub fn subject(repository: &str) -> plan::Subject {
        plan::Subject::Ecr(Subject::Inventory { repository: repository.to_owned() })
    }
    /// The images that something uses.
    pub fn in_use(&self) -> BTreeSet<String> {
        self.images.iter().filter(|i| !i.used_by.is_empty()).map(|i| i.facts.digest.clone()).collect()
    }
    /// What is not known of what uses them, one text a list or function; empty where all of it can be relied on.
    pub fn unknown(&self) -> Vec<String> {
        let unread = self.unread.iter().map(|key| {
            format!("the image of {} in {} {} was not read yet", key.spoken(), key.scope.account, key.scope.region)
        });
        known::unknown(&self.lists, self.now).into_iter().chain(unread).collect()
    }
    /// Whether the list of the images themselves can be relied on: there may be more of them than were collected.
    pub fn has_all_images(&self) -> bool {
        self.lists.iter().filter(|list| list.kind == Kind::Image).all(|list| known::known(list, self.now))
    }
    /// When the list of the images themselves was last read to its end; `None` if never.
    pub fn listed(&self) -> Option<Millis> {
        self.lists.iter().find(|list| list.kind == Kind::Image)?.complete
    }
    /// Bytes of the layers of all images, each layer once, for so AWS stores and bills them: a layer that is there is not uploaded again, and
    /// other repositories store copies of their own unless blob mounting is on. `None` where they are not known, because not every image was
    /// collected yet, or not every image's layers were.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchCheckLayerAvailability.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/blob-mounting.html>
    pub fn stored(&self) -> Option<i64> {
        let known = self.has_all_images() && self.images.iter().all(|held| held.layers.is_some());
        known.then(|| self.layers.iter().fold(0, |sum: i64, size| sum.saturating_add(*size)))
    }
    /// Bytes that are stored no longer once these images are gone: of the layers that no other image has. `None` where that is not known,
    /// because an image was not collected yet, or its layers were not.
    pub fn freed(&self, digests: &BTreeSet<&str>) -> Option<i64> {
        let found = self.images.iter().filter(|held| digests.contains(held.facts.digest.as_str())).count();
        if found < digests.len() || !self.has_all_images() {
            return None;
        }
        let (mut gone, mut kept): (BTreeSet<usize>, BTreeSet<usize>) = Default::default();
        for held in &self.images {
            let side = if digests.contains(held.facts.digest.as_str()) { &mut gone } else { &mut kept };
            side.extend(held.layers.as_ref()?);
        }
        gone.difference(&kept).map(|place| self.layers.get(*place).copied()).sum()
    }
    /// What lifecycle rules look at.
    pub fn facts(&self) -> Vec<ImageFacts> {
        self.images.iter().map(|i| i.facts.clone()).collect()
    }
    /// The image with this digest.
    pub fn get(&self, digest: &str) -> Option<&Held> {
        self.images.iter().find(|i| i.facts.digest == digest)
    }
    /// Which of these images something needs, itself or through an index.
    pub fn needed(&self, digests: &BTreeSet<&str>) -> Vec<Danger> {
        let verdicts: Vec<Verdict> = self
            .images
            .iter()
            .map(|held| Verdict {
                digest: held.facts.digest.clone(),
                fate: if digests.contains(held.facts.digest.as_str()) { Fate::Expired { rule: 0 } } else { Fate::Kept },
                children: held.facts.children.clone(),
            })
            .collect();
        in_danger(&verdicts, &self.in_use())
    }
    /// What indexes lead to.
    fn parts(&self) -> BTreeSet<&str> {
        self.images.iter().flat_map(|i| &i.facts.children).map(String::as_str).collect()
    }
    /// Images that no tag leads to, that nothing uses, that no index needs and that say nothing of another image; with what they lead to that
    /// has no tag either. All of them can go.
    pub fn untagged(&self) -> Vec<&Held> {
        let parts = self.parts();
        let free = |held: &&Held| {
            held.facts.tags.is_empty()
                && held.facts.subject.is_none()
                && !held.artifact
                && !parts.contains(held.facts.digest.as_str())
        };
        let all: Vec<&Held> = self.images.iter().filter(free).collect();
        self.free(self.with_parts(all, |part| part.facts.tags.is_empty()))
    }
    /// Tagged images that newer ones replaced, and that nothing uses: all but the `keep` newest. An index and the images it leads to are one,
    /// also where each of them has a tag of its own. Signatures and the like replace nothing.
    pub fn superseded(&self, keep: usize) -> Vec<&Held> {
        let parts = self.parts();
        let whole =
            |held: &&Held| !held.facts.tags.is_empty() && !held.artifact && !parts.contains(held.facts.digest.as_str());
        let mut tagged: Vec<&Held> = self.images.iter().filter(whole).collect();
        tagged.sort_by(|a, b| {
            b.facts.pushed_at.cmp(&a.facts.pushed_at).then_with(|| b.facts.digest.cmp(&a.facts.digest))
        });
        self.free(self.with_parts(tagged.into_iter().skip(keep).collect(), |_| true))
    }
    /// These, and behind all of them what they lead to, each once: whoever takes the first of them takes no image before its index.
    fn with_parts<'a>(&'a self, mut all: Vec<&'a Held>, goes: impl Fn(&Held) -> bool) -> Vec<&'a Held> {
        let known = self.by_digest();
        let mut seen: BTreeSet<&str> = all.iter().map(|held| held.facts.digest.as_str()).collect();
        let mut next = 0;
        while let Some(held) = all.get(next).copied() {
            let parts = held.facts.children.iter().filter_map(|digest| known.get(digest.as_str()).copied());
            all.extend(parts.filter(|part| goes(part) && seen.insert(part.facts.digest.as_str())));
            next += 1;
        }
        all
    }
    /// Those of them that nothing needs, and to which no index leads that stays: AWS keeps those.
    fn free<'a>(&'a self, mut all: Vec<&'a Held>) -> Vec<&'a Held> {
        let digests = all.iter().map(|held| held.facts.digest.as_str()).collect();
        let needed: BTreeSet<String> = self.needed(&digests).into_iter().map(|danger| danger.digest).collect();
        all.retain(|held| !needed.contains(&held.facts.digest));
        // An index that stays for the sake of another keeps what it leads to.
        loop {
            let going: BTreeSet<&str> = all.iter().map(|held| held.facts.digest.as_str()).collect();
            let stays = self.images.iter().filter(|index| !going.contains(index.facts.digest.as_str()));
            let kept: BTreeSet<&str> = stays.flat_map(|index| &index.facts.children).map(String::as_str).collect();
            let before = all.len();
            all.retain(|held| !kept.contains(held.facts.digest.as_str()));
            if all.len() == before {
                return all;
            }
        }
    }
    /// An image as people call it, and what needs it.
    pub fn explain(&self, repository: &str, danger: &Danger) -> String {
        let name = |digest: &str| match self.get(digest).and_then(|held| held.facts.tags.first()) {
            Some(tag) => format!("{repository}:{tag}"),
            None => format!("{repository}@{}", short(digest)),
        };
        let user = danger.through.as_deref().unwrap_or(&danger.digest);
        let by: Vec<&str> =
            self.get(user).map(|held| held.used_by.iter().map(String::as_str).collect()).unwrap_or_default();
        let some: Vec<&str> = by.iter().take(3).copied().collect();
        let more = if by.len() > some.len() { format!(" and {} more", by.len() - some.len()) } else { String::new() };
        match &danger.through {
            None => format!("{} (used by {}{more})", name(&danger.digest), some.join(", ")),
            Some(through) => {
                format!("{} (goes with {}, used by {}{more})", name(&danger.digest), name(through), some.join(", "))
            }
        }
    }
    /// By digest.
    pub fn by_digest(&self) -> BTreeMap<&str, &Held> {
        self.images.iter().map(|held| (held.facts.digest.as_str(), held)).collect()
    }
}

/// The first twelve characters behind `sha256:`.
pub fn short(digest: &str) -> &str {
    let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
    hex.get(..12).unwrap_or(hex)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::ecr::lifecycle::StorageClass;
    use crate::identity::Scope;

    /// An image, pushed on a day, with its tags, what it leads to, and what uses it.
    pub fn held(digest: &str, day: i64, tags: &[&str], children: &[&str], used_by: &[&str]) -> Held {
        let own = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<String>>();
        Held {
            facts: ImageFacts {
                digest: digest.into(),
                tags: own(tags),
                pushed_at: Millis(day * 86_400_000),
                pulled_at: None,
                archived_at: None,
                activated_at: None,
                storage_class: StorageClass::Standard,
                children: own(children),
                subject: None,
                size: Some(1),
            },
            used_by: own(used_by),
            artifact: false,
            platforms: vec![],
            layers: None,
        }
    }

    pub fn inventory() -> Inventory {
        Inventory {
            now: Millis(100 * 86_400_000),
            images: vec![
                held("sha256:old", 1, &["1.0"], &[], &[]),
                held("sha256:run", 2, &["1.1"], &[], &["service web in prod"]),
                held("sha256:index", 3, &["1.2"], &["sha256:arm", "sha256:amd"], &[]),
                held("sha256:arm", 3, &[], &[], &["service batch in prod"]),
                held("sha256:amd", 3, &[], &[], &[]),
                held("sha256:lost", 4, &[], &[], &[]),
                held("sha256:new", 5, &["1.3"], &[], &[]),
            ],
            ..Inventory::default()
        }
    }

    fn digests(all: Vec<&Held>) -> Vec<&str> {
        all.iter().map(|held| held.facts.digest.as_str()).collect()
    }

    #[test]
    fn what_nothing_needs_can_go() {
        let inventory = inventory();
        assert_eq!(digests(inventory.untagged()), ["sha256:lost"]);
        // 1.1 runs, and a platform of 1.2 runs.
        assert_eq!(digests(inventory.superseded(1)), ["sha256:old"]);
        assert_eq!(digests(inventory.superseded(4)), Vec::<&str>::new());
    }

    /// Releases as they are pushed for several platforms: each platform has a tag of its own, and an index leads to all.
    fn releases(used: &[&str]) -> Inventory {
        let used_by = |digest: &str| if used.contains(&digest) { vec!["service web in prod"] } else { vec![] };
        let held = |digest: &str, day: i64, tags: &[&str], children: &[&str]| {
            held(digest, day, tags, children, &used_by(digest))
        };
        let images = vec![
            held("1-amd", 1, &["1-amd64"], &[]),
            held("1-arm", 1, &["1-arm64"], &[]),
            held("1", 1, &["1"], &["1-amd", "1-arm"]),
            held("2-amd", 2, &["2-amd64"], &[]),
            held("both", 2, &["2-arm64", "3-arm64"], &[]),
            held("2", 2, &["2"], &["2-amd", "both"]),
            held("3-amd", 3, &["3-amd64"], &[]),
            held("3", 3, &["3", "latest"], &["3-amd", "both"]),
        ];
        Inventory { images, ..Inventory::default() }
    }

    #[test]
    fn a_release_of_several_platforms_goes_whole_with_its_index_first() {
        let offered = |keep: usize, used: &[&str]| {
            let inventory = releases(used);
            digests(inventory.superseded(keep)).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        // The third counts once, not as the three newest tags; what it shares with the second stays for it.
        assert_eq!(offered(1, &[]), ["2", "1", "2-amd", "1-amd", "1-arm"]);
        assert_eq!(offered(2, &[]), ["1", "1-amd", "1-arm"]);
        assert_eq!(offered(3, &[]), Vec::<String>::new());
        assert_eq!(offered(0, &[]).len(), 8);
        // Whoever runs one platform keeps the index, and by it the others.
        assert_eq!(offered(1, &["1-arm"]), ["2", "2-amd"]);
        assert_eq!(offered(1, &["1", "2"]), Vec::<String>::new());
    }

    #[test]
    fn an_index_that_lost_its_tag_takes_only_parts_without_one() {
        let mut inventory = releases(&[]);
        inventory.images[2].facts.tags.clear();
        assert_eq!(digests(inventory.untagged()), ["1"]);
        assert!(!digests(inventory.superseded(1)).contains(&"1-amd"), "its index stays as far as this goes");
        inventory.images[0].facts.tags.clear();
        assert_eq!(digests(inventory.untagged()), ["1", "1-amd"]);
    }

    #[test]
    fn only_layers_that_no_other_image_has_are_freed() {
        let with =
            |digest: &str, layers: &[usize]| Held { layers: Some(layers.to_vec()), ..held(digest, 1, &[], &[], &[]) };
        let mut inventory = Inventory {
            images: vec![with("a", &[0, 1]), with("b", &[0, 2]), with("c", &[0, 2, 2]), with("index", &[])],
            layers: vec![1000, 20, 3],
            ..Inventory::default()
        };
        assert_eq!(inventory.freed(&["a"].into()), Some(20));
        assert_eq!(inventory.freed(&["b"].into()), Some(0));
        assert_eq!(inventory.freed(&["b", "c"].into()), Some(3));
        assert_eq!(inventory.freed(&["a", "b", "c", "index"].into()), Some(1023));
        assert_eq!(inventory.freed(&["a", "pushed just now"].into()), None);
        inventory.images[3].layers = None;
        assert_eq!(inventory.freed(&["a"].into()), None, "an image that stays may have them too");
    }

    #[test]
    fn what_is_stored_has_each_layer_once_and_is_told_only_where_all_of_it_is_known() {
        let with =
            |digest: &str, layers: &[usize]| Held { layers: Some(layers.to_vec()), ..held(digest, 1, &[], &[], &[]) };
        let mut inventory = Inventory {
            images: vec![with("a", &[0, 1]), with("b", &[0, 2]), with("index", &[])],
            layers: vec![1000, 20, 3],
            ..Inventory::default()
        };
        assert_eq!(inventory.stored(), Some(1023));
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        inventory.lists = vec![known::never(&scope, Kind::Image)];
        assert_eq!(inventory.stored(), None, "there may be images that were not collected");
        inventory.lists.clear();
        inventory.images[1].layers = None;
        assert_eq!(inventory.stored(), None, "layers of an image were not read");
    }

    #[test]
    fn signatures_are_no_images_to_clean_up() {
        let mut inventory = inventory();
        for held in inventory
            .images
            .iter_mut()
            .filter(|held| ["sha256:lost", "sha256:old"].contains(&held.facts.digest.as_str()))
        {
            held.artifact = true;
        }
        assert!(inventory.untagged().is_empty() && inventory.superseded(1).is_empty());
    }

    #[test]
    fn what_is_needed_is_named_with_its_user() {
        let inventory = inventory();
        let needed = inventory.needed(&["sha256:index", "sha256:old", "sha256:run"].into());
        let words: Vec<String> = needed.iter().map(|danger| inventory.explain("shop/api", danger)).collect();
        assert_eq!(
            words,
            [
                "shop/api:1.1 (used by service web in prod)",
                "shop/api:1.2 (goes with shop/api@arm, used by service batch in prod)"
            ]
        );
    }
}

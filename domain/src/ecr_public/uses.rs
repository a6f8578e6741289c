//! What Gantry has collected of what uses the images of a public repository in the accounts that are connected. What the rest of the world
//! pulls nobody can know.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use super::subject::Subject;
use crate::ecr::known;
use crate::identity::ResourceKey;
use crate::kind::Kind;
use crate::listing::Freshness;
use crate::plan;
use crate::time::Millis;

/// The kinds that use public images, or lead from what does to them. Functions are made of private images only:
/// <https://docs.aws.amazon.com/lambda/latest/dg/images-create.html>
pub const LISTS: [Kind; 6] = [Kind::Task, Kind::Service, Kind::TaskDefinition, Kind::Pod, Kind::Rule, Kind::Schedule];

/// What uses the images of a public repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Uses {
    /// When it was put together.
    pub now: Millis,
    /// By the digest or the tag that they name an image by, what uses it, as people call it: `service web in prod`.
    #[serde(default)]
    pub users: BTreeMap<String, BTreeSet<String>>,
    /// The lists that say it ([`LISTS`]), wherever there is a connection.
    #[serde(default)]
    pub lists: Vec<Freshness>,
    /// Services whose task definition was not read yet.
    #[serde(default)]
    pub unread: Vec<ResourceKey>,
}

impl Uses {
    /// What has to be looked up for it.
    pub fn subject(repository: &str) -> plan::Subject {
        plan::Subject::EcrPublic(Subject::Uses { repository: repository.to_owned() })
    }
    /// What uses the image with this digest and these tags.
    pub fn of(&self, digest: &str, tags: &[String]) -> BTreeSet<&str> {
        let names = tags.iter().map(String::as_str).chain([digest]);
        names.filter_map(|name| self.users.get(name)).flatten().map(String::as_str).collect()
    }
    /// Whatever uses any of them.
    pub fn all(&self) -> BTreeSet<&str> {
        self.users.values().flatten().map(String::as_str).collect()
    }
    /// What is not known of their use in the accounts that are connected, one text a list or service.
    pub fn unknown(&self) -> Vec<String> {
        let unread = self.unread.iter().map(|key| {
            format!("the image of {} in {} {} was not read yet", key.spoken(), key.scope.account, key.scope.region)
        });
        known::unknown(&self.lists, self.now).into_iter().chain(unread).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_used_by_its_digest_and_by_each_of_its_tags() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
        let uses = Uses {
            users: [
                ("1.0".to_owned(), names(&["service web in prod"])),
                ("sha256:a".to_owned(), names(&["service web in prod", "task t in prod"])),
                ("2.0".to_owned(), names(&["pod probe in platform/shop"])),
            ]
            .into(),
            ..Uses::default()
        };
        let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<String>>();
        let of =
            |digest: &str, of: &[&str]| uses.of(digest, &tags(of)).into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(of("sha256:a", &["1.0", "latest"]), ["service web in prod", "task t in prod"]);
        assert_eq!(of("sha256:b", &["2.0"]), ["pod probe in platform/shop"]);
        assert!(of("sha256:b", &["latest"]).is_empty());
        assert_eq!(uses.all().len(), 3);
    }
}

//! What uses each image, reckoned from everything else that is collected: an image's own document does not say. The same arrows that
//! `server/src/plans/inventory.rs` reads from the store before images go are followed here in memory, whenever one of them changes, so that lists
//! can show, filter and sort by them. Also which images are the platforms of an index, and which signatures and the like are an image's.

use domain::ecr::Image;
use domain::ecs::{Task, TaskDefinition};
use domain::eks::Pod;
use domain::events;
use domain::resource::{Described, Relation, State, Tone};
use domain::{Kind, ResourceKey};
use gantry_store::links::base;
use gantry_store::resources::Stored;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use super::entry::{Datum, Entry, Text, Words};
use super::snapshot::Snapshot;
use super::table::Replacement;

/// Where a row is: number of its scope and id.
type Place = (u16, Text);

/// A text by which others point to something. Fifty thousand images have a hundred and fifty thousand of them, each as long as an address:
/// kept as 64 bits of a keyed hash, in which two of a million are the same once in forty million fleets.
type Mark = u64;

/// An image: by which texts others point to it, and to which images it leads.
#[derive(Debug, PartialEq)]
struct Target {
    refs: Box<[Mark]>,
    parts: Box<[Mark]>,
    /// The image that this signature, attestation or the like is about.
    about: Box<[Mark]>,
    tagged: bool,
}

/// What points to images, or is a step on the way to them.
#[derive(Debug, PartialEq)]
struct Source {
    key: ResourceKey,
    /// By which texts others point to it.
    refs: Vec<String>,
    images: Vec<String>,
    /// Of a service, rule or schedule its task definitions, of a task its service.
    through: Vec<String>,
    /// A rule or schedule that is switched off, a task definition that is deregistered.
    off: bool,
}

impl Source {
    /// The reference of a task definition's family, and which of its active revisions this is.
    fn family(&self) -> Option<(&str, u64)> {
        if self.off {
            return None;
        }
        let arn = self.refs.iter().find(|r| r.starts_with("arn:"))?;
        let (family, revision) = arn.rsplit_once(':')?;
        Some((family, revision.parse().ok()?))
    }
}

/// The arrows to images.
#[derive(Default)]
pub struct Usage {
    images: BTreeMap<Place, Target>,
    sources: HashMap<ResourceKey, Source>,
    changed: bool,
    marks: RandomState,
}

impl Usage {
    /// Takes note of a row with this id; `described` is what its document says, `None` when it cannot be read.
    pub fn note(&mut self, stored: &Stored, id: &Text, scope: u16, described: Option<&Described>) {
        let described = described.filter(|_| stored.gone.is_none());
        if stored.key.kind == Kind::Image {
            let place = (scope, id.clone());
            self.changed = true;
            match described {
                Some(d) => self.images.insert(place, target(d, &stored.doc, &self.marks)),
                None => self.images.remove(&place),
            };
            return;
        }
        let next = described.and_then(|d| source(&stored.key, d));
        // A task that goes on running as it ran changes nothing.
        if self.sources.get(&stored.key) == next.as_ref() {
            return;
        }
        self.changed = true;
        match next {
            Some(source) => self.sources.insert(stored.key.clone(), source),
            None => self.sources.remove(&stored.key),
        };
    }

    /// The rows of images that should look otherwise than they do, if anything changed that they depend on: the same again until
    /// [`Usage::told`].
    pub fn images(&self, snapshot: &Snapshot) -> Vec<Replacement> {
        if !self.changed {
            return vec![];
        }
        let names = domain::describe::columns(Kind::Image);
        let column = |id: &str| names.iter().position(|c| c.id == id);
        let (Some(users), Some(used)) = (column(Image::USERS), column(Image::USE)) else { return vec![] };
        let known = self.reckoned();
        let words = [Image::IN_USE, Image::UNUSED].map(Text::from);
        let rows = snapshot.table(Kind::Image).rows.iter().filter(|entry| entry.gone.is_none());
        let changed = rows.filter_map(|entry| {
            let place = (entry.scope, entry.id.clone());
            let of = known.get(&place)?;
            let mut next = (**entry).clone();
            next.cells[users] = match of.users.is_empty() {
                true => Datum::None,
                false => Datum::List(of.users.iter().map(|name| Text::from(name.as_str())).collect()),
            };
            next.cells[used] = Datum::Text(words[usize::from(of.users.is_empty())].clone());
            next.part_of = of.part_of.clone();
            next.parts = of.folded;
            next.part_at = of.at;
            // An index is not scanned: it is as bad as the worst of its platforms.
            next.state = entry.own.clone().or_else(|| worst(snapshot, entry.scope, &of.parts));
            let same = next.cells == entry.cells
                && (&next.part_of, next.part_at, next.parts, &next.state)
                    == (&entry.part_of, entry.part_at, entry.parts, &entry.state);
            (!same).then_some((place, Some(next)))
        });
        changed.collect()
    }

    /// Says that the rows answered are in use. A snapshot that is dropped takes its rows along: what they depend on does not change again.
    pub fn told(&mut self) {
        self.changed = false;
    }

    fn reckoned(&self) -> BTreeMap<Place, Reckoned> {
        let mut starters: HashMap<&str, Vec<&Source>> = HashMap::new();
        let mut by_ref: HashMap<&str, &Source> = HashMap::new();
        let mut newest: HashMap<&str, u64> = HashMap::new();
        for source in self.sources.values() {
            match source.key.kind {
                Kind::Service | Kind::Rule | Kind::Schedule => {
                    source.through.iter().for_each(|definition| starters.entry(definition).or_default().push(source));
                }
                Kind::TaskDefinition => {
                    if let Some((family, revision)) = source.family() {
                        let known = newest.entry(family).or_default();
                        *known = revision.max(*known);
                    }
                }
                _ => {}
            }
            if source.key.kind == Kind::Service {
                by_ref.extend(source.refs.iter().map(|r| (r.as_str(), source)));
            }
        }
        let mut users: HashMap<Mark, BTreeSet<String>> = HashMap::new();
        for source in self.sources.values() {
            let names: Vec<String> = match source.key.kind {
                Kind::Rule | Kind::Schedule => continue,
                Kind::TaskDefinition => {
                    // Whoever names a family means its newest active revision.
                    let family = source.family().filter(|(family, revision)| newest.get(family) == Some(revision));
                    let refs = source.refs.iter().map(String::as_str).chain(family.map(|(family, _)| family));
                    let of = refs.flat_map(|r| starters.get(r).into_iter().flatten());
                    of.map(|starter| events::spoken(&starter.key, starter.off)).collect()
                }
                // People think of the service, not of its tasks.
                Kind::Task => {
                    let service = source.through.iter().find_map(|t| by_ref.get(t.as_str()));
                    vec![service.map_or(&source.key, |service| &service.key).spoken()]
                }
                _ => vec![source.key.spoken()],
            };
            for image in &source.images {
                users.entry(self.marks.hash_one(image)).or_default().extend(names.iter().cloned());
            }
        }
        self.through_indexes(&users)
    }

    /// With what an index shares with its images: who uses one needs the other.
    fn through_indexes(&self, users: &HashMap<Mark, BTreeSet<String>>) -> BTreeMap<Place, Reckoned> {
        let mut known: BTreeMap<Place, Reckoned> = BTreeMap::new();
        let mut by_ref: HashMap<Mark, &Place> = HashMap::new();
        for (place, target) in &self.images {
            by_ref.extend(target.refs.iter().map(|r| (*r, place)));
            let found = target.refs.iter().filter_map(|r| users.get(r)).flatten().cloned();
            known.insert(place.clone(), Reckoned { users: found.collect(), ..Reckoned::default() });
        }
        let own: BTreeMap<&Place, BTreeSet<String>> = self
            .images
            .keys()
            .map(|place| (place, known.get(place).map(|r| r.users.clone()).unwrap_or_default()))
            .collect();
        for (index, target) in &self.images {
            let parts = target.parts.iter().filter_map(|r| by_ref.get(r).copied());
            for (at, part) in parts.enumerate() {
                // What has a tag of its own is an image of its own.
                let folds = self.images.get(part).is_some_and(|part| !part.tagged);
                if let Some(of) = known.get_mut(part) {
                    of.users.extend(own.get(index).into_iter().flatten().cloned());
                    if folds && of.part_of.is_none() {
                        (of.part_of, of.at) = (Some(index.1.clone()), at as u32);
                    }
                }
                let folded = known.get(part).is_some_and(|of| of.part_of.as_ref() == Some(&index.1));
                if let Some(of) = known.get_mut(index) {
                    of.folded += u32::from(folded);
                    of.users.extend(own.get(part).into_iter().flatten().cloned());
                    of.parts.push(part.1.clone());
                }
            }
        }
        self.artifacts(&by_ref, &mut known);
        known
    }

    /// Puts signatures and the like under the row of the image they are about, behind its platforms.
    fn artifacts(&self, by_ref: &HashMap<Mark, &Place>, known: &mut BTreeMap<Place, Reckoned>) {
        let about = |place: &Place| {
            let of = self.images.get(place)?.about.iter().find_map(|r| by_ref.get(r).copied())?;
            (of != place).then_some(of)
        };
        for place in self.images.keys() {
            let mut subject = None;
            // A signature can be about a bill of materials; whoever makes a circle of them is not followed for ever.
            let mut next = about(place);
            for _ in 0..CHAIN {
                let Some(of) = next else { break };
                (subject, next) = (Some(of), about(of));
            }
            let Some(subject) = subject.filter(|_| next.is_none()) else { continue };
            let index = known.get(subject).and_then(|of| of.part_of.clone()).map(|id| (subject.0, id));
            let row = index.unwrap_or_else(|| subject.clone());
            let Some(of) = known.get_mut(place).filter(|of| of.part_of.is_none() && row != *place) else { continue };
            (of.part_of, of.at) = (Some(row.1.clone()), u32::MAX);
            if let Some(row) = known.get_mut(&row) {
                row.folded += 1;
            }
        }
    }
}

/// So many things said of things said of an image are followed.
const CHAIN: usize = 8;

#[derive(Default)]
struct Reckoned {
    users: BTreeSet<String>,
    /// The row it is shown under: the first of the indexes that lead to it, or the image it is about.
    part_of: Option<Text>,
    /// Where in that row: as the index lists it.
    at: u32,
    /// So many are shown under its row.
    folded: u32,
    parts: Vec<Text>,
}

/// A row of an image that nothing was noted of yet: most are not used, and need no other row then.
pub fn unused(entry: &mut Entry, words: &mut Words) {
    let column = domain::describe::columns(Kind::Image).iter().position(|c| c.id == Image::USE);
    if let Some(cell) = column.and_then(|n| entry.cells.get_mut(n)) {
        *cell = Datum::Text(words.text(Image::UNUSED.to_owned()));
    }
}

fn targets(described: &Described, relation: Relation) -> impl Iterator<Item = String> {
    // An exact reference and one without its qualifier lead to the same, as in the store.
    let all = described.links.iter().filter(move |l| l.relation == relation);
    all.flat_map(|l| BTreeSet::from([l.target.as_str(), base(&l.target)])).map(str::to_owned)
}

fn target(described: &Described, doc: &serde_json::Value, marks: &RandomState) -> Target {
    let mark = |text: String| marks.hash_one(text);
    let tagged = doc["imageTags"].as_array().is_some_and(|tags| !tags.is_empty());
    let about = targets(described, Relation::Of).map(mark).collect();
    let mut parts: Vec<String> = targets(described, Relation::Uses).collect();
    // Links are in order of their texts; people want the index's own, with what has no platform behind.
    let manifests = doc["gantry:manifests"].as_array().map_or(&[][..], Vec::as_slice);
    parts.sort_by_cached_key(|part| {
        let at = manifests.iter().position(|m| m["digest"].as_str().is_some_and(|digest| part.ends_with(digest)));
        at.map_or((true, usize::MAX), |at| (manifests[at]["platform"].is_null(), at))
    });
    let refs = described.refs.iter().map(|text| marks.hash_one(text)).collect();
    Target { refs, parts: parts.into_iter().map(mark).collect(), about, tagged }
}

fn source(key: &ResourceKey, described: &Described) -> Option<Source> {
    let ended = |words: &[&str]| described.state.as_ref().is_some_and(|s| words.contains(&s.word.as_str()));
    let through: Vec<String> = match key.kind {
        Kind::Service => targets(described, Relation::Of).collect(),
        Kind::Task if ended(Task::ENDED) => return None,
        Kind::Pod if ended(Pod::OVER) => return None,
        Kind::Task => targets(described, Relation::In).collect(),
        // Of all that they set off only tasks run images.
        Kind::Rule | Kind::Schedule => {
            targets(described, Relation::Triggers).filter(|target| target.contains(":task-definition/")).collect()
        }
        _ => vec![],
    };
    let images: Vec<String> = targets(described, Relation::Image).collect();
    let starts = match key.kind {
        Kind::Service => true,
        Kind::Rule | Kind::Schedule => !through.is_empty(),
        _ => false,
    };
    if images.is_empty() && !starts {
        return None;
    }
    let refs = match key.kind {
        Kind::Service | Kind::TaskDefinition => described.refs.clone(),
        _ => vec![],
    };
    let off = match key.kind {
        Kind::Rule | Kind::Schedule => ended(&[events::DISABLED]),
        Kind::TaskDefinition => ended(TaskDefinition::DEREGISTERED),
        _ => false,
    };
    Some(Source { key: key.clone(), refs, images, through, off })
}

/// The state of the worst of these images.
fn worst(snapshot: &Snapshot, scope: u16, parts: &[Text]) -> Option<Arc<State>> {
    let table = snapshot.table(Kind::Image);
    let own = parts.iter().filter_map(|id| table.find(scope, id)?.own.clone());
    // Of an attestation nobody says anything.
    own.filter(|state| state.tone != Tone::Quiet).min_by_key(|state| state.tone)
}

/// Puts into these cells, made from the document alone, what the row in memory knows beyond it.
pub fn fill(cells: &mut [domain::resource::Cell], entry: &Entry, kind: Kind) {
    if kind != Kind::Image {
        return;
    }
    for (n, column) in domain::describe::columns(kind).iter().enumerate() {
        if matches!(column.id, Image::USERS | Image::USE)
            && let (Some(cell), Some(known)) = (cells.get_mut(n), entry.cells.get(n))
        {
            *cell = known.cell();
        }
    }
}

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;

//! What a resource is connected with: its own arrows in both directions, and those through what people do not think of as a step
//! (an event source mapping between a queue and a function, a setting of asynchronous calls between a function and its destinations, a task
//! definition between a service and its images).

use domain::listing::{Capped, Connection};
use domain::resource::{Relation, State, Tone};
use domain::{Kind, Problem, ResourceKey, Scope, reference};
use gantry_store::Store;
use gantry_store::links::{Linked, Pointing};
use gantry_store::resources::Stored;
use std::collections::{BTreeMap, HashMap};

use super::snapshot::Snapshot;

/// Connections of one meaning to one kind that are told; of more the first, and how many there are.
const MOST: u32 = 100;
/// Arrows of one meaning and kind that are followed to what is beyond them: more than anybody has.
const STEPS: u32 = 10_000;

/// Kinds of which arrows are followed further back than to their sources.
const STEPPED: [Kind; 9] = [
    Kind::Function,
    Kind::FunctionAlias,
    Kind::FunctionVersion,
    Kind::Queue,
    Kind::Topic,
    Kind::Bucket,
    Kind::Stream,
    Kind::Table,
    Kind::Image,
];

/// An arrow found, before names and states are looked up.
struct Arrow {
    relation: Relation,
    outgoing: bool,
    key: Option<ResourceKey>,
    reference: String,
    note: Option<String>,
    /// The step it was found through.
    step: Option<ResourceKey>,
}

impl Arrow {
    fn of(linked: &Linked, outgoing: bool) -> Self {
        Self {
            relation: linked.relation,
            outgoing,
            key: linked.key.clone(),
            reference: linked.target.clone(),
            note: linked.note.clone(),
            step: None,
        }
    }
    fn through(self, relation: Relation, outgoing: bool, step: &ResourceKey) -> Self {
        let through = format!("through {}", step.id);
        let note = self.note.map_or(through.clone(), |note| format!("{note}, {through}"));
        Self { relation, outgoing, note: Some(note), step: Some(step.clone()), ..self }
    }
}

/// What this resource is connected with, each once; and of which meaning and kind there is more.
pub async fn connected(
    store: &Store,
    snapshot: &Snapshot,
    stored: &Stored,
) -> Result<(Vec<Connection>, Vec<Capped>), Problem> {
    let from = store.links_from(&[stored.id]).await?;
    let stepped = STEPPED.contains(&stored.key.kind);
    let Pointing { links: to, mut totals } = store.links_to(&[stored.id], if stepped { STEPS } else { MOST }).await?;
    // There, some arrows give way to what is beyond them: what is left is counted.
    if stepped {
        totals.clear();
    }
    let mut arrows: Vec<Arrow> = from.iter().map(|(_, l)| Arrow::of(l, true)).collect();
    arrows.extend(to.iter().map(|(_, l)| Arrow::of(l, false)));
    let steps = Steps { store, from: &from, to: &to };
    if matches!(stored.key.kind, Kind::Function | Kind::Queue | Kind::Topic | Kind::Bucket) {
        let own = steps.sources(Relation::In, Kind::EventInvokeConfig);
        let others = steps.sources(Relation::SendsTo, Kind::EventInvokeConfig);
        let mut beyond = steps.settings(own, Relation::SendsTo, true).await?;
        beyond.extend(steps.settings(others, Relation::In, false).await?);
        // Like a mapping, a setting is no place of its own for people.
        arrows.retain(|a| a.key.as_ref().is_none_or(|key| key.kind != Kind::EventInvokeConfig));
        arrows.extend(beyond);
    }
    match stored.key.kind {
        Kind::Function | Kind::FunctionAlias | Kind::FunctionVersion => {
            let mappings = steps.sources(Relation::Triggers, Kind::EventSourceMapping);
            instead_of_mappings(&mut arrows, snapshot, steps.beyond(mappings, Relation::Reads, false).await?);
        }
        Kind::Queue | Kind::Stream | Kind::Table => {
            let mappings = steps.sources(Relation::Reads, Kind::EventSourceMapping);
            instead_of_mappings(&mut arrows, snapshot, steps.beyond(mappings, Relation::Triggers, true).await?);
        }
        Kind::Service | Kind::Task => {
            let definitions = steps.targets(Relation::Of, Kind::TaskDefinition);
            let wanted = [Relation::Image, Relation::Role, Relation::ExecutionRole, Relation::Logs];
            arrows.extend(steps.onward(definitions, &wanted, |relation| (relation, true)).await?);
        }
        Kind::Image => {
            let definitions = steps.sources(Relation::Image, Kind::TaskDefinition);
            arrows.extend(steps.backward(definitions.clone(), Relation::Of, &[Kind::Service]).await?);
            arrows.extend(steps.backward(definitions, Relation::Triggers, &[Kind::Rule, Kind::Schedule]).await?);
            let tasks = steps.sources(Relation::Image, Kind::Task);
            let services = steps.onward(tasks, &[Relation::In], |_| (Relation::Image, false)).await?;
            arrows.extend(services.into_iter().filter(|a| a.key.as_ref().is_some_and(|k| k.kind == Kind::Service)));
        }
        _ => {}
    }
    let repositories = repositories(store, snapshot, &arrows).await?;
    Ok(first_of_each(named(snapshot, stored, arrows, &repositories), &totals))
}

/// Of references to images that are not collected: the repositories they would be in, as far as those are.
async fn repositories(
    store: &Store,
    snapshot: &Snapshot,
    arrows: &[Arrow],
) -> Result<HashMap<String, ResourceKey>, Problem> {
    let open: Vec<&Arrow> = arrows.iter().filter(|a| a.key.is_none() && a.relation == Relation::Image).collect();
    let mut found = HashMap::new();
    for arrow in open {
        let Some(repository) = reference::repository(&arrow.reference) else { continue };
        let key = store.resolve(repository).await?;
        let there = |key: &ResourceKey| {
            key.kind == Kind::Repository && snapshot.find(key).is_some_and(|row| row.gone.is_none())
        };
        if let Some(key) = key.filter(there) {
            found.insert(arrow.reference.clone(), key);
        }
    }
    Ok(found)
}

/// A mapping is no place of its own for people: what is at its other end stands in for it, with what there is to say of the mapping.
fn instead_of_mappings(arrows: &mut Vec<Arrow>, snapshot: &Snapshot, beyond: Vec<(ResourceKey, Arrow)>) {
    let replaced: Vec<&ResourceKey> = beyond.iter().map(|(mapping, _)| mapping).collect();
    arrows.retain(|a| a.key.as_ref().is_none_or(|key| !replaced.contains(&key)));
    arrows.extend(beyond.into_iter().map(|(mapping, arrow)| {
        let state = snapshot.find(&mapping).and_then(|row| row.state.as_deref().cloned());
        let unusual = state.filter(|s| s.tone != Tone::Good).map(|s| s.word);
        let parts: Vec<String> = unusual.into_iter().chain(arrow.note).collect();
        Arrow { note: (!parts.is_empty()).then(|| parts.join(", ")), ..arrow }
    }));
}

struct Steps<'a> {
    store: &'a Store,
    from: &'a [(i64, Linked)],
    to: &'a [(i64, Linked)],
}

type Notes = BTreeMap<ResourceKey, Option<String>>;

impl Steps<'_> {
    /// Sources of this kind that point here so, with the arrow's note.
    fn sources(&self, relation: Relation, kind: Kind) -> Notes {
        Self::ends(self.to, relation, kind)
    }
    /// Targets of this kind that this points to so.
    fn targets(&self, relation: Relation, kind: Kind) -> Notes {
        Self::ends(self.from, relation, kind)
    }
    fn ends(links: &[(i64, Linked)], relation: Relation, kind: Kind) -> Notes {
        let wanted = links.iter().filter(|(_, l)| l.relation == relation);
        wanted.filter_map(|(_, l)| Some((l.key.clone()?, l.note.clone()))).filter(|(k, _)| k.kind == kind).collect()
    }
    async fn numbers(&self, steps: &Notes) -> Result<HashMap<i64, ResourceKey>, Problem> {
        let keys: Vec<ResourceKey> = steps.keys().cloned().collect();
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        Ok(self.store.ids(&keys).await?.into_iter().map(|(key, id)| (id, key)).collect())
    }
    /// What the steps point to, said of the resource looked at.
    async fn onward(
        &self,
        steps: Notes,
        wanted: &[Relation],
        said: impl Fn(Relation) -> (Relation, bool),
    ) -> Result<Vec<Arrow>, Problem> {
        let numbers = self.numbers(&steps).await?;
        let links = self.store.links_from(&numbers.keys().copied().collect::<Vec<_>>()).await?;
        let links = links.iter().filter(|(_, l)| wanted.contains(&l.relation));
        Ok(links
            .filter_map(|(step, l)| {
                let (relation, outgoing) = said(l.relation);
                Some(Arrow::of(l, outgoing).through(relation, outgoing, numbers.get(step)?))
            })
            .collect())
    }
    /// What these event source mappings have at their other end, each beside its mapping.
    async fn beyond(
        &self,
        mappings: Notes,
        wanted: Relation,
        outgoing: bool,
    ) -> Result<Vec<(ResourceKey, Arrow)>, Problem> {
        let numbers = self.numbers(&mappings).await?;
        let links = self.store.links_from(&numbers.keys().copied().collect::<Vec<_>>()).await?;
        Ok(links
            .iter()
            .filter(|(_, l)| l.relation == wanted)
            .filter_map(|(mapping, l)| {
                let arrow = Arrow { relation: Relation::Triggers, ..Arrow::of(l, outgoing) };
                Some((numbers.get(mapping)?.clone(), arrow))
            })
            .collect())
    }
    /// Where these settings of a function send word, or, seen from there, whose settings they are.
    async fn settings(&self, settings: Notes, wanted: Relation, outgoing: bool) -> Result<Vec<Arrow>, Problem> {
        let numbers = self.numbers(&settings).await?;
        let links = self.store.links_from(&numbers.keys().copied().collect::<Vec<_>>()).await?;
        let links = links.iter().filter(|(_, l)| l.relation == wanted);
        Ok(links
            .filter_map(|(setting, l)| {
                let own = settings.get(numbers.get(setting)?)?;
                // The arrow to what is told says of what it is told.
                let note = if outgoing { l.note.clone() } else { own.clone() };
                Some(Arrow { relation: Relation::SendsTo, note, ..Arrow::of(l, outgoing) })
            })
            .collect())
    }
    /// What points to the steps, said to run this image.
    async fn backward(&self, steps: Notes, relation: Relation, kinds: &[Kind]) -> Result<Vec<Arrow>, Problem> {
        let numbers = self.numbers(&steps).await?;
        let links = self.store.links_to(&numbers.keys().copied().collect::<Vec<_>>(), STEPS).await?.links;
        let links = links.iter().filter(|(_, l)| l.relation == relation);
        Ok(links
            .filter(|(_, l)| l.key.as_ref().is_some_and(|k| kinds.contains(&k.kind)))
            .filter_map(|(step, l)| Some(Arrow::of(l, false).through(Relation::Image, false, numbers.get(step)?)))
            .collect())
    }
}

/// Looks up names and states; one connection per relation, direction and other end.
fn named(
    snapshot: &Snapshot,
    stored: &Stored,
    arrows: Vec<Arrow>,
    repositories: &HashMap<String, ResourceKey>,
) -> Vec<Connection> {
    let mut found: BTreeMap<(bool, Relation, String), Connection> = BTreeMap::new();
    for arrow in arrows {
        if arrow.key.as_ref() == Some(&stored.key) {
            continue;
        }
        let row = arrow.key.as_ref().and_then(|k| snapshot.find(k));
        let name = match (row, &arrow.key) {
            (Some(row), _) => row.name.to_string(),
            (None, Some(key)) => key.id.clone(),
            (None, None) => arrow.reference.clone(),
        };
        let end = arrow.key.as_ref().map_or(arrow.reference.clone(), ToString::to_string);
        let within = repositories.get(&arrow.reference).filter(|_| arrow.key.is_none()).cloned();
        let place = match &within {
            Some(repository) => Some((Kind::Image, repository.scope.clone())),
            None => reference::place(&arrow.reference),
        };
        // A list from before it was pointed to knows nothing of it.
        let step = arrow.step.as_ref().and_then(|step| snapshot.find(step));
        let since = step.map_or(stored.changed, |row| row.changed);
        let lacks = |(kind, scope): (Kind, Scope)| snapshot.whole(kind, &scope, since);
        let missing = arrow.key.is_none() && place.is_some_and(lacks);
        let state = match (row, &arrow.key) {
            (Some(row), _) => row.state.as_deref().cloned(),
            // It was collected once, and the list knows it no longer. What is gone itself pointed to it as it was then.
            (None, Some(key)) if stored.gone.is_none() && lacks((key.kind, key.scope.clone())) => {
                Some(State::new("Gone", Tone::Warn))
            }
            (None, _) => None,
        };
        let connection = Connection {
            missing,
            within,
            relation: arrow.relation,
            outgoing: arrow.outgoing,
            key: arrow.key,
            name,
            state,
            note: arrow.note,
        };
        // the direct arrow was found first
        found.entry((!arrow.outgoing, arrow.relation, end)).or_insert(connection);
    }
    let mut found: Vec<Connection> = found.into_values().collect();
    found.sort_by(|a, b| {
        (!a.outgoing, a.relation).cmp(&(!b.outgoing, b.relation)).then_with(|| super::order::natural(&a.name, &b.name))
    });
    found
}

/// The first of each meaning and kind, and of which there are more. `totals` are those of the arrows to the resource that were not all read.
/// What it points to itself is told whole, but for what it triggers through mappings: that is as many as there are functions.
fn first_of_each(found: Vec<Connection>, totals: &BTreeMap<(Relation, Kind), u32>) -> (Vec<Connection>, Vec<Capped>) {
    let mut counts: BTreeMap<(bool, Relation, Kind), u32> = BTreeMap::new();
    let mut first = vec![];
    for connection in found {
        let counted = !connection.outgoing || connection.relation == Relation::Triggers;
        if let Some(key) = connection.key.as_ref().filter(|_| counted) {
            let count = counts.entry((connection.outgoing, connection.relation, key.kind)).or_default();
            *count += 1;
            if *count > MOST {
                continue;
            }
        }
        first.push(connection);
    }
    let capped = counts.into_iter().filter_map(|((outgoing, relation, kind), count)| {
        let known = totals.get(&(relation, kind)).filter(|_| !outgoing).copied();
        let total = known.unwrap_or_default().max(count);
        let told = count.min(MOST);
        (total > told).then_some(Capped { relation, outgoing, kind, told, total })
    });
    (first, capped.collect())
}

#[cfg(test)]
mod tests {
    use domain::Millis;
    use domain::listing::Freshness;
    use gantry_store::collections::Collection;
    use serde_json::json;
    use std::sync::Arc;

    use super::*;
    use crate::inventory::tests::{function, scopes, table};

    /// What a function that points to two others since `changed` says of them: one is listed, the other was deleted.
    fn states(listed: i64, failing: bool, changed: i64, gone: bool) -> Vec<(String, Option<String>)> {
        let trouble = (Millis(listed), Problem::not_found("…"));
        let freshness = Freshness {
            scope: scopes()[0].clone(),
            kind: Kind::Function,
            complete: Some(Millis(listed)),
            failing: failing.then_some(trouble),
            details: None,
            running: false,
        };
        let mut snapshot = Snapshot::default();
        snapshot.scopes = Arc::new(scopes());
        snapshot.covers = Arc::new(HashMap::from([((Kind::Function, 0), Millis(listed))]));
        snapshot.collections = Arc::new(vec![Collection { freshness, covers: Some(Millis(listed)), failures: 0 }]);
        let there = function(0, "there", json!({"State": "Active"}));
        snapshot.tables[Snapshot::number(Kind::Function)] = Arc::new(table(Kind::Function, vec![there]));
        let source = function(0, "source", json!({}));
        let stored = Stored {
            id: 1,
            key: source.key,
            doc: source.doc,
            version: 1,
            first_seen: Millis(1),
            seen: Millis(listed),
            changed: Millis(changed),
            gone: gone.then_some(Millis(listed)),
        };
        let arrow = |name: &str| Arrow {
            relation: Relation::Triggers,
            outgoing: true,
            key: Some(function(0, name, json!({})).key),
            reference: name.to_owned(),
            note: None,
            step: None,
        };
        let found = named(&snapshot, &stored, vec![arrow("there"), arrow("deleted")], &HashMap::new());
        assert!(found.iter().all(|c| c.key.is_some() && !c.missing), "its history can still be read");
        found.into_iter().map(|c| (c.name, c.state.map(|state| state.word))).collect()
    }

    #[test]
    fn what_was_collected_and_is_listed_no_longer_is_said_to_be_gone() {
        let with = |deleted: Option<&str>| {
            let word = |word: &str| word.to_owned();
            vec![(word("deleted"), deleted.map(word)), (word("there"), Some(word("Active")))]
        };
        assert_eq!(states(2000, false, 1000, false), with(Some("Gone")));
        assert_eq!(states(2000, false, 3000, false), with(None), "the list is from before it was pointed to");
        assert_eq!(states(2000, true, 1000, false), with(None), "the list fails");
        assert_eq!(states(2000, false, 1000, true), with(None), "gone itself");
    }

    #[test]
    fn of_each_meaning_and_kind_the_first_are_told_and_the_rest_counted() {
        let to = |relation, outgoing, kind: Kind, n: u32| Connection {
            relation,
            outgoing,
            key: ResourceKey::parse(&format!("{kind}/111122223333/eu-west-1/x{n}")).ok(),
            name: format!("x{n}"),
            state: None,
            note: None,
            missing: false,
            within: None,
        };
        let mut found: Vec<Connection> = (0..150).map(|n| to(Relation::Network, true, Kind::Subnet, n)).collect();
        found.extend((0..MOST).map(|n| to(Relation::Role, false, Kind::Function, n)));
        found.push(to(Relation::Role, false, Kind::Service, 0));
        found.extend((0..120).map(|n| to(Relation::Image, false, Kind::Service, n)));
        // Of an event source mapping all gave way to what they read.
        let totals = BTreeMap::from([
            ((Relation::Role, Kind::Function), 1204),
            ((Relation::Role, Kind::Service), 1),
            ((Relation::Triggers, Kind::EventSourceMapping), 500),
        ]);
        let (told, capped) = first_of_each(found, &totals);
        let of = |kind: Kind| told.iter().filter(|c| c.key.as_ref().is_some_and(|key| key.kind == kind)).count();
        assert_eq!((of(Kind::Subnet), of(Kind::Function), of(Kind::Service)), (150, 100, 101));
        let wanted = [(Relation::Role, Kind::Function, 1204), (Relation::Image, Kind::Service, 120)];
        let wanted = wanted.map(|(relation, kind, total)| Capped { relation, outgoing: false, kind, told: 100, total });
        assert_eq!(capped, wanted);
    }
}

//! The images of a repository and what uses them, from what was collected: no call to AWS.

use domain::ecr::Image;
use domain::ecr::inventory::{Held, Inventory};
use domain::ecr::known::{LISTS, never};
use domain::ecr::lifecycle::ImageFacts;
use domain::ecr::registry::{Registry, ReplicationConfiguration};
use domain::ecr::storage::{self, Stored};
use domain::ecs::{Task, TaskDefinition};
use domain::eks::Pod;
use domain::events;
use domain::listing::Freshness;
use domain::reference;
use domain::resource::Relation;
use domain::{Kind, Millis, Problem, ResourceKey, Scope};
use gantry_store::Store;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// More arrows of one kind to the images of one repository than anybody has.
const ARROWS: u32 = 200_000;

/// Puts it together.
pub async fn read(store: &Store, scope: &Scope, repository: &str, now: Millis) -> Result<Inventory, Problem> {
    let parent = ResourceKey::new(Kind::Repository, scope.clone(), repository)?;
    let rows = store.children(&parent, Kind::Image).await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let arrows = arrows(store, &ids).await?;
    let mut by_tag: BTreeMap<String, String> = BTreeMap::new();
    let mut used = users(store, arrows.clone()).await?;
    let mut images = Vec::with_capacity(rows.len());
    let mut all = Layers::default();
    for row in rows {
        // A document that cannot be read names no image; without the time of its push no rule can be judged.
        let image = serde_json::from_value::<Image>(row.doc).ok();
        let facts = image.as_ref().and_then(ImageFacts::of);
        by_tag.extend(image.iter().flat_map(|image| references(image, scope)));
        let artifact = image.as_ref().is_some_and(|image| image.artifact().is_some());
        let layers = image.as_ref().and_then(|image| all.of(image));
        let platforms = image.and_then(|image| image.platforms).unwrap_or_default();
        let used_by = used.remove(&row.id).unwrap_or_default().into_iter().collect();
        images.extend(facts.map(|facts| Held { facts, used_by, artifact, platforms, layers }));
    }
    let started_by = users(store, starts(store, &arrows, &by_tag).await?).await?;
    let lists = lists(store, scope, &LISTS, now).await?;
    let mut unread = store.images_unread().await?;
    // What stayed of an account that is not connected any more is read by nobody. Functions run images of their own region only:
    // https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    unread.retain(|key| {
        let reaches = key.kind == Kind::Service || key.scope.region == scope.region;
        reaches && lists.iter().any(|list| list.scope == key.scope)
    });
    let mut clusters = store.all(Kind::EksCluster).await?;
    clusters.retain(|key| lists.iter().any(|list| list.scope == key.scope));
    let deleted_in = storage::deleted_in(&replication(store, scope).await?, repository);
    Ok(Inventory { now, images, lists, unread, started_by, deleted_in, clusters, layers: all.sizes })
}

/// How the registry replicates, as far as it was collected.
async fn replication(store: &Store, scope: &Scope) -> Result<ReplicationConfiguration, Problem> {
    let registry = ResourceKey::new(Kind::Registry, scope.clone(), scope.account.as_str())?;
    let registry = store.documents(&[registry]).await?.pop().map(|(_, doc)| doc);
    let registry: Registry = registry.and_then(|doc| serde_json::from_value(doc).ok()).unwrap_or_default();
    Ok(registry.replication_configuration)
}

/// By which references others name an image, and the tag in each; by digest none.
fn references(image: &Image, scope: &Scope) -> Vec<(String, String)> {
    let uri = image.uri(scope);
    let repository = uri.split('@').next().unwrap_or_default();
    image.image_tags.iter().map(|tag| (format!("{repository}:{tag}"), tag.clone())).collect()
}

/// The layers of images, each once.
#[derive(Default)]
struct Layers {
    /// By digest their places in `sizes`.
    places: HashMap<String, usize>,
    sizes: Vec<i64>,
}

impl Layers {
    /// Those of an image, none of an index; `None` where its manifest was not read.
    fn of(&mut self, image: &Image) -> Option<Vec<usize>> {
        if image.manifests.is_some() {
            return Some(vec![]);
        }
        let mut places = vec![];
        for layer in image.layers.as_ref()? {
            let (size, next) = (layer.size?, self.sizes.len());
            let place = *self.places.entry(layer.digest.clone()).or_insert(next);
            if place == next {
                self.sizes.push(size);
            }
            places.push(place);
        }
        Some(places)
    }
}

/// Which of these layers images of a repository have, and to how many places its images are replicated.
pub async fn stored(
    store: &Store,
    scope: &Scope,
    repository: &str,
    layers: &BTreeSet<String>,
) -> Result<Stored, Problem> {
    let parent = ResourceKey::new(Kind::Repository, scope.clone(), repository)?;
    let rows = store.children(&parent, Kind::Image).await?;
    let images = rows.into_iter().filter_map(|row| serde_json::from_value::<Image>(row.doc).ok());
    let held = images.flat_map(|image| image.layers.unwrap_or_default()).map(|layer| layer.digest);
    let held: BTreeSet<String> = held.filter(|digest| layers.contains(digest)).collect();
    Ok(Stored { held, replicas: storage::replicas(&replication(store, scope).await?, repository) })
}

/// Puts into what was found of an image elsewhere what of it the repository has stored.
pub async fn compare(store: &Store, scope: &Scope, repository: &str, found: &mut Value) -> Result<(), Problem> {
    let Some(blobs) = found["blobs"].as_object() else { return Ok(()) };
    let blobs: BTreeSet<String> = blobs.keys().cloned().collect();
    let stored = stored(store, scope, repository, &blobs).await?;
    found["stored"] = json!(stored);
    Ok(())
}

/// How fresh the lists are that say what uses images of this scope: those of every account and region that is connected, for images are
/// pulled from anywhere; of the images themselves only this one.
pub(super) async fn lists(
    store: &Store,
    scope: &Scope,
    kinds: &[Kind],
    now: Millis,
) -> Result<Vec<Freshness>, Problem> {
    let mut known: BTreeMap<(Scope, Kind), Freshness> = BTreeMap::new();
    for collection in store.collections(now).await? {
        let list = collection.freshness;
        known.insert((list.scope.clone(), list.kind), list);
    }
    // Where anything is collected, everything that may use an image has to be: what has no list was never read.
    let mut scopes: BTreeSet<Scope> = known.keys().map(|(scope, _)| scope.clone()).collect();
    scopes.insert(scope.clone());
    let mut lists = vec![];
    for at in scopes {
        for kind in
            kinds.iter().copied().filter(|kind| kind.is_in(&at.region) && (*kind != Kind::Image || at == *scope))
        {
            lists.push(known.remove(&(at.clone(), kind)).unwrap_or_else(|| never(&at, kind)));
        }
    }
    Ok(lists)
}

/// What says that it runs these images.
async fn arrows(store: &Store, images: &[i64]) -> Result<Vec<(i64, ResourceKey)>, Problem> {
    let arrows = store.links_to(images, ARROWS).await?.links.into_iter();
    let arrows = arrows.filter(|(_, l)| l.relation == Relation::Image);
    Ok(arrows.filter_map(|(id, l)| Some((id, l.key?))).collect())
}

/// What pulls by a tag when it starts next, of what says that it runs these images: `tags` are theirs, by reference. A task does not start again.
/// What runs in a pod is known by its digest, but whatever comes in its place is pulled as its containers say.
async fn starts(
    store: &Store,
    arrows: &[(i64, ResourceKey)],
    tags: &BTreeMap<String, String>,
) -> Result<Vec<(String, ResourceKey)>, Problem> {
    let named = store.links_naming(&tags.keys().cloned().collect::<Vec<_>>()).await?;
    let named = named.into_iter().filter(|(_, key)| matches!(key.kind, Kind::TaskDefinition | Kind::Function));
    let mut starts: Vec<(String, ResourceKey)> =
        named.filter_map(|(reference, key)| Some((tags.get(&reference)?.clone(), key))).collect();
    let pods: BTreeSet<ResourceKey> =
        arrows.iter().map(|(_, key)| key).filter(|key| key.kind == Kind::Pod).cloned().collect();
    for (pod, doc) in store.documents(&pods.into_iter().collect::<Vec<_>>()).await? {
        let containers = ["initContainers", "containers"].into_iter().filter_map(|all| doc["spec"][all].as_array());
        let images = containers.flatten().filter_map(|container| container["image"].as_str());
        let own = images.filter_map(|image| tags.get(&reference::to_image(image)));
        starts.extend(own.map(|tag| (tag.clone(), pod.clone())));
    }
    Ok(starts)
}

/// What uses what these arrows point to: tasks that are not stopped, pods that are not over, functions, services; services, rules and schedules
/// through their task definitions, also those that are switched off.
pub(super) async fn users<T: Ord + Send + Sync>(
    store: &Store,
    arrows: Vec<(T, ResourceKey)>,
) -> Result<BTreeMap<T, BTreeSet<String>>, Problem> {
    let of = |kind: Kind| {
        let keys: BTreeSet<ResourceKey> =
            arrows.iter().map(|(_, key)| key).filter(|k| k.kind == kind).cloned().collect();
        keys.into_iter().collect::<Vec<_>>()
    };
    let over = over(store, [of(Kind::Task), of(Kind::Pod)].concat()).await?;
    let starters = starters(store, &of(Kind::TaskDefinition)).await?;
    let mut users: BTreeMap<T, BTreeSet<String>> = BTreeMap::new();
    for (image, key) in arrows {
        let names: Vec<String> = match key.kind {
            Kind::TaskDefinition => starters.get(&key).into_iter().flatten().cloned().collect(),
            Kind::Task | Kind::Pod if over.contains(&key) => vec![],
            _ => vec![key.spoken()],
        };
        if !names.is_empty() {
            users.entry(image).or_default().extend(names);
        }
    }
    Ok(users)
}

/// Those of these tasks and pods that run no more.
async fn over(store: &Store, keys: Vec<ResourceKey>) -> Result<BTreeSet<ResourceKey>, Problem> {
    let docs = store.documents(&keys).await?;
    let over = |key: &ResourceKey, doc: &Value| {
        let (word, ended) = match key.kind {
            Kind::Pod => (&doc["status"]["phase"], Pod::OVER),
            _ => (&doc["lastStatus"], Task::ENDED),
        };
        word.as_str().is_some_and(|word| ended.contains(&word))
    };
    Ok(docs.into_iter().filter(|(key, doc)| over(key, doc)).map(|(key, _)| key).collect())
}

/// What starts each of these task definitions, as people call it: services, rules and schedules.
async fn starters(
    store: &Store,
    definitions: &[ResourceKey],
) -> Result<BTreeMap<ResourceKey, BTreeSet<String>>, Problem> {
    let ids: BTreeMap<i64, ResourceKey> =
        store.ids(definitions).await?.into_iter().map(|(key, id)| (id, key)).collect();
    let arrows = store.links_to(&ids.keys().copied().collect::<Vec<_>>(), ARROWS).await?.links;
    let starts = |key: &ResourceKey, relation: Relation| match key.kind {
        Kind::Service => relation == Relation::Of,
        Kind::Rule | Kind::Schedule => relation == Relation::Triggers,
        _ => false,
    };
    let direct = arrows.into_iter().filter_map(|(id, linked)| {
        let starter = linked.key.filter(|key| starts(key, linked.relation))?;
        Some((ids.get(&id)?.clone(), starter))
    });
    let mut pairs: Vec<(ResourceKey, ResourceKey)> = direct.collect();
    pairs.extend(by_family(store, definitions).await?);
    spoken(store, pairs).await
}

/// What starts tasks of this revision of a task definition, named by its number, as people call it; without `but`. What names the family starts
/// tasks of its newest one, whichever that is.
pub(super) async fn starters_of(store: &Store, arn: &str, but: &[ResourceKey]) -> Result<Vec<String>, Problem> {
    let named = store.links_naming(&[arn.to_owned()]).await?;
    let starts = |key: &ResourceKey| matches!(key.kind, Kind::Service | Kind::Rule | Kind::Schedule);
    let pairs = named.into_iter().filter(|(_, key)| starts(key) && !but.contains(key)).collect();
    Ok(spoken(store, pairs).await?.into_values().flatten().collect())
}

/// What starts each of these, as people call it.
async fn spoken<T: Ord>(store: &Store, pairs: Vec<(T, ResourceKey)>) -> Result<BTreeMap<T, BTreeSet<String>>, Problem> {
    let timed: Vec<ResourceKey> =
        pairs.iter().map(|(_, key)| key).filter(|key| key.kind != Kind::Service).cloned().collect();
    let docs = store.documents(&timed).await?;
    let disabled: BTreeSet<ResourceKey> =
        docs.into_iter().filter(|(_, doc)| doc["State"] == events::DISABLED).map(|(key, _)| key).collect();
    let mut starters: BTreeMap<T, BTreeSet<String>> = BTreeMap::new();
    for (definition, key) in pairs {
        let name = events::spoken(&key, disabled.contains(&key));
        starters.entry(definition).or_default().insert(name);
    }
    Ok(starters)
}

/// Of these task definitions the newest of their families, each with the rules and schedules that name the family: they mean its newest
/// active revision.
async fn by_family(store: &Store, definitions: &[ResourceKey]) -> Result<Vec<(ResourceKey, ResourceKey)>, Problem> {
    let families: BTreeMap<String, (Scope, &str)> = definitions
        .iter()
        .filter_map(|key| {
            let (family, _) = key.id.rsplit_once(':')?;
            let arn = format!("{}{family}", TaskDefinition::arns(&key.scope));
            Some((arn, (key.scope.clone(), family)))
        })
        .collect();
    let named = store.links_naming(&families.keys().cloned().collect::<Vec<_>>()).await?;
    let mut pairs = vec![];
    for (arn, starter) in named {
        let Some((scope, family)) = families.get(&arn) else { continue };
        if !matches!(starter.kind, Kind::Rule | Kind::Schedule) {
            continue;
        }
        let mut all = store.known(scope, Kind::TaskDefinition).await?;
        let status = store.said(scope, Kind::TaskDefinition, "status").await?;
        all.retain(|id| status.get(id).is_none_or(|word| !TaskDefinition::DEREGISTERED.contains(&word.as_str())));
        let revisions = all.iter().filter_map(|id| id.rsplit_once(':')).filter(|(of, _)| of == family);
        let newest = revisions.filter_map(|(_, revision)| revision.parse::<u64>().ok()).max();
        let id = newest.map(|newest| format!("{family}:{newest}"));
        let newest = definitions.iter().find(|key| key.scope == *scope && Some(&key.id) == id.as_ref());
        pairs.extend(newest.map(|definition| (definition.clone(), starter)));
    }
    Ok(pairs)
}

#[cfg(test)]
#[path = "inventory_tests.rs"]
mod tests;

//! Who uses an image, from documents as AWS gives them.

use domain::listing::{ListQuery, Parts};
use domain::resource::Cell;
use domain::{Millis, Scope};
use serde_json::{Value, json};

use super::*;
use crate::inventory::entry::{Words, described};
use crate::inventory::list::list;

const REGISTRY: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

fn scope() -> Scope {
    Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
}

fn arn(service: &str, rest: &str) -> String {
    format!("arn:aws:{service}:eu-west-1:111122223333:{rest}")
}

/// What is collected: notes rows as the follower of the store does.
#[derive(Default)]
struct Fleet {
    snapshot: Snapshot,
    usage: Usage,
    words: Words,
}

impl Fleet {
    fn row(&mut self, kind: Kind, id: &str, doc: Value, gone: bool) {
        if self.snapshot.scopes.is_empty() {
            Arc::make_mut(&mut self.snapshot.scopes).push(scope());
        }
        let at = Millis(1);
        let key = ResourceKey::new(kind, scope(), id).unwrap();
        let gone = gone.then_some(at);
        let stored = Stored { id: 1, key, doc, version: 1, first_seen: at, seen: at, changed: at, gone };
        let described = described(&stored);
        assert!(described.is_ok(), "{described:?}");
        let id = Text::from(id);
        self.usage.note(&stored, &id, 0, described.as_ref().ok());
        let mut entry = gone.is_none().then(|| Entry::described(&stored, id.clone(), 0, described, &mut self.words));
        if let (Kind::Image, Some(entry)) = (kind, &mut entry) {
            unused(entry, &mut self.words);
        }
        self.replace(kind, vec![((0, id), entry)]);
    }
    fn replace(&mut self, kind: Kind, rows: Vec<Replacement>) {
        let number = Snapshot::number(kind);
        self.snapshot.tables[number] = Arc::new(self.snapshot.tables[number].with(rows, &self.snapshot.scopes));
    }
    fn image(&mut self, digest: &str, more: Value) {
        let mut doc = json!({"registryId": "111122223333", "repositoryName": "web", "imageDigest": digest});
        doc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.row(Kind::Image, &format!("web@{digest}"), doc, false);
    }
    fn task(&mut self, id: &str, status: &str, digest: &str, group: &str) {
        let doc = json!({"taskArn": arn("ecs", &format!("task/prod/{id}")), "clusterArn": arn("ecs", "cluster/prod"), "lastStatus": status,
            "group": group, "containers": [{"name": "web", "image": format!("{REGISTRY}/web:1"), "imageDigest": digest}]});
        self.row(Kind::Task, &format!("prod/{id}"), doc, false);
    }
    fn pod(&mut self, name: &str, phase: &str, digest: &str) {
        let image = format!("{REGISTRY}/web:1");
        let status = json!({"name": "web", "ready": true, "imageID": format!("{REGISTRY}/web@{digest}")});
        let doc = json!({"gantry:cluster": "shop", "metadata": {"name": name, "namespace": "production"},
            "spec": {"containers": [{"name": "web", "image": image}]}, "status": {"phase": phase, "containerStatuses": [status]}});
        self.row(Kind::Pod, &format!("shop/production/{name}"), doc, false);
    }
    /// How many rows change, and what then stands in the row of this image: users, use.
    fn reckon(&mut self) -> usize {
        let rows = self.usage.images(&self.snapshot);
        let count = rows.len();
        self.replace(Kind::Image, rows);
        self.usage.told();
        count
    }
    fn users(&self, digest: &str) -> Vec<String> {
        let entry = self.snapshot.table(Kind::Image).find(0, &format!("web@{digest}")).unwrap();
        let columns = domain::describe::columns(Kind::Image);
        let mut cells = vec![Cell::None; columns.len()];
        fill(&mut cells, entry, Kind::Image);
        let cell = |id: &str| &cells[columns.iter().position(|c| c.id == id).unwrap()];
        let users = cell(Image::USERS).words();
        let word = if users.is_empty() { Image::UNUSED } else { Image::IN_USE };
        assert_eq!(cell(Image::USE).words(), [word]);
        users
    }
    fn names(&self, parts: Parts, text: &str) -> Vec<String> {
        // Parts stand as what they are parts of lists them.
        let sort = (!matches!(parts, Parts::Of(_))).then(|| "name".to_owned());
        let query = ListQuery { parts, sort, text: text.into(), ..ListQuery::all(Kind::Image) };
        let table = self.snapshot.table(Kind::Image);
        let listing = list(table, &self.snapshot.scopes, &|_| None, &query);
        listing.rows.iter().map(|n| table.rows[*n as usize].id.to_string()).collect()
    }
}

#[test]
fn services_functions_and_lonely_tasks_use_images() {
    let mut fleet = Fleet::default();
    fleet.image("sha256:a", json!({"imageTags": ["1", "live"]}));
    fleet.image("sha256:b", json!({}));
    let definition = arn("ecs", "task-definition/web:5");
    let containers = json!([{"name": "web", "image": format!("{REGISTRY}/web:live")}]);
    fleet.row(
        Kind::TaskDefinition,
        "web:5",
        json!({"taskDefinitionArn": definition, "family": "web", "revision": 5, "containerDefinitions": containers}),
        false,
    );
    fleet.reckon();
    assert_eq!(fleet.users("sha256:a"), Vec::<String>::new(), "a definition that nothing starts uses nothing");
    let service = json!({"serviceArn": arn("ecs", "service/prod/web"), "serviceName": "web", "clusterArn": arn("ecs", "cluster/prod"), "taskDefinition": definition});
    fleet.row(Kind::Service, "prod/web", service.clone(), false);
    fleet.task("t1", "RUNNING", "sha256:a", "service:web");
    fleet.task("t2", "RUNNING", "sha256:b", "family:web");
    let function = json!({"FunctionName": "f", "FunctionArn": arn("lambda", "function:f"), "PackageType": "Image",
        "Code": {"ImageUri": format!("{REGISTRY}/web:1"), "ResolvedImageUri": format!("{REGISTRY}/web@sha256:b")}});
    fleet.row(Kind::Function, "f", function, false);
    assert_eq!(fleet.reckon(), 2);
    assert_eq!(fleet.users("sha256:a"), ["service web in prod"]);
    assert_eq!(fleet.users("sha256:b"), ["function f", "task t2 in prod"]);
    // A task that goes on running changes no image.
    fleet.task("t2", "RUNNING", "sha256:b", "family:web");
    assert_eq!(fleet.reckon(), 0);
    fleet.task("t2", "STOPPED", "sha256:b", "family:web");
    assert_eq!(fleet.reckon(), 1);
    assert_eq!(fleet.users("sha256:b"), ["function f"]);
    // An image that is read again keeps what is known of it.
    fleet.image("sha256:b", json!({"imageSizeInBytes": 7}));
    fleet.reckon();
    assert_eq!(fleet.users("sha256:b"), ["function f"]);
    fleet.row(Kind::Service, "prod/web", service, true);
    fleet.task("t1", "STOPPED", "sha256:a", "service:web");
    fleet.reckon();
    assert_eq!(fleet.users("sha256:a"), Vec::<String>::new());
}

#[test]
fn what_changed_is_reckoned_again_until_it_is_in_use() {
    let mut fleet = Fleet::default();
    fleet.image("sha256:a", json!({}));
    fleet.reckon();
    fleet.task("t1", "RUNNING", "sha256:a", "family:web");
    assert_eq!(fleet.usage.images(&fleet.snapshot).len(), 1);
    // The store failed before the snapshot was in use: the same row comes again.
    fleet.task("t1", "RUNNING", "sha256:a", "family:web");
    assert_eq!(fleet.reckon(), 1);
    assert_eq!(fleet.users("sha256:a"), ["task t1 in prod"]);
    assert_eq!(fleet.reckon(), 0);
}

#[test]
fn a_service_uses_the_image_it_is_pinned_to_while_none_of_its_tasks_runs() {
    let mut fleet = Fleet::default();
    // The tag was pushed again since the service was deployed.
    fleet.image("sha256:a", json!({}));
    fleet.image("sha256:b", json!({"imageTags": ["main"]}));
    let pinned = json!([{"containerName": "web", "image": format!("{REGISTRY}/web:main"), "imageDigest": "sha256:a"}]);
    let service = json!({"serviceArn": arn("ecs", "service/prod/web"), "serviceName": "web", "clusterArn": arn("ecs", "cluster/prod"),
        "desiredCount": 0, "taskDefinition": arn("ecs", "task-definition/web:5"), "gantry:images": pinned});
    fleet.row(Kind::Service, "prod/web", service.clone(), false);
    fleet.task("t1", "STOPPED", "sha256:a", "service:web");
    fleet.reckon();
    assert_eq!(fleet.users("sha256:a"), ["service web in prod"]);
    fleet.row(Kind::Service, "prod/web", service, true);
    fleet.reckon();
    assert_eq!(fleet.users("sha256:a"), Vec::<String>::new());
}

#[test]
fn pods_use_images_until_they_are_over() {
    let mut fleet = Fleet::default();
    fleet.image("sha256:a", json!({"imageTags": ["1"]}));
    fleet.image("sha256:b", json!({}));
    fleet.pod("web-7d9", "Running", "sha256:b");
    fleet.pod("web-8e0", "Pending", "sha256:b");
    fleet.reckon();
    assert_eq!(fleet.users("sha256:a"), Vec::<String>::new(), "the tag has moved on");
    assert_eq!(fleet.users("sha256:b"), ["pod web-7d9 in shop/production", "pod web-8e0 in shop/production"]);
    fleet.pod("web-7d9", "Failed", "sha256:b");
    fleet.pod("web-8e0", "Succeeded", "sha256:b");
    fleet.reckon();
    assert_eq!(fleet.users("sha256:b"), Vec::<String>::new());
}

#[test]
fn what_is_scheduled_uses_images() {
    let mut fleet = Fleet::default();
    fleet.image("sha256:a", json!({"imageTags": ["1"]}));
    fleet.image("sha256:b", json!({"imageTags": ["2"]}));
    for (revision, tag) in [(9, "1"), (10, "2")] {
        let containers = json!([{"name": "etl", "image": format!("{REGISTRY}/web:{tag}")}]);
        let doc = json!({"taskDefinitionArn": arn("ecs", &format!("task-definition/etl:{revision}")), "family": "etl",
            "revision": revision, "containerDefinitions": containers});
        fleet.row(Kind::TaskDefinition, &format!("etl:{revision}"), doc, false);
    }
    fleet.reckon();
    assert_eq!(fleet.users("sha256:a"), Vec::<String>::new());
    let target = |definition: &str| {
        let task = json!({"TaskDefinitionArn": arn("ecs", &format!("task-definition/{definition}"))});
        json!({"Id": "1", "Arn": arn("ecs", "cluster/batch"), "EcsParameters": task})
    };
    let rule = |state: &str, targets: Value| json!({"Name": "nightly", "Arn": arn("events", "rule/nightly"), "State": state, "gantry:targets": targets});
    let schedule = json!({"Name": "hourly", "GroupName": "default", "State": "ENABLED", "Target": target("etl")});
    fleet.row(Kind::Rule, "default/nightly", rule("DISABLED", json!([target("etl:9")])), false);
    fleet.row(Kind::Schedule, "default/hourly", schedule, false);
    fleet.reckon();
    assert_eq!(fleet.users("sha256:a"), ["EventBridge rule default/nightly (disabled)"]);
    // Whoever names the family means its newest revision, as numbers go.
    assert_eq!(fleet.users("sha256:b"), ["schedule default/hourly"]);
    fleet.row(Kind::Rule, "default/nightly", rule("ENABLED", json!([target("etl:9")])), false);
    fleet.reckon();
    assert_eq!(fleet.users("sha256:a"), ["EventBridge rule default/nightly"]);
    fleet.row(Kind::Rule, "default/nightly", rule("ENABLED", json!([])), false);
    fleet.reckon();
    assert_eq!(fleet.users("sha256:a"), Vec::<String>::new());
}

#[test]
fn a_deregistered_revision_uses_its_image_while_a_service_runs_it() {
    let mut fleet = Fleet::default();
    fleet.image("sha256:a", json!({"imageTags": ["1"]}));
    fleet.image("sha256:b", json!({"imageTags": ["2"]}));
    for (revision, tag, status) in [(4, "1", "ACTIVE"), (5, "2", "INACTIVE")] {
        let containers = json!([{"name": "web", "image": format!("{REGISTRY}/web:{tag}")}]);
        let doc = json!({"taskDefinitionArn": arn("ecs", &format!("task-definition/web:{revision}")), "family": "web",
            "revision": revision, "status": status, "containerDefinitions": containers});
        fleet.row(Kind::TaskDefinition, &format!("web:{revision}"), doc, false);
    }
    let service = json!({"serviceArn": arn("ecs", "service/prod/web"), "serviceName": "web", "clusterArn": arn("ecs", "cluster/prod"),
        "taskDefinition": arn("ecs", "task-definition/web:5")});
    fleet.row(Kind::Service, "prod/web", service, false);
    let task = json!({"TaskDefinitionArn": arn("ecs", "task-definition/web")});
    let target = json!({"Arn": arn("ecs", "cluster/prod"), "EcsParameters": task});
    let schedule = json!({"Name": "hourly", "GroupName": "default", "State": "ENABLED", "Target": target});
    fleet.row(Kind::Schedule, "default/hourly", schedule, false);
    fleet.reckon();
    assert_eq!(fleet.users("sha256:b"), ["service web in prod"]);
    assert_eq!(
        fleet.users("sha256:a"),
        ["schedule default/hourly"],
        "who names a family starts none that is deregistered"
    );
}

#[test]
fn an_index_shares_its_users_with_its_platforms_and_is_one_row() {
    let mut fleet = Fleet::default();
    fleet.image("sha256:arm", json!({"imageScanFindingsSummary": {"findingSeverityCounts": {"CRITICAL": 1}}}));
    fleet.image("sha256:amd", json!({"imageScanFindingsSummary": {"findingSeverityCounts": {}}}));
    fleet.image("sha256:named", json!({"imageTags": ["amd-only"]}));
    let parts = json!([{"digest": "sha256:arm"}, {"digest": "sha256:amd"}, {"digest": "sha256:named"}, {"digest": "sha256:lost"}]);
    fleet.image("sha256:index", json!({"imageTags": ["2"], "gantry:manifests": parts}));
    fleet.task("t", "RUNNING", "sha256:arm", "family:web");
    fleet.reckon();
    for digest in ["sha256:index", "sha256:arm"] {
        assert_eq!(fleet.users(digest), ["task t in prod"], "{digest}");
    }
    assert_eq!(fleet.users("sha256:amd"), Vec::<String>::new(), "nobody runs the index itself");
    assert_eq!(fleet.names(Parts::Folded, ""), ["web@sha256:index", "web@sha256:named"]);
    assert_eq!(fleet.names(Parts::Among, "").len(), 4);
    assert!(
        fleet.names(Parts::Folded, "sha256:arm").contains(&"web@sha256:arm".to_owned()),
        "what is looked for is found"
    );
    let of = Parts::Of(ResourceKey::new(Kind::Image, scope(), "web@sha256:index").unwrap());
    assert_eq!(fleet.names(of, ""), ["web@sha256:arm", "web@sha256:amd"], "as the index lists them");
    let index = fleet.snapshot.table(Kind::Image).find(0, "web@sha256:index").unwrap();
    assert_eq!((index.parts, index.state.as_ref().map(|s| s.tone)), (2, Some(Tone::Bad)));
    // Once the index is gone its platforms are images like others.
    fleet.row(Kind::Image, "web@sha256:index", json!({"repositoryName": "web", "imageDigest": "sha256:index"}), true);
    fleet.reckon();
    assert_eq!(fleet.names(Parts::Folded, "").len(), 3);
}

#[test]
fn signatures_stand_under_the_image_they_are_about() {
    let mut fleet = Fleet::default();
    let image = format!("sha256:{}", "1".repeat(64));
    let signature = json!({"imageTags": [format!("sha256-{}.sig", "1".repeat(64))]});
    fleet.image(&image, json!({"imageTags": ["1"]}));
    fleet.image("sha256:sig", signature);
    fleet.image(
        "sha256:bom",
        json!({"artifactMediaType": "application/spdx+json", "subjectManifestDigest": "sha256:arm"}),
    );
    fleet.image("sha256:proof", json!({"artifactMediaType": "cosign", "subjectManifestDigest": "sha256:bom"}));
    fleet.image("sha256:orphan", json!({"artifactMediaType": "cosign", "subjectManifestDigest": "sha256:nowhere"}));
    fleet.image("sha256:a", json!({"artifactMediaType": "cosign", "subjectManifestDigest": "sha256:b"}));
    fleet.image("sha256:b", json!({"artifactMediaType": "cosign", "subjectManifestDigest": "sha256:a"}));
    fleet.image("sha256:arm", json!({}));
    fleet.image("sha256:noise", json!({}));
    let parts = json!([{"digest": "sha256:noise"}, {"digest": "sha256:arm", "platform": "linux/arm64"}]);
    fleet.image("sha256:index", json!({"imageTags": ["2"], "gantry:manifests": parts}));
    fleet.reckon();
    let of = |digest: &str| Parts::Of(ResourceKey::new(Kind::Image, scope(), format!("web@{digest}")).unwrap());
    assert_eq!(fleet.names(of(&image), ""), ["web@sha256:sig"]);
    let index = ["web@sha256:arm", "web@sha256:noise", "web@sha256:bom", "web@sha256:proof"];
    assert_eq!(fleet.names(of("sha256:index"), ""), index, "attestations last, then what is said of any of them");
    let folded = fleet.names(Parts::Folded, "");
    let kept = ["web@sha256:orphan", "web@sha256:a", "web@sha256:b", "web@sha256:index"];
    assert!(folded.len() == 5 && kept.iter().all(|id| folded.iter().any(|one| one == id)), "{folded:?}");
    assert_eq!(fleet.reckon(), 0);
}

#[test]
fn images_that_need_a_person_are_told_by_repository() {
    let mut fleet = Fleet::default();
    let found = |severity: &str| json!({"imageScanFindingsSummary": {"findingSeverityCounts": {severity: 1}}});
    fleet.image("sha256:a", found("HIGH"));
    fleet.image("sha256:b", found("CRITICAL"));
    fleet.image("sha256:c", found("LOW"));
    fleet.image("sha256:index", json!({"imageTags": ["2"], "gantry:manifests": [{"digest": "sha256:b"}]}));
    fleet.reckon();
    let overview = crate::inventory::overview::overview(&fleet.snapshot, &[], &[], Millis(5));
    assert_eq!((overview.attention.len(), overview.attention_total, overview.repositories_total), (0, 0, 1));
    let web = &overview.repositories[0];
    assert_eq!((web.repository.id.as_str(), web.images), ("web", 2), "an index and its platform are one");
    assert_eq!(web.worst.name, "web:2");
}

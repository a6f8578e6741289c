//! A pod: containers that Kubernetes runs together on a node. Of what the Kubernetes API says of one only the fields below are kept:
//! no environment, no commands, no annotations.

use std::collections::BTreeMap;

use crate::document::document;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::reference;
use crate::resource::{Cell, Column, Link, Model, Relation, State, Tone};
use crate::time::{Millis, Timestamp};

document! { "camelCase";
    /// As the Kubernetes API gives it: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>
    pub struct Pod {
        /// The EKS cluster it was read from, which a pod does not know.
        #[serde(rename = "gantry:cluster")]
        pub cluster: String,
        pub metadata: Metadata,
        pub spec: Spec,
        pub status: Status,
    }
    /// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/>
    pub struct Metadata {
        pub name: String,
        pub namespace: String,
        pub labels: BTreeMap<String, String>,
        pub creation_timestamp: Option<Timestamp>,
        /// Since when it is being deleted.
        pub deletion_timestamp: Option<Timestamp>,
        pub owner_references: Vec<Owner>,
    }
    /// What made it: a `ReplicaSet`, `DaemonSet`, `Job` …
    pub struct Owner {
        pub kind: String,
        pub name: String,
    }
    /// What it should be.
    pub struct Spec {
        pub node_name: Option<String>,
        pub containers: Vec<Container>,
        pub init_containers: Vec<Container>,
        /// Put in by a person to look around, `kubectl debug`: they stay listed after they have ended.
        pub ephemeral_containers: Vec<Container>,
    }
    /// A container as it was asked for.
    pub struct Container {
        pub name: String,
        pub image: Option<String>,
    }
    /// What it is.
    pub struct Status {
        /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
        pub phase: Option<String>,
        /// `Evicted`, for one.
        pub reason: Option<String>,
        pub message: Option<String>,
        pub container_statuses: Vec<ContainerStatus>,
        pub init_container_statuses: Vec<ContainerStatus>,
        pub ephemeral_container_statuses: Vec<ContainerStatus>,
    }
    /// A container as it runs.
    pub struct ContainerStatus {
        pub name: String,
        pub ready: Option<bool>,
        pub restart_count: Option<i64>,
        pub image: Option<String>,
        /// What really runs: `registry/repository@sha256:…`; empty until it was pulled.
        #[serde(rename = "imageID")]
        pub image_id: Option<String>,
        pub state: ContainerState,
    }
    /// Why a container does not run; nothing while it does.
    pub struct ContainerState {
        pub waiting: Option<Reason>,
        pub terminated: Option<Reason>,
    }
    /// `CrashLoopBackOff`, `ImagePullBackOff`, `OOMKilled`, `Completed` …
    pub struct Reason {
        pub reason: Option<String>,
    }
}

/// Labels that controllers make up: each of another pod has another value.
const GENERATED: &[&str] = &[
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "pod-template-generation",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];

impl ContainerStatus {
    /// The digest of what it runs: from `docker-pullable://registry/repository@sha256:…` and the same without its beginning.
    pub fn digest(&self) -> Option<&str> {
        let (_, digest) = self.image_id.as_deref()?.rsplit_once('@')?;
        digest.starts_with("sha256:").then_some(digest)
    }
}

impl Pod {
    /// The phases of a pod that has ended: it uses nothing any more.
    pub const OVER: &'static [&'static str] = &["Succeeded", "Failed"];

    /// Its containers with what is known of each as it runs; those that only prepare it first, those that a person put in last and
    /// that have not ended: they are listed as long as the pod is.
    pub fn containers(&self) -> impl Iterator<Item = (&Container, Option<&ContainerStatus>)> {
        let (first, then) = (&self.status.init_container_statuses, &self.status.container_statuses);
        let prepare = self.spec.init_containers.iter().map(move |c| (c, status(first, c)));
        let last = &self.status.ephemeral_container_statuses;
        let put_in = self.spec.ephemeral_containers.iter().map(move |c| (c, status(last, c)));
        let put_in = put_in.filter(|(_, status)| status.is_none_or(|status| status.state.terminated.is_none()));
        prepare.chain(self.spec.containers.iter().map(move |c| (c, status(then, c)))).chain(put_in)
    }

    /// `2/2`: how many of its containers are ready.
    pub fn ready(&self) -> String {
        let ready = self.status.container_statuses.iter().filter(|c| c.ready == Some(true)).count();
        format!("{ready}/{}", self.spec.containers.len())
    }

    /// How often its containers were started again.
    pub fn restarts(&self) -> i64 {
        self.statuses().filter_map(|c| c.restart_count).sum()
    }

    /// What made it: `ReplicaSet web-7d9`.
    pub fn owner(&self) -> Option<String> {
        self.metadata.owner_references.first().map(|owner| format!("{} {}", owner.kind, owner.name))
    }

    fn statuses(&self) -> impl Iterator<Item = &ContainerStatus> {
        self.status.init_container_statuses.iter().chain(&self.status.container_statuses)
    }

    /// Why the first container that cannot start does not; one that is being made waits, too, and is not meant.
    fn stuck(&self) -> Option<(&str, &str)> {
        self.statuses().find_map(|c| {
            let reason = c.state.waiting.as_ref()?.reason.as_deref()?;
            (!matches!(reason, "ContainerCreating" | "PodInitializing")).then_some((c.name.as_str(), reason))
        })
    }
}

fn status<'a>(all: &'a [ContainerStatus], of: &Container) -> Option<&'a ContainerStatus> {
    all.iter().find(|status| status.name == of.name)
}

/// What a container runs, by digest where that is known. A node that has the same image under several names may tell another of them as
/// what it runs: the repository is the one it was asked from.
fn image(container: &Container, status: Option<&ContainerStatus>) -> Option<String> {
    let asked = container.image.as_deref().filter(|image| !image.is_empty())?;
    let told = status.and_then(|status| status.image_id.as_deref()).unwrap_or_default();
    if reference::place(asked).is_some() {
        let digest = status.and_then(ContainerStatus::digest);
        return Some(digest.map_or_else(|| reference::to_image(asked), |digest| reference::by_digest(asked, digest)));
    }
    // Asked for under the name of a mirror, or by its digest alone.
    let told = told.rsplit_once("://").map_or(told, |(_, image)| image);
    Some(reference::to_image(if reference::place(told).is_some() { told } else { asked }))
}

impl Model for Pod {
    const KIND: Kind = Kind::Pod;
    const COLUMNS: &'static [Column] = &[
        Column::text("cluster", "Cluster").facet(),
        Column::text("namespace", "Namespace").facet(),
        // The state says it, or what is worse.
        Column::text("phase", "Phase").facet().word().hidden(),
        Column::text("ready", "Ready"),
        Column::number("restarts", "Restarts"),
        Column::text("owner", "Owner"),
        Column::text("images", "Images"),
        Column::text("node", "Node").hidden(),
        Column::text("created", "Created").hidden(),
    ];
    /// A pod that crashes does so every few minutes.
    const NOISE: &'static [&'static str] = &[
        "status.containerStatuses",
        "status.initContainerStatuses",
        "status.ephemeralContainerStatuses",
        // Filled in while it starts, and on its way out.
        "spec.nodeName",
        "metadata.deletionTimestamp",
    ];
    fn id(&self) -> String {
        let Metadata { name, namespace, .. } = &self.metadata;
        if self.cluster.is_empty() || namespace.is_empty() || name.is_empty() {
            return String::new();
        }
        format!("{}/{namespace}/{name}", self.cluster)
    }
    fn name(&self) -> String {
        self.metadata.name.clone()
    }
    fn arn(&self) -> Option<String> {
        None
    }
    fn parent(&self) -> Option<(Kind, String)> {
        Some((Kind::EksCluster, self.cluster.clone()))
    }
    fn state(&self) -> Option<State> {
        let phase = self.status.phase.as_deref()?;
        let reasons = [&self.status.reason, &self.status.message].into_iter().flatten();
        let said = reasons.filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join(": ");
        let said = Some(said).filter(|text| !text.is_empty());
        if Pod::OVER.contains(&phase) {
            let tone = if phase == "Failed" { Tone::Bad } else { Tone::Quiet };
            return Some(State::new(phase, tone).because(said));
        }
        if self.metadata.deletion_timestamp.is_some() {
            return Some(State::new("Terminating", Tone::Busy).because(said));
        }
        if let Some((container, reason)) = self.stuck() {
            let who = format!("The container {container} does not start.");
            return Some(State::new(reason, Tone::Bad).because(said.or(Some(who))));
        }
        let tone = match phase {
            "Running" => Tone::Good,
            "Pending" => Tone::Busy,
            _ => Tone::Warn,
        };
        Some(State::new(phase, tone).because(said))
    }
    fn tags(&self) -> BTreeMap<String, String> {
        let labels = self.metadata.labels.iter().filter(|(name, _)| !GENERATED.contains(&name.as_str()));
        labels.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
    fn created(&self) -> Option<Millis> {
        self.metadata.creation_timestamp.map(|t| t.0)
    }
    fn cells(&self) -> Vec<Cell> {
        let images: Vec<String> = self.spec.containers.iter().filter_map(|c| c.image.as_deref().map(short)).collect();
        vec![
            Cell::text(&self.cluster),
            Cell::text(&self.metadata.namespace),
            Cell::opt(self.status.phase.clone()),
            Cell::text(self.ready()),
            Cell::Number(self.restarts()),
            Cell::opt(self.owner()),
            if images.is_empty() { Cell::None } else { Cell::List(images) },
            Cell::opt(self.spec.node_name.clone()),
            Cell::time(self.created()),
        ]
    }
    fn links(&self, scope: &Scope) -> Vec<Link> {
        let images = self.containers().filter_map(|(container, status)| {
            let image = image(container, status)?;
            Some(Link::new(Relation::Image, image).noting(Some(container.name.clone())))
        });
        images.chain(super::of_cluster(scope, &self.cluster)).collect()
    }
}

/// An image without its registry and the path of its repository: `web:1.2`.
fn short(image: &str) -> String {
    image.rsplit('/').next().unwrap_or(image).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;
    use crate::resource::Described;

    const WEB: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web";

    /// Shaped as the API reference shows a pod, with what the collector leaves of it.
    fn seen(phase: &str, state: &serde_json::Value, image_id: &str) -> Described {
        let doc = serde_json::json!({
            "gantry:cluster": "platform",
            "metadata": {
                "name": "web-7d9c5b8f64-x2k4m", "namespace": "shop", "creationTimestamp": "2026-11-23T10:02:11Z",
                "labels": {"app.kubernetes.io/name": "web", "pod-template-hash": "7d9c5b8f64"},
                "ownerReferences": [{"kind": "ReplicaSet", "name": "web-7d9c5b8f64"}]
            },
            "spec": {
                "nodeName": "ip-10-20-48-11.eu-west-1.compute.internal",
                "initContainers": [{"name": "migrate", "image": format!("{WEB}:1.4.0")}],
                "containers": [
                    {"name": "web", "image": format!("{WEB}:1.4.0")},
                    {"name": "proxy", "image": "envoyproxy/envoy:v1.31"}
                ]
            },
            "status": {
                "phase": phase,
                "containerStatuses": [
                    {"name": "web", "ready": state.get("running").is_some(), "restartCount": 3, "image": format!("{WEB}:1.4.0"), "imageID": image_id, "state": state},
                    {"name": "proxy", "ready": true, "restartCount": 0, "image": "envoyproxy/envoy:v1.31", "imageID": "docker.io/envoyproxy/envoy@sha256:ee", "state": {"running": {}}}
                ]
            }
        });
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        describe(Kind::Pod, &scope, &doc).unwrap()
    }

    fn images(seen: &Described) -> Vec<&str> {
        let images = seen.links.iter().filter(|link| link.relation == Relation::Image);
        images.map(|link| link.target.as_str()).collect()
    }

    #[test]
    fn a_pod_points_to_what_it_really_runs() {
        let id = format!("docker-pullable://{WEB}@sha256:ab");
        let pod = seen("Running", &serde_json::json!({"running": {"startedAt": "2026-11-23T10:02:14Z"}}), &id);
        assert_eq!(pod.parent.as_ref().unwrap().to_string(), "eks.cluster/111122223333/eu-west-1/platform");
        assert!(pod.refs.contains(&"eks.pod/111122223333/eu-west-1/platform/shop/web-7d9c5b8f64-x2k4m".to_owned()));
        assert_eq!(pod.state.as_ref().unwrap().tone, Tone::Good);
        // Nothing is known of what prepared it but what was asked for.
        let (by_tag, by_digest) = (format!("{WEB}:1.4.0"), format!("{WEB}@sha256:ab"));
        assert_eq!(images(&pod), [by_tag.as_str(), by_digest.as_str(), "envoyproxy/envoy:v1.31"]);
        assert_eq!(
            pod.cells[3..6],
            [Cell::Text("2/2".into()), Cell::Number(3), Cell::Text("ReplicaSet web-7d9c5b8f64".into())]
        );
        assert_eq!(pod.cells.len(), Pod::COLUMNS.len());
        assert_eq!(pod.tags.keys().collect::<Vec<_>>(), ["app.kubernetes.io/name"]);
    }

    #[test]
    fn a_container_that_somebody_put_in_counts_until_it_ends() {
        let pod = |state: serde_json::Value| -> Pod {
            let doc = serde_json::json!({
                "spec": {"containers": [{"name": "web"}], "ephemeralContainers": [{"name": "debug", "image": "busybox"}]},
                "status": {"ephemeralContainerStatuses": [{"name": "debug", "state": state}]}
            });
            serde_json::from_value(doc).unwrap()
        };
        let names = |pod: &Pod| pod.containers().map(|(c, _)| c.name.clone()).collect::<Vec<_>>();
        let runs = pod(serde_json::json!({"running": {}}));
        assert_eq!((names(&runs), runs.ready()), (vec!["web".to_owned(), "debug".to_owned()], "0/1".to_owned()));
        assert_eq!(names(&pod(serde_json::json!({"terminated": {"reason": "Completed"}}))), ["web"]);
    }

    #[test]
    fn what_keeps_a_pod_from_running_is_its_state() {
        let waits = |reason: &str| serde_json::json!({"waiting": {"reason": reason}});
        for (phase, state, word, tone) in [
            ("Pending", waits("ContainerCreating"), "Pending", Tone::Busy),
            ("Pending", waits("ImagePullBackOff"), "ImagePullBackOff", Tone::Bad),
            ("Running", waits("CrashLoopBackOff"), "CrashLoopBackOff", Tone::Bad),
            ("Failed", serde_json::json!({"terminated": {"reason": "OOMKilled"}}), "Failed", Tone::Bad),
            ("Succeeded", serde_json::json!({"terminated": {"reason": "Completed"}}), "Succeeded", Tone::Quiet),
            ("Unknown", serde_json::json!({}), "Unknown", Tone::Warn),
        ] {
            let said = seen(phase, &state, "").state.unwrap();
            assert_eq!((said.word.as_str(), said.tone), (word, tone));
        }
    }

    #[test]
    fn an_image_is_found_whatever_its_node_calls_it() {
        let asked = |asked: &str, told: &str| {
            let container = Container { name: "a".into(), image: Some(asked.into()) };
            let status = ContainerStatus { image_id: Some(told.into()), ..ContainerStatus::default() };
            image(&container, Some(&status)).unwrap()
        };
        let other = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/web";
        assert_eq!(asked(WEB, ""), format!("{WEB}:latest"));
        assert_eq!(asked(WEB, "sha256:ab"), format!("{WEB}:latest"), "the id of an image is no digest");
        assert_eq!(asked(WEB, &format!("{WEB}@sha256:ab")), format!("{WEB}@sha256:ab"));
        assert_eq!(asked(&format!("{WEB}:1"), &format!("{other}@sha256:ab")), format!("{WEB}@sha256:ab"));
        assert_eq!(asked(&format!("{WEB}:1@sha256:cd"), ""), format!("{WEB}@sha256:cd"));
        assert_eq!(asked("web:1", &format!("{other}@sha256:ab")), format!("{other}@sha256:ab"));
        let dual_stack = "111122223333.dkr-ecr.eu-west-1.on.aws/shop/web";
        assert_eq!(asked(&format!("{dual_stack}:1"), &format!("{dual_stack}@sha256:ab")), format!("{WEB}@sha256:ab"));
        assert_eq!(asked("web:1", &format!("{dual_stack}@sha256:ab")), format!("{WEB}@sha256:ab"));
        assert_eq!(asked("nginx:1", "docker.io/library/nginx@sha256:ab"), "nginx:1");
    }
}

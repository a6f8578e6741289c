//! The Kubernetes API of the sandbox's EKS clusters, as far as pods go: listed, read, made and deleted. No container runs: what becomes of a pod is
//! told from its images when it is made. <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::time::Millis;
use serde_json::{Value, json};

use super::ecs::now;
use super::ecs::task::seed;
use super::ecs::view::{self, Image};
use super::upstream::Scope;
use super::{Answer, Gateway, decode, query};

/// Where the API servers are: `/kubernetes/ACCOUNT/REGION/CLUSTER`.
const ROOT: &str = "kubernetes";
/// The largest pod, in bytes.
const LARGEST: usize = 1 << 20;

/// The address of a cluster's API server, at a host of the gateway.
pub fn endpoint(host: &str, scope: &Scope, cluster: &str) -> String {
    format!("http://{host}/{ROOT}/{}/{}/{cluster}", scope.account, scope.region)
}

/// What a path names: pods of a cluster, of a namespace, or one.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    scope: Scope,
    cluster: String,
    namespace: Option<String>,
    name: Option<String>,
}

/// Whether a path is an API server's.
pub fn is_kubernetes(path: &str) -> bool {
    asked(path).is_some()
}

fn asked(path: &str) -> Option<Asked> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let [ROOT, account, region, cluster, "api", "v1", rest @ ..] = parts.as_slice() else { return None };
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (namespace, name) = match rest {
        ["pods"] => (None, None),
        ["namespaces", namespace, "pods"] => (Some(decode(namespace)), None),
        ["namespaces", namespace, "pods", name] => (Some(decode(namespace)), Some(decode(name))),
        _ => return None,
    };
    let scope = Scope { account: (*account).to_owned(), region: (*region).to_owned() };
    Some(Asked { scope, cluster: decode(cluster), namespace, name })
}

/// Answers a client of an API server.
pub async fn answer(gateway: &Gateway, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    route(gateway, &parts, body).await.unwrap_or_else(|refusal| refusal)
}

async fn route(gateway: &Gateway, parts: &Parts, body: Body) -> Answer {
    if !is_signed_in(parts) {
        return Err(status(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized"));
    }
    let nothing = || status(StatusCode::NOT_FOUND, "NotFound", "the server could not find the requested resource");
    let Asked { scope, cluster, namespace, name } = asked(parts.uri.path()).ok_or_else(nothing)?;
    // The emulator says whether the cluster exists.
    let found = gateway.upstream.get(&scope, "eks", &format!("/clusters/{cluster}")).await.map_err(|_| nothing())?;
    let arn = found["cluster"]["arn"].as_str().unwrap_or_default();
    match (&parts.method, namespace, name) {
        (&Method::GET, namespace, None) => Ok(list(gateway, arn, namespace.as_deref(), parts)),
        (&Method::GET, Some(namespace), Some(name)) => {
            let kept = gateway.kept.read();
            let pod = kept.pods.get(arn).and_then(|pods| pods.get(&format!("{namespace}/{name}")));
            pod.map(|pod| answered(StatusCode::OK, whole(pod.clone()))).ok_or_else(|| missing(&name))
        }
        (&Method::POST, Some(namespace), None) => create(gateway, &scope, arn, &namespace, body).await,
        (&Method::DELETE, Some(namespace), Some(name)) => {
            let key = format!("{namespace}/{name}");
            let removed = gateway.kept.change(|kept| kept.pods.get_mut(arn).and_then(|pods| pods.remove(&key)));
            removed.map(|pod| answered(StatusCode::OK, whole(pod))).ok_or_else(|| missing(&name))
        }
        _ => Err(status(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )),
    }
}

/// Whether a request carries what EKS takes: a signed request to STS in which a cluster is named. Signatures are not checked.
fn is_signed_in(parts: &Parts) -> bool {
    let token = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|token| token.strip_prefix("Bearer k8s-aws-v1."));
    let address = token.and_then(|token| URL_SAFE_NO_PAD.decode(token).ok()).unwrap_or_default();
    let address = String::from_utf8_lossy(&address);
    address.starts_with("https://sts.") && address.contains("x-k8s-aws-id") && address.contains("X-Amz-Signature=")
}

/// One page of pods. The token of the next is the last one's place, in base64.
fn list(gateway: &Gateway, arn: &str, namespace: Option<&str>, parts: &Parts) -> Response {
    let after = query(&parts.uri, "continue").and_then(|token| URL_SAFE_NO_PAD.decode(token).ok());
    let after = after.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let limit = query(&parts.uri, "limit").and_then(|text| text.parse::<usize>().ok()).filter(|limit| *limit > 0);
    let kept = gateway.kept.read();
    let mut pods = kept.pods.get(arn).into_iter().flatten().filter(|(key, _)| {
        let of = key.split_once('/').map(|(of, _)| of);
        **key > after && (namespace.is_none() || namespace == of)
    });
    let (mut items, mut last) = (vec![], None);
    for (key, pod) in pods.by_ref().take(limit.unwrap_or(usize::MAX)) {
        items.push(pod.clone());
        last = Some(key);
    }
    let mut metadata = json!({ "resourceVersion": "1" });
    if let (Some(last), Some(_)) = (last, pods.next()) {
        metadata["continue"] = URL_SAFE_NO_PAD.encode(last).into();
    }
    answered(StatusCode::OK, json!({ "kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items }))
}

async fn create(gateway: &Gateway, scope: &Scope, arn: &str, namespace: &str, body: Body) -> Answer {
    let bad = |message: &str| status(StatusCode::BAD_REQUEST, "BadRequest", message);
    let invalid = |message: &str| status(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message);
    let bytes = axum::body::to_bytes(body, LARGEST).await.map_err(|error| bad(&error.to_string()))?;
    let mut pod: Value = serde_json::from_slice(&bytes).map_err(|error| bad(&error.to_string()))?;
    let Some(name) = pod["metadata"]["name"].as_str().filter(|name| !name.is_empty()).map(str::to_owned) else {
        return Err(invalid("Pod is invalid: metadata.name: Required value: name or generateName is required"));
    };
    let containers = pod["spec"]["containers"].as_array().cloned().unwrap_or_default();
    if containers.is_empty() {
        return Err(invalid("Pod is invalid: spec.containers: Required value"));
    }
    let place = seed(&format!("{arn}/{namespace}/{name}"));
    let once = pod["spec"]["restartPolicy"] == "Never";
    let (mut statuses, mut pulled) = (vec![], true);
    for container in &containers {
        let address = container["image"].as_str().unwrap_or_default();
        let image = view::image(gateway, address).await;
        pulled &= image != Image::Missing;
        statuses.push(status_of(&container["name"], address, &image, once));
    }
    let at = Millis((now() * 1000.0) as i64).rfc3339();
    pod["metadata"]["namespace"] = namespace.into();
    pod["metadata"]["uid"] = format!("{place:016x}").into();
    pod["metadata"]["creationTimestamp"] = at.as_str().into();
    if pod["spec"]["nodeName"].is_null() {
        let node = format!("ip-10-20-48-{}.{}.compute.internal", 11 + place % 3, scope.region);
        pod["spec"]["nodeName"] = node.into();
    }
    let phase = match (pulled, once) {
        (false, _) => "Pending",
        (true, true) => "Succeeded",
        (true, false) => "Running",
    };
    pod["status"] = json!({ "phase": phase, "startTime": at, "containerStatuses": statuses });
    let made = gateway.kept.change(|kept| {
        let pods = kept.pods.entry(arn.to_owned()).or_default();
        let key = format!("{namespace}/{name}");
        let new = !pods.contains_key(&key);
        if new {
            pods.insert(key, pod.clone());
        }
        new
    });
    if !made {
        return Err(status(StatusCode::CONFLICT, "AlreadyExists", &format!("pods \"{name}\" already exists")));
    }
    Ok(answered(StatusCode::CREATED, whole(pod)))
}

/// A container as its node tells of it; `once` where it is not started again.
fn status_of(name: &Value, address: &str, image: &Image, once: bool) -> Value {
    let (id, state) = match image {
        Image::Missing => {
            let message = format!("Back-off pulling image \"{address}\"");
            (String::new(), json!({ "waiting": { "reason": "ImagePullBackOff", "message": message } }))
        }
        _ if once => (digested(address, image), json!({ "terminated": { "reason": "Completed", "exitCode": 0 } })),
        _ => (digested(address, image), json!({ "running": {} })),
    };
    let ready = !state["running"].is_null();
    json!({ "name": name, "ready": ready, "started": ready, "restartCount": 0, "image": address, "imageID": id, "state": state })
}

/// An image by its digest; what is not in a registry of the sandbox gets one that is made up.
fn digested(address: &str, image: &Image) -> String {
    let named = address.split_once('@').map_or(address, |(named, _)| named);
    let repository = match named.rsplit_once(':') {
        // A colon before the last slash is a port.
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => named,
    };
    match image {
        Image::Here(digest) => format!("{repository}@{digest}"),
        _ => format!("{repository}@sha256:{}", format!("{:016x}", seed(address)).repeat(4)),
    }
}

/// A pod that stands by itself says what it is; one of a list does not.
fn whole(mut pod: Value) -> Value {
    pod["kind"] = "Pod".into();
    pod["apiVersion"] = "v1".into();
    pod
}

fn missing(name: &str) -> Response {
    status(StatusCode::NOT_FOUND, "NotFound", &format!("pods \"{name}\" not found"))
}

/// Kubernetes's way to say no: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/>
fn status(code: StatusCode, reason: &str, message: &str) -> Response {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code.as_u16()
    });
    answered(code, body)
}

fn answered(code: StatusCode, body: Value) -> Response {
    (code, [("content-type", "application/json")], body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_pods_of_a_cluster() {
        let scope = Scope { account: "111122223333".into(), region: "eu-west-1".into() };
        let server = endpoint("127.0.0.1:4510", &scope, "platform");
        let path = |rest: &str| format!("{}{rest}", server.strip_prefix("http://127.0.0.1:4510").unwrap());
        let all = asked(&path("/api/v1/pods")).unwrap();
        assert_eq!((all.scope, all.cluster.as_str(), all.namespace), (scope, "platform", None));
        let one = asked(&path("/api/v1/namespaces/shop/pods/web-1")).unwrap();
        assert_eq!((one.namespace.as_deref(), one.name.as_deref()), (Some("shop"), Some("web-1")));
        for other in ["/api/v1/nodes", "/apis/apps/v1/deployments", ""] {
            assert!(!is_kubernetes(&path(other)), "{other}");
        }
        assert!(!is_kubernetes("/kubernetes/a-bucket/eu-west-1/x/api/v1/pods"));
    }

    #[test]
    fn a_container_runs_by_digest_or_waits_for_its_image() {
        let address = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1";
        let runs = status_of(&json!("web"), address, &Image::Here("sha256:ab".into()), false);
        assert_eq!(runs["imageID"], "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:ab");
        assert_eq!((&runs["ready"], &runs["state"]), (&json!(true), &json!({ "running": {} })));
        let waits = status_of(&json!("web"), address, &Image::Missing, false);
        assert_eq!((&waits["imageID"], &waits["state"]["waiting"]["reason"]), (&json!(""), &json!("ImagePullBackOff")));
        let ended = status_of(&json!("web"), "busybox", &Image::Outside, true);
        assert_eq!(ended["state"]["terminated"]["reason"], "Completed");
        assert_eq!(ended["imageID"].as_str().unwrap().len(), "busybox@sha256:".len() + 64);
    }
}

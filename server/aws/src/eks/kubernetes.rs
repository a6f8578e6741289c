//! The Kubernetes API of EKS clusters: how Gantry signs in to one, how it asks, and what it means when there is no answer.
//!
//! It signs in as `aws eks get-token` does: with a request to STS that is signed, but sent by the cluster, which learns so who asks.
//! <https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster>

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_sdk_sts::error::BoxError;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningParams, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::document::dns_suffix;
use domain::{Code, Problem, Region};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::error::Error;
use std::time::{Duration, SystemTime};

use crate::gather::word;
use crate::problem::{Asked, from_credentials};
use crate::{Bucket, Caller, absent};

/// How long a connection, and each next piece of an answer, may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a whole answer may take.
const WHOLE: Duration = Duration::from_secs(60);
/// The largest answer, in bytes: five hundred pods take a few MiB.
const LARGEST: usize = 32 << 20;
/// How long the signed request to STS holds; clusters believe it for a while longer.
const EXPIRES: Duration = Duration::from_secs(60);
/// What need not be escaped in a query or in a part of a path.
pub(super) const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// So much of what a server says is repeated, in characters.
const SAID: usize = 300;

/// The API server of a cluster, as EKS describes it.
#[derive(Clone, Debug)]
pub(super) struct Server {
    /// The name of the cluster.
    pub(super) cluster: String,
    /// Where it is, without a slash at the end.
    endpoint: String,
    /// The only authority it is believed by, in PEM.
    authority: Option<Vec<u8>>,
    /// Whether it is to be reached from the network of the cluster only.
    private: bool,
}

/// Asks one API server.
#[async_trait]
pub(super) trait Line: Send + Sync {
    /// The status and the body that a path below the endpoint is answered with.
    async fn get(&self, path: &str, bearer: &str) -> Result<(u16, Vec<u8>), Problem>;
}

/// Makes a line to an API server.
pub(super) type Open = dyn Fn(&Server) -> Result<Box<dyn Line>, Problem> + Send + Sync;

/// The API server of a cluster. `None` where there is none: the cluster does not exist, or is still being made.
pub(super) async fn server(caller: &Caller, cluster: &str) -> Result<Option<Server>, Problem> {
    let request = caller.clients().eks().describe_cluster().name(cluster);
    let answer = absent(caller.call(Bucket::Eks, "eks:DescribeCluster", Some(cluster), request.send()).await)?;
    let Some(described) = answer.and_then(|answer| answer.cluster) else { return Ok(None) };
    let status = word(described.status).unwrap_or_default();
    let Some(endpoint) = described.endpoint.filter(|endpoint| !endpoint.is_empty()) else {
        if matches!(status.as_str(), "CREATING" | "PENDING") {
            return Ok(None);
        }
        return Err(unusable(cluster, "EKS names no address for it"));
    };
    let private = described.resources_vpc_config.is_some_and(|vpc| !vpc.endpoint_public_access);
    let authority = described.certificate_authority.and_then(|authority| authority.data);
    let authority = authority.and_then(|data| STANDARD.decode(data.trim()).ok());
    let endpoint = endpoint.trim_end_matches('/').to_owned();
    match endpoint.split_once("://") {
        Some(("https", _)) if authority.is_some() => {}
        Some(("https", _)) => return Err(unusable(cluster, "EKS gives no certificate to know it by")),
        // An emulator's, on this machine or in its network.
        Some(("http", _)) if caller.emulator => {}
        _ => return Err(unusable(cluster, "its address does not begin with https://")),
    }
    Ok(Some(Server { cluster: cluster.to_owned(), endpoint, authority, private }))
}

/// What Gantry proves to a cluster with that it is who it is.
pub(super) async fn bearer(caller: &Caller, operation: &'static str, cluster: &str) -> Result<String, Problem> {
    let asked = Asked { operation, resource: Some(cluster), region: None, emulator: caller.emulator };
    let credentials = caller.clients().credentials().await.map_err(|error| from_credentials(&error, asked))?;
    token(credentials, caller.region(), cluster, SystemTime::now()).map_err(|error| {
        tracing::warn!(operation, cluster, %error, "a request to STS cannot be signed");
        unusable(cluster, "the request that says who asks could not be signed")
    })
}

/// The address of a signed request to STS, the cluster's name among what is signed.
fn token(credentials: Credentials, region: &Region, cluster: &str, now: SystemTime) -> Result<String, BoxError> {
    let suffix = dns_suffix(region);
    let mut address = format!("https://sts.{region}.{suffix}/?Action=GetCallerIdentity&Version=2011-06-15");
    let identity: Identity = credentials.into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(EXPIRES);
    let params = v4::SigningParams::builder().identity(&identity).region(region.as_str()).name("sts");
    let params: SigningParams<'_> = params.time(now).settings(settings).build()?.into();
    let headers = [("x-k8s-aws-id", cluster)].into_iter();
    let request = SignableRequest::new("GET", address.clone(), headers, SignableBody::Bytes(&[]))?;
    let (signed, _) = sign(request, &params)?.into_parts();
    for (name, value) in signed.params() {
        address.push_str(&format!("&{name}={}", utf8_percent_encode(value, PLAIN)));
    }
    Ok(format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(address)))
}

/// A line over the network: to this server and nowhere else.
pub(super) fn open(server: &Server) -> Result<Box<dyn Line>, Problem> {
    let mut client = reqwest::Client::builder()
        .user_agent(concat!("gantry/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(PATIENCE)
        .read_timeout(PATIENCE)
        .timeout(WHOLE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    let unreadable = |error: reqwest::Error| {
        tracing::warn!(cluster = server.cluster, %error, "no line to an API server");
        unusable(&server.cluster, "the certificate that EKS gives for it cannot be read")
    };
    if let (true, Some(authority)) = (server.endpoint.starts_with("https://"), &server.authority) {
        let authority = reqwest::Certificate::from_pem(authority).map_err(unreadable)?;
        client = client.https_only(true).tls_built_in_root_certs(false).add_root_certificate(authority);
    }
    let client = client.build().map_err(unreadable)?;
    Ok(Box::new(Direct { client, server: server.clone() }))
}

struct Direct {
    client: reqwest::Client,
    server: Server,
}

#[async_trait]
impl Line for Direct {
    async fn get(&self, path: &str, bearer: &str) -> Result<(u16, Vec<u8>), Problem> {
        let request = self.client.get(format!("{}{path}", self.server.endpoint)).bearer_auth(bearer);
        let request = request.header(reqwest::header::ACCEPT, "application/json");
        let mut answer = request.send().await.map_err(|error| unreachable(&self.server, &error))?;
        let status = answer.status().as_u16();
        let mut body = vec![];
        while let Some(piece) = answer.chunk().await.map_err(|error| unreachable(&self.server, &error))? {
            if body.len() + piece.len() > LARGEST {
                return Err(unusable(&self.server.cluster, "its answer is larger than 32 MiB"));
            }
            body.extend_from_slice(&piece);
        }
        Ok((status, body))
    }
}

/// A problem of one cluster, which is named in it.
fn of(cluster: &str, code: Code, title: &str, message: String) -> Problem {
    let mut problem = Problem::new(code, title, message);
    problem.resource = Some(cluster.to_owned());
    problem
}

/// Nothing can be asked of it.
pub(super) fn unusable(cluster: &str, why: &str) -> Problem {
    let message = format!("The API server of the EKS cluster {cluster} cannot be asked for pods: {why}.");
    of(cluster, Code::AwsRejected, "A cluster cannot be asked", message)
}

fn unreachable(server: &Server, error: &reqwest::Error) -> Problem {
    let cluster = &server.cluster;
    // The innermost reason: the outer ones repeat the address.
    let mut inner: &dyn Error = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    let why = if error.is_timeout() { "it does not answer in time".to_owned() } else { inner.to_string() };
    let way = match server.private {
        true => {
            "Its endpoint is private: Gantry has to run in the cluster's network, or in one that is connected with it."
        }
        false => "Where its endpoint is open to some addresses only, Gantry's has to be one of them.",
    };
    let message = format!(
        "The API server of the EKS cluster {cluster} cannot be reached: {why}. {way} Its pods stay as they were last read."
    );
    of(cluster, Code::AwsUnreachable, "A cluster cannot be reached", message)
}

/// What an answer means that is none: Kubernetes says why in a [Status](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/).
pub(super) fn refused(cluster: &str, status: u16, body: &[u8]) -> Problem {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let said: String = said["message"].as_str().unwrap_or_default().chars().take(SAID).collect();
    let said = if said.is_empty() { String::new() } else { format!(" It says: {}.", said.trim_end_matches('.')) };
    let server = format!("The API server of the EKS cluster {cluster}");
    match status {
        401 | 403 => of(
            cluster,
            Code::AwsDenied,
            "Pods may not be read",
            format!(
                "{server} refuses Gantry's role ({status}). Give that role an access entry on the cluster with the policy AmazonEKSViewPolicy; where the cluster's authentication mode is CONFIG_MAP, change it to API_AND_CONFIG_MAP first, which cannot be changed back. Until then it is not known what its pods run.{said}"
            ),
        ),
        404 => of(cluster, Code::NotFound, "Not found", format!("{server} has no such thing.{said}")),
        429 => of(
            cluster,
            Code::AwsThrottled,
            "A cluster asks for patience",
            format!("{server} has too much to do. Gantry slows down and tries again.{said}"),
        ),
        500.. => of(
            cluster,
            Code::AwsUnreachable,
            "A cluster has trouble",
            format!("{server} had a fault of its own (status {status}).{said}"),
        ),
        _ => unusable(cluster, &format!("it answers with status {status}{}", said.trim_end_matches('.'))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    fn address(region: &str, session: Option<&str>) -> String {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", session.map(str::to_owned), None, "test");
        let now = UNIX_EPOCH + Duration::from_secs(1_763_000_000);
        let token = token(credentials, &Region::parse(region).unwrap(), "shop", now).unwrap();
        let encoded = token.strip_prefix("k8s-aws-v1.").unwrap();
        assert!(!encoded.contains('='), "no padding");
        String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap()
    }

    #[test]
    fn a_token_is_a_request_to_the_sts_of_the_region_that_names_the_cluster() {
        let plain = address("eu-west-1", None);
        assert!(plain.starts_with("https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&"));
        for part in [
            "&X-Amz-Algorithm=AWS4-HMAC-SHA256",
            "&X-Amz-Credential=AKIDEXAMPLE%2F20251113%2Feu-west-1%2Fsts%2Faws4_request",
            "&X-Amz-Date=20251113T021320Z",
            "&X-Amz-Expires=60",
            "&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id",
            "&X-Amz-Signature=",
        ] {
            assert!(plain.contains(part), "{part} in {plain}");
        }
        assert!(!plain.contains("Security-Token"));
        let assumed = address("cn-north-1", Some("a/b+c"));
        assert!(assumed.starts_with("https://sts.cn-north-1.amazonaws.com.cn/?"), "{assumed}");
        assert!(assumed.contains("&X-Amz-Security-Token=a%2Fb%2Bc"), "{assumed}");
    }

    #[test]
    fn who_is_refused_is_told_which_access_entry_is_missing() {
        let body = br#"{"kind":"Status","message":"pods is forbidden: User \"x\" cannot list resource"}"#;
        let problem = refused("shop", 403, body);
        assert_eq!((problem.code, problem.iam_action.as_deref()), (Code::AwsDenied, None));
        assert!(problem.message.contains("AmazonEKSViewPolicy") && problem.message.contains("cannot list resource"));
        assert_eq!(refused("shop", 503, b"<html>").code, Code::AwsUnreachable);
        assert_eq!(refused("shop", 302, b"").code, Code::AwsRejected);
    }
}

//! An image's configuration, which alone says what a single image runs on:
//! <https://github.com/opencontainers/image-spec/blob/main/config.md>. ECR gives an address to download it from.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sts::config::http::HttpRequest;
use aws_smithy_http_client::default_connector;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector};
use domain::{Code, Problem};
use serde_json::Value;
use std::sync::OnceLock;
use std::time::Duration;

use super::manifest::Platform;
use crate::{Bucket, Caller, absent};

const OPERATION: &str = "ecr:GetDownloadUrlForLayer";
/// How long the download may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Configurations are a few kilobytes; what is larger is none.
const LARGEST: usize = 1024 * 1024;

/// What an image runs on. `None` when it has no configuration, that does not say, or an emulator lacks the call: an image is complete without.
///
/// The permission for this also lets one download the image itself, so a careful account does not give it: ends with
/// [`Code::AwsDenied`] then, which is for the caller to take as an answer; with [`Code::AwsUnreachable`] where the download failed.
pub(super) async fn platform(caller: &Caller, repository: &str, digest: &str) -> Result<Option<String>, Problem> {
    let document = match document(caller, repository, digest).await {
        Ok(document) => document,
        Err(problem) if problem.code == Code::NotImplemented => {
            tracing::debug!(repository, digest, %problem, "image configuration");
            None
        }
        Err(problem) => return Err(problem),
    };
    Ok(document.and_then(|d| serde_json::from_value::<Platform>(d).ok()).and_then(|p| p.text()))
}

/// The configuration with this digest; `None` when it was removed or is no JSON.
pub(super) async fn document(caller: &Caller, repository: &str, digest: &str) -> Result<Option<Value>, Problem> {
    let request = caller.clients().ecr().get_download_url_for_layer().repository_name(repository).layer_digest(digest);
    let answer = absent(caller.call(Bucket::EcrLayers, OPERATION, Some(repository), request.send()).await)?;
    let Some(url) = answer.and_then(|a| a.download_url) else { return Ok(None) };
    let failed = |why: String| {
        let message = format!("The configuration of the image could not be downloaded: {why}.");
        Problem::new(Code::AwsUnreachable, "AWS did not give the configuration", message)
    };
    match tokio::time::timeout(PATIENCE, download(&url, caller.clients().endpoint_url())).await {
        Ok(Ok(bytes)) => Ok(serde_json::from_slice(&bytes).ok()),
        Ok(Err(why)) => Err(failed(why)),
        Err(_) => Err(failed("it took too long".to_owned())),
    }
}

/// Where to ask, and under which name: the addresses an emulator gives lead to AWS's hosts, which is not where it is.
/// Only hosts of AWS are asked; redirects are not followed.
fn address(url: &str, endpoint: Option<&str>) -> Option<(String, Option<String>)> {
    let (scheme, rest) = url.split_once("://")?;
    let (host, path) = rest.split_once('/')?;
    if let Some(endpoint) = endpoint {
        return Some((format!("{}/{path}", endpoint.trim_end_matches('/')), Some(host.to_owned())));
    }
    let aws = [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"].iter().any(|suffix| host.ends_with(suffix));
    (scheme == "https" && aws && !host.contains('@')).then(|| (url.to_owned(), None))
}

async fn download(url: &str, endpoint: Option<&str>) -> Result<Vec<u8>, String> {
    static CONNECTOR: OnceLock<Option<SharedHttpConnector>> = OnceLock::new();
    let (url, host) = address(url, endpoint).ok_or("not an address of AWS")?;
    let connector = CONNECTOR.get_or_init(|| default_connector(&HttpConnectorSettings::default(), None));
    let connector = connector.as_ref().ok_or("no HTTP client")?;
    let mut request = HttpRequest::get(url).map_err(|e| e.to_string())?;
    if let Some(host) = host {
        request.headers_mut().insert("host", host);
    }
    let response = connector.call(request).await.map_err(|e| e.to_string())?;
    let length = response.headers().get("content-length").and_then(|l| l.parse::<usize>().ok());
    match (response.status().as_u16(), length) {
        (200, Some(length)) if length <= LARGEST => {}
        (200, _) => return Err("too large".to_owned()),
        (status, _) => return Err(format!("status {status}")),
    }
    let body = ByteStream::new(response.into_body()).collect().await.map_err(|e| e.to_string())?;
    Ok(body.into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_aws_is_asked_and_an_emulator_under_the_name_it_gave() {
        let real = "https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/a/b?X-Amz-Signature=c";
        assert_eq!(address(real, None), Some((real.to_owned(), None)));
        for foreign in [
            "http://prod.s3.eu-west-1.amazonaws.com/a",
            "https://169.254.169.254/latest/meta-data",
            "https://amazonaws.com.example.org/a",
            "https://user@x.amazonaws.com/a",
            "https://example.org/.amazonaws.com",
        ] {
            assert_eq!(address(foreign, None), None, "{foreign}");
        }
        let registry = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        assert_eq!(
            address(&format!("https://{registry}/v2/web/blobs/sha256:aa"), Some("http://127.0.0.1:4566/")),
            Some(("http://127.0.0.1:4566/v2/web/blobs/sha256:aa".to_owned(), Some(registry.to_owned())))
        );
    }
}

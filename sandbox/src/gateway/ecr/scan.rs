//! Basic scanning: a scan takes some seconds and then has findings
//! (<https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html>).

use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::blobs::Place;
use super::{bad, findings, images, now, repository, repository_of, settings};
use crate::gateway::upstream::Scope;
use crate::gateway::{Gateway, paging};

/// How long a scan takes.
const SECONDS: f64 = 3.0;
/// An image is scanned once in this time.
const PERIOD: f64 = 24.0 * 3600.0;
/// DescribeImageScanFindings gives so many when the request does not say.
const PAGE: u64 = 100;

/// The last scan of an image.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Scan {
    /// When it began, in seconds since 1970.
    pub began: f64,
}

impl Scan {
    fn is_over(self, now: f64) -> bool {
        now - self.began >= SECONDS
    }

    fn status(self, now: f64) -> Value {
        if self.is_over(now) {
            json!({ "status": "COMPLETE", "description": "The scan was completed successfully." })
        } else {
            json!({ "status": "IN_PROGRESS" })
        }
    }

    fn summary(self, findings: &[Value]) -> Value {
        let ended = (self.began + SECONDS).floor();
        // The sources are read again every six hours.
        let updated = ended - ended % (6.0 * 3600.0);
        json!({
            "imageScanCompletedAt": ended,
            "vulnerabilitySourceUpdatedAt": updated,
            "findingSeverityCounts": findings::counts(findings),
        })
    }
}

fn is_image(media_type: &str) -> bool {
    !(media_type.ends_with("manifest.list.v2+json") || media_type.ends_with("image.index.v1+json"))
}

/// StartImageScan.
pub async fn start(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let name = repository_of(request)?;
    repository(gateway, scope, &name).await?;
    let image = images::one(gateway, scope, &name, &request["imageId"]).await?;
    if settings::is_enhanced(gateway, scope) {
        return Err(bad("ValidationException", "This feature is disabled"));
    }
    let kind = image["imageManifestMediaType"].as_str().unwrap_or_default();
    if !is_image(kind) {
        let message = format!("The image manifest media type '{kind}' is not supported for scanning.");
        return Err(bad("UnsupportedImageTypeException", &message));
    }
    let digest = image["imageDigest"].as_str().unwrap_or_default().to_owned();
    let now = now();
    let earlier = gateway.kept.read().repository(scope, &name).and_then(|kept| kept.scans.get(&digest).copied());
    if earlier.is_some_and(|scan| now - scan.began < PERIOD) {
        let message = "The scan quota per image has been exceeded. Wait and try again.";
        return Err(bad("LimitExceededException", message));
    }
    let scan = Scan { began: now };
    gateway.kept.change(|kept| kept.repository_mut(scope, &name).scans.insert(digest.clone(), scan));
    Ok(json!({
        "registryId": scope.account,
        "repositoryName": name,
        "imageId": named(request, &digest),
        "imageScanStatus": scan.status(now),
    }))
}

fn named(request: &Value, digest: &str) -> Value {
    let mut id = json!({ "imageDigest": digest });
    if request["imageId"]["imageTag"].is_string() {
        id["imageTag"] = request["imageId"]["imageTag"].clone();
    }
    id
}

/// DescribeImageScanFindings.
pub async fn describe(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let name = repository_of(request)?;
    repository(gateway, scope, &name).await?;
    let image = images::one(gateway, scope, &name, &request["imageId"]).await?;
    let digest = image["imageDigest"].as_str().unwrap_or_default();
    let scan = gateway.kept.read().repository(scope, &name).and_then(|kept| kept.scans.get(digest).copied());
    let Some(scan) = scan else {
        let message = format!(
            "Image scan does not exist for the image with '{{imageDigest:'{digest}'}}' in the repository with name '{name}' in the registry with id '{}'",
            scope.account
        );
        return Err(bad("ScanNotFoundException", &message));
    };
    let now = now();
    let mut answer = json!({
        "registryId": scope.account,
        "repositoryName": name,
        "imageId": named(request, digest),
        "imageScanStatus": scan.status(now),
    });
    if scan.is_over(now) {
        let found = findings::of(digest);
        let mut told = scan.summary(&found);
        told["findings"] = Value::Array(found);
        paging::cut(&mut told, "findings", request, PAGE);
        if let Some(next) = told.as_object_mut().and_then(|told| told.remove("nextToken")) {
            answer["nextToken"] = next;
        }
        answer["imageScanFindings"] = told;
    }
    Ok(answer)
}

/// Adds an image's scan to what DescribeImages says of it.
pub fn tell(gateway: &Gateway, scope: &Scope, name: &str, image: &mut Map<String, Value>) {
    let digest = image.get("imageDigest").and_then(Value::as_str).unwrap_or_default().to_owned();
    let scan = gateway.kept.read().repository(scope, name).and_then(|kept| kept.scans.get(&digest).copied());
    let Some(scan) = scan else { return };
    let now = now();
    image.insert("imageScanStatus".into(), scan.status(now));
    if scan.is_over(now) {
        image.insert("imageScanFindingsSummary".into(), scan.summary(&findings::of(&digest)));
    }
}

/// Scans an image that was pushed, where its repository or registry wants that. One that was scanned already is not
/// scanned again.
pub fn pushed(gateway: &Gateway, place: &Place, repository: &Value, digest: &str, manifest: &Value) {
    let wanted = if settings::decides(gateway, &place.scope) {
        settings::frequency(gateway, &place.scope, &place.repository).0 == "SCAN_ON_PUSH"
    } else {
        repository["imageScanningConfiguration"]["scanOnPush"] == true
    };
    let known = gateway
        .kept
        .read()
        .repository(&place.scope, &place.repository)
        .is_some_and(|kept| kept.scans.contains_key(digest));
    // An index and an artifact have nothing installed in them.
    if wanted && !known && !manifest["manifests"].is_array() && manifest["subject"].is_null() {
        let scan = Scan { began: now() };
        gateway
            .kept
            .change(|kept| kept.repository_mut(&place.scope, &place.repository).scans.insert(digest.to_owned(), scan));
    }
}

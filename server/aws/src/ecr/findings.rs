//! What scans found, page by page; of basic and of enhanced scanning.

use aws_sdk_ecr::operation::describe_image_scan_findings::DescribeImageScanFindingsOutput;
use aws_sdk_ecr::types::{EnhancedImageScanFinding, ImageIdentifier, ImageScanFinding, VulnerablePackage};
use domain::Problem;
use domain::ecr::findings::{Finding, Findings};

use crate::gather::when;
use crate::{Bucket, Caller, Pages, absent};

const ACTION: &str = "ecr:DescribeImageScanFindings";
/// The most findings that are read, ten pages: the counts tell of the rest.
const MOST: usize = 10_000;

/// The findings of an image; `None` when it was never scanned.
pub(super) async fn read(caller: &Caller, repository: &str, digest: &str) -> Result<Option<Findings>, Problem> {
    let mut findings = Findings::default();
    let mut pages = Pages::new(ACTION);
    while let Some(token) = pages.next() {
        let id = ImageIdentifier::builder().image_digest(digest).build();
        let request = caller.clients().ecr().describe_image_scan_findings().repository_name(repository).image_id(id);
        let request = request.max_results(1000).set_next_token(token);
        let Some(page) = absent(caller.call(Bucket::Ecr, ACTION, Some(repository), request.send()).await)? else {
            return Ok(None);
        };
        let next = page.next_token.clone();
        take(&mut findings, page);
        if findings.found.len() >= MOST && next.is_some() {
            findings.truncated = true;
            break;
        }
        pages.then(next)?;
    }
    findings.sort();
    Ok(Some(findings))
}

fn take(findings: &mut Findings, page: DescribeImageScanFindingsOutput) {
    if let Some(status) = page.image_scan_status {
        findings.status = status.status.map(|word| word.as_str().to_owned());
        findings.description = status.description;
    }
    let Some(scan) = page.image_scan_findings else { return };
    findings.completed = when(scan.image_scan_completed_at).or(findings.completed);
    for (severity, count) in scan.finding_severity_counts.into_iter().flatten() {
        findings.counts.insert(severity.as_str().to_owned(), count);
    }
    findings.found.extend(scan.findings.into_iter().flatten().map(basic));
    findings.found.extend(scan.enhanced_findings.into_iter().flatten().flat_map(enhanced));
}

/// Basic scanning says package and version in attributes.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html>
fn basic(finding: ImageScanFinding) -> Finding {
    let attributes = finding.attributes.unwrap_or_default();
    let attribute = |key: &str| attributes.iter().find(|a| a.key == key).and_then(|a| a.value.clone());
    Finding {
        name: finding.name.unwrap_or_default(),
        severity: finding.severity.map(|s| s.as_str().to_owned()).unwrap_or_default(),
        description: finding.description,
        uri: finding.uri,
        package: attribute("package_name"),
        version: attribute("package_version"),
        fixed_in: attribute("patched_version").or_else(|| attribute("fixed_version")),
    }
}

/// Amazon Inspector's: one for each package that has it, for each is mended by a version of its own.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EnhancedImageScanFinding.html>
fn enhanced(finding: EnhancedImageScanFinding) -> Vec<Finding> {
    let details = finding.package_vulnerability_details;
    let mut packages = details.as_ref().and_then(|d| d.vulnerable_packages.clone()).unwrap_or_default();
    let id = details.as_ref().and_then(|d| d.vulnerability_id.clone());
    let bare = Finding {
        name: id.or(finding.title).or(finding.finding_arn).unwrap_or_default(),
        severity: finding.severity.unwrap_or_default(),
        description: finding.description,
        uri: details.and_then(|d| d.source_url),
        ..Finding::default()
    };
    let last = packages.pop();
    let of = |package: VulnerablePackage, bare: Finding| Finding {
        package: package.name,
        version: package.version,
        fixed_in: package.fixed_in_version.filter(|v| v != "NotAvailable"),
        ..bare
    };
    let mut all: Vec<Finding> = packages.into_iter().map(|package| of(package, bare.clone())).collect();
    all.push(match last {
        Some(package) => of(package, bare),
        None => bare,
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::caller;
    use serde_json::{Value, json};

    /// As Amazon Inspector's finding of one vulnerability comes through ECR.
    fn finding(id: &str, severity: &str, packages: Value) -> Value {
        json!({
            "awsAccountId": "111122223333", "findingArn": format!("arn:aws:inspector2:eu-west-1:111122223333:finding/{id}"),
            "title": format!("{id} - openssl"), "description": "A flaw.", "severity": severity, "status": "ACTIVE",
            "type": "PACKAGE_VULNERABILITY", "score": 7.5, "firstObservedAt": 1_764_000_000.0, "lastObservedAt": 1_764_000_000.0,
            "packageVulnerabilityDetails": {
                "vulnerabilityId": id, "source": "DEBIAN_CVE", "sourceUrl": format!("https://security-tracker.debian.org/tracker/{id}"),
                "cvss": [], "referenceUrls": [], "relatedVulnerabilities": [], "vulnerablePackages": packages,
            },
            "remediation": { "recommendation": { "text": "None Provided" } },
        })
    }

    fn package(name: &str, version: &str, fixed: &str) -> Value {
        json!({"name": name, "version": version, "release": "1", "epoch": 0, "arch": "AMD64", "packageManager": "OS",
            "sourceLayerHash": "sha256:a", "fixedInVersion": fixed})
    }

    fn page(scan: Value) -> Value {
        let mut answer = json!({"registryId": "111122223333", "repositoryName": "web", "imageId": {"imageDigest": "sha256:a"},
            "imageScanStatus": {"status": "ACTIVE", "description": "Continuous scan is selected for image."}});
        answer["imageScanFindings"] = scan;
        answer
    }

    #[tokio::test]
    async fn a_vulnerability_of_several_packages_is_a_row_for_each() {
        let answers = |operation: &str, input: &Value| {
            assert_eq!((operation, &input["maxResults"]), ("DescribeImageScanFindings", &json!(1000)));
            let counts = json!({"HIGH": 1, "CRITICAL": 1, "MEDIUM": 1});
            let mut answer = match input["nextToken"].as_str() {
                None => {
                    let both =
                        json!([package("libssl3", "3.0.11", "3.0.13"), package("openssl", "3.0.11", "NotAvailable")]);
                    page(
                        json!({"findingSeverityCounts": counts, "enhancedFindings": [finding("CVE-2026-2", "HIGH", both)]}),
                    )
                }
                Some(_) => {
                    let none = finding("CVE-2026-3", "MEDIUM", json!([]));
                    let one = finding("CVE-2026-1", "CRITICAL", json!([package("zlib1g", "1.2.13", "1.2.14")]));
                    return (200, page(json!({"findingSeverityCounts": counts, "enhancedFindings": [none, one]})));
                }
            };
            answer["nextToken"] = json!("2");
            (200, answer)
        };
        let found = read(&caller(answers), "web", "sha256:a").await.unwrap().unwrap();
        let rows = found.found.iter().map(|f| {
            (f.name.as_str(), f.severity.as_str(), f.package.as_deref(), f.version.as_deref(), f.fixed_in.as_deref())
        });
        assert_eq!(
            rows.collect::<Vec<_>>(),
            [
                ("CVE-2026-1", "CRITICAL", Some("zlib1g"), Some("1.2.13"), Some("1.2.14")),
                ("CVE-2026-2", "HIGH", Some("libssl3"), Some("3.0.11"), Some("3.0.13")),
                ("CVE-2026-2", "HIGH", Some("openssl"), Some("3.0.11"), None),
                ("CVE-2026-3", "MEDIUM", None, None, None),
            ]
        );
        // Each row leads to what is known of the vulnerability.
        let uris = found.found.iter().filter(|f| f.name == "CVE-2026-2").map(|f| f.uri.as_deref());
        assert!(uris.eq([Some("https://security-tracker.debian.org/tracker/CVE-2026-2"); 2]));
        assert_eq!((found.status.as_deref(), found.total(), found.truncated), (Some("ACTIVE"), 4, false));
        assert_eq!(found.counts["HIGH"], 1, "AWS counts vulnerabilities");
    }

    #[tokio::test]
    async fn a_page_of_findings_that_fails_is_no_shorter_list() {
        let answers = |_: &str, input: &Value| match input["nextToken"].as_str() {
            None => {
                let mut answer = page(json!({"findings": [{"name": "CVE-2026-1", "severity": "LOW",
                    "attributes": [{"key": "package_name", "value": "zlib"}, {"key": "package_version", "value": "1.2"}]}]}));
                answer["nextToken"] = json!("2");
                (200, answer)
            }
            Some(_) => (400, json!({"__type": "AccessDeniedException", "message": "no"})),
        };
        let problem = read(&caller(answers), "web", "sha256:a").await.unwrap_err();
        assert_eq!(problem.iam_action.as_deref(), Some(ACTION));
    }
}

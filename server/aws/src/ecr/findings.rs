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

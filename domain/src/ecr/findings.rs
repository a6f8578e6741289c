//! What a scan found in an image, of basic and of enhanced scanning alike.
//! <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html>

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::time::Timestamp;

/// The findings of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// AWS's word for how far the scan is.
    pub status: Option<String>,
    /// Why, in AWS's words.
    pub description: Option<String>,
    /// When it was complete.
    pub completed: Option<Timestamp>,
    /// What was found, the worst first.
    pub found: Vec<Finding>,
    /// How many there are of each severity, also those that were not read.
    pub counts: BTreeMap<String, i32>,
    /// More were found than were read: AWS gives them in no order, so worse ones can be among the others.
    pub truncated: bool,
}

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Finding {
    /// `CVE-2024-1234`
    pub name: String,
    /// AWS's word: `CRITICAL`.
    pub severity: String,
    /// What it is about.
    pub description: Option<String>,
    /// Where to read more.
    pub uri: Option<String>,
    /// The package that has it.
    pub package: Option<String>,
    /// In which version.
    pub version: Option<String>,
    /// The version that has it no more.
    pub fixed_in: Option<String>,
}

/// Severities, the worst first.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFinding.html>
pub const SEVERITIES: [&str; 6] = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"];

/// The place of a severity among [`SEVERITIES`]; words that Gantry does not know come last.
pub fn rank(severity: &str) -> usize {
    SEVERITIES.iter().position(|known| *known == severity).unwrap_or(SEVERITIES.len())
}

impl Findings {
    /// Whether a scan came to its end, so that what is not among the findings was not found. Enhanced scanning goes on, and is `ACTIVE`.
    pub fn is_complete(&self) -> bool {
        matches!(self.status.as_deref(), Some("COMPLETE" | "ACTIVE"))
    }
    /// How many there are, also those that were not read: as the counts say, or more where more were read.
    pub fn total(&self) -> usize {
        let counted: i64 = self.counts.values().map(|count| i64::from(*count).max(0)).sum();
        usize::try_from(counted).unwrap_or(0).max(self.found.len())
    }
    /// Those of this severity with this text in their name, their package or its version, whatever the case. Empty means any.
    pub fn matching<'a>(&'a self, severity: &str, text: &str) -> Vec<&'a Finding> {
        let text = text.trim().to_lowercase();
        let has = |finding: &Finding| {
            let about = [Some(&finding.name), finding.package.as_ref(), finding.version.as_ref()];
            about.into_iter().flatten().any(|word| word.to_lowercase().contains(&text))
        };
        self.found.iter().filter(|found| (severity.is_empty() || found.severity == severity) && has(found)).collect()
    }
    /// Puts the worst first, by name within a severity.
    pub fn sort(&mut self) {
        self.found.sort_by(|a, b| rank(&a.severity).cmp(&rank(&b.severity)).then_with(|| a.name.cmp(&b.name)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(name: &str, severity: &str) -> Finding {
        Finding { name: name.into(), severity: severity.into(), ..Finding::default() }
    }

    #[test]
    fn the_worst_comes_first_and_unknown_words_last() {
        let found = vec![finding("b", "LOW"), finding("c", "NEW"), finding("z", "CRITICAL"), finding("a", "LOW")];
        let mut findings = Findings { found, ..Findings::default() };
        findings.sort();
        let names: Vec<&str> = findings.found.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["z", "a", "b", "c"]);
    }

    #[test]
    fn findings_are_looked_for_by_severity_and_by_name_or_package() {
        let of = |name: &str, severity: &str, package: &str| Finding {
            package: Some(package.into()),
            version: Some("3.0.11-1".into()),
            ..finding(name, severity)
        };
        let found = vec![
            of("CVE-2024-1", "HIGH", "openssl"),
            of("CVE-2024-2", "LOW", "libopenssl3"),
            finding("CVE-2023-3", "HIGH"),
        ];
        let findings = Findings { found, ..Findings::default() };
        let names = |severity: &str, text: &str| {
            findings.matching(severity, text).into_iter().map(|f| f.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names("", "").len(), 3);
        assert_eq!(names("", " OpenSSL "), ["CVE-2024-1", "CVE-2024-2"]);
        assert_eq!(names("HIGH", "openssl"), ["CVE-2024-1"]);
        assert_eq!(names("", "cve-2023"), ["CVE-2023-3"]);
        assert_eq!(names("", "3.0.11").len(), 2);
        assert!(names("CRITICAL", "").is_empty());
    }

    #[test]
    fn what_was_not_read_is_counted_and_only_a_scan_that_ended_says_what_is_not_there() {
        let mut findings = Findings { found: vec![finding("a", "LOW"); 4], ..Findings::default() };
        assert_eq!(findings.total(), 4, "without counts, what was read");
        findings.counts = [("CRITICAL".to_owned(), 3), ("LOW".to_owned(), 9_000)].into();
        assert_eq!(findings.total(), 9_003);
        for (status, complete) in
            [("COMPLETE", true), ("ACTIVE", true), ("FAILED", false), ("PENDING", false), ("NEW", false)]
        {
            findings.status = Some(status.to_owned());
            assert_eq!(findings.is_complete(), complete, "{status}");
        }
        findings.status = None;
        assert!(!findings.is_complete());
    }
}

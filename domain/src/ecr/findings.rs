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
    /// How many there are, also those that were not read: as the counts say, or more where more were read.
    pub fn total(&self) -> usize {
        let counted: i64 = self.counts.values().map(|count| i64::from(*count).max(0)).sum();
        usize::try_from(counted).unwrap_or(0).max(self.found.len())
    }
    /// Puts the worst first, by name within a severity.
    pub fn sort(&mut self) {
        self.found.sort_by(|a, b| rank(&a.severity).cmp(&rank(&b.severity)).then_with(|| a.name.cmp(&b.name)));
    }
}

/// The findings that only one of two images has: those of the left, those of the right.
pub fn compared<'a>(left: &'a [Finding], right: &'a [Finding]) -> (Vec<&'a Finding>, Vec<&'a Finding>) {
    let same = |a: &Finding, b: &Finding| a.name == b.name && a.package == b.package;
    let without = |all: &'a [Finding], other: &'a [Finding]| {
        all.iter().filter(|finding| !other.iter().any(|o| same(finding, o))).collect()
    };
    (without(left, right), without(right, left))
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
        let (gone, new) = compared(&findings.found[..2], &findings.found[1..]);
        assert_eq!((gone.len(), new.len()), (1, 2));
        assert_eq!(findings.total(), 4, "without counts, what was read");
        findings.counts = [("CRITICAL".to_owned(), 3), ("LOW".to_owned(), 9_000)].into();
        assert_eq!(findings.total(), 9_003);
    }
}

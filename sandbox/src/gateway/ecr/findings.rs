//! What a scan finds in an image: made up from its digest, the same each time. The vulnerabilities are real ones of
//! packages that base images have; whether the image has the package, nobody looked.

use serde_json::{Value, json};

/// A vulnerability, as basic scanning tells of it.
struct Known {
    name: &'static str,
    severity: &'static str,
    package: &'static str,
    version: &'static str,
    score: &'static str,
    vector: &'static str,
    description: &'static str,
}

macro_rules! known {
    ($($name:literal $severity:literal $package:literal $version:literal $score:literal $vector:literal $description:literal;)*) => {
        &[$(Known { name: $name, severity: $severity, package: $package, version: $version, score: $score, vector: $vector, description: $description }),*]
    };
}

const KNOWN: &[Known] = known![
    "CVE-2023-45853" "CRITICAL" "zlib" "1:1.2.13.dfsg-1" "9.8" "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
        "MiniZip in zlib has an integer overflow and a heap buffer overflow in zipOpenNewFileInZip4_64 by a long file name, comment or extra field.";
    "CVE-2024-37371" "CRITICAL" "krb5" "1.20.1-2+deb12u1" "9.1" "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:H"
        "In MIT Kerberos 5, an attacker can cause invalid memory reads during GSS message token handling.";
    "CVE-2023-52425" "HIGH" "expat" "2.5.0-1" "7.5" "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"
        "libexpat allows a denial of service, because a large token may be parsed again from its beginning many times.";
    "CVE-2024-6119" "HIGH" "openssl" "3.0.11-1~deb12u2" "7.5" "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"
        "Applications that check certificate names may read an invalid memory address and end, when a certificate has an otherName.";
    "CVE-2024-2961" "HIGH" "glibc" "2.36-9+deb12u4" "7.3" "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:L/A:L"
        "iconv() may write up to four bytes past its output buffer when it converts to ISO-2022-CN-EXT.";
    "CVE-2023-39615" "MEDIUM" "libxml2" "2.9.14+dfsg-1.3~deb12u1" "6.5" "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:N/I:N/A:H"
        "xmlSAX2StartElement() in libxml2 reads outside of a global buffer, which a crafted file can use to end the program.";
    "CVE-2024-28085" "MEDIUM" "util-linux" "2.38.1-5+b1" "3.3" "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:L/A:N"
        "wall lets escape sequences through to the terminals of other users.";
    "CVE-2023-50495" "MEDIUM" "ncurses" "6.4-4" "6.5" "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:N/I:N/A:H"
        "A segmentation fault in ncurses, in the function _nc_wrap_entry().";
    "CVE-2023-7008" "LOW" "systemd" "252.22-1~deb12u1" "5.9" "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:H/A:N"
        "systemd-resolved may take records of domains signed with DNSSEC although they have no signature.";
    "CVE-2022-27943" "LOW" "gcc-12" "12.2.0-14" "5.5" "CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:N/I:N/A:H"
        "The demangler in libiberty uses up the stack, as nm shows.";
    "CVE-2011-3374" "INFORMATIONAL" "apt" "2.6.1" "3.7" "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:L/A:N"
        "apt-key does not check signatures against the master keyring in the right way.";
    "CVE-2005-2541" "INFORMATIONAL" "tar" "1.34+dfsg-1.2" "10.0" "AV:N/AC:L/Au:N/C:C/I:C/A:C"
        "tar does not warn when it extracts files that run as their owner or group.";
];

/// The findings in an image, the gravest first.
pub fn of(digest: &str) -> Vec<Value> {
    // One digit of the digest decides for each: an image has about half of them, the gravest more rarely.
    let digits = digest.rsplit(':').next().unwrap_or_default().bytes().filter_map(|byte| char::from(byte).to_digit(16));
    let chance = |severity: &str| match severity {
        "CRITICAL" => 4,
        "HIGH" => 7,
        _ => 10,
    };
    let found = KNOWN.iter().zip(digits).filter(|(known, digit)| *digit < chance(known.severity));
    found.map(|(known, _)| finding(known)).collect()
}

fn finding(known: &Known) -> Value {
    let cvss = if known.vector.starts_with("CVSS:3") { "CVSS3" } else { "CVSS2" };
    let vector = known.vector.trim_start_matches("CVSS:3.1/");
    json!({
        "name": known.name,
        "description": known.description,
        "uri": format!("https://security-tracker.debian.org/tracker/{}", known.name),
        "severity": known.severity,
        "attributes": [
            { "key": "package_version", "value": known.version },
            { "key": "package_name", "value": known.package },
            { "key": format!("{cvss}_VECTOR"), "value": vector },
            { "key": format!("{cvss}_SCORE"), "value": known.score },
        ],
    })
}

/// Their number by severity.
pub fn counts(findings: &[Value]) -> Value {
    let mut counts = serde_json::Map::new();
    for severity in findings.iter().filter_map(|finding| finding["severity"].as_str()) {
        let count = counts.get(severity).and_then(Value::as_u64).unwrap_or(0) + 1;
        counts.insert(severity.to_owned(), count.into());
    }
    Value::Object(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_its_findings() {
        let all = of("sha256:000000000000000");
        assert_eq!(all.len(), KNOWN.len());
        assert_eq!(counts(&all), json!({ "CRITICAL": 2, "HIGH": 3, "MEDIUM": 3, "LOW": 2, "INFORMATIONAL": 2 }));
        assert_eq!(of("sha256:ffffffffffffffff"), Vec::<Value>::new());
        assert_eq!(
            counts(&of("sha256:4444444444444")),
            json!({ "HIGH": 3, "MEDIUM": 3, "LOW": 2, "INFORMATIONAL": 2 })
        );
    }
}

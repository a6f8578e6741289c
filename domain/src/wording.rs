//! The words of AWS's states and settings as people read them: `IN_PROGRESS` → "In progress", `FARGATE_SPOT` → "Fargate Spot".
//!
//! Only for showing. Documents, filters, addresses and the API keep AWS's own words, and pages give them on hover.

use crate::cell::Form;
use crate::describe::columns;
use crate::kind::Kind;

/// What the rule below would spell wrong: AWS's word, ours.
const WHOLE: &[(&str, &str)] = &[
    ("AES256", "AES-256"),
    ("CODE_DEPLOY", "CodeDeploy"),
    // Kubernetes's, looked up by that name.
    ("CrashLoopBackOff", "CrashLoopBackOff"),
    ("EC2_AUTOSCALING", "EC2 Auto Scaling"),
    ("ErrImagePull", "ErrImagePull"),
    ("FARGATE_SPOT", "Fargate Spot"),
    ("ImagePullBackOff", "ImagePullBackOff"),
    ("KMS_DSSE", "KMS, two layers"),
    // Only ECS says it, of the health of tasks and containers without a health check:
    // <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html>
    ("UNKNOWN", "No health check"),
    ("WEBSOCKET", "WebSocket"),
    ("X86_64", "x86_64"),
    ("internet-facing", "Internet-facing"),
];

/// Names and abbreviations that keep their own spelling wherever they stand.
const NAMES: &[&str] = &[
    "ALB", "API", "ARM64", "DNS", "EC2", "ECR", "ECS", "EKS", "ELB", "FIFO", "Fargate", "HTTP", "HTTPS", "ICMP", "IP",
    "IPv4", "IPv6", "KMS", "Lambda", "Linux", "SMS", "SNS", "SQS", "Spot", "TCP", "TLS", "UDP", "VPC", "Windows",
    "gRPC",
];

/// AWS's word as it stands at the start of a cell or badge. What is no single word of AWS's is left alone.
pub fn spoken(word: &str) -> String {
    said(word, true)
}

/// The same within a sentence: "rollout in progress".
pub fn inside(word: &str) -> String {
    said(word, false)
}

/// The name of a capacity provider or launch type: AWS's own in words, people's as they are.
pub fn capacity(name: &str) -> String {
    match name {
        "FARGATE" | "FARGATE_SPOT" | "EC2" | "EXTERNAL" | "MANAGED_INSTANCES" => spoken(name),
        _ => name.to_owned(),
    }
}

/// A value of a filter as people read it: as the cells of its column are written.
pub fn of_facet(kind: Kind, facet: &str, value: &str) -> String {
    let form = columns(kind).iter().find(|column| column.id == facet).map(|column| column.form);
    match form {
        _ if facet == "state" => spoken(value),
        Some(Form::Word) => spoken(value),
        Some(Form::Capacity) => capacity(value),
        _ => value.to_owned(),
    }
}

/// A number with a comma every three digits: `12,345`.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("−{text}") } else { text }
}

/// A number of bytes, each of them told: `1,024`. What no number of ours holds is told as the largest that one does.
pub fn in_full(bytes: u64) -> String {
    grouped(i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// A size in binary units: `0 B`, `1.5 KiB`, `340 MiB`.
pub fn bytes(n: i64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let sign = if n < 0 { "−" } else { "" };
    let n = n.unsigned_abs();
    if n < 1024 {
        return format!("{sign}{n} B");
    }
    let mut value = n as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let number = if value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") };
    format!("{sign}{} {}", number.strip_suffix(".0").unwrap_or(&number), UNITS[unit])
}

fn said(word: &str, start: bool) -> String {
    if let Some((_, ours)) = WHOLE.iter().find(|(aws, _)| *aws == word) {
        let plain = !start && !ours.chars().skip(1).any(|c| c.is_ascii_uppercase());
        return if plain { ours.to_lowercase() } else { (*ours).to_owned() };
    }
    // `LINUX/ARM64`, but not `application/json`
    if let Some((left, right)) = word.split_once('/').filter(|_| !word.contains(|c: char| c.is_ascii_lowercase())) {
        return format!("{}/{}", said(left, start), said(right, true));
    }
    let parts = parts(word);
    if parts.is_empty() {
        return word.to_owned();
    }
    let said =
        parts.iter().enumerate().map(|(n, part)| match NAMES.iter().find(|name| name.eq_ignore_ascii_case(part)) {
            Some(name) => (*name).to_owned(),
            None if n == 0 && start => crate::listing::capital(part),
            None => part.clone(),
        });
    said.collect::<Vec<_>>().join(" ")
}

/// The parts of `SCREAMING_SNAKE`, `lower-case`, `lower_snake` and `CamelCase`, all in lower case; none of anything else.
fn parts(word: &str) -> Vec<String> {
    let letters = |test: fn(&char) -> bool| word.chars().all(|c| test(&c) || c.is_ascii_digit() || "_-".contains(c));
    let begins = word.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    if begins && (letters(char::is_ascii_uppercase) || letters(char::is_ascii_lowercase)) {
        return word.split(['_', '-']).filter(|p| !p.is_empty()).map(str::to_ascii_lowercase).collect();
    }
    let chars: Vec<char> = word.chars().collect();
    let abbreviates = chars.windows(2).any(|pair| pair.iter().all(char::is_ascii_uppercase));
    let upper = chars.first().is_some_and(char::is_ascii_uppercase);
    if !upper || abbreviates || !chars.iter().all(char::is_ascii_alphabetic) {
        return vec![];
    }
    let mut parts: Vec<String> = vec![];
    for c in chars {
        match parts.last_mut() {
            Some(part) if c.is_ascii_lowercase() => part.push(c),
            _ => parts.push(c.to_ascii_lowercase().to_string()),
        }
    }
    parts
}

/// "a, b and c", where `last` is "and".
pub(crate) fn joined(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., end] => format!("{} {last} {end}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_binary_and_short() {
        for (n, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (10_240, "10 KiB"),
            (1_048_575, "1 MiB"),
            (356_515_840, "340 MiB"),
            (i64::MAX, "8192 PiB"),
            (-2048, "−2 KiB"),
        ] {
            assert_eq!(bytes(n), text, "{n}");
        }
    }

    #[test]
    fn words_of_aws_read_like_words() {
        for (aws, ours) in [
            ("ACTIVE", "Active"),
            ("Active", "Active"),
            ("active", "Active"),
            ("active_impaired", "Active impaired"),
            ("IN_PROGRESS", "In progress"),
            ("InProgress", "In progress"),
            ("PassThrough", "Pass through"),
            ("NEW_AND_OLD_IMAGES", "New and old images"),
            ("FARGATE", "Fargate"),
            ("FARGATE_SPOT", "Fargate Spot"),
            ("ON_DEMAND", "On demand"),
            ("UNKNOWN", "No health check"),
            ("internet-facing", "Internet-facing"),
            ("API_AND_CONFIG_MAP", "API and config map"),
            ("LINUX/ARM64", "Linux/ARM64"),
            ("LINUX/X86_64", "Linux/x86_64"),
            ("EC2", "EC2"),
            ("ipv4", "IPv4"),
            ("HTTP", "HTTP"),
            // Ours already, or nobody's word.
            ("Below desired count", "Below desired count"),
            ("DynamoDB", "DynamoDB"),
            ("v1.19.0-eksbuild.1", "v1.19.0-eksbuild.1"),
            ("2 critical, 5 high", "2 critical, 5 high"),
            ("", ""),
        ] {
            assert_eq!(spoken(aws), ours, "{aws}");
        }
    }

    #[test]
    fn within_a_sentence_only_names_are_capital() {
        assert_eq!(inside("IN_PROGRESS"), "in progress");
        assert_eq!(inside("FARGATE"), "Fargate");
        assert_eq!(inside("FARGATE_SPOT"), "Fargate Spot");
        assert_eq!(inside("UNKNOWN"), "no health check");
    }

    #[test]
    fn names_that_people_gave_stay() {
        assert_eq!(capacity("FARGATE_SPOT"), "Fargate Spot");
        assert_eq!(capacity("GPU_POOL"), "GPU_POOL");
    }

    #[test]
    fn filters_say_their_values_as_the_cells_do() {
        assert_eq!(of_facet(Kind::Task, "state", "STOPPED"), "Stopped");
        assert_eq!(of_facet(Kind::Task, "launch", "FARGATE_SPOT"), "Fargate Spot");
        assert_eq!(of_facet(Kind::Service, "rollout", "IN_PROGRESS"), "In progress");
        assert_eq!(of_facet(Kind::Task, "service", "web_api"), "web_api");
        assert_eq!(of_facet(Kind::Task, "tag", "team=WEB_API"), "team=WEB_API");
    }
}

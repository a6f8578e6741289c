//! Numbers, sizes, durations and long names as people read them. Pure.

use domain::Millis;
use domain::document::scope_of_registry;
use domain::ecr::inventory::short;
use domain::wording::grouped;

pub use domain::wording::bytes;

/// A count with a separator every three digits: `12,345`.
pub fn number(n: i64) -> String {
    grouped(n)
}

/// An amount of US dollars from millionths: `$0`, `$3.10`, `less than $0.01`.
pub fn dollars(millionths: i64) -> String {
    match millionths {
        0 => "$0".to_owned(),
        1..10_000 => "less than $0.01".to_owned(),
        n => {
            let cents = (n.unsigned_abs() + 5000) / 10_000;
            let whole = number(i64::try_from(cents / 100).unwrap_or(i64::MAX));
            format!("{}${whole}.{:02}", if n < 0 { "−" } else { "" }, cents % 100)
        }
    }
}

/// What something costs, or saves, from millionths of a US dollar: `$3.10`, `saves $3.10`.
pub fn cost(millionths: i64) -> String {
    match millionths {
        n if n < 0 => format!("saves {}", dollars(n.saturating_neg())),
        n => dollars(n),
    }
}

/// A measured value with as many digits as say something: `0.034`, `7.4`, `1,904`, `1.2M`.
pub fn value(v: f64) -> String {
    let a = v.abs();
    if !v.is_finite() {
        "–".to_owned()
    } else if a >= 1e9 {
        format!("{:.1}G", v / 1e9)
    } else if a >= 1e6 {
        format!("{:.1}M", v / 1e6)
    } else if a >= 100.0 || v.fract() == 0.0 {
        number(v.round() as i64)
    } else if a >= 1.0 {
        format!("{v:.1}")
    } else {
        format!("{v:.3}")
    }
}

/// Shortened in the middle to at most `max` characters, because both ends of ARNs and digests say something.
pub fn shorten(text: &str, max: usize) -> String {
    let count = text.chars().count();
    if count <= max || max < 5 {
        return text.to_owned();
    }
    let tail = (max - 1) / 2;
    let head = max - 1 - tail;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{start}…{end}")
}

/// Shorter texts have room.
const SHORT: usize = 20;
/// What stays of a beginning that gives way; and what is its own of a text that does not say where that begins.
const LEAST: usize = 8;

/// Where what an ARN, an address or a digest shares with its like ends, in bytes: the last piece of a path, the name in an ARN, the number of a digest.
fn own_at(text: &str) -> usize {
    // arn:partition:service:region:account:resource
    let colons = if text.starts_with("arn:") { text.match_indices(':').nth(4) } else { None };
    let resource = colons.map_or(0, |(at, _)| at + 1);
    let rest = text.get(resource..).unwrap_or_default();
    let slash = rest.trim_end_matches('/').rfind('/');
    let named = || if resource > 0 || rest.starts_with("sha256:") { rest.find(':') } else { None };
    match slash.or_else(named) {
        Some(at) => resource + at + 1,
        None if resource > 0 => resource,
        None => text.char_indices().nth_back(LEAST - 1).map_or(0, |(at, _)| at),
    }
}

/// What an ARN, an address or a digest shares with its like, and its own end: together at most `max` characters, of at least 20. A short text is all
/// in the first.
pub fn ends(text: &str, max: usize) -> (String, String) {
    if text.chars().count() <= SHORT {
        return (text.to_owned(), String::new());
    }
    let (shared, own) = text.split_at(own_at(text));
    let own = shorten(own, max.saturating_sub(LEAST));
    let room = max.saturating_sub(own.chars().count());
    if shared.chars().count() <= room {
        return (shared.to_owned(), own);
    }
    let begins: String = shared.chars().take(room.saturating_sub(1)).collect();
    (format!("{begins}…"), own)
}

/// A sentence with the whole digests in it as short as they are shown elsewhere: `nginx@2e863c44b718`.
pub fn short_digests(text: &str) -> String {
    const BEGINS: &str = "sha256:";
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(BEGINS) {
        let (before, digest) = rest.split_at(at);
        let number = digest.bytes().skip(BEGINS.len()).take_while(u8::is_ascii_hexdigit).count();
        let (digest, after) = digest.split_at(BEGINS.len() + number);
        out.push_str(before);
        out.push_str(if number == 64 { short(digest) } else { digest });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A quantity that AWS writes as a text, with its unit: `1,024 units`.
pub fn quantity(n: &str, unit: &str) -> String {
    n.parse().map_or_else(|_| format!("{n} {unit}"), |n| format!("{} {unit}", number(n)))
}

/// A duration in its two largest units: `30 s`, `15 min`, `1 h 30 min`, `4 days`.
pub fn duration(seconds: i64) -> String {
    let parts = [
        (seconds / 86_400, if seconds / 86_400 == 1 { "day" } else { "days" }),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let said: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).take(2).map(|(n, unit)| format!("{n} {unit}")).collect();
    if said.is_empty() { "0 s".to_owned() } else { said.join(" ") }
}

/// How long something short took: `40 ms`, `0.3 s`, `12 s`, `1 min 30 s`.
pub fn took(ms: i64) -> String {
    let ms = ms.max(0);
    if ms < 100 {
        format!("{ms} ms")
    } else if ms < 9_950 {
        format!("{:.1} s", ms as f64 / 1000.0)
    } else {
        duration((ms + 500) / 1000)
    }
}

/// Whole days, months or years between two moments, in full words: people plan by them.
pub fn span(from: Millis, to: Millis) -> String {
    match from.age_seconds(to) / 86_400 {
        0 => "less than a day".to_owned(),
        days @ 1..=59 => counted(days, "day", "days"),
        days @ 60..=729 => counted(days * 12 / 365, "month", "months"),
        days => counted(days / 365, "year", "years"),
    }
}

/// Words of a count: `1 function`, `12,345 functions`.
pub fn counted(n: i64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// A resource of a permission in words, where it is none of its own: IAM writes `*` for all there is.
pub fn every(resource: &str) -> Option<&'static str> {
    (resource == "*").then_some("every resource")
}

/// A sentence of AWS's with the images in it as people call them: without the registry's address, and not twice in a row.
pub fn without_registries(text: &str) -> String {
    let mut words: Vec<&str> = vec![];
    for word in text.split(' ') {
        match word.split_once('/').filter(|(host, _)| scope_of_registry(host).is_some()) {
            Some((_, image)) if words.last() == Some(&image) => {}
            Some((_, image)) => words.push(image),
            None => words.push(word),
        }
    }
    words.join(" ")
}

/// A log line without terminal colours and other control characters (tabs stay).
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            if chars.next_if_eq(&'[').is_some() {
                // A control sequence ends with a byte from @ to ~: ECMA-48, 5.4.
                for c in chars.by_ref() {
                    if ('\u{40}'..='\u{7e}').contains(&c) {
                        break;
                    }
                }
            }
        } else if c == '\t' || c == '\n' || !c.is_control() {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_in_sentences_lose_their_registry_and_are_said_once() {
        let image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/web:2.0.0";
        let said = format!("CannotPullContainerError: failed to resolve ref {image}: {image}: not found");
        let brief = "CannotPullContainerError: failed to resolve ref team/web:2.0.0: not found";
        assert_eq!(without_registries(&said), brief);
        assert_eq!(without_registries("no 111122223333.dkr-ecr.eu-west-1.on.aws/team/web:2"), "no team/web:2");
        assert_eq!(without_registries("either/or, docker.io/web:1"), "either/or, docker.io/web:1");
    }

    #[test]
    fn a_permission_on_everything_is_said_in_words() {
        assert_eq!(every("*"), Some("every resource"));
        assert_eq!(every("arn:aws:ecr:eu-west-1:111122223333:repository/*"), None);
    }

    #[test]
    fn counts_have_separators() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "−1,000")] {
            assert_eq!(number(n), text);
        }
    }

    #[test]
    fn amounts_are_never_rounded_to_nothing() {
        for (n, text) in [
            (0, "$0"),
            (1, "less than $0.01"),
            (3_104_999, "$3.10"),
            (1_234_567_890, "$1,234.57"),
            (-5_000_000, "−$5.00"),
        ] {
            assert_eq!(dollars(n), text);
        }
        for (n, text) in [(0, "$0"), (10_000, "$0.01"), (-1, "saves less than $0.01"), (-3_100_000, "saves $3.10")] {
            assert_eq!(cost(n), text);
        }
    }

    #[test]
    fn durations_use_the_units_people_use() {
        for (seconds, text) in [
            (0, "0 s"),
            (30, "30 s"),
            (90, "1 min 30 s"),
            (900, "15 min"),
            (3600, "1 h"),
            (86_400, "1 day"),
            (345_600, "4 days"),
            (90_061, "1 day 1 h"),
        ] {
            assert_eq!(duration(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn what_took_moments_is_told_as_exactly_as_matters() {
        for (ms, text) in [
            (-5, "0 ms"),
            (42, "42 ms"),
            (100, "0.1 s"),
            (340, "0.3 s"),
            (9_949, "9.9 s"),
            (9_990, "10 s"),
            (90_400, "1 min 30 s"),
        ] {
            assert_eq!(took(ms), text, "{ms}");
        }
    }

    #[test]
    fn the_time_left_is_said_in_whole_words() {
        let days = |n: i64| span(Millis(0), Millis(n * 86_400_000));
        assert_eq!(days(0), "less than a day");
        assert_eq!(days(1), "1 day");
        assert_eq!(days(343), "11 months");
        assert_eq!(days(800), "2 years");
    }

    #[test]
    fn long_names_keep_both_ends() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:thumbnailer";
        let short = shorten(arn, 30);
        assert_eq!(short.chars().count(), 30);
        assert!(short.starts_with("arn:aws:lambda") && short.ends_with(":thumbnailer"));
        assert_eq!(shorten("größe", 5), "größe");
        assert_eq!(shorten("ééééééé", 5), "éé…éé");
    }

    #[test]
    fn addresses_end_with_what_is_their_own() {
        for (text, own) in [
            ("arn:aws:lambda:eu-west-1:111122223333:function:orders-api:live", "orders-api:live"),
            ("arn:aws:sqs:eu-west-1:111122223333:orders", "orders"),
            ("arn:aws:ecs:eu-west-1:111122223333:service/shop/web", "web"),
            ("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/f:*", "f:*"),
            ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/platform/web", "web"),
            ("https://abcdefghijklmnop.lambda-url.eu-west-1.on.aws/", "abcdefghijklmnop.lambda-url.eu-west-1.on.aws/"),
            ("8c0d5a1e-2f6b-4c1d-9e3f-7a6b5c4d3e2f", "5c4d3e2f"),
            ("subnet-0a1b2c3d4e5f67890", "e5f67890"),
            ("größe größe größe größe", "ße größe"),
            ("/////////////////////////", "////////"),
        ] {
            let (shared, found) = ends(text, 80);
            assert_eq!((found.as_str(), format!("{shared}{found}")), (own, text.to_owned()));
        }
        assert_eq!(ends("10.0.0.7", 28), ("10.0.0.7".to_owned(), String::new()));
        let digest = "sha256:2e863c44b718727c860746568e1d54afd13b2fa71b160f5cd9058fc436217b30";
        assert_eq!(ends(digest, 28), ("sha256:".to_owned(), "2e863c44b7…436217b30".to_owned()));
        let (shared, own) = ends("arn:aws:ecr:eu-west-1:111122223333:repository/platform/payments/checkout", 40);
        assert_eq!((shared.as_str(), own.as_str()), ("arn:aws:ecr:eu-west-1:111122223…", "checkout"));
    }

    #[test]
    fn whole_digests_in_sentences_are_short_and_all_else_stays() {
        let digest = "sha256:2e863c44b718727c860746568e1d54afd13b2fa71b160f5cd9058fc436217b30";
        let said = format!("Copy nginx@{digest} (größe, {digest}) to shop/web");
        assert_eq!(short_digests(&said), "Copy nginx@2e863c44b718 (größe, 2e863c44b718) to shop/web");
        for other in ["sha256:", "sha256:sha256:abc", "Tag 2e863c44b718 of web", &format!("{digest}0")] {
            assert_eq!(short_digests(other), other);
        }
    }

    #[test]
    fn terminal_colours_do_not_reach_the_page() {
        assert_eq!(plain("\u{1b}[31;1mred\u{1b}[0m\tok\u{7}\u{1b}"), "red\tok");
        assert_eq!(plain("\u{1b}[999999"), "");
        assert_eq!(plain("<b>&amp;</b>"), "<b>&amp;</b>");
    }
}

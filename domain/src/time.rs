//! Time: UTC milliseconds. Browsers format them with their own Intl; the server never formats a local time.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Millis(pub i64);

impl Millis {
    /// Whole seconds from `self` to `now`, never negative: a clock that runs behind AWS's shows "0 s", not the future.
    pub fn age_seconds(self, now: Millis) -> i64 {
        ((now.0 - self.0) / 1000).max(0)
    }

    /// "12 s", "4 min", "3 h", "2 d", "5 mo", "1 y": the largest whole unit.
    pub fn age(self, now: Millis) -> String {
        let s = self.age_seconds(now);
        match s {
            0..=59 => format!("{s} s"),
            60..=3599 => format!("{} min", s / 60),
            3600..=86_399 => format!("{} h", s / 3600),
            86_400..=5_183_999 => format!("{} d", s / 86_400),
            5_184_000..=31_535_999 => format!("{} mo", s / 2_592_000),
            _ => format!("{} y", s / 31_536_000),
        }
    }

    /// `2026-11-23T10:02:11.204Z`.
    pub fn rfc3339(self) -> String {
        let days = self.0.div_euclid(86_400_000);
        let ms = self.0.rem_euclid(86_400_000);
        // Howard Hinnant's days-to-civil algorithm: http://howardhinnant.github.io/date_algorithms.html
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let (d, m) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
        let y = yoe + era * 400 + i64::from(m <= 2);
        let (h, mi, s, milli) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
        format!("{y:04}-{m:02}-{d:02}T{h:02}:{mi:02}:{s:02}.{milli:03}Z")
    }

    /// Reads a moment as people and programs write it: RFC 3339; `2026-11-23`, `2026-11-23T10:00` or `2026-11-23T10:00:11`, all UTC; or
    /// milliseconds since 1970 in 12 to 15 digits (fewer are rather seconds, or a year).
    pub fn parse(text: &str) -> Option<Self> {
        if (12..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
            return text.parse().ok().map(Self);
        }
        let plain = text.strip_suffix('Z').unwrap_or(text);
        match plain.len() {
            10 => Self::parse_rfc3339(&format!("{plain}T00:00:00Z")),
            16 => Self::parse_rfc3339(&format!("{plain}:00Z")),
            19 => Self::parse_rfc3339(&format!("{plain}Z")),
            _ => Self::parse_rfc3339(text),
        }
    }

    /// Reads RFC 3339, with or without fraction, `Z` or an offset with or without colon (Lambda writes `+0000`).
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
        let separators = text.len() >= 20
            && text.is_ascii()
            && &text[4..5] == "-"
            && &text[7..8] == "-"
            && matches!(&text[10..11], "T" | "t" | " ")
            && &text[13..14] == ":"
            && &text[16..17] == ":";
        if !separators {
            return None;
        }
        let (y, m, d) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (h, mi, s) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let days = match m {
            2 if y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if !(1..=12).contains(&m) || !(1..=days).contains(&d) || h > 23 || mi > 59 || s > 60 {
            return None;
        }
        let rest = &text[19..];
        let digits = rest.strip_prefix('.').map_or(0, |f| f.bytes().take_while(u8::is_ascii_digit).count());
        let milli = match digits {
            0 => 0,
            _ => format!("{:0<3}", &rest[1..=digits])[..3].parse::<i64>().ok()?,
        };
        let zone = if digits == 0 { rest } else { &rest[digits + 1..] };
        let offset_minutes = match zone {
            "Z" | "z" => 0,
            _ => {
                let sign = if zone.starts_with('-') { -1 } else { 1 };
                let plain = zone.trim_start_matches(['+', '-']).replace(':', "");
                let hours = plain.get(0..2)?.parse::<i64>().ok()?;
                sign * (hours * 60 + plain.get(2..4)?.parse::<i64>().ok()?)
            }
        };
        let (y, mp) = (if m <= 2 { y - 1 } else { y }, (m + 9) % 12);
        let era = y.div_euclid(400);
        let yoe = y.rem_euclid(400);
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + (153 * mp + 2) / 5 + d - 1;
        let days = era * 146_097 + doe - 719_468;
        Some(Self(((days * 24 + h) * 60 + mi - offset_minutes) * 60_000 + s * 1000 + milli))
    }
}

/// A moment inside an AWS document, written as RFC 3339 (`2026-11-23T10:02:11.204Z`) so that the JSON tab reads like the AWS CLI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub Millis);

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Millis::parse_rfc3339(&text).map(Timestamp).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 moment"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_use_the_largest_whole_unit_and_never_point_forward() {
        let now = Millis(1_700_000_000_000);
        for (ago, text) in
            [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3600, "1 h"), (172_800, "2 d"), (40_000_000, "1 y")]
        {
            assert_eq!(Millis(now.0 - ago * 1000).age(now), text);
        }
        assert_eq!(Millis(now.0 + 9000).age(now), "0 s");
    }

    #[test]
    fn rfc3339_matches_known_moments() {
        assert_eq!(Millis(0).rfc3339(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Millis(951_782_400_000).rfc3339(), "2000-02-29T00:00:00.000Z");
        for ms in [0, 951_782_400_000, 1_795_428_131_204, 4_102_444_799_999] {
            assert_eq!(Millis::parse_rfc3339(&Millis(ms).rfc3339()), Some(Millis(ms)));
        }
        let ten = Millis::parse_rfc3339("2026-11-23T10:00:00Z");
        assert_eq!(Millis::parse_rfc3339("2026-11-23T12:00:00.000+0200"), ten);
        assert_eq!(Millis::parse_rfc3339("2026-11-23T05:00:00-05:00"), ten);
        for bad in [
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-23T10:00:00",
            "２０２６-11-23T10:00:00Z",
        ] {
            assert_eq!(Millis::parse_rfc3339(bad), None, "{bad}");
        }
    }
}

//! What changed: an entry of a resource's history, the difference between two documents, and which entries are asked for.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::identity::{AccountId, Region, ResourceKey, clip};
use crate::kind::Kind;
use crate::listing::MAX_TEXT;
use crate::problem::Problem;
use crate::time::Millis;

/// The most entries one answer carries.
pub const MAX_ENTRIES: u32 = 200;
/// The longest age that [`Since`] understands, in milliseconds: ten years.
const LONGEST: i64 = 3_660 * 86_400_000;

/// What happened to the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Seen for the first time.
    Appeared,
    /// Its document changed.
    Changed,
    /// A complete list lacked it.
    Gone,
    /// It was gone and is there again.
    Returned,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldChange {
    /// Where: `MemorySize`, `containerDefinitions[web].image`.
    pub path: String,
    /// The value before; `None` if the field was not there.
    pub before: Option<Value>,
    /// The value after; `None` if the field is gone.
    pub after: Option<Value>,
}

/// One entry of a history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Change {
    /// Its number; larger is later.
    pub id: i64,
    /// Of what.
    pub key: ResourceKey,
    /// Its name then.
    pub name: String,
    /// When Gantry saw it.
    pub at: Millis,
    /// What happened.
    pub kind: ChangeKind,
    /// The fields that differ; empty unless [`ChangeKind::Changed`].
    pub fields: Vec<FieldChange>,
}

/// Where a range of time begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// So many milliseconds before now.
    Ago(i64),
    /// At this moment.
    At(Millis),
}

impl Since {
    /// Reads an age of at most ten years (`90m`, `24h`, `7d`) or a moment ([`Millis::parse`]).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let unit = match text.bytes().last()? {
            b'm' => 60_000,
            b'h' => 3_600_000,
            b'd' => 86_400_000,
            _ => return Millis::parse(text).map(Self::At),
        };
        let ago = text[..text.len() - 1].parse::<i64>().ok()?.checked_mul(unit)?;
        (1..=LONGEST).contains(&ago).then_some(Self::Ago(ago))
    }

    /// The moment, once it is known what now is.
    pub fn at(self, now: Millis) -> Millis {
        match self {
            Since::Ago(ago) => Millis(now.0 - ago),
            Since::At(at) => at,
        }
    }
}

/// Which entries of a history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryQuery {
    /// Of this resource; `None` for the fleet.
    pub key: Option<ResourceKey>,
    /// Of one resource: with those of its parts ([`Kind::parts`]), but for what appeared in their first collect.
    #[serde(default)]
    pub parts: bool,
    /// Of this kind; `None` for all. Of the fleet then without tasks, which come and go by themselves.
    pub kind: Option<Kind>,
    /// In these accounts; empty means all.
    pub accounts: Vec<AccountId>,
    /// In these regions; empty means all.
    pub regions: Vec<Region>,
    /// Of the fleet: substring of the name then, or of the id; case does not matter. Empty means all.
    #[serde(default)]
    pub text: String,
    /// Only what was seen then or later.
    #[serde(default)]
    pub from: Option<Since>,
    /// Only what was seen earlier than this.
    #[serde(default)]
    pub to: Option<Millis>,
    /// Only entries with a smaller number: the keyset of the next page.
    pub before: Option<i64>,
    /// At most so many, ≤ [`MAX_ENTRIES`].
    pub limit: u32,
}

impl HistoryQuery {
    /// Reads `kind`, `q`, `from`, `to` and `before` of a query string; empty ones are as good as none.
    ///
    /// # Errors
    /// What cannot be meant, with its field.
    pub fn read<'a>(limit: u32, get: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Problem> {
        let get = |name: &str| get(name).map(str::trim).filter(|value| !value.is_empty());
        let before = |text: &str| text.parse().map_err(|_| Problem::invalid("before", "“before” is a whole number."));
        let (from, to) = range(get)?;
        let query = Self {
            kind: get("kind").map(Kind::named).transpose()?,
            text: get("q").unwrap_or_default().to_owned(),
            from,
            to,
            before: get("before").map(before).transpose()?,
            limit,
            ..Self::default()
        };
        query.check()?;
        Ok(query)
    }

    /// Refuses what cannot be meant: too many entries, too long a text, an end before the beginning.
    ///
    /// # Errors
    /// The same, with its field: `limit`, `q` or `to`.
    pub fn check(&self) -> Result<(), Problem> {
        if !(1..=MAX_ENTRIES).contains(&self.limit) {
            let message = format!("Between 1 and {MAX_ENTRIES} entries can be asked for at once.");
            return Err(Problem::invalid("limit", message));
        }
        if self.text.chars().count() > MAX_TEXT {
            return Err(Problem::invalid("q", format!("A filter has at most {MAX_TEXT} characters.")));
        }
        in_order(self.from, self.to)
    }
}

/// Reads `from` and `to` of a query string.
///
/// # Errors
/// With the field `from` or `to`: no moment, or an end before the beginning.
pub(crate) fn range<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Result<(Option<Since>, Option<Millis>), Problem> {
    let from = |text| Since::parse(text).ok_or_else(|| no_moment("from", text, ", or an age such as 24h or 7d"));
    let to = |text| Millis::parse(text).ok_or_else(|| no_moment("to", text, ""));
    let (from, to) = (get("from").map(from).transpose()?, get("to").map(to).transpose()?);
    in_order(from, to)?;
    Ok((from, to))
}

fn in_order(from: Option<Since>, to: Option<Millis>) -> Result<(), Problem> {
    match (from, to) {
        (Some(Since::At(from)), Some(to)) if to <= from => {
            Err(Problem::invalid("to", "The end is not after the beginning."))
        }
        _ => Ok(()),
    }
}

/// The problem with a text that is no moment.
fn no_moment(field: &str, text: &str, or: &str) -> Problem {
    let message = format!(
        "“{}” is no moment. Write 2026-11-23 or 2026-11-23T10:00, both UTC, RFC 3339 with a zone, milliseconds since 1970{or}.",
        clip(text)
    );
    Problem::invalid(field, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<HistoryQuery, Problem> {
        HistoryQuery::read(50, |name| {
            query.split('&').filter_map(|p| p.split_once('=')).find(|p| p.0 == name).map(|p| p.1)
        })
    }

    #[test]
    fn a_query_string_is_read_into_a_question() {
        let query = read("kind=functions&q= orders &from=24h&to=2026-11-23T10:00&before=7").unwrap();
        assert_eq!((query.kind, query.text.as_str(), query.before), (Some(Kind::Function), "orders", Some(7)));
        assert_eq!(query.from.unwrap().at(Millis(86_400_001)), Millis(1));
        assert_eq!(query.to, Millis::parse_rfc3339("2026-11-23T10:00:00Z"));
        assert_eq!(read("kind=&q=&from=&to=&before=").unwrap(), HistoryQuery { limit: 50, ..HistoryQuery::default() });
        let moment = |text: &str| read(&format!("from={text}")).unwrap().from.unwrap();
        assert_eq!(moment("2026-11-23T12:00:00+02:00"), Since::At(query.to.unwrap()));
        assert_eq!(moment("1795428131204"), Since::At(Millis(1_795_428_131_204)));
        assert_eq!((moment("90m"), moment("7d")), (Since::Ago(5_400_000), Since::Ago(604_800_000)));
    }

    #[test]
    fn nonsense_names_its_field() {
        for (query, field) in [
            ("kind=shoes", "kind"),
            ("from=yesterday", "from"),
            ("from=0h", "from"),
            ("from=-1d", "from"),
            ("from=99999999999999999d", "from"),
            ("from=é", "from"),
            // Seconds since 1970 would be January 1970 in milliseconds, and so everything.
            ("from=1795428131", "from"),
            ("to=24h", "to"),
            ("to=2026-02-30", "to"),
            ("from=2026-11-23&to=2026-11-22", "to"),
            ("before=x", "before"),
        ] {
            assert_eq!(read(query).unwrap_err().field.as_deref(), Some(field), "{query}");
        }
        let long = HistoryQuery { text: "a".repeat(201), limit: 1, ..HistoryQuery::default() };
        assert_eq!(long.check().unwrap_err().field.as_deref(), Some("q"));
        assert_eq!(HistoryQuery::default().check().unwrap_err().field.as_deref(), Some("limit"));
    }
}

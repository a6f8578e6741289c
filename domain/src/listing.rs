//! What lists ask for and get: filters, pages, facets, freshness. The query is also the URL's query string.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::identity::{AccountId, Region, ResourceKey, Scope};
use crate::kind::Kind;
use crate::problem::Problem;
use crate::resource::{Cell, State};
use crate::time::Millis;

mod late;
mod order;
mod scope_word;

pub use late::{LateLists, past_promise};
pub use order::{Direction, Order};
pub use scope_word::{ScopeWord, scope_words};

/// The most rows one answer carries.
pub const MAX_LIMIT: u32 = 500;
/// The longest text filter or search, in characters.
pub const MAX_TEXT: usize = 200;
/// The most values of one filter: twice as many as a facet offers.
pub const MAX_VALUES: usize = 100;
/// The most entries of one export: of the audit trail, of runs.
pub const MAX_EXPORT: u32 = 100_000;

/// How rows appear that are parts of another row: the images of an index, one for each platform, and the signatures and
/// the like of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parts {
    /// As rows of their own.
    #[default]
    Among,
    /// Not at all, unless a text is looked for: the row they are parts of opens to them.
    Folded,
    /// Only the parts of this row.
    Of(ResourceKey),
}

/// Which rows of a kind, in which order, which window of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListQuery {
    /// The kind listed.
    pub kind: Kind,
    /// Only these accounts; empty means all.
    #[serde(default)]
    pub accounts: Vec<AccountId>,
    /// Only these regions; empty means all.
    #[serde(default)]
    pub regions: Vec<Region>,
    /// Only what lives in this resource (images of a repository).
    #[serde(default)]
    pub parent: Option<ResourceKey>,
    /// Substring of name, id, ARN or tags; case does not matter.
    #[serde(default)]
    pub text: String,
    /// Facet id → values, any of which matches, at most [`MAX_VALUES`] each. Besides the columns' ids: `state`, `tag` (values `key=value`).
    #[serde(default)]
    pub filters: BTreeMap<String, Vec<String>>,
    /// Only what needs a person (tone bad or warn, or a runtime that has ended).
    #[serde(default)]
    pub attention: bool,
    /// What becomes of rows that are parts of another.
    #[serde(default)]
    pub parts: Parts,
    /// Column id, or `name`, `state`, `account`, `region`, `seen`, `changed`; without it the list stands in its kind's own order.
    #[serde(default)]
    pub sort: Option<String>,
    /// Which way it is sorted by that.
    #[serde(default)]
    pub direction: Direction,
    /// Rows to skip.
    #[serde(default)]
    pub offset: u32,
    /// Rows wanted, at most [`MAX_LIMIT`].
    #[serde(default = "default_limit")]
    pub limit: u32,
}

fn default_limit() -> u32 {
    100
}

impl ListQuery {
    /// Everything of a kind, in its own order.
    pub fn all(kind: Kind) -> Self {
        Self {
            kind,
            accounts: vec![],
            regions: vec![],
            parent: None,
            text: String::new(),
            filters: BTreeMap::new(),
            attention: false,
            parts: Parts::Among,
            sort: None,
            direction: Direction::Ascending,
            offset: 0,
            limit: default_limit(),
        }
    }

    /// Asks for an order.
    pub fn sort_by(&mut self, order: Order<'_>) {
        self.sort = Some(order.by.to_owned());
        self.direction = order.direction;
    }

    /// The order asked for, or else the kind's own.
    pub fn order(&self) -> Order<'_> {
        match self.sort.as_deref() {
            Some(by) => Order { by, direction: self.direction },
            None => Order::of(self.kind),
        }
    }

    /// Refuses what cannot be meant: unknown sort or facet, too long a text, too many values of a filter.
    pub fn check(&self) -> Result<(), Problem> {
        let columns = crate::describe::columns(self.kind);
        if self.text.chars().count() > MAX_TEXT {
            return Err(Problem::invalid("text", format!("A filter has at most {MAX_TEXT} characters.")));
        }
        if self.limit == 0 || self.limit > MAX_LIMIT {
            return Err(Problem::invalid("limit", format!("Between 1 and {MAX_LIMIT} rows can be asked for at once.")));
        }
        if let Some(sort) = &self.sort {
            let fixed = ["name", "state", "account", "region", "seen", "changed"];
            if !fixed.contains(&sort.as_str()) && !columns.iter().any(|c| c.id == sort) {
                return Err(Problem::invalid(
                    "sort",
                    format!("{} cannot be sorted by “{}”.", capital(self.kind.plural()), crate::identity::clip(sort)),
                ));
            }
        }
        for (facet, values) in &self.filters {
            if facet != "state" && facet != "tag" && !columns.iter().any(|c| c.id == facet && c.facet) {
                return Err(Problem::invalid(
                    "filters",
                    format!(
                        "{} cannot be filtered by “{}”.",
                        capital(self.kind.plural()),
                        crate::identity::clip(facet)
                    ),
                ));
            }
            if values.len() > MAX_VALUES {
                return Err(Problem::invalid(facet, format!("A filter has at most {MAX_VALUES} values.")));
            }
        }
        Ok(())
    }
}

/// First letter upper-case, for the start of a sentence.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().collect::<String>() + chars.as_str())
}

/// One row of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Row {
    /// What it is and where.
    pub key: ResourceKey,
    /// What people call it.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
    /// Its state.
    pub state: Option<State>,
    /// The values of its kind's columns, in their order.
    pub cells: Vec<Cell>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When AWS was last seen to have it like this.
    pub seen: Millis,
    /// When Gantry last saw it change.
    pub changed: Millis,
    /// When AWS no longer had it.
    pub gone: Option<Millis>,
    /// So many rows of the same list are parts of it: the platforms of an index, the signatures of an image.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub parts: u32,
    /// Where the text looked for was found, when not in the name: "tag team=payments".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched: Option<String>,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// A filter with its values and how many rows each would leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Facet {
    /// Its id in [`ListQuery::filters`].
    pub id: String,
    /// Its heading.
    pub title: String,
    /// Values with counts, most frequent first; at most 50.
    pub values: Vec<(String, u32)>,
}

/// How fresh one kind is in one scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Freshness {
    /// Where.
    pub scope: Scope,
    /// What.
    pub kind: Kind,
    /// When a complete list was last read; `None` if never.
    pub complete: Option<Millis>,
    /// Since when it fails, and why; `None` while it works.
    pub failing: Option<(Millis, Problem)>,
    /// Since when what lists leave out of some of them (tags, a function's state) cannot be read, and why; `None` while it can.
    pub details: Option<(Millis, Problem)>,
    /// A collect is running now.
    pub running: bool,
}

impl Freshness {
    /// What is in the way of what lists leave out, unless it is in the way of the list, too.
    pub fn beyond_list(&self) -> Option<&(Millis, Problem)> {
        let reason = |(_, problem): &(Millis, Problem)| (problem.code, problem.iam_action.clone());
        self.details.as_ref().filter(|details| self.failing.as_ref().map(reason) != Some(reason(details)))
    }

    /// Everything that is in the way: first of the list, then of what it leaves out.
    pub fn troubles(&self) -> impl Iterator<Item = &(Millis, Problem)> {
        self.failing.iter().chain(self.beyond_list())
    }

    /// Nothing is in the way.
    pub fn is_well(&self) -> bool {
        self.failing.is_none() && self.details.is_none()
    }
}

/// A window of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page {
    /// The rows of the window.
    pub rows: Vec<Row>,
    /// Rows of this kind without any filter but accounts, regions and parent.
    pub total: u32,
    /// Rows that match.
    pub matched: u32,
    /// Filters with counts.
    pub facets: Vec<Facet>,
    /// One entry per scope.
    pub freshness: Vec<Freshness>,
    /// The store's version that was read; see [`crate::stream`].
    pub version: i64,
    /// The server's clock.
    pub now: Millis,
}

/// A resource found through a link, in either direction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Connection {
    /// What the arrow means.
    pub relation: crate::resource::Relation,
    /// Whether the arrow starts at the resource looked at.
    pub outgoing: bool,
    /// The other end, when it is collected.
    pub key: Option<ResourceKey>,
    /// Its name, or the bare reference.
    pub name: String,
    /// Its state.
    pub state: Option<State>,
    /// One more fact about it: "14 days", "batch 10".
    pub note: Option<String>,
    /// AWS has no such thing: all of its kind there are listed, and it is not among them.
    #[serde(default)]
    pub missing: bool,
    /// Of an image that is not collected its repository, where that is.
    #[serde(default)]
    pub within: Option<ResourceKey>,
}

impl Connection {
    /// Why the other end has no page.
    pub const fn absence(&self) -> &'static str {
        if self.missing { "does not exist" } else { "not collected" }
    }
}

/// Connections of one meaning to one kind, of which only the first are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Capped {
    /// What the arrows mean.
    pub relation: crate::resource::Relation,
    /// Whether they start at the resource looked at.
    pub outgoing: bool,
    /// What is at their other ends.
    pub kind: Kind,
    /// So many are among the connections.
    pub told: u32,
    /// So many there are.
    pub total: u32,
}

/// Everything about one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Detail {
    /// As in lists.
    pub row: Row,
    /// What it lives in.
    pub parent: Option<ResourceKey>,
    /// When AWS says it was created.
    pub created: Option<Millis>,
    /// AWS's document, secrets sealed.
    pub doc: serde_json::Value,
    /// What it points to and what points to it.
    pub connected: Vec<Connection>,
    /// Of which connections there are more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capped: Vec<Capped>,
    /// How many entries its history has, with those of its parts ([`Kind::parts`]).
    pub changes: u32,
    /// How fresh its kind is in its scope.
    pub freshness: Option<Freshness>,
    /// The server's clock.
    pub now: Millis,
}

/// One hit of the search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hit {
    /// What was found.
    pub key: ResourceKey,
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: Option<State>,
    /// Where it matched, when not in the name: "tag team=payments".
    pub matched: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;

    #[test]
    fn the_same_trouble_of_a_list_and_of_what_it_leaves_out_is_said_once() {
        let trouble = |code, action: Option<&str>| {
            let mut problem = Problem::new(code, "", "");
            problem.iam_action = action.map(str::to_owned);
            Some((Millis(1), problem))
        };
        let said = |failing: Option<(Millis, Problem)>, details: Option<(Millis, Problem)>| {
            let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
            let list = Freshness { scope, kind: Kind::Function, complete: None, failing, details, running: false };
            assert_eq!(list.is_well(), list.troubles().next().is_none());
            list.troubles().map(|(_, problem)| problem.iam_action.clone().unwrap_or_default()).collect::<Vec<_>>()
        };
        let (list, get) = (Some("lambda:ListFunctions"), Some("lambda:GetFunction"));
        let away = || trouble(Code::AwsUnreachable, None);
        assert_eq!(said(None, None), Vec::<String>::new());
        assert_eq!(said(away(), away()), [""]);
        assert_eq!(said(None, trouble(Code::AwsDenied, get)), ["lambda:GetFunction"]);
        let both = said(trouble(Code::AwsDenied, list), trouble(Code::AwsDenied, get));
        assert_eq!(both, ["lambda:ListFunctions", "lambda:GetFunction"]);
    }

    #[test]
    fn nonsense_is_refused_with_the_field_that_is_wrong() {
        let ok = ListQuery::all(Kind::Function);
        assert!(ok.check().is_ok());
        let field = |q: &ListQuery| q.check().unwrap_err().field.unwrap();
        assert_eq!(field(&ListQuery { sort: Some("shoe-size".into()), ..ok.clone() }), "sort");
        assert_eq!(field(&ListQuery { filters: [("x".into(), vec![])].into(), ..ok.clone() }), "filters");
        assert_eq!(field(&ListQuery { text: "a".repeat(10_000), ..ok.clone() }), "text");
        assert_eq!(field(&ListQuery { limit: 0, ..ok.clone() }), "limit");
        let by_state =
            |values| ListQuery { filters: [("state".into(), vec!["Active".into(); values])].into(), ..ok.clone() };
        assert!(by_state(MAX_VALUES).check().is_ok());
        assert_eq!(field(&by_state(MAX_VALUES + 1)), "state");
    }
}

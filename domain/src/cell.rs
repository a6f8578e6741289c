//! What a list shows of a resource: values ([`Cell`]) under headings ([`Column`]), written in a [`Form`].

use serde::{Deserialize, Serialize};

use crate::resource::State;
use crate::time::Millis;

/// One value in a table or in the facts above a detail page. The type decides alignment, formatting and sorting.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Nothing known: shown as an en dash.
    None,
    /// Words.
    Text(String),
    /// Something to be copied exactly: ids, digests, URIs.
    Mono(String),
    /// A count or another plain number.
    Number(i64),
    /// A size in bytes, shown in binary units.
    Bytes(i64),
    /// A moment, shown as an age with the absolute on hover.
    Time(Millis),
    /// Several words; a filter matches any of them.
    List(Vec<String>),
    /// A word with a tone: "end of life".
    Mark(State),
    /// A reference to another resource: (reference as in [`crate::resource::Link::target`], text).
    Ref(String, String),
}

impl Cell {
    /// Text if there is any.
    pub fn text(value: impl Into<String>) -> Self {
        let value = value.into();
        if value.is_empty() { Cell::None } else { Cell::Text(value) }
    }
    /// Text of an option.
    pub fn opt(value: Option<impl Into<String>>) -> Self {
        value.map_or(Cell::None, |v| Cell::text(v))
    }
    /// A number of an option.
    pub fn number(value: Option<impl Into<i64>>) -> Self {
        value.map_or(Cell::None, |v| Cell::Number(v.into()))
    }
    /// A moment of an option.
    pub fn time(value: Option<Millis>) -> Self {
        value.map_or(Cell::None, Cell::Time)
    }
    /// The words a filter compares with.
    pub fn words(&self) -> Vec<String> {
        match self {
            Cell::None => vec![],
            Cell::Text(t) | Cell::Mono(t) | Cell::Ref(_, t) => vec![t.clone()],
            Cell::Number(n) | Cell::Bytes(n) => vec![n.to_string()],
            Cell::Time(t) => vec![t.rfc3339()],
            Cell::List(l) => l.clone(),
            Cell::Mark(s) => vec![s.word.clone()],
        }
    }
}

/// One column of a kind's list. Name, state, account, region and age are not columns: every list has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Stable id, used in URLs.
    pub id: &'static str,
    /// The heading.
    pub title: &'static str,
    /// Numbers stand right, tabular.
    pub numeric: bool,
    /// Few different values: offered as a filter with counts.
    pub facet: bool,
    /// Shown unless the person chose otherwise.
    pub shown: bool,
    /// How its values are written where their type does not say it.
    pub form: Form,
    /// The column that a row is sorted by instead where it has no value in this one.
    pub instead: Option<&'static str>,
}

/// How the values of a column are written. What is stored, filtered and sorted by is the cell itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As the type of the cell says.
    Plain,
    /// AWS's words, written as people read them; see [`crate::wording`].
    Word,
    /// Names of capacity providers or launch types, of which some are AWS's words.
    Capacity,
    /// Sentences, such as reasons: they get the width that is left.
    Sentence,
    /// A moment until which something should have been done.
    Deadline,
    /// A duration in seconds.
    Seconds,
    /// A number that counts nothing, such as a port.
    Exact,
    /// A quantity with its unit.
    Unit(&'static str),
}

impl Column {
    /// A text column that is shown.
    pub const fn text(id: &'static str, title: &'static str) -> Self {
        Self { id, title, numeric: false, facet: false, shown: true, form: Form::Plain, instead: None }
    }
    /// A right-aligned column that is shown.
    pub const fn number(id: &'static str, title: &'static str) -> Self {
        Self { id, title, numeric: true, facet: false, shown: true, form: Form::Plain, instead: None }
    }
    /// The same as a filter.
    pub const fn facet(mut self) -> Self {
        self.facet = true;
        self
    }
    /// The same, hidden until chosen.
    pub const fn hidden(mut self) -> Self {
        self.shown = false;
        self
    }
    /// The same, sorted by another column where a row has no value in this one.
    pub const fn instead(mut self, id: &'static str) -> Self {
        self.instead = Some(id);
        self
    }
    /// The same, written in another form.
    pub const fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }
    /// The same for AWS's words.
    pub const fn word(self) -> Self {
        self.form(Form::Word)
    }
    /// The same for quantities of this unit.
    pub const fn unit(self, unit: &'static str) -> Self {
        self.form(Form::Unit(unit))
    }
}

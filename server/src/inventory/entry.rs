//! A row as kept in memory: what [`domain::listing::Row`] holds, with repeated words shared. Fifty thousand of them have to fit in tens of megabytes.

use domain::ecs::Task;
use domain::listing::Row;
use domain::resource::{Cell, Described, Form, State, Tone};
use domain::{Kind, Millis, Problem, ResourceKey, Scope};
use gantry_store::resources::Stored;
use std::collections::HashSet;
use std::sync::Arc;

/// Text that may be shared between rows.
pub type Text = Arc<str>;

/// A [`Cell`] in less space.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// Nothing known.
    None,
    /// Words.
    Text(Text),
    /// Something to be copied exactly.
    Mono(Text),
    /// A number.
    Number(i64),
    /// A size in bytes.
    Bytes(i64),
    /// A moment.
    Time(Millis),
    /// Several words.
    List(Box<[Text]>),
    /// A word with a tone.
    Mark(Arc<State>),
    /// A reference and its text.
    Ref(Box<(Text, Text)>),
}

impl Datum {
    fn of(cell: Cell, words: &mut Words) -> Self {
        match cell {
            Cell::None => Datum::None,
            Cell::Text(text) => Datum::Text(words.text(text)),
            // Ids and digests differ from row to row: looking for them among the shared words would only cost
            Cell::Mono(text) => Datum::Mono(text.into()),
            Cell::Number(n) => Datum::Number(n),
            Cell::Bytes(n) => Datum::Bytes(n),
            Cell::Time(at) => Datum::Time(at),
            Cell::List(list) => Datum::List(list.into_iter().map(|t| words.text(t)).collect()),
            Cell::Mark(state) => Datum::Mark(words.state(state)),
            Cell::Ref(target, text) => Datum::Ref(Box::new((words.text(target), words.text(text)))),
        }
    }

    /// As pages get it.
    pub fn cell(&self) -> Cell {
        match self {
            Datum::None => Cell::None,
            Datum::Text(text) => Cell::Text(text.to_string()),
            Datum::Mono(text) => Cell::Mono(text.to_string()),
            Datum::Number(n) => Cell::Number(*n),
            Datum::Bytes(n) => Cell::Bytes(*n),
            Datum::Time(at) => Cell::Time(*at),
            Datum::List(list) => Cell::List(list.iter().map(ToString::to_string).collect()),
            Datum::Mark(state) => Cell::Mark((**state).clone()),
            Datum::Ref(both) => Cell::Ref(both.0.to_string(), both.1.to_string()),
        }
    }

    /// Calls back with each word a filter compares with; the same words as [`Cell::words`].
    pub fn words(&self, mut each: impl FnMut(&str)) {
        match self {
            Datum::None => {}
            Datum::Text(text) | Datum::Mono(text) => each(text),
            Datum::Ref(both) => each(&both.1),
            Datum::Number(n) | Datum::Bytes(n) => each(&n.to_string()),
            Datum::Time(at) => each(&at.rfc3339()),
            Datum::List(list) => list.iter().for_each(|t| each(t)),
            Datum::Mark(state) => each(&state.word),
        }
    }
}

/// Words that many rows share, each kept once.
#[derive(Default)]
pub struct Words {
    texts: HashSet<Text>,
    states: HashSet<Shared>,
    swept: usize,
}

/// A state by its value.
#[derive(PartialEq, Eq)]
struct Shared(Arc<State>);

impl std::hash::Hash for Shared {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        (&self.0.word, self.0.tone, &self.0.reason).hash(hasher);
    }
}

impl Words {
    /// The one copy of these words.
    pub fn text(&mut self, text: String) -> Text {
        if let Some(known) = self.texts.get(text.as_str()) {
            return known.clone();
        }
        let text: Text = text.into();
        self.texts.insert(text.clone());
        text
    }

    fn state(&mut self, state: State) -> Arc<State> {
        let shared = Shared(Arc::new(state));
        if let Some(known) = self.states.get(&shared) {
            return known.0.clone();
        }
        let state = shared.0.clone();
        self.states.insert(shared);
        state
    }

    /// Forgets words no row uses any more, once as many came as there were.
    pub fn sweep(&mut self) {
        if self.texts.len() + self.states.len() > 2 * self.swept + 1024 {
            self.texts.retain(|text| Arc::strong_count(text) > 1);
            self.states.retain(|state| Arc::strong_count(&state.0) > 1);
            self.swept = self.texts.len() + self.states.len();
        }
    }
}

/// A row. Its kind is that of its table, its scope a number of the snapshot's scopes.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Number of its scope.
    pub scope: u16,
    /// AWS's id within kind and scope.
    pub id: Text,
    /// What people call it.
    pub name: Text,
    /// Its ARN.
    pub arn: Option<Box<str>>,
    /// What it lives in, in the same scope.
    pub parent: Option<(Kind, Text)>,
    /// Its state.
    pub state: Option<Arc<State>>,
    /// Its state as its own document says it; [`super::unrest`] knows more about services.
    pub own: Option<Arc<State>>,
    /// The earliest of the moments after which it needs a person.
    pub deadline: Option<Millis>,
    /// Its tags.
    pub tags: Box<[(Text, Text)]>,
    /// The values of its kind's columns.
    pub cells: Box<[Datum]>,
    /// When the row was last written with AWS having it; the collect may have seen it since.
    pub seen: Millis,
    /// When it last changed.
    pub changed: Millis,
    /// When AWS no longer had it.
    pub gone: Option<Millis>,
    /// The id of the row it is a part of: of an index, or of the image it is a signature of; see [`super::usage`].
    pub part_of: Option<Text>,
    /// Its place among the parts of that row.
    pub part_at: u32,
    /// So many rows are parts of it.
    pub parts: u32,
}

impl Entry {
    /// From what is stored. A document that cannot be read is a row that says so.
    pub fn of(stored: &Stored, scope: u16, words: &mut Words) -> Self {
        Self::described(stored, stored.key.id.as_str().into(), scope, described(stored), words)
    }

    /// The same with what [`described`] made of its document; `id` is that of its key.
    pub fn described(
        stored: &Stored,
        id: Text,
        scope: u16,
        described: Result<Described, Problem>,
        words: &mut Words,
    ) -> Self {
        let described = described.unwrap_or_else(|problem| unreadable(&stored.key, problem.message));
        let name = if described.name == stored.key.id { id.clone() } else { described.name.into() };
        let own = described.state.map(|s| words.state(s));
        let columns = domain::describe::columns(stored.key.kind).iter().zip(&described.cells);
        let deadlines =
            columns.filter_map(
                |(c, cell)| if let (Form::Deadline, Cell::Time(at)) = (c.form, cell) { Some(*at) } else { None },
            );
        let deadline = deadlines.min();
        Self {
            scope,
            id,
            name,
            arn: described.arn.map(Into::into),
            parent: described.parent.map(|p| (p.kind, words.text(p.id))),
            state: own.clone(),
            own,
            deadline,
            tags: described.tags.into_iter().map(|(k, v)| (words.text(k), words.text(v))).collect(),
            cells: described.cells.into_iter().map(|c| Datum::of(c, words)).collect(),
            seen: stored.seen,
            changed: stored.changed,
            gone: stored.gone,
            part_of: None,
            part_at: 0,
            parts: 0,
        }
    }

    /// How it looks; a row AWS forgot needs nobody.
    pub fn tone(&self) -> Tone {
        match (&self.state, self.gone) {
            (Some(state), None) => state.tone,
            _ => Tone::Quiet,
        }
    }

    /// Whether it needs a person: it is in a bad state, or a deadline is over. A service that keeps failing stops a task every minute: the
    /// service needs one, not each of its tasks that ended.
    pub fn needs_attention(&self, kind: Kind, now: Millis) -> bool {
        (self.is_in_trouble() && !(self.rests(kind) && self.has_service(kind))) || self.is_late(now)
    }
    /// Whether its state is a bad one.
    pub fn is_in_trouble(&self) -> bool {
        matches!(self.tone(), Tone::Bad | Tone::Warn)
    }
    /// Whether it is kept for reading, not counted: a task that has ended.
    pub fn rests(&self, kind: Kind) -> bool {
        kind == Kind::Task && self.state.as_ref().is_some_and(|state| Task::ENDED.contains(&state.word.as_str()))
    }
    fn has_service(&self, kind: Kind) -> bool {
        let column = domain::describe::columns(kind).iter().position(|c| c.id == "service");
        column.and_then(|n| self.cells.get(n)).is_some_and(|cell| *cell != Datum::None)
    }

    /// Whether a deadline is over: the end of a runtime.
    pub fn is_late(&self, now: Millis) -> bool {
        self.gone.is_none() && self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// What it is and where.
    pub fn key(&self, kind: Kind, scopes: &[Scope]) -> ResourceKey {
        ResourceKey { kind, scope: scopes[usize::from(self.scope)].clone(), id: self.id.to_string() }
    }

    /// As pages get it; `covered` is when the last complete collect of its kind and scope began.
    pub fn row(&self, kind: Kind, scopes: &[Scope], covered: Option<Millis>) -> Row {
        Row {
            key: self.key(kind, scopes),
            name: self.name.to_string(),
            arn: self.arn.as_deref().map(str::to_owned),
            state: self.state.as_deref().cloned(),
            cells: self.cells.iter().map(Datum::cell).collect(),
            tags: self.tags.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect(),
            seen: self.seen_with(covered),
            changed: self.changed,
            gone: self.gone,
            parts: self.parts,
            matched: None,
        }
    }

    /// When AWS was last seen to have it: rows that do not change are not written to memory again, the collect that saw them is known.
    pub fn seen_with(&self, covered: Option<Millis>) -> Millis {
        match (self.gone, covered) {
            (None, Some(covered)) => self.seen.max(covered),
            _ => self.seen,
        }
    }
}

/// What its document says.
///
/// # Errors
/// Its model cannot read it.
pub fn described(stored: &Stored) -> Result<Described, Problem> {
    domain::describe::describe(stored.key.kind, &stored.key.scope, &stored.doc)
}

/// What stands for a document that its model cannot read.
pub fn unreadable(key: &ResourceKey, why: String) -> Described {
    let columns = domain::describe::columns(key.kind).len();
    Described {
        name: key.id.clone(),
        arn: None,
        parent: None,
        state: Some(State::new("Unreadable", Tone::Warn).because(Some(why))),
        tags: Default::default(),
        created: None,
        cells: vec![Cell::None; columns],
        refs: vec![],
        links: vec![],
    }
}

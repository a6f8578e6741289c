//! What calls each function, a word for each sort: "SQS", "Schedule". A function's own document does not say; the arrows of everything that
//! triggers functions do. Of what they do not say, such as REST APIs and what another account has, the permissions tell which service may call,
//! also where none does any more. They are counted as they come and go, so that a change costs what changed and a request nothing.

use domain::document::target;
use domain::lambda::{Function, Permission};
use domain::resource::{Cell, Described, Relation};
use domain::{AccountId, Arn, Kind, Region, ResourceKey, Scope, events};
use gantry_store::resources::Stored;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::entry::{Datum, Entry, Text};
use super::snapshot::Snapshot;
use super::table::Replacement;

const BALANCER: &str = "Load balancer";
const EVENTBRIDGE: &str = "EventBridge";
const HTTP_API: &str = "HTTP API";
const SCHEDULE: &str = "Schedule";
const WEBSOCKET_API: &str = "WebSocket API";
/// Behind a word: it is switched off.
const OFF: &str = " (disabled)";

/// What people call a sort of trigger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Word {
    text: String,
    /// Only a permission says it: the service may call, and what makes it call is not known.
    permitted: bool,
}

/// Something that calls functions.
#[derive(Debug, PartialEq)]
struct Source {
    words: Vec<Word>,
    /// Their ARNs.
    functions: BTreeSet<String>,
}

/// The arrows to functions.
#[derive(Default)]
pub struct Triggers {
    sources: HashMap<ResourceKey, Source>,
    /// By the ARN of a function: how many sources of each sort call it.
    functions: HashMap<String, BTreeMap<Word, u32>>,
    /// Functions that are called otherwise than their rows say, perhaps.
    changed: HashSet<String>,
}

impl Triggers {
    /// Takes note of a row; `described` is what its document says, `None` when it cannot be read.
    pub fn note(&mut self, stored: &Stored, described: Option<&Described>) {
        let described = described.filter(|_| stored.gone.is_none());
        let next = described.and_then(|d| source(stored, d));
        if self.sources.get(&stored.key) == next.as_ref() {
            return;
        }
        if let Some(before) = self.sources.remove(&stored.key) {
            self.count(&before, false);
        }
        if let Some(next) = next {
            self.count(&next, true);
            self.sources.insert(stored.key.clone(), next);
        }
    }

    fn count(&mut self, source: &Source, comes: bool) {
        for function in &source.functions {
            let words = self.functions.entry(function.clone()).or_default();
            for word in &source.words {
                let count = words.entry(word.clone()).or_default();
                *count = if comes { *count + 1 } else { count.saturating_sub(1) };
            }
            words.retain(|_, count| *count > 0);
            if words.is_empty() {
                self.functions.remove(function);
            }
            self.changed.insert(function.clone());
        }
    }

    fn datum(&self, function: &str) -> Datum {
        let Some(words) = self.functions.get(function) else { return Datum::None };
        let told = |permitted: bool| {
            words.keys().filter(move |word| word.permitted == permitted).map(|word| word.text.as_str())
        };
        let collected: BTreeSet<&str> = told(false).collect();
        let permitted = told(true).filter(|word| !is_said(word, &collected));
        let all: BTreeSet<&str> = permitted.chain(collected.iter().copied()).collect();
        Datum::List(all.into_iter().map(Text::from).collect())
    }

    /// Has a new row of a function say what calls it.
    pub fn tell(&self, entry: &mut Entry) {
        let Some(datum) = entry.arn.as_deref().map(|arn| self.datum(arn)) else { return };
        if let Some(cell) = column(Kind::Function).and_then(|n| entry.cells.get_mut(n)) {
            *cell = datum;
        }
    }

    /// The rows of functions that should look otherwise than they do: the same again until [`Triggers::told`].
    pub fn functions(&self, snapshot: &Snapshot) -> Vec<Replacement> {
        let Some(column) = column(Kind::Function) else { return vec![] };
        let changed = self.changed.iter().filter_map(|arn| {
            let entry = function(snapshot, arn)?;
            let datum = self.datum(arn);
            if entry.cells.get(column) == Some(&datum) {
                return None;
            }
            let mut next = (**entry).clone();
            *next.cells.get_mut(column)? = datum;
            Some(((entry.scope, entry.id.clone()), Some(next)))
        });
        changed.collect()
    }

    /// Says that the rows answered are in use.
    pub fn told(&mut self) {
        self.changed.clear();
    }
}

/// Where the column is.
fn column(kind: Kind) -> Option<usize> {
    domain::describe::columns(kind).iter().position(|c| kind == Kind::Function && c.id == Function::TRIGGERS)
}

/// The row of the function with this ARN.
fn function<'s>(snapshot: &'s Snapshot, arn: &str) -> Option<&'s Arc<Entry>> {
    let arn = Arn::parse(arn).ok()?;
    let place = Scope::new(AccountId::parse(arn.account()).ok()?, Region::parse(arn.region()).ok()?);
    snapshot.table(Kind::Function).find(snapshot.scope(&place)?, arn.resource().strip_prefix("function:")?)
}

fn source(stored: &Stored, described: &Described) -> Option<Source> {
    let kind = stored.key.kind;
    let permitted = kind == Kind::FunctionPermission;
    let words = if permitted { permitted_words(&stored.doc) } else { words(kind, described)? };
    let words: Vec<Word> = words.into_iter().map(|text| Word { text, permitted }).collect();
    let calls = match kind {
        // Where the asynchronous calls of one function end another is called.
        Kind::EventInvokeConfig => Relation::SendsTo,
        Kind::FunctionPermission => Relation::Permits,
        _ => Relation::Triggers,
    };
    let targets = described.links.iter().filter(|l| l.relation == calls).map(|l| target(&l.target));
    let functions: BTreeSet<String> = targets.filter(|target| target.split(':').nth(2) == Some("lambda")).collect();
    (!functions.is_empty() && !words.is_empty()).then_some(Source { words, functions })
}

/// The services that a permission lets call, each in the word of its sort.
fn permitted_words(doc: &Value) -> Vec<String> {
    let permission = Permission::deserialize(doc).unwrap_or_default();
    let word = |service| match service {
        "Elastic Load Balancing" => BALANCER,
        "EventBridge Scheduler" => SCHEDULE,
        other => other,
    };
    permission.services().into_iter().map(|service| word(service).to_owned()).collect()
}

/// Whether what is collected of a function says already what a permission does.
fn is_said(permitted: &str, collected: &BTreeSet<&str>) -> bool {
    let by: &[&str] = match permitted {
        "API Gateway" => &[HTTP_API, WEBSOCKET_API],
        EVENTBRIDGE => &[EVENTBRIDGE, SCHEDULE],
        same => &[same],
    };
    collected.iter().any(|word| by.contains(&word.trim_end_matches(OFF)))
}

/// What people call a trigger of this kind. That it is switched off is said: it calls nothing until somebody switches it on.
fn words(kind: Kind, described: &Described) -> Option<Vec<String>> {
    let cell = |id: &str| {
        let n = domain::describe::columns(kind).iter().position(|c| c.id == id)?;
        described.cells.get(n)?.words().into_iter().next()
    };
    let words: Vec<String> = match kind {
        Kind::EventSourceMapping => match cell("service").as_deref() {
            // Outside AWS.
            Some("kafka") => vec!["Kafka".to_owned()],
            service => vec![service.unwrap_or("Event source").to_owned()],
        },
        Kind::Rule => match (cell("schedule"), cell("trigger").as_deref()) {
            (Some(_), Some("Schedule")) => vec![SCHEDULE.to_owned()],
            (Some(_), _) => vec![SCHEDULE.to_owned(), EVENTBRIDGE.to_owned()],
            (None, _) => vec![EVENTBRIDGE.to_owned()],
        },
        Kind::Schedule => vec![SCHEDULE.to_owned()],
        Kind::Bucket => vec!["S3".to_owned()],
        Kind::Topic => vec!["SNS".to_owned()],
        Kind::FunctionUrl => vec!["URL".to_owned()],
        Kind::HttpApi if cell("protocol").as_deref() == Some("WEBSOCKET") => vec![WEBSOCKET_API.to_owned()],
        Kind::HttpApi => vec![HTTP_API.to_owned()],
        Kind::TargetGroup => vec![BALANCER.to_owned()],
        Kind::EventInvokeConfig => vec!["Function".to_owned()],
        _ => return None,
    };
    // Mappings say it in small letters.
    let off = described.state.as_ref().is_some_and(|state| state.word.eq_ignore_ascii_case(events::DISABLED));
    Some(words.into_iter().map(|word| if off { word + OFF } else { word }).collect())
}

/// Puts into these cells, made from the document alone, what the row in memory knows beyond it.
pub fn fill(cells: &mut [Cell], entry: &Entry, kind: Kind) {
    if let Some(n) = column(kind)
        && let (Some(cell), Some(known)) = (cells.get_mut(n), entry.cells.get(n))
    {
        *cell = known.cell();
    }
}

#[cfg(test)]
#[path = "triggers_tests.rs"]
mod tests;

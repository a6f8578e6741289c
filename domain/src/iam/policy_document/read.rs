//! From JSON to a policy, with every mistake named by its path.

use std::collections::BTreeSet;

use super::json::Json;
use super::names::{action, aws, canonical, federated, known_operator, service};
use super::{Condition, Document, Effect, Errors, Matches, Principal, PrincipalSort, Principals, Statement, Version};
use crate::identity::clip;

pub(super) fn document(text: &str) -> Result<Document, Errors> {
    if text.trim().is_empty() {
        return Err(Errors::from([(String::new(), "There is no policy yet: it begins with {.".to_owned())]));
    }
    let json = serde_json::from_str(text).map_err(|error| Errors::from([(String::new(), broken(&error))]))?;
    let mut reader = Reader::default();
    match reader.document(json) {
        Some(document) if reader.errors.is_empty() => Ok(document),
        _ => Err(reader.errors),
    }
}

fn broken(error: &serde_json::Error) -> String {
    let whole = error.to_string();
    let what = match error.classify() {
        serde_json::error::Category::Eof => "the text ends too early: a bracket, brace or quote is not closed",
        _ => whole.rsplit_once(" at line ").map_or(whole.as_str(), |(what, _)| what),
    };
    format!("This is not JSON. Line {}, column {}: {what}.", error.line(), error.column())
}

/// What it could not read it has put among the errors; `None` then stands for it.
#[derive(Default)]
struct Reader {
    errors: Errors,
}

/// The members of an object that are still to be read.
struct Members {
    path: String,
    pairs: Vec<(String, Json)>,
}

impl Members {
    fn take(&mut self, name: &str) -> Option<(String, Json)> {
        let at = self.pairs.iter().position(|(key, _)| key == name)?;
        let (key, value) = self.pairs.remove(at);
        Some((join(&self.path, &key), value))
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { clip(key) } else { format!("{path}.{}", clip(key)) }
}

impl Reader {
    fn wrong(&mut self, path: &str, message: impl Into<String>) {
        self.errors.entry(path.to_owned()).or_insert_with(|| message.into());
    }

    /// The members of an object. Keys that stand twice are an error: AWS would read only one of them. `any_case` is for keys that AWS
    /// compares without regard to case.
    fn members(&mut self, path: &str, json: Json, any_case: bool) -> Option<Members> {
        let Json::Map(pairs) = json else {
            self.wrong(path, format!("An object in braces is expected here, not {}.", json.sort()));
            return None;
        };
        let mut seen = BTreeSet::new();
        for (key, _) in &pairs {
            if !seen.insert(if any_case { key.to_ascii_lowercase() } else { key.clone() }) {
                self.wrong(&join(path, key), "This stands twice here, and only one would count: make it one.");
            }
        }
        Some(Members { path: path.to_owned(), pairs })
    }

    /// The same for objects whose keys are fixed.
    fn known(&mut self, path: &str, json: Json, what: &str, names: &[&str]) -> Option<Members> {
        let members = self.members(path, json, false)?;
        for (key, _) in members.pairs.iter().filter(|(key, _)| !names.contains(&key.as_str())) {
            let meant = match names.iter().find(|name| name.eq_ignore_ascii_case(key)) {
                Some(name) => format!("write {name}"),
                None => format!("it has {}", names.join(", ")),
            };
            self.wrong(&join(path, key), format!("“{}” is not known in {what}: {meant}.", clip(key)));
        }
        Some(members)
    }

    fn text(&mut self, path: &str, json: Json) -> Option<String> {
        if let Json::Text(text) = json {
            return Some(text);
        }
        self.wrong(path, format!("A text in quotes is expected here, not {}.", json.sort()));
        None
    }

    /// A text, or a list of them with at least one, each of which passes a rule.
    fn texts(&mut self, path: &str, json: Json, rule: fn(&str) -> Result<(), String>) -> Option<Vec<String>> {
        let items: Vec<(String, Json)> = match json {
            Json::List(list) if list.is_empty() => {
                self.wrong(path, "The list is empty: name at least one, or leave the element out.");
                return None;
            }
            Json::List(list) => list.into_iter().enumerate().map(|(n, item)| (format!("{path}[{n}]"), item)).collect(),
            one => vec![(path.to_owned(), one)],
        };
        let mut texts = Vec::new();
        for (path, item) in items {
            let Some(text) = self.text(&path, item) else { continue };
            if let Err(message) = rule(&text) {
                self.wrong(&path, message);
            }
            texts.push(text);
        }
        Some(texts)
    }

    fn document(&mut self, json: Json) -> Option<Document> {
        let mut members = self.known("", json, "a policy", &["Version", "Id", "Statement"])?;
        let version = members.take("Version").and_then(|(path, json)| self.version(&path, json));
        let id = members.take("Id").and_then(|(path, json)| self.text(&path, json));
        let Some((path, json)) = members.take("Statement") else {
            self.wrong("Statement", "A policy needs a Statement.");
            return None;
        };
        let list = match json {
            Json::List(list) => list,
            one => vec![one],
        };
        if list.is_empty() {
            self.wrong(&path, "A policy needs at least one statement. To have none, delete the policy.");
        }
        let statements = list.into_iter().enumerate().map(|(n, json)| self.statement(&format!("{path}[{n}]"), json));
        let statements: Vec<_> = statements.collect();
        Some(Document { version, id, statements: statements.into_iter().collect::<Option<_>>()? })
    }

    fn version(&mut self, path: &str, json: Json) -> Option<Version> {
        let text = self.text(path, json)?;
        let found = [Version::Y2012, Version::Y2008].into_iter().find(|v| v.as_str() == text);
        if found.is_none() {
            self.wrong(path, "The version names the policy language and is 2012-10-17; the older one is 2008-10-17.");
        }
        found
    }

    fn statement(&mut self, path: &str, json: Json) -> Option<Statement> {
        let names = [
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ];
        let mut members = self.known(path, json, "a statement", &names)?;
        let sid = members.take("Sid").and_then(|(path, json)| self.text(&path, json));
        let effect = match members.take("Effect") {
            Some((path, json)) => self.effect(&path, json),
            None => {
                self.wrong(&join(path, "Effect"), "Say whether the statement allows or denies: Allow or Deny.");
                None
            }
        };
        let example =
            "Say who is meant, such as {\"AWS\": \"111122223333\"} or {\"Service\": \"lambda.amazonaws.com\"}.";
        let principals = self.either(&mut members, "Principal", Some(example), Self::principals);
        let example = "Say which actions are meant, such as ecr:BatchGetImage.";
        let actions = self.either(&mut members, "Action", Some(example), |r, path, json| r.texts(path, json, action));
        let resources = self.either(&mut members, "Resource", None, |r, path, json| r.texts(path, json, |_| Ok(())));
        let conditions = match members.take("Condition") {
            Some((path, json)) => self.conditions(&path, json),
            None => Some(Vec::new()),
        };
        Some(Statement {
            sid,
            effect: effect?,
            principals: principals?,
            actions: actions?,
            resources,
            conditions: conditions?,
        })
    }

    fn effect(&mut self, path: &str, json: Json) -> Option<Effect> {
        match self.text(path, json)?.as_str() {
            "Allow" => Some(Effect::Allow),
            "Deny" => Some(Effect::Deny),
            other => {
                let message = format!("“{}” is no effect: it is Allow or Deny, with a capital letter.", clip(other));
                self.wrong(path, message);
                None
            }
        }
    }

    /// An element or its `Not…` twin, never both. `missing` is what to say if there is neither, where one is needed.
    fn either<T>(
        &mut self,
        members: &mut Members,
        name: &str,
        missing: Option<&str>,
        read: impl Fn(&mut Self, &str, Json) -> Option<T>,
    ) -> Option<Matches<T>> {
        let not = format!("Not{name}");
        match (members.take(name), members.take(&not)) {
            (Some((path, json)), None) => Some(Matches::Only(read(self, &path, json)?)),
            (None, Some((path, json))) => Some(Matches::Except(read(self, &path, json)?)),
            (Some(_), Some((path, _))) => {
                self.wrong(&path, format!("{name} and {not} cannot stand in the same statement: keep one."));
                None
            }
            (None, None) => {
                if let Some(message) = missing {
                    self.wrong(&join(&members.path, name), message);
                }
                None
            }
        }
    }

    fn principals(&mut self, path: &str, json: Json) -> Option<Principals> {
        match &json {
            Json::Text(text) if text == "*" => return Some(Principals::Everyone),
            Json::Text(text) => {
                let sort = if service(text).is_ok() { "Service" } else { "AWS" };
                self.wrong(path, format!("Only * stands alone. Say what it is: {{\"{sort}\": \"{}\"}}.", clip(text)));
                return None;
            }
            _ => {}
        }
        let mut members = self.known(path, json, "a principal", &PrincipalSort::ALL.map(PrincipalSort::as_str))?;
        if members.pairs.is_empty() {
            self.wrong(path, "Nobody is named: write {\"AWS\": \"111122223333\"}, or \"*\" for everybody.");
        }
        let mut list = Vec::new();
        for sort in PrincipalSort::ALL {
            let rule = match sort {
                PrincipalSort::Aws => aws,
                PrincipalSort::Service => service,
                PrincipalSort::Federated => federated,
                PrincipalSort::CanonicalUser => canonical,
            };
            if let Some((path, json)) = members.take(sort.as_str()) {
                let names = self.texts(&path, json, rule).unwrap_or_default();
                list.extend(names.into_iter().map(|name| Principal { sort, name }));
            }
        }
        Some(Principals::These(list))
    }

    fn conditions(&mut self, path: &str, json: Json) -> Option<Vec<Condition>> {
        let mut conditions = Vec::new();
        for (operator, keys) in self.members(path, json, true)?.pairs {
            let path = join(path, &operator);
            if let Err(message) = known_operator(&operator) {
                self.wrong(&path, message);
            }
            let Some(keys) = self.members(&path, keys, true) else { continue };
            if keys.pairs.is_empty() {
                self.wrong(&path, "Nothing is compared here: name a key, such as aws:SourceAccount.");
            }
            for (key, values) in keys.pairs {
                let path = join(&path, &key);
                if !key.split_once(':').is_some_and(|(prefix, name)| !prefix.is_empty() && !name.is_empty()) {
                    self.wrong(&path, "A key names its service, such as aws:SourceAccount or ecr:ResourceTag/team.");
                }
                let values = self.values(&path, values).unwrap_or_default();
                conditions.push(Condition { operator: operator.clone(), key, values });
            }
        }
        Some(conditions)
    }

    /// AWS takes numbers and booleans with and without quotes.
    fn values(&mut self, path: &str, json: Json) -> Option<Vec<String>> {
        let quoted = |json: Json| match json {
            Json::Bool(value) => Json::Text(value.to_string()),
            Json::Number(text) => Json::Text(text),
            other => other,
        };
        match json {
            Json::List(list) => self.texts(path, Json::List(list.into_iter().map(quoted).collect()), |_| Ok(())),
            one => self.texts(path, quoted(one), |_| Ok(())),
        }
    }
}

//! Resource policies: what they say, read without dropping anything ([`Document::parse`]) and written back ([`Document::to_text`]); whether
//! two say the same ([`same()`]).
//!
//! Here is the grammar that all services share. What a service allows on top of it is in that service's module, such as
//! [`crate::ecr::repository_policy`]. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

mod json;
mod kept;
mod names;
mod operator;
mod read;
mod same;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use kept::as_kept;
pub(crate) use operator::{Operator, account_of, few_addresses, fixed};
pub use same::same;

use crate::identity::AccountId;
use json::Json;

/// What is wrong with a policy: the path of the element (`Statement[1].Principal.AWS[0]`, empty for the text as a whole) and what to do.
pub type Errors = BTreeMap<String, String>;

/// A policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The version of the language; without one AWS reads it as [`Version::Y2008`].
    pub version: Option<Version>,
    /// Some services want one, and some write one.
    pub id: Option<String>,
    /// At least one in a policy that was read.
    pub statements: Vec<Statement>,
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`: no policy variables.
    Y2008,
    /// `2012-10-17`: the current one.
    Y2012,
}

impl Version {
    /// As policies write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Version::Y2008 => "2008-10-17",
            Version::Y2012 => "2012-10-17",
        }
    }
}

/// One rule of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its name. Services differ in what they allow in it; ECR's own console writes spaces.
    pub sid: Option<String>,
    /// Whether it gives or takes away.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`.
    pub principals: Matches<Principals>,
    /// `Action` or `NotAction`, as typed, wildcards and all.
    pub actions: Matches<Vec<String>>,
    /// `Resource` or `NotResource`, where the service has them.
    pub resources: Option<Matches<Vec<String>>>,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
}

/// A denial beats every permission, of this policy and of all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // AWS's words
pub enum Effect {
    Allow,
    Deny,
}

/// An element or its `Not…` twin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matches<T> {
    /// What is listed.
    Only(T),
    /// Everything but what is listed.
    Except(T),
}

/// Whom a statement is about. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principals {
    /// `"*"`; `{"AWS": "*"}` means the same, and stays as it was typed.
    Everyone,
    /// Those listed, in the order they stand.
    These(Vec<Principal>),
}

/// One principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The key it stands under.
    pub sort: PrincipalSort,
    /// An account id, an ARN, a service such as `lambda.amazonaws.com`, `*`, or the id AWS leaves where a user or role was deleted.
    pub name: String,
}

/// The keys of a `Principal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // AWS's words
pub enum PrincipalSort {
    Aws,
    Service,
    Federated,
    CanonicalUser,
}

impl PrincipalSort {
    const ALL: [PrincipalSort; 4] =
        [PrincipalSort::Aws, PrincipalSort::Service, PrincipalSort::Federated, PrincipalSort::CanonicalUser];

    /// As policies write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            PrincipalSort::Aws => "AWS",
            PrincipalSort::Service => "Service",
            PrincipalSort::Federated => "Federated",
            PrincipalSort::CanonicalUser => "CanonicalUser",
        }
    }
}

/// One key of a `Condition` under one operator; one of its values must fit.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// With its `ForAnyValue:` and `IfExists`, as typed.
    pub operator: String,
    /// Such as `aws:SourceArn`; AWS does not mind its case.
    pub key: String,
    /// Numbers and booleans as texts, as AWS reads them.
    pub values: Vec<String>,
}

impl Principal {
    /// The whole of an account.
    pub fn account(partition: &str, account: &AccountId) -> Self {
        Self { sort: PrincipalSort::Aws, name: format!("arn:{partition}:iam::{account}:root") }
    }
    /// `*` under `AWS`: the same as [`Principals::Everyone`].
    pub fn is_everyone(&self) -> bool {
        self.sort == PrincipalSort::Aws && self.name == "*"
    }
    /// The account it is in, or is; none for services, everybody and what was deleted.
    pub fn in_account(&self) -> Option<&str> {
        if self.sort == PrincipalSort::Aws && AccountId::parse(&self.name).is_ok() {
            return Some(&self.name);
        }
        let account = self.name.strip_prefix("arn:")?.split(':').nth(3)?;
        AccountId::parse(account).is_ok().then_some(account)
    }
    /// Whether it is an account as a whole, not somebody in it.
    pub fn is_account(&self) -> bool {
        self.sort == PrincipalSort::Aws && (AccountId::parse(&self.name).is_ok() || self.name.ends_with(":root"))
    }
}

impl Statement {
    /// Whether it is about an action, such as `ecr:PutImage`.
    pub fn acts_on(&self, action: &str) -> bool {
        match &self.actions {
            Matches::Only(patterns) => patterns.iter().any(|p| fits(p, action)),
            Matches::Except(patterns) => !patterns.iter().any(|p| fits(p, action)),
        }
    }
}

impl Document {
    /// A policy of these statements, in the current version of the language.
    pub fn of(statements: Vec<Statement>) -> Self {
        Self { version: Some(Version::Y2012), id: None, statements }
    }

    /// Reads a policy as people type it. Errors are collected, so that all of them can be shown at once; broken JSON gives one error,
    /// under the empty path, with its line and column.
    pub fn parse(text: &str) -> Result<Self, Errors> {
        read::document(text)
    }

    /// The policy as indented JSON, elements in AWS's usual order.
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(&self.json()).unwrap_or_default()
    }

    fn json(&self) -> Json {
        let mut pairs = Vec::new();
        push(&mut pairs, "Version", self.version.map(|v| Json::Text(v.as_str().to_owned())));
        push(&mut pairs, "Id", self.id.clone().map(Json::Text));
        push(&mut pairs, "Statement", Some(Json::List(self.statements.iter().map(Statement::json).collect())));
        Json::Map(pairs)
    }
}

impl Statement {
    fn json(&self) -> Json {
        let mut pairs = Vec::new();
        push(&mut pairs, "Sid", self.sid.clone().map(Json::Text));
        push(&mut pairs, "Effect", Some(Json::Text(format!("{:?}", self.effect))));
        let mut either = |name: &str, not: bool, value: Json| {
            push(&mut pairs, &if not { format!("Not{name}") } else { name.to_owned() }, Some(value));
        };
        match &self.principals {
            Matches::Only(who) => either("Principal", false, who.json()),
            Matches::Except(who) => either("Principal", true, who.json()),
        }
        let lists = [("Action", Some(&self.actions)), ("Resource", self.resources.as_ref())];
        for (name, list) in lists {
            match list {
                Some(Matches::Only(list)) => either(name, false, Json::texts(list)),
                Some(Matches::Except(list)) => either(name, true, Json::texts(list)),
                None => {}
            }
        }
        let mut operators: Vec<(String, Json)> = Vec::new();
        for condition in &self.conditions {
            let pair = (condition.key.clone(), Json::texts(&condition.values));
            match operators.iter_mut().find(|(operator, _)| *operator == condition.operator) {
                Some((_, Json::Map(keys))) => keys.push(pair),
                _ => operators.push((condition.operator.clone(), Json::Map(vec![pair]))),
            }
        }
        push(&mut pairs, "Condition", (!operators.is_empty()).then_some(Json::Map(operators)));
        Json::Map(pairs)
    }
}

impl Principals {
    fn json(&self) -> Json {
        let Principals::These(list) = self else { return Json::Text("*".to_owned()) };
        let mut sorts: Vec<(String, Json)> = Vec::new();
        for sort in PrincipalSort::ALL {
            let names: Vec<String> = list.iter().filter(|p| p.sort == sort).map(|p| p.name.clone()).collect();
            push(&mut sorts, sort.as_str(), (!names.is_empty()).then(|| Json::texts(&names)));
        }
        Json::Map(sorts)
    }
}

fn push(pairs: &mut Vec<(String, Json)>, name: &str, value: Option<Json>) {
    pairs.extend(value.map(|value| (name.to_owned(), value)));
}

/// Whether a pattern of a policy (`*` for any characters, `?` for one) covers an action. AWS does not mind the case of actions.
pub fn fits(pattern: &str, action: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), action.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == b'?' || c.eq_ignore_ascii_case(&text[t]) => (p, t) = (p + 1, t + 1),
            _ => match star {
                // The last `*` takes one character more, and what follows it is tried again.
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, t) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

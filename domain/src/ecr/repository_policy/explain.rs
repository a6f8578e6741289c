//! What a repository policy means: who gains or loses what.

use std::collections::BTreeSet;

use super::conditions::{self, Narrowed};
use super::{ACTIONS, PULL, PUSH, Power, about, joined, known, who};
use crate::iam::policy_document::{
    Condition, Document, Effect, Matches, Principal, PrincipalSort, Principals, Statement,
};
use crate::identity::{AccountId, Scope, clip};

/// How much a line deserves a second look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// As usual.
    Usual,
    /// Worth knowing: others can change what is in the repository, or a service may act for anybody.
    Notable,
    /// Open to the world, or somebody else may change the policy itself.
    Dangerous,
}

/// What one principal gains, or is denied, by one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gain {
    /// Where it is written: `Statement[0]`.
    pub path: String,
    /// Whether it gives or takes away.
    pub effect: Effect,
    /// How much it deserves a second look.
    pub severity: Severity,
    /// The line itself: "AWS Lambda may pull images, only for functions of this account (aws:SourceAccount)".
    pub text: String,
    /// Why it is not [`Severity::Usual`].
    pub why: Option<String>,
    /// What it amounts to. A pull or push that lacks an action is none.
    pub powers: BTreeSet<Power>,
    /// The actions covered, of [`ACTIONS`], without `ecr:`; wildcards are spelled out.
    pub actions: Vec<&'static str>,
}

/// Whom a statement reaches, as far as it decides how dangerous it is.
enum Reach {
    Anyone,
    Network,
    Others,
    UnboundService,
    Own,
    Gone,
}

/// Who gains what, in words, for the owner of a repository in this account; one line for each principal of each statement, in their
/// order. What a denial takes from a permission is not worked out: both have their line.
pub fn explain(document: &Document, scope: &Scope) -> Vec<Gain> {
    document.statements.iter().enumerate().flat_map(|(n, s)| statement(n, s, &scope.account)).collect()
}

fn statement(n: usize, statement: &Statement, own: &AccountId) -> Vec<Gain> {
    let actions: Vec<&'static str> =
        ACTIONS.iter().map(|(name, _)| *name).filter(|name| about(statement, name)).collect();
    let everyone = |conditions: &[Condition]| reach_of_everyone(conditions, own);
    let parties = match &statement.principals {
        Matches::Only(Principals::Everyone) => vec![everyone(&statement.conditions)],
        Matches::Only(Principals::These(list)) => {
            list.iter()
                .map(|p| {
                    if p.is_everyone() { everyone(&statement.conditions) } else { party(p, &statement.conditions, own) }
                })
                .collect()
        }
        Matches::Except(Principals::Everyone) => Vec::new(),
        Matches::Except(Principals::These(list)) => {
            let named: Vec<String> = list.iter().map(|p| who::named(p, own)).collect();
            let conditions = conditions::said(&statement.conditions, own, "resources");
            vec![(format!("anyone but {}", joined(&named, "and")), Reach::Anyone, conditions)]
        }
    };
    let unknown = unknown(statement);
    let (powers, what) = powers(&actions, &unknown, statement.effect);
    // What half a pull is good for depends on who has the other half: for danger, it counts.
    let mut touched: BTreeSet<Power> =
        ACTIONS.iter().filter(|(name, _)| actions.contains(name)).filter_map(|(_, power)| *power).collect();
    touched.extend((!unknown.is_empty()).then_some(Power::Manage));
    let gain = |(who, reach, conditions): (String, Reach, Vec<String>)| {
        let may = format!("{what}{}", ending(&conditions, statement.effect));
        let (severity, why) = match statement.effect {
            Effect::Allow => severity(&reach, &touched),
            Effect::Deny => (Severity::Usual, None),
        };
        let text = match statement.effect {
            Effect::Allow => format!("{} may {may}", who::capital(&who)),
            Effect::Deny => match [ANYONE, "anyone", "everyone"].iter().find_map(|all| who.strip_prefix(all)) {
                Some(rest) => format!("Nobody{rest} may {may}"),
                None => format!("{} may not {may}", who::capital(&who)),
            },
        };
        Gain {
            path: format!("Statement[{n}]"),
            effect: statement.effect,
            severity,
            text,
            why: why.map(str::to_owned),
            powers: powers.clone(),
            actions: actions.clone(),
        }
    };
    parties.into_iter().map(gain).collect()
}

/// A private registry answers nobody who did not sign in with some account:
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html>
const ANYONE: &str = "anyone on the internet with an AWS account";

fn ending(conditions: &[String], effect: Effect) -> String {
    let lead = if effect == Effect::Allow { ", only " } else { " " };
    if conditions.is_empty() { String::new() } else { format!("{lead}{}", conditions.join(" and ")) }
}

/// Who "everyone" is once the conditions are read, and which of these are left to be said.
fn reach_of_everyone(all: &[Condition], own: &AccountId) -> (String, Reach, Vec<String>) {
    let said = |skip: Option<usize>| {
        let left: Vec<Condition> =
            all.iter().enumerate().filter(|(n, _)| Some(*n) != skip).map(|(_, c)| c.clone()).collect();
        conditions::said(&left, own, "resources")
    };
    let found: Vec<_> = all.iter().enumerate().filter_map(|(n, c)| Some((n, conditions::narrowed(c, own)?))).collect();
    let named = found.iter().find_map(|(n, narrowed)| match narrowed {
        Narrowed::To { who, own } => Some((*n, who.clone(), *own)),
        Narrowed::Network => None,
    });
    match named {
        Some((n, who, true)) => (who, Reach::Own, said(Some(n))),
        Some((n, who, false)) => (who, Reach::Others, said(Some(n))),
        None if !found.is_empty() => (ANYONE.to_owned(), Reach::Network, said(None)),
        None => (ANYONE.to_owned(), Reach::Anyone, said(None)),
    }
}

fn party(principal: &Principal, all: &[Condition], own: &AccountId) -> (String, Reach, Vec<String>) {
    let reach = match principal.sort {
        PrincipalSort::Service if conditions::holds_service(all, own) => Reach::Others,
        PrincipalSort::Service => Reach::UnboundService,
        PrincipalSort::Federated | PrincipalSort::CanonicalUser => Reach::Others,
        PrincipalSort::Aws => match principal.in_account() {
            Some(id) if id == own.as_str() => Reach::Own,
            Some(_) => Reach::Others,
            None => Reach::Gone,
        },
    };
    (who::named(principal, own), reach, conditions::said(all, own, who::noun(principal)))
}

fn severity(reach: &Reach, powers: &BTreeSet<Power>) -> (Severity, Option<&'static str>) {
    let has = |list: &[Power]| list.iter().any(|p| powers.contains(p));
    let changes = has(&[Power::Push, Power::Delete, Power::Manage]);
    match reach {
        Reach::Gone | Reach::Own => (Severity::Usual, None),
        _ if powers.is_empty() => (Severity::Usual, None),
        Reach::Anyone => (Severity::Dangerous, Some("Open to the world: name accounts, or an organization.")),
        _ if has(&[Power::Policy]) => {
            (Severity::Dangerous, Some("Whoever may change the policy may give themselves and others everything else."))
        }
        Reach::Network => (Severity::Notable, Some("Limited by network only, not by who asks.")),
        _ if changes => (Severity::Notable, Some("Others can change what your services run.")),
        Reach::UnboundService => (
            Severity::Notable,
            Some("The service may do this for any account: add aws:SourceAccount or aws:SourceArn."),
        ),
        Reach::Others => (Severity::Usual, None),
    }
}

/// Patterns that cover no action known here. They stay in sight: AWS may know more.
fn unknown(statement: &Statement) -> Vec<String> {
    match &statement.actions {
        Matches::Only(patterns) => patterns.iter().filter(|p| known(p).is_err()).map(|p| clip(p)).collect(),
        Matches::Except(_) => Vec::new(),
    }
}

/// What the actions amount to, and how it is said.
fn powers(actions: &[&'static str], unknown: &[String], effect: Effect) -> (BTreeSet<Power>, String) {
    let whole = |power: Power, name: &str| match (power, effect) {
        (Power::Pull, Effect::Allow) => PULL.iter().all(|needed| actions.contains(needed)),
        (Power::Push, Effect::Allow) => PUSH.iter().all(|needed| actions.contains(needed)),
        // Without any one of its parts there is no pull, and no push.
        (Power::Pull, Effect::Deny) => PULL.contains(&name),
        _ => true,
    };
    let mut powers = BTreeSet::new();
    let mut lone = Vec::new();
    for (name, power) in ACTIONS.iter().filter(|(name, _)| actions.contains(name)) {
        match *power {
            Some(power) if whole(power, name) => {
                powers.insert(power);
            }
            Some(_) => lone.push(*name),
            None => {}
        }
    }
    if powers.contains(&Power::Push) {
        lone.retain(|name| !PUSH.contains(name));
    }
    let said = said(&powers, &lone, actions, unknown, effect);
    (powers, said)
}

fn said(
    powers: &BTreeSet<Power>,
    lone: &[&str],
    actions: &[&'static str],
    unknown: &[String],
    effect: Effect,
) -> String {
    let (and, all) = match effect {
        Effect::Allow => ("and", "do everything"),
        Effect::Deny => ("or", "do anything"),
    };
    if ACTIONS.iter().all(|(name, power)| power.is_none() || actions.contains(name)) {
        return all.to_owned();
    }
    let chosen = |words: &[(bool, &str)]| -> Vec<String> {
        words.iter().filter(|(has, _)| *has).map(|(_, word)| (*word).to_owned()).collect()
    };
    let images = chosen(&[
        (powers.contains(&Power::Pull), "pull"),
        (powers.contains(&Power::Push), "push"),
        (actions.contains(&"BatchDeleteImage"), "delete"),
    ]);
    let mut words = Vec::new();
    if !images.is_empty() {
        words.push(format!("{} images", joined(&images, and)));
    }
    words.extend(chosen(&[
        (actions.contains(&"DeleteRepository"), "delete the repository"),
        (powers.contains(&Power::See), "see its details"),
        (powers.contains(&Power::Manage), "change its settings"),
        (powers.contains(&Power::Policy), "change this policy"),
    ]));
    if !lone.is_empty() {
        let names: Vec<String> = lone.iter().map(|name| format!("ecr:{name}")).collect();
        words.push(format!("use {} (alone neither a pull nor a push)", joined(&names, and)));
    }
    if !unknown.is_empty() {
        words.push(format!("use {} (not known here)", joined(unknown, and)));
    }
    if words.is_empty() {
        return "do nothing by this: these actions are about the registry, not a repository".to_owned();
    }
    joined(&words, and)
}

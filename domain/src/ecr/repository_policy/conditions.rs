//! Conditions: in words, and what they do to the reach of a statement.

use super::who;
use crate::iam::policy_document::{Condition, Operator, account_of, few_addresses, fits, fixed};
use crate::identity::{AccountId, clip};

/// How far a statement about everybody still reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ecr) enum Narrowed {
    /// To those named here.
    To {
        /// As in the middle of a sentence.
        who: String,
        /// All of them are in the account that owns the repository.
        own: bool,
    },
    /// To whoever comes from some networks.
    Network,
}

/// What one condition leaves of everybody. Only what nobody else can bring about counts: a tag, say, can be put on by anybody in an
/// account of their own. In the spirit of S3's meaning of public:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
pub(in crate::ecr) fn narrowed(condition: &Condition, own: &AccountId) -> Option<Narrowed> {
    let values = &condition.values;
    if !Operator::of(&condition.operator).demands() || values.is_empty() {
        return None;
    }
    let all = |holds: fn(&str) -> bool| values.iter().all(|v| holds(v));
    let list = super::joined(values, "or");
    let accounts = |ids: Vec<&str>| {
        let names: Vec<String> = ids.iter().map(|id| who::account(id, own)).collect();
        (super::joined(&names, "or"), ids.iter().all(|id| *id == own.as_str()))
    };
    let plain = || accounts(values.iter().map(String::as_str).collect());
    let in_arns = || values.iter().map(|v| account_of(v)).collect::<Option<Vec<_>>>().map(accounts);
    match condition.key.to_ascii_lowercase().as_str() {
        "aws:principalorgid" if all(fixed) => {
            Some(Narrowed::To { who: format!("everyone in organization {list}"), own: false })
        }
        "aws:principalorgpaths" if all(|v| v.split_once('/').is_some_and(|(org, _)| fixed(org))) => {
            Some(Narrowed::To { who: format!("everyone in organizational unit {list}"), own: false })
        }
        "aws:sourceorgid" if all(fixed) => {
            Some(Narrowed::To { who: format!("every AWS service acting for organization {list}"), own: false })
        }
        "aws:principalaccount" if all(|v| AccountId::parse(v).is_ok()) => {
            let (names, own) = plain();
            Some(Narrowed::To { who: format!("everyone in {names}"), own })
        }
        "aws:sourceaccount" if all(|v| AccountId::parse(v).is_ok()) => {
            let (names, own) = plain();
            Some(Narrowed::To { who: format!("every AWS service acting for {names}"), own })
        }
        "aws:principalarn" => in_arns().map(|(_, own)| Narrowed::To { who: format!("whoever is {list}"), own }),
        "aws:sourcearn" => {
            in_arns().map(|(_, own)| Narrowed::To { who: format!("every AWS service acting for {list}"), own })
        }
        "aws:sourcevpc" | "aws:sourcevpce" if all(fixed) => Some(Narrowed::Network),
        "aws:sourceip" if all(few_addresses) => Some(Narrowed::Network),
        _ => None,
    }
}

/// Whether a service is held to somebody's resources. Without, anybody may have it act for theirs.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>
pub(super) fn holds_service(conditions: &[Condition], own: &AccountId) -> bool {
    conditions.iter().any(|c| {
        c.key.to_ascii_lowercase().starts_with("aws:source") && matches!(narrowed(c, own), Some(Narrowed::To { .. }))
    })
}

/// Whether conditions leave out all people and programs of an account.
pub(super) fn spare(conditions: &[Condition], own: &AccountId) -> bool {
    conditions.iter().any(|condition| {
        let operator = Operator::of(&condition.operator);
        let values = &condition.values;
        let whole = |arn: &String| {
            let rest = arn.splitn(6, ':').nth(5);
            rest == Some("*") && arn.split(':').nth(4).is_some_and(|account| fits(account, own.as_str()))
        };
        match condition.key.to_ascii_lowercase().as_str() {
            "aws:principalaccount" if operator.excludes() => values.iter().any(|v| fits(v, own.as_str())),
            "aws:principalaccount" if operator.demands() => !values.iter().any(|v| fits(v, own.as_str())),
            "aws:principalarn" if operator.excludes() => values.iter().any(whole),
            "aws:principalarn" if operator.demands() => {
                values.iter().all(|v| account_of(v).is_some_and(|account| account != own.as_str()))
            }
            "aws:principalisawsservice" if operator.demands() => values == &["true"],
            _ => false,
        }
    })
}

/// Each condition as the end of a sentence: "for functions of this account (aws:SourceAccount)", "if aws:SourceIp is in 10.0.0.0/8".
/// `noun` is what the service in question acts for.
pub(in crate::ecr) fn said(conditions: &[Condition], own: &AccountId, noun: &str) -> Vec<String> {
    conditions.iter().map(|condition| one(condition, own, noun)).collect()
}

fn one(condition: &Condition, own: &AccountId, noun: &str) -> String {
    let operator = Operator::of(&condition.operator);
    let values = &condition.values;
    let whole = |value: &String| match condition.key.to_ascii_lowercase().as_str() {
        "aws:sourceaccount" if fixed(value) => Some(who::account(value, own)),
        "aws:sourcearn" => all_of_account(value, own),
        _ => None,
    };
    if operator.demands()
        && let Some(accounts) = values.iter().map(whole).collect::<Option<Vec<_>>>()
    {
        let key = clip(&condition.key);
        return format!("for {noun} of {} ({key})", super::joined(&accounts, "or"));
    }
    condition.in_words()
}

/// Whose an ARN pattern is that covers all of a kind in an account, such as `arn:aws:lambda:*:111122223333:function:*`.
fn all_of_account(arn: &str, own: &AccountId) -> Option<String> {
    let account = who::account(account_of(arn)?, own);
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let (region, rest) = (*fields.get(3)?, *fields.get(5)?);
    let kind = rest.strip_suffix(":*").or(rest.strip_suffix("/*")).unwrap_or(rest);
    let whole = rest == "*" || (kind != rest && fixed(kind) && !kind.contains([':', '/']));
    match region {
        _ if !whole => None,
        "*" => Some(account),
        region => fixed(region).then(|| format!("{account} in {region}")),
    }
}

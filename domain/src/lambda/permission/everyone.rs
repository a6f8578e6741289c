//! What the conditions of a statement about everyone leave of everyone. Pure.
//!
//! Two questions: whether somebody without any tie to the account still meets them ([`open`]), and else to whom they hold it
//! ([`held_to`]). What is neither is not made up.

use super::{called, service};
use crate::iam::policy_document::{Condition, Operator, account_of, few_addresses, fits, fixed};
use crate::identity::AccountId;
use crate::wording::joined;

/// Who has no tie to the account, by how they ask.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stranger {
    /// A request to a URL that asks for no sign-in.
    Unsigned,
    /// A request to a URL, signed with an account of their own.
    SignedToUrl,
    /// A call of the API, which is always signed.
    Signed,
}

/// What a stranger's request says of a condition key.
#[derive(Clone, Copy)]
enum Says {
    Nothing,
    One(&'static str),
    /// Something of their own that no policy names.
    Theirs,
    /// That, or nothing.
    Perhaps,
    /// Whatever they like.
    Anything,
    Unknown,
}

impl Stranger {
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>,
    /// <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>
    fn says(self, key: &str) -> Says {
        let signed = self != Stranger::Unsigned;
        match key.to_ascii_lowercase().as_str() {
            "lambda:functionurlauthtype" => match self {
                Stranger::Unsigned => Says::One("NONE"),
                Stranger::SignedToUrl => Says::One("AWS_IAM"),
                Stranger::Signed => Says::Nothing,
            },
            "lambda:invokedviafunctionurl" if self != Stranger::Signed => Says::One("true"),
            "aws:securetransport" => Says::One("true"),
            "aws:principalisawsservice" | "aws:viaawsservice" => Says::One("false"),
            "aws:principalaccount" if !signed => Says::One("anonymous"),
            "aws:principaltype" if !signed => Says::One("Anonymous"),
            "aws:principalaccount" | "aws:principalarn" if signed => Says::Theirs,
            "aws:sourceip" => Says::Theirs,
            "aws:useragent" | "aws:referer" => Says::Anything,
            // The last four: also what their own bucket, say, would have a service call for them.
            "aws:principalorgid"
            | "aws:principalorgpaths"
            | "aws:sourcevpc"
            | "aws:sourcevpce"
            | "aws:sourceaccount"
            | "aws:sourcearn"
            | "aws:sourceorgid"
            | "aws:sourceorgpaths"
                if signed =>
            {
                Says::Perhaps
            }
            "lambda:eventsourcetoken" | "lambda:sourcefunctionarn" => Says::Nothing,
            // They put the tags on themselves.
            key if key.starts_with("aws:principaltag/") && signed => Says::Anything,
            key if key.starts_with("aws:principal") || key.starts_with("aws:source") => match signed {
                false => Says::Nothing,
                true => Says::Unknown,
            },
            _ => Says::Unknown,
        }
    }
}

/// Whether a stranger who asks so meets all of them for certain.
pub(super) fn open(conditions: &[Condition], stranger: Stranger) -> bool {
    conditions.iter().all(|condition| holds(condition, stranger.says(&condition.key)) == Some(true))
}

/// `None` where that depends on more than is known.
fn holds(condition: &Condition, says: Says) -> Option<bool> {
    let operator = Operator::of(&condition.operator);
    let negated = operator.base.contains("not");
    let plain = operator.base.replacen("not", "", 1);
    let has = match says {
        Says::Unknown => return None,
        Says::Anything => return Some(true),
        Says::Perhaps => {
            return match (holds(condition, Says::Nothing), holds(condition, Says::Theirs)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
        }
        _ if operator.base == "null" => {
            let wants_missing = condition.values.iter().any(|value| value.eq_ignore_ascii_case("true"));
            return Some(wants_missing == matches!(says, Says::Nothing));
        }
        Says::Nothing => {
            let known = ["string", "arn", "ip", "bool", "numeric", "date", "binary"];
            let known = known.iter().any(|sort| plain.starts_with(sort));
            let without = operator.all || operator.if_exists || negated && !operator.any;
            return known.then_some(without);
        }
        Says::One(said) => one_fits(&condition.values, |value| match plain.as_str() {
            "stringequals" => Some(value == said),
            "stringequalsignorecase" | "bool" => Some(value.eq_ignore_ascii_case(said)),
            "stringlike" => Some(fits(value, said)),
            _ => None,
        }),
        Says::Theirs => one_fits(&condition.values, |value| is_theirs(&plain, value)),
    };
    has.map(|has| has != negated)
}

/// Whether one of the values fits.
fn one_fits(values: &[String], test: impl Fn(&str) -> Option<bool>) -> Option<bool> {
    let each: Vec<Option<bool>> = values.iter().map(|value| test(value)).collect();
    match each.contains(&Some(true)) {
        true => Some(true),
        false => (!each.contains(&None)).then_some(false),
    }
}

/// Whether a value fits what is a stranger's.
fn is_theirs(plain: &str, value: &str) -> Option<bool> {
    match plain {
        "stringlike" | "arnlike" | "arnequals" if !value.is_empty() && value.bytes().all(|b| b == b'*') => Some(true),
        "ipaddress" if ["0.0.0.0/0", "::/0"].contains(&value) => Some(true),
        "ipaddress" => few_addresses(value).then_some(false),
        "stringequals" | "stringequalsignorecase" => (!value.contains('$')).then_some(false),
        // An organization's units, an account's users and roles.
        "stringlike" | "arnlike" | "arnequals" => {
            let named = fixed(value)
                || account_of(value).is_some()
                || value
                    .split_once('/')
                    .is_some_and(|(organization, _)| organization.starts_with("o-") && fixed(organization));
            named.then_some(false)
        }
        _ => None,
    }
}

/// The keys by which a statement is held to somebody, those that say most first.
const HOLDING: &[&str] = &[
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgpaths",
    "aws:principalorgid",
    "aws:principalservicename",
    "lambda:eventsourcetoken",
    "aws:sourceaccount",
    "aws:sourceorgpaths",
    "aws:sourceorgid",
    "aws:sourcearn",
    "aws:principalisawsservice",
    "aws:sourcevpce",
    "aws:sourcevpc",
    "aws:sourceip",
];

/// To whom conditions hold what is said of everyone, and by which of them. `None` if none of them does, or not to anybody that can be named.
pub(super) fn held_to(conditions: &[Condition]) -> Option<(usize, String)> {
    HOLDING.iter().find_map(|key| {
        conditions.iter().enumerate().find_map(|(n, condition)| {
            let about = condition.key.eq_ignore_ascii_case(key) && Operator::of(&condition.operator).demands();
            Some((n, who(key, &condition.values)?)).filter(|_| about)
        })
    })
}

/// Who has one of these values for a key.
fn who(key: &str, values: &[String]) -> Option<String> {
    let of = |sort: &str| values.iter().map(|value| format!("{sort} {value}")).collect::<Vec<_>>();
    let any = |lead: &str, words: Vec<String>| Some(format!("{lead} {}", joined(&words, "or")));
    let all = |holds: fn(&str) -> bool| !values.is_empty() && values.iter().all(|value| holds(value));
    let is_account = |value: &str| AccountId::parse(value).is_ok();
    let in_organization = |value: &str| value.split_once('/').is_some_and(|(organization, _)| fixed(organization));
    match key {
        "aws:principalarn" if all(|value| account_of(value).is_some()) => {
            Some(joined(&values.iter().map(|value| principal(value)).collect::<Vec<_>>(), "or"))
        }
        "aws:principalaccount" if all(is_account) => any("anyone from", of("account")),
        "aws:principalorgpaths" if all(in_organization) => any("any principal in", of("organizational unit")),
        "aws:principalorgid" if all(fixed) => any("any principal in", of("organization")),
        "aws:principalservicename" if all(fixed) => {
            Some(joined(&values.iter().map(|name| service(name).to_owned()).collect::<Vec<_>>(), "or"))
        }
        "lambda:eventsourcetoken" if all(|value| !value.is_empty()) => Some("anyone who has its token".to_owned()),
        "aws:sourceaccount" if all(is_account) => any("any AWS service for", of("account")),
        "aws:sourceorgpaths" if all(in_organization) => any("any AWS service for", of("organizational unit")),
        "aws:sourceorgid" if all(fixed) => any("any AWS service for", of("organization")),
        // What it acts for stands beside it.
        "aws:sourcearn" if all(|value| value.starts_with("arn:")) => Some("any AWS service".to_owned()),
        "aws:principalisawsservice" if all(|value| value.eq_ignore_ascii_case("true")) => {
            Some("any AWS service".to_owned())
        }
        "aws:sourcevpce" if all(fixed) => any("anyone through", of("VPC endpoint")),
        "aws:sourcevpc" if all(fixed) => any("anyone in", of("VPC")),
        "aws:sourceip" if all(few_addresses) => any("anyone at", values.to_vec()),
        _ => None,
    }
}

/// Whom an ARN of an account's principals names, or a pattern of such.
fn principal(arn: &str) -> String {
    let account = account_of(arn).unwrap_or_default();
    match arn.splitn(6, ':').nth(5).unwrap_or_default() {
        "*" => format!("anyone from account {account}"),
        "root" => format!("account {account}"),
        _ if fixed(arn) => called(arn).to_owned(),
        some => format!("any {some} of account {account}"),
    }
}

#[cfg(test)]
#[path = "everyone_tests.rs"]
mod tests;

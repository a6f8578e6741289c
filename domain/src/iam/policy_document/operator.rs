//! The operators of conditions: what each asks of its key, what its values mean, and a condition in words.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use super::Condition;
use crate::identity::{AccountId, clip};
use crate::wording::joined;

/// An operator taken apart.
pub(crate) struct Operator {
    /// In small letters, without what stands before and behind it.
    pub(crate) base: String,
    /// `ForAllValues:`, which also holds where the key is missing.
    pub(crate) all: bool,
    /// `ForAnyValue:`.
    pub(crate) any: bool,
    /// `…IfExists`, which also holds where the key is missing.
    pub(crate) if_exists: bool,
}

impl Operator {
    /// Of what a policy writes.
    pub(crate) fn of(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let (all, rest) = lower.strip_prefix("forallvalues:").map_or((false, lower.as_str()), |rest| (true, rest));
        let (any, rest) = rest.strip_prefix("foranyvalue:").map_or((false, rest), |rest| (true, rest));
        let (if_exists, base) = rest.strip_suffix("ifexists").map_or((false, rest), |base| (true, base));
        Self { base: base.to_owned(), all, any, if_exists }
    }

    /// Holds where the key has one of the values; what it says where the key is missing is [`Operator::demands`]'s.
    pub(crate) fn equals(&self) -> bool {
        ["stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress", "bool"]
            .contains(&self.base.as_str())
    }

    /// Holds only where the key is there and has one of the values.
    pub(crate) fn demands(&self) -> bool {
        self.equals() && !self.all && !self.if_exists
    }

    /// Holds where the key has none of the values, or is missing.
    pub(crate) fn excludes(&self) -> bool {
        ["stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike"]
            .contains(&self.base.as_str())
            && !self.any
    }

    fn verb(&self) -> &'static str {
        match self.base.as_str() {
            "stringnotequals" | "stringnotequalsignorecase" | "arnnotequals" | "numericnotequals" | "datenotequals" => {
                "is not"
            }
            "stringlike" | "arnlike" => "is like",
            "stringnotlike" | "arnnotlike" => "is not like",
            "numericlessthan" => "is less than",
            "numericlessthanequals" => "is at most",
            "numericgreaterthan" => "is more than",
            "numericgreaterthanequals" => "is at least",
            "datelessthan" => "is before",
            "datelessthanequals" => "is not after",
            "dategreaterthan" => "is after",
            "dategreaterthanequals" => "is not before",
            "ipaddress" => "is in",
            "notipaddress" => "is not in",
            _ => "is",
        }
    }
}

impl Condition {
    /// As the end of a sentence: "if aws:SourceIp is in 10.0.0.0/8".
    pub(crate) fn in_words(&self) -> String {
        let operator = Operator::of(&self.operator);
        let key = clip(&self.key);
        let subject = match (operator.all, operator.any) {
            (true, _) => format!("every {key}"),
            (_, true) => format!("any {key}"),
            _ => key,
        };
        if operator.base == "null" {
            let missing = self.values.iter().any(|v| v.eq_ignore_ascii_case("true"));
            return format!("if {subject} {}", if missing { "is missing" } else { "is there" });
        }
        let missing = if operator.if_exists { " or is missing" } else { "" };
        format!("if {subject} {} {}{missing}", operator.verb(), joined(&self.values, "or"))
    }
}

/// A value that stands for itself: neither wildcard nor policy variable.
pub(crate) fn fixed(value: &str) -> bool {
    !value.is_empty() && !value.contains(['*', '?', '$'])
}

/// The account field of an ARN, if it is an account's id and no pattern.
pub(crate) fn account_of(arn: &str) -> Option<&str> {
    let account = arn.split(':').nth(4)?;
    AccountId::parse(account).is_ok().then_some(account)
}

/// A range that is no large part of the internet: at most a /8 of IPv4 or a /32 of IPv6, where S3 draws the line.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
pub(crate) fn few_addresses(range: &str) -> bool {
    let Some((address, bits)) = range.split_once('/') else { return fixed(range) };
    let least = if address.contains(':') { 32 } else { 8 };
    bits.parse::<u8>().is_ok_and(|bits| bits >= least)
}

//! Whether a policy lets in others than the one before: people and programs of other accounts, or everybody.

use super::conditions::{Narrowed, holds_service, narrowed};
use crate::iam::policy_document::{Document, Effect, Matches, Principal, PrincipalSort, Principals, Statement};
use crate::identity::AccountId;

/// Whether a policy of this account lets in others by a statement that the one before, if any, did not have, or that a denial of it narrowed which
/// is gone. Statements are compared as they are written, so one that lets in fewer than before counts, too. What cannot be read may do so.
pub fn lets_in_more(before: Option<&str>, after: &str, own: &AccountId) -> bool {
    let Ok(after) = Document::parse(after) else { return true };
    let before = before.and_then(|text| Document::parse(text).ok()).unwrap_or_default();
    let has = |document: &Document, wanted: &Statement| document.statements.iter().any(|other| alike(other, wanted));
    let mut open = after.statements.iter().filter(|statement| lets_in_others(statement, own)).peekable();
    let undenied = |one: &Statement| one.effect == Effect::Deny && !has(&after, one);
    (open.peek().is_some() && before.statements.iter().any(undenied)) || open.any(|statement| !has(&before, statement))
}

/// But for their names, which mean nothing.
fn alike(one: &Statement, other: &Statement) -> bool {
    Statement { sid: None, ..one.clone() } == Statement { sid: None, ..other.clone() }
}

fn lets_in_others(statement: &Statement, own: &AccountId) -> bool {
    let within = |test: fn(&Narrowed) -> bool| {
        statement.conditions.iter().filter_map(|condition| narrowed(condition, own)).any(|narrowed| test(&narrowed))
    };
    let own_only = || within(|narrowed| matches!(narrowed, Narrowed::To { own: true, .. }));
    let other = |principal: &Principal| match principal.sort {
        // One that acts for somebody's resources only: whose they are is in the same condition.
        PrincipalSort::Service => !(holds_service(&statement.conditions, own) && own_only()),
        PrincipalSort::Federated | PrincipalSort::CanonicalUser => true,
        PrincipalSort::Aws if principal.is_everyone() => !own_only(),
        // Without an account it was deleted.
        PrincipalSort::Aws => principal.in_account().is_some_and(|account| account != own.as_str()),
    };
    statement.effect == Effect::Allow
        && match &statement.principals {
            Matches::Only(Principals::Everyone) => !own_only(),
            Matches::Only(Principals::These(list)) => list.iter().any(other),
            Matches::Except(_) => true,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(statements: &[&str]) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
    }

    /// Somebody, under these conditions, may pull.
    fn pull(principal: &str, conditions: &str) -> String {
        format!(
            r#"{{"Effect":"Allow","Principal":{principal},"Action":"ecr:BatchGetImage","Condition":{{{conditions}}}}}"#
        )
    }

    fn own() -> AccountId {
        "111122223333".parse().unwrap()
    }

    #[test]
    fn others_are_whoever_is_not_of_the_account() {
        let account = |key: &str, id: &str| format!(r#""StringEquals":{{"{key}":"{id}"}}"#);
        let (lambda, everybody) = (r#"{"Service":"lambda.amazonaws.com"}"#, r#""*""#);
        for (principal, conditions, others) in [
            (r#"{"AWS":"arn:aws:iam::111122223333:role/ci"}"#, String::new(), false),
            (r#"{"AWS":"111122223333"}"#, String::new(), false),
            (r#"{"AWS":"AROAEXAMPLE"}"#, String::new(), false),
            (r#"{"AWS":["111122223333","arn:aws:iam::444455556666:root"]}"#, String::new(), true),
            (everybody, String::new(), true),
            (r#"{"AWS":"*"}"#, String::new(), true),
            (everybody, account("aws:PrincipalAccount", "111122223333"), false),
            (everybody, account("aws:PrincipalAccount", "444455556666"), true),
            (everybody, account("aws:PrincipalOrgID", "o-a1b2c3d4e5"), true),
            (everybody, r#""Bool":{"aws:SecureTransport":"true"}"#.to_owned(), true),
            (lambda, String::new(), true),
            (lambda, account("aws:SourceAccount", "111122223333"), false),
            (lambda, account("aws:SourceAccount", "444455556666"), true),
        ] {
            let text = policy(&[&pull(principal, &conditions)]);
            assert_eq!(lets_in_more(None, &text, &own()), others, "{text}");
        }
        assert!(!lets_in_more(None, &policy(&[&pull(everybody, "").replace("Allow", "Deny")]), &own()));
        assert!(lets_in_more(None, "{", &own()));
    }

    #[test]
    fn only_what_is_new_counts() {
        let everybody = pull(r#""*""#, "");
        let other = pull(r#"{"AWS":"444455556666"}"#, "");
        let denial = pull(r#"{"AWS":"555566667777"}"#, "").replace("Allow", "Deny");
        let own_role = pull(r#"{"AWS":"arn:aws:iam::111122223333:role/ci"}"#, "");
        let more = |before: &[&str], after: &[&str]| lets_in_more(Some(&policy(before)), &policy(after), &own());
        assert!(!more(&[&other], &[&own_role, &other.replacen('{', r#"{"Sid":"named","#, 1)]));
        assert!(more(&[&other], &[&other, &everybody]));
        assert!(more(&[&other], &[&other.replace("BatchGetImage", "*")]), "the same may do more");
        assert!(more(&[&everybody, &denial], &[&everybody]), "nobody is kept out any more");
        assert!(!more(&[&everybody, &other, &denial], &[&denial, &other]));
        assert!(!more(&[&own_role, &denial], &[&own_role]));
    }
}

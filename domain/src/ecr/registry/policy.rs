//! Registry policies: who may replicate into a registry, fetch through its cache, or use all of its repositories. Reading what was typed
//! ([`read`]), saying what it means ([`explain`]), what it would break ([`would_lock_out`]).
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html>

use crate::ecr::repository_policy::{
    ACTIONS, Power, Severity, about, conditions, joined, known, read_with, who, without_way_back,
};
use crate::iam::policy_document::{Document, Effect, Errors, Matches, Principals, Statement, fits};
use crate::identity::{AccountId, Scope};

/// The actions that a policy of the first scope decides about.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-scope.html>
pub const FIRST_SCOPE: &[&str] = &["ReplicateImage", "BatchImportUpstreamImage", "CreateRepository"];

/// What one principal gains, or is denied, by one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gain {
    /// How much it deserves a second look.
    pub severity: Severity,
    /// "Account 444455556666 may replicate images into this registry, in prod/*".
    pub text: String,
    /// Why it is not [`Severity::Usual`].
    pub why: Option<&'static str>,
}

/// Reads a policy that is to be set.
///
/// # Errors
/// What is wrong, by path; broken JSON under the empty path.
pub fn read(text: &str) -> Result<Document, Errors> {
    read_with(text, no_place, known)
}

/// A policy of a registry says which repositories it is about.
fn no_place(statement: &Statement) -> Option<(&'static str, String)> {
    let message = "Say which repositories it is about, such as \"Resource\": \"arn:aws:ecr:eu-west-1:111122223333:repository/*\".";
    statement.resources.is_none().then(|| ("Resource", message.to_owned()))
}

/// Why nobody in the account, or somebody in it, could take the policy back once it is set.
pub fn would_lock_out(document: &Document, account: &AccountId) -> Option<String> {
    without_way_back(
        "ecr",
        document,
        account,
        &[("PutRegistryPolicy", "change"), ("DeleteRegistryPolicy", "delete"), ("GetRegistryPolicy", "read")],
    )
}

/// Whether a pattern covers all of [`FIRST_SCOPE`], as `ecr:*` does: a policy of the first scope may have it, and no more of it counts.
fn is_whole(pattern: &str) -> bool {
    FIRST_SCOPE.iter().all(|name| fits(pattern, &format!("ecr:{name}")))
}

/// What counts of a policy of the first scope, as a sentence, where it has a pattern that covers more.
pub fn cut_to_first_scope(document: &Document) -> Option<String> {
    let wide = |statement: &Statement| match &statement.actions {
        Matches::Only(patterns) => patterns.iter().any(|pattern| is_whole(pattern)),
        Matches::Except(_) => false,
    };
    document.statements.iter().any(wide).then(|| {
        format!("The registry's policies have scope V1: of all that * covers here only {} count.", first_scope())
    })
}

fn first_scope() -> String {
    joined(&FIRST_SCOPE.iter().map(|name| format!("ecr:{name}")).collect::<Vec<_>>(), "and")
}

/// What a policy of the first scope cannot say.
///
/// # Errors
/// The actions that such a policy does not decide about.
pub fn in_first_scope(document: &Document) -> Result<(), String> {
    let names = |statement: &Statement, action: &str| match &statement.actions {
        Matches::Only(patterns) => patterns.iter().any(|pattern| !is_whole(pattern) && fits(pattern, action)),
        Matches::Except(_) => statement.acts_on(action),
    };
    let others: Vec<String> = ACTIONS
        .iter()
        .filter(|(name, _)| !FIRST_SCOPE.contains(name))
        .map(|(name, _)| format!("ecr:{name}"))
        .filter(|action| document.statements.iter().any(|statement| names(statement, action)))
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    let named = joined(&others.iter().take(3).cloned().collect::<Vec<_>>(), "and");
    Err(format!(
        "The registry's policies have scope V1 and decide only about {}; this one also names {named}. Leave that out, or change the scope to V2 first: then all that it says counts.",
        first_scope()
    ))
}

/// Who gains what, in words, for the registry's owner; one line for each principal of each statement, in their order.
pub fn explain(document: &Document, scope: &Scope) -> Vec<Gain> {
    document.statements.iter().flat_map(|s| statement(s, &scope.account)).collect()
}

/// What a group of actions is called, and whether an action is one of it.
type Group = (&'static str, fn(&str, Option<Power>) -> bool);

/// Groups of actions, in the order people ask for them.
const GROUPS: &[Group] = &[
    ("replicate images into this registry", |name, _| name == "ReplicateImage"),
    ("fetch images through its pull-through cache", |name, _| name == "BatchImportUpstreamImage"),
    ("have repositories created", |name, _| name == "CreateRepository"),
    ("pull images", |_, power| power == Some(Power::Pull)),
    ("push images", |_, power| power == Some(Power::Push)),
    ("delete images or repositories", |_, power| power == Some(Power::Delete)),
    ("see what is there", |_, power| power == Some(Power::See)),
    ("change settings of repositories", |name, power| {
        power == Some(Power::Manage) && name != "BatchImportUpstreamImage"
    }),
    ("change who may use repositories", |_, power| power == Some(Power::Policy)),
    ("change the registry itself", |name, power| {
        power.is_none() && !FIRST_SCOPE.contains(&name) && !name.starts_with("Get")
    }),
];

fn statement(statement: &Statement, own: &AccountId) -> Vec<Gain> {
    let actions: Vec<_> = ACTIONS.iter().filter(|(name, _)| about(statement, name)).collect();
    let touched: Vec<&str> = GROUPS
        .iter()
        .filter(|(_, fits)| actions.iter().any(|(name, power)| fits(name, *power)))
        .map(|(words, _)| *words)
        .collect();
    let word = if statement.effect == Effect::Allow { "and" } else { "or" };
    let what = match (actions.len() == ACTIONS.len(), touched.is_empty()) {
        (true, _) if statement.effect == Effect::Allow => "do everything".to_owned(),
        (true, _) => "do anything".to_owned(),
        (false, true) => "do nothing that is known here".to_owned(),
        (false, false) => joined(&touched.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>(), word),
    };
    let said = conditions::said(&statement.conditions, own, "resources");
    let only = if said.is_empty() { String::new() } else { format!(", only {}", said.join(" and ")) };
    let tail = format!("{what}{}{only}", places(statement));
    // Who may replicate or fetch brings images in; the rest of it reaches what is there.
    let changes = touched.iter().any(|words| words.starts_with("delete") || words.starts_with("change"));
    let line = |who: String, foreign: bool, anyone: bool| {
        let (severity, why) = match (statement.effect, anyone, foreign, changes) {
            (Effect::Deny, ..) | (_, false, false, _) => (Severity::Usual, None),
            (_, true, ..) => (Severity::Dangerous, Some("This is everybody with an AWS account.")),
            (_, _, true, true) => (Severity::Dangerous, Some("Others can delete images or give this access on.")),
            (_, _, true, false) => (Severity::Usual, None),
        };
        let may = if statement.effect == Effect::Allow { "may" } else { "may not" };
        Gain { severity, text: format!("{} {may} {tail}", who::capital(&who)), why }
    };
    let narrowed = statement.conditions.iter().any(|condition| conditions::narrowed(condition, own).is_some());
    match &statement.principals {
        Matches::Only(Principals::Everyone) => vec![line("everybody".into(), true, !narrowed)],
        Matches::Only(Principals::These(list)) => list
            .iter()
            .map(|p| line(who::named(p, own), p.in_account() != Some(own.as_str()), p.is_everyone() && !narrowed))
            .collect(),
        Matches::Except(Principals::Everyone) => vec![],
        Matches::Except(Principals::These(list)) => {
            let named: Vec<String> = list.iter().map(|p| who::named(p, own)).collect();
            vec![line(format!("everybody but {}", joined(&named, "and")), true, !narrowed)]
        }
    }
}

/// In which repositories, where it is not all of them.
fn places(statement: &Statement) -> String {
    let (list, lead) = match &statement.resources {
        Some(Matches::Only(list)) => (list, ", in "),
        Some(Matches::Except(list)) => (list, ", in all but "),
        None => return String::new(),
    };
    let names: Vec<String> = list
        .iter()
        .map(|arn| arn.split_once(":repository/").map_or(arn.as_str(), |(_, name)| name).to_owned())
        .collect();
    let all = matches!(statement.resources, Some(Matches::Only(_))) && names.iter().any(|name| name == "*");
    if all || names.is_empty() { String::new() } else { format!("{lead}{}", joined(&names, "and")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLICATE: &str = r#"{ "Version": "2012-10-17", "Statement": [{ "Sid": "in", "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::444455556666:root" }, "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
        "Resource": "arn:aws:ecr:eu-west-1:111122223333:repository/prod/*" }] }"#;

    fn scope() -> Scope {
        Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
    }

    #[test]
    fn a_policy_says_who_may_replicate_and_where() {
        let document = read(REPLICATE).unwrap();
        let gains = explain(&document, &scope());
        let texts: Vec<&str> = gains.iter().map(|g| g.text.as_str()).collect();
        assert_eq!(
            texts,
            ["Account 444455556666 may replicate images into this registry and have repositories created, in prod/*"]
        );
        assert_eq!(gains[0].severity, Severity::Usual);
        assert_eq!((would_lock_out(&document, &scope().account), in_first_scope(&document)), (None, Ok(())));
    }

    #[test]
    fn what_reaches_everybody_or_gives_access_on_is_marked() {
        let all = REPLICATE.replace("{ \"AWS\": \"arn:aws:iam::444455556666:root\" }", "\"*\"");
        assert_eq!(explain(&read(&all).unwrap(), &scope())[0].severity, Severity::Dangerous);
        let admin = REPLICATE.replace("[\"ecr:CreateRepository\", \"ecr:ReplicateImage\"]", "\"ecr:*\"");
        let document = read(&admin).unwrap();
        let gain = explain(&document, &scope()).remove(0);
        assert_eq!(
            (gain.text.as_str(), gain.severity),
            ("Account 444455556666 may do everything, in prod/*", Severity::Dangerous)
        );
    }

    #[test]
    fn only_a_condition_that_strangers_cannot_fulfil_narrows_everybody() {
        let all = REPLICATE.replace("{ \"AWS\": \"arn:aws:iam::444455556666:root\" }", "\"*\"");
        let under = |condition: &str| {
            let text = all.replace("\"Action\":", &format!("\"Condition\": {condition}, \"Action\":"));
            explain(&read(&text).unwrap(), &scope()).remove(0)
        };
        let secure = under(r#"{ "Bool": { "aws:SecureTransport": "true" } }"#);
        assert_eq!(
            (secure.severity, secure.why),
            (Severity::Dangerous, Some("This is everybody with an AWS account."))
        );
        let organization = under(r#"{ "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }"#);
        assert_eq!((organization.severity, organization.why), (Severity::Usual, None));
    }

    #[test]
    fn the_first_scope_takes_a_pattern_for_all_that_it_decides_about() {
        let with = |actions: &str| {
            read(&REPLICATE.replace("[\"ecr:CreateRepository\", \"ecr:ReplicateImage\"]", actions)).unwrap()
        };
        let all = with("\"ecr:*\"");
        assert_eq!(in_first_scope(&all), Ok(()));
        assert!(cut_to_first_scope(&all).unwrap().contains("only ecr:ReplicateImage, "));
        for more in ["\"ecr:Batch*\"", "[\"ecr:*\", \"ecr:BatchGetImage\"]"] {
            let refused = in_first_scope(&with(more)).unwrap_err();
            assert!(refused.contains("ecr:BatchGetImage") && refused.contains("V2"), "{more}: {refused}");
        }
        assert_eq!(cut_to_first_scope(&with("\"ecr:CreateRepository\"")), None);
    }

    #[test]
    fn what_aws_refuses_is_said_and_a_denial_of_the_way_back_too() {
        assert!(read("{").unwrap_err().contains_key(""));
        let bare = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*"}]}"#;
        let fields: Vec<String> = read(bare).unwrap_err().into_keys().collect();
        assert_eq!(fields, ["Statement[0].Action", "Statement[0].Resource"]);
        let shut = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"ecr:*RegistryPolicy","Resource":"*"}]}"#;
        let document = read(shut).unwrap();
        assert!(would_lock_out(&document, &scope().account).unwrap().contains("change, delete or read this policy"));
    }
}

//! What the form of a new repository makes of its entries, and of the answers of a run.

use super::*;
use crate::wizard::Draft as _;
use domain::plan::Facts;

fn scope() -> Scope {
    Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
}

#[test]
fn a_name_is_enough_and_what_is_ticked_becomes_a_step() {
    let mut draft = Draft { name: "shop/api".into(), ..Draft::default() };
    let (answers, errors) = draft.answers(&scope());
    assert!(errors.is_empty());
    assert_eq!(answers.plan(&Facts::default()).unwrap().steps.len(), 1);
    draft.lifecycle.source = Source::Templates;
    draft.permissions.source = Source::Templates;
    draft.permissions.lambda = true;
    draft.exclusions = "latest, dev-*".into();
    let (answers, errors) = draft.answers(&scope());
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(answers.plan(&Facts::default()).unwrap().steps.len(), 3);
}

#[test]
fn answers_that_break_the_rules_are_told_off_as_if_they_were_typed() {
    let long = "Ü b/".repeat(5_000);
    let entered = Entered {
        name: long.clone(),
        exclusions: vec!["v?".into(), String::new()],
        encryption: Encrypted::Kms { key: "no key".into(), dual: true },
        lifecycle: "{\0".into(),
        permissions: "no policy".into(),
        tags: vec![("aws:x".into(), long)],
        ..Entered::default()
    };
    let given = Answers { scope: scope(), form: Form::CreateRepository(entered) };
    let (answers, own) = Draft::from_answers(&given).unwrap().answers(&scope());
    assert!(own.is_empty(), "{own:?}");
    let wrong: Vec<String> = answers.plan(&Facts::default()).unwrap_err().into_keys().collect();
    let fields = ["encryption.dual", "encryption.key", "exclusions", "lifecycle", "name", "permissions", "tags.0"];
    assert_eq!(wrong, fields);
}

#[test]
fn the_answers_of_a_run_fill_the_form_that_gives_them_again() {
    let mut draft =
        Draft { name: "shop/api".into(), kms: true, key: "alias/shop".into(), dual: true, ..Draft::default() };
    draft.lifecycle.source = Source::Templates;
    draft.permissions = Permissions { source: Source::Templates, lambda: true, ..Permissions::default() };
    draft.exclusions = "latest, dev-*".into();
    draft.tags = vec![("team".into(), "shop".into())];
    let (answers, _) = draft.answers(&scope());
    let again = Draft::from_answers(&answers).unwrap();
    assert_eq!(again.answers(&scope()), (answers, FieldErrors::new()));
}

#[test]
fn what_was_ticked_for_one_place_is_ticked_for_the_next() {
    let policy = |permissions: &Permissions, account: &str, region: &str| {
        let draft = Draft { name: "shop/api".into(), permissions: permissions.clone(), ..Draft::default() };
        let scope = Scope::new(account.parse().unwrap(), region.parse().unwrap());
        let (answers, errors) = draft.answers(&scope);
        assert!(errors.is_empty(), "{errors:?}");
        answers
    };
    let again = |answers: &Answers| Draft::from_answers(answers).unwrap().permissions;
    let text = |answers: &Answers| match &answers.form {
        Form::CreateRepository(entered) => entered.permissions.clone(),
        other => panic!("{other:?}"),
    };
    let lambda = Permissions { source: Source::Templates, lambda: true, ..Permissions::default() };
    let here = policy(&lambda, "111122223333", "eu-west-1");
    assert_eq!(again(&here), lambda);
    let there = text(&policy(&again(&here), "444455556666", "us-east-1"));
    assert!(there.contains("arn:aws:lambda:us-east-1:444455556666:function:*"), "{there}");
    assert!(!there.contains("eu-west-1") && !there.contains("111122223333"), "{there}");
    // Accounts that were named stay, whoever makes it.
    let named = Permissions {
        accounts: true,
        account_ids: "777788889999".into(),
        lambda_ids: "111122223333, 777788889999".into(),
        organization: true,
        organization_id: "o-exampleorgid".into(),
        ..lambda
    };
    let here = policy(&named, "111122223333", "eu-west-1");
    assert_eq!(again(&here), named);
    let there = text(&policy(&again(&here), "444455556666", "us-east-1"));
    assert!(there.contains("arn:aws:lambda:us-east-1:777788889999:function:*"), "{there}");
    // What was changed by hand stays as it was written.
    let written = text(&here).replace(":root", ":user/ada");
    let json = Permissions { source: Source::Json, json: written, ..Permissions::default() };
    assert_eq!(again(&policy(&json, "111122223333", "eu-west-1")), json);
}

#[test]
fn a_new_key_is_asked_for_only_where_a_key_encrypts() {
    let mut draft = Draft { name: "shop/api".into(), new_key: true, alias: "images".into(), ..Draft::default() };
    assert_eq!(draft.answers(&scope()).0.plan(&Facts::default()).unwrap().steps.len(), 1);
    draft.kms = true;
    let (answers, _) = draft.answers(&scope());
    assert_eq!(answers.plan(&Facts::default()).unwrap().steps.len(), 3);
    let again = Draft::from_answers(&answers).unwrap();
    assert_eq!(again.answers(&scope()), (answers, FieldErrors::new()));
}

#[test]
fn entries_that_make_no_policy_are_said_beside_themselves() {
    let mut draft = Draft { name: "shop/api".into(), ..Draft::default() };
    draft.lifecycle = Lifecycle { source: Source::Templates, days: "x".into(), ..Lifecycle::default() };
    draft.permissions.source = Source::Templates;
    draft.permissions.accounts = true;
    draft.permissions.account_ids = "12".into();
    let (_, errors) = draft.answers(&scope());
    assert!(errors.contains_key("lifecycle.days") && errors.contains_key("permissions.accounts"), "{errors:?}");
    draft.lifecycle.source = Source::Json;
    let (_, errors) = draft.answers(&scope());
    assert!(errors.contains_key("lifecycle"), "{errors:?}");
}

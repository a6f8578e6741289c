//! Statements about everyone, by their conditions.

use serde_json::{Value, json};

use crate::lambda::Permission;
use crate::resource::{Cell, Model};

const URL: &str = "lambda:InvokeFunctionUrl";
const CALL: &str = "lambda:InvokeFunction";
const OPEN: &str = "anyone on the internet";
const SIGNED: &str = "anyone on the internet with an AWS account";
const SOMEONE: &str = "anyone who meets its conditions";

fn of(action: &str, condition: Value) -> Permission {
    let doc = json!({
        "Sid": "x", "Effect": "Allow", "Principal": "*", "Action": action, "Condition": condition,
        "Resource": "arn:aws:lambda:eu-west-1:111122223333:function:resize"
    });
    serde_json::from_value(doc).unwrap()
}

/// What it is narrowed to besides.
fn only(permission: &Permission) -> Vec<String> {
    match &permission.cells()[2] {
        Cell::List(words) => words.clone(),
        _ => vec![],
    }
}

#[test]
fn only_what_any_stranger_meets_is_open_to_the_internet() {
    let url = |operator: &str, auth: Value| json!({ operator: { "lambda:FunctionUrlAuthType": auth } });
    let rows = [
        (URL, json!({}), OPEN),
        ("lambda:*", json!({}), OPEN),
        (CALL, json!({}), SIGNED),
        (URL, url("StringEquals", json!("NONE")), OPEN),
        (URL, url("StringEqualsIgnoreCase", json!("none")), OPEN),
        (URL, url("StringLike", json!("*")), OPEN),
        (URL, url("StringEqualsIfExists", json!("NONE")), OPEN),
        (URL, url("StringNotEquals", json!("AWS_IAM")), OPEN),
        (URL, url("Null", json!("false")), OPEN),
        (URL, url("StringEquals", json!(["NONE", "AWS_IAM"])), OPEN),
        (URL, url("StringEquals", json!("AWS_IAM")), SIGNED),
        (URL, url("StringNotEquals", json!("NONE")), SIGNED),
        (CALL, json!({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}), OPEN),
        (CALL, json!({"Bool": {"lambda:InvokedViaFunctionUrl": true}}), OPEN),
        (URL, json!({"Bool": {"aws:SecureTransport": "true"}}), OPEN),
        (URL, json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}), OPEN),
        (URL, json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), OPEN),
        // What holds nobody but a few off, and what everybody can bring about.
        (CALL, json!({"StringNotEquals": {"aws:SourceAccount": "111122223333"}}), SIGNED),
        (CALL, json!({"StringNotLike": {"aws:PrincipalOrgID": "o-abc"}}), SIGNED),
        (CALL, json!({"ArnNotLike": {"aws:SourceArn": "arn:aws:s3:::uploads"}}), SIGNED),
        (CALL, json!({"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": "o-abc/r-1/"}}), SIGNED),
        (CALL, json!({"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}}), SIGNED),
        (CALL, json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abc"}}), SIGNED),
        (CALL, json!({"Null": {"aws:SourceArn": "true"}}), SIGNED),
        (CALL, json!({"StringEquals": {"aws:PrincipalTag/team": "shop"}}), SIGNED),
        (CALL, json!({"ArnLike": {"aws:SourceArn": "*"}}), SIGNED),
        (CALL, json!({"StringLike": {"aws:PrincipalOrgID": "*"}}), SIGNED),
    ];
    for (action, condition, who) in rows {
        let permission = of(action, condition.clone());
        assert_eq!(permission.who(), who, "{action} {condition}");
        assert_eq!(permission.opens_url(), action != CALL && who == OPEN, "{action} {condition}");
    }
}

#[test]
fn a_narrowed_permission_names_those_it_is_narrowed_to() {
    let rows = [
        (json!({"StringEquals": {"aws:PrincipalAccount": "444455556666"}}), "anyone from account 444455556666"),
        (
            json!({"StringEquals": {"aws:PrincipalAccount": ["444455556666", "777788889999"]}}),
            "anyone from account 444455556666 or account 777788889999",
        ),
        (json!({"StringEquals": {"AWS:SourceAccount": "444455556666"}}), "any AWS service for account 444455556666"),
        (json!({"StringLike": {"aws:SourceAccount": "444455556666"}}), "any AWS service for account 444455556666"),
        (json!({"StringEquals": {"aws:principalorgid": "o-abc"}}), "any principal in organization o-abc"),
        (
            json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc/r-1/ou-2/*"}}),
            "any principal in organizational unit o-abc/r-1/ou-2/*",
        ),
        (json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/deploy"}}), "deploy"),
        (
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/ci-*"}}),
            "any role/ci-* of account 444455556666",
        ),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:*"}}), "anyone from account 444455556666"),
        (json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:eu-west-1:444455556666:orders"}}), "any AWS service"),
        (json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}), "any AWS service"),
        (json!({"StringEquals": {"aws:SourceOrgID": "o-abc"}}), "any AWS service for organization o-abc"),
        (json!({"StringEquals": {"aws:PrincipalServiceName": "s3.amazonaws.com"}}), "S3"),
        (json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}), "any AWS service"),
        (json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}}), "anyone in VPC vpc-1"),
        (json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}), "anyone through VPC endpoint vpce-1"),
        (json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), "anyone at 203.0.113.0/24"),
        (
            json!({"StringEquals": {"lambda:EventSourceToken": {"gantry:length": 17, "gantry:digest": "00"}}}),
            "anyone who has its token",
        ),
        // Neither open for certain nor held to somebody who can be named.
        (json!({"StringLike": {"aws:PrincipalOrgID": "o-a*"}}), SOMEONE),
        (json!({"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}), SOMEONE),
        (json!({"StringEqualsIfExists": {"aws:PrincipalAccount": "444455556666"}}), SOMEONE),
        (json!({"ForAllValues:StringEquals": {"aws:PrincipalAccount": "444455556666"}}), SOMEONE),
        (json!({"IpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}}), SOMEONE),
        (json!({"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}), SOMEONE),
        (json!({"ForAnyValue:StringNotEquals": {"aws:SourceAccount": "${x}"}}), SOMEONE),
        (json!({"Null": {"lambda:EventSourceToken": "false"}}), SOMEONE),
        (json!({"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}), SOMEONE),
        (json!({"SomethingNew": {"aws:PrincipalOrgID": "o-abc"}}), SOMEONE),
    ];
    for (condition, who) in rows {
        for action in [CALL, URL] {
            let permission = of(action, condition.clone());
            assert_eq!((permission.who().as_str(), permission.opens_url()), (who, false), "{action} {condition}");
        }
    }
}

#[test]
fn what_is_not_said_of_who_is_said_of_how() {
    let account = json!({"StringEquals": {"aws:SourceAccount": "111122223333", "aws:PrincipalOrgID": "o-abc"}});
    let rows: [(Value, &[&str]); 8] = [
        (json!({"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}), &[]),
        (account, &["account 111122223333"]),
        (json!({"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}), &["by its URL, without sign-in"]),
        (json!({"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}), &["by its URL, signed in with IAM"]),
        (json!({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}), &["by its URL"]),
        (
            json!({"StringNotEquals": {"aws:SourceAccount": "111122223333"}}),
            &["if aws:SourceAccount is not 111122223333"],
        ),
        (
            json!({"ArnLikeIfExists": {"aws:SourceArn": "arn:aws:s3:::uploads"}}),
            &["if aws:SourceArn is like arn:aws:s3:::uploads or is missing"],
        ),
        (json!({"Null": {"aws:SourceArn": "false"}}), &["if aws:SourceArn is there"]),
    ];
    for (condition, words) in rows {
        assert_eq!(only(&of(CALL, condition.clone())), words, "{condition}");
    }
}

#[test]
fn a_source_that_need_not_be_there_does_not_name_the_permission() {
    let name = |operator: &str| of(CALL, json!({ operator: { "aws:SourceArn": "arn:aws:s3:::uploads" } })).name();
    assert_eq!(name("ArnLike"), "uploads → resize");
    assert_eq!(name("ArnLikeIfExists"), format!("{SIGNED} → resize"));
}

#[test]
fn a_denial_opens_nothing() {
    let mut denial = of(URL, json!({}));
    denial.effect = Some("Deny".into());
    assert_eq!((denial.who().as_str(), denial.opens_url()), ("anyone", false));
    let mut denial = of(URL, json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}}));
    denial.effect = Some("Deny".into());
    assert_eq!(denial.who(), SOMEONE);
}

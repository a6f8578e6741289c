//! Statements as AddPermission writes them.

use super::*;
use crate::describe::describe;
use crate::resource::Described;
use serde_json::json;

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:resize";

fn statement(principal: Value, condition: Value) -> Value {
    json!({
        "Sid": "allow", "Effect": "Allow", "Principal": principal, "Action": "lambda:InvokeFunction", "Resource": FUNCTION,
        "Condition": condition
    })
}

fn seen(doc: &Value) -> Described {
    let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    describe(Kind::FunctionPermission, &scope, doc).unwrap()
}

fn source(arn: &str) -> Value {
    statement(json!({"Service": "s3.amazonaws.com"}), json!({"ArnLike": {"AWS:SourceArn": arn}}))
}

#[test]
fn a_bucket_that_may_call_is_connected_with_the_function() {
    let doc = statement(
        json!({"Service": "s3.amazonaws.com"}),
        json!({"StringEquals": {"AWS:SourceAccount": "111122223333"}, "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::uploads"}}),
    );
    let seen = seen(&doc);
    assert_eq!(seen.name, "uploads → resize");
    assert_eq!(seen.parent.unwrap().to_string(), "lambda.function/111122223333/eu-west-1/resize");
    assert!(seen.refs.contains(&"lambda.permission/111122223333/eu-west-1/resize/allow".to_owned()));
    assert!(seen.links.contains(&Link::new(Relation::Permits, FUNCTION).noting(Some("S3".into()))));
    assert!(seen.links.contains(&Link::new(Relation::Caller, "arn:aws:s3:::uploads")));
    assert_eq!(seen.cells[1], Cell::Ref("arn:aws:s3:::uploads".into(), "uploads".into()));
    assert_eq!(seen.cells[2], Cell::List(vec!["account 111122223333".into()]));
    assert_eq!(seen.cells.len(), Permission::COLUMNS.len());
}

#[test]
fn what_a_condition_excludes_is_not_said_to_be_allowed() {
    for operator in ["ArnNotLike", "Null"] {
        let doc = statement(json!("*"), json!({ operator: { "aws:SourceArn": "arn:aws:s3:::uploads" } }));
        let permission: Permission = serde_json::from_value(doc).unwrap();
        assert!(permission.sources().is_empty(), "{operator}");
    }
    let open = |operator: &str| {
        let mut doc = statement(json!("*"), json!({ operator: { "lambda:FunctionUrlAuthType": "NONE" } }));
        doc["Action"] = "lambda:InvokeFunctionUrl".into();
        serde_json::from_value::<Permission>(doc).unwrap().opens_url()
    };
    assert_eq!((open("StringEquals"), open("StringNotEquals")), (true, false));
}

#[test]
fn the_wildcards_of_an_api_lead_to_the_api_and_others_are_shown_as_they_are() {
    let callers = |arn: &str| {
        let links = seen(&source(arn)).links.into_iter().filter(|l| l.relation == Relation::Caller);
        links.map(|l| l.target).collect::<Vec<_>>()
    };
    let api = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3";
    assert_eq!(callers(&format!("{api}/*/POST/orders")), [api]);
    assert_eq!(
        callers("arn:aws:events:eu-west-1:111122223333:rule/nightly"),
        ["arn:aws:events:eu-west-1:111122223333:rule/nightly"]
    );
    let group = "arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/web";
    assert_eq!(callers(&format!("{group}:*")), [group]);
    for pattern in ["arn:aws:events:eu-west-1:111122223333:rule/*", "arn:aws:execute-api:eu-west-1:111122223333:*/*/*"]
    {
        assert_eq!(callers(pattern), Vec::<String>::new(), "{pattern}");
    }
    let any = seen(&source("arn:aws:events:eu-west-1:111122223333:rule/*"));
    assert_eq!((any.name.as_str(), &any.cells[1]), ("S3 → resize", &Cell::Text("any rule/*".into())));
}

#[test]
fn accounts_roles_and_organizations_are_told_apart() {
    let who = |principal: Value, condition: Value| {
        serde_json::from_value::<Permission>(statement(principal, condition)).unwrap().who()
    };
    assert_eq!(who(json!({"AWS": "arn:aws:iam::444455556666:root"}), json!({})), "account 444455556666");
    assert_eq!(who(json!({"AWS": "444455556666"}), json!({})), "account 444455556666");
    assert_eq!(who(json!({"AWS": "arn:aws:iam::444455556666:role/deploy"}), json!({})), "deploy");
    assert_eq!(
        who(json!("*"), json!({"StringEquals": {"aws:PrincipalOrgID": "o-abc"}})),
        "any principal in organization o-abc"
    );
    assert_eq!(who(json!("*"), json!({})), "anyone on the internet with an AWS account");
    assert_eq!(who(json!({"Service": ["lex.amazonaws.com"]}), json!({})), "lex.amazonaws.com");
}

#[test]
fn only_services_that_may_invoke_the_function_call_it() {
    let services = |principal: Value, effect: &str, action: &str| {
        let mut doc = statement(principal, json!({}));
        doc["Effect"] = effect.into();
        doc["Action"] = action.into();
        serde_json::from_value::<Permission>(doc).unwrap().services().join(", ")
    };
    let both = json!({"Service": ["iot.amazonaws.com", "lex.amazonaws.com"]});
    assert_eq!(services(both.clone(), "Allow", "lambda:*"), "IoT, lex.amazonaws.com");
    assert_eq!(services(both.clone(), "Deny", "lambda:*"), "");
    assert_eq!(services(both, "Allow", "lambda:GetFunction"), "", "replicas of functions are made with it");
    assert_eq!(services(json!({"AWS": "444455556666"}), "Allow", "lambda:InvokeFunction"), "");
    assert_eq!(services(json!("*"), "Allow", "lambda:InvokeFunction"), "");
}

#[test]
fn only_an_unnarrowed_permission_for_everyone_opens_a_url() {
    let opens = |principal: Value, action: &str, condition: Value| {
        let mut doc = statement(principal, condition);
        doc["Action"] = action.into();
        serde_json::from_value::<Permission>(doc).unwrap().opens_url()
    };
    let none = || json!({"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}});
    assert!(opens(json!("*"), "lambda:InvokeFunctionUrl", none()));
    assert!(opens(json!({"AWS": "*"}), "lambda:InvokeFunctionUrl", json!({})));
    assert!(!opens(json!("*"), "lambda:InvokeFunction", none()), "not by its URL");
    assert!(!opens(json!({"AWS": "444455556666"}), "lambda:InvokeFunctionUrl", none()));
    let organization = json!({"StringEquals": {"lambda:FunctionUrlAuthType": "NONE", "aws:PrincipalOrgID": "o-abc"}});
    assert!(!opens(json!("*"), "lambda:InvokeFunctionUrl", organization));
    let signed = json!({"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}});
    assert!(!opens(json!("*"), "lambda:InvokeFunctionUrl", signed));
}

#[test]
fn what_is_denied_connects_nothing() {
    let mut doc = source("arn:aws:s3:::uploads");
    doc["Effect"] = "Deny".into();
    assert_eq!(seen(&doc).links, []);
}

#[test]
fn an_alias_has_permissions_of_its_own() {
    let mut doc = source("arn:aws:s3:::uploads");
    doc["Resource"] = format!("{FUNCTION}:live").into();
    let seen = seen(&doc);
    assert_eq!(seen.name, "uploads → resize:live");
    assert!(seen.refs.contains(&"lambda.permission/111122223333/eu-west-1/resize:live/allow".to_owned()));
}

#[test]
fn a_statement_about_a_function_and_its_aliases_is_the_functions() {
    let mut doc = source("arn:aws:s3:::uploads");
    let whole = seen(&doc);
    doc["Resource"] = json!([format!("{FUNCTION}:live"), FUNCTION]);
    doc["Action"] = json!(["lambda:InvokeFunction"]);
    let several = seen(&doc);
    assert_eq!((several.name, several.parent, several.links), (whole.name, whole.parent, whole.links));
    doc["Resource"] = json!([format!("{FUNCTION}:live")]);
    assert_eq!(seen(&doc).name, "uploads → resize:live");
}

#[test]
fn a_statement_without_an_id_is_told_by_what_it_says() {
    let mut doc = source("arn:aws:s3:::uploads");
    doc.as_object_mut().unwrap().remove("Sid");
    let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    assert!(describe(Kind::FunctionPermission, &scope, &doc).is_err(), "nothing tells it from another");
    doc["gantry:statement"] = "3f2a9c1b04d5e6f7".into();
    let seen = seen(&doc);
    assert!(seen.refs.contains(&"lambda.permission/111122223333/eu-west-1/resize/no-id.3f2a9c1b04d5e6f7".to_owned()));
    assert_eq!(seen.cells.last(), Some(&Cell::Text("no statement id".into())));
}

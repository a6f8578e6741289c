//! Functions as Lambda's reference shows them.

use super::*;
use crate::describe::describe;
use crate::identity::{AccountId, Region};
use serde_json::{Value, json};

fn scope() -> Scope {
    Scope::new(AccountId::parse("111122223333").unwrap(), Region::parse("eu-west-1").unwrap())
}

/// As ListFunctions documents it, the environment sealed.
fn listed() -> Value {
    json!({
        "FunctionName": "thumbnailer", "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:thumbnailer",
        "Runtime": "python3.9", "Role": "arn:aws:iam::111122223333:role/service/thumbnailer", "Handler": "app.handler",
        "CodeSize": 3_145_728, "Description": "Makes thumbnails", "Timeout": 30, "MemorySize": 1024,
        "LastModified": "2026-11-20T09:12:44.000+0000", "CodeSha256": "FZVu3o", "Version": "$LATEST",
        "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"], "VpcId": "vpc-1"},
        "Environment": {"Variables": {"BUCKET": {"gantry:length": 6, "gantry:digest": "00ff00ff00ff00ff"}}},
        "TracingConfig": {"Mode": "PassThrough"}, "RevisionId": "a1",
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:eu-west-1:111122223333:dead"},
        "Layers": [{"Arn": "arn:aws:lambda:eu-west-1:111122223333:layer:pillow:7", "CodeSize": 99}],
        "PackageType": "Zip", "Architectures": ["arm64"], "EphemeralStorage": {"Size": 512},
        "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "/shop/thumbnails"}, "SomethingNew": {"A": 1}
    })
}

#[test]
fn a_listed_function_shows_what_operators_ask_for() {
    let described = describe(Kind::Function, &scope(), &listed()).unwrap();
    assert_eq!(described.state, None, "a list does not say the state");
    assert_eq!(described.cells.len(), Function::COLUMNS.len());
    assert_eq!(described.cells[0], Cell::Text("python3.9".into()));
    assert_eq!(described.cells[1], Cell::Time(rules::runtime_ends("python3.9").unwrap()));
    assert_eq!(described.cells[7], Cell::Bytes(3_145_728));
    let targets: Vec<(Relation, &str)> = described.links.iter().map(|l| (l.relation, l.target.as_str())).collect();
    for expected in [
        (Relation::Role, "arn:aws:iam::111122223333:role/service/thumbnailer"),
        (Relation::Logs, "arn:aws:logs:eu-west-1:111122223333:log-group:/shop/thumbnails"),
        (Relation::SendsTo, "arn:aws:sqs:eu-west-1:111122223333:dead"),
        (Relation::Uses, "arn:aws:lambda:eu-west-1:111122223333:layer:pillow:7"),
        (Relation::Network, "ec2.subnet/111122223333/eu-west-1/subnet-1"),
        (Relation::Network, "ec2.security-group/111122223333/eu-west-1/sg-1"),
    ] {
        assert!(targets.contains(&expected), "{expected:?} in {targets:?}");
    }
}

#[test]
fn states_say_what_a_person_has_to_know() {
    let state = |word: &str, update: &str, reason: &str| {
        let mut doc = listed();
        doc["State"] = json!(word);
        doc["LastUpdateStatus"] = json!(update);
        doc["LastUpdateStatusReason"] = json!(reason);
        describe(Kind::Function, &scope(), &doc).unwrap().state.unwrap()
    };
    assert_eq!(state("Active", "Successful", ""), State::new("Active", Tone::Good));
    assert_eq!(state("Pending", "Successful", "").tone, Tone::Busy);
    let failed = state("Active", "Failed", "The image is gone");
    assert_eq!((failed.tone, failed.reason.as_deref()), (Tone::Bad, Some("The image is gone")));
    assert_eq!(state("Hibernating", "Successful", "").tone, Tone::Quiet, "a state of tomorrow is shown as it is");
}

#[test]
fn an_image_function_points_to_the_digest_that_runs() {
    let mut doc = listed();
    doc["PackageType"] = json!("Image");
    doc["CodeSize"] = json!(0);
    doc["Runtime"] = Value::Null;
    doc["Code"] = json!({
        "RepositoryType": "ECR", "ImageUri": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/thumbs:1.4",
        "ResolvedImageUri": "111122223333.dkr-ecr.eu-west-1.on.aws/thumbs@sha256:ab"
    });
    let described = describe(Kind::Function, &scope(), &doc).unwrap();
    let images: Vec<&str> =
        described.links.iter().filter(|l| l.relation == Relation::Image).map(|l| l.target.as_str()).collect();
    assert_eq!(images, ["111122223333.dkr.ecr.eu-west-1.amazonaws.com/thumbs@sha256:ab"]);
    assert_eq!(described.cells[0], Cell::Text("container image".into()));
    assert_eq!(described.cells[7], Cell::None);
}

#[test]
fn a_version_belongs_to_its_function_and_is_found_by_its_qualified_arn() {
    let mut doc = listed();
    doc["Version"] = json!("3");
    doc["FunctionArn"] = json!("arn:aws:lambda:eu-west-1:111122223333:function:thumbnailer:3");
    let version = describe(Kind::FunctionVersion, &scope(), &doc).unwrap();
    assert_eq!(version.name, "thumbnailer:3");
    assert_eq!(version.arn.as_deref(), Some("arn:aws:lambda:eu-west-1:111122223333:function:thumbnailer:3"));
    assert_eq!(version.parent.unwrap().id, "thumbnailer");
    let of = Link::new(Relation::Of, "arn:aws:lambda:eu-west-1:111122223333:function:thumbnailer");
    assert_eq!(version.links, [of]);
}

#[test]
fn a_weighted_alias_says_how_calls_are_split() {
    let doc = json!({
        "AliasArn": "arn:aws:lambda:eu-west-1:111122223333:function:thumbnailer:live", "Name": "live",
        "FunctionVersion": "3", "RevisionId": "x", "RoutingConfig": {"AdditionalVersionWeights": {"4": 0.1}}
    });
    let alias = describe(Kind::FunctionAlias, &scope(), &doc).unwrap();
    assert_eq!(alias.name, "thumbnailer:live");
    assert_eq!(alias.cells[2], Cell::Text("version 4: 10 %".into()));
    let notes: Vec<_> = alias.links.iter().map(|l| (l.target.rsplit(':').next().unwrap(), l.note.as_deref())).collect();
    assert_eq!(notes, [("3", Some("90 % of calls")), ("4", Some("10 % of calls"))]);
}

//! What calls a function, from documents as AWS gives them.

use domain::Millis;
use serde_json::{Value, json};

use super::*;
use crate::inventory::entry::{Words, described};
use crate::inventory::tests::{function as a_function, scopes};

/// What is collected: notes rows as the follower of the store does.
#[derive(Default)]
struct Fleet {
    snapshot: Snapshot,
    triggers: Triggers,
    words: Words,
}

impl Fleet {
    fn row(&mut self, kind: Kind, id: &str, doc: Value, gone: bool) {
        if self.snapshot.scopes.is_empty() {
            Arc::make_mut(&mut self.snapshot.scopes).extend(scopes());
        }
        let at = Millis(1);
        let key = ResourceKey::new(kind, scopes()[0].clone(), id).unwrap();
        let gone = gone.then_some(at);
        let stored = Stored { id: 1, key, doc, version: 1, first_seen: at, seen: at, changed: at, gone };
        let described = described(&stored);
        assert!(described.is_ok(), "{described:?}");
        self.triggers.note(&stored, described.as_ref().ok());
        let id = Text::from(id);
        let mut entry = gone.is_none().then(|| Entry::described(&stored, id.clone(), 0, described, &mut self.words));
        if let (Kind::Function, Some(entry)) = (kind, &mut entry) {
            self.triggers.tell(entry);
        }
        self.replace(kind, vec![((0, id), entry)]);
    }
    fn function(&mut self, name: &str) {
        self.row(Kind::Function, name, a_function(0, name, json!({})).doc, false);
    }
    fn mapping(&mut self, uuid: &str, service: &str, function: &str, state: &str, gone: bool) {
        let source = format!("arn:aws:{service}:eu-west-1:111122223333:orders");
        let doc = json!({"UUID": uuid, "EventSourceArn": source, "FunctionArn": arn(function), "State": state});
        self.row(Kind::EventSourceMapping, uuid, doc, gone);
    }
    fn replace(&mut self, kind: Kind, rows: Vec<Replacement>) {
        let number = Snapshot::number(kind);
        self.snapshot.tables[number] = Arc::new(self.snapshot.tables[number].with(rows, &self.snapshot.scopes));
    }
    /// How many rows change.
    fn reckon(&mut self) -> usize {
        let rows = self.triggers.functions(&self.snapshot);
        let count = rows.len();
        self.replace(Kind::Function, rows);
        self.triggers.told();
        count
    }
    fn said(&self, name: &str) -> Vec<String> {
        let entry = self.snapshot.table(Kind::Function).find(0, name).unwrap();
        let mut cells = vec![Cell::None; domain::describe::columns(Kind::Function).len()];
        fill(&mut cells, entry, Kind::Function);
        cells[column(Kind::Function).unwrap()].words()
    }
}

fn arn(function: &str) -> String {
    format!("arn:aws:lambda:eu-west-1:111122223333:function:{function}")
}

#[test]
fn a_function_says_what_calls_it_in_a_word_for_each_sort() {
    let mut fleet = Fleet::default();
    fleet.function("charge");
    fleet.function("idle");
    fleet.mapping("a", "sqs", "charge:live", "Enabled", false);
    fleet.mapping("b", "sqs", "charge", "Enabled", false);
    let target = json!([{"Id": "1", "Arn": arn("charge")}]);
    let rule = |more: Value| {
        let mut doc = json!({"Name": "r", "EventBusName": "default", "State": "ENABLED", "gantry:targets": target});
        doc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        doc
    };
    fleet.row(Kind::Rule, "default/r", rule(json!({"EventPattern": "{}"})), false);
    let url = json!({"FunctionUrl": "https://x.lambda-url.eu-west-1.on.aws/", "FunctionArn": arn("charge"), "AuthType": "AWS_IAM"});
    fleet.row(Kind::FunctionUrl, "charge", url, false);
    assert_eq!(fleet.reckon(), 1);
    assert_eq!(fleet.said("charge"), ["EventBridge", "SQS", "URL"]);
    assert_eq!(fleet.said("idle"), Vec::<String>::new());

    fleet.row(Kind::Rule, "default/r", rule(json!({"ScheduleExpression": "rate(1 day)"})), false);
    assert_eq!((fleet.reckon(), fleet.said("charge")), (1, ["SQS", "Schedule", "URL"].map(str::to_owned).to_vec()));
    let stays = fleet.triggers.functions(&fleet.snapshot);
    assert!(stays.is_empty(), "nothing changed");
}

#[test]
fn what_is_switched_off_or_gone_calls_nothing() {
    let mut fleet = Fleet::default();
    fleet.function("charge");
    fleet.mapping("a", "sqs", "charge", "Enabled", false);
    fleet.mapping("b", "sqs", "charge", "Enabled", false);
    fleet.reckon();
    fleet.mapping("a", "sqs", "charge", "Enabled", true);
    fleet.reckon();
    assert_eq!(fleet.said("charge"), ["SQS"], "one of two is left");
    fleet.mapping("b", "sqs", "charge", "Disabled", false);
    fleet.reckon();
    assert_eq!(fleet.said("charge"), ["SQS (disabled)"]);
    fleet.mapping("b", "sqs", "charge", "Disabled", true);
    fleet.reckon();
    assert_eq!(fleet.said("charge"), Vec::<String>::new());
}

#[test]
fn a_function_that_comes_after_what_calls_it_or_is_read_again_says_it_at_once() {
    let mut fleet = Fleet::default();
    fleet.mapping("a", "kinesis", "charge", "Enabled", false);
    assert_eq!(fleet.reckon(), 0, "nothing that Gantry collects is called");
    fleet.function("charge");
    assert_eq!(fleet.said("charge"), ["Kinesis"]);
    fleet.function("charge");
    assert_eq!((fleet.reckon(), fleet.said("charge")), (0, vec!["Kinesis".to_owned()]));
}

#[test]
fn where_the_asynchronous_calls_of_another_function_end_is_a_trigger() {
    let mut fleet = Fleet::default();
    fleet.function("mail");
    let doc = json!({"FunctionArn": arn("orders"), "LastModified": "2026-11-20T10:00:00.000Z",
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": format!("{}:live", arn("mail"))}}});
    fleet.row(Kind::EventInvokeConfig, "orders", doc, false);
    assert_eq!((fleet.reckon(), fleet.said("mail")), (1, vec!["Function".to_owned()]));
}

#[test]
fn services_of_which_nothing_is_collected_are_told_by_their_permissions() {
    let mut fleet = Fleet::default();
    fleet.function("charge");
    let permit = |fleet: &mut Fleet, sid: &str, service: &str, gone: bool| {
        let doc = json!({"Sid": sid, "Effect": "Allow", "Principal": {"Service": format!("{service}.amazonaws.com")},
            "Action": "lambda:InvokeFunction", "Resource": arn("charge")});
        fleet.row(Kind::FunctionPermission, &format!("charge/{sid}"), doc, gone);
    };
    permit(&mut fleet, "rest", "apigateway", false);
    permit(&mut fleet, "pool", "cognito-idp", false);
    permit(&mut fleet, "balancer", "elasticloadbalancing", false);
    assert_eq!(
        (fleet.reckon(), fleet.said("charge").join(", ")),
        (1, "API Gateway, Cognito, Load balancer".to_owned())
    );
    permit(&mut fleet, "pool", "cognito-idp", true);
    assert_eq!((fleet.reckon(), fleet.said("charge").join(", ")), (1, "API Gateway, Load balancer".to_owned()));

    // What is collected says it better, switched off or not.
    permit(&mut fleet, "nightly", "events", false);
    permit(&mut fleet, "uploads", "s3", false);
    fleet.reckon();
    assert_eq!(fleet.said("charge"), ["API Gateway", "EventBridge", "Load balancer", "S3"]);
    let rule = json!({"Name": "r", "EventBusName": "default", "State": "DISABLED", "ScheduleExpression": "rate(1 day)",
        "gantry:targets": [{"Id": "1", "Arn": arn("charge")}]});
    fleet.row(Kind::Rule, "default/r", rule, false);
    let api = json!({"ApiId": "a1", "Name": "shop", "ProtocolType": "HTTP",
        "gantry:integrations": [{"IntegrationId": "i", "IntegrationUri": arn("charge")}]});
    fleet.row(Kind::HttpApi, "a1", api.clone(), false);
    fleet.reckon();
    assert_eq!(fleet.said("charge"), ["HTTP API", "Load balancer", "S3", "Schedule (disabled)"]);
    fleet.row(Kind::HttpApi, "a1", api, true);
    assert_eq!((fleet.reckon(), &*fleet.said("charge")[0]), (1, "API Gateway"));
}

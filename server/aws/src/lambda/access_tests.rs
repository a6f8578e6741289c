//! URLs and permissions on wire answers.

use super::*;
use crate::Caller;
use crate::scripted::{Memory, caller};
use domain::{Code, Kind, ResourceKey};
use serde_json::{Value, json};

const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function";

fn key(kind: Kind, id: &str) -> ResourceKey {
    ResourceKey::parse(&format!("{}/111122223333/eu-west-1/{id}", kind.stem())).unwrap()
}

fn url(of: &str, auth: &str) -> Value {
    json!({
        "FunctionUrl": format!("https://{}.lambda-url.eu-west-1.on.aws/", of.replace(':', "")), "FunctionArn": format!("{ARN}:{of}"),
        "AuthType": auth, "InvokeMode": "BUFFERED", "CreationTime": "2026-04-05T23:07:57.113842Z",
        "LastModifiedTime": "2026-04-05T23:07:57.113842Z"
    })
}

fn statement(sid: &str, of: &str, principal: Value, action: &str, condition: Value) -> Value {
    json!({
        "Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action, "Resource": format!("{ARN}:{of}"),
        "Condition": condition
    })
}

fn policy(statements: &[Value]) -> (u16, Value) {
    let policy = json!({"Version": "2012-10-17", "Id": "default", "Statement": statements});
    (200, json!({"Policy": policy.to_string(), "RevisionId": "c0ffee"}))
}

fn none() -> (u16, Value) {
    (404, json!({"__type": "ResourceNotFoundException", "Message": "The resource you requested does not exist."}))
}

fn denied() -> (u16, Value) {
    let message = "User: arn:aws:sts::111122223333:assumed-role/gantry/x is not authorized to perform: lambda:GetPolicy on resource: x";
    (403, json!({"__type": "AccessDeniedException", "Message": message}))
}

fn open() -> Value {
    let condition = json!({"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}});
    statement("public", "hook", json!("*"), "lambda:InvokeFunctionUrl", condition)
}

/// Three functions: `hook` has a URL for everyone and one of its alias, `idle` has none, `inner` one for callers who sign in.
fn fleet(policies: impl Fn(&str) -> (u16, Value) + Send + Sync + 'static) -> Caller {
    caller(move |operation, _| {
        let functions = ["inner", "hook", "idle"].map(|name| json!({"FunctionName": name}));
        let urls = |all: &[Value]| (200, json!({"FunctionUrlConfigs": all}));
        match operation {
            o if o.contains("/policy") => policies(o),
            o if o.contains("/functions/hook/urls") && o.contains("Marker=two") => urls(&[url("hook:live", "NONE")]),
            o if o.contains("/functions/hook/urls") => {
                (200, json!({"FunctionUrlConfigs": [url("hook", "NONE")], "NextMarker": "two"}))
            }
            o if o.contains("/functions/inner/urls") => urls(&[url("inner", "AWS_IAM")]),
            o if o.contains("/functions/idle/urls") => urls(&[]),
            o if o.contains("/functions") => (200, json!({"Functions": functions})),
            other => panic!("{other}"),
        }
    })
}

#[tokio::test]
async fn urls_of_functions_and_aliases_say_whether_their_policy_lets_everyone_in() {
    let caller = fleet(|operation| match operation {
        o if o.contains("Qualifier=live") => none(),
        o if o.contains("/functions/hook/policy") => policy(&[open()]),
        other => panic!("only where no sign-in is asked for: {other}"),
    });
    let feed = Memory::default();
    collect_urls(&caller, &feed).await.unwrap();
    let docs = feed.docs();
    assert_eq!(docs.keys().collect::<Vec<_>>(), ["hook", "hook:live", "inner"]);
    assert_eq!((&docs["hook"]["gantry:anyone"], &docs["hook:live"]["gantry:anyone"]), (&json!(true), &json!(false)));
    assert!(docs["inner"].get("gantry:anyone").is_none());
    assert_eq!(feed.complete(), ["*", "hook", "idle", "inner"]);
    let read = fetch_url(&caller, &key(Kind::FunctionUrl, "hook:live")).await.unwrap().unwrap();
    assert_eq!(read.doc, docs["hook:live"]);
    assert!(fetch_url(&caller, &key(Kind::FunctionUrl, "idle")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_refused_policy_is_said_and_neither_hides_the_url_nor_calls_it_closed() {
    let caller = fleet(|_| denied());
    let feed = Memory::default();
    let problem = collect_urls(&caller, &feed).await.unwrap_err();
    assert_eq!((problem.code, problem.iam_action.as_deref()), (Code::AwsDenied, Some("lambda:GetPolicy")));
    let docs = feed.docs();
    assert_eq!(docs.keys().collect::<Vec<_>>(), ["hook", "hook:live", "inner"]);
    assert!(docs["hook"].get("gantry:anyone").is_none());
    assert!(!feed.complete().contains(&"*".to_owned()));
}

#[tokio::test]
async fn a_url_is_closed_only_where_all_of_its_policy_can_be_read() {
    let anyone = async |statements: Vec<Value>| {
        let caller = fleet(move |operation| match operation {
            o if o.contains("Qualifier=live") => none(),
            _ => policy(&statements),
        });
        let read = fetch_url(&caller, &key(Kind::FunctionUrl, "hook")).await.unwrap().unwrap();
        read.doc.get("gantry:anyone").cloned()
    };
    let mut listed = open();
    listed["Resource"] = json!([format!("{ARN}:hook"), format!("{ARN}:hook:live")]);
    listed["Action"] = json!(["lambda:InvokeFunctionUrl"]);
    listed["Principal"] = json!({"AWS": ["*"]});
    assert_eq!(anyone(vec![listed]).await, Some(json!(true)));
    let mut unreadable = open();
    unreadable["Condition"] = json!("something new");
    assert_eq!(anyone(vec![unreadable.clone()]).await, None);
    assert_eq!(anyone(vec![unreadable.clone(), open()]).await, Some(json!(true)));
    unreadable["Effect"] = "Deny".into();
    assert_eq!(anyone(vec![unreadable]).await, Some(json!(false)));
}

#[tokio::test]
async fn a_statement_about_several_resources_is_read_as_any_other() {
    let service = json!({"Service": "s3.amazonaws.com"});
    let mut several = statement("uploads", "hook", service, "lambda:InvokeFunction", json!({}));
    several["Resource"] = json!([format!("{ARN}:hook:live"), format!("{ARN}:hook")]);
    let caller = fleet(move |operation| match operation {
        o if o.contains("/functions/hook/policy") => policy(&[several.clone()]),
        _ => none(),
    });
    let feed = Memory::default();
    collect_permissions(&caller, &feed).await.unwrap();
    assert_eq!(feed.docs().into_keys().collect::<Vec<_>>(), ["hook/uploads"]);
}

#[tokio::test]
async fn permissions_come_from_the_policies_of_functions_and_known_aliases() {
    let bucket = json!({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::uploads"}, "StringEquals": {"lambda:EventSourceToken": "amzn1.ask.skill.1"}});
    let caller = fleet(move |operation| match operation {
        o if o.contains("/functions/hook/policy") && o.contains("Qualifier=live") => {
            let account = json!({"AWS": "arn:aws:iam::444455556666:root"});
            policy(&[statement("partner", "hook:live", account, "lambda:InvokeFunction", json!({}))])
        }
        o if o.contains("/functions/hook/policy") => {
            let service = json!({"Service": "s3.amazonaws.com"});
            policy(&[open(), statement("uploads", "hook", service, "lambda:InvokeFunction", bucket.clone())])
        }
        _ => none(),
    });
    let feed = Memory { said: vec![("Name", "hook:live".into(), "live".into())], ..Memory::default() };
    collect_permissions(&caller, &feed).await.unwrap();
    let docs = feed.docs();
    assert_eq!(docs.keys().collect::<Vec<_>>(), ["hook/public", "hook/uploads", "hook:live/partner"]);
    assert_eq!(feed.complete(), ["*", "hook", "idle", "inner"], "no policy is no error");
    assert!(!docs["hook/uploads"].to_string().contains("amzn1.ask.skill.1"), "what callers have to know is sealed");
    let read = fetch_permission(&caller, &key(Kind::FunctionPermission, "hook:live/partner")).await.unwrap().unwrap();
    assert_eq!(read.doc, docs["hook:live/partner"]);
    assert!(fetch_permission(&caller, &key(Kind::FunctionPermission, "idle/x")).await.unwrap().is_none());
}

#[tokio::test]
async fn one_policy_that_is_refused_leaves_what_is_known_of_it_and_reads_the_others() {
    let caller = fleet(|operation| match operation {
        o if o.contains("/functions/inner/") => denied(),
        o if o.contains("/functions/hook/") => policy(&[open()]),
        _ => none(),
    });
    let feed = Memory::default();
    let problem = collect_permissions(&caller, &feed).await.unwrap_err();
    assert_eq!(problem.iam_action.as_deref(), Some("lambda:GetPolicy"));
    assert_eq!(feed.docs().keys().collect::<Vec<_>>(), ["hook/public"]);
    assert_eq!(feed.complete(), ["hook", "idle"]);
}

#[tokio::test]
async fn a_statement_without_an_id_is_the_same_each_time_and_leaves_the_others() {
    let bare = |accounts: Value| {
        let mut bare = statement("", "hook", json!({"AWS": accounts}), "lambda:InvokeFunction", json!({}));
        bare.as_object_mut().unwrap().remove("Sid");
        bare
    };
    let ids = async |first: Value, second: Value| {
        let caller = fleet(move |operation| match operation {
            o if o.contains("/functions/hook/") => policy(&[first.clone(), open(), second.clone()]),
            _ => none(),
        });
        let feed = Memory::default();
        collect_permissions(&caller, &feed).await.unwrap();
        assert_eq!(feed.complete(), ["*", "hook", "idle", "inner"]);
        for (id, doc) in feed.docs() {
            let read = fetch_permission(&caller, &key(Kind::FunctionPermission, &id)).await.unwrap().unwrap();
            assert_eq!(read.doc, doc, "{id}");
        }
        feed.docs().into_keys().collect::<Vec<_>>()
    };
    let one = ids(bare(json!(["444455556666", "777788889999"])), bare(json!("777788889999"))).await;
    assert_eq!(one.len(), 3, "{one:?}");
    assert!(one[0].starts_with("hook/no-id.") && one[1].starts_with("hook/no-id.") && one[2] == "hook/public");
    let again = ids(bare(json!("777788889999")), bare(json!(["777788889999", "444455556666"]))).await;
    assert_eq!(one, again, "in whatever order");
}

#[tokio::test]
async fn settings_of_asynchronous_calls_come_function_by_function_with_those_of_aliases() {
    let config = |of: &str, destinations: Value| {
        json!({
            "LastModified": 1_577_824_406.719, "FunctionArn": format!("{ARN}:{of}"), "MaximumRetryAttempts": 0,
            "MaximumEventAgeInSeconds": 3600, "DestinationConfig": destinations
        })
    };
    let queue = json!({"Destination": "arn:aws:sqs:eu-west-1:111122223333:failed"});
    let latest = config("hook:$LATEST", json!({"OnSuccess": {}, "OnFailure": queue}));
    let alias = config("hook:live", json!({"OnSuccess": {}, "OnFailure": {}}));
    let caller = caller(move |operation, _| match operation {
        o if o.contains("/functions/hook/event-invoke-config/list") && o.contains("Marker=two") => {
            (200, json!({"FunctionEventInvokeConfigs": [alias]}))
        }
        o if o.contains("/functions/hook/event-invoke-config/list") => {
            (200, json!({"FunctionEventInvokeConfigs": [latest], "NextMarker": "two"}))
        }
        o if o.contains("/functions/idle/event-invoke-config/list") => (200, json!({"FunctionEventInvokeConfigs": []})),
        // Deleted since the functions were listed.
        o if o.contains("/functions/late/event-invoke-config/list") => none(),
        o if o.contains("/functions") => {
            let functions = ["hook", "idle", "late"].map(|name| json!({"FunctionName": name}));
            (200, json!({ "Functions": functions }))
        }
        other => panic!("{other}"),
    });
    let feed = Memory::default();
    collect_event_invoke_configs(&caller, &feed).await.unwrap();
    let docs = feed.docs();
    assert_eq!(docs.keys().collect::<Vec<_>>(), ["hook", "hook:live"]);
    assert_eq!(docs["hook"]["LastModified"], "2019-12-31T20:33:26.719Z");
    assert_eq!(feed.complete(), ["*", "hook", "idle", "late"]);
    let read = fetch_event_invoke_config(&caller, &key(Kind::EventInvokeConfig, "hook:live")).await.unwrap().unwrap();
    assert_eq!(read.doc, docs["hook:live"]);
    assert!(fetch_event_invoke_config(&caller, &key(Kind::EventInvokeConfig, "idle")).await.unwrap().is_none());
}

//! What AWS is told when a role is assumed, and who gets which session.

use super::*;
use crate::connections::Connections;
use crate::scripted::sdk;
use domain::{Code, Problem, Scope};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::collections::BTreeMap;

const ROLE: &str = "arn:aws:iam::111122223333:role/gantry";

fn config() -> ConnectionConfig {
    ConnectionConfig {
        name: "shop".into(),
        account: "111122223333".parse().unwrap(),
        regions: vec!["eu-west-1".parse().unwrap()],
        profile: None,
        role_arn: Some(ROLE.into()),
        external_id: Some("tower-7".into()),
        source_identity: false,
        endpoint_url: None,
        access_key: None,
        secret_key: None,
        sandbox: false,
        found: None,
    }
}

fn person(id: i64, name: &str) -> Person {
    Person { id: Some(id), name: name.into(), role: Some(Role::Operator) }
}

/// The fields of a form.
fn fields(form: &Value) -> BTreeMap<String, String> {
    let plain = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().unwrap().into_owned();
    let pairs = form.as_str().unwrap().split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (plain(key), plain(value))).collect()
}

/// STS, which keeps what it was asked, gives each session a key of its name, and refuses what this says.
fn sts(
    asked: &Arc<Mutex<Vec<BTreeMap<String, String>>>>,
    refuse: impl Fn(&BTreeMap<String, String>) -> Option<&'static str> + Send + Sync + 'static,
) -> SdkConfig {
    let asked = Arc::clone(asked);
    sdk(move |_, form| {
        let form = fields(form);
        let action = form["Action"].clone();
        let answered = |result: &str| {
            let xmlns = "https://sts.amazonaws.com/doc/2011-06-15/";
            let inside = format!("<{action}Result>{result}</{action}Result>");
            (200, Value::from(format!("<{action}Response xmlns=\"{xmlns}\">{inside}</{action}Response>")))
        };
        if action == "GetCallerIdentity" {
            return answered("<Account>111122223333</Account>");
        }
        if let Some(action) = refuse(&form) {
            let xml = format!(
                "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>AccessDenied</Code>\
                 <Message>User: arn:aws:iam::444455556666:user/gantry is not authorized to perform: {action} on resource: {ROLE}</Message>\
                 </Error><RequestId>r-1</RequestId></ErrorResponse>"
            );
            return (403, xml.into());
        }
        let name = form["RoleSessionName"].clone();
        asked.lock().unwrap().push(form);
        answered(&format!(
            "<AssumedRoleUser><AssumedRoleId>AROA:{name}</AssumedRoleId>\
             <Arn>arn:aws:sts::111122223333:assumed-role/gantry/{name}</Arn></AssumedRoleUser>\
             <Credentials><AccessKeyId>{name}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
             <Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>"
        ))
    })
}

/// The key that a session gets.
async fn key(session: &Session) -> String {
    let clients = session.clients(&"eu-west-1".parse().unwrap());
    clients.credentials().await.unwrap().access_key_id().to_owned()
}

#[tokio::test]
async fn sts_is_told_whose_session_it_is_and_for_how_long() {
    let asked = Arc::default();
    let base = sts(&asked, |_| None);
    let (nobody, all) = (Told::default(), Told { source_identity: true, tags: true });
    let ada = person(1, "ada");
    assert_eq!(key(&Session::collecting(&base, &config())).await, "gantry");
    assert_eq!(key(&Session::acting(&base, &config(), &ada, nobody)).await, "gantry-ada");
    assert_eq!(key(&Session::acting(&base, &config(), &ada, all)).await, "gantry-ada");
    let asked = asked.lock().unwrap();
    let told = |n: usize, field: &str| asked[n].get(field).map(String::as_str);
    for n in 0..3 {
        assert_eq!((told(n, "RoleArn"), told(n, "ExternalId")), (Some(ROLE), Some("tower-7")));
    }
    let lasts = [0, 1, 2].map(|n| told(n, "DurationSeconds"));
    assert_eq!(lasts, [Some("3600"), Some("900"), Some("900")]);
    // A trust policy that allows no more than sts:AssumeRole refuses whatever else is sent.
    for form in &asked[..2] {
        assert!(!form.keys().any(|key| key.starts_with("Tags") || key == "SourceIdentity"), "{form:?}");
    }
    assert_eq!(told(2, "SourceIdentity"), Some("ada"));
    let tags = ["Tags.member.1.Key", "Tags.member.1.Value", "Tags.member.2.Key", "Tags.member.2.Value"];
    let tags = tags.map(|field| told(2, field).unwrap());
    assert_eq!(tags, ["gantry:person", "ada", "gantry:role", "operator"]);
}

#[test]
fn names_are_made_of_what_aws_allows_and_stay_one_persons() {
    let long = "a".repeat(70);
    for (id, name, session, source) in [
        (1, "ada@example.com", "gantry-ada@example.com", "ada@example.com"),
        (2, "Jörg Müller", "gantry-J_rg_M_ller-2", "J_rg_M_ller-2"),
        (3, "Järg Müller", "gantry-J_rg_M_ller-3", "J_rg_M_ller-3"),
        (4, "田中", "gantry-__-4", "__-4"),
        (5, "x", "gantry-x", "x_"),
        (6, "a:b/c", "gantry-a_b_c-6", "a_b_c-6"),
        (7, &long, &format!("gantry-{}-7", "a".repeat(55)), &format!("{}-7", "a".repeat(62))),
    ] {
        let person = person(id, name);
        assert_eq!((person.session_name().as_str(), person.source_identity().as_str()), (session, source));
        assert!(person.session_name().len() <= 64 && person.source_identity().len() <= 64);
    }
    // Tags may say more.
    let tags = person(2, "Jörg Müller").tags();
    assert_eq!((tags[0].key(), tags[0].value()), ("gantry:person", "Jörg Müller"));
    let unknown = Person { id: None, name: "ada".into(), role: None };
    assert_eq!((unknown.session_name().as_str(), unknown.tags().len()), ("gantry-ada", 1));
}

#[tokio::test]
async fn each_person_has_a_session_and_collecting_has_none_of_them() {
    let asked = Arc::default();
    let connections = Connections::over(config(), sts(&asked, |_| None));
    let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let [ada, grace] = [person(1, "ada"), person(2, "grace")].map(|person| connections.acting_for(person));
    let key = async |connections: &Connections| {
        let caller = connections.caller(&scope).await.unwrap();
        caller.clients().credentials().await.unwrap().access_key_id().to_owned()
    };
    for _ in 0..2 {
        assert_eq!(key(&ada).await, "gantry-ada");
        assert_eq!(key(&grace).await, "gantry-grace");
        assert_eq!(key(&connections).await, "gantry");
    }
    // The same person in another role is told anew.
    let promoted = connections.acting_for(Person { role: Some(Role::Administrator), ..person(1, "ada") });
    assert_eq!(key(&promoted).await, "gantry-ada");
    let names: Vec<String> = asked.lock().unwrap().iter().map(|form| form["RoleSessionName"].clone()).collect();
    assert_eq!(names.iter().filter(|name| *name == "gantry-ada").count(), 2, "{names:?}");
    assert_eq!(names.iter().filter(|name| *name == "gantry-grace").count(), 1, "{names:?}");
}

#[tokio::test]
async fn without_a_role_everybody_acts_as_the_connection_does() {
    let asked = Arc::default();
    let config = ConnectionConfig { role_arn: None, external_id: None, ..config() };
    let connections = Connections::over(config, sts(&asked, |_| None));
    let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let caller = connections.acting_for(person(1, "ada")).caller(&scope).await.unwrap();
    assert_eq!(caller.clients().credentials().await.unwrap().access_key_id(), "a");
    assert!(asked.lock().unwrap().is_empty());
    assert!(connections.refused_sessions("shop").await.is_empty());
}

#[test]
fn of_many_people_those_who_acted_last_keep_their_sessions() {
    let people = People::default();
    let base = sdk(|_, _| (500, Value::Null));
    let session = |id: i64| people.session(&person(id, "p"), || Session::collecting(&base, &config()));
    let first = session(0);
    for id in 1..=i64::try_from(PEOPLE).unwrap() {
        session(id);
        assert!(Arc::ptr_eq(&first, &session(0)), "used all the time");
    }
    for id in 1..=i64::try_from(PEOPLE).unwrap() {
        session(id);
    }
    assert_eq!(people.0.lock().unwrap().len(), PEOPLE);
    assert!(!Arc::ptr_eq(&first, &session(0)));
}

/// A trust policy that allows `sts:AssumeRole` alone.
fn lacks(form: &BTreeMap<String, String>) -> Option<&'static str> {
    let tagged = || form.contains_key("Tags.member.1.Key").then_some("sts:TagSession");
    form.contains_key("SourceIdentity").then_some("sts:SetSourceIdentity").or_else(tagged)
}

#[tokio::test]
async fn each_permission_that_a_trust_policy_lacks_is_named() {
    let refused = async |source_identity: bool| -> Vec<Problem> {
        let config = ConnectionConfig { source_identity, ..config() };
        Connections::over(config, sts(&Arc::default(), lacks)).refused_sessions("shop").await
    };
    assert!(refused(false).await.is_empty());
    let problems = refused(true).await;
    let actions: Vec<_> = problems.iter().map(|p| p.iam_action.as_deref().unwrap()).collect();
    assert_eq!(actions, ["sts:SetSourceIdentity", "sts:TagSession"]);
    for problem in &problems {
        assert_eq!((problem.code, problem.resource.as_deref()), (Code::AwsDenied, Some(ROLE)));
        assert!(problem.message.contains("trust policy"), "{problem}");
    }
}

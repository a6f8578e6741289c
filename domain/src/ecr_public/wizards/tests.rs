//! What the plans for public repositories do, and what they refuse.

use serde_json::{Value, json};

use crate::ecr_public::subject::Subject;
use crate::identity::Scope;
use crate::plan::lint::{Severity, lint};
use crate::plan::{self, Answers, Effect, Facts, Undo};

fn in_region(region: &str, wizard: &str, answers: Value) -> Answers {
    let scope = Scope::new("111122223333".parse().unwrap(), region.parse().unwrap());
    serde_json::from_value(json!({ "scope": scope, "wizard": wizard, "answers": answers })).unwrap()
}

fn answers(wizard: &str, answers: Value) -> Answers {
    in_region("us-east-1", wizard, answers)
}

/// What AWS would say of these subjects.
fn facts(answers: &Answers, of: impl Fn(&Subject) -> Option<Value>) -> Facts {
    let state = |subject: plan::Subject| {
        let plan::Subject::EcrPublic(own) = &subject else { panic!("{subject:?}") };
        let state = of(own);
        (subject, state)
    };
    Facts::new(answers.subjects().into_iter().map(state).collect())
}

#[test]
fn a_name_is_enough() {
    let answers = answers("create-public-repository", json!({ "name": " tools/probe " }));
    let plan = answers.plan(&facts(&answers, |_| None)).unwrap();
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan.steps[0].call.name(), "ecr-public:CreateRepository");
    assert_eq!(plan.steps[0].call.input().get("catalogData"), None);
    assert!(lint(&plan).iter().any(|note| note.severity == Severity::Warning && note.says.contains("anybody")));
}

#[test]
fn all_that_the_gallery_says_goes_into_the_one_call_and_the_undo_spares_images() {
    let answers = answers(
        "create-public-repository",
        json!({ "name": "tools/probe", "description": "Probes.", "about": "# Probe\n", "usage": "Run it.",
            "architectures": ["ARM 64", "x86-64"], "operating_systems": ["Linux"], "logo": "iVBORw0KGgo=",
            "tags": [["team", "web"], ["", ""]] }),
    );
    insta::assert_json_snapshot!(answers.plan(&Facts::default()).unwrap());
}

#[test]
fn what_aws_would_refuse_is_said_beside_its_field() {
    let wrong = answers(
        "create-public-repository",
        json!({ "name": "a__b", "description": "a".repeat(1025), "about": "a".repeat(25_601), "architectures": [""],
            "logo": "R0lGODlh", "tags": [["aws:x", "1"]] }),
    );
    let errors = wrong.plan(&Facts::default()).unwrap_err();
    let fields: Vec<&str> = errors.keys().map(String::as_str).collect();
    assert_eq!(fields, ["about", "architectures", "description", "logo", "name", "tags.0"], "{errors:#?}");
    let taken = answers("create-public-repository", json!({ "name": "tools/probe" }));
    let errors = taken.plan(&facts(&taken, |_| Some(json!({})))).unwrap_err();
    assert!(errors["name"].contains("exists in this account already"));
}

#[test]
fn elsewhere_nothing_is_asked_and_the_region_is_said_to_be_wrong() {
    for wizard in ["create", "change", "delete"] {
        let answers =
            in_region("eu-west-1", &format!("{wizard}-public-repository"), json!({ "name": "p1", "repository": "p1" }));
        assert_eq!(answers.subjects(), vec![]);
        assert!(answers.plan(&Facts::default()).unwrap_err()["region"].contains("us-east-1"));
    }
}

fn repository(subject: &Subject) -> Option<Value> {
    match subject {
        Subject::Catalog { .. } => {
            Some(json!({ "description": "Probes.", "aboutText": "old", "architectures": ["x86"],
            "logoUrl": "https://example.com/l.png" }))
        }
        Subject::Tags { arn } => {
            assert_eq!(arn, "arn:aws:ecr-public::111122223333:repository/tools/probe");
            Some(json!({ "team": "web", "gantry:run": "r1" }))
        }
        Subject::Repository { .. } => Some(json!({ "repositoryName": "tools/probe" })),
        Subject::RepositoryPolicy { .. } => None,
        Subject::Images { .. } => Some(json!({ "count": 3, "more": false })),
        Subject::ImageList { .. } => None,
        Subject::Uses { .. } => Some(json!({ "now": 0 })),
        Subject::ImagesOf { digests, .. } => {
            let index = "application/vnd.oci.image.index.v1+json";
            let kind = |digest: &String| if digest.ends_with("ff") { index } else { "" };
            let found = digests.iter().filter(|digest| !digest.ends_with("00"));
            Some(found.map(|d| (d.clone(), json!({ "tags": ["1"], "mediaType": kind(d) }))).collect())
        }
    }
}

#[test]
fn only_what_differs_is_changed_and_the_undo_says_all_that_was_said() {
    let wanted = |about: &str, tags: Value| json!({ "repository": "tools/probe", "description": "Probes.", "about": about, "architectures": ["x86"], "tags": tags });
    let change = answers("change-public-repository", wanted("new", json!([["team", "web"]])));
    let plan = change.plan(&facts(&change, repository)).unwrap();
    assert_eq!(plan.steps.len(), 1);
    let all = |about| json!({ "description": "Probes.", "architectures": ["x86"], "operatingSystems": [], "aboutText": about, "usageText": "" });
    assert_eq!(plan.steps[0].call.input()["catalogData"], all("new"));
    let Undo::Call(undo) = &plan.steps[0].undo else { panic!() };
    assert_eq!(undo.input()["catalogData"], all("old"));
    let tagged = answers("change-public-repository", wanted("old", json!([["stage", "prod"]])));
    let plan = tagged.plan(&facts(&tagged, repository)).unwrap();
    let calls: Vec<String> = plan.steps.iter().map(|step| step.call.name()).collect();
    assert_eq!(calls, ["ecr-public:TagResource", "ecr-public:UntagResource"]);
    let same = answers("change-public-repository", wanted("old", json!([["team", "web"]])));
    assert!(same.plan(&facts(&same, repository)).unwrap_err().contains_key("nothing"));
    assert!(same.plan(&facts(&same, |_| None)).unwrap_err().contains_key("repository"));
}

#[test]
fn a_repository_goes_with_its_images_only_if_that_is_said() {
    let plan = |force: bool| {
        let answers = answers("delete-public-repository", json!({ "repository": "tools/probe", "force": force }));
        answers.plan(&facts(&answers, repository))
    };
    assert_eq!(plan(false).unwrap_err()["force"], "It holds 3 images. Say that they are to go with it.");
    let plan = plan(true).unwrap();
    assert_eq!((plan.typed(), plan.steps[0].effect), (Some("tools/probe"), Effect::Delete));
    assert_eq!(plan.steps[0].call.input()["force"], true);
}

#[test]
fn a_policy_is_set_put_back_and_not_taken_from_its_author_unasked() {
    let policy = |effect: &str, action: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Principal":"*","Action":"{action}"}}]}}"#
        )
    };
    let set = |policy: &str, insist: &str| {
        answers("public-repository-policy", json!({ "repository": "tools/probe", "policy": policy, "insist": insist }))
    };
    let push = set(&policy("Allow", "ecr-public:PutImage"), "");
    let bare = |subject: &Subject| matches!(subject, Subject::Repository { .. }).then(|| json!({}));
    let plan = push.plan(&facts(&push, bare)).unwrap();
    let Undo::Call(undo) = &plan.steps[0].undo else { panic!() };
    assert_eq!((plan.steps[0].effect, undo.operation()), (Effect::Create, "DeleteRepositoryPolicy"));
    let notes = lint(&plan);
    let open = |note: &plan::lint::Note| note.severity == Severity::Danger && note.says.starts_with("Statement[0]: ");
    assert!(notes.iter().any(open), "{notes:?}");
    assert!(push.plan(&facts(&push, |_| None)).unwrap_err()["repository"].contains("tools/probe"));
    let locked = policy("Deny", "ecr-public:*");
    assert!(set(&locked, "").plan(&Facts::default()).unwrap_err().contains_key("insist"));
    assert_eq!(set(&locked, "tools/probe").plan(&Facts::default()).unwrap().steps[0].call.input()["force"], true);
    let none = set("", "");
    assert!(none.plan(&facts(&none, bare)).unwrap_err().contains_key("nothing"));
    // AWS writes a policy in its own way.
    let typed = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "AWS": "444455556666" },
        "Action": ["ecr-public:PutImage"] }] });
    let there = |subject: &Subject| match subject {
        Subject::RepositoryPolicy { .. } => Some(crate::iam::policy_document::as_kept(&typed)),
        other => bare(other),
    };
    let again = set(&typed.to_string(), "");
    assert!(again.plan(&facts(&again, there)).unwrap_err().contains_key("nothing"));
}

#[test]
fn a_logo_is_put_last_with_all_texts_and_does_not_come_back() {
    let wanted = json!({ "repository": "tools/probe", "description": "Probes.", "about": "new", "architectures": ["x86"],
        "tags": [["team", "web"]], "logo": "iVBORw0KGgo=" });
    let change = answers("change-public-repository", wanted);
    let plan = change.plan(&facts(&change, repository)).unwrap();
    let ids: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(ids, ["catalog", "logo"]);
    let logo = &plan.steps[1];
    assert_eq!(logo.call.input()["catalogData"]["logoImageBlob"], "iVBORw0KGgo=");
    assert_eq!(logo.call.input()["catalogData"]["aboutText"], "new");
    assert_eq!(logo.before, repository(&Subject::Catalog { repository: "tools/probe".into() }));
    assert!(matches!(&logo.undo, Undo::Never(why) if why.contains("old picture")));
    assert_eq!(plan.steps[0].call.input()["catalogData"].get("logoImageBlob"), None);
    let wrong = answers("change-public-repository", json!({ "repository": "tools/probe", "logo": "R0lGODlh" }));
    assert!(wrong.plan(&Facts::default()).unwrap_err().contains_key("logo"));
}

/// With this instead, as what is known of what uses its images.
fn with_uses(uses: Option<Value>) -> impl Fn(&Subject) -> Option<Value> {
    move |subject| match subject {
        Subject::Uses { .. } => uses.clone(),
        other => repository(other),
    }
}

#[test]
fn images_that_connected_accounts_use_go_only_if_that_is_insisted_on() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let delete = |insist: &str, uses: Option<Value>| {
        let wanted = json!({ "repository": "tools/probe", "digests": [digest], "insist": insist });
        let answers = answers("delete-public-images", wanted);
        answers.plan(&facts(&answers, with_uses(uses)))
    };
    // By a tag that the image has, and by its digest.
    let users = json!({ "now": 0, "users": { "1": ["service web in prod"], "2": ["service old in prod"], (digest.as_str()): ["task t in prod"] } });
    let refused = delete("", Some(users.clone())).unwrap_err();
    assert_eq!(
        refused["insist"],
        "These are in use: tools/probe:1 (used by service web in prod; task t in prod). Who means it nevertheless insists with the name tools/probe."
    );
    assert_eq!(delete("tools/probe", Some(users.clone())).unwrap().steps.len(), 1);
    assert!(delete("", Some(json!({ "now": 0, "users": { "2": ["service old in prod"] } }))).is_ok());
    // What is not known of their use counts, too.
    assert!(delete("", None).unwrap_err()["insist"].contains("has not collected the repository yet"));
    let unread = json!({ "now": 0, "unread": ["ecs.service/111122223333/eu-west-1/prod/web"] });
    assert!(delete("", Some(unread)).unwrap_err()["insist"].contains("service web in prod"));

    let repository = |insist: &str| {
        let wanted = json!({ "repository": "tools/probe", "force": true, "insist": insist });
        let answers = answers("delete-public-repository", wanted);
        answers.plan(&facts(&answers, with_uses(Some(users.clone()))))
    };
    let words =
        "What runs these images could not be started again: service old in prod; service web in prod; task t in prod.";
    assert!(repository("").unwrap_err()["insist"].starts_with(words));
    assert_eq!(repository("tools/probe").unwrap().steps.len(), 1);
}

#[test]
fn images_go_indexes_first_and_for_good() {
    let digest = |n: u8| format!("sha256:{}{n:02x}", "a".repeat(62));
    let delete = |digests: Vec<String>| {
        let answers = answers("delete-public-images", json!({ "repository": "tools/probe", "digests": digests }));
        answers.plan(&facts(&answers, repository))
    };
    let plan = delete(vec![digest(1), digest(255), digest(1)]).unwrap();
    assert_eq!((plan.steps.len(), plan.typed()), (2, Some("tools/probe")));
    assert_eq!(plan.steps[0].call.input()["imageIds"], json!([{ "imageDigest": digest(255) }]));
    assert_eq!(plan.steps[0].call.name(), "ecr-public:BatchDeleteImage");
    assert!(plan.steps.iter().all(|step| matches!(step.undo, Undo::Never(_)) && step.effect == Effect::Delete));
    assert!(plan.steps.iter().all(|step| step.monthly.is_none()), "which layers are shared is not known");
    assert!(lint(&plan).iter().any(|note| note.severity == Severity::Danger));
    assert!(delete(vec![digest(0)]).unwrap_err()["digests"].contains("any more"));
    assert!(delete(vec![]).is_err() && delete(vec!["latest".into()]).is_err());
}

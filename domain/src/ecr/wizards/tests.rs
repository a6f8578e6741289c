//! What the plans for a repository that exists do, and what they refuse.

mod images;

use crate::ecr::inventory::tests::{held, inventory};
use crate::ecr::inventory::{Held, Inventory};
use crate::ecr::known::never;
use crate::ecr::subject::Subject as Ecr;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::listing::Freshness;
use crate::plan::{Answers, Effect, Facts, FieldErrors, Plan, Subject, Undo};
use crate::problem::{Code, Problem};
use crate::time::Millis;
use serde_json::{Value, json};

fn answers(wizard: &str, answers: Value) -> Answers {
    let scope: Scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    serde_json::from_value(json!({ "scope": scope, "wizard": wizard, "answers": answers })).unwrap()
}

/// What AWS and the store would say of these subjects.
fn facts(answers: &Answers, of: impl Fn(&Ecr) -> Option<Value>) -> Facts {
    let state = |subject: Subject| {
        let Subject::Ecr(ecr) = &subject else { panic!("{subject:?}") };
        let state = match ecr {
            Ecr::Inventory { .. } => Some(serde_json::to_value(inventory()).unwrap()),
            other => of(other),
        };
        (subject, state)
    };
    Facts::new(answers.subjects().into_iter().map(state).collect())
}

fn digest(of: char) -> String {
    format!("sha256:{}", of.to_string().repeat(64))
}

/// Two settings and three tags.
fn repository(subject: &Ecr) -> Option<Value> {
    match subject {
        Ecr::Settings { .. } => {
            Some(json!({ "repositoryName": "shop/api", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{ "filterType": "WILDCARD", "filter": "latest" }],
            "imageScanningConfiguration": { "scanOnPush": true } }))
        }
        Ecr::Tags { arn } => {
            assert_eq!(arn, "arn:aws:ecr:eu-west-1:111122223333:repository/shop/api");
            Some(json!({ "team": "shop", "stage": "test", "old": "1", "gantry:run": "r1" }))
        }
        _ => None,
    }
}

#[test]
fn only_what_differs_becomes_a_step_and_each_leads_back() {
    let answers = answers(
        "change-repository",
        json!({ "repository": "shop/api", "immutable": false, "scan_on_push": true,
            "tags": [["team", "shop"], ["stage", "prod"], ["new", "2"]] }),
    );
    let plan = answers.plan(&facts(&answers, repository)).unwrap();
    insta::assert_json_snapshot!(plan);
}

#[test]
fn a_repository_that_is_so_already_needs_no_plan() {
    let wanted = json!({ "repository": "shop/api", "immutable": true, "exclusions": ["latest"], "scan_on_push": true,
        "tags": [["team", "shop"], ["stage", "test"], ["old", "1"]] });
    let answers = answers("change-repository", wanted);
    let errors = answers.plan(&facts(&answers, repository)).unwrap_err();
    assert_eq!(errors["nothing"], "This is how it is already.");
    assert!(answers.plan(&facts(&answers, |_| None)).unwrap_err().contains_key("repository"));
}

const EXPIRE: &str = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}}]}"#;

/// A repository that is there, without anything.
fn bare(subject: &Ecr) -> Option<Value> {
    matches!(subject, Ecr::Settings { .. }).then(|| json!({ "repositoryName": "shop/api" }))
}

#[test]
fn rules_that_take_images_in_use_have_to_be_insisted_on() {
    let wanted = |insist: &str| json!({ "repository": "shop/api", "policy": EXPIRE, "insist": insist });
    let answers = |insist| answers("lifecycle-policy", wanted(insist));
    let errors = answers("").plan(&facts(&answers(""), bare)).unwrap_err();
    assert!(errors["insist"].contains("shop/api:1.1 (used by service web in prod)"), "{errors:?}");
    assert!(answers("shop/ap").plan(&facts(&answers(""), bare)).is_err());
    let plan = answers("shop/api").plan(&facts(&answers(""), bare)).unwrap();
    assert_eq!((plan.steps[0].effect, plan.steps[0].call.name()), (Effect::Create, "ecr:PutLifecyclePolicy".into()));
}

#[test]
fn what_aws_says_of_exactly_these_rules_counts_too() {
    let days = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"sinceImagePushed","countUnit":"days","countNumber":400},"action":{"type":"expire"}}]}"#;
    let wanted = |insist: &str| json!({ "repository": "shop/api", "policy": days, "insist": insist });
    let without = answers("lifecycle-policy", wanted(""));
    let known = facts(&without, bare);
    assert!(without.plan(&known).is_ok(), "by Gantry's own reckoning none goes");
    let asked = without.preview().unwrap();
    assert!(!without.subjects().contains(&asked), "AWS keeps one preview: it is asked for a review only");
    let told = |answer: Value| known.clone().with(asked.clone(), Some(answer));
    let acts = json!([{ "digest": "sha256:run", "rule": 1 }, { "digest": "sha256:unseen", "rule": 1 }]);
    let refused = without.plan(&told(json!({ "answer": "told", "acts": acts }))).unwrap_err();
    let words = "By AWS's own preview of these rules images in use would go: shop/api:1.1 (used by service web in prod). \
                 AWS would also act on 1 image that Gantry has not collected yet.";
    assert!(refused["insist"].starts_with(words), "{refused:?}");
    for nothing in [json!({ "answer": "late", "seconds": 20 }), json!({ "answer": "told", "acts": [] })] {
        assert!(without.plan(&told(nothing)).is_ok());
    }
    // Who insists is not asked again, nor is AWS.
    assert_eq!(answers("lifecycle-policy", wanted("shop/api")).preview(), None);
    assert_eq!(answers("lifecycle-policy", json!({ "repository": "shop/api", "policy": "" })).preview(), None);
}

#[test]
fn how_many_images_go_by_new_rules_is_said_by_aws_where_it_was_asked() {
    let answers =
        answers("lifecycle-policy", json!({ "repository": "shop/api", "policy": EXPIRE, "insist": "shop/api" }));
    let known = facts(&answers, bare);
    let plan = answers.plan(&known).unwrap();
    let said = |facts: &Facts| {
        let notes = super::policies::notes(&plan, facts).into_iter();
        notes.map(|note| (note.severity, note.says.split(". ").next().unwrap().to_owned())).collect::<Vec<_>>()
    };
    let note = |images: &str| {
        let says = format!("By these rules AWS deletes {images} within 24 hours");
        vec![(crate::plan::lint::Severity::Danger, says)]
    };
    assert_eq!(said(&known), note("6 images"));
    let by_aws = Subject::Ecr(crate::ecr::lifecycle::aws_preview::subject("shop/api", EXPIRE));
    let told = |acts: Value| known.clone().with(by_aws.clone(), Some(json!({ "answer": "told", "acts": acts })));
    let acts = json!([{ "digest": "sha256:old", "rule": 1 }, { "digest": "sha256:new", "rule": 2, "archived": true }]);
    assert_eq!(said(&told(acts)), note("1 image"));
    assert!(said(&told(json!([]))).is_empty());
}

#[test]
fn aws_previews_the_very_text_that_is_set() {
    // Within what AWS allows only without the spaces that somebody typed.
    let typed = EXPIRE.replace(',', &format!(",{}\n", " ".repeat(8_000)));
    let longest = crate::ecr::lifecycle::rules::LONGEST;
    assert!(typed.chars().count() > longest);
    let wanted = |insist: &str| json!({ "repository": "shop/api", "policy": typed, "insist": insist });
    let Some(Subject::Ecr(Ecr::LifecyclePreview { policy, .. })) = answers("lifecycle-policy", wanted("")).preview()
    else {
        panic!()
    };
    assert!(policy.chars().count() <= longest);
    let answers = answers("lifecycle-policy", wanted("shop/api"));
    let plan = answers.plan(&facts(&answers, bare)).unwrap();
    assert_eq!(plan.steps[0].call.input()["lifecyclePolicyText"], policy);
}

#[test]
fn a_policy_is_replaced_and_put_back() {
    let answers = answers("lifecycle-policy", json!({ "repository": "shop/api", "policy": "" }));
    let old = json!({ "rules": [] });
    let plan = answers.plan(&facts(&answers, |_| Some(old.clone()))).unwrap();
    assert_eq!(plan.typed(), None, "a policy is no thing of its own, and comes back as it was");
    assert_eq!(plan.steps[0].before, Some(old));
    let Undo::Call(undo) = &plan.steps[0].undo else { panic!() };
    assert_eq!((plan.steps[0].call.operation(), undo.operation()), ("DeleteLifecyclePolicy", "PutLifecyclePolicy"));
    assert_eq!(undo.input()["lifecyclePolicyText"], r#"{"rules":[]}"#);
    assert!(answers.plan(&facts(&answers, bare)).unwrap_err().contains_key("nothing"));
}

#[test]
fn a_policy_is_of_a_repository_that_is_there() {
    for wizard in ["lifecycle-policy", "repository-policy"] {
        let answers = |repository: &str| answers(wizard, json!({ "repository": repository, "policy": "" }));
        let gone = answers("shop/api").plan(&facts(&answers("shop/api"), |_| None)).unwrap_err();
        assert_eq!(gone.into_keys().collect::<Vec<_>>(), ["repository"], "{wizard}");
        assert!(answers("").subjects().is_empty());
        assert!(answers("").plan(&Facts::default()).unwrap_err().contains_key("repository"));
    }
}

#[test]
fn a_policy_that_locks_out_its_author_is_forced_only_when_insisted_on() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"ecr:*"}]}"#;
    let answers =
        |insist| answers("repository-policy", json!({ "repository": "shop/api", "policy": policy, "insist": insist }));
    assert!(answers("").plan(&Facts::default()).unwrap_err().contains_key("insist"));
    let plan = answers("shop/api").plan(&Facts::default()).unwrap();
    assert_eq!(plan.steps[0].call.input()["force"], true);
    assert!(crate::plan::lint::lint(&plan).iter().any(|note| note.severity == crate::plan::lint::Severity::Danger));
}

#[test]
fn a_policy_that_aws_wrote_in_its_own_way_needs_no_plan() {
    let policy = |who: &str| {
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "AWS": who },
            "Action": ["ecr:BatchGetImage"] }] })
    };
    let answers =
        answers("repository-policy", json!({ "repository": "shop/api", "policy": policy("444455556666").to_string() }));
    let plan = |there: Value| answers.plan(&facts(&answers, |_| Some(there.clone())));
    let kept = crate::iam::policy_document::as_kept(&policy("444455556666"));
    assert!(plan(kept).unwrap_err().contains_key("nothing"));
    assert_eq!(plan(policy("111122223333")).unwrap().steps[0].effect, Effect::Update);
}

#[test]
fn a_policy_that_lets_strangers_in_is_noted_by_statement() {
    use crate::plan::lint::{Severity, lint};
    let notes = |statements: Value| {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let wanted = json!({ "repository": "shop/api", "policy": policy });
        lint(&answers("repository-policy", wanted).plan(&Facts::default()).unwrap())
    };
    let allow = |principal: Value, action: &str| json!({ "Effect": "Allow", "Principal": principal, "Action": action });
    let own = json!({ "AWS": "arn:aws:iam::111122223333:root" });
    let other = json!({ "AWS": "arn:aws:iam::444455556666:root" });
    let found = notes(json!([
        allow(own, "ecr:*"),
        allow(json!({ "AWS": "*" }), "ecr:BatchGetImage"),
        allow(other, "ecr:SetRepositoryPolicy")
    ]));
    let said: Vec<(Severity, &str)> = found.iter().map(|note| (note.severity, &note.says[..12])).collect();
    assert_eq!(said, [(Severity::Danger, "Statement[1]"), (Severity::Danger, "Statement[2]")], "{found:?}");
    assert!(found[0].says.contains("Open to the world"), "{found:?}");
    let mut narrow = allow(json!("*"), "ecr:BatchGetImage");
    narrow["Condition"] = json!({ "IpAddress": { "aws:SourceIp": "203.0.113.0/24" } });
    let found = notes(json!([narrow]));
    assert_eq!(found.iter().map(|note| note.severity).collect::<Vec<_>>(), [Severity::Warning], "{found:?}");
    let lambda = json!({ "Service": "lambda.amazonaws.com" });
    assert!(notes(json!([allow(lambda, "ecr:BatchGetImage")])).is_empty(), "notable, and no wildcard");
}

#[test]
fn what_is_nearly_full_is_noted() {
    let notes = |many: usize| {
        let rule = |n: usize| {
            json!({ "rulePriority": n, "action": { "type": "expire" }, "selection": { "tagStatus": "tagged",
                "tagPrefixList": [format!("v{n}-")], "countType": "imageCountMoreThan", "countNumber": 9 } })
        };
        let policy = json!({ "rules": (1..=many).map(rule).collect::<Vec<_>>() }).to_string();
        let answers = answers("lifecycle-policy", json!({ "repository": "shop/api", "policy": policy }));
        let notes = crate::plan::lint::lint(&answers.plan(&Facts::default()).unwrap());
        notes.into_iter().map(|note| note.says).filter(|says| says.contains("are used")).collect::<Vec<_>>()
    };
    assert_eq!(notes(44), Vec::<String>::new());
    assert_eq!(notes(45), ["45 of at most 50 rules of a lifecycle policy are used."]);
}

#[test]
fn a_repository_goes_with_its_images_only_if_that_is_said() {
    let wanted = |force, insist: &str| json!({ "repository": "shop/api", "force": force, "insist": insist });
    let plan = |force, insist| {
        let answers = answers("delete-repository", wanted(force, insist));
        answers.plan(&facts(&answers, |_| Some(json!({ "repositoryName": "shop/api" }))))
    };
    let errors = plan(false, "").unwrap_err();
    assert_eq!(errors["force"], "It holds 7 images. Say that they are to go with it.");
    assert!(plan(true, "").unwrap_err()["insist"].contains("service batch in prod"));
    let plan = plan(true, "shop/api").unwrap();
    assert_eq!((plan.typed(), plan.loses()), (Some("shop/api"), true));
    assert_eq!(plan.steps[0].call.input(), json!({ "repositoryName": "shop/api", "force": true }));
}

#[test]
fn what_goes_saves_the_layers_that_nothing_else_has() {
    let (index, part, other) = (digest('a'), digest('b'), digest('c'));
    let with = |image: Held, layers: &[usize]| {
        let layers = Some(layers.to_vec());
        Held { layers, ..image }
    };
    let images = vec![
        with(held(&index, 1, &["1.0"], &[part.as_str()], &[]), &[]),
        with(held(&part, 1, &[], &[], &[]), &[0, 1]),
        with(held(&other, 99, &["1.1"], &[], &[]), &[0, 2]),
    ];
    let inventory = Inventory {
        now: Millis(100 * 86_400_000),
        images,
        layers: vec![9_000_000_000, 1_000_000_000, 1],
        ..Inventory::default()
    };
    let monthly = |wizard: &str, wanted: Value| {
        let answers = answers(wizard, wanted);
        let state = |subject: Subject| {
            let state = match &subject {
                Subject::Ecr(Ecr::Inventory { .. }) => Some(json!(inventory)),
                Subject::Ecr(Ecr::Images { digests, .. }) => {
                    Some(digests.iter().map(|d| (d.clone(), json!([]))).collect())
                }
                Subject::Ecr(Ecr::LifecyclePolicy { .. }) => None,
                _ => Some(json!({ "repositoryName": "shop/api" })),
            };
            (subject, state)
        };
        let facts = Facts::new(answers.subjects().into_iter().map(state).collect());
        answers.plan(&facts).unwrap().steps.iter().map(|step| step.monthly).collect::<Vec<_>>()
    };
    let delete = |digests: &[&String]| json!({ "repository": "shop/api", "digests": digests });
    assert_eq!(monthly("delete-images", delete(&[&index, &part])), [Some(0), Some(-100_000)]);
    assert_eq!(monthly("delete-images", delete(&[&index, &part, &other])), [Some(0), Some(-1_000_001)]);
    let all = json!({ "repository": "shop/api", "force": true });
    assert_eq!(monthly("delete-repository", all), [Some(-1_000_001)]);
    let old = json!({ "rules": [{ "rulePriority": 1, "selection": { "tagStatus": "any", "countType": "sinceImagePushed",
        "countUnit": "days", "countNumber": 14 }, "action": { "type": "expire" } }] });
    let rules = json!({ "repository": "shop/api", "policy": old.to_string() });
    assert_eq!(monthly("lifecycle-policy", rules), [Some(-100_000)]);
}

/// What Gantry has collected, where it may not list tasks.
fn without_tasks() -> Inventory {
    let mut denied = Problem::new(Code::AwsDenied, "Access denied", "…");
    denied.iam_action = Some("ecs:ListTasks".into());
    let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let inventory = inventory();
    let known = Freshness { complete: Some(inventory.now), ..never(&scope, Kind::Image) };
    let tasks = Freshness { failing: Some((Millis(0), denied)), ..never(&scope, Kind::Task) };
    Inventory { lists: vec![known, tasks], ..inventory }
}

/// A plan over that.
fn planned_without_tasks(wizard: &str, wanted: &Value, insist: &str) -> Result<Plan, FieldErrors> {
    let mut wanted = wanted.clone();
    wanted["insist"] = insist.into();
    let answers = answers(wizard, wanted);
    let state = |subject: Subject| {
        let state = match &subject {
            Subject::Ecr(Ecr::Inventory { .. }) => Some(serde_json::to_value(without_tasks()).unwrap()),
            Subject::Ecr(Ecr::LifecyclePolicy { .. }) => None,
            Subject::Ecr(Ecr::Images { digests, .. }) => Some(digests.iter().map(|d| (d.clone(), json!([]))).collect()),
            _ => Some(json!({ "repositoryName": "shop/api" })),
        };
        (subject, state)
    };
    answers.plan(&Facts::new(answers.subjects().into_iter().map(state).collect()))
}

const UNKNOWN: &str = "It is not known what else uses images: tasks in 111122223333 eu-west-1 could not be read: ecs:ListTasks is denied.";

#[test]
fn where_the_use_of_images_is_not_known_that_has_to_be_insisted_on() {
    let few = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":90},"action":{"type":"expire"}}]}"#;
    for (wizard, wanted) in [
        ("delete-repository", json!({ "repository": "shop/api", "force": true })),
        ("lifecycle-policy", json!({ "repository": "shop/api", "policy": few })),
    ] {
        let refused = planned_without_tasks(wizard, &wanted, "").unwrap_err();
        assert!(refused["insist"].contains(UNKNOWN), "{wizard}: {refused:?}");
        assert!(planned_without_tasks(wizard, &wanted, "shop/api").is_ok(), "{wizard}");
    }
    // By these rules nothing goes that was collected, and all that there is was.
    let none = few.replace("90", "400");
    let wanted = json!({ "repository": "shop/api", "policy": none });
    assert!(planned_without_tasks("lifecycle-policy", &wanted, "").is_ok());
}

#[test]
fn images_that_were_not_collected_may_be_in_use() {
    let wanted = json!({ "repository": "shop/api", "digests": [digest('f')] });
    let refused = planned_without_tasks("delete-images", &wanted, "").unwrap_err();
    let unseen = "What uses these is not known, for Gantry has not collected them yet: ffffffffffff.";
    assert!(refused["insist"].starts_with(&format!("{unseen} {UNKNOWN} ")), "{refused:?}");
    let plan = planned_without_tasks("delete-images", &wanted, "shop/api").unwrap();
    let notes = crate::plan::lint::lint(&plan);
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].says.contains("not connected"), "{notes:?}");
}

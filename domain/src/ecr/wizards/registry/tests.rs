//! Plans about the registry: what each step sends, what takes it back, what is refused.

use super::*;
use crate::plan::answers::{Answers, Form};
use crate::plan::{Subject as Any, Undo};
use serde_json::json;

const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf";

fn scope() -> Scope {
    Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
}

fn answers(form: Value) -> Answers {
    let form: Form = serde_json::from_value(form).unwrap();
    Answers { scope: scope(), form }
}

fn facts(answers: &Answers, known: &[(Subject, Value)]) -> Facts {
    let state = |subject: &Any| known.iter().find(|(s, _)| Any::Ecr(s.clone()) == *subject).map(|(_, v)| v.clone());
    Facts::new(answers.subjects().into_iter().map(|s| (s.clone(), state(&s))).collect())
}

fn planned(answers: &Answers, known: &[(Subject, Value)]) -> Result<Plan, FieldErrors> {
    answers.plan(&facts(answers, known))
}

fn only(plan: &Plan) -> (String, Value, String, Value) {
    let [step] = plan.steps.as_slice() else { panic!("one step") };
    let Undo::Call(back) = &step.undo else { panic!("an undo") };
    (step.call.operation().into(), step.call.input(), back.operation().into(), back.input())
}

#[test]
fn replication_is_replaced_as_a_whole_and_put_back() {
    let rule = json!({ "destinations": [{ "region": "eu-central-1", "registryId": "444455556666" }],
        "repositoryFilters": [{ "filter": "prod/" }, { "filter": " " }] });
    let answers = answers(json!({ "wizard": "registry-replication", "answers": { "rules": [rule] } }));
    let before = json!({ "rules": [] });
    let plan = planned(&answers, &[(Subject::Replication, before.clone())]).unwrap();
    let wanted = json!({ "rules": [{ "destinations": [{ "region": "eu-central-1", "registryId": "444455556666" }],
        "repositoryFilters": [{ "filter": "prod/", "filterType": "PREFIX_MATCH" }] }] });
    let put = "PutReplicationConfiguration".to_owned();
    assert_eq!(
        only(&plan),
        (
            put.clone(),
            json!({ "replicationConfiguration": wanted }),
            put,
            json!({ "replicationConfiguration": before })
        )
    );
    assert_eq!(plan.steps[0].call.made(Some(&wanted)), plan::Made::Yes);
    let notes = lint_of(&plan);
    assert!(notes.iter().any(|n| n.contains("Another account")) && notes.iter().any(|n| n.contains("from now on")));
    assert!(planned(&answers, &[(Subject::Replication, wanted)]).unwrap_err().contains_key("nothing"));
    assert_eq!(
        plan.steps[0].call.subject().key(&scope()).unwrap().to_string(),
        "ecr.registry/111122223333/eu-west-1/111122223333"
    );
    assert_eq!(plan::permissions::needs(&plan, &scope())[0].resource.as_deref(), Some("*"));
}

#[test]
fn a_destination_more_leaves_deletions_as_they_were_replicated() {
    let to = |region: &str| json!({ "region": region, "registryId": "111122223333" });
    let rule = |to: Value, more: Value| {
        let mut rule = json!({ "destinations": to });
        rule.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        json!({ "rules": [rule] })
    };
    let on = || json!({ "deleteReplication": { "enabled": true } });
    let before = rule(json!([to("eu-central-1")]), on());
    let both = json!([to("eu-central-1"), to("eu-west-3")]);
    let plan = |form: &Value| {
        let form = json!({ "wizard": "registry-replication", "answers": form });
        planned(&answers(form), &[(Subject::Replication, before.clone())])
    };
    let more = plan(&rule(both.clone(), on())).unwrap();
    let (_, sent, _, back) = only(&more);
    assert_eq!(sent["replicationConfiguration"], rule(both.clone(), on()));
    assert_eq!(back["replicationConfiguration"], before);
    assert!(lint_of(&more).iter().any(|n| n.contains("Deletions are replicated")));
    let off = plan(&rule(both.clone(), json!({ "deleteReplication": { "enabled": false } }))).unwrap();
    assert_eq!(only(&off).1["replicationConfiguration"], rule(both, json!({})));
    assert!(!lint_of(&off).iter().any(|n| n.contains("Deletions are replicated")));
    assert!(plan(&before).unwrap_err().contains_key("nothing"));
}

fn lint_of(plan: &Plan) -> Vec<String> {
    plan::lint::lint(plan).into_iter().map(|n| n.says).collect()
}

#[test]
fn limits_of_replication_are_said_beside_their_fields() {
    let to = |region: &str, account: usize| json!({ "region": region, "registryId": format!("{account:012}") });
    let rules = |many: usize, of: usize| -> Vec<Value> {
        (0..many)
            .map(|n| json!({ "destinations": (1..=of).map(|m| to("eu-central-1", n * 100 + m)).collect::<Vec<_>>() }))
            .collect()
    };
    let wrong = |rules: Value| {
        let form = json!({ "wizard": "registry-replication", "answers": { "rules": rules } });
        planned(&answers(form), &[(Subject::Replication, json!({ "rules": [] }))]).err().unwrap_or_default()
    };
    assert!(wrong(json!(rules(10, 2))).is_empty());
    assert!(wrong(json!(rules(11, 1)))["rules"].contains("at most 10"));
    assert!(wrong(json!(rules(2, 13)))["rules"].contains("at most 25"));
    let own = json!([{ "destinations": [to("eu-west-1", 111_122_223_333)] }, {}]);
    let fields: Vec<String> = wrong(own).into_keys().collect();
    assert_eq!(fields, ["rules.0.destinations.0", "rules.1.destinations"]);
}

#[test]
fn a_cache_rule_is_added_changed_and_deleted_and_each_leads_back() {
    let hub = json!({ "new": true, "prefix": "docker-hub", "upstream": "docker-hub", "credential": SECRET });
    let form = |rule: &Value| answers(json!({ "wizard": "registry-cache-rule", "answers": rule }));
    let input = json!({ "ecrRepositoryPrefix": "docker-hub", "upstreamRegistryUrl": "registry-1.docker.io",
        "upstreamRegistry": "docker-hub", "credentialArn": SECRET });
    let subject = Subject::CacheRule { prefix: "docker-hub".into() };
    let none = (Subject::CacheRules, json!([]));
    let plan = planned(&form(&hub), std::slice::from_ref(&none)).unwrap();
    let back = json!({ "ecrRepositoryPrefix": "docker-hub" });
    assert_eq!(
        only(&plan),
        ("CreatePullThroughCacheRule".into(), input.clone(), "DeletePullThroughCacheRule".into(), back.clone())
    );
    assert_eq!(
        plan.steps[0]
            .call
            .made(Some(&json!({ "ecrRepositoryPrefix": "docker-hub", "upstreamRegistryUrl": "quay.io" }))),
        plan::Made::Taken
    );
    let there = (
        subject,
        json!({ "ecrRepositoryPrefix": "docker-hub", "upstreamRegistryUrl": "registry-1.docker.io",
        "upstreamRegistry": "docker-hub", "upstreamRepositoryPrefix": "ROOT", "credentialArn": SECRET }),
    );
    assert!(planned(&form(&hub), &[none, there.clone()]).unwrap_err()["prefix"].contains("already"));
    let mut other = hub;
    other["new"] = false.into();
    assert!(planned(&form(&other), std::slice::from_ref(&there)).unwrap_err().contains_key("nothing"));
    let secret = SECRET.replace("hub-", "team-");
    other["credential"] = json!(secret);
    let (operation, sent, _, undone) = only(&planned(&form(&other), std::slice::from_ref(&there)).unwrap());
    assert_eq!(
        (operation.as_str(), &sent["credentialArn"], &undone["credentialArn"]),
        ("UpdatePullThroughCacheRule", &json!(secret), &json!(SECRET))
    );
    let delete = answers(json!({ "wizard": "delete-registry-cache-rule", "answers": { "prefix": "docker-hub" } }));
    assert!(planned(&delete, &[]).unwrap_err().contains_key("prefix"));
    let plan = planned(&delete, std::slice::from_ref(&there)).unwrap();
    assert_eq!((plan.typed(), plan.loses()), (Some("docker-hub"), false), "a thing, which the undo brings back");
    let (operation, sent, again, made) = only(&plan);
    assert_eq!(
        (operation.as_str(), sent, again.as_str()),
        ("DeletePullThroughCacheRule", back, "CreatePullThroughCacheRule")
    );
    assert_eq!(made, there.1);
}

#[test]
fn a_role_that_a_cache_rule_has_is_changed_and_never_taken_away() {
    let role = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    let url = "111122223333.dkr.ecr.eu-central-1.amazonaws.com";
    let there = |role: Option<String>| {
        let rule = json!({ "ecrRepositoryPrefix": "own", "upstreamRegistryUrl": url, "upstreamRegistry": "ecr",
            "customRoleArn": role });
        (Subject::CacheRule { prefix: "own".into() }, rule)
    };
    let form = |role: &str| {
        let rule = json!({ "prefix": "own", "upstream": "ecr", "url": url, "role": role });
        answers(json!({ "wizard": "registry-cache-rule", "answers": rule }))
    };
    let errors = planned(&form(""), &[there(Some(role("pulls")))]).unwrap_err();
    assert!(errors["role"].contains("delete the rule and create it again"), "{errors:?}");
    let (_, sent, _, undone) = only(&planned(&form(&role("other")), &[there(Some(role("pulls")))]).unwrap());
    assert_eq!((&sent["customRoleArn"], &undone["customRoleArn"]), (&json!(role("other")), &json!(role("pulls"))));
    let added = planned(&form(&role("pulls")), &[there(None)]).unwrap();
    let Undo::Never(why) = &added.steps[0].undo else { panic!("{added:?}") };
    assert!(why.contains("had no role before"), "{why}");
    let call = &added.steps[0].call;
    let made = |role: Option<String>| call.made(Some(&there(role).1));
    assert_eq!((made(Some(role("pulls"))), made(Some(role("other")))), (plan::Made::Yes, plan::Made::No));
}

#[test]
fn what_a_cache_rule_needs_depends_on_its_upstream() {
    let wrong = |rule: Value| -> Vec<String> {
        let rule: cache::Rule = serde_json::from_value(rule).unwrap();
        rule.check(&scope()).into_keys().collect()
    };
    assert_eq!(wrong(json!({ "prefix": "hub", "upstream": "docker-hub" })), ["credential"]);
    assert!(wrong(json!({ "prefix": "quay", "upstream": "quay" })).is_empty());
    assert_eq!(
        wrong(json!({ "prefix": "quay", "upstream": "quay", "credential": SECRET, "role": "x" })),
        ["credential", "role"]
    );
    assert_eq!(wrong(json!({ "prefix": "Q", "upstream": "nobody" })), ["prefix", "upstream"]);
    let other = json!({ "prefix": "ecr", "upstream": "ecr", "url": "444455556666.dkr.ecr.eu-west-1.amazonaws.com" });
    assert_eq!(wrong(other.clone()), ["role"]);
    let mut own = other;
    own["url"] = json!("111122223333.dkr.ecr.us-east-1.amazonaws.com");
    assert!(wrong(own).is_empty(), "another region of the same account needs no role");
    assert_eq!(wrong(json!({ "prefix": "az", "upstream": "azure-container-registry", "credential": SECRET })), ["url"]);
}

#[test]
fn a_template_is_written_whole_and_what_it_lost_is_said() {
    let template = json!({ "new": true, "prefix": "shop", "applied_for": ["CREATE_ON_PUSH"], "immutable": true,
        "exclusions": ["latest"], "description": "of the shop" });
    let form = |template: &Value| answers(json!({ "wizard": "registry-template", "answers": template }));
    let (operation, sent, back, _) = only(&planned(&form(&template), &[]).unwrap());
    assert_eq!(
        (operation.as_str(), back.as_str()),
        ("CreateRepositoryCreationTemplate", "DeleteRepositoryCreationTemplate")
    );
    assert_eq!(
        sent,
        json!({ "prefix": "shop", "description": "of the shop", "encryptionConfiguration": { "encryptionType": "AES256" },
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "appliedFor": ["CREATE_ON_PUSH"],
            "imageTagMutabilityExclusionFilters": [{ "filterType": "WILDCARD", "filter": "latest" }] })
    );
    let there = (Subject::CreationTemplate { prefix: "shop".into() }, sent.clone());
    let mut less = template.clone();
    less["new"] = false.into();
    assert!(planned(&form(&less), std::slice::from_ref(&there)).unwrap_err().contains_key("nothing"));
    less["description"] = "".into();
    less["exclusions"] = json!([]);
    let (operation, update, _, undone) = only(&planned(&form(&less), std::slice::from_ref(&there)).unwrap());
    assert_eq!((operation.as_str(), &update["description"]), ("UpdateRepositoryCreationTemplate", &json!("")));
    let exclusions = "imageTagMutabilityExclusionFilters";
    assert_eq!(
        (&update["imageTagMutability"], update.get(exclusions)),
        (&json!("IMMUTABLE"), None),
        "AWS takes no empty list"
    );
    assert_eq!((&undone["description"], &undone[exclusions]), (&json!("of the shop"), &sent[exclusions]));
    let delete = answers(json!({ "wizard": "delete-registry-template", "answers": { "prefix": "shop" } }));
    let plan = planned(&delete, &[there]).unwrap();
    assert_eq!((plan.typed(), plan.loses()), (Some("shop"), false));
    let (.., again, made) = only(&plan);
    assert_eq!((again.as_str(), made), ("CreateRepositoryCreationTemplate", sent));
    let bad =
        json!({ "new": true, "prefix": "Shop", "tags": [["team", "shop"]], "lifecycle": "{", "permissions": "[]" });
    let fields: Vec<String> = planned(&form(&bad), &[]).unwrap_err().into_keys().collect();
    assert_eq!(fields, ["applied_for", "lifecycle", "permissions", "prefix", "role"]);
}

#[test]
fn scanning_is_compared_by_what_it_means() {
    let form = |scanning: Value| answers(json!({ "wizard": "registry-scanning", "answers": scanning }));
    let rule = |often: &str, filter: &str| json!({ "scanFrequency": often, "repositoryFilters": [{ "filter": filter, "filterType": "WILDCARD" }] });
    let before = |rules: Vec<Value>| (Subject::RegistryScanning, json!({ "scanType": "BASIC", "rules": rules }));
    let plan = planned(&form(json!({ "on_push": ["prod/*"] })), &[before(vec![])]).unwrap();
    let (_, sent, _, back) = only(&plan);
    assert_eq!(sent, json!({ "scanType": "BASIC", "rules": [rule("SCAN_ON_PUSH", "prod/*")] }));
    assert_eq!(back, json!({ "scanType": "BASIC", "rules": [] }));
    let same = before(vec![rule("MANUAL", "*"), rule("SCAN_ON_PUSH", "prod/*")]);
    assert!(planned(&form(json!({ "on_push": ["prod/*"] })), &[same]).unwrap_err().contains_key("nothing"));
    let wrong = planned(&form(json!({ "on_push": ["A"], "continuous": ["*"] })), &[before(vec![])]).unwrap_err();
    assert_eq!(wrong.into_keys().collect::<Vec<_>>(), ["continuous", "on_push"]);
    let inspector = planned(&form(json!({ "enhanced": true, "continuous": ["*"] })), &[before(vec![])]).unwrap();
    assert!(inspector.steps[0].call.actions().contains(&"inspector2:Enable"));
    assert!(lint_of(&inspector)[0].contains("Inspector bills"));
    // On or off, and back: Amazon Inspector is turned off by one of the two.
    let on = (Subject::RegistryScanning, json!({ "scanType": "ENHANCED", "rules": [] }));
    let off = planned(&form(json!({ "on_push": ["prod/*"] })), &[on]).unwrap();
    for (plan, undo) in [(&inspector, true), (&off, false)] {
        let needs = plan::permissions::needs(plan, &plan.scope);
        assert!(needs.iter().any(|need| need.action == "inspector2:Disable" && need.undo == undo), "{needs:?}");
    }
}

#[test]
fn a_policy_is_refused_that_is_none_or_shuts_its_author_out() {
    let form = |policy: &str, insist: &str| {
        answers(json!({ "wizard": "registry-policy", "answers": { "policy": policy, "insist": insist } }))
    };
    assert!(planned(&form("no json", ""), &[]).unwrap_err().contains_key(""));
    let shut =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"ecr:*","Resource":"*"}]}"#;
    assert!(planned(&form(shut, ""), &[]).unwrap_err().contains_key("insist"));
    let plan = planned(&form(shut, "111122223333"), &[]).unwrap();
    assert_eq!(only(&plan).2, "DeleteRegistryPolicy");
    let first = (Subject::AccountSetting { name: registry::POLICY_SCOPE.into() }, json!("V1"));
    let first = std::slice::from_ref(&first);
    let push = shut.replace("ecr:*", "ecr:PutImage");
    assert!(planned(&form(&push, ""), first).unwrap_err()["policy"].contains("V2"));
    let whole = form(shut, "111122223333");
    let notes = |known: &[(Subject, Value)]| {
        let facts = facts(&whole, known);
        super::super::policies::notes(&whole.plan(&facts).unwrap(), &facts)
    };
    assert!(notes(first)[0].says.contains("scope V1") && notes(&[]).is_empty());
    let there = (Subject::RegistryPolicy, serde_json::from_str(shut).unwrap());
    let (operation, sent, back, _) = only(&planned(&form("", ""), &[there]).unwrap());
    assert_eq!((operation.as_str(), sent, back.as_str()), ("DeleteRegistryPolicy", json!({}), "PutRegistryPolicy"));
    // AWS writes a policy in its own way.
    let typed = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "AWS": "444455556666" },
        "Action": ["ecr:ReplicateImage"], "Resource": ["arn:aws:ecr:eu-west-1:111122223333:repository/*"] }] });
    let kept = (Subject::RegistryPolicy, crate::iam::policy_document::as_kept(&typed));
    assert!(planned(&form(&typed.to_string(), ""), &[kept]).unwrap_err().contains_key("nothing"));
}

#[test]
fn settings_take_their_values() {
    let form = |name: &str, value: &str| {
        answers(json!({ "wizard": "registry-setting", "answers": { "name": name, "value": value } }))
    };
    let v1 = (Subject::AccountSetting { name: registry::POLICY_SCOPE.into() }, json!("V1"));
    let (_, sent, _, back) = only(&planned(&form(registry::POLICY_SCOPE, "V2"), std::slice::from_ref(&v1)).unwrap());
    assert_eq!((sent, &back["value"]), (json!({ "name": "REGISTRY_POLICY_SCOPE", "value": "V2" }), &json!("V1")));
    assert!(planned(&form(registry::POLICY_SCOPE, "V1"), &[v1]).unwrap_err().contains_key("nothing"));
    assert!(planned(&form(registry::POLICY_SCOPE, "V3"), &[]).unwrap_err().contains_key("value"));
    assert!(planned(&form("OTHER", "V3"), &[]).unwrap_err().contains_key("name"));
}

//! What AWS takes and refuses, what survives a round trip, and how rules are said and built.

use serde_json::{Value, json};

use super::rules::WHOLE;
use super::*;

fn rule(priority: i64, selection: Value) -> Value {
    json!({"rulePriority": priority, "selection": selection, "action": {"type": "expire"}})
}

fn newest(status: &str) -> Value {
    json!({"tagStatus": status, "countType": "imageCountMoreThan", "countNumber": 1})
}

fn tagged(list: &str, entries: &[&str]) -> Value {
    let mut selection = newest("tagged");
    selection[list] = json!(entries);
    selection
}

fn since(count_type: &str, days: i64) -> Value {
    json!({"tagStatus": "any", "countType": count_type, "countUnit": "days", "countNumber": days})
}

/// The value with the field at the end of a JSON pointer set.
fn with(mut value: Value, pointer: &str, field: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    value.pointer_mut(parent).unwrap()[name] = field;
    value
}

fn read(rules: &[Value]) -> Result<Policy, Errors> {
    parse(&json!({"rules": rules}).to_string())
}

/// The paths that are refused.
fn wrong(rules: &[Value]) -> Vec<String> {
    read(rules).map_or_else(|errors| errors.into_keys().collect(), |_| vec![])
}

#[test]
fn reading_and_writing_loses_nothing_not_even_the_future() {
    let future = json!({
        "rules": [{
            "rulePriority": 1, "description": "", "enabled": true,
            "selection": {"tagStatus": "signed", "tagPrefixList": [], "storageClass": "frozen", "countType": "sinceImageSigned",
                "countUnit": "hours", "countNumber": 3, "signers": ["a"]},
            "action": {"type": "export", "targetStorageClass": "tape", "notify": {"topic": "t"}}
        }],
        "version": 2
    });
    let policy: Policy = serde_json::from_value(future.clone()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&policy.text()).unwrap(), future);
    assert_eq!(policy.rules[0].selection.tag_status, TagStatus::Other("signed".into()));
    // What somebody types is another matter: each of these is more likely a slip.
    let refused = parse(&future.to_string()).unwrap_err();
    for path in [
        "version",
        "rules[0].enabled",
        "rules[0].selection.tagStatus",
        "rules[0].selection.storageClass",
        "rules[0].selection.countType",
        "rules[0].selection.countUnit",
        "rules[0].selection.signers",
        "rules[0].selection.tagPrefixList",
        "rules[0].action.type",
        "rules[0].action.targetStorageClass",
        "rules[0].action.notify",
    ] {
        assert!(refused.contains_key(path), "{path} in {refused:#?}");
    }
    assert!(refused["rules[0].selection.countType"].contains("sinceImageTransitioned"));
}

#[test]
fn what_aws_shows_as_examples_is_accepted_and_kept() {
    let archive = json!({"type": "transition", "targetStorageClass": "archive"});
    let examples = [
        vec![rule(1, tagged("tagPatternList", &["*test*1*2*3", "test*1*2*3*"]))],
        vec![with(rule(1, since("sinceImagePulled", 90)), "/action", archive.clone())],
        vec![
            with(rule(1, since("sinceImagePushed", 30)), "/action", archive),
            rule(2, with(since("sinceImageTransitioned", 365), "/storageClass", json!("archive"))),
        ],
        vec![rule(1, tagged("tagPatternList", &["alpha*"])), rule(20, newest("untagged")), rule(300, newest("any"))],
        // The number of `any` counts, not its place; and `standard` may be spelled out.
        vec![rule(9, with(newest("any"), "/storageClass", json!("standard"))), rule(1, newest("untagged"))],
        // Overlap is allowed, only the same set is not.
        vec![rule(1, tagged("tagPrefixList", &["a", "b"])), rule(2, tagged("tagPrefixList", &["a"]))],
    ];
    for rules in examples {
        let policy = read(&rules).unwrap();
        assert_eq!(serde_json::to_value(&policy).unwrap(), json!({"rules": rules}));
    }
}

#[test]
fn each_fault_is_told_at_its_field() {
    let archived = with(since("sinceImageTransitioned", 90), "/storageClass", json!("archive"));
    let archive = json!({"type": "transition", "targetStorageClass": "archive"});
    let long = "x".repeat(301);
    let cases: Vec<(&str, Value)> = vec![
        ("rulePriority", rule(0, newest("any"))),
        ("selection.countNumber", rule(1, with(newest("any"), "/countNumber", json!(0)))),
        ("selection.countNumber", rule(1, with(archived.clone(), "/countNumber", json!(89)))),
        ("selection.countUnit", rule(1, with(newest("any"), "/countUnit", json!("days")))),
        (
            "selection.countUnit",
            rule(1, json!({"tagStatus": "any", "countType": "sinceImagePushed", "countNumber": 1})),
        ),
        ("selection.countUnit", rule(1, with(since("sinceImagePushed", 1), "/countUnit", json!("hours")))),
        ("selection.storageClass", rule(1, since("sinceImageTransitioned", 90))),
        ("selection.storageClass", rule(1, with(newest("any"), "/storageClass", json!("archive")))),
        ("selection.storageClass", rule(1, with(since("sinceImagePushed", 9), "/storageClass", json!("archive")))),
        ("selection.tagPatternList", rule(1, newest("tagged"))),
        ("selection.tagPatternList", rule(1, tagged("tagPatternList", &[]))),
        ("selection.tagPatternList", rule(1, with(newest("any"), "/tagPatternList", json!(["a"])))),
        ("selection.tagPrefixList", rule(1, with(newest("untagged"), "/tagPrefixList", json!([])))),
        ("selection.tagPrefixList", rule(1, with(tagged("tagPatternList", &["a"]), "/tagPrefixList", json!(["b"])))),
        ("selection.tagPatternList[1]", rule(1, tagged("tagPatternList", &["a*", "test*1*2*3*4*5*6"]))),
        ("selection.tagPatternList[0]", rule(1, tagged("tagPatternList", &[""]))),
        ("selection.tagPrefixList[1]", rule(1, tagged("tagPrefixList", &["a", "prod*"]))),
        ("selection.tagPrefixList[0]", rule(1, tagged("tagPrefixList", &[&long]))),
        ("action.type", rule(1, since("sinceImagePulled", 9))),
        ("action.type", with(rule(1, archived), "/action", archive)),
        ("action.targetStorageClass", with(rule(1, newest("any")), "/action", json!({"type": "transition"}))),
        (
            "action.targetStorageClass",
            with(rule(1, newest("any")), "/action", json!({"type": "transition", "targetStorageClass": "standard"})),
        ),
        (
            "action.targetStorageClass",
            with(rule(1, newest("any")), "/action", json!({"type": "expire", "targetStorageClass": "archive"})),
        ),
    ];
    for (path, rule) in cases {
        assert_eq!(wrong(std::slice::from_ref(&rule)), [format!("rules[0].{path}")], "{rule}");
    }
}

#[test]
fn rules_must_get_along() {
    let archived = |status: &str| {
        let mut selection = with(since("sinceImageTransitioned", 90), "/storageClass", json!("archive"));
        selection["tagStatus"] = json!(status);
        selection
    };
    let cases: Vec<(&str, Vec<Value>)> = vec![
        ("rules[1].rulePriority", vec![rule(1, newest("untagged")), rule(1, tagged("tagPrefixList", &["a"]))]),
        ("rules[1].selection.tagStatus", vec![rule(1, newest("untagged")), rule(2, newest("untagged"))]),
        ("rules[1].selection.tagStatus", vec![rule(1, newest("any")), rule(2, newest("any"))]),
        ("rules[0].rulePriority", vec![rule(5, newest("any")), rule(7, newest("untagged"))]),
        ("rules[1].rulePriority", vec![rule(5, archived("untagged")), rule(4, archived("any"))]),
        (
            "rules[1].selection.tagPrefixList",
            vec![rule(1, tagged("tagPrefixList", &["a", "b"])), rule(2, tagged("tagPrefixList", &["b", "a"]))],
        ),
    ];
    for (path, rules) in cases {
        assert_eq!(wrong(&rules), [path], "{rules:?}");
    }
    // Per storage class, not altogether.
    assert_eq!(
        wrong(&[rule(1, newest("any")), rule(2, archived("untagged")), rule(3, archived("any"))]),
        Vec::<String>::new()
    );
}

#[test]
fn a_policy_has_one_to_fifty_rules_and_a_limited_length() {
    let many = |n: i64| (1..=n).map(|i| rule(i, tagged("tagPrefixList", &[&format!("v{i}")]))).collect::<Vec<_>>();
    assert_eq!(wrong(&[]), ["rules"]);
    assert_eq!(wrong(&many(50)), Vec::<String>::new());
    assert_eq!(wrong(&many(51)), ["rules"]);
    let described = |length: usize| with(rule(1, newest("any")), "/description", json!("é".repeat(length)));
    let rest = read(&[described(0)]).unwrap().text().chars().count();
    assert_eq!(wrong(&[described(30_720 - rest)]), Vec::<String>::new());
    assert_eq!(wrong(&[described(30_721 - rest)]), [WHOLE]);
    // The least that AWS takes is 100 characters: no valid policy is shorter, so nothing checks it.
    assert!(read(&[rule(1, newest("any"))]).unwrap().text().len() >= 100);
}

#[test]
fn wrong_types_and_missing_fields_are_told_all_at_once() {
    let errors = parse(
        r#"{"rules": [{"rulePriority": "1", "description": null, "selection": {"tagStatus": "tagged", "tagPrefixList": ["a", 5],
            "tagPatternList": "b*", "countType": "imageCountMoreThan", "countNumber": 1.5}, "action": []}, 7, {}]}"#,
    )
    .unwrap_err();
    let paths: Vec<&str> = errors.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "rules[0].action",
            "rules[0].description",
            "rules[0].rulePriority",
            "rules[0].selection.countNumber",
            "rules[0].selection.tagPatternList",
            "rules[0].selection.tagPrefixList[1]",
            "rules[1]",
            "rules[2].action",
            "rules[2].rulePriority",
            "rules[2].selection",
        ]
    );
    for text in ["", "{", "[]", "null", r#"{"rules": [], "rules": []}"#] {
        let errors = parse(text).unwrap_err();
        assert!(errors.contains_key(WHOLE), "{text}: {errors:?}");
    }
    assert!(parse(r#"{"rules": 1}"#).unwrap_err().contains_key("rules"));
}

#[test]
fn a_field_that_is_written_twice_is_refused() {
    let text = read(&[rule(1, newest("any"))]).unwrap().text();
    let twice = text.replace("\"countNumber\":1", "\"countNumber\":1,\"countNumber\":9");
    assert_ne!(text, twice);
    assert!(parse(&twice).unwrap_err()[WHOLE].contains("countNumber"));
}

#[test]
fn rules_read_as_sentences() {
    let archive = json!({"type": "transition", "targetStorageClass": "archive"});
    let untagged = with(since("sinceImagePushed", 14), "/tagStatus", json!("untagged"));
    let archived = with(since("sinceImageTransitioned", 365), "/storageClass", json!("archive"));
    for (rule, sentence) in [
        (rule(1, untagged), "Expire untagged images pushed more than 14 days ago"),
        (rule(1, since("sinceImagePushed", 1)), "Expire images pushed more than 1 day ago"),
        (rule(1, newest("untagged")), "Expire all but the newest untagged image"),
        (rule(1, with(newest("any"), "/countNumber", json!(30))), "Expire all but the newest 30 images"),
        (
            rule(1, tagged("tagPrefixList", &["a", "b"])),
            "Expire all but the newest image with a tag that starts with a and a tag that starts with b",
        ),
        (
            rule(1, tagged("tagPatternList", &["v*", "*-rc*", "latest"])),
            "Expire all but the newest image with a tag that starts with v and a tag that matches *-rc* and the tag latest",
        ),
        (rule(1, tagged("tagPatternList", &["*"])), "Expire all but the newest image with any tag"),
        (
            with(rule(1, since("sinceImagePulled", 90)), "/action", archive),
            "Archive images not pulled for more than 90 days",
        ),
        (rule(1, archived), "Expire images archived more than 365 days ago"),
        (
            with(rule(7, newest("any")), "/action", json!({"type": "export"})),
            "Rule 7 says something that Gantry does not know: see its JSON",
        ),
    ] {
        assert_eq!(serde_json::from_value::<Rule>(rule).unwrap().sentence(), sentence);
    }
}

#[test]
fn templates_make_policies_that_aws_takes() {
    let policy = Policy::of(&[
        Template::KeepLast { count: 100 },
        Template::KeepLastWithPrefix { prefix: "release-".into(), count: 10 },
        Template::ExpireUntagged { days: 14 },
        Template::KeepLastWithPrefix { prefix: "v".into(), count: 5 },
    ]);
    assert_eq!(parse(&policy.text()).as_ref(), Ok(&policy));
    let sentences: Vec<&str> = policy.rules.iter().filter_map(|r| r.description.as_deref()).collect();
    assert_eq!(
        sentences,
        [
            "Expire all but the newest 10 images with a tag that starts with release-",
            "Expire all but the newest 5 images with a tag that starts with v",
            "Expire untagged images pushed more than 14 days ago",
            "Expire all but the newest 100 images",
        ]
    );
    // AWS refuses fields that say nothing, such as a null or an empty list.
    assert_eq!(
        serde_json::to_value(&policy.rules[3]).unwrap(),
        json!({"rulePriority": 4, "description": "Expire all but the newest 100 images", "action": {"type": "expire"},
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 100}})
    );
    let bad = Policy::of(&[
        Template::ExpireUntagged { days: 0 },
        Template::KeepLastWithPrefix { prefix: "".into(), count: 1 },
    ]);
    let paths: Vec<String> = bad.check().unwrap_err().into_keys().collect();
    assert_eq!(paths, ["rules[0].selection.tagPrefixList[0]", "rules[1].selection.countNumber"]);
}

//! The examples of the user guide, whose outcome is documented, and what they leave out.
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html>

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::ecr::Image;
use crate::time::Millis;

const NOW: Millis = Millis(1_795_428_000_000);
const DAY: i64 = 86_400_000;

fn days_ago(days: i64) -> Millis {
    Millis(NOW.0 - days * DAY)
}

fn image(digest: &str, tags: &[&str], days: i64) -> ImageFacts {
    ImageFacts {
        digest: digest.into(),
        tags: tags.iter().map(|t| (*t).to_owned()).collect(),
        pushed_at: days_ago(days),
        pulled_at: None,
        archived_at: None,
        activated_at: None,
        storage_class: StorageClass::Standard,
        children: vec![],
        subject: None,
        size: None,
    }
}

fn archived(digest: &str, tags: &[&str], pushed: i64, days: i64) -> ImageFacts {
    let archived_at = Some(days_ago(days));
    ImageFacts { archived_at, storage_class: StorageClass::Archive, ..image(digest, tags, pushed) }
}

fn index(digest: &str, tags: &[&str], days: i64, children: &[&str]) -> ImageFacts {
    ImageFacts { children: children.iter().map(|c| (*c).to_owned()).collect(), ..image(digest, tags, days) }
}

/// A policy of selections; their priority is their place, and they expire unless they say otherwise.
fn policy(selections: &[Value]) -> Policy {
    let rule = |(priority, selection): (usize, &Value)| {
        let mut selection = selection.clone();
        let object = selection.as_object_mut().unwrap();
        let action = object.remove("action").unwrap_or_else(|| json!({"type": "expire"}));
        json!({"rulePriority": priority, "selection": selection, "action": action})
    };
    let rules: Vec<Value> = (1..).zip(selections).map(rule).collect();
    parse(&json!({"rules": rules}).to_string()).unwrap()
}

fn newest(status: &str, count: i64) -> Value {
    json!({"tagStatus": status, "countType": "imageCountMoreThan", "countNumber": count})
}

fn newest_of(patterns: &[&str], count: i64) -> Value {
    let mut selection = newest("tagged", count);
    selection["tagPatternList"] = json!(patterns);
    selection
}

fn since(count_type: &str, status: &str, days: i64) -> Value {
    json!({"tagStatus": status, "countType": count_type, "countUnit": "days", "countNumber": days})
}

fn to_archive(mut selection: Value) -> Value {
    selection["action"] = json!({"type": "transition", "targetStorageClass": "archive"});
    selection
}

fn from_archive(status: &str, days: i64) -> Value {
    let mut selection = since("sinceImageTransitioned", status, days);
    selection["storageClass"] = json!("archive");
    selection
}

fn expired(digest: &str, rule: i64) -> (String, Fate) {
    (digest.to_owned(), Fate::Expired { rule })
}

fn moved(digest: &str, rule: i64) -> (String, Fate) {
    (digest.to_owned(), Fate::Archived { rule })
}

fn held(digest: &str, rule: i64, by: &str) -> (String, Fate) {
    (digest.to_owned(), Fate::Held { rule, by: by.to_owned() })
}

/// What is not simply kept.
fn outcome(selections: &[Value], images: &[ImageFacts]) -> Vec<(String, Fate)> {
    let verdicts = evaluate(&policy(selections), images, NOW);
    assert!(verdicts.iter().map(|v| &v.digest).eq(images.iter().map(|i| &i.digest)));
    verdicts.into_iter().filter(|v| v.fate != Fate::Kept).map(|v| (v.digest, v.fate)).collect()
}

#[test]
fn an_image_belongs_to_the_first_rule_that_fits_it() {
    let images =
        [image("a", &["beta-1", "prod-1"], 10), image("b", &["beta-2", "prod-2"], 9), image("c", &["beta-3"], 8)];
    let (prod, beta) = (newest_of(&["prod*"], 1), newest_of(&["beta*"], 1));
    // Filtering on multiple rules, examples A and B: b is kept by rule 1, so rule 2 must not take it.
    assert_eq!(outcome(&[prod.clone(), beta.clone()], &images), [expired("a", 1)]);
    assert_eq!(outcome(&[beta, prod], &images), [expired("a", 1), expired("b", 1)]);
    // The older edition of the same examples has prefixes.
    let mut prefixed = newest("tagged", 1);
    prefixed["tagPrefixList"] = json!(["beta"]);
    assert_eq!(outcome(&[prefixed], &images), [expired("a", 1), expired("b", 1)]);
}

#[test]
fn the_order_of_rules_is_their_priority_not_their_place() {
    let images = [image("a", &["beta-1", "prod-1"], 10), image("b", &["beta-2", "prod-2"], 9)];
    let mut turned = policy(&[newest_of(&["prod*"], 2), newest_of(&["beta*"], 1)]);
    turned.rules.reverse();
    assert!(evaluate(&turned, &images, NOW).iter().all(|v| v.fate == Fate::Kept));
}

#[test]
fn all_patterns_of_a_rule_must_match() {
    // Filtering on multiple tags in a single rule, example A …
    let images = [
        image("a", &["alpha-1"], 12),
        image("b", &["beta-1"], 11),
        image("c", &["alpha-2", "beta-2"], 10),
        image("d", &["alpha-3"], 4),
        image("e", &["beta-3"], 3),
        image("f", &["alpha-4", "beta-4"], 2),
    ];
    let mut old = since("sinceImagePushed", "tagged", 5);
    old["tagPatternList"] = json!(["alpha*", "beta*"]);
    assert_eq!(outcome(&[old], &images), [expired("c", 1)]);
    // … and example B.
    let images = [
        image("a", &["alpha-1", "beta-1", "gamma-1"], 10),
        image("b", &["alpha-2", "beta-2"], 9),
        image("c", &["alpha-3", "beta-3", "gamma-2"], 8),
    ];
    assert_eq!(outcome(&[newest_of(&["alpha*", "beta*"], 1)], &images), [expired("a", 1), expired("b", 1)]);
}

#[test]
fn the_newest_of_all_images_stay() {
    // Filtering on all images, example A.
    let images =
        [image("a", &["alpha-1"], 4), image("b", &["beta-1"], 3), image("c", &[], 2), image("d", &["alpha-2"], 1)];
    assert_eq!(outcome(&[newest("any", 1)], &images), [expired("a", 1), expired("b", 1), expired("c", 1)]);
    // Filtering on image count.
    let images = [image("a", &[], 4), image("b", &["v1"], 3), image("c", &[], 2)];
    assert_eq!(outcome(&[newest("untagged", 1)], &images), [expired("a", 1)]);
}

#[test]
fn images_of_other_rules_fill_places_but_are_not_touched() {
    // Filtering on all images, example B. e takes the only place of rule 3, and d goes although it is as new as e.
    let images = [
        image("a", &["alpha-1", "beta-1"], 4),
        image("b", &[], 3),
        image("c", &["alpha-2"], 2),
        image("d", &["git hash"], 1),
        image("e", &[], 1),
    ];
    let rules = [newest_of(&["alpha*"], 1), since("sinceImagePushed", "untagged", 1), newest("any", 1)];
    assert_eq!(outcome(&rules, &images), [expired("a", 1), expired("b", 2), expired("d", 3)]);
}

#[test]
fn a_number_of_days_must_have_passed_to_the_end() {
    // Filtering on image age.
    let mut rule = since("sinceImagePushed", "tagged", 14);
    rule["tagPatternList"] = json!(["prod*"]);
    let mut just = image("just", &["prod-3"], 14);
    just.pushed_at.0 -= 1;
    let images = [image("fresh", &["prod-1"], 14), just, image("old", &["prod"], 15), image("other", &["dev"], 99)];
    assert_eq!(outcome(&[rule.clone()], &images), [expired("just", 1), expired("old", 1)]);
    // Archiving images older than a specified number of days.
    assert_eq!(outcome(&[to_archive(rule)], &images), [moved("just", 1), moved("old", 1)]);
    // A number of days that no calendar holds.
    let endless = policy(&[since("sinceImagePushed", "any", i64::MAX)]);
    assert!(evaluate(&endless, &images, NOW).iter().all(|v| v.fate == Fate::Kept));
}

#[test]
fn a_pull_counts_or_the_push_or_the_restoration() {
    // Filtering on last pulled time.
    let rule = to_archive(since("sinceImagePulled", "any", 90));
    let pulled = |digest, pulled, activated: Option<i64>| ImageFacts {
        pulled_at: Some(days_ago(pulled)),
        activated_at: activated.map(days_ago),
        ..image(digest, &[], 500)
    };
    let restored = ImageFacts { activated_at: Some(days_ago(10)), ..image("restored", &[], 500) };
    let images = [
        image("never, new", &[], 80),
        image("never, old", &[], 100),
        pulled("lately", 10, None),
        pulled("long ago", 91, None),
        restored,
        pulled("before its restoration", 200, Some(10)),
        pulled("since its restoration", 95, Some(100)),
    ];
    let gone = [moved("never, old", 1), moved("long ago", 1), moved("since its restoration", 1)];
    assert_eq!(outcome(&[rule], &images), gone);
}

#[test]
fn restored_images_are_as_new_as_their_restoration() {
    let restored = ImageFacts { activated_at: Some(days_ago(1)), ..image("restored", &["v1"], 500) };
    let images = [restored, image("a", &["v2"], 3), image("b", &["v3"], 2)];
    assert_eq!(outcome(&[newest("any", 2)], &images), [expired("a", 1)]);
    assert_eq!(outcome(&[since("sinceImagePushed", "any", 30)], &images), []);
}

#[test]
fn each_storage_class_has_its_own_rules() {
    // Combining archive and expire rules: rule 1 selects any image, yet rule 2 reaches what is archived already.
    let rules = [to_archive(since("sinceImagePushed", "any", 30)), from_archive("any", 365)];
    let images = [
        image("new", &["v3"], 29),
        image("old", &["v2"], 31),
        archived("resting", &["v1"], 600, 365),
        archived("forgotten", &[], 700, 366),
    ];
    assert_eq!(outcome(&rules, &images), [moved("old", 1), expired("forgotten", 2)]);
    // Archived images neither fill places of standard storage nor are counted out of them.
    assert_eq!(outcome(&[newest("any", 1)], &images), [expired("old", 1)]);
}

#[test]
fn wildcards_stand_for_any_text() {
    for (pattern, tag, matches) in [
        ("prod*", "prod", true),
        ("prod*", "production-team1", true),
        ("prod*", "myprod", false),
        ("*prod*", "repo-production", true),
        ("*prod*", "prod-team", true),
        ("*prod*", "pro-d", false),
        ("prod", "prod", true),
        ("prod", "prod1", false),
        ("Prod*", "prod1", false),
        ("*", "x", true),
        ("v*.*.0", "v1.20.0", true),
        ("v*.*.0", "v1.0", false),
        ("a*a", "a", false),
        ("*ab", "aab", true),
        ("*-rc*1", "v2-rc-rc11", true),
        ("a**b", "ab", true),
        ("v1.*", "v1x2", false),
    ] {
        let goes = !outcome(&[newest_of(&[pattern], 1)], &[image("a", &[tag], 2), image("b", &[tag], 1)]).is_empty();
        assert_eq!(goes, matches, "{pattern} {tag}");
    }
}

#[test]
fn what_an_index_leads_to_stays_as_long_as_it_does() {
    let images = [
        index("list", &["v2"], 40, &["amd", "arm"]),
        image("amd", &[], 40),
        image("arm", &[], 40),
        image("alone", &[], 40),
        index("old list", &["old"], 60, &["amd", "old arm"]),
        image("old arm", &[], 60),
    ];
    let untagged = since("sinceImagePushed", "untagged", 14);
    let kept = [held("amd", 1, "list"), held("arm", 1, "list"), expired("alone", 1), held("old arm", 1, "old list")];
    assert_eq!(outcome(std::slice::from_ref(&untagged), &images), kept);
    // With the old list its own image goes; the one that both share stays.
    let mut old = since("sinceImagePushed", "tagged", 14);
    old["tagPatternList"] = json!(["old"]);
    let kept = [
        held("amd", 1, "list"),
        held("arm", 1, "list"),
        expired("alone", 1),
        expired("old list", 2),
        expired("old arm", 1),
    ];
    assert_eq!(outcome(&[untagged, old], &images), kept);
}

#[test]
fn an_index_within_an_index_holds_what_it_leads_to() {
    let images = [index("top", &["v1"], 9, &["middle"]), index("middle", &[], 9, &["leaf"]), image("leaf", &[], 9)];
    let rules = [since("sinceImagePushed", "untagged", 1)];
    for images in [images.clone().to_vec(), images.into_iter().rev().collect()] {
        let mut fates = outcome(&rules, &images);
        fates.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(fates, [held("leaf", 1, "middle"), held("middle", 1, "top")]);
    }
}

#[test]
fn an_archived_index_holds_nothing() {
    let mut list = archived("list", &["v1"], 40, 5);
    list.children = vec!["amd".into()];
    assert_eq!(
        outcome(&[newest("untagged", 1)], &[list, image("amd", &[], 40), image("b", &[], 1)]),
        [expired("amd", 1)]
    );
}

#[test]
fn held_images_still_fill_places() {
    // Whoever keeps two images of a repository of indexes keeps one index with its newest child.
    let images = [
        index("new", &["v2"], 1, &["new amd"]),
        image("new amd", &[], 2),
        index("old", &["v1"], 3, &["old amd"]),
        image("old amd", &[], 4),
    ];
    assert_eq!(outcome(&[newest("any", 2)], &images), [expired("old", 1), expired("old amd", 1)]);
}

#[test]
fn signatures_go_with_what_they_sign() {
    let signature = |digest, of: &str| ImageFacts { subject: Some(of.to_owned()), ..image(digest, &["sig"], 1) };
    let images = [
        signature("countersignature", "signature"),
        signature("signature", "old"),
        image("old", &["v1"], 9),
        image("new", &["v2"], 2),
        signature("kept", "new"),
    ];
    let gone = [expired("countersignature", 1), expired("signature", 1), expired("old", 1)];
    assert_eq!(outcome(&[newest_of(&["v*"], 1)], &images), gone);
}

#[test]
fn a_rule_in_unknown_words_may_do_anything_to_what_it_may_select() {
    let mut unknown = policy(&[newest_of(&["v*"], 9), since("sinceImagePushed", "any", 1)]);
    unknown.rules[0].selection.count_type = CountType::Other("sinceImageSigned".into());
    let images = [image("a", &["v1"], 0), image("b", &["x"], 5), image("c", &["x"], 0)];
    let fates: Vec<Fate> = evaluate(&unknown, &images, NOW).into_iter().map(|v| v.fate).collect();
    assert_eq!(fates, [Fate::Unclear { rule: 1 }, Fate::Expired { rule: 2 }, Fate::Kept]);
    unknown.rules[0].selection.tag_status = TagStatus::Other("signed".into());
    unknown.rules[0].action.kind = ActionType::Other("export".into());
    assert!(evaluate(&unknown, &images, NOW).iter().all(|v| v.fate == Fate::Unclear { rule: 1 }));
}

#[test]
fn danger_reaches_along_indexes_both_ways() {
    let images = [
        index("list", &["v1"], 9, &["amd", "arm"]),
        image("amd", &[], 9),
        image("arm", &[], 9),
        image("alone", &[], 9),
        image("new", &["v2"], 1),
    ];
    let verdicts = evaluate(&policy(&[to_archive(newest("any", 1))]), &images, NOW);
    let danger = |used: &[&str]| -> Vec<(String, Option<String>)> {
        let used: BTreeSet<String> = used.iter().map(|d| (*d).to_owned()).collect();
        in_danger(&verdicts, &used).into_iter().map(|d| (d.digest, d.through)).collect()
    };
    let one = |digest: &str, through: Option<&str>| (digest.to_owned(), through.map(str::to_owned));
    assert_eq!(danger(&["list"]), [one("list", None), one("amd", Some("list")), one("arm", Some("list"))]);
    // The other platform is nobody's.
    assert_eq!(danger(&["amd"]), [one("list", Some("amd")), one("amd", None)]);
    assert_eq!(danger(&["list", "amd"]), [one("list", None), one("amd", None), one("arm", Some("list"))]);
    assert_eq!(danger(&["alone", "new", "somewhere else"]), [one("alone", None)]);
    assert_eq!(danger(&[]), []);
}

#[test]
fn facts_come_from_the_stored_document() {
    let image: Image = serde_json::from_value(json!({
        "repositoryName": "app", "imageDigest": "sha256:aa", "imageTags": ["v1"], "imageSizeInBytes": 7,
        "imagePushedAt": "2026-01-01T00:00:00Z", "lastRecordedPullTime": "2026-02-01T00:00:00Z",
        "lastArchivedAt": "2026-03-01T00:00:00Z", "imageStatus": "ARCHIVED", "subjectManifestDigest": "sha256:bb",
        "gantry:manifests": [{"digest": "sha256:cc"}],
    }))
    .unwrap();
    let facts = ImageFacts::of(&image).unwrap();
    assert_eq!(facts.storage_class, StorageClass::Archive);
    assert_eq!(facts.archived_at, Millis::parse_rfc3339("2026-03-01T00:00:00Z"));
    assert_eq!((facts.children, facts.subject), (vec!["sha256:cc".to_owned()], Some("sha256:bb".to_owned())));
    assert_eq!(ImageFacts::of(&Image { image_pushed_at: None, ..image }), None);
}

//! What the plans for images and their tags do, and what they refuse.

use super::*;
use crate::ecr::wizards::notes::{replicated, without_pods};
use crate::ecr::wizards::tags::notes;
use crate::identity::ResourceKey;
use std::collections::BTreeSet;

#[test]
fn images_go_in_calls_of_a_hundred_and_not_while_they_are_there_no_more() {
    let digests: Vec<String> = (0..130).map(|n| format!("sha256:{n:064}")).collect();
    let answers =
        answers("delete-images", json!({ "repository": "shop/api", "digests": digests, "insist": "shop/api" }));
    let there = |subject: &Ecr| match subject {
        Ecr::Images { digests, .. } => Some(digests.iter().map(|d| (d.clone(), json!(["1.0"]))).collect::<Value>()),
        _ => None,
    };
    let plan = answers.plan(&facts(&answers, there)).unwrap();
    let sizes: Vec<usize> = plan.steps.iter().map(|s| s.call.input()["imageIds"].as_array().unwrap().len()).collect();
    assert_eq!((sizes, plan.typed()), (vec![100, 30], Some("shop/api")));
    assert_eq!(plan.steps[1].depends_on, ["images-1"]);
    assert_eq!(plan.steps[1].before.as_ref().unwrap().as_object().unwrap().len(), 30);
    assert!(answers.plan(&facts(&answers, |_| None)).unwrap_err()["digests"].contains("any more"));
}

#[test]
fn an_index_goes_before_what_it_leads_to_another_index_among_that() {
    let [outer, inner, part, alone] = ['d', 'c', 'b', 'a'].map(digest);
    let images = vec![
        held(&outer, 1, &["1.0"], &[inner.as_str(), part.as_str()], &[]),
        held(&inner, 1, &[], &[part.as_str()], &[]),
        held(&part, 1, &[], &[], &[]),
        held(&alone, 1, &["2.0"], &[], &[]),
    ];
    let inventory = serde_json::to_value(Inventory { images, ..Inventory::default() }).unwrap();
    let wanted = json!({ "repository": "shop/api", "digests": [part, inner, alone, outer] });
    let answers = answers("delete-images", wanted);
    let state = |subject: Subject| {
        let state = match &subject {
            Subject::Ecr(Ecr::Inventory { .. }) => inventory.clone(),
            Subject::Ecr(Ecr::Images { digests, .. }) => digests.iter().map(|d| (d.clone(), json!([]))).collect(),
            other => panic!("{other:?}"),
        };
        (subject, Some(state))
    };
    let plan = answers.plan(&Facts::new(answers.subjects().into_iter().map(state).collect())).unwrap();
    let calls: Vec<Value> = plan.steps.iter().map(|step| step.call.input()["imageIds"].clone()).collect();
    let ids = |digests: &[&String]| digests.iter().map(|digest| json!({ "imageDigest": digest })).collect::<Value>();
    assert_eq!(calls, [ids(&[&outer]), ids(&[&inner]), ids(&[&alone, &part])]);
    assert_eq!(plan.steps[1].depends_on, ["images-1"]);
    assert_eq!(plan.steps[2].depends_on, ["images-2"]);
}

#[test]
fn images_in_use_go_only_if_that_is_insisted_on() {
    let (running, index, part, free) = (digest('a'), digest('b'), digest('c'), digest('d'));
    let images = vec![
        held(&running, 1, &["1.0"], &[], &["service web in prod"]),
        held(&index, 2, &["1.1"], &[part.as_str()], &[]),
        held(&part, 2, &[], &[], &["service batch in prod"]),
        held(&free, 3, &["1.2"], &[], &[]),
    ];
    let inventory = serde_json::to_value(Inventory { images, ..Inventory::default() }).unwrap();
    let plan = |digests: &[&String], insist: &str| {
        let wanted = json!({ "repository": "shop/api", "digests": digests, "insist": insist });
        let answers = answers("delete-images", wanted);
        let state = |subject: Subject| {
            let state = match &subject {
                Subject::Ecr(Ecr::Inventory { .. }) => inventory.clone(),
                Subject::Ecr(Ecr::Images { digests, .. }) => digests.iter().map(|d| (d.clone(), json!([]))).collect(),
                other => panic!("{other:?}"),
            };
            (subject, Some(state))
        };
        answers.plan(&Facts::new(answers.subjects().into_iter().map(state).collect()))
    };
    let refused = plan(&[&running, &free], "").unwrap_err();
    assert_eq!(
        refused["insist"],
        "These are in use: shop/api:1.0 (used by service web in prod). Who means it nevertheless insists with the name shop/api."
    );
    // Neither what a running image is a part of, nor with another name.
    let through = plan(&[&index], "shop/ap").unwrap_err();
    assert!(through["insist"].contains("shop/api:1.1 (goes with shop/api@cccccccccccc"), "{through:?}");
    let meant = plan(&[&running, &free], " shop/api ").unwrap();
    assert_eq!((meant.steps.len(), meant.typed()), (1, Some("shop/api")));
    assert_eq!(plan(&[&free], "").unwrap().steps.len(), 1);
}

#[test]
fn no_scan_is_started_where_amazon_inspector_scans() {
    let answers = answers("scan-images", json!({ "repository": "shop/api", "digests": [digest('a')] }));
    let plan = |scan_type: &str| {
        let scanning = json!({ "scanType": scan_type, "rules": [] });
        let there = |subject: &Ecr| matches!(subject, Ecr::RegistryScanning).then(|| scanning.clone());
        answers.plan(&facts(&answers, there))
    };
    assert_eq!(plan("BASIC").unwrap().steps.len(), 1);
    assert!(plan("ENHANCED").unwrap_err()["scanning"].contains("Amazon Inspector"));
}

#[test]
fn tags_are_moved_and_moved_back() {
    let (a, b) = (digest('a'), digest('b'));
    let wanted = json!({ "repository": "shop/api", "digest": a, "tag": "prod" });
    let answers = answers("tag-image", wanted);
    let manifest = |digest: &str| json!({ "imageDigest": digest, "imageManifest": format!("{{\"of\":\"{digest}\"}}"), "imageManifestMediaType": "m" });
    let there = |tags: &'static [&'static str], at: Option<String>| {
        let a = a.clone();
        move |subject: &Ecr| match subject {
            Ecr::ImageTag { .. } => at.as_ref().map(|digest| manifest(digest)),
            Ecr::Manifest { digest, .. } => Some(manifest(digest)),
            Ecr::Images { .. } => Some([(a.clone(), json!(tags))].into_iter().collect()),
            _ => None,
        }
    };
    let plan = |tags, at| answers.plan(&facts(&answers, there(tags, at)));
    let moved = plan(&["1"], Some(b.clone())).unwrap();
    let Undo::Call(undo) = &moved.steps[0].undo else { panic!() };
    assert_eq!((undo.input()["imageDigest"].as_str(), undo.operation()), (Some(b.as_str()), "PutImage"));
    assert_eq!(moved.steps[0].effect, Effect::Update);
    let fresh = plan(&["1"], None).unwrap();
    let Undo::Call(undo) = &fresh.steps[0].undo else { panic!() };
    assert_eq!(undo.input(), json!({ "repositoryName": "shop/api", "imageIds": [{ "imageTag": "prod" }] }));
    // Taking back the only tag would delete the image.
    assert!(matches!(plan(&[], None).unwrap().steps[0].undo, Undo::Never(_)));
    assert!(plan(&["prod"], Some(a.clone())).unwrap_err().contains_key("nothing"));
}

/// What AWS and the store would say of two images and these settings, where this starts by `prod`.
fn tagged(answers: &Answers, settings: &Value, started_by: &[&str], at: Option<&str>) -> Facts {
    let manifest =
        |digest: &str| json!({ "imageDigest": digest, "imageManifest": "{}", "imageManifestMediaType": "m" });
    let who: BTreeSet<String> = started_by.iter().map(|who| (*who).to_owned()).collect();
    let inventory = Inventory { started_by: [("prod".to_owned(), who)].into(), ..Inventory::default() };
    let state = |subject: Subject| {
        let Subject::Ecr(ecr) = &subject else { panic!("{subject:?}") };
        let state = match ecr {
            Ecr::Inventory { .. } => Some(json!(inventory)),
            Ecr::Settings { .. } => Some(settings.clone()),
            Ecr::ImageTag { .. } => at.map(manifest),
            Ecr::Manifest { digest, .. } => Some(manifest(digest)),
            Ecr::Images { digests, .. } => {
                digests.iter().map(|d| (d.clone(), json!(["prod", "1"]))).collect::<Value>().into()
            }
            other => panic!("{other:?}"),
        };
        (subject, state)
    };
    Facts::new(answers.subjects().into_iter().map(state).collect())
}

#[test]
fn a_tag_is_moved_only_where_tags_can_be_moved() {
    let (a, b) = (digest('a'), digest('b'));
    let move_to = answers("tag-image", json!({ "repository": "shop/api", "digest": a, "tag": "prod" }));
    let plan = |mutability: &str, filter: &str, at: Option<&str>| {
        let settings = json!({ "imageTagMutability": mutability,
            "imageTagMutabilityExclusionFilters": [{ "filterType": "WILDCARD", "filter": filter }] });
        move_to.plan(&tagged(&move_to, &settings, &[], at))
    };
    let stays = "shop/api has prod already, and its tags stay. Choose another tag.";
    assert_eq!(plan("IMMUTABLE", "", Some(b.as_str())).unwrap_err()["tag"], stays);
    assert!(plan("IMMUTABLE_WITH_EXCLUSION", "pro*", Some(b.as_str())).is_ok());
    assert!(plan("IMMUTABLE_WITH_EXCLUSION", "dev*", Some(b.as_str())).is_err());
    assert!(plan("MUTABLE_WITH_EXCLUSION", "pro*", Some(b.as_str())).is_err());
    assert!(plan("MUTABLE", "", Some(b.as_str())).is_ok());
    assert!(plan("IMMUTABLE", "", None).is_ok(), "nothing has it yet");
}

#[test]
fn who_starts_by_a_tag_is_said_when_it_moves_and_keeps_it_from_being_taken_off() {
    let (a, b) = (digest('a'), digest('b'));
    let settings = json!({ "imageTagMutability": "MUTABLE" });
    let who = ["schedule default/hourly", "service web in prod"];
    let move_to = answers("tag-image", json!({ "repository": "shop/api", "digest": a, "tag": "prod" }));
    let told = |who: &[&str], at: Option<&str>| {
        let facts = tagged(&move_to, &settings, who, at);
        let plan = move_to.plan(&facts).unwrap();
        notes(&plan, &facts)
    };
    let moved = told(&who, Some(b.as_str()));
    assert_eq!(
        (moved.len(), moved[0].step.as_str(), moved[0].severity),
        (1, "tag", crate::plan::lint::Severity::Warning)
    );
    assert_eq!(
        moved[0].says,
        "What starts by prod runs aaaaaaaaaaaa from its next start on: schedule default/hourly; service web in prod."
    );
    assert!(told(&[], Some(b.as_str())).is_empty() && told(&who, None).is_empty());

    let untag = |who: &[&str], insist: &str| {
        let wanted = json!({ "repository": "shop/api", "digest": a, "tag": "prod", "insist": insist });
        let answers = answers("untag-image", wanted);
        answers.plan(&tagged(&answers, &settings, who, Some(a.as_str())))
    };
    assert_eq!(
        untag(&who, "").unwrap_err()["insist"],
        "What starts by prod would find no image at its next start: schedule default/hourly; service web in prod. Who means it nevertheless insists with the name shop/api."
    );
    assert_eq!(untag(&who, "shop/api").unwrap().steps.len(), 1);
    assert_eq!(untag(&[], "").unwrap().steps.len(), 1);
}

#[test]
fn a_copy_that_takes_a_tag_over_says_who_starts_by_it() {
    let (a, b) = (digest('a'), digest('b'));
    let copy = answers("copy-image", json!({ "source": "nginx:1", "repository": "shop/api", "tag": "prod" }));
    let who: BTreeSet<String> = ["service web in prod".to_owned()].into();
    let inventory = Inventory { started_by: [("prod".to_owned(), who)].into(), ..Inventory::default() };
    let state = |subject: Subject| {
        let state = match &subject {
            Subject::Ecr(Ecr::Inventory { .. }) => json!(inventory),
            Subject::Ecr(Ecr::Settings { .. }) => json!({ "imageTagMutability": "MUTABLE" }),
            Subject::Ecr(Ecr::ImageTag { .. }) => json!({ "imageDigest": b, "imageManifest": "{}" }),
            Subject::Ecr(Ecr::Source { .. }) => {
                json!({ "source": format!("docker.io/library/nginx@{a}"), "digest": a })
            }
            other => panic!("{other:?}"),
        };
        (subject, Some(state))
    };
    let facts = Facts::new(copy.subjects().into_iter().map(state).collect());
    let notes = notes(&copy.plan(&facts).unwrap(), &facts);
    assert_eq!(notes.iter().map(|note| note.step.as_str()).collect::<Vec<_>>(), ["tag"]);
    assert!(notes[0].says.contains("aaaaaaaaaaaa from its next start on: service web in prod."), "{notes:?}");
}

#[test]
fn the_last_tag_stays() {
    let a = digest('a');
    let answers = answers("untag-image", json!({ "repository": "shop/api", "digest": a, "tag": "prod" }));
    let there = |tags: Value| {
        let a = a.clone();
        move |subject: &Ecr| match subject {
            Ecr::ImageTag { .. } => Some(json!({ "imageDigest": a, "imageManifest": "{}" })),
            Ecr::Images { .. } => Some([(a.clone(), tags.clone())].into_iter().collect()),
            _ => None,
        }
    };
    assert!(answers.plan(&facts(&answers, there(json!(["prod"])))).unwrap_err().contains_key("tag"));
    let plan = answers.plan(&facts(&answers, there(json!(["prod", "1"])))).unwrap();
    assert_eq!((plan.steps[0].call.operation(), plan.typed()), ("BatchDeleteImage", None));
}

/// The facts of answers about `shop/api`, in which this image has two tags.
fn facts_of(answers: &Answers, image: &str, inventory: &Inventory) -> Facts {
    let inventory = json!(inventory);
    let state = |subject: &Ecr| match subject {
        Ecr::Inventory { .. } => Some(inventory.clone()),
        Ecr::ImageTag { .. } => Some(json!({ "imageDigest": image, "imageManifest": "{}" })),
        Ecr::Images { .. } => Some([(image.to_owned(), json!(["prod", "1"]))].into_iter().collect()),
        Ecr::LifecyclePolicy { .. } => None,
        _ => Some(json!({ "repositoryName": "shop/api" })),
    };
    let state = |subject: Subject| {
        let Subject::Ecr(ecr) = &subject else { panic!("{subject:?}") };
        let state = state(ecr);
        (subject, state)
    };
    Facts::new(answers.subjects().into_iter().map(state).collect())
}

/// Answers that delete an image, take a tag from it, and let a rule expire some, each with its wizard.
fn taking(image: &str) -> [(&'static str, Value); 3] {
    let rules = json!({ "rules": [{ "rulePriority": 1, "selection": { "tagStatus": "untagged",
        "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14 }, "action": { "type": "expire" } }] });
    [
        ("delete-images", json!({ "repository": "shop/api", "digests": [image] })),
        ("untag-image", json!({ "repository": "shop/api", "digest": image, "tag": "prod" })),
        ("lifecycle-policy", json!({ "repository": "shop/api", "policy": rules.to_string() })),
    ]
}

#[test]
fn where_else_images_go_is_said_of_what_deletes_and_untags_them() {
    let a = digest('a');
    let said = |wizard: &str, wanted: Value, deleted_in: &[&str]| {
        let answers = answers(wizard, wanted);
        let deleted_in = deleted_in.iter().map(|place| (*place).to_owned()).collect();
        let images = vec![held(&a, 1, &["prod", "1"], &[], &[])];
        let facts = facts_of(&answers, &a, &Inventory { images, deleted_in, ..Inventory::default() });
        replicated(&answers.plan(&facts).unwrap(), &facts).map(|note| note.says)
    };
    let places = ["444455556666 eu-central-1", "444455556666 eu-west-3"];
    let words =
        "Deletions are replicated to 444455556666 eu-central-1, 444455556666 eu-west-3: what runs there is not known.";
    for (wizard, wanted) in taking(&a) {
        assert_eq!(said(wizard, wanted.clone(), &places).as_deref(), Some(words), "{wizard}");
        assert_eq!(said(wizard, wanted, &[]), None, "{wizard}");
    }
}

#[test]
fn what_has_no_pod_is_hinted_at_where_images_go_and_there_are_clusters() {
    let a = digest('a');
    let said = |wizard: &str, wanted: Value, clusters: &[&str]| {
        let answers = answers(wizard, wanted);
        let clusters = clusters.iter().map(|key| ResourceKey::parse(key).unwrap()).collect();
        let images = vec![held(&a, 1, &["prod", "1"], &[], &[])];
        let facts = facts_of(&answers, &a, &Inventory { images, clusters, ..Inventory::default() });
        without_pods(&answers.plan(&facts).unwrap(), &facts).map(|note| note.says)
    };
    let clusters = ["eks.cluster/111122223333/eu-west-1/platform"];
    for (wizard, wanted) in taking(&a) {
        let hint = said(wizard, wanted.clone(), &clusters);
        // An image that loses a tag does not go.
        let hinted = hint.is_some_and(|says| says.ends_with("too: platform in 111122223333 eu-west-1."));
        assert_eq!(hinted, wizard != "untag-image", "{wizard}");
        assert_eq!(said(wizard, wanted, &[]), None, "{wizard}");
    }
}

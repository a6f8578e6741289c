//! The policy people are asked to grant, against the calls that are made.

use std::collections::BTreeSet;
use std::path::Path;

/// Every `"service:Operation"` in the sources below a folder.
fn operations(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            operations(&path, found);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            // What is between the quotes of a string: every second piece.
            let quoted = text.split('"').skip(1).step_by(2).chain(text.split('"').skip(2).step_by(2));
            let is_action = |word: &&str| {
                word.split_once(':').is_some_and(|(service, operation)| {
                    !service.is_empty()
                        && service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                        && operation.len() > 2
                        && operation.starts_with(|c: char| c.is_ascii_uppercase())
                        && operation.bytes().all(|b| b.is_ascii_alphanumeric())
                })
            };
            found.extend(quoted.filter(is_action).map(str::to_owned));
        }
    }
}

fn actions(file: &Path) -> BTreeSet<String> {
    let policy: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    statements.iter().flat_map(|s| s["Action"].as_array().unwrap()).map(|a| a.as_str().unwrap().to_owned()).collect()
}

fn only_reads(action: &str) -> bool {
    let operation = action.split(':').nth(1).unwrap();
    ["Get", "List", "Describe", "BatchGet", "Filter", "GET"].iter().any(|verb| operation.starts_with(verb))
}

#[test]
fn the_policies_allow_every_call_and_reading_changes_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut called = BTreeSet::new();
    operations(&root.join("aws/src"), &mut called);
    // Done with Gantry's own identity, to become the role that has this policy.
    called.remove("sts:AssumeRole");
    // Needs no permission. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    called.remove("sts:GetCallerIdentity");
    // GetFunction leaves the tags out without it. https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
    called.insert("lambda:ListTags".to_owned());
    // What ECR asks for when its registry is written to. https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
    for layers in ["BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"] {
        called.insert(format!("ecr:{layers}"));
    }
    let (mut reads, mut writes): (BTreeSet<String>, BTreeSet<String>) = called.into_iter().partition(|a| only_reads(a));
    // Opens the registry, and is asked for only to put an image there.
    writes.extend(reads.take("ecr:GetAuthorizationToken"));
    // ecr:DescribeImageScanFindings is refused without them where a registry has enhanced scanning: the findings are Amazon Inspector's.
    // https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html
    reads.extend(["inspector2:ListCoverage", "inspector2:ListFindings"].map(str::to_owned));
    // What ECR asks for besides its own action: for its roles and those it is given, for the cache's secrets, for Amazon Inspector.
    // https://docs.aws.amazon.com/AmazonECR/latest/userguide/using-service-linked-roles.html
    // https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html
    for asked in [
        "iam:CreateServiceLinkedRole",
        "iam:PassRole",
        "inspector2:Disable",
        "inspector2:Enable",
        "inspector2:ListAccountPermissions",
        "secretsmanager:GetSecretValue",
    ] {
        writes.insert(asked.to_owned());
    }
    // Whoever registers a revision with tags. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
    writes.insert("ecs:TagResource".to_owned());
    // Whoever creates a key with tags, or a repository with a key. https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
    for asked in ["kms:CreateGrant", "kms:RetireGrant", "kms:TagResource"] {
        writes.insert(asked.to_owned());
    }
    assert_eq!(actions(&root.join("../docs/read-policy.json")), reads);
    // What plans change comes on top.
    assert_eq!(actions(&root.join("../docs/write-policy.json")), writes);
}

//! What every plan there is is made of: answers of each wizard and action, and the cloud they are planned in.

use super::super::super::Cloud;
use super::super::super::fake::manifest;
use super::*;
use domain::plan::{Call, Plan, Undo};
use serde_json::Value;

const RULES: &str = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}"#;
const OTHER_RULES: &str = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":9},"action":{"type":"expire"}}]}"#;
const PULL: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"pull","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}"#;
// AWS gives these back in words of its own: with the ARN of the account, and lists of one without brackets.
const LOOK: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"look","Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":["ecr:DescribeImages"]}]}"#;
const PUSH: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"push","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["ecr-public:PutImage"]}]}"#;
const SEE: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"see","Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":["ecr-public:DescribeImages"]}]}"#;
const REPLICATE: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"in","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["ecr:ReplicateImage"],"Resource":["arn:aws:ecr:eu-west-1:111122223333:repository/*"]}]}"#;
const FETCH: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"in","Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":["ecr:BatchImportUpstreamImage"],"Resource":["arn:aws:ecr:eu-west-1:111122223333:repository/*"]}]}"#;

const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf";
const OTHER_SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/team-AbCdEf";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
/// The smallest text that is taken for a PNG.
const LOGO: &str = "iVBORw0KGgo=";

fn digest(of: char) -> String {
    format!("sha256:{}", of.to_string().repeat(64))
}

/// Answers, and what becomes of them.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) wizard: &'static str,
    answers: Value,
    /// Words of why not all of its steps can be taken back. The tests of undos leave such a case out.
    never: Option<&'static str>,
}

/// A case that can be taken back whole.
fn back(answers: Value) -> Case {
    Case { wizard: "", answers, never: None }
}

/// One that cannot, for this reason.
fn never(why: &'static str, answers: Value) -> Case {
    Case { wizard: "", answers, never: Some(why) }
}

/// The cases of each form. A form that is not here does not compile.
macro_rules! cases {
    ($($form:ident $wizard:literal: [$($case:expr),+ $(,)?])+) => {
        /// All of them, by wizard; of those that write documents, to write the first, another, and none.
        pub(super) fn cases() -> Vec<Case> {
            vec![$($(Case { wizard: $wizard, ..$case }),+),+]
        }

        /// The wizard whose cases are those of this form.
        fn wizard(form: &Form) -> &'static str {
            match form {
                $(Form::$form(_) => $wizard),+
            }
        }
    };
}

cases! {
    CreateRepository "create-repository": [
        back(json!({ "name": "new", "lifecycle": RULES, "permissions": PULL, "tags": [["team", "web"]] })),
        back(json!({ "name": "new", "encryption": { "type": "new_key", "alias": "" } })),
    ]
    ChangeRepository "change-repository": [
        back(json!({ "repository": "shop", "immutable": true, "exclusions": ["dev-*"], "scan_on_push": true,
            "tags": [["team", "web"], ["new", "2"]] })),
    ]
    DeleteRepository "delete-repository": [
        never("does not come back", json!({ "repository": "bare" })),
        never("does not come back", json!({ "repository": "shop", "force": true })),
    ]
    LifecyclePolicy "lifecycle-policy": [
        back(json!({ "repository": "bare", "policy": RULES })),
        back(json!({ "repository": "shop", "policy": OTHER_RULES })),
        back(json!({ "repository": "shop", "policy": "" })),
    ]
    RepositoryPolicy "repository-policy": [
        back(json!({ "repository": "bare", "policy": PULL })),
        back(json!({ "repository": "shop", "policy": LOOK })),
        back(json!({ "repository": "shop", "policy": "" })),
    ]
    DeleteImages "delete-images": [
        never("has to be pushed again", json!({ "repository": "shop", "digests": [digest('a'), digest('b')] })),
    ]
    TagImage "tag-image": [
        back(json!({ "repository": "shop", "digest": digest('a'), "tag": "next" })),
        back(json!({ "repository": "shop", "digest": digest('a'), "tag": "prod" })),
    ]
    UntagImage "untag-image": [
        back(json!({ "repository": "shop", "digest": digest('a'), "tag": "2" })),
    ]
    ScanImages "scan-images": [
        never(
            "changes nothing that could be taken back",
            json!({ "repository": "shop", "digests": [digest('a'), digest('b')] }),
        ),
    ]
    CopyImage "copy-image": [
        back(json!({ "source": format!("nginx@{}", digest('c')), "repository": "shop", "tag": "nginx" })),
        back(json!({ "source": format!("nginx@{}", digest('c')), "repository": "shop", "tag": "prod" })),
    ]
    RegistryReplication "registry-replication": [
        back(json!({ "rules": [{ "destinations": [{ "region": "us-east-2", "registryId": "444455556666" }],
            "repositoryFilters": [{ "filter": "prod/" }] }] })),
        back(json!({ "rules": [] })),
    ]
    RegistryScanning "registry-scanning": [
        back(json!({ "on_push": ["prod/*"] })),
        back(json!({ "enhanced": true, "continuous": ["*"] })),
    ]
    RegistrySetting "registry-setting": [
        back(json!({ "name": "BLOB_MOUNTING", "value": "ENABLED" })),
    ]
    RegistryCacheRule "registry-cache-rule": [
        back(json!({ "new": true, "prefix": "quay", "upstream": "quay" })),
        back(json!({ "prefix": "docker-hub", "upstream": "docker-hub", "credential": OTHER_SECRET })),
    ]
    DeleteRegistryCacheRule "delete-registry-cache-rule": [
        back(json!({ "prefix": "docker-hub" })),
    ]
    RegistryTemplate "registry-template": [
        back(json!({ "new": true, "prefix": "team", "applied_for": ["REPLICATION"], "lifecycle": RULES })),
        back(json!({ "prefix": "shop", "applied_for": ["CREATE_ON_PUSH"], "immutable": true, "permissions": PULL })),
    ]
    DeleteRegistryTemplate "delete-registry-template": [
        back(json!({ "prefix": "shop" })),
    ]
    // There is one of each registry: the first is written where this one is taken away and put back.
    RegistryPolicy "registry-policy": [
        back(json!({ "policy": FETCH })),
        back(json!({ "policy": "" })),
    ]
    PutImages "put-images": [
        back(json!({ "repository": "shop", "images": [put("next")] })),
        back(json!({ "repository": "shop", "images": [put("prod")] })),
    ]
    CreatePublicRepository "create-public-repository": [
        back(json!({ "name": "tools/new", "description": "Probes.", "architectures": ["ARM 64"],
            "tags": [["team", "web"]] })),
    ]
    ChangePublicRepository "change-public-repository": [
        back(json!({ "repository": "tools/probe", "description": "Probes.", "about": "new",
            "tags": [["team", "web"], ["new", "2"]] })),
        never("put the old picture in its place", json!({ "repository": "tools/probe", "description": "Probes.",
            "about": "new", "logo": LOGO, "tags": [["team", "shop"], ["old", "1"]] })),
    ]
    DeletePublicRepository "delete-public-repository": [
        never("does not come back", json!({ "repository": "tools/bare" })),
        never("does not come back", json!({ "repository": "tools/probe", "force": true })),
    ]
    PublicRepositoryPolicy "public-repository-policy": [
        back(json!({ "repository": "tools/bare", "policy": PUSH })),
        back(json!({ "repository": "tools/probe", "policy": SEE })),
        back(json!({ "repository": "tools/probe", "policy": "" })),
    ]
    DeletePublicImages "delete-public-images": [
        never("has to be pushed again", json!({ "repository": "tools/probe", "digests": [digest('a'), digest('b')] })),
    ]
    UseInFunction "use-in-function": [
        back(json!({ "function": "resize", "repository": "shop", "digest": digest('a') })),
    ]
    UseInTaskDefinition "use-in-task-definition": [
        back(json!({ "like": "web:12", "containers": ["app"], "repository": "shop", "digest": digest('a') })),
        back(json!({ "like": "web:12", "containers": ["app"], "services": ["prod/web"], "repository": "shop",
            "digest": digest('a') })),
    ]
}

/// An index and the image it leads to, of an archive that was uploaded.
fn put(tag: &str) -> Value {
    let named = |of: char| json!({ "digest": digest(of), "media_type": "m", "text": manifest(&digest(of)) });
    json!({ "manifest": named('d'), "parts": [named('e')], "tags": [tag] })
}

/// Of each what has everything, and what has nothing.
pub(super) fn cloud(faults: impl FnMut(usize, &Call) -> Option<Fault> + Send + 'static) -> Fake {
    let fake = Fake::new(faults);
    let call = |service: &str, operation: &str, input: Value| {
        let document = json!({ "service": service, "operation": operation, "input": input });
        fake.elsewhere(&serde_json::from_value(document).unwrap());
    };
    let tags = json!([{ "Key": "team", "Value": "shop" }, { "Key": "old", "Value": "1" }]);
    call("ecr", "CreateRepository", json!({ "repositoryName": "bare" }));
    call("ecr", "CreateRepository", json!({ "repositoryName": "shop", "tags": tags }));
    call("ecr", "PutLifecyclePolicy", json!({ "repositoryName": "shop", "lifecyclePolicyText": RULES }));
    call("ecr", "SetRepositoryPolicy", json!({ "repositoryName": "shop", "policyText": PULL }));
    let scan = json!({ "repositoryName": "shop", "imageScanningConfiguration": { "scanOnPush": false } });
    call("ecr", "PutImageScanningConfiguration", scan);
    for (of, tag) in [('a', "1"), ('a', "2"), ('b', "prod"), ('b', "3")] {
        let image = json!({ "repositoryName": "shop", "imageDigest": digest(of), "imageTag": tag,
            "imageManifest": manifest(&digest(of)), "imageManifestMediaType": "m" });
        call("ecr", "PutImage", image);
    }
    let rule = json!({ "destinations": [{ "region": "eu-central-1", "registryId": "111122223333" }] });
    call("ecr", "PutReplicationConfiguration", json!({ "replicationConfiguration": { "rules": [rule] } }));
    let hub = json!({ "ecrRepositoryPrefix": "docker-hub", "upstreamRegistryUrl": "registry-1.docker.io",
        "upstreamRegistry": "docker-hub", "credentialArn": SECRET });
    call("ecr", "CreatePullThroughCacheRule", hub);
    let template = json!({ "prefix": "shop", "description": "of the shop", "appliedFor": ["REPLICATION"],
        "imageTagMutability": "MUTABLE", "encryptionConfiguration": { "encryptionType": "AES256" },
        "lifecyclePolicy": RULES });
    call("ecr", "CreateRepositoryCreationTemplate", template);
    call("ecr", "PutRegistryPolicy", json!({ "policyText": REPLICATE }));
    call("ecr-public", "CreateRepository", json!({ "repositoryName": "tools/bare" }));
    let says = json!({ "description": "Probes.", "aboutText": "old" });
    let probe = json!({ "repositoryName": "tools/probe", "catalogData": says, "tags": tags });
    call("ecr-public", "CreateRepository", probe);
    call("ecr-public", "SetRepositoryPolicy", json!({ "repositoryName": "tools/probe", "policyText": PUSH }));
    fake.pushed("tools/probe", &digest('a'), IMAGE, "1");
    fake.pushed("tools/probe", &digest('b'), INDEX, "2");
    fake.function("resize", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/resize@sha256:0");
    fake.service("prod", ("web", 12), "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:0");
    fake
}

impl Case {
    fn answers(&self) -> Answers {
        // The API of public repositories is in one region.
        let region = if self.wizard.contains("public") { domain::ecr_public::REGION } else { "eu-west-1" };
        let scope = Scope::new("111122223333".parse().unwrap(), region.parse().unwrap());
        let text = json!({ "scope": scope, "wizard": self.wizard, "answers": self.answers });
        serde_json::from_value(text).unwrap()
    }

    /// What its answers plan in a new cloud.
    pub(super) async fn plan(&self) -> (Answers, Plan) {
        let answers = self.answers();
        let (there, mut facts) = (cloud(|_, _| None), vec![]);
        for subject in answers.subjects() {
            let state = there.read(&answers.scope, &subject).await.unwrap();
            facts.push((subject, state));
        }
        let plan = answers.plan(&Facts::new(facts)).unwrap_or_else(|wrong| panic!("{self:?}: {wrong:?}"));
        (answers, plan)
    }

    /// Whether it can be taken back whole.
    pub(super) fn can_go_back(&self) -> bool {
        self.never.is_none()
    }
}

#[tokio::test]
async fn each_case_is_of_its_form_and_says_whether_it_can_be_taken_back() {
    for case in cases() {
        let (answers, plan) = case.plan().await;
        assert_eq!(wizard(&answers.form), case.wizard);
        let reasons: Vec<&str> = plan
            .steps
            .iter()
            .filter_map(|step| match &step.undo {
                Undo::Never(why) => Some(why.as_str()),
                Undo::Call(_) => None,
            })
            .collect();
        assert_eq!(reasons.is_empty(), case.never.is_none(), "{case:?}: {reasons:?}");
        assert!(reasons.iter().all(|why| case.never.is_some_and(|words| why.contains(words))), "{case:?}: {reasons:?}");
    }
}

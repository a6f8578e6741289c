//! A key of one's own for a repository that is created: the steps that make it, and how the repository refers to it.

use crate::identity::Scope;
use crate::kms::MONTHLY;
use crate::kms::calls::{Call, CreateAlias, CreateKey, DeleteAlias, KeyTag, ScheduleKeyDeletion};
use crate::kms::subject::Subject;
use crate::plan::{self, Effect, Step, Undo};

/// The step that creates the key.
const KEY: &str = "key";
/// The step that gives it its alias.
const ALIAS: &str = "alias";
/// The shortest time for which AWS keeps a key before it is gone, in days.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html>
const DAYS: i32 = 7;

/// What has to be known: whether its alias is free.
pub(super) fn subject(alias: &str) -> plan::Subject {
    plan::Subject::Kms(Subject::Alias { alias: alias.to_owned() })
}

/// The key's ARN, as the repository refers to it.
pub(super) fn arn() -> String {
    format!("${{{KEY}.Arn}}")
}

/// The steps that the repository comes after.
pub(super) fn ids() -> Vec<String> {
    vec![KEY.to_owned(), ALIAS.to_owned()]
}

/// Creates a symmetric key with KMS's default policy, and gives it its alias.
pub(super) fn steps(alias: &str, repository: &str, scope: &Scope) -> Vec<Step> {
    let tag = |(tag_key, tag_value): (String, String)| KeyTag { tag_key, tag_value };
    let create = CreateKey {
        description: format!("Encrypts the images of {repository}"),
        key_spec: "SYMMETRIC_DEFAULT".into(),
        key_usage: "ENCRYPT_DECRYPT".into(),
        tags: plan::marks(KEY).into_iter().map(tag).collect(),
    };
    let schedule = ScheduleKeyDeletion { key_id: arn(), pending_window_in_days: DAYS };
    let name = CreateAlias { alias_name: alias.to_owned(), target_key_id: format!("${{{KEY}.KeyId}}") };
    let step = |id: &str, says: String, call: Call, undo: Call, depends_on: Vec<String>, monthly: i64| Step {
        id: id.to_owned(),
        says,
        scope: scope.clone(),
        call: plan::Call::Kms(call),
        effect: Effect::Create,
        before: None,
        depends_on,
        undo: Undo::Call(plan::Call::Kms(undo)),
        monthly: Some(monthly),
    };
    vec![
        step(
            KEY,
            format!("Create a KMS key for {repository}"),
            Call::CreateKey(create),
            Call::ScheduleKeyDeletion(schedule),
            vec![],
            MONTHLY,
        ),
        step(
            ALIAS,
            format!("Call the key {alias}"),
            Call::CreateAlias(name),
            Call::DeleteAlias(DeleteAlias { alias_name: alias.to_owned() }),
            vec![KEY.to_owned()],
            0,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::create_repository::{self, Answers, Encrypted};
    use super::*;
    use crate::plan::Facts;
    use serde_json::json;

    fn scope() -> Scope {
        Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
    }

    fn answers(alias: &str) -> Answers {
        let encryption = Encrypted::NewKey { alias: alias.into(), dual: false };
        Answers { name: "shop/web.api".into(), encryption, ..Answers::default() }
    }

    #[test]
    fn a_new_key_comes_before_its_alias_and_the_repository_that_refers_to_it() {
        let plan = create_repository::plan(&answers(""), &scope(), &Facts::default()).unwrap();
        let calls: Vec<String> = plan.steps.iter().map(|step| step.call.name()).collect();
        assert_eq!(calls, ["kms:CreateKey", "kms:CreateAlias", "ecr:CreateRepository"]);
        let input = plan.steps[0].call.input();
        assert_eq!((&input["KeySpec"], &input["KeyUsage"]), (&json!("SYMMETRIC_DEFAULT"), &json!("ENCRYPT_DECRYPT")));
        assert_eq!(input["Tags"][0], json!({ "TagKey": "gantry:run", "TagValue": "${run.id}" }));
        assert!(input.get("Policy").is_none());
        let alias = json!({ "AliasName": "alias/shop/web-api", "TargetKeyId": "${key.KeyId}" });
        assert_eq!(plan.steps[1].call.input(), alias);
        let encryption = json!({ "encryptionType": "KMS", "kmsKey": "${key.Arn}" });
        assert_eq!(plan.steps[2].call.input()["encryptionConfiguration"], encryption);
        assert_eq!(plan.steps[2].depends_on, ["key", "alias"]);
        let undo = |n: usize| match &plan.steps[n].undo {
            Undo::Call(call) => (call.name(), call.input()),
            Undo::Never(why) => panic!("{why}"),
        };
        let schedule = json!({ "KeyId": "${key.Arn}", "PendingWindowInDays": 7 });
        assert_eq!(undo(0), ("kms:ScheduleKeyDeletion".to_owned(), schedule));
        assert_eq!(undo(1), ("kms:DeleteAlias".to_owned(), json!({ "AliasName": "alias/shop/web-api" })));
        assert_eq!(plan.steps.iter().filter_map(|step| step.monthly).sum::<i64>(), 1_000_000);
    }

    #[test]
    fn an_alias_that_is_taken_or_refused_is_said_beside_its_field() {
        let taken = answers("images");
        let facts = create_repository::subjects(&taken).into_iter().map(|subject| {
            let state = matches!(subject, plan::Subject::Kms(_)).then(|| json!({ "TargetKeyId": "1a" }));
            (subject, state)
        });
        let errors = create_repository::plan(&taken, &scope(), &Facts::new(facts.collect())).unwrap_err();
        assert_eq!(errors["encryption.alias"], "An alias alias/images exists here already.");
        let errors = create_repository::plan(&answers("aws/images"), &scope(), &Facts::default()).unwrap_err();
        assert!(errors["encryption.alias"].contains("reserved"), "{errors:?}");
    }
}

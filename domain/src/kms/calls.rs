//! The KMS calls a plan can hold: each struct's serde form is the input document of the API reference.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html>

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::subject::Subject;
use crate::document::{calls, document};
use crate::plan::Made;

/// A tag, as KMS spells it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct KeyTag {
    /// What it is called.
    pub tag_key: String,
    /// What it says; may be empty.
    pub tag_value: String,
}

document! { "PascalCase";
    /// Without a policy the key has KMS's default one: the account's IAM policies decide who may use it.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>
    pub struct CreateKey {
        pub description: String,
        pub key_spec: String,
        pub key_usage: String,
        pub tags: Vec<KeyTag>,
    }
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>
    pub struct CreateAlias {
        pub alias_name: String,
        pub target_key_id: String,
    }
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteAlias.html>
    pub struct DeleteAlias {
        pub alias_name: String,
    }
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html>
    pub struct ScheduleKeyDeletion {
        pub key_id: String,
        /// 7 to 30.
        pub pending_window_in_days: i32,
    }
}

calls!(
    /// A call to KMS.
    CreateKey,
    CreateAlias,
    DeleteAlias,
    ScheduleKeyDeletion,
);

impl Call {
    /// The IAM actions it needs.
    pub fn actions(&self) -> Vec<&'static str> {
        match self {
            Call::CreateKey(_) => vec!["kms:CreateKey", "kms:TagResource"],
            Call::CreateAlias(_) => vec!["kms:CreateAlias"],
            Call::DeleteAlias(_) => vec!["kms:DeleteAlias"],
            Call::ScheduleKeyDeletion(_) => vec!["kms:ScheduleKeyDeletion"],
        }
    }

    /// Where in its answer the state of its subject is.
    pub fn answers_at(&self) -> &'static str {
        match self {
            Call::CreateKey(_) => "KeyMetadata.",
            Call::CreateAlias(_) | Call::DeleteAlias(_) | Call::ScheduleKeyDeletion(_) => "",
        }
    }

    /// The field of its subject's state that holds the ARN, where AWS names what the call creates.
    pub fn named_at(&self) -> Option<&'static str> {
        match self {
            Call::CreateKey(_) => Some("Arn"),
            Call::CreateAlias(_) | Call::DeleteAlias(_) | Call::ScheduleKeyDeletion(_) => None,
        }
    }

    /// What it writes.
    pub fn subject(&self) -> Subject {
        match self {
            Call::CreateKey(input) => {
                let run = input.tags.iter().find(|tag| tag.tag_key == "gantry:run");
                Subject::NewKey { run: run.map(|tag| tag.tag_value.clone()).unwrap_or_default() }
            }
            Call::CreateAlias(input) => Subject::Alias { alias: input.alias_name.clone() },
            Call::DeleteAlias(input) => Subject::Alias { alias: input.alias_name.clone() },
            Call::ScheduleKeyDeletion(input) => Subject::Key { key: input.key_id.clone() },
        }
    }

    /// What the state of its subject says about whether it was made.
    pub fn made(&self, state: Option<&Value>) -> Made {
        let yes = |yes: bool| if yes { Made::Yes } else { Made::No };
        match self {
            // Only the run's own key is its subject.
            Call::CreateKey(_) => yes(state.is_some_and(|state| !is_going(state))),
            Call::CreateAlias(input) => match state {
                None => Made::No,
                Some(state) if state["TargetKeyId"] == input.target_key_id.as_str() => Made::Yes,
                Some(_) => Made::Taken,
            },
            Call::DeleteAlias(_) => yes(state.is_none()),
            Call::ScheduleKeyDeletion(_) => yes(state.is_none_or(is_going)),
        }
    }
}

/// Whether a key waits for its deletion: it encrypts nothing any more, and is kept for some days so that the deletion can be cancelled.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
pub fn is_going(state: &Value) -> bool {
    state["KeyState"] == "PendingDeletion" || state["KeyState"] == "PendingReplicaDeletion"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_is_found_by_the_run_that_created_it_and_is_taken_back_once_its_deletion_is_pending() {
        let tags = [("gantry:run", "r1"), ("gantry:step", "key")];
        let tags = tags.map(|(k, v)| KeyTag { tag_key: k.into(), tag_value: v.into() }).to_vec();
        let create = Call::CreateKey(CreateKey { key_usage: "ENCRYPT_DECRYPT".into(), tags, ..Default::default() });
        assert_eq!((create.subject(), create.named_at()), (Subject::NewKey { run: "r1".into() }, Some("Arn")));
        assert_eq!(
            create.input(),
            json!({ "KeyUsage": "ENCRYPT_DECRYPT", "Tags": [{ "TagKey": "gantry:run", "TagValue": "r1" },
                { "TagKey": "gantry:step", "TagValue": "key" }] })
        );
        let undo = Call::ScheduleKeyDeletion(ScheduleKeyDeletion { key_id: "1a".into(), pending_window_in_days: 7 });
        assert_eq!(undo.input(), json!({ "KeyId": "1a", "PendingWindowInDays": 7 }));
        let both = |state: Option<Value>| (create.made(state.as_ref()), undo.made(state.as_ref()));
        assert_eq!(both(None), (Made::No, Made::Yes));
        assert_eq!(both(Some(json!({ "KeyState": "Enabled" }))), (Made::Yes, Made::No));
        assert_eq!(both(Some(json!({ "KeyState": "Disabled" }))), (Made::Yes, Made::No));
        assert_eq!(both(Some(json!({ "KeyState": "PendingDeletion" }))), (Made::No, Made::Yes));
    }

    #[test]
    fn an_alias_of_another_key_is_somebody_elses() {
        let create = Call::CreateAlias(CreateAlias { alias_name: "alias/a".into(), target_key_id: "1a".into() });
        let undo = Call::DeleteAlias(DeleteAlias { alias_name: "alias/a".into() });
        assert_eq!(create.subject(), undo.subject());
        let both = |state: Option<Value>| (create.made(state.as_ref()), undo.made(state.as_ref()));
        assert_eq!(both(None), (Made::No, Made::Yes));
        assert_eq!(both(Some(json!({ "TargetKeyId": "1a" }))), (Made::Yes, Made::No));
        assert_eq!(both(Some(json!({ "TargetKeyId": "2b" }))), (Made::Taken, Made::No));
    }
}

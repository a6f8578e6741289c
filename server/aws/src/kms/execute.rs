//! Makes KMS's calls of plans, and reads the state of what they write.

use aws_sdk_kms::config::Builder as Config;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::operation::RequestId;
use aws_sdk_kms::types::{KeySpec, KeyUsageType, Tag};
use domain::kms::calls::{Call, KeyTag};
use domain::kms::subject::Subject;
use domain::{Code, Problem};
use serde_json::{Value, json};

use super::{aliases, listed};
use crate::gather::each;
use crate::{Bucket, Caller, Pages, absent};

/// Makes a call, once: whether it may be sent again is for its caller to say, who reads first what became of it. Answers AWS's id of the
/// request.
pub(crate) async fn make(caller: &Caller, call: &Call) -> Result<Option<String>, Problem> {
    let kms = caller.clients().kms();
    macro_rules! send {
        ($action:literal, $on:expr, $request:expr) => {{
            let once = Config::new().retry_config(RetryConfig::disabled());
            let sent = $request.customize().config_override(once).send();
            let answer = caller.call(Bucket::Kms, $action, $on, sent).await?;
            answer.request_id().map(str::to_owned)
        }};
    }
    Ok(match call {
        Call::CreateKey(input) => {
            let request = kms
                .create_key()
                .description(&input.description)
                .key_spec(KeySpec::from(input.key_spec.as_str()))
                .key_usage(KeyUsageType::from(input.key_usage.as_str()))
                .set_tags(Some(tags(&input.tags)?));
            send!("kms:CreateKey", None, request)
        }
        Call::CreateAlias(input) => {
            let request = kms.create_alias().alias_name(&input.alias_name).target_key_id(&input.target_key_id);
            send!("kms:CreateAlias", Some(&input.alias_name), request)
        }
        Call::DeleteAlias(input) => {
            let request = kms.delete_alias().alias_name(&input.alias_name);
            send!("kms:DeleteAlias", Some(&input.alias_name), request)
        }
        Call::ScheduleKeyDeletion(input) => {
            let request = kms.schedule_key_deletion().key_id(&input.key_id);
            let request = request.pending_window_in_days(input.pending_window_in_days);
            send!("kms:ScheduleKeyDeletion", Some(&input.key_id), request)
        }
    })
}

fn tags(all: &[KeyTag]) -> Result<Vec<Tag>, Problem> {
    let tag = |tag: &KeyTag| Tag::builder().tag_key(&tag.tag_key).tag_value(&tag.tag_value).build();
    all.iter().map(tag).collect::<Result<_, _>>().map_err(|e| Problem::invalid("tags", e.to_string()))
}

/// The state of something; `None` when it does not exist.
pub(crate) async fn read(caller: &Caller, subject: &Subject) -> Result<Option<Value>, Problem> {
    match subject {
        // Nothing of a run exists before there is one.
        Subject::NewKey { run } if run.contains("${") => Ok(None),
        Subject::NewKey { run } => match created_by(caller, run).await? {
            Some(key) => described(caller, &key).await,
            None => Ok(None),
        },
        Subject::Key { key } => described(caller, key).await,
        Subject::Alias { alias } => {
            let found = aliases(caller).await?.into_iter().find(|(_, names)| names.contains(alias));
            Ok(found.map(|(key, _)| json!({ "AliasName": alias, "TargetKeyId": key })))
        }
    }
}

/// The id of the key that a run created. KMS finds no keys by tags: each is asked for its own, those without an alias first, as a run's key is
/// until its next step.
async fn created_by(caller: &Caller, run: &str) -> Result<Option<String>, Problem> {
    let aliases = aliases(caller).await?;
    let keys = listed(caller).await?.into_iter().map(|(id, _)| id);
    // Nobody can tag keys that AWS manages.
    let managed = |id: &String| aliases.get(id).is_some_and(|all| all.iter().any(|a| a.starts_with("alias/aws/")));
    let (known, nameless): (Vec<String>, Vec<String>) =
        keys.filter(|id| !managed(id)).partition(|id| aliases.contains_key(id));
    let mut denied = None;
    for keys in [nameless, known] {
        let asked = each(keys, |id| async move { is_of(caller, &id, run).await.map(|own| own.then_some(id)) }).await;
        for answer in asked {
            match answer {
                Ok(Some(id)) => return Ok(Some(id)),
                Ok(None) => {}
                // A key's own policy decides who may look at it.
                Err(problem) if problem.code == Code::AwsDenied => denied = Some(problem),
                Err(problem) => return Err(problem),
            }
        }
    }
    // One of those that nobody may look at can be the run's: not known is not absent.
    denied.map_or(Ok(None), Err)
}

/// Whether a key carries the tag of a run.
async fn is_of(caller: &Caller, key: &str, run: &str) -> Result<bool, Problem> {
    const ACTION: &str = "kms:ListResourceTags";
    let mut pages = Pages::new(ACTION);
    while let Some(token) = pages.next() {
        let request = caller.clients().kms().list_resource_tags().key_id(key).set_marker(token);
        let Some(page) = absent(caller.call(Bucket::Kms, ACTION, Some(key), request.send()).await)? else {
            return Ok(false);
        };
        if page.tags().iter().any(|tag| tag.tag_key() == "gantry:run" && tag.tag_value() == run) {
            return Ok(true);
        }
        pages.then(page.next_marker)?;
    }
    Ok(false)
}

async fn described(caller: &Caller, key: &str) -> Result<Option<Value>, Problem> {
    let request = caller.clients().kms().describe_key().key_id(key);
    let answer = caller.call(Bucket::Kms, "kms:DescribeKey", Some(key), request.send()).await;
    Ok(absent(answer)?.and_then(|answer| answer.key_metadata).map(|told| {
        json!({
            "KeyId": told.key_id,
            "Arn": told.arn,
            "Description": told.description,
            "KeyState": told.key_state.as_ref().map(|state| state.as_str()),
        })
    }))
}

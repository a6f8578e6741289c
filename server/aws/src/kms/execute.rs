//! Makes KMS's calls of plans, and reads the state of what they write.

use aws_sdk_kms::config::Builder as Config;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::operation::RequestId;
use aws_sdk_kms::types::{KeyMetadata, KeySpec, KeyUsageType, Tag};
use domain::kms::calls::{Call, KeyTag, is_going};
use domain::kms::subject::Subject;
use domain::plan::sweep::{Marked, Origin};
use domain::{Code, Millis, Problem, ResourceKey};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::{aliases, listed};
use crate::gather::{each, when};
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

type Tags = BTreeMap<String, String>;

/// The ids of all keys but those that AWS manages, which nobody can tag: those without an alias, as a run's key is until its next step, and the
/// others.
async fn taggable(caller: &Caller) -> Result<(Vec<String>, Vec<String>), Problem> {
    let aliases = aliases(caller).await?;
    let managed = |id: &String| aliases.get(id).is_some_and(|all| all.iter().any(|a| a.starts_with("alias/aws/")));
    let keys = listed(caller).await?.into_iter().map(|(id, _)| id).filter(|id| !managed(id));
    Ok(keys.partition(|id| !aliases.contains_key(id)))
}

/// The id of the key that a run created. KMS finds no keys by tags: each is asked for its own.
async fn created_by(caller: &Caller, run: &str) -> Result<Option<String>, Problem> {
    let (nameless, known) = taggable(caller).await?;
    let mut denied = None;
    for keys in [nameless, known] {
        let asked = each(keys, |id| async move { tags_of(caller, &id).await.map(|tags| (id, tags)) }).await;
        for answer in asked {
            match answer {
                Ok((id, Some(tags))) if tags.get("gantry:run").is_some_and(|own| own == run) => return Ok(Some(id)),
                Ok(_) => {}
                // A key's own policy decides who may look at it.
                Err(problem) if problem.code == Code::AwsDenied => denied = Some(problem),
                Err(problem) => return Err(problem),
            }
        }
    }
    // One of those that nobody may look at can be the run's: not known is not absent.
    denied.map_or(Ok(None), Err)
}

/// What came of asking all keys for their tags.
#[derive(Default)]
struct Asked {
    /// Those that were wanted, by id.
    found: Vec<(String, Tags)>,
    /// Whether any could be looked at.
    looked: bool,
    /// Why one of them could not.
    denied: Option<Problem>,
}

/// The keys with tags that are wanted.
async fn tagged(caller: &Caller, wanted: impl Fn(&Tags) -> bool) -> Result<Asked, Problem> {
    let (mut keys, known) = taggable(caller).await?;
    keys.extend(known);
    let mut told = Asked::default();
    for answer in each(keys, |id| async move { tags_of(caller, &id).await.map(|tags| (id, tags)) }).await {
        match answer {
            Ok((id, tags)) => {
                told.looked = true;
                told.found.extend(tags.filter(&wanted).map(|tags| (id, tags)));
            }
            Err(problem) if problem.code == Code::AwsDenied => told.denied = Some(problem),
            Err(problem) => return Err(problem),
        }
    }
    Ok(told)
}

/// The states of all keys that a call created, those whose deletion is pending too. What one key of a call is like, all are: who may look at one of
/// them may look at each, and those that nobody may look at are others'.
pub(crate) async fn all_created(
    caller: &Caller,
    origin: &Origin,
    between: &RangeInclusive<Millis>,
) -> Result<Vec<Value>, Problem> {
    let own = |tags: &Tags| Origin::of(|name| tags.get(name).cloned()).as_ref() == Some(origin);
    let Asked { found, denied, .. } = tagged(caller, own).await?;
    if let Some(problem) = denied.filter(|_| found.is_empty()) {
        return Err(problem);
    }
    let mut all = vec![];
    for told in each(found, |(id, _)| async move { metadata(caller, &id).await }).await {
        let Some(told) = told? else { continue };
        let then = when(told.creation_date).is_none_or(|at| between.contains(&at.0));
        all.extend(then.then(|| state(&told)));
    }
    Ok(all)
}

/// The keys that carry the tags of a run, without those whose deletion is pending. A key of a run has KMS's default policy, which leaves it to IAM
/// who may look: where others could be looked at, one that could not has a policy of its own and is no run's.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
pub(crate) async fn marked(caller: &Caller) -> Result<Vec<Marked>, Problem> {
    let Asked { found, looked, denied } = tagged(caller, |tags| tags.contains_key("gantry:run")).await?;
    if let Some(problem) = denied.filter(|_| !looked) {
        return Err(problem);
    }
    let read = each(found, |(id, tags)| async move { described(caller, &id).await.map(|state| (state, tags)) }).await;
    let mut marked = vec![];
    for answer in read {
        let (Some(state), tags) = answer? else { continue };
        let arn = state["Arn"].as_str().unwrap_or_default().to_owned();
        if !is_going(&state) {
            marked.extend(Marked::of(None::<ResourceKey>, arn, |name| tags.get(name).cloned()));
        }
    }
    Ok(marked)
}

/// The tags of a key; `None` when it does not exist.
async fn tags_of(caller: &Caller, key: &str) -> Result<Option<Tags>, Problem> {
    const ACTION: &str = "kms:ListResourceTags";
    let (mut tags, mut pages) = (Tags::new(), Pages::new(ACTION));
    while let Some(token) = pages.next() {
        let request = caller.clients().kms().list_resource_tags().key_id(key).set_marker(token);
        let Some(page) = absent(caller.call(Bucket::Kms, ACTION, Some(key), request.send()).await)? else {
            return Ok(None);
        };
        let all = page.tags.into_iter().flatten();
        tags.extend(all.map(|tag| (tag.tag_key, tag.tag_value)));
        pages.then(page.next_marker)?;
    }
    Ok(Some(tags))
}

async fn metadata(caller: &Caller, key: &str) -> Result<Option<KeyMetadata>, Problem> {
    let request = caller.clients().kms().describe_key().key_id(key);
    let answer = caller.call(Bucket::Kms, "kms:DescribeKey", Some(key), request.send()).await;
    Ok(absent(answer)?.and_then(|answer| answer.key_metadata))
}

async fn described(caller: &Caller, key: &str) -> Result<Option<Value>, Problem> {
    Ok(metadata(caller, key).await?.map(|told| state(&told)))
}

fn state(told: &KeyMetadata) -> Value {
    json!({
        "KeyId": told.key_id,
        "Arn": told.arn,
        "Description": told.description,
        "KeyState": told.key_state.as_ref().map(|state| state.as_str()),
    })
}

//! How the documents of one resource differ, as its history tells it: what only single reads give comes and goes with them, and is no change.

use domain::Kind;
use domain::history::FieldChange;
use serde_json::Value;

use crate::resources::differences;

/// What a history says of a document that was another before: what was not known before and is now is no change. `whole` says that a single read
/// gave the earlier one.
pub(crate) fn news(kind: Kind, before: &Value, whole: bool, doc: &Value) -> Vec<FieldChange> {
    let fields = if whole { beyond_refused(kind, before, doc) } else { beyond_list(kind, before, doc) };
    fields.into_iter().filter(|change| domain::describe::tells(kind, change)).collect()
}

/// How a document differs from one that a list gave: what only a single read gives and the list's lacks is no difference.
fn beyond_list(kind: Kind, listed: &Value, doc: &Value) -> Vec<FieldChange> {
    let mut known = listed.clone();
    keep(domain::describe::kept(kind), doc, &mut known);
    differences(kind, &known, doc)
}

/// How a document differs from one that a single read gave: what AWS refused to say in that is no difference.
fn beyond_refused(kind: Kind, read: &Value, doc: &Value) -> Vec<FieldChange> {
    let untold = domain::describe::untold(kind, read);
    if untold.is_empty() {
        return differences(kind, read, doc);
    }
    let mut known = read.clone();
    keep(&untold, doc, &mut known);
    differences(kind, &known, doc)
}

/// How two documents of one resource's history differ, noise left out, as its entries tell it: an earlier one with nothing of what
/// single reads give was only listed.
pub fn between(kind: Kind, before: &Value, after: &Value) -> Vec<FieldChange> {
    let listed = domain::describe::kept(kind).iter().all(|field| before.get(*field).is_none_or(Value::is_null));
    if listed { beyond_list(kind, before, after) } else { beyond_refused(kind, before, after) }
}

/// Copies the fields that only the single read gives to a document that lacks them.
pub(crate) fn keep(fields: &[&str], from: &Value, doc: &mut Value) {
    let (Some(old), Some(new)) = (from.as_object(), doc.as_object_mut()) else { return };
    for field in fields {
        if let (Some(value), true) = (old.get(*field), new.get(*field).is_none_or(Value::is_null)) {
            new.insert((*field).to_owned(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_only_the_single_read_gives_is_no_news_when_it_is_first_known() {
        let listed = json!({"FunctionName": "f", "MemorySize": 128});
        let read = json!({"FunctionName": "f", "MemorySize": 256, "State": "Active", "Tags": {"team": "a"}});
        let paths = |fields: Vec<FieldChange>| fields.into_iter().map(|f| f.path).collect::<Vec<_>>();
        assert_eq!(paths(news(Kind::Function, &listed, false, &read)), ["MemorySize"]);
        assert_eq!(paths(between(Kind::Function, &listed, &read)), ["MemorySize"]);
        let untagged = json!({"FunctionName": "f", "MemorySize": 256, "State": "Active"});
        assert_eq!(paths(between(Kind::Function, &untagged, &read)), ["Tags[team]"]);
        assert_eq!(paths(news(Kind::Function, &listed, true, &read)), ["MemorySize", "State", "Tags[team]"]);
    }
    #[test]
    fn what_aws_refused_to_say_is_no_news_when_it_is_first_known() {
        let refused =
            json!({"FunctionName": "f", "State": "Active", "TagsError": {"ErrorCode": "AccessDeniedException"}});
        let read = json!({"FunctionName": "f", "State": "Inactive", "Tags": {"team": "a"}});
        let paths = |fields: Vec<FieldChange>| fields.into_iter().map(|f| f.path).collect::<Vec<_>>();
        assert_eq!(paths(news(Kind::Function, &refused, true, &read)), ["State"]);
        assert_eq!(paths(between(Kind::Function, &refused, &read)), ["State"]);
        let mut known = refused;
        known["Tags"] = json!({"team": "b"});
        assert_eq!(paths(news(Kind::Function, &known, true, &read)), ["State", "Tags[team]"]);
    }
}

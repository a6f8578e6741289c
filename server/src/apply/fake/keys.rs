//! Keys and their aliases, as KMS treats them.

use domain::Problem;
use domain::kms::calls::{Call, CreateKey};
use domain::kms::subject::Subject;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::rejected;

/// What there is of KMS.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// The run, step and state of each key, by its number; those whose deletion is pending too.
    keys: BTreeMap<usize, (String, String, Value)>,
    /// Ids of keys by alias.
    aliases: BTreeMap<String, String>,
}

/// The run and the step of a key, by its tags.
fn origin(input: &CreateKey) -> (String, String) {
    let tag = |name: &str| input.tags.iter().find(|tag| tag.tag_key == name).map(|tag| tag.tag_value.clone());
    (tag("gantry:run").unwrap_or_default(), tag("gantry:step").unwrap_or_default())
}

impl Keys {
    /// All of it, as text, without keys whose deletion is pending: they encrypt nothing.
    pub(super) fn listing(&self) -> String {
        let usable: Vec<_> = self.keys.values().filter(|(_, _, state)| state["KeyState"] == "Enabled").collect();
        format!("{usable:#?} {:#?}", self.aliases)
    }

    fn key(&mut self, of: &str) -> Result<&mut Value, Problem> {
        let mut states = self.keys.values_mut().map(|(_, _, state)| state);
        let found = states.find(|state| state["Arn"] == of || state["KeyId"] == of);
        found.ok_or_else(|| Problem::not_found("There is no such key."))
    }

    pub(super) fn make(&mut self, call: &Call) -> Result<(), Problem> {
        match call {
            Call::CreateKey(input) => {
                let number = self.keys.len() + 1;
                let id = format!("key-{number}");
                let state = json!({
                    "KeyId": id,
                    "Arn": format!("arn:aws:kms:eu-west-1:111122223333:key/{id}"),
                    "Description": input.description,
                    "KeyState": "Enabled",
                });
                let (run, step) = origin(input);
                self.keys.insert(number, (run, step, state));
            }
            Call::CreateAlias(input) => {
                self.key(&input.target_key_id)?;
                if self.aliases.contains_key(&input.alias_name) {
                    return Err(rejected("It exists already."));
                }
                self.aliases.insert(input.alias_name.clone(), input.target_key_id.clone());
            }
            Call::DeleteAlias(input) => {
                let gone = self.aliases.remove(&input.alias_name);
                gone.ok_or_else(|| Problem::not_found("There is no such alias."))?;
            }
            Call::ScheduleKeyDeletion(input) => {
                let state = self.key(&input.key_id)?;
                if state["KeyState"] != "Enabled" {
                    return Err(rejected("Its deletion is pending."));
                }
                state["KeyState"] = json!("PendingDeletion");
            }
        }
        Ok(())
    }

    /// Those that a call created, however often.
    pub(super) fn all_made(&self, input: &CreateKey) -> Vec<Value> {
        let (run, step) = origin(input);
        let own = self.keys.values().filter(|(of, at, _)| *of == run && *at == step);
        own.map(|(_, _, state)| state.clone()).collect()
    }

    pub(super) fn read(&self, subject: &Subject) -> Option<Value> {
        match subject {
            Subject::NewKey { run } => self.keys.values().find(|(of, ..)| of == run).map(|(_, _, state)| state.clone()),
            Subject::Key { key } => {
                let mut states = self.keys.values().map(|(_, _, state)| state);
                states.find(|state| state["Arn"] == key.as_str() || state["KeyId"] == key.as_str()).cloned()
            }
            Subject::Alias { alias } => {
                let target = self.aliases.get(alias)?;
                Some(json!({ "AliasName": alias, "TargetKeyId": target }))
            }
        }
    }
}

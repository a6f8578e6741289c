//! Settings of ECR for the account in the region: each has two values, and is changed by itself.

use domain::ecr::registry::{BASIC_SCAN, BLOB_MOUNTING, POLICY_SCOPE};
use domain::ecr::subject::Subject;
use domain::ecr::wizards::registry::Setting;
use domain::plan::Answers;
use domain::plan::answers::Form;
use domain::{ResourceKey, Scope};
use leptos::prelude::*;
use serde_json::Value;

use crate::ecr::act::button;
use crate::live_state;
use crate::resource::Shown;
use crate::sections::{card, key_of, stack};
use crate::ui::Icon;

/// A setting: AWS's name for it, what people call it, what it decides, and its values with the words that choose them.
struct Known {
    name: &'static str,
    title: &'static str,
    decides: &'static str,
    values: [(&'static str, &'static str); 2],
}

const SETTINGS: [Known; 3] = [
    Known {
        name: BASIC_SCAN,
        title: "Basic scanning",
        decides: "Which scanner looks through images: AWS's own, or the older Clair.",
        values: [("AWS_NATIVE", "Set to AWS_NATIVE"), ("CLAIR", "Set to CLAIR")],
    },
    Known {
        name: POLICY_SCOPE,
        title: "Registry policy scope",
        decides: "V2 lets the registry policy decide about all actions of ECR, V1 only about replication, the cache and creation.",
        values: [("V1", "Set to V1"), ("V2", "Set to V2")],
    },
    Known {
        name: BLOB_MOUNTING,
        title: "Blob mounting",
        decides: "Whether a layer that another repository of the registry has already is shared instead of pushed again.",
        values: [("ENABLED", "Enable"), ("DISABLED", "Disable")],
    },
];

/// The tab. Each is read by itself: an endpoint that has not heard of one still tells the others.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    stack(SETTINGS.iter().map(|known| one(known, &key)).collect())
}

fn one(known: &'static Known, key: &ResourceKey) -> AnyView {
    let subject = Subject::AccountSetting { name: known.name.into() };
    let scope = key.scope.clone();
    live_state::read(scope.clone(), vec![subject.clone()], move |facts, _| {
        let now = live_state::document(facts, subject.clone()).as_ref().and_then(Value::as_str).map(str::to_owned);
        let others = known.values.iter().filter(|(value, _)| now.as_deref() != Some(*value));
        let acts = others.map(|(value, label)| set(&scope, known.name, value, label)).collect_view();
        let body = view! {
            <div class="in stack">
                <p class="dim">{known.decides}</p>
                <div class="acts"><b class="mono">{now.clone()}</b>{acts}</div>
            </div>
        };
        card(known.title, body)
    })
}

fn set(scope: &Scope, name: &'static str, value: &'static str, label: &'static str) -> AnyView {
    let scope = scope.clone();
    button(label, Icon::Right, "btn small", move || {
        let answers = Setting { name: name.to_owned(), value: value.to_owned() };
        Answers { scope: scope.clone(), form: Form::RegistrySetting(answers) }
    })
}

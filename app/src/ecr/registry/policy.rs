//! Who else may use the registry: the policy as it is, what it means, and its editor.

use domain::ecr::registry::policy::{explain, read};
use domain::ecr::subject::Subject;
use domain::ecr::wizards::registry::policy::Policy;
use domain::plan::Answers;
use domain::plan::answers::Form;
use leptos::prelude::AnyView;

use crate::ecr::policy_editor::{Line, Texts, editor};
use crate::live_state;
use crate::resource::Shown;
use crate::sections::key_of;

const TEXTS: Texts = Texts {
    heading: "Registry policy",
    label: "Registry policy",
    hint: "With Resource: the repositories it is about. Empty for none.",
    always: "",
    nobody: "Nobody outside of this account may replicate images here or use the registry as a whole.",
};

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    live_state::read(key.scope.clone(), vec![Subject::RegistryPolicy], move |facts, again| {
        let (scope, own) = (key.scope.clone(), key.scope.clone());
        let answers = move |policy| {
            let answers = Policy { policy, insist: String::new() };
            Answers { scope: own.clone(), form: Form::RegistryPolicy(answers) }
        };
        let means = move |document: &_| explain(document, &scope).into_iter().map(Line::from).collect();
        editor(TEXTS, live_state::document(facts, Subject::RegistryPolicy), read, means, answers, again)
    })
}

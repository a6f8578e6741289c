//! Who may use a repository besides its own account: the policy as it is, what it means, and its editor.

use domain::ecr::repository_policy::{explain, read};
use domain::ecr::subject::Subject;
use domain::ecr::wizards::policies;
use domain::plan::Answers;
use domain::plan::answers::Form;
use leptos::prelude::AnyView;

use super::policy_editor::{Line, Texts, editor};
use crate::live_state;
use crate::resource::Shown;
use crate::sections::key_of;

const TEXTS: Texts = Texts {
    heading: "Permissions",
    label: "Repository policy",
    hint: "Without Resource: the policy is always about this repository. Empty for none.",
    always: "",
    nobody: "Only people and roles of this account whom IAM allows it may push and pull.",
};

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let subject = Subject::RepositoryPolicy { repository: key.id.clone() };
    live_state::read(key.scope.clone(), vec![subject.clone()], move |facts, again| {
        let (scope, key) = (key.scope.clone(), key.clone());
        let answers = move |policy| {
            let answers = policies::Permissions { repository: key.id.clone(), policy, insist: String::new() };
            Answers { scope: key.scope.clone(), form: Form::RepositoryPolicy(answers) }
        };
        let means = move |document: &_| explain(document, &scope).into_iter().map(Line::from).collect();
        editor(TEXTS, live_state::document(facts, subject.clone()), read, means, answers, again)
    })
}

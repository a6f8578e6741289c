//! Who may push to a public repository besides its own account: the policy as it is, what it means, and its editor.

use domain::ecr_public::policy::{explain, read};
use domain::ecr_public::subject::Subject;
use domain::ecr_public::wizards::permissions::Permissions;
use domain::plan::answers::Form;
use domain::plan::{self, Answers};
use leptos::prelude::AnyView;

use crate::ecr::policy_editor::{Line, Texts, editor};
use crate::live_state;
use crate::resource::Shown;
use crate::sections::key_of;

const TEXTS: Texts = Texts {
    heading: "Permissions",
    label: "Repository policy",
    hint: "Actions begin with ecr-public:. Without Resource: the policy is always about this repository. Empty for none.",
    always: "Everybody may pull.",
    nobody: "Only people and roles of this account whom IAM allows it may push.",
};

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let subject = plan::Subject::EcrPublic(Subject::RepositoryPolicy { repository: key.id.clone() });
    live_state::read_any(key.scope.clone(), vec![subject.clone()], move |facts, again| {
        let (scope, key) = (key.scope.clone(), key.clone());
        let answers = move |policy| {
            let answers = Permissions { repository: key.id.clone(), policy, insist: String::new() };
            Answers { scope: key.scope.clone(), form: Form::PublicRepositoryPolicy(answers) }
        };
        let means = move |document: &_| explain(document, &scope).into_iter().map(Line::from).collect();
        editor(TEXTS, facts.of(&subject).flatten().cloned(), read, means, answers, again)
    })
}

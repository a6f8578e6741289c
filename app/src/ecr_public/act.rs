//! What can be done with a public repository from its page.

use domain::ecr_public::wizards::repository;
use domain::plan::Answers;
use domain::plan::answers::Form;
use leptos::prelude::*;

use crate::ecr::act::button;
use crate::resource::Shown;
use crate::sections::key_of;
use crate::ui::Icon;

/// Beside its name; nothing can be done with what is gone.
pub fn of_repository(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let gone = Memo::new(move |_| shown.with(|d| d.row.gone.is_some()));
    let delete = move || {
        let answers = repository::Delete { repository: key.id.clone(), ..repository::Delete::default() };
        Answers { scope: key.scope.clone(), form: Form::DeletePublicRepository(answers) }
    };
    (move || (!gone.get()).then(|| button("Delete", Icon::Close, "btn", delete.clone()))).into_any()
}

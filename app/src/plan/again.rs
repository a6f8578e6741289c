//! From a run that has ended to its wizard, filled in with the same answers.

use domain::Kind;
use domain::plan::answers::Form;
use domain::plan::service::RunView;
use leptos::prelude::*;

use crate::layout::use_scopes;
use crate::paths;

/// What a form of this kind creates; none for what is no wizard but an action on something that exists.
const fn creates(form: &Form) -> Option<Kind> {
    match form {
        Form::CreateRepository(_) => Some(Kind::Repository),
        Form::CreatePublicRepository(_) => Some(Kind::PublicRepository),
        Form::ChangeRepository(_)
        | Form::DeleteRepository(_)
        | Form::LifecyclePolicy(_)
        | Form::RepositoryPolicy(_)
        | Form::DeleteImages(_)
        | Form::TagImage(_)
        | Form::UntagImage(_)
        | Form::ScanImages(_)
        | Form::CopyImage(_)
        | Form::ChangePublicRepository(_)
        | Form::DeletePublicRepository(_)
        | Form::PublicRepositoryPolicy(_) => None,
    }
}

/// The ways to make it again; none while it goes on.
pub fn again(view: &RunView) -> Option<AnyView> {
    let kind = creates(&view.answers.form).filter(|_| !view.run.state.is_live())?;
    let scopes = use_scopes();
    let link = move |path: String, words: &'static str, title: &'static str| {
        view! { <a class="btn" href=move || scopes.with(|s| s.on(&path)) title=title>{words}</a> }
    };
    let again = paths::again(kind, &view.run.id);
    let elsewhere = paths::elsewhere(kind, &view.run.id);
    Some(
        view! {
            {link(again, "Use these answers again", "Opens the wizard, filled in as it was for this run")}
            {link(elsewhere, "Make this elsewhere", "The same in another account or region")}
        }
        .into_any(),
    )
}

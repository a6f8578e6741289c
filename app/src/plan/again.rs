//! From a run that has ended to its wizard, filled in with the same answers; or to a new plan of them.

use domain::Kind;
use domain::plan::answers::Form;
use domain::plan::run::State;
use domain::plan::service::RunView;
use leptos::prelude::*;

use super::act::Acts;
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
        | Form::RegistryReplication(_)
        | Form::RegistryScanning(_)
        | Form::RegistrySetting(_)
        | Form::RegistryCacheRule(_)
        | Form::DeleteRegistryCacheRule(_)
        | Form::RegistryTemplate(_)
        | Form::DeleteRegistryTemplate(_)
        | Form::RegistryPolicy(_)
        | Form::PutImages(_)
        | Form::ChangePublicRepository(_)
        | Form::DeletePublicRepository(_)
        | Form::PublicRepositoryPolicy(_)
        | Form::DeletePublicImages(_)
        | Form::UseInFunction(_)
        | Form::UseInTaskDefinition(_) => None,
    }
}

/// The ways to make it again; none while it goes on.
pub fn again(view: &RunView) -> Option<AnyView> {
    if view.run.state.is_live() {
        return None;
    }
    let Some(kind) = creates(&view.answers.form) else { return plan_again(view) };
    let scopes = use_scopes();
    let link = move |path: String, words: &'static str, title: &'static str| {
        view! { <a class="btn" href=move || scopes.with(|s| s.on(&path)) title=title>{words}</a> }
    };
    let words = if view.run.was_outdated() { "Plan again" } else { "Use these answers again" };
    let again = paths::again(kind, &view.run.id);
    let elsewhere = paths::elsewhere(kind, &view.run.id);
    Some(
        view! {
            {link(again, words, "Opens the wizard, filled in as it was for this run")}
            {link(elsewhere, "Make this elsewhere", "The same in another account or region")}
        }
        .into_any(),
    )
}

/// For an action on something that exists: the same once more, planned from what there is now. Offered where the run made nothing that lasts.
fn plan_again(view: &RunView) -> Option<AnyView> {
    if view.run.state != State::Undone {
        return None;
    }
    let acts = expect_context::<Acts>();
    let mut answers = view.answers.clone();
    // What was insisted on then is insisted on anew, or not.
    answers.form.insist("");
    let ask = move |_| acts.ask(answers.clone());
    Some(view! { <button class="btn" r#type="button" title="Makes a new plan from what there is now" on:click=ask>"Plan again"</button> }.into_any())
}

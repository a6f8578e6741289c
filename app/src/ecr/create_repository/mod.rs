//! The wizard "Create private repository".

mod draft;
mod expiry;
mod images;
mod name;
mod sharing;
mod tags;

use domain::Kind;
use domain::document::registry;
use domain::plan::Answers;
use domain::plan::answers::Form;
use leptos::prelude::*;

use crate::api::Boot;
use crate::layout::use_scopes;
use crate::plan::outcome::push;
use crate::ui::{Code, Copy, Empty};
use crate::wizard::{FormStep, Kept, ScopeFields, Spec, WizardPage, first_scope, part, start};
use draft::Draft;

const SPEC: Spec = Spec {
    title: "Create private repository",
    kind: Kind::Repository,
    steps: &[FormStep {
        id: "repository",
        title: "Repository",
        heading: "Create private repository",
        explanation: "A place for the images of one application. A name is enough; everything else has a sensible default and can be changed later, except the encryption.",
        fields: &[""],
    }],
    after: push_commands,
};

/// The draft, shared by the parts of the form.
type Shared = RwSignal<Kept<Draft>>;

/// `/repositories/new`
#[component]
pub fn CreateRepositoryPage() -> impl IntoView {
    let boot = expect_context::<Boot>();
    let scope = use_scopes().with_untracked(|scopes| first_scope(&boot, scopes));
    let Some(scope) = scope else {
        return view! {
            <Empty title="No connection leads to AWS"><p>"Gantry can create something once it is connected to an account: see Settings → Connections."</p></Empty>
        }
        .into_any();
    };
    let (draft, wizard) = start::<Draft>(scope);
    let form = view! {
        <section class="card"><div class="in form">
            <ScopeFields/>
            {name::field(draft, wizard)}
        </div></section>
        {images::mutability(draft)}
        {images::encryption(draft, wizard)}
        {images::scanning(draft)}
        {expiry::section(draft)}
        {sharing::section(draft, wizard)}
        {tags::section(draft)}
    };
    view! { <WizardPage spec=SPEC forms=vec![form.into_any()]/> }.into_any()
}

/// How the first image gets there, once there is a repository.
fn push_commands(answers: &Answers) -> AnyView {
    let Form::CreateRepository(entered) = &answers.form else { return ().into_any() };
    let (host, name) = (registry(&answers.scope), entered.name.trim());
    let uri = format!("{host}/{name}");
    let commands = push(&uri, &answers.scope.region);
    view! {
        <details class="card fold-card">
            <summary><b>"After it is created: push the first image"</b><span class="now">"log in, tag, push"</span></summary>
            <div class="in stack">
                <p class="dim">"These work once the plan is applied. The password lasts twelve hours. The address is "<Copy text=uri max=80/></p>
                <Code text=commands/>
            </div>
        </details>
    }
    .into_any()
}

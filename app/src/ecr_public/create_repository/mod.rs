//! The wizard "Create public repository".

mod draft;

use domain::ecr::rules::typed::PUBLIC_REPOSITORY_NAME;
use domain::ecr_public::{HOST, REGION};
use domain::plan::Answers;
use domain::plan::answers::Form;
use domain::{Kind, Region, Scope};
use leptos::prelude::*;

use super::catalog::{architectures, put, systems};
use super::logo;
use super::markdown::MarkdownField;
use super::push_commands;
use crate::api::Boot;
use crate::layout::use_scopes;
use crate::ui::{Code, Empty, format};
use crate::wizard::{
    AccountField, Fold, FormStep, Kept, Spec, TagRows, TextField, WizardPage, first_scope, part, start,
};
use draft::Draft;
pub use draft::Logo;

const SPEC: Spec = Spec {
    title: "Create public repository",
    kind: Kind::PublicRepository,
    steps: &[
        FormStep {
            id: "repository",
            title: "Repository",
            heading: "Create public repository",
            explanation: "A place for images that everybody may pull, without an account. A name is enough; everything but the name can be changed here later.",
            fields: &[""],
        },
        FormStep {
            id: "gallery",
            title: "Gallery page",
            heading: "The page in the Public Gallery",
            explanation: "What people read before they pull. All of it may be left empty.",
            fields: &["about", "usage", "logo"],
        },
    ],
    after: first_push,
};

/// The draft, shared by the parts of the form.
type Shared = RwSignal<Kept<Draft>>;

/// Where it is made: the account one looks at, in the one region that has the API.
fn place(boot: &Boot, scope: Option<Scope>) -> Option<Scope> {
    let region = Region::parse(REGION).ok().filter(|region| boot.instance.regions.contains(region))?;
    Some(Scope::new(scope?.account, region))
}

/// `/public-repositories/new`
#[component]
pub fn CreatePublicRepositoryPage() -> impl IntoView {
    let boot = expect_context::<Boot>();
    let first = use_scopes().with_untracked(|scopes| first_scope(&boot, scopes));
    let Some(scope) = place(&boot, first) else {
        return view! {
            <Empty title=format!("No connection leads to {REGION}")>
                <p>{format!("Public repositories are made in {REGION}, wherever they are pulled. Add that region to a connection: see Settings → Connections.")}</p>
            </Empty>
        }
        .into_any();
    };
    let (draft, _) = start::<Draft>(scope);
    let forms = vec![repository(draft).into_any(), gallery(draft).into_any()];
    view! { <WizardPage spec=SPEC forms=forms/> }.into_any()
}

/// The first step.
fn repository(draft: Shared) -> impl IntoView {
    let name = part(draft, |d| d.name.clone());
    let uri = Memo::new(move |_| {
        let name = name.get();
        let name = if name.trim().is_empty() { "…".to_owned() } else { name.trim().to_owned() };
        format!("{HOST}/ALIAS/{name}")
    });
    let tags = part(draft, |d| d.tags.clone());
    let tagged = Signal::derive(move || {
        let keys = tags.with(|tags| tags.iter().filter(|(key, _)| !key.trim().is_empty()).count());
        match keys {
            0 => "None besides those of the run".to_owned(),
            n => format::counted(n as i64, "tag", "tags"),
        }
    });
    view! {
        <section class="card"><div class="in form">
            <AccountField
                region=REGION hint="Always there: the only region with the API of public repositories. Images are pulled from anywhere."
            />
            <TextField
                label="Name" name="name" placeholder="tools/probe" value=name typing=PUBLIC_REPOSITORY_NAME
                hint="Small letters, digits and . _ - one at a time; a / divides namespaces. It cannot be changed later."
                set=move |v| draft.update(|d| d.form.name = v)
            />
            <div class="field">
                <span class="label">"Images will be pulled from"</span><code class="uri">{move || uri.get()}</code>
                <span class="hint">"ALIAS stands for the name of the account's public registry; AWS answers with it."</span>
            </div>
            <TextField
                label="Description" name="description" placeholder="Probes that tell whether a service is well" value=part(draft, |d| d.description.clone())
                hint="A sentence or two, found by the gallery's search. At most 1,024 characters."
                set=move |v| draft.update(|d| d.form.description = v)
            />
            {architectures(part(draft, |d| d.architectures.clone()), move |word, on| draft.update(|d| put(&mut d.form.architectures, word, on)))}
            {systems(part(draft, |d| d.operating_systems.clone()), move |word, on| draft.update(|d| put(&mut d.form.operating_systems, word, on)))}
        </div></section>
        <Fold title="Tags" now=tagged>
            <p class="dim">"For bills, searches and rules. Gantry adds which run made it, which step, and who started it."</p>
            <TagRows label="Tags" tags=tags change=move |tags| draft.update(|d| d.form.tags = tags)/>
        </Fold>
    }
}

/// The second.
fn gallery(draft: Shared) -> impl IntoView {
    view! {
        <section class="card"><div class="in form">
            <MarkdownField
                label="About" name="about" value=part(draft, |d| d.about.clone())
                hint="What it is, in Markdown. At most 25,600 characters."
                set=move |v| draft.update(|d| d.form.about = v)
            />
            <MarkdownField
                label="Usage" name="usage" value=part(draft, |d| d.usage.clone())
                hint="How to use it, in Markdown. At most 25,600 characters."
                set=move |v| draft.update(|d| d.form.usage = v)
            />
            {logo::field("Logo", part(draft, |d| d.logo.clone()), true, move |logo| draft.update(|d| d.form.logo = logo))}
        </div></section>
    }
}

/// How the first image gets there, once there is a repository.
fn first_push(answers: &Answers) -> AnyView {
    let Form::CreatePublicRepository(entered) = &answers.form else { return ().into_any() };
    let commands = push_commands(&format!("{HOST}/ALIAS/{}", entered.name.trim()));
    view! {
        <details class="card fold-card">
            <summary><b>"After it is created: push the first image"</b><span class="now">"log in, tag, push"</span></summary>
            <div class="in stack">
                <p class="dim">"These work once the plan is applied; the run then says them with the registry's ALIAS. The password lasts twelve hours."</p>
                <Code text=commands/>
            </div>
        </details>
    }
    .into_any()
}

//! The generic list. A page gives a [`ListSpec`]; columns, filters, order and windows come from the kind and the URL.

use domain::listing::{ListQuery, Page, Parts};
use domain::{Kind, Problem, ResourceKey};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::chosen_columns::ChosenColumns;
use super::filter_bar::FilterBar;
use super::list_rows::{ListRows, tells_of};
use super::query::ListUrl;
use super::selection::Selection;
use crate::api;
use crate::asking::{refused, until_answered};
use crate::error::AppError;
use crate::live::Meanwhile;
use crate::ui::{About, Head, ProblemNote, Skeleton};
use crate::wire::ask;
use domain::listing::capital;

/// What a list page says; everything else comes from its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListSpec {
    /// The kind listed.
    pub kind: Kind,
    /// The heading: "Functions".
    pub heading: String,
    /// One line under the heading.
    pub explanation: String,
    /// Paragraphs of the "About …" popover; none, no popover.
    pub about: &'static [&'static str],
    /// What to do when there are none.
    pub empty: String,
    /// What the button says that leads to the wizard of the kind, if there is one.
    pub create: Option<&'static str>,
    /// What the link says that leads to the registry that holds what is listed, if there is one.
    pub registry: Option<&'static str>,
}

impl ListSpec {
    /// What can be said of any kind.
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            heading: capital(kind.plural()),
            explanation: match kind.is_global() {
                true => format!("Every {} in your accounts.", kind.singular()),
                false => format!("Every {} in your accounts and regions.", kind.singular()),
            },
            about: &[],
            empty: "As soon as AWS has one, it appears here by itself.".to_owned(),
            create: None,
            registry: None,
        }
    }
    /// The same with an explanation.
    pub fn explained(mut self, explanation: &str) -> Self {
        explanation.clone_into(&mut self.explanation);
        self
    }
    /// The same with paragraphs behind "About …".
    pub fn about(mut self, paragraphs: &'static [&'static str]) -> Self {
        self.about = paragraphs;
        self
    }
    /// The same with a button that leads to the wizard of the kind.
    pub fn creatable(mut self, label: &'static str) -> Self {
        self.create = Some(label);
        self
    }
    /// The same with a link to the registry of the account and region in scope.
    pub fn in_registry(mut self, label: &'static str) -> Self {
        self.registry = Some(label);
        self
    }
    /// The same with words for when there are none.
    pub fn when_empty(mut self, empty: &str) -> Self {
        empty.clone_into(&mut self.empty);
        self
    }
}

/// The button that leads to the wizard of a kind; for those who may not use it, with the reason.
fn create_button(kind: Kind, label: &'static str) -> AnyView {
    let boot = expect_context::<api::Boot>();
    match crate::wizard::why_not(&boot) {
        None => {
            let href = move || crate::sections::here(&crate::paths::create(kind));
            view! { <a class="btn primary" href=href>{label}</a> }.into_any()
        }
        Some(problem) => view! {
            <button class="btn primary" r#type="button" disabled=true aria-describedby="why-not" title=problem.message.clone()>{label}</button>
            <small class="faint why-not" id="why-not">{problem.message}</small>
        }
        .into_any(),
    }
}

/// The page of a list.
#[component]
pub fn ListPage(
    /// What it says.
    spec: ListSpec,
) -> impl IntoView {
    let title = format!("{} · Gantry", spec.heading);
    let about = (!spec.about.is_empty()).then(|| {
        let paragraphs = spec.about.iter().map(|p| view! { <p>{*p}</p> }).collect_view();
        view! { " "<About title=spec.kind.plural()>{paragraphs}</About> }
    });
    let explanation = view! { {spec.explanation.clone()}{about} }.into_any();
    let registry = spec.registry.map(|label| {
        let scopes = crate::layout::use_scopes();
        let href = move || scopes.with(|s| s.on(&crate::paths::registry(s)));
        view! { <a class="btn" href=href>{label}</a> }
    });
    let create = spec.create.map_or_else(|| ().into_any(), |label| create_button(spec.kind, label));
    let actions = view! { {registry}{create} }.into_any();
    view! {
        <Title text=title/>
        <Head title=spec.heading explanation=explanation actions=actions/>
        <ResourceList kind=spec.kind base=crate::paths::list(spec.kind) empty=spec.empty/>
    }
}

/// The filters and the table, also as a part of another page (the images of a repository).
#[component]
pub fn ResourceList(
    /// The kind listed.
    kind: Kind,
    /// Only what lives in this resource.
    #[prop(optional_no_strip)]
    parent: Option<ResourceKey>,
    /// The address its links are relative to; may have a query of its own (`…?tab=images`).
    #[prop(into)]
    base: String,
    /// What to do when there are none.
    #[prop(into)]
    empty: Signal<String>,
) -> impl IntoView {
    let map = use_query_map();
    let inside = parent.is_some();
    let url =
        Memo::new(move |_| ListUrl::new(kind, map.get().into_iter().map(|(n, v)| (n.into_owned(), v))).inside(inside));
    let question = Memo::new(move |_| -> Result<ListQuery, Problem> {
        let mut query = url.get().query()?;
        query.parent.clone_from(&parent);
        // What lives in one resource is near together: parts are found by opening what they are parts of.
        query.parts = if inside { Parts::Folded } else { Parts::Among };
        Ok(query)
    });
    let meanwhile = Meanwhile::listen(move |message| tells_of(message, kind));
    let again = RwSignal::new(0_u32);
    let answer = ask(
        move || (question.get(), again.get()),
        move |(question, _)| {
            meanwhile.ask();
            async move {
                match question {
                    Ok(query) => api::list(query.clone()).await.map(|page| (query, page)),
                    Err(problem) => Err(AppError(problem)),
                }
            }
        },
    );
    until_answered(again, move || answer.with(refused));
    let total =
        Signal::derive(move || answer.get().and_then(Result::ok).map(|(_, page): (ListQuery, Page)| page.total));
    let base = StoredValue::new(base);
    let selection = Selection::new();
    let chosen = ChosenColumns::of(kind, inside);
    view! {
        <FilterBar url=url base=base total=total/>
        <Transition fallback=|| view! { <Skeleton lines=8/> }>
            {move || Suspend::new(async move {
                match answer.await {
                    Ok((query, page)) => {
                        let missed = meanwhile.missed();
                        view! { <ListRows query=query page=page missed=missed url=url base=base empty=empty selection=selection chosen=chosen/> }.into_any()
                    }
                    Err(AppError(problem)) => {
                        let href = move || {
                            let whole = ["sort", "cols", "account", "region"]
                                .into_iter()
                                .fold(url.get().unfiltered(), |url, name| url.with(name, None));
                            whole.href_on(&base.get_value())
                        };
                        view! {
                            <ProblemNote problem=problem/>
                            <p class="after-note"><a class="btn small" href=href>"Clear all filters"</a></p>
                        }
                        .into_any()
                    }
                }
            })}
        </Transition>
    }
}

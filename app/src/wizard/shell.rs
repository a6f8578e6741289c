//! The page of a wizard: steps at the left, the form in the middle, the plan at the right; the review is the last step.

use domain::plan::Answers;
use domain::policy::{Permission, decide};
use domain::{Kind, Problem};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_query_map;

use super::keep::Place;
use super::plan_panel::PlanPanel;
use super::state::Wizard;
use super::{browser, origin};
use crate::api::Boot;
use crate::layout::use_scopes;
use crate::plan::review::Review;
use crate::ui::{Navigate, ProblemNote};
use crate::{later, paths};

/// The id of the last step in the address.
const REVIEW: &str = "review";

/// A step with a form.
#[derive(Clone, Copy)]
pub struct FormStep {
    /// Its id in the address.
    pub id: &'static str,
    /// What the list of steps calls it.
    pub title: &'static str,
    /// Its heading.
    pub heading: &'static str,
    /// A line under the heading.
    pub explanation: &'static str,
    /// The fields whose messages it shows, by how their names begin.
    pub fields: &'static [&'static str],
}

impl FormStep {
    /// How much of a field's name it names, in bytes, where it shows the field.
    fn names(&self, field: &str) -> Option<usize> {
        self.fields.iter().filter(|start| field.starts_with(**start)).map(|start| start.len()).max()
    }
}

/// What a wizard says.
#[derive(Clone, Copy)]
pub struct Spec {
    /// "Create private repository"
    pub title: &'static str,
    /// What it creates.
    pub kind: Kind,
    /// Its steps before the review.
    pub steps: &'static [FormStep],
    /// What comes once it is made, shown with the review.
    pub after: fn(&Answers) -> AnyView,
}

impl Spec {
    /// Where a step is.
    fn path(&self, step: &str) -> String {
        let first = self.steps.first().is_some_and(|s| s.id == step);
        let path = paths::create(self.kind);
        if first { path } else { format!("{path}?step={}", paths::encode(step)) }
    }
    /// Where the review is, or a tab of it.
    pub fn review_path(&self, tab: Option<&str>) -> String {
        let path = self.path(REVIEW);
        tab.map_or(path.clone(), |tab| format!("{path}&tab={tab}"))
    }
    /// The address of the last form.
    pub fn last_form(&self) -> String {
        self.path(self.steps.last().map_or(REVIEW, |step| step.id))
    }
    /// The step that shows a field: the one that names most of it, or the first where none does.
    fn step_of(&self, field: &str) -> &'static str {
        // Of equals the last is found: from the end that is the first.
        self.steps.iter().rev().max_by_key(|step| step.names(field)).map_or(REVIEW, |step| step.id)
    }
}

/// Why whoever is here may not change AWS.
pub fn why_not(boot: &Boot) -> Option<Problem> {
    match &boot.actor {
        Some(actor) => decide(actor, Permission::ChangeAws).err(),
        None => Some(Problem::signed_out()),
    }
}

/// The steps with the one that shows.
fn steps(spec: Spec, current: Memo<String>) -> impl IntoView {
    let scopes = use_scopes();
    let all = spec.steps.iter().map(|s| (s.id, s.title)).chain([(REVIEW, "Review")]);
    let links = all.enumerate().map(move |(n, (id, title))| {
        let here = move || current.with(|c| c == id).then_some("step");
        let done = move || current.with(|c| c == REVIEW) && id != REVIEW;
        let sign = move || if done() { "✓".to_owned() } else { (n + 1).to_string() };
        let words = move || format!("Step {}: {title}", n + 1);
        view! {
            <a class:done=done href=move || scopes.with(|s| s.on(&spec.path(id))) aria-current=here aria-label=words>
                <i aria-hidden="true">{sign}</i>
                {title}
            </a>
        }
    });
    links.collect_view()
}

/// The page. Inside an owner in which [`super::start`] was called.
#[component]
pub fn WizardPage(
    /// What it says.
    spec: Spec,
    /// The form of each step, in their order.
    forms: Vec<AnyView>,
) -> impl IntoView {
    let wizard = expect_context::<Wizard>();
    let boot = expect_context::<Boot>();
    let scopes = use_scopes();
    let map = use_query_map();
    let first = spec.steps.first().map_or(REVIEW, |s| s.id);
    let current = Memo::new(move |_| {
        let asked = map.with(|m| m.get("step")).unwrap_or_default();
        let known = asked == REVIEW || spec.steps.iter().any(|s| s.id == asked);
        if known { asked } else { first.to_owned() }
    });
    let navigate = Navigate::here();
    let go = move |step: &str, replace: bool| {
        let href = scopes.get_untracked().on(&spec.path(step));
        navigate.to(&href, NavigateOptions { replace, ..NavigateOptions::default() });
    };
    // To the first field that is wrong, wherever it is.
    let mend = move |replace: bool| {
        let fields: Vec<String> =
            wizard.plan.with_untracked(|p| p.as_ref().err().map(|e| e.keys().cloned().collect()).unwrap_or_default());
        let steps: Vec<&str> = fields.iter().map(|field| spec.step_of(field)).collect();
        wizard.messages.show_all();
        if let Some(step) = spec.steps.iter().find(|s| steps.contains(&s.id))
            && current.with_untracked(|c| c != step.id)
        {
            go(step.id, replace);
        }
        browser::focus_first_wrong();
    };
    let onward = move |n: usize| {
        wizard.forgive();
        match spec.steps.get(n + 1) {
            Some(next) => go(next.id, false),
            None if wizard.plan.with_untracked(Result::is_ok) => go(REVIEW, false),
            None => mend(false),
        }
    };
    let why = why_not(&boot);
    let refused = StoredValue::new(why.clone());
    let shown = move |id: &'static str| current.with(|c| c == id);
    let sections = spec.steps.iter().zip(forms).enumerate().map(|(n, (step, form))| {
        let next = spec.steps.get(n + 1).map_or("Review", |next| next.title);
        let previous = n.checked_sub(1).and_then(|n| spec.steps.get(n));
        let submit = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            if refused.with_value(Option::is_none) {
                onward(n);
            }
        };
        view! {
            <form class="form" novalidate=true autocomplete="off" hidden=move || !shown(step.id) on:submit=submit>
                <div><h1 tabindex="-1">{step.heading}</h1><p class="dim">{step.explanation}</p></div>
                {form}
                <div class="wizard-bar">
                    <button class="btn primary" r#type="submit" disabled=refused.with_value(Option::is_some)>{next}</button>
                    {previous.map(|back| view! { <button class="btn" r#type="button" on:click=move |_| go(back.id, false)>"Back"</button> })}
                    <span class="faint">"Enter goes on. Nothing is made before you apply."</span>
                </div>
            </form>
        }
    });
    // A new step begins at its heading, for whoever does not see it change.
    Effect::new(move |before: Option<String>| {
        let now = current.get();
        if before.is_some_and(|before| before != now) && wizard.plan.with_untracked(Result::is_ok) {
            browser::focus_heading();
        }
        now
    });
    Effect::new(move || {
        if shown(REVIEW) {
            spawn_local(later::fetch_run());
        }
    });
    let where_kept = move || match wizard.place.get() {
        Place::Account => "It is in your account: any browser you sign in with goes on with it.".to_owned(),
        Place::Browser => "It is in this browser; your account has it in a moment.".to_owned(),
        Place::Only(problem) => format!("It is only in this browser: {}", problem.message),
    };
    let kept = move || {
        wizard.edited.get().then(|| {
            view! {
                <p>"Your draft is kept. "{where_kept}</p>
                <button class="btn small" r#type="button" on:click=move |_| { wizard.start_again.run(()); go(first, true); }>"Start again"</button>
            }
        })
    };
    let review = move || shown(REVIEW).then(|| view! { <Review back=Callback::new(move |()| mend(true)) spec=spec/> });
    view! {
        <Title text=format!("{} · Gantry", spec.title)/>
        <div class="wizard" class:reviewing=move || shown(REVIEW)>
            <div class="steps">
                <nav aria-label="Steps">{steps(spec, current)}</nav>
                <div class="draft">{kept}</div>
            </div>
            <div class="stack">
                {why.map(|problem| view! { <ProblemNote problem=problem/> })}
                {move || origin::offer(wizard)}
                {move || (!shown(REVIEW)).then(|| origin::note(wizard.origin.get()))}
                {sections.collect_view()}
                {review}
            </div>
            <div class="beside" hidden=move || shown(REVIEW)><PlanPanel/></div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: Spec = Spec {
        title: "Create repository",
        kind: Kind::Repository,
        steps: &[
            FormStep { id: "name", title: "", heading: "", explanation: "", fields: &[""] },
            FormStep { id: "policy", title: "", heading: "", explanation: "", fields: &["lifecycle", "permissions"] },
        ],
        after: |_| ().into_any(),
    };

    #[test]
    fn a_message_leads_to_the_step_that_shows_it() {
        assert_eq!(SPEC.step_of("permissions.accounts"), "policy");
        assert_eq!(SPEC.step_of("name"), "name");
        assert_eq!(SPEC.step_of("tags.3"), "name");
        assert_eq!(SPEC.path("name"), "/repositories/new");
        assert_eq!(SPEC.review_path(Some("cli")), "/repositories/new?step=review&tab=cli");
    }
}

//! The review of a plan: everything that will be sent, before anything is; then Apply.

use domain::plan::cost;
use domain::plan::service::{Review as Found, Reviewed};
use domain::plan::{Effect as Does, Plan, Step, Undo};
use domain::{Code, Problem};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_query_map;

use super::api::{begin_run, review_plan};
use super::changed::since;
use super::exports::{self, Export};
use super::graph::graph;
use super::permitted::permitted;
use super::words;
use crate::api::Boot;
use crate::layout::use_scopes;
use crate::paths;
use crate::sign_in::Confirm;
use crate::ui::{Json, Navigate, ProblemNote, Skeleton, TabLink, Tabs, brief, format, now_or, toast};
use crate::wizard::{Spec, Wizard, effect_sign, effect_tone, note_list, sum, why_not};

fn does(effect: Does) -> &'static str {
    match effect {
        Does::Create => "Creates something new.",
        Does::Update => "Changes something that exists.",
        Does::Delete => "Deletes something.",
    }
}

fn undo(undo: &Undo) -> AnyView {
    match undo {
        Undo::Call(call) => view! {
            <p>"By "<code>{call.name()}</code>", unless somebody else changed meanwhile what the step left."</p>
            <Json value=call.input()/>
        }
        .into_any(),
        Undo::Never(why) => view! { <p>"It cannot be taken back: "{why.clone()}</p> }.into_any(),
    }
}

/// So many of the steps before one are named.
const NAMED: usize = 5;

/// A step: a line that opens to all that is known of it.
fn step_view(step: &Step, all: &[Step], place: String) -> AnyView {
    let first: Vec<String> = all
        .iter()
        .filter(|other| step.depends_on.contains(&other.id))
        .map(|other| format::short_digests(&other.says))
        .collect();
    let more = first.len().saturating_sub(NAMED);
    let mut first: Vec<String> = first.into_iter().take(NAMED).collect();
    first.extend((more > 0).then(|| format!("{more} more")));
    let cost = match step.monthly {
        None => cost::why(step).to_owned(),
        Some(0) => format::cost(0),
        Some(n) => format!("{} a month. {}", format::cost(n), cost::BASIS),
    };
    let actions = step.actions().join(", ");
    let after = (!first.is_empty()).then(|| view! { <div><dt>"After"</dt><dd>{first.join("; ")}</dd></div> });
    let before = step.before.clone().map(|before| {
        view! { <h3>"What must still be so when it runs"</h3><Json value=before/> }
    });
    view! {
        <li id=format!("step-{}", step.id)>
            <details>
                <summary>
                    {effect_sign(step.effect)}
                    <span class="says">{brief(&step.says)}<small class="mono">{step.call.name()}</small></span>
                </summary>
                <div class="step-body">
                    <dl class="pairs">
                        <div><dt>"Effect"</dt><dd>{does(step.effect)}</dd></div>
                        <div><dt>"Sent to"</dt><dd>{place}</dd></div>
                        <div><dt>"Needs"</dt><dd class="mono">{actions}</dd></div>
                        <div><dt>"Costs"</dt><dd>{cost}</dd></div>
                        {after}
                    </dl>
                    <h3>"Input document"</h3>
                    <Json value=step.call.input()/>
                    {before}
                    <h3>"Undo"</h3>
                    {undo(&step.undo)}
                </div>
            </details>
        </li>
    }
    .into_any()
}

/// All steps of a plan: what waits for what, then each as a line that opens.
pub fn steps(found: &Found, boot: &Boot) -> AnyView {
    let all = &found.plan.steps;
    let rows = all.iter().map(|step| step_view(step, all, boot.place(&step.scope)));
    let look = |n: usize| (effect_tone(all[n].effect), effect_sign(all[n].effect));
    let graph = graph(&found.plan, &look).map(|graph| view! { <div class="card">{graph}</div> });
    view! { {graph}<ol class="review-steps card">{rows.collect_view()}</ol> }.into_any()
}

/// The last step of a wizard.
#[component]
pub fn Review(
    /// What the wizard says.
    spec: Spec,
    /// Back to what is wrong.
    back: Callback<()>,
) -> impl IntoView {
    let wizard = expect_context::<Wizard>();
    let boot = expect_context::<Boot>();
    let opened = boot.now;
    let may = why_not(&boot).is_none();
    let answer: RwSignal<Option<Result<Found, Problem>>> = RwSignal::new(None);
    let again = RwSignal::new(0_u32);
    let failed: RwSignal<Option<Problem>> = RwSignal::new(None);
    // What was reviewed when it turned out that it is no longer what there is.
    let outdated: RwSignal<Option<Plan>> = RwSignal::new(None);
    Effect::new(move || {
        again.track();
        if !wizard.recalled.get() || !may {
            return;
        }
        // Not followed: forgetting the draft once it is applied must not ask again.
        let answers = wizard.answers.get_untracked();
        if wizard.plan.with_untracked(Result::is_err) {
            back.run(());
            return;
        }
        answer.set(None);
        failed.set(None);
        spawn_local(async move {
            match review_plan(answers.clone()).await {
                // Somebody who went on has other answers meanwhile.
                _ if wizard.answers.try_get_untracked().as_ref() != Some(&answers) => {}
                Ok(Reviewed::Plan(found)) => {
                    answer.try_set(Some(Ok(*found)));
                }
                Ok(Reviewed::Wrong(errors)) => {
                    wizard.refuse(answers, errors);
                    back.run(());
                }
                Err(error) => {
                    answer.try_set(Some(Err(error.0)));
                }
            }
        });
    });
    let review_again = move || again.update(|n| *n += 1);

    let scopes = use_scopes();
    let applying = RwSignal::new(false);
    let navigate = Navigate::here();
    let apply = move || {
        let Some(Ok(found)) = answer.get_untracked() else { return };
        applying.set(true);
        failed.set(None);
        let (sent, keeper) = (wizard.answers.get_untracked(), wizard.keeper.get_value());
        let draft = keeper.recall();
        spawn_local(async move {
            let begun = begin_run(sent.clone(), found.hash).await;
            let reviewed = found.plan;
            if applying.try_set(false).is_some() {
                // Somebody went elsewhere meanwhile: to a field, or to another page.
                toast(&words::begun(&begun));
                if begun.is_ok() {
                    match wizard.answers.try_get_untracked() {
                        Some(now) if now == sent => wizard.start_again.run(()),
                        Some(_) => {}
                        None => keeper.forget(&draft, now_or(opened)),
                    }
                }
                return;
            }
            match begun {
                Ok(id) => {
                    // What was made is no draft any more.
                    wizard.start_again.run(());
                    let href = scopes.get_untracked().on(&paths::run(&id));
                    navigate.to(&href, NavigateOptions::default());
                }
                Err(error) if error.0.code == Code::Conflict => {
                    outdated.set(Some(reviewed));
                    review_again();
                }
                Err(error) => failed.set(Some(error.0)),
            }
        });
    };
    let map = use_query_map();
    let export = Memo::new(move |_| {
        let asked = map.with(|m| m.get("tab")).unwrap_or_default();
        Export::ALL.into_iter().find(|export| export.id() == asked)
    });
    let tab = Memo::new(move |_| export.get().map_or("steps", Export::id).to_owned());
    let tabs = Signal::derive(move || {
        let count = answer.with(|a| a.as_ref().and_then(|a| a.as_ref().ok()).map(|f| f.plan.steps.len() as u32));
        let link = |id: &str, title: &str, count, tab| TabLink {
            id: id.to_owned(),
            title: title.to_owned(),
            count,
            href: scopes.with(|s| s.on(&spec.review_path(tab))),
        };
        let exports = Export::ALL.map(|export| link(export.id(), export.title(), None, Some(export.id())));
        [link("steps", "Steps", count, None)].into_iter().chain(exports).collect::<Vec<_>>()
    });
    let place = Memo::new({
        let boot = boot.clone();
        move |_| wizard.scope.with(|s| boot.place(s))
    });
    let title = move || match answer.get() {
        Some(Ok(found)) => brief(&found.plan.title),
        _ => spec.title.into_any(),
    };
    let content = move || match answer.get() {
        None if may => {
            view! { <p class="dim" role="status">"AWS is asked what there is, and the plan is made…"</p><Skeleton/> }
                .into_any()
        }
        None => ().into_any(),
        Some(Err(problem)) => view! {
            <ProblemNote problem=problem/>
            <p><button class="btn small" r#type="button" on:click=move |_| review_again()>"Review again"</button></p>
        }
        .into_any(),
        Some(Ok(found)) => {
            let body = match export.get() {
                Some(export) => exports::view(&found, export),
                None => steps(&found, &boot),
            };
            let changed = outdated.with(|was| was.as_ref().map(|was| since(was, &found.plan)));
            view! {
                {changed}
                <section class="card">{sum(Some(&found.plan))}</section>
                {permitted(&found.permissions)}
                {note_list(found.notes)}
                <div><Tabs tabs=tabs current=tab/><div class="stack">{body}</div></div>
            }
            .into_any()
        }
    };
    let after = move || wizard.answers.with(|answers| (spec.after)(answers));
    // Applying the same once more would end the same.
    let stale = move || failed.with(|f| f.as_ref().is_some_and(|p| matches!(p.code, Code::Invalid)));
    let trouble = move || {
        failed.get().map(|problem| {
            if problem.code == Code::ConfirmPassword {
                let after = Callback::new(move |()| apply());
                return view! { <div class="trouble"><Confirm id="confirm-plan" after=after/></div> }.into_any();
            }
            let again = stale().then(|| {
                view! { <p><button class="btn" r#type="button" on:click=move |_| review_again()>"Review again"</button></p> }
            });
            view! { <div class="trouble stack"><ProblemNote problem=problem/>{again}</div> }.into_any()
        })
    };
    let idle = move || !answer.with(|a| matches!(a, Some(Ok(_)))) || applying.get() || stale();
    let back_href = move || scopes.with(|s| s.on(&spec.last_form()));
    view! {
        <div class="review stack">
            <div>
                <h1 tabindex="-1">"Review: "{title}</h1>
                <p class="dim">"Exactly this will be sent to "<b>{place}</b>". Open a step to see its document. If one fails, Gantry takes back those before it."</p>
            </div>
            {content}
            {after}
            <div class="wizard-bar">
                {trouble}
                <button class="btn primary" r#type="button" disabled=idle aria-busy=move || applying.get().then_some("true") on:click=move |_| apply()>
                    {move || if applying.get() { "Starting…" } else { "Apply" }}
                </button>
                <a class="btn" href=back_href hidden=move || applying.get()>"Back"</a>
                <span class="faint" hidden=move || applying.get()>"Nothing has been made yet."</span>
            </div>
        </div>
    }
}

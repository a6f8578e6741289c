//! The page of a run: what it does, step by step, and the ways to stop it, take it back, or decide about what is stuck.

use domain::plan::Undo;
use domain::plan::run::{Run, State};
use domain::plan::service::{Decision, RunView};
use domain::policy::{Permission, decide};
use domain::resource::Tone;
use domain::{Code, Problem};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use std::time::Duration;

use super::again::again;
use super::api::{cancel_run, decide_step, get_run};
use super::outcome::outcome;
use super::steps::steps;
use super::words;
use crate::api::Boot;
use crate::error::AppError;
use crate::resource::Refused;
use crate::sign_in::Confirm;
use crate::ui::format::{duration, short_digests, took};
use crate::ui::{
    Age, Badge, Card, Copy, CopyButton, Fact, Facts, Icon, Menu, Note, ProblemNote, Skeleton, brief, icon, now_or,
};
use crate::{live, unfinished};

/// How long a run that goes on is left unasked: should nothing be heard of it, the connection for news may be broken.
const UNHEARD: Duration = Duration::from_secs(3);

/// What a person asks of a run.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Take it back.
    Cancel,
    /// Go on with this stuck step so.
    Decide(String, Decision),
}

/// Does what was asked.
pub type Act = Action<Ask, Result<(), AppError>>;

/// A button that says in a panel what it does before it does it; `refusal` is why this person may not. Those for the whole run stand at the
/// right edge of the page, and their panels open away from it.
pub fn confirm(act: Act, ask: Ask, label: &'static str, sign: Icon, says: String, refusal: Option<String>) -> AnyView {
    if let Some(why) = refusal {
        return view! { <button class="btn" r#type="button" aria-disabled="true" title=why>{icon(sign)}{label}</button> }
            .into_any();
    }
    let button = view! { {icon(sign)}{label} }.into_any();
    let right = matches!(ask, Ask::Cancel);
    let go = move |_| {
        act.dispatch(ask.clone());
    };
    view! {
        <Menu label=button class="btn" right=right>
            <div class="about">
                <p>{says}</p>
                <button class="btn primary" r#type="button" data-closes disabled=move || act.pending().get() on:click=go>{icon(sign)}{label}</button>
            </div>
        </Menu>
    }
    .into_any()
}

/// `/runs/{id}`
#[component]
pub fn RunPage() -> impl IntoView {
    unfinished::provide();
    let boot = expect_context::<Boot>();
    let allowed = boot.actor.as_ref().ok_or_else(Problem::signed_out).and_then(|a| decide(a, Permission::ChangeAws));
    let refusal = allowed.err().map(|p| p.message);
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|p| p.get("id")).unwrap_or_default());
    let again = RwSignal::new(0_u32);
    let answer = Resource::new_blocking(move || (id.get(), again.get()), |(id, _)| get_run(id));
    live::listen(move |message| {
        if id.try_with_untracked(|id| message.is_of_run(id)) == Some(true) {
            again.try_update(|n| *n += 1);
        }
    });
    Effect::new(move || {
        let goes_on = match answer.get() {
            Some(Ok(view)) => view.run.state.is_live(),
            Some(Err(AppError(problem))) => problem.retryable(),
            None => false,
        };
        if !goes_on {
            return;
        }
        let ask = move || {
            again.try_update(|n| *n += 1);
        };
        if let Ok(timer) = set_timeout_with_handle(ask, UNHEARD) {
            on_cleanup(move || timer.clear());
        }
    });
    let act = Act::new(move |ask: &Ask| {
        let (ask, id) = (ask.clone(), id.get_untracked());
        async move {
            let done = match ask {
                Ask::Cancel => cancel_run(id).await,
                Ask::Decide(step, decision) => decide_step(id, step, decision).await,
            };
            again.try_update(|n| *n += 1);
            done
        }
    });
    view! {
        <Transition fallback=|| view! { <Skeleton lines=8/> }>
            {move || {
                let (refusal, boot) = (refusal.clone(), boot.clone());
                Suspend::new(async move {
                    match answer.await {
                        Ok(found) => page(found, act, refusal, &boot),
                        Err(AppError(problem)) if problem.code == Code::NotFound => view! { <Refused problem=problem/> }.into_any(),
                        Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                    }
                })
            }}
        </Transition>
    }
}

/// What is said before a key is taken back.
const OF_KEYS: &str =
    " A key stays where ECR has encrypted anything else with it; whether something outside ECR uses it is not known.";

/// The buttons that fit its state.
fn buttons(run: &Run, act: Act, refusal: Option<String>) -> Option<AnyView> {
    match run.state {
        State::Checking | State::Applying if run.can_be_undone() => {
            let says = "The run stops after the step that is under way, and what it has made is taken back, the last first. What was there before stays as it is.";
            Some(confirm(act, Ask::Cancel, "Cancel", Icon::Close, says.to_owned(), refusal))
        }
        State::Applied => {
            let never = run.plan.steps.iter().find_map(|s| match &s.undo {
                Undo::Never(why) => Some(format!("{}: {why}", short_digests(&s.says))),
                Undo::Call(_) => None,
            });
            let calls = run.plan.steps.iter().rev().filter_map(|s| match &s.undo {
                Undo::Call(call) => Some(call.name()),
                Undo::Never(_) => None,
            });
            let calls: Vec<String> = calls.collect();
            let says = format!(
                "What this run made is taken back, the last first: {}. What somebody changed since is left, with a note.{}",
                calls.join(", "),
                if calls.iter().any(|call| call == "kms:ScheduleKeyDeletion") { OF_KEYS } else { "" }
            );
            Some(confirm(act, Ask::Cancel, "Undo", Icon::Undo, says, refusal.or(never)))
        }
        State::Checking | State::Applying | State::Undoing | State::Undone | State::Stuck => None,
    }
}

/// Why it is being taken back, and what the last try of a button came to.
fn notes(view: &RunView, act: Act) -> AnyView {
    let run = &view.run;
    let why = match (&run.problem, run.state) {
        (Some(problem), State::Undoing | State::Undone | State::Stuck) => {
            Some(view! { <ProblemNote problem=problem.clone() past=true calm=words::is_called_off(run)/> }.into_any())
        }
        (None, State::Undoing | State::Undone) if run.cancelled => {
            let who = view.cancelled_by.clone().unwrap_or_else(|| "Somebody".to_owned());
            Some(view! { <Note tone=Tone::Quiet>{who}" asked for it to be taken back."</Note> }.into_any())
        }
        _ => None,
    };
    let refused = move || {
        let AppError(problem) = act.value().get().and_then(Result::err)?;
        if problem.code == Code::ConfirmPassword {
            // Only the whole run is refused so: whoever decides about a step goes on with an undo that was allowed.
            let after = Callback::new(move |()| {
                act.dispatch(Ask::Cancel);
            });
            return Some(view! { <Confirm id="confirm-run" after=after/> }.into_any());
        }
        Some(view! { <ProblemNote problem=problem/> }.into_any())
    };
    view! { <div class="stack notes">{refused}{why}</div> }.into_any()
}

fn page(view: RunView, act: Act, refusal: Option<String>, boot: &Boot) -> AnyView {
    let run = &view.run;
    let (made, ended, now) = (view.made, view.ended, view.now);
    let lasted = match ended {
        // Somebody thought it over before asking for that: how long both took together says nothing.
        Some(ended) if run.cancelled => Fact::new("Ended", view! { <Age at=ended now=now after=" ago"/> }),
        Some(ended) => Fact::new("Took", took(ended.0 - made.0)),
        None => Fact::new("So far", move || duration(made.age_seconds(now_or(now)))),
    };
    let (done, of) = words::progress(run);
    let bar = run.state.is_live().then(|| {
        view! { <progress max=of.max(1).to_string() value=done.to_string() aria-label="Steps done"></progress> }
    });
    let facts = vec![
        Fact::new("Where", view! { <span title=run.plan.scope.to_string()>{boot.place(&run.plan.scope)}</span> }),
        Fact::text("Started by", Some(view.by.clone())),
        Fact::new("Started", view! { <Age at=made now=now after=" ago"/> }),
        lasted,
    ];
    let (title, id) = (run.plan.title.clone(), run.id.clone());
    let lines = steps(&view, act, refusal.as_deref());
    let (ways, form) = again(&view, refusal.as_deref());
    view! {
        <Title text=format!("{title} · Gantry")/>
        <div class="head detail-head">
            <div class="grow">
                <div class="title">
                    <h1>{brief(&run.plan.title)}</h1>
                    <span role="status"><Badge tone=words::state(run.state).0 text=words::far(run)/></span>
                </div>
                <p>{words::explains(run)}</p>
            </div>
            <div class="acts">{ways}{buttons(run, act, refusal.clone())}</div>
        </div>
        {notes(&view, act)}
        {form}
        <Facts facts=facts/>
        <div class="cols">
            <div class="stack">
                {outcome(run)}
                <Card title="Steps" flush=true right=bar.into_any()>{lines}</Card>
            </div>
            <aside class="stack" aria-label="About this run">
                <Card title="This run">
                    <div class="stack">
                        <p class="dim">"What it makes carries its id in the tag "<code>"gantry:run"</code>", so that it is found without Gantry, too."</p>
                        <dl class="ids"><div><dt>"Run"</dt><dd><Copy text=id.clone()/></dd></div></dl>
                        <div><CopyButton text=format!("gantry:run={id}") label="Copy the tag"/></div>
                    </div>
                </Card>
            </aside>
        </div>
    }
    .into_any()
}

//! The steps of a run, coming alive: how each does, what it sends, how it is taken back, and what a person can decide about it.

use domain::plan::run::{Progress, StepState, Try};
use domain::plan::service::{Decision, RunView};
use domain::plan::{Step, Undo};
use domain::{Millis, Problem};
use leptos::prelude::*;

use super::changed::instead;
use super::graph::graph;
use super::run::{Act, Ask, confirm};
use super::{transfer, words};
use crate::ui::format::{duration, took};
use crate::ui::{Copy, Icon, Json, ProblemNote, brief, icon, moment, now_or, tone_class};

/// How long a step took, or takes so far.
fn time(progress: &Progress, now: Millis) -> AnyView {
    match (progress.began, progress.ended) {
        (Some(began), Some(ended)) => took(ended.0 - began.0).into_any(),
        (Some(began), None) => (move || duration(began.age_seconds(now_or(now)))).into_any(),
        _ => "–".into_any(),
    }
}

/// What went wrong, once: what the run is taken back for stands above the steps already.
fn trouble(progress: &Progress, why: Option<&Problem>) -> Option<AnyView> {
    let problem = progress.problem.clone()?;
    Some(match progress.state {
        StepState::Waiting | StepState::Begun => {
            view! { <p class="dim">{format!("Tried again, because: {}. {}", problem.title, problem.message)}</p> }
                .into_any()
        }
        _ if why == Some(&problem) => {
            view! { <p class="dim">{format!("{}: see above.", problem.title)}</p> }.into_any()
        }
        _ => view! { <ProblemNote problem=problem past=true/> }.into_any(),
    })
}

/// The tries that failed: when and why. Not where there was one, whose problem is shown.
fn tries(progress: &Progress) -> Option<AnyView> {
    let shown = |one: &Try| progress.problem.as_ref().is_some_and(|p| p.title == one.title && p.message == one.message);
    if progress.tries.len() < 2 && progress.tries.iter().all(shown) {
        return None;
    }
    let title = match words::tried(progress) {
        0 | 1 => "Tries that failed".to_owned(),
        many => format!("Tried {many} times"),
    };
    let line = |one: &Try| {
        let why = format!(" {}: {}", one.title, one.message);
        view! { <li><time class="faint" datetime=one.at.rfc3339()>{moment(one.at)}</time>{why}</li> }
    };
    let lines = progress.tries.iter().map(line).collect_view();
    Some(view! { <details class="fold"><summary>{title}</summary><ul class="tries">{lines}</ul></details> }.into_any())
}

/// The buttons of a step that is stuck.
fn decisions(act: Act, step: &Step, refusal: Option<&str>) -> AnyView {
    let undo = match &step.undo {
        Undo::Call(call) => call.name(),
        Undo::Never(_) => "its undo".to_owned(),
    };
    let ways = [
        (
            Decision::Retry,
            "Try again",
            Icon::Refresh,
            format!("What is there is read again, and {undo} is tried once more."),
        ),
        (
            Decision::Skip,
            "Leave it",
            Icon::Close,
            "It stays as it is, and the run ends without it: somebody takes care of it elsewhere.".to_owned(),
        ),
        (
            Decision::Adopt,
            "Keep it",
            Icon::Check,
            "It stays, because it is wanted after all. The run ends, and will not touch it again.".to_owned(),
        ),
    ];
    let buttons = ways.into_iter().map(|(decision, label, sign, says)| {
        confirm(act, Ask::Decide(step.id.clone(), decision), label, sign, says, refusal.map(str::to_owned))
    });
    view! { <div class="ways">{buttons.collect_view()}</div> }.into_any()
}

fn line(view: &RunView, n: usize, act: Act, refusal: Option<&str>) -> AnyView {
    let (step, progress) = (&view.run.plan.steps[n], &view.run.steps[n]);
    let (tone, sign, word) = words::step(progress, !view.run.state.is_live());
    // With reasons, where the journal has them.
    let many = words::tried(progress);
    let tried = (many > 1 && progress.tries.is_empty()).then(|| format!(" · tried {many} times"));
    // What is sent, once it can be known; until then the references to what earlier steps give.
    let known = view.run.known(&view.by);
    let sent = step.call.resolved(&known).unwrap_or_else(|_| step.call.clone());
    let undo = match &step.undo {
        Undo::Call(call) => {
            let call = call.resolved(&known).unwrap_or_else(|_| call.clone());
            view! { <h3>"Taken back by "<code>{call.name()}</code></h3><Json value=call.input()/> }.into_any()
        }
        Undo::Never(why) => view! { <h3>"It cannot be taken back"</h3><p>{why.clone()}</p> }.into_any(),
    };
    let ids = progress.request_ids.iter().map(|id| view! { <dd><Copy text=id.clone() max=40/></dd> }).collect_view();
    let ids = (!progress.request_ids.is_empty())
        .then(|| view! { <dl class="ids"><div><dt>"AWS request ids"</dt>{ids}</div></dl> });
    let open = matches!(progress.state, StepState::Stuck | StepState::Left);
    let left = view.arns.get(n).cloned().flatten().filter(|_| open);
    let left = left.map(|arn| view! { <p>"Look for it at "<Copy text=arn max=72/></p> });
    let carried = progress.under_way();
    // While an image is on its way the note says the same in words.
    let note = progress.note.clone().filter(|_| carried.is_none());
    let waits = view.run.waits(n).then(|| {
        view! { <p class="dim">"A later step that wrote the same, or needs this, is stuck. Once that is decided, this one is taken back, too."</p> }
    });
    let decide =
        (progress.state == StepState::Stuck && !view.run.state.is_live()).then(|| decisions(act, step, refusal));
    view! {
        <li id=format!("step-{}", step.id)>
            <span class=format!("sign {}", tone_class(tone))>{icon(sign)}</span>
            <div class="grow">
                <span class="says">{brief(&step.says)}</span>
                <small>{step.call.name()}" · "<b>{word}</b>{tried}</small>
                {carried.map(transfer::carried)}
                {note.map(|note| view! { <p class="dim">{note}</p> })}
                {trouble(progress, view.run.problem.as_ref())}
                {tries(progress)}
                {progress.found.as_ref().map(|found| instead(step, found))}
                {waits}
                {left}
                {decide}
                <details class="fold">
                    <summary>"Input and undo"</summary>
                    <div class="stack">
                        <div><h3>"Sent to "{step.scope.to_string()}</h3><Json value=sent.input()/></div>
                        <div>{undo}</div>
                        {ids}
                    </div>
                </details>
            </div>
            <span class="time">{time(progress, view.now)}</span>
        </li>
    }
    .into_any()
}

/// All of them, below what waits for what. `refusal` is why this person may not decide.
pub fn steps(view: &RunView, act: Act, refusal: Option<&str>) -> AnyView {
    // A journal of another version may be shorter than its plan.
    let count = view.run.steps.len().min(view.run.plan.steps.len());
    let lines = (0..count).map(|n| line(view, n, act, refusal)).collect_view();
    let none = Progress::default();
    let look = |n: usize| {
        let (tone, sign, word) = words::step(view.run.steps.get(n).unwrap_or(&none), !view.run.state.is_live());
        (tone, view! { <span class="sign" role="img" aria-label=word title=word>{icon(sign)}</span> }.into_any())
    };
    view! { {graph(&view.run.plan, &look)}<ol class="run-steps">{lines}</ol> }.into_any()
}

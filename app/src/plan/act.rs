//! A single act on what a page shows: its plan in the dialog of [`super::acts`], the name typed where a thing is deleted, and how it goes.
//! Larger changes have a wizard and a review of their own; the engine behind both is the same.

use domain::ecr::wizards::INSIST;
use domain::plan::answers::Form;
use domain::plan::run::State;
use domain::plan::service::{Review, Reviewed, RunView};
use domain::plan::{Answers, FieldErrors, Plan, Undo};
use domain::resource::Tone;
use domain::{Code, Problem};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::acts::{Act, CANCEL, PLANNING, planning, shut};
use super::api::{begin_run, review_plan};
use super::changed::since;
use super::follow::{follow, follow_unseen};
use super::permitted::permitted_in_short;
use super::review::steps;
use super::words;
use crate::api::Boot;
use crate::later;
use crate::layout::use_scopes;
use crate::paths;
use crate::sign_in::Confirm;
use crate::ui::{Badge, Note, ProblemNote, Skeleton, toast};
use crate::wizard::{cost_line, note_list};

/// The field of a deletion that would take something with it.
const FORCE: &str = "force";

/// Whether nothing is wrong but what somebody may mean nevertheless: that is asked in the dialog, where it can be said.
fn is_asked_back(errors: &FieldErrors) -> bool {
    !errors.is_empty() && errors.keys().all(|field| field == INSIST || field == FORCE)
}

/// How far the dialog is.
#[derive(Clone)]
enum Stage {
    /// The server plans.
    Planning,
    /// It said no.
    Wrong(FieldErrors),
    /// It could not.
    Failed(Problem),
    /// To be applied or not.
    Planned(Box<Review>),
    /// To be applied once the person has proved that it is still them.
    Unconfirmed(Box<Review>),
    /// To be begun: sent, and not answered yet.
    Starting,
    /// Begun.
    Running(Box<RunView>),
}

/// What stands in the dialog, under its heading.
pub fn content(act: Act) -> AnyView {
    let Act { asked, beside, applied, heading, close } = act;
    let stage = RwSignal::new(Stage::Planning);
    let (typed, begun) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    // Of the run that goes on, until all of it is applied.
    let sent = StoredValue::new(None::<Answers>);
    // What was reviewed when it turned out that it is no longer what there is.
    let outdated = RwSignal::new(None::<Plan>);
    // Answers to what was asked before concern nobody any more, also where the same is asked again.
    let turns = StoredValue::new(0_u32);
    Effect::new(move || {
        let wanted = asked.get();
        turns.update_value(|n| *n += 1);
        let Some(answers) = wanted else {
            outdated.set(None);
            return;
        };
        stage.set(Stage::Planning);
        typed.set(String::new());
        if let (Some(id), Some(sent)) = (begun.get_untracked(), sent.get_value()) {
            follow_unseen(id, sent, applied);
        }
        begun.set(None);
        sent.set_value(None);
        let turn = turns.get_value();
        spawn_local(async move {
            let answer = review_plan(answers).await;
            if turns.try_get_value() != Some(turn) {
                return;
            }
            stage.set(match answer {
                Ok(Reviewed::Plan(review)) => Stage::Planned(review),
                Ok(Reviewed::Wrong(errors)) => match beside.get_value().filter(|_| !is_asked_back(&errors)) {
                    Some(beside) => {
                        close.run(());
                        beside.run(errors);
                        return;
                    }
                    None => Stage::Wrong(errors),
                },
                Err(error) => match (beside.get_value(), error.0.field.clone()) {
                    (Some(beside), Some(field)) => {
                        close.run(());
                        beside.run([(field, error.0.message)].into());
                        return;
                    }
                    _ => Stage::Failed(error.0),
                },
            });
        });
    });
    follow(begun, move |answer| {
        stage.set(match answer {
            Ok(view) => Stage::Running(Box::new(view)),
            Err(problem) => Stage::Failed(problem),
        });
    });
    let again = move || asked.update(|_| {});
    let apply = move |hash: String| {
        let Some(answers) = asked.get_untracked() else { return };
        let reviewed = match stage.get_untracked() {
            Stage::Planned(review) | Stage::Unconfirmed(review) => Some(review),
            _ => None,
        };
        stage.set(Stage::Starting);
        let turn = turns.get_value();
        spawn_local(async move {
            let answer = begin_run(answers.clone(), hash).await;
            if turns.try_get_value() != Some(turn) {
                // Closed meanwhile, or open for something else: that has nothing to do with this run.
                toast(&words::begun(&answer));
                if let Ok(id) = answer {
                    follow_unseen(id, answers, applied);
                }
                return;
            }
            match (answer, reviewed) {
                (Ok(id), _) => {
                    sent.set_value(Some(answers));
                    begun.set(Some(id));
                }
                (Err(error), Some(review)) if error.0.code == Code::ConfirmPassword => {
                    stage.set(Stage::Unconfirmed(review));
                }
                (Err(error), Some(review)) if error.0.code == Code::Conflict => {
                    outdated.set(Some(review.plan));
                    again();
                }
                (Err(error), _) => stage.set(Stage::Failed(error.0)),
            }
        });
    };
    Effect::new(move || heading.set(stage.with(title)));
    Effect::new(move || {
        let done = stage.with(|stage| matches!(stage, Stage::Running(view) if view.run.state == State::Applied));
        // Once for each run: its page may hear of it again.
        if done && let Some(answers) = sent.get_value() {
            sent.set_value(None);
            applied.set(Some(answers));
        }
    });
    let is_sent = move || stage.with(|stage| matches!(stage, Stage::Starting | Stage::Running(_)));
    let shut = move || shut(close, if is_sent() { "Close" } else { CANCEL });
    let boot = expect_context::<Boot>();
    let body = move || match stage.get() {
        Stage::Planning => planning(close),
        Stage::Starting => starting(shut()),
        Stage::Failed(problem) => {
            let words = if problem.code == Code::Conflict { "Look at it again" } else { "Try again" };
            view! {
                <ProblemNote problem=problem past=true/>
                <div class="acts"><button class="btn primary" r#type="button" on:click=move |_| again()>{words}</button>{shut()}</div>
            }
            .into_any()
        }
        Stage::Wrong(errors) => wrong(errors, asked, shut()),
        Stage::Planned(review) => {
            let changed = outdated.with(|was| was.as_ref().map(|was| since(was, &review.plan)));
            view! { {changed}{planned(&review, typed, &boot, apply, shut())} }.into_any()
        }
        Stage::Unconfirmed(review) => {
            let hash = review.hash.clone();
            let after = Callback::new(move |()| apply(hash.clone()));
            view! { {reviewed(&review, &boot)}<Confirm id="confirm-act" after=after/><div class="acts">{shut()}</div> }
                .into_any()
        }
        Stage::Running(view) => view! { {running(&view)}<div class="acts">{shut()}</div> }.into_any(),
    };
    view! { {body} }.into_any()
}

/// The dialog once a plan is sent to be applied: what closes it does not take that back.
fn starting(shut: AnyView) -> AnyView {
    view! {
        <p class="dim" role="status">"The run is being started…"</p>
        <Skeleton/>
        <div class="acts">{shut}</div>
    }
    .into_any()
}

/// What the dialog is called.
fn title(stage: &Stage) -> String {
    match stage {
        Stage::Planned(review) | Stage::Unconfirmed(review) => review.plan.title.clone(),
        Stage::Running(view) => view.run.plan.title.clone(),
        Stage::Planning | Stage::Starting => PLANNING.to_owned(),
        Stage::Wrong(errors) if errors.contains_key(INSIST) || errors.contains_key(FORCE) => {
            "Is that meant?".to_owned()
        }
        Stage::Wrong(_) | Stage::Failed(_) => "This cannot be planned".to_owned(),
    }
}

/// What stands in the way, and the way to have it nevertheless where there is one.
fn wrong(errors: FieldErrors, asked: RwSignal<Option<Answers>>, shut: AnyView) -> AnyView {
    let insisting = RwSignal::new(String::new());
    let insist = errors.get(INSIST).cloned();
    let force = errors.get(FORCE).cloned();
    let others: Vec<String> =
        errors.into_iter().filter(|(field, _)| field != INSIST && field != FORCE).map(|(_, message)| message).collect();
    let blocked = !others.is_empty();
    let others = others.into_iter().map(|message| view! { <Note tone=Tone::Warn>{message}</Note> }).collect_view();
    let forced = RwSignal::new(false);
    let needs_force = force.is_some();
    let needs_name = insist.is_some();
    let force = force.map(|message| {
        view! {
            <Note tone=Tone::Warn>{message}</Note>
            <label class="tickbox" for="act-force">
                <input r#type="checkbox" id="act-force" on:change=move |e| forced.set(event_target_checked(&e))/>
                <span><b>"They go with it"</b><small>"They cannot be brought back."</small></span>
            </label>
        }
    });
    let of_registry = asked.with_untracked(|a| matches!(a, Some(Answers { form: Form::RegistryPolicy(_), .. })));
    let whose = if of_registry { "account's id" } else { "repository's name" };
    let label = format!("The {whose}, if it is meant nevertheless");
    let insist = insist.map(|message| {
        view! {
            <Note tone=Tone::Bad>{message}</Note>
            <div class="field">
                <label for="act-insist">{label}</label>
                <div class="input"><input id="act-insist" autocomplete="off" spellcheck="false" on:input=move |e| insisting.set(event_target_value(&e))/></div>
            </div>
        }
    });
    let on = move |_| {
        asked.update(|asked| {
            let Some(answers) = asked else { return };
            if forced.get_untracked() {
                answers.form.force();
            }
            if needs_name {
                answers.form.insist(insisting.get_untracked().trim());
            }
        });
    };
    let idle = move || (needs_force && !forced.get()) || (needs_name && insisting.with(|t| t.trim().is_empty()));
    let go = (!blocked && (needs_force || needs_name)).then(|| {
        view! { <button class="btn" r#type="button" disabled=idle on:click=on>"Plan it nevertheless"</button> }
    });
    view! { {others}{force}{insist}<div class="acts">{go}{shut}</div> }.into_any()
}

/// What is sent, and where to.
fn reviewed(review: &Review, boot: &Boot) -> AnyView {
    view! {
        <p class="dim">"This is sent to "<b>{boot.place(&review.plan.scope)}</b>". Open a step to see its document."</p>
        {steps(review, boot)}
        {cost_line(&review.plan)}
        {note_list(review.notes.clone())}
        <div>{permitted_in_short(&review.permissions)}{script(review.clone())}</div>
    }
    .into_any()
}

/// The same for other tools, folded: it is drawn, and its code fetched, when somebody opens it.
fn script(review: Review) -> AnyView {
    let wanted = RwSignal::new(false);
    let shown = move || {
        wanted.get().then(|| {
            let review = review.clone();
            view! {
                <Suspense fallback=|| view! { <Skeleton/> }>
                    {move || {
                        let review = review.clone();
                        Suspend::new(async move { later::exported(review).await })
                    }}
                </Suspense>
            }
            .into_any()
        })
    };
    // Closed and opened again, it stays as it is.
    let open = move |_| {
        if !wanted.get_untracked() {
            wanted.set(true);
        }
    };
    view! { <details class="fold" on:toggle=open><summary>"As a script"</summary>{shown}</details> }.into_any()
}

/// The plan, and the button that applies it.
fn planned(
    review: &Review,
    typed: RwSignal<String>,
    boot: &Boot,
    apply: impl Fn(String) + Copy + Send + Sync + 'static,
    shut: AnyView,
) -> AnyView {
    let name = review.plan.typed().map(str::to_owned);
    let wanted = name.clone();
    let idle = move || wanted.as_ref().is_some_and(|name| typed.with(|t| t.trim() != name));
    let fate = if review.plan.loses() { "It is lost for good." } else { "It goes; Undo makes it again." };
    let field = name.map(|name| {
        view! {
            <div class="field">
                <label for="act-typed">{fate}" Type "<b>{name}</b>" to show that it is meant."</label>
                <div class="input"><input id="act-typed" autocomplete="off" spellcheck="false" on:input=move |e| typed.set(event_target_value(&e))/></div>
            </div>
        }
    });
    let hash = review.hash.clone();
    let on = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        apply(hash.clone());
    };
    view! {
        <form class="stack" on:submit=on>
            {reviewed(review, boot)}
            {field}
            <div class="acts"><button class="btn primary" r#type="submit" disabled=idle>"Apply"</button>{shut}</div>
        </form>
    }
    .into_any()
}

/// How it goes.
fn running(view: &RunView) -> AnyView {
    let run = &view.run;
    let (tone, _) = words::state(run.state);
    let scopes = use_scopes();
    let id = run.id.clone();
    let problem = (run.state != State::Applied).then(|| run.problem.clone()).flatten();
    let calm = words::is_called_off(run);
    let back = run.can_be_undone() && !run.plan.steps.iter().any(|step| matches!(step.undo, Undo::Never(_)));
    let holds = if back { " with its journal and Undo." } else { " with its journal." };
    view! {
        <p role="status"><Badge tone=tone text=words::far(run)/>" "{words::explains(run)}</p>
        {problem.map(|problem| view! { <ProblemNote problem=problem past=true calm=calm/> })}
        <p><a href=move || scopes.with(|s| s.on(&paths::run(&id)))>"Open the run"</a>{holds}</p>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_meant_is_asked_back_and_everything_else_belongs_to_its_field() {
        let errors = |fields: &[&str]| fields.iter().map(|f| ((*f).to_owned(), String::new())).collect::<FieldErrors>();
        assert!(is_asked_back(&errors(&[INSIST])) && is_asked_back(&errors(&[FORCE, INSIST])));
        assert!(!is_asked_back(&errors(&[INSIST, "repository"])) && !is_asked_back(&errors(&[])));
    }
}

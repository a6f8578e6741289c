//! The plan as it grows at the right of a form: steps, what they need, what they cost, what a careful colleague would say.

use domain::plan::cost::{self, Cost};
use domain::plan::lint::{Note as Hint, Severity, lint};
use domain::plan::{Effect as Does, Plan, Step};
use domain::resource::Tone;
use leptos::prelude::*;
use std::collections::BTreeSet;

use super::browser;
use super::state::{Lookup, Wizard};
use crate::ui::{CopyButton, Note, ProblemNote, brief, format, tone_class};

/// The IAM actions that a plan needs, each once.
pub fn actions(plan: &Plan) -> BTreeSet<&'static str> {
    plan.steps.iter().flat_map(Step::actions).collect()
}

/// What a plan costs a month, as far as it is known beforehand.
fn monthly(cost: &Cost) -> String {
    /// A cent.
    const CENT: u64 = 10_000;
    let known = format::cost(cost.known);
    match cost.known {
        _ if cost.unknown.is_empty() => known,
        n if n.unsigned_abs() < CENT => "unknown".to_owned(),
        // What is not known makes it more, or less.
        n if n > 0 => format!("at {} {known}", if cost.saves { "most" } else { "least" }),
        n => format!("saves at {} {}", if cost.saves { "least" } else { "most" }, format::dollars(n.saturating_neg())),
    }
}

/// Why it is not known in whole, and what sort of price it is. Nothing of what costs nothing.
fn prices(cost: &Cost) -> Option<AnyView> {
    let words = cost.unknown.iter().copied().chain((cost.known != 0).then_some(cost::BASIS)).collect::<Vec<_>>();
    (!words.is_empty()).then(|| view! { <p class="sum-why">{words.join(" ")}</p> }.into_any())
}

/// What a plan costs a month in one line, with why that is not known in whole; nothing where it costs nothing.
pub fn cost_line(plan: &Plan) -> Option<AnyView> {
    let cost = Cost::of(plan);
    let prices = prices(&cost)?;
    Some(view! { <div class="cost"><p>"A month: "<b>{monthly(&cost)}</b></p>{prices}</div> }.into_any())
}

/// The tone of what a step does to what it writes.
pub const fn effect_tone(effect: Does) -> Tone {
    match effect {
        Does::Create => Tone::Good,
        Does::Update => Tone::Warn,
        Does::Delete => Tone::Bad,
    }
}

/// Its sign, in that tone.
pub fn effect_sign(effect: Does) -> AnyView {
    let (sign, words) = match effect {
        Does::Create => ("+", "creates"),
        Does::Update => ("~", "changes"),
        Does::Delete => ("−", "deletes"),
    };
    let class = format!("op {}", tone_class(effect_tone(effect)));
    view! { <span class=class role="img" aria-label=words title=words>{sign}</span> }.into_any()
}

/// Notes on a plan, one box each.
pub fn note_list(notes: Vec<Hint>) -> AnyView {
    let notes = notes.into_iter().map(|note| {
        let tone = match note.severity {
            Severity::Danger => Tone::Bad,
            Severity::Warning => Tone::Warn,
            Severity::Hint => Tone::Quiet,
        };
        view! { <Note tone=tone><b>{note.says}</b><p>{note.mend}</p></Note> }
    });
    notes.collect_view().into_any()
}

/// Steps, cost and permissions in numbers, once there is a plan.
pub fn sum(plan: Option<&Plan>) -> AnyView {
    let said = |words: Option<String>| words.unwrap_or_else(|| "–".to_owned());
    let steps = said(plan.map(|p| p.steps.len().to_string()));
    let permissions = said(plan.map(|p| actions(p).len().to_string()));
    let cost = plan.map(Cost::of);
    let prices = cost.as_ref().and_then(prices);
    let cost = said(cost.as_ref().map(monthly));
    view! {
        <dl class="sum">
            <div><dt>"Steps"</dt><dd>{steps}</dd></div>
            <div><dt>"A month"</dt><dd>{cost}</dd></div>
            <div><dt>"Permissions"</dt><dd>{permissions}</dd></div>
        </dl>
        {prices}
    }
    .into_any()
}

fn steps(plan: &Plan) -> AnyView {
    let rows = plan.steps.iter().map(|step| {
        view! { <li>{effect_sign(step.effect)}<div>{brief(&step.says)}<small>{step.call.name()}</small></div></li> }
    });
    view! { <ol>{rows.collect_view()}</ol> }.into_any()
}

/// What whoever applies it needs, with the statement to ask for.
fn permissions(plan: &Plan) -> AnyView {
    let all: Vec<&'static str> = actions(plan).into_iter().collect();
    let statement = serde_json::json!({ "Effect": "Allow", "Action": all, "Resource": "*" });
    let statement = serde_json::to_string_pretty(&statement).unwrap_or_default();
    let title = format!("Needs {}", format::counted(all.len() as i64, "IAM action", "IAM actions"));
    let rows = all.into_iter().map(|action| view! { <li class="mono">{action}</li> }).collect_view();
    view! {
        <details class="needs">
            <summary>{title}</summary>
            <ul>{rows}</ul>
            <CopyButton text=statement label="Copy as a policy statement"/>
        </details>
    }
    .into_any()
}

/// The panel.
#[component]
pub fn PlanPanel() -> impl IntoView {
    let wizard = expect_context::<Wizard>();
    let state = move || match (wizard.lookup.get(), wizard.plan.with(Result::is_ok)) {
        (Lookup::Asking, _) => "preview · asking AWS what there is…",
        (Lookup::Failed(_), _) => "preview · AWS could not be asked",
        (Lookup::Known, true) => "nothing is done yet",
        (Lookup::Idle, true) => "preview",
        (Lookup::Known | Lookup::Idle, false) => "not yet a plan",
    };
    let failed = move || match wizard.lookup.get() {
        Lookup::Failed(problem) => Some(view! {
            <div class="in">
                <ProblemNote problem=problem/>
                <p class="after-note"><button class="btn small" r#type="button" on:click=move |_| wizard.retry.run(())>"Ask AWS again"</button></p>
            </div>
        }),
        _ => None,
    };
    let shown = move || {
        wizard.plan.with(|plan| match plan {
            Ok(plan) => {
                let notes = browser::timed("gantry:notes", || lint(plan));
                let notes = (!notes.is_empty()).then(|| view! { <div class="in stack">{note_list(notes)}</div> });
                view! { {sum(Some(plan))}{steps(plan)}{permissions(plan)}{notes} }.into_any()
            }
            Err(_) => view! {
                {sum(None)}
                <p class="quiet-line">"As soon as the form can be understood, the AWS calls that follow from it stand here. Nothing is made before you apply it."</p>
            }
            .into_any(),
        })
    };
    view! {
        <aside class="plan card" aria-label="The plan so far">
            <header><h2>"Plan so far"</h2><span class="right" role="status">{state}</span></header>
            {shown}
            {failed}
        </aside>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_the_cost_is_said_although_not_all_is() {
        let said = |known: i64, unknown: &[&'static str], saves: bool| {
            monthly(&Cost { known, unknown: unknown.to_vec(), saves })
        };
        assert_eq!(said(1_000_000, &[], false), "$1.00");
        assert_eq!(said(400, &[], false), "less than $0.01");
        assert_eq!(said(-1_200_000, &[], false), "saves $1.20");
        assert_eq!(said(1_000_000, &["why"], false), "at least $1.00");
        assert_eq!(said(-1_200_000, &["why"], true), "saves at least $1.20");
        assert_eq!(said(0, &["why"], false), "unknown");
        assert_eq!(said(1_000_000, &["why"], true), "at most $1.00");
        assert_eq!(said(-1_200_000, &["why"], false), "saves at most $1.20");
    }
}

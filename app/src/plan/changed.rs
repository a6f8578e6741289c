//! What has changed since a plan was reviewed: between two plans, and between what was reviewed and what a run found.

use domain::diff::diff;
use domain::plan::difference::{What, between};
use domain::plan::run::Found;
use domain::plan::{Plan, Step};
use domain::resource::Tone;
use leptos::prelude::*;

use crate::ui::{Diff, Json, Note, brief};

/// How a plan differs from the one that was reviewed before it and no longer fitted.
pub fn since(reviewed: &Plan, now: &Plan) -> AnyView {
    let lines = between(reviewed, now).into_iter().map(|difference| {
        let what = match difference.what {
            What::Added => view! { <p class="dim">"Was not in the plan before."</p> }.into_any(),
            What::Dropped => view! { <p class="dim">"Is no longer in the plan."</p> }.into_any(),
            What::Changed(fields) => view! { <Diff fields=fields/> }.into_any(),
        };
        view! { <li class="stack"><b>{brief(&difference.says)}</b>{what}</li> }
    });
    view! {
        <section class="changed stack" aria-label="Changed since you reviewed">
            <Note tone=Tone::Warn>"What there is has changed since you reviewed. Nothing was made. This is the plan that fits now, with what differs:"</Note>
            <ul class="stack">{lines.collect_view()}</ul>
        </section>
    }
    .into_any()
}

/// What a run found instead of what was reviewed.
pub fn instead(step: &Step, found: &Found) -> AnyView {
    let body = match (&step.before, &found.state) {
        (Some(before), Some(now)) => view! { <Diff fields=diff(before, now, &[])/> }.into_any(),
        (None, Some(now)) => view! {
            <p>"It did not exist when you reviewed. It exists now:"</p>
            <Json value=now.clone()/>
        }
        .into_any(),
        (Some(before), None) => view! {
            <p>"It does not exist any more. This is how it was when you reviewed:"</p>
            <Json value=before.clone()/>
        }
        .into_any(),
        (None, None) => ().into_any(),
    };
    view! { <div class="stack found"><h3>"Changed since you reviewed"</h3>{body}</div> }.into_any()
}

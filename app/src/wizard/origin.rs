//! Where the answers in a wizard came from: a run whose answers are used again.

use domain::plan::Answers;
use domain::resource::Tone;
use domain::{Code, Problem};
use leptos::prelude::*;

use super::Wizard;
use crate::error::AppError;
use crate::plan::api::get_run;
use crate::ui::format::short_digests;
use crate::ui::{Note, ProblemNote};

/// The run whose answers the form was filled with.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// What it was for.
    title: String,
    /// The answers are meant for another place.
    pub elsewhere: bool,
}

impl Origin {
    /// Why nothing was filled in: a run of another form.
    pub fn is_no_answer(&self) -> AppError {
        let message = format!(
            "The run “{}” was planned from another form, so nothing of it is filled in here. Its own page leads to that form.",
            self.title
        );
        AppError(Problem::new(Code::Invalid, "A run of another form", message))
    }
}

/// A run's answers, with what to say of them.
pub async fn read(run: String, elsewhere: bool) -> Result<(Origin, Answers), AppError> {
    let view = get_run(run).await?;
    Ok((Origin { title: short_digests(&view.run.plan.title), elsewhere }, view.answers))
}

/// Asks whether the answers of a run shall replace the draft that is there.
pub fn offer(wizard: Wizard) -> Option<AnyView> {
    let Origin { title, .. } = wizard.offer.get()?;
    let take = move |_| wizard.take_offer.run(true);
    let keep = move |_| wizard.take_offer.run(false);
    Some(
        view! {
            <Note tone=Tone::Warn>
                <b>"You have a draft here"</b>
                <p>{format!("The answers of the run “{title}” would replace it.")}</p>
                <div class="ways">
                    <button class="btn small" r#type="button" on:click=take>"Use the run's answers"</button>
                    <button class="btn small" r#type="button" on:click=keep>"Keep my draft"</button>
                </div>
            </Note>
        }
        .into_any(),
    )
}

/// What is said of it above the form.
pub fn note(origin: Option<Result<Origin, AppError>>) -> Option<AnyView> {
    Some(match origin? {
        Ok(Origin { title, elsewhere }) => {
            let next = match elsewhere {
                true => "Choose the account and the region first; everything else is as it was.",
                false => "Change what is to be different; names that are taken are said beside their field.",
            };
            view! { <Note tone=Tone::Quiet><b>{format!("Filled in as in the run “{title}”")}</b><p>{next}</p></Note> }
                .into_any()
        }
        Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
    })
}

//! AWS's own preview of rules, when somebody asks for it: AWS keeps one of a repository, so it is not asked at every keystroke.

use domain::ResourceKey;
use domain::ecr::lifecycle::aws_preview::{self, Act, AwsPreview};
use domain::plan::Subject;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::Boot;
use crate::error::AppError;
use crate::live_state;
use crate::plan::api::look_up;
use crate::ui::ProblemNote;
use crate::wizard::why_not;

/// What is known from AWS of the rules that stand there.
pub enum Asked {
    /// It was not asked.
    Not,
    /// What it would do.
    Told(Vec<Act>),
    /// Why Gantry's own reckoning has to do.
    Without(String),
}

/// The last question, and what came of it.
#[derive(Clone, Copy)]
pub struct ByAws {
    key: StoredValue<ResourceKey>,
    answer: RwSignal<Option<(String, AwsPreview)>>,
    problem: RwSignal<Option<AppError>>,
    busy: RwSignal<bool>,
}

impl ByAws {
    /// Of this repository; nothing was asked yet.
    pub fn new(key: ResourceKey) -> Self {
        Self {
            key: StoredValue::new(key),
            answer: RwSignal::new(None),
            problem: RwSignal::new(None),
            busy: RwSignal::new(false),
        }
    }

    /// What AWS said of these rules. Reactive.
    pub fn of(self, policy: &str) -> Asked {
        self.answer.with(|answer| match answer {
            Some((asked, preview)) if asked == policy => match preview {
                AwsPreview::Told { acts } => Asked::Told(acts.clone()),
                AwsPreview::Unsupported => Asked::Without("This endpoint does not support AWS's own preview.".into()),
                AwsPreview::Late { seconds } => {
                    Asked::Without(format!("AWS was still reckoning after {seconds} seconds; ask it again later."))
                }
                AwsPreview::Failed { status } => {
                    Asked::Without(format!("AWS could not make its preview: it ended as {status}."))
                }
            },
            _ => Asked::Not,
        })
    }

    fn ask(self, policy: String) {
        let key = self.key.get_value();
        let subject = aws_preview::subject(&key.id, &policy);
        self.busy.set(true);
        self.problem.set(None);
        spawn_local(async move {
            let answer = look_up(key.scope, vec![Subject::Ecr(subject.clone())]).await;
            // The page may have been left in the meantime.
            self.busy.try_set(false);
            match answer {
                Ok(facts) => {
                    let preview = live_state::state::<AwsPreview>(&facts, subject);
                    let preview = preview.unwrap_or(AwsPreview::Failed { status: "NOT_FOUND".into() });
                    self.answer.try_set(Some((policy, preview)));
                }
                Err(error) => {
                    self.problem.try_set(Some(error));
                }
            }
        });
    }

    /// The button that asks; for those who may not, with the reason.
    pub fn button(self, policy: String) -> AnyView {
        let refused = why_not(&expect_context::<Boot>()).map(|problem| problem.message);
        let may = refused.is_none();
        let idle = move || !may || self.busy.get();
        let label = move || if self.busy.get() { "AWS is reckoning…" } else { "Ask AWS for its own preview" };
        view! {
            <p class="after-note">
                <button class="btn small" r#type="button" aria-disabled=move || idle().to_string() title=refused
                    on:click=move |_| if !idle() { self.ask(policy.clone()) }>{label}</button>
            </p>
        }
        .into_any()
    }

    /// Why the last question was not answered.
    pub fn trouble(self) -> AnyView {
        (move || self.problem.get().map(|AppError(problem)| view! { <ProblemNote problem=problem/> })).into_any()
    }
}

//! What was reviewed and what there is: compared before anything is made, and once more right before each step that could write over what
//! somebody else did in between.

use domain::plan::difference::told;
use domain::plan::run::{Found, Progress, State};
use domain::{Code, Problem};
use gantry_store::runs::{Lease, Stored};
use serde_json::Value;

use super::Engine;
use super::drive::Result;

/// What somebody else did in the meantime.
pub(super) fn conflict(message: String) -> Problem {
    Problem::new(Code::Conflict, "Changed since you reviewed", message)
}

impl Engine {
    /// Compares what was reviewed with what there is.
    pub(super) async fn check(&self, lease: &Lease, stored: &Stored) -> Result<()> {
        for (n, step) in stored.run.plan.steps.iter().enumerate() {
            let subject = step.call.subject();
            if subject.is_to_come() {
                continue;
            }
            // Nothing is made yet: without credentials it ends at once, and says so.
            let problem = match self.looks(&lease.run, step, &step.call).await {
                Ok(state) if subject.is_unchanged(step.before.as_ref(), state.as_ref()) => continue,
                Ok(state) => {
                    let what = told(step.before.as_ref(), state.as_ref());
                    let progress = Progress { found: Some(Found { state }), ..stored.run.steps[n].clone() };
                    self.journal(lease, n, &progress, None).await?;
                    conflict(format!("{}: {what}. Nothing was changed. Plan again from what there is.", step.says))
                }
                Err(problem) => problem,
            };
            return self.becomes(lease, stored, State::Undone, Some(&problem)).await;
        }
        self.becomes(lease, stored, State::Applying, None).await
    }

    /// Whether what a step writes is as it was reviewed, before its first try: steps before it may have taken hours. Where it is not, or cannot be
    /// read, the step has failed.
    pub(super) async fn is_as_reviewed(&self, lease: &Lease, stored: &Stored, n: usize) -> Result<bool> {
        let (step, progress) = (&stored.run.plan.steps[n], &stored.run.steps[n]);
        if progress.attempts > 0 || !stored.run.holds_to_review(n) {
            return Ok(true);
        }
        match self.reads(&lease.run, step, &step.call).await {
            Ok(state) if step.call.finds(step.before.as_ref(), state.as_ref()) => return Ok(true),
            Ok(state) => self.overtaken(lease, stored, n, progress.clone(), state).await?,
            // Somebody cancelled while it waited: nothing of this step is to be taken back.
            Err(problem) if problem.code == Code::AwsCredentials && self.is_called_off(&lease.run).await => {
                self.becomes(lease, stored, State::Undoing, None).await?;
            }
            Err(problem) => self.failed(lease, n, progress.clone(), problem).await?,
        }
        Ok(false)
    }

    /// Somebody else changed what a step writes while the run was under way: it has failed, and says what there was and what there is.
    pub(super) async fn overtaken(
        &self,
        lease: &Lease,
        stored: &Stored,
        n: usize,
        mut progress: Progress,
        state: Option<Value>,
    ) -> Result<()> {
        let step = &stored.run.plan.steps[n];
        let problem = conflict(format!(
            "{}: {}. Somebody changed it while the run was under way. It was left as it is.",
            step.says,
            told(step.before.as_ref(), state.as_ref())
        ));
        (progress.found, progress.note) = (Some(Found { state }), None);
        self.failed(lease, n, progress, problem).await
    }
}

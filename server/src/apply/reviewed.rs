//! What was reviewed and what there is: compared before anything is made, and once more right before each step that could write over what
//! somebody else did in between.

use domain::ecr::calls::{BatchDeleteImage, Call as Ecr, ImageIdentifier};
use domain::plan::difference::told;
use domain::plan::run::{Found, Progress, State};
use domain::plan::{Call, Step};
use domain::{Code, Problem};
use gantry_store::runs::{Lease, Stored};
use serde_json::{Value, json};

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
        let read = match self.reads(&lease.run, step, &step.call).await {
            Ok(state) if step.call.finds(step.before.as_ref(), state.as_ref()) => {
                self.loses_image(&lease.run, step).await.map(|loses| (state, loses))
            }
            read => read.map(|state| (state, false)),
        };
        match read {
            Ok((_, true)) => {
                let why = "its image has no other tag any more, and ECR deletes an image with its last tag";
                let problem = conflict(format!("{}: {why}. It was left as it is.", step.says));
                self.failed(lease, n, progress.clone(), problem).await?;
            }
            Ok((state, false)) if step.call.finds(step.before.as_ref(), state.as_ref()) => return Ok(true),
            Ok((state, false)) => self.overtaken(lease, stored, n, progress.clone(), state).await?,
            // Somebody cancelled while it waited: nothing of this step is to be taken back.
            Err(problem) if problem.code == Code::AwsCredentials && self.is_called_off(&lease.run).await => {
                self.becomes(lease, stored, State::Undoing, None).await?;
            }
            Err(problem) => self.failed(lease, n, progress.clone(), problem).await?,
        }
        Ok(false)
    }

    /// Whether a step that takes a tag off would take the image with it, which had another one at the review.
    async fn loses_image(&self, run: &str, step: &Step) -> Result<bool> {
        let Call::Ecr(Ecr::BatchDeleteImage(input)) = &step.call else { return Ok(false) };
        let [ImageIdentifier { image_digest: None, image_tag: Some(tag) }] = input.image_ids.as_slice() else {
            return Ok(false);
        };
        let digest = step.before.as_ref().and_then(|before| before["imageDigest"].as_str()).unwrap_or_default();
        self.is_last_tag(run, step, &input.repository_name, digest, tag).await
    }

    /// Whether an image has this tag and no other: ECR deletes it with that.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html>
    pub(super) async fn is_last_tag(
        &self,
        run: &str,
        step: &Step,
        repository: &str,
        digest: &str,
        tag: &str,
    ) -> Result<bool> {
        if digest.is_empty() {
            return Ok(false);
        }
        let id = ImageIdentifier { image_digest: Some(digest.to_owned()), image_tag: None };
        let image = BatchDeleteImage { repository_name: repository.to_owned(), image_ids: vec![id] };
        let state = self.reads(run, step, &Call::Ecr(Ecr::BatchDeleteImage(image))).await?;
        Ok(state.is_some_and(|state| state[digest] == json!([tag])))
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

//! Calls that AWS takes and refuses afterwards: a function's update is only begun when it is answered.

use super::*;
use crate::apply::{Cloud, Course};
use async_trait::async_trait;
use domain::Problem;
use domain::lambda::calls::{Call as Lambda, UpdateFunctionCode};
use domain::lambda::wizards::UseImage;
use domain::plan::{Call, Effect, Plan, Step, Subject, Undo};
use serde_json::Value;
use std::sync::Mutex;

/// One function, which cannot have the image `new`.
struct Function {
    state: Mutex<Value>,
    calls: Mutex<Vec<String>>,
    /// Whether the answers to its updates are lost.
    loses: bool,
}

#[async_trait]
impl Cloud for Function {
    async fn make(&self, _: &Scope, call: &Call, _: &Course) -> Result<Option<String>, Problem> {
        let Call::Lambda(Lambda::UpdateFunctionCode(input)) = call else { panic!("{call:?}") };
        self.calls.lock().unwrap().push(input.image_uri.clone());
        let mut state = self.state.lock().unwrap();
        if input.image_uri == "new" {
            state["LastUpdateStatusReason"] = json!("The image cannot be pulled.");
        } else {
            *state = json!({ "ImageUri": input.image_uri });
        }
        let lost = Problem::new(Code::AwsUnreachable, "AWS did not answer", "The connection broke.");
        if self.loses { Err(lost) } else { Ok(None) }
    }

    async fn read(&self, _: &Scope, _: &Subject) -> Result<Option<Value>, Problem> {
        Ok(Some(self.state.lock().unwrap().clone()))
    }
}

fn update(image: &str) -> Call {
    let input = UpdateFunctionCode { function_name: "resize".into(), image_uri: image.into() };
    Call::Lambda(Lambda::UpdateFunctionCode(input))
}

#[tokio::test]
async fn what_aws_refuses_afterwards_fails_the_run_and_is_taken_back() {
    for loses in [false, true] {
        let test = TestStore::fresh().await;
        let before = json!({ "ImageUri": "old" });
        let function = Function { state: Mutex::new(before.clone()), calls: Mutex::default(), loses };
        let function = Arc::new(function);
        let answers = Answers { scope: answers("x").scope, form: Form::UseInFunction(UseImage::default()) };
        let step = Step {
            id: "code".into(),
            says: "Give resize the image new".into(),
            scope: answers.scope.clone(),
            call: update("new"),
            effect: Effect::Update,
            before: Some(before.clone()),
            depends_on: vec![],
            undo: Undo::Call(update("old")),
            monthly: Some(0),
        };
        let plan = Plan { format: FORMAT, title: "x".into(), scope: answers.scope.clone(), steps: vec![step] };
        let run = Run::new("code".into(), plan);
        let stored = Stored { run, answers, person: None, by: "ada".into(), made: now(), ended: None };
        test.store.begin_run(&stored, &entry()).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        let driving = tokio::spawn(Arc::new(Engine::new(test.store.clone(), function.clone(), PATIENCE)).run(stopped));
        let run = loop {
            let run = test.store.run("code").await.unwrap().unwrap().run;
            if !run.state.is_live() {
                break run;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        stop.send(true).unwrap();
        driving.await.unwrap();
        let why = run.problem.as_ref().map(|problem| problem.message.clone());
        assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone]));
        assert_eq!(why.as_deref(), Some("The image cannot be pulled."));
        // Sent once: nothing is gained by asking for it again.
        assert_eq!(
            (&*function.calls.lock().unwrap(), &*function.state.lock().unwrap()),
            (&vec!["new".into(), "old".into()], &before)
        );
    }
}

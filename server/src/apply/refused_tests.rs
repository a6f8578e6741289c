//! Calls that AWS refuses: at once, where what they write looks as if they had been made, and after it took them, for a function's update is
//! only begun when it is answered.

use super::*;
use crate::apply::{Cloud, Course};
use async_trait::async_trait;
use domain::Problem;
use domain::lambda::calls::{Call as Lambda, UpdateFunctionCode};
use domain::lambda::wizards::UseImage;
use domain::plan::{Call, Effect, Plan, Step, Subject, Undo};
use serde_json::Value;
use std::sync::Mutex;

/// One function, which cannot have one of the images.
struct Function {
    state: Mutex<Value>,
    calls: Mutex<Vec<String>>,
    /// The image that it cannot have.
    cannot: Mutex<&'static str>,
    /// Whether the answers to its updates are lost.
    loses: bool,
}

impl Function {
    fn new(cannot: &'static str, loses: bool) -> Arc<Self> {
        let state = Mutex::new(json!({ "ImageUri": "old" }));
        Arc::new(Self { state, calls: Mutex::default(), cannot: Mutex::new(cannot), loses })
    }
}

#[async_trait]
impl Cloud for Function {
    async fn make(&self, _: &Scope, call: &Call, _: &Course) -> Result<Option<String>, Problem> {
        let Call::Lambda(Lambda::UpdateFunctionCode(input)) = call else { panic!("{call:?}") };
        self.calls.lock().unwrap().push(input.image_uri.clone());
        let mut state = self.state.lock().unwrap();
        if input.image_uri == *self.cannot.lock().unwrap() {
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

/// Begins to give the function the image `new`.
async fn begin(test: &TestStore) {
    let answers = Answers { scope: answers("x").scope, form: Form::UseInFunction(UseImage::default()) };
    let step = Step {
        id: "code".into(),
        says: "Give resize the image new".into(),
        scope: answers.scope.clone(),
        call: update("new"),
        effect: Effect::Update,
        before: Some(json!({ "ImageUri": "old" })),
        depends_on: vec![],
        undo: Undo::Call(update("old")),
        monthly: Some(0),
    };
    let plan = Plan { format: FORMAT, title: "x".into(), scope: answers.scope.clone(), steps: vec![step] };
    let run = Run::new("code".into(), plan);
    let stored = Stored { run, answers, person: None, by: "ada".into(), role: None, made: now(), ended: None };
    test.store.begin_run(&stored, &entry()).await.unwrap();
}

/// Drives until the run rests.
async fn rests(test: &TestStore, function: &Arc<Function>) -> Run {
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
    run
}

#[tokio::test]
async fn what_aws_refuses_afterwards_fails_the_run_and_is_taken_back() {
    for loses in [false, true] {
        let (test, function) = (TestStore::fresh().await, Function::new("new", loses));
        begin(&test).await;
        let run = rests(&test, &function).await;
        let why = run.problem.as_ref().map(|problem| problem.message.clone());
        assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone]));
        assert_eq!(why.as_deref(), Some("The image cannot be pulled."));
        // Sent once: nothing is gained by asking for it again.
        assert_eq!(
            (&*function.calls.lock().unwrap(), &*function.state.lock().unwrap()),
            (&vec!["new".into(), "old".into()], &json!({ "ImageUri": "old" }))
        );
    }
}

#[tokio::test]
async fn an_undo_that_aws_refuses_afterwards_is_stuck_with_the_reason_and_can_be_tried_again() {
    let (test, function) = (TestStore::fresh().await, Function::new("old", false));
    begin(&test).await;
    assert_eq!(rests(&test, &function).await.state, State::Applied);
    assert!(test.store.cancel_run("code", &entry()).await.unwrap());
    let run = rests(&test, &function).await;
    let why = run.steps[0].problem.as_ref().map(|problem| problem.message.as_str());
    assert_eq!((states(&run), why), (vec![StepState::Stuck], Some("The image cannot be pulled.")), "{run:#?}");
    assert_eq!(*function.calls.lock().unwrap(), ["new", "old"]);
    // The reason that is left behind is not taken for somebody's change.
    *function.cannot.lock().unwrap() = "none";
    assert!(test.store.decide_step("code", 0, None, &entry()).await.unwrap());
    let run = rests(&test, &function).await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone]), "{run:#?}");
    assert_eq!(*function.state.lock().unwrap(), json!({ "ImageUri": "old" }));
}

/// The smallest text that is taken for a PNG.
const LOGO: &str = "iVBORw0KGgo=";

fn entered(region: &str, wizard: &str, fields: Value) -> Answers {
    let scope = Scope::new("111122223333".parse().unwrap(), region.parse().unwrap());
    serde_json::from_value(json!({ "scope": scope, "wizard": wizard, "answers": fields })).unwrap()
}

/// Somebody else makes a call.
fn elsewhere(world: &World, service: &str, operation: &str, input: Value) {
    let document = json!({ "service": service, "operation": operation, "input": input });
    world.cloud.elsewhere(&serde_json::from_value(document).unwrap());
}

/// Applies the plan that follows from what there is now.
async fn applied(world: &World, id: &str, answers: &Answers) -> Run {
    let mut facts = vec![];
    for subject in answers.subjects() {
        let state = world.cloud.read(&answers.scope, &subject).await.unwrap();
        facts.push((subject, state));
    }
    let run = Run::new(id.into(), answers.plan(&Facts::new(facts)).unwrap());
    let stored =
        Stored { run, answers: answers.clone(), person: None, by: "ada".into(), role: None, made: now(), ended: None };
    world.test.store.begin_run(&stored, &entry()).await.unwrap();
    world.rests(id).await
}

#[tokio::test]
async fn a_scan_that_is_refused_is_not_taken_for_the_one_before() {
    // The answer to the third call is lost, and all calls after it.
    let world = World::new(|number, _| match number {
        0 | 1 => None,
        2 => Some(Fault::LostAfter),
        _ => Some(Fault::LostBefore),
    })
    .await;
    let digest = format!("sha256:{}", "a".repeat(64));
    let image = json!({ "repositoryName": "shop", "imageDigest": digest, "imageTag": "1", "imageManifest": "{}" });
    elsewhere(&world, "ecr", "CreateRepository", json!({ "repositoryName": "shop" }));
    elsewhere(&world, "ecr", "PutImage", image);
    let scan = entered("eu-west-1", "scan-images", json!({ "repository": "shop", "digests": [digest] }));
    assert_eq!(applied(&world, "first", &scan).await.state, State::Applied);

    let again = applied(&world, "again", &scan).await;
    assert_eq!((again.state, states(&again)), (State::Undone, vec![StepState::Failed]), "{again:#?}");
    assert_eq!(again.problem.map(|problem| problem.message).as_deref(), Some("It was scanned today."));
    assert_eq!(world.cloud.calls().len(), 2, "it is not asked for again");

    // One whose answer is lost is told from the one before by its day.
    world.cloud.tomorrow();
    let lost = applied(&world, "lost", &scan).await;
    assert_eq!((lost.state, world.cloud.calls().len()), (State::Applied, 3), "{lost:#?}");
    assert_eq!(lost.steps[0].note.as_deref(), Some("The answer was lost; it was found to be made."));

    world.cloud.tomorrow();
    let never = applied(&world, "never", &scan).await;
    assert_eq!((never.state, states(&never)), (State::Undone, vec![StepState::Failed]), "{never:#?}");
    assert_eq!(never.problem.map(|problem| problem.code), Some(Code::AwsUnreachable));
}

#[tokio::test]
async fn a_logo_that_is_refused_is_not_taken_for_the_one_there_is() {
    let alone = ("", vec![StepState::Failed]);
    // The step before it writes the same document.
    let with_texts = ("new", vec![StepState::Undone, StepState::Failed]);
    for (about, expected) in [alone, with_texts] {
        let is_logo = |call: &Call| call.input()["catalogData"]["logoImageBlob"].is_string();
        let world = World::new(move |_, call| is_logo(call).then_some(Fault::Refused)).await;
        let says = json!({ "description": "Probes.", "logoImageBlob": LOGO });
        let repository = json!({ "repositoryName": "tools/probe", "catalogData": says });
        elsewhere(&world, "ecr-public", "CreateRepository", repository);
        let before = world.cloud.listing();
        let fields = json!({ "repository": "tools/probe", "description": "Probes.", "about": about, "logo": LOGO });
        let change = entered(domain::ecr_public::REGION, "change-public-repository", fields);
        let run = applied(&world, "logo", &change).await;
        assert_eq!((run.state, states(&run)), (State::Undone, expected), "{run:#?}");
        assert_eq!(run.problem.map(|problem| problem.message).as_deref(), Some("A quota is used up."));
        assert_eq!(world.cloud.listing(), before);
    }
}

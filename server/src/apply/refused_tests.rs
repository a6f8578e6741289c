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
use std::sync::atomic::AtomicU32;

/// One function, which cannot have one of the images.
#[derive(Default)]
struct Function {
    state: Mutex<Value>,
    calls: Mutex<Vec<String>>,
    /// The image that it cannot have.
    cannot: Mutex<&'static str>,
    /// Whether the answers to its updates are lost.
    loses: bool,
    /// How often it is read before an update is decided.
    takes: AtomicU32,
    /// The update that is under way: how often it is read until it is decided, and what it comes to.
    under_way: Mutex<Option<(u32, Value)>>,
}

impl Function {
    fn new(cannot: &'static str, loses: bool, takes: u32) -> Arc<Self> {
        let state = Mutex::new(json!({ "ImageUri": "old" }));
        Arc::new(Self { state, cannot: Mutex::new(cannot), loses, takes: takes.into(), ..Self::default() })
    }

    /// What is under way is decided, and whatever comes after it at once.
    fn decide(&self) {
        self.takes.store(0, Ordering::Relaxed);
        if let Some((_, next)) = self.under_way.lock().unwrap().take() {
            *self.state.lock().unwrap() = next;
        }
    }
}

#[async_trait]
impl Cloud for Function {
    async fn make(&self, _: &Scope, call: &Call, _: &Course) -> Result<Option<String>, Problem> {
        let Call::Lambda(Lambda::UpdateFunctionCode(input)) = call else { panic!("{call:?}") };
        if self.under_way.lock().unwrap().is_some() {
            return Err(Problem::new(Code::Busy, "An earlier change is under way", "An update is in progress."));
        }
        self.calls.lock().unwrap().push(input.image_uri.clone());
        let mut next = self.state.lock().unwrap().clone();
        if input.image_uri == *self.cannot.lock().unwrap() {
            next["LastUpdateStatusReason"] = json!("The image cannot be pulled.");
        } else {
            next = json!({ "ImageUri": input.image_uri });
        }
        let takes = self.takes.load(Ordering::Relaxed);
        *self.under_way.lock().unwrap() = Some((takes, next));
        if takes == 0 {
            self.decide();
        }
        let lost = Problem::new(Code::AwsUnreachable, "AWS did not answer", "The connection broke.");
        if self.loses { Err(lost) } else { Ok(None) }
    }

    async fn read(&self, _: &Scope, _: &Subject) -> Result<Option<Value>, Problem> {
        let (mut under_way, mut state) = (self.under_way.lock().unwrap(), self.state.lock().unwrap());
        if let Some((readings, next)) = under_way.take() {
            if readings > 0 {
                let at_it = json!({ "ImageUri": next["ImageUri"], "LastUpdateStatus": "InProgress" });
                *under_way = Some((readings - 1, next));
                return Ok(Some(at_it));
            }
            *state = next;
        }
        Ok(Some(state.clone()))
    }
}

fn update(image: &str) -> Call {
    let input = UpdateFunctionCode { function_name: "resize".into(), image_uri: image.into() };
    Call::Lambda(Lambda::UpdateFunctionCode(input))
}

/// Begins a run that gives the function an image instead of `old`.
async fn begin(test: &TestStore, image: &str) {
    let answers = Answers { scope: answers("x").scope, form: Form::UseInFunction(UseImage::default()) };
    let step = Step {
        id: "code".into(),
        says: format!("Give resize the image {image}"),
        scope: answers.scope.clone(),
        call: update(image),
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

/// Drives until that run rests.
async fn rests(test: &TestStore, function: &Arc<Function>, patience: Patience) -> Run {
    driven_to_rest(Arc::new(Engine::new(test.store.clone(), function.clone(), patience)), test, "code").await
}

#[tokio::test]
async fn what_aws_refuses_afterwards_fails_the_run_and_is_taken_back() {
    // At once, or after more readings than a call has tries.
    for (loses, takes) in [(false, 0), (true, 0), (false, PATIENCE.tries * 3), (true, PATIENCE.tries * 3)] {
        let test = TestStore::fresh().await;
        let function = Function::new("new", loses, takes);
        begin(&test, "new").await;
        let run = rests(&test, &function, PATIENCE).await;
        let why = run.problem.as_ref().map(|problem| problem.message.clone());
        assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone]), "{run:#?}");
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
    let (test, function) = (TestStore::fresh().await, Function::new("old", false, 0));
    begin(&test, "new").await;
    assert_eq!(rests(&test, &function, PATIENCE).await.state, State::Applied);
    assert!(test.store.cancel_run("code", &entry()).await.unwrap());
    let run = rests(&test, &function, PATIENCE).await;
    let why = run.steps[0].problem.as_ref().map(|problem| problem.message.as_str());
    assert_eq!((states(&run), why), (vec![StepState::Stuck], Some("The image cannot be pulled.")), "{run:#?}");
    assert_eq!(*function.calls.lock().unwrap(), ["new", "old"]);
    // The reason that is left behind is not taken for somebody's change.
    *function.cannot.lock().unwrap() = "none";
    assert!(test.store.decide_step("code", 0, None, &entry()).await.unwrap());
    let run = rests(&test, &function, PATIENCE).await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone]), "{run:#?}");
    assert_eq!(*function.state.lock().unwrap(), json!({ "ImageUri": "old" }));
}

#[tokio::test]
async fn what_aws_does_not_decide_in_time_is_not_applied_and_taken_back_once_it_is_decided() {
    let test = TestStore::fresh().await;
    let function = Function::new("new", false, u32::MAX);
    begin(&test, "large").await;
    let patience = Patience { under_way: Duration::from_millis(50), ..PATIENCE };
    let run = rests(&test, &function, patience).await;
    assert_eq!((run.state, states(&run)), (State::Stuck, vec![StepState::Stuck]), "{run:#?}");
    assert_eq!(run.problem.as_ref().map(|problem| problem.title.as_str()), Some("AWS has not finished"));
    assert_eq!(*function.calls.lock().unwrap(), ["large"], "nothing more is asked for meanwhile");
    function.decide();
    assert!(test.store.decide_step("code", 0, None, &entry()).await.unwrap());
    let run = rests(&test, &function, patience).await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone]), "{run:#?}");
    assert_eq!(*function.state.lock().unwrap(), json!({ "ImageUri": "old" }));
}

#[tokio::test]
async fn what_aws_refuses_after_it_was_waited_for_in_vain_is_taken_back_without_a_call() {
    let test = TestStore::fresh().await;
    let function = Function::new("new", false, u32::MAX);
    begin(&test, "new").await;
    let patience = Patience { under_way: Duration::from_millis(50), ..PATIENCE };
    assert_eq!(rests(&test, &function, patience).await.state, State::Stuck);
    function.decide();
    assert!(test.store.decide_step("code", 0, None, &entry()).await.unwrap());
    let run = rests(&test, &function, patience).await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone]), "{run:#?}");
    assert_eq!(*function.calls.lock().unwrap(), ["new"], "the function is as it was");
}

#[tokio::test]
async fn an_update_that_takes_long_is_applied_once_it_is_over_and_its_undo_waits_likewise() {
    let test = TestStore::fresh().await;
    let function = Function::new("new", false, PATIENCE.tries * 3);
    begin(&test, "large").await;
    let run = rests(&test, &function, PATIENCE).await;
    assert_eq!((run.state, &run.steps[0].note, &run.steps[0].problem), (State::Applied, &None, &None), "{run:#?}");
    assert_eq!(run.steps[0].after, Some(json!({ "ImageUri": "large" })));
    // Somebody else's update is under way when it is taken back, and leaves what there is.
    *function.under_way.lock().unwrap() = Some((PATIENCE.tries * 3, json!({ "ImageUri": "large" })));
    assert!(test.store.cancel_run("code", &entry()).await.unwrap());
    let run = rests(&test, &function, PATIENCE).await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone]), "{run:#?}");
    assert_eq!(*function.calls.lock().unwrap(), ["large", "old"]);
}

/// The smallest text that is taken for a PNG.
const LOGO: &str = "iVBORw0KGgo=";

pub(super) fn entered(region: &str, wizard: &str, fields: Value) -> Answers {
    let scope = Scope::new("111122223333".parse().unwrap(), region.parse().unwrap());
    serde_json::from_value(json!({ "scope": scope, "wizard": wizard, "answers": fields })).unwrap()
}

/// Somebody else makes a call.
pub(super) fn elsewhere(world: &World, service: &str, operation: &str, input: Value) {
    let document = json!({ "service": service, "operation": operation, "input": input });
    world.cloud.elsewhere(&serde_json::from_value(document).unwrap());
}

/// Applies the plan that follows from what there is now.
pub(super) async fn applied(world: &World, id: &str, answers: &Answers) -> Run {
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

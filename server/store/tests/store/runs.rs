//! Runs, their journal, and who drives them.

use domain::audit::{AuditQuery, Outcome};
use domain::history::Since;
use domain::plan::answers::Form;
use domain::plan::listing::{OpenRuns, RunsQuery};
use domain::plan::run::{Found, Progress, Run, State, StepState, Try};
use domain::plan::transfer::{LayerProgress, LayerState, Transfer};
use domain::plan::{Answers, FORMAT, Facts, OLDEST_FORMAT};
use domain::policy::Role;
use domain::{AccountId, Code, Millis, Problem, Region, Scope};
use gantry_store::Store;
use gantry_store::audit::Entry;
use gantry_store::runs::{Lease, Stored};
use gantry_store::testing::{TestStore, entry};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// A run that began at this moment and has two steps.
fn stored(id: &str, made: i64) -> Stored {
    let answers = domain::ecr::wizards::create_repository::Answers {
        name: format!("shop/{id}"),
        lifecycle: r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}"#.into(),
        ..Default::default()
    };
    let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let answers = Answers { scope, form: Form::CreateRepository(answers) };
    let run = Run::new(id.into(), answers.plan(&Facts::default()).unwrap());
    Stored {
        run,
        answers,
        person: Some(7),
        by: "ada".into(),
        role: Some(Role::Operator),
        made: Millis(made),
        ended: None,
    }
}

/// Longer than a test takes.
const LASTS: Duration = Duration::from_secs(3_600);

async fn lease(store: &Store, owner: &str) -> Option<Lease> {
    store.lease_run(owner, LASTS, &[]).await.unwrap()
}

#[tokio::test]
async fn a_run_is_read_as_it_was_written_step_by_step() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let mut run = stored("a", 10);
    store.begin_run(&run, &entry()).await.unwrap();
    assert_eq!(store.run("a").await.unwrap().as_ref(), Some(&run));
    assert_eq!(store.run("b").await.unwrap(), None);
    let lease = lease(store, "one").await.unwrap();
    let step = Progress {
        state: StepState::Made,
        attempts: 2,
        after: Some(json!({ "repositoryUri": "…/shop/a" })),
        problem: Some(Problem::new(Code::AwsThrottled, "Too fast", "Later.")),
        note: Some("found".into()),
        request_ids: vec!["x".into(), "y".into()],
        began: Some(Millis(21)),
        ended: Some(Millis(22)),
        found: Some(Found { state: None }),
        tries: vec![Try { at: Millis(21), title: "Too fast".into(), message: "Later.".into() }],
        transfer: None,
    };
    store.journal(&lease, 1, &step, Some(&entry())).await.unwrap();
    let why = Problem::new(Code::AwsDenied, "Access denied", "No.");
    store.run_becomes(&lease, State::Undoing, Some(&why), Millis(30), None).await.unwrap();
    // What is not said again stays.
    store.run_becomes(&lease, State::Undone, None, Millis(31), Some(&entry())).await.unwrap();
    run.run.steps[1] = step;
    (run.run.state, run.run.problem, run.ended) = (State::Undone, Some(why), Some(Millis(31)));
    assert_eq!(store.run("a").await.unwrap(), Some(run));
    assert_eq!(store.audit_latest(10).await.unwrap().len(), 3, "the begin, the intent, the end");
}

#[tokio::test]
async fn how_far_a_call_is_lasts_as_long_as_it_is_under_way() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.begin_run(&stored("a", 10), &entry()).await.unwrap();
    let lease = lease(store, "one").await.unwrap();
    let layer = LayerProgress {
        name: String::new(),
        digest: Some(format!("sha256:{}", "a".repeat(64))),
        size: 9,
        done: 4,
        state: LayerState::Moving,
    };
    let transfer = Some(Transfer::of(vec![layer], Some(2)));
    let told = async |state: StepState| {
        let step = Progress { state, transfer: transfer.clone(), ..Progress::default() };
        store.journal(&lease, 1, &step, None).await.unwrap();
        store.run("a").await.unwrap().unwrap().run.steps[1].transfer.clone()
    };
    assert_eq!(told(StepState::Begun).await, transfer);
    // Also where whoever ends the step still has it.
    assert_eq!(told(StepState::Made).await, None);
    assert_eq!(told(StepState::Begun).await, transfer);
    assert_eq!(told(StepState::Waiting).await, None);
}

#[tokio::test]
async fn the_trail_says_what_came_of_each_call() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let run = stored("a", 10);
    store.begin_run(&run, &entry()).await.unwrap();
    let lease = lease(store, "one").await.unwrap();
    let intent = |action: &str, n: usize| {
        let subject = format!("a/{}", run.run.plan.steps[n].id);
        Some(Entry { action: action.into(), subject, ..entry() })
    };
    let journal = async |n: usize, state: StepState, problem: Option<Problem>, intent: Option<Entry>| {
        let step = Progress { state, problem, ..Progress::default() };
        store.journal(&lease, n, &step, intent.as_ref()).await.unwrap();
    };
    let results = async |action: &str| {
        let query = AuditQuery { action: action.to_owned(), limit: 10, ..AuditQuery::default() };
        let found = store.audit(&query, Millis(0)).await.unwrap();
        found.into_iter().map(|entry| entry.result).collect::<Vec<_>>()
    };
    journal(0, StepState::Begun, None, intent("run.step", 0)).await;
    assert_eq!(results("run.").await, ["unknown"]);
    journal(0, StepState::Made, None, None).await;
    journal(1, StepState::Begun, None, intent("run.step", 1)).await;
    let denied = Problem::new(Code::AwsDenied, "Access denied", "No.");
    journal(1, StepState::Failed, Some(denied), None).await;
    assert_eq!(results("run.").await, ["refused: Access denied", "made"]);
    journal(0, StepState::Undoing, None, intent("run.undo", 0)).await;
    journal(0, StepState::Undone, None, None).await;
    assert_eq!(results("run.").await, ["taken back", "refused: Access denied", "taken back"]);
    // Of a run or a step that nothing is known of, and of what is no run's.
    for (action, subject) in [("run.step", "b/repository"), ("run.step", "a/shoe"), ("session.refuse", "a/repository")]
    {
        store.note(&Entry { action: action.into(), subject: subject.into(), ..entry() }).await.unwrap();
    }
    assert_eq!(results("run.step").await, ["unknown", "unknown", "refused: Access denied", "taken back"]);
    assert_eq!(results("session.").await, ["refused"]);
}

#[tokio::test]
async fn the_trail_is_chosen_by_what_came_of_it_and_where() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let run = stored("a", 10);
    store.begin_run(&run, &entry()).await.unwrap();
    let lease = lease(store, "one").await.unwrap();
    let denied = Problem::new(Code::AwsDenied, "Access denied", "No.");
    let about = json!({ "scope": "444455556666/us-east-1" });
    for (action, subject, detail) in
        [("run.applied", "a", json!({})), ("session.refuse", "", json!({})), ("upload.begin", "", about)]
    {
        let entry = Entry { action: action.into(), subject: subject.into(), detail, ..entry() };
        store.note(&entry).await.unwrap();
    }
    let ids: Vec<String> = run.run.plan.steps.iter().map(|step| format!("a/{}", step.id)).collect();
    let call = |n: usize| Entry { action: "run.step".into(), subject: ids[n].clone(), ..entry() };
    let made = Progress { state: StepState::Made, ..Progress::default() };
    store.journal(&lease, 0, &made, Some(&call(0))).await.unwrap();
    store.note(&Entry { subject: "lost/step".into(), ..call(0) }).await.unwrap();
    let chosen = async |query: AuditQuery| {
        let found = store.audit(&AuditQuery { limit: 10, ..query }, Millis(0)).await.unwrap();
        found.into_iter().map(|entry| (entry.action, entry.result)).collect::<Vec<_>>()
    };
    let by = |result: Outcome| AuditQuery { result: Some(result), ..AuditQuery::default() };
    // Each state of a step, with a problem and without: what is found by a result shows it, and whatever shows it is found.
    for (state, problem) in StepState::ALL.into_iter().flat_map(|state| [(state, None), (state, Some(&denied))]) {
        let progress = Progress { state, problem: problem.cloned(), ..Progress::default() };
        let intent = (state == StepState::Waiting && problem.is_none()).then(|| call(1));
        store.journal(&lease, 1, &progress, intent.as_ref()).await.unwrap();
        let all = chosen(AuditQuery::default()).await;
        assert_eq!(all.len(), 7, "{all:?}");
        for outcome in Outcome::ALL {
            let shows = |result: &str| result.split(": ").next() == Some(outcome.as_str());
            let expected: Vec<_> = all.iter().filter(|(_, result)| shows(result)).cloned().collect();
            assert_eq!(chosen(by(outcome)).await, expected, "{outcome:?} {state:?}");
        }
    }
    // Page by page what is chosen comes once each, however much lies between.
    let refused = AuditQuery { limit: 1, ..by(Outcome::Refused) };
    let failed = Progress { state: StepState::Failed, ..Progress::default() };
    store.journal(&lease, 1, &failed, None).await.unwrap();
    let first = store.audit(&refused, Millis(0)).await.unwrap();
    let next = AuditQuery { before: first.last().map(|entry| entry.id), ..refused };
    let second = store.audit(&next, Millis(0)).await.unwrap();
    assert_eq!((first[0].action.as_str(), second[0].action.as_str()), ("run.step", "session.refuse"));
    // What says no place itself is where its run is; what is about no place is in none.
    let at = |account: &str, region: &str| AuditQuery {
        accounts: account.parse::<AccountId>().into_iter().collect(),
        regions: region.parse::<Region>().into_iter().collect(),
        ..AuditQuery::default()
    };
    let actions =
        async |query: AuditQuery| chosen(query).await.into_iter().map(|(action, _)| action).collect::<Vec<_>>();
    assert_eq!(actions(at("111122223333", "")).await, ["run.step", "run.step", "run.applied"]);
    assert_eq!(actions(at("", "us-east-1")).await, ["upload.begin"]);
    assert_eq!(actions(at("111122223333", "us-east-1")).await, Vec::<String>::new());
    let applied = AuditQuery { result: Some(Outcome::Applied), ..at("111122223333", "eu-west-1") };
    assert_eq!(actions(applied).await, ["run.applied"]);
}

#[tokio::test]
async fn runs_are_paged_from_the_latest_to_the_first_each_once() {
    let test = TestStore::fresh().await;
    // Two began in the same millisecond.
    for (id, made) in [("a", 10), ("b", 20), ("c", 20), ("d", 30)] {
        test.store.begin_run(&stored(id, made), &entry()).await.unwrap();
    }
    let mut seen = vec![];
    let mut before: Option<(Millis, String)> = None;
    loop {
        let page = test.store.runs(&RunsQuery { before, limit: 2, ..RunsQuery::default() }, Millis(0)).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some((last.made, last.id.clone()));
        seen.extend(page.into_iter().map(|line| line.id));
    }
    assert_eq!(seen, ["d", "c", "b", "a"]);
}

#[tokio::test]
async fn runs_are_chosen_by_state_text_place_and_time() {
    let test = TestStore::fresh().await;
    for (id, made) in [("api", 10), ("web", 20), ("we_b", 30)] {
        test.store.begin_run(&stored(id, made), &entry()).await.unwrap();
    }
    let lease = lease(&test.store, "one").await.unwrap();
    test.store.run_becomes(&lease, State::Applied, None, Millis(50), None).await.unwrap();
    let ids = async |query: RunsQuery| {
        let found = test.store.runs(&RunsQuery { limit: 10, ..query }, Millis(40)).await.unwrap();
        found.into_iter().map(|line| line.id).collect::<Vec<_>>()
    };
    let any = RunsQuery::default;
    assert_eq!(ids(RunsQuery { states: vec![State::Applied], ..any() }).await, ["api"]);
    assert_eq!(ids(RunsQuery { states: vec![State::Applied, State::Checking], ..any() }).await.len(), 3);
    assert_eq!(ids(RunsQuery { text: "SHOP/WEB".into(), ..any() }).await, ["web"]);
    assert_eq!(ids(RunsQuery { text: "we_b".into(), ..any() }).await, ["we_b"], "an underscore is one");
    assert_eq!(ids(RunsQuery { text: "ada".into(), ..any() }).await.len(), 3, "by whom");
    assert_eq!(ids(RunsQuery { accounts: vec!["444455556666".parse().unwrap()], ..any() }).await.len(), 0);
    assert_eq!(ids(RunsQuery { regions: vec!["eu-west-1".parse().unwrap()], ..any() }).await.len(), 3);
    assert_eq!(ids(RunsQuery { from: Some(Since::Ago(20)), ..any() }).await, ["we_b", "web"]);
    let range = RunsQuery { from: Some(Since::At(Millis(10))), to: Some(Millis(30)), ..any() };
    assert_eq!(ids(range.clone()).await, ["web", "api"], "from then on, and before the end");
    assert_eq!(ids(RunsQuery { before: Some((Millis(20), "web".into())), ..range }).await, ["api"]);
}

#[tokio::test]
async fn runs_that_are_not_over_are_counted_by_place() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    assert!(store.open_runs().await.unwrap().is_empty());
    for (id, made) in [("a", 10), ("b", 20), ("c", 30), ("d", 40)] {
        store.begin_run(&stored(id, made), &entry()).await.unwrap();
    }
    let elsewhere = Scope::new("444455556666".parse().unwrap(), "us-east-1".parse().unwrap());
    let mut other = stored("e", 50);
    other.run.plan.scope = elsewhere.clone();
    store.begin_run(&other, &entry()).await.unwrap();
    for end in [State::Applied, State::Undone, State::Stuck] {
        let lease = lease(store, "one").await.unwrap();
        store.run_becomes(&lease, end, None, Millis(70), None).await.unwrap();
    }
    let here = stored("a", 10).run.plan.scope;
    let expected = [(here, OpenRuns { under_way: 1, stuck: 1 }), (elsewhere, OpenRuns { under_way: 1, stuck: 0 })];
    assert_eq!(store.open_runs().await.unwrap(), BTreeMap::from(expected));
}

#[tokio::test]
async fn a_lease_is_one_servers_until_it_runs_out_and_the_next_has_a_greater_fence() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.begin_run(&stored("a", 10), &entry()).await.unwrap();
    store.begin_run(&stored("b", 11), &entry()).await.unwrap();
    let first = lease(store, "one").await.unwrap();
    assert_eq!(first.run, "a", "the oldest first");
    let second = lease(store, "two").await.unwrap();
    assert_eq!(second.run, "b");
    assert_eq!(lease(store, "three").await, None, "both are driven");
    for lease in [&first, &second] {
        test.run_out(&lease.run).await;
    }
    store.extend_run(&second, LASTS).await.unwrap();
    let taken = lease(store, "three").await.unwrap();
    assert_eq!((taken.run.as_str(), taken.fence), ("a", first.fence + 1));
    assert_eq!(store.extend_run(&first, LASTS).await.unwrap_err().code, Code::Conflict);
    let refused = store.run_becomes(&first, State::Applied, None, Millis(1), None).await.unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
    store.release_run(&first).await.unwrap();
    assert_eq!(lease(store, "four").await, None, "one who lost it cannot give it back");
    store.release_run(&taken).await.unwrap();
    let again = lease(store, "four").await.unwrap();
    assert!(again.run == "a" && again.fence > taken.fence);
    store.run_becomes(&again, State::Applied, None, Millis(1), None).await.unwrap();
    store.release_run(&again).await.unwrap();
    assert_eq!(lease(store, "five").await, None, "nothing is left to do for one that ended");
}

#[tokio::test]
async fn a_run_that_there_is_no_room_for_is_left_until_it_is_on_its_way_back() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.begin_run(&stored("a", 10), &entry()).await.unwrap();
    let first = lease(store, "one").await.unwrap();
    store.run_becomes(&first, State::Applying, None, Millis(21), None).await.unwrap();
    let taken = async |put_off: &str| {
        test.run_out("a").await;
        store.lease_run("one", LASTS, &[put_off.to_owned()]).await.unwrap().is_some()
    };
    assert!(!taken("a").await);
    assert!(taken("b").await, "another one");
    assert!(store.cancel_run("a", &entry()).await.unwrap());
    assert!(taken("a").await, "whoever cancels it need not wait");
}

#[tokio::test]
async fn a_run_is_cancelled_only_while_there_is_something_to_cancel() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    assert!(!store.cancel_run("none", &entry()).await.unwrap());
    store.begin_run(&stored("a", 10), &entry()).await.unwrap();
    let lease = lease(store, "one").await.unwrap();
    let becomes = async |state| store.run_becomes(&lease, state, None, Millis(30), None).await.unwrap();
    becomes(State::Applying).await;
    let written = store.audit_latest(10).await.unwrap().len();
    assert!(store.cancel_run("a", &entry()).await.unwrap());
    assert!(!store.cancel_run("a", &entry()).await.unwrap(), "once");
    assert_eq!(store.audit_latest(10).await.unwrap().len(), written + 1, "what is refused leaves no entry");
    let run = store.run("a").await.unwrap().unwrap();
    assert_eq!((run.run.state, run.run.cancelled), (State::Applying, true));
    // Whoever drives it read it before: it does not count as applied.
    assert!(!store.run_becomes(&lease, State::Applied, None, Millis(30), Some(&entry())).await.unwrap());
    assert_eq!(store.run("a").await.unwrap(), Some(run));
    assert_eq!(store.audit_latest(10).await.unwrap().len(), written + 1);
    for state in [State::Undoing, State::Undone, State::Stuck] {
        assert!(becomes(state).await);
        assert!(!store.cancel_run("a", &entry()).await.unwrap(), "{state:?}");
    }
}

#[tokio::test]
async fn a_run_that_was_applied_can_be_taken_back() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.begin_run(&stored("a", 10), &entry()).await.unwrap();
    let lease = lease(store, "one").await.unwrap();
    assert!(store.run_becomes(&lease, State::Applied, None, Millis(30), None).await.unwrap());
    assert!(store.cancel_run("a", &entry()).await.unwrap());
    let run = store.run("a").await.unwrap().unwrap();
    assert_eq!((run.run.state, run.ended), (State::Undoing, None));
    assert!(!store.cancel_run("a", &entry()).await.unwrap(), "once");
}

#[tokio::test]
async fn only_steps_that_are_stuck_are_decided_about() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.begin_run(&stored("a", 10), &entry()).await.unwrap();
    let lease = lease(store, "one").await.unwrap();
    let stuck = Progress { state: StepState::Stuck, attempts: 6, note: Some("refused".into()), ..Progress::default() };
    store.journal(&lease, 0, &stuck, None).await.unwrap();
    store.run_becomes(&lease, State::Undoing, None, Millis(30), None).await.unwrap();
    assert!(!store.decide_step("a", 0, None, &entry()).await.unwrap(), "the run still goes on");
    store.run_becomes(&lease, State::Stuck, None, Millis(31), None).await.unwrap();
    assert!(!store.decide_step("a", 1, None, &entry()).await.unwrap(), "that step is not stuck");
    assert!(!store.decide_step("none", 0, None, &entry()).await.unwrap());
    assert!(store.decide_step("a", 0, None, &entry()).await.unwrap());
    let run = store.run("a").await.unwrap().unwrap();
    assert_eq!((run.run.state, run.ended), (State::Undoing, None));
    let step = &run.run.steps[0];
    // That it was sent is known for ever: what never was sent is somebody else's.
    assert_eq!((step.state, step.attempts, step.note.as_deref()), (StepState::Undoing, 6, Some("refused")));
    store.journal(&lease, 0, &stuck, None).await.unwrap();
    store.run_becomes(&lease, State::Stuck, None, Millis(32), None).await.unwrap();
    assert!(store.decide_step("a", 0, Some("kept"), &entry()).await.unwrap());
    let step = store.run("a").await.unwrap().unwrap().run.steps[0].clone();
    assert_eq!((step.state, step.note.as_deref()), (StepState::Left, Some("kept")));
}

#[tokio::test]
async fn older_formats_are_driven_first_and_those_of_another_version_are_left_to_it() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    for (id, made, format) in
        [("new", 10, FORMAT), ("newer", 5, FORMAT + 1), ("old", 20, OLDEST_FORMAT), ("lost", 4, 0)]
    {
        let mut stored = stored(id, made);
        stored.run.plan.format = format;
        store.begin_run(&stored, &entry()).await.unwrap();
    }
    assert_eq!(lease(store, "one").await.unwrap().run, "old", "although it began last");
    assert_eq!(lease(store, "one").await.unwrap().run, "new");
    assert_eq!(lease(store, "one").await, None);
    assert_eq!(store.foreign_runs().await.unwrap(), [(0, 1), (FORMAT + 1, 1)]);
    // They are in lists; what they hold is not read.
    let lines = store.runs(&RunsQuery { limit: 10, ..RunsQuery::default() }, Millis(0)).await.unwrap();
    let lines: Vec<(&str, u32, u32)> = lines.iter().map(|l| (l.id.as_str(), l.format, l.steps)).collect();
    assert_eq!(lines, [("old", 1, 2), ("new", FORMAT, 2), ("newer", FORMAT + 1, 2), ("lost", 0, 2)]);
    for id in ["newer", "lost"] {
        let problem = store.run(id).await.unwrap_err();
        assert_eq!((problem.code, problem.title.as_str()), (Code::Conflict, "A run of another version"), "{id}");
    }
    assert_eq!(store.run("old").await.unwrap().unwrap().run.plan.format, OLDEST_FORMAT);
}

//! Followed logs: one reader per log, shared by all pages that follow it, asking AWS every two seconds while somebody listens.
//!
//! CloudWatch may deliver events late and twice, so each question reaches back a little and events are told apart by their id.
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>

use async_trait::async_trait;
use domain::stream::{LogEvent, SHOWN, Skipped, ToPage};
use domain::{Millis, Problem, ResourceKey};
use gantry_aws::LogEvents;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;

/// Between two questions.
const EVERY: Duration = Duration::from_secs(2);
/// Between two questions after a problem that may pass.
const EVERY_AFTER_TROUBLE: Duration = Duration::from_secs(10);
/// How far each question reaches back before the latest event, and the first one before now, in milliseconds.
const OVERLAP: i64 = 30_000;
/// The furthest a question reaches back from the one answered before it, in milliseconds: a log where nothing happens is read in the one
/// request that a minute takes.
const FURTHEST: i64 = 55_000;
/// Events kept for pages that join later.
const RECENT: usize = 200;
/// Ids remembered to recognise repetitions: more than one answer has.
const REMEMBERED: usize = 10_000;

/// Where events come from.
#[async_trait]
pub trait Source: Send + Sync {
    /// Events of this function's or log group's log since a moment: the latest of them, where there are too many. None while its group is
    /// not there yet.
    async fn since(&self, key: &ResourceKey, since: Millis) -> Result<LogEvents, Problem>;
}

/// A log that somebody follows.
struct Followed {
    sender: broadcast::Sender<Arc<ToPage>>,
    recent: VecDeque<LogEvent>,
}

/// All followed logs.
pub struct Follow {
    source: Arc<dyn Source>,
    every: Duration,
    every_after_trouble: Duration,
    logs: Mutex<HashMap<ResourceKey, Followed>>,
}

impl Follow {
    /// Reading from this source.
    pub fn new(source: Arc<dyn Source>) -> Self {
        Self { source, every: EVERY, every_after_trouble: EVERY_AFTER_TROUBLE, logs: Mutex::default() }
    }

    /// Follows a log: what came just before, then what comes. Dropping the receiver ends it.
    pub fn join(self: &Arc<Self>, key: &ResourceKey) -> (Vec<LogEvent>, broadcast::Receiver<Arc<ToPage>>) {
        let mut logs = self.logs();
        if let Some(log) = logs.get(key) {
            return (log.recent.iter().cloned().collect(), log.sender.subscribe());
        }
        let (sender, receiver) = broadcast::channel(64);
        logs.insert(key.clone(), Followed { sender: sender.clone(), recent: VecDeque::new() });
        tokio::spawn(self.clone().read(key.clone(), sender));
        (vec![], receiver)
    }

    fn logs(&self) -> std::sync::MutexGuard<'_, HashMap<ResourceKey, Followed>> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads until nobody listens any more, also in the middle of a question, or until trying again cannot help.
    async fn read(self: Arc<Self>, key: ResourceKey, sender: broadcast::Sender<Arc<ToPage>>) {
        let mut since = Millis(crate::clock::now().0 - OVERLAP);
        let mut news = News::default();
        let mut told: Option<Problem> = None;
        loop {
            let asked = crate::clock::now();
            // A question may wait for its turn for long.
            let answer = tokio::select! {
                answer = self.source.since(&key, since) => answer,
                () = sender.closed() => {
                    if self.left_alone(&key) {
                        return;
                    }
                    continue;
                }
            };
            let pause = match answer {
                Ok(read) => {
                    let (fresh, skipped) = news.of(read);
                    if told.take().is_some() && fresh.is_empty() {
                        self.say(&key, ToPage::Log { key: key.clone(), events: vec![], skipped });
                    }
                    since = next(since, asked, fresh.last().map(|last| last.at));
                    self.tell(&key, fresh, skipped);
                    self.every
                }
                Err(problem) => {
                    let last_one = !problem.retryable();
                    if told.as_ref() != Some(&problem) {
                        self.say(&key, ToPage::LogProblem { key: key.clone(), problem: problem.clone() });
                    }
                    if last_one {
                        self.logs().remove(&key);
                        return;
                    }
                    told = Some(problem);
                    self.every_after_trouble
                }
            };
            if self.left_alone(&key) {
                return;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Forgets the log if nobody listens.
    fn left_alone(&self, key: &ResourceKey) -> bool {
        let mut logs = self.logs();
        let alone = logs.get(key).is_none_or(|log| log.sender.receiver_count() == 0);
        if alone {
            logs.remove(key);
        }
        alone
    }

    fn say(&self, key: &ResourceKey, message: ToPage) {
        if let Some(log) = self.logs().get(key) {
            // Nobody listening is no fault
            let _ = log.sender.send(Arc::new(message));
        }
    }

    fn tell(&self, key: &ResourceKey, events: Vec<LogEvent>, skipped: Skipped) {
        if events.is_empty() {
            return;
        }
        if let Some(log) = self.logs().get_mut(key) {
            log.recent.extend(events.iter().cloned());
            let surplus = log.recent.len().saturating_sub(RECENT);
            log.recent.drain(..surplus);
            let _ = log.sender.send(Arc::new(ToPage::Log { key: key.clone(), events, skipped }));
        }
    }
}

/// Since when to ask after a question was answered; after one that failed it stays as it was.
fn next(since: Millis, asked: Millis, last: Option<Millis>) -> Millis {
    let told = last.map_or(since.0, |last| last.0.saturating_sub(OVERLAP));
    Millis(since.0.max(told).max(asked.0 - FURTHEST))
}

/// Which events are new.
#[derive(Default)]
struct News {
    begun: bool,
    known: HashSet<String>,
    order: VecDeque<String>,
}

impl News {
    /// The new ones, the latest where there are more than a page shows, and what had to be left out. What came before the first answer is for
    /// pages to ask for.
    fn of(&mut self, read: LogEvents) -> (Vec<LogEvent>, Skipped) {
        let all = read.events.len();
        let mut fresh: Vec<_> = read.events.into_iter().filter(|e| self.known.insert(e.id.clone())).collect();
        self.order.extend(fresh.iter().map(|e| e.id.clone()));
        while self.order.len() > REMEMBERED {
            if let Some(old) = self.order.pop_front() {
                self.known.remove(&old);
            }
        }
        // Where it reaches back to what is known, nothing lies between.
        let uncounted = read.more && fresh.len() == all;
        let surplus = fresh.len().saturating_sub(SHOWN);
        fresh.drain(..surplus);
        let skipped = Skipped { count: surplus as u64, uncounted };
        (fresh, if std::mem::replace(&mut self.begun, true) { skipped } else { Skipped::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Code, Kind};
    use tokio::sync::mpsc;

    fn event(id: u32) -> LogEvent {
        LogEvent { id: id.to_string(), at: Millis(i64::from(id)), stream: String::new(), message: String::new() }
    }

    fn key() -> ResourceKey {
        ResourceKey::parse(&format!("{}/111122223333/eu-west-1/a", Kind::Function.stem())).unwrap()
    }

    type Answer = Result<LogEvents, Problem>;

    fn read(ids: impl IntoIterator<Item = u32>) -> LogEvents {
        LogEvents { events: ids.into_iter().map(event).collect(), ..LogEvents::default() }
    }

    /// Answers with what the test hands over, and waits for it.
    struct Script(tokio::sync::Mutex<mpsc::UnboundedReceiver<Answer>>);

    #[async_trait]
    impl Source for Script {
        async fn since(&self, _: &ResourceKey, _: Millis) -> Answer {
            self.0.lock().await.recv().await.unwrap()
        }
    }

    /// Asks again at once.
    fn follow() -> (Arc<Follow>, mpsc::UnboundedSender<Answer>) {
        let (answers, script) = mpsc::unbounded_channel();
        let follow = Follow {
            every: Duration::ZERO,
            every_after_trouble: Duration::ZERO,
            ..Follow::new(Arc::new(Script(script.into())))
        };
        (Arc::new(follow), answers)
    }

    fn ids(message: &ToPage) -> Vec<String> {
        let ToPage::Log { events, .. } = message else { panic!("{message:?}") };
        events.iter().map(|e| e.id.clone()).collect()
    }

    #[tokio::test]
    async fn repeated_events_are_told_once_and_one_reader_serves_all() {
        let (follow, answers) = follow();
        let (before, mut first) = follow.join(&key());
        assert!(before.is_empty());
        answers.send(Ok(read([1, 2]))).unwrap();
        assert_eq!(ids(&first.recv().await.unwrap()), ["1", "2"]);
        let (before, mut second) = follow.join(&key());
        assert_eq!(before.len(), 2, "who joins later gets what just came");
        answers.send(Ok(read([2, 3]))).unwrap();
        // one answer reaches both
        assert_eq!(ids(&first.recv().await.unwrap()), ["3"]);
        assert_eq!(ids(&second.recv().await.unwrap()), ["3"]);
        drop((first, second));
        answers.send(Ok(read([]))).unwrap();
        // nobody listens, nobody reads
        while !follow.logs().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_question_that_nobody_waits_for_is_dropped() {
        let (follow, answers) = follow();
        let (_, first) = follow.join(&key());
        // It waits for an answer that does not come.
        tokio::task::yield_now().await;
        drop(first);
        while !follow.logs().is_empty() {
            tokio::task::yield_now().await;
        }
        let (_, mut second) = follow.join(&key());
        answers.send(Ok(read([1]))).unwrap();
        assert_eq!(ids(&second.recv().await.unwrap()), ["1"], "the next one is asked for anew");
    }

    #[tokio::test]
    async fn a_passing_problem_is_told_once_and_a_final_one_ends_it() {
        let passing = Problem::new(Code::AwsUnreachable, "AWS does not answer", "");
        let last = Problem::new(Code::AwsDenied, "Access denied", "");
        let (follow, answers) = follow();
        let (_, mut receiver) = follow.join(&key());
        for answer in [Err(passing.clone()), Err(passing), Ok(read([1])), Err(last)] {
            answers.send(answer).unwrap();
        }
        assert!(matches!(&*receiver.recv().await.unwrap(), ToPage::LogProblem { .. }));
        assert_eq!(ids(&receiver.recv().await.unwrap()), ["1"]);
        assert!(matches!(&*receiver.recv().await.unwrap(), ToPage::LogProblem { .. }));
        assert!(receiver.recv().await.is_err());
    }

    #[tokio::test]
    async fn that_a_log_can_be_read_again_is_told_although_nothing_came() {
        let (follow, answers) = follow();
        let (_, mut receiver) = follow.join(&key());
        let passing = Problem::new(Code::AwsUnreachable, "AWS does not answer", "");
        for answer in [Err(passing), Ok(read([])), Ok(read([])), Ok(read([1]))] {
            answers.send(answer).unwrap();
        }
        assert!(matches!(&*receiver.recv().await.unwrap(), ToPage::LogProblem { .. }));
        assert!(ids(&receiver.recv().await.unwrap()).is_empty());
        assert_eq!(ids(&receiver.recv().await.unwrap()), ["1"], "told once");
    }

    #[test]
    fn a_question_reaches_back_no_further_than_a_minute() {
        let asked = |at: i64, last: Option<i64>| next(Millis(70_000), Millis(at), last.map(Millis)).0;
        assert_eq!(asked(100_000, None), 70_000);
        assert_eq!(asked(100_000, Some(99_000)), 70_000, "never back again");
        assert_eq!(asked(110_000, Some(109_000)), 79_000);
        assert_eq!(asked(200_000, None), 145_000, "although nothing came");
        assert_eq!(asked(200_000, Some(150_000)), 145_000, "although only old ones came");
    }

    #[test]
    fn what_comes_faster_than_pages_show_it_is_counted() {
        let shown = SHOWN as u32;
        let none = Skipped::default();
        let all = |from: u32, to: u32| (from..to).collect::<Vec<u32>>();
        let mut news = News::default();
        let of = |news: &mut News, read: LogEvents| {
            let (events, skipped) = news.of(read);
            let ids: Vec<u32> = events.iter().map(|e| e.id.parse().unwrap()).collect();
            (ids, skipped)
        };
        // Before anybody looked: pages ask for that themselves.
        let first = LogEvents { more: true, ..read(0..shown + 7) };
        assert_eq!(of(&mut news, first), (all(7, shown + 7), none));
        // As many as are shown, and one more.
        let at = 10_000;
        assert_eq!(of(&mut news, read(at..at + shown)), (all(at, at + shown), none));
        let one = Skipped { count: 1, uncounted: false };
        assert_eq!(of(&mut news, read(at..at + 2 * shown + 1)).1, one, "those known are not counted");
        // What was read does not reach back to what is known; then it does.
        let at = 20_000;
        let cut = LogEvents { more: true, ..read(at..at + shown + 3) };
        assert_eq!(of(&mut news, cut).1, Skipped { count: 3, uncounted: true });
        let joined = LogEvents { more: true, ..read(at + shown..at + shown + 10) };
        assert_eq!(of(&mut news, joined), (all(at + shown + 3, at + shown + 10), none));
    }

    #[tokio::test]
    async fn a_log_that_is_not_there_yet_is_waited_for() {
        let (follow, answers) = follow();
        let (_, mut receiver) = follow.join(&key());
        for answer in [read([]), read([]), read([1])] {
            answers.send(Ok(answer)).unwrap();
        }
        assert_eq!(ids(&receiver.recv().await.unwrap()), ["1"]);
    }
}

//! How fast calls are let through, and in which order.

use super::*;
use domain::{AccountId, Region};
use std::sync::atomic::{AtomicUsize, Ordering};

fn scope(region: &str) -> Scope {
    Scope::new(AccountId::parse("111122223333").unwrap(), Region::parse(region).unwrap())
}

fn limiter(bucket: Bucket) -> Arc<Limiter> {
    Limits::default().limiter(&scope("eu-west-1"), bucket)
}

/// Makes calls one after the other, and says how many seconds they waited in all.
fn wait_for(limiter: &Limiter, calls: u32, now: &mut Instant) -> f64 {
    let start = *now;
    for _ in 0..calls {
        while let Some(wait) = limiter.take(Turn::First, *now) {
            *now += wait;
        }
    }
    now.duration_since(start).as_secs_f64()
}

/// Callers that wait for one limiter, on a clock of their own.
struct Queue<'a> {
    limiter: &'a Limiter,
    began: Instant,
    now: Instant,
    callers: Vec<Waiting<'a>>,
    /// By turn, when the next of them asks again.
    asks: [Instant; Turn::ALL.len()],
    /// Who went, and after how many seconds.
    went: Vec<(Turn, f64)>,
}

impl<'a> Queue<'a> {
    fn new(limiter: &'a Limiter) -> Self {
        let now = Instant::now();
        Self { limiter, began: now, now, callers: vec![], asks: [now; Turn::ALL.len()], went: vec![] }
    }

    fn join(&mut self, turn: Turn, calls: usize) {
        if !self.callers.iter().any(|c| c.turn == turn) {
            self.asks[turn as usize] = self.now;
        }
        self.callers.extend((0..calls).map(|_| Waiting::new(self.limiter, turn)));
    }

    /// As the runtime does: whoever heads a queue asks when it was told to, and goes or sleeps.
    fn run(&mut self, seconds: f64) {
        let until = self.now + Duration::from_secs_f64(seconds);
        while self.now <= until {
            for turn in Turn::ALL {
                while let Some(caller) = self.callers.iter().position(|c| c.turn == turn) {
                    if self.asks[turn as usize] > self.now {
                        break;
                    }
                    match self.limiter.take(turn, self.now) {
                        Some(wait) => self.asks[turn as usize] = self.now + wait,
                        None => {
                            self.callers.remove(caller);
                            self.went.push((turn, self.now.duration_since(self.began).as_secs_f64()));
                        }
                    }
                }
            }
            // As coarse as tokio's clock.
            self.now += Duration::from_millis(1);
        }
    }

    fn went(&self, turn: Turn) -> Vec<f64> {
        self.went.iter().filter(|(of, _)| *of == turn).map(|(_, at)| *at).collect()
    }
}

#[test]
fn a_published_quota_is_used_by_half() {
    // 7.5 at once, the other 74.5 at 7.5 a second.
    let seconds = wait_for(&limiter(Bucket::LambdaControl), 82, &mut Instant::now());
    assert!((9.9..10.1).contains(&seconds), "{seconds}");
}

#[test]
fn a_share_may_be_all_or_very_little_of_a_quota() {
    for (share, expected) in [(1.0, 4.46), (0.1, 53.67)] {
        let limiter = Limits::new(share).limiter(&scope("eu-west-1"), Bucket::LambdaControl);
        let seconds = wait_for(&limiter, 82, &mut Instant::now());
        assert!((seconds - expected).abs() < 0.1, "{share}: {seconds}");
    }
}

#[test]
fn servers_that_live_divide_the_share_between_them() {
    let (here, there) = (scope("eu-west-1"), scope("us-east-1"));
    let limits = Limits::default();
    let control = |scope: &Scope| limits.limiter(scope, Bucket::LambdaControl);
    let alone = control(&here);
    wait_for(&alone, 20, &mut Instant::now());
    limits.divide(HashMap::from([(here.clone(), 2), (there.clone(), 1)]));
    assert_eq!([control(&here).rate(), control(&there).rate()], [3.75, 7.5]);
    assert!(Arc::ptr_eq(&alone, &control(&here)), "those who wait for it wait for the slower one");
    assert_eq!(limits.limiter(&here, Bucket::EcsTasks).rate(), 5.0, "one that is used for the first time");
    assert_eq!(limits.limiter(&here, Bucket::Ecr).rate(), START, "what is learnt is learnt");
    // Throttles are remembered, and the ceiling is the part.
    alone.throttled_at(Instant::now());
    limits.divide(HashMap::from([(here.clone(), 3)]));
    assert!((alone.rate() - 1.25).abs() < 0.01, "{}", alone.rate());
    for _ in 0..1000 {
        alone.went_through();
    }
    assert!((alone.rate() - 2.5).abs() < 0.01, "{}", alone.rate());
    // The others have died.
    limits.divide(HashMap::new());
    assert!((alone.rate() - 7.5).abs() < 0.01, "{}", alone.rate());
    let seconds = wait_for(&alone, 82, &mut Instant::now());
    assert!((9.8..11.2).contains(&seconds), "{seconds}");
}

#[test]
fn callers_at_once_are_let_through_one_after_the_other() {
    let limiter = limiter(Bucket::LogsFilter);
    let mut queue = Queue::new(&limiter);
    queue.join(Turn::First, 5);
    queue.run(3.0);
    let went = queue.went(Turn::First);
    assert!(went.len() == 5 && went.is_sorted() && went[1] == 0.0 && went[4] > 0.9, "{went:?}");
}

#[test]
fn what_somebody_waits_for_has_the_next_turn_of_a_hundred_that_collect() {
    let limiter = limiter(Bucket::Ecr);
    let mut queue = Queue::new(&limiter);
    queue.join(Turn::Last, 100);
    queue.run(2.5);
    let before = queue.went.len();
    assert_eq!(before, 17, "5 at once, then 5 a second: {:?}", queue.went);
    queue.join(Turn::First, 1);
    queue.run(1.0);
    assert_eq!(queue.went[before].0, Turn::First, "{:?}", &queue.went[before..]);
    assert!(queue.went[before].1 <= 2.5 + 1.0 / START, "{:?}", queue.went[before]);
}

#[test]
fn what_a_run_calls_does_not_wait_for_what_people_look_up() {
    let limiter = limiter(Bucket::Ecr);
    let mut queue = Queue::new(&limiter);
    queue.join(Turn::First, 1_500);
    queue.join(Turn::Last, 100);
    queue.run(10.0);
    for _ in 0..5 {
        let joined = queue.now;
        queue.join(Turn::Run, 1);
        queue.run(2.0);
        let at = queue.went(Turn::Run).last().copied().unwrap();
        // One call of each of the others may be due.
        let waited = at - joined.duration_since(queue.began).as_secs_f64();
        assert!(waited <= 3.0 / START + 0.01, "{waited}");
    }
}

#[test]
fn runs_leave_the_others_their_turns() {
    let limiter = limiter(Bucket::Ecr);
    let mut queue = Queue::new(&limiter);
    for turn in Turn::ALL {
        queue.join(turn, 1_000);
    }
    queue.run(100.0);
    let [run, first, last] = Turn::ALL.map(|turn| queue.went(turn).len());
    let all = run + first + last;
    assert!(all as f64 > 0.95 * 100.0 * limiter.rate(), "no turn is lost: {all}");
    assert!(last * 4 + 10 >= all && first * 6 + 10 >= all, "{run}, {first} and {last}");
    assert!(run * 2 >= all, "{run}, {first} and {last}");
}

#[test]
fn collecting_has_every_fourth_turn_while_others_wait_all_the_time() {
    // With room for a burst and without.
    for (bucket, share) in [(Bucket::Ecr, 0.5), (Bucket::LogsFilter, 0.2)] {
        let limiter = Limits::new(share).limiter(&scope("eu-west-1"), bucket);
        let mut queue = Queue::new(&limiter);
        queue.join(Turn::First, 1_000);
        queue.join(Turn::Last, 1_000);
        queue.run(60.0);
        let (first, last) = (queue.went(Turn::First).len(), queue.went(Turn::Last).len());
        let all = 60.0 * limiter.rate();
        assert!((first + last) as f64 > 0.95 * all, "no turn is lost: {first} and {last} of {all}");
        assert!(last * 3 >= first - 10 && last * 3 <= first + 10, "{first} and {last}");
        let longest = queue.went.split(|(turn, _)| *turn == Turn::Last).map(<[_]>::len).max().unwrap_or_default();
        assert!(longest <= AHEAD as usize + 1, "{longest} in a row");
    }
}

#[test]
fn collecting_goes_on_in_what_the_others_leave() {
    let limiter = limiter(Bucket::Ecr);
    let mut queue = Queue::new(&limiter);
    queue.join(Turn::First, 7);
    queue.join(Turn::Last, 1);
    queue.run(2.0);
    assert_eq!((queue.went(Turn::First).len(), queue.went(Turn::Last).len()), (7, 1));
    assert!(queue.went.last().unwrap().1 <= 0.7, "{:?}", queue.went);
}

#[tokio::test]
async fn a_call_that_is_awaited_passes_those_that_wait_already() {
    let limiter = limiter(Bucket::Ecr);
    let collected = AtomicUsize::new(0);
    let collect = async || {
        limiter.turn(Turn::Last).await;
        collected.fetch_add(1, Ordering::Relaxed);
    };
    let mut collecting = std::pin::pin!(futures::future::join_all((0..100).map(|_| collect())));
    // All of them have asked once; five went through.
    assert!(futures::poll!(&mut collecting).is_pending());
    let awaited = std::pin::pin!(limiter.turn(Turn::First));
    let _ = futures::future::select(awaited, collecting).await;
    // Some more have gone where this machine slept; all others still wait.
    assert!(collected.load(Ordering::Relaxed) <= 60, "{collected:?}");
}

#[tokio::test]
async fn who_gives_up_waiting_keeps_nobody_waiting() {
    let limiter = limiter(Bucket::Ecr);
    let mut waiting: Vec<_> = (0..10).map(|_| Box::pin(limiter.turn(Turn::First))).collect();
    for turn in &mut waiting {
        let _ = futures::poll!(turn);
    }
    assert!(limiter.level().waiting[Turn::First as usize] >= 1);
    drop(waiting);
    assert_eq!(limiter.level().waiting, [0; 3]);
    assert!(limiter.level().tokens > -NEARLY, "nothing is owed");
}

#[test]
fn regions_and_buckets_do_not_slow_each_other() {
    let limits = Limits::default();
    let mut now = Instant::now();
    for region in ["eu-west-1", "us-east-1"] {
        for bucket in [Bucket::LambdaControl, Bucket::EcsTasks] {
            assert_eq!(wait_for(&limits.limiter(&scope(region), bucket), 7, &mut now), 0.0);
        }
    }
}

#[test]
fn a_burst_of_throttles_halves_once_and_calls_that_pass_grow_it_back_slowly() {
    let limiter = limiter(Bucket::Ecr);
    let mut now = Instant::now();
    for _ in 0..5 {
        limiter.throttled_at(now);
    }
    assert_eq!(limiter.rate(), START / 2.0);
    now += Duration::from_secs(2);
    limiter.throttled_at(now);
    assert_eq!(limiter.rate(), START / 4.0);
    let mut seconds = 0.0;
    while limiter.rate() < START {
        seconds += wait_for(&limiter, 1, &mut now);
        limiter.went_through();
    }
    assert!((30.0..45.0).contains(&seconds), "{seconds}");
}

#[test]
fn rates_are_told_of_buckets_without_a_quota_and_of_those_that_were_throttled() {
    let (here, there) = (scope("eu-west-1"), scope("us-east-1"));
    let limits = Limits::default();
    for (scope, bucket) in [(&there, Bucket::Sqs), (&here, Bucket::Sqs), (&here, Bucket::Ecr), (&here, Bucket::Ec2)] {
        limits.limiter(scope, bucket);
    }
    let expected =
        vec![(here.clone(), Bucket::Ecr, START), (here.clone(), Bucket::Sqs, START), (there, Bucket::Sqs, START)];
    assert_eq!(limits.learned(), expected);
    limits.limiter(&here, Bucket::Ec2).throttled_at(Instant::now());
    assert_eq!(limits.learned()[0], (here, Bucket::Ec2, 5.0));
}

#[test]
fn of_a_small_share_a_throttle_makes_no_more_and_calls_that_pass_neither() {
    let limiter = Limits::new(0.1).limiter(&scope("eu-west-1"), Bucket::EcsRegister);
    let share = limiter.rate();
    assert!(share < FLOOR, "{share}");
    limiter.throttled_at(Instant::now());
    assert!(limiter.rate() <= share, "{}", limiter.rate());
    for _ in 0..100 {
        limiter.went_through();
    }
    assert_eq!(limiter.rate(), share);
}

#[test]
fn learning_stays_between_floor_and_ceiling() {
    let limiter = limiter(Bucket::Eks);
    let mut now = Instant::now();
    for _ in 0..100 {
        now += Duration::from_secs(2);
        limiter.throttled_at(now);
    }
    assert_eq!(limiter.rate(), FLOOR);
    for _ in 0..100_000 {
        limiter.went_through();
    }
    assert_eq!(limiter.rate(), CEILING);
}

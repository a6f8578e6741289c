//! How fast Gantry may call AWS: one token bucket per account, region and quota bucket, at half of each published quota by default.
//! Where AWS publishes none, or far more than is needed, and whenever AWS throttles all the same, the rate is learnt: halved on a throttle,
//! grown slowly after. What somebody waits for goes before what is collected ([`Turn`]).

use domain::Scope;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A quota as AWS publishes it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Quota {
    /// Requests at once, and requests per second after that.
    Published(f64, f64),
    /// AWS says nothing: learn it.
    Learned,
}

macro_rules! buckets {
    ($($variant:ident $name:literal $quota:expr;)*) => {
        /// Operations that share one of AWS's rate quotas.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub enum Bucket { $($variant,)* }
        impl Bucket {
            /// Its name in metrics and logs.
            pub const fn name(self) -> &'static str {
                match self { $(Bucket::$variant => $name,)* }
            }
            const fn quota(self) -> Quota {
                match self { $(Bucket::$variant => $quota,)* }
            }
        }
    };
}

// Lambda: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (all other control-plane calls share 15/s)
// ECS: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
// EC2: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html (describe calls)
// Logs: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
// CloudWatch: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
// ECR: https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html (GetDownloadUrlForLayer, BatchGetImage)
// Elastic Load Balancing: https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html
// API Gateway: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html (all management calls share 10/s)
// SNS: https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html
// FilterLogEvents is 5 to 25 a second by region: the lowest is used.
// Kinesis: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html
buckets! {
    LambdaControl "lambda" Quota::Published(15.0, 15.0);
    LambdaGetFunction "lambda-get-function" Quota::Published(100.0, 100.0);
    EcsClusters "ecs-clusters" Quota::Published(50.0, 20.0);
    EcsServices "ecs-services" Quota::Published(100.0, 20.0);
    EcsTasks "ecs-tasks" Quota::Published(100.0, 20.0);
    EcsTaskDefinitions "ecs-task-definitions" Quota::Published(50.0, 20.0);
    EcsRegister "ecs-register" Quota::Published(20.0, 1.0);
    EcsServiceChanges "ecs-service-changes" Quota::Published(50.0, 5.0);
    EcsCapacityProviders "ecs-capacity-providers" Quota::Published(50.0, 20.0);
    Logs "logs" Quota::Published(10.0, 10.0);
    LogsFilter "logs-filter" Quota::Published(5.0, 5.0);
    CloudWatch "cloudwatch" Quota::Published(500.0, 500.0);
    Ec2 "ec2" Quota::Published(100.0, 20.0);
    KinesisList "kinesis-list" Quota::Published(5.0, 5.0);
    Kinesis "kinesis" Quota::Published(20.0, 20.0);
    EcrLayers "ecr-layers" Quota::Published(3000.0, 3000.0);
    EcrManifests "ecr-manifests" Quota::Published(2000.0, 2000.0);
    Ecr "ecr" Quota::Learned;
    EcrImages "ecr-images" Quota::Learned;
    EcrPublic "ecr-public" Quota::Learned;
    Eks "eks" Quota::Learned;
    // The API servers of the clusters of a scope: each has limits of its own, by its size.
    Kubernetes "kubernetes" Quota::Learned;
    Iam "iam" Quota::Learned;
    Kms "kms" Quota::Published(100.0, 100.0);
    S3 "s3" Quota::Learned;
    Sqs "sqs" Quota::Learned;
    Sns "sns" Quota::Published(30.0, 30.0);
    Dynamodb "dynamodb" Quota::Learned;
    Events "events" Quota::Learned;
    Scheduler "scheduler" Quota::Learned;
    ApiGateway "apigateway" Quota::Published(40.0, 10.0);
    // Shared by all actions of STS.
    Sts "sts" Quota::Published(600.0, 600.0);
    ElasticLoadBalancing "elasticloadbalancing" Quota::Published(40.0, 10.0);
}

/// Who goes first where calls have to wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// A call of a run or of a review: after those of its kind only.
    First,
    /// A call that collects: once nobody else waits.
    #[default]
    Last,
}

/// Where learning begins, in requests per second.
const START: f64 = 5.0;
/// The fastest that is learnt.
const CEILING: f64 = 25.0;
/// The slowest a throttled bucket becomes.
const FLOOR: f64 = 0.2;
/// Growth per second of steady use, in requests per second.
const GROWTH: f64 = 0.1;
/// Throttles within this time after a halving belong to the same burst.
const SAME_BURST: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Level {
    tokens: f64,
    filled: Instant,
    rate: f64,
    halved: Option<Instant>,
}

/// One token bucket. Callers of one [`Turn`] are let through in the order they came.
#[derive(Debug)]
pub struct Limiter {
    burst: f64,
    ceiling: f64,
    level: Mutex<Level>,
    /// Those that go last; the one that holds it is the next of them.
    last: tokio::sync::Mutex<()>,
}

impl Limiter {
    fn new(quota: Quota, share: f64) -> Self {
        let (burst, rate, ceiling) = match quota {
            Quota::Published(burst, rate) => (burst * share, rate * share, rate * share),
            Quota::Learned => (START, START, CEILING),
        };
        let burst = burst.max(1.0);
        let level = Level { tokens: burst, filled: Instant::now(), rate, halved: None };
        Self { burst, ceiling, level: Mutex::new(level), last: tokio::sync::Mutex::default() }
    }

    fn level(&self) -> MutexGuard<'_, Level> {
        // A panic while holding the lock cannot leave the numbers half-written.
        self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a token, and says how long its owner must wait for it. Tokens may be owed: that keeps the order.
    fn take(&self, now: Instant) -> Duration {
        let mut level = self.filled(now);
        level.tokens -= 1.0;
        if level.tokens >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-level.tokens / level.rate) }
    }

    /// Takes a token if there is one, and owes none: whoever comes meanwhile and goes first does not wait for this. Says when to ask again.
    fn take_one_left(&self, now: Instant) -> Option<Duration> {
        let mut level = self.filled(now);
        // Sums of fractions: a token is one a little before it is.
        if level.tokens >= 1.0 - 1e-6 {
            level.tokens -= 1.0;
            return None;
        }
        Some(Duration::from_secs_f64((1.0 - level.tokens) / level.rate))
    }

    fn filled(&self, now: Instant) -> MutexGuard<'_, Level> {
        let mut level = self.level();
        let earned = now.duration_since(level.filled).as_secs_f64() * level.rate;
        level.tokens = (level.tokens + earned).min(self.burst);
        level.filled = now;
        level
    }

    /// Waits for a turn.
    pub async fn turn(&self, turn: Turn) {
        match turn {
            Turn::First => {
                let wait = self.take(Instant::now());
                if !wait.is_zero() {
                    tokio::time::sleep(wait).await;
                }
            }
            Turn::Last => {
                let _next = self.last.lock().await;
                while let Some(wait) = self.take_one_left(Instant::now()) {
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    /// The SDK tried once more by itself: that used a turn too.
    pub(crate) fn retried(&self) {
        self.take(Instant::now());
    }

    /// AWS throttled an attempt: half the speed, once per burst.
    pub(crate) fn throttled(&self) {
        self.throttled_at(Instant::now());
    }

    fn throttled_at(&self, now: Instant) {
        let mut level = self.level();
        if level.halved.is_none_or(|at| now.duration_since(at) >= SAME_BURST) {
            level.rate = (level.rate / 2.0).max(FLOOR);
            level.halved = Some(now);
            level.tokens = level.tokens.min(0.0);
        }
    }

    /// A call went through: a little faster, up to the ceiling.
    pub(crate) fn went_through(&self) {
        let mut level = self.level();
        level.rate = (level.rate + GROWTH / level.rate).min(self.ceiling.max(FLOOR));
    }

    /// Requests per second at the moment.
    pub fn rate(&self) -> f64 {
        self.level().rate
    }
}

/// All limiters of this process.
#[derive(Debug)]
pub struct Limits {
    share: f64,
    limiters: Mutex<HashMap<(Scope, Bucket), Arc<Limiter>>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(0.5)
    }
}

impl Limits {
    /// `share` of each published quota is used, between 0 and 1; the rest is left to others in the account.
    pub fn new(share: f64) -> Self {
        Self { share: share.clamp(0.01, 1.0), limiters: Mutex::default() }
    }

    /// The limiter of a bucket in an account and region.
    pub fn limiter(&self, scope: &Scope, bucket: Bucket) -> Arc<Limiter> {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        let limiter = limiters
            .entry((scope.clone(), bucket))
            .or_insert_with(|| Arc::new(Limiter::new(bucket.quota(), self.share)));
        Arc::clone(limiter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{AccountId, Region};

    fn scope(region: &str) -> Scope {
        Scope::new(AccountId::parse("111122223333").unwrap(), Region::parse(region).unwrap())
    }

    /// Makes calls one after the other, and says how many seconds they waited in all.
    fn wait_for(limiter: &Limiter, calls: u32, now: &mut Instant) -> f64 {
        let start = *now;
        for _ in 0..calls {
            *now += limiter.take(*now);
        }
        now.duration_since(start).as_secs_f64()
    }

    #[test]
    fn a_published_quota_is_used_by_half() {
        let limiter = Limits::default().limiter(&scope("eu-west-1"), Bucket::LambdaControl);
        // 7.5 at once, the other 74.5 at 7.5 a second.
        let seconds = wait_for(&limiter, 82, &mut Instant::now());
        assert!((9.9..10.1).contains(&seconds), "{seconds}");
    }

    #[test]
    fn callers_at_once_are_let_through_one_after_the_other() {
        let limiter = Limits::default().limiter(&scope("eu-west-1"), Bucket::LogsFilter);
        let now = Instant::now();
        let waits: Vec<f64> = (0..5).map(|_| limiter.take(now).as_secs_f64()).collect();
        assert!(waits.is_sorted() && waits[1] == 0.0 && waits[4] > 0.9, "{waits:?}");
    }

    #[tokio::test]
    async fn a_run_does_not_wait_for_what_is_collected() {
        let limiter = Limits::default().limiter(&scope("eu-west-1"), Bucket::Ecr);
        let collecting = futures::future::join_all((0..100).map(|_| limiter.turn(Turn::Last)));
        // All of them have asked once; five went through.
        assert!(futures::poll!(std::pin::pin!(collecting)).is_pending());
        assert!(limiter.take(Instant::now()).as_secs_f64() <= 1.0 / START);
    }

    #[tokio::test]
    async fn what_is_collected_goes_on_in_what_runs_leave() {
        let limiter = Limits::default().limiter(&scope("eu-west-1"), Bucket::Ecr);
        let now = Instant::now();
        for _ in 0..7 {
            limiter.take(now);
        }
        // Two are owed, and it needs one itself.
        let wait = limiter.take_one_left(now).unwrap();
        assert!((0.55..=0.6).contains(&wait.as_secs_f64()), "{wait:?}");
        assert_eq!(limiter.take_one_left(now + wait), None);
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
        let limiter = Limits::default().limiter(&scope("eu-west-1"), Bucket::Ecr);
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
    fn learning_stays_between_floor_and_ceiling() {
        let limiter = Limits::default().limiter(&scope("eu-west-1"), Bucket::Eks);
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
}

//! How fast Gantry may call AWS: one token bucket per account, region and quota bucket, at half of each published quota by default.
//! Where AWS publishes none, or far more than is needed, and whenever AWS throttles all the same, the rate is learnt: halved on a throttle,
//! grown slowly after. What runs call goes before what people look up, and that before what is collected. Those behind have
//! turns all the same, what is collected every fourth ([`Turn`]).

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
    LambdaGetPolicy "lambda-get-policy" Quota::Published(15.0, 15.0);
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

/// Who goes first where calls have to wait. One that waits goes once nobody does who goes before, or after three of those.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// What a run calls and reads: it gives up after a while, and is then taken back.
    Run,
    /// Somebody waits for it: a review, a log, a chart, what a page that is open shows.
    #[default]
    First,
    /// A call that collects.
    Last,
}

impl Turn {
    /// All of them, in the order in which they go.
    const ALL: [Turn; 3] = [Turn::Run, Turn::First, Turn::Last];
}

/// Calls that go before another may pass it so many times in a row.
const AHEAD: u32 = 3;
/// Sums of fractions: a token is one a little before it is.
const NEARLY: f64 = 1e-6;
/// How much of each published quota is used unless told otherwise.
pub const QUOTA_SHARE: f64 = 0.5;
/// Where learning begins, in requests per second.
const START: f64 = 5.0;
/// The fastest that is learnt.
const CEILING: f64 = 25.0;
/// The slowest a throttled bucket becomes, where its share is not slower.
const FLOOR: f64 = 0.2;
/// Growth per second of steady use, in requests per second.
const GROWTH: f64 = 0.1;
/// Throttles within this time after a halving belong to the same burst.
const SAME_BURST: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Level {
    tokens: f64,
    burst: f64,
    ceiling: f64,
    filled: Instant,
    rate: f64,
    halved: Option<Instant>,
    /// Calls that wait, by their turn.
    waiting: [usize; Turn::ALL.len()],
    /// By turn, the calls that passed those that wait since the last of them went.
    passed: [u32; Turn::ALL.len()],
}

impl Quota {
    /// Of this share of it: the requests at once, and the fastest rate.
    fn of(self, share: f64) -> (f64, f64) {
        match self {
            Quota::Published(burst, rate) => ((burst * share).max(1.0), rate * share),
            Quota::Learned => (START, CEILING),
        }
    }
}

impl Level {
    /// The slowest it becomes: never faster than its share of a quota.
    fn floor(&self) -> f64 {
        FLOOR.min(self.ceiling)
    }

    /// Whether the next token is for the others, of a call that waits for it.
    fn belongs_to_others(&self, turn: Turn) -> bool {
        let waits = |other: &Turn| *other == turn || self.waiting[*other as usize] > 0;
        let due = |other: &Turn| waits(other) && self.passed[*other as usize] >= AHEAD;
        let next = Turn::ALL.into_iter().rev().find(due).or_else(|| Turn::ALL.into_iter().find(waits));
        next != Some(turn)
    }

    /// A call of this turn went.
    fn went(&mut self, turn: Turn) {
        self.passed[turn as usize] = 0;
        for behind in Turn::ALL.into_iter().filter(|other| *other > turn) {
            let waits = self.waiting[behind as usize] > 0;
            self.passed[behind as usize] = if waits { self.passed[behind as usize] + 1 } else { 0 };
        }
    }
}

/// One token bucket. Callers of one [`Turn`] are let through in the order they came.
#[derive(Debug)]
pub struct Limiter {
    quota: Quota,
    level: Mutex<Level>,
    /// By turn: who holds it is the next of them.
    next: [tokio::sync::Mutex<()>; Turn::ALL.len()],
}

/// A call among those that wait, until it went or was given up.
struct Waiting<'a> {
    limiter: &'a Limiter,
    turn: Turn,
}

impl<'a> Waiting<'a> {
    fn new(limiter: &'a Limiter, turn: Turn) -> Self {
        limiter.level().waiting[turn as usize] += 1;
        Self { limiter, turn }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.limiter.level().waiting[self.turn as usize] -= 1;
    }
}

impl Limiter {
    fn new(quota: Quota, share: f64) -> Self {
        let (burst, ceiling) = quota.of(share);
        let rate = if quota == Quota::Learned { START } else { ceiling };
        let (tokens, filled) = (burst, Instant::now());
        let level = Level {
            tokens,
            burst,
            ceiling,
            filled,
            rate,
            halved: None,
            waiting: Default::default(),
            passed: Default::default(),
        };
        Self { quota, level: Mutex::new(level), next: Default::default() }
    }

    /// Another share of its quota from now on. What was learnt of throttles stays in proportion.
    fn divide(&self, share: f64) {
        let mut level = self.filled(Instant::now());
        let (burst, ceiling) = self.quota.of(share);
        level.rate = (level.rate * ceiling / level.ceiling).min(ceiling);
        (level.burst, level.ceiling) = (burst, ceiling);
        level.tokens = level.tokens.min(burst);
    }

    fn level(&self) -> MutexGuard<'_, Level> {
        // A panic while holding the lock cannot leave the numbers half-written.
        self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a token if there is one for this turn; else says when to ask again.
    fn take(&self, turn: Turn, now: Instant) -> Option<Duration> {
        let mut level = self.filled(now);
        let wanted = if level.belongs_to_others(turn) { 2.0 } else { 1.0 };
        if level.tokens < wanted - NEARLY {
            // With each token, not only with the second: whose turn it is may have changed by then.
            let next = if level.tokens < 1.0 - NEARLY { 1.0 } else { 2.0 };
            return Some(Duration::from_secs_f64((next - level.tokens) / level.rate));
        }
        level.tokens -= 1.0;
        level.went(turn);
        None
    }

    fn filled(&self, now: Instant) -> MutexGuard<'_, Level> {
        let mut level = self.level();
        let earned = now.duration_since(level.filled).as_secs_f64() * level.rate;
        level.tokens = (level.tokens + earned).min(level.burst);
        level.filled = now;
        level
    }

    /// Waits for a turn. Who gives up waiting takes nothing from the others.
    pub async fn turn(&self, turn: Turn) {
        let waiting = Waiting::new(self, turn);
        let next = self.next[turn as usize].lock().await;
        while let Some(wait) = self.take(turn, Instant::now()) {
            tokio::time::sleep(wait).await;
        }
        drop(waiting);
        drop(next);
    }

    /// The SDK tried once more by itself: that used a turn too.
    pub(crate) fn retried(&self) {
        self.filled(Instant::now()).tokens -= 1.0;
    }

    /// AWS throttled an attempt: half the speed, once per burst.
    pub(crate) fn throttled(&self) {
        self.throttled_at(Instant::now());
    }

    fn throttled_at(&self, now: Instant) {
        let mut level = self.level();
        if level.halved.is_none_or(|at| now.duration_since(at) >= SAME_BURST) {
            level.rate = (level.rate / 2.0).max(level.floor());
            level.halved = Some(now);
            level.tokens = level.tokens.min(0.0);
        }
    }

    /// A call went through: a little faster, up to the ceiling.
    pub(crate) fn went_through(&self) {
        let mut level = self.level();
        level.rate = (level.rate + GROWTH / level.rate).min(level.ceiling);
    }

    /// Requests per second at the moment.
    pub fn rate(&self) -> f64 {
        self.level().rate
    }

    fn is_learned(&self) -> bool {
        self.quota == Quota::Learned || self.level().halved.is_some()
    }
}

/// All limiters of this process.
#[derive(Debug)]
pub struct Limits {
    share: f64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    limiters: HashMap<(Scope, Bucket), Arc<Limiter>>,
    /// Between how many processes the share is divided, where there is more than one.
    servers: HashMap<Scope, u32>,
}

impl State {
    fn servers(&self, scope: &Scope) -> f64 {
        f64::from(self.servers.get(scope).copied().unwrap_or(1).max(1))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(QUOTA_SHARE)
    }
}

impl Limits {
    /// `share` of each published quota is used, more than 0 and at most 1; the rest is left to others in the account. Until [`Limits::divide`]
    /// says otherwise this process uses it alone.
    pub fn new(share: f64) -> Self {
        Self { share: share.clamp(0.01, 1.0), state: Mutex::default() }
    }

    /// Says how many processes call AWS in each account and region, this one among them: each has limiters of its own, and an equal part of
    /// the share. Where nothing is said, this one is alone.
    pub fn divide(&self, servers: HashMap<Scope, u32>) {
        let mut state = self.state();
        if state.servers == servers {
            return;
        }
        state.servers = servers;
        for ((scope, _), limiter) in &state.limiters {
            limiter.divide(self.share / state.servers(scope));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The limiter of a bucket in an account and region.
    pub fn limiter(&self, scope: &Scope, bucket: Bucket) -> Arc<Limiter> {
        let mut state = self.state();
        let share = self.share / state.servers(scope);
        let limiter = state.limiters.entry((scope.clone(), bucket));
        Arc::clone(limiter.or_insert_with(|| Arc::new(Limiter::new(bucket.quota(), share))))
    }

    /// Requests per second let through at the moment, of the buckets used so far whose rate is learnt: AWS publishes none, or has throttled.
    /// Ordered by scope and name.
    pub fn learned(&self) -> Vec<(Scope, Bucket, f64)> {
        let state = self.state();
        let learned = state.limiters.iter().filter(|(_, limiter)| limiter.is_learned());
        let mut rates: Vec<_> = learned.map(|((scope, bucket), l)| (scope.clone(), *bucket, l.rate())).collect();
        rates.sort_by(|a, b| (&a.0, a.1.name()).cmp(&(&b.0, b.1.name())));
        rates
    }
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;

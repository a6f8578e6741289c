//! One connection in one account and region, and the one way to call AWS from it: [`Caller::call`].

use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::config::interceptors::{BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef};
use aws_sdk_sts::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sts::error::{BoxError, ProvideErrorMetadata, SdkError};
use domain::resource::{Model, Observed, Sealed};
use domain::{Code, Problem, Region, ResourceKey, Scope};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};
use serde_json::Value;
use std::any::Any;
use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::clients::Clients;
use crate::counters::Counters;
use crate::limits::{Bucket, Limiter, Limits, Turn};
use crate::problem::{self, Asked};
use crate::sealing::Sealer;

type Answer = Result<Arc<dyn Any + Send + Sync>, Problem>;
type InFlight = Mutex<HashMap<String, WeakShared<BoxFuture<'static, Answer>>>>;

/// Says whether a call may still be sent.
pub type Permit = Arc<dyn Fn() -> bool + Send + Sync>;

/// What all callers of a process share.
#[derive(Default)]
pub(crate) struct Common {
    pub(crate) limits: Limits,
    pub(crate) counters: Counters,
    pub(crate) in_flight: InFlight,
}

/// One connection in one account and region. Cheap to clone.
#[derive(Clone)]
pub struct Caller {
    pub(crate) scope: Scope,
    pub(crate) clients: Arc<Clients>,
    pub(crate) common: Arc<Common>,
    pub(crate) sealer: Sealer,
    pub(crate) emulator: bool,
    pub(crate) turn: Turn,
    pub(crate) permit: Option<Permit>,
}

impl Caller {
    /// The same for collecting: its calls let those go first that somebody waits for.
    pub fn last(mut self) -> Self {
        self.turn = Turn::Last;
        self
    }

    /// The same, which asks before each request, after every wait, whether it may still be sent. What is refused was not sent.
    pub fn only_while(mut self, permit: Permit) -> Self {
        self.permit = Some(permit);
        self
    }

    /// The account and region it calls. The region is `global` for what has none.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The SDK clients of this connection and region.
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// The region requests are sent to: that of the scope, or the connection's first for `global`.
    pub fn region(&self) -> &Region {
        &self.clients.region
    }

    /// In place of a secret.
    pub fn seal(&self, value: &str) -> Sealed {
        self.sealer.seal(value)
    }

    /// What a collector delivers: a model in this scope. That its id is one nothing can be kept under is seen by [`crate::collect`].
    pub fn observed<M: Model>(&self, model: &M) -> Result<Observed, Problem> {
        Observed::new(&self.scope, model)
    }

    /// The same for a document as AWS wrote it.
    pub fn observed_raw<M: Model>(&self, doc: Value) -> Result<Observed, Problem> {
        let model: M = serde::Deserialize::deserialize(&doc).map_err(|why: serde_json::Error| {
            let what = M::KIND.singular();
            Problem::new(
                Code::AwsRejected,
                "The answer could not be read",
                format!("AWS described a {what} in a way Gantry cannot read: {why}."),
            )
        })?;
        Ok(Observed { key: ResourceKey { kind: M::KIND, scope: self.scope.clone(), id: model.id() }, doc })
    }

    /// Makes one call: waits for its turn in the bucket, sends, counts, and turns an error into a [`Problem`].
    ///
    /// `operation` is the IAM action such as `ecs:ListServices`; `resource` is what it is asked on, for the message.
    pub async fn call<T, E>(
        &self,
        bucket: Bucket,
        operation: &'static str,
        resource: Option<&str>,
        future: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Problem>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.watched(bucket, operation, resource, None, future).await
    }

    /// The same for services that answer in JSON: the answer as AWS wrote it beside the typed one, so that documents keep
    /// every field, also those this SDK does not know yet.
    pub async fn call_raw<T, E>(
        &self,
        bucket: Bucket,
        operation: &'static str,
        resource: Option<&str>,
        future: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<(T, Value), Problem>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let body = Arc::new(Mutex::new(Vec::new()));
        let answer = self.watched(bucket, operation, resource, Some(Arc::clone(&body)), future).await?;
        let body = std::mem::take(&mut *body.lock().unwrap_or_else(PoisonError::into_inner));
        let raw = serde_json::from_slice(&body).map_err(|error| {
            tracing::warn!(operation, %error, "an answer is not JSON");
            let mut problem = Problem::new(
                Code::AwsRejected,
                "The answer could not be read",
                format!("{operation} was answered with something that is not JSON."),
            );
            problem.operation = Some(operation.to_owned());
            problem
        })?;
        Ok((answer, raw))
    }

    async fn watched<T, E>(
        &self,
        bucket: Bucket,
        operation: &'static str,
        resource: Option<&str>,
        body: Option<Arc<Mutex<Vec<u8>>>>,
        future: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Problem>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let limiter = self.common.limits.limiter(&self.scope, bucket);
        limiter.turn(self.turn).await;
        let began = Instant::now();
        let meter = Meter {
            operation,
            scope: self.scope.clone(),
            common: Arc::clone(&self.common),
            limiter: Arc::clone(&limiter),
            attempts: Mutex::new(0),
            body,
            permit: self.permit.clone(),
        };
        // The futures of the SDK are large: boxed, they do not blow up every collector's own.
        let result = METER.scope(Arc::new(meter), Box::pin(future)).await;
        let took = began.elapsed();
        self.common.counters.call(operation, &self.scope, took, result.is_err());
        match result {
            Ok(answer) => {
                limiter.went_through();
                tracing::trace!(operation, scope = %self.scope, ms = took.as_millis(), "aws call");
                Ok(answer)
            }
            Err(error) => {
                let asked = Asked { operation, resource, region: Some(&self.scope.region), emulator: self.emulator };
                let problem = problem::from_sdk(&error, asked);
                tracing::debug!(operation, scope = %self.scope, ms = took.as_millis(), error = %problem, "aws call failed");
                Err(problem)
            }
        }
    }

    /// Makes one request that no client of the SDK makes: in its turn, counted, and more slowly after an answer with status 429.
    pub(crate) async fn plain<T>(
        &self,
        bucket: Bucket,
        operation: &'static str,
        ask: impl Future<Output = Result<(u16, T), Problem>>,
    ) -> Result<(u16, T), Problem> {
        let limiter = self.common.limits.limiter(&self.scope, bucket);
        limiter.turn(self.turn).await;
        let began = Instant::now();
        let result = ask.await;
        let throttled = matches!(&result, Ok((429, _)));
        let failed = !matches!(&result, Ok((200..=299, _)));
        self.common.counters.attempt(operation, &self.scope, throttled);
        self.common.counters.call(operation, &self.scope, began.elapsed(), failed);
        match &result {
            Ok(_) if throttled => limiter.throttled(),
            Ok(_) => limiter.went_through(),
            Err(problem) => tracing::debug!(operation, scope = %self.scope, error = %problem, "a request failed"),
        }
        result
    }

    /// The answer of an identical call that is in flight, or that of `make`. For live reads, which many pages may ask for at once.
    ///
    /// `input` distinguishes calls of one operation; scope and operation are part of the key already.
    pub async fn shared<T, F>(
        &self,
        operation: &'static str,
        input: &str,
        make: impl FnOnce(Caller) -> F,
    ) -> Result<Arc<T>, Problem>
    where
        T: Any + Send + Sync,
        F: Future<Output = Result<T, Problem>> + Send + 'static,
    {
        let key = format!("{operation} {} {input}", self.scope);
        let future: Shared<BoxFuture<'static, Answer>> = {
            let mut in_flight = self.common.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
            in_flight.retain(|_, call| call.upgrade().is_some_and(|c| c.peek().is_none()));
            match in_flight.get(&key).and_then(WeakShared::upgrade) {
                Some(call) => call,
                None => {
                    let made = make(self.clone());
                    let call = async move { made.await.map(|t| Arc::new(t) as Arc<dyn Any + Send + Sync>) };
                    let call = call.boxed().shared();
                    if let Some(weak) = call.downgrade() {
                        in_flight.insert(key, weak);
                    }
                    call
                }
            }
        };
        let answer = future.await?;
        // One operation always answers with one type; anything else is a fault of the caller.
        answer.downcast::<T>().map_err(|_| Problem::internal(format!("shared-{operation}")))
    }
}

/// `None` when AWS says that it does not exist.
pub fn absent<T>(result: Result<T, Problem>) -> Result<Option<T>, Problem> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(problem) if problem.code == Code::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// The tokens of a list's pages: goes on until AWS gives none, and refuses one it has just given.
///
/// ```text
/// let mut pages = Pages::new("ecs:ListClusters");
/// while let Some(token) = pages.next() {
///     let page = caller.call(…, caller.clients().ecs().list_clusters().set_next_token(token).send()).await?;
///     …
///     pages.then(page.next_token)?;
/// }
/// ```
#[derive(Debug)]
pub struct Pages {
    operation: &'static str,
    next: Option<Option<String>>,
    last: Option<String>,
}

impl Pages {
    /// Before the first page.
    pub fn new(operation: &'static str) -> Self {
        Self { operation, next: Some(None), last: None }
    }
    /// The token to ask the next page with: `Some(None)` for the first, `None` after the last.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<Option<String>> {
        self.next.take()
    }
    /// The token AWS gave with a page.
    pub fn then(&mut self, token: Option<String>) -> Result<(), Problem> {
        let Some(token) = token.filter(|t| !t.is_empty()) else { return Ok(()) };
        if self.last.as_ref() == Some(&token) {
            let mut problem = Problem::new(
                Code::AwsRejected,
                "A list without an end",
                format!("{} gives the same next page again and again.", self.operation),
            );
            problem.operation = Some(self.operation.to_owned());
            return Err(problem);
        }
        self.last = Some(token.clone());
        self.next = Some(Some(token));
        Ok(())
    }
}

tokio::task_local! {
    static METER: Arc<Meter>;
}

/// Watches the attempts of the call that runs in this task.
struct Meter {
    operation: &'static str,
    scope: Scope,
    common: Arc<Common>,
    limiter: Arc<Limiter>,
    attempts: Mutex<u32>,
    /// Where the body of the last answer goes, when somebody wants it.
    body: Option<Arc<Mutex<Vec<u8>>>>,
    permit: Option<Permit>,
}

/// Added to every client: tells the [`Meter`] of the running call about each attempt, also those the SDK repeats by itself.
#[derive(Debug)]
pub(crate) struct Watch;

impl Intercept for Watch {
    fn name(&self) -> &'static str {
        "gantry"
    }
    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if METER.try_with(|meter| meter.permit.as_ref().is_some_and(|may| !may())).unwrap_or(false) {
            return Err("it may no longer be sent".into());
        }
        let _ = METER.try_with(|meter| {
            let mut attempts = meter.attempts.lock().unwrap_or_else(PoisonError::into_inner);
            *attempts += 1;
            if *attempts > 1 {
                meter.limiter.retried();
            }
        });
        Ok(())
    }
    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let _ = METER.try_with(|meter| {
            let throttled = context.response().is_some_and(|response| throttled(response, meter.operation));
            meter.common.counters.attempt(meter.operation, &meter.scope, throttled);
            if throttled {
                meter.limiter.throttled();
            }
            if let (Some(keep), Some(bytes)) = (&meter.body, context.response().and_then(|r| r.body().bytes())) {
                *keep.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
            }
        });
        Ok(())
    }
}

/// Throttling is 429 in some services, 400 or 503 with a code in the others.
fn throttled(response: &HttpResponse, operation: &str) -> bool {
    let status = response.status().as_u16();
    if status == 429 {
        return true;
    }
    if status != 400 && status != 503 {
        return false;
    }
    let header = response.headers().get("x-amzn-errortype").unwrap_or_default();
    let body = response.body().bytes().map(|b| String::from_utf8_lossy(&b[..b.len().min(1000)])).unwrap_or_default();
    problem::throttling_codes(operation).any(|code| header.starts_with(code) || body.contains(code))
}

#[cfg(test)]
#[path = "call_tests.rs"]
mod tests;

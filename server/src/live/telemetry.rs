//! Log events and metrics of one resource, read from AWS when asked for ([`domain::services::Telemetry`]).

use async_trait::async_trait;
use domain::ecs::load::{Measured, ServiceLoads};
use domain::policy::{Actor, Permission, decide};
use domain::services::{Failing, FleetMetrics, Telemetry};
use domain::stream::{CHART_LENGTHS, LogPage, Series};
use domain::{AccountId, Code, Kind, Millis, Problem, Region, ResourceKey, Scope};
use futures::StreamExt;
use gantry_aws::{Connections, LogEvents};
use gantry_store::Store;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::failing;
use super::follow::Source;
use super::loads::Loads;
use super::places::{self, Place};
use super::totals::{self, Kept};
use crate::clock::now;
use crate::http::observe::LONGEST;

type Result<T> = std::result::Result<T, Problem>;

/// Events of one answer.
const EVENTS: usize = 200;
/// Events of a followed log read at once. What is older then is not even counted.
const FOLLOWED: usize = 5_000;
/// How far back a log is searched for events, in milliseconds: two weeks.
const REACH: i64 = 14 * 86_400_000;
/// How long an answer's log is searched: the page that AWS is asked for then has the rest of the request's time.
const SEARCH: Duration = LONGEST.saturating_sub(Duration::from_secs(10));
/// The longest filter pattern, in characters.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>
const LONGEST_FILTER: usize = 1_024;
/// Places asked at once for the fleet's charts.
const FLEET_AT_ONCE: usize = 8;
/// CloudWatch has a new point each minute.
const TOTALS_KEPT: Duration = Duration::from_secs(50);
/// Asking function by function costs money at AWS: once in five minutes is enough.
const FAILING_KEPT: Duration = Duration::from_secs(300);
/// Functions of one place that are asked one by one.
const MOST_ASKED: usize = 1_000;
/// Failing functions named.
const MOST_FAILING: usize = 20;

/// What is looked for in a log.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    /// A filter pattern; empty for all events.
    filter: &'a str,
    start: Millis,
    end: Millis,
    limit: usize,
    /// When to stop searching; without one it goes on to the end.
    until: Option<Instant>,
}

/// Reads logs and metrics through the connections; what belongs to which log is known from the store.
pub struct AwsTelemetry {
    connections: Connections,
    store: Store,
    totals: Mutex<Kept<Vec<Series>>>,
    failing: Mutex<Kept<Vec<Failing>>>,
    loads: Loads,
}

impl AwsTelemetry {
    /// Over these.
    pub fn new(connections: Connections, store: Store) -> Self {
        let (totals, failing) = (Kept::for_each(TOTALS_KEPT), Kept::for_each(FAILING_KEPT));
        Self { connections, store, totals: Mutex::new(totals), failing: Mutex::new(failing), loads: Loads::default() }
    }

    /// The latest events of these places together, oldest first; `None` when none of their groups is there.
    async fn read(&self, key: &ResourceKey, places: &[Place], wanted: Wanted<'_>) -> Result<Option<LogEvents>> {
        let Wanted { filter, start, end, limit, until } = wanted;
        let each = places.iter().map(async |place| {
            let caller = self.connections.caller(&Scope::new(key.scope.account.clone(), place.region.clone())).await?;
            let input = format!("{:?}", (&place.group, &place.streams, &place.of, filter, start, end, limit));
            let (place, filter) = (place.clone(), filter.to_owned());
            let make = move |caller: gantry_aws::Caller| async move {
                let log =
                    gantry_aws::Log { group: &place.group, streams: &place.streams, of: &place.of, filter: &filter };
                let left = || until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
                gantry_aws::log_events(&caller, log, start, end, limit, left).await
            };
            // Ten pages that open at once ask once.
            caller.shared("logs:FilterLogEvents", &input, make).await
        });
        // A group appears with its first line: one that is not there yet must not hide the others.
        let mut read: Vec<Arc<LogEvents>> = vec![];
        let mut absent: Option<Problem> = None;
        for answer in futures::future::join_all(each).await {
            match answer {
                Ok(some) => read.push(some),
                Err(problem) if problem.code == Code::NotFound => absent = Some(problem),
                Err(problem) => return Err(problem),
            }
        }
        match absent {
            Some(problem) if read.is_empty() && is_of_aws(&problem) => Ok(None),
            Some(problem) if read.is_empty() => Err(problem),
            _ => Ok(Some(LogEvents::together(&read, limit))),
        }
    }

    /// The totals of all functions of a place: asked at most once a minute, as CloudWatch has new numbers then; none where no function is.
    async fn totals(&self, scope: &Scope, minutes: u32) -> Result<Arc<Vec<Series>>> {
        if let Some(kept) = lock(&self.totals).fresh(scope, minutes) {
            return Ok(kept);
        }
        if self.store.known(scope, Kind::Function).await?.is_empty() {
            return Ok(Arc::default());
        }
        let caller = self.connections.caller(scope).await?;
        let make =
            move |caller: gantry_aws::Caller| async move { gantry_aws::function_totals(&caller, minutes, now()).await };
        let series = caller.shared("cloudwatch:GetMetricData", &format!("functions {minutes}"), make).await?;
        lock(&self.totals).keep(scope, minutes, series.clone());
        Ok(series)
    }

    /// The functions of a place that failed; `None` when there are too many to ask.
    async fn failing(&self, scope: &Scope, minutes: u32) -> Result<Option<Arc<Vec<Failing>>>> {
        if let Some(kept) = lock(&self.failing).fresh(scope, minutes) {
            return Ok(Some(kept));
        }
        let mut names: Vec<String> = self.store.known(scope, Kind::Function).await?.into_iter().collect();
        if names.len() > MOST_ASKED {
            return Ok(None);
        }
        names.sort();
        let place = scope.clone();
        let make = move |caller: gantry_aws::Caller| async move {
            let at = now();
            let failures = gantry_aws::failures(&caller, &names, minutes, at).await?;
            let failing = failures.into_iter().take(MOST_FAILING).map(|f| {
                let key = ResourceKey { kind: Kind::Function, scope: place.clone(), id: f.function };
                Failing { key, errors: f.errors as i64, invocations: f.invocations as i64, at }
            });
            Ok(failing.collect::<Vec<_>>())
        };
        let caller = self.connections.caller(scope).await?;
        let failing = caller.shared("cloudwatch:GetMetricData", &format!("failing {minutes}"), make).await?;
        lock(&self.failing).keep(scope, minutes, failing.clone());
        Ok(Some(failing))
    }

    /// The charts of a place, and what failed there if anything did.
    async fn place(&self, scope: &Scope, minutes: u32) -> Result<(Arc<Vec<Series>>, Option<Arc<Vec<Failing>>>)> {
        let series = self.totals(scope, minutes).await?;
        let failed = series.iter().any(|s| s.name == "errors" && s.points.iter().any(|(_, errors)| *errors > 0.0));
        let failing = if failed { self.failing(scope, minutes).await? } else { Some(Arc::default()) };
        Ok((series, failing))
    }
}

pub(super) fn lock<T>(kept: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// AWS says that something does not exist, not Gantry that no connection leads there.
fn is_of_aws(problem: &Problem) -> bool {
    problem.operation.is_some()
}

/// Minutes of a chart, if they are among those offered.
fn chart_length(minutes: u32) -> Result<u32> {
    if CHART_LENGTHS.contains(&minutes) {
        return Ok(minutes);
    }
    let offered = CHART_LENGTHS.map(|minutes| minutes.to_string()).join(", ");
    Err(Problem::invalid("minutes", format!("Charts cover one of these numbers of minutes: {offered}.")))
}

/// The end of the second: what is asked until then is the same for all who ask within it.
fn whole_second(now: Millis) -> Millis {
    Millis(now.0 + (-now.0).rem_euclid(1000))
}

#[async_trait]
impl Telemetry for AwsTelemetry {
    async fn log(&self, actor: &Actor, key: &ResourceKey, filter: &str, before: Option<Millis>) -> Result<LogPage> {
        decide(actor, Permission::ReadTelemetry)?;
        if filter.chars().count() > LONGEST_FILTER {
            return Err(Problem::invalid(
                "filter",
                format!("A filter pattern has at most {LONGEST_FILTER} characters."),
            ));
        }
        let until = Instant::now() + SEARCH;
        let places = places::of(&self.store, key).await?;
        let now = now();
        let end = before.map_or(whole_second(now), |before| Millis(before.0.min(now.0).saturating_sub(1)));
        let start = Millis(end.0.saturating_sub(REACH));
        let wanted = Wanted { filter, start, end, limit: EVENTS, until: Some(until) };
        let read = self.read(key, &places, wanted).await?;
        let groups: BTreeSet<&str> = places.iter().map(|place| place.group.as_str()).collect();
        let group = groups.into_iter().collect::<Vec<_>>().join(", ");
        let absent = read.is_none();
        let LogEvents { events, searched, .. } = read.unwrap_or_default();
        Ok(LogPage { events, group, absent, searched, now })
    }

    async fn metrics(&self, actor: &Actor, key: &ResourceKey, minutes: u32) -> Result<Vec<Series>> {
        decide(actor, Permission::ReadTelemetry)?;
        let minutes = chart_length(minutes)?;
        let caller = self.connections.caller(&key.scope).await?;
        let (wanted, at) = (key.clone(), now());
        let make =
            move |caller: gantry_aws::Caller| async move { gantry_aws::metrics(&caller, &wanted, minutes, at).await };
        // Ten open pages ask once.
        let series = caller.shared("cloudwatch:GetMetricData", &format!("{key} {minutes}"), make).await?;
        if key.kind == Kind::Function {
            let counted = failing::count(key, &series, at);
            lock(&self.failing).amend(&key.scope, minutes, |all| failing::renew(all, counted));
        }
        Ok(series.as_ref().clone())
    }

    async fn fleet_metrics(
        &self,
        actor: &Actor,
        accounts: &[AccountId],
        regions: &[Region],
        minutes: u32,
    ) -> Result<FleetMetrics> {
        decide(actor, Permission::ReadTelemetry)?;
        let minutes = chart_length(minutes)?;
        let wanted = |scope: &Scope| {
            (accounts.is_empty() || accounts.contains(&scope.account))
                && (regions.is_empty() || regions.contains(&scope.region))
        };
        let scopes: Vec<Scope> = self
            .connections
            .configs()
            .flat_map(|c| c.regions.iter().map(|region| Scope::new(c.account.clone(), region.clone())))
            .filter(wanted)
            .collect();
        let answers = futures::stream::iter(scopes)
            .map(async |scope| {
                let loads = self.loads.read(&self.connections, &self.store, &scope, minutes);
                let (place, loads) = futures::future::join(self.place(&scope, minutes), loads).await;
                (place, loads, scope)
            })
            .buffered(FLEET_AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        let mut fleet = FleetMetrics::default();
        let (mut all, mut measured, mut too_many) = (vec![], vec![], vec![]);
        for (answer, loads, scope) in answers {
            match loads {
                Ok(Some(loads)) => measured.push(loads),
                Ok(None) => too_many.push(scope.clone()),
                // A place that answers neither is named once for each reason.
                Err(problem) if answer.as_ref().is_err_and(|other| other.code == problem.code) => {}
                Err(problem) => fleet.missing.push((scope.clone(), problem)),
            }
            match answer {
                Ok((series, failing)) => {
                    all.push(series);
                    match failing {
                        Some(failing) => fleet.failing.extend(failing.iter().cloned()),
                        None => fleet.too_many.push(scope),
                    }
                }
                Err(problem) => fleet.missing.push((scope, problem)),
            }
        }
        fleet.failing.sort_by(|a, b| b.errors.cmp(&a.errors).then_with(|| a.key.cmp(&b.key)));
        fleet.failing.truncate(MOST_FAILING);
        let measured: Vec<&Measured> = measured.iter().flat_map(|place| place.iter()).collect();
        let services = ServiceLoads::of(&measured, too_many);
        Ok(FleetMetrics { series: totals::add(&all), services, ..fleet })
    }
}

#[async_trait]
impl Source for AwsTelemetry {
    async fn since(&self, key: &ResourceKey, since: Millis) -> Result<LogEvents> {
        let places = places::of(&self.store, key).await?;
        // A group that appears with its first line is waited for.
        let wanted = Wanted { filter: "", start: since, end: now(), limit: FOLLOWED, until: None };
        Ok(self.read(key, &places, wanted).await?.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_who_ask_within_a_second_ask_until_its_end() {
        let ends = [1, 500, 999, 1000, 1001].map(|now| whole_second(Millis(now)).0);
        assert_eq!(ends, [1000, 1000, 1000, 1000, 2000]);
    }

    #[test]
    fn a_chart_of_another_length_than_those_offered_is_refused() {
        let taken: Vec<u32> = (0..100_000).filter(|minutes| chart_length(*minutes).is_ok()).collect();
        assert_eq!(taken, CHART_LENGTHS);
        let refused = chart_length(61).unwrap_err();
        assert_eq!(refused.field.as_deref(), Some("minutes"));
        assert!(refused.message.contains("60, 360, 1440, 10080, 43200"), "{}", refused.message);
    }
}

//! CloudWatch metrics: the charts of a function, of a service, of all functions of an account in a region, and of many services.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy};
use domain::ecs::load::Measured;
use domain::stream::Series;
use domain::{Kind, Millis, Problem, ResourceKey};

use crate::{Bucket, Caller, Pages};

const GET: &str = "cloudwatch:GetMetricData";

/// Queries of one call, at most. <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>
const QUERIES: usize = 500;

/// One line of a chart: its name and unit for people, AWS's metric and statistic.
struct Line(&'static str, &'static str, &'static str, &'static str);

/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>
const FUNCTION: &[Line] = &[
    Line("invocations", "count", "Invocations", "Sum"),
    Line("errors", "count", "Errors", "Sum"),
    Line("throttles", "count", "Throttles", "Sum"),
    Line("duration avg", "ms", "Duration", "Average"),
    Line("duration p95", "ms", "Duration", "p95"),
];
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html>
const SERVICE: &[Line] =
    &[Line("CPU", "%", "CPUUtilization", "Average"), Line("memory", "%", "MemoryUtilization", "Average")];

/// Of all functions together: Lambda publishes these without a dimension, too. Durations as sums, so that regions can be added up.
const FUNCTIONS: &[Line] = &[
    Line("invocations", "count", "Invocations", "Sum"),
    Line("errors", "count", "Errors", "Sum"),
    Line("throttles", "count", "Throttles", "Sum"),
    Line("duration", "ms", "Duration", "Sum"),
];

/// Seconds a point stands for: a few hundred points a chart.
fn period(minutes: u32) -> i32 {
    match minutes {
        0..=360 => 60,
        361..=1440 => 300,
        1441..=10_080 => 3600,
        _ => 21_600,
    }
}

/// The charts of a function or an ECS service over the `minutes` before `now`. A series without points has nothing to show.
///
/// Invalid for other kinds.
pub async fn metrics(caller: &Caller, key: &ResourceKey, minutes: u32, now: Millis) -> Result<Vec<Series>, Problem> {
    let (namespace, lines, dimensions) = match (key.kind, key.id.split_once('/')) {
        (Kind::Function, _) => ("AWS/Lambda", FUNCTION, vec![("FunctionName", key.id.as_str())]),
        (Kind::Service, Some((cluster, service))) => {
            ("AWS/ECS", SERVICE, vec![("ClusterName", cluster), ("ServiceName", service)])
        }
        _ => return Err(Problem::invalid("key", format!("AWS has no charts of a {}.", key.kind.singular()))),
    };
    read(caller, namespace, lines, &dimensions, minutes, now).await
}

/// Invocations, errors, throttles and the summed duration of all functions of the caller's account and region.
pub async fn function_totals(caller: &Caller, minutes: u32, now: Millis) -> Result<Vec<Series>, Problem> {
    read(caller, "AWS/Lambda", FUNCTIONS, &[], minutes, now).await
}

/// CPU and memory of each of these services over the `minutes` before `now`. Asks for two metrics per service: AWS bills
/// metrics, not calls. <https://aws.amazon.com/cloudwatch/pricing/>
pub async fn service_loads(
    caller: &Caller,
    services: &[ResourceKey],
    minutes: u32,
    now: Millis,
) -> Result<Vec<Measured>, Problem> {
    let named: Vec<(&ResourceKey, &str, &str)> = services
        .iter()
        .filter_map(|key| key.id.split_once('/').map(|(cluster, service)| (key, cluster, service)))
        .collect();
    let mut measured = vec![];
    for some in named.chunks(QUERIES / SERVICE.len()) {
        let mut queries = vec![];
        for &(_, cluster, service) in some {
            let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
            let dimensions = [dimension("ClusterName", cluster), dimension("ServiceName", service)];
            for Line(_, _, metric, statistic) in SERVICE {
                queries.push(query(queries.len(), "AWS/ECS", metric, &dimensions, period(minutes), statistic));
            }
        }
        // In the order of `SERVICE`: CPU, then memory.
        let mut points = data(caller, queries, window(minutes, now)).await?.into_iter();
        for (key, ..) in some {
            let (cpu, memory) = (points.next().unwrap_or_default(), points.next().unwrap_or_default());
            measured.push(Measured { key: (*key).clone(), cpu, memory });
        }
    }
    Ok(measured)
}

/// Functions that failed.
pub struct Failures {
    /// Name of the function.
    pub function: String,
    /// Calls that ended with an error.
    pub errors: f64,
    /// All calls.
    pub invocations: f64,
}

/// Which of these functions failed in the `minutes` before `now`, most errors first; counted as the lines of [`metrics`] add up. Asks for
/// one metric per function, and one more for each that failed: AWS bills metrics, not calls. <https://aws.amazon.com/cloudwatch/pricing/>
pub async fn failures(
    caller: &Caller,
    functions: &[String],
    minutes: u32,
    now: Millis,
) -> Result<Vec<Failures>, Problem> {
    let errors = sums(caller, "Errors", functions, minutes, now).await?;
    let failing: Vec<(String, f64)> =
        functions.iter().cloned().zip(errors).filter(|(_, errors)| *errors > 0.0).collect();
    let names: Vec<String> = failing.iter().map(|(name, _)| name.clone()).collect();
    let invocations = sums(caller, "Invocations", &names, minutes, now).await?;
    let mut failures: Vec<Failures> = failing
        .into_iter()
        .zip(invocations)
        .map(|((function, errors), invocations)| Failures { function, errors, invocations })
        .collect();
    failures.sort_by(|a, b| b.errors.total_cmp(&a.errors).then_with(|| a.function.cmp(&b.function)));
    Ok(failures)
}

/// The sum of a metric for each of these functions.
async fn sums(
    caller: &Caller,
    metric: &str,
    functions: &[String],
    minutes: u32,
    now: Millis,
) -> Result<Vec<f64>, Problem> {
    let mut sums = vec![];
    for names in functions.chunks(QUERIES) {
        let queries = names.iter().enumerate().map(|(n, name)| {
            let dimension = Dimension::builder().name("FunctionName").value(name).build();
            query(n, "AWS/Lambda", metric, &[dimension], period(minutes), "Sum")
        });
        let points = data(caller, queries.collect(), window(minutes, now)).await?;
        sums.extend(points.iter().map(|line| line.iter().map(|(_, value)| value).sum::<f64>()));
    }
    Ok(sums)
}

fn query(
    n: usize,
    namespace: &str,
    metric: &str,
    dimensions: &[Dimension],
    period: i32,
    statistic: &str,
) -> MetricDataQuery {
    let metric = Metric::builder().namespace(namespace).metric_name(metric);
    let metric = metric.set_dimensions(Some(dimensions.to_vec())).build();
    let stat = MetricStat::builder().metric(metric).period(period).stat(statistic).build();
    MetricDataQuery::builder().id(format!("m{n}")).metric_stat(stat).build()
}

/// From when to when, in whole periods: otherwise the first and last point would cover a part of one only. The same for all that is asked
/// of so many minutes, so that figures that are shown in several places are of the same calls.
fn window(minutes: u32, now: Millis) -> (DateTime, DateTime) {
    let step = i64::from(period(minutes)) * 1000;
    let end = now.0 - now.0.rem_euclid(step) + step;
    (DateTime::from_millis(end - i64::from(minutes) * 60_000), DateTime::from_millis(end))
}

async fn read(
    caller: &Caller,
    namespace: &str,
    lines: &[Line],
    dimensions: &[(&str, &str)],
    minutes: u32,
    now: Millis,
) -> Result<Vec<Series>, Problem> {
    let dimensions: Vec<Dimension> =
        dimensions.iter().map(|(name, value)| Dimension::builder().name(*name).value(*value).build()).collect();
    let queries = lines
        .iter()
        .enumerate()
        .map(|(n, Line(_, _, metric, statistic))| query(n, namespace, metric, &dimensions, period(minutes), statistic));
    let points = data(caller, queries.collect(), window(minutes, now)).await?;
    let named = lines.iter().zip(points);
    Ok(named
        .map(|(Line(name, unit, ..), points)| Series { name: (*name).into(), unit: (*unit).into(), points })
        .collect())
}

/// The points of each query, in order of time. Their ids are `m` and their number.
async fn data(
    caller: &Caller,
    queries: Vec<MetricDataQuery>,
    (start, end): (DateTime, DateTime),
) -> Result<Vec<Vec<(Millis, f64)>>, Problem> {
    let mut lines = vec![vec![]; queries.len()];
    let mut pages = Pages::new(GET);
    while let Some(token) = pages.next() {
        let request = caller
            .clients()
            .cloudwatch()
            .get_metric_data()
            .set_metric_data_queries(Some(queries.clone()))
            .start_time(start)
            .end_time(end)
            .scan_by(ScanBy::TimestampAscending)
            .set_next_token(token);
        let page = caller.call(Bucket::CloudWatch, GET, None, request.send()).await?;
        for result in page.metric_data_results.unwrap_or_default() {
            let line = result.id.as_deref().and_then(|id| id.strip_prefix('m')?.parse::<usize>().ok());
            let Some(line) = line.and_then(|n| lines.get_mut(n)) else { continue };
            let times = result.timestamps.unwrap_or_default();
            let points = times.iter().zip(result.values.unwrap_or_default());
            line.extend(points.filter_map(|(at, value)| Some((Millis(at.to_millis().ok()?), value))));
        }
        pages.then(page.next_token)?;
    }
    for line in &mut lines {
        line.sort_by_key(|(at, _)| *at);
    }
    Ok(lines)
}

//! CloudWatch metrics: the charts of a function, of a service, and of all functions of an account in a region.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy};
use domain::stream::Series;
use domain::{Kind, Millis, Problem, ResourceKey};

use crate::{Bucket, Caller, Pages};

const GET: &str = "cloudwatch:GetMetricData";

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
    let step = i64::from(period(minutes)) * 1000;
    // Whole periods: otherwise the first and last point would cover a part of one only.
    let end = now.0 - now.0.rem_euclid(step) + step;
    let start = end - i64::from(minutes) * 60_000;
    let queries: Vec<MetricDataQuery> = lines
        .iter()
        .enumerate()
        .map(|(n, Line(_, _, metric, statistic))| {
            let metric = Metric::builder().namespace(namespace).metric_name(*metric);
            let metric = metric.set_dimensions(Some(dimensions.clone())).build();
            let stat = MetricStat::builder().metric(metric).period(period(minutes)).stat(*statistic).build();
            MetricDataQuery::builder().id(format!("m{n}")).metric_stat(stat).build()
        })
        .collect();
    let mut series: Vec<Series> = lines
        .iter()
        .map(|Line(name, unit, ..)| Series { name: (*name).into(), unit: (*unit).into(), points: vec![] })
        .collect();
    let mut pages = Pages::new(GET);
    while let Some(token) = pages.next() {
        let request = caller
            .clients()
            .cloudwatch()
            .get_metric_data()
            .set_metric_data_queries(Some(queries.clone()))
            .start_time(DateTime::from_millis(start))
            .end_time(DateTime::from_millis(end))
            .scan_by(ScanBy::TimestampAscending)
            .set_next_token(token);
        let page = caller.call(Bucket::CloudWatch, GET, None, request.send()).await?;
        for result in page.metric_data_results.unwrap_or_default() {
            let line = result.id.as_deref().and_then(|id| id.strip_prefix('m')?.parse::<usize>().ok());
            let Some(line) = line.and_then(|n| series.get_mut(n)) else { continue };
            let times = result.timestamps.unwrap_or_default();
            let points = times.iter().zip(result.values.unwrap_or_default());
            line.points.extend(points.filter_map(|(at, value)| Some((Millis(at.to_millis().ok()?), value))));
        }
        pages.then(page.next_token)?;
    }
    for line in &mut series {
        line.points.sort_by_key(|(at, _)| *at);
    }
    Ok(series)
}

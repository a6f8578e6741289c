//! How the process is watched: its log on standard error, its metrics on a listener of their own.

use axum::Router;
use axum::routing::get;
use domain::listing::Freshness;
use domain::{Code, Kind, Problem, Scope};
use gantry_aws::Connections;
use gantry_aws::counters::Tally;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::clock::now;
use crate::inventory::Memory;
use crate::sync;

/// Seconds between which requests are counted.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Starts logging to standard error: as text, or as one JSON object per line. `RUST_LOG` chooses what.
pub fn log(json: bool) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,aws=warn,hyper=warn"));
    let builder =
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter).with_span_events(FmtSpan::NONE);
    // A second call, as in tests, keeps the first.
    let _ = if json { builder.json().flatten_event(true).try_init() } else { builder.with_target(false).try_init() };
}

/// Starts counting; call once per process.
///
/// # Errors
/// [`Code::Internal`] when something in the process already counts.
pub fn count() -> Result<PrometheusHandle, Problem> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("gantry_http_request_seconds".to_owned()), &BUCKETS)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|e| Problem::new(Code::Internal, "Metrics cannot be counted", e.to_string()))
}

/// Listens for Prometheus on its own address: `/metrics`, nothing else. `aws` are the calls to AWS, `memory` knows how collecting goes. Answers
/// with the address, whose port may have been left open.
///
/// # Errors
/// [`Code::Invalid`] when the address is taken.
pub async fn listen(
    at: SocketAddr,
    handle: PrometheusHandle,
    aws: Connections,
    memory: Arc<Memory>,
) -> Result<SocketAddr, Problem> {
    let refused = |e: std::io::Error| {
        Problem::invalid("GANTRY_METRICS_LISTEN", format!("GANTRY_METRICS_LISTEN: {at} cannot be listened on: {e}"))
    };
    let listener = tokio::net::TcpListener::bind(at).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    let router = Router::new().route("/metrics", get(move || async move { render(&handle, &aws, &memory) }));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "metrics listener ended");
        }
    });
    Ok(bound)
}

/// Everything in Prometheus's text format.
/// <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>
fn render(handle: &PrometheusHandle, aws: &Connections, memory: &Memory) -> String {
    handle.run_upkeep();
    let mut text = handle.render();
    let tallies = aws.counters();
    for (name, help, value) in [
        ("calls", "Calls to AWS, the SDK's own retries not counted", (|t| t.calls as f64) as fn(&Tally) -> f64),
        ("attempts", "Requests sent to AWS, retries counted", |t| t.attempts as f64),
        ("throttles", "Requests AWS throttled", |t| t.throttles as f64),
        ("errors", "Calls to AWS that ended in a problem", |t| t.errors as f64),
        ("seconds", "Seconds spent in calls to AWS", |t| t.seconds),
    ] {
        let _ = writeln!(text, "# HELP gantry_aws_{name}_total {help}\n# TYPE gantry_aws_{name}_total counter");
        for (operation, scope, tally) in &tallies {
            let _ = writeln!(
                text,
                "gantry_aws_{name}_total{{operation=\"{operation}\",account=\"{}\",region=\"{}\"}} {}",
                scope.account,
                scope.region,
                value(tally)
            );
        }
    }
    collecting(&mut text, aws, memory);
    text
}

/// How old the lists are that this server wants, how often they failed, and how fast AWS is called where that is learnt. The last known state
/// while Postgres is away: ages grow.
fn collecting(text: &mut String, aws: &Connections, memory: &Memory) {
    let wanted: BTreeSet<(Scope, Kind)> = sync::aws::wanted(aws).into_iter().collect();
    let (snapshot, now) = (memory.snapshot(), now());
    let is_wanted = |list: &Freshness| wanted.contains(&(list.scope.clone(), list.kind));
    let lists: Vec<_> = snapshot.collections.iter().filter(|c| is_wanted(&c.freshness)).collect();
    let ages = lists.iter().filter_map(|c| {
        let age = now.0.saturating_sub(c.freshness.complete?.0).max(0);
        Some((&c.freshness.scope, c.freshness.kind.stem(), age as f64 / 1000.0))
    });
    gauge(text, "gantry_collect_age_seconds", "Seconds since a list was last read to its end", "kind", ages);
    let failures = lists.iter().map(|c| (&c.freshness.scope, c.freshness.kind.stem(), f64::from(c.failures)));
    gauge(text, "gantry_collect_failures", "Failures in a row to read a list", "kind", failures);
    let rates = aws.rates();
    let rates = rates.iter().map(|(scope, bucket, rate)| (scope, bucket.name(), *rate));
    gauge(text, "gantry_aws_rate", "Requests per second let through to AWS, where that is learnt", "bucket", rates);
}

/// A gauge with a value for each `label` in each account and region.
fn gauge<'a>(
    text: &mut String,
    name: &str,
    help: &str,
    label: &str,
    values: impl Iterator<Item = (&'a Scope, &'static str, f64)>,
) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (Scope { account, region }, of, value) in values {
        let _ = writeln!(text, "{name}{{account=\"{account}\",region=\"{region}\",{label}=\"{of}\"}} {value}");
    }
}

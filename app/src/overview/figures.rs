//! Two figures at the top: what the functions of the fleet counted in the last hour.

use domain::Problem;
use domain::services::FleetMetrics;
use leptos::prelude::*;

use crate::ui::format::{counted, number};

/// What CloudWatch answered, if it has.
pub type Answer = RwSignal<Option<Result<FleetMetrics, Problem>>>;

/// The tiles of invocations and errors.
pub fn figures(answer: Answer) -> AnyView {
    let figure = move |name: &'static str| {
        move || {
            let sum = answer.with(|answer| sum(answer.as_ref()?.as_ref().ok()?, name));
            sum.map_or_else(|| "–".to_owned(), number)
        }
    };
    let calls = move || answer.with(|answer| of_calls(answer.as_ref().map(Result::as_ref)));
    let share = move || answer.with(|answer| share(answer.as_ref()?.as_ref().ok()?));
    let errors = move || match share() {
        Some(share) => view! { <small class="up">{share}</small> }.into_any(),
        None => view! { <small class="faint">{calls}</small> }.into_any(),
    };
    view! {
        <div class="card kpi"><dt>"Invocations"</dt><dd>{figure("invocations")}<small class="faint">{calls}</small></dd></div>
        <div class="card kpi"><dt>"Errors of functions"</dt><dd>{figure("errors")}{errors}</dd></div>
    }
    .into_any()
}

/// All that was counted under this name; `None` where nobody answered, of whom nothing is known.
fn sum(fleet: &FleetMetrics, name: &str) -> Option<i64> {
    let lines = fleet.series.iter().filter(|series| series.name == name);
    let counts: Vec<f64> = lines.flat_map(|series| series.points.iter().map(|(_, count)| *count)).collect();
    let known = fleet.missing.is_empty() || !counts.is_empty();
    known.then(|| counts.iter().sum::<f64>().round() as i64)
}

/// What the figures are of.
fn of_calls(answer: Option<Result<&FleetMetrics, &Problem>>) -> String {
    match answer {
        None => "asking CloudWatch".to_owned(),
        Some(Err(_)) => "CloudWatch does not answer".to_owned(),
        Some(Ok(fleet)) if fleet.missing.is_empty() => "last hour".to_owned(),
        Some(Ok(fleet)) => {
            let places: std::collections::BTreeSet<_> = fleet.missing.iter().map(|(scope, _)| scope).collect();
            format!("last hour, without {}", counted(places.len() as i64, "place", "places"))
        }
    }
}

/// "0.6 % of calls"; nothing when none failed.
fn share(fleet: &FleetMetrics) -> Option<String> {
    let errors = sum(fleet, "errors").filter(|errors| *errors > 0)?;
    // CloudWatch may have the error before the invocation.
    let calls = sum(fleet, "invocations").unwrap_or_default().max(errors);
    let share = errors as f64 / calls as f64 * 100.0;
    let share = if share < 0.1 { "under 0.1".to_owned() } else { format!("{share:.1}") };
    Some(format!("{share} % of calls"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::stream::Series;
    use domain::{Code, Millis, Scope};

    fn fleet(invocations: &[f64], errors: &[f64], answers: bool) -> FleetMetrics {
        let line = |name: &str, counts: &[f64]| Series {
            name: name.into(),
            unit: "count".into(),
            points: counts.iter().map(|count| (Millis(0), *count)).collect(),
        };
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let missing = if answers { vec![] } else { vec![(scope, Problem::new(Code::AwsUnreachable, "", ""))] };
        FleetMetrics {
            series: vec![line("invocations", invocations), line("errors", errors)],
            missing,
            ..FleetMetrics::default()
        }
    }

    #[test]
    fn the_last_hour_is_added_up_and_what_nobody_told_is_not_none() {
        let well = fleet(&[300.0, 40.0], &[2.0], true);
        assert_eq!((sum(&well, "invocations"), sum(&well, "errors")), (Some(340), Some(2)));
        assert_eq!(share(&well).as_deref(), Some("0.6 % of calls"));
        assert_eq!(of_calls(Some(Ok(&well))), "last hour");
        let quiet = FleetMetrics::default();
        assert_eq!((sum(&quiet, "errors"), share(&quiet)), (Some(0), None), "no function was called");
        let away = fleet(&[], &[], false);
        assert_eq!((sum(&away, "invocations"), share(&away)), (None, None));
        let half = fleet(&[5.0], &[], false);
        assert_eq!(sum(&half, "invocations"), Some(5));
        assert_eq!(of_calls(Some(Ok(&half))), "last hour, without 1 place");
        assert_eq!(share(&fleet(&[1.0], &[2.0], true)).as_deref(), Some("100.0 % of calls"));
        assert_eq!(share(&fleet(&[9000.0], &[2.0], true)).as_deref(), Some("under 0.1 % of calls"));
    }
}

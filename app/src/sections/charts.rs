//! Live charts: asked from AWS once the page is open, again each minute.

use domain::resource::Tone;
use domain::stream::{CHART_LENGTHS, Series};
use domain::{Millis, Problem, ResourceKey};
use leptos::prelude::*;

use super::telemetry::metrics;
use super::{card_with, here, nothing};
use crate::api::Boot;
use crate::error::AppError;
use crate::ui::format::{counted, value};
use crate::ui::{Age, Chart, Note, ProblemNote, Skeleton, now_or};

/// How far the charts reach back.
pub const MINUTES: u32 = CHART_LENGTHS[0];

/// One chart: its heading and the units it shows.
pub type Group = (&'static str, &'static [&'static str]);

/// The chart module's address, where the page's first answer said it.
fn module() -> Option<String> {
    use_context::<Boot>().and_then(|boot| boot.modules.get("chart").cloned())
}

/// Numbers that may not have come yet.
type Answer = RwSignal<Option<Result<Vec<Series>, Problem>>>;

/// Asks now, whenever `ask` has new reasons to, and each minute. Only in the browser: the page must not wait for AWS.
pub fn each_minute<T, F>(ask: impl Fn() -> F + Clone + 'static) -> RwSignal<Option<Result<T, Problem>>>
where
    T: Send + Sync + 'static,
    F: Future<Output = Result<T, AppError>> + 'static,
{
    let answer = RwSignal::new(None);
    let turns = StoredValue::new(0_u32);
    Effect::new(move |before: Option<()>| {
        turns.update_value(|n| *n += 1);
        let turn = turns.get_value();
        let put = move |future: F| {
            leptos::task::spawn_local(async move {
                let new = future.await.map_err(|e| e.0);
                // Of what was asked for other reasons nothing is shown any more.
                if turns.try_get_value() == Some(turn) {
                    answer.try_set(Some(new));
                }
            });
        };
        if before.is_some() {
            answer.set(None);
        }
        put(ask());
        let ask = ask.clone();
        let again = move || put(untrack(&ask));
        if let Ok(handle) = set_interval_with_handle(again, std::time::Duration::from_secs(60)) {
            on_cleanup(move || handle.clear());
        }
    });
    answer
}

/// The charts of a function or service, a card per group; `empty` says why there may be no numbers.
pub fn charts(key: &ResourceKey, groups: &'static [Group], empty: &'static str) -> AnyView {
    let log = StoredValue::new(crate::paths::tab(key, "logs"));
    let to_log = move || format!("{}&at=", here(&log.get_value()));
    let key = key.clone();
    let series = each_minute(move || metrics(key.clone(), MINUTES));
    let failed = Memo::new(move |_| series.with(|s| s.as_ref().and_then(|s| failed(s.as_ref().ok()?))));
    let trouble = move || {
        failed.get().map(|(failed, calls)| {
            let tone = if failed * 2.0 >= calls { Tone::Bad } else { Tone::Warn };
            let title =
                format!("{} of {} failed in the last hour", value(failed), counted(calls as i64, "call", "calls"));
            let href = here(&log.get_value());
            view! { <Note tone=tone><b>{title}</b>" "<a href=href>"Read the log"</a></Note> }
        })
    };
    // Beside the note, not in it: what ticks in an alert is read aloud each second.
    let opened = use_context::<Boot>().map_or(Millis(0), |boot| boot.now);
    let read = Memo::new(move |_| series.with(Option::is_some).then(|| untrack(|| now_or(opened))));
    let age = move || {
        let at = read.get().filter(|_| failed.get().is_some())?;
        Some(view! { <p class="dim">"Calls were counted "<Age at=at now=at after=" ago"/>"."</p> })
    };
    let cards = cards(series, groups, empty);
    // `app/js/chart.js` makes a click on a chart lead there.
    view! { {trouble}{age}<div data-minute-href=to_log>{cards}</div> }.into_any()
}

/// How many calls failed and how many there were, if one in twenty failed.
fn failed(series: &[Series]) -> Option<(f64, f64)> {
    let sum = |name: &str| {
        let line = series.iter().find(|s| s.name == name)?;
        Some(line.points.iter().map(|(_, v)| v).sum::<f64>())
    };
    let (failed, calls) = (sum("errors")?, sum("invocations")?);
    (failed > 0.0 && failed * 20.0 >= calls).then_some((failed, calls.max(failed)))
}

/// A card of these lines, none while they are on their way; `empty` says why there may be no numbers.
pub fn chart(title: &'static str, series: Signal<Option<Vec<Series>>>, empty: &'static str) -> AnyView {
    let address = module();
    // Not redrawn with each answer: the chart follows its signal.
    let some = Memo::new(move |_| series.with(|series| series.as_ref().map(|series| !series.is_empty())));
    let lines = Signal::derive(move || series.get().unwrap_or_default());
    card_with(title, format!("last {MINUTES} min"), move || match some.get() {
        None => view! { <div class="in"><Skeleton/></div> }.into_any(),
        Some(false) => nothing(empty),
        Some(true) => {
            view! { <div class="in"><Chart title=title series=lines module=address.clone()/></div> }.into_any()
        }
    })
}

/// A card per group; `empty` says why there may be no numbers.
pub fn cards(series: Answer, groups: &'static [Group], empty: &'static str) -> AnyView {
    let one = move |(title, units): &'static Group| {
        let of_group = Signal::derive(move || {
            let all = series.get()?.unwrap_or_default();
            let shown = |s: &Series| units.contains(&s.unit.as_str()) && !s.points.is_empty();
            Some(all.into_iter().filter(shown).collect::<Vec<_>>())
        });
        chart(title, of_group, empty)
    };
    let failed = Memo::new(move |_| series.get().and_then(Result::err));
    view! {
        {move || match failed.get() {
            Some(problem) => view! { <ProblemNote problem=problem/> }.into_any(),
            None => view! { <div class="charts">{groups.iter().map(one).collect_view()}</div> }.into_any(),
        }}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_calls_are_said_when_they_are_no_exception() {
        let line = |name: &str, sum: f64| Series {
            name: name.into(),
            unit: "count".into(),
            points: vec![(Millis(0), sum / 2.0), (Millis(1), sum / 2.0)],
        };
        let told = |errors, calls| failed(&[line("invocations", calls), line("errors", errors)]);
        assert_eq!(told(3.0, 4.0), Some((3.0, 4.0)));
        assert_eq!(told(1.0, 100.0), None);
        assert_eq!(told(0.0, 0.0), None);
        assert_eq!(failed(&[]), None);
    }
}

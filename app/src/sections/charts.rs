//! Live charts: asked from AWS once the page is open, again each minute.

use domain::stream::Series;
use domain::{Problem, ResourceKey};
use leptos::prelude::*;

use super::telemetry::metrics;
use super::{card_with, nothing};
use crate::error::AppError;
use crate::ui::{Chart, ProblemNote, Skeleton};

/// How far the charts reach back.
pub const MINUTES: u32 = 60;

/// One chart: its heading and the units it shows.
pub type Group = (&'static str, &'static [&'static str]);

/// The chart module's address, where the page's first answer said it.
fn module() -> Option<String> {
    use_context::<crate::api::Boot>().and_then(|boot| boot.modules.get("chart").cloned())
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
    Effect::new(move || {
        let put = move |future: F| {
            leptos::task::spawn_local(async move {
                let new = future.await.map_err(|e| e.0);
                answer.try_set(Some(new));
            });
        };
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
    let to_log = format!("{}&at=", crate::paths::tab(key, "logs"));
    let key = key.clone();
    let cards = cards(each_minute(move || metrics(key.clone(), MINUTES)), groups, empty);
    // `app/js/chart.js` makes a click on a chart lead there.
    view! { <div data-minute-href=to_log>{cards}</div> }.into_any()
}

/// A card per group; `empty` says why there may be no numbers.
pub fn cards(series: Answer, groups: &'static [Group], empty: &'static str) -> AnyView {
    let address = module();
    let one = move |(title, units): &'static Group| {
        let of_group = Signal::derive(move || {
            let all = series.get().and_then(Result::ok).unwrap_or_default();
            all.into_iter().filter(|s| units.contains(&s.unit.as_str()) && !s.points.is_empty()).collect::<Vec<_>>()
        });
        let address = address.clone();
        // Not redrawn with each answer: the chart follows its signal.
        let some = Memo::new(move |_| match series.get() {
            None => 0,
            Some(_) if of_group.with(Vec::is_empty) => 1,
            Some(_) => 2,
        });
        card_with(*title, format!("last {MINUTES} min"), move || match some.get() {
            0 => view! { <div class="in"><Skeleton/></div> }.into_any(),
            1 => nothing(empty),
            _ => {
                view! { <div class="in"><Chart title=*title series=of_group module=address.clone()/></div> }.into_any()
            }
        })
    };
    let failed = Memo::new(move |_| series.get().and_then(Result::err));
    view! {
        {move || match failed.get() {
            Some(problem) => view! { <ProblemNote problem=problem/> }.into_any(),
            None => view! { <div class="charts">{groups.iter().map(one.clone()).collect_view()}</div> }.into_any(),
        }}
    }
    .into_any()
}

//! CPU and memory of the busiest services, beside what the functions do.

use domain::ecs::load::{Load, MOST_ASKED, SHOWN, ServiceLoads};
use domain::services::FleetMetrics;
use domain::stream::Series;
use domain::{Problem, Scope};
use leptos::prelude::*;

use crate::api::Boot;
use crate::sections::charts::chart;
use crate::ui::format::{counted, number};

const EMPTY: &str = "No numbers from CloudWatch for the last hour: no service ran, or this endpoint does not measure.";

/// Two charts and what they show; nothing where there is no service, or while that is not known.
pub fn of_services(answer: RwSignal<Option<Result<FleetMetrics, Problem>>>) -> AnyView {
    let boot = StoredValue::new(expect_context::<Boot>());
    let loads = Memo::new(move |_| answer.get().and_then(Result::ok).map(|fleet| fleet.services));
    let lines = move |of: fn(&ServiceLoads) -> &[Load]| {
        Signal::derive(move || {
            let name = |scope: &Scope| boot.with_value(|boot| place(boot, scope));
            loads.with(|loads| loads.as_ref().map(|loads| series(of(loads), &name)))
        })
    };
    let some = Memo::new(move |_| loads.with(|loads| loads.as_ref().is_some_and(|loads| loads.asked > 0)));
    let charts = move || {
        some.get().then(|| {
            let cpu = chart("CPU of the busiest services", lines(|loads| loads.cpu.as_slice()), EMPTY);
            let memory = chart("Memory of the busiest services", lines(|loads| loads.memory.as_slice()), EMPTY);
            view! { <div class="charts">{cpu}{memory}</div> }
        })
    };
    let words = move || {
        let loads = loads.get().unwrap_or_default();
        let left_out = |scope: &Scope| {
            let place = boot.with_value(|boot| place(boot, scope));
            format!(
                "{place} has more than {MOST_ASKED} services, too many to ask one by one: their own pages have charts."
            )
        };
        let left_out = loads.too_many.iter().map(left_out);
        let all = said(&loads).into_iter().chain(left_out);
        all.map(|words| view! { <p class="dim">{words}</p> }).collect_view()
    };
    view! { {charts}{words} }.into_any()
}

fn place(boot: &Boot, scope: &Scope) -> String {
    format!("{} {}", boot.account_name(&scope.account), scope.region)
}

/// A line for each service, named by its place, too, where they are in several.
fn series(loads: &[Load], place: &dyn Fn(&Scope) -> String) -> Vec<Series> {
    let several = loads.iter().any(|load| load.key.scope != loads[0].key.scope);
    let line = |load: &Load| {
        let id = &load.key.id;
        let name = if several { format!("{id} · {}", place(&load.key.scope)) } else { id.clone() };
        Series { name, unit: "%".into(), points: load.points.clone() }
    };
    loads.iter().map(line).collect()
}

/// What the charts show, and of how many services; nothing when there are no numbers.
fn said(loads: &ServiceLoads) -> Option<String> {
    if loads.measured == 0 {
        return None;
    }
    let (measured, without) = (i64::from(loads.measured), i64::from(loads.asked.saturating_sub(loads.measured)));
    let none = match without {
        0 => String::new(),
        n => format!(" Of {} more it has none: nothing ran there, or their cluster sends none.", number(n)),
    };
    let of = counted(measured, "service", "services");
    Some(format!(
        "Up to {SHOWN} services with the highest average of the last hour, of {of} that CloudWatch has numbers of.{none} \
         They are read at most every five minutes, two metrics a service, for at most {MOST_ASKED} services of an account in a region."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Millis, ResourceKey};

    #[test]
    fn what_is_shown_and_what_is_not_is_said() {
        let told = |asked, measured| said(&ServiceLoads { asked, measured, ..ServiceLoads::default() });
        assert_eq!(told(3, 0), None);
        let all = told(3, 3).unwrap();
        assert!(all.contains("of 3 services that CloudWatch has numbers of. They are read"), "{all}");
        let some = told(3, 1).unwrap();
        assert!(some.contains("of 1 service that") && some.contains("Of 2 more it has none"), "{some}");
        assert!(some.contains("at most 250 services"), "{some}");
    }

    #[test]
    fn lines_are_named_by_their_place_where_there_are_several() {
        let load = |region: &str| Load {
            key: ResourceKey::parse(&format!("ecs.service/111122223333/{region}/main/web")).unwrap(),
            points: vec![(Millis(0), 1.0)],
        };
        let names = |loads: &[Load]| -> Vec<String> {
            series(loads, &|scope| format!("shop {}", scope.region)).into_iter().map(|s| s.name).collect()
        };
        assert_eq!(names(&[load("eu-west-1")]), ["main/web"]);
        let both = ["main/web · shop eu-west-1", "main/web · shop us-east-1"];
        assert_eq!(names(&[load("eu-west-1"), load("us-east-1")]), both);
        assert!(names(&[]).is_empty());
    }
}

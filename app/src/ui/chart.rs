//! A live chart: uPlot on a canvas, drawn by `app/js/chart.js`, which is imported when a chart is first on a page.
//! The numbers are also there as a table.

use domain::stream::Series;
use leptos::prelude::*;

use super::age::moment;
use super::format::value;

/// Latest values in the table.
const TABLE_ROWS: usize = 30;

/// What the legend says of a line: all of what is counted; of what is measured the latest value, with a word that says so.
fn told(series: &Series) -> (Option<&'static str>, String) {
    let Some((_, last)) = series.points.last() else { return (None, "–".to_owned()) };
    match series.unit.as_str() {
        "count" => (None, value(series.points.iter().map(|(_, v)| *v).sum::<f64>())),
        "%" => (Some("latest "), format!("{}%", value(*last))),
        unit => (Some("latest "), format!("{} {unit}", value(*last))),
    }
}

fn table(series: &[Series]) -> impl IntoView + use<> {
    let mut times: Vec<_> = series.iter().flat_map(|s| s.points.iter().map(|(t, _)| *t)).collect();
    times.sort();
    times.dedup();
    let heads = series.iter().map(|s| view! { <th scope="col" class="num">{s.name.clone()}</th> }).collect_view();
    let rows = times.iter().rev().take(TABLE_ROWS).map(|t| {
        let cells = series.iter().map(|s| {
            let v = s.points.iter().find(|(at, _)| at == t).map_or_else(|| "–".to_owned(), |(_, v)| value(*v));
            view! { <td class="num">{v}</td> }
        });
        view! { <tr><td>{moment(*t)}</td>{cells.collect_view()}</tr> }
    });
    view! {
        <details class="numbers">
            <summary>"Numbers"</summary>
            <div class="scroll low" tabindex="0">
                <table class="table"><thead><tr><th scope="col">"Time"</th>{heads}</tr></thead><tbody>{rows.collect_view()}</tbody></table>
            </div>
        </details>
    }
}

/// Lines over time that share an axis.
#[component]
pub fn Chart(
    /// What it shows: "Invocations and errors".
    #[prop(into)]
    title: String,
    /// The lines; the chart follows them.
    #[prop(into)]
    series: Signal<Vec<Series>>,
    /// The address of the chart module; none: only the table.
    #[prop(into)]
    module: Option<String>,
) -> impl IntoView {
    let canvas = NodeRef::<leptos::html::Div>::new();
    #[cfg(feature = "hydrate")]
    draw::follow(canvas, series, module);
    #[cfg(not(feature = "hydrate"))]
    let _ = module;
    let legend = move || {
        let items = series.get().into_iter().enumerate().map(|(i, s)| {
            // The colours of `app/js/chart.js`.
            let name = s.name.to_lowercase();
            let class = match () {
                () if name.contains("error") => "s-bad".to_owned(),
                () if name.contains("throttle") => "s-warn".to_owned(),
                () => format!("s{}", i % 4 + 1),
            };
            let (word, figure) = told(&s);
            view! { <span><i class=class></i>{s.name.clone()}" "{word}<b>{figure}</b></span> }
        });
        items.collect_view()
    };
    view! {
        <figure class="chartbox">
            <div class="chart" node_ref=canvas role="img" aria-label=title.clone()></div>
            <figcaption class="legend">{legend}</figcaption>
            {move || table(&series.get())}
        </figure>
    }
}

#[cfg(feature = "hydrate")]
mod draw {
    use domain::stream::Series;
    use js_sys::{Function, Object, Promise, Reflect};
    use leptos::prelude::*;
    use wasm_bindgen::{JsCast, JsValue};

    /// Imports the module once there is something to draw on, then hands it each new state of the series.
    pub fn follow(canvas: NodeRef<leptos::html::Div>, series: Signal<Vec<Series>>, module: Option<String>) {
        let Some(module) = module else { return };
        let handle: StoredValue<Option<Object>, LocalStorage> = StoredValue::new_local(None);
        let gone = StoredValue::new_local(false);
        Effect::new(move || {
            let Some(element) = canvas.get() else { return };
            let data = series.get();
            if let Some(handle) = handle.get_value() {
                call(&handle, "update", &[to_js(&data)]);
                return;
            }
            let module = module.clone();
            leptos::task::spawn_local(async move {
                let Ok(loaded) = import(&module).await else { return };
                if gone.try_get_value() != Some(false) || handle.get_value().is_some() {
                    return;
                }
                let data = series.get_untracked();
                let drawn = call(&loaded, "draw", &[element.into(), to_js(&data)]);
                handle.set_value(drawn.and_then(|d| d.dyn_into::<Object>().ok()));
            });
        });
        on_cleanup(move || {
            if let Some(handle) = handle.try_get_value().flatten() {
                call(&handle, "destroy", &[]);
            }
            gone.try_set_value(true);
        });
    }

    fn to_js(series: &[Series]) -> JsValue {
        let text = serde_json::to_string(series).unwrap_or_default();
        js_sys::JSON::parse(&text).unwrap_or(JsValue::NULL)
    }

    fn call(on: &JsValue, name: &str, arguments: &[JsValue]) -> Option<JsValue> {
        let function = Reflect::get(on, &name.into()).ok()?.dyn_into::<Function>().ok()?;
        function.apply(on, &arguments.iter().collect()).ok()
    }

    async fn import(address: &str) -> Result<JsValue, JsValue> {
        // `import()` is syntax, not a function; the page's first script offers it as one.
        let window: JsValue = window().into();
        let promise = call(&window, "gantryImport", &[address.into()]).ok_or(JsValue::NULL)?;
        wasm_bindgen_futures::JsFuture::from(promise.dyn_into::<Promise>()?).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Millis;

    #[test]
    fn counts_are_added_up_and_what_is_measured_is_the_latest() {
        let line = |unit: &str, values: &[f64]| Series {
            name: "x".into(),
            unit: unit.into(),
            points: values.iter().enumerate().map(|(minute, v)| (Millis(minute as i64 * 60_000), *v)).collect(),
        };
        let of = |unit: &str, values: &[f64]| told(&line(unit, values));
        assert_eq!(of("count", &[30.0, 5.0, 3.0]), (None, "38".to_owned()));
        assert_eq!(of("ms", &[900.0, 120.0]), (Some("latest "), "120 ms".to_owned()));
        assert_eq!(of("%", &[7.0]), (Some("latest "), "7%".to_owned()));
        assert_eq!(of("count", &[]), (None, "–".to_owned()));
    }
}

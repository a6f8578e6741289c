//! All runs, the latest first.

use domain::plan::service::RunLine;
use domain::resource::Tone;
use domain::stream::ToPage;
use domain::{Millis, Problem};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use std::time::Duration;

use super::api::list_runs;
use super::words;
use crate::api::Boot;
use crate::error::AppError;
use crate::layout::use_scopes;
use crate::live;
use crate::paths::{self, Scopes};
use crate::ui::format::{duration, took};
use crate::ui::{About, Age, Badge, Empty, Head, ProblemNote, Skeleton, now_or};

/// Runs per page.
const RUNS: u32 = 50;
/// How long news is gathered before the list is asked for again.
const GATHER: Duration = Duration::from_millis(500);

/// Reads `MOMENT,ID`: the last run of the page before.
fn before(text: &str) -> Result<(Millis, String), Problem> {
    let wrong = || Problem::invalid("before", "The address of this page cannot be read. Start from the latest runs.");
    let (at, id) = text.split_once(',').ok_or_else(wrong)?;
    Ok((Millis(at.parse().map_err(|_| wrong())?), id.to_owned()))
}

/// `/runs?before=MOMENT,ID`
#[component]
pub fn RunsPage() -> impl IntoView {
    let now = expect_context::<Boot>().now;
    let scopes = use_scopes();
    let map = use_query_map();
    let start = Memo::new(move |_| map.with(|m| m.get("before")).filter(|text| !text.is_empty()));
    let again = RwSignal::new(0_u32);
    let waiting = StoredValue::new(false);
    live::listen(move |message| {
        if matches!(message, ToPage::Run { .. }) && waiting.try_get_value() == Some(false) {
            waiting.set_value(true);
            let ask = move || {
                waiting.try_set_value(false);
                again.try_update(|n| *n += 1);
            };
            set_timeout(ask, GATHER);
        }
    });
    let answer = Resource::new_blocking(
        move || (start.get(), again.get()),
        |(start, _)| async move {
            let start = start.as_deref().map(before).transpose()?;
            list_runs(start, RUNS).await
        },
    );
    let about = view! {
        "Everything Gantry did to AWS: what, by whom, and how it ended. "
        <About title="runs"><p>"A run carries out a plan that somebody reviewed, step by step. If a step fails, or somebody cancels it, what it made is taken back; what cannot be taken back is listed for a person to decide."</p></About>
    };
    view! {
        <Title text="Runs · Gantry"/>
        <Head title="Runs" explanation=about.into_any()/>
        <Transition fallback=|| view! { <Skeleton lines=8/> }>
            {move || Suspend::new(async move {
                match answer.await {
                    Ok(found) => table(found, now, start.get_untracked().is_some(), &scopes.get_untracked()),
                    Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                }
            })}
        </Transition>
    }
}

fn row(line: RunLine, now: Millis, scopes: &Scopes) -> AnyView {
    let (tone, word): (Tone, _) = words::state(line.state);
    let (made, ended) = (line.made, line.ended);
    let lasted = match ended {
        Some(ended) => took(ended.0 - made.0).into_any(),
        None => (move || duration(made.age_seconds(now_or(now)))).into_any(),
    };
    view! {
        <tr>
            <td class="name"><a class="row-link cut" href=scopes.on(&paths::run(&line.id)) title=line.title.clone()>{line.title.clone()}</a></td>
            <td><Badge tone=tone text=word/></td>
            <td class="num">{format!("{} of {}", line.done, line.steps)}</td>
            <td>{line.scope.to_string()}</td>
            <td>{line.by}</td>
            <td><Age at=made now=now after=" ago"/></td>
            <td class="num">{lasted}</td>
        </tr>
    }
    .into_any()
}

fn table(found: Vec<RunLine>, now: Millis, older: bool, scopes: &Scopes) -> AnyView {
    let latest = scopes.on(paths::RUNS);
    if found.is_empty() && older {
        return view! { <Empty title="Nothing older"><a class="btn small" href=latest>"The latest"</a></Empty> }
            .into_any();
    }
    if found.is_empty() {
        let create = scopes.on("/repositories/new");
        return view! {
            <Empty title="No run yet">
                <p>"When somebody applies a plan, its run is kept here: each call to AWS, who had it made, and how to take it back."</p>
                <a class="btn small" href=create>"Create a repository"</a>
            </Empty>
        }
        .into_any();
    }
    let last = found.last().filter(|_| found.len() == RUNS as usize);
    let last =
        last.map(|line| format!("{}?before={}", paths::RUNS, paths::encode(&format!("{},{}", line.made.0, line.id))));
    let next = last.map(|href| view! { <a class="btn" href=scopes.on(&href) rel="next">"Older"</a> });
    let latest = older.then(|| view! { <a class="btn quiet" href=latest>"The latest"</a> });
    let rows = found.into_iter().map(|line| row(line, now, scopes)).collect_view();
    view! {
        <div class="scroll plain" tabindex="0" data-rows="">
            <table class="table">
                <thead><tr>
                    <th scope="col">"Run"</th><th scope="col">"State"</th><th scope="col" class="num">"Steps made"</th><th scope="col">"Where"</th>
                    <th scope="col">"By"</th><th scope="col">"Started"</th><th scope="col" class="num">"Took"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <p class="tablefoot">{latest}{next}</p>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::before;
    use domain::Millis;

    #[test]
    fn the_address_of_an_older_page_is_read_or_refused() {
        assert_eq!(before("12,ab").unwrap(), (Millis(12), "ab".to_owned()));
        assert!(before("12").is_err() && before("x,ab").is_err());
    }
}

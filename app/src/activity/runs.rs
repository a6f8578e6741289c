//! Runs of plans, the latest first.

use domain::Problem;
use domain::plan::is_known;
use domain::plan::listing::{RunsQuery, UNDER_WAY};
use domain::plan::run::State;
use domain::plan::service::RunLine;
use domain::resource::Tone;
use domain::stream::ToPage;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use std::time::Duration;

use super::filter::{self, Filter};
use crate::api::Boot;
use crate::error::AppError;
use crate::layout::use_scopes;
use crate::live;
use crate::paths::{self, Scopes};
use crate::plan::api::list_runs;
use crate::plan::words;
use crate::ui::format::{duration, short_digests, took};
use crate::ui::{Age, Badge, Empty, ProblemNote, Skeleton, now_or};
use crate::wire::ask;

/// What of the query string belongs to it.
const NAMES: [&str; 5] = ["state", "q", "from", "to", "before"];
/// Where the API has them.
const API: &str = "/api/v1/runs";
/// Runs per page.
const RUNS: u32 = 50;
/// How long news is gathered before the list is asked for again.
const GATHER: Duration = Duration::from_millis(500);

fn chosen(map: &ParamsMap) -> Filter {
    Filter::read(paths::RUNS, &NAMES, |name| map.get(name))
}

/// The links that have what is chosen of the runs as a file.
pub fn exports() -> AnyView {
    let (map, scopes) = (use_query_map(), use_scopes());
    let links = move || {
        let (filter, scopes) = (map.with(chosen), scopes.get());
        filter::downloads("runs", |format| filter.export(API, &scopes, format))
    };
    links.into_any()
}

/// The tab.
#[component]
pub fn Runs() -> impl IntoView {
    let boot = StoredValue::new(expect_context::<Boot>());
    let scopes = use_scopes();
    let map = use_query_map();
    let filter = Memo::new(move |_| map.with(chosen));
    let question = Memo::new(move |_| {
        let Scopes { accounts, regions } = scopes.get();
        filter.with(|f| Ok(RunsQuery { accounts, regions, ..RunsQuery::read(RUNS, |name| f.get(name))? }))
    });
    let again = live::count(GATHER, ToPage::is_of_runs);
    let answer = ask(
        move || (question.get(), again.get()),
        |(question, _): (Result<RunsQuery, Problem>, u32)| async move { list_runs(question?).await },
    );
    view! {
        {move || question.with(|q| form(&filter.get(), q.as_ref().err(), &scopes.get()))}
        <Transition fallback=|| view! { <Skeleton lines=8/> }>
            {move || Suspend::new(async move {
                match answer.await {
                    Ok(found) => boot.with_value(|boot| table(found, boot, &filter.get_untracked(), &scopes.get_untracked())),
                    Err(AppError(problem)) if filter.with_untracked(|f| f.is_beside_a_field(&problem)) => none_chosen(),
                    Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                }
            })}
        </Transition>
    }
}

fn row(line: RunLine, boot: &Boot, scopes: &Scopes) -> AnyView {
    let now = boot.now;
    // Whatever its state means to the version that drives it.
    let (tone, word): (Tone, _) =
        if is_known(line.format) { words::state(line.state) } else { (Tone::Warn, "Another version’s") };
    let (made, ended) = (line.made, line.ended);
    let lasted = match ended {
        Some(ended) => took(ended.0 - made.0).into_any(),
        None => (move || duration(made.age_seconds(now_or(now)))).into_any(),
    };
    view! {
        <tr>
            <td class="name"><a class="row-link cut" href=scopes.on(&paths::run(&line.id)) title=line.title.clone()>{short_digests(&line.title)}</a></td>
            <td><Badge tone=tone text=word/></td>
            <td class="num">{format!("{} of {}", line.done, line.steps)}</td>
            <td title=line.scope.to_string()>{boot.place(&line.scope)}</td>
            <td>{line.by}</td>
            <td><Age at=made now=now after=" ago"/></td>
            <td class="num">{lasted}</td>
        </tr>
    }
    .into_any()
}

fn form(filter: &Filter, problem: Option<&Problem>, scopes: &Scopes) -> AnyView {
    let each = State::ALL.into_iter().map(|state| (state.as_str(), words::state(state).1));
    let states = std::iter::once((UNDER_WAY, "Under way")).chain(each);
    let all = filter.is_set().then(|| scopes.on(paths::RUNS));
    view! {
        <form class="filters changes" method="get" action=paths::RUNS role="search" aria-label="Runs">
            {filter::hidden_scope(scopes)}
            {filter::text(filter, problem, "What, or by whom")}
            {filter::select(filter, problem, "state", "State", states)}
            {filter::when(filter, problem, scopes, all)}
        </form>
    }
    .into_any()
}

fn none_chosen() -> AnyView {
    view! {
        <Empty title="No run in this choice"><p>"Choose another state, text, time, account or region."</p><a class="btn small" href=paths::RUNS>"Show all"</a></Empty>
    }
    .into_any()
}

fn table(found: Vec<RunLine>, boot: &Boot, filter: &Filter, scopes: &Scopes) -> AnyView {
    let older = filter.get("before").is_some();
    let latest = filter.with(&[]).href(scopes);
    if found.is_empty() && older {
        return view! { <Empty title="Nothing older"><a class="btn small" href=latest>"The latest"</a></Empty> }
            .into_any();
    }
    if found.is_empty() && (filter.is_set() || !scopes.is_all()) {
        return none_chosen();
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
    let before = |line: &RunLine| format!("{},{}", line.made.0, line.id);
    let last = last.map(|line| filter.with(&[("before", Some(&before(line)))]).href(scopes));
    let next = last.map(|href| view! { <a class="btn" href=href rel="next">"Older"</a> });
    let latest = older.then(|| view! { <a class="btn quiet" href=latest>"The latest"</a> });
    let rows = found.into_iter().map(|line| row(line, boot, scopes)).collect_view();
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

//! What changed in the whole fleet, day by day.

mod filters;

use domain::Millis;
use domain::history::Change;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::activity::filter::Filter;
use crate::api::{self, Boot};
use crate::error::AppError;
use crate::layout::use_scopes;
use crate::overview::{SELDOM, anything_changed};
use crate::paths::{self, Scopes};
use crate::resource::{ChangeEntry, unconnected};
use crate::ui::{About, Empty, Head, ProblemNote, Skeleton};
use crate::wire::ask;

/// Entries per page.
const ENTRIES: u32 = 100;

/// `/changes?kind=…&q=…&from=…&to=…&before=…`
#[component]
pub fn ChangesPage() -> impl IntoView {
    let boot = expect_context::<Boot>();
    let now = boot.now;
    let boot = StoredValue::new(boot);
    let scopes = use_scopes();
    let map = use_query_map();
    let filter = Memo::new(move |_| map.with(|m| filters::read(|name| m.get(name))));
    let question = Memo::new(move |_| filter.with(|f| filters::query(f, &scopes.get(), ENTRIES)));
    let again = anything_changed(SELDOM);
    let entries = ask(
        move || {
            // Older pages never change.
            let newest = filter.with(|f| f.get("before").is_none());
            (question.get(), if newest { again.get() } else { 0 })
        },
        |(question, _)| async move {
            match question {
                Ok(query) => api::history(query).await,
                Err(problem) => Err(AppError(problem)),
            }
        },
    );
    let about = view! {
        "Every change of every resource, as Gantry saw it; tasks, which come and go by themselves, when you choose them. "
        <About title="changes"><p>"Whenever a collect finds that AWS's document of a resource differs from the one before, the difference is kept, without what changes all the time. Secrets are compared by length and digest only."</p></About>
    };
    view! {
        <Title text="Changes · Gantry"/>
        <Head title="Changes" explanation=about.into_any()/>
        {move || question.with(|q| boot.with_value(|boot| filters::form(&filter.get(), q.as_ref().err(), boot, &scopes.get())))}
        <Transition fallback=|| view! { <Skeleton lines=10/> }>
            {move || Suspend::new(async move {
                match entries.await {
                    Ok(found) => {
                        let (filter, scopes) = (filter.get_untracked(), scopes.get_untracked());
                        let nobody_looks = if found.is_empty() {
                            let all = filter.href(&Scopes { accounts: vec![], regions: scopes.regions.clone() });
                            boot.with_value(|boot| unconnected(&scopes, boot, "what changed there", all))
                        } else {
                            None
                        };
                        nobody_looks.unwrap_or_else(|| days(found, now, &filter, &scopes))
                    }
                    Err(AppError(problem)) if filter.with_untracked(|f| f.is_beside_a_field(&problem)) => view! {
                        <Empty title="Nothing to show">
                            <p>"A filter above cannot be read as it is."</p><a class="btn small" href=paths::CHANGES>"Clear all filters"</a>
                        </Empty>
                    }
                    .into_any(),
                    Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                }
            })}
        </Transition>
    }
}

fn days(found: Vec<Change>, now: Millis, filter: &Filter, scopes: &Scopes) -> AnyView {
    let older = filter.get("before").is_some();
    if found.is_empty() {
        let (title, text) = match (older, filter.is_set() || !scopes.is_all()) {
            (true, _) => ("Nothing older", "The history of this choice begins here."),
            (false, true) => {
                ("No change in this choice", "Choose another name or time, or other kinds, accounts or regions.")
            }
            (false, false) => {
                ("No change yet", "From the first collect on, every change of every resource is kept here.")
            }
        };
        return view! { <Empty title=title><p>{text}</p></Empty> }.into_any();
    }
    let last = found.last().filter(|_| found.len() == ENTRIES as usize).map(|c| c.id);
    let mut groups: Vec<(String, Vec<Change>)> = vec![];
    for change in found {
        let day = change.at.rfc3339().get(..10).unwrap_or_default().to_owned();
        match groups.last_mut() {
            Some((known, list)) if *known == day => list.push(change),
            _ => groups.push((day, vec![change])),
        }
    }
    let groups = groups.into_iter().map(|(day, list)| {
        let entries = list.into_iter().map(|change| view! { <ChangeEntry change=change now=now named=true/> }).collect_view();
        view! { <section class="card day"><header><h2>{day}</h2><span class="right">"UTC"</span></header><div class="flush">{entries}</div></section> }
    });
    let link = |before: Option<&str>| filter.with(&[("before", before)]).href(scopes);
    let next = last.map(|id| view! { <a class="btn" href=link(Some(&id.to_string())) rel="next">"Older"</a> });
    let newest = older.then(|| view! { <a class="btn quiet" href=link(None)>"Newest"</a> });
    view! { <div class="stack">{groups.collect_view()}</div><p class="tablefoot">{newest}{next}</p> }.into_any()
}

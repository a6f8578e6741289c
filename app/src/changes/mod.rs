//! What changed in the whole fleet, day by day.

use domain::history::Change;
use domain::listing::capital;
use domain::services::HistoryQuery;
use domain::{Kind, Millis};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::{self, Boot};
use crate::error::AppError;
use crate::layout::use_scopes;
use crate::overview::{SELDOM, anything_changed};
use crate::paths::{self, Scopes, encode};
use crate::resource::ChangeEntry;
use crate::ui::{About, Empty, Head, ProblemNote, Skeleton};
use crate::wire::ask;

/// Entries per page.
const ENTRIES: u32 = 100;

/// `/changes?kind=…&before=…`
#[component]
pub fn ChangesPage() -> impl IntoView {
    let boot = expect_context::<Boot>();
    let now = boot.now;
    let scopes = use_scopes();
    let map = use_query_map();
    let kind = Memo::new(move |_| map.with(|m| m.get("kind")).and_then(|s| Kind::from_segment(&s)));
    let before = Memo::new(move |_| map.with(|m| m.get("before")).and_then(|b| b.parse::<i64>().ok()));
    let again = anything_changed(SELDOM);
    let entries = ask(
        move || {
            let scopes = scopes.get();
            let query = HistoryQuery {
                key: None,
                kind: kind.get(),
                accounts: scopes.accounts,
                regions: scopes.regions,
                before: before.get(),
                limit: ENTRIES,
            };
            // Older pages never change.
            (query, if before.get().is_none() { again.get() } else { 0 })
        },
        |(query, _)| api::history(query),
    );
    let about = view! {
        "Every change of every resource, as Gantry saw it; tasks, which come and go by themselves, when you choose them. "
        <About title="changes"><p>"Whenever a collect finds that AWS's document of a resource differs from the one before, the difference is kept, without what changes all the time. Secrets are compared by length and digest only."</p></About>
    };
    view! {
        <Title text="Changes · Gantry"/>
        <Head title="Changes" explanation=about.into_any()/>
        {move || filters(kind.get(), &boot, &scopes.get())}
        <Transition fallback=|| view! { <Skeleton lines=10/> }>
            {move || Suspend::new(async move {
                match entries.await {
                    Ok(found) => days(found, now, kind.get_untracked(), before.get_untracked().is_some(), &scopes.get_untracked()),
                    Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// A plain form: it works before the page has been taken over.
fn filters(chosen: Option<Kind>, boot: &Boot, scopes: &Scopes) -> AnyView {
    let kinds = Kind::ALL.iter().map(|k| {
        view! { <option value=k.segment() selected=chosen == Some(*k)>{capital(k.plural())}</option> }
    });
    let one = |n: usize| n == 1;
    let accounts = boot.instance.accounts.iter().map(|(id, _)| {
        let selected = one(scopes.accounts.len()) && scopes.accounts.contains(id);
        view! { <option value=id.to_string() selected=selected>{boot.account_name(id)}</option> }
    });
    let regions = boot.instance.regions.iter().map(|region| {
        let selected = one(scopes.regions.len()) && scopes.regions.contains(region);
        view! { <option value=region.to_string() selected=selected>{region.to_string()}</option> }
    });
    let some = chosen.is_some() || !scopes.is_all();
    view! {
        <form class="filters" method="get" action=paths::CHANGES>
            <label class="inline"><span class="dim">"Kind"</span><select class="select" name="kind"><option value="">"All"</option>{kinds.collect_view()}</select></label>
            <label class="inline"><span class="dim">"Account"</span><select class="select" name="account"><option value="">"All"</option>{accounts.collect_view()}</select></label>
            <label class="inline"><span class="dim">"Region"</span><select class="select" name="region"><option value="">"All"</option>{regions.collect_view()}</select></label>
            <button class="btn" r#type="submit">"Show"</button>
            {some.then(|| view! { <a class="btn quiet" href=paths::CHANGES>"Show all"</a> })}
        </form>
    }
    .into_any()
}

fn days(found: Vec<Change>, now: Millis, kind: Option<Kind>, older: bool, scopes: &Scopes) -> AnyView {
    if found.is_empty() {
        let (title, text) = match (older, kind.is_some() || !scopes.is_all()) {
            (true, _) => ("Nothing older", "The history of this choice begins here."),
            (false, true) => ("No change in this choice", "Choose other kinds, accounts or regions."),
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
    let link = |id: i64| {
        let kind = kind.map(|k| format!("&kind={}", encode(k.segment()))).unwrap_or_default();
        scopes.on(&format!("{}?before={id}{kind}", paths::CHANGES))
    };
    let next = last.map(|id| view! { <a class="btn" href=link(id) rel="next">"Older"</a> });
    let newest = older.then(|| {
        let kind = kind.map(|k| format!("?kind={}", encode(k.segment()))).unwrap_or_default();
        view! { <a class="btn quiet" href=scopes.on(&format!("{}{kind}", paths::CHANGES))>"Newest"</a> }
    });
    view! { <div class="stack">{groups.collect_view()}</div><p class="tablefoot">{newest}{next}</p> }.into_any()
}

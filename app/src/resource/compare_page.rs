//! Two resources of one kind side by side: mostly two revisions of a task definition.

use domain::ResourceKey;
use domain::listing::{ListQuery, Row};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api;
use crate::error::AppError;
use crate::layout::use_scopes;
use crate::paths;
use crate::ui::{Card, Diff, Empty, Head, Json, ProblemNote, Skeleton};

/// Candidates offered on either side.
const CANDIDATES: u32 = 200;

/// What one may compare a resource with: for a revision the others of its family, else its like in the same place.
async fn candidates(left: &ResourceKey) -> Result<Vec<Row>, AppError> {
    let text = left.id.rsplit_once(':').map_or("", |(family, _)| family);
    let mut query = ListQuery { text: text.to_owned(), limit: CANDIDATES, ..ListQuery::all(left.kind) };
    query.accounts = vec![left.scope.account.clone()];
    if !left.kind.is_global() {
        query.regions = vec![left.scope.region.clone()];
    }
    let rows = api::list(query).await?.rows;
    Ok(rows
        .into_iter()
        .filter(|r| text.is_empty() || r.key.id.rsplit_once(':').is_some_and(|(f, _)| f == text))
        .collect())
}

/// `/compare?left=KEY&right=KEY`
#[component]
pub fn ComparePage() -> impl IntoView {
    let map = use_query_map();
    let scopes = use_scopes();
    let side = move |name: &str| map.with(|m| m.get(name)).filter(|v| !v.is_empty());
    let sides = Memo::new(move |_| (side("left"), side("right")));
    let answer = Resource::new_blocking(
        move || sides.get(),
        |(left, right)| async move {
            let Some(left) = left else { return Ok(None) };
            let left = ResourceKey::parse(&left)?;
            let others = candidates(&left).await?;
            let comparison = match right {
                Some(right) => {
                    let right = ResourceKey::parse(&right)?;
                    Some((right.clone(), api::compare_two(left.clone(), right).await?))
                }
                None => None,
            };
            Ok::<_, AppError>(Some((left, others, comparison)))
        },
    );
    let picker = move |name: &'static str, label: &'static str, rows: &[Row], chosen: Option<&ResourceKey>| {
        let mut keys: Vec<&ResourceKey> = rows.iter().map(|r| &r.key).collect();
        if let Some(chosen) = chosen.filter(|c| !keys.contains(c)) {
            keys.push(chosen);
        }
        let options = keys
            .into_iter()
            .map(|key| view! { <option value=key.to_string() selected=Some(key) == chosen>{key.id.clone()}</option> })
            .collect_view();
        view! { <label class="pick"><span>{label}</span><select class="select" name=name>{options}</select></label> }
    };
    view! {
        <Title text="Compare · Gantry"/>
        <Head title="Compare" explanation=view! { "What differs between two resources of one kind, noise left out." }.into_any()/>
        <Transition fallback=|| view! { <Skeleton lines=8/> }>
            {move || Suspend::new(async move {
                match answer.await {
                    Ok(None) => view! {
                        <Empty title="Nothing to compare yet"><p>"Open a task definition and choose Compare, or pick two moments under a resource's Changes."</p></Empty>
                    }
                    .into_any(),
                    Ok(Some((left, rows, comparison))) => {
                        let right = comparison.as_ref().map(|(key, _)| key.clone());
                        let link = |key: &ResourceKey| scopes.get_untracked().on(&paths::detail(key));
                        let result = comparison.map(|(right, comparison)| view! {
                            <Card title=format!("{} → {}", left.id, right.id)><Diff fields=comparison.fields/></Card>
                            <div class="halves">
                                <section><h2><a class="ref" href=link(&left)>{left.id.clone()}</a></h2><Json value=comparison.before/></section>
                                <section><h2><a class="ref" href=link(&right)>{right.id.clone()}</a></h2><Json value=comparison.after/></section>
                            </div>
                        });
                        view! {
                            <form class="compare-form" method="get" action="/compare">
                                {picker("left", "From", &rows, Some(&left))}
                                {picker("right", "To", &rows, right.as_ref())}
                                <button class="btn primary" r#type="submit">"Compare"</button>
                            </form>
                            <div class="stack">{result}</div>
                        }
                        .into_any()
                    }
                    Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                }
            })}
        </Transition>
    }
}

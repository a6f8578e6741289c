//! Two resources of one kind side by side: two revisions of a task definition, a function in two accounts.

use domain::listing::capital;
use domain::services::Comparison;
use domain::{Kind, Problem, ResourceKey};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

use super::picker::{Named, Picker, place};
use crate::api::{self, Boot};
use crate::error::AppError;
use crate::layout::{ScopeFields, use_scopes};
use crate::paths::{self, Scopes};
use crate::ui::{Card, Diff, Empty, Head, Json, ProblemNote, Skeleton};
use crate::wire::ask;

/// Hits looked through for a name.
const HITS: u32 = 40;

/// What the address asks for, as far as it is known.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Asked {
    left: Option<Named>,
    right: Option<Named>,
    comparison: Option<Comparison>,
    problem: Option<Problem>,
}

/// What a person means by a key, an ARN or a name.
async fn meant(text: Option<String>, kind: Option<Kind>) -> Result<Option<Named>, AppError> {
    let Some(text) = text else { return Ok(None) };
    let key = match ResourceKey::parse(&text) {
        Ok(key) => Some(key),
        Err(_) => api::resolve(text.clone()).await?,
    };
    if let Some(key) = key {
        let name = api::name(key.clone()).await?.unwrap_or_else(|| key.id.clone());
        return Ok(Some((key, name)));
    }
    let hits = api::search(text.clone(), HITS).await?;
    let hit = hits.into_iter().find(|hit| hit.name == text && kind.is_none_or(|kind| hit.key.kind == kind));
    let hit = hit.ok_or_else(|| {
        let what = kind.map_or("Nothing", |_| "Nothing of that kind");
        Problem::not_found(format!("{what} is called “{text}”. Choose from what the field finds as you type."))
    })?;
    Ok(Some((hit.key, hit.name)))
}

async fn answered(asked: &mut Asked, left: Option<String>, right: Option<String>) -> Result<(), AppError> {
    asked.left = meant(left, None).await?;
    asked.right = meant(right, asked.left.as_ref().map(|(key, _)| key.kind)).await?;
    if let (Some((left, _)), Some((right, _))) = (&asked.left, &asked.right) {
        asked.comparison = Some(api::compare_two(left.clone(), right.clone()).await?);
    }
    Ok(())
}

/// What stands in place of a comparison until both sides are chosen.
fn waits_for(left: Option<&Named>, right: Option<&Named>, scopes: &Scopes) -> Option<AnyView> {
    match (left, right) {
        (Some(_), Some(_)) => None,
        (Some((key, name)), None) | (None, Some((key, name))) => {
            let words = format!("Choose another {}: the empty field offers what is most like it.", key.kind.singular());
            Some(view! { <Empty title=format!("Compare {name} with what?")><p>{words}</p></Empty> }.into_any())
        }
        (None, None) => {
            let kinds = [Kind::Image, Kind::TaskDefinition, Kind::Function];
            let lists = kinds.map(|kind| {
                view! { <a class="btn small" href=scopes.on(&paths::list(kind))>{capital(kind.plural())}</a> }
            });
            let lists = lists.into_iter().collect_view();
            Some(
                view! {
                    <Empty title="Nothing chosen yet">
                        <p>"Find two resources of one kind above, or select two rows of a list. Two moments of one resource are compared on its tab Changes."</p>
                        <div class="inline">{lists}</div>
                    </Empty>
                }
                .into_any(),
            )
        }
    }
}

/// `/compare?left=…&right=…`: keys, ARNs or names.
#[component]
pub fn ComparePage() -> impl IntoView {
    let map = use_query_map();
    let scopes = use_scopes();
    let boot = StoredValue::new(expect_context::<Boot>());
    let side = move |name: &str| map.with(|m| m.get(name)).filter(|v| !v.is_empty());
    let sides = Memo::new(move |_| (side("left"), side("right")));
    let answer = ask(
        move || sides.get(),
        |(left, right)| async move {
            let mut asked = Asked::default();
            if let Err(AppError(problem)) = answered(&mut asked, left, right).await {
                asked.problem = Some(problem);
            }
            asked
        },
    );
    let form = move |left: Option<Named>, right: Option<Named>| {
        let (from, to) = (RwSignal::new(left), RwSignal::new(right));
        let (left, right) = sides.get_untracked();
        view! {
            <form class="compare-form" method="get" action="/compare">
                <ScopeFields/>
                <Picker name="left" label="From" typed=left.unwrap_or_default() chosen=from other=to/>
                <Picker name="right" label="To" typed=right.unwrap_or_default() chosen=to other=from/>
                <button class="btn primary" r#type="submit">"Compare"</button>
            </form>
        }
    };
    let result = move |left: Named, right: Named, comparison: Comparison| {
        let half = |(key, name): Named, json| {
            let href = scopes.get_untracked().on(&paths::detail(&key));
            let place = boot.with_value(|boot| place(&key, boot));
            view! {
                <section>
                    <h2><a class="ref" href=href>{name}</a></h2>
                    <small class="faint">{place}</small>
                    <details class="fold"><summary>"Its whole JSON"</summary><Json value=json/></details>
                </section>
            }
        };
        // The same name in two places differs by the place.
        let title = match left.1 == right.1 {
            true => boot.with_value(|boot| format!("{}: {} → {}", left.1, place(&left.0, boot), place(&right.0, boot))),
            false => format!("{} → {}", left.1, right.1),
        };
        let kind = left.0.kind;
        let same = match left.0 == right.0 {
            true => "From and To are one and the same. Choose another for one of them.",
            false => "AWS says the same of both, but for where they are and what changes all the time.",
        };
        let own = (kind == Kind::Image).then(|| {
            crate::ecr::compared(
                (left.0.clone(), comparison.before.clone()),
                (right.0.clone(), comparison.after.clone()),
            )
        });
        // What AWS says of an image is mostly its size and times.
        let title = if own.is_some() { format!("What AWS says of them: {title}") } else { title };
        view! {
            <div class="stack">
                {own}
                <Card title=title><Diff fields=comparison.fields same=same/></Card>
                <div class="halves">{half(left, comparison.before)}{half(right, comparison.after)}</div>
            </div>
        }
    };
    view! {
        <Title text="Compare · Gantry"/>
        <Head title="Compare" explanation=view! { "What differs between two resources of one kind, noise left out: two revisions, or the same function in two accounts." }.into_any()/>
        <Transition fallback=|| view! { <Skeleton lines=8/> }>
            {move || Suspend::new(async move {
                let Asked { left, right, comparison, problem } = answer.await;
                let both = left.clone().zip(right.clone()).zip(comparison);
                let waiting = match problem {
                    None => waits_for(left.as_ref(), right.as_ref(), &scopes.get_untracked()),
                    Some(_) => None,
                };
                view! {
                    {form(left, right)}
                    {waiting}
                    {problem.map(|problem| view! { <ProblemNote problem=problem/> })}
                    {both.map(|((left, right), comparison)| result(left, right, comparison))}
                }
            })}
        </Transition>
    }
}

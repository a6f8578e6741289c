//! `/search?q=`

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::results::{ASKED, Results};
use crate::api;
use crate::error::AppError;
use crate::layout::ScopeFields;
use crate::ui::{Head, Icon, ProblemNote, Skeleton, icon};
use crate::wire::ask;

/// The page.
#[component]
pub fn SearchPage() -> impl IntoView {
    let map = use_query_map();
    let text = Memo::new(move |_| map.with(|m| m.get("q")).unwrap_or_default());
    let answer = ask(
        move || text.get(),
        |text| async move {
            if text.trim().is_empty() {
                return Ok((text, vec![]));
            }
            api::search(text.clone(), ASKED).await.map(|hits| (text, hits))
        },
    );
    view! {
        <Title text="Search · Gantry"/>
        <Head title="Search" explanation=view! { "Names, ARNs, tags and kinds in all accounts and regions; the name of an account or region narrows it. One typo is forgiven." }.into_any()/>
        <form class="search-form" method="get" action="/search" role="search">
            <ScopeFields/>
            <label class="input">
                {icon(Icon::Search)}
                <input r#type="search" name="q" maxlength="200" data-filter="" autocomplete="off" aria-label="Search" value=move || text.get()/>
            </label>
            <button class="btn primary" r#type="submit">"Search"</button>
        </form>
        <Transition fallback=|| view! { <Skeleton/> }>
            {move || Suspend::new(async move {
                match answer.await {
                    Ok((text, hits)) => view! { <div class="card"><Results text=text hits=hits/></div> }.into_any(),
                    Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                }
            })}
        </Transition>
    }
}

//! How old what a page shows is, and who fails to answer.

use domain::listing::{Freshness, past_promise};
use domain::resource::Tone;
use domain::{Kind, Millis, Problem, ResourceKey};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{self, Boot};
use crate::error::AppError;
use crate::paths::Scopes;
use crate::ui::{Age, Icon, Note, ProblemNote, icon, missing, now_or};

/// The oldest of the complete lists; `None` while any scope has never been read.
pub fn oldest(freshness: &[Freshness]) -> Option<Millis> {
    freshness.iter().map(|f| f.complete).min().flatten()
}

/// "14 s old", amber past the promise of its kind.
#[component]
pub fn AgeOfData(
    /// The kind shown.
    kind: Kind,
    /// One entry per scope.
    #[prop(into)]
    freshness: Signal<Vec<Freshness>>,
    /// The server's clock.
    #[prop(into)]
    now: Signal<Millis>,
) -> impl IntoView {
    let promise = kind.promise_seconds();
    move || {
        let at = freshness.with(|f| oldest(f));
        let running = freshness.with(|f| f.iter().any(|f| f.running));
        let now = now.get();
        match at {
            Some(at) => {
                let late = move || past_promise(kind, at, now_or(now));
                let title = format!("Read from AWS completely; promised at least every {promise} s");
                view! { <span class="data-age" class:late=late title=title><Age at=at now=now after=" old"/></span> }
                    .into_any()
            }
            None if running => view! { <span class="data-age">"reading from AWS…"</span> }.into_any(),
            None => {
                let failing = freshness.with(|f| f.iter().any(|f| f.failing.is_some()));
                let words = if failing { "not read completely" } else { "not read yet" };
                view! { <span class="data-age late">{words}</span> }.into_any()
            }
        }
    }
}

/// Collects again from AWS: an icon, or a button with words.
#[component]
pub fn CollectButton(
    /// What.
    kind: Kind,
    /// Where.
    #[prop(into)]
    scopes: Signal<Scopes>,
    /// One entry per scope: says while it runs.
    #[prop(into)]
    freshness: Signal<Vec<Freshness>>,
    /// Set when it cannot be asked for.
    problem: RwSignal<Option<AppError>>,
    /// In place of the icon alone.
    #[prop(optional)]
    words: Option<&'static str>,
    /// Of this resource the whole document, not only what its list says.
    #[prop(optional)]
    whole: Option<ResourceKey>,
) -> impl IntoView {
    let asking = RwSignal::new(false);
    let busy = move || (asking.get() || freshness.with(|f| f.iter().any(|f| f.running))).then_some("true");
    let collect = move |_| {
        let (scopes, whole) = (scopes.get_untracked(), whole.clone());
        asking.set(true);
        spawn_local(async move {
            let answer = match whole {
                Some(key) => api::reread(key).await,
                None => api::refresh(kind, scopes.accounts, scopes.regions).await,
            };
            asking.try_set(false);
            problem.try_set(answer.err());
        });
    };
    let class = if words.is_some() { "btn small" } else { "btn quiet only-icon" };
    let label = words.is_none().then_some("Collect again from AWS");
    view! {
        <button class=class r#type="button" title=label aria-label=label aria-busy=busy on:click=collect>
            {icon(Icon::Refresh)}{words}
        </button>
    }
}

/// The scopes that fail: since when, why, and the permission that is missing. Nothing while all is well.
#[component]
pub fn FailingScopes(
    /// One entry per scope.
    #[prop(into)]
    freshness: Signal<Vec<Freshness>>,
    /// The server's clock.
    #[prop(into)]
    now: Signal<Millis>,
) -> impl IntoView {
    let boot = expect_context::<Boot>();
    // Who reads a note keeps it open while lists are read around it: only what differs is drawn again.
    let said = Memo::new(move |_| {
        freshness.with(|f| {
            f.iter().flat_map(|f| said(f).into_iter().map(move |note| (f.scope.clone(), note))).collect::<Vec<_>>()
        })
    });
    move || {
        let now = now.get_untracked();
        let notes = said.get().into_iter().map(|(scope, (trouble, shown))| {
            let place = format!("{} {}", boot.account_name(&scope.account), scope.region);
            note(&place, &trouble, shown, now)
        });
        notes.collect_view()
    }
}

/// What is in the way of a list and of what it leaves out, and what that means for what is shown.
fn said(freshness: &Freshness) -> Vec<((Millis, Problem), &'static str)> {
    let of_list = freshness.failing.clone().map(|trouble| match freshness.complete {
        // Everything was listed; some of it could not be read to its end.
        Some(complete) if complete >= trouble.0 => (trouble, ". All are listed; details of some are missing or old."),
        Some(_) => (trouble, ". What is shown is from before."),
        None => (trouble, ". What is shown may not be all."),
    });
    let beyond = freshness.beyond_list().cloned();
    let beyond = beyond.map(|trouble| (trouble, ". Tags and what else lists leave out may be missing or from before."));
    of_list.into_iter().chain(beyond).collect()
}

fn note(place: &str, (since, problem): &(Millis, Problem), shown: &'static str, now: Millis) -> AnyView {
    let (place, since, problem) = (place.to_owned(), *since, problem.clone());
    if problem.is_calm() {
        return view! { <Note tone=Tone::Quiet><b>{place}</b>": "{problem.message.clone()}</Note> }.into_any();
    }
    view! {
        <details class="failing">
            <summary>
                <b>{place}</b>": "{problem.title.clone()}" since "<Age at=since now=now after=" ago"/>
                {missing(&problem).map(|actions| view! { ", "{actions} })}
                {shown}
            </summary>
            <ProblemNote problem=problem/>
        </details>
    }
    .into_any()
}

//! The history of a resource: every change with what differed, and the difference between any two moments.

use domain::history::{Change, ChangeKind};
use domain::resource::Tone;
use domain::services::HistoryQuery;
use domain::{Millis, ResourceKey};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

use super::detail_page::Shown;
use crate::api;
use crate::error::AppError;
use crate::layout::{ScopeFields, use_scopes};
use crate::paths;
use crate::ui::{Age, Badge, Card, Diff, Empty, ProblemNote, Skeleton, moment};
use crate::wire::ask;

/// Entries per page.
const ENTRIES: u32 = 50;
/// Fields shown of an entry before the rest folds away.
const FIELDS: usize = 8;

/// The words of a change.
pub fn verb(kind: ChangeKind) -> (&'static str, Tone) {
    match kind {
        ChangeKind::Appeared => ("appeared", Tone::Good),
        ChangeKind::Changed => ("changed", Tone::Busy),
        ChangeKind::Gone => ("gone", Tone::Quiet),
        ChangeKind::Returned => ("returned", Tone::Good),
    }
}

/// A change in one sentence, without the resource's name: "Memory 1,024 → 2,048 MB".
pub fn headline(change: &Change) -> String {
    domain::summary::summary(change)
}

/// One entry with its fields. `name` links to the resource where it is not clear which.
#[component]
pub fn ChangeEntry(
    /// The entry.
    change: Change,
    /// The server's clock.
    now: Millis,
    /// Show which resource it is about.
    #[prop(optional)]
    named: bool,
    /// It is about a part of what the page is about.
    #[prop(optional)]
    part: bool,
) -> impl IntoView {
    let scopes = use_scopes();
    let (word, tone) = verb(change.kind);
    let mut fields = change.fields.clone();
    let rest = fields.split_off(fields.len().min(FIELDS));
    let more = rest.len();
    let key = change.key.clone();
    let boot = use_context::<api::Boot>();
    let account = boot.as_ref().map_or_else(|| key.scope.account.to_string(), |b| b.account_name(&key.scope.account));
    let name = boot.map_or_else(|| change.name.clone(), |b| b.called(&key, &change.name));
    let about = (named || part).then(|| {
        let href = scopes.get_untracked().on(&paths::tab(&key, "changes"));
        let place = named.then(|| format!(" · {account} · {}", key.scope.region));
        view! {
            <a class="name" href=href>{name}</a>
            <span class="dim">{key.kind.singular()}{place}</span>
        }
    });
    view! {
        <article class="change">
            <header>
                {about}
                <Badge tone=tone text=word/>
                <span class="grow cut" title=headline(&change)>{headline(&change)}</span>
                <span class="faint"><Age at=change.at now=now after=" ago"/></span>
            </header>
            {(!fields.is_empty()).then(|| view! {
                <details class="fields" open=!named>
                    <summary>{crate::ui::format::counted(change.fields.len() as i64, "field differs", "fields differ")}</summary>
                    <Diff fields=fields/>
                    {(more > 0).then(|| view! { <details><summary>{format!("{more} more")}</summary><Diff fields=rest/></details> })}
                </details>
            })}
        </article>
    }
}

/// The entry that is asked for, or the latest, and the one before it; `ids` are latest first.
fn two(ids: &[i64], to: Option<i64>) -> Option<(i64, i64)> {
    let at = to.and_then(|to| ids.iter().position(|id| *id == to));
    let at = at.filter(|at| at + 1 < ids.len()).unwrap_or_default();
    Some((*ids.get(at + 1)?, *ids.get(at)?))
}

/// A page of a history, and what is chosen of all of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Moments {
    /// Latest first: those of the page, and those chosen.
    entries: Vec<Change>,
    /// Those chosen that are not of the page.
    others: Vec<i64>,
    /// From and to.
    chosen: Option<(i64, i64)>,
    /// The last of the page, if there are earlier ones.
    earlier: Option<i64>,
}

/// The page before this entry, or the latest. Chosen are `pair`, else `to` and the one before it, else the last two. Two moments of the same
/// are compared, and those of its parts on their own pages: entries of parts may fill a page.
async fn moments(
    key: ResourceKey,
    before: Option<i64>,
    pair: Option<(i64, i64)>,
    to: Option<i64>,
) -> Result<Moments, AppError> {
    let own = HistoryQuery { key: Some(key.clone()), ..HistoryQuery::default() };
    let page = HistoryQuery { parts: true, before, limit: ENTRIES, ..own.clone() };
    let mut entries = api::history(page).await?;
    let earlier = entries.last().filter(|_| entries.len() as u32 == ENTRIES).map(|c| c.id);
    let here: Vec<i64> = entries.iter().filter(|c| c.key == key).map(|c| c.id).collect();
    let up_to = |id: i64, limit: u32| HistoryQuery { before: Some(id.saturating_add(1)), limit, ..own.clone() };
    let (mut chosen, mut others) = (pair.or_else(|| two(&here, to)), Vec::<Change>::new());
    if let Some((from, to)) = pair {
        for id in [from, to] {
            if !here.contains(&id) && others.iter().all(|c| c.id != id) {
                others.extend(api::history(up_to(id, 1)).await?.into_iter().filter(|c| c.id == id));
            }
        }
    } else if (before.is_some() || earlier.is_some()) && !knows(&here, to) {
        let last = api::history(up_to(to.unwrap_or(i64::MAX), 2)).await?;
        if let [to, from] = last.as_slice() {
            chosen = Some((from.id, to.id));
            others.extend(last.into_iter().filter(|c| !here.contains(&c.id)));
        }
    }
    let ids = others.iter().map(|c| c.id).collect();
    entries.extend(others);
    entries.sort_by_key(|c| Reverse(c.id));
    Ok(Moments { entries, others: ids, chosen, earlier })
}

/// Whether this entry, or the latest, and the one before it are among these, latest first.
fn knows(ids: &[i64], to: Option<i64>) -> bool {
    let after_one = ids.split_last().map_or(ids, |(_, later)| later);
    to.map_or(!after_one.is_empty(), |to| after_one.contains(&to))
}

/// The tab Changes.
#[component]
pub fn HistoryTab(
    /// Of what.
    key_of: ResourceKey,
    /// The resource.
    shown: Shown,
) -> impl IntoView {
    let query = use_query_map();
    let number = move |name: &'static str| query.with(|q| q.get(name)).and_then(|v| v.parse::<i64>().ok());
    let changes = Memo::new(move |_| shown.with(|d| d.changes));
    let before = Memo::new(move |_| number("before"));
    let to = Memo::new(move |_| number("to"));
    let pair = Memo::new(move |_| number("from").zip(to.get()));
    let key = StoredValue::new(key_of);
    let entries = ask(
        move || (changes.get(), before.get(), pair.get(), to.get()),
        move |(_, before, pair, to)| moments(key.get_value(), before, pair, to),
    );
    let difference = ask(
        move || pair.get(),
        move |pair| async move {
            match pair {
                Some((from, to)) => Some(api::compare(key.get_value(), from.min(to), from.max(to)).await),
                None => None,
            }
        },
    );
    let same = move || match pair.get_untracked() {
        Some((from, to)) if from == to => "From and To are one moment. Pick another for one of them.",
        _ => "At both moments it was the same: what changed in between was changed back.",
    };
    let action = key.with_value(paths::detail);
    let list = move |moments: Moments| {
        let now = shown.with_untracked(|d| d.now);
        let Moments { entries, others, chosen, earlier } = moments;
        let picks = chosen.is_some();
        let rows = entries.into_iter().map(|change| {
            let id = change.id;
            let pick = |name: &'static str, checked: bool| {
                let label = if name == "from" { "Compare from here" } else { "Compare to here" };
                view! { <input r#type="radio" name=name value=id.to_string() checked=checked aria-label=label title=label required=true/> }
            };
            let part = key.with_value(|key| change.key != *key);
            let radios = picks.then(|| {
                let (from, to) = (chosen.is_some_and(|c| c.0 == id), chosen.is_some_and(|c| c.1 == id));
                let both = (!part).then(|| (pick("from", from), pick("to", to)));
                view! { <span class="picks">{both}</span> }
            });
            let other = others.contains(&id).then(|| {
                let words = format!("Chosen on another page: {}", moment(change.at));
                view! { <small class="dim">{words}</small> }
            });
            view! { <div class="change-row">{radios}<div class="moment">{other}<ChangeEntry change=change now=now part=part/></div></div> }
        });
        let rows = rows.collect_view();
        // Not a link: what is picked goes along.
        let earlier = earlier.map(|id| {
            view! { <button class="btn small" r#type="submit" name="before" value=id.to_string() formnovalidate=true>"Earlier"</button> }
        });
        view! {
            <form method="get" action=action.clone()>
                <input r#type="hidden" name="tab" value="changes"/>
                <ScopeFields/>
                {picks.then(|| view! {
                    <div class="compare-bar">
                        <span class="dim">"Pick two moments to see what differs between them."</span>
                        <button class="btn small" r#type="submit">"Compare"</button>
                    </div>
                    <div class="picks heads" aria-hidden="true"><span>"From"</span><span>"To"</span></div>
                })}
                {rows}
                <p class="after-note">{earlier}</p>
            </form>
        }
    };
    view! {
        <Transition fallback=|| view! { <Skeleton/> }>
            {move || Suspend::new(async move {
                difference.await.map(|answer| match answer {
                    Ok(comparison) => view! { <Card title="Between the two moments"><Diff fields=comparison.fields same=same()/></Card> }.into_any(),
                    Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                })
            })}
        </Transition>
        <Transition fallback=|| view! { <Skeleton lines=6/> }>
            {
                let list = list.clone();
                move || {
                    let list = list.clone();
                    Suspend::new(async move {
                        match entries.await {
                            Ok(moments) if moments.entries.is_empty() => view! {
                                <Empty title="No changes yet"><p>"From now on every change of this resource is kept here: what changed, from what to what, and when."</p></Empty>
                            }
                            .into_any(),
                            Ok(moments) => list(moments).into_any(),
                            Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                        }
                    })
                }
            }
        </Transition>
    }
}

#[cfg(test)]
mod tests {
    use super::{knows, two};

    #[test]
    fn the_last_two_moments_are_compared_unless_others_are_asked_for() {
        assert_eq!(two(&[9, 7, 4], None), Some((7, 9)));
        assert_eq!(two(&[9, 7, 4], Some(7)), Some((4, 7)));
        assert_eq!(two(&[9, 7, 4], Some(4)), Some((7, 9)), "nothing is before the first");
        assert_eq!(two(&[9], None), None);
    }

    #[test]
    fn what_stands_on_another_page_is_asked_for() {
        assert!(knows(&[9, 7], None) && knows(&[9, 7], Some(9)));
        assert!(!knows(&[9, 7], Some(7)), "the one before it");
        assert!(!knows(&[9, 7], Some(3)) && !knows(&[9], None) && !knows(&[], None));
    }
}

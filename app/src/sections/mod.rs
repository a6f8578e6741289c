//! What the tabs of several services are built from: cards of pairs, tables of children, logs and charts of one resource.
//! The services' own knowledge is in `lambda`, `ecs`, `ecr` and `eks`; how things look is in [`crate::ui`].

pub mod charts;
pub mod children;
pub mod logs;
pub mod telemetry;

use domain::listing::{Connection, Detail, capital};
use domain::resource::{Model, Relation, State, Tone};
use domain::{Arn, Kind, Millis, Problem, ResourceKey};
use leptos::prelude::*;
use std::sync::Arc;

use crate::layout::use_scopes;
use crate::paths;
use crate::resource::Shown;
use crate::ui::format::{counted, number, without_registries};
use crate::ui::{Age, Copy, Note, ProblemNote, StateBadge, tone_class, word_view};

/// Names and values of a card, one a row.
pub type Pairs = Vec<(&'static str, AnyView)>;

/// A word with a tone that is not the state of the resource itself.
pub fn mark(word: impl Into<String>, tone: Tone) -> AnyView {
    view! { <span class=format!("badge plain {}", tone_class(tone))>{word.into()}</span> }.into_any()
}

/// A state as a badge.
pub fn badge(word: Option<&str>, tone: Tone) -> AnyView {
    let state = word.filter(|w| !w.is_empty()).map(|w| State::new(w, tone));
    view! { <StateBadge state=state/> }.into_any()
}

/// An optional moment as its age.
pub fn age(at: Option<Millis>, now: Millis) -> AnyView {
    at.map_or_else(none, |at| view! { <Age at=at now=now after=" ago"/> }.into_any())
}

/// What stands for "AWS says nothing" in a table. A card of pairs leaves such a row out (`.none` in `style/ui/content.css`).
pub fn none() -> AnyView {
    view! { <span class="faint none">"–"</span> }.into_any()
}

/// Words, or the dash.
pub fn text(text: Option<impl Into<String>>) -> AnyView {
    match text.map(Into::into).filter(|t: &String| !t.is_empty()) {
        Some(text) => view! { <span title=text.clone()>{text.clone()}</span> }.into_any(),
        None => none(),
    }
}

/// AWS's word as people read it, or the dash.
pub fn word(word: Option<impl Into<String>>) -> AnyView {
    match word.map(Into::into).filter(|w: &String| !w.is_empty()) {
        Some(word) => word_view(&word),
        None => none(),
    }
}

/// Something to be copied exactly, or the dash.
pub fn exact(text: Option<impl Into<String>>) -> AnyView {
    match text.map(Into::into).filter(|t: &String| !t.is_empty()) {
        Some(text) => view! { <Copy text=text max=64/> }.into_any(),
        None => none(),
    }
}

/// A digest in a column of a table, or the dash: a part of it shows, the copy is whole.
pub fn short_digest(digest: Option<impl Into<String>>) -> AnyView {
    match digest.map(Into::into).filter(|d: &String| !d.is_empty()) {
        Some(digest) => view! { <Copy text=digest max=24/> }.into_any(),
        None => none(),
    }
}

/// An address that carries the scope of the page along. Reactive.
pub fn here(path: &str) -> String {
    use_scopes().with(|scopes| scopes.on(path))
}

/// A link to whatever an ARN, image URI or key means.
pub fn reference(reference: &str, text: &str) -> AnyView {
    let href = here(&paths::resolve(reference));
    view! { <a class="ref cut" href=href title=reference.to_owned()>{text.to_owned()}</a> }.into_any()
}

/// What is connected and collected under this ARN, or as this kind and id.
fn collected<'a>(detail: &'a Detail, kind: Option<Kind>, reference: &str) -> Option<&'a Connection> {
    let arn = Arn::parse(reference).ok();
    detail.connected.iter().find(|c| {
        c.key.as_ref().is_some_and(|key| match (&arn, kind) {
            (Some(arn), _) => {
                let end = key.id.rsplit('/').next().unwrap_or_default();
                let service = key.kind.stem().split('.').next();
                end == short(reference) && service == Some(arn.service()) && arn.account() == key.scope.account.as_str()
            }
            (None, Some(kind)) => key.kind == kind && key.id == reference,
            (None, None) => false,
        })
    })
}

/// The name of something that the resource points to, as a link if it is collected; else as it is, to be copied. An id needs its kind.
pub fn connected(detail: &Detail, kind: Option<Kind>, reference: Option<&str>) -> AnyView {
    let Some(reference) = reference.filter(|r| !r.is_empty()) else { return none() };
    match collected(detail, kind, reference).and_then(|c| Some((c, c.key.as_ref()?))) {
        Some((c, key)) => {
            let href = here(&paths::detail(key));
            view! { <a class="ref cut" href=href title=reference.to_owned()>{c.name.clone()}</a> }.into_any()
        }
        None => {
            let title = format!("{reference}\nClick to copy");
            view! { <button class="copy" r#type="button" data-copy=reference.to_owned() title=title><span>{short(reference).to_owned()}</span></button> }.into_any()
        }
    }
}

/// What people call the resource of an ARN: `web:5` of a task definition, `shop` of `cluster/shop`, `resize` of `function:resize`.
pub fn short(arn: &str) -> &str {
    let resource = arn.strip_prefix("arn:").and_then(|rest| rest.splitn(5, ':').nth(4)).unwrap_or(arn);
    let group = resource.strip_prefix("log-group:").map(|group| group.trim_end_matches(":*"));
    // targetgroup/NAME/ID, loadbalancer/app/NAME/ID
    let balancing = resource.starts_with("targetgroup/") || resource.starts_with("loadbalancer/");
    let resource = if balancing { resource.rsplit_once('/').map_or(resource, |(named, _)| named) } else { resource };
    let last = || match resource.rsplit_once('/') {
        Some((_, last)) => last,
        None => resource.split_once(':').map_or(resource, |(_, name)| name),
    };
    Some(group.unwrap_or_else(last)).filter(|t| !t.is_empty()).unwrap_or(arn)
}

/// Words that may be long, under or beside a short one in a table: they wrap.
pub fn why(text: Option<String>) -> AnyView {
    let Some(text) = text.filter(|t| !t.is_empty()) else { return ().into_any() };
    let shown = without_registries(&text);
    view! { <span class="why" title=text>{shown}</span> }.into_any()
}

/// A link to an ARN by its last piece, or the dash.
pub fn arn(arn: Option<&str>) -> AnyView {
    arn.filter(|a| !a.is_empty()).map_or_else(none, |arn| reference(arn, short(arn)))
}

/// Several views with commas between, or the dash.
pub fn several(views: Vec<AnyView>) -> AnyView {
    if views.is_empty() {
        return none();
    }
    let items = views.into_iter().enumerate().map(|(i, v)| view! { {(i > 0).then_some(", ")}{v} }).collect_view();
    view! { <span>{items}</span> }.into_any()
}

/// Words with commas between, or the dash.
pub fn words(words: &[String]) -> AnyView {
    text(Some(words.join(", ")))
}

/// On, off, or the dash.
pub fn on_off(value: Option<bool>) -> AnyView {
    text(value.map(|on| if on { "On" } else { "Off" }))
}

/// A titled card without inner space, for lists and tables.
pub fn card(title: impl Into<String>, body: impl IntoView + 'static) -> AnyView {
    view! { <section class="card"><header><h2>{title.into()}</h2></header>{body}</section> }.into_any()
}

/// The same with a remark at its right.
pub fn card_with(title: impl Into<String>, right: impl IntoView + 'static, body: impl IntoView + 'static) -> AnyView {
    view! {
        <section class="card"><header><h2>{title.into()}</h2><span class="right">{right}</span></header>{body}</section>
    }
    .into_any()
}

/// A card of names and values.
pub fn pair_card(title: &'static str, rows: Pairs) -> AnyView {
    let rows =
        rows.into_iter().map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> }).collect_view();
    card(title, view! { <dl class="pairs">{rows}</dl> })
}

/// A card with a table that scrolls sideways. Numbers stand right where `numeric` says so.
pub fn table_card(
    title: impl Into<String>,
    heads: &[(&'static str, bool)],
    rows: Vec<Vec<AnyView>>,
    empty: &'static str,
) -> AnyView {
    table_card_with(title, (), heads, rows, empty)
}

/// The same with a remark or button at the right of its title.
pub fn table_card_with(
    title: impl Into<String>,
    right: impl IntoView + 'static,
    heads: &[(&'static str, bool)],
    rows: Vec<Vec<AnyView>>,
    empty: &'static str,
) -> AnyView {
    if rows.is_empty() {
        return card_with(title, right, nothing(empty));
    }
    let class = |numeric: bool| numeric.then_some("num");
    let head = heads.iter().map(|(h, n)| view! { <th scope="col" class=class(*n)>{*h}</th> }).collect_view();
    let numeric: Vec<bool> = heads.iter().map(|(_, n)| *n).collect();
    let body = rows.into_iter().map(|row| {
        let cells = row.into_iter().zip(numeric.iter()).map(|(cell, n)| view! { <td class=class(*n)>{cell}</td> });
        view! { <tr>{cells.collect_view()}</tr> }
    });
    let body = body.collect_view();
    card_with(
        title,
        right,
        view! {
            <div class="scroll plain" tabindex="0">
                <table class="table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>
            </div>
        },
    )
}

/// Cards below each other.
pub fn stack(cards: Vec<AnyView>) -> AnyView {
    view! { <div class="stack">{cards}</div> }.into_any()
}

/// What a card says when there is nothing to list.
pub fn nothing(text: impl Into<String>) -> AnyView {
    view! { <div class="in dim">{text.into()}</div> }.into_any()
}

/// A remark that matters: what happened, and what it means.
pub fn note(tone: Tone, title: impl Into<String>, text: impl Into<String>) -> AnyView {
    let (title, text) = (title.into(), text.into());
    view! { <Note tone=tone><b>{title}</b>{(!text.is_empty()).then(|| view! { <p>{text}</p> })}</Note> }.into_any()
}

/// A view of the resource's document as its type; the problem when it cannot be read.
pub fn typed<M: Model>(detail: Detail, view: impl FnOnce(M, Detail) -> AnyView) -> AnyView {
    match serde_json::from_value::<M>(detail.doc.clone()) {
        Ok(model) => view(model, detail),
        Err(e) => {
            let kind = M::KIND.singular();
            let words = format!("The document of this {kind} cannot be read: {e}. The JSON tab shows it as it is.");
            view! { <ProblemNote problem=Problem::invalid("doc", words)/> }.into_any()
        }
    }
}

/// A part of a tab that is drawn again when what it shows changed: the document, the state or what is connected.
pub fn live<M: Model + 'static>(shown: Shown, view: fn(M, Detail) -> AnyView) -> AnyView {
    redrawn(shown, move |detail| typed::<M>(detail, view))
}

/// The same for a further part of a tab: the first one says it where the document cannot be read.
pub fn live_further<M: Model + 'static>(shown: Shown, view: fn(M, Detail) -> AnyView) -> AnyView {
    redrawn(shown, move |detail| match serde_json::from_value::<M>(detail.doc.clone()) {
        Ok(model) => view(model, detail),
        Err(_) => ().into_any(),
    })
}

fn redrawn(shown: Shown, draw: impl Fn(Detail) -> AnyView + Send + 'static) -> AnyView {
    let changed = |a: Option<&Arc<Detail>>, b: Option<&Arc<Detail>>| match (a, b) {
        (Some(a), Some(b)) => {
            let arrows = a.connected != b.connected || a.capped != b.capped;
            a.doc != b.doc || a.row.state != b.row.state || a.row.gone != b.row.gone || arrows
        }
        _ => true,
    };
    let detail = Memo::new_with_compare(move |_| shown.get(), changed);
    view! { {move || draw((*detail.get()).clone())} }.into_any()
}

/// The resource a tab is about. It stays the same as long as the tab is open.
pub fn key_of(shown: Shown) -> ResourceKey {
    shown.with_untracked(|d| d.row.key.clone())
}

/// One end of an arrow: a link when it is collected, with its note and state.
pub fn connection(connection: &Connection, name: &str) -> AnyView {
    let kind = connection.key.as_ref().map(|key| key.kind.singular().to_owned());
    let beside = kind.into_iter().chain(connection.note.clone()).collect::<Vec<_>>().join(" · ");
    let body = view! {
        <span class="grow">{name.to_owned()}</span>
        {(!beside.is_empty()).then(|| view! { <span class="faint">{beside}</span> })}
        {connection.state.clone().map(|s| view! { <StateBadge state=Some(s)/> })}
    };
    match &connection.key {
        Some(key) => view! { <a class="row" href=here(&paths::detail(key))>{body}</a> }.into_any(),
        None => view! { <div class="row" title=capital(connection.absence())>{body}</div> }.into_any(),
    }
}

/// A list of connected resources, or the words for none.
pub fn connections<'a>(found: impl Iterator<Item = &'a Connection>, empty: &'static str) -> AnyView {
    let items: Vec<AnyView> = found.map(|c| connection(c, &c.name)).collect();
    if items.is_empty() { nothing(empty) } else { view! { <div class="list">{items}</div> }.into_any() }
}

/// That more points here like this than the server tells, kind by kind.
pub fn untold(detail: &Detail, relation: Relation) -> AnyView {
    let more = detail.capped.iter().filter(|c| !c.outgoing && c.relation == relation).map(|c| {
        let all = counted(i64::from(c.total), c.kind.singular(), c.kind.plural());
        view! { <p class="quiet-line">{format!("The first {} of {all}", number(i64::from(c.told)))}</p> }
    });
    more.collect_view().into_any()
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn resources_are_called_as_people_call_them() {
        for (arn, name) in [
            ("arn:aws:ecs:eu-west-1:111122223333:task-definition/web:5", "web:5"),
            ("arn:aws:ecs:eu-west-1:111122223333:service/shop/web", "web"),
            ("arn:aws:lambda:eu-west-1:111122223333:function:resize", "resize"),
            ("arn:aws:lambda:eu-west-1:111122223333:function:resize:live", "resize:live"),
            ("arn:aws:sqs:eu-west-1:111122223333:orders", "orders"),
            ("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/f:*", "/aws/lambda/f"),
            ("arn:aws:iam::111122223333:role/service-role/f", "f"),
            ("arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/6d0ecf831eec9f09", "web"),
            ("arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/50dc6c495c0c9188", "shop"),
            ("web", "web"),
        ] {
            assert_eq!(short(arn), name);
        }
    }
}

//! What the tabs of several services are built from: cards, pairs, tables of children, logs and charts of one resource.
//! The services' own knowledge is in `lambda`, `ecs`, `ecr` and `eks`.

pub mod charts;
pub mod children;
pub mod logs;
pub mod sentence;
pub mod telemetry;

use domain::listing::{Connection, Detail};
use domain::resource::{Model, State, Tone};
use domain::{Millis, Problem};
use leptos::prelude::*;

use crate::paths;

/// What stands for "AWS says nothing".
pub const NOTHING: &str = "–";

/// The class of a tone.
pub const fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "bad",
        Tone::Warn => "warn",
        Tone::Busy => "busy",
        Tone::Good => "good",
        Tone::Quiet => "",
    }
}

/// A state as a badge, its reason on hover.
pub fn badge(state: &State) -> AnyView {
    let class = format!("badge {}", tone_class(state.tone));
    view! { <span class=class title=state.reason.clone()>{state.word.clone()}</span> }.into_any()
}

/// A mark that is not a state of the resource itself.
pub fn mark(word: impl Into<String>, tone: Tone) -> AnyView {
    let class = format!("badge plain {}", tone_class(tone));
    view! { <span class=class>{word.into()}</span> }.into_any()
}

/// A moment as an age, the moment itself on hover.
pub fn moment(at: Millis, now: Millis) -> AnyView {
    let exact = at.rfc3339();
    let text = if at > now { format!("in {}", now.age(at)) } else { format!("{} ago", at.age(now)) };
    view! { <time datetime=exact.clone() title=exact.clone()>{text}</time> }.into_any()
}

/// An optional moment.
pub fn maybe_moment(at: Option<Millis>, now: Millis) -> AnyView {
    at.map_or_else(|| plain(None::<String>), |at| moment(at, now))
}

/// Words, or the dash.
pub fn plain(text: Option<impl Into<String>>) -> AnyView {
    match text.map(Into::into).filter(|t: &String| !t.is_empty()) {
        Some(text) => view! { <span>{text}</span> }.into_any(),
        None => view! { <span class="faint">{NOTHING}</span> }.into_any(),
    }
}

/// Something to be copied exactly, or the dash.
pub fn code(text: Option<impl Into<String>>) -> AnyView {
    match text.map(Into::into).filter(|t: &String| !t.is_empty()) {
        Some(text) => view! { <code class="mono" title=text.clone()>{text.clone()}</code> }.into_any(),
        None => plain(None::<String>),
    }
}

/// A link to whatever an ARN, image URI or key means.
pub fn reference(reference: &str, text: &str) -> AnyView {
    view! { <a href=paths::resolve(reference) title=reference.to_owned()>{text.to_owned()}</a> }.into_any()
}

/// The last piece of an ARN: what people call it.
pub fn short(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().filter(|t| !t.is_empty()).unwrap_or(arn)
}

/// A link to an ARN by its last piece, or the dash.
pub fn arn_link(arn: Option<&str>) -> AnyView {
    arn.filter(|a| !a.is_empty()).map_or_else(|| plain(None::<String>), |arn| reference(arn, short(arn)))
}

/// Several views with commas between, or the dash.
pub fn several(views: Vec<AnyView>) -> AnyView {
    if views.is_empty() {
        return plain(None::<String>);
    }
    let items = views.into_iter().enumerate().map(|(i, v)| view! { {(i > 0).then_some(", ")} {v} }).collect_view();
    view! { <span>{items}</span> }.into_any()
}

/// On, off, or the dash.
pub fn on_off(value: Option<bool>) -> AnyView {
    plain(value.map(|on| if on { "On" } else { "Off" }))
}

/// A titled card.
pub fn card(title: impl Into<String>, body: impl IntoView + 'static) -> AnyView {
    view! { <section class="card"><header><h2>{title.into()}</h2></header>{body}</section> }.into_any()
}

/// A titled card with a remark at its right.
pub fn card_with(title: impl Into<String>, right: impl IntoView + 'static, body: impl IntoView + 'static) -> AnyView {
    view! {
        <section class="card">
            <header><h2>{title.into()}</h2><span class="right">{right}</span></header>
            {body}
        </section>
    }
    .into_any()
}

/// Names and values, one a row.
pub fn pairs(rows: Vec<(&'static str, AnyView)>) -> AnyView {
    let rows = rows
        .into_iter()
        .map(|(name, value)| view! { <div><dt class="dim">{name}</dt><dd class="grow">{value}</dd></div> })
        .collect_view();
    view! { <dl class="list pairs">{rows}</dl> }.into_any()
}

/// A card of names and values.
pub fn pair_card(title: &'static str, rows: Vec<(&'static str, AnyView)>) -> AnyView {
    card(title, pairs(rows))
}

/// Cards below each other.
pub fn stack(cards: Vec<AnyView>) -> AnyView {
    view! { <div class="stack">{cards}</div> }.into_any()
}

/// What a card says when there is nothing to list.
pub fn nothing(text: impl Into<String>) -> AnyView {
    view! { <p class="in dim">{text.into()}</p> }.into_any()
}

/// A remark that matters: what happened, and what it means.
pub fn note(tone: Tone, title: impl Into<String>, text: impl Into<String>) -> AnyView {
    let class = format!("note {}", tone_class(tone));
    let (title, text) = (title.into(), text.into());
    view! { <div class=class role="note"><div><b>{title}</b>{(!text.is_empty()).then(|| view! { <p>{text}</p> })}</div></div> }
        .into_any()
}

/// A problem with its ways out, and the statement to copy when a permission is missing.
pub fn problem(problem: &Problem) -> AnyView {
    let calm = matches!(problem.code, domain::Code::NotImplemented | domain::Code::NotFound);
    let class = if calm { "note busy" } else { "note bad" };
    let ways = problem.recovery().into_iter().filter(|r| !r.href.is_empty());
    let ways = ways.map(|r| view! { <a class="btn quiet" href=r.href>{r.label}</a> }).collect_view();
    let statement = problem.statement().map(|s| {
        view! { <details><summary>"The policy statement to add"</summary><pre class="code">{s}</pre></details> }
    });
    let request = problem.aws_request_id.clone();
    let request = request.map(|id| view! { <p class="faint">"AWS request id "<code>{id}</code></p> });
    view! {
        <div class=class role="alert">
            <div><b>{problem.title.clone()}</b><p>{problem.message.clone()}</p>{statement}{request}{ways}</div>
        </div>
    }
    .into_any()
}

/// A view of the resource's document as its type; the problem when it cannot be read.
pub fn typed<M: Model>(detail: Detail, view: impl FnOnce(M, Detail) -> AnyView) -> AnyView {
    match serde_json::from_value::<M>(detail.doc.clone()) {
        Ok(model) => view(model, detail),
        Err(e) => problem(&Problem::invalid(
            "doc",
            format!("The document of this {} cannot be read: {e}. The JSON tab shows it as it is.", M::KIND.singular()),
        )),
    }
}

/// One end of an arrow: a link when it is collected, with its note and state.
pub fn connection(connection: &Connection, name: &str) -> AnyView {
    let body = view! {
        <span class="grow">{name.to_owned()}</span>
        {connection.note.clone().map(|n| view! { <span class="faint">{n}</span> })}
        {connection.state.as_ref().map(badge)}
    };
    match &connection.key {
        Some(key) => view! { <a href=paths::detail(key)>{body}</a> }.into_any(),
        None => view! { <div title="Not collected">{body}</div> }.into_any(),
    }
}

/// A list of connected resources, or the words for none.
pub fn connections<'a>(found: impl Iterator<Item = &'a Connection>, none: &'static str) -> AnyView {
    let items: Vec<AnyView> = found.map(|c| connection(c, &c.name)).collect();
    if items.is_empty() { nothing(none) } else { view! { <div class="list">{items}</div> }.into_any() }
}

//! A function at a glance: what calls it and where it sends, its charts, its log.

use domain::Kind;
use domain::lambda::{Function, rules};
use domain::listing::{Connection, Detail};
use domain::resource::{Relation, Tone};
use domain::wording::spoken;
use leptos::prelude::*;

use crate::paths;
use crate::resource::Shown;
use crate::sections::charts::{Group, charts};
use crate::sections::{card, here, key_of, live, logs, note, short, stack};
use crate::ui::{Icon, format, icon};

/// Some callers and destinations are not collected, so "none" would claim too much.
const NOTHING: &str = "Nothing that Gantry knows of";
const CHARTS: &[Group] = &[("Invocations and errors", &["count"]), ("Duration", &["ms"])];

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    stack(vec![
        live::<Function>(shown, view),
        charts(&key, CHARTS, "No calls in the last hour."),
        logs::log_card(&key, "Live log", false),
    ])
}

fn view(function: Function, detail: Detail) -> AnyView {
    let mut cards = notes(&function, &detail);
    cards.push(flow(&detail));
    stack(cards)
}

/// What a person should know before anything else.
fn notes(function: &Function, detail: &Detail) -> Vec<AnyView> {
    let mut notes = vec![];
    let runtime = function.runtime.as_deref();
    if let Some((runtime, ends)) = runtime.and_then(|r| Some((r, rules::runtime_ends(r)?))) {
        let date = ends.rfc3339();
        let date = date.get(..10).unwrap_or_default();
        match Tone::of_deadline(ends, detail.now) {
            Some(Tone::Bad) => {
                let why = "AWS no longer patches it; later it also stops creating and then updating functions with it. Move the function to a newer runtime.";
                let title = format!("{runtime} ended {} ago, on {date}", format::span(ends, detail.now));
                notes.push(note(Tone::Warn, title, why));
            }
            Some(_) => {
                let title = format!("{runtime} ends in {}, on {date}", format::span(detail.now, ends));
                notes.push(note(Tone::Quiet, title, "AWS stops patching it then."));
            }
            None => {}
        }
    }
    notes
}

/// What calls it → it → where it sends.
fn flow(detail: &Detail) -> AnyView {
    let calls = |c: &&Connection| !c.outgoing && matches!(c.relation, Relation::Triggers | Relation::Serves);
    let sends = |c: &&Connection| c.outgoing && c.relation == Relation::SendsTo;
    let left: Vec<AnyView> = detail.connected.iter().filter(calls).map(|c| node(c, source(c))).collect();
    let right: Vec<AnyView> = detail.connected.iter().filter(sends).map(|c| node(c, source(c))).collect();
    let or = |nodes: Vec<AnyView>, words: &'static str| match nodes.is_empty() {
        true => vec![view! { <div class="node dim">{words}</div> }.into_any()],
        false => nodes,
    };
    card(
        "What calls it, where it sends",
        view! {
            <div class="in"><div class="flow">
                <div>{or(left, NOTHING)}</div>
                <div class="wire"></div>
                <div class="node me">{icon(Icon::Function)}{detail.row.name.clone()}</div>
                <div class="wire"></div>
                <div>{or(right, NOTHING)}</div>
            </div></div>
        },
    )
}

/// A mapping is called `queue → function`; here only the queue says something. What is not collected has its ARN as its name.
fn source(connection: &Connection) -> &str {
    let name = connection.name.split(" → ").next().unwrap_or(&connection.name);
    if name.starts_with("arn:") { short(name) } else { name }
}

/// The icon of a kind on the way into or out of a function.
fn picture(kind: Option<Kind>) -> Icon {
    match kind {
        Some(Kind::Bucket) => Icon::Bucket,
        Some(Kind::Queue | Kind::EventSourceMapping | Kind::Stream) => Icon::Queue,
        Some(Kind::Topic) => Icon::Topic,
        Some(Kind::Table) => Icon::Table,
        Some(Kind::Rule | Kind::Schedule) => Icon::Clock,
        Some(Kind::HttpApi | Kind::FunctionUrl) => Icon::Globe,
        Some(Kind::TargetGroup | Kind::LoadBalancer) => Icon::Network,
        Some(Kind::Function) => Icon::Function,
        _ => Icon::Link,
    }
}

fn node(connection: &Connection, name: &str) -> AnyView {
    let kind = connection.key.as_ref().map(|k| k.kind);
    let words = [kind.map(|k| k.singular().to_owned()), connection.note.clone()];
    let small = words.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let trouble = connection.state.as_ref().filter(|s| matches!(s.tone, Tone::Bad | Tone::Warn));
    let trouble = trouble.map(|s| s.reason.clone().unwrap_or_else(|| spoken(&s.word)));
    let body = view! {
        {icon(picture(kind))}
        <span class="grow">
            <span class="name">{name.to_owned()}</span>
            <small class="faint">{small}</small>
            {trouble.map(|t| view! { <small class="up">{t}</small> })}
        </span>
    };
    match &connection.key {
        Some(key) => view! { <a class="node" href=here(&paths::detail(key))>{body}</a> }.into_any(),
        None => view! { <div class="node" title=format!("{}: {}", connection.name, connection.absence())>{body}</div> }
            .into_any(),
    }
}

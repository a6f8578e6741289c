//! Problems and emptiness, said so that they lead somewhere.

use domain::problem::{Code, Problem, Recovery};
use domain::resource::Tone;
use leptos::prelude::*;

use super::badge::tone_class;
use super::copy::{Copy, CopyButton};
use super::format::every;
use super::icon::{Icon, icon};

/// A coloured box with an icon.
#[component]
pub fn Note(
    /// How it looks.
    tone: Tone,
    /// Said at once by screen readers, whatever the tone.
    #[prop(optional)]
    alert: bool,
    /// The content.
    children: Children,
) -> impl IntoView {
    let sign = match tone {
        Tone::Bad | Tone::Warn => Icon::Warning,
        Tone::Good => Icon::Check,
        Tone::Busy | Tone::Quiet => Icon::Info,
    };
    let role = (alert || matches!(tone, Tone::Bad)).then_some("alert");
    view! { <div class=format!("note {}", tone_class(tone)) role=role>{icon(sign)}<div class="grow">{children()}</div></div> }
}

fn tone(problem: &Problem) -> Tone {
    match problem.code {
        Code::NotImplemented => Tone::Quiet,
        Code::SignedOut
        | Code::ConfirmPassword
        | Code::Busy
        | Code::AwsThrottled
        | Code::NotFound
        | Code::NotConnected
        | Code::Invalid => Tone::Warn,
        Code::Forbidden
        | Code::Conflict
        | Code::TooLarge
        | Code::AwsDenied
        | Code::AwsCredentials
        | Code::AwsUnreachable
        | Code::AwsRejected
        | Code::Database
        | Code::Internal => Tone::Bad,
    }
}

fn ways_out(ways: Vec<Recovery>) -> impl IntoView + use<> {
    ways.into_iter()
        .map(|way| {
            // An empty address is "try again": the page asks itself.
            let class = if way.href.is_empty() { "btn small again" } else { "btn small" };
            view! { <a class=class href=way.href>{way.label}</a> }
        })
        .collect_view()
}

/// Something to be copied; all there is, in words.
fn exactly(text: String) -> AnyView {
    match every(&text) {
        Some(words) => words.into_any(),
        None => view! { <Copy text=text max=64/> }.into_any(),
    }
}

fn details(problem: &Problem) -> impl IntoView + use<> {
    let missing = problem.missing().map(|action| ("Missing permission", Some(action.to_owned())));
    let pairs = [
        ("On", problem.resource.clone()),
        ("Operation", problem.operation.clone().filter(|o| problem.iam_action.as_ref() != Some(o))),
        ("AWS request id", problem.aws_request_id.clone()),
        ("Reference", problem.reference.clone()),
    ];
    let rows = missing
        .chain(pairs)
        .filter_map(|(label, value)| value.map(|v| view! { <div><dt>{label}</dt><dd>{exactly(v)}</dd></div> }))
        .collect_view();
    let statement = problem.statement().map(|s| {
        view! {
            <details class="statement">
                <summary>"Policy statement to ask for"</summary>
                <pre class="code">{s.clone()}</pre>
                <CopyButton text=s label="Copy the statement"/>
            </details>
        }
    });
    view! { <dl class="ids">{rows}</dl>{statement} }
}

/// The permissions that are missing, in a line of text; `None` when none is.
pub fn missing(problem: &Problem) -> Option<AnyView> {
    let action = |(n, action): (usize, &str)| view! { {(n > 0).then_some(", ")}<code>{action.to_owned()}</code> };
    let actions = problem.missing().enumerate().map(action).collect_view();
    problem.missing().next().map(|_| view! { "missing "{actions} }.into_any())
}

/// A problem inside a page: what happened, why, what to do next.
#[component]
pub fn ProblemNote(
    /// The problem.
    problem: Problem,
    /// Kept from what happened before, or with a button of its own: loading the page again is no way out.
    #[prop(optional)]
    past: bool,
    /// It is what somebody asked for.
    #[prop(optional)]
    calm: bool,
) -> impl IntoView {
    let (tone, alert) = if calm { (Tone::Quiet, false) } else { (tone(&problem), !problem.is_calm()) };
    // Ways to other pages are for whoever has none to go on with.
    let ways = problem
        .recovery()
        .into_iter()
        .filter(|way| match way.href.as_str() {
            "/" | "/changes" => false,
            "" => !past,
            _ => true,
        })
        .collect();
    view! {
        <Note tone=tone alert=alert>
            <b>{problem.title.clone()}</b>
            <p>{problem.message.clone()}</p>
            {details(&problem)}
            <div class="ways">{ways_out(ways)}</div>
        </Note>
    }
}

/// A problem in place of a page.
#[component]
pub fn ProblemPage(
    /// The problem.
    problem: Problem,
) -> impl IntoView {
    view! {
        <div class="problem-page">
            <span class=format!("sign {}", tone_class(tone(&problem)))>{icon(Icon::Warning)}</span>
            <h1>{problem.title.clone()}</h1>
            <p>{problem.message.clone()}</p>
            {details(&problem)}
            <div class="ways">{ways_out(problem.recovery())}</div>
        </div>
    }
}

/// Nothing here, and what to do about it.
#[component]
pub fn Empty(
    /// A few words.
    #[prop(into)]
    title: String,
    /// Why, and the next step.
    children: Children,
) -> impl IntoView {
    view! { <div class="empty"><b>{title}</b><div>{children()}</div></div> }
}

//! What a scan found in an image, to be looked through.

use domain::ecr::Image;
use domain::ecr::findings::{Finding, Findings, SEVERITIES};
use domain::ecr::subject::Subject;
use domain::ecr::wizards::images::ENHANCED;
use domain::plan::Facts;
use domain::resource::Tone;
use leptos::prelude::*;
use std::sync::Arc;
use std::time::Duration;

use super::image::{manifests, parts_list};
use super::registry_scans;
use crate::live_state::{self, Reread};
use crate::resource::Shown;
use crate::sections::{card_with, key_of, mark, none, nothing, text, why, word};
use crate::ui::{Icon, Note, format, icon};

/// So many are shown at first, and by each click more.
pub(super) const ROWS: usize = 300;

/// Between two questions how a scan goes: AWS tells nobody that it ended.
const BUSY: Duration = Duration::from_secs(3);

/// What is looked for, and how many of it are shown.
#[derive(Clone, Copy)]
struct Sought {
    /// AWS's word; empty for all.
    severity: RwSignal<String>,
    text: RwSignal<String>,
    shown: RwSignal<usize>,
}

impl Sought {
    fn new() -> Self {
        let text = || RwSignal::new(String::new());
        Self { severity: text(), text: text(), shown: RwSignal::new(ROWS) }
    }
    /// From the top.
    fn set(self, what: RwSignal<String>, to: String) {
        what.set(to);
        self.shown.set(ROWS);
    }
}

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let Some((repository, digest)) = key.id.split_once('@') else { return ().into_any() };
    let detail = shown.get_untracked();
    let image = serde_json::from_value::<Image>(detail.doc.clone()).unwrap_or_default();
    if !manifests(&image).is_empty() {
        return parts_list("An index is not scanned; the image of each platform is", "findings", &image, &detail);
    }
    let subject = Subject::Findings { repository: repository.to_owned(), digest: digest.to_owned() };
    let again = subject.clone();
    let enhanced = registry_scans::enhanced(&key.scope);
    let sought = Sought::new();
    live_state::read(key.scope.clone(), vec![subject], move |facts, reread| {
        view_of(facts, again.clone(), reread, enhanced, sought)
    })
}

fn tone(severity: &str) -> Tone {
    match severity {
        "CRITICAL" => Tone::Bad,
        "HIGH" => Tone::Warn,
        _ => Tone::Quiet,
    }
}

fn view_of(facts: &Facts, subject: Subject, again: Reread, enhanced: Memo<bool>, sought: Sought) -> AnyView {
    let reread =
        view! { <button class="btn quiet small" r#type="button" on:click=move |_| again.now()>"Read again"</button> };
    let Some(findings) = live_state::state::<Findings>(facts, subject) else {
        let words = move || match enhanced.get() {
            true => nothing(format!("It was not scanned. {ENHANCED}")),
            false => nothing(
                "It was never scanned. Scan, above, looks for known vulnerabilities in what is installed in it.",
            ),
        };
        return card_with("Findings", reread, words);
    };
    let busy = matches!(findings.status.as_deref(), Some("IN_PROGRESS" | "PENDING"));
    if busy {
        again.until_it_differs(BUSY);
    }
    let whole = findings.is_complete();
    let status = (!whole).then(|| {
        let (status, words) = (word(findings.status.clone()), findings.description.clone().unwrap_or_default());
        view! { <div class="in"><Note tone=if busy { Tone::Busy } else { Tone::Warn }><b>{status}</b>" "{words}</Note></div> }
    });
    if findings.found.is_empty() {
        let words = match (busy, whole) {
            (true, _) => "What it finds will stand here.",
            (_, true) => "It found nothing.",
            _ => "Nothing is known of what is in it: no scan came to its end.",
        };
        return card_with("Findings", reread, view! { {status}{nothing(words)} });
    }
    let counts = SEVERITIES.iter().filter_map(|severity| {
        let count = findings.counts.get(*severity).filter(|n| **n > 0)?;
        Some(view! { <span>{mark(format!("{count} {}", severity.to_lowercase()), tone(severity))}" "</span> })
    });
    let counts = counts.collect_view();
    let form = form(&findings, sought);
    let rows = rows(Arc::new(findings), sought);
    let content = view! {
        {status}
        <p class="in">{counts}</p>
        {form}
        {rows}
    };
    card_with("Findings", reread, content)
}

/// Where is said what is looked for.
fn form(findings: &Findings, sought: Sought) -> AnyView {
    let mut severities: Vec<String> = vec![];
    // The worst first, as the findings are.
    for finding in &findings.found {
        if !severities.contains(&finding.severity) {
            severities.push(finding.severity.clone());
        }
    }
    let options = severities.into_iter().map(|severity| {
        let (own, words) = (severity.clone(), severity.to_lowercase());
        view! { <option value=severity prop:selected=move || sought.severity.with(|s| *s == own)>{words}</option> }
    });
    let typed = sought.text.get_untracked();
    view! {
        <form class="filters in" role="search" aria-label="Findings" on:submit=|event: leptos::ev::SubmitEvent| event.prevent_default()>
            <label class="input">
                {icon(Icon::Search)}
                <input
                    r#type="search" autocomplete="off" spellcheck="false" placeholder="Package or CVE" aria-label="Package or CVE" value=typed
                    on:input=move |event| sought.set(sought.text, event_target_value(&event))
                />
            </label>
            <label class="inline">
                <span class="dim">"Severity"</span>
                <select class="select" on:change=move |event| sought.set(sought.severity, event_target_value(&event))>
                    <option value="">"All"</option>
                    {options.collect_view()}
                </select>
            </label>
        </form>
    }
    .into_any()
}

/// What is like it, and how many there are more.
fn rows(findings: Arc<Findings>, sought: Sought) -> AnyView {
    // What was found beyond what was read.
    let unread = findings.total().saturating_sub(findings.found.len());
    let unread = (unread > 0).then(|| {
        let count = format::number(i64::try_from(unread).unwrap_or(i64::MAX));
        view! { <p class="in faint">{format!("and {count} more, not read: the counts above include them")}</p> }
    });
    let table = move || {
        let all = sought.severity.with(|severity| sought.text.with(|text| findings.matching(severity, text)));
        if all.is_empty() {
            return nothing("None of them is like this.");
        }
        let rest = all.len().saturating_sub(sought.shown.get());
        let rows = all.into_iter().take(sought.shown.get()).map(|finding| row(finding.clone(), None)).collect_view();
        view! {
            <div class="scroll plain" tabindex="0">
                <table class="table">
                    <thead><tr><th scope="col">"Severity"</th><th scope="col">"Finding"</th><th scope="col">"Package"</th><th scope="col">"Fixed in"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {more(&[rest], sought.shown)}
        }
        .into_any()
    };
    view! { {table}{unread} }.into_any()
}

/// The button that shows more of lists of which so many each are not shown yet; nothing where all are.
pub(super) fn more(rest: &[usize], shown: RwSignal<usize>) -> AnyView {
    let all = rest.iter().sum::<usize>();
    if all == 0 {
        return ().into_any();
    }
    let next = rest.iter().map(|rest| (*rest).min(ROWS)).sum::<usize>();
    let show = move |_| shown.update(|shown| *shown += ROWS);
    view! { <p class="in"><button class="btn small" r#type="button" on:click=show>{format!("Show {next} more of {all}")}</button></p> }
        .into_any()
}

/// A row; before it a word, where findings are compared. Only addresses of the web become links: what a scanner says is not to be trusted.
pub(super) fn row(finding: Finding, before: Option<(&'static str, Tone)>) -> AnyView {
    let link = finding.uri.clone().filter(|uri| uri.starts_with("https://") || uri.starts_with("http://"));
    let name = match link {
        Some(href) => view! { <a class="ref mono" href=href target="_blank" rel="noopener noreferrer external">{finding.name}</a> }.into_any(),
        None => view! { <span class="mono">{finding.name}</span> }.into_any(),
    };
    let package = match (finding.package, finding.version) {
        (Some(package), Some(version)) => text(Some(format!("{package} {version}"))),
        (package, _) => text(package),
    };
    view! {
        <tr>
            {before.map(|(word, tone)| view! { <td>{mark(word, tone)}</td> })}
            <td>{mark(finding.severity.to_lowercase(), tone(&finding.severity))}</td>
            <td>{name}{why(finding.description)}</td>
            <td>{package}</td>
            <td>{finding.fixed_in.map_or_else(none, |v| text(Some(v)))}</td>
        </tr>
    }
    .into_any()
}

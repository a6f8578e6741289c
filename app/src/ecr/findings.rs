//! What a scan found in an image.

use domain::ecr::Image;
use domain::ecr::findings::{Finding, Findings, SEVERITIES};
use domain::ecr::subject::Subject;
use domain::ecr::wizards::images::ENHANCED;
use domain::plan::Facts;
use domain::resource::Tone;
use leptos::prelude::*;

use super::image::{manifests, parts_list};
use super::registry_scans;
use crate::live_state::{self, Reread};
use crate::resource::Shown;
use crate::sections::{card_with, key_of, mark, none, nothing, text, why, word};
use crate::ui::Note;

/// So many are shown; the counts tell of the rest.
pub(super) const ROWS: usize = 300;

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
    live_state::read(key.scope.clone(), vec![subject], move |facts, reread| {
        view_of(facts, again.clone(), reread, enhanced)
    })
}

fn tone(severity: &str) -> Tone {
    match severity {
        "CRITICAL" => Tone::Bad,
        "HIGH" => Tone::Warn,
        _ => Tone::Quiet,
    }
}

fn view_of(facts: &Facts, subject: Subject, again: Reread, enhanced: Memo<bool>) -> AnyView {
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
    let all = findings.total();
    let whole = findings.is_complete();
    let status = (!whole).then(|| {
        let words = findings.description.clone().unwrap_or_default();
        view! { <div class="in"><Note tone=if busy { Tone::Busy } else { Tone::Warn }><b>{word(findings.status.clone())}</b>" "{words}</Note></div> }
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
    let rest = all.saturating_sub(ROWS);
    let ordered =
        if findings.truncated { "not all of them read: the counts above include them" } else { "none of them worse" };
    let rows = findings.found.into_iter().take(ROWS).map(|finding| row(finding, None)).collect_view();
    let rest = (rest > 0).then(|| view! { <p class="in faint">{format!("and {rest} more, {ordered}")}</p> });
    let content = view! {
        {status}
        <p class="in">{counts}</p>
        <div class="scroll plain" tabindex="0">
            <table class="table">
                <thead><tr><th scope="col">"Severity"</th><th scope="col">"Finding"</th><th scope="col">"Package"</th><th scope="col">"Fixed in"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {rest}
    };
    card_with("Findings", reread, content)
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

//! Two images side by side: size, layers, configuration, findings. What was collected is there at once, the rest is read live.

use domain::ecr::compare::{self, FindingsChange, Setting, Side, Where};
use domain::ecr::findings::{Finding, Findings};
use domain::ecr::subject::Subject as Ecr;
use domain::ecr::{Image, configuration::Configuration};
use domain::plan::{Facts, Subject};
use domain::resource::Tone;
use domain::{Kind, ResourceKey};
use leptos::prelude::*;
use serde_json::Value;

use super::image::manifests;
use super::{configuration, findings as findings_tab};
use crate::error::AppError;
use crate::live_state;
use crate::paths;
use crate::plan::api::look_up;
use crate::sections::{card, card_with, here, mark, note, nothing, short_digest, stack, table_card, text};
use crate::ui::{ProblemNote, Skeleton, format};
use crate::wire::ask;

/// The images of both sides.
type Keys = (ResourceKey, ResourceKey);

/// What stands on the page that compares, for images; `left` and `right` with their documents.
pub fn compared(left: (ResourceKey, Value), right: (ResourceKey, Value)) -> AnyView {
    let read = |doc: Value| serde_json::from_value::<Image>(doc).ok();
    let keys = (left.0, right.0);
    let (Some(left), Some(right)) = (read(left.1), read(right.1)) else { return ().into_any() };
    if left.image_digest == right.image_digest {
        let same = "A digest is computed from the content: whatever differs below is about where they are.";
        return note(Tone::Good, "They are the same image", same);
    }
    match (manifests(&left).is_empty(), manifests(&right).is_empty()) {
        (true, true) => stack(vec![sizes(&left, &right), inside(left, right, keys.clone()), found(keys)]),
        (false, false) => platforms(&left, &right, &keys),
        _ => note(
            Tone::Quiet,
            "One of them is an index",
            "An index has no layers, no configuration and no findings of its own. Compare the image of one of its platforms instead.",
        ),
    }
}

fn sizes(left: &Image, right: &Image) -> AnyView {
    let (a, b) = (left.image_size_in_bytes, right.image_size_in_bytes);
    let by = a.zip(b).map(|(a, b)| match b - a {
        0 => "the same".to_owned(),
        more if more > 0 => format!("{} more", format::bytes(more)),
        less => format!("{} less", format::bytes(-less)),
    });
    let row = vec![text(a.map(format::bytes)), text(b.map(format::bytes)), text(by)];
    table_card("Size, compressed", &[("From", true), ("To", true), ("Change", true)], vec![row], "")
}

/// The images of one platform of two indexes are compared with each other.
fn platforms(left: &Image, right: &Image, keys: &Keys) -> AnyView {
    let key = |key: &ResourceKey, digest: &str| {
        let repository = key.id.split_once('@').map(|(repository, _)| repository).unwrap_or_default();
        ResourceKey::new(Kind::Image, key.scope.clone(), format!("{repository}@{digest}")).ok()
    };
    let rows = compare::platforms(left, right).into_iter().map(|(platform, from, to)| {
        let both = from.and_then(|d| key(&keys.0, d)).zip(to.and_then(|d| key(&keys.1, d)));
        let what = match (both, from == to) {
            (Some(_), true) => text(Some("the same image")),
            (Some((from, to)), false) => {
                let label = format!("Compare {platform}");
                view! { <a class="btn small" href=here(&paths::compare(&from, &to))>{label}</a> }.into_any()
            }
            (None, _) => text(Some(if from.is_some() { "only in the first" } else { "only in the second" })),
        };
        vec![text(Some(platform.to_owned())), what]
    });
    let heads = [("Platform", false), ("", false)];
    table_card(
        "Two indexes: platform by platform",
        &heads,
        rows.collect(),
        "Neither says of what platform its images are.",
    )
}

/// The same question of both images.
async fn both(keys: Keys, of: fn(String, String) -> Ecr) -> Result<Vec<(Ecr, Facts)>, AppError> {
    let mut answers = vec![];
    for key in [keys.0, keys.1] {
        let (repository, digest) = key.id.split_once('@').unwrap_or((&key.id, ""));
        let subject = of(repository.to_owned(), digest.to_owned());
        answers.push((subject.clone(), look_up(key.scope.clone(), vec![Subject::Ecr(subject)]).await?));
    }
    Ok(answers)
}

fn state<T: serde::de::DeserializeOwned>(answers: &[(Ecr, Facts)], n: usize) -> Option<T> {
    let (subject, facts) = answers.get(n)?;
    live_state::state(facts, subject.clone())
}

/// Layers and configuration. Layers are known without the configurations, only not their commands.
fn inside(left: Image, right: Image, keys: Keys) -> AnyView {
    let answer =
        ask(move || keys.clone(), |keys| both(keys, |repository, digest| Ecr::Configuration { repository, digest }));
    view! {
        <Transition fallback=|| view! { <Skeleton lines=6/> }>
            {move || {
                let (left, right) = (left.clone(), right.clone());
                Suspend::new(async move {
                    let side = |image, configuration| Side { image, configuration, findings: None };
                    match answer.await {
                        Ok(found) => {
                            let (l, r) = (state::<Configuration>(&found, 0), state::<Configuration>(&found, 1));
                            let settings = match (&l, &r) {
                                (Some(l), Some(r)) => settings(compare::settings(l, r)),
                                _ => card("Configuration", nothing("One of them has none that can be read.")),
                            };
                            stack(vec![layers(&side(left, l), &side(right, r)), settings])
                        }
                        Err(AppError(problem)) => {
                            let problem = view! { <ProblemNote problem=problem/> }.into_any();
                            stack(vec![layers(&side(left, None), &side(right, None)), problem])
                        }
                    }
                })
            }}
        </Transition>
    }
    .into_any()
}

fn layers(left: &Side, right: &Side) -> AnyView {
    let Some(lines) = compare::layers(left, right) else {
        return card("Layers", nothing("Gantry has not read both manifests yet; it does so once for each digest."));
    };
    let sum = |wanted: Where| {
        let of: Vec<_> = lines.iter().filter(|line| line.side == wanted).collect();
        let bytes = of.iter().filter_map(|line| line.size).sum();
        (of.len(), format::bytes(bytes))
    };
    let [shared, gone, new] = [Where::Shared, Where::Left, Where::Right].map(sum);
    let words = format!("{} shared ({}), {} gone ({}), {} new ({})", shared.0, shared.1, gone.0, gone.1, new.0, new.1);
    let rows = lines.into_iter().map(|line| {
        let (word, tone) = match line.side {
            Where::Shared => ("shared", Tone::Quiet),
            Where::Left => ("− gone", Tone::Bad),
            Where::Right => ("+ new", Tone::Good),
        };
        let command = configuration::command(line.command);
        vec![mark(word, tone), command, text(line.size.map(format::bytes)), short_digest(Some(line.digest))]
    });
    let heads = [("In", false), ("Made by", false), ("Size", true), ("Digest", false)];
    table_card(format!("Layers: {words}"), &heads, rows.collect(), "Neither has a layer.")
}

fn settings(settings: Vec<Setting>) -> AnyView {
    let value = |value: Option<String>| match value {
        Some(value) => view! { <code class="build-line">{value}</code> }.into_any(),
        None => view! { <span class="faint">"not set"</span> }.into_any(),
    };
    let rows = settings.into_iter().map(|s| vec![text(Some(s.name)), value(s.left), value(s.right)]);
    let heads = [("Setting", false), ("From", false), ("To", false)];
    table_card(
        "Configuration",
        &heads,
        rows.collect(),
        "They start alike: same command, user, environment, ports and labels.",
    )
}

fn found(keys: Keys) -> AnyView {
    let answer =
        ask(move || keys.clone(), |keys| both(keys, |repository, digest| Ecr::Findings { repository, digest }));
    view! {
        <Transition fallback=|| view! { <Skeleton lines=6/> }>
            {move || Suspend::new(async move {
                match answer.await {
                    Ok(found) => match (state::<Findings>(&found, 0), state::<Findings>(&found, 1)) {
                        (Some(left), Some(right)) if left.is_complete() && right.is_complete() => {
                            let cut = left.truncated || right.truncated;
                            findings(compare::findings(&left, &right), cut)
                        }
                        (left, right) => {
                            // What a scan that did not end has not found is not known not to be there.
                            let ended = |side: Option<Findings>| side.is_some_and(|side| side.is_complete());
                            let which = match (ended(left), ended(right)) {
                                (false, false) => "Neither was scanned to the end",
                                (false, true) => "The first was not scanned to the end",
                                _ => "The second was not scanned to the end",
                            };
                            card("Findings", nothing(format!("{which}: on its page, Scan looks for known vulnerabilities.")))
                        }
                    },
                    Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

/// `cut`: not all of one were read, so some that seem to be of one image only can be in both.
fn findings(change: FindingsChange, cut: bool) -> AnyView {
    let words = format!("{} gained, {} gone, {} in both", change.gained.len(), change.gone.len(), change.same);
    if change.gained.is_empty() && change.gone.is_empty() {
        return card_with("Findings", words, nothing("The same was found in both."));
    }
    // Of each side.
    let shown = RwSignal::new(findings_tab::ROWS);
    let cut = cut
        .then(|| view! { <p class="in faint">"Not all findings were read: some that stand here can be in both."</p> });
    let table = move || {
        let most = shown.get();
        let lines = |all: &[Finding], word: &'static str, tone: Tone| {
            let lines = all.iter().take(most).map(|finding| findings_tab::row(finding.clone(), Some((word, tone))));
            lines.collect_view()
        };
        let rest = [&change.gained, &change.gone].map(|all| all.len().saturating_sub(most));
        view! {
            <div class="scroll plain" tabindex="0">
                <table class="table">
                    <thead><tr><th scope="col">"Change"</th><th scope="col">"Severity"</th><th scope="col">"Finding"</th><th scope="col">"Package"</th><th scope="col">"Fixed in"</th></tr></thead>
                    <tbody>{lines(&change.gained, "+ gained", Tone::Bad)}{lines(&change.gone, "− gone", Tone::Good)}</tbody>
                </table>
            </div>
            {findings_tab::more(&rest, shown)}
        }
    };
    card_with("Findings", words, view! { {cut}{table} })
}

//! What rules do to the images of a repository: by Gantry's own reckoning while they are written, by AWS's when somebody asks for it.

use domain::ResourceKey;
use domain::ecr::inventory::{Held, Inventory, short};
use domain::ecr::known::some;
use domain::ecr::lifecycle::{Danger, Fate, Verdict, aws_preview, evaluate, in_danger, parse};
use domain::plan::FieldErrors;
use domain::resource::Tone;
use leptos::prelude::*;
use std::collections::BTreeMap;

use super::by_aws::{Asked, ByAws};
use crate::sections::{age, card_with, mark, none, nothing, text as words};
use crate::ui::{Note, format};

/// At most so many rows; those that go come first.
const ROWS: usize = 200;

const GANTRY: &str = "By Gantry's own reckoning with AWS's published rules, on the images as they were last collected. AWS acts within 24 hours of a change.";
const AWS: &str = "By AWS's own preview, asked for just now. AWS acts within 24 hours of a change.";

/// The card; follows the text of the policy.
pub fn card(text: Memo<(String, FieldErrors)>, inventory: Inventory, key: &ResourceKey) -> AnyView {
    let (inventory, repository) = (StoredValue::new(inventory), key.id.clone());
    let by_aws = ByAws::new(key.clone());
    let view = move || {
        let (written, wrong) = text.get();
        let policy = match (written.trim().is_empty(), wrong.is_empty()) {
            (true, _) => Some(Default::default()),
            (false, true) => parse(&written).ok(),
            (false, false) => None,
        };
        inventory.with_value(|inventory| match policy {
            None => card_with(
                "What it does",
                "",
                nothing("Once the rules can be read, their effect on each image stands here."),
            ),
            Some(_) if inventory.images.is_empty() => {
                card_with("What it does", "", nothing("No image of this repository is collected yet."))
            }
            Some(policy) => {
                let own = |note| {
                    let verdicts = evaluate(&policy, &inventory.facts(), inventory.now);
                    table(inventory, verdicts, &repository, view! { {GANTRY}" "{note} }.into_any())
                };
                // What AWS said of other rules says nothing of these.
                let card = match by_aws.of(&written) {
                    Asked::Told(acts) => {
                        let (verdicts, unseen) = aws_preview::verdicts(&acts, &inventory.facts());
                        let unseen = (unseen > 0).then(|| {
                            format!(
                                " It also acts on {}, which Gantry has not collected yet.",
                                format::counted(unseen as i64, "image", "images")
                            )
                        });
                        table(inventory, verdicts, &repository, view! { {AWS}{unseen} }.into_any())
                    }
                    Asked::Not => own(().into_any()),
                    Asked::Without(note) => own(view! { <b>{note}</b> }.into_any()),
                };
                let ask = (!written.trim().is_empty()).then(|| by_aws.button(written.clone()));
                view! { {card}{ask} }.into_any()
            }
        })
    };
    view! { <div aria-live="polite">{view}</div>{by_aws.trouble()} }.into_any()
}

fn table(inventory: &Inventory, verdicts: Vec<Verdict>, repository: &str, by: AnyView) -> AnyView {
    let danger: BTreeMap<String, Danger> =
        in_danger(&verdicts, &inventory.in_use()).into_iter().map(|d| (d.digest.clone(), d)).collect();
    let held = inventory.by_digest();
    let going: Vec<&Verdict> = verdicts.iter().filter(|v| v.fate.goes()).collect();
    let freed: i64 = going.iter().filter_map(|v| held.get(v.digest.as_str())?.facts.size).sum();
    let sum = match going.len() {
        0 => format!("none of {} goes", format::counted(verdicts.len() as i64, "image", "images")),
        n => {
            format!("{n} of {} go, {}", format::counted(verdicts.len() as i64, "image", "images"), format::bytes(freed))
        }
    };
    let lost = (!danger.is_empty()).then(|| {
        let names: Vec<String> = danger.values().map(|d| inventory.explain(repository, d)).collect();
        view! { <div class="in"><Note tone=Tone::Bad><b>"In use, and would go"</b><p>{some(&names)}</p></Note></div> }
    });
    let unknown = inventory.unknown();
    let unknown = (!unknown.is_empty() && !going.is_empty()).then(|| {
        view! { <div class="in"><Note tone=Tone::Warn><b>"It is not known what else uses images"</b><p>{some(&unknown)}</p></Note></div> }
    });
    let mut order: Vec<(&Verdict, &Held)> =
        verdicts.iter().filter_map(|v| Some((v, *held.get(v.digest.as_str())?))).collect();
    let rank = |v: &Verdict| (!danger.contains_key(&v.digest), !v.fate.goes());
    order.sort_by(|(a, x), (b, y)| rank(a).cmp(&rank(b)).then(y.facts.pushed_at.cmp(&x.facts.pushed_at)));
    let rest = order.len().saturating_sub(ROWS);
    let now = inventory.now;
    let rows = order.into_iter().take(ROWS).map(|(verdict, held)| {
        let tags = match held.facts.tags.is_empty() {
            true => short(&held.facts.digest).to_owned(),
            false => held.facts.tags.join(", "),
        };
        let used = match held.used_by.first() {
            Some(first) if held.used_by.len() > 1 => {
                words(Some(format!("{first} and {} more", held.used_by.len() - 1)))
            }
            Some(first) => words(Some(first.clone())),
            None => none(),
        };
        view! {
            <tr>
                <td class="mono" title=held.facts.digest.clone()>{tags}</td>
                <td>{fate(&verdict.fate, danger.contains_key(&verdict.digest))}</td>
                <td>{used}</td>
                <td>{age(Some(held.facts.pushed_at), now)}</td>
                <td class="num">{words(held.facts.size.map(format::bytes))}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let rest = (rest > 0).then(|| {
        let going = going.len();
        let what = if going > ROWS { format!(": {} of them go, too", going - ROWS) } else { ", which stay".to_owned() };
        view! { <p class="in faint">{format!("and {rest} more{what}")}</p> }
    });
    let content = view! {
        {lost}
        {unknown}
        <div class="scroll plain" tabindex="0">
            <table class="table">
                <thead><tr><th scope="col">"Image"</th><th scope="col">"What happens"</th><th scope="col">"In use by"</th><th scope="col">"Pushed"</th><th scope="col" class="num">"Size"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {rest}
        <p class="in faint">{by}</p>
    };
    card_with("What it does", sum, content)
}

fn fate(fate: &Fate, in_use: bool) -> AnyView {
    let tone = if in_use { Tone::Bad } else { Tone::Warn };
    match fate {
        Fate::Kept => mark("stays", Tone::Good),
        Fate::Held { rule, by } => mark(format!("stays: index {} leads to it (rule {rule})", short(by)), Tone::Good),
        Fate::Expired { rule } => mark(format!("deleted by rule {rule}"), tone),
        Fate::Archived { rule } => mark(format!("archived by rule {rule}"), tone),
        Fate::Unclear { rule } => mark(format!("perhaps: rule {rule} has words Gantry does not know"), tone),
    }
}

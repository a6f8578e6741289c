//! The images of a public repository, read when the tab is opened, with what uses them in connected accounts; each can be deleted by a plan.

use domain::ecr::known::some;
use domain::ecr_public::image::{Image, Images, MOST};
use domain::ecr_public::subject::Subject;
use domain::ecr_public::uses::Uses;
use domain::ecr_public::wizards::images::Delete;
use domain::plan::answers::Form;
use domain::plan::{self, Answers};
use domain::resource::Tone;
use domain::stream::ToPage;
use domain::{Millis, ResourceKey};
use leptos::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::api::Boot;
use crate::live;
use crate::live_state::{self, Reread};
use crate::plan::acts::Acts;
use crate::resource::Shown;
use crate::sections::{age, card, card_with, key_of, nothing, text, words};
use crate::ui::{Copy, Note, format};
use crate::wizard::why_not;

/// What is ticked.
type Ticked = RwSignal<BTreeSet<String>>;

fn subject(key: &ResourceKey) -> plan::Subject {
    plan::Subject::EcrPublic(Subject::ImageList { repository: key.id.clone() })
}

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let now = shown.with_untracked(|detail| detail.now);
    let ticked = Ticked::new(BTreeSet::new());
    let subjects = vec![subject(&key), Uses::subject(&key.id)];
    live_state::read_any(key.scope.clone(), subjects, move |facts, again| {
        let found = facts.of(&subject(&key)).flatten().cloned();
        let uses = facts.of(&Uses::subject(&key.id)).flatten().cloned();
        let uses = uses.and_then(|uses| serde_json::from_value::<Uses>(uses).ok());
        match found.map(serde_json::from_value::<Images>) {
            Some(Ok(images)) => {
                after_runs(again);
                list(images, uses.as_ref(), &key, ticked, now)
            }
            _ => card("Images", nothing("AWS has no such repository any more.")),
        }
    })
}

/// Reads again when a run went on, which may have deleted some.
fn after_runs(again: Reread) {
    let runs = live::count(Duration::from_secs(1), ToPage::is_of_runs);
    Effect::new(move |first: Option<()>| {
        runs.track();
        if first.is_some() {
            again.now();
        }
    });
}

fn list(images: Images, uses: Option<&Uses>, key: &ResourceKey, ticked: Ticked, now: Millis) -> AnyView {
    if images.images.is_empty() {
        return card("Images", nothing("Nothing has been pushed to it yet: the commands are under Overview."));
    }
    let there: BTreeSet<String> = images.images.iter().map(|image| image.image_digest.clone()).collect();
    ticked.update(|ticked| ticked.retain(|digest| there.contains(digest)));
    let may = why_not(&expect_context::<Boot>()).is_none();
    let count = match images.more {
        true => format!("the {} newest", format::number(MOST as i64)),
        false => format::counted(images.images.len() as i64, "image", "images"),
    };
    let right = view! { <span class="faint">{count}</span>" "{may.then(|| delete(key, ticked))} };
    let unknown = uses.map(Uses::unknown).unwrap_or_default();
    let doubt = (!unknown.is_empty()).then(|| {
        let words = format!("It is not known what else uses images: {}.", some(&unknown));
        view! { <div class="in"><Note tone=Tone::Warn>{words}</Note></div> }
    });
    let all = images.clone();
    let kept = move || {
        ticked.with(|ticked| all.may_be_kept(ticked)).then(|| {
            view! { <p class="in dim">"If an index leads to one of these, AWS keeps it: choose the index, too."</p> }
        })
    };
    let rows = images.images.into_iter().map(|image| {
        let users = uses.and_then(|uses| users(uses, &image));
        row(image, users, ticked, may, now)
    });
    let rows = rows.collect_view();
    card_with(
        "Images",
        right,
        view! {
            {doubt}
            <div aria-live="polite">{kept}</div>
            <div class="scroll plain" tabindex="0">
                <table class="table public-images">
                    <thead><tr>
                        {may.then(|| view! { <th scope="col">"Choose"</th> })}
                        <th scope="col">"Tags"</th><th scope="col" title="In the accounts that are connected">"In use by"</th><th scope="col">"What"</th><th scope="col">"Digest"</th>
                        <th scope="col" class="num">"Size (compressed)"</th><th scope="col">"Pushed"</th><th scope="col">"Media type"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        },
    )
}

/// What uses it in the accounts that are connected: some of them, and how many there are more.
fn users(uses: &Uses, image: &Image) -> Option<String> {
    let all: Vec<String> = uses.of(&image.image_digest, &image.image_tags).into_iter().map(str::to_owned).collect();
    (!all.is_empty()).then(|| some(&all))
}

fn row(image: Image, users: Option<String>, ticked: Ticked, may: bool, now: Millis) -> AnyView {
    let digest = image.image_digest.clone();
    let tick = may.then(|| {
        let (own, name) = (digest.clone(), digest.clone());
        let name = image.image_tags.first().cloned().unwrap_or(name);
        let change = move |event| {
            let on = event_target_checked(&event);
            ticked.update(|all| {
                if on {
                    all.insert(own.clone())
                } else {
                    all.remove(&own)
                };
            });
        };
        let on = move || ticked.with(|all| all.contains(&digest));
        view! { <td><input type="checkbox" aria-label=format!("Choose {name}") prop:checked=on on:change=change/></td> }
    });
    view! {
        <tr>
            {tick}
            <td>{words(&image.image_tags)}</td>
            <td>{text(users)}</td>
            <td>{image.what()}</td>
            <td><Copy text=image.image_digest max=22/></td>
            <td class="num">{text(image.image_size_in_bytes.map(format::bytes))}</td>
            <td>{age(image.image_pushed_at.map(|t| t.0), now)}</td>
            <td><span class="cut" title=image.image_manifest_media_type.clone()>{image.image_manifest_media_type.clone()}</span></td>
        </tr>
    }
    .into_any()
}

/// The button that plans to delete what is ticked.
fn delete(key: &ResourceKey, ticked: Ticked) -> AnyView {
    let (acts, key) = (expect_context::<Acts>(), key.clone());
    // No signal of its own: the list is made anew while this one is still shown, and what is ticked outlives both.
    let none = move || ticked.with(BTreeSet::is_empty);
    let label = move || match ticked.with(BTreeSet::len) {
        0 => "Delete…".to_owned(),
        n => format!("Delete {}…", format::counted(n as i64, "image", "images")),
    };
    let ask = move |_| {
        let digests = ticked.get_untracked().into_iter().collect();
        let form = Form::DeletePublicImages(Delete { repository: key.id.clone(), digests, insist: String::new() });
        acts.ask(Answers { scope: key.scope.clone(), form });
    };
    let why = move || none().then_some("Choose images first");
    view! { <button class="btn small" r#type="button" disabled=none title=why on:click=ask>{label}</button> }.into_any()
}

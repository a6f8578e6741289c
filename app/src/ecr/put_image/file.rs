//! From a file on this computer: it is sent as it is read, its layers go to the registry as they arrive.

use domain::ecr::upload::{Upload, UploadState};
use domain::{Problem, ResourceKey};
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;

use super::browser::{self, Chosen, Sending};
use super::{images, layers};
use crate::paths::encode;
use crate::ui::{Icon, ProblemNote, format, icon};

/// Between two questions how far it is.
const LOOK: Duration = Duration::from_millis(500);

/// How far the card is.
#[derive(Clone, PartialEq)]
enum Stage {
    /// Nothing was chosen.
    Empty,
    /// On its way.
    Sending,
    /// All there, but for the images' names.
    Received,
    /// It came to nothing.
    Failed(Problem),
    /// By the person.
    Cancelled,
}

#[derive(Clone, Copy)]
struct Card {
    stage: RwSignal<Stage>,
    upload: RwSignal<Upload>,
    /// Name and size of the file.
    named: RwSignal<(String, u64)>,
    /// None while the page is rendered on the server: it belongs to one thread.
    sending: Option<StoredValue<Option<Sending>, LocalStorage>>,
    /// Where to send it, but for its id.
    to: StoredValue<String>,
}

impl Card {
    fn send(self, file: &Chosen) {
        self.stop();
        let id = browser::new_id();
        self.named.set((file.name.clone(), file.size));
        self.upload.set(Upload { id: id.clone(), size: Some(file.size), ..Upload::default() });
        self.stage.set(Stage::Sending);
        let url = self.to.with_value(|to| format!("{to}&id={id}"));
        let (sending, answer) = browser::send(&url, file);
        if let Some(kept) = self.sending {
            kept.set_value(Some(sending));
        }
        let own = id.clone();
        spawn_local(async move {
            let mut answer = answer.await;
            if answer.is_none() {
                // The connection went; the server may know why.
                answer = Some(browser::ask(&own).await.unwrap_or_else(|| Err(browser::broke_off())));
            }
            if let Some(answer) = answer.filter(|_| self.is(&own)) {
                self.hear(answer, true);
            }
        });
        self.look(id);
    }

    /// Asks how far it is, as long as it goes on.
    fn look(self, id: String) {
        set_timeout(
            move || {
                if self.is(&id) {
                    spawn_local(async move {
                        let answer = browser::ask(&id).await;
                        if self.is(&id) {
                            // It may not have begun yet; the one that sends hears what is wrong.
                            if let Some(Ok(upload)) = answer {
                                self.hear(Ok(upload), false);
                            }
                            self.look(id);
                        }
                    });
                }
            },
            LOOK,
        );
    }

    /// Whether this upload is the one that goes on.
    fn is(self, id: &str) -> bool {
        self.stage.try_get_untracked() == Some(Stage::Sending)
            && self.upload.try_with_untracked(|upload| upload.id == id) == Some(true)
    }

    fn hear(self, answer: Result<Upload, Problem>, last: bool) {
        match answer {
            Ok(upload) => {
                let (state, problem) = (upload.state, upload.problem.clone());
                self.upload.set(upload);
                match state {
                    UploadState::Received => self.stage.set(Stage::Received),
                    UploadState::Failed => self.stage.set(Stage::Failed(problem.unwrap_or_else(browser::broke_off))),
                    UploadState::Receiving if last => self.stage.set(Stage::Failed(browser::broke_off())),
                    UploadState::Receiving => {}
                }
            }
            Err(problem) => self.stage.set(Stage::Failed(problem)),
        }
    }

    fn stop(self) {
        if let Some(Some(sending)) = self.sending.and_then(|kept| kept.try_update_value(Option::take)) {
            sending.abort();
        }
    }
}

/// The card.
pub(super) fn form(key: &ResourceKey) -> AnyView {
    let scope = key.scope.clone();
    let to = format!("account={}&region={}&repository={}", scope.account, scope.region, encode(&key.id));
    let card = Card {
        stage: RwSignal::new(Stage::Empty),
        upload: RwSignal::new(Upload::default()),
        named: RwSignal::new(Default::default()),
        sending: (!is_server()).then(|| StoredValue::new_local(None)),
        to: StoredValue::new(to),
    };
    on_cleanup(move || card.stop());
    let (scope, repository) = (StoredValue::new(scope), StoredValue::new(key.id.clone()));
    let body = move || {
        match card.stage.get() {
        Stage::Sending => sending(card),
        Stage::Received => card.upload.with_untracked(|upload| {
            view! {
                <p role="status">"“"{card.named.with_untracked(|n| n.0.clone())}"” has arrived. Nothing can be pulled yet: name what is in it, and review the plan."</p>
                {images::form(&scope.get_value(), &repository.get_value(), &upload.images)}
                {layers::folded(&upload.layers)}
                {zone(card, "Another file")}
            }
            .into_any()
        }),
        Stage::Failed(problem) => view! { <ProblemNote problem=problem/>{zone(card, "Choose a file")} }.into_any(),
        Stage::Cancelled => view! {
            <p role="status">"Cancelled. Nothing was tagged. The same file again goes on with the layers that have not arrived."</p>
            {zone(card, "Choose a file")}
        }
        .into_any(),
        Stage::Empty => zone(card, "Choose a file"),
    }
    };
    view! {
        <section class="card">
            <header><h2>"Send an image from this computer"</h2></header>
            <div class="in stack">{body}</div>
        </section>
    }
    .into_any()
}

/// Where a file is dropped or chosen.
fn zone(card: Card, words: &'static str) -> AnyView {
    let over = RwSignal::new(false);
    let dropped = move |event: leptos::ev::DragEvent| {
        event.prevent_default();
        over.set(false);
        if let Some(file) = browser::dropped(&event) {
            card.send(&file);
        }
    };
    let hover = move |event: leptos::ev::DragEvent| {
        event.prevent_default();
        over.set(true);
    };
    let picked = move |event: leptos::ev::Event| {
        if let Some(file) = browser::picked(&event) {
            card.send(&file);
        }
    };
    view! {
        <div class="drop" class:over=over on:dragover=hover on:dragleave=move |_| over.set(false) on:drop=dropped>
            <label class="btn small">{icon(Icon::Up)}{words}<input class="hidden-file" r#type="file" aria-describedby="archive-hint" on:change=picked/></label>
            <span class="hint" id="archive-hint">"Or drop it here: what "<code>"docker save"</code>" wrote, or an OCI layout, as a tar. Layers go to the registry as they are read, those that it has are skipped."</span>
        </div>
    }
    .into_any()
}

/// How far it is.
fn sending(card: Card) -> AnyView {
    let cancel = move |_| {
        card.stop();
        card.stage.set(Stage::Cancelled);
    };
    let far = move || {
        card.upload.with(|upload| {
            let size = |n: u64| format::bytes(i64::try_from(n).unwrap_or(i64::MAX));
            let mut far = size(upload.received);
            if let Some(of) = upload.size {
                far = format!("{far} of {}", size(of));
            }
            if let Some(speed) = upload.speed {
                far = format!("{far}, {}/s", size(speed));
            }
            match upload.left() {
                Some(left) if left > 0 => format!("{far}, {} left", format::duration(left as i64)),
                _ => far,
            }
        })
    };
    let (name, size) = card.named.get_untracked();
    let list = move || card.upload.with(|upload| layers::list(&upload.layers, upload.speed.unwrap_or_default()));
    view! {
        <p role="status">"Sending “"{name}"”."</p>
        <div class="far">
            <progress max=size.max(1).to_string() prop:value=move || card.upload.with(|u| u.received.to_string()) aria-label="Sent"></progress>
            <span class="num">{far}</span>
            <button class="btn small" r#type="button" on:click=cancel>{icon(Icon::Close)}"Cancel"</button>
        </div>
        {list}
    }
    .into_any()
}

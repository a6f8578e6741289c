//! From a file on this computer: it is sent as it is read, its layers go to the registry as they arrive.

use domain::ecr::upload::{Upload, UploadState};
use domain::{Code, Problem, ResourceKey};
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;

use super::browser::{self, Chosen, Sending};
use super::images;
use crate::paths::encode;
use crate::plan::transfer;
use crate::ui::{Icon, Local, ProblemNote, icon};

/// Between two questions how far it is.
const LOOK: Duration = Duration::from_millis(500);
/// So many tries in a row without a byte in between: almost as long as the server waits.
const TRIES: u32 = 13;

/// How far the card is.
#[derive(Clone, PartialEq)]
enum Stage {
    /// Nothing was chosen.
    Empty,
    /// On its way.
    Sending,
    /// The connection broke: it goes on in a while.
    Broken,
    /// All there, but for the images' names.
    Received,
    /// Put under these tags.
    In(Vec<String>),
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
    file: Local<Option<Chosen>>,
    sending: Local<Option<Sending>>,
    /// Where to send it, but for its id.
    to: StoredValue<String>,
    /// Counts what is begun, so that answers to what is over are not heard.
    turn: StoredValue<u32>,
    /// Tries since the last byte, and how many bytes there were then.
    tries: StoredValue<(u32, u64)>,
    /// Seconds until the next try.
    pause: RwSignal<u32>,
}

/// Seconds before the next try.
fn pause(tries: u32) -> u32 {
    1_u32.checked_shl(tries).unwrap_or(30).min(30)
}

impl Card {
    /// Sends a file; one that waits on the server goes on.
    fn choose(self, file: Chosen) {
        self.stop();
        let named = (file.name.clone(), file.size);
        let known = self.to.with_value(|to| browser::remembered(to, &named));
        self.named.set(named);
        self.file.set(Some(file));
        self.tries.set_value((0, 0));
        match known {
            Some(id) => {
                self.upload.set(self.nothing_yet(id));
                self.go_on(true);
            }
            None => self.begin(),
        }
    }

    fn nothing_yet(self, id: String) -> Upload {
        Upload { id, size: Some(self.named.with_untracked(|named| named.1)), ..Upload::default() }
    }

    /// From its first byte.
    fn begin(self) {
        let id = browser::new_id();
        self.to.with_value(|to| self.named.with_untracked(|named| browser::remember(to, &id, named)));
        self.upload.set(self.nothing_yet(id));
        self.send(None);
    }

    /// What comes now is another turn: its number.
    fn next(self) -> u32 {
        let turn = self.turn.get_value().wrapping_add(1);
        self.turn.set_value(turn);
        turn
    }

    /// Whether this turn lasts.
    fn is(self, turn: u32) -> bool {
        self.turn.try_get_value() == Some(turn)
    }

    fn id(self) -> String {
        self.upload.with_untracked(|upload| upload.id.clone())
    }

    fn send(self, offset: Option<u64>) {
        let turn = self.next();
        let mut url = self.to.with_value(|to| format!("{to}&id={}", self.id()));
        if let Some(offset) = offset {
            url = format!("{url}&offset={offset}");
        }
        let request = |file: &Chosen| browser::send(&url, file, offset.unwrap_or_default());
        let begun = self.file.with(|file| file.as_ref().map(request)).flatten();
        let Some((sending, answer)) = begun else { return };
        self.sending.set(Some(sending));
        if self.stage.get_untracked() != Stage::Sending {
            self.stage.set(Stage::Sending);
        }
        spawn_local(async move {
            let answer = answer.await;
            if self.is(turn) {
                match answer {
                    Some(answer) => self.hear(answer),
                    None => self.broke(),
                }
            }
        });
        self.look(turn);
    }

    /// Asks how far it is, as long as it goes on.
    fn look(self, turn: u32) {
        set_timeout(
            move || {
                if self.is(turn) {
                    spawn_local(async move {
                        let answer = browser::ask(&self.id()).await;
                        if self.is(turn) {
                            // It may not have begun yet; the one that sends hears what is wrong.
                            if let Some(Ok(upload)) = answer {
                                self.hear(Ok(upload));
                            }
                            self.look(turn);
                        }
                    });
                }
            },
            LOOK,
        );
    }

    fn hear(self, answer: Result<Upload, Problem>) {
        let ended = match answer {
            Ok(upload) => {
                let (state, problem) = (upload.state, upload.problem.clone());
                self.upload.set(upload);
                match state {
                    UploadState::Received => {
                        self.to.with_value(|to| browser::forget(to));
                        Stage::Received
                    }
                    UploadState::Failed => Stage::Failed(problem.unwrap_or_else(browser::broke_off)),
                    UploadState::Receiving | UploadState::Waiting => return,
                }
            }
            Err(problem) => Stage::Failed(problem),
        };
        self.next();
        self.stage.set(ended);
    }

    /// Goes on after a pause, a longer one each time that nothing arrived in between.
    fn broke(self) {
        let received = self.upload.with_untracked(|upload| upload.received);
        let (tries, before) = self.tries.get_value();
        let tries = if received > before { 0 } else { tries };
        if tries >= TRIES {
            return self.hear(Err(browser::broke_off()));
        }
        self.tries.set_value((tries + 1, received));
        let turn = self.next();
        self.pause.set(pause(tries));
        self.stage.set(Stage::Broken);
        self.count_down(turn);
    }

    fn count_down(self, turn: u32) {
        let second = move || {
            if self.is(turn) {
                self.pause.update(|left| *left = left.saturating_sub(1));
                if self.pause.get_untracked() == 0 { self.go_on(false) } else { self.count_down(turn) }
            }
        };
        set_timeout(second, Duration::from_secs(1));
    }

    /// Sends the rest from where the server has it. A file that was chosen anew and cannot go on begins anew.
    fn go_on(self, chosen: bool) {
        let turn = self.next();
        self.stage.set(Stage::Sending);
        spawn_local(async move {
            let answer = browser::ask(&self.id()).await;
            if !self.is(turn) {
                return;
            }
            match answer {
                Some(Ok(upload)) if matches!(upload.state, UploadState::Receiving | UploadState::Waiting) => {
                    let received = upload.received;
                    self.upload.set(upload);
                    self.send(Some(received));
                }
                Some(Ok(upload)) if chosen && upload.state == UploadState::Failed => self.begin(),
                // It never arrived there, or the server was started anew.
                Some(Err(problem)) if problem.code == Code::NotFound => self.begin(),
                Some(answer) => self.hear(answer),
                None => self.broke(),
            }
        });
    }

    fn cancel(self) {
        self.next();
        self.stop();
        browser::cancel(&self.id());
        self.to.with_value(|to| browser::forget(to));
        self.stage.set(Stage::Cancelled);
    }

    fn stop(self) {
        if let Some(Some(sending)) = self.sending.update(Option::take) {
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
        file: Local::new(|| None),
        sending: Local::new(|| None),
        to: StoredValue::new(to),
        turn: StoredValue::new(0),
        tries: StoredValue::new((0, 0)),
        pause: RwSignal::new(0),
    };
    on_cleanup(move || card.stop());
    let (scope, repository) = (StoredValue::new(scope), StoredValue::new(key.id.clone()));
    let put = Callback::new(move |tags| card.stage.set(Stage::In(tags)));
    let body = move || {
        match card.stage.get() {
        Stage::Sending => sending(card),
        Stage::Broken => broken(card),
        Stage::Received => card.upload.with_untracked(|upload| {
            view! {
                <p role="status">"“"{card.named.with_untracked(|n| n.0.clone())}"” has arrived. Nothing can be pulled yet: name what is in it, and review the plan."</p>
                {images::form(&scope.get_value(), &repository.get_value(), &upload.images, put)}
                {transfer::folded(&upload.layers)}
                {zone(card, "Another file")}
            }
            .into_any()
        }),
        Stage::In(tags) => view! {
            <p role="status">"“"{card.named.with_untracked(|n| n.0.clone())}"” is in: "{tags.join(", ")}"."</p>
            {zone(card, "Another file")}
        }
        .into_any(),
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
            card.choose(file);
        }
    };
    let hover = move |event: leptos::ev::DragEvent| {
        event.prevent_default();
        over.set(true);
    };
    let picked = move |event: leptos::ev::Event| {
        if let Some(file) = browser::picked(&event) {
            card.choose(file);
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
    let far =
        move || card.upload.with(|upload| transfer::far(upload.received, upload.size, upload.speed, upload.left()));
    let name = card.named.with_untracked(|named| named.0.clone());
    let list = move || card.upload.with(|upload| transfer::list(&upload.layers, upload.speed.unwrap_or_default()));
    view! {
        <p role="status">"Sending “"{name}"”."</p>
        <div class="far">{bar(card)}<span class="num">{far}</span>{cancel(card)}</div>
        {list}
    }
    .into_any()
}

fn bar(card: Card) -> AnyView {
    let size = card.named.with_untracked(|named| named.1.max(1).to_string());
    view! { <progress max=size prop:value=move || card.upload.with(|u| u.received.to_string()) aria-label="Sent"></progress> }
        .into_any()
}

fn cancel(card: Card) -> AnyView {
    view! { <button class="btn small" r#type="button" on:click=move |_| card.cancel()>{icon(Icon::Close)}"Cancel"</button> }
        .into_any()
}

/// It goes on in a while, or at once.
fn broken(card: Card) -> AnyView {
    // Only its beginning is announced, not each second.
    view! {
        <p><span role="status">"The connection broke:"</span>{move || format!(" going on in {} s.", card.pause.get())}</p>
        <div class="far">
            {bar(card)}
            <button class="btn small" r#type="button" on:click=move |_| card.go_on(false)>{icon(Icon::Right)}"Now"</button>
            {cancel(card)}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_half_a_minute_and_all_together_last_some_minutes() {
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 40].map(pause), [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!((0..TRIES).map(pause).sum::<u32>(), 271);
    }
}

//! A file on its way from this computer: it is sent as it is read, and goes on whatever page of Gantry is looked at meanwhile.

use domain::ecr::upload::{Upload, UploadState};
use domain::ecr::wizards::put_images::Image;
use domain::plan::Answers;
use domain::plan::answers::Form;
use domain::{Code, Problem, ResourceKey};
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;

use super::browser::{self, Chosen, Sending};
use crate::lasting::lasting;
use crate::paths::encode;
use crate::plan::acts::Acts;
use crate::ui::{Local, toast};

/// Between two questions how far it is.
const LOOK: Duration = Duration::from_millis(500);
/// So many tries in a row without a byte in between: almost as long as the server waits.
const TRIES: u32 = 13;

/// How far it is.
#[derive(Clone, PartialEq)]
pub(super) enum Stage {
    /// Nothing was chosen.
    Empty,
    /// On its way.
    Sending,
    /// The connection broke: it goes on in a while.
    Broken,
    /// Some of it arrived before the page was loaded anew, which no longer has the file.
    Left,
    /// All there, but for the images' names.
    Received,
    /// Put under these tags.
    In(Vec<String>),
    /// It came to nothing.
    Failed(Problem),
    /// By the person.
    Cancelled,
}

/// Sends files to one repository.
#[derive(Clone, Copy)]
pub(super) struct Sender {
    pub(super) stage: RwSignal<Stage>,
    pub(super) upload: RwSignal<Upload>,
    /// Name and size of the file.
    pub(super) named: RwSignal<(String, u64)>,
    /// The tags that were typed, one text for each image that has arrived.
    pub(super) typed: RwSignal<Vec<String>>,
    file: Local<Option<Chosen>>,
    sending: Local<Option<Sending>>,
    /// Where to send it, but for its id.
    to: StoredValue<String>,
    /// Counts what is begun, so that answers to what is over are not heard.
    turn: StoredValue<u32>,
    /// Tries since the last byte, and how many bytes there were then.
    tries: StoredValue<(u32, u64)>,
    /// Seconds until the next try.
    pub(super) pause: RwSignal<u32>,
    /// How many cards of it are on the page.
    shown: StoredValue<u32>,
}

/// Seconds before the next try.
fn pause(tries: u32) -> u32 {
    1_u32.checked_shl(tries).unwrap_or(30).min(30)
}

/// The tags that a plan gave to images of these; none where it is about something else.
fn given(applied: &Answers, key: &ResourceKey, images: &[Image]) -> Option<Vec<String>> {
    let Form::PutImages(answers) = &applied.form else { return None };
    let there = |image: &Image| images.iter().any(|own| own.manifest.digest == image.manifest.digest);
    let own = applied.scope == key.scope && answers.repository == key.id && answers.images.iter().all(there);
    own.then(|| answers.images.iter().flat_map(|image| image.tags.clone()).collect())
}

impl Sender {
    /// The one of this repository. A file that is on its way goes on whatever page is looked at, and what arrived stays to be put.
    pub(super) fn of(key: &ResourceKey) -> Self {
        lasting(&format!("upload {key}"), || Self::new(key.clone()))
    }

    fn new(key: ResourceKey) -> Self {
        let (account, region) = (&key.scope.account, &key.scope.region);
        let to = format!("account={account}&region={region}&repository={}", encode(&key.id));
        let sender = Self {
            stage: RwSignal::new(Stage::Empty),
            upload: RwSignal::new(Upload::default()),
            named: RwSignal::new(Default::default()),
            typed: RwSignal::new(vec![]),
            file: Local::new(|| None),
            sending: Local::new(|| None),
            to: StoredValue::new(to),
            turn: StoredValue::new(0),
            tries: StoredValue::new((0, 0)),
            pause: RwSignal::new(0),
            shown: StoredValue::new(0),
        };
        on_cleanup(move || sender.stop());
        let going = Memo::new(move |_| sender.stage.with(|stage| matches!(stage, Stage::Sending | Stage::Broken)));
        // Who leaves Gantry takes the file along: the browser asks whether that is meant.
        Effect::new(move || {
            if going.get() {
                let asking = window_event_listener_untyped("beforeunload", |event| event.prevent_default());
                on_cleanup(move || asking.remove());
            }
        });
        let applied = expect_context::<Acts>().applied();
        Effect::new(move || {
            let tags = applied.with(|applied| {
                let applied = applied.as_ref()?;
                sender.upload.with_untracked(|upload| given(applied, &key, &upload.images))
            });
            if let Some(tags) = tags.filter(|_| sender.stage.with_untracked(|stage| *stage == Stage::Received)) {
                sender.forget();
                sender.stage.set(Stage::In(tags));
            }
        });
        sender
    }

    /// Whether there is something to go on with.
    pub(super) fn is_unfinished(self) -> bool {
        self.stage.with_untracked(|stage| !matches!(stage, Stage::Empty | Stage::In(_) | Stage::Cancelled))
    }

    /// Asks for the upload that was begun before the page was loaded anew; `found` hears that there is something to go on with.
    pub(super) fn look_back(self, found: impl FnOnce() + 'static) {
        if self.stage.with_untracked(|stage| *stage != Stage::Empty) {
            return;
        }
        let Some((id, named)) = self.to.with_value(|to| browser::kept(to)) else { return };
        let turn = self.next();
        spawn_local(async move {
            let answer = browser::ask(&id).await;
            if !self.is(turn) {
                return;
            }
            match answer {
                Some(Ok(upload)) if upload.state != UploadState::Failed => {
                    self.named.set(named);
                    if upload.state == UploadState::Received {
                        self.hear(Ok(upload));
                    } else {
                        self.upload.set(upload);
                        self.stage.set(Stage::Left);
                    }
                    found();
                }
                Some(Ok(_)) => self.forget(),
                Some(Err(problem)) if problem.code == Code::NotFound => self.forget(),
                // It is asked for again when somebody chooses the file.
                Some(Err(_)) | None => {}
            }
        });
    }

    /// Whatever is chosen next is a new upload.
    fn forget(self) {
        self.to.with_value(|to| browser::forget(to));
    }

    /// Sends a file; one that waits on the server goes on.
    pub(super) fn choose(self, file: Chosen) {
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
                    // Another server answers: it knows nothing of what arrived elsewhere.
                    Some(Err(problem)) if offset.is_some() && problem.code == Code::NotFound => self.begin(),
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
                let typed = upload.images.iter().map(|image| image.tags.join(" ")).collect::<Vec<_>>();
                self.upload.set(upload);
                match state {
                    UploadState::Received => {
                        self.typed.set(typed);
                        Stage::Received
                    }
                    UploadState::Failed => Stage::Failed(problem.unwrap_or_else(browser::broke_off)),
                    UploadState::Receiving | UploadState::Waiting => return,
                }
            }
            Err(problem) => Stage::Failed(problem),
        };
        self.next();
        if self.shown.get_value() == 0 {
            // Its card is on another page.
            let name = self.named.with_untracked(|(name, _)| name.clone());
            toast(&match &ended {
                Stage::Received => format!("“{name}” has arrived: its images wait for their tags."),
                _ => format!("“{name}” could not be sent: see the page of its repository."),
            });
        }
        self.stage.set(ended);
    }

    /// Its card is on the page, until the owner of what draws it goes.
    pub(super) fn shows(self) {
        self.shown.update_value(|shown| *shown += 1);
        on_cleanup(move || {
            self.shown.try_update_value(|shown| *shown -= 1);
        });
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
    pub(super) fn go_on(self, chosen: bool) {
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
                // What failed cannot go on, and what arrived can have been another file of this name and size.
                Some(Ok(upload)) if chosen && matches!(upload.state, UploadState::Failed | UploadState::Received) => {
                    self.begin();
                }
                // It never arrived there, or the server was started anew.
                Some(Err(problem)) if problem.code == Code::NotFound => self.begin(),
                Some(answer) => self.hear(answer),
                None => self.broke(),
            }
        });
    }

    pub(super) fn cancel(self) {
        self.next();
        self.stop();
        browser::cancel(&self.id());
        self.forget();
        self.stage.set(Stage::Cancelled);
    }

    fn stop(self) {
        if let Some(Some(sending)) = self.sending.update(Option::take) {
            sending.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ecr::wizards::put_images::{self, Manifest};
    use domain::{AccountId, Kind, Region, Scope};

    #[test]
    fn pauses_grow_to_half_a_minute_and_all_together_last_some_minutes() {
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 40].map(pause), [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!((0..TRIES).map(pause).sum::<u32>(), 271);
    }

    #[test]
    fn what_was_put_is_known_by_its_place_and_its_digests() {
        let key = |account: &str| {
            let scope = Scope::new(AccountId::parse(account).unwrap(), Region::parse("eu-west-1").unwrap());
            ResourceKey::new(Kind::Repository, scope, "shop/web").unwrap()
        };
        let image = |digest: &str, tags: &[&str]| Image {
            manifest: Manifest { digest: digest.into(), ..Manifest::default() },
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            ..Image::default()
        };
        let arrived = [image("sha256:a", &["v1"]), image("sha256:b", &[])];
        let own = key("111122223333");
        let applied = |images: Vec<Image>| {
            let form = Form::PutImages(put_images::Answers { repository: "shop/web".into(), images });
            Answers { scope: own.scope.clone(), form }
        };
        let one = applied(vec![image("sha256:a", &["v2", "live"])]);
        assert_eq!(given(&one, &own, &arrived), Some(vec!["v2".to_owned(), "live".to_owned()]));
        assert_eq!(given(&one, &key("222233334444"), &arrived), None, "elsewhere");
        assert_eq!(given(&applied(vec![image("sha256:c", &["v1"])]), &own, &arrived), None, "another file");
    }
}

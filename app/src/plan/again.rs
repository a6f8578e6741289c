//! From a run that has ended to another with the same answers, or with some of them changed, here or in another place: to its wizard, filled
//! in, or where there is none to a form of whatever the answers are. Rules of replication go to their editor, and images of an archive get other
//! tags where they are.

use domain::ecr::wizards::put_images;
use domain::plan::FieldErrors;
use domain::plan::again::{Entries, Entry};
use domain::plan::answers::{Answers, Form};
use domain::plan::run::State;
use domain::plan::service::RunView;
use domain::resource::Tone;
use domain::{Kind, Scope};
use leptos::prelude::*;

use super::acts::{Acts, CANCEL};
use super::wrong::Wrong;
use crate::api::Boot;
use crate::ecr::mutability::EXCEPT;
use crate::ecr::put_image::{tags_form, with_tags};
use crate::layout::use_scopes;
use crate::live_state::was_applied;
use crate::paths;
use crate::ui::{Icon, Json, Note, ProblemNote, icon};
use crate::unfinished::Unfinished;
use crate::wizard::{
    TagRows, TextArea, TextField, check, first_scope, focus_first_wrong_in, is_reachable, place_fields,
};

/// Texts from this length on have several lines.
const LONG: usize = 120;
/// Texts that have several, even while they are empty.
const DOCUMENTS: [&str; 5] = ["policy", "lifecycle", "permissions", "about", "usage"];

/// What the form is called among those of the page that are kept.
const FORM: &str = "again";

/// Which form is open, what is entered in it, and for which place.
type Open = (Way, Entries, Scope);

/// What somebody wants of the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Some of them changed.
    Here,
    /// The same in another place.
    Elsewhere,
}

impl Way {
    const fn words(self) -> &'static str {
        match self {
            Way::Here => "Use these answers again",
            Way::Elsewhere => ELSEWHERE,
        }
    }
    const fn title(self) -> &'static str {
        match self {
            Way::Here => "Opens a form, filled in as it was for this run",
            Way::Elsewhere => ELSEWHERE_TITLE,
        }
    }
    /// Where one begins.
    const fn start(self) -> &'static str {
        match self {
            Way::Here => ".again h2",
            Way::Elsewhere => ".again #account",
        }
    }
}

const ELSEWHERE: &str = "Make this elsewhere";
const ELSEWHERE_TITLE: &str = "The same in another account or region";

/// The ways to make it again, and the form that some of them open; none while it goes on. `refusal` is why this person may not.
pub fn again(view: &RunView, refusal: Option<&str>) -> (Option<AnyView>, Option<AnyView>) {
    if view.run.state.is_live() {
        return (None, None);
    }
    if let Some(kind) = view.answers.form.creates() {
        return (Some(links(view, kind)), None);
    }
    let once_more = plan_again(view);
    let base = serde_json::to_string(&view.answers).unwrap_or_default();
    let answers = view.answers.clone();
    let open = match &answers.form {
        Form::PutImages(put) => left_tags(&answers.scope, put, &base).map(|_| Way::Here),
        _ => left(&base).map(|(way, ..)| way),
    };
    let wanted = RwSignal::new(open);
    let here = match &answers.form {
        Form::RegistryReplication(_) if refusal.is_none() => editor(view),
        _ => opens(Way::Here, wanted, refusal),
    };
    let elsewhere = (!answers.form.is_bound()).then(|| opens(Way::Elsewhere, wanted, refusal));
    let form = move || {
        wanted.get().map(|way| match &answers.form {
            Form::PutImages(put) => other_tags(&answers.scope, put, wanted, &base),
            _ => form(&answers, way, wanted, &base),
        })
    };
    (Some(view! { {once_more}{here}{elsewhere} }.into_any()), Some(form.into_any()))
}

/// To the rules of the registry, which are one document.
fn editor(view: &RunView) -> AnyView {
    let scopes = use_scopes();
    let path = paths::replication_again(&view.answers.scope, &view.run.id);
    view! { <a class="btn" href=move || scopes.with(|s| s.on(&path)) title="Opens the registry's rules, filled in as they were for this run">{Way::Here.words()}</a> }
        .into_any()
}

/// The tags that the form was left with, unless just these were given.
fn left_tags(scope: &Scope, put: &put_images::Answers, base: &str) -> Option<Vec<String>> {
    let left = Unfinished::of(FORM).recall::<Vec<String>>(base)?;
    let form = Form::PutImages(with_tags(&put.repository, &put.images, &left));
    (!was_applied(scope, form)).then_some(left)
}

/// Other tags for what an archive held: its layers are in the repository, and its manifests in the answers. It is kept under `base`, as a
/// [`form`] is.
fn other_tags(scope: &Scope, put: &put_images::Answers, wanted: RwSignal<Option<Way>>, base: &str) -> AnyView {
    let unfinished = Unfinished::of(FORM);
    let first = || put.images.iter().map(|image| image.tags.join(" ")).collect();
    let typed: RwSignal<Vec<String>> = RwSignal::new(left_tags(scope, put, base).unwrap_or_else(first));
    unfinished.keep(base.to_owned(), move || Some(typed.get()));
    let cancel = move |_| {
        unfinished.forget();
        wanted.set(None);
    };
    let bound = format!(
        "Its layers are in {} alone, so it is put there under the tags that you give it now. Another repository copies it from there.",
        put.repository
    );
    view! {
        <section class="card act-forms again">
            <header><h2 tabindex="-1">{Way::Here.words()}</h2></header>
            <div class="in stack">
                <p class="dim">{bound}</p>
                {tags_form(scope, &put.repository, &put.images, typed)}
                <div class="acts"><button class="btn quiet" r#type="button" on:click=cancel>{CANCEL}</button></div>
            </div>
        </section>
    }
    .into_any()
}

/// What the form was left with, unless that was applied.
fn left(base: &str) -> Option<Open> {
    let applied = |entries: &Entries, scope: &Scope| {
        entries.answers(scope.clone()).is_ok_and(|answers| was_applied(scope, answers.form))
    };
    Unfinished::of(FORM).recall::<Open>(base).filter(|(_, entries, scope)| !applied(entries, scope))
}

/// To the wizard.
fn links(view: &RunView, kind: Kind) -> AnyView {
    let scopes = use_scopes();
    let link = move |path: String, words: &'static str, title: &'static str| {
        view! { <a class="btn" href=move || scopes.with(|s| s.on(&path)) title=title>{words}</a> }
    };
    let words = if view.run.was_outdated() { "Plan again" } else { Way::Here.words() };
    let again = paths::again(kind, &view.run.id);
    let elsewhere = paths::elsewhere(kind, &view.run.id);
    view! {
        {link(again, words, "Opens the wizard, filled in as it was for this run")}
        {link(elsewhere, ELSEWHERE, ELSEWHERE_TITLE)}
    }
    .into_any()
}

/// For an action on something that exists: the same once more, planned from what there is now. Offered where the run made nothing that lasts.
fn plan_again(view: &RunView) -> Option<AnyView> {
    if view.run.state != State::Undone {
        return None;
    }
    let acts = expect_context::<Acts>();
    let mut answers = view.answers.clone();
    // What was insisted on then is insisted on anew, or not.
    answers.form.afresh();
    let ask = move |_| acts.ask(answers.clone());
    Some(view! { <button class="btn" r#type="button" title="Makes a new plan from what there is now" on:click=ask>"Plan again"</button> }.into_any())
}

/// The button that opens the form.
fn opens(way: Way, wanted: RwSignal<Option<Way>>, refusal: Option<&str>) -> AnyView {
    if let Some(why) = refusal.map(str::to_owned) {
        return view! { <button class="btn" r#type="button" aria-disabled="true" title=why>{way.words()}</button> }
            .into_any();
    }
    let open = move |_| {
        wanted.set(Some(way));
        focus_first_wrong_in(way.start());
    };
    view! { <button class="btn" r#type="button" title=way.title() on:click=open>{way.words()}</button> }.into_any()
}

/// Where it was; the first place there is, where no connection leads there any more.
fn place(answers: &Answers, boot: &Boot) -> Scope {
    let was = &answers.scope;
    match use_scopes().with_untracked(|scopes| first_scope(boot, scopes)) {
        Some(first) if !is_reachable(boot, was) => match answers.form.region() {
            Some(_) => Scope::new(first.account, was.region.clone()),
            None => first,
        },
        _ => was.clone(),
    }
}

/// All that was entered, to be changed. The server plans it: what is wrong comes back beside its field, by the rules of the form itself.
/// It is kept under `base`, for the page is drawn anew whenever runs may have gone on.
fn form(answers: &Answers, way: Way, wanted: RwSignal<Option<Way>>, base: &str) -> AnyView {
    let boot = expect_context::<Boot>();
    let unfinished = Unfinished::of(FORM);
    let left = left(base).filter(|(open, ..)| *open == way);
    let (entries, scope) = match (left, Entries::of(answers)) {
        (Some((_, entries, scope)), _) => (entries, scope),
        (None, Ok(entries)) => (entries, place(answers, &boot)),
        (None, Err(problem)) => return view! { <ProblemNote problem=problem/> }.into_any(),
    };
    let fields = entries.fields();
    let says = |entry: &Entry| matches!(entry, Entry::Text(_) | Entry::Lines(_) | Entry::Tags(_));
    let own: Vec<String> = fields.iter().filter(|(_, entry)| says(entry)).map(|(name, _)| name.clone()).collect();
    let own = StoredValue::new(own);
    let (entries, scope) = (RwSignal::new(entries), RwSignal::new(scope));
    unfinished.keep(base.to_owned(), move || Some((way, entries.get(), scope.get())));
    let cancel = move |_| {
        unfinished.forget();
        wanted.set(None);
    };
    let (wrong, _) = Wrong::provide(FieldErrors::new);
    let others = wrong.others_than(move |name| {
        let row = name.split('.').next().filter(|first| *first == "tags").unwrap_or(name);
        own.with_value(|own| own.iter().any(|field| field == row))
    });
    let choose = Callback::new(move |place: Scope| {
        wrong.forget();
        scope.set(place);
    });
    let review = move |_| match entries.with_untracked(|e| e.answers(scope.get_untracked())) {
        Ok(answers) => wrong.ask(answers),
        Err(problem) => wrong.say(problem),
    };
    let lent = matches!(&answers.form, Form::CopyImage(copy) if !copy.credentials.is_empty()).then(|| {
        view! { <Note tone=Tone::Quiet>"The user name and the password for the source were not kept. If it wants them, copy the image from the page of its repository."</Note> }
    });
    let place = place_fields(&boot, scope.into(), choose, answers.form.region().is_some());
    let fields = fields.into_iter().map(|(name, entry)| field(name, entry, entries, wrong)).collect_view();
    view! {
        <section class="card act-forms again">
            <header><h2 tabindex="-1">{way.words()}</h2></header>
            <div class="in stack">
                <p class="dim">"Filled in as it was for this run. It is planned from what there is now, and nothing is made before you have seen the plan."</p>
                {lent}
                {place}
                {fields}
                {others}
                <div class="acts">
                    <button class="btn primary" r#type="button" on:click=review>{icon(Icon::Right)}"Review"</button>
                    <button class="btn quiet" r#type="button" on:click=cancel>{CANCEL}</button>
                </div>
            </div>
        </section>
    }
    .into_any()
}

/// What a field is called, where its name in the answers does not say it.
fn label(name: &str) -> String {
    let known = match name {
        "like" => "Task definition",
        "new" => "It is new, not one that exists",
        "url" => "Address of the upstream",
        "credential" => "Secret with user and token",
        "immutable" => "Immutable tags",
        "exclusions" => EXCEPT,
        "applied_for" => "Used when",
        "enhanced" => "Scanned by Amazon Inspector",
        "on_push" => "Scanned on push",
        "continuous" => "Scanned continuously",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The lines of a list as somebody types it; blank ones are none.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn field(name: String, entry: Entry, entries: RwSignal<Entries>, wrong: Wrong) -> AnyView {
    let label = label(&name);
    let own = StoredValue::new(name.clone());
    let set = move |entry: Entry| {
        wrong.forget();
        own.with_value(|name| entries.update(|all| all.set(name, entry)));
    };
    match entry {
        Entry::Text(text) => {
            let long = DOCUMENTS.contains(&name.as_str()) || text.len() >= LONG || text.contains('\n');
            let typed = RwSignal::new(text);
            let put = move |text: String| {
                set(Entry::Text(text.clone()));
                typed.set(text);
            };
            match long {
                true => view! { <TextArea label=label name=name value=typed.into() set=put/> }.into_any(),
                false => view! { <TextField label=label name=name value=typed.into() set=put/> }.into_any(),
            }
        }
        Entry::Lines(all) => {
            let typed = RwSignal::new(all.join("\n"));
            let put = move |text: String| {
                set(Entry::Lines(lines(&text)));
                typed.set(text);
            };
            view! { <TextArea label=label name=name value=typed.into() set=put hint="One on each line."/> }.into_any()
        }
        Entry::Flag(on) => {
            let ticked = RwSignal::new(on);
            let put = move |on: bool| {
                set(Entry::Flag(on));
                ticked.set(on);
            };
            check(name, label, "", ticked.into(), put)
        }
        Entry::Tags(all) => {
            let rows = RwSignal::new(all);
            let put = move |all: Vec<(String, String)>| {
                set(Entry::Tags(all.clone()));
                rows.set(all);
            };
            view! { <TagRows label="Tags" tags=rows.into() change=put/> }.into_any()
        }
        Entry::Fixed(value) => {
            view! { <details class="fold"><summary>{label}", as it was"</summary><Json value=value/></details> }
                .into_any()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_called_what_a_person_would_call_it() {
        assert_eq!(
            ["repository", "scan_on_push", "like"].map(label),
            ["Repository", "Scan on push", "Task definition"]
        );
    }

    #[test]
    fn a_list_has_no_blank_lines() {
        assert_eq!(lines("latest\n\n dev-* \n"), ["latest", "dev-*"]);
        assert!(lines("").is_empty());
    }
}

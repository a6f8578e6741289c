//! The audit trail: who did what, when, on what, and what came of it.

use domain::audit::{AuditEntry, AuditQuery, Outcome};
use domain::policy::{Permission, decide};
use domain::{Millis, Problem};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;

use super::filter::{self, Filter};
use crate::api::{self, Boot};
use crate::error::AppError;
use crate::layout::use_scopes;
use crate::paths::{self, Scopes};
use crate::ui::{Age, Empty, Json, ProblemNote, Skeleton};
use crate::wire::ask;

/// Where the API has it.
const API: &str = "/api/v1/audit";
/// Entries per page.
const ENTRIES: u32 = 100;
/// What of the query string belongs to it.
const NAMES: [&str; 7] = ["actor", "action", "q", "result", "from", "to", "before"];
/// What is done, by how it begins, in words.
const ACTIONS: [(&str, &str); 10] = [
    ("run.", "Runs: all"),
    ("run.begin", "Runs: begun"),
    ("run.step", "Runs: calls to AWS"),
    ("run.cancel", "Runs: taken back"),
    ("run.decide", "Runs: decisions"),
    ("upload.", "Images sent from computers"),
    ("session.", "Signing in and out"),
    ("session.refuse", "Failed sign-ins"),
    ("people.", "People, roles and passwords"),
    ("token.", "API tokens"),
];

fn chosen(map: &ParamsMap) -> Filter {
    Filter::read(paths::AUDIT, &NAMES, |name| map.get(name))
}

fn allowed(boot: &Boot) -> Result<(), Problem> {
    decide(boot.actor.as_ref().ok_or_else(Problem::signed_out)?, Permission::ReadAudit)
}

/// The links that have what is chosen of the trail as a file; none for whoever may not read it.
pub fn exports() -> AnyView {
    let may = allowed(&expect_context::<Boot>()).is_ok();
    let (map, scopes) = (use_query_map(), use_scopes());
    let links = move || {
        let (filter, scopes) = (map.with(chosen), scopes.get());
        may.then(|| filter::downloads("audit", |format| filter.export(API, &scopes, format)))
    };
    links.into_any()
}

/// The tab.
#[component]
pub fn Trail() -> impl IntoView {
    let boot = expect_context::<Boot>();
    if let Err(problem) = allowed(&boot) {
        return view! { <ProblemNote problem=problem/> }.into_any();
    }
    let now = boot.now;
    let scopes = use_scopes();
    let map = use_query_map();
    let filter = Memo::new(move |_| map.with(chosen));
    let question = Memo::new(move |_| -> Result<AuditQuery, Problem> {
        let Scopes { accounts, regions } = scopes.get();
        filter.with(|f| Ok(AuditQuery { accounts, regions, ..AuditQuery::read(ENTRIES, |name| f.get(name))? }))
    });
    let entries = ask(
        move || question.get(),
        |question| async move {
            match question {
                Ok(query) => api::audit(query).await,
                Err(problem) => Err(AppError(problem)),
            }
        },
    );
    view! {
        {move || question.with(|q| form(&filter.get(), q.as_ref().err(), &scopes.get()))}
        {move || (!scopes.with(Scopes::is_all)).then(|| {
            let everywhere = filter.get().with(&[]).href(&Scopes::default());
            view! {
                <p class="dim">"Only what was done in the accounts and regions chosen above. Signing in, people and tokens belong to none. "<a class="ref" href=everywhere>"Show all"</a></p>
            }
        })}
        <Transition fallback=|| view! { <Skeleton lines=10/> }>
            {move || Suspend::new(async move {
                match entries.await {
                    Ok(found) => table(found, now, &filter.get_untracked(), &scopes.get_untracked()),
                    Err(AppError(problem)) if filter.with_untracked(|f| f.is_beside_a_field(&problem)) => view! {
                        <Empty title="Nothing to show"><p>"A filter above cannot be read as it is."</p><a class="btn small" href=paths::AUDIT>"Clear all filters"</a></Empty>
                    }
                    .into_any(),
                    Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

fn form(filter: &Filter, problem: Option<&Problem>, scopes: &Scopes) -> AnyView {
    let known = ACTIONS.iter().map(|(action, words)| view! { <option value=*action>{*words}</option> });
    let all = filter.is_set().then(|| scopes.on(paths::AUDIT));
    let results = Outcome::ALL.map(|outcome| (outcome.as_str(), outcome.as_str()));
    view! {
        <form class="filters changes" method="get" action=paths::RUNS role="search" aria-label="Audit trail">
            <input r#type="hidden" name="tab" value="audit"/>
            {filter::hidden_scope(scopes)}
            {filter::text(filter, problem, "Name, id or call")}
            {filter::short(filter, problem, "actor", "Who", "name", None)}
            {filter::short(filter, problem, "action", "What", "run.", Some("actions"))}
            {filter::select(filter, problem, "result", "Result", results)}
            <datalist id="actions">{known.collect_view()}</datalist>
            {filter::when(filter, problem, scopes, all)}
        </form>
    }
    .into_any()
}

/// What was done, in words; a code that none belong to stands as it is.
fn words(action: &str) -> &str {
    match action {
        "run.begin" => "Began a run",
        "run.step" => "Called AWS",
        "run.undo" => "Called AWS to undo a step",
        "run.cancel" => "Took a run back",
        "run.decide" => "Decided about a stuck step",
        "run.applied" => "Run applied",
        "run.undone" => "Run undone",
        "run.stuck" => "Run stuck",
        "upload.begin" => "Sent an archive of images",
        "upload.resume" => "Went on sending an archive",
        "session.start" => "Signed in",
        "session.end" => "Ended a session",
        "session.confirm" => "Gave the password again",
        "session.refuse" => "Wrong password",
        "people.welcome" => "Made the first administrator",
        "people.create" => "Added a person",
        "people.remove" => "Removed a person",
        "people.set-role" => "Changed a role",
        "people.set-password" => "Set a new password",
        "people.change-password" => "Changed their own password",
        "token.create" => "Created a token",
        "token.revoke" => "Revoked a token",
        code => code,
    }
}

/// The run an entry is about.
fn run_of(entry: &AuditEntry) -> Option<&str> {
    let id = entry.subject.split('/').next().unwrap_or_default();
    (entry.action.starts_with("run.") && !id.is_empty()).then_some(id)
}

/// The facts beside an entry in a few words.
fn brief(entry: &AuditEntry) -> String {
    let text = |name: &str| entry.detail.get(name).and_then(|v| v.as_str());
    let words = ["title", "call", "decision", "role", "how", "scope", "address"].map(text);
    words.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn row(entry: AuditEntry, now: Millis, scopes: &Scopes) -> AnyView {
    let subject = match run_of(&entry) {
        Some(id) => view! { <a class="mono" href=scopes.on(&paths::run(id))>{entry.subject.clone()}</a> }.into_any(),
        None => view! { <span>{entry.subject.clone()}</span> }.into_any(),
    };
    let some = entry.detail.as_object().is_some_and(|facts| !facts.is_empty());
    let brief = brief(&entry);
    let heading = if brief.is_empty() { "Facts".to_owned() } else { brief };
    let facts = some.then(
        || view! { <details class="fold"><summary>{heading}</summary><Json value=entry.detail.clone()/></details> },
    );
    let said = words(&entry.action).to_owned();
    view! {
        <tr>
            <td><Age at=entry.at now=now after=" ago"/></td>
            <td>{entry.actor}</td>
            <td><span title=entry.action>{said}</span></td>
            <td class="subject">{subject}</td>
            <td>{entry.result}</td>
            <td class="facts-cell">{facts}</td>
        </tr>
    }
    .into_any()
}

fn table(found: Vec<AuditEntry>, now: Millis, filter: &Filter, scopes: &Scopes) -> AnyView {
    let older = filter.get("before").is_some();
    if found.is_empty() {
        let (title, text) = match (older, filter.is_set(), scopes.is_all()) {
            (true, ..) => ("Nothing older", "The trail of this choice begins here."),
            (false, _, false) => (
                "Nothing in this choice",
                "Choose something else, another time, account or region. Signing in and the like is in no account.",
            ),
            (false, true, true) => ("Nothing in this choice", "Choose somebody else, something else, or another time."),
            (false, false, true) => ("Nothing yet", "Whatever people do from now on is kept here."),
        };
        return view! { <Empty title=title><p>{text}</p></Empty> }.into_any();
    }
    let last = found.last().filter(|_| found.len() == ENTRIES as usize).map(|entry| entry.id.to_string());
    let next = last.map(|id| {
        view! { <a class="btn" href=filter.with(&[("before", Some(&id))]).href(scopes) rel="next">"Older"</a> }
    });
    let latest = older.then(|| view! { <a class="btn quiet" href=filter.with(&[]).href(scopes)>"The latest"</a> });
    let rows = found.into_iter().map(|entry| row(entry, now, scopes)).collect_view();
    view! {
        <div class="scroll plain" tabindex="0">
            <table class="table audit">
                <thead><tr>
                    <th scope="col">"When"</th><th scope="col">"Who"</th><th scope="col">"What"</th><th scope="col">"On what"</th><th scope="col">"Result"</th><th scope="col">"Facts"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <p class="tablefoot">{latest}{next}</p>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_said_in_words_and_unknown_ones_stand_as_they_are() {
        assert_eq!(words("people.set-role"), "Changed a role");
        assert_eq!(words("run.of-tomorrow"), "run.of-tomorrow");
    }
}

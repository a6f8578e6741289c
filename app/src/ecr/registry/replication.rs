//! Where images are replicated to: all rules in one form, saved as one document.

use domain::ecr::registry::{
    DeleteReplication, ReplicationConfiguration, ReplicationDestination, ReplicationRule, RepositoryFilter,
};
use domain::ecr::subject::Subject;
use domain::ecr::wizards::registry::Replication;
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts, FieldErrors};
use domain::resource::Tone;
use domain::{ResourceKey, Scope};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_query_map;

use super::pieces;
use crate::api::Boot;
use crate::ecr::act::{review, review_or_start_over};
use crate::ecr::connected::{Offered, adder, registries};
use crate::error::AppError;
use crate::live_state::{self, Reread};
use crate::plan::api::get_run;
use crate::resource::Shown;
use crate::sections::key_of;
use crate::ui::format::short_digests;
use crate::ui::{Icon, Note, ProblemNote, icon};
use crate::unfinished;
use crate::wizard::{FieldGroup, Messages, TextField, check};

/// A rule as it is typed: `444455556666/eu-central-1`, how names begin, and whether deletions are replicated, too.
type Typed = (String, String, bool);

/// What became of filling in the rules of a run: its title.
type Filled = RwSignal<Option<Result<String, AppError>>>;

/// The run whose rules the address asks for, and whether they were asked for already: drawn anew, the editor does not begin with them again.
#[derive(Clone)]
struct OfRun {
    run: Option<String>,
    asked: StoredValue<bool>,
}

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let run = use_query_map().with_untracked(|map| map.get("from"));
    let from = OfRun { run, asked: StoredValue::new(false) };
    live_state::read(key.scope.clone(), vec![Subject::Replication], move |facts, again| {
        editor(&key, facts, again, &from)
    })
}

/// Fills in the rules as they were in a run.
fn fill(from: &OfRun, rules: RwSignal<Vec<Typed>>, messages: Messages, filled: Filled) {
    let Some(run) = from.run.clone() else { return };
    let asked = from.asked;
    Effect::new(move || {
        if asked.get_value() {
            return;
        }
        asked.set_value(true);
        let run = run.clone();
        spawn_local(async move {
            match get_run(run).await {
                Ok(view) => {
                    let title = short_digests(&view.run.plan.title);
                    if let Form::RegistryReplication(was) = view.answers.form
                        && rules.try_set(was.rules.iter().map(typed).collect()).is_none()
                    {
                        // Everything was entered once: what is wrong with it by now is said at once.
                        messages.show_all();
                        filled.try_set(Some(Ok(title)));
                    }
                }
                Err(error) => {
                    filled.try_set(Some(Err(error)));
                }
            }
        });
    });
}

/// What is said of it above the rules.
fn note(filled: Result<String, AppError>) -> AnyView {
    match filled {
        Ok(title) => {
            view! { <Note tone=Tone::Quiet><b>{format!("Filled in as in the run “{title}”")}</b><p>"Change what is to be different. It replaces all rules that there are now."</p></Note> }
                .into_any()
        }
        Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
    }
}

fn typed(rule: &ReplicationRule) -> Typed {
    let to: Vec<String> = rule.destinations.iter().map(|d| format!("{}/{}", d.registry_id, d.region)).collect();
    let filters: Vec<String> = rule.repository_filters.iter().map(|f| f.filter.clone()).collect();
    (to.join(", "), filters.join(", "), rule.replicates_deletions())
}

/// What was typed as a rule; a region alone is one of the own account.
fn rule(typed: &Typed, scope: &Scope) -> ReplicationRule {
    let destination = |piece: String| match piece.split_once('/') {
        Some((account, region)) => ReplicationDestination { region: region.into(), registry_id: account.into() },
        None => ReplicationDestination { region: piece, registry_id: scope.account.to_string() },
    };
    let filter = |filter: String| RepositoryFilter { filter, filter_type: "PREFIX_MATCH".into() };
    ReplicationRule {
        destinations: pieces(&typed.0).into_iter().map(destination).collect(),
        repository_filters: pieces(&typed.1).into_iter().map(filter).collect(),
        delete_replication: typed.2.then_some(DeleteReplication { enabled: true }),
    }
}

/// The messages of a rule's parts, beside the two fields it is typed in.
fn beside(errors: FieldErrors) -> FieldErrors {
    let mut told = FieldErrors::new();
    for (field, message) in errors {
        let parts: Vec<&str> = field.splitn(4, '.').collect();
        let at = match parts.as_slice() {
            ["rules", n, part, ..] => format!("rules.{n}.{part}"),
            _ => field.clone(),
        };
        told.entry(at).or_insert(message);
    }
    told
}

fn editor(key: &ResourceKey, facts: &Facts, again: Reread, from: &OfRun) -> AnyView {
    let scope = key.scope.clone();
    let there: ReplicationConfiguration = live_state::state(facts, Subject::Replication).unwrap_or_default();
    let first: Vec<Typed> = there.rules.iter().map(typed).collect();
    let base = serde_json::to_string(&first).unwrap_or_default();
    let ((rules,), unfinished) = unfinished::fields("replication", base, (first.clone(),), |_| true);
    let wanted = {
        let scope = scope.clone();
        move || Replication { rules: rules.with(|r| r.iter().map(|t| rule(t, &scope)).collect()) }
    };
    let errors = {
        let (wanted, scope) = (wanted.clone(), scope.clone());
        Memo::new(move |_| beside(wanted().check(&scope)))
    };
    let messages = Messages::new(errors.into());
    provide_context(messages);
    let filled: Filled = RwSignal::new(None);
    // Rules that were entered here and not applied are not lost to it.
    if rules.with_untracked(|rules| *rules == first) {
        fill(from, rules, messages, filled);
    }
    let changed = Memo::new(move |_| rules.with(|r| *r != first));
    let idle = move || !changed.get();
    let save = move || Answers { scope: scope.clone(), form: Form::RegistryReplication(wanted()) };
    let many = Memo::new(move |_| rules.with(Vec::len));
    let offered = registries(&expect_context::<Boot>(), &key.scope);
    let add = move |_| {
        messages.untouch(&format!("rules.{}.", rules.with_untracked(Vec::len)));
        rules.update(|rules| rules.push(Typed::default()));
    };
    view! {
        <section class="card asks">
            <header><h2>"Replication"</h2><span class="right">"read just now"</span></header>
            <div class="in stack">
                <p class="dim">"Each image that is pushed from now on is copied to these registries. Images that are there already stay where they are, and what is deleted stays there unless a rule says so."</p>
                {move || filled.get().map(note)}
                <FieldGroup label="Rules" name="rules">
                    <For each=move || 0..many.get() key=|n| *n children=move |n| row(n, rules, messages, offered.clone())/>
                    <div><button class="btn small" r#type="button" on:click=add>"Add a rule"</button></div>
                </FieldGroup>
                {review_or_start_over(review("Review the change", messages, save), idle, move || changed.get(), move || { unfinished.forget(); again.now() })}
            </div>
        </section>
    }
    .into_any()
}

fn row(n: usize, rules: RwSignal<Vec<Typed>>, messages: Messages, offered: Offered) -> AnyView {
    let read = move |filters: bool| {
        Signal::derive(move || {
            rules.with(|r| r.get(n).map(|t| if filters { t.1.clone() } else { t.0.clone() })).unwrap_or_default()
        })
    };
    let write = move |filters: bool, text: String| {
        rules.update(|rules| {
            if let Some(rule) = rules.get_mut(n) {
                *(if filters { &mut rule.1 } else { &mut rule.0 }) = text;
            }
        });
    };
    let remove = move |_| {
        // Those behind it move up.
        messages.untouch("rules.");
        rules.update(|rules| {
            if n < rules.len() {
                rules.remove(n);
            }
        });
    };
    let deletions = check(
        format!("rules-{n}-deletions"),
        format!("Deletions too, rule {}", n + 1),
        "What is deleted, expires or loses its tag here does so there, too.",
        Signal::derive(move || rules.with(|r| r.get(n).is_some_and(|t| t.2))),
        move |on| {
            rules.update(|rules| {
                if let Some(rule) = rules.get_mut(n) {
                    rule.2 = on;
                }
            });
        },
    );
    let gone = format!("Remove rule {}", n + 1);
    let name = format!("Connected registries for rule {}", n + 1);
    let connected = adder(name, "Add a connected one…", offered, read(false), move |v| write(false, v));
    view! {
        <div class="tag-row">
            <div class="stack">
                <TextField label=format!("Destinations of rule {}", n + 1) name=format!("rules.{n}.destinations") placeholder="eu-central-1, 444455556666/eu-west-1" value=read(false) set=move |v| write(false, v)/>
                {connected}
            </div>
            <div class="stack">
                <TextField label=format!("Only names that begin with, rule {}", n + 1) name=format!("rules.{n}.filters") placeholder="prod/ (empty: all)" value=read(true) set=move |v| write(true, v)/>
                {deletions}
            </div>
            <button class="btn quiet only-icon" r#type="button" aria-label=gone.clone() title=gone on:click=remove>{icon(Icon::Close)}</button>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_alone_is_of_the_own_account_and_rules_read_back_as_typed() {
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let read = rule(&("eu-central-1, 444455556666/eu-west-1".into(), "prod/".into(), true), &scope);
        assert_eq!(typed(&read), ("111122223333/eu-central-1, 444455556666/eu-west-1".into(), "prod/".into(), true));
        let wrong = Replication { rules: vec![rule(&("eu-west-1".into(), "A".into(), false), &scope)] };
        assert!(beside(wrong.check(&scope)).contains_key("rules.0.destinations"));
    }
}

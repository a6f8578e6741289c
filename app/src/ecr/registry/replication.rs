//! Where images are replicated to: all rules in one form, saved as one document.

use domain::ecr::registry::{
    DeleteReplication, ReplicationConfiguration, ReplicationDestination, ReplicationRule, RepositoryFilter,
};
use domain::ecr::subject::Subject;
use domain::ecr::wizards::registry::Replication;
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts, FieldErrors};
use domain::{ResourceKey, Scope};
use leptos::prelude::*;

use super::pieces;
use crate::api::Boot;
use crate::ecr::act::{review, review_or_start_over};
use crate::ecr::connected::{Offered, adder, registries};
use crate::live_state::{self, Reread};
use crate::resource::Shown;
use crate::sections::key_of;
use crate::ui::{Icon, icon};
use crate::unfinished;
use crate::wizard::{FieldGroup, Messages, TextField, check};

/// A rule as it is typed: `444455556666/eu-central-1`, how names begin, and whether deletions are replicated, too.
type Typed = (String, String, bool);

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    live_state::read(key.scope.clone(), vec![Subject::Replication], move |facts, again| editor(&key, facts, again))
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

fn editor(key: &ResourceKey, facts: &Facts, again: Reread) -> AnyView {
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

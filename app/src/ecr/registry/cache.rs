//! What the registry fetches from others and keeps: its pull-through cache rules.

use domain::ecr::registry::CacheRule;
use domain::ecr::registry::upstream::{Access, UPSTREAMS, Upstream};
use domain::ecr::rules::typed::CACHE_PREFIX;
use domain::ecr::subject::Subject;
use domain::ecr::wizards::registry::cache::{Delete, Rule};
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts};
use domain::{ResourceKey, Scope};
use leptos::prelude::*;
use serde_json::Value;

use super::roles::{self, Assumes};
use crate::api::Boot;
use crate::ecr::act::{button, review};
use crate::error::AppError;
use crate::live_state;
use crate::plan::api::look_up;
use crate::resource::Shown;
use crate::sections::{exact, key_of, none, stack, table_card, text};
use crate::ui::{Code, Copy, Icon};
use crate::unfinished::{self, Applied};
use crate::wizard::{Messages, TextField, why_not};

/// What the form is open for, and what is entered in it.
type Open = (Rule, Rule);

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    live_state::read(key.scope.clone(), vec![Subject::CacheRules], move |facts, _| view(&key, facts))
}

fn view(key: &ResourceKey, facts: &Facts) -> AnyView {
    let rules: Vec<CacheRule> = live_state::state(facts, Subject::CacheRules).unwrap_or_default();
    let new = Rule { new: true, upstream: "docker-hub".into(), prefix: "docker-hub".into(), ..Rule::default() };
    // What it begins with is what it was left with, where that is still so.
    let holds = |(first, _): &Open| first.new || rules.iter().any(|there| Rule::of(there) == *first);
    let says = |(_, entered): &Open| Form::RegistryCacheRule(entered.clone());
    let blank = (new.clone(), new.clone());
    let (first, typed) = unfinished::fields_of_plan("cache-rule", &key.scope, blank, holds, says, Applied::BeginAnew);
    let open = move |rule: Rule| {
        typed.set(rule.clone());
        first.set(rule);
    };
    let heads = &[("Prefix", false), ("Upstream", false), ("Credentials", false), ("", false)];
    let secrets = secrets_of(&rules);
    let rows = rules.into_iter().map(|rule| row(&key.scope, rule, open)).collect();
    let empty = "Nothing is cached: add a rule, and images of another registry can be pulled through this one.";
    let scope = key.scope.clone();
    let form = (move || {
        let new = new.clone();
        form(scope.clone(), first.get(), typed, secrets.clone(), move || open(new.clone()))
    })
    .into_any();
    stack(vec![table_card("Pull-through cache rules", heads, rows, empty), form])
}

fn row(scope: &Scope, rule: CacheRule, open: impl Fn(Rule) + Copy + Send + Sync + 'static) -> Vec<AnyView> {
    let prefix = rule.ecr_repository_prefix.clone();
    let delete = {
        let (scope, prefix) = (scope.clone(), prefix.clone());
        move || Answers { scope: scope.clone(), form: Form::DeleteRegistryCacheRule(Delete { prefix: prefix.clone() }) }
    };
    let said = RwSignal::new(None::<String>);
    let (asked, of) = (scope.clone(), prefix.clone());
    let check = move |_| {
        let (scope, subject) = (asked.clone(), Subject::CacheValidation { prefix: of.clone() });
        said.set(Some("AWS tries it…".to_owned()));
        leptos::task::spawn_local(async move {
            let answer = look_up(scope, vec![domain::plan::Subject::Ecr(subject.clone())]).await;
            let words = match answer {
                Ok(facts) => match live_state::document(&facts, subject) {
                    Some(told) if told["isValid"] == Value::Bool(true) => "It works.".to_owned(),
                    Some(told) => {
                        told["failure"].as_str().unwrap_or("It does not work; AWS does not say why.").to_owned()
                    }
                    None => "The rule is gone.".to_owned(),
                },
                Err(AppError(problem)) => problem.message,
            };
            said.try_set(Some(words));
        });
    };
    let known = Rule::of(&rule);
    let closed = Upstream::named(&known.upstream).is_some_and(|u| u.access != Access::Open);
    let change = (closed && why_not(&expect_context::<Boot>()).is_none()).then(|| {
        view! { <button class="btn small" r#type="button" on:click=move |_| open(known.clone())>"Change"</button> }
    });
    let credentials = rule.credential_arn.or(rule.custom_role_arn);
    vec![
        exact(Some(prefix)),
        text(Some(match rule.upstream_repository_prefix.filter(|prefix| prefix != "ROOT") {
            Some(prefix) => format!("{}/{prefix}", rule.upstream_registry_url),
            None => rule.upstream_registry_url,
        })),
        credentials.map_or_else(none, |arn| view! { <Copy text=arn max=40/> }.into_any()),
        view! {
            <div class="acts">
                <button class="btn small" r#type="button" on:click=check>"Validate"</button>
                {change}
                {button("Delete", Icon::Close, "btn small", delete)}
            </div>
            <small role="status">{move || said.get()}</small>
        }
        .into_any(),
    ]
}

/// The upstreams that rules here have a secret for, each with it, once.
fn secrets_of(rules: &[CacheRule]) -> Vec<(String, String)> {
    let used = rules.iter().map(Rule::of).filter(|rule| !rule.credential.is_empty());
    let mut used: Vec<(String, String)> = used.map(|rule| (rule.upstream, rule.credential)).collect();
    used.sort();
    used.dedup();
    used
}

/// The secret, with those below that other rules have for the same upstream. Gantry reads no secrets, so it cannot list others.
fn secret(rule: RwSignal<Rule>, region: &str, used: Vec<(String, String)>) -> AnyView {
    let command = format!(
        "aws secretsmanager list-secrets --region {region} --filters Key=name,Values=ecr-pullthroughcache/ --query 'SecretList[].ARN'"
    );
    let upstream = Memo::new(move |_| rule.with(|r| r.upstream.clone()));
    let list = move || {
        let fit = used.iter().filter(|(of, _)| upstream.with(|upstream| of == upstream));
        let options = fit.map(|(_, arn)| {
            let name = arn.rsplit_once(":secret:").map_or(arn.clone(), |(_, name)| name.to_owned());
            let (own, arn) = (arn.clone(), arn.clone());
            let on = move || rule.with(|r| r.credential == own).to_string();
            let pick = move |_| rule.update(|r| r.credential.clone_from(&arn));
            view! {
                <button class="option" r#type="button" aria-pressed=on on:click=pick>
                    <span class="grow">{name}<small class="faint">"A rule here has it"</small></span>
                </button>
            }
        });
        options.collect_view()
    };
    view! {
        <TextField label="Secret with user and token" name="credential" value=Signal::derive(move || rule.with(|r| r.credential.clone())) hint="The ARN of a secret of this account and region whose name begins with ecr-pullthroughcache/. Gantry reads no secrets, not even their names." set=move |v| rule.update(|r| r.credential = v)/>
        <div class="field suggested" role="group" aria-label="Secrets to choose from">{list}</div>
        <details class="fold"><summary>"List those there are"</summary><Code text=command/></details>
    }
    .into_any()
}

/// The fields of `rule`, where there was `first`: of one that exists AWS changes only who is let in.
fn form(
    scope: Scope,
    first: Rule,
    rule: RwSignal<Rule>,
    secrets: Vec<(String, String)>,
    leave: impl Fn() + Clone + Send + Sync + 'static,
) -> AnyView {
    let new = first.new;
    let heading = if new { "Add a rule".to_owned() } else { format!("Change how {} is let in", first.prefix) };
    let errors = {
        let scope = scope.clone();
        Memo::new(move |_| rule.with(|r| r.check(&scope)))
    };
    let messages = Messages::new(errors.into());
    provide_context(messages);
    let idle = move || !new && rule.with(|r| *r == first);
    let access = Memo::new(move |_| rule.with(|r| Upstream::named(&r.upstream).map(|u| u.access)));
    let secret = secret(rule, scope.region.as_str(), secrets);
    let assumed = Memo::new(move |_| access.get() == Some(Access::Role));
    let of = scope.clone();
    // Made anew with each choice of an upstream that wants one: what was typed is gone from the rule by then.
    let role = move || {
        let named = rule.with_untracked(|r| r.role.clone());
        let set = move |role: String| rule.update(|r| r.role = role);
        assumed.get().then(|| roles::field(Assumes::Cache, of.clone(), named, assumed, set))
    };
    let save = move || Answers { scope: scope.clone(), form: Form::RegistryCacheRule(rule.get_untracked()) };
    view! {
        <section class="card asks">
            <header><h2>{heading}</h2></header>
            <div class="in stack">
                {new.then(|| where_from(rule))}
                <div class="stack" hidden=move || access.get() != Some(Access::Secret)>
                    {secret}
                </div>
                {role}
                <div class="acts">
                    <div class="acts" inert=idle.clone() class:idle=idle>{review(if new { "Review the rule" } else { "Review the change" }, messages, save)}</div>
                    {(!new).then(|| view! { <button class="btn quiet" r#type="button" on:click=move |_| leave()>"Cancel"</button> })}
                </div>
            </div>
        </section>
    }
    .into_any()
}

/// What is fixed once the rule is there.
fn where_from(rule: RwSignal<Rule>) -> AnyView {
    let choose = move |event| {
        let word = event_target_value(&event);
        rule.update(|r| {
            // The usual prefix of the upstream before: nobody has typed it.
            let usual = Upstream::named(&r.upstream).map_or("", |before| before.prefix);
            let untouched = r.prefix.trim().is_empty() || r.prefix == usual;
            if let Some(upstream) = Upstream::named(&word).filter(|_| untouched) {
                upstream.prefix.clone_into(&mut r.prefix);
            }
            // What another upstream wants is not what this one takes.
            r.credential.clear();
            r.role.clear();
            r.upstream = word;
        });
    };
    let chosen = rule.with_untracked(|r| r.upstream.clone());
    let option = |u: &Upstream| view! { <option value=u.word selected=u.word == chosen>{u.name}</option> };
    let options = UPSTREAMS.iter().map(option).collect_view();
    let own = move || rule.with(|r| Upstream::named(&r.upstream).is_some_and(Upstream::is_own));
    view! {
        <div class="field"><label for="upstream">"Upstream registry"</label><div class="input"><select id="upstream" on:change=choose>{options}</select></div></div>
        <TextField label="Prefix" name="prefix" typing=CACHE_PREFIX value=Signal::derive(move || rule.with(|r| r.prefix.clone())) hint="How the repositories begin that cached images come to; ROOT for all." set=move |v| rule.update(|r| r.prefix = v)/>
        <TextField label="Upstream prefix" name="upstream_prefix" typing=CACHE_PREFIX value=Signal::derive(move || rule.with(|r| r.upstream_prefix.clone())) hint="Only what begins like this upstream; empty for everything. It cannot be changed later." set=move |v| rule.update(|r| r.upstream_prefix = v)/>
        <div hidden=move || !own()>
            <TextField label="Address" name="url" value=Signal::derive(move || rule.with(|r| r.url.clone())) placeholder="myregistry.azurecr.io" set=move |v| rule.update(|r| r.url = v)/>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_of_rules_are_offered_once_for_their_upstream() {
        let rule = |prefix: &str, secret: Option<&str>| {
            json!({ "ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": "registry-1.docker.io", "upstreamRegistry": "docker-hub",
                "credentialArn": secret })
        };
        let rules = json!([rule("a", Some("arn:b")), rule("b", Some("arn:b")), rule("c", None)]);
        let rules: Vec<CacheRule> = serde_json::from_value(rules).unwrap();
        assert_eq!(secrets_of(&rules), [("docker-hub".to_owned(), "arn:b".to_owned())]);
    }
}

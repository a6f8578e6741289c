//! The KMS keys to choose from, below the field in which one is typed.

use domain::Scope;
use domain::ecr::keys::{Key, found};
use domain::ecr::rules::has_two_layers;
use domain::ecr::subject::Subject as Ecr;
use domain::plan::Subject;
use domain::resource::Tone;
use leptos::prelude::*;

use crate::error::AppError;
use crate::live_state;
use crate::plan::api::look_up;
use crate::ui::{Badge, ProblemNote, Skeleton};
use crate::wizard::{FieldGroup, check};

/// Offered at once.
const OFFERED: usize = 8;

/// A key as a repository's field takes it: by an alias where it has one.
pub(super) fn by_name(key: &Key) -> String {
    key.aliases.first().unwrap_or(&key.arn).clone()
}

/// A key as a creation template's field takes it.
pub(super) fn by_arn(key: &Key) -> String {
    key.arn.clone()
}

/// Those of this place that have what is typed in the field; all while it holds one that was chosen. `value` is what the field then holds.
pub(super) fn offers(
    scope: Signal<Scope>,
    wanted: Memo<bool>,
    typed: Signal<String>,
    value: fn(&Key) -> String,
    choose: impl Fn(String) + Copy + Send + Sync + 'static,
) -> AnyView {
    let choose = Callback::new(choose);
    // Nothing is asked while rendering on the server, nor before a key is wanted.
    let answer = LocalResource::new(move || {
        let (scope, wanted) = (scope.get(), wanted.get());
        async move { if wanted { look_up(scope, vec![Subject::Ecr(Ecr::Keys)]).await.map(Some) } else { Ok(None) } }
    });
    let list = move || match answer.get() {
        None => view! { <Skeleton lines=2/> }.into_any(),
        Some(Ok(None)) => ().into_any(),
        Some(Err(AppError(problem))) => view! { <ProblemNote problem=problem/> }.into_any(),
        Some(Ok(Some(facts))) => {
            let keys: Vec<Key> = live_state::state(&facts, Ecr::Keys).unwrap_or_default();
            shown(&keys, &typed.get(), value, choose)
        }
    };
    view! { <div class="field suggested" role="group" aria-label="Keys to choose from">{list}</div> }.into_any()
}

/// The first thing to choose, or to choose no more: a key that does not exist yet.
pub(super) fn create_new(on: Signal<bool>, choose: impl Fn() + Copy + Send + Sync + 'static) -> AnyView {
    let pressed = move || on.get().to_string();
    view! {
        <div class="field suggested">
            <button class="option" r#type="button" aria-pressed=pressed on:click=move |_| choose()>
                <span class="grow">
                    "Create a new key"<small class="faint">"Symmetric, for this repository; made by the same run."</small>
                </span>
            </button>
        </div>
    }
    .into_any()
}

/// Whether images are encrypted in two layers: asked where AWS has that, and where it was chosen all the same, with what is wrong with it.
pub(super) fn two_layers(
    scope: Signal<Scope>,
    name: &'static str,
    on: Signal<bool>,
    set: impl Fn(bool) + Send + Sync + 'static,
) -> AnyView {
    let asked = move || on.get() || scope.with(|scope| has_two_layers(&scope.region));
    let words = "DSSE-KMS: what is stored is encrypted twice.";
    view! {
        <div hidden=move || !asked()>
            <FieldGroup label="Layers of encryption" name=name>
                {check("two-layers", "Encrypt in two layers", words, on, set)}
            </FieldGroup>
        </div>
    }
    .into_any()
}

/// Below the name: the id where that is not the name, and what its owner says about it.
fn about(key: &Key) -> String {
    let id = if key.aliases.is_empty() { "no alias" } else { key.id.as_str() };
    let pieces = [id, key.description.as_str()];
    pieces.into_iter().filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// Only enabled keys are offered, and those of which nobody here may ask.
fn state(key: &Key) -> AnyView {
    let (tone, word, why) = match (key.unknown, key.managed) {
        (true, _) => (Tone::Quiet, "Unknown", "Nobody here may look at it: whether ECR can use it is not known."),
        (false, true) => (Tone::Quiet, "AWS managed", "AWS made it for ECR and takes care of it. It is enabled."),
        (false, false) => (Tone::Good, "Enabled", "It is yours, and ECR can use it."),
    };
    view! { <Badge tone=tone text=word title=why/> }.into_any()
}

fn shown(keys: &[Key], typed: &str, value: fn(&Key) -> String, choose: Callback<String>) -> AnyView {
    let chosen = keys.iter().any(|key| value(key) == typed);
    let fit = found(keys, if chosen { "" } else { typed });
    if fit.is_empty() {
        let words =
            if keys.is_empty() { "There is no key here that ECR can use." } else { "No key here is called so." };
        return view! { <span class="hint">{words}</span> }.into_any();
    }
    let more = fit.len().saturating_sub(OFFERED);
    let options = fit.into_iter().take(OFFERED).map(|key| {
        let (name, own) = (key.name().to_owned(), value(key));
        let (about, state) = (about(key), state(key));
        let on = own == typed;
        let pick = move |_| choose.run(own.clone());
        view! {
            <button class="option" r#type="button" aria-pressed=if on { "true" } else { "false" } on:click=pick>
                <span class="grow">{name}<small class="faint">{about}</small></span>
                {state}
            </button>
        }
    });
    let rest =
        (more > 0).then(|| view! { <span class="hint">{format!("{more} more: type a part of the name.")}</span> });
    view! { {options.collect_view()}{rest} }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_its_id_once() {
        let arn = "arn:aws:kms:eu-west-1:111122223333:key/1bbb";
        let named = Key { id: "1bbb".into(), arn: arn.into(), aliases: vec!["alias/shop".into()], ..Key::default() };
        assert_eq!((by_name(&named).as_str(), by_arn(&named).as_str()), ("alias/shop", arn));
        assert_eq!((named.name(), about(&named).as_str()), ("alias/shop", "1bbb"));
        let plain = Key { id: "0aaa".into(), description: "of nobody".into(), ..Key::default() };
        assert_eq!((plain.name(), about(&plain).as_str()), ("0aaa", "no alias · of nobody"));
    }
}

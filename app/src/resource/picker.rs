//! A field in which one finds a resource as one types. Without scripts it takes a name, an ARN or a key.

use domain::listing::{Hit, ListQuery, Row};
use domain::resource::State;
use domain::{Kind, ResourceKey};
use leptos::prelude::*;

use crate::api::{self, Boot};
use crate::error::AppError;
use crate::ui::{Icon, StateBadge, icon};

/// Offered at once.
const OFFERED: u32 = 12;
/// Rows from which those are chosen: a list also finds by tags, in the order of its kind.
const LOOKED_AT: u32 = 100;

/// A resource and what people call it.
pub type Named = (ResourceKey, String);

/// "function · prod · eu-west-1"
pub fn place(key: &ResourceKey, boot: &Boot) -> String {
    format!("{} · {} · {}", key.kind.singular(), boot.account_name(&key.scope.account), key.scope.region)
}

/// What is most like another: the revisions of its family, or what has its name elsewhere.
fn like(other: &Named) -> String {
    match other.0.kind {
        Kind::TaskDefinition | Kind::FunctionVersion | Kind::FunctionAlias | Kind::Layer => {
            other.0.id.rsplit_once(':').map_or(other.0.id.clone(), |(family, _)| family.to_owned())
        }
        // A task is called by its family and its id.
        _ => other.1.split(' ').next().unwrap_or_default().to_owned(),
    }
}

/// How far a name is from what was typed: it begins with it, holds it, or was found by something else.
fn distance(name: &str, typed: &str) -> u8 {
    match name.to_lowercase().find(&typed.trim().to_lowercase()) {
        Some(0) => 0,
        Some(_) => 1,
        None => 2,
    }
}

type Offer = (ResourceKey, String, Option<State>);

/// Of the kind of the other side, if that is chosen.
async fn offers(text: String, other: Option<Named>) -> Result<Vec<Offer>, AppError> {
    let Some(other) = other else {
        let hits = if text.trim().is_empty() { vec![] } else { api::search(text, OFFERED).await? };
        return Ok(hits.into_iter().map(|Hit { key, name, state, .. }| (key, name, state)).collect());
    };
    // Until something is typed what is alike, or anything of the kind.
    let texts = if text.trim().is_empty() { vec![like(&other), String::new()] } else { vec![text] };
    for text in texts {
        let asked = ListQuery { text: text.clone(), limit: LOOKED_AT, ..ListQuery::all(other.0.kind) };
        let mut rows = api::list(asked).await?.rows;
        rows.retain(|row| row.key != other.0);
        rows.sort_by_key(|row| distance(&row.name, &text));
        let rows = rows.into_iter().take(OFFERED as usize);
        let offers: Vec<Offer> = rows.map(|Row { key, name, state, .. }| (key, name, state)).collect();
        if !offers.is_empty() {
            return Ok(offers);
        }
    }
    Ok(vec![])
}

/// The field.
#[component]
pub fn Picker(
    /// Its name in the form.
    name: &'static str,
    /// What it says.
    label: &'static str,
    /// What is in it at first, if nothing is chosen.
    typed: String,
    /// What is chosen.
    chosen: RwSignal<Option<Named>>,
    /// What is chosen on the other side.
    other: RwSignal<Option<Named>>,
) -> impl IntoView {
    let boot = StoredValue::new(expect_context::<Boot>());
    let first = chosen.with_untracked(|c| c.as_ref().map_or(typed, |(_, name)| name.clone()));
    let text = RwSignal::new(first.clone());
    // Nothing is asked while rendering on the server.
    let answer = LocalResource::new(move || {
        let (text, other, chosen) = (text.get(), other.get(), chosen.with(Option::is_some));
        async move { if chosen { Ok(vec![]) } else { offers(text, other).await } }
    });
    // What is offered stays until the next answer is there.
    let found = RwSignal::new(vec![]);
    Effect::new(move || {
        if let Some(Ok(offers)) = answer.get() {
            found.set(offers);
        }
    });
    let field = NodeRef::<leptos::html::Input>::new();
    let typing = move |event| {
        chosen.set(None);
        text.set(event_target_value(&event));
    };
    let choose = move |(key, name): Named| {
        if let Some(field) = field.get_untracked() {
            field.set_value(&name);
            let _ = field.focus();
        }
        found.set(vec![]);
        chosen.set(Some((key, name)));
    };
    let options = move || {
        let offers = found.get();
        if offers.is_empty() || chosen.with(Option::is_some) {
            return ().into_any();
        }
        let options = offers.into_iter().map(|(key, name, state)| {
            let named = (key.clone(), name.clone());
            let place = boot.with_value(|boot| place(&key, boot));
            view! {
                // The field keeps the focus until the click has chosen.
                <button class="option" r#type="button" on:mousedown=|event| event.prevent_default() on:click=move |_| choose(named.clone())>
                    <span class="grow">{name}<small class="faint">{place}</small></span>
                    {state.map(|s| view! { <StateBadge state=Some(s)/> })}
                </button>
            }
        });
        let title = format!("Found for “{label}”");
        view! { <div class="panel" role="group" aria-label=title>{options.collect_view()}</div> }.into_any()
    };
    let under = move || chosen.with(|c| c.as_ref().map(|(key, _)| boot.with_value(|boot| place(key, boot))));
    view! {
        <div class="picker">
            <label>
                <span>{label}</span>
                <span class="input">
                    {icon(Icon::Search)}
                    // What is chosen goes by its key; what is only typed is for the server to find.
                    <input
                        node_ref=field
                        r#type="search"
                        name=move || chosen.with(Option::is_none).then_some(name)
                        maxlength="200"
                        autocomplete="off"
                        spellcheck="false"
                        placeholder="A name or an ARN"
                        value=first
                        on:input=typing
                    />
                </span>
            </label>
            {move || chosen.get().map(|(key, _)| view! { <input r#type="hidden" name=name value=key.to_string()/> })}
            <small class="faint">{under}</small>
            {options}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_so_is_offered_before_what_is_tagged_so() {
        let mut names = ["checkout", "invoice-orders", "Orders-api", "orders"];
        names.sort_by_key(|name| distance(name, " ord"));
        assert_eq!(names, ["Orders-api", "orders", "invoice-orders", "checkout"]);
    }

    #[test]
    fn revisions_are_compared_with_their_family() {
        let named = |key: &str, name: &str| (ResourceKey::parse(key).unwrap(), name.to_owned());
        assert_eq!(like(&named("ecs.task-definition/111122223333/eu-west-1/web:5", "web:5")), "web");
        assert_eq!(like(&named("lambda.function/111122223333/eu-west-1/orders-api", "orders-api")), "orders-api");
    }
}

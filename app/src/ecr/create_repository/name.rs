//! The name of a new repository: namespaces in use are offered as one types, and where else the name is taken is said.

use domain::document::registry;
use domain::ecr::names::{Beside, Namesake, Namespace, suggested, within};
use domain::ecr::rules::typed::REPOSITORY_NAME;
use domain::{Kind, ResourceKey, Scope};
use leptos::prelude::*;
use std::time::Duration;

use super::{Shared, part};
use crate::api::{self, Boot};
use crate::asking::at_rest;
use crate::layout::use_scopes;
use crate::paths;
use crate::ui::format::counted;
use crate::wizard::{TextField, Wizard};

/// Namespaces offered at once.
const OFFERED: usize = 6;
/// Places named at once.
const NAMED: usize = 4;

/// How long after the last key it is asked what is beside a name.
const PAUSE: Duration = Duration::from_millis(200);

/// Where a repository is to be, and its name so far.
type Asked = (Scope, String);

/// The field and what stands beside it.
pub fn field(draft: Shared, wizard: Wizard) -> AnyView {
    let value = part(draft, |d| d.name.clone());
    let asked = Memo::new(move |_| (wizard.scope.get(), value.with(|name| name.trim().to_owned())));
    let uri = Memo::new(move |_| {
        asked.with(|(scope, name)| format!("{}/{}", registry(scope), if name.is_empty() { "…" } else { name.as_str() }))
    });
    let found = found(asked);
    let set = Callback::new(move |name: String| draft.update(|d| d.form.name = name));
    view! {
        <TextField
            label="Name" name="name" placeholder="team/web-app" value=value typing=REPOSITORY_NAME
            hint="Small letters, digits and . _ - ; a / divides namespaces. It cannot be changed later."
            set=set
        />
        {offers(asked, found, set)}
        <div class="field">
            <span class="label">"Images will be pulled from"</span><code class="uri">{move || uri.get()}</code>
            {elsewhere(asked, found)}
        </div>
    }
    .into_any()
}

/// The latest answer, with what it is about: it stays until the next is there.
fn found(asked: Memo<Asked>) -> RwSignal<Option<(Asked, Beside)>> {
    let rested = at_rest(asked, PAUSE);
    // Nothing is asked while rendering on the server.
    let answer = LocalResource::new(move || {
        let about = rested.get();
        async move {
            let answer = api::beside(about.0.clone(), about.1.clone()).await;
            (about, answer)
        }
    });
    let found = RwSignal::new(None);
    Effect::new(move || match answer.get() {
        Some((about, Ok(beside))) => found.set(Some((about, beside))),
        // Nothing of it is needed to go on: what is wrong with the connection is said where AWS is asked.
        Some((_, Err(_))) => found.set(None),
        None => {}
    });
    found
}

/// Namespaces of the account, the most used first.
fn offers(asked: Memo<Asked>, found: RwSignal<Option<(Asked, Beside)>>, set: Callback<String>) -> AnyView {
    let fit: Memo<Vec<Namespace>> = Memo::new(move |_| {
        let (scope, typed) = asked.get();
        found.with(|found| match found {
            Some(((about, _), beside)) if about.account == scope.account => {
                suggested(&beside.namespaces, &typed).into_iter().take(OFFERED).cloned().collect()
            }
            _ => vec![],
        })
    });
    let list = move || {
        let fit = fit.get();
        if fit.is_empty() {
            return ().into_any();
        }
        let buttons = fit.into_iter().map(|namespace| {
            let many = counted(i64::from(namespace.repositories), "repository", "repositories");
            let label = format!("{}, {many}", namespace.prefix);
            let prefix = namespace.prefix.clone();
            let choose = move |_| set.run(asked.with_untracked(|(_, typed)| within(&prefix, typed)));
            view! {
                // The field keeps the focus.
                <button class="btn small" r#type="button" title=many aria-label=label on:mousedown=|event| event.prevent_default() on:click=choose>
                    {namespace.prefix}<small class="faint">{namespace.repositories}</small>
                </button>
            }
        });
        view! {
            <div class="field" role="group" aria-label="Namespaces in use">
                <span class="hint">"Namespaces in use in this account, and how many repositories are in each"</span>
                <div class="acts">{buttons.collect_view()}</div>
            </div>
        }
        .into_any()
    };
    view! { {list} }.into_any()
}

/// How many images a namesake has, in words; nothing while that is not known.
fn images(namesake: &Namesake) -> String {
    match namesake.images {
        Some(0) => ": no images".to_owned(),
        Some(n) => format!(": {}", counted(i64::from(n), "image", "images")),
        None => String::new(),
    }
}

/// Other places that have the name: no mistake, but good to know.
fn elsewhere(asked: Memo<Asked>, found: RwSignal<Option<(Asked, Beside)>>) -> AnyView {
    let boot = StoredValue::new(expect_context::<Boot>());
    let scopes = use_scopes();
    let namesakes = Memo::new(move |_| {
        let about = asked.get();
        found.with(|found| match found {
            Some((of, beside)) if *of == about => beside.elsewhere.clone(),
            _ => vec![],
        })
    });
    let list = move || {
        let (all, name) = (namesakes.get(), asked.with_untracked(|(_, name)| name.clone()));
        if all.is_empty() {
            return ().into_any();
        }
        let more = all.len().saturating_sub(NAMED);
        let places = all.into_iter().take(NAMED).enumerate().map(|(n, namesake)| {
            let between = if n > 0 { ", " } else { "" };
            let words = boot
                .with_value(|boot| format!("{} {}", boot.account_name(&namesake.scope.account), namesake.scope.region));
            let images = images(&namesake);
            let place = match ResourceKey::new(Kind::Repository, namesake.scope, name.clone()) {
                Ok(key) => {
                    let path = paths::detail(&key);
                    view! { <a href=move || scopes.with(|s| s.on(&path))>{words}</a> }.into_any()
                }
                Err(_) => words.into_any(),
            };
            view! { {between}{place}{images} }
        });
        let rest = (more > 0).then(|| format!(", and in {}", counted(more as i64, "more place", "more places")));
        view! { "This name is also in "{places.collect_view()}{rest}"." }.into_any()
    };
    // Filled later, so that who hears the page hears of it.
    view! { <span class="hint" role="status">{list}</span> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_that_were_never_read_are_not_none() {
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let of = |count| images(&Namesake { scope: scope.clone(), images: count });
        assert_eq!([of(Some(0)), of(Some(1)), of(Some(3)), of(None)], [": no images", ": 1 image", ": 3 images", ""]);
    }
}

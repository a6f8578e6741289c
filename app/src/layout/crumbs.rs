//! Where one is, read from the address.

use domain::listing::capital;
use domain::{Kind, ResourceKey};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::scope::use_scopes;
use crate::api;
use crate::paths;
use crate::routes::list_spec;
use crate::ui::format::shorten;
use crate::wire::ask;

/// The resource whose page this is, if it is one's.
fn key_of(path: &str) -> Option<ResourceKey> {
    let mut pieces = path.trim_matches('/').splitn(4, '/').map(decode);
    paths::detail_key(&pieces.next()?, &pieces.next()?, &pieces.next()?, &pieces.next()?).ok()
}

/// Control characters, which no name has and which HTML drops, show as unknown ones.
fn decode(text: &str) -> String {
    let text = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The pieces of the trail: words, and where they lead (none for the page itself). `name` is what people call the resource.
fn trail(path: &str, name: Option<String>) -> Vec<(String, Option<String>)> {
    let pieces: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (Kind::from_segment(pieces[0]), pieces.as_slice()) {
        (_, [""]) => vec![("Overview".into(), None)],
        (Some(kind), [_]) => vec![(list_spec(kind).heading, None)],
        (Some(kind), [_, _, _, id @ ..]) if !id.is_empty() => {
            let name = name.unwrap_or_else(|| decode(&id.join("/")));
            vec![(list_spec(kind).heading, Some(paths::list(kind))), (shorten(&name, 60), None)]
        }
        (Some(kind), [_, "new"]) => {
            vec![(list_spec(kind).heading, Some(paths::list(kind))), (format!("New {}", kind.singular()), None)]
        }
        (None, ["settings", page]) => {
            vec![("Settings".into(), Some(paths::SETTINGS_YOU.into())), (capital(&decode(page)), None)]
        }
        (None, ["runs"]) => vec![("Runs and audit".into(), None)],
        (None, ["runs", id]) => {
            vec![("Runs and audit".into(), Some(paths::RUNS.into())), (shorten(&decode(id), 40), None)]
        }
        _ => vec![(shorten(&capital(&decode(pieces[0])), 40), None)],
    }
}

/// The trail in the top bar.
#[component]
pub fn Crumbs() -> impl IntoView {
    let location = use_location();
    let scopes = use_scopes();
    let path = Memo::new(move |_| location.pathname.get());
    // The page of a resource knows its name too, but only after the bar has been sent.
    let name = ask(
        move || path.get(),
        |path| async move {
            match key_of(&path) {
                Some(key) => (path, api::name(key).await.ok().flatten()),
                None => (path, None),
            }
        },
    );
    let boot = StoredValue::new(expect_context::<api::Boot>());
    let pieces = move |path: &str, name: Option<String>| {
        let name = name.map(|name| match key_of(path) {
            Some(key) => boot.with_value(|boot| boot.called(&key, &name)),
            None => name,
        });
        let pieces = trail(path, name).into_iter().map(|(text, href)| match href {
            Some(href) => {
                view! { <a href=scopes.get().on(&href)>{text}</a><span class="faint" aria-hidden="true">"/"</span> }
                    .into_any()
            }
            None => view! { <b title=text.clone()>{text.clone()}</b> }.into_any(),
        });
        pieces.collect_view()
    };
    view! {
        <nav class="crumbs" aria-label="Where you are">
            <Transition>
                {move || {
                    // Read here, so that another scope draws the links again.
                    scopes.track();
                    Suspend::new(async move {
                        let (path, name) = name.await;
                        pieces(&path, name)
                    })
                }}
            </Transition>
        </nav>
    }
}

#[cfg(test)]
mod tests {
    use super::{key_of, trail};

    #[test]
    fn the_trail_follows_the_address() {
        let words = |path: &str| trail(path, None).into_iter().map(|(t, _)| t).collect::<Vec<_>>().join(" / ");
        assert_eq!(words("/"), "Overview");
        assert_eq!(words("/functions"), "Functions");
        assert_eq!(words("/eks-clusters"), "Kubernetes");
        assert_eq!(words("/services/111122223333/eu-west-1/shop/web"), "Services / shop/web");
        assert_eq!(words("/repositories/new"), "Repositories / New repository");
        assert_eq!(words("/settings/people"), "Settings / People");
        assert_eq!(
            (words("/runs"), words("/runs/0a1b")),
            ("Runs and audit".to_owned(), "Runs and audit / 0a1b".to_owned())
        );
        assert_eq!(words("/nonsense/1"), "Nonsense");
        assert_eq!(words("/functions/abc/eu-west-1/%00"), "Functions / \u{fffd}");
        let task = "/tasks/111122223333/eu-west-1/data/fcf1c3ba";
        let named = trail(task, Some("nightly-report fcf1c3ba".into()));
        assert_eq!(named[1].0, "nightly-report fcf1c3ba");
        assert_eq!(key_of(task).unwrap().id, "data/fcf1c3ba");
        assert_eq!(key_of("/log-groups/111122223333/eu-west-1/%2Faws%2Flambda%2Ff").unwrap().id, "/aws/lambda/f");
        assert!(key_of("/functions").is_none() && key_of("/settings/you").is_none());
    }
}

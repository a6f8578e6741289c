//! Where one is, read from the address.

use domain::Kind;
use domain::listing::capital;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::scope::use_scopes;
use crate::paths;
use crate::routes::list_spec;
use crate::ui::format::shorten;

/// The pieces of the trail: words, and where they lead (none for the page itself).
fn trail(path: &str) -> Vec<(String, Option<String>)> {
    let decode = |t: &str| percent_encoding::percent_decode_str(t).decode_utf8_lossy().into_owned();
    let pieces: Vec<&str> = path.trim_matches('/').split('/').collect();
    let kind = Kind::from_segment(pieces[0]);
    match (kind, pieces.as_slice()) {
        (_, [""]) => vec![("Overview".into(), None)],
        (Some(kind), [_]) => vec![(list_spec(kind).heading, None)],
        (Some(kind), [_, _, _, id @ ..]) if !id.is_empty() => {
            vec![(list_spec(kind).heading, Some(paths::list(kind))), (shorten(&decode(&id.join("/")), 60), None)]
        }
        (None, ["settings", page]) => vec![("Settings".into(), None), (capital(&decode(page)), None)],
        _ => vec![(shorten(&capital(&decode(pieces[0])), 40), None)],
    }
}

/// The trail in the top bar.
#[component]
pub fn Crumbs() -> impl IntoView {
    let location = use_location();
    let scopes = use_scopes();
    let pieces = move || {
        let last = trail(&location.pathname.get());
        let pieces = last.into_iter().map(|(text, href)| match href {
            Some(href) => {
                view! { <a href=scopes.get().on(&href)>{text}</a><span class="faint" aria-hidden="true">"/"</span> }
                    .into_any()
            }
            None => view! { <b>{text}</b> }.into_any(),
        });
        pieces.collect_view()
    };
    view! { <nav class="crumbs" aria-label="Where you are">{pieces}</nav> }
}

#[cfg(test)]
mod tests {
    use super::trail;

    #[test]
    fn the_trail_follows_the_address() {
        let words = |path: &str| trail(path).into_iter().map(|(t, _)| t).collect::<Vec<_>>().join(" / ");
        assert_eq!(words("/"), "Overview");
        assert_eq!(words("/functions"), "Functions");
        assert_eq!(words("/eks-clusters"), "Kubernetes");
        assert_eq!(words("/services/111122223333/eu-west-1/shop/web"), "Services / shop/web");
        assert_eq!(words("/settings/people"), "Settings / People");
        assert_eq!(words("/nonsense/1"), "Nonsense");
    }
}

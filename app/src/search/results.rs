//! What a search found, in groups.

use domain::listing::{Hit, capital};
use domain::{Kind, ResourceKey};
use leptos::prelude::*;

use super::lists::list_of;
use super::places::{self, Place};
use crate::api::Boot;
use crate::layout::use_scopes;
use crate::paths;
use crate::resource::kind_icon;
use crate::ui::{Icon, StateBadge, icon};

/// Hits shown.
const HITS: usize = 40;
/// Hits asked for: one more tells that there are more.
pub const ASKED: u32 = HITS as u32 + 1;
/// Pages and actions shown.
const PLACES: usize = 6;

/// The pieces of a name, those that match the text marked.
fn marked(name: &str, text: &str) -> Vec<(String, bool)> {
    let (lower, text) = (name.to_lowercase(), text.to_lowercase());
    // Lower-casing can change lengths (İ); then nothing is marked.
    match lower.find(&text).filter(|_| !text.is_empty() && lower.len() == name.len()) {
        Some(at) if name.is_char_boundary(at) && name.is_char_boundary(at + text.len()) => vec![
            (name[..at].to_owned(), false),
            (name[at..at + text.len()].to_owned(), true),
            (name[at + text.len()..].to_owned(), false),
        ],
        _ => vec![(name.to_owned(), false)],
    }
}

fn name_view(name: &str, text: &str) -> impl IntoView + use<> {
    let pieces = marked(name, text).into_iter().filter(|(p, _)| !p.is_empty());
    pieces
        .map(|(piece, hit)| if hit { view! { <mark>{piece}</mark> }.into_any() } else { piece.into_any() })
        .collect_view()
}

fn where_is(key: &ResourceKey, boot: &Boot) -> String {
    format!("{} · {} · {}", key.kind.singular(), boot.account_name(&key.scope.account), key.scope.region)
}

/// Results that belong together; `list` leads to all of them. Choices have no heading that leads somewhere.
fn group(choices: bool, title: String, list: Option<String>, rows: AnyView) -> AnyView {
    if choices {
        let label = title.clone();
        view! { <div role="group" aria-label=label><h3 aria-hidden="true">{title}</h3>{rows}</div> }.into_any()
    } else {
        let title = match list {
            Some(href) => view! { <a class="ref" href=href>{title}</a> }.into_any(),
            None => title.into_any(),
        };
        view! { <h2>{title}</h2>{rows} }.into_any()
    }
}

/// Pages and actions; nothing without any.
fn places_view(
    places: Vec<Place>,
    text: &str,
    choices: bool,
    id: &mut impl FnMut() -> Option<String>,
) -> Option<AnyView> {
    let scopes = use_scopes().get_untracked();
    let role = choices.then_some("option");
    let some = !places.is_empty();
    let rows = places
        .into_iter()
        .map(|p| {
            view! { <a class="hit" href=scopes.on(&p.href) data-theme-set=p.theme role=role id=id() aria-selected=role.map(|_| "false")>{icon(Icon::Right)}<span class="grow">{name_view(&p.name, text)}</span><span class="faint">{p.what}</span></a> }
        })
        .collect_view();
    some.then(|| group(choices, "Pages and actions".to_owned(), None, rows.into_any()))
}

/// What the text is the name of, hits by kind, best kind first, then other pages and actions.
#[component]
pub fn Results(
    /// What was searched.
    text: String,
    /// What was found of [`ASKED`].
    hits: Vec<Hit>,
    /// As the choices of a combobox; else as plain links.
    #[prop(optional)]
    choices: bool,
) -> impl IntoView {
    let boot = expect_context::<Boot>();
    let scopes = use_scopes().get_untracked();
    let role = choices.then_some("option");
    let mut counter = 0_usize;
    // The combobox names the chosen one by its id.
    let mut id = move || {
        counter += 1;
        choices.then(|| format!("hit-{counter}"))
    };
    let more = hits.len() > HITS;
    let mut groups: Vec<(Kind, Vec<Hit>)> = vec![];
    for hit in hits.into_iter().take(HITS) {
        match groups.iter_mut().find(|(kind, _)| *kind == hit.key.kind) {
            Some((_, list)) => list.push(hit),
            None => groups.push((hit.key.kind, vec![hit])),
        }
    }
    let (meant, places) = places::find(&text, PLACES);
    let nothing = groups.is_empty() && places.is_empty() && meant.is_empty();
    // In the order they are shown: their ids count on.
    let meant = places_view(meant, &text, choices, &mut id);
    let groups = groups
        .into_iter()
        .map(|(kind, hits)| {
            let list = list_of(kind, &text, &hits, &boot.instance);
            let rows = hits
                .into_iter()
                .map(|hit| {
                    let note = hit.matched.clone().map(|m| view! { <span class="faint matched">{m}</span> });
                    view! {
                        <a class="hit" href=scopes.on(&paths::detail(&hit.key)) role=role id=id() aria-selected=role.map(|_| "false")>
                            {icon(kind_icon(kind))}
                            <span class="grow"><span class="hit-name">{name_view(&boot.called(&hit.key, &hit.name), &text)}</span><span class="faint where">{where_is(&hit.key, &boot)}</span></span>
                            {note}<StateBadge state=hit.state/>
                        </a>
                    }
                })
                .collect_view();
            let all = list.clone().filter(|_| choices && more).map(|href| {
                let words = format!("All {} with these words", kind.plural());
                view! { <a class="hit" href=href role=role id=id() aria-selected=role.map(|_| "false")>{icon(Icon::Right)}<span class="grow">{words}</span></a> }
            });
            group(choices, capital(kind.plural()), list, view! { {rows}{all} }.into_any())
        })
        .collect_view();
    let places = places_view(places, &text, choices, &mut id);
    let list = choices.then_some("listbox");
    let more = more.then(|| {
        let words = format!("The best {HITS}; there are more. Further words leave fewer");
        let rest = if choices { "." } else { ", and a heading leads to all of its kind." };
        view! { <p class="quiet-line">{words}{rest}</p> }
    });
    view! {
        <div class="hits" id=list.map(|_| "hits") role=list aria-label=list.map(|_| "Results") data-for=text>{meant}{groups}{places}</div>
        {more}
        {nothing.then(|| view! { <p class="quiet-line">"Nothing like that in any account or region. Names, ARNs, tags and kinds are searched; one typo is forgiven."</p> })}
    }
}

#[cfg(test)]
mod tests {
    use super::marked;

    #[test]
    fn the_part_that_matches_is_marked() {
        assert_eq!(
            marked("Thumbnailer", "bnAIL"),
            [("Thum".into(), false), ("bnail".into(), true), ("er".into(), false)]
        );
        assert_eq!(marked("x", ""), [("x".into(), false)]);
        assert_eq!(marked("İİ", "i"), [("İİ".into(), false)]);
    }
}

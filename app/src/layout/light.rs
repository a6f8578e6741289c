//! The light in the bar: whether changes come by themselves, and whether what is collected is as new as promised.

use domain::listing::LateLists;
use domain::stream::MOST_PAGES;
use leptos::prelude::*;

use super::glance::AtAGlance;
use super::use_scopes;
use crate::api::Boot;
use crate::live::{Live, LiveState};
use crate::paths::{self, Scopes};
use crate::ui::format::counted;

/// So many kinds of a place are named.
const KINDS: usize = 3;

/// The light.
#[component]
pub fn Light() -> impl IntoView {
    let live = expect_context::<Live>();
    let AtAGlance(glance) = expect_context();
    let boot = StoredValue::new(expect_context::<Boot>());
    let scopes = use_scopes();
    // A connection that broke is said at once, whatever is being asked.
    let broken = Memo::new(move |_| broken(live.0.get()));
    let light = move || match broken.get() {
        Some((tone, word, title)) => plain(tone, word, title),
        None => view! {
            <Transition>
                {move || {
                    let open = live.0.get() == LiveState::Open;
                    scopes.track();
                    Suspend::new(async move {
                        let late = glance.await.map(|glance| glance.late);
                        boot.with_value(|boot| whole(open, late.as_ref(), boot, &scopes.get_untracked()))
                    })
                }}
            </Transition>
        }
        .into_any(),
    };
    view! { <span class="light" role="status">{light}</span> }
}

/// The tone, the word and what it means, where changes do not come by themselves though they should.
fn broken(state: LiveState) -> Option<(&'static str, &'static str, String)> {
    match state {
        LiveState::Connecting | LiveState::Open => None,
        LiveState::Lost => Some((
            "warn",
            "Reconnecting",
            "Gantry does not answer right now. What is shown may be old; the page catches up by itself.".to_owned(),
        )),
        LiveState::Full => Some(("warn", "Not live", full())),
        LiveState::SignedOut => Some(("bad", "Signed out", "Sign in again to go on.".to_owned())),
    }
}

/// Why a page does not update by itself.
pub fn full() -> String {
    format!(
        "{MOST_PAGES} pages are open already; this one does not update by itself. Close one of the others, or load this one again."
    )
}

fn plain(tone: &'static str, word: &'static str, title: String) -> AnyView {
    view! { <span class=format!("badge {tone}") title=title>{word}</span> }.into_any()
}

/// What it says of what was collected; `late` is none where that is not known.
fn whole(open: bool, late: Option<&LateLists>, boot: &Boot, scopes: &Scopes) -> AnyView {
    let word = if open { "Live" } else { "Cached" };
    match (open, late) {
        (_, Some(late)) if late.total > 0 => {
            let lists = counted(i64::from(late.total), "list", "lists");
            let short = format!("{} late", late.total);
            view! {
                <a class="badge warn" href=scopes.on(paths::SETTINGS_CONNECTIONS) title=named(late, |account| boot.account_name(account))>
                    <span class="hide-s">{format!("{word}, {lists} late")}</span>
                    <span class="only-s">{short}</span>
                </a>
            }
            .into_any()
        }
        (false, _) => plain("quiet", word, "What is shown was true when the page was made.".to_owned()),
        (true, Some(_)) => {
            let title = "Every list is within its promise. Changes appear by themselves within a second.";
            plain("good", word, title.to_owned())
        }
        (true, None) => {
            let title = "Changes appear by themselves within a second. Whether lists are late could not be asked.";
            plain("quiet", word, title.to_owned())
        }
    }
}

/// The lists that are late, a line for each place.
fn named(late: &LateLists, account_name: impl Fn(&domain::AccountId) -> String) -> String {
    let place = |(scope, kinds): &(domain::Scope, Vec<domain::Kind>)| {
        let first = kinds.iter().take(KINDS).map(|kind| kind.plural()).collect::<Vec<_>>().join(", ");
        let rest = match kinds.len().saturating_sub(KINDS) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{} {}: {first}{rest}", account_name(&scope.account), scope.region)
    };
    let told: usize = late.places.iter().map(|(_, kinds)| kinds.len()).sum();
    let elsewhere = (late.total as usize).saturating_sub(told);
    let elsewhere = (elsewhere > 0).then(|| format!("{} elsewhere", counted(elsewhere as i64, "list", "lists")));
    let head = "Older than promised, or not read completely:".to_owned();
    std::iter::once(head).chain(late.places.iter().map(place)).chain(elsewhere).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Kind, Scope};

    #[test]
    fn late_lists_are_named_by_place_and_the_others_counted() {
        let place = |region: &str, kinds: &[Kind]| {
            (Scope::new("111122223333".parse().unwrap(), region.parse().unwrap()), kinds.to_vec())
        };
        let of = |total: u32, places: Vec<(Scope, Vec<Kind>)>| named(&LateLists { total, places }, |_| "shop".into());
        let one = of(1, vec![place("eu-west-1", &[Kind::Task])]);
        assert_eq!(one, "Older than promised, or not read completely:\nshop eu-west-1: tasks");
        let kinds = [Kind::Function, Kind::Task, Kind::Cluster, Kind::Image, Kind::Role];
        let many = of(9, vec![place("eu-west-1", &kinds)]);
        assert!(
            many.ends_with("\nshop eu-west-1: functions, tasks, ECS clusters and 2 more\n4 lists elsewhere"),
            "{many}"
        );
    }
}

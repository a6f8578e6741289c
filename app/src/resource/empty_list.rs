//! What a list says when there is nothing in it.

use domain::listing::{Freshness, capital};
use domain::{AccountId, Kind, Millis, Region};
use leptos::prelude::*;

use super::freshness::{CollectButton, oldest};
use crate::api::Boot;
use crate::error::AppError;
use crate::layout::use_scopes;
use crate::paths::{self, Scopes};
use crate::ui::{Age, Empty};

/// Accounts that no connection leads to.
fn strangers(wanted: &[AccountId], boot: &Boot) -> Vec<String> {
    let known = |id: &&AccountId| !boot.instance.accounts.iter().any(|(a, _)| a == *id);
    wanted.iter().filter(known).map(ToString::to_string).collect()
}

/// Why nothing is known of accounts that no connection leads to, if such are looked at; `what` says what cannot be known, `all` is the address
/// without a choice of accounts.
pub fn unconnected(scopes: &Scopes, boot: &Boot, what: &str, all: String) -> Option<AnyView> {
    let strangers = strangers(&scopes.accounts, boot);
    if strangers.is_empty() {
        return None;
    }
    let (accounts, lead) = (strangers.join(", "), if strangers.len() == 1 { "account" } else { "accounts" });
    let words = format!("Gantry reads only the accounts it is connected to, so it cannot know {what}.");
    let connections = scopes.on(paths::SETTINGS_CONNECTIONS);
    let view = view! {
        <Empty title=format!("No connection leads to {lead} {accounts}")>
            <p>{words}</p>
            <a class="btn small" href=all>"All accounts"</a>
            <a class="btn quiet small" href=connections>"Connections"</a>
        </Empty>
    };
    Some(view.into_any())
}

/// Where one looks, if the scope leaves out accounts or regions that the kind may be in: "us-east-1 of prod".
fn narrowed(kind: Kind, scopes: &Scopes, boot: &Boot) -> Option<String> {
    let Scopes { accounts, regions } = scopes;
    let fewer_accounts = !accounts.is_empty() && boot.instance.accounts.iter().any(|(id, _)| !accounts.contains(id));
    let missed = |region: &Region| kind.is_in(region) && !regions.contains(region);
    let fewer_regions = !kind.is_global() && !regions.is_empty() && boot.instance.regions.iter().any(missed);
    let named = |names: Vec<String>, many: &str| match names.len() {
        0..=3 => names.join(", "),
        n => format!("these {n} {many}"),
    };
    let in_accounts = || named(accounts.iter().map(|id| boot.account_name(id)).collect(), "accounts");
    let in_regions = || named(regions.iter().map(ToString::to_string).collect(), "regions");
    match (fewer_accounts, fewer_regions) {
        (true, true) => Some(format!("{} of {}", in_regions(), in_accounts())),
        (true, false) => Some(in_accounts()),
        (false, true) => Some(in_regions()),
        (false, false) => None,
    }
}

/// The way out of the scope.
fn to_all(href: String) -> AnyView {
    view! { <a class="btn small" href=href>"All accounts and regions"</a> }.into_any()
}

/// Nobody looks where all those that are looked at are: none of the accounts is connected in any of the regions.
fn nowhere(kind: Kind, scopes: &Scopes) -> AnyView {
    let connections = scopes.on(paths::SETTINGS_CONNECTIONS);
    let all = (!scopes.is_all()).then(|| to_all(paths::list(kind)));
    let words = format!(
        "Gantry reads only the accounts it is connected to, in the regions that their connections name, so it cannot know what {} there are.",
        kind.plural()
    );
    let title = if all.is_some() { "No connection leads there" } else { "No connection leads to AWS" };
    view! {
        <Empty title=title>
            <p>{words}</p>
            {all}
            <a class="btn quiet small" href=connections>"Connections"</a>
        </Empty>
    }
    .into_any()
}

/// Why there is none: nobody looks there, or AWS had none when it was last asked, which can be asked again.
#[component]
pub fn EmptyList(
    /// The kind listed.
    kind: Kind,
    /// What to do when there are none.
    words: Signal<String>,
    /// The same list in all accounts and regions; none, its scope is not a person's choice.
    all: Option<String>,
    /// One entry per scope.
    #[prop(into)]
    freshness: Signal<Vec<Freshness>>,
    /// The server's clock.
    #[prop(into)]
    now: Signal<Millis>,
    /// Set when AWS cannot be asked again.
    problem: RwSignal<Option<AppError>>,
) -> impl IntoView {
    let boot = expect_context::<Boot>();
    let scopes = use_scopes();
    let narrow = {
        let boot = boot.clone();
        move || all.clone().zip(scopes.with(|s| narrowed(kind, s, &boot)))
    };
    // "None" is only said of what was read.
    let words = move || match (freshness.with(|f| oldest(f)), freshness.with(|f| f.iter().any(|f| f.failing.is_some())))
    {
        (Some(at), _) => {
            let (title, why, all) = match narrow() {
                Some((href, place)) => (
                    format!("No {} in {place}", kind.plural()),
                    "The scope leaves out others, which may have some.".to_owned(),
                    Some(to_all(href)),
                ),
                None => (format!("No {} here", kind.plural()), words.get(), None),
            };
            view! {
                <Empty title=title>
                    <p>{why}</p>
                    <p class="faint">"Last read from AWS "<Age at=at now=now.get_untracked() after=" ago"/>"."</p>
                    {all}
                    <CollectButton kind=kind scopes=scopes freshness=freshness problem=problem words="Read now"/>
                </Empty>
            }
            .into_any()
        }
        (None, failing) => {
            let (title, why) = match failing {
                true => (
                    format!("It is not known which {} there are", kind.plural()),
                    "Not every account and region gave its list: the notes above say why.",
                ),
                false => (
                    format!("{} are not read yet", capital(kind.plural())),
                    "They appear here by themselves as soon as AWS has answered.",
                ),
            };
            view! {
                <Empty title=title>
                    <p>{why}</p>
                    <CollectButton kind=kind scopes=scopes freshness=freshness problem=problem words="Read now"/>
                </Empty>
            }
            .into_any()
        }
    };
    let is_here = {
        let regions = boot.instance.regions.clone();
        move || {
            let chosen = scopes.with(|s| s.regions.clone());
            let looked = if chosen.is_empty() { &regions } else { &chosen };
            kind.is_global() || looked.is_empty() || looked.iter().any(|region| kind.is_in(region))
        }
    };
    move || {
        if !is_here() {
            let only_accounts = scopes.with(|s| Scopes { accounts: s.accounts.clone(), regions: vec![] });
            return view! {
                <Empty title=format!("There are no {} in these regions", kind.plural())>
                    <p>"AWS has them in one region only, wherever they are used. Look at all regions, or connect that one."</p>
                    <a class="btn small" href=only_accounts.on(&paths::list(kind))>"All regions"</a>
                </Empty>
            }
            .into_any();
        }
        let what = format!("what {} there are", kind.plural());
        let unconnected = scopes.with(|s| unconnected(s, &boot, &what, paths::list(kind)));
        match unconnected {
            Some(why) => why,
            None if freshness.with(Vec::is_empty) => scopes.with(|s| nowhere(kind, s)),
            None => words().into_any(),
        }
    }
}

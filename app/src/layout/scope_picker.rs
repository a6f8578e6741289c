//! Which accounts and regions are looked at: a panel of links, several at once, "all" by default.

use domain::{AccountId, Region};
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use crate::api::Boot;
use crate::paths::{Scopes, encode};
use crate::ui::format::counted;
use crate::ui::{Icon, Menu, icon};

use super::use_scopes;

fn toggled<T: PartialEq + Clone>(items: &[T], item: &T) -> Vec<T> {
    let mut next = items.to_vec();
    if next.contains(item) {
        next.retain(|i| i != item);
    } else {
        next.push(item.clone());
    }
    next
}

/// The words on the button.
fn summary(scopes: &Scopes, boot: &Boot) -> String {
    let accounts = match scopes.accounts.as_slice() {
        [] => "All accounts".to_owned(),
        [one] => boot.account_name(one),
        many => counted(many.len() as i64, "account", "accounts"),
    };
    let regions = match scopes.regions.as_slice() {
        [] => "all regions".to_owned(),
        [one] => one.to_string(),
        many => counted(many.len() as i64, "region", "regions"),
    };
    format!("{accounts} · {regions}")
}

/// The picker.
#[component]
pub fn ScopePicker() -> impl IntoView {
    let boot = expect_context::<Boot>();
    let scopes = use_scopes();
    let location = use_location();
    let query = use_query_map();
    // The page stays; only the scope in its address changes.
    let href = move |next: Scopes| {
        let others = query.with(|q| {
            let pairs = q.clone().into_iter().filter(|(n, _)| n != "account" && n != "region");
            pairs.map(|(n, v)| format!("{}={}", encode(&n), encode(&v))).collect::<Vec<_>>().join("&")
        });
        let path = location.pathname.get();
        next.on(&if others.is_empty() { path } else { format!("{path}?{others}") })
    };
    let option = move |on: bool, text: String, note: String, next: Scopes| {
        let search = format!("{text} {note}").to_lowercase();
        view! {
            <a class="option" href=href(next) aria-current=on.then_some("true") data-text=search>
                <span class="tick">{on.then(|| icon(Icon::Check))}</span><span class="grow">{text}</span><span class="n">{note}</span>
            </a>
        }
    };
    let accounts = {
        let boot = boot.clone();
        move || {
            let now = scopes.get();
            let rows = boot.instance.accounts.iter().map(|(id, _): &(AccountId, String)| {
                let next = Scopes { accounts: toggled(&now.accounts, id), regions: now.regions.clone() };
                option(now.accounts.contains(id), boot.account_name(id), id.to_string(), next)
            });
            rows.collect_view()
        }
    };
    let regions = {
        let boot = boot.clone();
        move || {
            let now = scopes.get();
            let rows = boot.instance.regions.iter().map(|region: &Region| {
                let next = Scopes { accounts: now.accounts.clone(), regions: toggled(&now.regions, region) };
                option(now.regions.contains(region), region.to_string(), String::new(), next)
            });
            rows.collect_view()
        }
    };
    let all = move || {
        (!scopes.get().is_all())
            .then(|| view! { <a class="option" href=href(Scopes::default())>"All accounts and regions"</a> })
    };
    let words = Signal::derive(move || summary(&scopes.get(), &boot));
    let label = view! { {icon(Icon::Globe)}<span class="hide-s">{words}</span> }.into_any();
    let name = Signal::derive(move || format!("Scope: {}", words.get()));
    view! {
        <Menu label=label name=name class="btn quiet scope" right=true>
            <input class="find-option" r#type="search" data-find-option="" placeholder="Find an account or region" aria-label="Find an account or region"/>
            <div class="options">{all}<h3>"Accounts"</h3>{accounts}<h3>"Regions"</h3>{regions}</div>
        </Menu>
    }
}

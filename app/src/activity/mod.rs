//! What happened: runs of plans, and the audit trail of who did what. The filters are in the address, in a plain form each, which works before
//! the page has been taken over.

mod audit;
pub mod filter;
mod runs;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::layout::use_scopes;
use crate::paths;
use crate::ui::{About, Head, TabLink, Tabs};

/// The tab with the audit trail.
const AUDIT: &str = "audit";

/// `/runs` and `/runs?tab=audit`
#[component]
pub fn ActivityPage() -> impl IntoView {
    let scopes = use_scopes();
    let map = use_query_map();
    let trail = Memo::new(move |_| map.with(|m| m.get("tab")).as_deref() == Some(AUDIT));
    let tabs = Signal::derive(move || {
        let link = |id: &str, title: &str, path: &str| TabLink {
            id: id.to_owned(),
            title: title.to_owned(),
            count: None,
            href: scopes.with(|s| s.on(path)),
        };
        vec![link("runs", "Runs", paths::RUNS), link(AUDIT, "Audit trail", paths::AUDIT)]
    });
    let current = Signal::derive(move || if trail.get() { AUDIT.to_owned() } else { "runs".to_owned() });
    let about = view! {
        "Everything Gantry did to AWS, and who did what in Gantry. "
        <About title="activity">
            <p>"A run carries out a plan that somebody reviewed, step by step. If a step fails, or somebody cancels it, what it made is taken back; what cannot be taken back is listed for a person to decide."</p>
            <p>"The audit trail is written with what it tells of, or neither is. Nobody can change or delete an entry; each carries a hash that covers the one before."</p>
        </About>
    };
    let exports = move || if trail.get() { audit::exports() } else { runs::exports() };
    view! {
        <Title text=move || if trail.get() { "Audit trail · Gantry" } else { "Runs · Gantry" }/>
        <Head title="Runs and audit" explanation=about.into_any() actions=exports.into_any()/>
        <Tabs tabs=tabs current=current/>
        <div class="activity">
            {move || if trail.get() { view! { <audit::Trail/> }.into_any() } else { view! { <runs::Runs/> }.into_any() }}
        </div>
    }
}

//! Where not everything that uses an image is known: pods of clusters that Gantry could not read, or not yet.

use domain::listing::{Freshness, ListQuery};
use domain::{AccountId, Kind};
use leptos::prelude::*;

use crate::api;
use crate::paths;
use crate::sections::here;
use crate::wire::ask;

/// A line for pages that say what uses an image; nothing where all pods of the account are known, or there are none.
pub fn note(account: &AccountId) -> AnyView {
    let account = account.clone();
    let pods = ask(
        move || account.clone(),
        |account| async move {
            let query = ListQuery { accounts: vec![account], limit: 1, ..ListQuery::all(Kind::Pod) };
            api::list(query).await.map(|page| page.freshness)
        },
    );
    view! {
        <Transition>
            {move || {
                let href = here(&paths::list(Kind::Pod));
                Suspend::new(async move {
                    // Without an answer nothing is known, and nothing is said. An endpoint that has no Kubernetes has no pods.
                    let all = pods.await.unwrap_or_default();
                    let failing = |f: &Freshness| f.failing.as_ref().is_some_and(|(_, problem)| !problem.is_calm());
                    let unread = all.iter().any(|f| failing(f) || (f.failing.is_none() && f.complete.is_none()));
                    unread.then(|| view! {
                        <p class="faint pods">
                            "Not all "<a href=href>"pods"</a>" of the account could be read: what they run may be missing among its users."
                        </p>
                    })
                })
            }}
        </Transition>
    }
    .into_any()
}

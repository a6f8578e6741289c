//! What Gantry does not see of the use of images: pods. Said where a cluster could run some.

use domain::listing::ListQuery;
use domain::{AccountId, Kind};
use leptos::prelude::*;

use crate::api;
use crate::wire::ask;

/// A line for pages that say what uses an image; nothing where the account has no Kubernetes cluster.
pub fn note(account: &AccountId) -> AnyView {
    let account = account.clone();
    let clusters = ask(
        move || account.clone(),
        |account| async move {
            let query = ListQuery { accounts: vec![account], limit: 1, ..ListQuery::all(Kind::EksCluster) };
            api::list(query).await.map(|page| page.total)
        },
    );
    view! {
        <Transition>
            {move || Suspend::new(async move {
                // Without an answer nothing is known, and nothing is said.
                let some = clusters.await.is_ok_and(|total| total > 0);
                some.then(|| view! { <p class="faint pods">"Pods are not read: what runs on the account's EKS clusters is not among its users."</p> })
            })}
        </Transition>
    }
    .into_any()
}

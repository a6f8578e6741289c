//! How the registry has images scanned, as it was collected: AWS is not asked.

use domain::ecr::registry::{Registry, ScanningConfiguration};
use domain::resource::Tone;
use domain::{Kind, ResourceKey, Scope};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::ui::Note;

/// Of the registry of an account and region; nothing until it is here, and where it was not collected.
fn of(scope: &Scope) -> RwSignal<Option<ScanningConfiguration>> {
    let found = RwSignal::new(None);
    let key = ResourceKey::new(Kind::Registry, scope.clone(), scope.account.as_str()).ok();
    // Only in the browser: a page does not wait for it.
    Effect::new(move || {
        let Some(key) = key.clone() else { return };
        spawn_local(async move {
            let Ok(detail) = api::get(key).await else { return };
            let registry = serde_json::from_value::<Registry>(detail.doc).ok();
            found.try_set(registry.map(|registry| registry.scanning_configuration));
        });
    });
    found
}

/// Whether Amazon Inspector scans there.
pub(super) fn enhanced(scope: &Scope) -> Memo<bool> {
    let found = of(scope);
    Memo::new(move |_| found.with(|scanning| scanning.as_ref().is_some_and(ScanningConfiguration::is_enhanced)))
}

/// What it says of a repository's images instead of the repository's own scan on push, where that counts for nothing.
pub(super) fn instead(scope: &Scope, repository: &str) -> AnyView {
    let (found, repository) = (of(scope), repository.to_owned());
    let words = Memo::new(move |_| found.with(|scanning| scanning.as_ref().and_then(|s| s.instead(&repository))));
    (move || words.get().map(|words| view! { <Note tone=Tone::Warn>{words}</Note> })).into_any()
}

//! Which accounts and regions are looked at: in the URL of every page, carried along by every link.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::paths::Scopes;

/// The scope in the URL; the frame provides it, so that many links share one.
pub fn use_scopes() -> Memo<Scopes> {
    use_context().unwrap_or_else(|| {
        let map = use_query_map();
        Memo::new(move |_| map.with(|m| Scopes::read(m.get_str("account"), m.get_str("region"))))
    })
}

/// The scope as hidden fields of a form that leads to another page.
#[component]
pub fn ScopeFields() -> impl IntoView {
    let scopes = use_scopes();
    move || {
        let fields = scopes.get().pairs().into_iter();
        fields.map(|(name, value)| view! { <input r#type="hidden" name=name value=value/> }).collect_view()
    }
}

//! Tabs are links.

use leptos::prelude::*;

/// One tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TabLink {
    /// Its id in the URL.
    pub id: String,
    /// What it says.
    pub title: String,
    /// A count beside it.
    pub count: Option<u32>,
    /// Where it leads.
    pub href: String,
}

/// A row of tabs.
#[component]
pub fn Tabs(
    /// The tabs.
    #[prop(into)]
    tabs: Signal<Vec<TabLink>>,
    /// The id of the open one.
    #[prop(into)]
    current: Signal<String>,
) -> impl IntoView {
    let links = move || {
        let links = tabs.get().into_iter().map(|tab| {
            let here = (current.get() == tab.id).then_some("page");
            let count = tab.count.map(|n| view! { <span class="n">{super::format::number(i64::from(n))}</span> });
            view! { <a href=tab.href aria-current=here>{tab.title}{count}</a> }
        });
        links.collect_view()
    };
    view! { <nav class="tabs" aria-label="Tabs">{links}</nav> }
}

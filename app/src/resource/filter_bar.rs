//! The text filter of a list: a form that works without scripts and filters as one types with them.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use std::time::Duration;

use super::query::ListUrl;
use crate::ui::format::counted;
use crate::ui::{Icon, Navigate, icon};

/// How long after the last key the filter applies.
const PAUSE: Duration = Duration::from_millis(120);

/// Pairs of a query string inside an address, decoded, for hidden fields.
fn base_pairs(base: &str) -> Vec<(String, String)> {
    let decode = |t: &str| percent_encoding::percent_decode_str(t).decode_utf8_lossy().into_owned();
    let query = base.split_once('?').map_or("", |(_, q)| q);
    query.split('&').filter_map(|pair| pair.split_once('=')).map(|(n, v)| (decode(n), decode(v))).collect()
}

/// The text filter.
#[component]
pub fn FilterBar(
    /// The list's query string.
    url: Memo<ListUrl>,
    /// The address its links are relative to.
    base: StoredValue<String>,
    /// How many there are in all, once known.
    total: Signal<Option<u32>>,
) -> impl IntoView {
    let kind = url.get_untracked().kind;
    let navigate = Navigate::here();
    let go = move |text: String| {
        let href = url.get_untracked().with("q", Some(text)).href_on(&base.get_value());
        navigate.to(&href, NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() });
    };
    let waiting: StoredValue<Option<TimeoutHandle>> = StoredValue::new(None);
    let typed = move |event| {
        let text = event_target_value(&event);
        if let Some(handle) = waiting.get_value() {
            handle.clear();
        }
        waiting.set_value(set_timeout_with_handle(move || go(text), PAUSE).ok());
    };
    let field = NodeRef::<leptos::html::Input>::new();
    // Back, "Clear" and another list change the address, not by typing: then the field follows.
    let typing = StoredValue::new(false);
    Effect::new(move || {
        let text = url.get().get("q").unwrap_or_default().to_owned();
        if let Some(field) = field.get()
            && !typing.get_value()
            && field.value() != text
        {
            field.set_value(&text);
        }
    });
    let submitted = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(field) = field.get_untracked() {
            go(field.value());
        }
    };
    let action = move || base.with_value(|b| b.split('?').next().unwrap_or_default().to_owned());
    let hidden = move || {
        let own = url.get();
        let pairs =
            base.with_value(|b| base_pairs(b)).into_iter().chain(own.pairs().filter(|(n, _)| n != "q").cloned());
        pairs.map(|(name, value)| view! { <input r#type="hidden" name=name value=value/> }).collect_view()
    };
    // Not while server rendering: the count comes later than the field.
    let hint = RwSignal::new(format!("Filter {}", kind.plural()));
    Effect::new(move || {
        if let Some(n) = total.get() {
            hint.set(format!("Filter {}", counted(i64::from(n), kind.singular(), kind.plural())));
        }
    });

    view! {
        <form class="filter" method="get" action=action role="search" on:submit=submitted>
            {hidden}
            <label class="input">
                {icon(Icon::Search)}
                <input
                    node_ref=field
                    r#type="search"
                    name="q"
                    maxlength="200"
                    autocomplete="off"
                    spellcheck="false"
                    data-filter=""
                    aria-label=format!("Filter {}", kind.plural())
                    placeholder=move || hint.get()
                    value=url.get_untracked().get("q").unwrap_or_default().to_owned()
                    on:input=typed
                    on:focus=move |_| typing.set_value(true)
                    on:blur=move |_| typing.set_value(false)
                />
                <kbd>"/"</kbd>
            </label>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::base_pairs;

    #[test]
    fn a_form_keeps_the_query_of_the_page_it_is_part_of() {
        assert_eq!(
            base_pairs("/x?tab=a%20b&y=1"),
            [("tab".into(), "a b".into()), ("y".into(), "1".into())] as [(String, String); 2]
        );
        assert!(base_pairs("/x").is_empty());
    }
}

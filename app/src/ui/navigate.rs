//! Going to another address of the app without loading it again.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

/// The router's way to another address.
type Go = Box<dyn Fn(&str, NavigateOptions)>;

/// Goes to another address of the app, in a browser. While a page is rendered on the server there is none: what the router gives for it belongs
/// to one thread, and a page that waits for something is ended on another, which would be a panic.
#[derive(Clone, Copy)]
pub struct Navigate(Option<StoredValue<Go, LocalStorage>>);

impl Navigate {
    /// From where this is called: inside the router.
    pub fn here() -> Self {
        Self((!is_server()).then(|| StoredValue::new_local(Box::new(use_navigate()) as Go)))
    }

    /// Goes there; does nothing where the place that asked is gone.
    pub fn to(self, href: &str, options: NavigateOptions) {
        if let Some(go) = self.0 {
            go.try_with_value(|go| go(href, options));
        }
    }
}

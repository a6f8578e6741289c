//! Going to another address of the app without loading it again.

use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::Local;

/// The router's way to another address.
type Go = Box<dyn Fn(&str, NavigateOptions)>;

/// Goes to another address of the app, in a browser.
#[derive(Clone, Copy)]
pub struct Navigate(Local<Go>);

impl Navigate {
    /// From where this is called: inside the router.
    pub fn here() -> Self {
        Self(Local::new(|| -> Go { Box::new(use_navigate()) }))
    }

    /// Goes there; does nothing where the place that asked is gone.
    pub fn to(self, href: &str, options: NavigateOptions) {
        self.0.with(|go| go(href, options));
    }
}

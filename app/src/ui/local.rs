//! What belongs to the one thread of a browser.

use leptos::prelude::*;

/// A value of the browser's one thread, as long as its place in the page. While a page is rendered on the server there is none: a page that waits for
/// something is ended on another thread than it was begun on, and to drop such a value there would be a panic.
pub struct Local<T: 'static>(Option<StoredValue<T, LocalStorage>>);

impl<T> Clone for Local<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Local<T> {}

impl<T: 'static> Local<T> {
    /// Made in a browser only.
    pub fn new(value: impl FnOnce() -> T) -> Self {
        Self((!is_server()).then(|| StoredValue::new_local(value())))
    }

    /// Replaces it.
    pub fn set(self, value: T) {
        if let Some(kept) = self.0 {
            kept.try_set_value(value);
        }
    }

    /// What a function makes of it; `None` on the server, and where its place in the page is gone.
    pub fn with<R>(self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.0.and_then(|kept| kept.try_with_value(read))
    }

    /// What a function that changes it answers; `None` as of [`Local::with`].
    pub fn update<R>(self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.0.and_then(|kept| kept.try_update_value(change))
    }
}

//! The columns that somebody chose for the lists of a kind, remembered in this browser as their widths are (`app/js/kit/widths.js`).

use domain::Kind;
use leptos::prelude::*;

use crate::ui::Kept;

/// In the words of an address: `runtime,memory`. None until the page has been taken over, so that the browser first draws what the server
/// drew.
#[derive(Clone, Copy)]
pub struct ChosenColumns {
    name: StoredValue<String>,
    cols: RwSignal<Option<String>>,
}

impl ChosenColumns {
    /// Of a kind; what lives in one resource has its own choice.
    pub fn of(kind: Kind, inside: bool) -> Self {
        let name = format!("columns-{}{}", kind.stem(), if inside { "-inside" } else { "" });
        Self { name: StoredValue::new(name), cols: RwSignal::new(None) }
    }

    /// The choice. Reactive.
    pub fn get(self) -> Option<String> {
        self.cols.get()
    }

    /// Reads what this browser remembers.
    pub fn recall(self) {
        self.cols.set(self.name.with_value(|name| Kept::Browser.recall(name)));
    }

    /// Remembers a choice, or none. It is shown once the click is over: the router has yet to read the link, which is then another.
    pub fn remember(self, cols: Option<String>) {
        self.name.with_value(|name| Kept::Browser.keep(name, cols.as_deref()));
        request_animation_frame(move || {
            self.cols.try_set(cols);
        });
    }
}

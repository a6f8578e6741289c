//! What was typed into an editor on a page and not applied: a tab is drawn anew whenever somebody comes back to it, and with news from AWS.

use domain::ResourceKey;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

/// By resource or page, and editor.
type All = BTreeMap<String, Arc<dyn Any + Send + Sync>>;

/// In the context of a page, and kept as long as it is open.
#[derive(Clone, Copy)]
struct Kept(StoredValue<All>);

/// Puts it into the context; a page does so once that has tabs, or is drawn anew by itself.
pub fn provide() {
    provide_context(Kept(StoredValue::new(All::new())));
}

/// In the context of what shows a resource: its key. The address is another one already while the page of the next resource is fetched.
#[derive(Clone)]
struct About(String);

/// From here on, editors are those of this resource.
pub fn about(resource: &ResourceKey) {
    provide_context(About(resource.to_string()));
}

/// What is kept of one editor.
#[derive(Clone)]
pub struct Unfinished {
    all: Option<StoredValue<All>>,
    name: String,
}

impl Unfinished {
    /// Of this editor of the resource that is shown; where none is, of the page that is open.
    pub fn of(editor: &str) -> Self {
        let shown = use_context::<About>().map(|about| about.0);
        let page = shown.unwrap_or_else(|| use_location().pathname.get_untracked());
        let name = format!("{page}#{editor}");
        Self { all: use_context::<Kept>().map(|kept| kept.0), name }
    }
    /// What was kept, if it began with the same.
    pub fn recall<T: Clone + 'static>(&self, base: &str) -> Option<T> {
        let kept = self.all?.try_with_value(|all| all.get(&self.name).cloned())??;
        let (was, typed) = kept.downcast_ref::<(String, T)>()?;
        (was == base).then(|| typed.clone())
    }
    /// Keeps what `typed` answers from now on, and that it began with `base`; nothing where it answers nothing.
    pub fn keep<T: Send + Sync + 'static>(&self, base: String, typed: impl Fn() -> Option<T> + 'static) {
        let Some(all) = self.all else { return };
        let name = self.name.clone();
        Effect::new(move || {
            let typed = typed();
            all.try_update_value(|all| match typed {
                Some(typed) => {
                    all.insert(name.clone(), Arc::new((base.clone(), typed)));
                }
                None => {
                    all.remove(&name);
                }
            });
        });
    }
    /// Keeps nothing of it.
    pub fn forget(&self) {
        if let Some(all) = self.all {
            all.try_update_value(|all| all.remove(&self.name));
        }
    }
}

//! What goes on whatever page is looked at, such as a file on its way: until somebody leaves Gantry or signs out.

use leptos::prelude::*;
use std::any::Any;
use std::collections::BTreeMap;

/// By name.
type All = BTreeMap<String, Box<dyn Any + Send + Sync>>;

/// In the context of the frame: what was made, and under which owner.
#[derive(Clone)]
struct Lasting {
    owner: WeakOwner,
    all: StoredValue<All>,
}

/// Puts it into the context; the frame does so once.
pub fn provide() {
    if let Some(owner) = Owner::current() {
        provide_context(Lasting { owner: owner.downgrade(), all: StoredValue::new(All::new()) });
    }
}

/// What was made under this name before, or is made now. Its signals and effects last as long as the frame.
pub fn lasting<T: Copy + Send + Sync + 'static>(name: &str, make: impl FnOnce() -> T) -> T {
    let Some(Lasting { owner, all }) = use_context::<Lasting>() else { return make() };
    if let Some(made) = all.try_with_value(|all| all.get(name)?.downcast_ref::<T>().copied()).flatten() {
        return made;
    }
    let Some(owner) = owner.upgrade() else { return make() };
    let made = owner.with(make);
    all.try_update_value(|all| all.insert(name.to_owned(), Box::new(made)));
    made
}

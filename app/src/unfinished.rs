//! What was typed into an editor on a page and not applied: a tab is drawn anew whenever somebody comes back to it, and with news from AWS.

use domain::plan::answers::Form;
use domain::{ResourceKey, Scope};
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::live_state::{after_applied, was_applied};

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
        self.keep_with(move || typed().map(|typed| (base.clone(), typed)));
    }
    /// The same where what it began with changes, too.
    fn keep_with<T: Send + Sync + 'static>(&self, typed: impl Fn() -> Option<(String, T)> + 'static) {
        let Some(all) = self.all else { return };
        let name = self.name.clone();
        Effect::new(move || {
            let typed = typed();
            all.try_update_value(|all| match typed {
                Some(typed) => {
                    all.insert(name.clone(), Arc::new(typed));
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

/// What is typed into an editor: a tuple, with a signal for each of its parts.
pub trait Typed: Clone + PartialEq + Send + Sync + 'static {
    /// The signals.
    type Fields: Copy + 'static;
    /// Signals that hold this.
    fn fields(self) -> Self::Fields;
    /// What they hold.
    fn of(fields: Self::Fields) -> Self;
    /// Has them hold this.
    fn fill(self, fields: Self::Fields);
}

macro_rules! typed {
    ($($part:ident $field:ident $typed:ident),+) => {
        impl<$($part: Clone + PartialEq + Send + Sync + 'static),+> Typed for ($($part,)+) {
            type Fields = ($(RwSignal<$part>,)+);
            fn fields(self) -> Self::Fields {
                let ($($typed,)+) = self;
                ($(RwSignal::new($typed),)+)
            }
            fn of(fields: Self::Fields) -> Self {
                let ($($field,)+) = fields;
                ($($field.get(),)+)
            }
            fn fill(self, fields: Self::Fields) {
                let ($($field,)+) = fields;
                let ($($typed,)+) = self;
                $($field.set($typed);)+
            }
        }
    };
}

typed!(A a left);
typed!(A a left, B b right);
typed!(A a left, B b right, C c last);

/// The fields of an editor, filled as it was left, if it began with the same `base` then and that `holds` still; with `first` otherwise.
/// What is typed is kept from now on while it is not as at first.
pub fn fields<T: Typed>(
    editor: &str,
    base: String,
    first: T,
    holds: impl FnOnce(&T) -> bool,
) -> (T::Fields, Unfinished) {
    let unfinished = Unfinished::of(editor);
    let left = unfinished.recall::<T>(&base).filter(holds);
    let fields = left.unwrap_or_else(|| first.clone()).fields();
    unfinished.keep(base, move || Some(T::of(fields)).filter(|typed| *typed != first));
    (fields, unfinished)
}

/// The fields of an editor that goes on from what was applied from it, which is its `first` from then on; `base` is what it then began with.
pub fn fields_from<T: Typed>(editor: &str, first: RwSignal<T>, base: impl Fn(&T) -> String + 'static) -> T::Fields {
    let unfinished = Unfinished::of(editor);
    let (at_first, begun) = first.with_untracked(|first| (first.clone(), base(first)));
    let fields = unfinished.recall::<T>(&begun).unwrap_or(at_first).fields();
    unfinished.keep_with(move || {
        let first = first.get();
        Some(T::of(fields)).filter(|typed| *typed != first).map(|typed| (base(&first), typed))
    });
    fields
}

/// What such an editor is drawn of, anew whenever what is `there` changes to something else than it has `taken` over since it was drawn:
/// somebody may be typing on. The number tells the drawings apart.
pub fn drawn<C: Clone + PartialEq + Send + Sync + 'static>(
    there: Memo<C>,
    taken: StoredValue<Option<C>>,
) -> Memo<(u32, C)> {
    Memo::new(move |before: Option<&(u32, C)>| {
        let now = there.get();
        let known = taken.try_get_value().flatten().is_some_and(|taken| taken == now);
        if let Some(before) = before.filter(|_| known) {
            return before.clone();
        }
        taken.try_set_value(None);
        (before.map_or(0, |(n, _)| n + 1), now)
    })
}

/// What becomes of fields once what they say is applied.
#[derive(Clone, Copy)]
pub enum Applied {
    /// They stay, and nothing of them is kept.
    Stay,
    /// They are as at first.
    BeginAnew,
}

/// The fields of an editor, as [`fields`] has them, that say a `form` of plans in this place: what was applied meanwhile is not recalled.
pub fn fields_of_plan<T: Typed>(
    editor: &str,
    scope: &Scope,
    first: T,
    holds: impl FnOnce(&T) -> bool,
    form: impl Fn(&T) -> Form + 'static,
    then: Applied,
) -> T::Fields {
    let holds = |left: &T| holds(left) && !was_applied(scope, form(left));
    let (fields, unfinished) = fields(editor, String::new(), first.clone(), holds);
    after_applied(scope.clone(), move |applied| {
        if applied.form != form(&T::of(fields)) {
            return;
        }
        match then {
            Applied::Stay => unfinished.forget(),
            Applied::BeginAnew => first.clone().fill(fields),
        }
    });
    fields
}

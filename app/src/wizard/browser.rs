//! What only the browser can do for a wizard: keep its draft, move the focus, tell how long its work took. On the server nothing happens.

/// Does some work, and tells the browser's own tools under this name how long it took
/// ([User Timing](https://www.w3.org/TR/user-timing/)): who records or observes gets it, and nothing is kept of it.
pub fn timed<T>(name: &str, work: impl FnOnce() -> T) -> T {
    #[cfg(feature = "hydrate")]
    {
        let clock = leptos::prelude::window().performance();
        // What cannot be told is not told: the work is what counts.
        if let Some(clock) = &clock {
            let _ = clock.mark(name);
        }
        let done = work();
        if let Some(clock) = &clock {
            let _ = clock.measure_with_start_mark(name, name);
            clock.clear_marks_with_mark_name(name);
            clock.clear_measures_with_measure_name(name);
        }
        done
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = name;
        work()
    }
}

/// What was kept under this name.
pub fn recall(name: &str) -> Option<String> {
    #[cfg(feature = "hydrate")]
    return storage("getItem", &[&key(name)]).and_then(|value| value.as_string());
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = name;
        None
    }
}

/// Keeps a text under this name, or nothing any more. A browser that refuses keeps nothing: the draft lasts as long as the page.
pub fn keep(name: &str, text: Option<&str>) {
    #[cfg(feature = "hydrate")]
    match text {
        Some(text) => storage("setItem", &[&key(name), text]),
        None => storage("removeItem", &[&key(name)]),
    };
    #[cfg(not(feature = "hydrate"))]
    let _ = (name, text);
}

/// Moves the focus to the first field of the wizard that is wrong, once it is drawn; what is folded around it opens.
pub fn focus_first_wrong() {
    #[cfg(feature = "hydrate")]
    focus(".wizard [aria-invalid=true], .wizard [data-wrong]", FRAMES);
}

/// Moves the focus to the first that this names, once it is drawn.
pub fn focus_first_wrong_in(selector: &'static str) {
    #[cfg(feature = "hydrate")]
    focus(selector, FRAMES);
    #[cfg(not(feature = "hydrate"))]
    let _ = selector;
}

/// Moves the focus to the heading of the step that now shows.
pub fn focus_heading() {
    #[cfg(feature = "hydrate")]
    focus(".wizard .form:not([hidden]) h1, .wizard .review h1", FRAMES);
}

/// Moves the focus to where the account is chosen.
pub fn focus_scope() {
    #[cfg(feature = "hydrate")]
    focus("#account", FRAMES);
}

/// Whether the focus leaves the element that listens, not only for another part of it.
pub fn leaves(event: &leptos::ev::FocusEvent) -> bool {
    #[cfg(feature = "hydrate")]
    {
        use leptos::web_sys::Node;
        use wasm_bindgen::JsCast;
        let to = event.related_target().and_then(|to| to.dyn_into::<Node>().ok());
        let own = event.current_target().and_then(|own| own.dyn_into::<Node>().ok());
        !own.is_some_and(|own| own.contains(to.as_ref()))
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = event;
        true
    }
}

#[cfg(feature = "hydrate")]
fn key(name: &str) -> String {
    format!("gantry-draft-{name}")
}

/// A method of `localStorage`, which private windows may refuse.
#[cfg(feature = "hydrate")]
fn storage(method: &str, arguments: &[&str]) -> Option<wasm_bindgen::JsValue> {
    use js_sys::{Array, Function, Reflect};
    use wasm_bindgen::{JsCast, JsValue};
    let storage = Reflect::get(&leptos::prelude::window(), &"localStorage".into()).ok()?;
    let function = Reflect::get(&storage, &method.into()).ok()?.dyn_into::<Function>().ok()?;
    let arguments: Array = arguments.iter().map(|argument| JsValue::from_str(argument)).collect();
    function.apply(&storage, &arguments).ok()
}

/// Tries for so many frames: another step is drawn a little later than it is asked for.
#[cfg(feature = "hydrate")]
const FRAMES: u32 = 30;

#[cfg(feature = "hydrate")]
fn focus(selector: &'static str, frames: u32) {
    use leptos::prelude::{document, request_animation_frame};
    use leptos::web_sys::{Element, HtmlElement};
    use wasm_bindgen::JsCast;
    let around = |element: &Element, selector: &str| element.closest(selector).ok().flatten();
    request_animation_frame(move || {
        let found = document().query_selector(selector).ok().flatten();
        let Some(element) = found.filter(|element| around(element, "[hidden]").is_none()) else {
            if frames > 0 {
                focus(selector, frames - 1);
            }
            return;
        };
        while let Some(folded) = around(&element, "details:not([open])") {
            // Opening can hardly fail; trying for ever must not.
            if folded.set_attribute("open", "").is_err() {
                break;
            }
        }
        if let Ok(element) = element.dyn_into::<HtmlElement>() {
            let _ = element.focus();
        }
    });
}

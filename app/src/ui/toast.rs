//! Words that stand at the edge of the page for a moment, and are read aloud.

/// Says them, in a browser.
pub fn toast(words: &str) {
    #[cfg(feature = "hydrate")]
    {
        let told = web_sys::CustomEventInit::new();
        told.set_detail(&wasm_bindgen::JsValue::from_str(words));
        // What cannot be told is in Activity all the same.
        if let Ok(event) = web_sys::CustomEvent::new_with_event_init_dict("gantry-toast", &told) {
            let _ = leptos::prelude::window().dispatch_event(&event);
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = words;
}

//! What is kept in the browser under a name. Private windows may refuse: then it lasts as long as what shows it.

/// Where something is kept.
#[derive(Clone, Copy, Debug)]
pub enum Kept {
    /// In this browser, until it is forgotten.
    Browser,
    /// As long as this tab is open.
    Tab,
}

impl Kept {
    /// What was kept; nothing on the server.
    pub fn recall(self, name: &str) -> Option<String> {
        #[cfg(feature = "hydrate")]
        {
            self.call("getItem", &[&key(name)])?.as_string()
        }
        #[cfg(not(feature = "hydrate"))]
        {
            let _ = name;
            None
        }
    }

    /// Keeps a text, or forgets what was kept.
    pub fn keep(self, name: &str, text: Option<&str>) {
        #[cfg(feature = "hydrate")]
        {
            let _ = match text {
                Some(text) => self.call("setItem", &[&key(name), text]),
                None => self.call("removeItem", &[&key(name)]),
            };
        }
        #[cfg(not(feature = "hydrate"))]
        let _ = (name, text);
    }

    #[cfg(feature = "hydrate")]
    fn call(self, method: &str, arguments: &[&str]) -> Option<wasm_bindgen::JsValue> {
        use js_sys::{Array, Function, Reflect};
        use wasm_bindgen::{JsCast, JsValue};
        let storage = match self {
            Self::Browser => "localStorage",
            Self::Tab => "sessionStorage",
        };
        let storage = Reflect::get(&leptos::prelude::window(), &storage.into()).ok()?;
        let function = Reflect::get(&storage, &method.into()).ok()?.dyn_into::<Function>().ok()?;
        let arguments: Array = arguments.iter().map(|argument| JsValue::from_str(argument)).collect();
        function.apply(&storage, &arguments).ok()
    }
}

#[cfg(feature = "hydrate")]
fn key(name: &str) -> String {
    format!("gantry-{name}")
}

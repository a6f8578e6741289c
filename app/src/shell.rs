//! The document around the app: what must be there before anything runs.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::routes::App;

/// Where the built half of the site is, from `assets.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assets {
    /// The loader that wasm-bindgen made.
    pub js: String,
    /// The WebAssembly module.
    pub wasm: String,
    /// The style sheet.
    #[serde(default)]
    pub css: Option<String>,
    /// JavaScript modules by name, such as `chart`.
    #[serde(default)]
    pub modules: BTreeMap<String, String>,
    /// Fonts by file name, for preloading.
    #[serde(default)]
    pub fonts: BTreeMap<String, String>,
}

/// Sets the chosen colour scheme before the first paint and offers `import` to the WebAssembly half.
const BEFORE_PAINT: &str = "try{const t=localStorage.getItem('gantry-theme');if(t==='light'||t==='dark')document.documentElement.dataset.theme=t}catch{}\
window.gantryImport=u=>import(u)";

/// The whole document. `options` are not used for finding files: those come from [`Assets`] in context.
///
/// Its type is erased so that whoever renders it does not have to compile it again.
pub fn shell(_options: LeptosOptions) -> AnyView {
    // Resources run on tokio; the second time this is refused, which is right.
    #[cfg(feature = "ssr")]
    let _ = any_spawner::Executor::init_tokio();
    let assets = use_context::<Assets>().unwrap_or_default();
    let nonce = use_nonce();
    // JSON strings are JavaScript strings; `<` cannot appear in them unescaped.
    let js_string = |s: &str| serde_json::to_string(s).unwrap_or_default().replace('<', "\\u003c");
    // Effects of the hydrated page run as microtasks: after them the page answers to clicks, which `data-hydrated` says.
    let start = format!(
        "import({js}).then(m=>m.default({{module_or_path:{wasm}}}).then(()=>m.hydrate()).then(()=>setTimeout(()=>{{document.documentElement.dataset.hydrated=''}})))",
        js = js_string(&assets.js),
        wasm = js_string(&assets.wasm)
    );
    let preload = assets.fonts.iter().filter(|(name, _)| name.as_str() == "inter-basic.woff2");
    let fonts = preload
        .map(|(_, href)| view! { <link rel="preload" href=href.clone() r#as="font" r#type="font/woff2" crossorigin="anonymous"/> })
        .collect_view();
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" r#type="image/svg+xml"/>
                <script nonce=nonce.clone()>{BEFORE_PAINT}</script>
                {assets.css.clone().map(|href| view! { <link rel="stylesheet" href=href/> })}
                {fonts}
                <link rel="modulepreload" href=assets.js.clone()/>
                <link rel="preload" href=assets.wasm.clone() r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                {assets.modules.get("kit").map(|src| view! { <script r#type="module" src=src.clone()></script> })}
                <leptos_meta::MetaTags/>
                <script r#type="module" nonce=nonce>{start}</script>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
    .into_any()
}

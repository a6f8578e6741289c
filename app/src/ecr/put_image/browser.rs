//! What only the browser can do: take a file and send it as it is read. On the server nothing happens.

use domain::ecr::upload::Upload;
use domain::{Code, Problem};
use leptos::ev::{DragEvent, Event};

#[cfg(feature = "hydrate")]
use js_sys::{Array, Function, Object, Promise, Reflect};
#[cfg(feature = "hydrate")]
use wasm_bindgen::{JsCast, JsValue};
#[cfg(feature = "hydrate")]
use wasm_bindgen_futures::JsFuture;

/// Where archives are sent.
#[cfg(feature = "hydrate")]
const UPLOADS: &str = "/api/v1/uploads";

/// A file that somebody chose.
pub(super) struct Chosen {
    pub(super) name: String,
    pub(super) size: u64,
    #[cfg(feature = "hydrate")]
    file: JsValue,
}

/// A file on its way.
pub(super) struct Sending {
    #[cfg(feature = "hydrate")]
    controller: JsValue,
}

pub(super) fn broke_off() -> Problem {
    Problem::new(
        Code::Conflict,
        "The upload broke off",
        "The connection to the server was lost. Nothing was tagged. Choose the same file again: layers that arrived are not sent again.",
    )
}

/// The file that was dropped.
pub(super) fn dropped(event: &DragEvent) -> Option<Chosen> {
    #[cfg(feature = "hydrate")]
    return first(&get(event.as_ref(), "dataTransfer")?);
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = event;
        None
    }
}

/// The file that was picked. The same one can be picked again.
pub(super) fn picked(event: &Event) -> Option<Chosen> {
    #[cfg(feature = "hydrate")]
    {
        let input: JsValue = event.target()?.into();
        let chosen = first(&input);
        // It can hardly fail; then the same file has to be dropped.
        let _ = Reflect::set(&input, &"value".into(), &"".into());
        chosen
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = event;
        None
    }
}

/// A name for an upload that nobody else chooses.
pub(super) fn new_id() -> String {
    #[cfg(feature = "hydrate")]
    {
        (0..4).map(|_| format!("{:08x}", (js_sys::Math::random() * f64::from(u32::MAX)) as u32)).collect()
    }
    #[cfg(not(feature = "hydrate"))]
    String::new()
}

/// Begins to send; the future is the server's answer, none when there was none to hear.
pub(super) fn send(
    query: &str,
    file: &Chosen,
) -> (Sending, impl Future<Output = Option<Result<Upload, Problem>>> + use<>) {
    #[cfg(feature = "hydrate")]
    {
        let controller = construct("AbortController").unwrap_or(JsValue::UNDEFINED);
        let init = Object::new();
        let signal = get(&controller, "signal").unwrap_or(JsValue::UNDEFINED);
        let options = [("method", JsValue::from_str("POST")), ("body", file.file.clone()), ("signal", signal)];
        for (name, value) in options {
            // On a fresh object it cannot fail.
            let _ = Reflect::set(&init, &name.into(), &value);
        }
        let request = fetch(&format!("{UPLOADS}?{query}"), &init);
        (Sending { controller }, heard(request))
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (query, file);
        (Sending {}, std::future::ready(None))
    }
}

/// Asks how far an upload is; none when there is no answer, or the server does not know it.
pub(super) async fn ask(id: &str) -> Option<Result<Upload, Problem>> {
    #[cfg(feature = "hydrate")]
    {
        let answer = heard(fetch(&format!("{UPLOADS}/{id}"), &Object::new())).await?;
        Some(answer).filter(|answer| !matches!(answer, Err(problem) if problem.code == Code::NotFound))
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = id;
        None
    }
}

impl Sending {
    /// Breaks it off. Of one that has ended, nothing.
    pub(super) fn abort(&self) {
        #[cfg(feature = "hydrate")]
        if let Some(abort) = get(&self.controller, "abort").and_then(|abort| abort.dyn_into::<Function>().ok()) {
            let _ = abort.call0(&self.controller);
        }
    }
}

#[cfg(feature = "hydrate")]
fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

#[cfg(feature = "hydrate")]
fn construct(name: &str) -> Option<JsValue> {
    let class = get(&js_sys::global(), name)?.dyn_into::<Function>().ok()?;
    Reflect::construct(&class, &Array::new()).ok()
}

/// The first of the files of an input or of what was dropped.
#[cfg(feature = "hydrate")]
fn first(of: &JsValue) -> Option<Chosen> {
    let file = get(&get(of, "files")?, "0")?;
    let name = get(&file, "name")?.as_string()?;
    let size = get(&file, "size")?.as_f64()? as u64;
    Some(Chosen { name, size, file })
}

#[cfg(feature = "hydrate")]
fn fetch(url: &str, init: &Object) -> Option<Promise> {
    let global = js_sys::global();
    let fetch = get(&global, "fetch")?.dyn_into::<Function>().ok()?;
    fetch.call2(&global, &url.into(), init).ok()?.dyn_into::<Promise>().ok()
}

/// Reads an answer: what was asked for, or a problem.
#[cfg(feature = "hydrate")]
async fn heard(request: Option<Promise>) -> Option<Result<Upload, Problem>> {
    let response = JsFuture::from(request?).await.ok()?;
    let text = get(&response, "text")?.dyn_into::<Function>().ok()?;
    let text = JsFuture::from(text.call0(&response).ok()?.dyn_into::<Promise>().ok()?).await.ok()?.as_string()?;
    if get(&response, "ok")?.as_bool()? {
        crate::wire::read(&text).ok().map(Ok)
    } else {
        crate::wire::read(&text).ok().map(Err)
    }
}

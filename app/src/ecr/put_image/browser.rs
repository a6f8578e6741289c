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

/// Begins to send a file from a byte on; the future is the server's answer, none when there was none to hear.
pub(super) fn send(
    query: &str,
    file: &Chosen,
    from: u64,
) -> (Sending, impl Future<Output = Option<Result<Upload, Problem>>> + use<>) {
    #[cfg(feature = "hydrate")]
    {
        let controller = construct("AbortController").unwrap_or(JsValue::UNDEFINED);
        let init = Object::new();
        let signal = get(&controller, "signal").unwrap_or(JsValue::UNDEFINED);
        let rest = if from == 0 { file.file.clone() } else { slice(&file.file, from).unwrap_or(JsValue::UNDEFINED) };
        let options = [("method", JsValue::from_str("POST")), ("body", rest), ("signal", signal)];
        for (name, value) in options {
            // On a fresh object it cannot fail.
            let _ = Reflect::set(&init, &name.into(), &value);
        }
        let request = fetch(&format!("{UPLOADS}?{query}"), &init);
        (Sending { controller }, heard(request))
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (query, file, from);
        (Sending {}, std::future::ready(None))
    }
}

/// Asks how far an upload is; none when there is no answer.
pub(super) async fn ask(id: &str) -> Option<Result<Upload, Problem>> {
    #[cfg(feature = "hydrate")]
    return heard(fetch(&format!("{UPLOADS}/{id}"), &Object::new())).await;
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = id;
        None
    }
}

/// Ends an upload on the server. When that does not hear it, it ends by itself some minutes later.
pub(super) fn cancel(id: &str) {
    #[cfg(feature = "hydrate")]
    {
        let init = Object::new();
        // On a fresh object it cannot fail.
        let _ = Reflect::set(&init, &"method".into(), &"POST".into());
        let request = fetch(&format!("{UPLOADS}/{id}/cancel"), &init);
        leptos::task::spawn_local(async move {
            let _ = heard(request).await;
        });
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = id;
}

/// Keeps in this tab which upload a file is, so that it goes on, or is put, after the page was loaded anew.
pub(super) fn remember(to: &str, id: &str, (name, size): &(String, u64)) {
    #[cfg(feature = "hydrate")]
    storage("setItem", to, &format!("{id} {size} {name}"));
    #[cfg(not(feature = "hydrate"))]
    let _ = (to, id, name, size);
}

/// The upload that this tab keeps: its id, the name and the size of its file.
pub(super) fn kept(to: &str) -> Option<(String, (String, u64))> {
    #[cfg(feature = "hydrate")]
    {
        let kept = storage("getItem", to, "")?.as_string()?;
        let (id, file) = kept.split_once(' ')?;
        let (size, name) = file.split_once(' ')?;
        Some((id.to_owned(), (name.to_owned(), size.parse().ok()?)))
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = to;
        None
    }
}

/// Which upload a file of this name and size is, as far as this tab knows.
pub(super) fn remembered(to: &str, file: &(String, u64)) -> Option<String> {
    kept(to).filter(|(_, known)| known == file).map(|(id, _)| id)
}

/// Whatever is chosen next is a new upload.
pub(super) fn forget(to: &str) {
    #[cfg(feature = "hydrate")]
    storage("removeItem", to, "");
    #[cfg(not(feature = "hydrate"))]
    let _ = to;
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

/// A method of `sessionStorage`, which a browser may refuse: then a file only goes on as long as the page lasts.
#[cfg(feature = "hydrate")]
fn storage(method: &str, to: &str, value: &str) -> Option<JsValue> {
    let storage = get(&js_sys::global(), "sessionStorage")?;
    let function = get(&storage, method)?.dyn_into::<Function>().ok()?;
    function.call2(&storage, &JsValue::from_str(&format!("gantry-upload-{to}")), &JsValue::from_str(value)).ok()
}

/// A file from a byte on.
#[cfg(feature = "hydrate")]
fn slice(file: &JsValue, from: u64) -> Option<JsValue> {
    let slice = get(file, "slice")?.dyn_into::<Function>().ok()?;
    slice.call1(file, &JsValue::from_f64(from as f64)).ok()
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

/// Reads an answer: what was asked for, or a problem. None when nobody answered who knows of the upload; one that is too large for a
/// proxy would be so again.
#[cfg(feature = "hydrate")]
async fn heard(request: Option<Promise>) -> Option<Result<Upload, Problem>> {
    let response = JsFuture::from(request?).await.ok()?;
    let text = get(&response, "text")?.dyn_into::<Function>().ok()?;
    let text = JsFuture::from(text.call0(&response).ok()?.dyn_into::<Promise>().ok()?).await.ok()?.as_string()?;
    if get(&response, "ok")?.as_bool()? {
        return crate::wire::read(&text).ok().map(Ok);
    }
    let status = get(&response, "status")?.as_f64().map(|status| status as u16);
    let own = crate::wire::read(&text).ok();
    own.or_else(|| (status == Some(413)).then(|| crate::error::in_its_place(status))).map(Err)
}

//! The logo: a picture from a file, read in the browser.

use domain::ecr_public::rules::{self, LOGO};
use leptos::prelude::*;

use super::create_repository::Logo;
use crate::wizard::{FieldGroup, Messages};

/// The field. `kept` says that it belongs to a draft, in which a large picture has no room.
pub fn field(
    label: &'static str,
    logo: Signal<Logo>,
    kept: bool,
    set: impl Fn(Logo) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let messages = expect_context::<Messages>();
    let turns = StoredValue::new(0_u32);
    let choose = move |event: leptos::ev::Event| {
        turns.update_value(|n| *n += 1);
        let turn = turns.get_value();
        read(&event, move |file| {
            // A large one may be read later than one that was chosen after it.
            if turns.try_get_value() != Some(turn) {
                return;
            }
            set(match file.and_then(sound) {
                Ok(chosen) => chosen,
                Err(words) => Logo { refused: Some(words), ..logo.get_untracked() },
            });
            messages.touch("logo");
        });
    };
    let refused = move || {
        logo.with(|logo| logo.refused.is_some()).then(|| {
            let without = move |_| set(Logo { refused: None, ..logo.get_untracked() });
            view! { <div><button class="btn small" r#type="button" on:click=without>"Go on without it"</button></div> }
        })
    };
    let shown = move || {
        let logo = logo.get();
        (!logo.base64.is_empty()).then(|| {
            let kept = (kept && logo.is_large()).then(|| {
                view! { <p class="hint">"It is too large for the draft: after a reload, choose it again."</p> }
            });
            view! {
                <div class="logo">
                    <img src=format!("data:image/png;base64,{}", logo.base64) alt="The logo as chosen"/>
                    <span class="cut">{logo.file}</span>
                    <button class="btn small" r#type="button" on:click=move |_| set(Logo::default())>"Remove the logo"</button>
                </div>
                {kept}
            }
        })
    };
    view! {
        <FieldGroup label=label name="logo">
            <label for="logo">{label}</label>
            <input id="logo" r#type="file" accept="image/png" aria-describedby="logo-hint" on:change=choose/>
            <span class="hint" id="logo-hint">{format!("A PNG of at most {} kB. The gallery shows it for verified accounts only.", LOGO / 1000)}</span>
            {shown}
            {refused}
        </FieldGroup>
    }
}

/// A file that can be a logo; what is wrong with another.
fn sound(chosen: Logo) -> Result<Logo, String> {
    rules::logo(&chosen.base64).map(|()| chosen)
}

/// What is said of a file that need not be read to be refused.
#[cfg(any(feature = "hydrate", test))]
fn refusal(bytes: f64) -> Option<String> {
    let most = LOGO / 1000;
    (bytes > LOGO as f64).then(|| format!("A logo has at most {most} kB; this has {} kB.", (bytes / 1000.0).ceil()))
}

/// Reads the file that was chosen; says why where that is impossible. Nothing is chosen on the server.
fn read(event: &leptos::ev::Event, then: impl Fn(Result<Logo, String>) + 'static) {
    #[cfg(feature = "hydrate")]
    if let Some(file) = browser::chosen(event) {
        if let Some(words) = refusal(browser::size(&file)) {
            return then(Err(words));
        }
        leptos::task::spawn_local(async move {
            let failed = |_| "The file could not be read. Choose it again.".to_owned();
            then(browser::content(&file).await.map_err(failed));
        });
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (event, then);
}

/// Files, as far as a logo needs them.
#[cfg(feature = "hydrate")]
mod browser {
    use js_sys::{Function, Promise, Reflect, Uint8Array};
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::JsFuture;

    use super::{Logo, base64};

    fn get(of: &JsValue, name: &str) -> Option<JsValue> {
        Reflect::get(of, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
    }

    /// The first file of the input that changed.
    pub fn chosen(event: &leptos::ev::Event) -> Option<JsValue> {
        let input: JsValue = event.target()?.into();
        get(&get(&input, "files")?, "0")
    }

    /// In bytes.
    pub fn size(file: &JsValue) -> f64 {
        get(file, "size").and_then(|size| size.as_f64()).unwrap_or_default()
    }

    /// The content in base64.
    pub async fn content(file: &JsValue) -> Result<Logo, JsValue> {
        let read = Reflect::get(file, &"arrayBuffer".into())?.dyn_into::<Function>()?;
        let buffer = JsFuture::from(read.call0(file)?.dyn_into::<Promise>()?).await?;
        let name = get(file, "name").and_then(|name| name.as_string()).unwrap_or_default();
        Ok(Logo { file: name, base64: base64(&Uint8Array::new(&buffer).to_vec()), refused: None })
    }
}

/// <https://www.rfc-editor.org/rfc/rfc4648#section-4>
#[cfg(any(feature = "hydrate", test))]
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |n: usize| u32::from(three.get(n).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for n in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * n) & 63) as usize];
            out.push(if n > three.len() { '=' } else { char::from(digit) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_base64() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), "iVBORw0KGgo=");
        assert!(refusal(500_001.0).is_some_and(|words| words.contains("501 kB")) && refusal(500_000.0).is_none());
    }
}

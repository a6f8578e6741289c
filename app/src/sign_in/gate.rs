//! `/sign-in`, and what both pages share.

use domain::resource::Tone;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::Boot;
use crate::ui::Note;
use crate::wire::shared;

/// The cookie in which the server hands back the name that was typed, for as long as the form is put right.
pub const TYPED_NAME: &str = "gantry-typed-name";

/// The rule for new passwords, as shown beside the field.
pub fn password_rule(boot: &Boot) -> String {
    let least = boot.instance.password_min;
    format!("{least} to 128 characters. Several words are good; a well-known password is refused.")
}

/// What a problem's code means; `seconds` belongs to `wait`, `least` is the least length of a password.
fn words(code: &str, seconds: Option<u32>, least: usize) -> String {
    match code {
        "wrong" => "Wrong name or password.".to_owned(),
        "wait" => match seconds {
            Some(1) => "Too many tries. Wait 1 second and try again.".to_owned(),
            Some(n) => format!("Too many tries. Wait {n} seconds and try again."),
            None => "Too many tries. Wait a little and try again.".to_owned(),
        },
        "expired" => "This link was used, is older than 15 minutes, or there is an administrator already.".to_owned(),
        "name" => "A name has 1 to 64 characters, and nobody else has it.".to_owned(),
        "password-short" => format!("The password is too short: it needs at least {least} characters."),
        "password-long" => "The password is too long: at most 128 characters.".to_owned(),
        "password-common" => "This password is well known or too close to the name. Choose another.".to_owned(),
        _ => "That did not work. Try again.".to_owned(),
    }
}

/// The problem in the address, in words: about which field (`None`: the whole form), and what.
pub type Problem = Memo<Option<(Option<&'static str>, String)>>;

/// Reads it.
pub fn problem() -> Problem {
    let map = use_query_map();
    let least = expect_context::<Boot>().instance.password_min;
    Memo::new(move |_| {
        map.with(|m| {
            let code = m.get("problem").filter(|c| !c.is_empty())?;
            let field = match code.as_str() {
                "name" => Some("name"),
                "password-short" | "password-long" | "password-common" => Some("password"),
                _ => None,
            };
            Some((field, words(&code, m.get("seconds").and_then(|s| s.parse().ok()), least)))
        })
    })
}

/// The name that the server refused, or whose password it did; empty without a problem. The browser reads what the server wrote.
pub fn typed_name(problem: Problem) -> String {
    let typed: String = shared(handed_back);
    if problem.with_untracked(Option::is_some) { typed } else { String::new() }
}

#[cfg(feature = "ssr")]
fn handed_back() -> String {
    let parts = use_context::<http::request::Parts>();
    let cookies = parts.iter().flat_map(|p| p.headers.get_all(http::header::COOKIE)).filter_map(|v| v.to_str().ok());
    let mut pairs = cookies.flat_map(|v| v.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let value = pairs.find(|(name, _)| *name == TYPED_NAME).map_or("", |(_, value)| value);
    percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned()
}

#[cfg(not(feature = "ssr"))]
fn handed_back() -> String {
    String::new()
}

/// The problem of the whole form.
pub fn problem_note(problem: Problem) -> impl IntoView {
    move || {
        let (_, words) = problem.get().filter(|(field, _)| field.is_none())?;
        Some(view! { <Note tone=Tone::Bad>{words}</Note> })
    }
}

/// A field of these forms, with its problem below.
#[component]
pub fn GateField(
    /// Its label.
    label: &'static str,
    /// Its name.
    name: &'static str,
    /// `text` or `password`.
    kind: &'static str,
    /// What browsers and password managers fill in.
    autocomplete: &'static str,
    /// What is in it at first.
    #[prop(optional)]
    value: String,
    /// The rule beside it.
    #[prop(optional)]
    hint: String,
    /// The problem in the address.
    problem: Problem,
) -> impl IntoView {
    let own = Memo::new(move |_| problem.get().filter(|(field, _)| *field == Some(name)).map(|(_, words)| words));
    let least = (autocomplete == "new-password").then(|| expect_context::<Boot>().instance.password_min.to_string());
    let hint = (!hint.is_empty()).then_some(hint);
    let described = hint.is_some().then(|| format!("{name}-hint"));
    view! {
        <div class="field" class:wrong=move || own.get().is_some()>
            <label for=name>{label}</label>
            <div class="input">
                <input
                    id=name
                    name=name
                    r#type=kind
                    autocomplete=autocomplete
                    required=true
                    value=(!value.is_empty()).then_some(value)
                    minlength=least
                    maxlength=if name == "name" { "64" } else { "128" }
                    autocapitalize="none"
                    spellcheck="false"
                    aria-describedby=described
                />
            </div>
            {hint.map(|hint| view! { <span class="hint" id=format!("{name}-hint")>{hint}</span> })}
            {move || own.get().map(|words| view! { <span class="err" role="alert">{words}</span> })}
        </div>
    }
}

/// The name of the product.
#[component]
pub fn Brand() -> impl IntoView {
    view! {
        <div class="brand">
            <svg viewBox="0 0 24 24" aria-hidden="true">
                <path d="M2.5 5h19M5 5v15.5M19 5v15.5M2.8 20.5h4.4M16.8 20.5h4.4M12 5v4.5"></path>
                <path class="load" d="M8.7 9.5h6.6v5.6H8.7z"></path>
            </svg>
            "Gantry"
        </div>
    }
}

/// `/sign-in?next=…&problem=…`
#[component]
pub fn SignInPage() -> impl IntoView {
    let map = use_query_map();
    let next = Memo::new(move |_| map.with(|m| m.get("next")).unwrap_or_else(|| "/".to_owned()));
    let problem = problem();
    let typed = typed_name(problem);
    view! {
        <Title text="Sign in · Gantry"/>
        <main class="gate">
            <section class="card">
                <form class="in" method="post" action="/sign-in">
                    <Brand/>
                    <h1>"Sign in to Gantry"</h1>
                    {problem_note(problem)}
                    <input r#type="hidden" name="next" value=move || next.get()/>
                    <GateField label="Name" name="name" kind="text" autocomplete="username" value=typed problem=problem/>
                    <GateField label="Password" name="password" kind="password" autocomplete="current-password" problem=problem/>
                    <button class="btn primary" r#type="submit">"Sign in"</button>
                </form>
            </section>
        </main>
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn every_code_of_the_server_has_its_own_words() {
        let codes = ["wrong", "wait", "expired", "name", "password-short", "password-long", "password-common"];
        let all: std::collections::BTreeSet<String> = codes.iter().map(|c| words(c, Some(9), 12)).collect();
        assert_eq!(all.len(), codes.len());
        assert!(!all.contains(&words("<script>", None, 12)));
        assert!(words("wait", Some(30), 12).contains("30 seconds"));
        assert!(words("password-short", None, 12).contains("12 characters"));
    }
}

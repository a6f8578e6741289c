//! `/sign-in`, and what both pages share.

use domain::resource::Tone;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::ui::Note;

/// The rule for passwords, as shown beside the field.
pub const PASSWORD_RULE: &str = "15 to 128 characters. Several words are good; a well-known password is refused.";

/// What a problem's code means; `seconds` belongs to `wait`.
pub fn words(code: &str, seconds: Option<u32>) -> String {
    match code {
        "wrong" => "Name and password do not belong together.".to_owned(),
        "wait" => match seconds {
            Some(1) => "Too many tries. Wait 1 second and try again.".to_owned(),
            Some(n) => format!("Too many tries. Wait {n} seconds and try again."),
            None => "Too many tries. Wait a little and try again.".to_owned(),
        },
        "expired" => "This link was used, is older than 15 minutes, or there is an administrator already.".to_owned(),
        "name" => "A name has 1 to 64 characters, and nobody else has it.".to_owned(),
        "password-short" => "The password is too short: it needs at least 15 characters.".to_owned(),
        "password-long" => "The password is too long: at most 128 characters.".to_owned(),
        "password-common" => "This password is well known or too close to the name. Choose another.".to_owned(),
        _ => "That did not work. Try again.".to_owned(),
    }
}

/// The problem in the address, in words: about which field (`None`: the whole form), and what.
pub fn problem() -> Memo<Option<(Option<&'static str>, String)>> {
    let map = use_query_map();
    Memo::new(move |_| {
        map.with(|m| {
            let code = m.get("problem").filter(|c| !c.is_empty())?;
            let field = match code.as_str() {
                "name" => Some("name"),
                "password-short" | "password-long" | "password-common" => Some("password"),
                _ => None,
            };
            Some((field, words(&code, m.get("seconds").and_then(|s| s.parse().ok()))))
        })
    })
}

/// The problem of the whole form.
pub fn problem_note(problem: Memo<Option<(Option<&'static str>, String)>>) -> impl IntoView {
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
    /// The rule beside it.
    #[prop(optional)]
    hint: &'static str,
    /// The problem in the address.
    problem: Memo<Option<(Option<&'static str>, String)>>,
) -> impl IntoView {
    let own = Memo::new(move |_| problem.get().filter(|(field, _)| *field == Some(name)).map(|(_, words)| words));
    let new = autocomplete == "new-password";
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
                    minlength=new.then_some("15")
                    maxlength=if name == "name" { "64" } else { "128" }
                    autocapitalize="none"
                    spellcheck="false"
                    aria-describedby=(!hint.is_empty()).then(|| format!("{name}-hint"))
                />
            </div>
            {(!hint.is_empty()).then(|| view! { <span class="hint" id=format!("{name}-hint")>{hint}</span> })}
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
    view! {
        <Title text="Sign in · Gantry"/>
        <main class="gate">
            <section class="card">
                <form class="in" method="post" action="/sign-in">
                    <Brand/>
                    <h1>"Sign in to Gantry"</h1>
                    {problem_note(problem)}
                    <input r#type="hidden" name="next" value=move || next.get()/>
                    <GateField label="Name" name="name" kind="text" autocomplete="username" problem=problem/>
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
        let all: std::collections::BTreeSet<String> = codes.iter().map(|c| words(c, Some(9))).collect();
        assert_eq!(all.len(), codes.len());
        assert!(!all.contains(&words("<script>", None)));
        assert!(words("wait", Some(30)).contains("30 seconds"));
    }
}

//! Fields of a wizard: label, hint, and the message beside the field: once it was touched, or at once where typing on mends nothing.

use domain::typing::Typing;
use domain::{AccountId, Region, Scope};
use leptos::prelude::*;

use super::browser;
use super::state::{Messages, Wizard};
use crate::api::Boot;
use crate::ui::{Icon, icon};

/// The ids of a field's hint and message, for whoever hears the page.
fn described(name: &str, hint: bool, wrong: bool) -> Option<String> {
    let ids = [(hint, "hint"), (wrong, "wrong")].into_iter().filter(|(there, _)| *there);
    let ids: Vec<String> = ids.map(|(_, what)| format!("{name}-{what}")).collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

/// What is wrong, under its field. What holds it is there before, so that whoever hears the page hears of it, and politely: it comes while
/// somebody types.
fn message(name: &str, own: Memo<Option<String>>) -> impl IntoView + use<> {
    let id = format!("{name}-wrong");
    let words = move || {
        let id = id.clone();
        own.get().map(|words| view! { <div class="err" id=id>{icon(Icon::Warning)}<span>{words}</span></div> })
    };
    view! { <div class="said" aria-live="polite">{words}</div> }
}

fn own_message(name: &str, dead_end: impl Fn() -> bool + Send + Sync + 'static) -> (Messages, Memo<Option<String>>) {
    let messages = expect_context::<Messages>();
    let name = name.to_owned();
    (messages, Memo::new(move |_| messages.message(&name, dead_end())))
}

/// A line of text.
#[component]
pub fn TextField(
    /// What it is.
    #[prop(into)]
    label: String,
    /// Its name in the answers and in messages.
    #[prop(into)]
    name: String,
    /// What may be entered.
    #[prop(optional, into)]
    hint: String,
    /// Shown while it is empty: an example.
    #[prop(optional, into)]
    placeholder: String,
    /// The label is only heard: what it is stands above.
    #[prop(optional)]
    bare: bool,
    /// A whole number: small, with digits on a phone's keyboard.
    #[prop(optional)]
    number: bool,
    /// Not to be seen while it is typed, and not to be offered again.
    #[prop(optional)]
    secret: bool,
    /// Its rule: what no ending makes right is said while it is typed. Else a message waits until somebody leaves the field.
    #[prop(optional)]
    typing: Option<Typing>,
    /// What is in it.
    value: Signal<String>,
    /// What to do with what is typed.
    #[prop(into)]
    set: Callback<String>,
) -> impl IntoView {
    let dead_end = move || typing.is_some_and(|typing| value.with(|typed| typing.is_dead_end(typed)));
    let (messages, own) = own_message(&name, dead_end);
    let wrong = move || own.with(Option::is_some);
    let has_hint = !hint.is_empty();
    let (about, touched) = (name.clone(), name.clone());
    let heard = bare.then(|| label.clone());
    view! {
        <div class="field" class:wrong=wrong class:number=number on:focusout=move |_| messages.touch(&touched)>
            {(!bare).then(|| view! { <label for=name.clone()>{label}</label> })}
            <div class="input">
                <input
                    id=name.clone()
                    r#type=secret.then_some("password")
                    autocomplete=if secret { "new-password" } else { "off" }
                    spellcheck="false"
                    autocapitalize="none"
                    placeholder=placeholder
                    inputmode=number.then_some("numeric")
                    aria-label=heard
                    aria-invalid=move || wrong().then_some("true")
                    aria-describedby=move || described(&about, has_hint, wrong())
                    prop:value=move || value.get()
                    on:input=move |event| set.run(event_target_value(&event))
                />
            </div>
            {has_hint.then(|| view! { <span class="hint" id=format!("{name}-hint")>{hint}</span> })}
            {message(&name, own)}
        </div>
    }
}

/// Several lines of code.
#[component]
pub fn TextArea(
    /// What it is.
    #[prop(into)]
    label: String,
    /// Its name in the answers and in messages.
    #[prop(into)]
    name: String,
    /// What may be entered.
    #[prop(optional, into)]
    hint: String,
    /// What is in it.
    value: Signal<String>,
    /// What to do with what is typed.
    #[prop(into)]
    set: Callback<String>,
) -> impl IntoView {
    let (messages, own) = own_message(&name, || false);
    let wrong = move || own.with(Option::is_some);
    let has_hint = !hint.is_empty();
    let (about, touched) = (name.clone(), name.clone());
    view! {
        <div class="field" class:wrong=wrong on:focusout=move |_| messages.touch(&touched)>
            <label for=name.clone()>{label}</label>
            <textarea
                class="input code"
                id=name.clone()
                rows="12"
                autocomplete="off"
                spellcheck="false"
                aria-invalid=move || wrong().then_some("true")
                aria-describedby=move || described(&about, has_hint, wrong())
                prop:value=move || value.get()
                on:input=move |event| set.run(event_target_value(&event))
            ></textarea>
            {has_hint.then(|| view! { <span class="hint" id=format!("{name}-hint")>{hint}</span> })}
            {message(&name, own)}
        </div>
    }
}

/// Fields that belong together, with what is wrong with them together.
#[component]
pub fn FieldGroup(
    /// What they are.
    #[prop(into)]
    label: String,
    /// The name in the answers.
    name: &'static str,
    /// The fields; none where they say it of themselves.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let (messages, own) = own_message(name, || false);
    let wrong = move || own.with(Option::is_some);
    let out = move |event: leptos::ev::FocusEvent| {
        if browser::leaves(&event) {
            messages.touch(name);
        }
    };
    // None of them alone is wrong, so the group takes the focus.
    view! {
        <div
            class="field group"
            class:wrong=wrong
            role="group"
            aria-label=label
            tabindex=move || wrong().then_some("-1")
            data-wrong=move || wrong().then_some("")
            aria-describedby=move || described(name, false, wrong())
            on:focusout=out
        >
            {children.map(|fields| fields())}
            {message(name, own)}
        </div>
    }
}

/// A choice among few, as a list that opens.
fn chooser(
    id: &'static str,
    label: &'static str,
    options: Vec<(String, String)>,
    chosen: Signal<String>,
    choose: impl Fn(String) + 'static,
) -> impl IntoView {
    let options = options.into_iter().map(|(value, words)| {
        let (own, mine) = (value.clone(), value.clone());
        view! {
            <option
                value=value
                selected=move || chosen.with(|c| *c == own)
                prop:selected=move || chosen.with(|c| *c == mine)
            >
                {words}
            </option>
        }
    });
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <div class="input"><select id=id on:change=move |event| choose(event_target_value(&event))>{options.collect_view()}</select></div>
        </div>
    }
}

/// The accounts that connections lead to, with their names.
fn accounts(boot: &Boot) -> Vec<(String, String)> {
    let account = |id: &AccountId| {
        let name = boot.account_name(id);
        let words = if name == id.as_str() { name } else { format!("{name} ({id})") };
        (id.to_string(), words)
    };
    boot.instance.accounts.iter().map(|(id, _)| account(id)).collect()
}

/// The choice of the account; the region stays as it is.
fn account_chooser(boot: &Boot, scope: Signal<Scope>, choose: Callback<Scope>) -> impl IntoView + use<> {
    let account = Signal::derive(move || scope.with(|s| s.account.to_string()));
    let choose = move |id: String| {
        if let Ok(id) = AccountId::parse(&id) {
            choose.run(Scope::new(id, scope.get_untracked().region));
        }
    };
    chooser("account", "Account", accounts(boot), account, choose)
}

/// The choice of the region; the account stays as it is.
fn region_chooser(boot: &Boot, scope: Signal<Scope>, choose: Callback<Scope>) -> impl IntoView + use<> {
    let regions = boot.instance.regions.iter().map(|region| (region.to_string(), region.to_string()));
    let region = Signal::derive(move || scope.with(|s| s.region.to_string()));
    let choose = move |region: String| {
        if let Ok(region) = Region::parse(&region) {
            choose.run(Scope::new(scope.get_untracked().account, region));
        }
    };
    chooser("region", "Region", regions.collect(), region, choose)
}

/// Account and region, of those that connections lead to; the account alone where the region is fixed.
pub fn place_fields(boot: &Boot, scope: Signal<Scope>, choose: Callback<Scope>, fixed: bool) -> AnyView {
    let account = account_chooser(boot, scope, choose);
    let region = (!fixed).then(|| region_chooser(boot, scope, choose));
    view! { <div class="two">{account}{region}</div> }.into_any()
}

/// Account and region, of those that connections lead to.
#[component]
pub fn ScopeFields() -> impl IntoView {
    let wizard = expect_context::<Wizard>();
    place_fields(&expect_context::<Boot>(), wizard.scope.into(), wizard.choose_scope, false)
}

/// The account alone, of what is in one region only.
#[component]
pub fn AccountField(
    /// That region.
    region: &'static str,
    /// Why there.
    hint: &'static str,
) -> impl IntoView {
    let wizard = expect_context::<Wizard>();
    let boot = expect_context::<Boot>();
    view! {
        <div class="two">
            {account_chooser(&boot, wizard.scope.into(), wizard.choose_scope)}
            <div class="field">
                <span class="label">"Region"</span>
                <code class="uri">{region}</code>
                <span class="hint">{hint}</span>
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::described;

    #[test]
    fn a_field_is_described_by_what_is_on_the_page() {
        assert_eq!(described("name", true, true).as_deref(), Some("name-hint name-wrong"));
        assert_eq!(described("name", false, true).as_deref(), Some("name-wrong"));
        assert_eq!(described("name", false, false), None);
    }
}

//! `/welcome?token=…`: makes the first administrator, once.

use domain::resource::Tone;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::api::welcome_is_good;
use super::gate::{Brand, GateField, Problem, password_rule, problem, problem_note, typed_name};
use crate::api::Boot;
use crate::paths;
use crate::ui::{Note, Skeleton};
use crate::wire::ask;

/// The page.
#[component]
pub fn WelcomePage() -> impl IntoView {
    let map = use_query_map();
    let token = Memo::new(move |_| map.with(|m| m.get("token")).unwrap_or_default());
    let good = ask(move || token.get(), welcome_is_good);
    let problem = problem();
    let typed = StoredValue::new(typed_name(problem));
    view! {
        <Title text="Welcome · Gantry"/>
        <main class="gate">
            <section class="card">
                <Suspense fallback=|| view! { <div class="in"><Skeleton/></div> }>
                    {move || Suspend::new(async move {
                        match good.await {
                            Ok(()) => form(token.get_untracked(), typed.get_value(), problem),
                            Err(e) => view! {
                                <div class="in">
                                    <Brand/>
                                    <h1>"Welcome to Gantry"</h1>
                                    <Note tone=Tone::Warn alert=true><b>{e.0.title}</b><p>{e.0.message}</p></Note>
                                    <p class="dim">"On the server, "<code>"gantry admin create"</code>" makes an administrator without a link."</p>
                                    <a class="btn" href=paths::SIGN_IN>"To the sign-in"</a>
                                </div>
                            }
                            .into_any(),
                        }
                    })}
                </Suspense>
            </section>
        </main>
    }
}

fn form(token: String, typed: String, problem: Problem) -> AnyView {
    let rule = password_rule(&expect_context::<Boot>());
    view! {
        <form class="in" method="post" action="/welcome">
            <Brand/>
            <h1>"Welcome to Gantry"</h1>
            <p class="dim">"Make the first administrator. Afterwards they add everyone else."</p>
            {problem_note(problem)}
            <input r#type="hidden" name="token" value=token/>
            <GateField label="Name" name="name" kind="text" autocomplete="username" value=typed problem=problem/>
            <GateField label="Password" name="password" kind="password" autocomplete="new-password" hint=rule problem=problem/>
            <button class="btn primary" r#type="submit">"Create administrator"</button>
        </form>
    }
    .into_any()
}

//! Oneself: role, password, sessions, sign out.

use domain::Millis;
use domain::services::Session;
use leptos::form::ActionForm;
use leptos::prelude::*;

use super::SettingsFrame;
use super::api::{ChangePassword, EndSession, sessions};
use super::form::{elsewhere, failure, may};
use super::password::OwnPassword;
use crate::api::Boot;
use crate::error::AppError;
use crate::ui::{Age, ProblemNote, Skeleton};
use crate::wire::ask;

/// `/settings/you`
#[component]
pub fn YouPage() -> impl IntoView {
    let boot = expect_context::<Boot>();
    let end = ServerAction::<EndSession>::new();
    let change = ServerAction::<ChangePassword>::new();
    let answer = ask(move || (end.version().get(), change.version().get()), |_| sessions());
    let now = boot.now;
    let who = boot.actor.map(|actor| {
        view! {
            <section class="card">
                <header><h2>"You"</h2></header>
                <dl class="pairs">
                    <div><dt>"Name"</dt><dd>{actor.name.clone()}</dd></div>
                    <div><dt>"Role"</dt><dd>{actor.role.as_str()}" "<span class="dim">{may(actor.role)}</span></dd></div>
                </dl>
                <form class="in" method="post" action="/sign-out"><button class="btn" r#type="submit">"Sign out"</button></form>
            </section>
        }
    });
    view! {
        <SettingsFrame tab="you">
            {who}
            <OwnPassword change=change/>
            {move || elsewhere(failure(end.value().get()), &[])}
            <Transition fallback=|| view! { <Skeleton/> }>
                {move || Suspend::new(async move {
                    match answer.await {
                        Ok(found) => table(found, now, end),
                        Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                    }
                })}
            </Transition>
        </SettingsFrame>
    }
}

/// "Chrome 156 on Linux" from a User-Agent header; the start of the header where it says neither.
/// <https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/User-Agent>
fn browser(agent: &str) -> String {
    // Most browsers also name those that they want to be taken for: the most telling comes first.
    const BROWSERS: [(&str, &str); 8] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("HeadlessChrome/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Version/", "Safari"),
        ("curl/", "curl"),
        ("python-requests/", "Python"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let program = BROWSERS.iter().find_map(|(mark, name)| {
        let version: String = agent.split_once(mark)?.1.chars().take_while(char::is_ascii_digit).collect();
        Some(if version.is_empty() { (*name).to_owned() } else { format!("{name} {version}") })
    });
    let system = SYSTEMS.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    match (program, system) {
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(program), None) => program,
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) if agent.is_empty() => "Unknown".to_owned(),
        (None, None) => agent.chars().take(40).collect(),
    }
}

fn table(found: Vec<Session>, now: Millis, end: ServerAction<EndSession>) -> AnyView {
    let rows = found.into_iter().map(|session| {
        let last = if session.current {
            view! { <span class="faint">"by signing out"</span> }.into_any()
        } else {
            let label = format!("End the session of {}", browser(&session.agent));
            view! {
                <ActionForm action=end>
                    <input r#type="hidden" name="id" value=session.id.to_string()/>
                    <button class="btn small" r#type="submit" aria-label=label>"End"</button>
                </ActionForm>
            }
            .into_any()
        };
        let here = session.current.then(|| view! { " "<span class="badge quiet">"this one"</span> });
        view! {
            <tr>
                <td class="name"><span title=session.agent.clone()>{browser(&session.agent)}</span>{here}</td>
                <td><Age at=session.since now=now after=" ago"/></td>
                <td><Age at=session.used now=now after=" ago"/></td>
                <td>{last}</td>
            </tr>
        }
    });
    view! {
        <section class="card">
            <header><h2>"Sessions"</h2></header>
            <div class="scroll plain" tabindex="0">
                <table class="table">
                    <thead><tr><th scope="col">"Browser"</th><th scope="col">"Signed in"</th><th scope="col">"Last used"</th><th scope="col">"End"</th></tr></thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::browser;

    #[test]
    fn browsers_are_told_by_name_and_system() {
        let webkit = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)";
        assert_eq!(browser(&format!("{webkit} Chrome/156.0.0.0 Safari/537.36")), "Chrome 156 on Linux");
        assert_eq!(browser(&format!("{webkit} Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0")), "Edge 156 on Linux");
        let mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15";
        assert_eq!(browser(mac), "Safari 26 on macOS");
        assert_eq!(browser("curl/8.14.1"), "curl 8");
        assert_eq!(browser(""), "Unknown");
        assert_eq!(browser("a-program-of-ours"), "a-program-of-ours");
    }
}

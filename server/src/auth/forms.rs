//! The three plain HTML forms: sign in, sign out, make the first administrator. They answer with 303 and work without any script;
//! what went wrong comes back to the page as `?problem=CODE` (and `seconds` where it is about waiting).
//!
//! Codes: `wrong`, `wait`, `expired`, `name`, `password-short`, `password-long`, `password-common`.

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::policy::Actor;
use domain::{Code, Problem};
use gantry_store::sessions::NewSession;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;
use std::time::Instant;

use super::identity::Identity;
use super::throttle::{self, Turn};
use super::{PROOFS, entry, secret};
use crate::clock::now;
use crate::http::Web;
use crate::http::listener::Peer;
use crate::http::problem::Refusal;

/// The longest name of a person, in characters.
pub const LONGEST_NAME: usize = 64;

/// `POST /sign-in`
#[derive(Deserialize)]
pub struct SignIn {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /welcome`
#[derive(Deserialize)]
pub struct Welcome {
    #[serde(default)]
    token: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

/// Where a browser may be sent after signing in: a path of ours, never another site.
pub fn local(next: &str) -> &str {
    let plain = next.starts_with('/')
        && !next.starts_with("//")
        && !next.starts_with("/sign-")
        && next.len() <= 2048
        && !next.chars().any(|c| c.is_control() || c == '\\');
    if plain { next } else { "/" }
}

/// Text as the value of a query parameter.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Checks the name of a person.
///
/// # Errors
/// [`Code::Invalid`] with the field `name`.
pub fn name(text: &str) -> Result<&str, Problem> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(Problem::invalid("name", format!("A name has 1 to {LONGEST_NAME} characters.")));
    }
    Ok(name)
}

fn see_other(to: &str) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

/// The browser, shortened.
fn agent(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    agent.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// What cannot be put right in the form: a page of its own. 503 when too many hashes wait.
fn failed(problem: Problem) -> Response {
    let busy = problem.code == Code::Busy;
    let mut response = Refusal(problem).into_response();
    if busy {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

/// Starts a session and sends its cookie; none when `password`, the hash that was found to fit, is not the person's any more. A session that
/// the browser had is ended: ids are never carried over a sign-in.
async fn start(
    web: &Web,
    headers: &HeaderMap,
    person: &Actor,
    password: &str,
    how: &str,
) -> Result<Option<(axum::http::HeaderName, HeaderValue)>, Problem> {
    let begins = entry(Some(person), "session.start", &person.name, json!({ "how": how }));
    let id = secret::random_hex::<32>();
    let new = NewSession { person: person.person, password, secret: &id, agent: &agent(headers) };
    if web.auth.store.create_session(new, now(), &begins).await?.is_none() {
        return Ok(None);
    }
    // Only one that begins ends another.
    if let Ok(Some(old)) = web.auth.of(headers).await {
        let entry = entry(Some(&old), "session.end", &old.name, json!({ "session": old.session, "how": "sign-in" }));
        web.auth.store.end_session(old.person, old.session, &entry).await?;
        web.auth.forget();
    }
    Ok(Some(web.auth.set_cookie(Some(&id))))
}

/// `POST /sign-in`: name and password.
pub async fn sign_in(
    State(web): State<Web>,
    peer: Option<axum::Extension<Peer>>,
    headers: HeaderMap,
    Form(form): Form<SignIn>,
) -> Response {
    let next = local(&form.next);
    let again = |problem: String| {
        let page = format!("/sign-in?next={}&{problem}", encoded(next));
        ([web.auth.typed_name("/sign-in", &form.name)], see_other(&page)).into_response()
    };
    let address = web.auth.address(&headers, peer.map(|p| p.0));
    match try_sign_in(&web, &headers, &address, &form).await {
        Ok(Outcome::In(cookie)) => ([cookie], see_other(next)).into_response(),
        Ok(Outcome::Wrong) => again("problem=wrong".to_owned()),
        Ok(Outcome::Wait(seconds)) => again(format!("problem=wait&seconds={seconds}")),
        Err(problem) => failed(problem),
    }
}

enum Outcome {
    In((axum::http::HeaderName, HeaderValue)),
    Wrong,
    Wait(i64),
}

async fn try_sign_in(web: &Web, headers: &HeaderMap, address: &str, form: &SignIn) -> Result<Outcome, Problem> {
    let (auth, store) = (&web.auth, &web.auth.store);
    let name = form.name.trim();
    // Counted before the password is looked at, so that guesses sent at once do not all see the same count.
    let counted = match throttle::sign_in(store, name, address, now()).await? {
        Turn::Try(counted) => counted,
        Turn::Wait(seconds) => return Ok(Outcome::Wait(seconds)),
    };
    let looked = async {
        let known = store.credentials(name).await?;
        let stored = known.as_ref().map(|k| k.password.clone());
        let fits = auth.passwords.verify(&form.password, stored).await?;
        Ok::<_, Problem>((known, fits))
    };
    let (known, fits) = match looked.await {
        Ok(looked) => looked,
        Err(problem) => {
            counted.take_back(store).await;
            return Err(problem);
        }
    };
    if !fits {
        tracing::info!(address, "a sign-in failed");
        if let Some(known) = &known {
            auth.note_refusal(&known.person.name, json!({ "address": address }));
        }
        return Ok(Outcome::Wrong);
    }
    let Some(known) = known else { return Ok(Outcome::Wrong) };
    counted.succeeded(store).await?;
    if auth.sign_ins.take(known.person.id, Instant::now()).is_err() {
        return Ok(Outcome::Wait(60 / i64::from(PROOFS)));
    }
    let actor = Actor { person: known.person.id, name: known.person.name, role: known.person.role, session: 0 };
    Ok(start(web, headers, &actor, &known.password, "password").await?.map_or(Outcome::Wrong, Outcome::In))
}

/// `POST /sign-out`: ends the session.
pub async fn sign_out(State(web): State<Web>, Identity(actor): Identity) -> Response {
    if let Some(actor) = actor {
        let entry = entry(Some(&actor), "session.end", &actor.name, json!({ "session": actor.session }));
        if let Err(problem) = web.auth.store.end_session(actor.person, actor.session, &entry).await {
            return Refusal(problem).into_response();
        }
        web.auth.forget();
    }
    ([web.auth.set_cookie(None)], see_other("/sign-in")).into_response()
}

/// `POST /welcome`: uses the one-time link up and makes the first administrator.
pub async fn welcome(State(web): State<Web>, headers: HeaderMap, Form(form): Form<Welcome>) -> Response {
    let page = format!("/welcome?token={}&", encoded(&form.token.chars().take(64).collect::<String>()));
    let typed = web.auth.typed_name("/welcome", &form.name);
    match try_welcome(&web, &headers, &form).await {
        Ok(Ok(cookie)) => ([cookie], see_other("/")).into_response(),
        Ok(Err(code)) => ([typed], see_other(&format!("{page}problem={code}"))).into_response(),
        Err(problem) => failed(problem),
    }
}

type Made = Result<(axum::http::HeaderName, HeaderValue), &'static str>;

async fn try_welcome(web: &Web, headers: &HeaderMap, form: &Welcome) -> Result<Made, Problem> {
    let (auth, store) = (&web.auth, &web.auth.store);
    if !store.welcome_is_good(&form.token, now()).await? {
        return Ok(Err("expired"));
    }
    let Ok(name) = name(&form.name) else { return Ok(Err("name")) };
    if let Err(refused) = auth.passwords.check(&form.password, name) {
        return Ok(Err(refused.code()));
    }
    let hash = auth.passwords.hash(&form.password).await?;
    let entry = entry(None, "people.welcome", name, json!({ "role": "administrator" }));
    match store.welcome(&form.token, name, &hash, now(), &entry).await {
        Ok(Some(person)) => {
            let actor = Actor { person, name: name.to_owned(), role: domain::policy::Role::Administrator, session: 0 };
            Ok(start(web, headers, &actor, &hash, "welcome").await?.ok_or("expired"))
        }
        Ok(None) => Ok(Err("expired")),
        Err(problem) if problem.code == Code::Conflict => Ok(Err("name")),
        Err(problem) => Err(problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_redirected_to() {
        for good in ["/", "/functions?q=a&sort=-name", "/functions/111122223333/eu-west-1/a%2Fb"] {
            assert_eq!(local(good), good);
        }
        for bad in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: x",
            "/sign-out",
        ] {
            assert_eq!(local(bad), "/", "{bad}");
        }
        assert_eq!(local(&format!("/{}", "a".repeat(10_000))), "/");
    }
}

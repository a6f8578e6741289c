//! Pages and their server functions: the Leptos app, rendered here, with everything it may ask for in its context.

use app::Assets;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Code, Problem};
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::ResponseOptions;
use std::sync::Arc;

use super::problem::Refusal;
use super::{LARGEST_DOCUMENT, Web, headers};
use crate::auth::forms::encoded;
use crate::auth::identity::Identity;

/// Pages that people see who are not signed in.
const OPEN: [&str; 2] = ["/sign-in", "/welcome"];
/// Problems of server functions are small; more would be something else.
const LARGEST_PROBLEM: usize = LARGEST_DOCUMENT;

/// Any page. Rendered completely before the first byte is sent (the data is in memory), so that the status is right and the page
/// reads without scripts.
pub async fn page(State(web): State<Web>, Identity(actor): Identity, request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") {
        return Refusal(Problem::not_found(
            "There is nothing at this address. /api/v1/openapi.json lists what there is.",
        ))
        .into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let open = OPEN.contains(&path);
    if actor.is_none() && !open {
        let next = request.uri().path_and_query().map_or("/", |p| p.as_str());
        let to = if next == "/" { "/sign-in".to_owned() } else { format!("/sign-in?next={}", encoded(next)) };
        let to = HeaderValue::from_str(&to).unwrap_or(HeaderValue::from_static("/sign-in"));
        return (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    }
    let services = web.services(actor);
    let assets = Assets::clone(&web.site.assets);
    let answers = app::once::Answers::default();
    let context = move || {
        provide_context(services.clone());
        provide_context(assets.clone());
        provide_context(answers.clone());
        // The nonce of this very page is in its policy.
        if let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>())
            && let Ok(policy) = HeaderValue::from_str(&headers::page_policy(&nonce))
        {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    };
    let options = LeptosOptions::builder().output_name("gantry").build();
    let render = leptos_axum::render_app_async_with_context(context, move || app::shell(options.clone()));
    render(request).await
}

/// Any server function. Nobody calls one without being signed in.
pub async fn server_function(State(web): State<Web>, Identity(actor): Identity, request: Request) -> Response {
    if actor.is_none() {
        return Refusal(Problem::signed_out()).into_response();
    }
    // Read here: what is too large would be told as something else by the functions.
    let (parts, body) = request.into_parts();
    let body = match Bytes::from_request(Request::new(body), &()).await {
        Ok(bytes) => Body::from(bytes),
        Err(refused) => return refused.into_response(),
    };
    let request = Request::from_parts(parts, body);
    let services = web.services(actor);
    let assets = Assets::clone(&web.site.assets);
    let context = move || {
        provide_context(services.clone());
        provide_context(assets.clone());
    };
    let response = leptos_axum::handle_server_fns_with_context(context, request).await.into_response();
    with_status_of_problem(response).await
}

/// Server functions answer every problem with 500; the problem in the body knows better.
async fn with_status_of_problem(response: Response) -> Response {
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST_PROBLEM).await else {
        return Refusal(Problem::new(Code::Internal, "Gantry made a mistake", "The answer could not be read."))
            .into_response();
    };
    if let Ok(problem) = serde_json::from_slice::<Problem>(&bytes) {
        parts.status = super::problem::status(&problem);
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        parts.extensions.insert(Arc::new(problem));
    }
    Response::from_parts(parts, Body::from(bytes))
}

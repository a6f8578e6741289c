//! The HTTP API: the same services as the pages', as JSON under `/api/v1`, described by OpenAPI 3.1.

pub mod audit;
pub mod export;
pub mod fleet;
pub mod people;
pub mod plans;
pub mod query;
pub mod resources;
pub mod runs;
pub mod telemetry;
pub mod uploads;

use axum::routing::get;
use axum::{Json, Router};
use domain::Problem;
use domain::plan::transfer::Transfer;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::identity::SignedIn;
use crate::http::Web;

/// Where everything here lives.
pub const PREFIX: &str = "/api/v1";

/// What OpenAPI has no field for: the name of the cookie depends on the configuration, and pages of other sites are kept out.
const SESSION: &str = "The cookie of somebody who signed in on the pages. Behind a proxy that speaks TLS (`behind_tls_proxy`) its name is \
    `__Host-gantry`. With it, a request that changes something is refused unless it has `Sec-Fetch-Site: same-origin`, or an `Origin` of the host \
    that it is sent to, as browsers send them from Gantry's own pages.";

#[derive(OpenApi)]
#[openapi(
    info(title = "Gantry", description = "The fleet as Gantry's cache has it, and plans that change it. Nothing here calls AWS but logs, metrics, refresh, plans, runs and uploads."),
    modifiers(&Security),
    components(schemas(Problem, Transfer))
)]
struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let token =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API token: `gantry_…`")).build();
        components.add_security_scheme("token", SecurityScheme::Http(token));
        let cookie = ApiKeyValue::with_description("gantry", SESSION);
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let any_of =
            ["token", "session"].map(|name| utoipa::openapi::SecurityRequirement::new::<_, [&str; 0], &str>(name, []));
        openapi.security = Some(any_of.to_vec());
        openapi.info.version = env!("CARGO_PKG_VERSION").to_owned();
    }
}

/// What streams its body, and so has no limit here.
fn streamed() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(uploads::send))
}

/// What carries documents for AWS.
fn with_documents() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(plans::review)).routes(routes!(plans::begin, runs::list))
}

fn all() -> OpenApiRouter<Web> {
    let routes = OpenApiRouter::new()
        .routes(routes!(resources::list))
        .routes(routes!(resources::one))
        .routes(routes!(resources::history))
        .routes(routes!(resources::compare))
        .routes(routes!(telemetry::log))
        .routes(routes!(telemetry::metrics))
        .routes(routes!(telemetry::fleet_metrics))
        .routes(routes!(fleet::history))
        .routes(routes!(fleet::compare))
        .routes(routes!(fleet::resolve))
        .routes(routes!(fleet::search))
        .routes(routes!(fleet::connections))
        .routes(routes!(fleet::refresh))
        .routes(routes!(people::me))
        .routes(routes!(people::confirm))
        .routes(routes!(plans::lend))
        .routes(routes!(plans::one))
        .routes(routes!(plans::cancel))
        .routes(routes!(plans::decide))
        .routes(routes!(audit::trail))
        .routes(routes!(uploads::one))
        .routes(routes!(uploads::cancel));
    OpenApiRouter::with_openapi(Document::openapi()).nest(PREFIX, routes)
}

/// The OpenAPI document.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = all().nest(PREFIX, with_documents()).nest(PREFIX, streamed()).into_openapi();
    // The star is axum's, for a parameter with slashes in it; OpenAPI knows the name alone.
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    document
}

/// The routes whose bodies may be as large as documents of AWS are.
pub fn documents() -> Router<Web> {
    OpenApiRouter::new().nest(PREFIX, with_documents()).into()
}

/// The routes whose bodies may have any size.
pub fn streams() -> Router<Web> {
    OpenApiRouter::new().nest(PREFIX, streamed()).into()
}

/// All other routes of the API and the document that describes them all.
pub fn router() -> Router<Web> {
    let (router, document) = (Router::from(all()), document());
    router.route(
        &format!("{PREFIX}/openapi.json"),
        get(move |SignedIn(_): SignedIn| {
            let document = document.clone();
            async move { Json(document) }
        }),
    )
}

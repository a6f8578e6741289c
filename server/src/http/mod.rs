//! Everything that is answered over HTTP: one table of routes, and the layers every request passes.
//!
//! From the outside in: [`observe`] (id, log, time), [`headers`] (security headers; foreign hosts and sites refused), [`site`]
//! (files), compression, slow bodies, [`crate::auth::identity`] (who asks, how often), body limits, the route.

pub mod headers;
pub mod listener;
pub mod observe;
pub mod pages;
pub mod probes;
pub mod problem;
pub mod rate;
pub mod site;

use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::routing::{any, get, post};
use axum::{Router, middleware};
use domain::plan::service::Plans;
use domain::policy::Actor;
use domain::services::{Instance, Inventory, Services, Telemetry};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::watch;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::auth::{Auth, forms, identity};
use crate::connecting::Known;
use crate::live::Live;
use crate::uploads::Uploads;

/// The largest body of a request, in bytes, but for documents and archives of images.
pub const LARGEST_BODY: usize = 256 * 1024;
/// The largest body that carries documents for AWS, in bytes: answers of wizards with policies, task definitions, a logo in base64.
pub const LARGEST_DOCUMENT: usize = 1024 * 1024;
/// The server functions whose bodies carry documents; the routes of the API are [`crate::api::documents`].
const DOCUMENTS: [&str; 3] = ["/api/fn/apply", "/api/fn/keep_draft", "/api/fn/review"];
/// How long the next piece of a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// What requests are answered with.
pub struct Parts {
    /// What is collected.
    pub inventory: Arc<dyn Inventory>,
    /// What is live.
    pub telemetry: Arc<dyn Telemetry>,
    /// What changes AWS.
    pub plans: Arc<dyn Plans>,
    /// Archives on their way in.
    pub uploads: Arc<Uploads>,
    /// Who is who.
    pub auth: Auth,
    /// Change notices and followed logs for open pages.
    pub live: Live,
    /// Facts about this installation.
    pub instance: watch::Receiver<Arc<Instance>>,
    /// The connections, or why they are not known yet.
    pub known: Known,
    /// The built half of the site.
    pub site: Arc<site::Site>,
    /// Requests per person.
    pub rate: rate::Rate,
    /// The index is loaded.
    pub loaded: Arc<AtomicBool>,
}

/// [`Parts`], shared by all requests.
#[derive(Clone)]
pub struct Web(Arc<Parts>);

impl Web {
    /// Shares them.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
    /// What pages and server functions get by context.
    pub fn services(&self, actor: Option<Actor>) -> Services {
        Services {
            inventory: self.inventory.clone(),
            telemetry: self.telemetry.clone(),
            plans: self.plans.clone(),
            team: Arc::new(self.auth.clone()),
            actor,
            instance: self.instance.borrow().clone(),
            shows: self.live.notices.version(),
        }
    }
}

impl Deref for Web {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The table of routes. Pages are everything else: the app's own router knows them.
pub fn router(web: Web) -> Router {
    let reach = headers::Reach { behind_tls_proxy: web.auth.behind_tls_proxy };
    let site = web.site.clone();
    let css: Arc<str> = web.site.assets.css.as_deref().unwrap_or_default().into();
    let compression = CompressionLayer::new().br(true).gzip(true).quality(CompressionLevel::Precise(4));
    let documents = DOCUMENTS
        .into_iter()
        .fold(crate::api::documents(), |routes, path| routes.route(path, any(pages::server_function)))
        .layer(RequestBodyLimitLayer::new(LARGEST_DOCUMENT));
    let known_person = Router::new()
        .route("/sign-in", get(pages::page).post(forms::sign_in))
        .route("/welcome", get(pages::page).post(forms::welcome))
        .route("/sign-out", post(forms::sign_out))
        .route("/api/fn/{*name}", any(pages::server_function))
        .route("/live", get(crate::live::socket::open))
        .merge(crate::api::router())
        .fallback(pages::page)
        .layer(RequestBodyLimitLayer::new(LARGEST_BODY))
        // The limit is that of the routes above. The one that streams has one of its own.
        .merge(documents)
        .merge(crate::api::streams())
        .layer(from_fn_with_state(web.clone(), identity::identify));
    Router::new()
        .route("/healthz", get(probes::health))
        .route("/readyz", get(probes::ready))
        .fallback_service(known_person.with_state(web.clone()))
        .layer(RequestBodyTimeoutLayer::new(BODY_TIME))
        .layer(compression)
        .layer(from_fn(move |request: Request, next: Next| site::serve(site.clone(), request, next)))
        .layer(from_fn(move |request: Request, next: Next| headers::guard(reach, request, next)))
        .layer(from_fn(observe::observe))
        .layer(middleware::map_response(problem::of_the_framework))
        .layer(from_fn(move |request: Request, next: Next| problem::pages_for_people(css.clone(), request, next)))
        .layer(from_fn(move |request: Request, next: Next| headers::secure(reach, request, next)))
        .with_state(web)
}

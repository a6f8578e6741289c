//! Image archives: the one request whose body may be large. It streams.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use domain::ecr::upload::Upload;
use domain::policy::Permission;
use domain::{AccountId, Problem, Region, Scope};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};

use super::query::Pairs;
use crate::auth::identity::SignedIn;
use crate::http::Web;
use crate::http::problem::Refusal;
use crate::uploads::Wanted;

/// The body of an upload as the document describes it: bytes.
#[derive(Debug)]
pub struct Archive;

impl utoipa::PartialSchema for Archive {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("The bytes of a tar, optionally compressed with gzip."))
            .into()
    }
}

impl utoipa::ToSchema for Archive {}

/// Sends an image archive, as `docker save` writes it or an OCI layout as a tar, optionally compressed with gzip. Its layers are in the
/// repository afterwards, its images are not: review and begin the plan of the wizard `put-images` with what this answers.
///
/// When the connection breaks, the upload waits five minutes for its sender: ask how far it is, and send the rest of the archive
/// with the same parameters and `offset`. What had arrived already is passed over.
#[utoipa::path(post, path = "/uploads", operation_id = "send_upload", tag = "plans",
    params(
        ("account" = String, Query, description = "The account's id"),
        ("region" = String, Query, description = "The region"),
        ("repository" = String, Query, description = "The repository's name"),
        ("id" = String, Query, description = "What to call it: 8 to 64 letters and digits, new for each upload"),
        ("offset" = Option<u64>, Query, description = "To go on with an upload whose connection broke: where in the archive the body begins. At most what it says in “received”, else the answer is 409 with the offset to go on from"),
    ),
    request_body(content = Archive, content_type = "application/x-tar"),
    responses((status = 200, body = Upload), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn send(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    pairs: Pairs,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Upload>, Refusal> {
    let needed = |name: &str| {
        let said = pairs.get(name).map(str::to_owned);
        said.ok_or_else(|| Problem::invalid(name, format!("Say which {name}: ?{name}=…")))
    };
    let scope = Scope::new(AccountId::parse(&needed("account")?)?, Region::parse(&needed("region")?)?);
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let offset = pairs.number("offset")?;
    let wanted = Wanted { id: needed("id")?, scope, repository: needed("repository")?, size: length, offset };
    tokio::select! {
        told = web.uploads.receive(&actor, &wanted, body) => Ok(Json(told?)),
        refused = web.auth.refused(&headers, Permission::ChangeAws) => {
            // One that is not there has ended already.
            let _ = web.uploads.cancel(&actor, &wanted.id);
            Err(Refusal(refused))
        }
    }
}

/// How far one's own upload is, or how it ended, up to a quarter of an hour after. Of the server that receives it.
#[utoipa::path(get, path = "/uploads/{id}", operation_id = "get_upload", tag = "plans", params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = Upload), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn one(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    Path(id): Path<String>,
) -> Result<Json<Upload>, Refusal> {
    Ok(Json(web.uploads.told(&actor, &id)?))
}

/// Ends one's own upload, whether it is sent just now or waits for its sender. Nothing is tagged; one that ended stays as it is.
#[utoipa::path(post, path = "/uploads/{id}/cancel", operation_id = "cancel_upload", tag = "plans", params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = Upload), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn cancel(
    State(web): State<Web>,
    SignedIn(actor): SignedIn,
    Path(id): Path<String>,
) -> Result<Json<Upload>, Refusal> {
    Ok(Json(web.uploads.cancel(&actor, &id)?))
}

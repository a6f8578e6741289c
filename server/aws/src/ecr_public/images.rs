//! Images of public repositories: read when somebody looks at them, and deleted.

use aws_sdk_ecrpublic::config::Builder as Config;
use aws_sdk_ecrpublic::config::retry::RetryConfig;
use aws_sdk_ecrpublic::operation::RequestId;
use aws_sdk_ecrpublic::types::{ImageDetail, ImageFailureCode, ImageIdentifier};
use domain::Problem;
use domain::ecr_public::calls::BatchDeleteImage;
use domain::ecr_public::image::{Image, Images, MOST};
use serde_json::{Map, Value, json};

use crate::gather::{deleted, found, when};
use crate::{Bucket, Caller, Pages, absent};

const DESCRIBE: &str = "ecr-public:DescribeImages";
const PAGE: i32 = 1000;

/// The images, the newest first; `None` when there is no such repository.
pub(super) async fn list(caller: &Caller, repository: &str) -> Result<Option<Images>, Problem> {
    let mut images: Vec<Image> = vec![];
    let mut pages = Pages::new(DESCRIBE);
    let mut more = false;
    while let Some(token) = pages.next() {
        let request = caller.clients().ecr_public().describe_images().repository_name(repository);
        let sent = request.max_results(PAGE).set_next_token(token).send();
        let Some(page) = absent(caller.call(Bucket::EcrPublic, DESCRIBE, Some(repository), sent).await)? else {
            return Ok(None);
        };
        images.extend(page.image_details.into_iter().flatten().map(document));
        more = page.next_token.is_some();
        if images.len() >= MOST {
            break;
        }
        pages.then(page.next_token)?;
    }
    more |= images.len() > MOST;
    images.sort_by(|a, b| b.image_pushed_at.cmp(&a.image_pushed_at).then_with(|| a.image_digest.cmp(&b.image_digest)));
    images.truncate(MOST);
    Ok(Some(Images { images, more }))
}

/// Tags and media type of each of these images that exists; `None` when none does.
pub(super) async fn of(caller: &Caller, repository: &str, digests: &[String]) -> Result<Option<Value>, Problem> {
    let images = found(digests, |digests| described(caller, repository, digests)).await?;
    let entries = images.into_iter().map(document).map(|image| {
        (image.image_digest, json!({ "tags": image.image_tags, "mediaType": image.image_manifest_media_type }))
    });
    let found: Map<String, Value> = entries.collect();
    Ok((!found.is_empty()).then_some(Value::Object(found)))
}

async fn described(
    caller: &Caller,
    repository: &str,
    digests: Vec<String>,
) -> Result<Option<Vec<ImageDetail>>, Problem> {
    let ids = digests.into_iter().map(|digest| ImageIdentifier::builder().image_digest(digest).build()).collect();
    let request = caller.clients().ecr_public().describe_images().repository_name(repository);
    let answer =
        caller.call(Bucket::EcrPublic, DESCRIBE, Some(repository), request.set_image_ids(Some(ids)).send()).await;
    Ok(absent(answer)?.map(|answer| answer.image_details.unwrap_or_default()))
}

/// Deletes images, once. AWS answers with success and names in it what it did not delete.
pub(super) async fn delete(caller: &Caller, input: &BatchDeleteImage) -> Result<Option<String>, Problem> {
    let id = |id: &domain::ecr_public::calls::ImageIdentifier| {
        let builder = ImageIdentifier::builder().set_image_digest(id.image_digest.clone());
        builder.set_image_tag(id.image_tag.clone()).build()
    };
    let ids = input.image_ids.iter().map(id).collect();
    let request = caller.clients().ecr_public().batch_delete_image().repository_name(&input.repository_name);
    let once = Config::new().retry_config(RetryConfig::disabled());
    let sent = request.set_image_ids(Some(ids)).customize().config_override(once).send();
    let action = "ecr-public:BatchDeleteImage";
    let answer = caller.call(Bucket::EcrPublic, action, Some(&input.repository_name), sent).await?;
    // What is not there any more is what was asked for.
    let failures = answer.failures().iter().filter(|f| f.failure_code() != Some(&ImageFailureCode::ImageNotFound));
    let said = failures.map(|failure| {
        let digest = failure.image_id().and_then(|id| id.image_digest()).unwrap_or("an image");
        format!("{digest}: {}", failure.failure_reason().unwrap_or("AWS gave no reason"))
    });
    deleted(said.collect(), answer.request_id().map(str::to_owned))
}

fn document(detail: ImageDetail) -> Image {
    let mut tags = detail.image_tags.unwrap_or_default();
    tags.sort();
    Image {
        image_digest: detail.image_digest.unwrap_or_default(),
        image_tags: tags,
        image_size_in_bytes: detail.image_size_in_bytes,
        image_pushed_at: when(detail.image_pushed_at),
        image_manifest_media_type: detail.image_manifest_media_type,
        artifact_media_type: detail.artifact_media_type,
    }
}

//! Images of a public repository, as far as its page lists them.

use crate::document::document;
use crate::time::Timestamp;

/// So many are read; who has more is told so.
pub const MOST: usize = 1_000;

document! { "camelCase";
    /// As DescribeImages gives it: <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_ImageDetail.html>
    pub struct Image {
        pub image_digest: String,
        /// Sorted: AWS gives no order.
        pub image_tags: Vec<String>,
        /// Compressed, in bytes; an index has none.
        pub image_size_in_bytes: Option<i64>,
        pub image_pushed_at: Option<Timestamp>,
        pub image_manifest_media_type: Option<String>,
        pub artifact_media_type: Option<String>,
    }
    /// The images of a repository, the newest first.
    pub struct Images {
        pub images: Vec<Image>,
        /// There are more than [`MOST`].
        pub more: bool,
    }
}

impl Image {
    /// What it is, for people.
    pub fn what(&self) -> &'static str {
        let media = |text: &Option<String>| text.as_deref().and_then(crate::ecr::artifact::named);
        let tagged =
            self.image_tags.first().and_then(|tag| crate::ecr::artifact::of_tag(tag)).map(|artifact| artifact.what);
        match media(&self.artifact_media_type).or(tagged) {
            Some(what) => what,
            None if self.image_manifest_media_type.as_deref().is_some_and(is_index) => "Index",
            None => "Image",
        }
    }
}

/// Whether a media type is that of a list of images.
pub(super) fn is_index(media_type: &str) -> bool {
    media_type.contains("image.index") || media_type.contains("manifest.list")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_it_is() {
        let of = |media: &str, artifact: Option<&str>, tag: &str| {
            Image {
                image_manifest_media_type: Some(media.into()),
                artifact_media_type: artifact.map(str::to_owned),
                image_tags: vec![tag.into()],
                ..Image::default()
            }
            .what()
        };
        let image = "application/vnd.oci.image.manifest.v1+json";
        assert_eq!(of("application/vnd.docker.distribution.manifest.list.v2+json", None, "1"), "Index");
        assert_eq!(of(image, Some("application/vnd.oci.image.config.v1+json"), "1"), "Image");
        assert_eq!(of(image, None, &format!("sha256-{}.sig", "a".repeat(64))), "Signature (Cosign)");
        assert_eq!(of(image, Some("application/vnd.cncf.helm.config.v1+json"), "1"), "Helm chart");
    }
}

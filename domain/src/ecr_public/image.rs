//! Images of a public repository, as far as its page lists them.

use std::collections::BTreeSet;

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
    /// Whether it leads to images; to which, AWS's API does not say.
    pub fn is_index(&self) -> bool {
        self.image_manifest_media_type.as_deref().is_some_and(is_index)
    }
    /// What it is, for people.
    pub fn what(&self) -> &'static str {
        let media = |text: &Option<String>| text.as_deref().and_then(crate::ecr::artifact::named);
        let tagged =
            self.image_tags.first().and_then(|tag| crate::ecr::artifact::of_tag(tag)).map(|artifact| artifact.what);
        match media(&self.artifact_media_type).or(tagged) {
            Some(what) => what,
            None if self.is_index() => "Index",
            None => "Image",
        }
    }
}

impl Images {
    /// Whether an index would stay that may lead to one of these: AWS keeps an image as long as one does.
    /// <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_ImageFailure.html>
    pub fn may_be_kept(&self, digests: &BTreeSet<String>) -> bool {
        let (chosen, others): (Vec<&Image>, Vec<&Image>) =
            self.images.iter().partition(|image| digests.contains(&image.image_digest));
        chosen.iter().any(|image| !image.is_index()) && others.iter().any(|image| image.is_index())
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
    fn an_index_that_stays_may_keep_what_is_chosen() {
        let image = |digest: &str, media: &str| Image {
            image_digest: digest.into(),
            image_manifest_media_type: Some(format!("application/vnd.oci.image.{media}.v1+json")),
            ..Image::default()
        };
        let images = vec![image("part", "manifest"), image("index", "index"), image("other", "index")];
        let images = Images { images, more: false };
        let kept = |digests: &[&str]| images.may_be_kept(&digests.iter().map(|d| (*d).to_owned()).collect());
        assert!(kept(&["part"]) && kept(&["part", "index"]));
        assert!(!kept(&["part", "index", "other"]) && !kept(&["index"]) && !kept(&[]));
    }

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

//! The input documents of calls about repositories and images.

use crate::document::{Tag, document};
use crate::ecr::{Encryption, Scanning, TagMutabilityExclusion};

document! { "camelCase";
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html>
    pub struct CreateRepository {
        pub repository_name: String,
        pub image_tag_mutability: Option<String>,
        pub image_tag_mutability_exclusion_filters: Vec<TagMutabilityExclusion>,
        pub image_scanning_configuration: Option<Scanning>,
        pub encryption_configuration: Option<Encryption>,
        pub tags: Vec<Tag>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteRepository.html>
    pub struct DeleteRepository {
        pub repository_name: String,
        /// With the images in it.
        pub force: Option<bool>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutLifecyclePolicy.html>
    pub struct PutLifecyclePolicy {
        pub repository_name: String,
        pub lifecycle_policy_text: String,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteLifecyclePolicy.html>
    pub struct DeleteLifecyclePolicy {
        pub repository_name: String,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html>
    pub struct SetRepositoryPolicy {
        pub repository_name: String,
        pub policy_text: String,
        /// To set a policy that keeps its author from setting another.
        pub force: Option<bool>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteRepositoryPolicy.html>
    pub struct DeleteRepositoryPolicy {
        pub repository_name: String,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImageTagMutability.html>
    pub struct PutImageTagMutability {
        pub repository_name: String,
        pub image_tag_mutability: String,
        pub image_tag_mutability_exclusion_filters: Vec<TagMutabilityExclusion>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImageScanningConfiguration.html>
    pub struct PutImageScanningConfiguration {
        pub repository_name: String,
        pub image_scanning_configuration: Scanning,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_TagResource.html>
    pub struct TagResource {
        pub resource_arn: String,
        pub tags: Vec<Tag>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UntagResource.html>
    pub struct UntagResource {
        pub resource_arn: String,
        pub tag_keys: Vec<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html>
    pub struct BatchDeleteImage {
        pub repository_name: String,
        /// Digests, or one tag: what both would write could not be told apart.
        pub image_ids: Vec<ImageIdentifier>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageIdentifier.html>
    pub struct ImageIdentifier {
        pub image_digest: Option<String>,
        pub image_tag: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html>
    pub struct PutImage {
        pub repository_name: String,
        pub image_manifest: String,
        pub image_manifest_media_type: Option<String>,
        pub image_tag: Option<String>,
        pub image_digest: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartImageScan.html>
    pub struct StartImageScan {
        pub repository_name: String,
        pub image_id: ImageIdentifier,
    }
    /// Not one call of ECR's but those that push an image, made through its registry: layers first, what makes it an image last.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html>
    pub struct CopyImage {
        /// Registry, name and digest: `docker.io/library/nginx@sha256:…`.
        pub source: String,
        /// The one platform chosen of an index; the digest is that of its image.
        pub platform: Option<String>,
        pub repository_name: String,
        /// Empty to put it under its digest alone.
        pub image_tag: String,
        /// The digest in the source, which it keeps.
        pub image_digest: String,
        /// Only the manifest of this digest, with the layers that it names: what an index leads to is copied by steps of its own.
        pub alone: Option<bool>,
        /// What the source is told of who wants it: the name of credentials in the memory of the server that was given them, never these themselves.
        pub source_credentials: Option<String>,
    }
}

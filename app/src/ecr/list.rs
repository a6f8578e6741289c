//! The words above the lists of ECR.

use domain::Kind;

use crate::resource::ListSpec;

/// What the list of a kind says.
pub fn spec(kind: Kind) -> Option<ListSpec> {
    let spec = ListSpec::of(kind);
    Some(match kind {
        Kind::Repository => spec
            .explained("Where images are kept, so that whatever runs containers can fetch them.")
            .about(&[
                "ECR is a managed registry: repositories hold images. They are private or public; encryption and scanning can be switched on.",
                "Push an image, use it in ECS, EKS, Lambda and elsewhere, share public ones with others.",
            ])
            .creatable("Create repository")
            .in_registry("Registry settings")
            .when_empty("Create one, or wait: as soon as ECR has a private repository, it appears here by itself."),
        Kind::Image => spec
            .explained("Blueprints of containers: operating system, software and code. Tags move, digests do not.")
            .about(&[
                "To run a container its image must be available where it runs: on one's own machine that is local, on a server (Fargate, say) it must come from a distribution server such as Docker Hub or ECR.",
                "A digest is computed from the content: two images with one digest are the same. A multi-architecture image is an index that leads to one image per platform.",
            ])
            .when_empty("No image has been pushed to a private repository here."),
        Kind::Registry => spec
            .explained("What holds for all repositories of an account in a region: replication, cache, templates, policy, scanning.")
            .about(&["Each account has one private registry in each region. It costs nothing, and nobody creates or deletes it."]),
        _ => return None,
    })
}

//! The words above the list of public repositories.

use domain::Kind;

use crate::resource::ListSpec;

/// What the list of a kind says.
pub fn spec(kind: Kind) -> Option<ListSpec> {
    let spec = ListSpec::of(kind);
    Some(match kind {
        Kind::PublicRepository => spec
            .explained("Where images are kept for everybody: on the internet, and in the Amazon ECR Public Gallery.")
            .about(&[
                "Anybody can pull from a public repository, without an account. Only this account, and whom a policy names, can push.",
                "Its settings are in us-east-1 for all accounts; its images are pulled from public.ecr.aws, from anywhere.",
            ])
            .creatable("Create public repository")
            .when_empty("Create one, or wait: as soon as the account has a public repository, it appears here by itself."),
        _ => return None,
    })
}

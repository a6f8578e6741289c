//! ECR Public: repositories whose images everybody may pull ([`repository`]), and what the Public Gallery says of them; their images ([`image`]); what people may type
//! ([`rules`]); who may push ([`policy`]); the calls that change them ([`calls`]), what they write ([`subject`]) the plans made of those
//! ([`wizards`]); and what uses their images ([`uses`]).
//!
//! An account has one public registry, and its API is in one region only, wherever its images are pulled.
//! <https://docs.aws.amazon.com/general/latest/gr/ecr-public.html>

pub mod calls;
pub mod image;
pub mod policy;
pub mod repository;
pub mod rules;
pub mod subject;
pub mod uses;
pub mod wizards;

pub use repository::{Catalog, Repository};

use crate::identity::Scope;

/// The region that its API is in.
pub const REGION: &str = "us-east-1";

/// Where everybody pulls from, and the account's own people push to.
pub const HOST: &str = "public.ecr.aws";

/// The same over IPv6, too.
/// <https://docs.aws.amazon.com/AmazonECR/latest/public/public-ecr-requests.html>
pub const DUAL_STACK_HOST: &str = "ecr-public.aws.com";

/// The ARN of a repository, which names no region.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistrypublic.html>
pub fn arn(scope: &Scope, name: &str) -> String {
    format!("arn:aws:ecr-public::{}:repository/{name}", scope.account)
}

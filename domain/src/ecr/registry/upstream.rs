//! The registries a pull-through cache can fetch from.
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html>

use crate::document::partition;
use crate::identity::{AccountId, Region, Scope};

/// Who is let in at an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Who has an account there: user and token come from a secret.
    Secret,
    /// A role of the upstream's account, where that is another than the registry's own.
    Role,
}

/// A registry that can be cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// AWS's word for it.
    pub word: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Its address; of one that has the customer's name in it, an example.
    pub host: &'static str,
    /// Who is let in.
    pub access: Access,
    /// Prefixes people usually give it.
    pub prefix: &'static str,
}

/// All of them.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html>
pub const UPSTREAMS: &[Upstream] = &[
    Upstream {
        word: "docker-hub",
        name: "Docker Hub",
        host: "registry-1.docker.io",
        access: Access::Secret,
        prefix: "docker-hub",
    },
    Upstream {
        word: "ecr-public",
        name: "Amazon ECR Public",
        host: "public.ecr.aws",
        access: Access::Open,
        prefix: "ecr-public",
    },
    Upstream {
        word: "github-container-registry",
        name: "GitHub Container Registry",
        host: "ghcr.io",
        access: Access::Secret,
        prefix: "ghcr",
    },
    Upstream {
        word: "gitlab-container-registry",
        name: "GitLab Container Registry",
        host: "registry.gitlab.com",
        access: Access::Secret,
        prefix: "gitlab",
    },
    Upstream { word: "k8s", name: "Kubernetes", host: "registry.k8s.io", access: Access::Open, prefix: "kubernetes" },
    Upstream { word: "quay", name: "Quay", host: "quay.io", access: Access::Open, prefix: "quay" },
    Upstream {
        word: "azure-container-registry",
        name: "Azure Container Registry",
        host: "myregistry.azurecr.io",
        access: Access::Secret,
        prefix: "azure",
    },
    Upstream { word: "chainguard", name: "Chainguard", host: "cgr.dev", access: Access::Secret, prefix: "chainguard" },
    Upstream {
        word: "ecr",
        name: "Amazon ECR, another private registry",
        host: "444455556666.dkr.ecr.eu-west-1.amazonaws.com",
        access: Access::Role,
        prefix: "ecr",
    },
];

impl Upstream {
    /// The one with AWS's word.
    pub fn named(word: &str) -> Option<&'static Self> {
        UPSTREAMS.iter().find(|upstream| upstream.word == word)
    }
    /// Whether its address has the customer's name in it.
    pub fn is_own(&self) -> bool {
        matches!(self.word, "azure-container-registry" | "ecr")
    }

    /// Whether a host is one of its.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn takes(&self, host: &str, scope: &Scope) -> Result<(), String> {
        let example = self.host;
        match self.word {
            "azure-container-registry" => {
                let name = host.strip_suffix(".azurecr.io").unwrap_or_default();
                let fits =
                    (5..=50).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
                if fits { Ok(()) } else { Err(format!("The address of an Azure registry looks like {example}.")) }
            }
            "ecr" => match private(host) {
                None => Err(format!("The address of a private registry looks like {example}.")),
                Some((_, region)) if partition(&region) != partition(&scope.region) => {
                    Err(format!("{region} lies in another partition: no cache reaches over that border."))
                }
                Some((account, region)) if account == scope.account && region == scope.region => {
                    Err("This is the registry itself. Name one in another account or region.".to_owned())
                }
                Some(_) => Ok(()),
            },
            _ if host == self.host => Ok(()),
            _ => Err(format!("{} is at {example}.", self.name)),
        }
    }
}

/// Account and region of a private registry's host.
pub fn private(host: &str) -> Option<(AccountId, Region)> {
    let (account, rest) = host.split_once(".dkr.ecr.")?;
    let (region, suffix) = rest.split_once('.')?;
    let known = matches!(suffix, "amazonaws.com" | "amazonaws.com.cn" | "amazonaws.eu");
    if known { Some((AccountId::parse(account).ok()?, Region::parse(region).ok()?)) } else { None }
}

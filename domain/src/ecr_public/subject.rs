//! What of ECR Public plans read before they are made, and their calls write.

use serde::{Deserialize, Serialize};

use crate::identity::Scope;

/// Its state is a document: of a repository as DescribeRepositories gives it, with catalog data and tags; of a policy its text as JSON; of
/// tags a map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Subject {
    /// A repository with its tags.
    Repository {
        /// Its name.
        repository: String,
    },
    /// What the Public Gallery says of a repository: [`super::Catalog`].
    Catalog {
        /// The repository's name.
        repository: String,
    },
    /// The policy of a repository: who else may push.
    RepositoryPolicy {
        /// The repository's name.
        repository: String,
    },
    /// The tags of a repository.
    Tags {
        /// Its ARN.
        arn: String,
    },
    /// How many images a repository holds: `count`, and whether there are `more`.
    Images {
        /// The repository's name.
        repository: String,
    },
    /// The images of a repository: [`super::image::Images`].
    ImageList {
        /// The repository's name.
        repository: String,
    },
    /// Of each of these images that exists its `tags` and its `mediaType`, by digest.
    ImagesOf {
        /// The repository's name.
        repository: String,
        /// At most as many as one call deletes.
        digests: Vec<String>,
    },
    /// What Gantry has collected of what uses the images of a repository: [`super::uses::Uses`]. Nothing while the repository was not collected.
    Uses {
        /// The repository's name.
        repository: String,
    },
}

impl Subject {
    /// The repository it is about.
    pub fn repository(&self) -> Option<&str> {
        match self {
            Subject::Repository { repository }
            | Subject::Catalog { repository }
            | Subject::RepositoryPolicy { repository }
            | Subject::Images { repository }
            | Subject::ImageList { repository }
            | Subject::ImagesOf { repository, .. }
            | Subject::Uses { repository } => Some(repository),
            Subject::Tags { arn } => arn.split_once(":repository/").map(|(_, name)| name),
        }
    }

    /// The ARN that IAM judges a call on it by.
    pub fn arn(&self, scope: &Scope) -> String {
        match self {
            Subject::Tags { arn } => arn.clone(),
            other => super::arn(scope, other.repository().unwrap_or_default()),
        }
    }
}

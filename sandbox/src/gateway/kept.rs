//! The little that the gateway must remember over a restart, in one JSON file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ecr::state::{Registry, Repository};
use super::ecr_public;
use super::ecs;
use super::upstream::Scope;
use crate::report::Failure;

/// What is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Contents {
    /// EKS Fargate profiles, as DescribeFargateProfile gives them, by ARN of their cluster and name.
    pub fargate_profiles: BTreeMap<String, BTreeMap<String, Value>>,
    /// Pods of EKS clusters, as the Kubernetes API gives them, by ARN of their cluster and `namespace/name`.
    pub pods: BTreeMap<String, BTreeMap<String, Value>>,
    /// The subnet of tasks that belong to no service, by task ARN.
    pub subnets: BTreeMap<String, String>,
    /// What was seen of the deployments of ECS services, oldest first, by the service's ARN.
    pub deployments: BTreeMap<String, Vec<ecs::deployments::Known>>,
    /// What is remembered of ECR registries, by account and region (`111122223333/eu-west-1`).
    pub ecr: BTreeMap<String, Registry>,
    /// Public registries, by account.
    pub public: BTreeMap<String, ecr_public::Registry>,
}

impl Contents {
    /// A public registry to change.
    pub fn public_mut(&mut self, account: &str) -> &mut ecr_public::Registry {
        self.public.entry(account.to_owned()).or_default()
    }

    /// A registry to read; none where nothing is remembered of it.
    pub fn registry(&self, scope: &Scope) -> Option<&Registry> {
        self.ecr.get(&format!("{}/{}", scope.account, scope.region))
    }

    /// A registry to change.
    pub fn registry_mut(&mut self, scope: &Scope) -> &mut Registry {
        self.ecr.entry(format!("{}/{}", scope.account, scope.region)).or_default()
    }

    /// A repository to read.
    pub fn repository(&self, scope: &Scope, name: &str) -> Option<&Repository> {
        self.registry(scope)?.repositories.get(name)
    }

    /// A repository to change.
    pub fn repository_mut(&mut self, scope: &Scope, name: &str) -> &mut Repository {
        self.registry_mut(scope).repositories.entry(name.to_owned()).or_default()
    }
}

/// The file and what is in it.
#[derive(Debug)]
pub struct Kept {
    path: PathBuf,
    contents: Mutex<Contents>,
}

impl Kept {
    /// Reads the file. One that cannot be understood is begun anew.
    pub fn open(path: PathBuf) -> Result<Self, Failure> {
        let contents: Contents =
            std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let kept = Self { path, contents: Mutex::new(contents) };
        kept.save().map_err(|error| Failure::io("write", &kept.path, &error))?;
        Ok(kept)
    }

    /// What is kept, to read.
    pub fn read(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is kept and writes it down. The change holds while the process lives even if that fails.
    pub fn change<T>(&self, change: impl FnOnce(&mut Contents) -> T) -> T {
        let result = change(&mut self.read());
        if let Err(error) = self.save() {
            tracing::warn!("cannot write {}: {error}", self.path.display());
        }
        result
    }

    fn save(&self) -> std::io::Result<()> {
        let bytes = serde_json::to_vec(&*self.read())?;
        let beside = self.path.with_extension("new");
        std::fs::write(&beside, bytes)?;
        std::fs::rename(&beside, &self.path)
    }
}

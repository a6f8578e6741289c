//! What people look up: what it needs, and what of it is asked.

use domain::ecr::subject::Subject as Ecr;
use domain::ecs::subject::Subject as Ecs;
use domain::kms::subject::Subject as Kms;
use domain::plan::Subject;
use domain::policy::Permission;
use std::collections::BTreeSet;

/// What looking these up needs. Another registry is asked from this server and with its accounts, or by AWS with a secret of the
/// account: that is for who may copy from it. AWS keeps one preview of a lifecycle policy, which the next replaces: that is for who may change
/// the policy. What only plans and runs have to know, and costs many calls or long queries, no page of a reader shows.
pub(super) fn needed(subjects: &[Subject]) -> Permission {
    let more = |subject: &Subject| {
        let of_plans = matches!(
            subject,
            Subject::Ecr(Ecr::Source { .. } | Ecr::Stored { .. } | Ecr::EncryptedWith { .. })
                | Subject::Ecs(Ecs::NextRevision { .. } | Ecs::ServedRevisions { .. })
                | Subject::Kms(Kms::NewKey { .. })
        );
        of_plans || subject.has_aws_act()
    };
    if subjects.iter().any(more) { Permission::ChangeAws } else { Permission::ReadResources }
}

/// Each of them once, in their order.
pub(super) fn distinct(subjects: &[Subject]) -> Vec<Subject> {
    let mut seen = BTreeSet::new();
    subjects.iter().filter(|subject| seen.insert(*subject)).cloned().collect()
}

/// The name of the lent credentials that looking this up needs.
pub(super) fn credentials_of(subject: &Subject) -> Option<&str> {
    match subject {
        Subject::Ecr(Ecr::Source { credentials, .. }) if !credentials.is_empty() => Some(credentials),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_may_copy_has_other_registries_asked() {
        let own = Subject::Ecr(Ecr::Repository { repository: "shop/web".into() });
        let (reference, platform) = ("ghcr.io/owner/app:v1".into(), String::new());
        let (repository, credentials) = ("shop/web".into(), String::new());
        let source = Subject::Ecr(Ecr::Source { reference, platform, repository, credentials });
        assert_eq!(needed(std::slice::from_ref(&own)), Permission::ReadResources);
        let preview = Subject::Ecr(Ecr::LifecyclePreview { repository: "shop/web".into(), policy: "{}".into() });
        assert_eq!(needed(&[own.clone(), preview]), Permission::ChangeAws);
        assert_eq!(needed(&[own.clone(), source]), Permission::ChangeAws);
        let new = Subject::Kms(Kms::NewKey { run: "r1".into() });
        let next = Subject::Ecs(Ecs::NextRevision { family: "web".into(), after: 0, run: "r1".into() });
        let stored = Subject::Ecr(Ecr::Stored { repository: "shop/web".into(), layers: vec![] });
        let tried = Subject::Ecr(Ecr::CacheValidation { prefix: "hub".into() });
        let encrypted = Subject::Ecr(Ecr::EncryptedWith { keys: vec![] });
        let served = Subject::Ecs(Ecs::ServedRevisions { services: vec![] });
        for of_plans in [new, next, stored, tried, encrypted, served] {
            assert_eq!(needed(&[own.clone(), of_plans.clone()]), Permission::ChangeAws, "{of_plans:?}");
        }
        // The pages of a repository show it.
        let inventory = Subject::Ecr(Ecr::Inventory { repository: "shop/web".into() });
        assert_eq!(needed(&[inventory]), Permission::ReadResources);
    }

    #[test]
    fn what_is_asked_for_twice_is_read_once() {
        let of = |repository: &str| Subject::Ecr(Ecr::Repository { repository: repository.into() });
        assert_eq!(distinct(&[of("b"), of("a"), of("b"), of("a")]), [of("b"), of("a")]);
    }
}

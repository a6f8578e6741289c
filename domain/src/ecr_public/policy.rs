//! The policy of a public repository: who besides the own account may push to it. Everybody may pull.
//! <https://docs.aws.amazon.com/AmazonECR/latest/public/public-repository-policies.html>

use crate::ecr::repository_policy::{self, Gain, no_resource, read_with, would_lock_out_of};
use crate::iam::policy_document::{Document, Errors, Matches, fits};
use crate::identity::{AccountId, Scope, clip};

/// The actions that such a policy can be about.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistrypublic.html>
const ACTIONS: [&str; 20] = [
    "BatchCheckLayerAvailability",
    "BatchDeleteImage",
    "CompleteLayerUpload",
    "DeleteRepository",
    "DeleteRepositoryPolicy",
    "DescribeImageTags",
    "DescribeImages",
    "DescribeRepositories",
    "GetRepositoryCatalogData",
    "GetRepositoryPolicy",
    "InitiateLayerUpload",
    "ListTagsForResource",
    "PutImage",
    "PutRepositoryCatalogData",
    "SetRepositoryPolicy",
    "TagResource",
    "UntagResource",
    "UploadLayerPart",
    // Not in the list of actions, but in the examples of policies.
    "BatchGetImage",
    "GetDownloadUrlForLayer",
];

/// Reads a policy that is to be set: its grammar, and what ECR refuses beyond it.
///
/// # Errors
/// What is wrong, by path.
pub fn read(text: &str) -> Result<Document, Errors> {
    read_with(text, no_resource, known)
}

/// Whether a pattern covers any action of ECR Public.
fn known(pattern: &str) -> Result<(), String> {
    if ACTIONS.iter().any(|action| fits(pattern, &format!("ecr-public:{action}"))) {
        return Ok(());
    }
    Err(format!(
        "“{}” is none of ECR Public's: actions here begin with ecr-public:, such as ecr-public:PutImage.",
        clip(pattern)
    ))
}

/// Why nobody in the account, or somebody in it, could take the policy back once it is set.
pub fn would_lock_out(document: &Document, account: &AccountId) -> Option<String> {
    would_lock_out_of("ecr-public", document, account)
}

/// What a public repository has and a private one has not, and the action of a private one that lets somebody do as much.
const LIKE: [(&str, &str); 3] = [
    ("DescribeImageTags", "ListImages"),
    ("GetRepositoryCatalogData", "DescribeRepositories"),
    ("PutRepositoryCatalogData", "PutImageTagMutability"),
];

/// Who gains what, in words: the same operations as those of a private repository, under another prefix.
pub fn explain(document: &Document, scope: &Scope) -> Vec<Gain> {
    let mut document = document.clone();
    for statement in &mut document.statements {
        let (Matches::Only(patterns) | Matches::Except(patterns)) = &mut statement.actions;
        for pattern in patterns {
            if let Some(("ecr-public", name)) = pattern.split_once(':') {
                let like = LIKE.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map_or(name, |(_, like)| like);
                *pattern = format!("ecr:{like}");
            }
        }
    }
    repository_policy::explain(&document, scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(effect: &str, principal: &str, action: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Principal":{principal},"Action":"{action}"}}]}}"#
        )
    }

    #[test]
    fn only_its_own_actions_are_right() {
        let other = r#"{"AWS":"arn:aws:iam::444455556666:root"}"#;
        assert!(read(&policy("Allow", other, "ecr-public:PutImage")).is_ok());
        assert!(read(&policy("Allow", other, "ecr-public:*")).is_ok());
        let errors = read(&policy("Allow", other, "ecr:PutImage")).unwrap_err();
        assert!(errors["Statement[0].Action"].contains("ecr-public:"), "{errors:?}");
        assert!(read("{").is_err());
    }

    #[test]
    fn who_gains_what_is_said() {
        let scope = Scope::new("111122223333".parse().unwrap(), "us-east-1".parse().unwrap());
        let other = r#"{"AWS":"arn:aws:iam::444455556666:root"}"#;
        let said = |action: &str| {
            let gain = explain(&read(&policy("Allow", other, action)).unwrap(), &scope).remove(0);
            (gain.text, gain.severity)
        };
        let all = said("ecr-public:*");
        assert_eq!(all, ("Account 444455556666 may do everything".into(), repository_policy::Severity::Dangerous));
        let catalog = said("ecr-public:PutRepositoryCatalogData");
        assert_eq!(catalog.1, repository_policy::Severity::Notable);
        assert!(!catalog.0.contains("unknown"), "{catalog:?}");
    }

    #[test]
    fn a_denial_of_the_way_back_is_told() {
        let account = "111122223333".parse().unwrap();
        let all = read(&policy("Deny", r#""*""#, "ecr-public:*")).unwrap();
        assert!(would_lock_out(&all, &account).unwrap().contains("nobody in account 111122223333"));
        let pushes = read(&policy("Deny", r#""*""#, "ecr-public:PutImage")).unwrap();
        assert_eq!(would_lock_out(&pushes, &account), None);
    }
}

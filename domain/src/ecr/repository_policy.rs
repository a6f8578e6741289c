//! Repository policies: who may use a repository besides what IAM grants in its own account. Reading what was typed ([`read`]), saying
//! what it means ([`explain`]), what it would break ([`would_lock_out`]), and ready-made statements ([`templates`]).
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html>

pub(in crate::ecr) mod conditions;
mod explain;
mod others;
pub mod templates;
#[cfg(test)]
mod tests;
pub(in crate::ecr) mod who;

pub use explain::{Gain, Severity, explain};
pub use others::lets_in_more;

use crate::iam::policy_document::{Document, Effect, Errors, Matches, Principal, Principals, Statement, fits};
use crate::identity::{AccountId, clip};
pub(super) use crate::wording::joined;

/// The most characters a policy may have.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html>
pub const LIMIT: usize = 10_240;

/// What an action lets somebody do, in the groups people think in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Power {
    /// See what is there: images, findings, settings.
    See,
    /// Pull images.
    Pull,
    /// Push images.
    Push,
    /// Delete images, or the repository.
    Delete,
    /// Change settings: tags, scanning, lifecycle policy, mutability.
    Manage,
    /// Change this very policy, and so give away all of the above.
    Policy,
}

/// All actions of ECR, and what each is good for in a repository policy; none for those that are about the registry, which no
/// repository policy decides.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html>
pub const ACTIONS: &[(&str, Option<Power>)] = &[
    ("BatchCheckLayerAvailability", Some(Power::Pull)),
    ("BatchDeleteImage", Some(Power::Delete)),
    ("BatchGetImage", Some(Power::Pull)),
    ("BatchGetRepositoryScanningConfiguration", Some(Power::See)),
    ("BatchImportUpstreamImage", Some(Power::Manage)),
    ("CompleteLayerUpload", Some(Power::Push)),
    ("CreatePullThroughCacheRule", None),
    ("CreateRepository", None),
    ("CreateRepositoryCreationTemplate", None),
    ("DeleteLifecyclePolicy", Some(Power::Manage)),
    ("DeletePullThroughCacheRule", None),
    ("DeleteRegistryPolicy", None),
    ("DeleteRepository", Some(Power::Delete)),
    ("DeleteRepositoryCreationTemplate", None),
    ("DeleteRepositoryPolicy", Some(Power::Policy)),
    ("DeleteSigningConfiguration", None),
    ("DeregisterPullTimeUpdateExclusion", None),
    ("DescribeImageReplicationStatus", Some(Power::See)),
    ("DescribeImages", Some(Power::See)),
    ("DescribeImageScanFindings", Some(Power::See)),
    ("DescribeImageSigningStatus", Some(Power::See)),
    ("DescribePullThroughCacheRules", None),
    ("DescribeRegistry", None),
    ("DescribeReplicationBackfillResults", None),
    ("DescribeRepositories", Some(Power::See)),
    ("DescribeRepositoryCreationTemplates", None),
    ("GetAccountSetting", None),
    ("GetAuthorizationToken", None),
    ("GetDownloadUrlForLayer", Some(Power::Pull)),
    ("GetImageCopyStatus", Some(Power::See)),
    ("GetLifecyclePolicy", Some(Power::See)),
    ("GetLifecyclePolicyPreview", Some(Power::See)),
    ("GetRegistryPolicy", None),
    ("GetRegistryScanningConfiguration", None),
    ("GetRepositoryPolicy", Some(Power::See)),
    ("GetSigningConfiguration", None),
    ("InitiateLayerUpload", Some(Power::Push)),
    ("ListImageReferrers", Some(Power::See)),
    ("ListImages", Some(Power::See)),
    ("ListPullTimeUpdateExclusions", None),
    ("ListReplicationBackfills", None),
    ("ListTagsForResource", Some(Power::See)),
    ("PutAccountSetting", None),
    ("PutImage", Some(Power::Push)),
    ("PutImageScanningConfiguration", Some(Power::Manage)),
    ("PutImageTagMutability", Some(Power::Manage)),
    ("PutLifecyclePolicy", Some(Power::Manage)),
    ("PutRegistryPolicy", None),
    ("PutRegistryScanningConfiguration", None),
    ("PutReplicationConfiguration", None),
    ("PutSigningConfiguration", None),
    ("RegisterPullTimeUpdateExclusion", None),
    ("ReplicateImage", None),
    ("SetRepositoryPolicy", Some(Power::Policy)),
    ("StartImageScan", Some(Power::Manage)),
    ("StartLifecyclePolicyPreview", Some(Power::Manage)),
    ("StartReplicationBackfill", None),
    ("StopReplicationBackfill", None),
    ("TagResource", Some(Power::Manage)),
    ("UntagResource", Some(Power::Manage)),
    ("UpdateImageStorageClass", Some(Power::Manage)),
    ("UpdatePullThroughCacheRule", None),
    ("UpdateRepositoryCreationTemplate", None),
    ("UploadLayerPart", Some(Power::Push)),
    ("ValidatePullThroughCacheRule", None),
];

/// What a pull needs. <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html>
pub const PULL: &[&str] = &["BatchGetImage", "GetDownloadUrlForLayer"];

/// What a push needs. <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html>
pub const PUSH: &[&str] =
    &["BatchCheckLayerAvailability", "CompleteLayerUpload", "InitiateLayerUpload", "PutImage", "UploadLayerPart"];

/// Whether a statement is about one of [`ACTIONS`].
pub(super) fn about(statement: &Statement, action: &str) -> bool {
    statement.acts_on(&format!("ecr:{action}"))
}

/// Reads a policy that is to be set: its grammar, and what ECR refuses beyond it. A policy that AWS has is read with
/// [`Document::parse`], which lets pass what AWS once let pass.
///
/// # Errors
/// What is wrong, by path; broken JSON under the empty path.
pub fn read(text: &str) -> Result<Document, Errors> {
    read_with(text, no_resource, known)
}

/// Reads a policy that is to be set by what ECR refuses in each of its policies, and by what only this kind of it refuses: `resource`
/// tells what is wrong with a statement's Resource, by its name, `action` what is wrong with a pattern of actions.
pub(crate) fn read_with(
    text: &str,
    resource: impl Fn(&Statement) -> Option<(&'static str, String)>,
    action: impl Fn(&str) -> Result<(), String>,
) -> Result<Document, Errors> {
    let length = text.chars().count();
    if length > LIMIT {
        let message =
            format!("The policy has {length} characters; {LIMIT} are allowed. Merge statements, or leave out blanks.");
        return Err(Errors::from([(String::new(), message)]));
    }
    let document = Document::parse(text)?;
    let mut errors = Errors::new();
    for (n, statement) in document.statements.iter().enumerate() {
        let path = format!("Statement[{n}]");
        if let Some((name, message)) = resource(statement) {
            errors.insert(format!("{path}.{name}"), message);
        }
        if statement.effect == Effect::Allow && matches!(statement.principals, Matches::Except(_)) {
            errors.insert(
                format!("{path}.NotPrincipal"),
                "With Allow, this would let in everybody else; AWS supports it only with Deny. Name those allowed under Principal."
                    .to_owned(),
            );
        }
        let (name, patterns) = match &statement.actions {
            Matches::Only(patterns) => ("Action", patterns),
            Matches::Except(patterns) => ("NotAction", patterns),
        };
        for (m, pattern) in patterns.iter().enumerate() {
            if let Err(message) = action(pattern) {
                let at = if patterns.len() == 1 { String::new() } else { format!("[{m}]") };
                errors.insert(format!("{path}.{name}{at}"), message);
            }
        }
    }
    if errors.is_empty() { Ok(document) } else { Err(errors) }
}

/// A policy of a repository names none.
pub(crate) fn no_resource(statement: &Statement) -> Option<(&'static str, String)> {
    let name = match statement.resources.as_ref()? {
        Matches::Only(_) => "Resource",
        Matches::Except(_) => "NotResource",
    };
    let message =
        format!("ECR refuses {name} here: the policy is always about the repository it is set on. Remove it.");
    Some((name, message))
}

/// Whether a pattern covers any action of ECR.
pub(in crate::ecr) fn known(pattern: &str) -> Result<(), String> {
    if ACTIONS.iter().any(|(action, _)| fits(pattern, &format!("ecr:{action}"))) {
        return Ok(());
    }
    let quoted = clip(pattern);
    match pattern.split_once(':') {
        Some((service, _)) if !service.eq_ignore_ascii_case("ecr") => {
            Err(format!("“{quoted}” is not ECR's: actions here begin with ecr:, such as ecr:BatchGetImage."))
        }
        _ => Err(format!("ECR has no action “{quoted}”: they look like ecr:BatchGetImage or ecr:Describe*.")),
    }
}

/// What somebody must be able to do to take back a policy that turns out wrong.
const WAY_BACK: WayBack =
    &[("SetRepositoryPolicy", "change"), ("DeleteRepositoryPolicy", "delete"), ("GetRepositoryPolicy", "read")];

/// Why nobody in the account, or somebody in it, could take the policy back once it is set: a denial beats whatever IAM grants. Also
/// under conditions, unless these leave out this account: whether they hold for the person asking cannot be told from here. AWS
/// refuses a policy that locks out its caller, unless it is forced.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html>
pub fn would_lock_out(document: &Document, account: &AccountId) -> Option<String> {
    would_lock_out_of("ecr", document, account)
}

/// The same for a policy whose actions begin with this service's prefix: those of public repositories have the same operations.
pub fn would_lock_out_of(service: &str, document: &Document, account: &AccountId) -> Option<String> {
    without_way_back(service, document, account, WAY_BACK)
}

/// The same for any policy that is read, changed and deleted by these actions.
pub(super) fn without_way_back(
    service: &str,
    document: &Document,
    account: &AccountId,
    way_back: WayBack,
) -> Option<String> {
    let statements = document.statements.iter().enumerate();
    let reasons: Vec<String> = statements.filter_map(|(n, s)| locks_out(service, n, s, account, way_back)).collect();
    (!reasons.is_empty()).then(|| reasons.join(" "))
}

/// Actions, and what they do with a policy.
type WayBack = &'static [(&'static str, &'static str)];

fn locks_out(service: &str, n: usize, statement: &Statement, account: &AccountId, way_back: WayBack) -> Option<String> {
    let denies = |action: &str| statement.acts_on(&format!("{service}:{action}"));
    let denied: Vec<String> =
        way_back.iter().filter(|(action, _)| denies(action)).map(|(_, verb)| (*verb).to_owned()).collect();
    if statement.effect != Effect::Deny || denied.is_empty() || conditions::spare(&statement.conditions, account) {
        return None;
    }
    let listed: Vec<&Principal> = match &statement.principals {
        Matches::Only(Principals::These(list)) | Matches::Except(Principals::These(list)) => list.iter().collect(),
        Matches::Only(Principals::Everyone) | Matches::Except(Principals::Everyone) => Vec::new(),
    };
    let everyone = listed.is_empty() || listed.iter().any(|p| p.is_everyone());
    let own: Vec<&Principal> = listed.into_iter().filter(|p| p.in_account() == Some(account.as_str())).collect();
    let named =
        joined(&own.iter().filter(|p| !p.is_account()).map(|p| who::named(p, account)).collect::<Vec<_>>(), "and");
    let whole = own.iter().any(|p| p.is_account());
    let who = match &statement.principals {
        Matches::Only(_) if everyone || whole => format!("nobody in account {account} could"),
        Matches::Only(_) if own.is_empty() => return None,
        Matches::Only(_) => format!("{named} could no longer"),
        Matches::Except(_) if everyone => return None,
        Matches::Except(_) if own.is_empty() => format!("nobody in account {account} could"),
        // The account beside its role lets the role through, not the others:
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
        Matches::Except(_) if named.is_empty() => format!("nobody in account {account} but its root user could"),
        Matches::Except(_) => format!("nobody in account {account} but {named} could"),
    };
    let when = conditions::said(&statement.conditions, account, "resources");
    let when = if when.is_empty() { String::new() } else { format!(", {}", when.join(" and ")) };
    Some(format!("By Statement[{n}], {who} {} this policy{when}.", joined(&denied, "or")))
}

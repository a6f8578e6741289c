//! Notes on a policy that lets strangers in, on what is nearly full, and on images that go.

use std::collections::BTreeSet;

use super::inventory;
use crate::ecr::calls::Call;
use crate::ecr::known::some;
use crate::ecr::lifecycle;
use crate::ecr::registry::rules as of_registry;
use crate::ecr::repository_policy::{Gain, LIMIT, Severity as Worth};
use crate::iam::policy_document::{Document, Effect, Matches, Operator, Principals, Statement, fixed};
use crate::identity::Scope;
use crate::plan::lint::{Note, Severity};
use crate::plan::{self, Facts, Plan};
use crate::wording::joined;

/// The policy of repositories that a call sets.
pub fn repository_policy(call: &Call) -> Option<&str> {
    match call {
        Call::SetRepositoryPolicy(input) => Some(&input.policy_text),
        Call::CreateRepositoryCreationTemplate(input) | Call::UpdateRepositoryCreationTemplate(input) => {
            input.repository_policy.as_deref().filter(|text| !text.is_empty())
        }
        _ => None,
    }
}

/// Notes on whom a policy lets in: what `explain` finds dangerous, and what is open to everybody but for a network.
pub fn opened(
    text: &str,
    explain: impl Fn(&Document) -> Vec<Gain>,
) -> impl Iterator<Item = (Severity, String, String)> {
    // A policy that cannot be read was refused before there was a plan.
    let document = Document::parse(text).ok();
    let gains = document.as_ref().map(explain).unwrap_or_default();
    let wild: BTreeSet<String> = document.iter().flat_map(wildcards).collect();
    gains.into_iter().filter_map(move |gain| {
        let severity = match gain.severity {
            Worth::Dangerous => Severity::Danger,
            Worth::Notable if wild.contains(&gain.path) => Severity::Warning,
            Worth::Notable | Worth::Usual => return None,
        };
        let says = format!("{}: {}. {}", gain.path, gain.text, gain.why.unwrap_or_default());
        Some((severity, says, "Name accounts or an organization, and only the actions that they need.".to_owned()))
    })
}

/// Of a policy that lets Lambda pull for functions in other regions alone or besides: there it never holds, for a function's image is in the
/// function's own region. <https://docs.aws.amazon.com/lambda/latest/dg/images-create.html>
pub fn lambda_elsewhere(text: &str, scope: &Scope) -> Option<(Severity, String, String)> {
    let document = Document::parse(text).ok()?;
    let for_lambda = |statement: &&Statement| {
        let Matches::Only(Principals::These(list)) = &statement.principals else { return false };
        statement.effect == Effect::Allow && list.iter().any(|principal| principal.name == "lambda.amazonaws.com")
    };
    let conditions = document.statements.iter().filter(for_lambda).flat_map(|statement| &statement.conditions);
    let sources = conditions.filter(|condition| {
        condition.key.eq_ignore_ascii_case("aws:SourceArn") && Operator::of(&condition.operator).demands()
    });
    let region = |arn: &String| {
        let mut fields = arn.split(':').skip(2);
        let (service, region) = (fields.next()?, fields.next()?);
        (service == "lambda" && fixed(region) && region != scope.region.as_str()).then(|| region.to_owned())
    };
    let regions: BTreeSet<String> = sources.flat_map(|condition| &condition.values).filter_map(region).collect();
    let regions: Vec<String> = regions.into_iter().collect();
    (!regions.is_empty()).then(|| {
        let says = format!(
            "It lets Lambda pull for functions in {}. They never do: a function takes images of its own region, and this is {}.",
            joined(&regions, "and"),
            scope.region
        );
        (Severity::Warning, says, format!("Name {} in aws:SourceArn.", scope.region))
    })
}

/// The paths of the statements that allow something to everybody.
fn wildcards(document: &Document) -> Vec<String> {
    let statements = document.statements.iter().enumerate();
    let wild = statements.filter(|(_, statement)| {
        let everyone = match &statement.principals {
            Matches::Only(Principals::Everyone) => true,
            Matches::Only(Principals::These(list)) => list.iter().any(|principal| principal.is_everyone()),
            Matches::Except(_) => false,
        };
        everyone && statement.effect == Effect::Allow
    });
    wild.map(|(n, _)| format!("Statement[{n}]")).collect()
}

/// Whether images may go by a call that are there already.
fn takes_images(call: &Call, plan: &Plan) -> bool {
    match call {
        // By its tag alone an image loses a tag, not itself.
        Call::BatchDeleteImage(input) => input.image_ids.iter().any(|id| id.image_digest.is_some()),
        Call::DeleteRepository(input) => input.force == Some(true),
        Call::PutLifecyclePolicy(_) => {
            !plan.steps.iter().any(|step| matches!(&step.call, plan::Call::Ecr(Call::CreateRepository(_))))
        }
        _ => false,
    }
}

/// Said once of a plan by which images go: whose uses of them nobody can know here.
pub fn elsewhere(call: &Call, plan: &Plan) -> Option<(Severity, String, String)> {
    let first = plan.steps.iter().find_map(|step| match &step.call {
        plan::Call::Ecr(call) if takes_images(call, plan) => Some(call),
        _ => None,
    });
    (first == Some(call)).then(|| {
        (
            Severity::Hint,
            "Accounts that are not connected are not seen: what runs there may use these images, too.".to_owned(),
            "Ask whoever the repository's policy or a replication lets have them, or connect those accounts."
                .to_owned(),
        )
    })
}

/// Said once of a plan by which images or tags go: where else they go with it. Beside those of [`lint`](crate::plan::lint::lint), which sees no
/// more than the plan.
pub fn replicated(plan: &Plan, facts: &Facts) -> Option<Note> {
    plan.steps.iter().find_map(|step| {
        let repository = match &step.call {
            plan::Call::Ecr(Call::BatchDeleteImage(input)) => &input.repository_name,
            plan::Call::Ecr(Call::PutLifecyclePolicy(input)) => &input.repository_name,
            _ => return None,
        };
        let elsewhere = inventory(facts, repository)?.deleted_in;
        let note = || Note {
            severity: Severity::Warning,
            step: step.id.clone(),
            says: format!("Deletions are replicated to {}: what runs there is not known.", elsewhere.join(", ")),
            mend: "Look there first, or turn that off in the registry's rules of replication.".to_owned(),
        };
        (!elsewhere.is_empty()).then(note)
    })
}

/// Said once of a plan by which images go where there are EKS clusters: of them only pods are read.
pub fn without_pods(plan: &Plan, facts: &Facts) -> Option<Note> {
    plan.steps.iter().find_map(|step| {
        let plan::Call::Ecr(call) = &step.call else { return None };
        let repository = match call {
            Call::BatchDeleteImage(input) => &input.repository_name,
            Call::DeleteRepository(input) => &input.repository_name,
            Call::PutLifecyclePolicy(input) => &input.repository_name,
            _ => return None,
        };
        let clusters = inventory(facts, repository).filter(|_| takes_images(call, plan))?.clusters;
        let named: Vec<String> = clusters
            .iter()
            .map(|key| format!("{} in {} {}", key.id, key.scope.account, key.scope.region))
            .collect();
        let note = || Note {
            severity: Severity::Hint,
            step: step.id.clone(),
            says: format!(
                "Of EKS clusters only pods are seen: what has none now, such as a CronJob between two runs or a Deployment without replicas, may use these images, too: {}.",
                some(&named)
            ),
            mend: "Look into the clusters that pull from here for workloads without a pod.".to_owned(),
        };
        (!named.is_empty()).then(note)
    })
}

/// Hints where a call leaves little of what AWS allows: nine tenths are used. More than all is refused beside its field.
pub fn nearly_full(call: &Call) -> impl Iterator<Item = (Severity, String, String)> {
    let near = used(call).into_iter().filter(|(count, most, _)| count * 10 >= most * 9);
    near.map(|(count, most, what)| {
        let says = format!("{count} of at most {most} {what} are used.");
        (Severity::Hint, says, "Merge some, or leave out what nobody needs, before one more is refused.".to_owned())
    })
}

/// How many of how many of what a call uses, as far as it says so itself.
fn used(call: &Call) -> Vec<(usize, usize, &'static str)> {
    const CHARACTERS: &str = "characters of a policy";
    let mut used = vec![];
    if let Some(policy) = repository_policy(call) {
        used.push((policy.chars().count(), LIMIT, CHARACTERS));
    }
    match call {
        Call::PutLifecyclePolicy(input) => {
            let text = &input.lifecycle_policy_text;
            let rules = lifecycle::parse(text).map_or(0, |policy| policy.rules.len());
            used.push((rules, lifecycle::rules::MOST_RULES, "rules of a lifecycle policy"));
            used.push((text.chars().count(), lifecycle::rules::LONGEST, "characters of a lifecycle policy"));
        }
        Call::PutReplicationConfiguration(input) => {
            let rules = &input.replication_configuration.rules;
            let to = rules.iter().flat_map(|rule| &rule.destinations);
            let different: BTreeSet<(&str, &str)> =
                to.map(|to| (to.registry_id.as_str(), to.region.as_str())).collect();
            used.push((rules.len(), of_registry::MOST_RULES, "rules of replication"));
            used.push((different.len(), of_registry::MOST_DESTINATIONS, "destinations of replication"));
        }
        Call::PutRegistryPolicy(input) => used.push((input.policy_text.chars().count(), LIMIT, CHARACTERS)),
        _ => {}
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecr::repository_policy::templates::pull_for_lambda;
    use crate::identity::AccountId;

    #[test]
    fn functions_of_another_region_are_told_and_those_of_another_account_are_not() {
        let at = |region: &str| Scope::new("111122223333".parse().unwrap(), region.parse().unwrap());
        let accounts: [AccountId; 2] = ["111122223333", "444455556666"].map(|id| id.parse().unwrap());
        let text = Document::of(pull_for_lambda(&at("eu-west-1"), &accounts).unwrap()).to_text();
        assert_eq!(lambda_elsewhere(&text, &at("eu-west-1")), None);
        let (severity, says, _) = lambda_elsewhere(&text, &at("us-east-1")).unwrap();
        assert_eq!(severity, Severity::Warning);
        assert!(says.contains("functions in eu-west-1.") && says.contains("this is us-east-1"), "{says}");
        // Whichever region it is, and whatever is not Lambda's.
        for other in [text.replace(":eu-west-1:", ":*:"), text.replace("lambda.amazonaws.com", "sns.amazonaws.com")] {
            assert_eq!(lambda_elsewhere(&other, &at("us-east-1")), None, "{other}");
        }
    }
}

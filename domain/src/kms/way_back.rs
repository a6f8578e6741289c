//! What taking a run back would do to what is encrypted with a key that it created: its deletion is scheduled then, and images that other
//! repositories have encrypted with it are lost.

use serde_json::Value;

use super::calls::Call;
use crate::ecr::calls::Call as Ecr;
use crate::ecr::subject::Subject;
use crate::plan::run::Run;
use crate::plan::{self, Step, Undo};

/// The last part of what leads to a key: its id, or an alias with `alias/` before it.
fn bare(name: &str) -> &str {
    let Some(arn) = name.strip_prefix("arn:") else { return name };
    let last = arn.rsplit(':').next().unwrap_or(arn);
    last.strip_prefix("key/").unwrap_or(last)
}

/// Whether a repository or template that names its key so means one of these: each an ARN, an id or an alias.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EncryptionConfiguration.html>
pub fn leads_to(named: &str, keys: &[String]) -> bool {
    keys.iter().any(|key| bare(key) == bare(named))
}

fn call(run: &Run, step: &Step) -> Option<Call> {
    match step.call.resolved(&run.known("")).ok()? {
        plan::Call::Kms(call) => Some(call),
        _ => None,
    }
}

/// What to ask before a step is taken back that has a key deleted, or takes its alias from it: what of the registry names that key. None of other
/// steps, and where nobody knows which key it was.
pub fn asked(run: &Run, n: usize) -> Option<Subject> {
    let (step, progress) = (run.plan.steps.get(n)?, run.steps.get(n)?);
    let id = match call(run, step)? {
        Call::CreateKey(_) => progress.after.as_ref()?["KeyId"].as_str()?.to_owned(),
        Call::CreateAlias(input) => input.target_key_id,
        Call::DeleteAlias(_) | Call::ScheduleKeyDeletion(_) => return None,
    };
    let aliases = run.plan.steps.iter().filter_map(|step| match call(run, step)? {
        Call::CreateAlias(input) if bare(&input.target_key_id) == bare(&id) => Some(input.alias_name),
        _ => None,
    });
    let keys = [id.clone()].into_iter().chain(aliases).collect();
    Some(Subject::EncryptedWith { keys })
}

/// Of what [`asked`] was answered with all but what this run deletes itself on its way back, as people call it.
pub fn others(run: &Run, step: &Step, state: Option<&Value>) -> Vec<String> {
    let deletes = |subject: &Subject| {
        run.plan.steps.iter().any(|own| {
            let undo = match &own.undo {
                Undo::Call(plan::Call::Ecr(undo)) => undo,
                _ => return false,
            };
            let whole = matches!(undo, Ecr::DeleteRepository(_) | Ecr::DeleteRepositoryCreationTemplate(_));
            whole && own.scope == step.scope && undo.subject() == *subject
        })
    };
    let named = |field: &str| {
        let names = state.and_then(|state| state[field].as_array()).into_iter().flatten();
        names.filter_map(|name| name.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let repositories = named("repositories").into_iter().filter_map(|repository| {
        let says = format!("the repository {repository}");
        (!deletes(&Subject::Repository { repository })).then_some(says)
    });
    let templates = named("templates").into_iter().filter_map(|prefix| {
        let says = format!("the creation template {prefix}");
        (!deletes(&Subject::CreationTemplate { prefix })).then_some(says)
    });
    repositories.chain(templates).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecr::wizards::create_repository::{self, Answers, Encrypted};
    use crate::identity::Scope;
    use crate::plan::Facts;
    use crate::plan::run::StepState;
    use serde_json::json;

    const ARN: &str = "arn:aws:kms:eu-west-1:111122223333:key/1a-2b";

    /// A repository with a key of its own, which was applied.
    fn applied() -> Run {
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let encryption = Encrypted::NewKey { alias: "images".into(), dual: false };
        let answers = Answers { name: "shop/web".into(), encryption, ..Answers::default() };
        let mut run = Run::new("r".into(), create_repository::plan(&answers, &scope, &Facts::default()).unwrap());
        for step in &mut run.steps {
            step.state = StepState::Made;
        }
        run.steps[0].after = Some(json!({ "KeyId": "1a-2b", "Arn": ARN, "KeyState": "Enabled" }));
        run
    }

    #[test]
    fn what_names_the_key_is_asked_before_it_goes_and_before_its_alias_goes() {
        let mut run = applied();
        let keys = vec!["1a-2b".to_owned(), "alias/images".to_owned()];
        let wanted = Subject::EncryptedWith { keys: keys.clone() };
        assert_eq!([0, 1, 2].map(|n| asked(&run, n)), [Some(wanted.clone()), Some(wanted), None]);
        let alias = "arn:aws:kms:eu-west-1:111122223333:alias/images";
        assert!([ARN, "1a-2b", "alias/images", alias].iter().all(|named| leads_to(named, &keys)));
        assert!(!leads_to("1a", &keys) && !leads_to("alias/other", &keys) && !leads_to("alias/aws/ecr", &keys));
        run.steps[0].after = None;
        assert_eq!(asked(&run, 0), None, "which key it was is not known");
    }

    #[test]
    fn only_what_others_made_with_the_key_keeps_it() {
        let run = applied();
        let told = |state: Value| others(&run, &run.plan.steps[0], Some(&state));
        assert_eq!(told(json!({ "repositories": ["shop/web"], "templates": [] })), Vec::<String>::new());
        assert_eq!(
            told(json!({ "repositories": ["shop/api", "shop/web"], "templates": ["shop/web"] })),
            ["the repository shop/api", "the creation template shop/web"]
        );
    }
}
